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
    """Who trains on what; arrays of length T + 1. The first six are those of `Arrivals`.

    Attributes:
        last_only: every fit sees the last batch and nothing else.
    """

    real_rows: IntArray
    synthetic_rows: IntArray
    slot: IntArray
    share: FloatArray
    weights: FloatArray
    train_rows: IntArray
    last_only: bool


def plan(workflow: Workflow, generations: int) -> Plan:
    """The plan of fits 1..generations."""
    come = arrivals(workflow, generations)
    return Plan(*come, last_only=come.weights.shape[1] == 1 and not workflow.merges)
