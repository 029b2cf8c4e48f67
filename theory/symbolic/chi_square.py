"""Moments of chi-square, by integration of its density."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import sympy

k = sympy.Symbol("k", positive=True)
power = sympy.Symbol("p", positive=True)


@cache
def moment() -> Any:
    """E X^p of X ~ chi^2_k, in the letters k and p; sympy integrates.

    Analytic in p for p > -k/2, so negative powers and the logarithm follow from it.
    """
    y = sympy.Symbol("y", positive=True)
    half = k / 2
    total = sympy.integrate(y ** (power + half - 1) * sympy.exp(-y / 2), (y, 0, sympy.oo))
    return sympy.powsimp(sympy.simplify(total / (2**half * sympy.gamma(half))))


@cache
def mean_log() -> Any:
    """E log X, the derivative of the moment at p = 0."""
    return sympy.simplify(sympy.diff(moment(), power).subs(power, 0))


@cache
def mean_inverse() -> Any:
    """E 1/X, the moment at p = -1, for k > 2."""
    return sympy.gammasimp(moment().subs(power, -1))


def by_quadrature(dof: int, function: Callable[[float], float]) -> float:
    """E function(X) of X ~ chi^2_dof by adaptive quadrature of the density."""
    from scipy.integrate import quad

    log_norm = dof / 2 * math.log(2) + math.lgamma(dof / 2)

    def integrand(root: float) -> float:  # X = root^2: the density stays finite for dof = 1
        log_density = (dof - 1) * math.log(root) - root**2 / 2 - log_norm
        return 2 * function(root**2) * math.exp(log_density)

    middle = math.sqrt(dof)
    ends = (1e-300, middle / 2, middle, middle + 2, middle + 12)
    pieces = zip(ends[:-1], ends[1:], strict=True)
    return math.fsum(quad(integrand, a, b, epsabs=1e-15, epsrel=1e-13)[0] for a, b in pieces)
