"""Timings of the linear-regression engines and of what one would write in NumPy.

Each piece of work is another number of fits (``fits``); the ratios are in the table that follows.
"""

from collections.abc import Callable
from functools import partial

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import regression
from benchmarks.workloads import BLOCK, GENERATIONS

ONE_DESIGN = {
    "engine-1-thread": (partial(regression.reused_engine, GENERATIONS), regression.DESIGNS),
    "literal-loop-normal-equations": (
        partial(regression.reused_loop, GENERATIONS, "normal equations"), 2,
    ),
    "literal-loop-lstsq": (partial(regression.reused_loop, GENERATIONS, "lstsq"), 2),
    "variates-only": (partial(regression.reused_variates, GENERATIONS), regression.DESIGNS),
}  # fmt: skip
NEW_ROWS = {
    "engine-1-thread": (regression.fresh_engine, regression.RUNS),
    "rao-blackwell": (regression.averaged_engine, regression.RUNS),
    "vectorised-numpy": (regression.fresh_numpy, BLOCK // 4),
}


def time(benchmark: BenchmarkFixture, work: Callable[[], None], replicates: int) -> None:
    benchmark.extra_info["fits"] = replicates * GENERATIONS
    benchmark.pedantic(work, rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="regression, one design, accumulate, d=10, n=1,000, T=10")
@pytest.mark.parametrize("name", ONE_DESIGN)
def test_one_design(benchmark: BenchmarkFixture, name: str) -> None:
    time(benchmark, *ONE_DESIGN[name])


@pytest.mark.benchmark(group="regression, new rows, d=10, n=1,000, T=10")
@pytest.mark.parametrize("name", NEW_ROWS)
@pytest.mark.parametrize("workflow", regression.FRESH)
def test_new_rows(benchmark: BenchmarkFixture, name: str, workflow: str) -> None:
    work, replicates = NEW_ROWS[name]
    time(benchmark, partial(work, workflow, 1000), replicates)


@pytest.mark.benchmark(group="regression, accumulate-subsample, d=10, n=m=32, T=10")
@pytest.mark.parametrize("method", ["rows", "rao-blackwell"])
def test_single_rows(benchmark: BenchmarkFixture, method: str) -> None:
    time(benchmark, partial(regression.subsample_engine, method), BLOCK)
