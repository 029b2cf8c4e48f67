"""Which batches arrive and where they go, as the plain arrays that every family's kernels read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Arrivals(NamedTuple):
    """Who trains on what; arrays of length T + 1.

    Entry 0 is the real batch's in `slot` and `share`, where it is always 0 and 1, else unused.

    Attributes:
        real_rows: rows of the real batch that arrives before fit t, 0 for none.
        synthetic_rows: rows of the batch that model t writes.
        slot: where that batch goes.
        share: its weight in the slot: 1 overwrites, less merges into the rows already there.
        weights: weight of each slot at fit t, axes (generation, slot).
        train_rows: rows that fit t trains on, M.
    """

    real_rows: IntArray
    synthetic_rows: IntArray
    slot: IntArray
    share: FloatArray
    weights: FloatArray
    train_rows: IntArray


def arrivals(workflow: Workflow, generations: int) -> Arrivals:
    """The arrivals before fits 1..generations."""
    times = range(1, generations + 1)
    slots = workflow.slots(generations)
    written = whole(workflow.synthetic_rows(t) for t in times)
    share = np.ones(generations + 1)
    if workflow.merges:
        share[1:] = written[1:] / whole(workflow.pool_size(t + 1) for t in times)[1:]
    return Arrivals(
        real_rows=whole(workflow.real_rows(t) for t in times),
        synthetic_rows=written,
        slot=whole(workflow.slot(t, slots) if t < generations else 0 for t in times),
        share=share,
        weights=workflow.slot_weights(generations),
        train_rows=whole(workflow.train_size(t) for t in times),
    )


def whole(values: Iterable[int]) -> IntArray:
    """Generations 1..T as an array, behind an unused entry 0."""
    return np.array([0, *values], dtype=np.int64)
