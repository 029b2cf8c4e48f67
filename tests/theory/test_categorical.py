"""Categorical curves against every history there is, against section 1, and against themselves."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from tests.oracles.categorical_enumeration import enumerated
from tests.strategies import Case, cases
from theory.categorical import (
    CategoricalChain,
    available,
    collapse_time,
    curves,
    diffusion_collapse_time,
    extinction,
    poisson_survival,
    uniform,
    zipf,
)
from theory.categorical.spectrum import spectra
from theory.curve import Kind
from theory.recursion import fits, unit_modulus
from theory.workflow import UnsupportedWorkflow, Workflow

EPS = float(np.finfo(np.float64).eps)
TRUTH = (Fraction(1, 2), Fraction(3, 8), Fraction(1, 8))  # dyadic: a float holds them exactly
CHAIN = CategoricalChain([float(p) for p in TRUTH])
MOMENTS = ("squared_error", "heterozygosity")

# Three generations of two or three rows, as arguments of ours and of the oracle's.
SMALL = {
    "replace": (Workflow.replace((3, 2)), "replace", (3, 2), {}),
    "accumulate": (Workflow.accumulate((2, 3, 2)), "accumulate", (2, 3, 2), {}),
    "subsample": (Workflow.accumulate_subsample((2, 3)), "accumulate_subsample", (2, 3), {}),
    "subsample-budget": (
        Workflow.accumulate_subsample(2, 3), "accumulate_subsample", (2,), {"budget": 3}
    ),
    "subsample-again": (
        Workflow.accumulate_subsample((3, 2), 2, True),
        "accumulate_subsample", (3, 2), {"budget": 2, "replacement": True},
    ),
    "window": (Workflow.sliding_window((3, 2, 3), 2), "sliding_window", (3, 2, 3), {"window": 2}),
    "window-3": (Workflow.sliding_window(2, 3), "sliding_window", (2,), {"window": 3}),
    "anchored": (Workflow.anchored(2, (1, 3, 2)), "anchored", (1, 3, 2), {"n_real": 2}),
    "fresh": (Workflow.fresh(2, (1, 3, 2)), "fresh", (1, 3, 2), {"n_real": 2}),
    "fresh-weighted": (
        Workflow.fresh(2, (1, 1, 2), weight=0.25),
        "fresh", (1, 1, 2), {"n_real": 2, "weight": Fraction(1, 4)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_curves_are_the_average_over_every_history(name):
    """Sums of at most some thousand terms of order one: 1e-13."""
    workflow, kind, n, options = SMALL[name]
    known = curves(CHAIN, workflow, 3)
    expected = enumerated(kind, n, 3, TRUTH, **options)
    left = [1 - e["collapse_probability"] for e in expected]
    for t, e in enumerate(expected, 1):
        e["collapse_time"] = 1 + sum(left[: t - 1])
    for field in known.fields:
        if field != "survivors_lower":
            found = known[field].values[1:]
            assert found == pytest.approx([e[field] for e in expected], rel=1e-13), field


def test_the_whole_law_is_that_of_every_history_for_custom_weights():
    rows = [[Fraction(1)], [Fraction(1, 4), Fraction(3, 4)], [Fraction(1, 2), 0, Fraction(1, 2)]]
    workflow = Workflow.custom(2, lambda t: [float(w) for w in rows[t - 1]])
    known = curves(CHAIN, workflow, 3)
    expected = enumerated("custom", (2,), 3, TRUTH, custom=lambda t: rows[t - 1])
    assert known.fields == MOMENTS
    for field in MOMENTS:
        assert known[field].values[1:] == pytest.approx([e[field] for e in expected], rel=1e-13)


@given(case=cases())
def test_moments_are_section_one_with_unit_modulus_features(case: Case):
    """The same B_t from indicators, not centred: 12 fits of sums of up to 12 terms."""
    mean = np.sqrt((CHAIN.array**2).sum())
    generations = 6
    known = curves(CHAIN, case.workflow, generations)
    feature = unit_modulus(np.float64(mean), lambda t: 1.0)
    square = np.array([fit.mean_square for fit in fits(case.workflow, generations, feature)])
    assert 1 - square == pytest.approx(known.heterozygosity.values[1:], abs=200 * EPS)
    total = known.heterozygosity.values + known.squared_error.values
    assert total == pytest.approx(CHAIN.heterozygosity, abs=50 * EPS)


@pytest.mark.parametrize("name", [name for name in SMALL if name != "window-3"])
def test_the_spectrum_has_the_exact_moments(name):
    """Of categories' shares sum to one, of x (1 - x) to the heterozygosity: another route to it."""
    workflow = SMALL[name][0]
    p = zipf(12, 0.7)
    known = curves(p, workflow, 5)
    for t, (x, number) in enumerate(spectra(p.array, workflow, 5), 1):
        assert number.min() >= 0
        assert number.sum() == pytest.approx(12, rel=1e-13)
        assert (number * x).sum() == pytest.approx(1, rel=1e-13)
        assert (number * x * (1 - x)).sum() == pytest.approx(known.heterozygosity[t], rel=1e-12)


