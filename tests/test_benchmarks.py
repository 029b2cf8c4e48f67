"""The competitors in the benchmarks simulate the chain that they are said to simulate.

Means over runs are compared by z-scores of at most 6: a comparison fails falsely with probability
2e-9 (normal approximation) and some 300 are made, so the file fails falsely less than once in 1e6.
A mean that is off by 9.1 standard errors is missed with probability 1e-3.
"""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import SFC64, Generator
from numpy.typing import NDArray

from benchmarks import measure, twins, workloads
from montecarlo.gaussian import simulate
from theory.gaussian import GaussianChain, available, curves
from theory.workflow import Workflow

Array = NDArray[np.float64]

Z_LIMIT = 6.0
N, DIM, T = 30, 3, 4
REPLACE, ACCUMULATE = Workflow.replace(N), Workflow.accumulate(N)
FEW, MANY = 300, 10_000  # runs of a loop, and of all runs at once


def stream(seed: int) -> Generator:
    return Generator(SFC64(seed))


# Twin, arguments after the generations, runs, dimension, workflow.
STATISTICS = {
    "line_loop": (twins.line_loop, (N,), FEW, 1, REPLACE),
    "line_statistics": (twins.line_statistics, (N,), MANY, 1, REPLACE),
    "replace_statistics": (twins.replace_statistics, (N, DIM), MANY, DIM, REPLACE),
    "accumulate_loop": (twins.accumulate_loop, (N, DIM), FEW, DIM, ACCUMULATE),
    "accumulate_statistics": (twins.accumulate_statistics, (N, DIM), MANY, DIM, ACCUMULATE),
}
SUMS: dict[str, tuple[Callable[[Generator, int], float], int, Workflow]] = {
    "replace_loop": (lambda rng, runs: twins.replace_loop(rng, runs, T, N, DIM), DIM, REPLACE),
    "replace_vectorised": (
        lambda rng, runs: twins.replace_vectorised(rng, runs, T, N, DIM), DIM, REPLACE,
    ),
    "subsample_loop": (
        lambda rng, runs: twins.subsample_loop(rng, runs, T, N), 1,
        Workflow.accumulate_subsample(N),
    ),
    "subsample_vectorised": (
        lambda rng, runs: twins.subsample_vectorised(rng, runs, T, N), 1,
        Workflow.accumulate_subsample(N),
    ),
}  # fmt: skip


def every_field(dim: int) -> tuple[str, ...]:
    return workloads.EVERY_FIELD if dim > 1 else workloads.LINE_FIELDS


@pytest.mark.parametrize("name", STATISTICS)
def test_means_of_a_twin_are_those_of_theory(name: str) -> None:
    twin, arguments, runs, dim, workflow = STATISTICS[name]
    fields, chain = every_field(dim), GaussianChain(dim)
    mean, std = twin(stream(3), runs, T, *arguments, fields)
    known, exact = available(chain, workflow), curves(chain, workflow, T)
    compared = [field for field in fields if field in known]
    assert {*workloads.LEAN, "log_det_ratio", "excess_nll"} <= set(compared)
    for field in compared:
        i = fields.index(field)
        z = (mean[:, i] - exact[field][1:]) / (std[:, i] / np.sqrt(runs))
        assert np.abs(z).max() < Z_LIMIT, field


@pytest.mark.parametrize("name", STATISTICS)
def test_wasserstein_of_a_twin_is_that_of_the_rows_engine(name: str) -> None:
    twin, arguments, runs, dim, workflow = STATISTICS[name]
    mean, std = twin(stream(4), runs, T, *arguments, ("wasserstein",))[:, :, 0]
    engine = simulate(
        GaussianChain(dim), workflow, T, seed=5, replicates=MANY, fields=("wasserstein",),
        method="rows",
    ).wasserstein[:, 1:]  # fmt: skip
    error = np.hypot(std / np.sqrt(runs), engine.std(axis=0) / np.sqrt(MANY))
    assert np.abs((mean - engine.mean(axis=0)) / error).max() < Z_LIMIT


@pytest.mark.parametrize("name", STATISTICS)
def test_a_twin_measures_the_fields_that_are_named(name: str) -> None:
    twin, arguments, _, dim, _ = STATISTICS[name]
    fields = every_field(dim)
    some = ("wasserstein", "mean_error")
    every, two, other = (
        twin(stream(6), 20, T, *arguments, names) for names in (fields, workloads.LEAN, some)
    )
    np.testing.assert_array_equal(two, every[:, :, [fields.index(f) for f in workloads.LEAN]])
    np.testing.assert_array_equal(other, every[:, :, [fields.index(f) for f in some]])


@pytest.mark.parametrize("name", SUMS)
def test_sums_of_a_twin_are_those_of_the_rows_engine(name: str) -> None:
    """Over 40 sets of 10 runs; the sum of all fields catches any one that is wrong."""
    twin, dim, workflow = SUMS[name]
    rng = stream(7)
    sums = np.array([twin(rng, 10) / 10 for _ in range(40)])
    runs = simulate(
        GaussianChain(dim), workflow, T, seed=8, replicates=MANY, fields=twins.SUMMED,
        method="rows",
    )  # fmt: skip
    engine = np.sum([runs[field][:, 1:].sum(axis=1) for field in twins.SUMMED], axis=0)
    error = np.hypot(sums.std(ddof=1) / np.sqrt(len(sums)), engine.std() / np.sqrt(MANY))
    assert abs(sums.mean() - engine.mean()) / error < Z_LIMIT


@pytest.mark.parametrize(
    ("least", "most", "target", "met"),
    [(2.0, None, ">= 2 x", True), (4.0, None, ">= 4 x", False), (None, 2.0, "<= 2 x", False),
     (None, 4.0, "<= 4 x", True), (None, None, "", None)],
)  # fmt: skip
def test_a_ratio_is_slow_over_fast_and_says_if_it_meets_its_target(
    least: float | None,
    most: float | None,
    target: str,
    met: bool | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measure, "seconds", lambda work: work())
    slow, fast = (lambda: 6.0, 1), (lambda: 4.0, 2)  # 6 s a fit, 2 s a fit
    row = measure.compared("work", slow, fast, least=least, most=most)
    assert (row.ratio, row.target, row.met) == (3.0, target, met)
