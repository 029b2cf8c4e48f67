"""Timings of the literal engine of the Gaussian chain and of what one would write in NumPy.

Each piece of work is another number of fits (``fits``); the ratios are in the table that follows.
"""

from collections.abc import Callable
from functools import partial

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import workloads
from benchmarks.workloads import BLOCK, GENERATIONS, LONG

ROWS = {
    "engine-1-thread": (workloads.engine, 4 * BLOCK * GENERATIONS),
    "engine-2-threads": (partial(workloads.engine, threads=2), 4 * BLOCK * GENERATIONS),
    "literal-loop": (workloads.literal_loop, 100 * GENERATIONS),
    "vectorised-numpy": (workloads.vectorised, BLOCK * GENERATIONS),
    "normals-only": (workloads.variates, 4 * BLOCK * GENERATIONS),
}
SMALL = {
    "engine-1-thread": (workloads.engine_small, 8 * BLOCK * LONG),
    "vectorised-numpy": (workloads.vectorised_small, 8 * BLOCK * LONG),
    "normals-only": (workloads.variates_small, 8 * BLOCK * LONG),
}
SUBSAMPLE = {
    "engine-1-thread": (workloads.engine_subsample, BLOCK * LONG),
    "numpy-loop": (workloads.subsample_loop, 50 * LONG),
    "numpy-all-runs": (workloads.subsample_vectorised, BLOCK * LONG),
    "variates-only": (workloads.variates_subsample, BLOCK * LONG),
}


def time(benchmark: BenchmarkFixture, work: Callable[[], None], fits: int) -> None:
    benchmark.extra_info["fits"] = fits
    benchmark.pedantic(work, rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="replace, d=10, n=100")
@pytest.mark.parametrize("name", ROWS)
def test_rows(benchmark: BenchmarkFixture, name: str) -> None:
    time(benchmark, *ROWS[name])


@pytest.mark.benchmark(group="replace, d=1, n=2")
@pytest.mark.parametrize("name", SMALL)
def test_small_rows(benchmark: BenchmarkFixture, name: str) -> None:
    time(benchmark, *SMALL[name])


@pytest.mark.benchmark(group="accumulate-subsample, d=1, n=100, T=100")
@pytest.mark.parametrize("name", SUBSAMPLE)
def test_subsample(benchmark: BenchmarkFixture, name: str) -> None:
    time(benchmark, *SUBSAMPLE[name])
