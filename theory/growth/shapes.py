"""The shapes that are fitted to a measured loss curve.

Every shape has a level and a height, loss_t = a + b f_t, and some a number more:

    inflation      a + b v_t                        theory's yardstick, section 3
    passes         a + b v_t + c h_t                and a drift for every model passed through
    logarithm      a + b ln t
    power          a + b (t^c - 1)/c                which is the logarithm at c = 0
    contraction    a + b (1 - c^(t-1))/(1 - c)      damage of which a share c survives each fit

v_t is the variance that a workflow piles up (`theory.inflation`). h_t is the expected number of
models between a training row and the truth: real rows have 0, rows that a model writes one more
than the rows it was fitted to. A model that distorts what it copies by the same small amount every
time moves the expected training distribution by h_t of them: t - 1 under replace, and under
accumulate and its subsample 1/2 + 1/3 + ... + 1/t, which grows like ln t (the cycles of a random
permutation less one; section 5 has the same law for the mean of a kernel density).

Theory predicts v_t for regular, well-specified families to leading order in the rows. A language
model breaks each premise, so agreement is a finding, not a check: v_t is the yardstick.

Source: loopbound theory, sections 3 and 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from theory.inflation import inflation
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]


class Shape(Enum):
    """The curves that are fitted, by name."""

    INFLATION = "inflation"
    PASSES = "passes"
    LOGARITHM = "logarithm"
    POWER = "power"
    CONTRACTION = "contraction"


RANGE = {Shape.POWER: (-4.0, 4.0), Shape.CONTRACTION: (0.01, 1.2)}
"""Of c, where a shape has that number; the others are linear in theirs."""


def passes(workflow: Workflow, generations: int) -> FloatArray:
    """h_t, expected models between a row of training set t and the truth, axis (generation,).

    0 for real rows; index 0, the truth itself, is 0. Exact for every workflow.

    Example:
        >>> passes(Workflow.accumulate(10), 4).round(4).tolist()
        [0.0, 0.0, 0.5, 0.8333, 1.0833]
    """
    depth: list[float] = []  # of each batch, in order of creation
    found = [0.0]
    for t in range(1, whole_number("generations", generations) + 1):
        if workflow.real_rows(t):
            depth.append(0.0)
        found.append(float(workflow.weights(t) @ np.array(depth)))
        depth.append(found[-1] + 1)
    return np.array(found)


def columns(shape: Shape, workflow: Workflow, t: FloatArray, c: float) -> FloatArray:
    """What the linear coefficients multiply, axes (generation, coefficient), at real t >= 1."""
    one = np.ones(len(t))
    last = int(math.ceil(t.max()))
    match shape:
        case Shape.INFLATION:
            return np.column_stack([one, _between(t, _variance(workflow, last))])
        case Shape.PASSES:
            v, h = _variance(workflow, last), passes(workflow, last)
            return np.column_stack([one, _between(t, v), _between(t, h)])
        case Shape.LOGARITHM:
            return np.column_stack([one, np.log(t)])
        case Shape.POWER:
            return np.column_stack([one, _box_cox(np.log(t), c)])
        case Shape.CONTRACTION:
            unit = math.log(c) / (c - 1) if c != 1 else 1.0
            return np.column_stack([one, unit * _box_cox(t - 1, math.log(c))])


@lru_cache(64)  # a fit asks for the same curve again and again
def _variance(workflow: Workflow, generations: int) -> FloatArray:
    return inflation(workflow, generations).values


def _between(t: FloatArray, values: FloatArray) -> FloatArray:
    return np.asarray(np.interp(t, np.arange(len(values)), values))


def _box_cox(x: FloatArray, c: float) -> FloatArray:
    """(e^(c x) - 1)/c, x at c = 0."""
    return np.asarray(np.expm1(c * x) / c if c else x)


def split(shape: Shape, coefficients: Sequence[float]) -> tuple[FloatArray, float]:
    """(linear coefficients, c)."""
    if shape in RANGE:
        return np.array(coefficients[:-1]), coefficients[-1]
    return np.array(coefficients), 0.0


def jacobian(
    shape: Shape, workflow: Workflow, t: FloatArray, coefficients: Sequence[float]
) -> FloatArray:
    """Change of the line with each coefficient, axes (generation, coefficient)."""
    linear, c = split(shape, coefficients)
    found = columns(shape, workflow, t, c)
    if shape not in RANGE:
        return found
    step = 1e-5
    up, down = (columns(shape, workflow, t, c + d) @ linear for d in (step, -step))
    return np.column_stack([found, (up - down) / (2 * step)])
