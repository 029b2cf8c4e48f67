"""Kernel densities under replace: the cloud of rows, and the error of a normal truth in a sum."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Any

import sympy

from theory.recursion import Feature, Fit
from theory.symbolic.checks import Case, equal_to_recursion, near
from theory.symbolic.derivation import Check, Derivation, Formula, Step, equation
from theory.symbolic.kept import geometric
from theory.symbolic.letters import d, h, n, s, t, truth_variance, v
from theory.symbolic.recurrence import induction
from theory.workflow import Workflow

SOURCE = "loopbound theory, section 5"
_REGIME = "replace, n rows a batch, constant bandwidth h"
_STEP = v * h**2


# --- the training rows ----------------------------------------------------------------------------


def _moments(case: Case) -> list[Fit]:
    """Second moments of the training rows about the truth's mean, in fractions."""
    letters = {name: Fraction(value) for name, value in case.letters.items()}
    added = letters["v"] * letters["h"] ** 2

    def real(rows: int) -> tuple[Fraction, Fraction]:
        return letters["V_0"] / rows, letters["V_0"]

    def written(rows: int, t: int, fit: Fit) -> tuple[Any, Any]:
        square = fit.row_square + added
        return square / rows + (1 - Fraction(1, rows)) * fit.mean_square, square

    return case.fits(Feature(real, written))


def cloud_variances(case: Case) -> list[Fraction]:
    """E of the variance over the training rows (ddof 0) at t = 1..T."""
    return [fit.row_square - fit.mean_square for fit in _moments(case)]


def cloud_mean_errors(case: Case) -> list[Fraction]:
    """E (mean of the training rows - truth's mean)^2 at t = 1..T."""
    return [fit.mean_square for fit in _moments(case)]


_CASES = tuple(
    Case(
        Workflow.replace(rows),
        {"n": rows, "h": Fraction(2, 5), "v": Fraction(1, 3), "V_0": Fraction(5, 2)},
    )
    for rows in (2, 3, 10)
)
_OVER = "n in 2, 3, 10, h = 2/5, v = 1/3, V_0 = 5/2"


@cache
def cloud_variance() -> Derivation:
    """Variance of the training rows: geometric to (n - 1) v h^2."""
    error, square = sympy.symbols("M Q")
    share = 1 - 1 / n
    added = square + _STEP
    spread = added - (added / n + share * error)
    solution = geometric(share, share * _STEP, share * truth_variance)
    steps = (
        Step(
            "Training rows of mean square Q and squared mean M, from the truth's mean, have the "
            "variance V = Q - M. n rows of the model have mean square Q + v h^2 and squared mean "
            "(Q + v h^2) / n + (1 - 1/n) M, hence the variance",
            sympy.factor(spread),
            (sympy.expand(spread - share * (square - error + _STEP)),),
        ),
        Step(
            "V_(t+1) = (1 - 1/n) (V_t + v h^2) from V_1 = (1 - 1/n) V_0; proved by induction",
            equation("V", solution.form),
            solution.zeros,
        ),
        Step(
            "Resampling takes 1/n of the variance and a kernel adds v h^2: they balance at",
            solution.limit,
            (solution.limit - (n - 1) * _STEP,),
        ),
    )
    return _derivation(
        "Variance of the training rows under replace",
        "any kernel; truths of variance V_0",
        steps,
        Formula("cloud_variance", solution.form, solution.where),
        equal_to_recursion(cloud_variances, _CASES, _OVER),
    )


@cache
def cloud_mean_error() -> Derivation:
    """How far the training rows' mean wanders: for ever, by v h^2 a generation in the end."""
    of_variance = cloud_variance()
    (q, ratio), *_ = of_variance.formula.where
    spread = of_variance.formula.expression
    moved = sympy.cancel((spread + _STEP) / n)
    fixed, moving = sympy.expand(moved).as_independent(t, as_Add=True)
    first = sympy.cancel(moving / q ** (t - 1))
    result = (
        truth_variance / n
        + sympy.factor(fixed) * (t - 1)
        + sympy.factor(first / (1 - ratio)) * (1 - q ** (t - 1))
    )
    in_q = {n: 1 / (1 - q)}
    error, square = sympy.symbols("M Q")
    batch = (square + _STEP) / n + (1 - 1 / n) * error
    steps = (
        *of_variance.steps,
        Step(
            "The mean of n new rows is off by their own spread beside that of the model: "
            "M_(t+1) - M_t = (V_t + v h^2) / n",
            moved,
            (sympy.expand(batch - error - (square - error + _STEP) / n),),
        ),
        Step(
            "Added up from M_1 = V_0 / n; proved by induction, with n = 1 / (1 - q)",
            equation("M", result),
            tuple(
                sympy.cancel(sympy.expand(zero.subs(in_q)))
                for zero in induction(result, 1, moved, truth_variance / n)
            ),
        ),
    )
    return _derivation(
        "Mean of the training rows under replace",
        "any kernel; truths of variance V_0",
        steps,
        Formula("cloud_mean_error", result, of_variance.formula.where),
        equal_to_recursion(cloud_mean_errors, _CASES, _OVER),
    )


# --- the integrated squared error -----------------------------------------------------------------


_NORMAL = "normal truth of variance V_0 a coordinate, Gaussian kernel, d dimensions"
_SQUARE, _DAMPED = sympy.symbols("S x", positive=True)


def _integral(width: Any) -> Any:
    """(2 pi)^-d int exp(-width |w|^2) dw."""
    return (4 * sympy.pi * width) ** (-d / 2)


