"""The Gaussian chain under replace: determinant, precision and likelihood, in any dimension.

By Bartlett, W ~ Wishart_d(k, I) is L L' with independent entries, L_ii^2 ~ chi^2_(k - i + 1) and
normals below the diagonal: det W is a product of independent chi-squares, and the last corner of
W^-1 is one over chi^2_(k - d + 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import sympy

from theory.symbolic import chi_square, wishart
from theory.symbolic.checks import near, rational
from theory.symbolic.derivation import Check, Derivation, DerivationError, Formula, Step, equation
from theory.symbolic.letters import d, delta, i, n, t, tau
from theory.symbolic.recurrence import induction
from theory.symbolic.replace import REGIME, SOURCE

INVERSE = (n - delta) / (n - d - 2)
_SETTINGS = tuple(
    {"n": rows, "d": dim, "delta": ddof, "tau": cold}
    for rows, dim in ((4, 1), (6, 2), (6, 3), (12, 3))
    for ddof in (0, 1)
    for cold in (Fraction(1), Fraction(1, 2))
)
_OVER = "n in 4, 6, 12, d <= 3, ddof in 0, 1, temperature in 1, 1/2, t <= 4"


@cache
def determinant() -> Derivation:
    """E det Sigma_t / det Sigma_0."""
    once = sympy.rf(n - d, d) / (n - delta) ** d
    result = once**t * tau ** (d * (t - 1))
    products = [sympy.prod(wishart.k - j for j in range(dim)) for dim in (1, 2, 3)]
    steps = (
        Step(
            "Isserlis' pairings in Leibniz' formula, W ~ Wishart_d(k, I), d = 1, 2, 3",
            sympy.Tuple(*(wishart.determinant_moment(dim) for dim in (1, 2, 3))),
        ),
        Step(
            "which are the products of the means k, k - 1, ... of Bartlett's chi-squares",
            sympy.Eq(sympy.Symbol("E det W"), sympy.rf(wishart.k - d + 1, d), evaluate=False),
            tuple(value - wishart.determinant_moment(dim) for dim, value in enumerate(products, 1))
            + tuple(
                value - sympy.expand_func(sympy.rf(wishart.k - dim + 1, dim))
                for dim, value in enumerate(products, 1)
            ),
        ),
        Step(
            "det is multiplicative and the steps are independent; k = n - 1, each divides by "
            "(n - delta)^d and the later ones carry tau^d",
            equation("D", result),
        ),
    )

    def expected(setting: dict[str, Any], at: int) -> Any:
        dim = setting["d"]
        mean = rational(wishart.determinant_moment(dim).subs(wishart.k, setting["n"] - 1))
        mean /= (setting["n"] - setting["delta"]) ** dim
        return mean**at * setting["tau"] ** (dim * (at - 1))

    checks = (_exact("a product of Isserlis determinants", expected),)
    formula = Formula("determinant_ratio", result)
    return Derivation("Mean determinant under replace", REGIME, steps, formula, checks, SOURCE)


@cache
def log_det() -> Derivation:
    """E log det(Sigma_t Sigma_0^-1), a sum of digammas."""
    k, power = chi_square.k, chi_square.power
    chi = chi_square.mean_log().subs(k, n - i)
    once = sympy.Sum(sympy.digamma((n - i) / 2), (i, 1, d)) + d * sympy.log(2 / (n - delta))
    result = t * once + (t - 1) * d * sympy.log(tau)
    steps = (
        Step("E X^p of X ~ chi^2_k; sympy integrates", chi_square.moment()),
        Step(
            "its mean is k, and its derivative at p = 0 is E log X",
            chi_square.mean_log(),
            (chi_square.moment().subs(power, 1) - k,),
        ),
        Step(
            "log det W sums it over k = n - 1, ..., n - d (Bartlett); each step subtracts "
            "d log(n - delta) and the later ones add d log tau",
            equation("L", result),
            (
                chi - sympy.digamma((n - i) / 2) - sympy.log(2),
                *induction(result, 1, once + d * sympy.log(tau), once),
            ),
        ),
    )

    def by_quadrature(*, t: int, n: int, d: int, delta: int, tau: Fraction) -> float:
        logs = sum(chi_square.by_quadrature(n - row, math.log) for row in range(1, d + 1))
        return t * (logs - d * math.log(n - delta)) + (t - 1) * d * math.log(tau)

    settings = [{**setting, "t": at} for setting in _SETTINGS for at in (1, 4)]
    checks = (near("quadrature of chi-square densities", by_quadrature, settings),)
    formula = Formula("log_det_ratio", result)
    return Derivation("Log-determinant under replace", REGIME, steps, formula, checks, SOURCE)


@cache
def precision() -> Derivation:
    """E tr(Sigma_0 Sigma_t^-1) / d = r^t / tau^(t-1), for n > d + 2."""
    k = chi_square.k
    corner = chi_square.mean_inverse().subs(k, k - d + 1)
    result = INVERSE**t * tau ** (1 - t)
    steps = (
        Step("The chi-square moment at p = -1, for k > 2", chi_square.mean_inverse()),
        Step(
            "The last corner of W^-1 is 1 / chi^2_(k-d+1) (Bartlett), and all corners have one "
            "law: E W^-1 is I times",
            corner,
            tuple(corner.subs(d, dim) - wishart.inverse_moment(dim) for dim in (1, 2, 3)),
        ),
        Step(
            "R M R has the inverse R^-1 M^-1 R^-1: with k = n - 1 each step multiplies by r, the "
            "later ones by r / tau",
            equation("P", result),
            (
                (n - delta) * corner.subs(k, n - 1) - INVERSE,
                *induction(result, INVERSE / tau, 0, INVERSE),
            ),
        ),
    )

    def expected(setting: dict[str, Any], at: int) -> Any:
        return _inverse(setting) ** at / setting["tau"] ** (at - 1)

    checks = (_exact("inverse moments by Isserlis' adjugates", expected),)
    formula = Formula("precision_ratio", result)
    regime = f"{REGIME}, n > d + 2"
    return Derivation("Mean precision under replace", regime, steps, formula, checks, SOURCE)


@cache
def mahalanobis() -> Derivation:
    """E (mu_t - mu_0)' Sigma_t^-1 (mu_t - mu_0), for n > d + 2."""
    q = sympy.Symbol("q", positive=True)
    geometric = sympy.summation(q**i, (i, 0, t - 1))
    away = geometric.args[1][0]
    start = d * INVERSE / n
    result = start * away
    steps = (
        Step(
            "mu_t - mu_0 = mu_(t-1) - mu_0 + R eta (tau/n)^(1/2) with eta ~ N(0, I) independent "
            "of M_t = tau W / (n - delta): the old part is multiplied by E tr M_t^-1 / d = r / tau "
            "and the new part adds (tau / n) E tr M_t^-1 = d r / n",
            sympy.Eq(
                sympy.Symbol("A_{t+1}"),
                INVERSE / tau * sympy.Symbol("A_t") + start,
                evaluate=False,
            ),
            (start - tau / n * d * (INVERSE / tau),),
        ),
        Step(
            "Summed by sympy, q = r / tau > 1, from A_1 = d r / n; proved by induction",
            equation("A", result),
            induction(result, q, start, start),
        ),
    )

    def expected(setting: dict[str, Any], at: int) -> Any:
        total, added = Fraction(0), Fraction(setting["d"], setting["n"]) * _inverse(setting)
        for _ in range(at):
            total = total * _inverse(setting) / setting["tau"] + added
        return total

    checks = (_exact("the linear recursion on Isserlis' inverse moments", expected),)
    formula = Formula("mahalanobis_error", result, ((q, INVERSE / tau),))
    regime = f"{REGIME}, n > d + 2"
    return Derivation("Mahalanobis error under replace", regime, steps, formula, checks, SOURCE)


