"""Conditional on a design that every batch reuses: exact for every penalty, no law for rows.

With V, s the eigenvectors and eigenvalues of X'X / n, coordinate i of V'w is fitted by itself. A
fit to several batches is f_i times the weighted mean of their own least-squares values, with
f = s / (s + lambda), so the recursion of section 1 applies with damping f. Population covariance
Sigma enters at the end: the error is

    sum_i (V' Sigma V)_ii (|w*|^2 / d (1 - m_i)^2 + variance_i),

for w* of uniform direction, m_i the factor by which the mean of coordinate i has shrunk.

Source: loopbound theory, sections 1 and 4.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from theory.recursion import Feature, Fit, fits
from theory.regression.chain import RegressionChain, checked_design
from theory.regression.parts import Parts
from theory.workflow import UnsupportedWorkflow, Workflow, WorkflowKind

FloatArray = npt.NDArray[np.float64]


def why_absent(kind: WorkflowKind) -> str | None:
    """The reason a workflow has no exact curve given its design; None if it has one."""
    if kind is WorkflowKind.ACCUMULATE_SUBSAMPLE:
        return "a subsample of a given design has no law that is known: montecarlo simulates it"
    return None


def own_design(chain: RegressionChain, workflow: Workflow, design: npt.ArrayLike) -> FloatArray:
    """The user's design, checked against the chain and the workflow.

    Raises:
        ValueError: not finite, of a rank below its columns, or of another shape than n x d.
        UnsupportedWorkflow: a chain that does not reuse it.
    """
    x = checked_design(design)
    if chain.design != "reused":
        raise UnsupportedWorkflow(f"a design goes with design='reused', got {chain.design!r}")
    if x.shape[1] != chain.dim:
        raise ValueError(f"design must have {chain.dim} columns, got shape {x.shape}")
    if len(x) != workflow.real_rows(1):
        raise ValueError(
            f"design has {len(x)} rows and every batch reuses them: "
            f"n must be {len(x)}, got n={workflow.real_rows(1)}"
        )
    return x


def parts(
    chain: RegressionChain, workflow: Workflow, generations: int, design: FloatArray
) -> Parts:
    """Bias and variance given X.

    Without a ridge the error is a quadratic form in normal coordinates of those variances, so its
    standard deviation is exact, too.
    """
    values, axes = np.linalg.eigh(design.T @ design / len(design))
    within = axes.T @ chain.matrix @ axes
    mean = np.ones((generations + 1, chain.dim))
    variance = np.zeros((generations + 1, chain.dim))
    columns = range(chain.dim) if workflow.kind is WorkflowKind.CUSTOM else [slice(None)]
    for one in columns:
        mean[1:, one], variance[1:, one] = _coordinates(chain, workflow, generations, values[one])
    error = np.diagonal(within)
    bias = chain.weights_norm**2 / chain.dim * ((1 - mean) ** 2 @ error)
    std = None
    if not chain.penalised:
        std = np.sqrt(2 * np.einsum("ti,ij,tj->t", variance, within**2, variance))
    return Parts(bias, variance @ error, std=std)


def _coordinates(
    chain: RegressionChain, workflow: Workflow, generations: int, s: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(factor on the mean, variance) of w_t by eigenvector, axes (generation, feature)."""
    rows = workflow.real_rows(1)
    damping = partial(_damping, chain, workflow, rows, s)
    one = np.ones_like(s)

    def real(n: int, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
        return mean**2 + chain.label_noise(0) ** 2 / (n * s), one

    def synthetic(n: int, t: int, fit: Fit) -> tuple[FloatArray, FloatArray]:
        return damping(t) ** 2 * fit.mean_square + chain.label_noise(t) ** 2 / (n * s), one

    kappa = np.array([damping(t) for t in range(1, generations + 1)])
    moving = Feature(partial(real, mean=one), synthetic, one, damping)
    still = Feature(partial(real, mean=0 * one), synthetic, 0 * one, damping)
    factor = [fit.mean for fit in fits(workflow, generations, moving)]
    square = [fit.mean_square for fit in fits(workflow, generations, still)]
    return kappa * np.array(factor), kappa**2 * np.array(square)


def _damping(
    chain: RegressionChain, workflow: Workflow, rows: int, s: FloatArray, t: int
) -> FloatArray:
    """f = s / (s + lambda) of fit t."""
    penalty = chain.ridge_at(t)
    if chain.penalty == "fixed":
        penalty *= rows / workflow.train_size(t)
    share: FloatArray = s / (s + penalty)
    return share
