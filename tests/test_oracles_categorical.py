"""The categorical oracles agree among themselves and with section 6 of the theory reference.

Enumerations are compared as fractions.  Simulated means are compared by z-scores: each comparison
fails falsely with probability 1e-9 (normal approximation), fewer than a thousand are made, so the
file fails falsely less than once in 1e6; it misses a discrepancy of 9.1 standard errors with
probability 1e-3.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from tests.oracles import categorical_literal
from tests.oracles.categorical_absorption import (
    category_laws,
    category_laws_float,
    collapse_time,
    collapse_time_by_counts,
    collapse_time_float,
    poisson_survival,
    survival_factors,
)
from tests.oracles.categorical_laws import (
    compositions,
    entropy,
    extinct,
    fitted_laws,
    heterozygosity,
    mean,
    multinomial,
    one_left,
    squared_error,
    survivors,
)
from tests.oracles.kde_lineage import ancestries
from tests.oracles.training_sets import Options

Array = NDArray[np.float64]
Case = tuple[str, tuple[int, ...], Options]

Z_LIMIT = float(norm.isf(1e-9 / 2))
TRUTH = (Fraction(1, 2), Fraction(3, 10), Fraction(1, 5))


def half_on_the_last(t: int) -> list[Fraction]:
    return [Fraction(1)] if t == 1 else [Fraction(1, 2 * (t - 1))] * (t - 1) + [Fraction(1, 2)]


CASES: list[Case] = [
    ("replace", (3, 4, 2), {}),
    ("accumulate", (3, 2, 3), {}),
    ("accumulate_subsample", (3, 2), {}),
    ("accumulate_subsample", (4, 3), {"budget": 2}),
    ("accumulate_subsample", (2,), {"budget": 3, "replacement": True}),
    ("sliding_window", (3, 2), {"window": 2}),
    ("anchored", (9, 2, 3), {"n_real": 4}),
    ("fresh", (9, 2), {"n_real": 3}),
    ("fresh", (9, 2), {"n_real": 2, "weight": Fraction(3, 5)}),
    ("custom", (2,), {"custom": half_on_the_last}),
]


def assert_means(samples: Array, exact: Array) -> None:
    """Entries that are the same in every run must be the exact value."""
    error = samples.std(axis=0, ddof=1) / math.sqrt(len(samples))
    gap = np.abs(samples.mean(axis=0) - exact)
    assert (gap <= Z_LIMIT * error + 1e-12).all(), gap / error


@pytest.mark.parametrize(("kind", "n", "options"), CASES)
def test_heterozygosity_is_the_chance_of_two_ancestors(
    kind: str, n: tuple[int, ...], options: Options
) -> None:
    """Counting count vectors against following two rows back in time: equal as fractions."""
    start = 1 - sum(p * p for p in TRUTH)
    laws = fitted_laws(kind, n, 3, TRUTH, **options)
    for law, two in zip(laws, ancestries(kind, n, 3, **options), strict=True):
        assert sum(law.values()) == 1
        assert heterozygosity(law) == start * two.apart
        assert squared_error(law, TRUTH) == start - heterozygosity(law)
        assert [mean(law, lambda p, i=i: p[i]) for i in range(3)] == list(TRUTH)


@pytest.mark.parametrize(("kind", "n", "options"), CASES)
def test_the_literal_procedure_has_the_exact_means(
    kind: str, n: tuple[int, ...], options: Options
) -> None:
    runs = categorical_literal.simulate(
        kind, n, 3, np.array(TRUTH, dtype=float), seed=9, replicates=1500, **options
    )
    laws = fitted_laws(kind, n, 3, TRUTH, **options)
    exact = {
        "squared_error": [squared_error(law, TRUTH) for law in laws],
        "heterozygosity": [heterozygosity(law) for law in laws],
        "survivors": [survivors(law) for law in laws],
        "entropy": [entropy(law) for law in laws],
        "one_left": [one_left(law) for law in laws],
    }
    for name, values in exact.items():
        assert_means(runs[name], np.array(values, dtype=float))


@pytest.mark.parametrize(("kind", "n", "options"), CASES)
def test_one_category_is_a_chain_of_two(kind: str, n: tuple[int, ...], options: Options) -> None:
    """Adding up all other categories changes nothing: extinction and survivors by pairs."""
    laws = fitted_laws(kind, n, 3, TRUTH, **options)
    alone = [fitted_laws(kind, n, 3, (p, 1 - p), **options) for p in TRUTH]
    for t, law in enumerate(laws):
        lost = [chain[t] for chain in alone]
        assert extinct(law) == [extinct(pair)[0] for pair in lost]
        assert survivors(law) == sum(1 - extinct(pair)[0] for pair in lost)


def test_enumeration_refuses_what_is_not_a_law() -> None:
    with pytest.raises(ValueError, match="sum to one"):
        fitted_laws("replace", (2,), 1, (Fraction(1, 2), Fraction(1, 3)))


# --- section 6: closed forms --------------------------------------------------------------------


def test_printed_products_of_the_heterozygosity() -> None:
    start, n = 1 - sum(p * p for p in TRUTH), 3
    replace = fitted_laws("replace", (n,), 5, TRUTH)
    accumulate = fitted_laws("accumulate", (n,), 4, TRUTH)
    product = start
    for t in range(1, 6):
        assert heterozygosity(replace[t]) == start * (1 - Fraction(1, n)) ** t
    for t in range(1, 5):
        product *= 1 - Fraction(1, n * t * t)
        assert heterozygosity(accumulate[t]) == product


def anchored_square(real: int, n: int, start: Fraction, m: int) -> Fraction:
    """Return the closed form of section 6, E sum p^2 after m synthetic generations."""
    alpha = Fraction(n, real + n)
    one = 1 + Fraction(1, real)
    beta = alpha * (one * alpha - Fraction(1, real))
    drawn = 1 + 2 * alpha - (1 - Fraction(1, real)) * alpha * beta**m
    kept = 1 + alpha + alpha / real * beta**m
    total = drawn / real + (1 - Fraction(1, real)) * start * kept
    return total / (1 + one * alpha)


def test_printed_closed_form_of_the_anchored_chain() -> None:
    """As fractions against enumeration for tiny sizes, against two rows' ancestors for others."""
    start = sum(p * p for p in TRUTH)
    for t, law in enumerate(fitted_laws("anchored", (0, 3), 4, TRUTH, n_real=4)[1:]):
        assert 1 - heterozygosity(law) == anchored_square(4, 3, start, t)
    for real, n in ((30, 20), (1, 5), (7, 1), (5, 40)):
        for t, two in enumerate(ancestries("anchored", (0, n), 8, n_real=real)[1:]):
            assert 1 - (1 - start) * two.apart == anchored_square(real, n, start, t)


