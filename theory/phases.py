"""The fate of a loop whose window and whose share of real rows change as powers of time.

Fit t puts the weight r_t = t^-b on real rows and the rest on the last W_t = ceil(t^a) batches that
models wrote; fit 1 sees real rows only. Both exponents are all that matters in the end: the drift
F_t, the inflation that models add to the error of the real rows, is of the order t^p with

    p = b - a             a + b <= 1: real rows hold the models, which forget within t^(a+b) fits
    p = max(0, 1 - 2 a)   a + b > 1: they are too few to, and every batch leaves its mark for good

or of the order ln t at a = 1/2, b > 1/2. The error stays bounded iff b <= a or a > 1/2.

If the real rows are the same for ever v_t = 1 + F_t. If they are newly drawn, as many as their
share says, v_t is of the order F_t itself and falls to 0 where p < 0.

Source: loopbound theory, proved in docs/workflow_map.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from theory.curve import FloatArray
from theory.workflow import Workflow, whole_number

Exponent: TypeAlias = float | Fraction


class Fate(Enum):
    """What becomes of the drift F_t of a loop as t grows."""

    FALLS = "falls"
    BOUNDED = "bounded"
    LOGARITHMIC = "logarithmic"
    POWER = "power"
    LINEAR = "linear"


@dataclass(frozen=True)
class Growth:
    """F_t / (t^exponent), or F_t / ln t, stays between two positive constants.

    Attributes:
        exponent: p; negative where F_t tends to 0.
        logarithmic: True for ln t, whose exponent is 0.
    """

    exponent: float
    logarithmic: bool = False

    def __post_init__(self) -> None:
        if not -math.inf < self.exponent <= 1:
            raise ValueError(f"exponent must be finite and <= 1, got {self.exponent!r}")
        if self.logarithmic and self.exponent != 0:
            raise ValueError(f"ln t has exponent 0, got {self.exponent!r}")

    @property
    def fate(self) -> Fate:
        """The growth in a word; POWER is a power strictly between 0 and 1."""
        if self.logarithmic:
            return Fate.LOGARITHMIC
        if self.exponent in (0, 1):
            return Fate.LINEAR if self.exponent else Fate.BOUNDED
        return Fate.POWER if self.exponent > 0 else Fate.FALLS


def inflation_growth(window_exponent: Exponent, real_exponent: Exponent) -> Growth:
    """Order of the drift F_t with windows t^a and real shares t^-b (no unit). Proved.

    Any windows and shares within constant factors of those have the same order, if they are
    monotone and no share but the first is 1; without real rows after fit 1 pass `math.inf`.
    `fractions.Fraction` puts an exponent on a border exactly.

    Args:
        window_exponent: a in [0, 1]; 0 is a fixed window, 1 a fixed part of all batches.
        real_exponent: b >= 0; 0 is a constant share.

    Raises:
        ValueError: exponents outside those ranges, or a = 1, b = 0, where p depends on the share
            itself: -2 r if it is below 1/2, -1 above.

    Example:
        >>> inflation_growth(0, math.inf).fate.value, inflation_growth(0.5, 1).fate.value
        ('linear', 'logarithmic')
        >>> inflation_growth(0.25, 0.5)
        Growth(exponent=0.25, logarithmic=False)
    """
    a, b = window_exponent, real_exponent
    _check(a, b)
    if a == 1 and b == 0:
        raise ValueError(
            "window_exponent=1 and real_exponent=0: the exponent depends on the share of real rows"
        )
    if a + b <= 1:
        return Growth(float(b - a))
    return Growth(float(max(0, 1 - 2 * a)), logarithmic=2 * a == 1)


def _check(window_exponent: Exponent, real_exponent: Exponent) -> None:
    if not 0 <= window_exponent <= 1:
        raise ValueError(f"window_exponent must be in [0, 1], got {window_exponent!r}")
    if not real_exponent >= 0:
        raise ValueError(f"real_exponent must be >= 0, got {real_exponent!r}")


def window(exponent: Exponent, t: int) -> int:
    """W_t = ceil(t^a), the batches of fit t.

    Example:
        >>> [window(0.5, t) for t in (1, 4, 5, 100)]
        [1, 2, 3, 10]
    """
    power = float(t) ** float(exponent)
    nearest: int = round(power)
    exact = math.isclose(power, nearest, rel_tol=1e-12)
    return min(t, nearest if exact else math.ceil(power))


def real_share(exponent: Exponent, t: int) -> float:
    """r_t = t^-b, the weight of real rows at fit t; 1/2 for ever at b = 0, and 1 at fit 1.

    Example:
        >>> real_share(0.5, 4), real_share(0, 4), real_share(math.inf, 4), real_share(math.inf, 1)
        (0.5, 0.5, 0.0, 1.0)
    """
    if t == 1:
        return 1.0
    return 0.5 if exponent == 0 else float(t) ** -float(exponent)


def widening(n: int, window_exponent: Exponent, real_exponent: Exponent) -> Workflow:
    """The workflow with windows t^a, and the share t^-b on the real batch, kept for ever.

    `theory.inflation` of it is v_t = 1 + F_t. It is replace at a = 0, b = inf, and close to
    accumulate at a = 1, b = 1.

    Raises:
        ValueError: n < 1, or exponents outside [0, 1] and [0, inf].

    Example:
        >>> widening(10, 0.5, 0.5).weights(4)
        array([0.5 , 0.  , 0.25, 0.25])
    """
    _check(window_exponent, real_exponent)

    def weights(t: int) -> FloatArray:
        share, batches = real_share(real_exponent, t), window(window_exponent, t)
        row = np.zeros(t)
        row[t - batches :] = (1 - share) / batches
        row[0] += share
        return row

    return Workflow.custom(whole_number("n", n), weights)


def leading_drift(
    window_exponent: Exponent, real_exponent: Exponent, generations: int
) -> FloatArray:
    """F_t as if every window were long settled, axis (generation,), entries 0 and 1 are 0.

    A batch leaves 2/(W+1) of itself in the models once its window is behind them, and a fit is
    2/(W+1) of a step back: F_t = sum_{s<t} (2/(W_s+1))^2 prod_{s<u<=t} (1 - r_u)^(4/(W_u+1)).
    Exact for a = 0. The leading order for 0 < a < 1, b > 0 where a + b <= 1 or a <= 1/2, observed
    and not proved: the ratio to F_t tends to 1 there, and to another constant elsewhere.

    Example:
        >>> leading_drift(0, math.inf, 4)
        array([0., 0., 1., 2., 3.])
    """
    _check(window_exponent, real_exponent)
    found = np.zeros(whole_number("generations", generations) + 1)
    for t in range(2, generations + 1):
        last, now = window(window_exponent, t - 1), window(window_exponent, t)
        kept = (1 - real_share(real_exponent, t)) ** (4 / (now + 1))
        found[t] = kept * (found[t - 1] + (2 / (last + 1)) ** 2)
    return found
