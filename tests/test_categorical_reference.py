"""The categorical curves of `theory` against enumeration, and the vectors of section 6.

Oracles are exact fractions. `ROUNDING` allows for curves in floating point: a few thousand sums of
terms of order one over the handful of generations here, each a few eps = 2e-16 off.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from tests.oracles.categorical_absorption import (
    category_laws,
    collapse_time_float,
    survival_factors,
)
from tests.oracles.categorical_absorption import (
    collapse_time as exact_collapse_time,
)
from tests.oracles.categorical_absorption import (
    poisson_survival as poisson_chain,
)
from tests.oracles.categorical_laws import (
    entropy,
    extinct,
    fitted_laws,
    heterozygosity,
    one_left,
    squared_error,
    survivors,
)
from tests.oracles.kde_lineage import ancestries
from tests.strategies import GENERATIONS, Case, cases
from theory.categorical import (
    CategoricalChain,
    available,
    collapse_time,
    curves,
    diffusion_collapse_time,
    extinction,
    poisson_survival,
    uniform,
)
from theory.workflow import UnsupportedWorkflow, Workflow

ROUNDING = 1e-12
TRUTH = (Fraction(1, 2), Fraction(3, 10), Fraction(1, 5))
CHAIN = CategoricalChain(tuple(float(p) for p in TRUTH))


def of(workflow: Workflow, kind: str, n: tuple[int, ...], **options: object) -> Case:
    return Case(workflow, kind, n, options)  # type: ignore[arg-type]


def half_on_the_last(t: int) -> list[Fraction]:
    return [Fraction(1)] if t == 1 else [Fraction(1, 2 * (t - 1))] * (t - 1) + [Fraction(1, 2)]


SMALL = [
    of(Workflow.replace((3, 4, 2)), "replace", (3, 4, 2)),
    of(Workflow.accumulate((3, 2, 3)), "accumulate", (3, 2, 3)),
    of(Workflow.accumulate_subsample((3, 2)), "accumulate_subsample", (3, 2)),
    of(Workflow.accumulate_subsample((4, 3), 2), "accumulate_subsample", (4, 3), budget=2),
    of(Workflow.accumulate_subsample((2, 3), 4), "accumulate_subsample", (2, 3), budget=4),
    of(Workflow.accumulate_subsample((2,), 3, True), "accumulate_subsample", (2,), budget=3,
       replacement=True),
    of(Workflow.sliding_window((3, 2), 1), "sliding_window", (3, 2), window=1),
    of(Workflow.sliding_window((3, 2, 1), 2), "sliding_window", (3, 2, 1), window=2),
    of(Workflow.sliding_window((2,), 9), "sliding_window", (2,), window=9),
    of(Workflow.anchored(4, (9, 2, 3)), "anchored", (9, 2, 3), n_real=4),
    of(Workflow.fresh(3, (9, 2, 1)), "fresh", (9, 2, 1), n_real=3),
    of(Workflow.fresh(2, (9, 2), 0.75), "fresh", (9, 2), n_real=2, weight=Fraction(3, 4)),
    of(Workflow.fresh(2, (9, 2), 1.0), "fresh", (9, 2), n_real=2, weight=Fraction(1)),
    of(Workflow.custom((2,), half_on_the_last), "custom", (2,), custom=half_on_the_last),
    of(Workflow.sliding_window((2, 1), 3), "sliding_window", (2, 1), window=3),
]  # fmt: skip
NO_LAW = SMALL[-2:]
"""Moments only: more than two batches that stay apart."""


@pytest.mark.parametrize("case", SMALL, ids=lambda case: str(case.workflow))
def test_every_curve_is_that_of_the_enumerated_law(case: Case) -> None:
    generations = 3 if case not in NO_LAW[1:] else 4
    laws = fitted_laws(generations=generations, probabilities=TRUTH, **case.oracle)
    expected = {
        "squared_error": [squared_error(law, TRUTH) for law in laws],
        "heterozygosity": [heterozygosity(law) for law in laws],
        "survivors": [survivors(law) for law in laws],
        "entropy": [entropy(law) for law in laws],
        "collapse_probability": [one_left(law) for law in laws],
        # Fits until one is left, stopped at t, where one left is left for ever.
        "collapse_time": [sum(1 - one_left(law) for law in laws[:t]) for t in range(len(laws))],
    }
    known = curves(CHAIN, case.workflow, generations)
    exact = [name for name in known.fields if not name.endswith("_lower")]
    assert set(exact) >= set(list(expected)[: 2 if case in NO_LAW else 5])
    assert case not in NO_LAW or len(exact) == 2
    for name in exact:
        values = np.array(expected[name], dtype=float)
        np.testing.assert_allclose(known[name].values, values, rtol=ROUNDING, atol=ROUNDING)
    if "survivors_lower" in known.fields:
        bound = known.survivors_lower.values
        assert (bound <= np.array(expected["survivors"], dtype=float) + ROUNDING).all()


@given(cases())
@settings(max_examples=150)
def test_moments_are_the_chance_of_two_ancestors(case: Case) -> None:
    """Any workflow, schedule, budget and weights, six generations: two rows followed back."""
    laws = ancestries(generations=GENERATIONS, **case.oracle)
    apart = np.array([float(law.apart) for law in laws])
    known = curves(CHAIN, case.workflow, GENERATIONS)
    np.testing.assert_allclose(known.heterozygosity.values, 0.62 * apart, atol=ROUNDING)
    np.testing.assert_allclose(known.squared_error.values, 0.62 * (1 - apart), atol=ROUNDING)


@pytest.mark.parametrize("case", NO_LAW, ids=lambda case: str(case.workflow))
def test_what_has_no_law_says_so(case: Case) -> None:
    assert "survivors" not in available(CHAIN, case.workflow, 5)
    with pytest.raises(UnsupportedWorkflow, match="survivors of 3 categories"):
        _ = curves(CHAIN, case.workflow, 5).survivors


def test_a_category_that_does_not_exist_changes_nothing() -> None:
    padded = CategoricalChain((*CHAIN.probabilities, 0.0))
    for case in SMALL:
        found, plain = (curves(chain, case.workflow, 3) for chain in (padded, CHAIN))
        for name in plain.fields:
            np.testing.assert_allclose(found[name].values, plain[name].values, atol=ROUNDING)


# --- replace: extinction, collapse, survival -----------------------------------------------------


def test_extinction_by_category() -> None:
    laws = fitted_laws("replace", (3, 5, 4), 5, TRUTH)
    expected = np.array([extinct(law) for law in laws], dtype=float).T
    found = extinction(CHAIN, Workflow.replace((3, 5, 4)), 5)
    np.testing.assert_allclose(found, expected, atol=ROUNDING)
    longer = extinction(CategoricalChain((0.3, 0.7)), Workflow.replace(20), 12)
    counts = category_laws(20, 12, Fraction(3, 10))
    assert longer[0, 1:] == pytest.approx([float(law[0]) for law in counts], rel=1e-11)


@pytest.mark.parametrize("n", [1, 2, 7, 20])
def test_collapse_time_is_the_solved_chain(n: int) -> None:
    found = collapse_time(CHAIN, Workflow.replace(n)).mean
    assert found == pytest.approx(float(exact_collapse_time(n, TRUTH)), rel=1e-11)


def test_collapse_time_of_a_schedule_is_the_sum_of_its_tail() -> None:
    """n = 3, 5, 2, 2, ...: two rows differ one time less in two; 90 fits leave 1e-26."""
    laws = fitted_laws("replace", (3, 5, 2), 90, TRUTH)
    tail = sum(1 - one_left(law) for law in laws)
    found = collapse_time(CHAIN, Workflow.replace((3, 5, 2))).mean
    assert found == pytest.approx(float(tail), rel=1e-11)


def test_printed_collapse_times() -> None:
    two = CategoricalChain((0.3, 0.7))
    assert collapse_time(two, Workflow.replace(20)).mean == pytest.approx(23.0246, abs=5e-5)
    assert collapse_time(uniform(10), Workflow.replace(10)).mean == pytest.approx(17.4956, abs=5e-5)
    long = collapse_time(uniform(10), Workflow.replace(100)).mean
    assert long == pytest.approx(187.426, abs=5e-4)
    assert long == pytest.approx(collapse_time_float(100, np.full(10, 0.1)), rel=1e-10)


def test_diffusion_limit_is_a_third_of_a_logarithm_too_long() -> None:
    """-2n sum (1-p) ln(1-p) less the exact time grows by ln(2)/3 when n doubles."""
    gaps = []
    for n in (100, 200, 400):
        limit = diffusion_collapse_time(uniform(10), Workflow.replace(n)).mean
        assert limit == pytest.approx(-18 * n * math.log(0.9), rel=ROUNDING)
        gaps.append(limit - collapse_time(uniform(10), Workflow.replace(n)).mean)
    assert np.diff(gaps) == pytest.approx(np.full(2, math.log(2) / 3), rel=0.005)


def test_survival_of_poisson_batches() -> None:
    found = poisson_survival(2.0, 5).values
    assert found[0] == 1
    assert found[1:] == pytest.approx(poisson_chain(2.0, 5, largest=200), rel=1e-11)


def test_survivors_are_above_their_bound() -> None:
    """Sum of 1 - exp(-n p g_t), and within 8 % at n = K = 50."""
    known = curves(uniform(50), Workflow.replace(50), 20)
    bound = [50 * -math.expm1(-g) for g in survival_factors(20)]
    assert known.survivors_lower[1:] == pytest.approx(bound, rel=ROUNDING)
    ratio = known.survivors[1:] / known.survivors_lower[1:]
    assert (ratio > 1).all()
    assert (ratio < 1.08).all()


# --- section 6: products and vectors -------------------------------------------------------------


def test_printed_products_of_the_heterozygosity() -> None:
    n, generations = 13, 40
    t = np.arange(generations + 1)
    replace = curves(CHAIN, Workflow.replace(n), generations).heterozygosity.values
    np.testing.assert_allclose(replace, 0.62 * (1 - 1 / n) ** t, rtol=ROUNDING)
    kept = np.append(1.0, np.cumprod(1 - 1 / (n * t[1:] ** 2.0)))
    accumulate = curves(CHAIN, Workflow.accumulate(n), generations)
    np.testing.assert_allclose(accumulate.heterozygosity.values, 0.62 * kept, rtol=ROUNDING)
    np.testing.assert_allclose(accumulate.squared_error.values, 0.62 * (1 - kept), rtol=1e-10,
                               atol=1e-15)  # fmt: skip


def test_printed_numbers_of_the_anchored_chain() -> None:
    """N = 30, n = 20: E sum p^2 at m = 0..3 synthetic generations."""
    known = curves(CHAIN, Workflow.anchored(30, 20), 4)
    found = 1 - known.heterozygosity[1:]
    assert found == pytest.approx([0.40067, 0.40546, 0.40619, 0.40630], abs=5e-6)
    exact = [float(1 - law.apart * Fraction(62, 100)) for law in
             ancestries("anchored", (0, 20), 4, n_real=30)[1:]]  # fmt: skip
    assert found == pytest.approx(exact, rel=ROUNDING)


@pytest.mark.parametrize(("real", "n"), [(30, 20), (1, 5), (7, 1), (5, 40)])
def test_anchored_curves_of_any_size(real: int, n: int) -> None:
    """The rate is at most 0.77 here: 150 fits leave 1e-17 to the limit."""
    known = curves(CHAIN, Workflow.anchored(real, n), 150).heterozygosity
    apart = [float(law.apart) for law in ancestries("anchored", (0, n), 25, n_real=real)]
    np.testing.assert_allclose(known.values[:26], 0.62 * np.array(apart), atol=ROUNDING)
    assert known.limit == pytest.approx(known.values[-1], abs=ROUNDING)


def test_limits_are_where_the_curves_go() -> None:
    """Where a limit is given: 400 fits leave nothing under replace, 1/t of it under accumulate."""
    replace = curves(CHAIN, Workflow.replace((9, 2, 5)), 400)
    for name in replace.fields:
        limit = replace[name].limit
        assert limit is None or replace[name].values[-1] == pytest.approx(limit, abs=1e-10)
    accumulate = curves(CHAIN, Workflow.accumulate((3, 2, 3)), 800)
    for curve in (accumulate.heterozygosity, accumulate.squared_error):
        assert curve.limit is not None
        gaps = curve.values[[200, 400, 800]] - curve.limit
        assert gaps[:-1] / gaps[1:] == pytest.approx(np.full(2, 2.0), rel=0.01)
    for curve in (accumulate.survivors, accumulate.collapse_probability):
        assert curve.limit == curve.values[-1]
