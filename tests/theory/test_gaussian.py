"""Every curve of the Gaussian chain: against the oracles, in its limits and where it is infinite.

Tolerances: the oracles are good to about 1e-12, so values agree to 1e-11 of 1 + |value|. Simulated
means are compared by z-scores, with a false-fail probability of 1e-9 each (normal approximation)
and fewer than a hundred comparisons a test; a discrepancy of 9.2 standard errors is missed with
probability 1e-3.
"""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm

from tests.oracles import gaussian_quadrature, literal, wishart
from tests.oracles.chi_square import chi_square_rule
from tests.strategies import GENERATIONS, Case, chain_cases, covariances, schedules, temperatures
from theory.curve import Kind
from theory.gaussian import FIELDS, GaussianChain, available, curves, product
from theory.workflow import UnsupportedWorkflow, Workflow

Array = NDArray[np.float64]

Z_LIMIT = float(norm.isf(1e-9 / 2))
COVARIANCES = {
    1: np.array([[2.5]]),
    2: np.array([[2.0, 0.6], [0.6, 0.5]]),
    3: np.diag([2.0, 0.5, 0.1]) + 0.05,
    5: np.diag([4.0, 2.0, 1.0, 0.5, 0.25]) + 0.1,
}
EITHER = ("replace", "accumulate")


def workflow_of(kind: str, n: Any) -> Workflow:
    return Workflow.parse(kind, n=n)


def assert_close(found: Any, exact: Any, tolerance: float = 1e-11) -> None:
    np.testing.assert_allclose(found, exact, rtol=tolerance, atol=tolerance)


# --- against the oracles ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dim", "n", "ddof", "tau"),
    [
        (1, (8,), 0, 1.0),
        (1, (7, 5, 12), 1, 0.75),
        (2, (9,), 1, 1.0),
        (2, (5, 12, 8), 0, 0.5),
        (3, (11, 8), 0, 0.9),
        (5, (14,), 1, 1.0),
        (5, (300, 9), 1, 0.25),
    ],
)
def test_replace_has_the_integrated_curves(
    dim: int, n: tuple[int, ...], ddof: int, tau: float
) -> None:
    oracle = gaussian_quadrature.replace_curves(dim, n, 6, ddof=ddof, tau=tau)
    found = curves(GaussianChain(dim, ddof, tau, COVARIANCES[dim]), Workflow.replace(n), 6)
    for name, values in oracle.items():
        assert_close(found[name], values)
        assert found[name].kind is Kind.EXACT


@pytest.mark.parametrize(
    ("dim", "n", "ddof", "tau"),
    [
        (1, (8,), 0, 1.0),
        (1, (7, 2, 12), 1, 0.75),
        (2, (9,), 1, 1.0),
        (2, (6, 2, 1, 30), 0, 0.5),
        (3, (11, 2, 8), 0, 0.9),
        (3, (6,), 1, 1.0),
        (3, (100, 3), 1, 0.25),
    ],
)
def test_accumulate_has_the_integrated_curves(
    dim: int, n: tuple[int, ...], ddof: int, tau: float
) -> None:
    oracle = wishart.accumulate_curves(dim, n, 6, ddof=ddof, tau=tau)
    if dim == 1:
        by_area = gaussian_quadrature.accumulate_curves(n, 6, ddof=ddof, tau=tau)
        oracle = {**by_area, "determinant_ratio": oracle["trace_ratio"]}
    found = curves(GaussianChain(dim, ddof, tau, COVARIANCES[dim]), Workflow.accumulate(n), 6)
    for name, values in oracle.items():
        assert_close(found[name], values)
        assert found[name].kind is Kind.EXACT


@pytest.mark.parametrize("kind", EITHER)
@pytest.mark.parametrize("dim", [1, 2, 3, 5])
@pytest.mark.parametrize(("n", "ddof", "tau"), [((7,), 1, 1.0), ((5, 2, 9), 0, 0.6)])
def test_covariance_error_is_the_propagated_tensor(
    kind: str, dim: int, n: tuple[int, ...], ddof: int, tau: float
) -> None:
    covariance = COVARIANCES[dim]
    oracle = gaussian_quadrature.covariance_error(kind, covariance, n, 6, ddof=ddof, tau=tau)
    chain = GaussianChain(dim, ddof, tau, covariance)
    assert_close(curves(chain, workflow_of(kind, n), 6).covariance_error, oracle)


def test_accumulate_has_the_printed_test_nll() -> None:
    printed = [1.59437, 1.64014, 1.66196, 1.67477, 1.68321, 1.68919, 1.69366, 1.69712]
    excess = curves(GaussianChain(1, ddof=0), Workflow.accumulate(10), 8).excess_nll
    assert (excess[1:] + 1.418939).round(5).tolist() == printed


