"""Timings of training and sampling against bare PyTorch and plain `generate`."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

pytest.importorskip("torch", reason="the extra lm is not installed")

from benchmarks import language  # noqa: E402

WORK = {
    "training, our loop": language.ours,
    "training, bare PyTorch": language.bare,
    "sampling, inverse cumulative softmax": language.inverted,
    "sampling, plain generate": language.generated,
}


@pytest.mark.benchmark(group="lm")
@pytest.mark.parametrize("name", WORK)
def test_language(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark.pedantic(WORK[name], rounds=3, warmup_rounds=1)
