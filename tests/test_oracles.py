"""The oracles agree among themselves, and with the numbers printed in the theory reference.

Exact oracles are compared as fractions, integrals to their stated digits.  Simulated means are
compared with exact means by z-scores: each comparison fails falsely with probability 1e-9 (normal
approximation), fewer than a thousand are made, so the file fails falsely less than once in 1e6.
A comparison misses a discrepancy of 9.1 standard errors with probability 1e-3.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from tests.oracles import wishart
from tests.oracles.batch_covariance import gaussian_moments, inflation
from tests.oracles.chi_square import chi_square_rule, even_normal_rule
from tests.oracles.enumeration import enumerated_moments
from tests.oracles.gaussian_quadrature import (
    accumulate_curves,
    accumulate_survival,
    covariance_error,
    gaussian_steps,
    replace_curves,
    replace_survival,
)
from tests.oracles.literal import simulate
from tests.oracles.training_sets import Options, training_sets

Array = NDArray[np.float64]
Case = tuple[str, tuple[int, ...], Options]

Z_LIMIT = float(norm.isf(1e-9 / 2))


def half_on_the_last(t: int) -> list[Fraction]:
    """Half of the weight on the last batch, the rest in equal parts on the earlier ones."""
    return [Fraction(1)] if t == 1 else [Fraction(1, 2 * (t - 1))] * (t - 1) + [Fraction(1, 2)]


POOLED: list[Case] = [
    ("replace", (3, 4, 2), {}),
    ("accumulate", (3, 4, 2), {}),
    ("sliding_window", (3, 4, 2), {"window": 2}),
    ("anchored", (9, 2, 3), {"n_real": 4}),
    ("fresh", (9, 2, 3), {"n_real": 4}),
]
WEIGHTED: list[Case] = [
    ("fresh", (9, 2, 3), {"n_real": 4, "weight": Fraction(3, 5)}),
    ("custom", (3, 4, 2), {"custom": half_on_the_last}),
]
SUBSAMPLED: list[Case] = [
    ("accumulate_subsample", (3, 2, 3), {}),
    ("accumulate_subsample", (2, 3), {"budget": 3}),
    ("accumulate_subsample", (3, 2), {"budget": 2}),
    ("accumulate_subsample", (2,), {"budget": 2, "replacement": True}),
    ("accumulate_subsample", (2, 1), {"budget": 3, "replacement": True}),
]


def assert_means(samples: Array, exact: Array) -> None:
    """Assert that the mean over axis 0 (replicates) agrees with ``exact``, entry by entry."""
    error = samples.std(axis=0, ddof=1) / math.sqrt(len(samples))
    z = (samples.mean(axis=0) - exact)[1:] / error[1:]
    assert np.abs(z).max() < Z_LIMIT, z


# --- section 1: moments -----------------------------------------------------------------------


@pytest.mark.parametrize(("ddof", "tau"), [(0, Fraction(1)), (1, Fraction(3, 7))])
@pytest.mark.parametrize(("kind", "n", "options"), POOLED + SUBSAMPLED)
def test_enumeration_confirms_the_batch_recursion(
    kind: str, n: tuple[int, ...], options: Options, ddof: int, tau: Fraction
) -> None:
    """Equal as fractions: no sampling formula is used on the left."""
    by_rows = enumerated_moments(kind, n, 3, ddof=ddof, tau=tau, **options)
    assert by_rows == gaussian_moments(kind, n, 3, ddof=ddof, tau=tau, **options)


@pytest.mark.parametrize(("kind", "n", "options"), WEIGHTED)
def test_enumeration_confirms_weighted_fits(
    kind: str, n: tuple[int, ...], options: Options
) -> None:
    assert enumerated_moments(kind, n, 4, **options) == gaussian_moments(kind, n, 4, **options)


@pytest.mark.parametrize(("kind", "n", "options"), WEIGHTED)
def test_weighted_fits_need_maximum_likelihood(
    kind: str, n: tuple[int, ...], options: Options
) -> None:
    with pytest.raises(ValueError, match="ddof=0"):
        gaussian_moments(kind, n, 2, ddof=1, **options)


@pytest.mark.parametrize(("kind", "n", "options"), POOLED + WEIGHTED + SUBSAMPLED)
def test_literal_procedure_has_the_exact_moments(
    kind: str, n: tuple[int, ...], options: Options
) -> None:
    """Eight dimensions, so that one run's mean error has a standard deviation of half its mean."""
    covariance = np.diag(np.linspace(0.8, 1.2, 8)) + 0.1
    runs = simulate(
        kind, n, 3, seed=20, replicates=500, dim=8, covariance=covariance, tau=0.8, **options
    )
    moments = gaussian_moments(kind, n, 3, tau=Fraction(4, 5), **options)
    exact = np.array(moments, dtype=float)
    assert_means(runs["mean_error"], exact[:, 0])
    assert_means(runs["trace_ratio"], exact[:, 1])


