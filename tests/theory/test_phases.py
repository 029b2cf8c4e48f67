"""The order of the drift: against the recursion over decades, and the steps of its proof."""

import math
from fractions import Fraction

import numpy as np
import pytest

from theory.inflation import inflation
from theory.phases import (
    Fate,
    Growth,
    inflation_growth,
    leading_drift,
    real_share,
    widening,
    window,
)

LONG = 2000
INF = math.inf


def exact(text):
    return INF if text == "inf" else Fraction(text)


FATES = [
    (exact(a), exact(b), p, fate)
    for a, b, p, fate in (
        ("0", "inf", 1, "linear"), ("0", "1", 1, "linear"), ("0", "1/2", 0.5, "power"),
        ("0", "0", 0, "bounded"), ("1/4", "0", -0.25, "falls"), ("1/4", "1/4", 0, "bounded"),
        ("1/4", "1/2", 0.25, "power"), ("1/4", "3/4", 0.5, "power"), ("1/4", "inf", 0.5, "power"),
        ("2/5", "3/10", -0.1, "falls"), ("2/5", "3/5", 0.2, "power"), ("2/5", "inf", 0.2, "power"),
        ("1/2", "1/4", -0.25, "falls"), ("1/2", "1/2", 0, "bounded"),
        ("1/2", "3/4", 0, "logarithmic"), ("1/2", "inf", 0, "logarithmic"),
        ("3/5", "1/5", -0.4, "falls"), ("3/5", "2/5", -0.2, "falls"), ("3/5", "3/5", 0, "bounded"),
        ("3/4", "1/4", -0.5, "falls"), ("3/4", "inf", 0, "bounded"), ("1", "1/2", 0, "bounded"),
        ("1", "inf", 0, "bounded"),
    )
]  # fmt: skip


def drift(a, b, last=LONG):
    """F_t from the recursion: v_t - 1 with the real rows kept."""
    return inflation(widening(1, a, b), last).values - 1


def visits(a, b, last, number=float):
    """h_t(s), axes (t, s): the walk of docs/workflow_map.md, jump by jump."""
    found = np.full((last + 1, last + 1), number(0))
    for t in range(2, last + 1):
        share = number(real_share(b, t))
        for u in range(max(1, t - window(a, t)), t):
            found[t] += (1 - share) / window(a, t) * found[u]
            found[t, u] += (1 - share) / window(a, t)
    return found


@pytest.mark.parametrize(("a", "b", "exponent", "fate"), FATES)
def test_the_table_of_fates(a, b, exponent, fate):
    found = inflation_growth(a, b)
    assert found.exponent == pytest.approx(exponent, abs=1e-15)
    assert found.fate is Fate(fate)
    known = max(0, min(1 - 2 * a, b - a))  # of the inflation with kept real rows
    assert max(0, found.exponent) == pytest.approx(known, abs=1e-15)


