"""A literal twin of the categorical kernels: batches stored as rows or counts, fits by bincount.

Written from the description of the workflows and of the stream, not from the kernels. It consumes
one block's stream as a kernel must, replicate by replicate, the batches in order of creation:

- a batch row by row: each the first category whose cumulated share is above random() x the total;
- its counts: from the first category of positive share on, until no row is left, a binomial of
  those left at the category's share of it and all that follow (summed from the last one on);
- a draw of the pool before the fit: ``int(random() * size)`` with replacement, else a partial
  Fisher-Yates shuffle, place r taking that of ``r + int(random() * (size - r))``; none for all.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from theory.categorical import CategoricalChain
from theory.workflow import Workflow

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


def write(rng: Generator, rows: int, shares: Array, literal: bool) -> Rows:
    """A batch as category numbers; of one drawn by its counts, in the order of categories."""
    if literal:
        sums = np.cumsum(shares)
        u = np.array([rng.random() for _ in range(rows)]) * sums[-1]
        return np.searchsorted(sums, u, side="right")
    following = np.cumsum(shares[::-1])[::-1]
    counts, left = np.zeros(len(shares), dtype=np.int64), rows
    for i in np.flatnonzero(shares):
        if left:
            counts[i] = rng.binomial(left, shares[i] / following[i])
            left -= counts[i]
    return np.repeat(np.arange(len(shares)), counts)


def shares_of(rows: Rows, categories: int) -> Array:
    return np.bincount(rows, minlength=categories) / len(rows)


def one_run(
    chain: CategoricalChain, workflow: Workflow, generations: int, rng: Generator, literal: bool
) -> list[dict[str, float]]:
    """The fields of generations 0..T."""
    truth = chain.array
    batches: list[Rows] = []
    pool = np.empty(0, dtype=np.int64)
    found = [{**measure(truth, truth), "collapse_time": 0.0}]
    for t in range(1, generations + 1):
        if workflow.real_rows(t):
            batches.append(write(rng, workflow.real_rows(t), truth, literal))
        if workflow.budget is None:
            model = fitted(workflow, t, batches, len(truth))
        else:
            pool = np.concatenate([pool, batches[-1]])
            chosen = drawn(pool, workflow.train_size(t), workflow.replacement, rng)
            model = shares_of(chosen, len(truth))
        alone = [fields["collapse_probability"] for fields in found]
        first = alone.index(1.0) if 1.0 in alone else t
        found.append({**measure(model, truth), "collapse_time": float(first)})
        if t < generations:
            batches.append(write(rng, workflow.synthetic_rows(t), model, literal))
    return found


def fitted(workflow: Workflow, t: int, batches: list[Rows], categories: int) -> Array:
    """Shares in all rows of accumulate, else the weighted sum of those in batches.

    Rounding matters where a binomial's share is exactly one half: numpy's algorithm has a case
    on either side. So no rounding is left to chance: counts are divided once.
    """
    if workflow.merges:
        return shares_of(np.concatenate(batches), categories)
    model = np.zeros(categories)
    for weight, batch in zip(workflow.weights(t), batches, strict=True):
        model = model + weight * shares_of(batch, categories)
    return model


def drawn(pool: Rows, rows: int, replacement: bool, rng: Generator) -> Rows:
    size = len(pool)
    if replacement:
        return np.array([pool[int(rng.random() * size)] for _ in range(rows)])
    if rows < size:
        for r in range(rows):
            other = r + int(rng.random() * (size - r))
            pool[[r, other]] = pool[[other, r]]
    return pool[:rows].copy()


def measure(model: Array, truth: Array) -> dict[str, float]:
    alive = model[model > 0]
    return {
        "squared_error": float(((model - truth) ** 2).sum()),
        "heterozygosity": float(1 - (model**2).sum()),
        "survivors": float(len(alive)),
        "entropy": float(-(alive * np.log(alive)).sum()),
        "collapse_probability": float(len(alive) == 1),
    }


def simulate(
    chain: CategoricalChain,
    workflow: Workflow,
    generations: int,
    stream: Generator,
    *,
    replicates: int,
    literal: bool,
) -> dict[str, Array]:
    """Return the fields, arrays (replicate, generation)."""
    runs = [one_run(chain, workflow, generations, stream, literal) for _ in range(replicates)]
    return {name: np.array([[f[name] for f in run] for run in runs]) for name in runs[0][0]}
