"""The linear-regression chain with fresh designs and rows enough: n >= d + 2 rows a batch.

e_t = w_t - w* moves by the label noise of the newest batch only, so that its variance is a sum of
increments; any covariance of the features, no penalty, one label noise sigma.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache, partial
from typing import Any

import sympy

from theory.symbolic import density_shift
from theory.symbolic.derivation import (
    Check,
    Derivation,
    DerivationError,
    Formula,
    Step,
    equation,
)
from theory.symbolic.letters import d, i, n, sigma, t
from theory.symbolic.recurrence import induction
from theory.symbolic.regression_moments import SOURCE, inverse_trace

REGIME = "linear regression, fresh Gaussian design each batch, n >= d + 2 rows, no penalty"
SHARE = sympy.Symbol("a", positive=True)
ABBREVIATED = ((SHARE, (d + 1) / n),)
RUNS = tuple((rows, dim) for dim in (1, 2, 3) for rows in (dim + 2, dim + 5, 20))
OVER = "d <= 3, n in d + 2, d + 5, 20"


def letters_of(rows: int, dim: int) -> dict[str, Any]:
    """Values of n, d and a label noise that is not 1."""
    return {"n": rows, "d": dim, "sigma": Fraction(3, 2)}


def equal_to_sums(what: str, sequence: Any, listed: tuple[Any, ...], over: str) -> Check:
    """The check that a formula equals `sequence(letters)`, exact values at t = 1, 2, ..."""

    def compare(formula: Formula) -> None:
        for letters in listed:
            for at, expected in enumerate(sequence(letters), 1):
                found = formula.at(t=at, **letters)
                if found != expected:
                    raise DerivationError(
                        f"{formula.name} is {found} but {what} gives {expected} at t={at}: "
                        f"{letters}"
                    )

    return Check(f"equal to {what} in exact fractions, {over}", compare)


def summed_increments(letters: dict[str, Any], pooled: bool, generations: int = 7) -> list[Any]:
    """sigma^2 sum of E tr G^-1 / i of i n rows, or of n rows, moments by the shifted density."""
    total, sums = Fraction(0), []
    for at in range(1, generations + 1):
        batches = at if pooled else 1
        inverse = density_shift.inverse_trace(letters["d"], batches * letters["n"])
        total += letters["sigma"] ** 2 * inverse / batches
        sums.append(total)
    return sums


def _increments_check(*, pooled: bool) -> Check:
    return equal_to_sums(
        "sums of E tr G^-1 by the shifted density",
        partial(summed_increments, pooled=pooled),
        tuple(letters_of(*run) for run in RUNS),
        f"{OVER}, t <= 7",
    )


def symmetric(name: str) -> Any:
    """A symmetric 2 x 2 matrix of letters."""
    return sympy.Matrix(2, 2, lambda a, b: sympy.Symbol(f"{name}_{min(a, b)}{max(a, b)}"))


def moved(pooled: bool) -> Step:
    """How the weights move when a batch arrives, proved for symmetric 2 x 2 matrices."""
    old, new = symmetric("A"), symmetric("B")
    weights, noise = (sympy.Matrix(sympy.symbols(f"{name}_:2")) for name in ("w", "z"))
    old = old if pooled else sympy.zeros(2, 2)
    gram = (old + new).inv(method="ADJ")
    fitted = gram * (old * weights + new * weights + noise)
    rows = "the pool, normal equations A w_t = b, gets" if pooled else "the training set is"
    return Step(
        f"Fit t minimises squares; {rows} a batch with Gram matrix B and labels "
        "X w_t + sigma eps, so that w_(t+1) = w_t + G^-1 X' sigma eps with G "
        f"{'= A + B' if pooled else '= B'}: only noise moves it",
        None,
        tuple(fitted - weights - gram * noise),
    )


@cache
def replace() -> Derivation:
    """Excess test error sigma^2 d t / (n - d - 1)."""
    moment = inverse_trace()
    added = sigma**2 * moment.formula.expression
    result = sympy.summation(added, (i, 1, t))
    steps = (
        moved(pooled=False),
        Step(
            "The noise is independent of the past and E eps eps' = I; by E tr (X'X)^-1, derived "
            "on its own, every generation adds",
            added,
        ),
        Step(
            "Summed from w_0 = w*; proved by induction",
            equation("E", result),
            induction(result, 1, added, added),
        ),
    )
    check = _increments_check(pooled=False)
    return Derivation(
        "Excess test error of regression under replace",
        f"{REGIME}; replace",
        (*moment.steps, *steps),
        Formula("excess_test_error", result, first=0),
        (check,),
        SOURCE,
    )


def increments(rows: Any) -> Any:
    """sigma^2 E tr of the newest of i batches: 1/i of E tr G^-1 of i batches of so many rows."""
    return sigma**2 * inverse_trace().formula.expression.subs(n, i * rows) / i


def split_increment() -> Any:
    """The increment in partial fractions, a = (d + 1) / n."""
    return sigma**2 * d / (d + 1) * (1 / (i - SHARE) - 1 / i)


@cache
def opening() -> tuple[Step, ...]:
    """From the pool to its increments."""
    return (
        moved(pooled=True),
        Step(
            "The noise adds sigma^2 E tr (G^-1 B G^-1). The i = t + 1 batches of the pool are "
            "exchangeable and add up to G, so each has 1/i of E tr G^-1, derived on its own:",
            increments(n),
        ),
    )


@cache
def accumulate() -> Derivation:
    """Excess test error (sigma^2 d / (d + 1)) [psi(t+1-a) - psi(1-a) - psi(t+1) + psi(1)]."""
    term = increments(n)
    partial = split_increment()
    psi = sympy.digamma
    inner = psi(t + 1 - SHARE) - psi(1 - SHARE) - psi(t + 1) + psi(1)
    result = sigma**2 * d / (d + 1) * inner
    first = partial.subs(i, 1)
    steps = (
        *opening(),
        Step(
            "In partial fractions, a = (d + 1) / n,",
            partial,
            ((partial.subs(ABBREVIATED) - term),),
        ),
        Step(
            "psi(x + 1) - psi(x) = 1/x sums both; proved by induction",
            equation("E", result),
            induction(result, 1, partial.subs(i, t + 1), first),
        ),
    )
    check = _increments_check(pooled=True)
    return Derivation(
        "Excess test error of regression under accumulate",
        f"{REGIME}; accumulate",
        (*inverse_trace().steps, *steps),
        Formula("excess_test_error", result, ABBREVIATED),
        (check,),
        SOURCE,
    )