def _spectrum() -> tuple[Step, ...]:
    """E |phi of the training rows|^2 in x = (1 - 1/n) kappa^2 and S = |phi_0|^2."""
    share = 1 - 1 / n
    powers = (1 - _DAMPED**t) / (1 - _DAMPED)
    solved = powers / n + share * _DAMPED ** (t - 1) * _SQUARE
    return (
        Step(
            "At a frequency, B_(t+1) = 1/n + (1 - 1/n) kappa^2 B_t from B_1 = 1/n + (1 - 1/n) S. "
            "With x = (1 - 1/n) kappa^2; proved by induction",
            equation("B", solved),
            induction(solved, _DAMPED, 1 / n, 1 / n + share * _SQUARE),
        ),
        Step(
            "where the fraction is a sum of powers",
            sympy.Eq(powers, sympy.Sum(_DAMPED ** (s - 1), (s, 1, t)), evaluate=False),
            induction(powers, 1, _DAMPED**t, 1),
        ),
    )


def _gaussian_integral() -> Step:
    w, width = sympy.Symbol("w", real=True), sympy.Symbol("u", positive=True)
    line = sympy.integrate(sympy.exp(-width * w**2), (w, -sympy.oo, sympy.oo)) / (2 * sympy.pi)
    return Step(
        "kappa = exp(-h^2 w^2 / 2) and S = exp(-V_0 w^2), and on the line, by sympy, "
        "(2 pi)^-1 int exp(-u w^2) dw is",
        line,
        (sympy.simplify(line - _integral(width).subs(d, 1)),),
    )


@cache
def mise() -> Derivation:
    """E int (f_t - f_0)^2 of a normal truth with Gaussian kernels: t + 3 terms."""
    share = 1 - 1 / n
    noise = sympy.Sum(share ** (s - 1) * (s * h**2) ** (-d / 2), (s, 1, t)) / n
    rest = (
        share**t * (truth_variance + t * h**2) ** (-d / 2)
        - 2 * (truth_variance + t * h**2 / 2) ** (-d / 2)
        + truth_variance ** (-d / 2)
    )
    result = (4 * sympy.pi) ** (-d / 2) * (noise + rest)
    scale = (4 * sympy.pi) ** (-d / 2)
    wide = truth_variance + t * h**2
    steps = (
        *_spectrum(),
        Step(
            "E phi_t = phi_0 kappa^t, so that MISE is (2 pi)^-d times the integral of "
            "kappa^2 B_t - 2 kappa^t S + S",
        ),
        _gaussian_integral(),
        Step(
            "Each term is such an integral, d of them multiplied in d dimensions: kappa^(2 s) has "
            "u = s h^2, kappa^(2 t) S has u = V_0 + t h^2, kappa^t S has u = V_0 + t h^2 / 2",
            equation("MISE", result),
            (sympy.powsimp(_integral(wide) - scale * wide ** (-d / 2), force=True),),
        ),
    )
    listed = [{"t": at, **case} for at in (1, 2, 5) for case in _ERROR_CASES]
    return _derivation(
        "Integrated squared error of a normal truth under replace",
        _NORMAL,
        steps,
        Formula("mise", result),
        near("theory.kde.curves, quadrature over frequencies,", _by_quadrature, listed),
    )


@cache
def mise_limit() -> Derivation:
    """What the error tends to: combs around one place, and all of the truth missed."""
    share = 1 - 1 / n
    fixed = 1 / (n * (1 - _DAMPED))
    noise = sympy.polylog(d / 2, share) / share * (n * h**d) ** -1
    result = (4 * sympy.pi) ** (-d / 2) * (noise + truth_variance ** (-d / 2))
    steps = (
        *_spectrum(),
        Step("x < 1, so that B tends to", fixed, (fixed - _DAMPED * fixed - 1 / n,)),
        _gaussian_integral(),
        Step(
            "kappa^t -> 0: nothing is left of the truth. The sum of (1 - 1/n)^(s-1) s^(-d/2) is "
            "Li_(d/2)(1 - 1/n) / (1 - 1/n), a polylogarithm",
            equation("MISE", result, "oo"),
        ),
    )
    return _derivation(
        "Limit of the integrated squared error of a normal truth under replace",
        f"{_NORMAL}, t -> infinity",
        steps,
        Formula("mise_limit", result),
        near("the limit of theory.kde.curves, by quadrature,", _limit_by_quadrature, _ERROR_CASES),
    )


_ERROR_CASES = (
    {"n": 20, "h": Fraction(2, 5), "V_0": Fraction(1), "d": 1},
    {"n": 5, "h": Fraction(1), "V_0": Fraction(9, 4), "d": 2},
    {"n": 100, "h": Fraction(1, 2), "V_0": Fraction(1, 4), "d": 3},
)


def _curve(n: int, h: Fraction, V_0: Fraction, d: int, generations: int) -> Any:  # noqa: N803
    from theory.kde import KdeChain, curves
    from theory.truths import Normal

    chain = KdeChain(Normal(d, 0.0, math.sqrt(V_0)), float(h))
    return curves(chain, Workflow.replace(n), generations).mise


def _by_quadrature(t: int, **letters: Any) -> float:
    return float(_curve(generations=t, **letters)[t])


def _limit_by_quadrature(**letters: Any) -> float:
    return float(_curve(generations=1, **letters).limit)


def _derivation(
    title: str, regime: str, steps: tuple[Step, ...], formula: Formula, check: Check
) -> Derivation:
    return Derivation(title, f"{_REGIME}; {regime}", steps, formula, (check,), SOURCE)
