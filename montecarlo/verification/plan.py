"""A chain and a workflow as the plain arrays that the kernels read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.arrivals import arrivals
from theory.verification import VerifiedChain
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Plan(NamedTuple):
    """What the kernels read.

    Attributes:
        singular_values: mu_j, axis (direction,).
        centres: of the verifier, relative to the truth, axis (direction,).
        reach: |y - centre| up to which a label is accepted.
        noise: standard deviation of a label.
        generated: rows are counted before verification.
        real: whether real rows arrive before fit t, axis (generation,).
        rows: rows a direction that model t writes, axis (generation,).
        slot: where that batch goes, axis (generation,).
        slots: how many there are.
        merges: a batch joins the rows of its slot instead of overwriting them.
    """

    singular_values: FloatArray
    centres: FloatArray
    reach: float
    noise: float
    generated: bool
    real: IntArray
    rows: IntArray
    slot: IntArray
    slots: int
    merges: bool


def plan(chain: VerifiedChain, workflow: Workflow, generations: int) -> Plan:
    """The plan of fits 1..generations."""
    come = arrivals(workflow, generations)
    return Plan(
        np.array(chain.singular_values), np.array(chain.centres),
        chain.radius + chain.slack, chain.noise, chain.counts == "generated",
        come.real_rows, come.synthetic_rows, come.slot, come.weights.shape[1], workflow.merges,
    )  # fmt: skip
