"""Chains under accumulate-subsample, row by row: a fit draws single rows of the pool.

Rows are numbered as they are written; with a design that is reused, row g of the pool has the
x of row g modulo n, under a label of its own. Labels are those of the row less those of the truth.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.kernels import called, kernel, spliced
from montecarlo.regression.algebra import (
    Scratch,
    along,
    draw_row,
    draw_truth,
    fit,
    keep,
    scratch,
    span,
    weighted_square,
)
from montecarlo.regression.fields import ERROR, FIELDS
from montecarlo.regression.plan import Frame, Plan

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Pool(NamedTuple):
    """Rows written so far, and those that a fit draws of them.

    Attributes:
        x: rows x, axes (row, feature): of the whole pool, or of a design that is reused.
        labels: less those of the truth, axis (row,).
        line: numbers of the rows in some order, axis (row,).
        chosen: numbers of the rows of a fit, axis (row drawn,).
        stamps: the last draw that each row x was in, axis (row,).
        sizes: rows written before fit t, axis (generation,).
    """

    x: FloatArray
    labels: FloatArray
    line: IntArray
    chosen: IntArray
    stamps: IntArray
    sizes: IntArray


class Memory(NamedTuple):
    """What a chain needs to advance."""

    pool: Pool
    work: Scratch
    truth: FloatArray
    error: FloatArray
    values: FloatArray


def pool(plan: Plan, where: Frame) -> Pool:
    """An empty pool, with the rows x of a given design in their place."""
    sizes = np.cumsum([0, plan.real_rows[1], *plan.synthetic_rows[1:-1]])
    total = int(sizes[-1])
    x = np.zeros((int(plan.real_rows[1]) if plan.reused else total, len(where.scale)))
    x[: len(where.design)] = where.design
    chosen = np.zeros(int(plan.train_rows.max()), dtype=np.int64)
    stamps = np.zeros(len(x), dtype=np.int64)
    return Pool(x, np.zeros(total), np.arange(total), chosen, stamps, sizes)


def memory(plan: Plan, where: Frame) -> Memory:
    """Memory of the chains of a plan."""
    dim, rows = len(where.scale), int(plan.train_rows.max())
    truth, error = np.zeros((2, dim))
    work, values = scratch(dim, rows), np.zeros(len(FIELDS))
    return Memory(pool(plan, where), work, truth, error, values)


@spliced
def line_up(line: IntArray) -> None:
    """Rows in the order they were written."""
    for r in range(len(line)):
        line[r] = r


@spliced
def choose(rng: np.random.Generator, size: int, rows: int, replacement: bool, pool: Pool) -> None:
    """A uniform draw of `rows` of the first `size` rows of the line.

    Without replacement by a partial Fisher-Yates shuffle in place: the order of the line carries
    nothing, so it needs no restoring, and a draw costs O(rows).
    """
    line = pool.line
    for r in range(rows):
        if replacement:
            pool.chosen[r] = line[int(rng.random() * size)]
        else:
            if rows < size:
                index = r + int(rng.random() * (size - r))
                line[r], line[index] = line[index], line[r]
            pool.chosen[r] = line[r]


@called
def second_of(pool: Pool, rows: int, out: FloatArray) -> None:
    """Upper triangle of the second moments of the rows x chosen."""
    dim, weight = pool.x.shape[1], 1.0 / rows
    for i in range(dim):
        for j in range(i, dim):
            out[i, j] = 0.0
    for r in range(rows):
        row = pool.chosen[r] % len(pool.x)
        for i in range(dim):
            a = weight * pool.x[row, i]
            for j in range(i, dim):
                out[i, j] += a * pool.x[row, j]


@spliced
def moment_of(pool: Pool, rows: int, out: FloatArray) -> None:
    """x'labels of the rows chosen, averaged."""
    for i in range(len(out)):
        out[i] = 0.0
    for r in range(rows):
        row, a = pool.chosen[r] % len(pool.x), pool.labels[pool.chosen[r]] / rows
        for i in range(len(out)):
            out[i] += a * pool.x[row, i]


@spliced
def rank_of(pool: Pool, rows: int, table: bool, stamp: int, work: Scratch) -> int:
    """Rank of the rows x chosen; where it is not full, `work` has a basis of what they span.

    Rows of a `table` may repeat or depend on each other, those that were drawn do not.
    `stamp` is a number that was not used before.
    """
    dim, count = pool.x.shape[1], 0
    for r in range(rows):
        row = pool.chosen[r] % len(pool.x)
        if pool.stamps[row] != stamp:
            pool.stamps[row] = stamp
            for i in range(dim):
                work.left[count, i] = pool.x[row, i]
            count += 1
    if count < dim or table:
        return int(span(work.left[:count], work.basis))
    return int(dim)


@spliced
def write(
    rng: np.random.Generator,
    t: int,
    noise: float,
    error: FloatArray,
    reused: bool,
    root: FloatArray,
    pool: Pool,
) -> None:
    """Batch t of the pool, by model t, which has that error."""
    first = pool.sizes[t]
    for r in range(first, pool.sizes[t + 1]):
        row = r - first if reused else r
        if not reused:
            draw_row(rng, root, row, pool.x)
        pool.labels[r] = along(pool.x, row, error) + noise * rng.standard_normal()


@kernel
def subsample_block(
    rng: Any, plan: Any, replacement: bool, where: Any, memory: Any, order: Any, out: Any
) -> None:
    """Chains under accumulate-subsample; out axes (generation, field, replicate)."""
    pool, work, truth, error, values = memory
    last, table = len(out) - 1, len(where.design) > 0
    for replicate in range(out.shape[2]):
        draw_truth(rng, plan.norm, truth)
        if plan.reused and not table:
            for r in range(len(pool.x)):
                draw_row(rng, where.root, r, pool.x)
        line_up(pool.line)
        error[:] = 0.0
        for t in range(1, last + 1):
            write(rng, t - 1, plan.noise[t - 1], error, plan.reused, where.root, pool)
            rows = plan.train_rows[t]
            choose(rng, pool.sizes[t], rows, replacement, pool)
            second_of(pool, rows, work.second)
            moment_of(pool, rows, work.moment)
            rank = rank_of(pool, rows, table, replicate * last + t, work)
            fit(work, plan.penalty[t], rank, truth, error)
            values[ERROR] = weighted_square(where.scale, error)
            keep(values, order, t, replicate, out)
