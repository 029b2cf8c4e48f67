"""The pieces of work that are timed; every function does the same on each call."""

import time

import numpy as np

from benchmarks import draws, twins
from benchmarks.measure import seconds
from montecarlo.gaussian import estimate
from montecarlo.gaussian.simulate import fields_of
from theory.gaussian import GaussianChain, curves
from theory.workflow import Workflow

DIM, N = 10, 100
FIELDS = twins.SUMMED
EVERY_FIELD = fields_of(GaussianChain(DIM))
BLOCK = 1024


def stream() -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(1))


# --- replace, d = 10, n = 100: fits of 1,000 normals each ----------------------------------------

GENERATIONS = 10


def engine(
    *, replicates: int = 4 * BLOCK, threads: int = 1, fields: tuple[str, ...] = FIELDS
) -> None:
    estimate(
        GaussianChain(DIM), Workflow.replace(N), GENERATIONS, seed=1, replicates=replicates,
        fields=fields, method="rows", threads=threads,
    )  # fmt: skip


def literal_loop(replicates: int = 100) -> None:
    twins.replace_loop(stream(), replicates, GENERATIONS, N, DIM)


def vectorised(replicates: int = BLOCK) -> None:
    twins.replace_vectorised(stream(), replicates, GENERATIONS, N, DIM)


def variates(replicates: int = 4 * BLOCK) -> None:
    draws.normals(stream(), replicates * GENERATIONS * N * DIM)


def variates_in_threads(replicates: int = 4 * BLOCK, threads: int = 2) -> None:
    """The same number of normals, shared by the threads."""
    share = replicates * GENERATIONS * N * DIM // threads
    draws.normals_in_threads([stream() for _ in range(threads)], share)


def wait_for_two_cores(most: float = 20.0) -> None:
    """Return once two threads draw normals 1.8 times as fast as one, or after that many seconds."""
    end = time.monotonic() + most
    while time.monotonic() < end:
        if seconds(variates) > 1.8 * seconds(variates_in_threads):
            return
        time.sleep(1)


# --- replace, d = 1, n = 2: fits of two normals each ---------------------------------------------

LONG = 100


def engine_small(replicates: int = 8 * BLOCK) -> None:
    estimate(
        GaussianChain(1), Workflow.replace(2), LONG, seed=1, replicates=replicates, method="rows",
        threads=1,
    )  # fmt: skip


def vectorised_small(replicates: int = 8 * BLOCK) -> None:
    for _ in range(replicates // BLOCK):
        twins.replace_vectorised(stream(), BLOCK, LONG, 2, 1)


def variates_small(replicates: int = 8 * BLOCK) -> None:
    draws.normals(stream(), replicates * LONG * 2)


# --- accumulate-subsample, d = 1, n = 100, T = 100: 100 normals and 100 uniforms a fit -----------


def engine_subsample(*, replicates: int = BLOCK, threads: int = 1) -> None:
    estimate(
        GaussianChain(1), Workflow.accumulate_subsample(N), LONG, seed=1, replicates=replicates,
        method="rows", threads=threads,
    )  # fmt: skip


def subsample_loop(replicates: int = 50) -> None:
    twins.subsample_loop(stream(), replicates, LONG, N)


def subsample_vectorised(replicates: int = BLOCK) -> None:
    twins.subsample_vectorised(stream(), replicates, LONG, N)


def variates_subsample(replicates: int = BLOCK) -> None:
    draws.normals(stream(), replicates * LONG * N)
    draws.uniforms(stream(), replicates * LONG * N)


# --- the statistics engine: two of the fields, or all that `estimate` gives by default -----------

LEAN = ("mean_error", "trace_ratio")
LINE_FIELDS = fields_of(GaussianChain(1))
LINE_RUNS = 16 * BLOCK  # all side by side, where the NumPy twin in one dimension is fastest
SPACE_RUNS = 2 * BLOCK
SPACE = {
    "replace": (Workflow.replace, twins.replace_statistics),
    "accumulate": (Workflow.accumulate, twins.accumulate_statistics),
}


def line_engine(n: int, fields: tuple[str, ...], *, threads: int = 1) -> None:
    estimate(
        GaussianChain(1), Workflow.replace(n), LONG, seed=1, replicates=LINE_RUNS, fields=fields,
        method="statistics", threads=threads,
    )  # fmt: skip


def line_numpy(n: int, fields: tuple[str, ...]) -> None:
    twins.line_statistics(stream(), LINE_RUNS, LONG, n, fields)


def line_loop(n: int, fields: tuple[str, ...], replicates: int = 20) -> None:
    twins.line_loop(stream(), replicates, LONG, n, fields)


def line_variates(n: int) -> None:
    draws.normals_and_chi_squares(stream(), LINE_RUNS * LONG, 1, 1, n)


def space_engine(
    name: str,
    n: int,
    generations: int,
    fields: tuple[str, ...],
    *,
    replicates: int = SPACE_RUNS,
    threads: int = 1,
) -> None:
    estimate(
        GaussianChain(DIM), SPACE[name][0](n), generations, seed=1, replicates=replicates,
        fields=fields, method="statistics", threads=threads,
    )  # fmt: skip


def space_numpy(name: str, n: int, generations: int, fields: tuple[str, ...]) -> None:
    for _ in range(SPACE_RUNS // BLOCK):
        SPACE[name][1](stream(), BLOCK, generations, n, DIM, fields)


def space_variates(n: int, generations: int) -> None:
    count = SPACE_RUNS * generations
    draws.normals_and_chi_squares(stream(), count, DIM * (DIM + 1) // 2, DIM, n)


def accumulate_loop(n: int, generations: int, fields: tuple[str, ...], replicates: int = 2) -> None:
    twins.accumulate_loop(stream(), replicates, generations, n, DIM, fields)


# --- theory --------------------------------------------------------------------------------------


def forgetting(t: int) -> np.ndarray:
    """Exponential forgetting: each row is the last one rescaled, and the new batch."""
    row = 0.9 ** np.arange(t - 1.0, -1.0, -1.0)
    return row / row.sum()


def uniform(t: int) -> np.ndarray:
    return np.full(t, 1 / t)


def dense(t: int) -> np.ndarray:
    """No structure: the triangular products cannot be avoided."""
    row = np.random.default_rng(t).random(t)
    return row / row.sum()


WORKFLOWS = {
    "replace": Workflow.replace(N),
    "accumulate": Workflow.accumulate(N),
    "accumulate-subsample": Workflow.accumulate_subsample(N),
    "sliding-window (5)": Workflow.sliding_window(N, 5),
    "anchored": Workflow.anchored(N, N),
    "fresh": Workflow.fresh(N, N),
    "custom, uniform": Workflow.custom(N, uniform),
    "custom, forgetting": Workflow.custom(N, forgetting),
    "custom, dense": Workflow.custom(N, dense),
}


def theory(workflow: Workflow, generations: int) -> None:
    """Every field there is."""
    result = curves(GaussianChain(DIM, ddof=0), workflow, generations)
    for field in result.fields:
        _ = result[field]


def rows_of_weights(workflow: Workflow, generations: int) -> None:
    """What the user's own function takes."""
    assert workflow.custom_weights is not None
    for t in range(1, generations + 1):
        workflow.custom_weights(t)
