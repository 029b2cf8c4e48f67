"""Timings of the theory; the limits it should keep are in the table that follows."""

import warnings

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import workloads


@pytest.mark.benchmark(group="theory, d=10, T=1,000, all fields")
@pytest.mark.parametrize("name", workloads.WORKFLOWS)
def test_curves(benchmark: BenchmarkFixture, name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the inverses of replace overflow to their infinities
        benchmark.pedantic(workloads.theory, (workloads.WORKFLOWS[name], 1000), rounds=3)
