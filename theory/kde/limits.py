"""Errors as t -> infinity where the bandwidth stays constant in the end.

At a frequency with kappa < 1 the recursion of section 1 forgets its start, and B and c tend to the
fixed point of its last step (S = |phi_0|^2, r = 1/N + (1 - 1/N) S, b the weight of the last batch,
a = 1 - b that of the N real rows):

    replace           B = 1 / (n (1 - (1 - 1/n) kappa^2)),  c = 0
    sliding window    lag by lag: K_j = (kappa / w) sum_i K_|j-i|, K_0 = 1/n + (1 - 1/n) kappa^2 B
    anchored, fresh   B = (a^2 r + 2 a b x + b^2 / n) / (1 - b^2 (1 - 1/n) kappa^2),
                      c = a / (1 - b kappa); x = kappa a r / (1 - b kappa), fresh kappa c S
    accumulate        B = 0, c = 0, like t^(kappa - 1)
    with a budget     B = 1 / m, c = 0: the pool's mean vanishes, the draw's noise stays

Squared transforms are below those of the kernel and of the truth, so that integrals over
frequencies tend to the integrals of these limits (dominated convergence).

Source: loopbound theory, sections 1 and 5; the fixed points are derived here.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt

from theory.kde.bandwidths import Scott, Silverman
from theory.kde.chain import KdeChain
from theory.kde.error import Errors, integrated
from theory.workflow import Workflow, WorkflowKind

FloatArray = npt.NDArray[np.float64]

FOREVER = 10**9  # generations: a window or a budget is outgrown by then
WIDEST = 64  # batches of a window whose fixed point is solved for
REAL_ROWS_STAY = (WorkflowKind.ANCHORED, WorkflowKind.FRESH)


def last_bandwidth(chain: KdeChain, workflow: Workflow) -> float | None:
    """The bandwidth that every fit has in the end; None where it changes for ever."""
    rule = chain.bandwidth
    if isinstance(rule, float):
        return rule
    if isinstance(rule, tuple):
        return float(rule[-1])
    grows = workflow.until(FOREVER) in (WorkflowKind.ACCUMULATE, WorkflowKind.CUSTOM)
    if isinstance(rule, Scott | Silverman) and not grows:
        return rule.at(workflow.train_size(FOREVER), chain.dim)
    return None


def limiting_errors(chain: KdeChain, workflow: Workflow) -> Errors | None:
    """Integrated variance and squared bias as t -> infinity, each an array of one; None unknown."""
    h, kind = last_bandwidth(chain, workflow), workflow.until(FOREVER)
    wide = kind is WorkflowKind.SLIDING_WINDOW and (workflow.window or 0) > WIDEST
    if h is None or kind is WorkflowKind.CUSTOM or wide:
        return None
    return integrated(chain, np.array([h]), partial(limiting_means, workflow))


def limiting_means(
    workflow: Workflow, power: FloatArray, kappa: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(B, c) in the limit; `power` has axis (frequency,), the others (1, frequency)."""
    kind = workflow.until(FOREVER)
    if kind in REAL_ROWS_STAY:
        return _with_real_rows(workflow, power, kappa)
    if kind is WorkflowKind.SLIDING_WINDOW:
        return _window(workflow, kappa), np.zeros_like(kappa)
    if kind is WorkflowKind.REPLACE:
        rows = workflow.schedule[-1]
        return 1 / (rows * (1 - (1 - 1 / rows) * kappa**2)), np.zeros_like(kappa)
    noise = 0.0 if workflow.budget is None else 1 / workflow.budget
    whole = kind is WorkflowKind.ACCUMULATE
    return np.full_like(kappa, 0.0 if whole else noise), np.zeros_like(kappa)


def _with_real_rows(
    workflow: Workflow, power: FloatArray, kappa: FloatArray
) -> tuple[FloatArray, FloatArray]:
    real, rows, a = workflow.real_rows(1), workflow.schedule[-1], real_weight(workflow)
    b = 1 - a
    c = a / (1 - b * kappa)
    own = 1 / real + (1 - 1 / real) * power
    # Real rows that stay are in the last batch's past; new ones share nothing with it but the mean.
    shared = own if workflow.kind is WorkflowKind.ANCHORED else power
    known = a**2 * own + 2 * a * b * kappa * c * shared + b**2 / rows
    return known / (1 - b**2 * (1 - 1 / rows) * kappa**2), c


def _window(workflow: Workflow, kappa: FloatArray) -> FloatArray:
    """B of w batches of equal size: the Gram matrix by lag, a linear system a frequency."""
    window, rows = workflow.window or 1, workflow.schedule[-1]
    lags = np.arange(window)
    table = np.zeros((window, window))  # sum over i = 1..w of K_|j - i|, axes (j, lag)
    for j in lags:
        np.add.at(table[j], abs(j - lags - 1) % window, abs(j - lags - 1) < window)
    total = np.bincount(abs(lags[:, None] - lags).ravel(), minlength=window) / window**2
    damping = kappa[0, :, None, None]
    system = np.eye(window) - damping * table / window
    system[:, 0] = np.eye(window)[0] - (1 - 1 / rows) * damping[:, 0] ** 2 * total
    gram = np.linalg.solve(system, np.eye(window)[0][:, None] / rows)[..., 0]
    return np.asarray(gram @ total)[None]


def limiting_variance(chain: KdeChain, workflow: Workflow) -> float | None:
    """Variance that the kernels add in the end: v h^2 / a where real rows stay, elsewhere inf.

    A lineage comes to a real row with the chance a, their weight, at every kernel.
    """
    h, kind = last_bandwidth(chain, workflow), workflow.until(FOREVER)
    if h is None or kind is WorkflowKind.CUSTOM:
        return None
    if kind not in REAL_ROWS_STAY:
        return float("inf")
    return chain.shape.variance * h**2 / real_weight(workflow)


def limiting_cloud(chain: KdeChain, workflow: Workflow) -> float | None:
    """Variance of the training rows in the end: (n - 1) v h^2 under replace, inf in a pool."""
    h, kind = last_bandwidth(chain, workflow), workflow.until(FOREVER)
    if h is None:
        return None
    if kind is WorkflowKind.REPLACE:
        return (workflow.schedule[-1] - 1) * chain.shape.variance * h**2
    return float("inf") if kind is WorkflowKind.ACCUMULATE else None


def real_weight(workflow: Workflow) -> float:
    """a: the weight of the real rows in a fit."""
    real, rows = workflow.real_rows(1), workflow.schedule[-1]
    return real / (real + rows) if workflow.weight is None else workflow.weight
