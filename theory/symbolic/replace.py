"""The Gaussian chain under replace: first and second moments of the mean and the covariance.

Sigma_t = R M_t R with R = Sigma_{t-1}^(1/2), M_1 = W / (n - delta), later M_t = tau W / (n - delta)
and W ~ Wishart_d(n - 1, I) afresh each time.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import sympy

from theory.symbolic import wishart
from theory.symbolic.checks import Case, equal_to_recursion, mean_error, rational, trace_ratio
from theory.symbolic.derivation import (
    Check,
    Derivation,
    DerivationError,
    Formula,
    Step,
    equation,
)
from theory.symbolic.letters import delta, n, t, tau, u
from theory.symbolic.recurrence import induction, solved
from theory.workflow import Workflow

REGIME = "replace, n rows a batch, ddof delta, temperature tau"
SOURCE = "loopbound theory, section 2"
SHRINK = (n - 1) / (n - delta)

_COLD = (Fraction(1), Fraction(1, 2), Fraction(7, 8))
_OVER = "n in 2, 3, 10, ddof in 0, 1, temperature in 1, 1/2, 7/8"
_CASES = tuple(
    Case(Workflow.replace(rows), {"n": rows, "delta": ddof, "tau": cold}, ddof, cold)
    for rows in (2, 3, 10)
    for ddof in (0, 1)
    for cold in _COLD
)


@cache
def trace() -> Derivation:
    """E tr Sigma_t / tr Sigma_0 = c^t tau^(t-1)."""
    trace_t, mean_t = sympy.symbols("S_t B_t")
    gram, square = tau * trace_t / n + mean_t, tau * trace_t + mean_t
    following = (square - gram) * n / (n - delta)
    factor = sympy.factor(following / trace_t)
    result = sympy.powsimp(SHRINK**t * tau ** (t - 1))
    unfolded = solved(factor, 0, SHRINK)
    steps = (
        Step(
            "Section 1 with one batch: B = K, S = (q - B) n / (n - delta), S = E tr Sigma_t in "
            "units of tr Sigma_0. The real batch has K = 1/n, q = 1, so",
            sympy.Eq(sympy.Symbol("S_1"), SHRINK, evaluate=False),
            (sympy.cancel((1 - 1 / n) * n / (n - delta) - SHRINK),),
        ),
        Step(
            "A batch written by fit t has K = tau S_t / n + B_t and q = tau S_t + B_t. B_t drops "
            "out, and S_(t+1) / S_t is",
            factor,
            (sympy.diff(following, mean_t), factor - tau * SHRINK),
        ),
        Step(
            "sympy's rsolve, proved by induction",
            equation("S", result),
            (result - unfolded, *induction(result, factor, 0, SHRINK)),
        ),
    )
    check = equal_to_recursion(trace_ratio, _CASES, _OVER)
    formula = Formula("trace_ratio", result)
    return Derivation("Mean trace under replace", REGIME, steps, formula, (check,), SOURCE)


@cache
def mean() -> Derivation:
    """E |mu_t - mu_0|^2 / tr Sigma_0 = (1/n) sum_{s<t} (c tau)^s."""
    q = sympy.Symbol("q", positive=True)
    moved = tau * trace().formula.expression / n
    s = sympy.Symbol("s", positive=True, integer=True)
    result = sympy.summation(q**s, (s, 0, t - 1)) / n
    away, at_one = result.args[1].args[1][0] / n, t / n
    steps = (
        Step(
            "K = tau S / n + B is also the mean error of the next fit, so it grows by",
            sympy.Eq(sympy.Symbol("B_{t+1}") - sympy.Symbol("B_t"), moved, evaluate=False),
        ),
        Step(
            "with q = c tau this is q^t / n",
            q**t / n,
            ((moved - (SHRINK * tau) ** t / n),),
        ),
        Step(
            "Summed from B_1 = 1/n by sympy; each branch proved by induction",
            equation("B", result),
            (*induction(away, 1, q**t / n, 1 / n), *induction(at_one, 1, 1 / n, 1 / n)),
        ),
    )
    check = equal_to_recursion(mean_error, _CASES, _OVER)
    formula = Formula("mean_error", result, ((q, SHRINK * tau),))
    return Derivation("Mean error under replace", REGIME, steps, formula, (check,), SOURCE)


@cache
def covariance() -> Derivation:
    """E ||Sigma_t - Sigma_0||_F^2 / ||Sigma_0||_F^2, from Wishart second moments."""
    k = wishart.k
    matrix = second_moment_matrix()
    vectors, values = matrix.diagonalize()
    powers = sympy.diag(*(sympy.factor(values[j, j]) ** t for j in range(2)))
    power = vectors * powers * vectors.inv()
    square = sympy.collect(sympy.expand(power[0, 0] + power[0, 1] * u), list(powers.diagonal()))
    scale = tau ** (2 * t - 2) / (n - delta) ** (2 * t)
    cross = trace().formula.expression
    undivided = square.subs(k, n - 1).replace(
        lambda part: part.is_Pow and part.exp == t, lambda part: sympy.factor(part.base) ** t
    )
    result = scale * undivided - 2 * cross + 1
    start = sympy.Matrix([1, u])
    steps = (
        Step(
            "Isserlis' pairings of W = X'X, X with k rows N(0, Sigma), give E tr W^2 and "
            "E (tr W)^2 as a matrix times (tr Sigma^2, (tr Sigma)^2)",
            matrix,
        ),
        Step(
            "sympy diagonalises it",
            values,
            tuple(vectors * values * vectors.inv() - matrix),
        ),
        Step(
            "so that E tr (W_t)^2 / tr Sigma_0^2 after t undivided steps is, with "
            "u = (tr Sigma_0)^2 / tr Sigma_0^2 (right at t = 1 and 2, and by Cayley-Hamilton from "
            "two generations to the next),",
            square,
            (
                square.subs(t, 1) - (matrix * start)[0],
                square.subs(t, 2) - (matrix**2 * start)[0],
                square.subs(t, t + 2)
                - matrix.trace() * square.subs(t, t + 1)
                + matrix.det() * square,
            ),
        ),
        Step(
            "Each step divides by (n - delta)^2 and the later ones carry tau^2; k = n - 1. "
            "Expanding ||Sigma_t - Sigma_0||^2 takes E Sigma_t from the mean trace",
            equation("F", result),
        ),
    )
    formula = Formula("covariance_error", result)
    checks = (_by_monomials(),)
    return Derivation("Covariance error under replace", REGIME, steps, formula, checks, SOURCE)


def second_moment_matrix() -> Any:
    """[[k (k + 1), k], [2 k, k^2]]: (tr Sigma^2, (tr Sigma)^2) to the same of W, in k."""
    first, second = sympy.symbols("s_1 s_2")
    rows = []
    for cycle in ((2,), (1, 1)):
        polynomial = sympy.Poly(wishart.trace_moment(cycle), first, second)
        rows.append([polynomial.coeff_monomial(second), polynomial.coeff_monomial(first**2)])
    return sympy.Matrix(rows).applyfunc(sympy.factor)


def _by_monomials() -> Check:
    """The map of second moments found from two covariances by expansion, then iterated."""

    def compare(formula: Formula) -> None:
        for rows, ddof, cold in ((2, 0, Fraction(1)), (3, 1, Fraction(1)), (3, 1, Fraction(1, 2))):
            white, line = (wishart.by_monomials(rows - 1, at) for at in ((1, 1), (1, 0)))
            before = sympy.Matrix([[2, 1], [4, 1]])
            step = sympy.Matrix([[white[0], line[0]], [white[1], line[1]]]) * before.inv()
            state = sympy.Matrix([5, 9])  # variances 2 and 1
            for at in range(1, 6):
                squared = Fraction(1) if at == 1 else cold**2
                state = step * state * sympy.Rational(squared / (rows - ddof) ** 2)
                shrunk = Fraction(rows - 1, rows - ddof) ** at * cold ** (at - 1)
                expected = rational(state[0]) / 5 - 2 * shrunk + 1
                letters: dict[str, Any] = {
                    "n": rows,
                    "delta": ddof,
                    "tau": cold,
                    "u": Fraction(9, 5),
                }
                found = formula.at(t=at, **letters)
                if found != expected:
                    raise DerivationError(f"{formula.name} is {found}, not {expected} at t={at}")

    statement = "equal to second moments expanded entry by entry, in exact fractions"
    return Check(f"{statement}, d = 2, n in 2, 3, t <= 5", compare)
