"""Inverse answers against brute force: every value tried on a literal recursion of our oracles."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.oracles.pipelines import followed, judged, subsampled, widened
from theory.planner import Pipeline, Verifier, inverse, verified

LONG = 150  # rounds: with at most 8 rows of a kind what is left of the start is 8/9^150 = 2e-8
few = st.integers(2, 8)
tolerances = st.floats(1.05, 4)


def distinct(value, threshold):
    """Not decided by rounding."""
    assume(abs(value / threshold - 1) > 1e-6)
    return value


@given(few, few, st.integers(1, 3), tolerances)
@settings(deadline=None, max_examples=8)
def test_fewest_real_rows(real, synthetic, window, tolerance):
    """In windows of one to three rounds; all smaller numbers are tried."""
    loop = Pipeline(real, synthetic, "last", window=window, tolerance=tolerance)
    if window == 1:
        loop = replace(loop, keep="latest", window=None)
    rows = 0
    error = np.inf
    while error > tolerance:
        rows += 1
        last = followed(real, synthetic, LONG, window=window, arriving=rows)[-1]
        error = distinct(real * last, tolerance)
    assert inverse.least_real_rows(loop).value == rows


@given(few, few, st.integers(2, 15), tolerances)
@settings(deadline=None, max_examples=25)
def test_fewest_rounds_to_keep(real, synthetic, horizon, tolerance):
    loop = Pipeline(real, synthetic, "latest", horizon=horizon, tolerance=tolerance)
    peaks = [
        distinct(real * followed(real, synthetic, horizon, window=window).max(), tolerance)
        for window in range(1, horizon + 1)
    ]
    held = [window for window, peak in enumerate(peaks, start=1) if peak <= tolerance]
    answer = inverse.least_window(loop)
    assert (None if answer is None else answer.value) == (held[0] if held else None)


WEIGHTS = np.linspace(0.04, 1, 25)


@given(few, few)
@settings(deadline=None, max_examples=8)
def test_the_best_weight_is_the_best_of_25(real, synthetic):
    answer = inverse.best_weight(real, synthetic)
    errors = [
        real * followed(real, synthetic, LONG, arriving=real, weight=w)[-1]
        for w in (*WEIGHTS, answer.value)
    ]
    assert errors[-1] == pytest.approx(answer.at, rel=1e-6)
    assert errors[-1] <= min(errors) * (1 + 1e-9)
    assert abs(WEIGHTS[int(np.argmin(errors[:-1]))] - answer.value) <= 0.04


@given(few, few, st.booleans(), tolerances)
@settings(deadline=None, max_examples=8)
def test_the_least_weight_is_between_those_that_hold_and_those_that_do_not(
    real, synthetic, kept, tolerance
):
    options = dict(keep_real=True) if kept else dict(real_per_round=real)
    loop = Pipeline(real, synthetic, "latest", tolerance=tolerance, **options)
    arriving = 0 if kept else real
    held = [
        real * followed(real, synthetic, LONG, arriving=arriving, kept=kept, weight=w)[-1]
        <= tolerance * (1 + 1e-9)
        for w in WEIGHTS
    ]
    answer = inverse.least_weight(loop)
    if answer is None:
        assert not any(held)
        return
    assert held == sorted(held) or not kept  # new rows: too much weight is too much, too
    assert not any(held[: int(np.searchsorted(WEIGHTS, answer.value * (1 - 1e-9)))])
    above = int(np.searchsorted(WEIGHTS, answer.value * (1 + 1e-9)))
    assert above == len(WEIGHTS) or held[above] or not any(held)


@given(few, few, st.floats(1.7, 6))
@settings(deadline=None, max_examples=25)
def test_the_smallest_budget(real, synthetic, tolerance):
    """4,000 rounds bound the limit from both sides within some 1e-3."""
    answer = inverse.least_budget(Pipeline(real, synthetic, "everything", tolerance=tolerance))
    if answer is None:
        least, _ = subsampled(real, synthetic, 10**9, 4000)
        assert real * least > tolerance * 0.99
        return
    budget = int(answer.value)
    least, most = (real * x for x in subsampled(real, synthetic, budget, 4000))
    assert least <= answer.at * (1 + 1e-9)
    assert answer.at <= most * (1 + 1e-9)
    assert least <= tolerance
    if budget > 1:
        assert real * subsampled(real, synthetic, budget - 1, 4000)[1] > tolerance


@pytest.mark.parametrize("real_exponent", [0.25, 0.5, 0.8, 3.0])
def test_the_window_exponent_is_where_growth_begins_to_slow(real_exponent):
    """Four times as many rounds multiply the drift by less each time just above the answer.

    At half of it they multiply it by 4^p at least.
    """
    answer = inverse.least_window_exponent(real_exponent)
    ((below, power),) = answer.beside

    def growth(exponent):
        early, later, last = widened(exponent, real_exponent, 1200)[[74, 299, 1199]]
        return later / early, last / later

    first, second = growth(answer.value + 0.1)
    assert second < first
    assert growth(below)[1] > 4**power


@given(st.floats(0.05, 0.5), st.floats(0.6, 1.5), st.integers(4, 40), st.integers(2, 5))
@settings(deadline=None, max_examples=8)
def test_the_best_round_is_the_best_of_fourteen(bias, width, real, rows):
    loop = Pipeline(real, rows, "latest", parameters=1, verifier=Verifier(bias, width))
    errors = real * judged(bias, real**0.5, width, rows, 14, 81)
    first, second = np.sort(errors)[:2]
    assume(second / first > 1.01)  # the grid is good to 1e-3
    answer = verified.best_round(loop)
    if answer is not None:  # its certificate asks for more than a minimum among sixteen
        assert answer.value == 1 + int(np.argmin(errors))
        assert answer.at == pytest.approx(errors.min(), rel=3e-3)


@pytest.mark.parametrize(("bias", "real", "rows", "tolerance"), [(0, 20, 10, 1.5),
                         (0.15, 20, 10, 1.2), (0.3, 8, 3, 2.0)])  # fmt: skip
def test_the_least_strict_verifier(bias, real, rows, tolerance):
    """What is left of the start after 60 rounds is below 1e-3 at these widths."""
    loop = Pipeline(real, rows, "latest", parameters=1, tolerance=tolerance)
    width = verified.widest(loop, bias).value
    low, high = (
        real * judged(bias, real**0.5, factor * width, rows, 60, 41)[-1] for factor in (0.98, 1.02)
    )
    assert low < tolerance < high


def test_the_regression_budget_by_least_squares():
    """Rows labelled by unrelated models: 2 d of them give a fit that errs more than they do.

    40,000 draws of each; false-fail below 1e-6 at five standard errors, were the square error one.
    """
    dim = 6
    answer = inverse.least_regression_budget(dim)
    rng = np.random.Generator(np.random.SFC64(5))

    def mixed(rows):
        x = rng.standard_normal((40_000, rows, dim))
        across = x.transpose(0, 2, 1)
        fitted = np.linalg.solve(across @ x, across)
        squares = (fitted**2).sum(axis=1) * (x**2).sum(axis=2)
        return squares.sum(axis=1) / dim

    ((below, _),) = answer.beside
    for rows, sign in ((int(answer.value), -1), (int(below), 1)):
        found = mixed(rows)
        error = found.std() / np.sqrt(len(found))
        assert sign * (found.mean() - 1) > 5 * error
