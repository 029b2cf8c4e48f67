"""The linear-regression chain that reuses one design: the universal inflation, exactly.

Stacking batches with the same rows averages their labels, so the weights obey the recursion of
batch means with unit row noise, at any n: E_t is E_1 times v_t, which inflation.py derives.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import sympy

from theory.symbolic import density_shift, wishart
from theory.symbolic import inflation as universal
from theory.symbolic.checks import Case, inflation
from theory.symbolic.derivation import (
    Check,
    Derivation,
    DerivationError,
    Formula,
    Step,
    equation,
)
from theory.symbolic.kept import NAMES
from theory.symbolic.letters import d, n, real, sigma, signal
from theory.symbolic.regression import symmetric
from theory.symbolic.regression_moments import (
    SOURCE,
    inverse_trace,
    pseudo_inverse_trace,
    second_moments,
    upward,
)
from theory.workflow import Workflow

REGIME = "linear regression, one Gaussian design reused by every batch, no penalty"
ENOUGH = f"{REGIME}, n >= d + 2 rows"
TOO_FEW = f"{REGIME}, n <= d - 2 rows, features of one variance, least norm"
KINDS = ("replace", "accumulate", "anchored", "pooled", "weighted")


@cache
def inflated(kind: str) -> Derivation:
    """v_t with batches of one size, real ones too."""
    if kind == "replace":
        return universal.replace()
    return universal.pooled(kind) if kind == "accumulate" else universal.kept(kind)


def equal_sizes(formula: Formula) -> tuple[Any, tuple[tuple[Any, Any], ...]]:
    """The inflation and its abbreviations with N = n."""
    equal = [(short, sympy.factor(full.subs(real, n))) for short, full in formula.where]
    numbers = [(short, full) for short, full in equal if full.is_number]
    expression = sympy.simplify(formula.expression.subs(real, n)).subs(numbers)
    return expression, tuple(pair for pair in equal if pair not in numbers)


def _name(kind: str) -> str:
    return NAMES.get(kind, kind)


def _cases(kind: str, rows: int) -> tuple[Case, ...]:
    """Runs of the recursion with batches of so many rows."""
    weights = (Fraction(1, 4), Fraction(7, 8))
    match kind:
        case "replace":
            return (Case(Workflow.replace(rows), {}),)
        case "accumulate":
            return (Case(Workflow.accumulate(rows), {}),)
        case "anchored":
            return (Case(Workflow.anchored(rows, rows), {}),)
        case "pooled":
            return (Case(Workflow.fresh(rows, rows), {}),)
    return tuple(Case(Workflow.fresh(rows, rows, float(w)), {"w": w}) for w in weights)


def _stacking() -> Step:
    """Weights fitted to stacked copies of one design are those of the averaged labels."""
    share = sympy.Symbol("c")
    gram = symmetric("G")
    moments = [sympy.Matrix(sympy.symbols(f"{name}_:2")) for name in ("y", "z")]
    weighted = share * moments[0] + (1 - share) * moments[1]
    stacked = (share * gram + (1 - share) * gram).inv(method="ADJ") * weighted
    averaged = share * gram.inv(method="ADJ") * moments[0]
    averaged += (1 - share) * gram.inv(method="ADJ") * moments[1]
    return Step(
        "Batches with the same rows X, weighted c and 1 - c: the fit is the weighted mean of the "
        "fits to each, so that its error is a weighted mean over batches of e_s + X^+ sigma eps",
        None,
        tuple((stacked - averaged).applyfunc(sympy.cancel)),
    )


@cache
def error(kind: str) -> Derivation:
    """Excess test error sigma^2 d / (n - d - 1) v_t."""
    of, moment = inflated(kind), inverse_trace()
    expression, where = equal_sizes(of.formula)
    result = sigma**2 * moment.formula.expression * expression
    steps = (
        _stacking(),
        Step(
            "which is the recursion of batch means with unit row noise, at any n: given X the "
            "error is N(0, v_t sigma^2 G^-1). Its v_t, derived on its own,",
            equation("v", expression),
        ),
        Step("times sigma^2 E tr G^-1, derived on its own,", equation("E", result)),
    )
    check = Check(
        "equal to v_t of the recursion times E tr G^-1 by the shifted density, in exact "
        "fractions, (n, d) in (3, 1), (6, 2), (20, 3), t <= 7",
        _compare_error(kind, fewer=False),
    )
    return Derivation(
        f"Excess test error of regression with one design under {_name(kind)}",
        f"{ENOUGH}; {_name(kind)}, equal batches",
        (*moment.steps, *of.steps, *steps),
        Formula("excess_test_error", result, where, of.formula.first),
        (check,),
        SOURCE,
    )


def _compare_error(kind: str, fewer: bool) -> Any:
    """Formula against recursion times E tr G^-1 or, with fewer rows, E tr (X X')^-1."""
    noise, size = Fraction(3, 2), Fraction(7, 3)

    def compare(formula: Formula) -> None:
        for more, less in ((3, 1), (6, 2), (20, 3)):
            rows, dim = (less, more) if fewer else (more, less)
            inverse = density_shift.inverse_trace(less, more)
            still = size * (1 - Fraction(rows, dim)) if fewer else 0
            for case in _cases(kind, rows):
                letters = {**case.letters, "n": rows, "d": dim, "sigma": noise, "r": size}
                for at, inflated_by in enumerate(inflation(case), 1):
                    expected = inflated_by * noise**2 * inverse
                    expected += still if formula.name == "excess_test_error" else 0
                    found = formula.at(t=at, **letters)
                    if found != expected:
                        raise DerivationError(f"{formula.name} is {found}, not {expected}, t={at}")

    return compare


@cache
def least_norm(kind: str) -> Derivation:
    """Excess test error r (1 - n / d) + sigma^2 n / (d - n - 1) v_t with n <= d - 2 rows."""
    of, moment = inflated(kind), pseudo_inverse_trace()
    expression, where = equal_sizes(of.formula)
    bias = signal * (1 - n / d)
    result = bias + sigma**2 * moment.formula.expression * expression
    steps = (
        Step(
            "The fit of least norm is X^+ times the averaged labels, and X^+ X is the projection "
            "P on the n rows: whatever follows generation 1 lies in its range, where P does "
            "nothing. The rest of w* is lost: E |w* - P w*|^2 = r (1 - E tr P / d)",
            bias,
            (bias - signal * (d - n) / d,),
        ),
        Step(
            "The noise obeys the recursion of batch means with unit row noise, in units of "
            "sigma^2 E tr (X X')^-1",
            equation("E", result),
        ),
    )
    check = Check(
        "equal to what the projection loses plus v_t of the recursion times E tr (X X')^-1 by the "
        "shifted density, in exact fractions, (n, d) in (1, 3), (2, 6), (3, 20), t <= 7",
        _compare_error(kind, fewer=True),
    )
    return Derivation(
        f"Excess test error of regression of least norm with one design under {_name(kind)}",
        f"{TOO_FEW}; {_name(kind)}, equal batches",
        (*moment.steps, *of.steps, *steps),
        Formula("excess_test_error", result, where, of.formula.first),
        (check,),
        SOURCE,
    )


@cache
def standard_deviation(kind: str) -> Derivation:
    """Standard deviation of the excess test error of one run, over designs and labels."""
    of = error(kind)
    square, product = second_moments()
    mean = inverse_trace().formula.expression
    s_1, s_2 = sympy.symbols("s_1 s_2")
    fourth = wishart.trace_moment((1, 1)).subs(wishart.k, 1)
    variance = upward(fourth.subs(s_2, square).subs(s_1**2, product) - mean**2)
    relative = upward(variance / mean**2)
    result = of.formula.expression * sympy.sqrt(relative)
    steps = (
        Step(
            "Given X the error is z'z with z ~ N(0, S), S = v_t sigma^2 G^-1. Isserlis' pairings "
            "give its second moment in s_l = tr S^l",
            fourth,
            (fourth - 2 * s_2 - s_1**2,),
        ),
        Step(
            "With E tr G^-2 and E (tr G^-1)^2, derived on their own, the variance over designs "
            "and labels, in units of (sigma^2 v_t)^2, is",
            variance,
            (variance - (2 * square + product - mean**2),),
        ),
        Step("and in units of the squared mean, the same for every t and workflow,", relative),
        Step("so that the standard deviation is", equation("SD", result)),
    )
    return Derivation(
        f"Standard deviation of the excess test error with one design under {_name(kind)}",
        f"{ENOUGH}, n >= d + 4; {_name(kind)}, equal batches; one run",
        (*of.steps, *steps),
        Formula("excess_test_error_std", result, of.formula.where, of.formula.first),
        (_deviation_check(kind),),
        SOURCE,
    )


def _deviation_check(kind: str) -> Check:
    """Its square against moments by the shifted density, to 30 digits of a square root."""

    def compare(formula: Formula) -> None:
        for rows, dim in ((5, 1), (6, 2), (9, 2), (20, 3)):
            moments = 2 * density_shift.inverse_square_trace(dim, rows)
            moments += density_shift.inverse_trace_square(dim, rows)
            moments -= density_shift.inverse_trace(dim, rows) ** 2
            for case in _cases(kind, rows):
                letters = {**case.letters, "n": rows, "d": dim, "sigma": Fraction(3, 2)}
                for at, inflated_by in enumerate(inflation(case), 1):
                    expected = moments * (inflated_by * Fraction(3, 2) ** 2) ** 2
                    found = formula.exactly(t=at, **letters) ** 2
                    exact = sympy.Rational(expected.numerator, expected.denominator)
                    if not abs(found / exact - 1) < sympy.Rational(1, 10**30):
                        raise DerivationError(f"{formula.name}^2 is {found}, not {exact}, t={at}")

    return Check(
        "its square equal to 30 digits to the variance by the shifted density, "
        "(n, d) in (5, 1), (6, 2), (9, 2), (20, 3), t <= 7",
        compare,
    )