@pytest.mark.parametrize(("kind", "n", "options"), POOLED + WEIGHTED + SUBSAMPLED)
def test_maximum_likelihood_shares_out_the_variance(
    kind: str, n: tuple[int, ...], options: Options
) -> None:
    """Mean error + trace ratio = 1 at every generation >= 1 for ddof 0 and tau 1."""
    assert all(error + trace == 1 for error, trace in gaussian_moments(kind, n, 5, **options))


def test_workflows_coincide_where_they_should() -> None:
    n = (5, 3, 4)
    accumulate = gaussian_moments("accumulate", n, 4, ddof=1)
    assert accumulate == gaussian_moments("sliding_window", n, 4, ddof=1, window=4)
    assert accumulate == gaussian_moments("accumulate_subsample", n, 4, ddof=1, budget=16)
    replace = gaussian_moments("replace", n, 4, ddof=1)
    assert replace == gaussian_moments("sliding_window", n, 4, ddof=1, window=1)
    only_last = [[Fraction(0)] * t + [Fraction(1)] for t in range(4)]
    assert replace == gaussian_moments("custom", n, 4, ddof=1, custom=lambda t: only_last[t - 1])


def test_a_budget_below_the_first_batch_is_all_that_counts_at_generation_one() -> None:
    small = gaussian_moments("accumulate_subsample", (9,), 1, budget=4)
    repeated = gaussian_moments("accumulate_subsample", (9,), 1, budget=4, replacement=True)
    assert small[1][0] == Fraction(1, 4) < repeated[1][0]


def test_fresh_batches_are_numbered_in_order_of_creation() -> None:
    fits = training_sets("fresh", (0, 7, 8), 3, n_real=5)
    assert [fit.sizes for fit in fits] == [{0: 5}, {1: 7, 2: 5}, {3: 8, 4: 5}]


@pytest.mark.parametrize("ddof", [0, 1])
def test_subsampling_can_be_worse_than_replacing(ddof: int) -> None:
    """The first printed counter-example: n = (5, 29, 13, 22), m = 11, mean error at t = 2."""
    n = (5, 29, 13, 22)
    subsample = gaussian_moments("accumulate_subsample", n, 2, ddof=ddof, budget=11)
    assert subsample[2][0] > gaussian_moments("replace", n, 2, ddof=ddof)[2][0]


def test_subsampling_can_be_better_than_accumulating() -> None:
    """The second: ddof 1, n = 4, m = 53 with replacement, mean error at t = 3 but not before."""
    accumulate = gaussian_moments("accumulate", (4,), 3, ddof=1)
    subsample = gaussian_moments(
        "accumulate_subsample", (4,), 3, ddof=1, budget=53, replacement=True
    )
    better = [s[0] < a[0] for s, a in zip(subsample, accumulate, strict=True)]
    assert better == [False, False, False, True]


# --- section 2: Gaussian chain, moments ---------------------------------------------------------


