"""The charts of the findings: what is written beside them is whole, however long it is."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Text

from paper_figures import style
from theory.workflow import WorkflowKind
from validation import charts, claims, gaussian
from validation.check import check
from validation.quantities import QUANTITIES
from validation.statements.lines import Line, draw_lines

LONGEST = 13  # workflows of a quantity in the whole report


@pytest.fixture(scope="module")
def finding():
    """One of the mean error, of which the tests make others."""
    (one,) = claims.select(["gaussian/replace/ddof0/dim1/n2"], list(gaussian.experiments()))[:1]
    (group,) = check([one], replicates=64, resolve=0.5)
    return next(f for f in group if f.field == "mean_error")


def outside(figure):
    """Texts that leave the figure, in points, after its layout."""
    figure.draw_without_rendering()
    whole = figure.bbox
    texts = [
        t for axes in figure.axes for t in (axes._left_title, axes.xaxis.label, axes.yaxis.label)
    ] + [t for legend in figure.legends for t in legend.get_texts()]  # fmt: skip
    texts = [t for t in texts if t.get_text()]
    assert len(texts) >= 3
    boxes = [(t.get_text(), Text.get_window_extent(t)) for t in texts]
    return [
        text for text, box in boxes
        if min(box.x0, box.y0, whole.x1 - box.x1, whole.y1 - box.y1) < -1
    ]  # fmt: skip


@pytest.mark.parametrize("workflows", [1, LONGEST])
def test_every_label_of_every_quantity_is_inside(finding, workflows):
    shown = [
        replace(finding, experiment=replace(
            finding.experiment, label=f"accumulate-subsample-{i:02d}"
        ))
        for i in range(workflows)
    ]  # fmt: skip
    longest = sorted(QUANTITIES, key=lambda key: len(QUANTITIES[key].unit + key[1]))[-2:]
    for family, field in longest:
        own = [replace(one, field=field) for one in shown]
        with style.publication():
            figure = charts._draw_quantity(QUANTITIES[family, field].unit, own, own, 5.0)
            assert outside(figure) == []


def test_a_chart_of_one_generation_has_one_tick(finding):
    cut = replace(
        finding, expected=finding.expected[:1], mean=finding.mean[:1],
        std_error=finding.std_error[:1], judgement=replace(
            finding.judgement, z=finding.judgement.z[:1]
        ),
    )  # fmt: skip
    with style.publication():
        figure = charts._draw_quantity("nats", [cut], [cut], 5.0)
        figure.draw_without_rendering()
        assert [t.get_text() for t in figure.axes[0].get_xticklabels()] == ["1"]


def test_the_label_of_a_statement_is_inside():
    lines = [Line("maximum likelihood", np.arange(1.0, 50.0), WorkflowKind.REPLACE)]
    with style.publication():
        figure = draw_lines(lines, "E W2 squared, units of the variance", logarithmic=True)
        assert outside(figure) == []
