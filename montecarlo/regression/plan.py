"""A workflow, a chain and a design as the plain arrays that a kernel reads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.arrivals import arrivals
from theory.regression import RegressionChain
from theory.regression.chain import checked_design
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Plan(NamedTuple):
    """Who trains on what; arrays of length T + 1. The first six are those of `Arrivals`.

    Attributes:
        noise: standard deviation of the labels' noise in synthetic batch t, in real rows for 0.
        penalty: factor of |w|^2 at fit t, on top of squares whose weights sum to one.
        rank: rank of the rows x of fit t, were they in general position; not for a subsample.
        reused: every batch has the same rows x.
        last_only: every fit sees the last batch and nothing else.
        plain: no fit has a penalty.
        short: some fit has fewer rows x than features.
        norm: |w*|.
    """

    real_rows: IntArray
    synthetic_rows: IntArray
    slot: IntArray
    share: FloatArray
    weights: FloatArray
    train_rows: IntArray
    noise: FloatArray
    penalty: FloatArray
    rank: IntArray
    reused: bool
    last_only: bool
    plain: bool
    short: bool
    norm: float


def plan(chain: RegressionChain, workflow: Workflow, generations: int) -> Plan:
    """The plan of fits 1..generations."""
    come = arrivals(workflow, generations)
    reused = chain.design == "reused"
    rows = _rows_seen(workflow, generations, come.weights, reused)
    penalty = np.array([0.0] + [chain.ridge_at(t) for t in range(1, generations + 1)])
    if chain.penalty == "fixed":
        penalty[1:] *= workflow.real_rows(1) / come.train_rows[1:]
    return Plan(
        *come,
        noise=np.array([chain.label_noise(batch) for batch in range(generations + 1)]),
        penalty=penalty,
        rank=np.minimum(rows, chain.dim),
        reused=reused,
        last_only=come.weights.shape[1] == 1 and not workflow.merges,
        plain=not chain.penalised,
        short=bool(rows[1:].min() < chain.dim),
        norm=chain.weights_norm,
    )


def _rows_seen(workflow: Workflow, generations: int, weights: FloatArray, reused: bool) -> IntArray:
    """Different rows x behind the slots of positive weight at each fit."""
    seen = np.zeros(generations + 1, dtype=np.int64)
    held = np.zeros(weights.shape[1], dtype=np.int64)
    for t in range(1, generations + 1):
        if workflow.real_rows(t):
            held[0] = workflow.real_rows(t)
        used = held[weights[t] > 0]
        seen[t] = used.max() if reused else used.sum()
        slot, arriving = workflow.slot(t, len(held)), workflow.synthetic_rows(t)
        if slot < len(held):
            held[slot] = arriving + (held[slot] if workflow.merges and not reused else 0)
    return seen


class Frame(NamedTuple):
    """Coordinates along the eigenvectors of Sigma, in which a row that is drawn is root z.

    Attributes:
        scale: eigenvalues of Sigma, axis (feature,).
        root: their square roots.
        design: the given rows x, axes (row, feature); empty where rows are drawn.
        factor: upper R with R'R = X'X / n for those rows, empty likewise.
    """

    scale: FloatArray
    root: FloatArray
    design: FloatArray
    factor: FloatArray


def frame(chain: RegressionChain, workflow: Workflow, design: npt.ArrayLike | None) -> Frame:
    """The frame of a chain, or of a design that it reuses.

    Raises:
        ValueError: a design of the wrong shape or rank, or with a chain that draws fresh ones.
    """
    scale, axes = np.linalg.eigh(chain.matrix)
    root, none = np.sqrt(scale), np.empty((0, chain.dim))
    if design is None:
        return Frame(scale, root, none, none)
    if chain.design != "reused":
        raise ValueError(f"design goes with design='reused', got a chain with {chain.design!r}")
    rows, n = checked_design(design), workflow.real_rows(1)
    if rows.shape != (n, chain.dim):
        raise ValueError(
            f"design must have n={n} rows and {chain.dim} columns, got shape {rows.shape}"
        )
    turned = np.ascontiguousarray(rows @ axes)
    factor = np.linalg.qr(turned, mode="r") / np.sqrt(n)
    factor *= np.where(np.diag(factor) < 0, -1.0, 1.0)[:, None]
    return Frame(scale, root, turned, np.ascontiguousarray(factor))