def test_accumulate_has_the_product_formulas() -> None:
    n = 7
    plain, unbiased = Fraction(1), Fraction(1)
    for t in range(1, 8):
        plain *= 1 - Fraction(1, n * t * t)
        unbiased *= 1 - Fraction(1, t * (t * n - 1)) if t > 1 else 1
        assert gaussian_moments("accumulate", (n,), t)[t][1] == plain
        assert gaussian_moments("accumulate", (n,), t, ddof=1)[t][1] == unbiased


def test_subsample_of_one_batch_size_has_the_printed_closed_form() -> None:
    """P_1 = 1 - 1/n, P_{t+1} = P_t [1 - (g_t + h_t)/(n (t+1)^2)], trace ratio g_t P_t."""
    n = 4
    moments = gaussian_moments("accumulate_subsample", (n,), 12)
    product = 1 - Fraction(1, n)
    for t in range(1, 13):
        g, h = Fraction((n - 1) * t, n * t - 1), Fraction(n * (t - 1), n * t - 1)
        assert moments[t] == (1 - g * product, g * product)
        product *= 1 - (g + h) / (n * (t + 1) ** 2)


def subsample_trace(n: int, generations: int) -> list[float]:
    """E tr Sigma_t for budget n, ddof 1, in O(T): only A and Q of the pool are needed.

    A new batch has weight w = 1/(t+1) in the next pool, <psi_new, pool mean> has expectation A,
    so A <- (1 - w^2) A + w^2 (S/n + B) and Q <- (1 - w) Q + w (S + B).
    """
    pool_error, pool_square, traces = 1 / n, 1.0, [1.0]
    for t in range(1, generations + 1):
        error = pool_error + (pool_square - pool_error) * (t - 1) / (n * t - 1)
        trace = (pool_square - error) * n / (n - 1)
        traces.append(trace)
        share = 1 / (t + 1)
        pool_error += share**2 * (trace / n + error - pool_error)
        pool_square += share * (trace + error - pool_square)
    return traces


def test_unbiased_subsampling_grows_like_a_power() -> None:
    """Printed for m = 5: 1.05, 1.57, 2.48 at t = 10, 1e2, 1e3; 6.22, 9.86 at 1e5, 1e6."""
    quick = subsample_trace(5, 100_000)
    dense = gaussian_moments("accumulate_subsample", (5,), 12, ddof=1)
    np.testing.assert_allclose(quick[:13], [float(trace) for _, trace in dense], rtol=1e-13)
    assert [round(quick[10**k], 2) for k in (1, 2, 3, 5)] == [1.05, 1.57, 2.48, 6.22]
    assert math.log10(quick[100_000] / quick[10_000]) == pytest.approx(1 / 5, abs=1e-4)


# --- section 2: Gaussian chain, integrals -------------------------------------------------------


@pytest.mark.parametrize("df", [1, 2, 3, 9, 40, 200])
def test_chi_square_rule_has_the_known_moments(df: int) -> None:
    x, weights = chi_square_rule(df)
    root = math.sqrt(2) * math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2))
    assert [weights.sum(), weights @ x, weights @ np.sqrt(x)] == pytest.approx(
        [1, df, root], rel=1e-13
    )
    if df > 2:
        x, weights = chi_square_rule(df, pole=1)
        assert weights @ (1 / x) == pytest.approx(1 / (df - 2), rel=1e-13)


def test_normal_rule_has_the_known_moments() -> None:
    z, weights = even_normal_rule()
    assert [weights @ z**k for k in (0, 2, 4, 6)] == pytest.approx([1, 1, 3, 15], rel=1e-13)


def test_accumulate_has_the_printed_test_nll() -> None:
    printed = [1.59437, 1.64014, 1.66196, 1.67477, 1.68321, 1.68919, 1.69366, 1.69712]
    excess = accumulate_curves((10,), 8)["excess_nll"][1:]
    np.testing.assert_allclose(excess + 1.418939, printed, atol=5.5e-6)