def test_unbiased_replace_keeps_the_mean_and_walks_away() -> None:
    """E Sigma_t = Sigma_0, mean error t/n, E tr Sigma^-1 = r^t, r = (n-1)/(n-d-2), by hand."""
    n, dim, r = 12, 3, 11 / 7
    t = np.arange(21)
    found = curves(GaussianChain(dim), Workflow.replace(n), 20)
    assert_close(found.trace_ratio, np.ones(21))
    assert_close(found.mean_error, t / n)
    assert_close(found.precision_ratio, r**t)
    distance = [dim / n * sum(r**s for s in range(1, k + 1)) for k in t]
    assert_close(found.mahalanobis_error, distance)
    assert_close(found.determinant_ratio, (11 * 10 * 9 / 11**3) ** t)


def test_the_spread_of_a_collapsed_run_keeps_its_relative_precision() -> None:
    """Replace, ddof 0, n = 10: E sigma_t^2 = 0.9^t, and std^2 = E sigma_t^2 - (E sigma_t)^2."""
    t = np.arange(401)
    found = curves(GaussianChain(1, ddof=0), Workflow.replace(10), 400)
    root = math.exp(math.lgamma(5) - math.lgamma(4.5)) * math.sqrt(2 / 10)
    np.testing.assert_allclose(found.trace_ratio, 0.9**t, rtol=1e-10)
    std = np.sqrt(0.9**t - root ** (2.0 * t))
    np.testing.assert_allclose(found.spread_ratio.std, std, rtol=1e-8)


def test_what_coincides_with_replace_or_accumulate_has_all_its_curves() -> None:
    n, chain = (9, 4, 7), GaussianChain(2, temperature=0.5)
    pool = Workflow.accumulate(n).pool_size(5)
    twins = [
        (Workflow.replace(n), Workflow.sliding_window(n, 1)),
        (Workflow.accumulate(n), Workflow.sliding_window(n, 5)),
        (Workflow.accumulate(n), Workflow.accumulate_subsample(n, pool)),
    ]
    for original, twin in twins:
        expected, found = curves(chain, original, 5), curves(chain, twin, 5)
        assert found.fields == expected.fields
        for name in found.fields:
            assert_close(found[name], expected[name], 1e-14)


# --- against rows -------------------------------------------------------------------------------


def z_scores(samples: Array, exact: Array) -> Array:
    """z of the mean over axis 0 against `exact`, generations 1 and later."""
    error = samples.std(axis=0, ddof=1) / math.sqrt(len(samples))
    scores: Array = ((samples.mean(axis=0) - exact) / np.where(error > 0, error, 1.0))[1:]
    return scores


@pytest.mark.parametrize("kind", EITHER)
def test_literal_runs_have_every_mean_and_lie_between_the_bounds(kind: str) -> None:
    """Three dimensions, cold; 16 rows, so that inverses have fourth moments. W2 between bounds."""
    n, tau, generations = (16, 14), 0.75, 3
    runs = literal.simulate(
        kind, n, generations, seed=31, replicates=900, dim=3, covariance=COVARIANCES[3], tau=tau
    )
    found = curves(GaussianChain(3, 0, tau, COVARIANCES[3]), workflow_of(kind, n), generations)
    for name in set(found.fields) & set(runs):
        assert abs(z_scores(runs[name], found[name].values)).max() < Z_LIMIT, name
    wasserstein = runs["wasserstein"]
    assert (z_scores(wasserstein, found.wasserstein_lower.values) > -Z_LIMIT).all()
    assert (z_scores(wasserstein, found.wasserstein_upper.values) < Z_LIMIT).all()
    assert (found.wasserstein_lower.values <= found.wasserstein_upper.values).all()
    assert found.wasserstein_lower.kind is Kind.LOWER
    assert found.wasserstein_upper.kind is Kind.UPPER


