"""Chains without subsampling: draw a batch, fit, write the next batch, repeat.

A fit sees a batch of n rows through x'x / n and x'y / n. The literal engine draws every row x and
every label. The other draws those statistics by their laws: x'x / n = R'R with Bartlett's factor R,
and then x'y / n = R'(R w + noise n^(-1/2) z) with z standard normal, as for a batch of
min(n, d) rows R. So the two differ in how a batch is written, and in nothing else.

Labels are those of the batch less those of the truth, x'w*, so that errors w - w* are found
without cancellation. Coordinates are along the eigenvectors of Sigma.
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
    back_substitute,
    draw_factor,
    draw_row,
    draw_truth,
    fit,
    gram,
    keep,
    moment,
    scratch,
    second_moments,
    span,
    weighted_square,
)
from montecarlo.regression.fields import ERROR, FIELDS
from montecarlo.regression.plan import Frame, Plan

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Batch(NamedTuple):
    """One batch: rows x and labels as they were drawn, and what a fit needs of them."""

    x: FloatArray
    labels: FloatArray
    second: FloatArray
    moment: FloatArray


class Slots(NamedTuple):
    """What a workflow keeps of its batches; first axis slot.

    Attributes:
        second: second moments of the rows x.
        moment: x'labels, averaged alike.
        kept: rows x, while they are fewer than the features and may have to be interpolated.
        counts: how many rows that are.
    """

    second: FloatArray
    moment: FloatArray
    kept: FloatArray
    counts: IntArray


class Memory(NamedTuple):
    """What a chain needs to advance; `origin` is the error of the truth, zero."""

    batch: Batch
    slots: Slots
    work: Scratch
    truth: FloatArray
    error: FloatArray
    origin: FloatArray
    values: FloatArray


def memory(plan: Plan, where: Frame, literal: bool) -> Memory:
    """Memory of the chains of a plan, with the rows x of a given design in their place."""
    dim, count = len(where.scale), plan.weights.shape[1]
    longest = int(max(plan.real_rows.max(), plan.synthetic_rows.max())) if literal else dim
    x = np.zeros((longest, dim))
    x[: len(where.design)] = where.design
    batch = Batch(x, np.zeros(longest), np.zeros((dim, dim)), np.zeros(dim))
    kept = np.zeros((count if plan.short and not plan.reused else 0, dim, dim))
    square, vectors = np.zeros((count, dim, dim)), np.zeros((count, dim))
    slots = Slots(square, vectors, kept, np.zeros(count, dtype=np.int64))
    truth, error, origin = np.zeros((3, dim))
    return Memory(batch, slots, scratch(dim, dim), truth, error, origin, np.zeros(len(FIELDS)))


@spliced
def write_rows(
    rng: np.random.Generator,
    rows: int,
    noise: float,
    error: FloatArray,
    reused: bool,
    root: FloatArray,
    batch: Batch,
) -> int:
    """A batch of the model of that error, row by row; `reused` rows x are there already."""
    for r in range(rows):
        if not reused:
            draw_row(rng, root, r, batch.x)
        batch.labels[r] = along(batch.x, r, error) + noise * rng.standard_normal()
    if not reused:
        second_moments(batch.x, rows, batch.second)
    return rows


@spliced
def write_statistics(
    rng: np.random.Generator,
    rows: int,
    noise: float,
    error: FloatArray,
    pooled: bool,
    root: FloatArray,
    batch: Batch,
) -> int:
    """The same by the laws of its statistics; second moments only if it is to be `pooled`."""
    size = draw_factor(rng, rows, root, batch.x)
    grain = noise / math.sqrt(rows)
    for r in range(size):
        batch.labels[r] = along(batch.x, r, error) + grain * rng.standard_normal()
    if pooled:
        gram(batch.x, size, batch.second)
    return size


@called
def put(slots: Slots, slot: int, share: float, batch: Batch, size: int) -> None:
    """Merge a batch of `size` rows x into a slot with weight `share`; 1 overwrites."""
    dim, rest = len(batch.moment), 1.0 - share
    for i in range(dim):
        for j in range(i, dim):
            slots.second[slot, i, j] = rest * slots.second[slot, i, j] + share * batch.second[i, j]
        slots.moment[slot, i] = rest * slots.moment[slot, i] + share * batch.moment[i]
    if len(slots.kept):
        first = slots.counts[slot] if rest > 0.0 else 0
        slots.counts[slot] = first + size
        for r in range(first, min(first + size, dim)):
            for i in range(dim):
                slots.kept[slot, r, i] = batch.x[r - first, i]


@spliced
def pool(weights: FloatArray, t: int, slots: Slots, work: Scratch) -> None:
    """Moments of the slots together, each with its weight at fit t."""
    dim = len(work.moment)
    for i in range(dim):
        work.moment[i] = 0.0
        for j in range(i, dim):
            work.second[i, j] = 0.0
    for s in range(weights.shape[1]):
        if weights[t, s] > 0.0:
            for i in range(dim):
                work.moment[i] += weights[t, s] * slots.moment[s, i]
                for j in range(i, dim):
                    work.second[i, j] += weights[t, s] * slots.second[s, i, j]


@spliced
def span_of(plan: Any, t: int, slots: Slots, batch: Batch, work: Scratch) -> int:
    """A basis of the rows x of fit t, fewer than the features; returns their rank.

    They are those of the slots of positive weight, or of the design that `batch` holds.
    """
    dim, count = len(work.moment), 0
    if plan.reused:
        count = plan.real_rows[1]
        for r in range(count):
            for i in range(dim):
                work.left[r, i] = batch.x[r, i]
    else:
        for s in range(plan.weights.shape[1]):
            if plan.weights[t, s] > 0.0:
                for r in range(slots.counts[s]):
                    for i in range(dim):
                        work.left[count, i] = slots.kept[s, r, i]
                    count += 1
    return int(span(work.left[:count], work.basis))


@spliced
def write(
    rng: np.random.Generator,
    rows: int,
    noise: float,
    error: FloatArray,
    literal: bool,
    reused: bool,
    pooled: bool,
    root: FloatArray,
    batch: Batch,
) -> int:
    """A batch by the model of that error; returns how many rows x it has."""
    if literal:
        size, weight = write_rows(rng, rows, noise, error, reused, root, batch), 1.0 / rows
    else:
        size, weight = write_statistics(rng, rows, noise, error, pooled, root, batch), 1.0
    if pooled:
        moment(batch.x, batch.labels, size, weight, batch.moment)
    return size


@spliced
def open_design(
    rng: np.random.Generator, rows: int, root: FloatArray, given: bool, batch: Batch
) -> None:
    """The rows x of a design that every batch of a run reuses, unless given, and their moments."""
    if not given:
        for r in range(rows):
            draw_row(rng, root, r, batch.x)
    second_moments(batch.x, rows, batch.second)


@kernel
def batches_block(
    rng: Any, plan: Any, literal: bool, where: Any, memory: Any, order: Any, out: Any
) -> None:
    """Chains under any workflow without subsampling; out axes (generation, field, replicate).

    A design that is reused is for the literal engine: reused.py has the other.
    """
    batch, slots, work, truth, error, origin, values = memory
    dim, last, given = len(error), len(out) - 1, len(where.design) > 0
    reused, root = plan.reused, where.root
    # The least squares of one batch interpolate its d rows R, which are triangular already.
    pooled = literal or not plan.last_only or plan.short or not plan.plain
    for replicate in range(out.shape[2]):
        draw_truth(rng, plan.norm, truth)
        if reused:
            open_design(rng, plan.real_rows[1], root, given, batch)
        for t in range(1, last + 1):
            for real in range(2):  # first the batch of the last model, then one of the truth
                writer = 0 if real else t - 1
                rows = plan.real_rows[t] if real else plan.synthetic_rows[writer]
                if rows > 0:
                    noise, by = plan.noise[writer], origin if real else error
                    size = write(rng, rows, noise, by, literal, reused, pooled, root, batch)
                    if pooled:
                        put(slots, plan.slot[writer], plan.share[writer], batch, size)
            if pooled:
                rank = plan.rank[t]
                pool(plan.weights, t, slots, work)
                if plan.short and rank < dim:
                    rank = span_of(plan, t, slots, batch, work)
                fit(work, plan.penalty[t], rank, truth, error)
            else:
                for i in range(dim):
                    error[i] = batch.labels[i]
                back_substitute(batch.x, dim, error)
            values[ERROR] = weighted_square(where.scale, error)
            keep(values, order, t, replicate, out)
