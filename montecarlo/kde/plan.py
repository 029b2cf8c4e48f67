"""A workflow and a kernel-density chain as the plain arrays that a kernel reads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.arrivals import arrivals
from montecarlo.kde.nll import SHAPES, log_height
from theory.kde import KdeChain
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Plan(NamedTuple):
    """Who trains on what; arrays of length T + 1. The first six are those of `Arrivals`.

    Attributes:
        bandwidth: of fit t, h_t.
        log_height: log density of one row of fit t at its top.
        start: first row of each slot in the pool, axis (slot,).
        shape: code of the kernel.
        merges: a synthetic batch joins the rows of its slot.
        subsample: fits draw single rows of the pool.
        replacement: with replacement.
        copies: independent chains a run.
    """

    real_rows: IntArray
    synthetic_rows: IntArray
    slot: IntArray
    share: FloatArray
    weights: FloatArray
    train_rows: IntArray
    bandwidth: FloatArray
    log_height: FloatArray
    start: IntArray
    shape: int
    merges: bool
    subsample: bool
    replacement: bool
    copies: int


def plan(chain: KdeChain, workflow: Workflow, generations: int, copies: int = 1) -> Plan:
    """The plan of fits 1..generations."""
    come = arrivals(workflow, generations)
    bandwidth = chain.bandwidths(workflow, generations)
    shape = SHAPES[chain.kernel]
    height = np.zeros(generations + 1)
    height[1:] = log_height(shape, bandwidth[1:], chain.dim)
    return Plan(
        *come,
        bandwidth=bandwidth,
        log_height=height,
        start=_starts(workflow, come.real_rows, come.synthetic_rows, come.slot, come.weights),
        shape=shape,
        merges=workflow.merges,
        subsample=workflow.budget is not None,
        replacement=workflow.replacement,
        copies=copies,
    )


def _starts(
    workflow: Workflow,
    real_rows: IntArray,
    synthetic_rows: IntArray,
    slot: IntArray,
    weights: FloatArray,
) -> IntArray:
    """Where each slot begins, and behind them the rows that the pool has room for."""
    room = np.zeros(weights.shape[1], dtype=np.int64)
    room[0] = real_rows.max()
    written = synthetic_rows[1:-1]
    if workflow.merges:
        room[0] += written.sum()
    else:
        np.maximum.at(room, slot[1:-1], written)
    return np.concatenate([[0], np.cumsum(room)])
