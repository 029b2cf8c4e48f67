"""Timings of the kernel-density engine and of what one would write with scikit-learn and NumPy."""

from functools import partial

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import kde

WORK = {
    "engine, 500 points": partial(kde.likelihood_engine, replicates=1),
    "log density, n=1,000 at 500 points": partial(kde.densities, 1, kde.BANDWIDTH),
    "score_samples, n=1,000 at 500 points": partial(kde.score_samples, 1, kde.BANDWIDTH),
    "exact errors, three workflows, T=100": kde.exact_errors,
    "engine, moments": partial(kde.moments_engine, replicates=64),
    "vectorised NumPy, moments": partial(kde.moments_numpy, replicates=64),
}


@pytest.mark.benchmark(group="kernel density")
@pytest.mark.parametrize("name", WORK)
def test_kernel_density(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark.pedantic(WORK[name], rounds=3, warmup_rounds=1)