def test_replace_and_accumulate_have_the_products_of_section_six():
    unit, t = CHAIN.heterozygosity, np.arange(41)
    gone = curves(CHAIN, Workflow.replace(7), 40).heterozygosity
    assert gone.values == pytest.approx(unit * (1 - 1 / 7) ** t, rel=100 * EPS)
    assert gone.limit == 0
    kept = curves(CHAIN, Workflow.accumulate(7), 40).heterozygosity
    factors = 1 - 1 / (7 * np.arange(1, 41) ** 2)
    assert kept.values[1:] == pytest.approx(unit * np.cumprod(factors), rel=100 * EPS)
    a = 7**-0.5
    assert kept.limit == pytest.approx(unit * math.sin(math.pi * a) / (math.pi * a), rel=1e-13)


def test_anchored_is_its_closed_form():
    """The numbers of section 6, and the recursion, which the closed form takes the place of."""
    chain, workflow = CategoricalChain((0.5, 0.3, 0.2)), Workflow.anchored(30, 20)
    known = curves(chain, workflow, 60)
    purity = 1 - known.heterozygosity.values
    assert purity[1:5].round(5).tolist() == [0.40067, 0.40546, 0.40619, 0.40630]
    total = known.heterozygosity.values + known.squared_error.values
    assert total == pytest.approx(chain.heterozygosity, abs=1e-14)
    assert known.heterozygosity[60] == pytest.approx(known.heterozygosity.limit, rel=1e-14)


# --- time to collapse ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chain", "n", "expected", "digits"),
    [
        (CategoricalChain((0.3, 0.7)), 20, 23.0246, 4),
        (uniform(10), 10, 17.4956, 4),
        (uniform(10), 100, 187.426, 3),
    ],
)
def test_collapse_times_are_those_of_section_six(chain, n, expected, digits):
    found = collapse_time(chain, Workflow.replace(n))
    assert round(found.mean, digits) == expected
    assert found.kind is Kind.EXACT


@pytest.mark.parametrize("n", [(6,), (9, 4, 6), (1,), (5, 1, 4)])
def test_the_collapse_time_is_the_sum_of_what_is_not_collapsed(n):
    """Summed until a thousandth of 1e-10 is left, geometrically with ratio 1 - 1/n."""
    chain, workflow = CategoricalChain((0.5, 0.3, 0.2)), Workflow.replace(n)
    left = 1 - curves(chain, workflow, 200).collapse_probability.values
    assert left[-1] < 1e-13
    assert collapse_time(chain, workflow).mean == pytest.approx(left.sum(), rel=1e-12)


def test_the_time_so_far_tends_to_the_time():
    known = curves(CHAIN, Workflow.replace(6), 200).collapse_time
    assert known[:2].tolist() == [0, 1]
    assert known.limit == collapse_time(CHAIN, Workflow.replace(6)).mean
    assert known[200] == pytest.approx(known.limit, rel=1e-12)
    assert curves(CHAIN, Workflow.accumulate(6), 3).collapse_time.limit == math.inf
    with pytest.raises(UnsupportedWorkflow, match="collapse_time .* not for ever"):
        _ = curves(CHAIN, Workflow.fresh(6, 6), 3).collapse_time


def test_one_category_has_collapsed():
    chain = CategoricalChain((1.0, 0.0))
    assert collapse_time(chain, Workflow.replace(5)).mean == 0
    known = curves(chain, Workflow.replace(5), 3)
    assert known.collapse_probability.values.tolist() == [1] * 4
    assert known.collapse_time.values.tolist() == [0] * 4
    assert known.squared_error.values.tolist() == [0] * 4
    assert not np.signbit(known.entropy.values).any()
    assert diffusion_collapse_time(chain, Workflow.replace(5)).mean == 0


@pytest.mark.parametrize(
    "chain", [uniform(2), CategoricalChain((0.8, 0.2)), zipf(10, 1.0), uniform(10)]
)
def test_the_diffusion_limit_exceeds_the_time_by_a_third_of_the_logarithm(chain):
    """Twice the rows: ln(2) / 3 more, to O(1/n), which is 0.4 % of it at n = 100 to 200."""
    limit = diffusion_collapse_time(chain, Workflow.replace(100))
    assert limit.kind is Kind.ASYMPTOTIC
    sizes = (100, 200, 400, 800)
    gaps = [
        diffusion_collapse_time(chain, Workflow.replace(n)).mean
        - collapse_time(chain, Workflow.replace(n)).mean
        for n in sizes
    ]
    assert np.diff(gaps) == pytest.approx(math.log(2) / 3, rel=0.005)
    off = np.abs(np.diff(gaps) / (math.log(2) / 3) - 1)
    assert (off[1:] < 0.6 * off[:-1]).all()
    assert 0 < gaps[0] < 0.03 * limit.mean


