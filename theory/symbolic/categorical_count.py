"""The count of one category: third moments, and when one of two categories is left."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import sympy

from theory.symbolic.checks import near
from theory.symbolic.derivation import Check, Derivation, DerivationError, Formula, Step, equation
from theory.symbolic.letters import n, p, t
from theory.workflow import Workflow

SOURCE = "loopbound theory, section 6"
_X = sympy.Symbol("x", positive=True)


def _after(share: Any) -> tuple[Any, Any, Any]:
    """E x', E x'^2, E x'^3 for x' = x + share (S/n - x), S ~ Binomial(n, x), by its cumulants."""
    spread = _X * (1 - _X)
    second = share**2 * spread / n
    third = share**3 * spread * (1 - 2 * _X) / n**2
    return _X, _X**2 + second, _X**3 + 3 * _X * second + third


def _skew(first: Any, square: Any, cube: Any) -> Any:
    """E x (1 - x) (1 - 2 x)."""
    return first - 3 * square + 2 * cube


@cache
def third_moment(kind: str) -> Derivation:
    """E p_t (1 - p_t) (1 - 2 p_t): a row's third central moment, another product."""
    grows = kind == "accumulate"
    index = sympy.Symbol("k", positive=True, integer=True)
    share = 1 / index if grows else sympy.Integer(1)
    before = _X * (1 - _X) * (1 - 2 * _X)
    factor = sympy.factor(sympy.cancel(_skew(*_after(share)) / before))
    start = p * (1 - p) * (1 - 2 * p)
    product = sympy.Product(factor, (index, 1, t)) if grows else factor**t
    result = start * product
    pool = "new rows are 1/k of the pool at fit k" if grows else "the new batch is all of the pool"
    steps = (
        Step(
            f"A category of share x sees S of n rows, S binomial, and {pool}: the moments of its "
            "next share, by the cumulants of S, give E x' (1 - x') (1 - 2 x')",
            sympy.factor(_skew(*_after(share))),
        ),
        Step(
            "which is a multiple of x (1 - x) (1 - 2 x): an eigenfunction of the chain",
            factor,
            (sympy.expand(_skew(*_after(share)) - factor * before), sympy.diff(factor, _X)),
        ),
        Step(
            "The fit to real rows is k = 1, where x is the true share; multiplied up",
            equation("M", result),
            ((factor.subs(index, 1) if grows else factor) - (1 - 1 / n) * (1 - 2 / n),),
        ),
    )
    return Derivation(
        f"Third moment of a category under {kind}",
        f"{kind}, n rows a batch, one category of share p among any number",
        steps,
        Formula("third_moment", result),
        (_by_enumeration(kind),),
        SOURCE,
    )


def _by_enumeration(kind: str) -> Check:
    """The law of the count, worked out in fractions."""

    def compare(formula: Formula) -> None:
        for rows, share in ((1, Fraction(1, 3)), (2, Fraction(1, 5)), (3, Fraction(4, 5))):
            for at, law in enumerate(_laws(kind, rows, share, 4), 1):
                expected = sum(
                    (mass * x * (1 - x) * (1 - 2 * x) for x, mass in law.items()), Fraction(0)
                )
                found = formula.at(t=at, n=rows, p=share)
                if found != expected:
                    raise DerivationError(f"{formula.name} is {found}, not {expected} at t={at}")

    return Check("equal to the law of the count in exact fractions, n in 1, 2, 3, t <= 4", compare)


def _laws(
    kind: str, rows: int, share: Fraction, generations: int
) -> list[dict[Fraction, Fraction]]:
    """P(share of fit t), t = 1..T."""
    law, found = {share: Fraction(1)}, []
    for t_ in range(1, generations + 1):
        after: dict[Fraction, Fraction] = {}
        for x, mass in law.items():
            for count in range(rows + 1):
                chance = math.comb(rows, count) * x**count * (1 - x) ** (rows - count)
                new = Fraction(count, rows)
                if kind == "accumulate" and t_ > 1:
                    new = ((t_ - 1) * x + new) / t_
                after[new] = after.get(new, Fraction(0)) + mass * chance
        law = after
        found.append(law)
    return found