@pytest.mark.parametrize(("a", "b", "exponent", "fate"), FATES)
def test_the_recursion_grows_like_that(a, b, exponent, fate):
    """The local slope of F_t / order is small at the end, and smaller than at first.

    What is not settled yet falls like a power of t. The last slope is within 0.2 of zero, and
    within 0.25 for a = 1/4, whose windows are below 8: whole numbers move it by 0.13 there.
    The leading order, next, is the sharper test.
    """
    steps = np.array([LONG // 64, LONG // 16, LONG // 4, LONG])
    order = steps.astype(float) ** exponent * (np.log(steps) if fate == "logarithmic" else 1)
    slope = np.abs(np.diff(np.log(drift(a, b)[steps] / order))) / math.log(4)
    if a == Fraction(1, 4):
        assert slope[-1] < 0.25
    else:
        assert slope[-1] < 0.2
        assert slope[-1] < max(slope[0], 0.03)


@pytest.mark.parametrize(
    ("a", "b"),
    [("1/4", "1/2"), ("1/4", "inf"), ("2/5", "3/10"), ("2/5", "inf"), ("1/2", "1/2"),
     ("1/2", "inf"), ("3/5", "1/5")],
)  # fmt: skip
def test_the_leading_order_comes_to_the_recursion(a, b):
    a, b, at = exact(a), exact(b), [125, 500, 2000]
    own = drift(a, b)[at]
    gap = np.abs(own / leading_drift(a, b, LONG)[at] - 1)
    assert gap[0] > gap[1] > gap[2]
    wrong = np.abs(own / leading_drift(a + Fraction(1, 5), b, LONG)[at] - 1)
    assert not wrong[0] > wrong[1] > wrong[2]


@pytest.mark.parametrize("b", [0, Fraction(1, 2), 1, INF])
def test_a_window_of_one_batch_is_exactly_that(b):
    """Products of at most LONG factors: 4 LONG eps."""
    np.testing.assert_allclose(
        drift(0, b)[2:], leading_drift(0, b, LONG)[2:], rtol=4 * LONG * np.finfo(float).eps
    )


@pytest.mark.parametrize(("a", "b"), [(0, 1), (0.4, 0.3), (0.5, INF), (0.75, 0.5), (1, 0)])
def test_the_drift_is_the_common_visits_of_two_walks(a, b):
    h = visits(a, b, 40)
    np.testing.assert_allclose((h**2).sum(axis=1)[2:], drift(a, b, 40)[2:], rtol=1e-13)


def test_the_window_of_everything_in_closed_form():
    h = visits(1, INF, 30)
    for t in range(2, 31):
        np.testing.assert_allclose(h[t, 1:t], 1 / np.arange(2, t + 1), rtol=1e-13)
    kept = visits(1, 0.5, 30)
    decay = np.prod([1 - u**-0.5 / (u + 1) for u in range(6, 30)])
    assert kept[30, 5] == pytest.approx((1 - 30**-0.5) / 6 * decay, rel=1e-13)


@pytest.mark.parametrize("a", [0.0, 0.25, 0.5, 0.75])
def test_the_bounds_of_the_proof_hold_of_a_walk_without_deaths(a):
    last = 300
    h = visits(a, INF, last)
    for s in (20, 50, 100):
        own = h[s + 1 :, s] * window(a, s)
        assert own.max() <= 10
        assert own.min() >= 1 / 8


def test_the_error_of_new_real_rows_is_of_the_same_order():
    """v_t with new rows, r/(1-r) W n of them, from the walk: between F_t and 3 F_t + t^-(a+b)."""
    last, a, b = 300, 0.4, 0.3
    h = visits(a, b, last)
    t = np.arange(last + 1)
    share = np.array([0.0] + [real_share(b, int(u)) for u in t[1:]])
    wide = np.array([1] + [window(a, int(u)) for u in t[1:]])
    noise = share * (1 - share) / wide
    for end in (10, 100, last):
        drifted = (h[end] ** 2).sum()
        total = drifted + (h[end] ** 2 * noise).sum() + noise[end]
        assert drifted < total <= 2 * drifted + end ** -(a + b)


@pytest.mark.parametrize(
    ("a", "b", "fragment"),
    [
        (-0.1, 1, "window_exponent must be in [0, 1], got -0.1"),
        (1.5, 1, "got 1.5"),
        (math.nan, 1, "got nan"),
        (0.5, -1, "real_exponent must be >= 0, got -1"),
        (0.5, math.nan, "got nan"),
        (1, 0, "depends on the share"),
    ],
)
def test_bad_exponents_are_quoted(a, b, fragment):
    with pytest.raises(ValueError, match="expo") as caught:
        inflation_growth(a, b)
    assert fragment in str(caught.value)


@pytest.mark.parametrize(("exponent", "logarithmic"), [(2, False), (math.nan, False), (0.5, True)])
def test_a_growth_is_a_possible_one(exponent, logarithmic):
    with pytest.raises(ValueError, match="got"):
        Growth(exponent, logarithmic)
