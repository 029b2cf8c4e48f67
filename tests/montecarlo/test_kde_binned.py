"""Binned log densities against exact ones, within the bound of linear binning."""

import math

import numpy as np
import pytest

from montecarlo.kde import log_density
from montecarlo.kde.binned import ERROR, EXACT_BELOW, binned_log_density


@pytest.mark.parametrize("bandwidth", [0.05, 0.4, 3.0])
@pytest.mark.parametrize("count", [1, 7, 3000])
def test_a_binned_density_is_off_by_no_more_than_its_bound(count: int, bandwidth: float) -> None:
    """ERROR of the top of one kernel where it is not exact; in the tails to rounding."""
    rng = np.random.default_rng(count)
    rows, points = rng.standard_normal(count), np.linspace(-9, 9, 400)
    exact = log_density(rows[:, None], points[:, None], bandwidth)
    found = binned_log_density(rows, points, bandwidth)
    top = 1 / (bandwidth * math.sqrt(2 * math.pi))
    off = abs(np.exp(found) - np.exp(exact)) / top
    assert off.max() <= ERROR
    tail = np.exp(exact) < (EXACT_BELOW - ERROR) * top
    np.testing.assert_array_equal(found[tail], exact[tail])


def test_a_density_midway_between_cells_is_off_by_what_the_bound_says() -> None:
    """The bound is not idle: at a row's own place half of it is reached."""
    step = 0.4 / 32
    rows, points = np.array([0.0, 0.5 * step]), np.array([0.5 * step])
    exact, found = (
        log_density(rows[:, None], points[:, None], 0.4),
        binned_log_density(rows, points, 0.4),
    )
    assert abs(math.expm1(found[0] - exact[0])) > ERROR / 4


def test_rows_that_are_too_far_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="rows reach over"):
        binned_log_density([0.0, 1e9], [0.0], 1.0)
