"""A workflow and a chain as the plain arrays that a kernel reads, indexed by generation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from theory.gaussian import GaussianChain
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Plan(NamedTuple):
    """Who trains on what; arrays of length T + 1, entry 0 unused.

    Attributes:
        real_rows: rows of the real batch that arrives before fit t, 0 for none.
        synthetic_rows: rows of the batch that model t writes.
        slot: where that batch goes.
        share: its weight in the slot: 1 overwrites, less merges into the rows already there.
        weights: weight of each slot at fit t, axes (generation, slot).
        unbias: M / (M - ddof) for the M rows of fit t.
        train_rows: M.
        last_only: every fit sees the last batch and nothing else.
        temperature: tau.
    """

    real_rows: IntArray
    synthetic_rows: IntArray
    slot: IntArray
    share: FloatArray
    weights: FloatArray
    unbias: FloatArray
    train_rows: IntArray
    last_only: bool
    temperature: float


def plan(chain: GaussianChain, workflow: Workflow, generations: int) -> Plan:
    """The plan of fits 1..generations."""
    times = range(1, generations + 1)
    slots = workflow.slots(generations)
    train = _whole(workflow.train_size(t) for t in times)
    written = _whole(workflow.synthetic_rows(t) for t in times)
    share = np.ones(generations + 1)
    if workflow.merges:
        share[1:] = written[1:] / _whole(workflow.pool_size(t + 1) for t in times)[1:]
    unbias = np.ones(generations + 1)
    unbias[1:] = train[1:] / (train[1:] - chain.ddof)
    return Plan(
        real_rows=_whole(workflow.real_rows(t) for t in times),
        synthetic_rows=written,
        slot=_whole(workflow.slot(t, slots) if t < generations else 0 for t in times),
        share=share,
        weights=workflow.slot_weights(generations),
        unbias=unbias,
        train_rows=train,
        last_only=slots == 1 and not workflow.merges,
        temperature=float(chain.temperature),
    )


def _whole(values: Iterable[int]) -> IntArray:
    """Generations 1..T as an array, behind an unused entry 0."""
    return np.array([0, *values], dtype=np.int64)


@dataclass(frozen=True)
class Frame:
    """Coordinates in which the truth is N(0, I): x = mu_0 + U diag(scale)^(1/2) y.

    Attributes:
        scale: eigenvalues of Sigma_0, axis (feature,).
        table: real rows to draw from in those coordinates, axes (row, feature); empty for N(0, I).
    """

    scale: FloatArray
    table: FloatArray


def frame(chain: GaussianChain, data: npt.ArrayLike | None) -> Frame:
    """The frame of a chain, or of a table whose covariance (ddof 0) is the chain's.

    Raises:
        ValueError: a table of another dimension or covariance.
    """
    scale, axes = np.linalg.eigh(chain.matrix)
    if data is None:
        return Frame(scale, np.empty((0, chain.dim)))
    rows = np.asarray(data, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != chain.dim:
        raise ValueError(f"data must have {chain.dim} columns, got shape {rows.shape}")
    centred = rows - rows.mean(axis=0)
    covariance = centred.T @ centred / len(rows)
    if not np.allclose(covariance, chain.matrix, rtol=1e-8, atol=1e-8 * np.abs(covariance).max()):
        raise ValueError(
            f"data must have the chain's covariance, got trace {np.trace(covariance):.6g} "
            f"against {np.trace(chain.matrix):.6g}: use GaussianChain.from_data"
        )
    return Frame(scale, np.ascontiguousarray(centred @ axes / np.sqrt(scale)))
