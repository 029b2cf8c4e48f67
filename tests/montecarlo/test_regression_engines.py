"""The engines of the regression chain against each other: three codes for one law.

Rows and statistics have one law: Kolmogorov-Smirnov tests of the error at single generations. The
mean over label noise has their mean: two-sample z-tests against the rows, where the error has a
variance. Fewer than 2,000 tests in all, each failing falsely with probability 1e-6/2000. With
4,000 runs an engine is caught with probability 0.999 if a mean is off by 0.2 standard deviations
of one run.
"""

import numpy as np
import pytest
from scipy.stats import ks_2samp, norm

from montecarlo.regression import simulate
from tests.montecarlo.regression_cases import FITS, Sizes, chain, subsamples, table, workflows
from theory.workflow import Workflow

RUNS = 4_000
TESTS = 2_000
Z_LIMIT = float(norm.isf(1e-6 / TESTS / 2))
GENERATIONS = 3
SCHEDULE = (12, 10, 15)

# Fits to fewer rows than features: 3 of 14, and 9 of 14 in the end, so that variances are finite.
CASES = [
    pytest.param(dim, n, design, fit, id=f"{dim}-{n}-{design}-{fit}")
    for dim, sizes in ((3, (SCHEDULE, 12)), (14, (3,)))
    for n in sizes
    for design in ("fresh", "reused", "table")
    for fit in FITS
    if design == "fresh" or (isinstance(n, int) and (design == "reused" or n >= dim))
]


def error(dim: int, n: Sizes, design: str, fit: str, workflow: Workflow, method: str) -> np.ndarray:
    """Errors at generations 1..T, axes (replicate, generation - 1)."""
    spec = chain(dim, "fresh" if design == "fresh" else "reused", fit)
    given = table(int(np.max(n)), dim) if design == "table" else None
    seed = {"rows": 21, "statistics": 22, "rao-blackwell": 23}[method]
    runs = simulate(
        spec, workflow, GENERATIONS, seed=seed, replicates=RUNS, method=method, design=given
    )
    return runs.excess_test_error[:, 1:]


def assert_same_mean(one: np.ndarray, other: np.ndarray) -> None:
    gap = one.mean(axis=0) - other.mean(axis=0)
    spread = np.hypot(one.std(axis=0), other.std(axis=0)) / np.sqrt(RUNS)
    assert (np.abs(gap) < Z_LIMIT * spread).all(), gap / spread


@pytest.mark.parametrize(("dim", "n", "design", "fit"), CASES)
def test_engines_have_the_same_law(dim: int, n: Sizes, design: str, fit: str) -> None:
    for workflow in workflows(n).values():
        rows, statistics, conditional = (
            error(dim, n, design, fit, workflow, method)
            for method in ("rows", "statistics", "rao-blackwell")
        )
        for t in (0, GENERATIONS - 1):
            p = ks_2samp(rows[:, t], statistics[:, t], method="asymp").pvalue
            assert p > 1e-6 / TESTS, (workflow, t + 1)
        assert_same_mean(rows, conditional)


@pytest.mark.parametrize(("dim", "n", "design", "fit"), CASES)
def test_the_mean_over_label_noise_is_the_mean_of_a_subsample_too(
    dim: int, n: Sizes, design: str, fit: str
) -> None:
    for workflow in subsamples(n).values():
        rows, conditional = (
            error(dim, n, design, fit, workflow, method) for method in ("rows", "rao-blackwell")
        )
        assert_same_mean(rows, conditional)


@pytest.mark.parametrize("dim", [2, 4])
@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5])
def test_few_rows_have_the_same_law_in_both_engines(rows: int, dim: int) -> None:
    """d - 1, d and d + 1 rows: means are infinite, every run is finite, and the law agrees."""
    spec = chain(dim, "fresh", "least-squares")
    for workflow in (Workflow.replace(rows), Workflow.accumulate(rows), Workflow.fresh(rows, 1)):
        one, other = (
            simulate(spec, workflow, 3, seed=seed, replicates=RUNS, method=method).excess_test_error
            for seed, method in ((31, "rows"), (32, "statistics"))
        )
        assert np.isfinite(one).all()
        assert np.isfinite(other).all()
        for t in (1, 3):
            p = ks_2samp(one[:, t], other[:, t], method="asymp").pvalue
            assert p > 1e-6 / TESTS, (workflow, t)