@pytest.mark.parametrize(
    "workflow",
    [
        Workflow.accumulate_subsample((9, 5), 6),
        Workflow.accumulate_subsample((9, 5), 6, True),
        Workflow.sliding_window((9, 5), 2),
        Workflow.anchored(9, 5),
        Workflow.fresh(9, 5),
    ],
    ids=str,
)
def test_literal_runs_have_the_means_of_every_other_workflow(workflow: Workflow) -> None:
    """And W2 is above its lower bound."""
    options = {
        "n_real": workflow.n_real,
        "window": workflow.window,
        "budget": workflow.budget,
        "replacement": workflow.replacement,
    }
    runs = literal.simulate(
        workflow.kind.value.replace("-", "_"), workflow.schedule, 3, seed=32, replicates=500, dim=2,
        covariance=COVARIANCES[2], ddof=1, tau=0.75, **options,
    )  # fmt: skip
    found = curves(GaussianChain(2, 1, 0.75, COVARIANCES[2]), workflow, 3)
    assert found.fields == ("mean_error", "trace_ratio", "wasserstein_lower")
    for name in ("mean_error", "trace_ratio"):
        assert abs(z_scores(runs[name], found[name].values)).max() < Z_LIMIT, name
    assert (z_scores(runs["wasserstein"], found.wasserstein_lower.values) > -Z_LIMIT).all()


def many_runs(
    kind: str, n: tuple[int, ...], chain: GaussianChain, generations: int, *, replicates: int
) -> tuple[Array, Array]:
    """Mean errors and trace ratios, axes (replicate, generation): every run at once, row by row."""
    rng = np.random.default_rng(33)
    dim, truth = chain.dim, chain.matrix
    mean = np.zeros((replicates, 1, dim))
    root = np.broadcast_to(np.linalg.cholesky(truth), (replicates, dim, dim))
    pool = np.empty((replicates, 0, dim))
    errors, traces = [np.zeros(replicates)], [np.ones(replicates)]
    for t in range(generations):
        rows = n[min(t, len(n) - 1)]
        scale = math.sqrt(chain.temperature) if t else 1.0
        noise = rng.standard_normal((replicates, rows, dim))
        new = mean + scale * noise @ root.swapaxes(1, 2)
        pool = np.concatenate([pool, new], axis=1) if kind == "accumulate" else new
        mean = pool.mean(axis=1, keepdims=True)
        centred = pool - mean
        fitted = centred.swapaxes(1, 2) @ centred / (pool.shape[1] - chain.ddof)
        root = np.linalg.cholesky(fitted)
        errors.append((mean[:, 0] ** 2).sum(axis=1) / truth.trace())
        traces.append(np.trace(fitted, axis1=1, axis2=2) / truth.trace())
    return np.array(errors).T, np.array(traces).T


@pytest.mark.parametrize("kind", EITHER)
@pytest.mark.parametrize(("ddof", "tau"), [(0, 0.6), (1, 1.0)])
def test_standard_deviations_are_those_of_one_run(kind: str, ddof: int, tau: float) -> None:
    """Mean squared deviations from the exact mean, 100,000 runs, d = 2: resolves 3 % of a std."""
    n, chain = (12, 9), GaussianChain(2, ddof, tau, COVARIANCES[2])
    found = curves(chain, workflow_of(kind, n), 3)
    runs = many_runs(kind, n, chain, 3, replicates=100_000)
    for name, sample in zip(("mean_error", "trace_ratio"), runs, strict=True):
        std = found[name].std
        assert std is not None
        squares = (sample - found[name].values) ** 2
        assert abs(z_scores(sample, found[name].values)).max() < Z_LIMIT
        assert abs(z_scores(squares, std**2)).max() < Z_LIMIT, name


def exact_tensors(
    kind: str, covariance: Array, n: tuple[int, ...], generations: int, *, ddof: int, tau: float
) -> tuple[Array, Array]:
    """E delta_i delta_j delta_k delta_l and E Sigma_ij Sigma_kl for t = 0..generations.

    delta = mu_t - mu_0 moves by g R eta and Sigma_t = R (a I + tau (W + b eta eta')) R / D, with R
    the root of the Sigma before. Every tensor is kept whole; Isserlis gives the products of four
    normals, and odd powers of eta vanish.
    """
    both = np.einsum("ij,kl->ijkl", covariance, covariance)  # E Sigma Sigma
    shift = np.zeros_like(both)  # E delta_i delta_j Sigma_kl
    fourth = np.zeros_like(both)
    history = [(fourth, both)]
    for step in gaussian_quadrature.gaussian_steps(kind, n, generations, ddof=ddof, tau=tau):
        swapped = both.transpose(0, 2, 1, 3) + both.transpose(0, 2, 3, 1)
        pairs = [(0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 1, 2), (1, 2, 0, 3), (1, 3, 0, 2), (2, 3, 0, 1)]
        placed = sum(shift.transpose(np.argsort(axes)) for axes in pairs)
        fourth = fourth + step.mean_step * placed + step.mean_step**2 * (both + swapped)
        kept = (step.kept + step.tau * step.df) / step.divisor
        joint = kept * both + step.tau * step.between / step.divisor * (both + swapped)
        shift = step.trace_factor * shift + step.mean_step * joint
        noise = step.tau**2 * (step.df + step.between**2) / step.divisor**2
        both = step.trace_factor**2 * both + noise * swapped
        history.append((fourth, both))
    fourths, squares = zip(*history, strict=True)
    return np.array(fourths), np.array(squares)


