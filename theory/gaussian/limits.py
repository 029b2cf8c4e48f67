"""Where the Gaussian chain's curves end up: limits in closed form, None where none is known.

A limit is the value as t -> infinity at fixed rows a batch (the last entry of a schedule repeats).

Source: loopbound theory, section 2.
"""

from __future__ import annotations

import math

from theory.gaussian.chain import GaussianChain
from theory.recursion import fits, fitted_trace, location_scale
from theory.workflow import Workflow, WorkflowKind


def mean_error(chain: GaussianChain, workflow: Workflow) -> float | None:
    """lim E |mu_t - mu_0|^2 / tr Sigma_0."""
    if replaces(workflow):
        return _replace_mean_error(chain, workflow)
    if workflow.kind is WorkflowKind.ACCUMULATE and chain.ddof == 0 and chain.temperature == 1:
        return 1 - _accumulate_trace(chain, workflow)
    if _diverges(chain, workflow):
        return math.inf
    return None


def trace_ratio(chain: GaussianChain, workflow: Workflow) -> float | None:
    """lim E tr Sigma_t / tr Sigma_0."""
    if replaces(workflow):
        return 1.0 if chain.ddof == 1 and chain.temperature == 1 else 0.0
    if chain.temperature < 1 and workflow.kind is WorkflowKind.ACCUMULATE:
        return 0.0
    if workflow.kind is WorkflowKind.ACCUMULATE:
        return _accumulate_trace(chain, workflow)
    if _diverges(chain, workflow):
        return math.inf
    return None


def replaces(workflow: Workflow) -> bool:
    """True for replace and a window of one batch."""
    return workflow.kind is WorkflowKind.REPLACE or workflow.window == 1


def _diverges(chain: GaussianChain, workflow: Workflow) -> bool:
    """Unbiased subsampling: spread and mean error grow like t^(1/budget)."""
    subsampling = workflow.kind is WorkflowKind.ACCUMULATE_SUBSAMPLE
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
