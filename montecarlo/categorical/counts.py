"""The engines: count a batch, fit, draw the next batch, repeat.

The literal one draws every row, by inversion of the cumulated shares. The other draws the counts of
a batch: multinomial, category by category, each binomial given what is left, at a cost that depends
on the categories alive and hardly on the rows. Subsampling draws single rows of a pool, so there
the rows themselves are kept.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo.categorical.fields import (
    COLLAPSE,
    ENTROPY,
    FIELDS,
    HETEROZYGOSITY,
    SQUARED,
    SURVIVORS,
    TIME,
)
from montecarlo.kernels import called, kernel, spliced

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@called
def cumulate(shares: FloatArray, sums: FloatArray) -> None:
    """Sums of the shares up to and with each category."""
    total = 0.0
    for i in range(len(shares)):
        total += shares[i]
        sums[i] = total


@called
def draw_row(rng: np.random.Generator, shares: FloatArray, sums: FloatArray) -> int:
    """A category, by inversion: the first whose sum is above a uniform share of the total."""
    u = rng.random() * sums[-1]
    low, high = 0, len(sums) - 1
    while low < high:
        middle = (low + high) // 2
        if sums[middle] > u:
            high = middle
        else:
            low = middle + 1
    while shares[low] == 0.0:  # u rounded up to the total
        low -= 1
    return low


@called
def draw_counts(
    rng: np.random.Generator,
    literal: bool,
    rows: int,
    shares: FloatArray,
    sums: FloatArray,
    counts: IntArray,
) -> None:
    """Counts of `rows` rows of those shares, row by row or by conditional binomials.

    `sums` is scratch: sums from the first category on, or up to the last one, so that no difference
    loses digits and the last category takes all that is left.
    """
    counts[:] = 0
    if literal:
        cumulate(shares, sums)
        for _ in range(rows):
            counts[draw_row(rng, shares, sums)] += 1
        return
    total = 0.0
    for i in range(len(shares) - 1, -1, -1):
        total += shares[i]
        sums[i] = total
    left = rows
    for i in range(len(shares)):
        if left == 0:
            break
        if shares[i] > 0.0:
            counts[i] = rng.binomial(left, shares[i] / sums[i])
            left -= counts[i]


@called
def measure(shares: FloatArray, truth: FloatArray, logs: bool, t: int, values: FloatArray) -> None:
    """Every field of fit t, 0 for the truth; the entropy only if `logs`.

    The time of collapse goes on from the fit before, whose values these replace.
    """
    if t == 0:
        values[TIME] = 0.0
    elif values[TIME] == t - 1 and values[COLLAPSE] == 0.0:
        values[TIME] = t
    squared = heterozygosity = entropy = 0.0
    alive = 0
    for i in range(len(shares)):
        p = shares[i]
        squared += (p - truth[i]) ** 2
        if p > 0.0:
            alive += 1
            heterozygosity += p * (1.0 - p)
            if logs:
                entropy -= p * math.log(p)
    values[SQUARED], values[HETEROZYGOSITY] = squared, heterozygosity
    values[SURVIVORS], values[ENTROPY] = alive, entropy
    values[COLLAPSE] = 1.0 if alive == 1 else 0.0


@called
def keep(values: FloatArray, order: IntArray, replicate: int, out: FloatArray) -> None:
    """The fields asked for, in that order; out axes (field, replicate)."""
    for f in range(len(order)):
        out[f, replicate] = values[order[f]]


@called
def put(slot: IntArray, counts: IntArray, joins: bool) -> None:
    """A batch into a slot, on top of what is there or in its place."""
    for i in range(len(slot)):
        slot[i] = counts[i] + (slot[i] if joins else 0)


@spliced
def pool(weights: FloatArray, held: IntArray, rows: IntArray, shares: FloatArray) -> None:
    """Shares of the slots together, each with its weight: of one slot, counts over rows."""
    shares[:] = 0.0
    for s in range(len(weights)):
        if weights[s] > 0.0:
            for i in range(len(shares)):
                shares[i] += weights[s] * (held[s, i] / rows[s])


@kernel
def batches_block(rng: Any, plan: Any, literal: bool, truth: Any, order: Any, out: Any) -> None:
    """Chains under any workflow without subsampling; out axes (generation, field, replicate)."""
    last, logs = len(out) - 1, ENTROPY in order
    values, counts = np.empty(len(FIELDS)), np.empty(len(truth), dtype=np.int64)
    shares, sums = np.empty(len(truth)), np.empty(len(truth))
    held = np.empty((plan.weights.shape[1], len(truth)), dtype=np.int64)
    rows = np.empty(len(held), dtype=np.int64)
    for replicate in range(out.shape[2]):
        measure(truth, truth, logs, 0, values)
        keep(values, order, replicate, out[0])
        for t in range(1, last + 1):
            if plan.real_rows[t] > 0:
                draw_counts(rng, literal, plan.real_rows[t], truth, sums, counts)
                put(held[0], counts, False)
                rows[0] = plan.real_rows[t]
            pool(plan.weights[t], held, rows, shares)
            measure(shares, truth, logs, t, values)
            keep(values, order, replicate, out[t])
            if t < last:
                draw_counts(rng, literal, plan.synthetic_rows[t], shares, sums, counts)
                put(held[plan.slot[t]], counts, plan.merges)
                rows[plan.slot[t]] = plan.synthetic_rows[t] + (rows[0] if plan.merges else 0)


@spliced
def choose(
    rng: np.random.Generator,
    rows: IntArray,
    size: int,
    drawn: int,
    replacement: bool,
    counts: IntArray,
) -> None:
    """Counts of a uniform draw of `drawn` of rows[:size].

    Without replacement by a partial Fisher-Yates shuffle in place: the order of the pool carries
    nothing, so it needs no restoring, and a draw costs O(drawn).
    """
    counts[:] = 0
    for r in range(drawn):
        index = r
        if replacement:
            index = int(rng.random() * size)
        elif drawn < size:
            other = r + int(rng.random() * (size - r))
            rows[r], rows[other] = rows[other], rows[r]
        counts[rows[index]] += 1


@kernel
def subsample_block(
    rng: Any, plan: Any, replacement: bool, truth: Any, order: Any, out: Any
) -> None:
    """Chains under accumulate-subsample; out axes (generation, field, replicate)."""
    last, logs = len(out) - 1, ENTROPY in order
    values, counts = np.empty(len(FIELDS)), np.empty(len(truth), dtype=np.int64)
    shares, sums = np.empty(len(truth)), np.empty(len(truth))
    kept = np.empty(plan.real_rows[1] + plan.synthetic_rows[1:].sum(), dtype=np.int64)
    for replicate in range(out.shape[2]):
        measure(truth, truth, logs, 0, values)
        keep(values, order, replicate, out[0])
        size = plan.real_rows[1]
        cumulate(truth, sums)
        for r in range(size):
            kept[r] = draw_row(rng, truth, sums)
        for t in range(1, last + 1):
            choose(rng, kept, size, plan.train_rows[t], replacement, counts)
            for i in range(len(shares)):
                shares[i] = counts[i] / plan.train_rows[t]
            measure(shares, truth, logs, t, values)
            keep(values, order, replicate, out[t])
            if t < last:
                cumulate(shares, sums)
                for r in range(plan.synthetic_rows[t]):
                    kept[size + r] = draw_row(rng, shares, sums)
                size += plan.synthetic_rows[t]
