"""v_t: the table of section 3 of the theory, its limits and slopes, and the oracle."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from scipy.special import polygamma

from tests.oracles.batch_covariance import inflation as oracle
from tests.strategies import GENERATIONS, Case, cases
from theory.curve import Kind
from theory.inflation import _trigamma, inflation
from theory.recursion import fits, unit_row_noise
from theory.workflow import Workflow

PI2 = math.pi**2


def fractions(workflow: Workflow, generations: int) -> list[Fraction]:
    """v_t for t = 0..generations, exactly."""
    seen = fits(workflow, generations, unit_row_noise(Fraction), Fraction)
    return [Fraction(0), *(workflow.real_rows(1) * fit.mean_square for fit in seen)]


@given(cases())
def test_inflation_is_the_oracles_as_fractions(case: Case) -> None:
    assert fractions(case.workflow, GENERATIONS) == oracle(generations=GENERATIONS, **case.oracle)


@given(cases())
def test_the_curve_is_the_fractions_in_floats(case: Case) -> None:
    curve = inflation(case.workflow, GENERATIONS)
    exact = [float(v) for v in oracle(generations=GENERATIONS, **case.oracle)]
    np.testing.assert_allclose(curve, exact, rtol=1e-12)
    assert curve.kind is Kind.ASYMPTOTIC


# --- the table ----------------------------------------------------------------------------------


def test_subsampling_has_the_printed_values() -> None:
    printed = {1: 1, 2: 1.75, 3: 2.0833, 5: 2.3908, 10: 2.6493, 20: 2.7885, 50: 2.8754, 100: 2.905}
    curve = inflation(Workflow.accumulate_subsample(30), 100)
    assert {t: round(float(curve[t]), 4) for t in printed} == printed


def test_subsampling_of_budget_n_has_the_printed_sum() -> None:
    for t, value in enumerate(fractions(Workflow.accumulate_subsample(6), 15)[1:], start=1):
        tail = sum((2 - Fraction(1, s - 1)) / s**2 for s in range(2, t + 1))
        assert value == 2 - Fraction(1, t) + tail


def test_subsampling_with_replacement_starts_at_two() -> None:
    assert inflation(Workflow.accumulate_subsample(6, 6, True), 1)[1] == 2


def test_replace_and_accumulate_sum_over_their_schedule() -> None:
    n = (6, 4, 9, 5)
    pools = [sum(n[: s + 1]) for s in range(4)]
    assert fractions(Workflow.replace(n), 4)[4] == sum(Fraction(6, rows) for rows in n)
    assert fractions(Workflow.accumulate(n), 4)[4] == sum(
        Fraction(6 * rows, pool**2) for rows, pool in zip(n, pools, strict=True)
    )
    assert fractions(Workflow.replace(7), 9) == list(range(10))


def test_anchored_of_equal_sizes_closes_geometrically() -> None:
    values = fractions(Workflow.anchored(6, 6), 8)
    assert values[1:] == [Fraction(4, 3) - Fraction(1, 3 * 4 ** (t - 1)) for t in range(1, 9)]


@pytest.mark.parametrize("window", [1, 2, 3, 5])
def test_windows_inflate_linearly(window: int) -> None:
    """Slope 4/(w+1)^2; the transient is geometric, below eps after 400 generations."""
    curve = inflation(Workflow.sliding_window(8, window), 401)
    assert curve[401] - curve[400] == pytest.approx(4 / (window + 1) ** 2, rel=1e-11)
    assert curve.limit == math.inf


def test_a_budget_below_the_real_batch_starts_above_one() -> None:
    """The unit is a fit to all real rows: n_0/m for m of n_0 rows."""
    assert fractions(Workflow.accumulate_subsample((12, 4), 3), 1)[1] == 4


# --- limits -------------------------------------------------------------------------------------

PRINTED_LIMITS = [
    (Workflow.replace(5), math.inf),
    (Workflow.accumulate(5), PI2 / 6),
    (Workflow.accumulate_subsample(5), PI2 / 2 - 2),
    (Workflow.accumulate_subsample(5, 5, True), PI2 / 3),
    (Workflow.sliding_window(5, 9), math.inf),
    (Workflow.anchored(5, 5), 4 / 3),
    (Workflow.fresh(6, 3), (1 + 2) / (2 + 2)),
    (Workflow.fresh(6, 3, 0.25), (0.25**2 + 0.75**2 * 2) / (0.25 * 1.75)),
    (Workflow.fresh(6, 3, 1.0), 1.0),
]


@pytest.mark.parametrize(("workflow", "limit"), PRINTED_LIMITS, ids=lambda x: f"{x}")
def test_limits_are_the_printed_ones(workflow: Workflow, limit: float) -> None:
    assert inflation(workflow, 1).limit == pytest.approx(limit, rel=1e-13)


def test_the_best_weight_on_fresh_rows_is_its_own_inflation() -> None:
    """w* = (sqrt(k^2 + 4 k) - k)/2 minimises V and V(w*) = w*: 0.618 for k = 1."""
    for real, rows in ((5, 5), (12, 3), (2, 9)):
        k = real / rows
        best = (math.sqrt(k**2 + 4 * k) - k) / 2
        limits = [
            inflation(Workflow.fresh(real, rows, w), 1).limit
            for w in (0.98 * best, best, 1.02 * best)
        ]
        assert limits[1] == pytest.approx(best, rel=1e-13)
        assert limits[1] == min(x for x in limits if x is not None)


@pytest.mark.parametrize(
    "workflow",
    [
        Workflow.accumulate((5, 9, 2, 7)),
        Workflow.accumulate((40, 3)),
        Workflow.accumulate_subsample((5, 9, 2), 4),
        Workflow.accumulate_subsample((5, 9, 2), 57),
        Workflow.accumulate_subsample((9, 3), 9, True),
        Workflow.accumulate_subsample(1, 1),
    ],
    ids=str,
)
def test_slow_limits_are_where_the_curve_goes(workflow: Workflow) -> None:
    """v_t = limit + c_1/t + c_2/t^2 + c_3/t^3 + ...: two Richardson steps on t, 2t and 4t.

    The remainder is of order t^-3 with t = 500 and constants of order 100 pools: below 1e-5 of
    the limit, where 1/t alone would be wrong by 1e-2.
    """
    t = 500
    curve = inflation(workflow, 4 * t)
    v1, v2, v4 = curve[t], curve[2 * t], curve[4 * t]
    once, again = 2 * v2 - v1, 2 * v4 - v2
    assert curve.limit == pytest.approx((4 * again - once) / 3, rel=1e-5)
    assert curve.limit != pytest.approx(v4, rel=1e-5)


@pytest.mark.parametrize(
    "workflow",
    [
        Workflow.anchored(5, (9, 2, 7)),
        Workflow.anchored(3, (9, 40)),
        Workflow.fresh(5, (9, 2, 7)),
        Workflow.fresh(5, (9, 2, 7), 0.25),
        Workflow.fresh(5, (9, 2, 7), 0.9375),
    ],
    ids=str,
)
def test_geometric_limits_are_reached(workflow: Workflow) -> None:
    curve = inflation(workflow, 400)
    assert curve[400] == pytest.approx(curve.limit, rel=1e-12)


def test_custom_weights_have_no_known_limit() -> None:
    last = Workflow.custom(5, lambda t: [0.0] * (t - 1) + [1.0])
    assert inflation(last, 3).limit is None


@pytest.mark.parametrize("generations", [0, -1, 2.0, None])
def test_fewer_than_one_generation_is_refused(generations: int) -> None:
    with pytest.raises(ValueError, match=f"generations must be .*got {generations}"):
        inflation(Workflow.replace(5), generations)


def test_trigamma_is_that_of_scipy() -> None:
    """Sixteen terms and five of a series: 20 roundings at most."""
    x = np.concatenate([np.linspace(1, 40, 400), np.geomspace(1, 1e12, 100)])
    found = np.array([_trigamma(float(one)) for one in x])
    np.testing.assert_allclose(found, polygamma(1, x), rtol=20 * np.finfo(np.float64).eps)
