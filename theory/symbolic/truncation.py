"""Refits to the tails of a normal law, and regrowth."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import sympy

from theory import truncation as exact
from theory.symbolic.checks import near
from theory.symbolic.derivation import Check, Derivation, DerivationError, Formula, Step, equation
from theory.symbolic.letters import cut, n, real, t

SOURCE = "loopbound mitigations, section 5"
REGIME = "maximum likelihood on n rows at least a standard deviations off the mean"
ETA = sympy.Symbol("eta", positive=True)


def _tail() -> Any:
    """eta(a)."""
    density = sympy.exp(-(cut**2) / 2) / sympy.sqrt(2 * sympy.pi)
    return 1 + cut * density / (sympy.erfc(cut / sympy.sqrt(2)) / 2)


@cache
def tail_variance() -> Derivation:
    """eta(a) = 1 + a phi(a)/(1 - Phi(a))."""
    x = sympy.Symbol("x", real=True)
    density = sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi)
    beyond = sympy.erfc(x / sympy.sqrt(2)) / 2
    primitive = -(x * density + beyond)
    steps = (
        Step("x^2 phi(x) has the primitive -(x phi(x) + 1 - Phi(x)), which vanishes at infinity",
             primitive,
             (primitive.diff(x) - x**2 * density, sympy.limit(primitive, x, sympy.oo))),
        Step("From a on, over 1 - Phi(a)", _tail(),
             ((-primitive / beyond).subs(x, cut) - _tail(),)),
    )  # fmt: skip
    return Derivation(
        "Variance of the tails", "a standard normal law, |x| >= a", steps,
        Formula("tail_variance", _tail()),
        (near("theory.truncation", lambda a: exact.tail_variance(a),
              [{"a": a} for a in (0.01, 0.5, 1.5, 4)]),),
        SOURCE,
    )  # fmt: skip


@cache
def trace() -> Derivation:
    """E sigma_t^2 = (1 - 1/n)^t eta^(t - 1)."""
    form = (1 - 1 / n) ** t * ETA ** (t - 1)
    steps = (
        Step(
            "n rows of variance eta sigma^2 about the mean: a round multiplies by eta (1 - 1/n)",
            equation("S", form),
            (
                sympy.powsimp(form.subs(t, t + 1) / form) - ETA * (1 - 1 / n),
                form.subs(t, 1) - (1 - 1 / n),
            ),
        ),
    )

    def known(n: int, a: float, t: int) -> float:
        return float(exact.curves(exact.TruncatedChain(n, a), t).trace_ratio[t])

    cases = [{"n": 10, "a": a, "t": at} for a in (0.05, 0.5) for at in (1, 4)]
    return Derivation(
        "Mean variance of refits to the tails", REGIME, steps,
        Formula("trace_ratio", form, ((ETA, _tail()),)),
        (near("theory.truncation", known, cases),), SOURCE,
    )  # fmt: skip


@cache
def balance() -> Derivation:
    """a ~ sqrt(pi/2)/n."""
    result = sympy.sqrt(sympy.pi / 2) / n
    slope = sympy.limit(sympy.diff(_tail(), cut), cut, 0)
    step = Step(
        "eta(a) = 1 + a sqrt(2/pi) + ..., and eta (1 - 1/n) = 1 where a sqrt(2/pi) = 1/n",
        result,
        (
            slope - sympy.sqrt(2 / sympy.pi),
            sympy.limit(_tail(), cut, 0) - 1,
            slope * result - 1 / n,
        ),
    )

    def compare(formula: Formula) -> None:
        gaps = [exact.balance(size) / formula.value(n=size) - 1 for size in (200, 400)]
        if abs(2 * gaps[1] - gaps[0]) > 1e-4:
            raise DerivationError(f"{formula.name} is off the exact cut by {gaps} of it")

    return Derivation(
        "The cut at which the mean variance stays", f"{REGIME}; leading order in 1/n", (step,),
        Formula("balance", result),
        (Check("the exact root at 200 and 400 rows, extrapolated in 1/n, to 0.01 %", compare),),
        SOURCE,
    )  # fmt: skip


@cache
def regrowth() -> Derivation:
    """V_t = (t + 1)/(2 t N)."""
    form = (t + 1) / (2 * t * real)
    after = (t**2 * (form + 1 / (t * real)) + 1 / real) / (t + 1) ** 2
    step = Step(
        "Fit t + 1 has t N rows of fit t, which miss V_t + 1/(t N), and N new ones, which miss 1/N",
        equation("V", form),
        (sympy.cancel(form.subs(t, t + 1) - after), form.subs(t, 1) - 1 / real),
    )

    def compare(formula: Formula) -> None:
        value = Fraction(1, 7)
        for at in range(1, 12):
            if formula.at(N=7, t=at) != value:
                raise DerivationError(f"{formula.name} is not {value} at t={at}, N=7")
            rewritten = Fraction(at, at + 1) ** 2 * (value + Fraction(1, 7 * at))
            value = rewritten + Fraction(1, at + 1) ** 2 * Fraction(1, 7)

    return Derivation(
        "Error of the mean under regenerate and grow", "N new real rows a stage", (step,),
        Formula("mean_error", form),
        (Check("equal to the recursion in exact fractions for N = 7, t <= 11", compare),), SOURCE,
    )  # fmt: skip