@cache
def excess_nll() -> Derivation:
    """E KL(truth || model t), for n > d + 2."""
    parts = log_det(), precision(), mahalanobis()
    log, inverse, error = (part.formula.expression for part in parts)
    result = (log + d * inverse + error - d) / 2
    ratio, trace, square = sympy.symbols("V S delta_mu", positive=True)
    y = sympy.Symbol("y", real=True)
    normal = sympy.exp(-(y**2) / 2) / sympy.sqrt(2 * sympy.pi)
    density = (sympy.log(ratio) + (y - square) ** 2 / ratio - y**2) / 2
    divergence = sympy.integrate(sympy.expand(density * normal), (y, -sympy.oo, sympy.oo))
    steps = (
        Step(
            "KL(N(0, 1) || N(m, V)) by integration, m = delta_mu: in d dimensions the sum over "
            "the axes is (log det + tr precision + Mahalanobis - d) / 2",
            divergence,
            (divergence - (sympy.log(ratio) + 1 / ratio + square**2 / ratio - 1) / 2,),
        ),
        Step("The three expectations are the formulas derived before", equation("KL", result)),
    )
    where = mahalanobis().formula.where
    checks = (
        near("quadrature of the first fit's divergence", _first_divergence, _FIRST),
        near("theory.gaussian.curves", _curve("excess_nll"), _CURVES),
    )
    formula = Formula("excess_nll", result, where)
    regime = f"{REGIME}, n > d + 2"
    return Derivation("Excess NLL under replace", regime, steps, formula, checks, SOURCE)


_FIRST = [
    {"t": 1, "n": rows, "d": 1, "delta": ddof, "tau": 1} for rows in (4, 9) for ddof in (0, 1)
]
_CURVES = [{**setting, "t": at} for setting in _SETTINGS for at in (1, 2, 5)]


def _first_divergence(*, t: int, n: int, d: int, delta: int, tau: Fraction) -> float:
    """E KL of one fit to n rows in one dimension, the mean integrated by hand."""

    def divergence(scatter: float) -> float:
        variance = scatter / (n - delta)
        return (math.log(variance) + (1 + 1 / n) / variance - 1) / 2

    return chi_square.by_quadrature(n - 1, divergence)


def _curve(field: str) -> Callable[..., float]:
    """A field of the curves, as a function of the letters."""

    def value(*, t: int, n: int, d: int, delta: int, tau: Fraction) -> float:
        from theory.gaussian import GaussianChain, curves
        from theory.workflow import Workflow

        return float(curves(GaussianChain(d, delta, float(tau)), Workflow.replace(n), t)[field][t])

    return value


def _inverse(setting: dict[str, Any]) -> Any:
    """E tr M^-1 / d of the first step, by adjugates."""
    inverse = rational(wishart.inverse_moment(setting["d"]).subs(wishart.k, setting["n"] - 1))
    return (setting["n"] - setting["delta"]) * inverse


def _exact(what: str, expected: Callable[[dict[str, Any], int], Any]) -> Check:
    """The check against something computed in Fractions from the settings of this module."""

    def compare(formula: Formula) -> None:
        for setting in _SETTINGS:
            for at in range(1, 5):
                if formula.at(t=at, **setting) != expected(setting, at):
                    raise DerivationError(f"{formula.name} is not {what} at t={at}, {setting}")

    return Check(f"equal to {what} in exact fractions for {_OVER}", compare)