@pytest.mark.parametrize("kind", EITHER)
@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize(("n", "ddof", "tau"), [((7,), 1, 1.0), ((5, 2, 9), 0, 0.6)])
def test_standard_deviations_are_those_of_the_propagated_tensors(
    kind: str, dim: int, n: tuple[int, ...], ddof: int, tau: float
) -> None:
    sigma = COVARIANCES[dim]
    fourths, squares = exact_tensors(kind, sigma, n, 6, ddof=ddof, tau=tau)
    found = curves(GaussianChain(dim, ddof, tau, sigma), workflow_of(kind, n), 6)
    for curve, second in (
        (found.mean_error, np.einsum("tiijj->t", fourths)),
        (found.trace_ratio, np.einsum("tiijj->t", squares)),
    ):
        assert curve.std is not None
        assert_close(curve.values**2 + curve.std**2, second / sigma.trace() ** 2)


@pytest.mark.parametrize("kind", EITHER)
def test_determinants_in_two_dimensions_are_traces(kind: str) -> None:
    """det S = ((tr S)^2 - tr S^2)/2."""
    n = (5, 2, 9)
    _, squares = exact_tensors(kind, np.eye(2), n, 6, ddof=1, tau=0.6)
    exact = (np.einsum("tiijj->t", squares) - np.einsum("tijij->t", squares)) / 2
    found = curves(GaussianChain(2, 1, 0.6, COVARIANCES[2]), workflow_of(kind, n), 6)
    assert_close(found.determinant_ratio, exact)


def test_determinants_in_four_dimensions_are_those_of_sampled_matrices() -> None:
    """E det M_2 of accumulate, 12 and then 5 rows: false-fail 1e-9; resolves 1 %."""
    rng, replicates, tau = np.random.default_rng(34), 200_000, 0.6
    rows, eta = rng.standard_normal((replicates, 4, 4)), rng.standard_normal((replicates, 4))
    joined = rows.swapaxes(1, 2) @ rows + 12 / 17 * eta[:, :, None] * eta[:, None, :]
    samples = np.linalg.det((11 * np.eye(4) + tau * joined) / 16)
    found = curves(GaussianChain(4, 1, tau), Workflow.accumulate((12, 5)), 2).determinant_ratio
    error = samples.std(ddof=1) / math.sqrt(replicates)
    assert abs(samples.mean() - found[2] / found[1]) < Z_LIMIT * error


def test_one_unbiased_run_has_the_printed_standard_deviation() -> None:
    """n = 10, T = 100, d = 1: the trace ratio is 1 with a standard deviation of 22,778."""
    trace = curves(GaussianChain(1), Workflow.replace(10), 100).trace_ratio
    assert trace.std is not None
    assert trace[100] == pytest.approx(1, abs=1e-12)
    assert round(trace.std[100]) == 22_778


@pytest.mark.parametrize("kind", EITHER)
def test_standard_deviations_in_one_dimension_are_integrated_ones(kind: str) -> None:
    """Var sigma^2 = E (sigma^2 - 1)^2 - (E sigma^2 - 1)^2; Var sigma = E sigma^2 - (E sigma)^2."""
    n, ddof, tau = (5, 2, 9), 1, 0.7
    oracle = (
        gaussian_quadrature.replace_curves(1, n, 5, ddof=ddof, tau=tau)
        if kind == "replace"
        else gaussian_quadrature.accumulate_curves(n, 5, ddof=ddof, tau=tau)
    )
    error = gaussian_quadrature.covariance_error(kind, np.eye(1), n, 5, ddof=ddof, tau=tau)
    found = curves(GaussianChain(1, ddof, tau), workflow_of(kind, n), 5)
    trace, spread = oracle["trace_ratio"], oracle["spread_ratio"]
    assert_close(found.trace_ratio.std, np.sqrt(np.maximum(error - (trace - 1) ** 2, 0)), 1e-7)
    assert_close(found.spread_ratio.std, np.sqrt(np.maximum(trace - spread**2, 0)), 1e-7)


