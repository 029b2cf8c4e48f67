"""Linear regression on fresh real rows pooled with rows that the last model labelled.

Fit t >= 2 sees A + B = G, A the Gram matrix of n rows labelled by model t - 1, B that of N new
real rows, all rows new: e_t = G^-1 A e_(t-1) + G^-1 X' sigma eps. So E |e_t|^2 is geometric with
ratio c = E tr (A G^-2 A) / d, at any sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from itertools import product as iterated
from typing import Any, NamedTuple

import sympy

from theory.symbolic import density_shift, wishart
from theory.symbolic.checks import rational
from theory.symbolic.derivation import (
    Check,
    Derivation,
    DerivationError,
    Formula,
    Step,
    equation,
)
from theory.symbolic.kept import RATIO
from theory.symbolic.letters import d, n, real, sigma, t
from theory.symbolic.recurrence import induction
from theory.symbolic.regression import equal_to_sums, symmetric
from theory.symbolic.regression_moments import (
    SOURCE,
    gram_by_inverse,
    inverse_trace,
    upward,
)

REGIME = (
    "linear regression, N new real rows pooled with n new rows labelled by the last model, "
    "no penalty"
)
ROWS = sympy.Symbol("M", positive=True)
TOTAL = ((ROWS, real + n),)
PART = sympy.Symbol("p", positive=True)


class Uniform(NamedTuple):
    """E P_ij P_kl = cross (d_ik d_jl + d_il d_jk) + pair d_ij d_kl of a uniform projection P."""

    cross: Any
    pair: Any
    steps: tuple[Step, ...]


@cache
def projection() -> Uniform:
    """Second moments of a uniform projection of M dimensions on p of them."""
    cross, pair = sympy.symbols("beta gamma")

    def moment(i: int, j: int, k: int, m: int) -> Any:
        crossed = int(i == k and j == m) + int(i == m and j == k)
        return cross * crossed + pair * int(i == j and k == m)

    square = _in_rows(lambda a, b: moment(a, a, b, b))
    product = _in_rows(lambda a, b: moment(a, b, a, b))
    (found,) = sympy.solve([square - PART**2, product - PART], [cross, pair], dict=True)
    left, right = (symmetric(name) for name in "CD")
    contracted = sum(
        moment(i, j, k, m) * left[j, k] * right[m, i] for i, j, k, m in iterated(range(2), repeat=4)
    )
    traces = (cross + pair) * (left * right).trace() + cross * left.trace() * right.trace()
    shown = sympy.Matrix([sympy.factor(found[letter]) for letter in (cross, pair)])
    steps = (
        Step(
            "X and O X have the same law for every rotation O of the M rows, so the p synthetic "
            "rows are picked by a uniform projection P of rank p, independent of X. By invariance "
            "E P_ij P_kl = beta (d_ik d_jl + d_il d_jk) + gamma d_ij d_kl; (tr P)^2 = p^2 and "
            "tr P^2 = p give",
            sympy.Matrix([square - PART**2, product - PART]),
        ),
        Step(
            "which sympy solves for beta and gamma",
            shown,
            tuple((one - two).subs(found) for one, two in ((square, PART**2), (product, PART))),
        ),
        Step(
            "so that E tr P C P D = (beta + gamma) tr C D + beta tr C tr D for symmetric C and D",
            None,
            (contracted - traces,),
        ),
    )
    return Uniform(shown[0], shown[1], steps)


def _in_rows(term: Callable[[int, int], Any]) -> Any:
    """Sum of a term over two indices below M: a square polynomial in M."""
    sums = [(size, sum(term(a, b) for a in range(size) for b in range(size))) for size in (1, 2, 3)]
    return sympy.interpolate(sums, ROWS)


def contraction_of(part: Any, rows: Any) -> Any:
    """E tr (A G^-2 A) / d of `part` among `rows` rows."""
    law, (mean, _) = projection(), gram_by_inverse()
    mixed = (law.cross + law.pair) + law.cross * mean.subs(n, ROWS) / d
    return mixed.subs({PART: part, ROWS: rows}, simultaneous=True)


def contraction_steps() -> tuple[Step, ...]:
    """From the uniform projection to E tr (A G^-2 A)."""
    _, trace_steps = gram_by_inverse()
    return (
        *projection().steps,
        *trace_steps,
        Step(
            "A = X' P X, so tr A G^-2 A = tr P C P D with C = X G^-2 X' and D = X X'. There "
            "tr C D = d, tr C = tr G^-1 and tr D = tr G, with M rows in G. Hence c =",
            contraction_of(PART, ROWS),
        ),
    )


def by_matrix_beta(part: int, rows: int, dim: int) -> Fraction:
    """E tr (A G^-2 A) / d for d >= 2 without any rotation of rows.

    A = G^(1/2) U G^(1/2) with U independent of G and its law invariant: its two moments follow
    from E tr A^2 and E (tr A)^2, by pairings with `part` and with `rows` degrees of freedom.
    """

    def moments(dof: int) -> list[Any]:
        known = {wishart.k: dof, sympy.Symbol("s_1"): dim, sympy.Symbol("s_2"): dim}
        return [wishart.trace_moment(cycle).subs(known) for cycle in ((2,), (1, 1))]

    square, trace = moments(rows)
    system = sympy.Matrix([[square + trace, square], [2 * square, trace]])
    cross, pair = system.LUsolve(sympy.Matrix(moments(part)))
    mean = density_shift.trace_by_inverse_trace(dim, rows)
    return rational(cross + pair) + rational(cross) * mean / dim


SIZES = ((4, 3, 2), (9, 1, 2), (6, 11, 3), (8, 2, 4))


def margin() -> Any:
    """What has the sign of 1 - c."""
    return (ROWS - 1) * (ROWS + 2) * (real - d - 1) + 2 * n * ROWS * (ROWS - d)


@cache
def contraction() -> Derivation:
    """c = E tr (A G^-2 A) / d: what a generation leaves of the last one's error."""
    total = contraction_of(n, ROWS)
    result = upward(total, ROWS)
    single = upward(ROWS * contraction_of(sympy.Integer(1), ROWS), ROWS)
    by_rows = n / ROWS * (single + (n - 1) * (1 - single) / (ROWS - 1))
    scale = real / ((ROWS - 1) * ROWS * (ROWS + 2) * (ROWS - d - 1))
    shown = margin()
    slack = (1 - total - scale * shown).subs(ROWS, real + n)
    steps = (
        Step("e_t = G^-1 A e_(t-1) + noise, and E A G^-2 A is a multiple of the identity: c / d"),
        *contraction_steps(),
        Step("Here p = n, and the factor is", result, (result - total,)),
        Step(
            "Once more, by rows: K_i = G^-1 x_i x_i' add up to the identity, so that "
            "E tr K_i'K_j / d is g / M for i = j and (1 - g) / (M (M - 1)) else, g being M times "
            "c at p = 1,",
            single,
            (by_rows - total,),
        ),
        Step(
            "1 - c is N / ((M - 1) M (M + 2) (M - d - 1)) times this: errors contract if "
            "N >= d + 1 real rows are new, and with fewer if and only if synthetic rows make it "
            "positive",
            shown,
            (slack,),
        ),
    )
    return Derivation(
        "Factor by which fresh real rows contract the error of regression",
        f"{REGIME}; n + N >= d + 2",
        steps,
        Formula("contraction", result, TOTAL),
        (_contraction_check(),),
        SOURCE,
    )


