"""Linear recurrences of first order solved, and products turned into Gamma functions."""

from __future__ import annotations

from typing import Any

import sympy

from theory.symbolic.derivation import DerivationError
from theory.symbolic.letters import t, x


def solved(factor: Any, added: Any, start: Any) -> Any:
    """x_t of x_{t+1} = factor x_t + added, x_1 = start, by sympy's rsolve.

    The coefficients are named first, so that rsolve sees no more than two letters.
    """
    q, c, first = sympy.symbols("q c x_1", positive=True)
    constant = 0 if added == 0 else c
    general = sympy.rsolve(x(t + 1) - q * x(t) - constant, x(t), {x(1): first})
    return general.subs({c: added, first: start}).subs(q, factor)


def induction(expression: Any, factor: Any, added: Any, start: Any) -> tuple[Any, Any]:
    """Base and step of the proof that `expression` solves the recurrence: zero if it does."""
    base = expression.subs(t, 1).doit() - start
    return base, expression.subs(t, t + 1) - factor * expression - added


def gamma_product(factor: Any) -> Any:
    """prod_{k=1}^{t-1} factor(k) of a rational factor that tends to 1, by its roots.

    prod_{k=1}^{t-1} (k - r) = Gamma(t - r) / Gamma(1 - r).

    Raises:
        DerivationError: the factor does not tend to 1.
    """
    numerator, denominator = sympy.fraction(sympy.together(factor))
    top, bottom = sympy.Poly(numerator, t), sympy.Poly(denominator, t)
    if sympy.simplify(top.LC() - bottom.LC()) != 0 or top.degree() != bottom.degree():
        raise DerivationError(f"the factor does not tend to 1: {factor}")
    return _rising(top) / _rising(bottom)


def exponent(factor: Any) -> Any:
    """e of factor(t) = 1 + e / t + O(1 / t^2): the product grows like t^e."""
    return sympy.factor(sympy.limit(sympy.cancel(t * (factor - 1)), t, sympy.oo))


def amplitude(factor: Any) -> Any:
    """C of prod_{k=1}^{t-1} factor(k) ~ C t^e: Gamma(t - r) / Gamma(t) ~ t^(-r) at each root."""
    numerator, denominator = sympy.fraction(sympy.together(factor))
    top, bottom = sympy.Poly(numerator, t), sympy.Poly(denominator, t)
    return _at_one(bottom) / _at_one(top)


def root_sum(factor: Any) -> Any:
    """Sum of the roots of the denominator minus that of the numerator: e, a second time."""
    numerator, denominator = sympy.fraction(sympy.together(factor))
    total = sympy.Integer(0)
    for polynomial, sign in ((numerator, -1), (denominator, 1)):
        roots = _roots(sympy.Poly(polynomial, t))
        total += sign * sum(root * many for root, many in roots.items())
    return total


def _rising(polynomial: Any) -> Any:
    result = sympy.Integer(1)
    for root, many in _roots(polynomial).items():
        ratio = sympy.gamma(sympy.expand(t - root)) / sympy.gamma(sympy.expand(1 - root))
        result *= ratio**many
    return result


def _at_one(polynomial: Any) -> Any:
    result = sympy.Integer(1)
    for root, many in _roots(polynomial).items():
        result *= sympy.gamma(sympy.expand(1 - root)) ** many
    return result


def _roots(polynomial: Any) -> dict[Any, int]:
    """Every root with its multiplicity."""
    found: dict[Any, int] = sympy.roots(polynomial)
    if sum(found.values()) != polynomial.degree():
        raise DerivationError(f"sympy does not find every root of {polynomial}")
    return found
