"""The rows of a kernel-density chain: drawn, written, kept in slots, and drawn from.

A slot is a stretch of one array. Under accumulate it grows; elsewhere a batch overwrites it. No row
is copied but those of a subsample, and a batch that overwrites rows that it is drawn from.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.kde.nll import EPANECHNIKOV, GAUSSIAN, LAPLACE, UNIFORM
from montecarlo.kde.plan import Plan
from montecarlo.kernels import called, spliced
from montecarlo.truths import double_exponential

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Pool(NamedTuple):
    """Rows.

    Attributes:
        x: of every slot, axes (row, feature).
        held: rows in each slot, axis (slot,).
        batch: rows being written, axes (row, feature).
        drawn: rows of a subsample, axes (row, feature).
        line: numbers of the rows in some order, axis (row,).
        times: how often each row was drawn for a fit, axis (row,).
    """

    x: FloatArray
    held: IntArray
    batch: FloatArray
    drawn: FloatArray
    line: IntArray
    times: IntArray


def pool(plan: Plan, dim: int) -> Pool:
    """Room for the rows of a plan."""
    room, budget = int(plan.start[-1]), int(plan.train_rows.max()) if plan.subsample else 0
    return Pool(
        x=np.zeros((room, dim)),
        held=np.zeros(plan.weights.shape[1], dtype=np.int64),
        batch=np.zeros((int(plan.synthetic_rows.max()), dim)),
        drawn=np.zeros((budget, dim)),
        line=np.arange(room if plan.subsample else 0),
        times=np.zeros(room if plan.subsample else 0, dtype=np.int64),
    )


@called
def kernel_variate(rng: np.random.Generator, shape: int) -> float:
    """A draw from the kernel of bandwidth 1.

    Epanechnikov's: of three uniforms on [-1, 1] the last, unless it is the largest in size, and
    then the middle one (Devroye and Gyorfi, 1985).
    """
    if shape == GAUSSIAN:
        return float(rng.standard_normal())
    if shape == LAPLACE:
        return float(double_exponential(rng))
    u = 2.0 * rng.random() - 1.0
    if shape == UNIFORM:
        return u
    v = 2.0 * rng.random() - 1.0
    if shape == EPANECHNIKOV:
        w = 2.0 * rng.random() - 1.0
        return v if abs(w) >= abs(v) and abs(w) >= abs(u) else w
    return 0.5 * (u + v)


@spliced
def choose(rng: np.random.Generator, rows: int, replacement: bool, pool: Pool) -> float:
    """Copy a uniform draw of `rows` rows of slot 0; returns the sum of their squared weights.

    Without replacement by a partial Fisher-Yates shuffle in place: the order of the line carries
    nothing, so it needs no restoring, and a draw costs O(rows). A row that is drawn twice has
    twice the weight.
    """
    size, line, pairs = pool.held[0], pool.line, 0
    for r in range(rows):
        if replacement:
            index = int(rng.random() * size)
        else:
            if rows < size:
                other = r + int(rng.random() * (size - r))
                line[r], line[other] = line[other], line[r]
            index = line[r]
        pairs += 2 * pool.times[index] + 1
        pool.times[index] += 1
        for i in range(pool.x.shape[1]):
            pool.drawn[r, i] = pool.x[index, i]
    pool.times[:size] = 0
    return pairs / (float(rows) * float(rows))


@called
def pick(rng: np.random.Generator, weights: FloatArray, start: IntArray, count: IntArray) -> int:
    """A row drawn by the weights of the slots and uniformly within them, by one uniform."""
    u, found, share = rng.random(), 0, 1.0
    for s in range(len(weights)):
        if weights[s] > 0.0:
            found, share = s, u / weights[s]
            if u < weights[s]:
                break
            u -= weights[s]
    return int(start[found] + min(int(share * count[found]), count[found] - 1))


@spliced
def write(rng: np.random.Generator, plan: Any, t: int, pool: Pool) -> None:
    """Batch t of model t, into pool.batch: rows that it trained on plus h_t times the kernel."""
    h, shape, dim, m = plan.bandwidth[t], plan.shape, pool.x.shape[1], plan.train_rows[t]
    weights, batch = plan.weights[t], pool.batch
    rows, alike = pool.drawn if plan.subsample else pool.x, len(weights) == 1
    for r in range(plan.synthetic_rows[t]):
        if alike:
            index = int(rng.random() * m)
        else:
            index = pick(rng, weights, plan.start, pool.held)
        for i in range(dim):
            batch[r, i] = rows[index, i] + h * kernel_variate(rng, shape)


@spliced
def store(slot: int, rows: int, merges: bool, start: int, pool: Pool) -> None:
    """Put the batch that was written into its slot."""
    first = start + (pool.held[slot] if merges else 0)
    for r in range(rows):
        for i in range(pool.x.shape[1]):
            pool.x[first + r, i] = pool.batch[r, i]
    pool.held[slot] = rows + (pool.held[slot] if merges else 0)
