"""Moments of the inverse of a Wishart matrix by shifting its density: exact fractions.

The density of W ~ Wishart_d(k, I) is that of k - 2 j degrees of freedom times det W^j, but for a
constant. So E_k W^-1 has adj W = W^-1 det W in place of W^-1 at k - 2 over E_(k-2) det W, and
adj W is a polynomial, whose expectation Isserlis' pairings give. Checks use these: they share
nothing with integration by parts. Few dimensions, since the number of pairings explodes.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import sympy

from theory.symbolic import chi_square, wishart
from theory.symbolic.checks import rational
from theory.symbolic.wishart import k


def inverse_trace(dim: int, dof: int) -> Fraction:
    """E tr W^-1, finite for dof >= dim + 2; its determinants by pairings up to dim 3."""
    if dim <= 3:
        return dim * rational(wishart.inverse_moment(dim).subs(k, dof))
    minor, whole = (determinant_power(size, 1).subs(k, dof - 2) for size in (dim - 1, dim))
    return dim * rational(minor / whole)


def inverse_square_trace(dim: int, dof: int) -> Fraction:
    """E tr W^-2, finite for dof >= dim + 4."""
    return rational(_shifted(dim, 2, _square_trace).subs(k, dof))


def inverse_trace_square(dim: int, dof: int) -> Fraction:
    """E (tr W^-1)^2, finite for dof >= dim + 4."""
    return rational(_shifted(dim, 2, _trace_square).subs(k, dof))


def trace_by_inverse_trace(dim: int, dof: int) -> Fraction:
    """E tr W tr W^-1, finite for dof >= dim + 2."""
    return rational(_shifted(dim, 1, _trace_product).subs(k, dof))


def _square_trace(matrix: Any) -> Any:
    return (matrix.adjugate() ** 2).trace()


def _trace_square(matrix: Any) -> Any:
    return matrix.adjugate().trace() ** 2


def _trace_product(matrix: Any) -> Any:
    return matrix.trace() * matrix.adjugate().trace()


@cache
def _shifted(dim: int, shift: int, polynomial: Callable[[Any], Any]) -> Any:
    """E_k polynomial(W) / det W^shift, in k."""
    places = [(a, b) for a in range(dim) for b in range(a, dim)]
    letters = {place: sympy.Symbol(f"W_{place}") for place in places}
    matrix = sympy.Matrix(dim, dim, lambda a, b: letters[min(a, b), max(a, b)])
    total = sympy.Integer(0)
    for powers, coefficient in sympy.Poly(polynomial(matrix), *letters.values()).terms():
        entries = [at for at, power in zip(places, powers, strict=True) for _ in range(power)]
        total += coefficient * wishart.entry_moment(tuple(entries))
    return sympy.cancel((total / determinant_power(dim, shift)).subs(k, k - 2 * shift))


def determinant_power(dim: int, power: int) -> Any:
    """E det W^power, the product of chi-square moments with k, k - 1, ... degrees of freedom."""
    moment = _chi_square_moment(power)
    return sympy.prod(moment.subs(k, k - position) for position in range(dim))


@cache
def _chi_square_moment(power: int) -> Any:
    """E X^power of X ~ chi^2_k, a polynomial in k."""
    moment = chi_square.moment().subs({chi_square.power: power, chi_square.k: k})
    return sympy.gammasimp(moment)
