"""The statistics engine against the rows engine: two codes for one law.

Both are asked for the same chain with different seeds.  Means and standard deviations are compared
by two-sample z-tests, whole distributions by Kolmogorov-Smirnov, fewer than 2,000 tests in all,
each failing falsely with probability 1e-6/2000 (means and variances of fields with eight moments:
log-determinants, mean errors and traces).  With 20,000 runs an engine is caught with probability
0.999 if a mean is off by 0.09 standard deviations of one run, a standard deviation by some 7 %.
"""

import numpy as np
import pytest
from scipy.stats import ks_2samp, norm

from montecarlo.gaussian import simulate, transport
from montecarlo.kernels import chi_square
from theory.gaussian import GaussianChain
from theory.workflow import Workflow

RUNS = 20_000
TESTS = 2_000
Z_LIMIT = float(norm.isf(1e-6 / TESTS / 2))
COVARIANCE = ((2.0, 0.5, 0.1), (0.5, 1.0, -0.3), (0.1, -0.3, 0.7))


def half_on_the_last(t: int) -> list[float]:
    return [1.0] if t == 1 else [0.5 / (t - 1)] * (t - 1) + [0.5]


SIZES = (12, 9, 15)
WORKFLOWS = [
    Workflow.replace(SIZES),
    Workflow.accumulate(SIZES),
    Workflow.sliding_window(SIZES, 2),
    Workflow.anchored(8, SIZES),
    Workflow.fresh(8, SIZES),
    Workflow.fresh(8, SIZES, weight=0.3),
    Workflow.custom(SIZES, half_on_the_last),
]
CHAINS = [
    GaussianChain(1, ddof=0),
    GaussianChain(1, ddof=0, temperature=0.7),
    GaussianChain(3, ddof=0, temperature=0.8, covariance=COVARIANCE),
]


@pytest.mark.parametrize("chain", CHAINS, ids=["d1", "d1-cooled", "d3-general"])
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
def test_engines_have_the_same_law(workflow: Workflow, chain: GaussianChain) -> None:
    fields = ("mean_error", "trace_ratio", "log_det_ratio", "excess_nll", "covariance_error")
    one, other = (
        simulate(chain, workflow, 4, seed=seed, replicates=RUNS, fields=fields, method=method)
        for seed, method in ((21, "rows"), (22, "statistics"))
    )
    for field in fields:
        for t in (1, 2, 4):
            left, right = one[field][:, t], other[field][:, t]
            assert ks_2samp(left, right, method="asymp").pvalue > 1e-6 / TESTS, (field, t)
        if field in ("mean_error", "trace_ratio", "log_det_ratio"):
            assert np.abs(z_of_means(one[field], other[field])).max() < Z_LIMIT, field
            squares = [(x - x.mean(axis=0)) ** 2 for x in (one[field], other[field])]
            assert np.abs(z_of_means(*squares)).max() < Z_LIMIT, field


def z_of_means(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """z of the difference of means at generations 1..T, axis (generation - 1,)."""
    error = np.hypot(one.std(axis=0), other.std(axis=0)) / np.sqrt(RUNS)
    return np.asarray((one.mean(axis=0) - other.mean(axis=0))[1:] / error[1:])


@pytest.mark.parametrize("dim", [1, 2, 4])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5])
def test_few_rows_are_singular_in_both_engines(rows: int, dim: int) -> None:
    """rows <= dim: no inverse in any run; the trace of what is left has the same law."""
    one, other = (
        simulate(
            GaussianChain(dim, ddof=0), Workflow.accumulate((rows, rows)), 3, seed=seed,
            replicates=RUNS, method=method,
        )
        for seed, method in ((23, "rows"), (24, "statistics"))
    )  # fmt: skip
    for runs in (one, other):
        assert (np.isinf(runs.log_det_ratio[:, 1:]) == (rows <= dim)).all()
        assert (np.isinf(runs.excess_nll[:, 1:]) == (rows <= dim)).all()
    if rows == 1:
        for runs in (one, other):
            assert (runs.trace_ratio[:, 1:] == 0).all()
        return
    for t in (1, 3):
        for field in ("mean_error", "trace_ratio", "wasserstein"):
            p = ks_2samp(one[field][:, t], other[field][:, t], method="asymp").pvalue
            assert p > 1e-6 / TESTS, (field, t)


@pytest.mark.parametrize("dim", [1, 2, 3, 10, 30])
@pytest.mark.parametrize("lanes", [1, 2, 13])
def test_nuclear_norms_are_those_of_the_singular_values(dim: int, lanes: int) -> None:
    """Lower triangles side by side: their rows span 0 to 150 decades, and some are singular.

    Both sums are of non-negative numbers, each off by some d eps of the largest at most.
    """
    rng = np.random.default_rng(dim)
    factors = np.tril(rng.standard_normal((lanes + 1, dim, dim)))
    for lane, factor in enumerate(factors):
        factor *= np.logspace(0, -(0, 8, 150)[lane % 3], dim)[:, None]
        factor[:, max(1, dim - lane % 4) :] = 0.0
    factors[lanes] = np.nan  # not asked for
    found = transport.nuclear_norms(np.ascontiguousarray(np.moveaxis(factors, 0, 2)), lanes)
    expected = np.linalg.svd(factors[:lanes], compute_uv=False).sum(axis=1)
    eps = np.finfo(np.float64).eps
    np.testing.assert_allclose(found[:lanes], expected, rtol=8 * dim * eps)


@pytest.mark.parametrize("dim", [2, 3, 10])
def test_a_nuclear_norm_does_not_depend_on_its_neighbours(dim: int) -> None:
    """Bit by bit, though those beside it take more rotations or fewer."""
    rng = np.random.default_rng(dim)
    factors = np.tril(rng.standard_normal((64, dim, dim))) * np.logspace(0, -3, dim)[:, None]
    together = transport.nuclear_norms(np.ascontiguousarray(np.moveaxis(factors, 0, 2)), 64)
    alone = [transport.nuclear_norms(factor[:, :, None].copy(), 1)[0] for factor in factors]
    np.testing.assert_array_equal(together, alone)


def test_a_gamma_variate_has_the_bits_of_the_librarys() -> None:
    for degrees in (4, 5, 9, 100, 1001):
        ours, theirs = (np.random.Generator(np.random.SFC64(degrees)) for _ in range(2))
        for _ in range(2000):
            assert chi_square(ours, degrees) == 2.0 * theirs.standard_gamma(0.5 * degrees)