def test_printed_numbers_of_the_anchored_chain() -> None:
    """N = 30, n = 20: closed form, ancestors, and each category's chain enumerated."""
    printed = [0.40067, 0.40546, 0.40619, 0.40630]
    start = sum(p * p for p in TRUTH)
    values = [anchored_square(30, 20, start, m) for m in range(4)]
    assert [float(v) for v in values] == pytest.approx(printed, abs=5e-6)
    chains = [fitted_laws("anchored", (0, 20), 2, (p, 1 - p), n_real=30) for p in TRUTH]
    for t in (1, 2):
        assert sum(mean(chain[t], lambda p: p[0] ** 2) for chain in chains) == values[t - 1]


def test_accumulate_loses_categories_at_generation_one_only() -> None:
    laws = fitted_laws("accumulate", (3, 2), 4, TRUTH)
    for law in laws[1:]:
        assert extinct(law) == [(1 - p) ** 3 for p in TRUTH]


def test_accumulate_one_row_at_a_time_is_polya() -> None:
    """After the real counts c (N rows), k rows more are Dirichlet-multinomial with parameters c."""
    law = fitted_laws("accumulate", (4, 1), 4, TRUTH)[4]
    expected: dict[tuple[Fraction, ...], Fraction] = {}
    for counts, chance in multinomial(4, TRUTH).items():
        for more in compositions(3, 3):
            ways = Fraction(math.factorial(3))
            for c, k in zip(counts, more, strict=True):
                ways *= Fraction(math.prod(range(c, c + k)), math.factorial(k))
            ways /= math.prod(range(4, 7))
            share = tuple(Fraction(c + k, 7) for c, k in zip(counts, more, strict=True))
            if ways:
                expected[share] = expected.get(share, Fraction(0)) + chance * ways
    assert law == expected


# --- section 6: extinction and collapse ---------------------------------------------------------


def test_one_category_under_replace_is_wright_fisher() -> None:
    laws = fitted_laws("replace", (5,), 4, TRUTH)
    for i, p in enumerate(TRUTH):
        counts = category_laws(5, 4, p)
        floats = category_laws_float(5, 4, float(p))
        for t in range(1, 5):
            marginal = [
                sum(c for share, c in laws[t].items() if share[i] == Fraction(k, 5))
                for k in range(6)
            ]
            assert counts[t - 1] == marginal
            # Sums of six products, each factor good to 1e-14: exp of log-Gammas.
            assert floats[t - 1] == pytest.approx(np.array(marginal, dtype=float), abs=1e-13)


