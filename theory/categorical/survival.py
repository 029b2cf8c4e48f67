"""Whether a category survives resampling: a branching process, and what it bounds.

Every row of a batch leaves a Poisson number of rows of mean 1 in the next if batches have Poisson
sizes. Categories are then independent branching processes, and a row's line lives to the k-th batch
with probability g_k, g_1 = 1, g_{k+1} = 1 - exp(-g_k), about 2/k.

Source: loopbound theory, section 6.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from theory.curve import Curve, Kind
from theory.workflow import whole_number

FloatArray = npt.NDArray[np.float64]

_SOURCE = "loopbound theory, section 6"


def lines(generations: int) -> FloatArray:
    """g_1, ..., g_T: P(a row of the real batch has descendants in batch k - 1), axis (generation,).

    Example:
        >>> lines(3).round(6)
        array([1.      , 0.632121, 0.468536])
    """
    found = [1.0]
    for _ in range(whole_number("generations", generations) - 1):
        found.append(-math.expm1(-found[-1]))
    return np.array(found)


def poisson_survival(rate: float, generations: int) -> Curve:
    """P(a category of `rate` expected real rows is seen by fit t), batches of Poisson sizes. Exact.

    1 - exp(-rate g_t); 1 at generation 0. With batches of exactly n rows it is a lower bound at
    rate n p_0.

    Raises:
        ValueError: rate <= 0 or not finite, or generations < 1.

    Example:
        >>> poisson_survival(2.0, 3)[1:].round(6)
        array([0.864665, 0.717546, 0.608227])
    """
    if not 0 < rate < math.inf:
        raise ValueError(f"rate must be positive and finite, got {rate!r}")
    values = np.append(1.0, -np.expm1(-rate * lines(generations)))
    return Curve(values, Kind.EXACT, _SOURCE, np.sqrt(values * (1 - values)), 0.0)


def survival_lower(shares: FloatArray, rows: int, generations: int) -> FloatArray:
    """Lower bounds 1 - exp(-n p g_t) under replace, axes (category, generation - 1)."""
    return np.asarray(-np.expm1(-rows * np.outer(shares, lines(generations))))
