"""Limits of the linear-regression chain under accumulate, and a bound for every schedule.

Fresh designs, rows enough. Generation 1 is never doubled, whatever the sizes of the batches.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Any

import sympy

from theory.symbolic.checks import Case, near, tends_to_formula
from theory.symbolic.derivation import Check, Derivation, DerivationError, Formula, Step
from theory.symbolic.letters import d, i, n, phi, real, t
from theory.symbolic.regression import (
    ABBREVIATED,
    REGIME,
    SHARE,
    accumulate,
    increments,
    letters_of,
    opening,
    summed_increments,
)
from theory.symbolic.regression_moments import SOURCE, inverse_trace
from theory.workflow import Workflow


def _tends(name: str, unit: Any) -> Check:
    """The check of a limit against the extrapolated sums, in the unit of the first value."""

    def sequence(case: Case) -> list[Fraction]:
        sums = summed_increments(case.letters, pooled=True, generations=64)
        return [value / unit(sums) for value in sums]

    listed = [
        Case(Workflow.accumulate(rows), letters_of(rows, dim), generations=64)
        for rows, dim in ((4, 1), (6, 2), (20, 3))
    ]
    return tends_to_formula(name, sequence, listed, "(n, d) in (4, 1), (6, 2), (20, 3)")


@cache
def limit() -> Derivation:
    """lim E_t = (sigma^2 d / (d + 1)) [psi(1) - psi(1 - a)]."""
    whole = accumulate()
    result = sympy.limit(whole.formula.expression, t, sympy.oo)
    steps = (*whole.steps, Step("sympy's limit", result))
    return Derivation(
        "Limit of the excess test error of regression under accumulate",
        f"{REGIME}; accumulate, t -> infinity",
        steps,
        Formula("excess_test_error_limit", result, ABBREVIATED),
        (_tends("the excess test error", lambda sums: 1),),
        SOURCE,
    )


@cache
def limit_ratio() -> Derivation:
    """lim E_t / E_1, below pi^2 / 6 for every n and d."""
    first = increments(n).subs(i, 1)
    of = limit()
    limit_gap = sympy.digamma(1) - sympy.digamma(1 - SHARE)
    result = (n - d - 1) / (d + 1) * limit_gap
    fall = (increments(n) / first).subs(d, SHARE * n - 1)
    short = sympy.factor(1 / i**2 - fall)
    shown = SHARE * (i - 1) / (i**2 * (i - SHARE))
    steps = (
        *of.steps,
        Step(
            "The error at t = 1 is sigma^2 d / (n - d - 1), so the limit is that times",
            result,
            (result - of.formula.expression / first,),
        ),
        Step(
            "Term by term it is less than 1 + 1/4 + 1/9 + ... = pi^2 / 6: 1/i^2 less the i-th "
            "term is 0 at i = 1 and positive after it, since a = (d + 1) / n < 1",
            shown,
            (short - shown, sympy.summation(1 / i**2, (i, 1, sympy.oo)) - sympy.pi**2 / 6),
        ),
    )
    return Derivation(
        "Limit of the excess test error under accumulate over that of generation 1",
        f"{REGIME}; accumulate, t -> infinity",
        steps,
        Formula("limit_ratio", result, ABBREVIATED),
        (_tends("the ratio to generation 1", lambda sums: sums[0]),),
        SOURCE,
    )


@cache
def proportional_ratio() -> Derivation:
    """The ratio as n -> infinity at d / n = phi: ((1 - phi) / phi) [psi(1) - psi(1 - phi)]."""
    of = limit_ratio()
    outer = ((n - d - 1) / (d + 1)).subs(d, phi * n)
    gap = of.formula.expression / ((n - d - 1) / (d + 1))
    left = sympy.Symbol("x", positive=True)
    near_one = (1 + left * (sympy.digamma(1) - sympy.digamma(1 + left))) / (1 - left)
    a = sympy.limit(((d + 1) / n).subs(d, phi * n), n, sympy.oo)
    factor = sympy.limit(outer, n, sympy.oo)
    result = factor * gap.subs(SHARE, a)
    steps = (
        *of.steps,
        Step(
            "With d = phi n: a tends to phi, psi is continuous, and the factor tends to",
            factor,
            (
                a - phi,
                factor - (1 - phi) / phi,
            ),
        ),
        Step("so that the ratio tends to", result),
        Step(
            "which is pi^2 / 6 for few features, by sympy's limit at phi = 0,",
            sympy.limit(result, phi, 0),
            (sympy.limit(result, phi, 0) - sympy.pi**2 / 6,),
        ),
        Step(
            "2 log 2 at phi = 1/2; and with x = 1 - phi, since psi(x) = psi(1 + x) - 1/x, it is",
            near_one,
            (
                result.subs(phi, sympy.Rational(1, 2)) - 2 * sympy.log(2),
                near_one - result.subs(phi, 1 - left),
            ),
        ),
        Step(
            "which is 1 at x = 0: generation 1 is then the worst",
            near_one.subs(left, 0),
            (near_one.subs(left, 0) - 1,),
        ),
    )
    cases = [{"phi": Fraction(at, 10)} for at in (1, 3, 5, 7, 9)]
    return Derivation(
        "Limit of the excess test error over that of generation 1, features in proportion to rows",
        f"{REGIME}; accumulate, t -> infinity, then n -> infinity at d / n = phi < 1",
        steps,
        Formula("proportional_limit_ratio", result),
        (near("(1 - phi) sum zeta(k + 2) phi^k, summed", _zeta_series, cases),),
        SOURCE,
    )


def _zeta_series(phi: Fraction) -> float:
    """(1 - phi) sum over i and k of phi^k / i^(k+2), the geometric series of 1 / (i (i - phi))."""
    from scipy.special import zeta

    share = float(phi)
    return (1 - share) * math.fsum(float(zeta(k + 2)) * share**k for k in range(400))


# --- any schedule ------------------------------------------------------------------------------


@cache
def schedule_bound() -> Derivation:
    """sup over schedules of E_t / E_1 under accumulate: 1 + ((N-d-1)/(d+1)) ln(N/(N-d-1)) < 2."""
    c, x, y, rows = sympy.symbols("c x y m", positive=True)
    end = sympy.Symbol("P", positive=True)
    term = 1 / (x * (x - c))
    primitive = sympy.log((x - c) / x) / c
    gap = primitive.subs(x, end + rows) - primitive.subs(x, end)
    gap -= rows * term.subs(x, end + rows)
    growth = rows * (2 * (end + rows) - c) / ((end + rows) ** 2 * (end + rows - c) ** 2)
    tail = sympy.limit(primitive, x, sympy.oo) - primitive.subs(x, real)
    upright = sympy.log(real / (real - c)) / c
    result = 1 + (real - d - 1) * upright.subs(c, d + 1)
    steps = (
        *opening(),
        Step(
            "For batches of any size the newest m rows have m / (P + m) of E tr G^-1, P rows being "
            "there before: with c = d + 1 they add sigma^2 d times",
            rows * term.subs(x, end + rows),
        ),
        Step(
            "That is less than the integral of 1 / (x (x - c)) from P to P + m, whose primitive is",
            primitive,
            (sympy.diff(primitive, x) - term,),
        ),
        Step(
            "because the difference is 0 at m = 0 and grows with m at the positive rate",
            growth,
            (sympy.simplify(gap.subs(rows, 0)), sympy.diff(gap, rows) - growth),
        ),
        Step(
            "The integrals telescope: after the N real rows all batches together add less than",
            upright,
            (sympy.exp(c * (tail - upright)) - 1,),
        ),
        Step(
            "In units of generation 1, 1 / (N - c), the total stays below",
            result,
        ),
        Step(
            "which is 1 + log(1 + y) / y with y = c / (N - c), less than 2: y - log(1 + y) is 0 at "
            "y = 0 and grows at the positive rate",
            y / (1 + y),
            (sympy.diff(y - sympy.log(1 + y), y) - y / (1 + y),),
        ),
    )
    return Derivation(
        "Bound of the excess test error under accumulate for every schedule",
        f"{REGIME}; accumulate, batches of any sizes, N real rows, in units of generation 1",
        (*inverse_trace().steps, *steps),
        Formula("ratio_bound", result),
        (_bound_check(),),
        SOURCE,
    )


def _bound_check() -> Check:
    """Schedules stay below the bound, and batches of one row come within 1/N of it."""

    def compare(formula: Formula) -> None:
        for rows, dim in ((500, 10), (500, 100), (800, 700)):
            bound = formula.exactly(N=rows, d=dim)
            first = Fraction(1, rows - dim - 1)
            single = 1 + sum(Fraction(1, rows - dim - 1 + j) for j in range(1, dim + 2)) / (
                (dim + 1) * first
            )
            pools = [[rows * at for at in range(1, 40)], [rows * 2**at for at in range(20)]]
            totals = [single, *(_total(pool, dim) / first for pool in pools)]
            least = sympy.Rational(single.numerator, single.denominator)
            if not (all(total < bound for total in totals) and bound < least + Fraction(1, rows)):
                raise DerivationError(f"{formula.name} {bound} at N={rows}, d={dim}: {totals}")

    return Check(
        "above equal and doubling batches and above endless batches of one row, which come within "
        "1/N of it, in exact fractions, (N, d) in (500, 10), (500, 100), (800, 700)",
        compare,
    )


def _total(pools: list[int], dim: int) -> Fraction:
    """sum n_s / (N_{s+1} (N_{s+1} - d - 1)) over the sizes of the pool."""
    before = [0, *pools[:-1]]
    return sum(
        (Fraction(a - b, a * (a - dim - 1)) for a, b in zip(pools, before, strict=True)),
        Fraction(0),
    )
