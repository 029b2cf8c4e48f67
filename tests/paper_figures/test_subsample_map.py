"""subsample_map: the threshold in the measured growth, and powers of t in the exact lines."""

import math

import numpy as np
import pytest

from paper_figures import style
from paper_figures import subsample_map as figure
from paper_figures.series import panel
from theory.regression import subsample_growth


@pytest.fixture(scope="module")
def series():
    return figure.data()


def test_measured_growth_has_the_threshold(series):
    """Well below 2d + 1 rows it is a power that five standard errors tell from zero; from 4d rows
    on it is within five of zero."""
    found = {(s.dim, s.n): figure.growth(s) for s in panel(series, figure.GROWTH)}
    assert len(found) == sum(map(len, figure.BUDGETS.values()))
    for (d, m), (power, error) in found.items():
        if m <= 1.7 * d:
            assert power > 5 * error
        if m >= 4 * d:
            assert abs(power) < 5 * error


def test_the_map_is_green_from_2d_plus_1_rows_on():
    with style.publication():
        from matplotlib import pyplot

        axes = pyplot.figure().add_subplot()
        figure._draw_map(axes)
        picture = np.asarray(axes.images[0].get_array())
    for m, row in enumerate(picture, 1):
        for d, (red, green, _) in enumerate(row, 1):
            safe = m >= 2 * d + 1 and m >= d + 2
            assert safe == (green > red)
            assert safe == (subsample_growth(d, m) < 1)
            assert (red == green) == (m <= d + 1)  # grey: no mean


def test_the_unbiased_spread_grows_like_the_power_of_the_budget(series):
    """Local slope between 5,000 and 10,000: 1/m to leading order in 1/t, checked to 2 %."""
    for s in panel(series, figure.SPREAD):
        slope = math.log2(s.theory[10_000] / s.theory[5_000])
        if s.label == "ddof 1":
            assert slope == pytest.approx(1 / s.n, rel=0.02)
        else:
            assert abs(slope) < 1e-3


def test_the_spread_of_cool_chains_falls_like_the_power_of_the_temperature(series):
    for s, tau in zip(panel(series, figure.COOL), figure.TEMPERATURES, strict=True):
        slope = math.log2(s.theory[10_000] / s.theory[5_000])
        assert slope == pytest.approx(tau - 1, abs=0.01)