@pytest.mark.parametrize(
    ("n", "probabilities"),
    [(1, TRUTH), (2, TRUTH), (4, TRUTH), (3, (Fraction(1, 4),) * 4), (6, TRUTH[:1] * 2)],
)
def test_collapse_time_by_all_counts(n: int, probabilities: tuple[Fraction, ...]) -> None:
    assert collapse_time_by_counts(n, probabilities) == collapse_time(n, probabilities)


def test_collapse_time_is_the_sum_of_its_tail() -> None:
    """n = 2: 1 + sum of P(T > t), where one of two rows is lost half of the time."""
    start = 1 - sum(p * p for p in TRUTH)
    assert collapse_time(2, TRUTH) == 1 + 2 * start
    laws = fitted_laws("replace", (3,), 40, TRUTH[:1] * 2)
    tail = sum(1 - one_left(law) for law in laws)
    # The rest of the tail falls like (2/3)^t.
    assert float(tail) == pytest.approx(float(collapse_time(3, TRUTH[:1] * 2)), abs=1e-6)


def test_printed_collapse_times() -> None:
    """Fits counted, t = 1 the real one: 23.0246 and 17.4956 as fractions, 187.426 in floats."""
    two = (Fraction(3, 10), Fraction(7, 10))
    ten = (Fraction(1, 10),) * 10
    assert float(collapse_time(20, two)) == pytest.approx(23.0246, abs=5e-5)
    assert float(collapse_time(10, ten)) == pytest.approx(17.4956, abs=5e-5)
    assert collapse_time_float(100, np.full(10, 0.1)) == pytest.approx(187.426, abs=5e-4)
    # Ninety-nine equations, conditioned like the collapse time: 1e3 x 1e-16 x 1e2 roundings.
    for n, probabilities in ((20, two), (10, ten)):
        in_floats = collapse_time_float(n, np.array(probabilities, dtype=float))
        assert in_floats == pytest.approx(float(collapse_time(n, probabilities)), rel=1e-11)


def test_simulated_collapse_times() -> None:
    for n, probabilities, runs in ((20, [0.3, 0.7], 500), (10, [0.1] * 10, 500)):
        times = categorical_literal.collapse_times(n, probabilities, seed=4, replicates=runs)
        error = times.std(ddof=1) / math.sqrt(runs)
        exact = collapse_time_float(n, np.array(probabilities))
        assert abs(times.mean() - exact) < Z_LIMIT * error
        # The standard deviation of T is about its mean: 4.5 % is seen at one standard error.
        assert error < 0.05 * exact


def test_diffusion_limit_of_the_collapse_time() -> None:
    """-2n sum (1-p) ln(1-p) is ln(n)/3 + constant fits too long, whatever the start.

    So the relative error goes like ln(n)/n, slower than 1/n.  Twice the rows add ln(2)/3; what is
    left of that halves with n.
    """
    for probabilities in (np.array([0.3, 0.7]), np.array([0.5, 0.5]), np.full(10, 0.1)):
        limit = -2 * float(np.sum((1 - probabilities) * np.log1p(-probabilities)))
        sizes = (50, 100, 200, 400)
        gaps = [limit * n - collapse_time_float(n, probabilities) for n in sizes]
        rest = math.log(2) / 3 - np.diff(gaps)
        assert rest[:-1] / rest[1:] == pytest.approx(np.full(2, 2.0), rel=0.05)
        assert abs(rest[-1]) < 5e-4


def test_survival_of_poisson_counts() -> None:
    """1 - exp(-n lambda g_t) exactly; counts beyond 200 have probability under 1e-40."""
    factors = survival_factors(6)
    for rate in (0.3, 1.0, 4.0):
        exact = [-math.expm1(-rate * g) for g in factors]
        assert poisson_survival(rate, 6, largest=200) == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize("n", [1, 2, 5, 20])
@pytest.mark.parametrize("p", [0.01, 0.2, 0.5, 0.9])
def test_survival_bound(n: int, p: float) -> None:
    """1 - exp(-n p g_t) is below the exact chance, strictly, and close for large n and small p."""
    laws = category_laws_float(n, 30, p)
    for law, g in zip(laws, survival_factors(30), strict=True):
        assert -math.expm1(-n * p * g) < 1 - law[0]


def test_survival_bound_is_the_limit_of_rare_categories() -> None:
    """p = 1/n: the gap to the bound goes like 1/n."""
    bound = np.array([-math.expm1(-g) for g in survival_factors(5)])
    gaps = [1 - category_laws_float(n, 5, 1 / n)[:, 0] - bound for n in (50, 100, 200)]
    assert gaps[0] / gaps[1] == pytest.approx(np.full(5, 2.0), rel=0.05)
    assert gaps[1] / gaps[2] == pytest.approx(np.full(5, 2.0), rel=0.05)
