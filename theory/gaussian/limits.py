"""Where the Gaussian chain's curves end up: limits in closed form, None where none is known.

A limit is the value as t -> infinity at fixed rows a batch (the last entry of a schedule repeats).

Source: loopbound theory, section 2.
"""

from __future__ import annotations

import math

import numpy as np

from theory.gaussian.chain import GaussianChain
from theory.recursion import fits, fitted_trace, location_scale
from theory.workflow import FOREVER, Workflow, WorkflowKind


def mean_error(chain: GaussianChain, workflow: Workflow) -> float | None:
    """lim E |mu_t - mu_0|^2 / tr Sigma_0."""
    if replaces(workflow):
        return _replace_mean_error(chain, workflow)
    if _keeps_real_rows(workflow):
        return _with_real_rows(chain, workflow)[0]
    if chain.ddof == 0 and chain.temperature == 1:
        # A row's second moment about mu_0 stays what it was: error and spread share it.
        left = trace_ratio(chain, workflow)
        return None if left is None else 1 - left
    if _diverges(chain, workflow):
        return math.inf
    return None


def trace_ratio(chain: GaussianChain, workflow: Workflow) -> float | None:
    """lim E tr Sigma_t / tr Sigma_0.

    With ddof = 0 it is the heterozygosity left of categories, too.

    Example:
        >>> trace_ratio(GaussianChain(3, ddof=0), Workflow.anchored(20, 30))
        0.9325153374233128
    """
    if replaces(workflow):
        return 1.0 if chain.ddof == 1 and chain.temperature == 1 else 0.0
    if _keeps_real_rows(workflow):
        return _with_real_rows(chain, workflow)[1]
    kind, likelihood = workflow.until(FOREVER), chain.ddof == 0 and chain.temperature == 1
    if kind is WorkflowKind.ACCUMULATE:
        whole = Workflow.accumulate(workflow.schedule)
        return 0.0 if chain.temperature < 1 else _accumulate_trace(chain, whole)
    if likelihood and kind is WorkflowKind.SLIDING_WINDOW:
        return 0.0
    if likelihood and kind is WorkflowKind.ACCUMULATE_SUBSAMPLE:
        return _subsampled_trace(workflow)
    if _diverges(chain, workflow):
        return math.inf
    return None


def replaces(workflow: Workflow) -> bool:
    """True for replace and a window of one batch."""
    return workflow.until(FOREVER) is WorkflowKind.REPLACE


def _keeps_real_rows(workflow: Workflow) -> bool:
    """True where real rows stay beside the last batch, or new ones join it."""
    return workflow.kind in (WorkflowKind.ANCHORED, WorkflowKind.FRESH)


def _diverges(chain: GaussianChain, workflow: Workflow) -> bool:
    """Unbiased subsampling: spread and mean error grow like t^(1/budget)."""
    subsampling = workflow.until(FOREVER) is WorkflowKind.ACCUMULATE_SUBSAMPLE
    return subsampling and chain.ddof == 1 and chain.temperature == 1


def _replace_mean_error(chain: GaussianChain, workflow: Workflow) -> float | None:
    """The tail is geometric with ratio tau (n - 1) / (n - ddof)."""
    n, tau = workflow.schedule[-1], chain.temperature
    if n == chain.ddof:
        return None
    ratio = tau * (n - 1) / (n - chain.ddof)
    if ratio == 1:
        return math.inf
    feature = location_scale(chain.ddof, tau)
    last = fits(workflow, len(workflow.schedule), feature)[-1]
    following = tau * fitted_trace(last, chain.ddof) / n
    return float(last.mean_square + following / (1 - ratio))


def _accumulate_trace(chain: GaussianChain, workflow: Workflow) -> float:
    """prod over x = N_t/n of 1 - 1/(x (x n - ddof)), by Gamma functions, times the schedule's head.

    Factor by its roots: ddof 0: (x - a)(x + a)/x^2 with a = n^(-1/2), whose product from x = 1 is
    sin(pi a)/(pi a); ddof 1: (x - r)(x - s)/(x (x - 1/n)) with r, s = (1 +- sqrt(1 + 4n))/(2n).
    """
    n, start = workflow.schedule[-1], len(workflow.schedule)
    head = fits(workflow, start, location_scale(chain.ddof, 1.0))[-1]
    x = workflow.pool_size(start) / n + 1
    root = math.sqrt(chain.ddof + 4 * n) / (2 * n)
    middle = chain.ddof / (2 * n)
    log_gamma = math.lgamma
    tail = log_gamma(x) + log_gamma(x - 2 * middle)
    tail -= log_gamma(x - middle - root) + log_gamma(x - middle + root)
    return float(fitted_trace(head, chain.ddof) * math.exp(tail))


def _with_real_rows(chain: GaussianChain, workflow: Workflow) -> tuple[float, float]:
    """Mean error B and trace S where one step leaves both, a and b the weights of a fit.

    B = a^2/N + b^2 (B + tau S/n), with 2ab/N more where the real rows stay the same;
    S = (a + b (B + tau S) - B) M / (M - ddof), M rows trained on.
    """
    real, rows, tau = workflow.real_rows(1), workflow.schedule[-1], chain.temperature
    a = real / (real + rows) if workflow.weight is None else workflow.weight
    b, after = 1 - a, len(workflow.schedule) + 1
    size = workflow.train_size(after)
    scale = size / (size - chain.ddof)
    begin = a**2 / real + (2 * a * b / real if workflow.kind is WorkflowKind.ANCHORED else 0.0)
    of_error = np.array([b**2, b**2 * tau / rows])
    step = np.array([of_error, scale * (np.array([b, b * tau]) - of_error)])
    if np.abs(np.linalg.eigvals(step)).max() >= 1:
        return math.inf, math.inf
    error, trace = np.linalg.solve(np.eye(2) - step, [begin, scale * (a - begin)])
    return float(error), float(trace)


def _subsampled_trace(workflow: Workflow) -> float | None:
    """A ratio of Gammas, ddof = 0.

    Batches of one size, and a budget of at most that size or drawn with replacement.
    """
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