@pytest.mark.parametrize(("dim", "n", "ddof"), [(1, 8, 0), (2, 9, 1), (5, 12, 0)])
def test_replace_has_the_printed_inverse_and_spread(dim: int, n: int, ddof: int) -> None:
    curves = replace_curves(dim, (n,), 4, ddof=ddof)
    r = (n - ddof) / (n - dim - 2)
    assert curves["precision_ratio"][4] == pytest.approx(r**4, rel=1e-12)
    distance = dim / n * sum(r**s for s in range(1, 5))
    assert curves["mahalanobis_error"][4] == pytest.approx(distance, rel=1e-12)
    if dim == 1:
        factor = math.sqrt(2 / (n - ddof)) * math.gamma(n / 2) / math.gamma((n - 1) / 2)
        assert curves["spread_ratio"][4] == pytest.approx(factor**4, rel=1e-12)


@pytest.mark.parametrize("kind", ["replace", "accumulate"])
def test_moment_curves_are_those_of_the_batch_recursion(kind: str) -> None:
    n, ddof, tau = (4, 7, 3), 1, Fraction(2, 3)
    exact = np.array(gaussian_moments(kind, n, 5, ddof=ddof, tau=tau), dtype=float)
    curves = (
        replace_curves(1, n, 5, ddof=ddof, tau=float(tau))
        if kind == "replace"
        else accumulate_curves(n, 5, ddof=ddof, tau=float(tau))
    )
    np.testing.assert_allclose(curves["mean_error"], exact[:, 0], rtol=1e-13)
    np.testing.assert_allclose(curves["trace_ratio"], exact[:, 1], rtol=1e-13)


def test_covariance_error_follows_the_printed_matrix() -> None:
    """(tr Sigma^2, (tr Sigma)^2) <- [[k(k+1), k], [2k, k^2]]/(n - ddof)^2 of it, k = n - 1."""
    covariance, k = np.diag([2.0, 0.5, 0.1]) + 0.05, 8
    step = np.array([[k * (k + 1), k], [2 * k, k * k]]) / k**2
    start = np.array([np.sum(covariance**2), np.trace(covariance) ** 2])
    squares = [(np.linalg.matrix_power(step, t) @ start)[0] for t in range(5)]
    expected = np.array(squares) / start[0] - 1
    oracle = covariance_error("replace", covariance, (k + 1,), 4, ddof=1)
    np.testing.assert_allclose(oracle, expected, rtol=1e-12, atol=1e-15)


def test_covariance_error_of_accumulate_is_the_integrated_fourth_moment() -> None:
    """In d = 1 it is E sigma^4 - 2 E sigma^2 + 1, a product of E G^2 over (chi-square, normal)."""
    second = np.ones(5)
    for t, step in enumerate(gaussian_steps("accumulate", (4, 7), 4, ddof=1, tau=0.6), start=1):
        (x, x_weights), (z, z_weights) = chi_square_rule(step.df), even_normal_rule()
        bracket = step.kept + step.tau * (x[:, None] + step.between * z**2)
        second[t] = second[t - 1] * (x_weights @ bracket**2 @ z_weights) / step.divisor**2
    trace = accumulate_curves((4, 7), 4, ddof=1, tau=0.6)["trace_ratio"]
    oracle = covariance_error("accumulate", np.eye(1), (4, 7), 4, ddof=1, tau=0.6)
    np.testing.assert_allclose(oracle, second - 2 * trace + 1, rtol=1e-12, atol=1e-13)


def test_one_unbiased_run_has_the_printed_standard_deviation() -> None:
    """For n = 10, T = 100, d = 1, replace: the mean trace is 1, its deviation 22,778."""
    variance = covariance_error("replace", np.eye(1), (10,), 100, ddof=1)[100]
    assert round(math.sqrt(variance)) == 22_778