@cache
def collapse_time(rows: int) -> Derivation:
    """Expected fits until one of two categories is left, batches of `rows` rows: a polynomial."""
    inside = range(1, rows)
    step = sympy.Matrix(rows - 1, rows - 1, lambda i, j: _binomial(rows, j + 1, (i + 1, rows)))
    ones = sympy.ones(rows - 1, 1)
    waiting = (sympy.eye(rows - 1) - step).LUsolve(ones)
    start = [sympy.binomial(rows, k) * p**k * (1 - p) ** (rows - k) for k in inside]
    result = _in_spread(1 + sum(a * b for a, b in zip(start, waiting, strict=True)))
    alone = p**rows + (1 - p) ** rows
    steps = (
        Step(
            f"With {rows} rows the count of one category is a Markov chain on 0, ..., {rows}; "
            "between the ends its steps are binomial",
            step,
        ),
        Step(
            "Fits from there until the count is at an end, g = 1 + P g, solved",
            waiting,
            tuple(waiting - step * waiting - ones),
        ),
        Step(
            "The fit to real rows is one, and leaves both with the probabilities",
            sympy.Tuple(*start),
            (sympy.expand(sum(start) + alone - 1),),
        ),
        Step("so that the expected number of fits is", equation("T", result, None)),
    )
    check = near("theory.categorical.collapse_time", _solved(rows), _SHARES)
    return Derivation(
        f"Fits until one of two categories is left, {rows} rows a batch",
        f"replace, {rows} rows a batch, two categories of shares p and 1 - p",
        steps,
        Formula("collapse_time", result),
        (check,),
        SOURCE,
    )


_SHARES = tuple({"p": Fraction(k, 10)} for k in (1, 3, 5))


def _binomial(rows: int, count: int, share: tuple[int, int]) -> Any:
    x = sympy.Rational(*share)
    return sympy.binomial(rows, count) * x**count * (1 - x) ** (rows - count)


def _in_spread(polynomial: Any) -> Any:
    """A polynomial symmetric in p and 1 - p as one in p (1 - p)."""
    rest, result, power = sympy.Poly(sympy.expand(polynomial), p), sympy.Integer(0), 0
    spread = sympy.Poly(p * (1 - p), p)
    while not rest.is_zero:
        rest, constant = sympy.div(rest, spread)
        result += constant.as_expr() * (p * (1 - p)) ** power
        power += 1
    return result


def _solved(rows: int) -> Callable[..., float]:
    def reference(p: Fraction) -> float:
        from theory.categorical import CategoricalChain, collapse_time

        return collapse_time(
            CategoricalChain((float(p), float(1 - p))), Workflow.replace(rows)
        ).mean

    return reference


@cache
def diffusion_time() -> Derivation:
    """-2 n (p log p + (1 - p) log(1 - p)): the leading order of that time."""
    waiting = sympy.Function("T")
    result = -2 * n * (p * sympy.log(p) + (1 - p) * sympy.log(1 - p))
    generator = p * (1 - p) / (2 * n)
    steps = (
        Step(
            "A step moves x by a binomial share: mean 0 and variance x (1 - x) / n. As n grows the "
            "expected time T solves",
            sympy.Eq(generator * sympy.Derivative(waiting(p), (p, 2)), -1, evaluate=False),
        ),
        Step(
            "with T = 0 at both ends:",
            equation("T", result, None),
            (
                generator * sympy.diff(result, p, 2) + 1,
                sympy.limit(result, p, 0),
                sympy.limit(result, p, 1),
            ),
        ),
    )
    return Derivation(
        "Fits until one of two categories is left, many rows a batch",
        "replace, two categories of shares p and 1 - p, n -> infinity; relative error ln(n) / n",
        steps,
        Formula("diffusion_collapse_time", result),
        (_near_exact_times(),),
        "Kimura and Ohta, Genetics 61 (1969); loopbound theory, section 6",
    )


def _near_exact_times() -> Check:
    """Above the exact time by no more than ln(n) fits, where two per cent are 10 to 100 fits."""

    def compare(formula: Formula) -> None:
        for rows in (400, 1600):
            for letters in _SHARES:
                found, exact = formula.value(n=rows, **letters), _solved(rows)(**letters)
                if not 0 < found - exact < math.log(rows):
                    raise DerivationError(f"{formula.name} is {found}, the exact time {exact}")

    return Check(
        "above the exact time by less than ln(n) fits, n in 400, 1600, p in 1/10, 3/10, 1/2",
        compare,
    )
