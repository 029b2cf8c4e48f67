"""A workflow as the plain arrays that a kernel reads, indexed by generation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.arrivals import arrivals
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Plan(NamedTuple):
    """Who trains on what; arrays of length T + 1, entry 0 unused. See `Arrivals`.

    Attributes:
        real_rows: rows of the real batch that arrives before fit t, 0 for none.
        synthetic_rows: rows of the batch that model t writes.
        slot: where that batch goes.
        weights: weight of each slot at fit t, axes (generation, slot).
        train_rows: rows that fit t trains on.
        merges: a synthetic batch joins the rows of its slot instead of overwriting them.
    """

    real_rows: IntArray
    synthetic_rows: IntArray
    slot: IntArray
    weights: FloatArray
    train_rows: IntArray
    merges: bool


def plan(workflow: Workflow, generations: int) -> Plan:
    """The plan of fits 1..generations."""
    come = arrivals(workflow, generations)
    return Plan(
        come.real_rows, come.synthetic_rows, come.slot, come.weights, come.train_rows,
        workflow.merges,
    )  # fmt: skip
