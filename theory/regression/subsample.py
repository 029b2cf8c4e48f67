"""Where no exact law is known: the leading order, and when a subsampled chain stays bounded.

To leading order as d/n -> 0 the error is that of one fit times the universal inflation. At finite
d/n that of typical designs may be lower at generation 2 and is higher later (n = m = 30, d = 5:
-0.3 % at t = 2, 3.9 % at t = 10): `montecarlo.regression` simulates it (method 'rao-blackwell').

A subsample of m rows from ever more batches of fresh designs mixes models. With P the mean square
of those in the pool, Q the square of their mean and D = P - Q their spread, a fit has, up to terms
that vanish like a power of t,

    E |e|^2 = c P + (1 - c) Q + tau,    c = (m - 2)(d + 2)/((m + 2)(m - d - 1)),
                                        tau = sigma^2 d/(m - d - 1),

so D -> tau / (1 - c) where c < 1, which is m >= 2 d + 1, and grows like t^(c-1) otherwise: bounded
and divergent given the designs, for almost all of them.

Averaged over designs the error is bounded in d = 1 only. For d >= 2 its mean is infinite from some
generation on, whatever the budget, because rows close to a hyperplane are drawn again and again,
each time with a new row that passes their error on. `infinite_mean_from` gives a generation that
goes to infinity as d/m -> 0: the leading order at a fixed one is not touched. A simulated mean
beyond it is one over typical designs. All of it is proved in docs/subsample_threshold.md.

A draw that can hold d + 1 different rows x or fewer is another cause, however rare it is: with
replacement at every generation, and under a reused design, where copies of a row collect, from the
first t >= m / (d + 1) on.

Source: loopbound theory, section 4.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate

import numpy as np

from theory.curve import Kind
from theory.inflation import inflation
from theory.regression.chain import RegressionChain
from theory.regression.moments import noise_gain, row_gain
from theory.regression.parts import Parts
from theory.regression.reused import label_noise
from theory.workflow import Workflow, whole_number


def parts(chain: RegressionChain, workflow: Workflow, generations: int) -> Parts:
    """Leading order as d/n -> 0: kind ASYMPTOTIC, any workflow, n >= d + 2."""
    square = label_noise(chain, workflow, generations)
    gain = noise_gain(workflow.real_rows(1), chain.dim)
    limit = inflation(workflow, 1).limit if isinstance(chain.noise, float) else None
    if limit is not None and isinstance(chain.noise, float):
        limit *= chain.noise**2 * gain
    variance = gain * square
    start = _too_few_from(chain, workflow)
    if start is not None:
        variance[start:] = math.inf
    if start is not None or _diverges(chain, workflow):
        limit = math.inf
    return Parts(np.zeros(generations + 1), variance, Kind.ASYMPTOTIC, limit=limit)


def infinite_mean_from(chain: RegressionChain, workflow: Workflow) -> int | None:
    """First generation from which the mean error over designs is known to be infinite, for ever.

    Of a workflow with a budget m and no penalty; None if none is known. Fresh rows without
    replacement, m >= d + 2: t0 + 2 (m - d - 1) for d >= 2, t0 being the first t whose pool has
    2 m - 1 rows, and None for d = 1, where the mean is bounded if every batch has 3 rows. Elsewhere
    the first fit on d - 1, d or d + 1 different rows with positive probability. An earlier one is
    not excluded. Given the designs the error is finite all the same: see `subsample_growth`.

    `curves` has `inf` where too few different rows are the cause; where rows drawn again are, it
    keeps the leading order and its limit, and says so in `source`.

    Source: docs/subsample_threshold.md, theorem 4.

    Example:
        >>> infinite_mean_from(RegressionChain(10), Workflow.accumulate_subsample(32))
        44
        >>> infinite_mean_from(RegressionChain(1), Workflow.accumulate_subsample(32)) is None
        True
    """
    few = _too_few_from(chain, workflow)
    return drawn_again_from(chain, workflow) if few is None else few


def drawn_again_from(chain: RegressionChain, workflow: Workflow) -> int | None:
    """The same where no fit of its own is to blame, but rows that are drawn again; else None."""
    dim, budget = chain.dim, workflow.budget
    if budget is None or workflow.replacement or chain.design == "reused" or chain.penalised:
        return None
    if dim < 2 or budget < dim + 2:
        return None
    return _pool_of(workflow, 2 * budget - 1) + 2 * (budget - dim - 1)


def _too_few_from(chain: RegressionChain, workflow: Workflow) -> int | None:
    """First generation whose draw can hold d - 1, d or d + 1 different rows; None if none can."""
    budget, fewest, most = workflow.budget, max(chain.dim - 1, 1), chain.dim + 1
    if budget is None or budget < fewest or chain.penalised:
        return None
    reused, rows = chain.design == "reused", workflow.real_rows(1)
    if reused and rows < fewest:
        return None
    if reused and rows > most and not workflow.replacement:
        return -(-budget // most)
    if reused or workflow.replacement or budget <= most:
        return _pool_of(workflow, fewest)
    return None


def _pool_of(workflow: Workflow, rows: int) -> int:
    """First generation whose pool has so many rows."""
    pools = list(accumulate(workflow.schedule))
    if rows <= pools[-1]:
        return bisect_left(pools, rows) + 1
    return len(pools) + -(-(rows - pools[-1]) // workflow.schedule[-1])


def _diverges(chain: RegressionChain, workflow: Workflow) -> bool:
    if workflow.budget is None or chain.design == "reused":
        return False
    return subsample_growth(chain.dim, workflow.budget) >= 1


def subsample_growth(dim: int, budget: int) -> float:
    """c of accumulate-subsample, fresh designs: given them the error stays bounded where c < 1.

    Then the spread of the models converges like t^-(1-c), else it grows like t^(c-1). `inf` for
    budget <= dim + 1. It does not depend on n. The mean over designs is infinite on either side
    for dim >= 2, from `infinite_mean_from` on.

    Raises:
        ValueError: dim < 1 or budget < 1.

    Example:
        >>> subsample_growth(10, 21) < 1 < subsample_growth(10, 20)
        True
    """
    return row_gain(whole_number("budget", budget), whole_number("dim", dim))
