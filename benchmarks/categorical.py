"""The work of the categorical engine and theory that is timed, and its lines of the table."""

from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.measure import Row, compared, limited, typical
from benchmarks.workloads import stream
from montecarlo.categorical import estimate
from theory.categorical import CategoricalChain, collapse_time, curves, uniform
from theory.workflow import Workflow

Array = NDArray[np.float64]

MANY, GENERATIONS, ROWS = 100_000, 10, 1000
COLLAPSE = ("collapse_probability", "collapse_time")


def engine(replicates: int = 2) -> None:
    """As many categories as rows a batch."""
    estimate(
        uniform(MANY), Workflow.replace(MANY), GENERATIONS, seed=1, replicates=replicates,
        fields=("squared_error",), threads=1,
    )  # fmt: skip


def multinomial_loop(rng: Generator, chain: CategoricalChain, generations: int, n: int) -> Array:
    """One run of replace by numpy's multinomial: squared error, axis (generation - 1,)."""
    truth = shares = chain.array
    found = np.empty(generations)
    for t in range(generations):
        shares = rng.multinomial(n, shares) / n
        found[t] = ((shares - truth) ** 2).sum()
    return found


def numpy_loop() -> None:
    multinomial_loop(stream(), uniform(MANY), GENERATIONS, MANY)


def laws(generations: int = 1000) -> None:
    """Exact Wright-Fisher: when each category is lost, and when one is left."""
    chain, workflow = CategoricalChain((0.7, 0.3)), Workflow.replace(ROWS)
    known = curves(chain, workflow, generations)
    for field in COLLAPSE:
        _ = known[field]
    collapse_time(chain, workflow)


def rows() -> list[Row]:
    what = f"categorical, K = n = {MANY:,} replace: Generator.multinomial loop / engine, 1 thread"
    return [
        compared(what, (numpy_loop, GENERATIONS), (engine, 2 * GENERATIONS), pairs=3, least=1),
        limited(
            f"categorical: laws of Wright and Fisher, n = {ROWS:,}, T = 1,000",
            typical(partial(laws, 1000), 3), "s", 5,
        ),
    ]  # fmt: skip
