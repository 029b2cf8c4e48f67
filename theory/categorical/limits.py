"""What is left of the heterozygosity as t -> infinity, in units of the truth's own.

A limit is that at fixed rows a batch: the last entry of a schedule repeats. Real rows that stay or
keep coming leave the fixed point of a linear step; a pool leaves an infinite product; a window and
replace leave nothing.

Source: loopbound theory, sections 1 and 6; the products are derived by `python -m theory derive
categorical accumulate-subsample`.
"""

from __future__ import annotations

import math

from theory.gaussian import GaussianChain
from theory.gaussian import curves as gaussian_curves
from theory.workflow import Workflow, WorkflowKind

_FOREVER = 10**9  # generations: a window or a budget is outgrown by then


def heterozygosity_left(workflow: Workflow) -> float | None:
    """lim E (1 - sum p_t^2) / (1 - sum p_0^2); None where it is not known.

    Example:
        >>> round(heterozygosity_left(Workflow.anchored(30, 20)) * 0.62, 6)
        0.593679
    """
    match workflow.until(_FOREVER):
        case WorkflowKind.REPLACE | WorkflowKind.SLIDING_WINDOW:
            return 0.0
        case WorkflowKind.ACCUMULATE:
            whole = Workflow.accumulate(workflow.schedule)
            return gaussian_curves(GaussianChain(1, ddof=0), whole, 1).trace_ratio.limit
        case WorkflowKind.ANCHORED | WorkflowKind.FRESH:
            return _with_real_rows(workflow)
        case WorkflowKind.ACCUMULATE_SUBSAMPLE:
            return _subsampled(workflow)
    return None


def _with_real_rows(workflow: Workflow) -> float:
    """1 - A, A = a^2/N + b^2 ((1 - A)/n + A), anchored 2ab/N more; a, b the weights of a fit."""
    real, rows = workflow.real_rows(1), workflow.schedule[-1]
    a = real / (real + rows) if workflow.weight is None else workflow.weight
    b = 1 - a
    shared = 2 * a * b / real if workflow.kind is WorkflowKind.ANCHORED else 0.0
    error = (a**2 / real + shared + b**2 / rows) / (1 - b**2 * (1 - 1 / rows))
    return 1 - error


def _subsampled(workflow: Workflow) -> float | None:
    """A ratio of Gammas; batches of one size, a budget at most that size or with replacement."""
    n, m = workflow.schedule[0], workflow.budget or 1
    if len(workflow.schedule) > 1 or (m > n and not workflow.replacement):
        return None
    if m == 1 or n == 1:
        return 0.0
    if workflow.replacement:
        start, below, beta = (m - 1) * (n - 1) / (m * n), 0.0, 2.0
        gamma = start
    else:
        start, below, beta = (m - 1) / m, math.lgamma(2 - 1 / n), 2 - 1 / n
        gamma = (m * n - 3 * m - n + 1) / (m * n)
    root = math.sqrt(beta**2 - 4 * gamma) / 2
    above = math.lgamma(beta / 2 - root + 1) + math.lgamma(beta / 2 + root + 1)
    return start * math.exp(below - above)
