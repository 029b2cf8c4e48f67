"""A workflow and a chain as the plain arrays that a kernel reads, indexed by generation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.arrivals import arrivals, whole
from theory.gaussian import GaussianChain
from theory.workflow import Workflow, WorkflowKind

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Plan(NamedTuple):
    """Who trains on what; arrays of length T + 1, entry 0 unused.

    The first six are those of `Arrivals`.

    Attributes:
        unbias: M / (M - ddof) for the M rows of fit t.
        rank: upper bound on the rank of the fitted covariance.
        exact_rank: whether a Gaussian truth reaches the bound almost surely.
        last_only: every fit sees the last batch and nothing else.
        temperature: tau.
        threshold: a fit survives while its spread is above so much of the truth's (dim = 1).
    """

    real_rows: IntArray
    synthetic_rows: IntArray
    slot: IntArray
    share: FloatArray
    weights: FloatArray
    train_rows: IntArray
    unbias: FloatArray
    rank: IntArray
    exact_rank: bool
    last_only: bool
    temperature: float
    threshold: float


def plan(
    chain: GaussianChain, workflow: Workflow, generations: int, threshold: float | None = None
) -> Plan:
    """The plan of fits 1..generations."""
    come = arrivals(workflow, generations)
    unbias = np.ones(generations + 1)
    unbias[1:] = come.train_rows[1:] / (come.train_rows[1:] - chain.ddof)
    return Plan(
        *come,
        unbias=unbias,
        rank=whole(ranks(workflow, chain.dim, generations)),
        exact_rank=not workflow.replacement and workflow.kind is not WorkflowKind.CUSTOM,
        last_only=come.weights.shape[1] == 1 and not workflow.merges,
        temperature=float(chain.temperature),
        threshold=math.inf if threshold is None else float(threshold),
    )


def ranks(workflow: Workflow, dim: int, generations: int) -> list[int]:
    """Upper bounds on the rank of fits 1..T.

    m rows span at most m - 1 dimensions, and a batch lies in the hull of the rows behind the model
    that wrote it: all of them in the hull of the real batch, and, where every other batch of a fit
    was in the fit before it, in the hull of that fit. Fresh real rows lie anywhere.
    """
    first = min(dim, workflow.real_rows(1) - 1)
    found = [min(first, workflow.train_size(1) - 1)]
    for t in range(2, generations + 1):
        if workflow.kind is WorkflowKind.FRESH:
            written = 0 if workflow.weight == 1 else workflow.synthetic_rows(t - 1)
            points = min(written, found[-1] + 1) + workflow.real_rows(t)
            found.append(min(points - 1, dim))
        else:
            hull = found[-1] if _nested(workflow, t) else first
            found.append(min(hull, workflow.train_size(t) - 1))
    return found


def _nested(workflow: Workflow, t: int) -> bool:
    """True if all that fit t draws on, but the last batch, is what fit t - 1 trained on."""
    if workflow.kind is WorkflowKind.CUSTOM:
        return bool((workflow.weights(t - 1)[workflow.weights(t)[:-1] > 0] > 0).all())
    return workflow.budget is None


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
    if not np.isfinite(rows).all():
        raise ValueError(f"data must be finite, got {rows[~np.isfinite(rows)][0]}")
    centred = rows - rows.mean(axis=0)
    covariance = centred.T @ centred / len(rows)
    if not np.allclose(covariance, chain.matrix, rtol=1e-8, atol=1e-8 * np.abs(covariance).max()):
        raise ValueError(
            f"data must have the chain's covariance, got trace {np.trace(covariance):.6g} "
            f"against {np.trace(chain.matrix):.6g}: use GaussianChain.from_data"
        )
    return Frame(scale, np.ascontiguousarray(centred @ axes / np.sqrt(scale)))
