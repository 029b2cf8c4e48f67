"""Timings of the statistics engine of the Gaussian chain and of what one would write in NumPy.

Each piece of work is another number of fits (``fits``); the ratios are in the table that follows.
"""

from collections.abc import Callable
from functools import partial

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import workloads
from benchmarks.workloads import (
    EVERY_FIELD,
    GENERATIONS,
    LEAN,
    LINE_FIELDS,
    LINE_RUNS,
    LONG,
    SPACE_RUNS,
)

LINE = {
    "engine-1-thread": (partial(workloads.line_engine, 100, LINE_FIELDS), LINE_RUNS * LONG),
    "engine-two-fields": (partial(workloads.line_engine, 100, LEAN), LINE_RUNS * LONG),
    "literal-loop": (partial(workloads.line_loop, 100, LINE_FIELDS), 20 * LONG),
    "vectorised-numpy": (partial(workloads.line_numpy, 100, LINE_FIELDS), LINE_RUNS * LONG),
    "variates-only": (partial(workloads.line_variates, 100), LINE_RUNS * LONG),
}
SPACE = {
    "engine-1-thread": (partial(workloads.space_engine, fields=EVERY_FIELD), SPACE_RUNS),
    "engine-two-fields": (partial(workloads.space_engine, fields=LEAN), SPACE_RUNS),
    "vectorised-numpy": (partial(workloads.space_numpy, fields=EVERY_FIELD), SPACE_RUNS),
}


def time(benchmark: BenchmarkFixture, work: Callable[[], None], fits: int) -> None:
    benchmark.extra_info["fits"] = fits
    benchmark.pedantic(work, rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="statistics, replace, d=1, n=100, T=100")
@pytest.mark.parametrize("name", LINE)
def test_line(benchmark: BenchmarkFixture, name: str) -> None:
    time(benchmark, *LINE[name])


@pytest.mark.benchmark(group="statistics, d=10, n=1,000")
@pytest.mark.parametrize("name", SPACE)
@pytest.mark.parametrize("workflow", workloads.SPACE)
def test_space(benchmark: BenchmarkFixture, name: str, workflow: str) -> None:
    work, replicates = SPACE[name]
    time(benchmark, partial(work, workflow, 1000, GENERATIONS), replicates * GENERATIONS)


@pytest.mark.benchmark(group="statistics, accumulate, d=10, n=1,000, T=20, every row")
def test_every_row(benchmark: BenchmarkFixture) -> None:
    time(benchmark, partial(workloads.accumulate_loop, 1000, 20, EVERY_FIELD), 2 * 20)
