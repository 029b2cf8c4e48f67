"""Quadrature rules: expectations over one chi-square or one normal variable as weighted sums.

Both are the trapezoidal rule after a change of variable that leaves an analytic integrand with
rapidly decaying ends, where the rule converges exponentially in 1/step (Takahasi and Mori 1974;
Trefethen and Weideman 2014).  The steps below keep the relative error under 1e-13 for df <= 200.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Array = NDArray[np.float64]
NATS = 42.0
"""Ranges are cut where the integrand has lost a factor e^-42 = 6e-19."""


def chi_square_rule(df: float, *, pole: float = 0.0) -> tuple[Array, Array]:
    """Return nodes x and weights with E f(X) = sum weights f(x), X chi-square, ``df`` > 0.

    ``f`` must be analytic near the positive axis and grow no faster than x^-pole at 0, with pole <
    df/2.  The substitution x = exp(s - exp(-s)) makes a power at 0 and the exponential at infinity
    both decay doubly exponentially in s.

    The lower end solves x^(df/2 - pole) < e^-NATS.  The upper end is the tail bound
    P(X > df + 2 sqrt(df u) + 2u) <= e^-u (Laurent and Massart 2000).  The step resolves the bulk of
    log X, whose standard deviation is about sqrt(2/df).  The log density is rounded, which costs a
    relative error of about 1e-16 df: 1e-12 at df = 5000.
    """
    if pole >= df / 2:
        raise ValueError(f"E X^-{pole} is infinite for df={df}")
    low = -math.log(NATS / (df / 2 - pole))
    high = math.log(df + 2 * math.sqrt(df * NATS) + 2 * NATS) + 0.1
    step = min(0.1, 0.5 * math.sqrt(2 / df))
    s = np.arange(low, high, step)
    log_x = s - np.exp(-s)
    x = np.exp(log_x)
    log_density = df / 2 * log_x - x / 2 - gammaln(df / 2) - df / 2 * math.log(2)
    return x, step * (1 + np.exp(-s)) * np.exp(log_density)


def even_normal_rule() -> tuple[Array, Array]:
    """Return nodes z >= 0 and weights with E f(Z) = sum weights f(z), Z normal, ``f`` even.

    ``f`` must be analytic for |Im z| < 1: the error is then of order exp(-2 pi/step) = 4e-17.
    """
    step = 1 / 6
    z = np.arange(0.0, math.sqrt(2 * NATS) + step, step)
    weights = 2 * step * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    weights[0] /= 2
    return z, weights