def _contraction_check() -> Check:
    def compare(formula: Formula) -> None:
        for synthetic, fresh, dim in SIZES:
            found = formula.at(n=synthetic, N=fresh, d=dim)
            expected = by_matrix_beta(synthetic, synthetic + fresh, dim)
            if found != expected:
                raise DerivationError(f"{formula.name} is {found}, not {expected}")

    return Check(
        "equal to moments of a matrix beta by pairings of A and of G, and E tr G tr G^-1 by the "
        f"shifted density, in exact fractions, (n, N, d) in {', '.join(map(str, SIZES))}",
        compare,
    )


RUNS = ((4, 5, 2), (9, 4, 2), (6, 11, 3), (2, 8, 4))


LIMIT = sympy.Symbol("L", positive=True)


@cache
def error() -> Derivation:
    """Excess test error: geometric from sigma^2 d / (N - d - 1) to its limit."""
    of, moment = contraction(), inverse_trace()
    single = sigma**2 * moment.formula.expression
    added, first = single.subs(n, ROWS), single.subs(n, real)
    fixed = added / (1 - RATIO)
    result = LIMIT + (first - LIMIT) * RATIO ** (t - 1)
    whole = result.subs(LIMIT, fixed)
    steps = (
        Step("The label noise of M = N + n new rows adds sigma^2 E tr G^-1", added),
        Step("and generation 1 sees N real rows alone", first),
        Step(
            "With q = c it is geometric, to the fixed point L, c < 1 since N >= d + 2,",
            sympy.Eq(LIMIT, fixed, evaluate=False),
            (fixed - RATIO * fixed - added,),
        ),
        Step("proved by induction", equation("E", result), induction(whole, RATIO, added, first)),
    )
    where = ((LIMIT, fixed), (RATIO, of.formula.expression), *TOTAL)
    check = equal_to_sums(
        "the recursion with moments of a matrix beta",
        _recursion,
        tuple(_letters(*run) for run in RUNS),
        f"(n, N, d) in {', '.join(map(str, RUNS))}, t <= 6",
    )
    return Derivation(
        "Excess test error of regression under fresh",
        f"{REGIME}; N >= d + 2",
        (*moment.steps, *of.steps, *steps),
        Formula("excess_test_error", result, where),
        (check,),
        SOURCE,
    )