def test_a_large_batch_takes_the_banded_law():
    """Fits on 1,000 rows over 1,000 generations, where bands leave most of the matrix out."""
    n = 1000
    p, workflow = CategoricalChain((0.9, 0.1)), Workflow.replace(n)
    known = curves(p, workflow, n)
    matrix = binom.pmf(np.arange(n + 1), n, np.arange(n + 1)[:, None] / n)
    number = binom.pmf(np.arange(n + 1), n, np.array([[0.9], [0.1]])).sum(axis=0)
    for t in range(1, n + 1):
        if t in (1, 10, 100, 1000):
            assert known.survivors[t] == pytest.approx(2 - number[0], abs=1e-10)
            assert known.collapse_probability[t] == pytest.approx(number[-1], abs=1e-10)
        number = number @ matrix


# --- survival ------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [(12,), (9, 4, 6), (5,)])
@pytest.mark.parametrize("generations", [1, 2, 3, 7])
def test_survivors_are_those_not_extinct(n, generations):
    chain, workflow = CategoricalChain((0.5, 0.3, 0.2, 0.0)), Workflow.replace(n)
    lost = extinction(chain, workflow, generations)
    assert lost.shape == (4, generations + 1)
    assert lost[3].tolist() == [1] * (generations + 1)
    assert lost[:3, 1] == pytest.approx((1 - chain.array[:3]) ** n[0], rel=1e-13)
    assert (np.diff(lost, axis=1) >= 0).all()
    survivors = curves(chain, workflow, generations).survivors.values
    assert (1 - lost).sum(axis=0) == pytest.approx(survivors, rel=1e-13)


@given(n=st.integers(1, 40), share=st.floats(0.01, 0.99))
def test_the_bound_is_below_the_survivors(n, share):
    known = curves(CategoricalChain((share, 1 - share)), Workflow.replace(n), 8)
    assert (known.survivors_lower.values <= known.survivors.values + 1e-13).all()
    assert known.survivors_lower.kind is Kind.LOWER


def test_poisson_batches_survive_as_a_branching_process():
    """By generating functions: f(f(...f(s))) of a Poisson variate at s = 0."""
    curve = poisson_survival(3.0, 6)
    for t in range(1, 7):
        s = 0.0
        for _ in range(t - 1):
            s = math.exp(s - 1)
        assert curve[t] == pytest.approx(1 - math.exp(3.0 * (s - 1)), rel=1e-14)
    for rate in (0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="rate must be positive and finite"):
            poisson_survival(rate, 3)


# --- what is not known ---------------------------------------------------------------------------


def test_a_field_without_a_law_says_what_works():
    known = curves(CHAIN, Workflow.sliding_window(5, 3), 9)
    assert known.fields == MOMENTS
    with pytest.raises(
        UnsupportedWorkflow, match=r"entropy .* window=3.*a window of 2.*known here: "
    ):
        _ = known.entropy
    assert "entropy" in available(CHAIN, Workflow.sliding_window(5, 3), 3)  # still accumulate
    assert "survivors" not in available(CHAIN, Workflow.sliding_window(5, 3))
    with pytest.raises(UnsupportedWorkflow, match="survivors_lower"):
        _ = curves(CHAIN, Workflow.accumulate(5), 3).survivors_lower
    with pytest.raises(ValueError, match="unknown field 'wealth'"):
        known["wealth"]


def test_batches_too_large_for_an_exact_law_are_refused_by_value():
    with pytest.raises(UnsupportedWorkflow, match="up to n = 10,000 rows, got 20,000"):
        _ = curves(CHAIN, Workflow.replace(20_000), 3).entropy
    with pytest.raises(UnsupportedWorkflow, match="smaller batches, or montecarlo"):
        _ = curves(CHAIN, Workflow.fresh(1000, 1000), 3).entropy
    kept = curves(zipf(100_000), Workflow.accumulate(100_000), 10_000)
    assert kept.survivors[1] == kept.survivors[10_000]
    for law in (collapse_time, diffusion_collapse_time):
        with pytest.raises(UnsupportedWorkflow, match="known for replace"):
            law(CHAIN, Workflow.accumulate(5))
    with pytest.raises(UnsupportedWorkflow, match="known for replace only"):
        extinction(CHAIN, Workflow.anchored(5, 5), 3)
    with pytest.raises(ValueError, match="generations must be a whole number >= 1, got 0"):
        curves(CHAIN, Workflow.replace(5), 0)