def test_log_determinants_have_the_spread_of_independent_chi_squares() -> None:
    """Bartlett: log det W is a sum of log chi-squares with k, k-1, ... degrees of freedom."""
    n, dim = (9, 12), 3
    variance = [0.0]
    for rows in (9, 12, 12):
        added = 0.0
        for df in range(rows - dim, rows):
            x, weights = chi_square_rule(df)
            added += float(weights @ np.log(x) ** 2 - (weights @ np.log(x)) ** 2)
        variance.append(variance[-1] + added)
    found = curves(GaussianChain(dim, temperature=0.5), Workflow.replace(n), 3).log_det_ratio
    assert_close(found.std, np.sqrt(variance))


# --- properties ---------------------------------------------------------------------------------


@given(chain_cases(), st.sampled_from([1, 2, 3]), temperatures(), st.data())
def test_curves_are_finite_but_for_the_documented_infinities(
    ddof_and_case: tuple[int, Case], dim: int, tau: Fraction, data: st.DataObject
) -> None:
    """Never NaN. Rows <= d: det = 0 for ever. Rows <= d + 2: no mean inverse, for ever.

    Rows are those of any batch so far under replace, of batch 0 under accumulate.
    """
    ddof, case = ddof_and_case
    chain = GaussianChain(dim, ddof, float(tau), data.draw(st.none() | covariances(dim)))
    found = curves(chain, case.workflow, GENERATIONS)
    n = [case.n[min(b, len(case.n) - 1)] for b in range(GENERATIONS)]
    replacing = case.kind == "replace" or case.workflow.window == 1
    fewest = np.minimum.accumulate(n) if replacing else np.full(GENERATIONS, n[0])
    inverse = np.where(fewest <= dim + 2, math.inf, 0.0)
    infinite = {
        "log_det_ratio": np.where(fewest <= dim, -math.inf, 0.0),
        **dict.fromkeys(("precision_ratio", "mahalanobis_error", "excess_nll"), inverse),
    }
    for name in found.fields:
        values = found[name].values
        assert len(values) == GENERATIONS + 1
        expected = np.append(0.0, infinite.get(name, np.zeros(GENERATIONS)))
        np.testing.assert_array_equal(np.where(np.isinf(values), values, 0.0), expected, name)
        assert values[0] == float(name.endswith("ratio") and name != "log_det_ratio")
        std = found[name].std
        assert std is None or (len(std) == GENERATIONS + 1 and std[0] == 0)


def test_an_infinite_fit_is_never_forgotten() -> None:
    """Replace n = (3, 100), d = 1: rows <= d + 2 at t = 1, and E 1/sigma_2^2 inherits it."""
    small, large = Workflow.replace((3, 100)), Workflow.replace((100, 3, 100))
    assert curves(GaussianChain(1), small, 3).excess_nll[1:].tolist() == [math.inf] * 3
    later = curves(GaussianChain(1), large, 3).excess_nll
    assert np.isinf(later[1:]).tolist() == [False, True, True]


def test_only_the_real_batch_can_make_accumulation_infinite() -> None:
    """Later batches of a single row leave every inverse and determinant finite."""
    found = curves(GaussianChain(3), Workflow.accumulate((6, 1)), 9)
    assert np.isfinite([found.excess_nll, found.log_det_ratio, found.mahalanobis_error]).all()
    found = curves(GaussianChain(3), Workflow.accumulate((5, 100)), 3)
    assert np.isinf(found.excess_nll[1:]).all()
    assert np.isfinite(found.log_det_ratio).all()
    found = curves(GaussianChain(3), Workflow.accumulate((3, 100)), 3)
    assert (found.log_det_ratio[1:] == -math.inf).all()
    assert (found.determinant_ratio[1:] == 0).all()


def test_long_horizons_overflow_to_infinity_and_nowhere_else() -> None:
    """No NaN and no warning after 5,000 generations; the mean error is t/n all the way."""
    for dim in (1, 2):
        found = curves(GaussianChain(dim), Workflow.replace(10), 5000)
        assert found.mean_error[5000] == pytest.approx(500, rel=1e-9)
        for name in found.fields:
            assert len(found[name]) == 5001


