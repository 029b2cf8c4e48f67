"""workflow_map: every place lies on the map where theory says, its line is the recursion."""

import math

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from paper_figures import style
from paper_figures import workflow_map as figure
from theory.inflation import inflation
from theory.phases import Fate, inflation_growth
from theory.workflow import Workflow, WorkflowKind


@pytest.fixture(scope="module")
def series():
    return figure.data()


def test_the_orders_written_beside_the_lines_are_those_of_theory():
    said = {
        "t": 1, "√t": 0.5, r"$t^{1/4}$": 0.25, r"$t^{-1/4}$": -0.25, r"$t^{-1/2}$": -0.5,
        "bounded": 0, "ln t": 0,
    }  # fmt: skip
    for place in figure.PLACES:
        growth = inflation_growth(place.a, place.b)
        assert growth.exponent == said[place.order]
        assert growth.logarithmic == (place.order == "ln t")
    assert {place.fate for place in figure.PLACES} == set(Fate)


def test_replace_is_where_it_is_drawn(series):
    v = inflation(Workflow.replace(10), figure.GENERATIONS).values
    np.testing.assert_allclose(series[0].theory.values[1:], v[1:] - 1, rtol=1e-12)
    assert figure.PLACES[0].b == math.inf


def test_points_are_the_drift_in_units_of_one_fit(series):
    """The first rows of replace: 2, 9, 29, 99, 299, to the scatter of 4,000 designs, 0.4 %."""
    found = [p.simulation for p in series[0].points]
    np.testing.assert_allclose(found, [2, 9, 29, 99, 299], rtol=0.004)


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [(0.05, 1.2, WorkflowKind.REPLACE), (0.9, 0.9, WorkflowKind.ACCUMULATE),
     (0.75, 0.1, WorkflowKind.FRESH)],
)  # fmt: skip
def test_the_map_is_tinted_by_the_fate(a, b, kind):
    """A pixel is nearer to the colour of its fate, hue by hue, than to those of the others."""
    with style.publication():
        from matplotlib import pyplot

        axes = pyplot.figure().add_subplot()
        figure._draw_regions(axes)
        pixels = np.asarray(axes.images[0].get_array())
    pixel = 1 - pixels[round(b / figure._TOP * 520), round(a * 400)]
    angle = {
        other: np.dot(pixel, own) / np.linalg.norm(pixel) / np.linalg.norm(own)
        for other in (WorkflowKind.REPLACE, WorkflowKind.ACCUMULATE, WorkflowKind.FRESH)
        for own in [1 - np.array(to_rgb(style.COLOURS[other]))]
    }
    assert max(angle, key=angle.get) is kind
