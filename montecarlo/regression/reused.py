"""Statistics of a design that every batch reuses: one factorisation serves all generations.

With x'x / n = R'R for the rows x of every batch, a batch enters a fit only through the labels
u = R (w - w*) + noise n^(-1/2) z of the min(n, d) rows R. A fit is linear in the weighted mean of
those: w - w* = operator' u - offset, the same for every generation, except where the penalty
changes with the rows.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.kernels import called, kernel, spliced
from montecarlo.regression.algebra import (
    Scratch,
    along,
    draw_factor,
    draw_truth,
    gram,
    keep,
    scratch,
    solution,
    span,
    weighted_square,
)
from montecarlo.regression.fields import ERROR, FIELDS
from montecarlo.regression.plan import Frame, Plan

FloatArray = npt.NDArray[np.float64]


class Memory(NamedTuple):
    """What a chain needs to advance, for min(n, d) rows R.

    Attributes:
        factor: the rows R, axes (row, feature).
        operator: the fit to the labels of R, axes (row, feature).
        offset: what the fit misses of w*, axis (feature,).
        slots: labels, axes (slot, row).
        labels: weighted mean of them, axis (row,); then those that the fit writes.
        origin: labels that the truth writes, zero.
        inverse: of the normal equations, axes (feature, feature).
        missed: see `solution`, axes (feature, feature).
    """

    factor: FloatArray
    operator: FloatArray
    offset: FloatArray
    slots: FloatArray
    labels: FloatArray
    origin: FloatArray
    inverse: FloatArray
    missed: FloatArray
    work: Scratch
    truth: FloatArray
    error: FloatArray
    values: FloatArray


def memory(plan: Plan, where: Frame) -> Memory:
    """Memory of the chains of a plan, with the factor of a given design in its place."""
    dim = len(where.scale)
    size = min(int(plan.real_rows[1]), dim)
    factor = where.factor if len(where.factor) else np.zeros((size, dim))
    offset, truth, error = np.zeros((3, dim))
    labels, origin = np.zeros((2, size))
    slots, operator = np.zeros((plan.weights.shape[1], size)), np.zeros((size, dim))
    inverse, missed = np.zeros((2, dim, dim))
    return Memory(
        factor, operator, offset, slots, labels, origin, inverse, missed, scratch(dim, size),
        truth, error, np.zeros(len(FIELDS)),
    )  # fmt: skip


@spliced
def invert(factor: FloatArray, out: FloatArray) -> None:
    """R'^-1 for as many rows R as features: a lower triangle, zeros above."""
    for k in range(len(factor)):
        out[k] = 0.0
        out[k, k] = 1.0
        for m in range(k):
            a = factor[m, k]
            for i in range(m + 1):
                out[k, i] -= a * out[m, i]
        scale = 1.0 / factor[k, k]
        for i in range(k + 1):
            out[k, i] *= scale


@spliced
def prepare(penalty: float, memory: Memory) -> None:
    """The operator and the offset of fits with that penalty."""
    factor, inverse, work = memory.factor, memory.inverse, memory.work
    operator, offset = memory.operator, memory.offset
    rank = dim = len(offset)
    if penalty == 0.0 and len(factor) == dim:
        offset[:] = 0.0
        invert(factor, operator)
        return
    gram(factor, len(factor), work.second)
    if len(factor) < dim:
        for r in range(len(factor)):
            for i in range(dim):
                work.left[r, i] = factor[r, i]
        rank = span(work.left, work.basis)
    solution(work, penalty, rank, inverse, memory.missed)
    for j in range(dim):
        offset[j] = 0.0
        for i in range(dim):
            offset[j] += memory.missed[i, j] * memory.truth[i]
        for r in range(len(factor)):
            operator[r, j] = 0.0
            for i in range(dim):
                operator[r, j] += factor[r, i] * inverse[i, j]


@spliced
def apply(operator: FloatArray, offset: FloatArray, labels: FloatArray, error: FloatArray) -> None:
    """operator' labels - offset."""
    for i in range(len(error)):
        error[i] = -offset[i]
    for r in range(len(labels)):
        for i in range(len(error)):
            error[i] += labels[r] * operator[r, i]


@called
def put(
    rng: np.random.Generator,
    grain: float,
    written: FloatArray,
    share: float,
    slot: int,
    slots: FloatArray,
) -> None:
    """Merge the labels `written`, with noise, into those of a slot with weight `share`."""
    rest = 1.0 - share
    for r in range(len(written)):
        noisy = written[r] + grain * rng.standard_normal()
        slots[slot, r] = rest * slots[slot, r] + share * noisy


@spliced
def pool(weights: FloatArray, t: int, slots: FloatArray, labels: FloatArray) -> None:
    """Mean of the slots' labels, by their weights at fit t."""
    for r in range(len(labels)):
        labels[r] = 0.0
    for s in range(len(slots)):
        if weights[t, s] > 0.0:
            for r in range(len(labels)):
                labels[r] += weights[t, s] * slots[s, r]


@kernel
def reused_block(
    rng: Any, plan: Any, given: bool, where: Any, memory: Any, order: Any, out: Any
) -> None:
    """Chains whose batches all have the same rows x, `given` or drawn for each run by their factor.

    Out axes are (generation, field, replicate).
    """
    factor, operator, offset, slots, labels, origin, _, _, _, truth, error, values = memory
    last, shrink = len(out) - 1, 1.0 / math.sqrt(plan.real_rows[1])
    for replicate in range(out.shape[2]):
        draw_truth(rng, plan.norm, truth)
        if not given:
            draw_factor(rng, plan.real_rows[1], where.root, factor)
        for t in range(1, last + 1):
            for real in range(2):  # first the batch of the last model, then one of the truth
                writer = 0 if real else t - 1
                if (plan.real_rows[t] if real else plan.synthetic_rows[writer]) > 0:
                    grain, written = shrink * plan.noise[writer], origin if real else labels
                    put(rng, grain, written, plan.share[writer], plan.slot[writer], slots)
            pool(plan.weights, t, slots, labels)
            if t == 1 or plan.penalty[t] != plan.penalty[t - 1]:
                prepare(plan.penalty[t], memory)
            apply(operator, offset, labels, error)
            values[ERROR] = weighted_square(where.scale, error)
            keep(values, order, t, replicate, out)
            if not plan.plain:  # else the fit takes the labels as they are
                for r in range(len(labels)):
                    labels[r] = along(factor, r, error)
