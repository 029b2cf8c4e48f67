"""Kernel-density chains: rows drawn, fitted, measured and written, generation by generation.

Every workflow is one loop. What a fit costs is its new rows: a row joins the sums of its slot once,
and the kernel sums of all rows are made again only where the bandwidth has changed, or where a
subsample picks its rows afresh.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.kde.fields import MEAN_DENSITY, MISE, VARIANCE
from montecarlo.kde.measure import Measures
from montecarlo.kde.pairs import pair_error
from montecarlo.kde.plan import Plan
from montecarlo.kde.pool import Pool, choose, pool, store, write
from montecarlo.kde.sums import Sums, add, clear, measure, sums
from montecarlo.kernels import kernel, spliced
from montecarlo.truths import draw_truth

FloatArray = npt.NDArray[np.float64]


class Memory(NamedTuple):
    """What a chain needs to advance; `shares` is the weight of one row, axis (slot,)."""

    rows: Pool
    into: Sums
    shares: FloatArray


def memory(plan: Plan, by: Measures) -> Memory:
    """Memory of the chains of a plan."""
    return Memory(pool(plan, len(by.centre)), sums(plan, by), np.zeros(plan.weights.shape[1]))


@spliced
def gather(rng: np.random.Generator, plan: Plan, t: int, by: Any, memory: Memory) -> float:
    """Bring the sums up to the rows of fit t; returns the sum of the rows' squared weights."""
    rows, into, shares = memory
    h, pairs = plan.bandwidth[t], 0.0
    if h != into.bandwidth[0] or plan.subsample:
        into.weighed[:] = 0
        into.bandwidth[0] = h
    if plan.subsample:
        m = plan.train_rows[t]
        pairs = choose(rng, m, plan.replacement, rows)
        clear(0, into)
        shares[0] = 1.0 / m
    for s in range(len(shares)):
        size = plan.train_rows[t] if plan.subsample else rows.held[s]
        if plan.weights[t, s] > 0.0:
            shares[s] = plan.weights[t, s] / size
            x, start = (rows.drawn, 0) if plan.subsample else (rows.x, plan.start[s])
            add(plan.shape, h, x, start, size, s, by.shown[t], by, into)
            pairs += 0.0 if plan.subsample else shares[s] * shares[s] * size
        else:
            shares[s] = 0.0
    return pairs


@kernel
def chains_block(
    rng: Any, plan: Any, truth: Any, by: Any, memory: Any, order: Any, out: Any
) -> None:
    """Chains under any workflow; out axes (generation, field, replicate).

    A run of two chains is measured on the first, but for what takes both.
    """
    rows, into, shares = memory
    last, start = len(out) - 1, plan.start
    for run in range(out.shape[2] * plan.copies):
        replicate, second = run // plan.copies, run % plan.copies == 1
        rows.held[:] = 0
        into.bandwidth[0] = 0.0
        for s in range(len(shares)):
            clear(s, into)
        for r in range(len(rows.line)):
            rows.line[r] = r
        for t in range(1, last + 1):
            if plan.real_rows[t] > 0:
                draw_truth(rng, truth, 0, plan.real_rows[t], rows.x)
                rows.held[0] = plan.real_rows[t]
                clear(0, into)
            pairs = gather(rng, plan, t, by, memory)
            measure(plan, t, pairs, shares, second, by, into)
            if len(by.components.shares):
                into.values[MISE] = pair_error(plan, t, shares, rows, by)
            for f in range(len(order)):
                if not second or order[f] == MEAN_DENSITY or order[f] == VARIANCE:
                    out[t, f, replicate] = into.values[order[f]]
            if t < last:
                write(rng, plan, t, rows)
                s = plan.slot[t]
                if not plan.merges:
                    clear(s, into)
                store(s, plan.synthetic_rows[t], plan.merges, start[s], rows)