@given(schedules(smallest=5), st.integers(0, 1), st.data())
def test_curves_do_not_depend_on_the_covariance(
    n: tuple[int, ...], ddof: int, data: st.DataObject
) -> None:
    """All but covariance_error, which depends on its shape and not on its size."""
    kind = data.draw(st.sampled_from(["replace", "accumulate", "anchored"]))
    workflow = Workflow.anchored(4, n) if kind == "anchored" else workflow_of(kind, n)
    sigma = np.array(data.draw(covariances(2)))
    white, chain, scaled = (
        curves(GaussianChain(2, ddof, 0.75, covariance), workflow, 4)
        for covariance in (None, sigma, 1e6 * sigma)
    )
    assert chain.fields == white.fields
    for name in chain.fields:
        if name != "covariance_error":
            np.testing.assert_array_equal(chain[name], white[name])
        np.testing.assert_allclose(scaled[name], chain[name], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("scale", [1e-200, 1e-100, 1e100, 1e200])
def test_units_of_the_data_do_not_matter(scale: float) -> None:
    """Not even where tr Sigma_0^2 is beyond the range of floats."""
    chain, tiny = (GaussianChain(2, covariance=s * COVARIANCES[2]) for s in (1.0, scale))
    expected, found = curves(chain, Workflow.replace(9), 3), curves(tiny, Workflow.replace(9), 3)
    for name in expected.fields:
        assert_close(found[name], expected[name])


@given(schedules(smallest=2), st.integers(0, 1), temperatures(), st.sampled_from(EITHER))
def test_bounds_hold_where_the_wasserstein_distance_is_exact(
    n: tuple[int, ...], ddof: int, tau: Fraction, kind: str
) -> None:
    """The bounds' formulas in d = 1, on either side of the exact curve."""
    found = curves(GaussianChain(1, ddof, float(tau)), workflow_of(kind, n), 6)
    mean, trace = found.mean_error.values, found.trace_ratio.values
    exact = found.wasserstein.values
    assert (mean + (1 - np.sqrt(trace)) ** 2 <= exact + 1e-12).all()
    assert (exact <= mean + found.covariance_error.values + 1e-12).all()
    assert (exact <= mean + trace + 1 - 2 * np.exp(found.log_det_ratio.values / 2) + 1e-12).all()


@pytest.mark.parametrize("kind", EITHER)
@pytest.mark.parametrize("dim", [2, 3])
@pytest.mark.parametrize("n", [(6,), (40, 9)])
def test_bounds_are_their_formulas(kind: str, dim: int, n: tuple[int, ...]) -> None:
    """Upper: the better of the chain's covariance error at Sigma_0 = I and the geometric mean."""
    oracle = (
        gaussian_quadrature.replace_curves(dim, n, 8, ddof=1, tau=0.75)
        if kind == "replace"
        else wishart.accumulate_curves(dim, n, 8, ddof=1, tau=0.75)
    )
    mean, trace = oracle["mean_error"], oracle["trace_ratio"]
    white = gaussian_quadrature.covariance_error(kind, np.eye(dim), n, 8, ddof=1, tau=0.75)
    geometric = trace + 1 - 2 * np.exp(oracle["log_det_ratio"] / (2 * dim))
    found = curves(GaussianChain(dim, 1, 0.75, COVARIANCES[dim]), workflow_of(kind, n), 8)
    assert_close(found.wasserstein_upper, mean + np.minimum(white, geometric))
    assert_close(found.wasserstein_lower, mean + (1 - np.sqrt(trace)) ** 2)


# --- what is available --------------------------------------------------------------------------


@given(chain_cases(), st.sampled_from([1, 2, 3]), st.integers(1, GENERATIONS))
def test_fields_are_exactly_those_that_do_not_raise(
    ddof_and_case: tuple[int, Case], dim: int, generations: int
) -> None:
    ddof, case = ddof_and_case
    chain = GaussianChain(dim, ddof)
    found = curves(chain, case.workflow, generations)
    there = tuple(name for name in FIELDS if hasattr(found, name))
    assert found.fields == available(chain, case.workflow, generations) == there
    assert set(available(chain, case.workflow)) & {"mean_error", "trace_ratio"}


def test_available_without_a_horizon_is_what_every_horizon_has() -> None:
    chain, window = GaussianChain(2), Workflow.sliding_window(9, 3)
    assert "log_det_ratio" in available(chain, window, 3)
    assert "log_det_ratio" not in available(chain, window, 4)
    assert available(chain, window) == ("mean_error", "trace_ratio", "wasserstein_lower")
    assert "spread_ratio" in available(GaussianChain(1), Workflow.replace(9))
    assert "spread_ratio" not in available(chain, Workflow.replace(9))


@pytest.mark.parametrize(
    ("dim", "workflow", "field", "fragments"),
    [
        (2, Workflow.replace(9), "wasserstein", ["dim=2", "dim=1 only", "wasserstein_upper"]),
        (3, Workflow.accumulate(9), "spread_ratio", ["dim=3", "dim=1 only", "log_det_ratio"]),
        (1, Workflow.fresh(9, 9), "excess_nll",
         ["fresh (n=9, n_real=9)", "replace and accumulate only", "wasserstein_lower"]),
        (1, Workflow.accumulate_subsample(9), "wasserstein",
         ["accumulate-subsample (n=9, budget=9)", "replace and accumulate only"]),
        (1, Workflow.replace(9), "wasserstein_upper", ["exact wasserstein takes its place"]),
        (2, Workflow.sliding_window(9, 2), "wasserstein_upper", ["window=2", "mean_error"]),
    ],
    ids=str,
)  # fmt: skip
def test_a_missing_field_says_where_and_what_works(
    dim: int, workflow: Workflow, field: str, fragments: list[str]
) -> None:
    found = curves(GaussianChain(dim), workflow, 5)
    with pytest.raises(UnsupportedWorkflow) as caught:
        found[field]
    for fragment in (field, *fragments):
        assert fragment in str(caught.value)
    with pytest.raises(AttributeError):
        getattr(found, field)
    assert getattr(found, field, None) is None


def test_an_unknown_field_is_a_value_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown field 'loss': choose from mean_error"):
        curves(GaussianChain(1), Workflow.replace(9), 2)["loss"]


# --- limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ddof", "tau"), [(0, 1.0), (0, 0.75), (1, 0.75)])
@pytest.mark.parametrize(
    "workflow", [Workflow.replace((9, 4, 7)), Workflow.sliding_window((9, 4, 7), 1)], ids=str
)
def test_geometric_limits_are_reached(workflow: Workflow, ddof: int, tau: float) -> None:
    """(6/7)^400 < 1e-26."""
    found = curves(GaussianChain(1, ddof, tau), workflow, 400)
    for name in ("mean_error", "trace_ratio", "spread_ratio", "wasserstein"):
        curve = found[name]
        assert curve.limit is not None
        assert curve[400] == pytest.approx(curve.limit, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("ddof", "tau"), [(0, 1.0), (0, 0.75), (1, 1.0), (1, 0.75)])
@pytest.mark.parametrize(
    "workflow",
    [Workflow.anchored(8, (9, 4, 7)), Workflow.fresh(3, (9, 4, 7)), Workflow.fresh(20, 5)],
    ids=str,
)
def test_real_rows_leave_a_fixed_point(workflow: Workflow, ddof: int, tau: float) -> None:
    """Both eigenvalues of a step are below .83: .83^400 < 1e-32."""
    found = curves(GaussianChain(3, ddof, tau), workflow, 400)
    for curve in (found.mean_error, found.trace_ratio):
        assert curve.limit is not None
        assert curve[400] == pytest.approx(curve.limit, rel=1e-12)


@pytest.mark.parametrize(
    "workflow", [Workflow.fresh(20, 5, 0.3), Workflow.sliding_window(6, 3)], ids=str
)
def test_weights_and_windows_have_limits_for_maximum_likelihood(workflow: Workflow) -> None:
    found = curves(GaussianChain(2, ddof=0), workflow, 1500)
    assert found.mean_error[1500] == pytest.approx(found.mean_error.limit, rel=1e-11)
    assert found.trace_ratio[1500] == pytest.approx(found.trace_ratio.limit, abs=1e-11)


def test_a_subsample_settles_for_maximum_likelihood() -> None:
    """c/t + O(1/t^2): one extrapolation over t = 1,000 and 2,000 leaves 1e-6."""
    found = curves(GaussianChain(2, ddof=0), Workflow.accumulate_subsample(20, 10), 2000)
    for curve in (found.mean_error, found.trace_ratio):
        assert 2 * curve[2000] - curve[1000] == pytest.approx(curve.limit, abs=1e-6)
        assert curve[2000] != pytest.approx(curve.limit, abs=1e-5)


def test_a_budget_that_no_pool_outgrows_accumulates() -> None:
    unbiased = curves(GaussianChain(1), Workflow.accumulate_subsample(5, 10**12), 2)
    whole = curves(GaussianChain(1), Workflow.accumulate(5), 2)
    assert unbiased.trace_ratio.limit == whole.trace_ratio.limit
    assert unbiased.mean_error.limit is None


def test_replace_drifts_by_two_variances_or_without_bound() -> None:
    """E W2^2 -> 2 tr Sigma_0 for maximum likelihood, infinity for the unbiased covariance."""
    plain = curves(GaussianChain(1, ddof=0), Workflow.replace(6), 2)
    unbiased = curves(GaussianChain(1), Workflow.replace(6), 2)
    assert (plain.mean_error.limit, plain.trace_ratio.limit) == (pytest.approx(1, rel=1e-14), 0)
    assert plain.wasserstein.limit == pytest.approx(2, rel=1e-14)
    assert unbiased.trace_ratio.limit == 1
    assert unbiased.mean_error.limit == unbiased.wasserstein.limit == math.inf
    assert unbiased.spread_ratio.limit == 0


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("n", [(7,), (5, 9, 2), (40, 3), (9, 1)])
def test_accumulating_settles_at_its_limit(n: tuple[int, ...], ddof: int) -> None:
    """limit + c_1/t + c_2/t^2 + ...: two Richardson steps on t = 250, 500 and 1000."""
    found = curves(GaussianChain(1, ddof), Workflow.accumulate(n), 1000)
    assert (found.mean_error.limit is None) == (ddof == 1)
    for curve in (found.trace_ratio, *([] if ddof else [found.mean_error])):
        v1, v2, v4 = curve[250], curve[500], curve[1000]
        extrapolated = (4 * (2 * v4 - v2) - (2 * v2 - v1)) / 3
        assert curve.limit == pytest.approx(extrapolated, abs=1e-6)
        assert curve.limit != pytest.approx(v4, abs=1e-6)


@pytest.mark.parametrize("n", [2, 7, 100])
def test_accumulation_after_1e5_generations_is_at_its_limit(n: int) -> None:
    """prod (1 - 1/(n k^2)) and prod (1 - 1/(k (k n - 1))), section 2: what is left is 1/(n t)."""
    k = np.arange(1.0, 100_001)
    plain = np.cumprod(1 - 1 / (n * k**2))
    unbiased = np.cumprod(np.append(1.0, 1 - 1 / (k[1:] * (k[1:] * n - 1))))
    for ddof, values in ((0, plain), (1, unbiased)):
        found = curves(GaussianChain(1, ddof), Workflow.accumulate(n), 50).trace_ratio
        assert_close(found[1:], values[:50], 1e-13)
        assert found.limit == pytest.approx(values[-1] * (1 - 1 / (n * 1e5)), rel=1e-9)
    a = n**-0.5
    limit = curves(GaussianChain(1, ddof=0), Workflow.accumulate(n), 1).trace_ratio.limit
    assert limit == pytest.approx(math.sin(math.pi * a) / (math.pi * a), rel=1e-13)


def test_cold_accumulation_decays_like_a_power() -> None:
    """E Sigma_t ~ t^-(1 - tau): the log-log slope at t = 1000, up to 1/t."""
    trace = curves(GaussianChain(1, ddof=0, temperature=0.75), Workflow.accumulate(50), 2000)
    values = trace.trace_ratio
    assert values.limit == 0
    assert math.log2(values[2000] / values[1000]) == pytest.approx(-0.25, abs=1e-3)
    assert trace.spread_ratio.limit == 0


def test_unbiased_subsampling_has_no_limit_and_others_claim_none() -> None:
    diverging = curves(GaussianChain(1), Workflow.accumulate_subsample(5), 2)
    assert diverging.mean_error.limit == diverging.trace_ratio.limit == math.inf
    cold = curves(GaussianChain(1, ddof=0, temperature=0.9), Workflow.accumulate_subsample(5), 2)
    assert cold.mean_error.limit is None


# --- many generations, many rows ----------------------------------------------------------------


@pytest.mark.parametrize(("dim", "ddof", "tau"), [(1, 0, 1.0), (2, 1, 0.3), (4, 0, 0.9)])
@pytest.mark.parametrize("n", [(9,), (7, 40, 3)])
def test_interpolated_generations_are_the_integrated_ones(
    dim: int, ddof: int, tau: float, n: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, workflow = GaussianChain(dim, ddof, tau), Workflow.accumulate(n)
    names = ("log_det_ratio", "precision_ratio", "mahalanobis_error", "excess_nll")
    quick = curves(chain, workflow, 250)
    found = {name: quick[name].values for name in names}
    monkeypatch.setattr(product, "_CHEBYSHEV", 10**6)
    direct = curves(chain, workflow, 250)
    for name in names:
        assert_close(found[name], direct[name])


@pytest.mark.parametrize("n", [10**4, 10**6, 10**9, 10**12])
@pytest.mark.parametrize("dim", [1, 3])
def test_many_rows_lose_no_precision(n: int, dim: int) -> None:
    """Excess NLL = d (d + 3)/(4 n) v_t + O(1/n^2), v_2 = 5/4, whose terms cancel to 1e-13."""
    excess = curves(GaussianChain(dim, ddof=0), Workflow.accumulate(n), 2).excess_nll
    leading = dim * (dim + 3) / 4 / n
    bound = 20 * (dim / n) ** 2 + 1e-13
    assert excess[1:] == pytest.approx([leading, 1.25 * leading], abs=bound, rel=0)
