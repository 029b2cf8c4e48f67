"""The universal inflation v_t: how many times the error of one fit to real data.

For a regular, well-specified parametric family the excess risk at generation t is, to leading
order in the rows n at fixed t, (d_eff / 2 n_0) v_t with v_t a property of the workflow alone.
It is exact for linear regression with one design reused, and a yardstick elsewhere: the limits
in t and n do not commute.

    replace                      t
    accumulate                   sum_{i<=t} 1/i^2                  -> pi^2/6     = 1.644934
    accumulate-subsample         budget n, without replacement     -> pi^2/2 - 2 = 2.934802
                                 budget n, with replacement        -> pi^2/3     = 3.289868
    sliding-window w             linear, slope 4/(w+1)^2
    anchored, n_real = n         4/3 - 4^(1-t)/3                   -> 4/3
    fresh, weight w, k = n_r/n_s [w^2 + (1-w)^2 k] / (w (2-w))

Source: loopbound theory, section 3; accumulate and replace for regression in 2404.01413.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from theory.curve import Curve, Kind
from theory.recursion import fits, unit_row_noise
from theory.workflow import Workflow, WorkflowKind, whole_number

if TYPE_CHECKING:
    from theory.symbolic.derivation import Formula


def inflation(workflow: Workflow, generations: int) -> Curve:
    """Excess risk at generation t in units of generation 1's (no unit).

    The unit is one fit to all real rows of batch 0 (n_0, or n_real), so a subsample whose budget
    is below n_0 starts above 1.

    Returns:
        Curve of axis (generation,), 0 at generation 0, kind ASYMPTOTIC: n -> infinity at fixed t,
        well-specified regular family, where the expectation exists. `limit` is the exact limit
        of v_t as t -> infinity (`inf` if it diverges), None for `custom`.

    Raises:
        ValueError: generations < 1.

    Source: loopbound theory, section 3.

    Example:
        >>> inflation(Workflow.accumulate_subsample(100), 3)[1:].round(4)
        array([1.    , 1.75  , 2.0833])
    """
    whole_number("generations", generations)
    seen = fits(workflow, generations, unit_row_noise())
    unit = workflow.real_rows(1)
    values = np.array([0.0] + [unit * fit.mean_square for fit in seen])
    source, limit = "loopbound theory, section 3", _limit(workflow)
    formula = partial(_closed_form, workflow)
    return Curve(values, Kind.ASYMPTOTIC, source, limit=limit, closed_form=formula)


def _closed_form(workflow: Workflow) -> Formula | None:
    from theory.symbolic.curve_formulas import of_inflation

    return of_inflation(workflow)


def _limit(workflow: Workflow) -> float | None:
    """lim v_t, in closed form; None for `custom`."""
    match workflow.kind:
        case WorkflowKind.CUSTOM:
            return None
        case WorkflowKind.REPLACE | WorkflowKind.SLIDING_WINDOW:
            return math.inf
        case WorkflowKind.ANCHORED:
            return _anchored_limit(workflow)
        case WorkflowKind.FRESH:
            return _fresh_limit(workflow)
    return _pooled_limit(workflow)


def _anchored_limit(workflow: Workflow) -> float:
    """The covariance with the real batch tends to 1/N, so B tends to 1/N + b^2/(n (1 - b^2))."""
    real, rows = workflow.real_rows(1), workflow.schedule[-1]
    b = rows / (real + rows)
    return 1 + real / rows * b**2 / (1 - b**2)


def _fresh_limit(workflow: Workflow) -> float:
    real, rows = workflow.real_rows(1), workflow.schedule[-1]
    w = real / (real + rows) if workflow.weight is None else workflow.weight
    return float((w**2 + (1 - w) ** 2 * real / rows) / (w * (2 - w)))


def _pooled_limit(workflow: Workflow) -> float:
    """Accumulate and its subsample: the recursion to a constant tail, then polygamma sums.

    With x = N_t/n, adding a batch of n rows moves A by (1/n + s_t)/(x + 1)^2, where s_t is the
    noise of the draw: 0 while the budget takes the whole pool, then 1/m - 1/N_t, or 1/m with
    replacement. Sums over x, x+1, ... are trigamma values.
    """
    n, m = workflow.schedule[-1], workflow.budget
    start = len(workflow.schedule)
    x = workflow.pool_size(start) / n
    total = fits(workflow, start, unit_row_noise())[-1].pool_mean_square
    total += _trigamma(x + 1) / n
    if m is not None and workflow.replacement:
        total += (_trigamma(x + 1) + 1) / m
    elif m is not None:
        x += max(0, -(-(m - workflow.pool_size(start)) // n))
        trigamma = _trigamma(x + 1)
        total += (trigamma + 1) / m - (1 / x - trigamma) / n
    return float(workflow.real_rows(1) * total)


def _trigamma(x: float) -> float:
    """Sum of 1/(x + k)^2 over k >= 0, x >= 1; to rounding.

    Terms up to 16, then Euler and Maclaurin's series, whose first term left out is 6e-17. Not
    scipy.special's: to import that takes longer than everything else that needs this.
    """
    total = 0.0
    while x < 16:
        total += 1 / x**2
        x += 1
    y = 1 / x**2
    series = y / 6 - y**2 / 30 + y**3 / 42 - y**4 / 30 + 5 * y**5 / 66
    return total + 1 / x + y / 2 + series / x
