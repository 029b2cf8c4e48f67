"""The mean of a ridge chain on one reused design: how w* fades along each eigenvector of X'X / n.

Along an eigenvector with eigenvalue s a ridge multiplies the mean label by f = s / (s + lambda),
so that the mean of w_t is a multiple of w*, the mean factor. Noise does not enter it.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import sympy

from theory.symbolic.checks import Case, log_slope_of, tends_to_formula
from theory.symbolic.derivation import Derivation, Formula, Step, equation
from theory.symbolic.letters import f, t
from theory.symbolic.recurrence import amplitude, exponent, gamma_product, induction
from theory.symbolic.regression import equal_to_sums
from theory.symbolic.regression_moments import SOURCE
from theory.workflow import Workflow

REGIME = "linear regression with a ridge, one design reused by every batch, equal batches"
EIGENVALUE, PENALTY = sympy.symbols("s lambda", positive=True)
FILTERS = (Fraction(1, 2), Fraction(9, 10), Fraction(1, 7))
OVER = "f in 1/2, 9/10, 1/7, t <= 7"


def _filter() -> Step:
    """What a ridge does to labels X w."""
    norm, along = sympy.symbols("y u")
    loss = EIGENVALUE * (along - norm) ** 2 + PENALTY * along**2
    (fitted,) = sympy.solve(sympy.diff(loss, along), along)
    return Step(
        "Labels X w with w = y along an eigenvector: the fit minimises "
        "s (u - y)^2 + lambda u^2 over u, so it keeps the share f of y,",
        sympy.Eq(f, fitted / norm, evaluate=False),
        (fitted / norm - EIGENVALUE / (EIGENVALUE + PENALTY),),
    )


def _pooled(letters: dict[str, Any], share: Callable[[int], Fraction]) -> list[Fraction]:
    """m_t = share(t) times the mean of m_0 = 1, ..., m_(t-1), t = 1..7."""
    factors = [Fraction(1)]
    for at in range(1, letters.get("generations", 7) + 1):
        factors.append(share(at) * sum(factors) / at)
    return factors[1:]


def _scaled(letters: dict[str, Any]) -> list[Fraction]:
    return _pooled(letters, lambda at: letters["f"])


def _fixed(letters: dict[str, Any]) -> list[Fraction]:
    """The penalty on the mean square falls as 1/t: f_t = s / (s + lambda / t), s = 1."""
    penalty = 1 / letters["f"] - 1
    return _pooled(letters, lambda at: 1 / (1 + penalty / at))


def _powers(letters: dict[str, Any]) -> list[Fraction]:
    factors = [Fraction(1)]
    for _ in range(7):
        factors.append(letters["f"] * factors[-1])
    return factors[1:]


_RUNS: tuple[dict[str, Any], ...] = tuple({"f": share} for share in FILTERS)


@cache
def replace() -> Derivation:
    """m_t = f^t."""
    result = f**t
    steps = (
        _filter(),
        Step(
            "The labels of batch t have mean X E w_t; proved by induction",
            equation("m", result),
            induction(result, f, 0, f),
        ),
    )
    check = equal_to_sums("the recursion m' = f m", _powers, _RUNS, OVER)
    return Derivation(
        "Mean factor of a ridge under replace",
        f"{REGIME}; replace",
        steps,
        Formula("mean_factor", result, first=0),
        (check,),
        SOURCE,
    )


def _ratio() -> Any:
    """m_(t+1) / m_t of m_t = f S_t / t, S_(t+1) = S_t + m_t."""
    total = sympy.Symbol("S")
    now = f * total / t
    return sympy.factor(f * (total + now) / (t + 1) / now)


@cache
def scaled() -> Derivation:
    """m_t = Gamma(t + f) / (t! Gamma(f)): a penalty that grows with the data."""
    ratio = _ratio()
    product = f * gamma_product(ratio)
    result = sympy.gamma(t + f) / (sympy.gamma(t + 1) * sympy.gamma(f))
    steps = (
        _filter(),
        Step(
            "The fit sees the mean label of its t batches: m_t = f S_t / t with "
            "S_t = m_0 + ... + m_(t-1), m_0 = 1. Hence m_(t+1) / m_t",
            ratio,
            (ratio - (t + f) / (t + 1),),
        ),
        Step(
            "From m_1 = f, as Gamma functions; proved by induction",
            equation("m", result),
            (product - result, *induction(result, (t + f) / (t + 1), 0, f)),
        ),
    )
    check = equal_to_sums("f times the running mean", _scaled, _RUNS, OVER)
    return Derivation(
        "Mean factor of a ridge that grows with the data under accumulate",
        f"{REGIME}; accumulate, penalty 'scaled'",
        steps,
        Formula("mean_factor", result),
        (check,),
        SOURCE,
    )


@cache
def growth() -> Derivation:
    """The exponent f - 1 of m_t ~ t^(f - 1) / Gamma(f)."""
    of = scaled()
    ratio = _ratio()
    result = exponent(ratio)
    scale = f * amplitude(ratio)
    steps = (
        *of.steps,
        Step("sympy's limit of t (m_(t+1) / m_t - 1): m_t ~ C t^e with e =", result),
        Step(
            "and C = 1 / Gamma(f): accumulating does not stop the collapse, it slows it down",
            scale,
            (scale - 1 / sympy.gamma(f), result - (f - 1)),
        ),
    )

    def slope(case: Case) -> list[Fraction]:
        return log_slope_of(_scaled({**case.letters, "generations": 65}))

    cases = [Case(Workflow.accumulate(1), {"f": share}, generations=65) for share in FILTERS]
    return Derivation(
        "Growth exponent of the mean factor of a ridge that grows with the data",
        f"{REGIME}; accumulate, penalty 'scaled', t -> infinity",
        steps,
        Formula("growth_exponent", result),
        (tends_to_formula("t (m_(t+1) / m_t - 1)", slope, cases, "f in 1/2, 9/10, 1/7"),),
        SOURCE,
    )


@cache
def fixed() -> Derivation:
    """m_t = f: a penalty that stays as the data grow."""
    total = (t * EIGENVALUE + PENALTY) / (EIGENVALUE + PENALTY)
    share = EIGENVALUE / (EIGENVALUE + PENALTY / t)
    factor = sympy.cancel(share * total / t)
    steps = (
        _filter(),
        Step(
            "The same total penalty on t batches is lambda / t on their mean: the share kept is",
            share,
        ),
        Step(
            "S_t = m_0 + ... + m_(t-1) grows by m_t = share S_t / t; proved by induction from "
            "S_1 = 1",
            equation("S", total),
            induction(total, 1 + share / t, 0, 1),
        ),
        Step(
            "so that the mean factor never moves",
            equation("m", factor),
            (factor - EIGENVALUE / (EIGENVALUE + PENALTY),),
        ),
    )
    check = equal_to_sums("f_t times the running mean", _fixed, _RUNS, OVER)
    return Derivation(
        "Mean factor of a ridge with a fixed total penalty under accumulate",
        f"{REGIME}; accumulate, penalty 'fixed'",
        steps,
        Formula("mean_factor", f),
        (check,),
        SOURCE,
    )