@cache
def limit() -> Derivation:
    """lim E_t = sigma^2 d / ((M - d - 1) (1 - c)) ."""
    of = error()
    (_, fixed), (_, factor), _ = of.formula.where
    result = sigma**2 * d * (ROWS - 1) * ROWS * (ROWS + 2) / (real * margin())
    left = (result - fixed.subs(RATIO, factor)).subs(ROWS, real + n)
    step = Step("q^t vanishes, which leaves L", result, (left,))

    def compare(formula: Formula) -> None:
        for run in RUNS:
            letters = _letters(*run)
            found = formula.at(**letters)
            rows = letters["n"] + letters["N"]
            added = letters["sigma"] ** 2 * density_shift.inverse_trace(letters["d"], rows)
            following = by_matrix_beta(letters["n"], rows, letters["d"]) * found + added
            if following != found:
                raise DerivationError(f"{formula.name} {found} moves to {following}")

    return Derivation(
        "Limit of the excess test error of regression under fresh",
        f"{REGIME}; N >= d + 2, t -> infinity",
        (*of.steps, step),
        Formula("excess_test_error_limit", result, TOTAL),
        (
            Check(
                "a fixed point of the recursion with moments of a matrix beta, in exact fractions, "
                f"(n, N, d) in {', '.join(map(str, RUNS))}",
                compare,
            ),
        ),
        SOURCE,
    )


def _letters(synthetic: int, fresh: int, dim: int) -> dict[str, Any]:
    return {"n": synthetic, "N": fresh, "d": dim, "sigma": Fraction(3, 2)}


def _recursion(letters: dict[str, Any]) -> Sequence[Fraction]:
    """E |e_t|^2 at t = 1..6."""
    rows, dim = letters["n"] + letters["N"], letters["d"]
    noise = letters["sigma"] ** 2
    factor = by_matrix_beta(letters["n"], rows, dim)
    errors = [noise * density_shift.inverse_trace(dim, letters["N"])]
    for _ in range(5):
        errors.append(factor * errors[-1] + noise * density_shift.inverse_trace(dim, rows))
    return errors