def test_replace_survival_is_chi_square_then_an_integral_of_chi_square() -> None:
    n, threshold = 7, 0.6
    first, second = replace_survival((n,), 2, threshold=threshold)[1:]
    assert first == pytest.approx(chi2.sf(n * threshold**2, n - 1), rel=1e-12)
    x, weights = chi_square_rule(n - 1)
    assert second == pytest.approx(weights @ chi2.sf((n * threshold) ** 2 / x, n - 1), rel=1e-10)


def test_literal_runs_survive_as_often_as_they_should() -> None:
    """Accumulate and replace, d = 1."""
    for kind, survival in (("accumulate", accumulate_survival), ("replace", replace_survival)):
        runs = simulate(kind, (6,), 2, seed=4, replicates=1000, ddof=1)
        exact = survival((6,), 2, threshold=0.8, ddof=1)
        assert_means((runs["spread_ratio"] > 0.8).astype(float), exact)


@pytest.mark.parametrize(
    ("kind", "dim", "tau"),
    [("replace", 1, 1.0), ("replace", 2, 0.7), ("accumulate", 1, 0.7), ("accumulate", 3, 1.0)],
)
def test_literal_curves_have_the_integrated_means(kind: str, dim: int, tau: float) -> None:
    """Every curve the integrals give; n - d > 8, so that inverses have fourth moments."""
    n, covariance = (14, 12), np.eye(dim) + 0.5
    runs = simulate(
        kind, n, 2, seed=5, replicates=1500, dim=dim, covariance=covariance, ddof=1, tau=tau
    )
    curves = (
        replace_curves(dim, n, 2, ddof=1, tau=tau)
        if kind == "replace"
        else wishart.accumulate_curves(dim, n, 2, ddof=1, tau=tau)
    )
    curves["covariance_error"] = covariance_error(kind, covariance, n, 2, ddof=1, tau=tau)
    for name, exact in curves.items():
        assert_means(runs[name], exact)


def test_too_few_rows_give_infinities_and_never_nan() -> None:
    """Two rows in d = 2 lie on a line, and so does everything that is sampled from their fit."""
    runs = simulate("replace", (2, 6), 3, seed=6, replicates=20, dim=2)
    assert np.all(runs["determinant_ratio"][:, 1:] == 0)
    assert np.all(runs["log_det_ratio"][:, 1:] == -np.inf)
    assert np.all(runs["excess_nll"][:, 1:] == np.inf)
    assert not any(np.isnan(values).any() for values in runs.values())


def test_excess_nll_is_infinite_for_rows_up_to_dim_plus_two() -> None:
    assert np.all(replace_curves(2, (4,), 2)["excess_nll"][1:] == np.inf)
    assert np.all(wishart.accumulate_curves(2, (4,), 2)["excess_nll"][1:] == np.inf)
    assert np.all(np.isfinite(replace_curves(2, (5,), 2)["excess_nll"]))


# --- section 2: accumulate in several dimensions ------------------------------------------------

BRACKETS = [
    (2, 9.0, 0.5, 9),
    (2, 0.7, 0.9, 1),
    (3, 2.0, 0.5, 9),
    (3, 1.3, 0.6, 2),
    (3, 5.0, 1.0, 0),
]


@pytest.mark.parametrize("ddof", [0, 1])
def test_one_dimension_reduces_to_the_double_integral(ddof: int) -> None:
    schedule = (5, 2, 9)
    by_laplace = wishart.accumulate_curves(1, schedule, 5, ddof=ddof, tau=0.6)
    by_area = accumulate_curves(schedule, 5, ddof=ddof, tau=0.6)
    for name, values in by_area.items():
        np.testing.assert_allclose(by_laplace[name], values, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("dim", "kept", "between", "df"), BRACKETS)
