"""The linear-regression chain with more features than rows, least norm, fresh isotropic designs.

Each fit projects on the span of its rows. Replace forgets w* at the rate n / d; accumulate keeps
what the first batch saw, and passes the interpolation peak once, at about d / n batches.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import sympy

from theory.symbolic import density_shift
from theory.symbolic.derivation import Derivation, Formula, Step, equation
from theory.symbolic.kept import RATIO
from theory.symbolic.letters import d, i, n, sigma, signal, t
from theory.symbolic.recurrence import induction
from theory.symbolic.regression import SHARE, equal_to_sums, increments, moved, split_increment
from theory.symbolic.regression_moments import SOURCE, pseudo_inverse_trace

REGIME = "linear regression of least norm, fresh Gaussian designs, features of one variance"
PEAK = sympy.Symbol("K", nonnegative=True, integer=True)
REST = sympy.Symbol("b", positive=True)
SIZE, NOISE = Fraction(7, 3), Fraction(3, 2)


def _projection() -> Step:
    """E tr P / d of the projection on n isotropic rows."""
    return Step(
        "The projection P = X^+ X on n rows is uniform with trace n, so E w'P w = (n / d) |w|^2",
        n / d,
    )


@cache
def replace() -> Derivation:
    """Excess test error r (1 - q^t) + sigma^2 (n / (d - n - 1)) (1 - q^t) / (1 - q), q = n / d."""
    moment = pseudo_inverse_trace()
    kept, overlap = RATIO**t, RATIO**t
    bias = signal * (1 - 2 * overlap + kept)
    added = moment.formula.expression
    noise = added * (1 - RATIO**t) / (1 - RATIO)
    result = signal * (1 - RATIO**t) + sigma**2 * noise
    steps = (
        _projection(),
        Step(
            "Without noise w_t = P_t ... P_1 w*, independent projections: w*'w_t and |w_t|^2 both "
            "keep the share q = n / d a generation. Proved by induction",
            signal * RATIO**t,
            induction(RATIO**t, RATIO, 0, RATIO),
        ),
        Step(
            "so that |w* - w_t|^2 = r - 2 w*'w_t + |w_t|^2 has mean",
            equation("bias", bias),
            (bias - signal * (1 - RATIO**t),),
        ),
        Step(
            "The noise X^+ sigma eps has mean square sigma^2 E tr (X X')^-1 and is projected by "
            "every later batch: V' = q V + sigma^2 n / (d - n - 1); proved by induction",
            equation("variance", sigma**2 * noise),
            induction(noise, RATIO, added, added),
        ),
        Step("Noise and projections are independent, so the two add up", equation("E", result)),
    )
    check = equal_to_sums(
        "the recursion of overlap, square and noise, E tr (X X')^-1 by the shifted density",
        _recursion,
        tuple(_letters(rows, dim) for rows, dim in ((1, 3), (1, 9), (2, 5), (3, 20))),
        "(n, d) in (1, 3), (1, 9), (2, 5), (3, 20), t <= 7",
    )
    return Derivation(
        "Excess test error of regression of least norm under replace",
        f"{REGIME}, n <= d - 2 rows; replace",
        (*moment.steps, *steps),
        Formula("excess_test_error", result, ((RATIO, n / d),), first=0),
        (check,),
        SOURCE,
    )


def _letters(rows: int, dim: int) -> dict[str, Any]:
    return {"n": rows, "d": dim, "sigma": NOISE, "r": SIZE}


def _recursion(letters: dict[str, Any]) -> list[Fraction]:
    """E |e_t|^2 = r - 2 overlap + square + noise at t = 1..7."""
    rows, dim = letters["n"], letters["d"]
    overlap, square, noise = letters["r"], letters["r"], Fraction(0)
    errors = []
    for _ in range(7):
        share = Fraction(rows, dim)
        overlap, square = share * overlap, share * square
        noise = share * noise + letters["sigma"] ** 2 * density_shift.inverse_trace(rows, dim)
        errors.append(letters["r"] - 2 * overlap + square + noise)
    return errors


@cache
def replace_limit() -> Derivation:
    """lim E_t = r + sigma^2 n d / ((d - n) (d - n - 1))."""
    of = replace()
    result = signal + sigma**2 * n * d / ((d - n) * (d - n - 1))
    left = of.formula.expression.subs(RATIO**t, 0).subs(RATIO, n / d)
    step = Step("q < 1: w* is forgotten, noise is not", result, (result - left,))

    def fixed(letters: dict[str, Any]) -> list[Fraction]:
        noise = letters["sigma"] ** 2 * density_shift.inverse_trace(letters["n"], letters["d"])
        share = Fraction(letters["n"], letters["d"])
        return [letters["r"] + noise / (1 - share)]

    check = equal_to_sums(
        "r plus the fixed point of the noise, E tr (X X')^-1 by the shifted density",
        fixed,
        tuple(_letters(rows, dim) for rows, dim in ((1, 3), (2, 5), (3, 20))),
        "(n, d) in (1, 3), (2, 5), (3, 20)",
    )
    return Derivation(
        "Limit of the excess test error of regression of least norm under replace",
        f"{REGIME}, n <= d - 2 rows; replace, t -> infinity",
        (*of.steps, step),
        Formula("excess_test_error_limit", result),
        (check,),
        SOURCE,
    )


# --- accumulate --------------------------------------------------------------------------------


def _interpolation() -> Step:
    """What fits every row of the pool lies in the span of the pool and a newer row."""
    old, new = (sympy.Matrix([sympy.symbols(f"{name}_:3", real=True)]) for name in "xy")
    both = old.col_join(new)
    projection = both.T * (both * both.T).inv(method="ADJ") * both
    return Step(
        "While the pool has fewer rows than features, w_t fits all of them and lies in their "
        "span, hence in that of the next pool X, where X^+ X does nothing: a batch labelled by "
        "w_t moves it by X^+ of the new noise only. So it does with rows enough, since a fit "
        "without residuals solves the normal equations of its pool",
        None,
        tuple((projection * old.T - old.T).applyfunc(sympy.cancel)),
    )


def _sums(letters: dict[str, Any]) -> list[Fraction]:
    """E |e_t|^2 at t = 1..8: what the first batch leaves out, and a sum of increments."""
    rows, dim = letters["n"], letters["d"]
    total, errors = letters["r"] * (1 - Fraction(rows, dim)), []
    for at in range(1, 9):
        sizes = sorted((at * rows, dim))
        total += letters["sigma"] ** 2 * density_shift.inverse_trace(*sizes) / at
        errors.append(total)
    return errors


@cache
def accumulate() -> Derivation:
    """Excess test error: a frozen bias, and noise that passes the peak at i n = d once."""
    before = n * sigma**2 / (d - i * n - 1)
    after = increments(n)
    psi = sympy.digamma
    rising = sigma**2 * (psi(REST) - psi(REST - t))
    bias = signal * (1 - n / d)
    inner = psi(t + 1 - SHARE) - psi(PEAK + 1 - SHARE) - psi(t + 1) + psi(PEAK + 1)
    falling = sigma**2 * d / (d + 1) * inner
    noise = sympy.Piecewise((rising, t <= PEAK), (rising.subs(t, PEAK) + falling, sympy.true))
    result = bias + noise
    where = (
        (PEAK, sympy.floor((d - 2) / n)),
        (REST, (d - 1) / n),
        (SHARE, (d + 1) / n),
    )
    named = {REST: (d - 1) / n, SHARE: (d + 1) / n}
    moment = pseudo_inverse_trace().formula.expression.subs(n, i * n) / i
    steps = (
        _projection(),
        _interpolation(),
        moved(pooled=True),
        Step(
            "So the part of w* outside the span of the first batch never comes back: the bias is",
            equation("bias", bias),
        ),
        Step(
            "and the newest of the i batches of fit i adds sigma^2 times its share 1/i of "
            "E tr (X X')^-1 while i n <= d - 2",
            before,
            (before - sigma**2 * moment,),
        ),
        Step("but 1/i of E tr (X'X)^-1 from i n >= d + 2 on; infinite in between", after),
        Step(
            "b = (d - 1) / n, and psi(x + 1) - psi(x) = 1/x sums what comes before the peak",
            rising,
            (
                rising.subs(t, 1) - sigma**2 / (REST - 1),
                rising.subs(t, t + 1) - rising - sigma**2 / (REST - t - 1),
                (sigma**2 / (REST - i)).subs(named) - before,
            ),
        ),
        Step(
            "and a = (d + 1) / n what comes after the K = floor((d - 2) / n) batches below the "
            "peak, for good",
            falling,
            (
                falling.subs(t, PEAK),
                split_increment().subs(named) - after,
                falling.subs(t, t + 1) - falling - split_increment().subs(i, t + 1),
            ),
        ),
        Step("Together", equation("E", result)),
    )
    runs = ((4, 6), (5, 7), (5, 13), (4, 18))
    check = equal_to_sums(
        "sums of E tr of the smaller of X'X and X X', inverted, by the shifted density",
        _sums,
        tuple(_letters(rows, dim) for rows, dim in runs),
        f"(n, d) in {', '.join(map(str, runs))}, t <= 8",
    )
    return Derivation(
        "Excess test error of regression of least norm under accumulate",
        f"{REGIME}, n <= d - 2 rows, no multiple of n in d - 1, d, d + 1; accumulate",
        (*pseudo_inverse_trace().steps, *steps),
        Formula("excess_test_error", result, where),
        (check,),
        SOURCE,
    )
