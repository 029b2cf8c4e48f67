"""The mean over label noise and over the direction of w*, given designs and rows drawn.

Under accumulate-subsample a fit sees single rows, each with noise of its own that later models
learn. The errors of every fit are kept as linear forms in the noise of all rows so far: a matrix
of d coefficients a row, which takes 8 d N bytes a fit for N rows and O(M N d) steps for M drawn.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.kernels import kernel, spliced
from montecarlo.regression.algebra import Scratch, draw_row, keep, scratch, solution
from montecarlo.regression.fields import BIAS, ERROR, FIELDS, VARIANCE
from montecarlo.regression.plan import Frame, Plan
from montecarlo.regression.subsample import Pool, choose, line_up, pool, rank_of, second_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Forms(NamedTuple):
    """Errors of the fits as linear forms; entry 0 is the truth, whose error is zero.

    Attributes:
        noise: coefficients of the noise of each row, axes (generation, feature, row).
        bias: coefficients of w*, axes (generation, feature, feature).
        writer: whose batch each row is of, axis (row,).
        label: coefficients of the label of one row, axis (row,).
        reach: what the fit makes of that label, axis (feature,).
    """

    noise: FloatArray
    bias: FloatArray
    writer: IntArray
    label: FloatArray
    reach: FloatArray


class Memory(NamedTuple):
    """What a chain needs to advance; a fit is inverse x'labels / rows - missed w*."""

    pool: Pool
    forms: Forms
    work: Scratch
    inverse: FloatArray
    missed: FloatArray
    values: FloatArray


def memory(plan: Plan, where: Frame) -> Memory:
    """Memory of the chains of a plan."""
    dim, generations, rows = len(where.scale), len(plan.slot), int(plan.train_rows.max())
    empty = pool(plan, where)
    total = len(empty.labels)
    forms = Forms(
        np.zeros((generations, dim, total)),
        np.zeros((generations, dim, dim)),
        np.repeat(np.arange(generations - 1), np.diff(empty.sizes)),
        np.zeros(total),
        np.zeros(dim),
    )
    inverse, missed = np.zeros((2, dim, dim))
    work, values = scratch(dim, rows), np.zeros(len(FIELDS))
    return Memory(empty, forms, work, inverse, missed, values)


@spliced
def learn(row: int, place: int, own: float, t: int, pool: Pool, forms: Forms) -> None:
    """Add to fit t `reach` times the label of a row, with features x[place] and its `own` noise."""
    x, writer = pool.x, forms.writer[row]
    dim, known = x.shape[1], pool.sizes[writer]
    for r in range(known):
        forms.label[r] = 0.0
    for i in range(dim):
        for r in range(known):
            forms.label[r] += x[place, i] * forms.noise[writer, i, r]
    for k in range(dim):
        for r in range(known):
            forms.noise[t, k, r] += forms.reach[k] * forms.label[r]
        forms.noise[t, k, row] += forms.reach[k] * own
    for j in range(dim):
        told = 0.0
        for i in range(dim):
            told += x[place, i] * forms.bias[writer, i, j]
        for k in range(dim):
            forms.bias[t, k, j] += forms.reach[k] * told


@spliced
def refit(noise: FloatArray, rows: int, t: int, memory: Memory) -> None:
    """The forms of fit t to the rows chosen."""
    pool, forms = memory.pool, memory.forms
    dim = len(forms.reach)
    for k in range(dim):
        for r in range(pool.sizes[t]):
            forms.noise[t, k, r] = 0.0
        for i in range(dim):
            forms.bias[t, k, i] = -memory.missed[k, i]
    for r in range(rows):
        row = pool.chosen[r]
        place = row % len(pool.x)
        for k in range(dim):
            forms.reach[k] = 0.0
            for i in range(dim):
                forms.reach[k] += memory.inverse[k, i] * pool.x[place, i] / rows
        learn(row, place, noise[forms.writer[row]], t, pool, forms)


@spliced
def measure(
    norm: float, scale: FloatArray, t: int, rows: int, forms: Forms, out: FloatArray
) -> None:
    """The fields of fit t to a pool of `rows`: w* is of that norm and uniform in direction."""
    dim, noise, missed = len(scale), 0.0, 0.0
    for i in range(dim):
        square = 0.0
        for r in range(rows):
            square += forms.noise[t, i, r] ** 2
        noise += scale[i] * square
        for j in range(dim):
            missed += scale[i] * forms.bias[t, i, j] ** 2
    out[VARIANCE] = noise
    out[BIAS] = norm * norm / dim * missed
    out[ERROR] = out[BIAS] + out[VARIANCE]


@kernel
def forms_block(
    rng: Any, plan: Any, replacement: bool, where: Any, memory: Any, order: Any, out: Any
) -> None:
    """Chains under accumulate-subsample; out axes (generation, field, replicate)."""
    pool, forms, work, inverse, missed, values = memory
    last, table = len(out) - 1, len(where.design) > 0
    for replicate in range(out.shape[2]):
        line_up(pool.line)
        drawn = len(where.design)
        for t in range(1, last + 1):
            size, rows = pool.sizes[t], plan.train_rows[t]
            while drawn < min(size, len(pool.x)):
                draw_row(rng, where.root, drawn, pool.x)
                drawn += 1
            choose(rng, size, rows, replacement, pool)
            second_of(pool, rows, work.second)
            rank = rank_of(pool, rows, table, replicate * last + t, work)
            solution(work, plan.penalty[t], rank, inverse, missed)
            refit(plan.noise, rows, t, memory)
            measure(plan.norm, where.scale, t, size, forms, values)
            keep(values, order, t, replicate, out)