def test_trace_of_the_inverse_is_the_slope_of_the_log_determinant(
    dim: int, kept: float, between: float, df: int
) -> None:
    """d/da log det(aI + M) = tr (aI + M)^-1; central differences have error of order h^2/a^2."""
    h = 1e-4 * kept
    above = wishart.expectations(dim, kept + h, between, df).log_det
    below = wishart.expectations(dim, kept - h, between, df).log_det
    inverse = wishart.expectations(dim, kept, between, df).trace_inverse
    assert (above - below) / (2 * h) == pytest.approx(inverse, rel=2e-8)


@pytest.mark.parametrize(("dim", "kept", "df"), [(2, 3.0, 4), (3, 1.5, 2), (3, 6.0, 7)])
def test_one_more_row_is_one_more_degree_of_freedom(dim: int, kept: float, df: int) -> None:
    """With b = 1, W + eta eta' is a Wishart matrix of df + 1 rows; its rows are exchangeable."""
    joined = wishart.expectations(dim, kept, 1.0, df)
    whole = wishart.expectations(dim, kept, 0.0, df + 1)
    assert joined.log_det == pytest.approx(whole.log_det, rel=1e-12)
    assert joined.trace_inverse == pytest.approx(whole.trace_inverse, rel=1e-12)
    rows = (dim - kept * whole.trace_inverse) / (df + 1)
    assert joined.quadratic_inverse == pytest.approx(rows, rel=1e-12)


@pytest.mark.parametrize(("dim", "kept", "between", "df"), BRACKETS)
def test_integrals_agree_with_sampled_matrices(
    dim: int, kept: float, between: float, df: int
) -> None:
    exact = wishart.expectations(dim, kept, between, df)
    sampled = wishart.monte_carlo(dim, kept, between, df, replicates=40_000, seed=7)
    for name, (mean, error) in sampled.items():
        assert abs(mean - getattr(exact, name)) < Z_LIMIT * error


# --- section 3: inflation -----------------------------------------------------------------------


def test_subsample_inflation_has_the_printed_values() -> None:
    v = inflation("accumulate_subsample", (6,), 20)
    printed = {1: 1, 2: 1.75, 3: 2.0833, 5: 2.3908, 10: 2.6493, 20: 2.7885}
    assert {t: round(float(v[t]), 4) for t in printed} == printed
    for t in range(1, 21):
        tail = sum((2 - Fraction(1, s - 1)) / s**2 for s in range(2, t + 1))
        assert v[t] == 2 - Fraction(1, t) + tail
    assert inflation("accumulate_subsample", (6,), 1, replacement=True)[1] == 2


def test_pooled_inflation_has_the_printed_closed_forms() -> None:
    n = (6, 4, 9, 5)
    pools = [sum(n[: s + 1]) for s in range(4)]
    replace, accumulate = inflation("replace", n, 4), inflation("accumulate", n, 4)
    assert replace[4] == sum(Fraction(n[0], rows) for rows in n)
    assert accumulate[4] == sum(
        Fraction(n[0] * rows, pool**2) for rows, pool in zip(n, pools, strict=True)
    )
    anchored = inflation("anchored", (6,), 6, n_real=6)
    assert anchored[6] == Fraction(4, 3) - Fraction(1, 3 * 4**5)


def test_windows_inflate_linearly() -> None:
    for window in (2, 3):
        v = inflation("sliding_window", (6,), 40, window=window)
        assert float(v[40] - v[39]) == pytest.approx(4 / (window + 1) ** 2, abs=1e-6)


def test_fresh_inflation_has_the_printed_limits() -> None:
    """V(w) = [w^2 + (1-w)^2 k]/(w (2-w)) with k = n_r/n_s; pooled (1+k)/(2+k)."""
    w, k = 0.25, 2
    weighted = inflation("fresh", (1, 6), 60, n_real=12, weight=Fraction(w))
    assert float(weighted[60]) == pytest.approx((w**2 + (1 - w) ** 2 * k) / (w * (2 - w)))
    pooled = inflation("fresh", (1, 6), 40, n_real=12)
    assert float(pooled[40]) == pytest.approx((1 + k) / (2 + k))
