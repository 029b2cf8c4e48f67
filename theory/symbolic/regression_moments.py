"""Moments of the inverse of G = X'X, n rows of X ~ N(0, I_d), that linear regression needs.

Twice over: a Schur complement is chi-square, and Gaussian integration by parts (Stein's identity)
turns moments of G into linear equations between each other, which reach the second moments too.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import prod
from typing import Any

import sympy

from theory.symbolic import chi_square, density_shift
from theory.symbolic.derivation import Check, Derivation, DerivationError, Formula, Step
from theory.symbolic.letters import d, n

SOURCE = "loopbound theory, section 4"
DESIGN = "n rows x ~ N(0, I_d), G = X'X; a covariance Sigma of x drops out of tr Sigma G^-1"


_MOMENT = sympy.Function("g")


def expected(*powers: int) -> Any:
    """The letter g(p, q, ...) = E tr G^p tr G^q ...; a power 0 is a factor d."""
    kept = sorted(power for power in powers if power)
    letter = _MOMENT(*kept) if kept else sympy.Integer(1)
    return letter * d ** (len(powers) - len(kept))


def by_parts(power: int, *traces: int) -> tuple[Any, Any]:
    """Both sides of E sum_ia X_ia F_ia = E sum_ia dF_ia / dX_ia, F = X G^power prod tr G^q.

    With dG = e_a x_i' + x_i e_a' for row i and column a: the X in front gives n tr G^power;
    dG^-1 = -G^-1 dG G^-1 and dG = dG give the other powers; d tr G^q = 2 q x_i' G^(q-1) e_a.
    """
    left = expected(power + 1, *traces)
    inner = range(power, 0) if power < 0 else range(power)
    right = n * expected(power, *traces)
    for position in inner:
        sign = -1 if power < 0 else 1
        right += sign * expected(power, *traces)
        right += sign * expected(position + 1, power - 1 - position, *traces)
    for at, q in enumerate(traces):
        others = traces[:at] + traces[at + 1 :]
        right += 2 * q * expected(power + q, *others)
    return left, right


def by_hand(power: int, *traces: int) -> Any:
    """Zero if `by_parts` differentiates rightly: the divergence of F at one X, entry by entry."""
    step = sympy.Symbol("epsilon")
    point = sympy.Matrix([[1, 2], [-1, 1], [3, 1]])
    total = sympy.Integer(0)
    for row, column in ((a, b) for a in range(3) for b in range(2)):
        moved = point.copy()
        moved[row, column] += step
        gram = moved.T * moved
        field = (moved * gram**power)[row, column] * prod((gram**q).trace() for q in traces)
        total += sympy.diff(field, step).subs(step, 0)
    gram = point.T * point
    right = by_parts(power, *traces)[1].subs({d: 2, n: 3})
    return total - right.replace(_MOMENT, lambda *at: prod((gram**q).trace() for q in at))


def _identity(power: int, *traces: int) -> Step:
    """One identity, and the proof of its derivative."""
    left, right = by_parts(power, *traces)
    words = f"X G^{power}" if power else "X"
    words += "".join(f" tr G^{q}" for q in traces)
    return Step(
        f"Integration by parts, E sum X_ia F_ia = E sum dF_ia / dX_ia, with F = {words}, where "
        "g(p, q) = E tr G^p tr G^q; the right side is the derivative taken entry by entry at an "
        "integer X",
        sympy.Eq(left, sympy.expand(right), evaluate=False),
        (by_hand(power, *traces),),
    )


def _solved(identities: list[tuple[int, ...]], *unknown: Any) -> tuple[Any, ...]:
    """The moments that solve the identities."""
    equations = [left - right for left, right in (by_parts(*one) for one in identities)]
    known = {expected(-1): mean_inverse()} if expected(-1) not in unknown else {}
    (found,) = sympy.solve([one.subs(known) for one in equations], unknown, dict=True)
    return tuple(upward(found[letter]) for letter in unknown)


def upward(expression: Any, letter: Any = n) -> Any:
    """Factored, with n - d rather than d - n: each factor grows with the letter."""
    scale, kept = sympy.Integer(1), []
    for part in sympy.Mul.make_args(sympy.factor(expression)):
        base, power = part.as_base_exp()
        if base.has(letter) and base.is_polynomial(letter):
            if sympy.Poly(base, letter).LC().could_extract_minus_sign():
                scale, base = scale * (-1) ** power, sympy.expand(-base)
        kept.append(base**power)
    return sympy.Mul(*kept) * scale


def mean_inverse() -> Any:
    """E tr G^-1, by the chi-square of the Schur complement."""
    return d * chi_square.mean_inverse().subs(chi_square.k, n - d + 1)


def _schur(dim: int) -> tuple[Any, ...]:
    """(G^-1)_11 - 1 / (G_11 - g' H^-1 g), G = [[G_11, g'], [g, H]], with letters for entries."""
    entries = sympy.Matrix(
        dim, dim, lambda a, b: sympy.Symbol(f"g_{min(a, b)}{max(a, b)}", real=True)
    )
    border, rest = entries[1:, 0], entries[1:, 1:]
    complement = entries[0, 0] - (border.T * rest.inv() * border)[0]
    return (entries.inv(method="ADJ")[0, 0] - 1 / complement,)


def _shifted(name: str, reference: Callable[[int, int], Fraction], least: int) -> Check:
    """The check against moments by the shifted density, d <= 3, from n = d + least on."""

    def compare(formula: Formula) -> None:
        for dim in (1, 2, 3):
            for rows in (dim + least, dim + least + 1, dim + 9):
                found, right = formula.at(n=rows, d=dim), reference(dim, rows)
                if found != right:
                    raise DerivationError(f"{formula.name} is {found}, not {right}: d={dim}")

    return Check(
        f"equal to {name} from pairings of a polynomial and the density of n - 2 or n - 4 degrees "
        f"of freedom, in exact fractions, d <= 3, n - d in {least}, {least + 1}, 9",
        compare,
    )


@cache
def inverse_trace() -> Derivation:
    """E tr (X'X)^-1 = d / (n - d - 1)."""
    result = mean_inverse()
    (again,) = _solved([(-1,)], expected(-1))
    steps = (
        Step(
            "An entry on the diagonal of G^-1 is one over the Schur complement of its column",
            None,
            (*_schur(2), *_schur(3)),
        ),
        Step(
            "which is the squared length of n normals after projecting out the d - 1 other "
            "columns: chi-square with n - d + 1 degrees of freedom, whose mean inverse is",
            result / d,
        ),
        Step("d such entries", sympy.Eq(expected(-1), result, evaluate=False)),
        _identity(-1),
        Step("which agrees", again, (again - result,)),
    )
    return Derivation(
        "Mean trace of the inverse Gram matrix",
        f"{DESIGN}; n >= d + 2, infinite at n = d and d + 1",
        steps,
        Formula("inverse_trace", result),
        (_shifted("E tr G^-1", density_shift.inverse_trace, 2),),
        SOURCE,
    )


@cache
def pseudo_inverse_trace() -> Derivation:
    """E tr (X'X)^+ = n / (d - n - 1) with fewer rows than features."""
    letter = sympy.Symbol("h", positive=True)
    result = mean_inverse().subs({d: letter, n: d}).subs(letter, n)
    whole = inverse_trace()
    steps = (
        *whole.steps,
        Step(
            "X X' has the same law with n and d swapped, and the non-zero eigenvalues of X'X, so "
            "the trace of the pseudo-inverse of X'X has mean",
            result,
            (result.subs({n: d, d: n}, simultaneous=True) - whole.formula.expression,),
        ),
    )

    def compare(formula: Formula) -> None:
        for rows in (1, 2, 3):
            for dim in (rows + 2, rows + 3, rows + 9):
                found, right = formula.at(n=rows, d=dim), density_shift.inverse_trace(rows, dim)
                if found != right:
                    raise DerivationError(f"{formula.name} is {found}, not {right}: n={rows}")

    return Derivation(
        "Mean trace of the pseudo-inverse Gram matrix, more features than rows",
        "n rows x ~ N(0, I_d); n <= d - 2, infinite at n = d - 1",
        steps,
        Formula("inverse_trace", result),
        (
            Check(
                "equal to E tr (X X')^-1 from pairings and the shifted density, in exact "
                "fractions, n <= 3, d - n in 2, 3, 9",
                compare,
            ),
        ),
        SOURCE,
    )


SECOND = ((-2,), (-1, -1))


@cache
def second_moments() -> tuple[Any, Any]:
    """E tr G^-2 and E (tr G^-1)^2."""
    square, product = _solved(list(SECOND), expected(-2), expected(-1, -1))
    return square, product


@cache
def second_moment(name: str) -> Derivation:
    """E tr G^-2 ('inverse_square_trace') or E (tr G^-1)^2 ('inverse_trace_square')."""
    first = name == "inverse_square_trace"
    square, product = second_moments()
    known = {expected(-2): square, expected(-1, -1): product, expected(-1): mean_inverse()}
    pairs = [by_parts(*one) for one in SECOND]
    steps = (
        *(_identity(*one) for one in SECOND),
        Step(
            "Two linear equations, with E tr G^-1 known; sympy solves them",
            sympy.Matrix([square, product]),
            tuple((left - right).subs(known) for left, right in pairs),
        ),
    )
    reference = density_shift.inverse_square_trace if first else density_shift.inverse_trace_square
    shown = "E tr G^-2" if first else "E (tr G^-1)^2"
    return Derivation(
        f"Second moment {shown} of the inverse Gram matrix",
        f"{DESIGN}; n >= d + 4, infinite below",
        steps,
        Formula(name, square if first else product),
        (_shifted(shown, reference, 4),),
        SOURCE,
    )


@cache
def gram_by_inverse() -> tuple[Any, tuple[Step, ...]]:
    """E tr G tr G^-1, and the steps to it."""
    (found,) = _solved([(0, -1)], expected(-1, 1))
    step = Step("so that E tr G tr G^-1 is", sympy.Eq(expected(-1, 1), found, evaluate=False))
    return found, (_identity(0, -1), step)
