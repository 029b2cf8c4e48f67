"""The work of verified regression that is timed, and its lines of the table."""

from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.measure import Row, compared, limited, seconds, typical
from benchmarks.workloads import stream
from montecarlo.verification import estimate
from theory.verification import VerifiedChain, phase_diagram
from theory.workflow import Workflow

Array = NDArray[np.float64]

DIM, ROUNDS, ROWS, RUNS = 10, 60, 30, 100_000
CHAIN = VerifiedChain((20**0.5,) * DIM, radius=1.0, centre=0.1)
SIDE = 200


def engine(replicates: int, method: str = "statistics", *, threads: int = 1) -> None:
    estimate(
        CHAIN, Workflow.replace(ROWS), ROUNDS + 1, seed=1, replicates=replicates,
        fields=("squared_error",), method=method, threads=threads,
    )  # fmt: skip


def accept_reject(rng: Generator, chain: VerifiedChain, rounds: int, n: int, runs: int) -> Array:
    """Every label of all runs at once, the rejected ones again: squared error, axes (fit, run)."""
    centre, reach = np.array(chain.centres), chain.radius + chain.slack
    weight = chain.noise * rng.standard_normal((runs, chain.dim)) / np.array(chain.singular_values)
    found = [(weight**2).sum(axis=1)]
    for _ in range(rounds):
        total, kept = np.zeros(weight.shape), np.zeros(weight.shape)
        run, direction = (a.ravel() for a in np.indices(weight.shape).repeat(n, axis=2))
        while len(run):
            y = weight[run, direction] + chain.noise * rng.standard_normal(len(run))
            passed = np.abs(y - centre[direction]) <= reach
            np.add.at(total, (run[passed], direction[passed]), y[passed])
            np.add.at(kept, (run[passed], direction[passed]), 1)
            run, direction = run[~passed], direction[~passed]
        weight = total / kept
        found.append((weight**2).sum(axis=1))
    return np.array(found)


def numpy_runs(runs: int) -> None:
    accept_reject(stream(), CHAIN, ROUNDS, ROWS, runs)


def diagram(rounds: int = 1) -> None:
    axis = np.linspace(0, 3, SIDE)
    phase_diagram(axis, axis + 0.1, singular_value=20**0.5, rows=100, rounds=rounds)


def rows() -> list[Row]:
    what = f"verification, p={DIM} n={ROWS}, {ROUNDS} rounds"
    few, many = 64, 1024
    each = DIM * ROUNDS
    fast, literal = (partial(engine, many), many * each), (partial(engine, few, "rows"), few * each)
    engine(few)
    return [
        compared(f"{what}: every label / a batch's mean, 1 thread", literal, fast, least=2),
        compared(f"{what}: NumPy, every label / engine, 1 thread",
                 (partial(numpy_runs, few), few * each), fast, pairs=3, least=10),
        limited(f"{what}: {RUNS:,} runs, 2 threads",
                seconds(partial(engine, RUNS, threads=2)), "s", 5),
        limited(f"verification, phase diagram {SIDE} x {SIDE}, one round",
                typical(diagram, 3), "s", 5),
        limited(f"verification, phase diagram {SIDE} x {SIDE}, three rounds",
                seconds(partial(diagram, 3)), "s", 5),
    ]  # fmt: skip
