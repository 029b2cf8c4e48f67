"""Where no exact law is known: the leading order, and when a subsampled chain stays bounded.

To leading order as d/n -> 0 the error is that of one fit times the universal inflation; at finite
d/n the truth may be lower at generation 2 and is higher later (n = m = 30, d = 5: -0.3 % at t = 2,
3.9 % at t = 10), and `montecarlo.regression` gives it (method 'rao-blackwell').

A subsample of m rows from ever more batches of fresh designs mixes models. With P the mean square
of those in the pool, Q the square of their mean and D = P - Q their spread, a fit has, up to terms
that vanish like a power of t,

    E |e|^2 = c P + (1 - c) Q + tau,    c = (m - 2)(d + 2)/((m + 2)(m - d - 1)),
                                        tau = sigma^2 d/(m - d - 1),

so D -> tau / (1 - c) where c < 1, which is m >= 2 d + 1, and grows like t^(c-1) otherwise. Given
the designs this is proved, for almost all of them, and so is divergence in the mean; that the
bounded limit has a mean over designs is proved for d = 1 and open beyond
(docs/subsample_threshold.md).

A draw that can hold d + 1 different rows x or fewer has an infinite expected error, however rare it
is: with replacement at every generation, and under a reused design, where copies of a row collect,
from the first t >= m / (d + 1) on.

Source: loopbound theory, section 4.
"""

from __future__ import annotations

import math

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
    start = _infinite_from(chain, workflow)
    if start is not None:
        variance[start:] = math.inf
    if start is not None or _diverges(chain, workflow):
        limit = math.inf
    return Parts(np.zeros(generations + 1), variance, Kind.ASYMPTOTIC, limit=limit)


def _infinite_from(chain: RegressionChain, workflow: Workflow) -> int | None:
    """First generation whose draw can hold too few different rows; None if none can."""
    if workflow.budget is None:
        return None
    if workflow.replacement:
        return 1
    copies = -(-workflow.budget // (chain.dim + 1))
    return copies if chain.design == "reused" else None


def _diverges(chain: RegressionChain, workflow: Workflow) -> bool:
    if workflow.budget is None or chain.design == "reused":
        return False
    return subsample_growth(chain.dim, workflow.budget) >= 1


def subsample_growth(dim: int, budget: int) -> float:
    """c of accumulate-subsample with fresh designs: the error stays bounded where c < 1.

    Then the spread of the models converges like t^-(1-c), else it grows like t^(c-1). `inf` for
    budget <= dim + 1. It does not depend on n.

    Raises:
        ValueError: dim < 1 or budget < 1.

    Example:
        >>> subsample_growth(10, 21) < 1 < subsample_growth(10, 20)
        True
    """
    return row_gain(whole_number("budget", budget), whole_number("dim", dim))
