"""Timings of the categorical engine, of numpy's multinomial and of the exact laws."""

from functools import partial

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import categorical

WORK = {
    "engine, K = n = 100,000": partial(categorical.engine, replicates=1),
    "Generator.multinomial loop": categorical.numpy_loop,
    "laws of Wright and Fisher, n = 1,000, T = 1,000": categorical.laws,
}


@pytest.mark.benchmark(group="categorical")
@pytest.mark.parametrize("name", WORK)
def test_categories(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark.pedantic(WORK[name], rounds=3, warmup_rounds=1)
