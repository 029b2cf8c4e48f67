"""The Gaussian chain under replace in one dimension: E sigma_t and the Wasserstein distance."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

import sympy

from theory.symbolic import chi_square
from theory.symbolic.checks import near
from theory.symbolic.derivation import Derivation, Formula, Step, equation
from theory.symbolic.letters import delta, n, t, tau
from theory.symbolic.recurrence import induction
from theory.symbolic.replace import REGIME, SHRINK, SOURCE, mean, trace

_SETTINGS = tuple(
    {"n": rows, "delta": ddof, "tau": cold}
    for rows in (2, 3, 10)
    for ddof in (0, 1)
    for cold in (Fraction(1), Fraction(1, 2))
)


@cache
def spread() -> Derivation:
    """E sigma_t / sigma_0 in one dimension: a ratio of Gamma functions to the power t."""
    moment = chi_square.moment()
    root = moment.subs(chi_square.power, sympy.Rational(1, 2)).subs(chi_square.k, n - 1)
    once = root / sympy.sqrt(n - delta)
    result = once**t * tau ** ((t - 1) / sympy.Integer(2))
    steps = (
        Step("E X^p of X ~ chi^2_k; sympy integrates", moment),
        Step(
            "sigma_t^2 / sigma_(t-1)^2 is chi^2_(n-1) / (n - delta), later times tau. At p = 1 "
            "the moment gives the mean trace; at p = 1/2",
            once,
            (moment.subs({chi_square.power: 1, chi_square.k: n - 1}) / (n - delta) - SHRINK,),
        ),
        Step(
            "The steps are independent",
            equation("s", result),
            tuple(
                sympy.powsimp(sympy.expand_power_base(zero, force=True))
                for zero in induction(result, once * sympy.sqrt(tau), 0, once)
            ),
        ),
    )

    def by_quadrature(*, t: int, n: int, delta: int, tau: Fraction) -> float:
        step = chi_square.by_quadrature(n - 1, math.sqrt) / math.sqrt(n - delta)
        return float(step**t * math.sqrt(tau) ** (t - 1))

    settings = [{**setting, "t": at} for setting in _SETTINGS for at in (1, 4)]
    checks = (near("quadrature of chi-square densities", by_quadrature, settings),)
    formula = Formula("spread_ratio", result)
    regime = f"{REGIME}, d = 1"
    return Derivation("Mean spread under replace", regime, steps, formula, checks, SOURCE)


@cache
def wasserstein() -> Derivation:
    """E W2^2(truth, model t) / sigma_0^2 in one dimension."""
    parts = mean().formula, trace().formula, spread().formula
    result = parts[0].expression + parts[1].expression + 1 - 2 * parts[2].expression
    moved, width = sympy.symbols("m sigma", positive=True)
    y = sympy.Symbol("y", real=True)
    normal = sympy.exp(-(y**2) / 2) / sympy.sqrt(2 * sympy.pi)
    distance = sympy.integrate(
        sympy.expand((moved + (width - 1) * y) ** 2) * normal, (y, -sympy.oo, sympy.oo)
    )
    steps = (
        Step(
            "In one dimension the optimal plan from N(0, 1) to N(m, sigma^2) moves y to "
            "m + sigma y; sympy integrates its squared length",
            distance,
            (distance - (moved**2 + width**2 + 1 - 2 * width),),
        ),
        Step("The three expectations are the formulas derived before", equation("W", result)),
    )

    def first(*, t: int, n: int, delta: int, tau: Fraction) -> float:
        def squared(scatter: float) -> float:
            return 1 / n + (math.sqrt(scatter / (n - delta)) - 1) ** 2

        return chi_square.by_quadrature(n - 1, squared)

    def curve(*, t: int, n: int, delta: int, tau: Fraction) -> float:
        from theory.gaussian import GaussianChain, curves
        from theory.workflow import Workflow

        found = curves(GaussianChain(1, delta, float(tau)), Workflow.replace(n), t)
        return float(found.wasserstein[t])

    checks = (
        near("quadrature of the first fit's distance", first, [{**c, "t": 1} for c in _SETTINGS]),
        near("theory.gaussian.curves", curve, [{**c, "t": a} for c in _SETTINGS for a in (2, 5)]),
    )
    formula = Formula("wasserstein", result, mean().formula.where)
    regime = f"{REGIME}, d = 1"
    return Derivation("Wasserstein distance under replace", regime, steps, formula, checks, SOURCE)
