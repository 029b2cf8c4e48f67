"""The Gaussian chain under accumulate and accumulate-subsample, n rows a batch.

The recursion of section 1 has two unknowns, A and Q, but everything that moves them is a multiple
of D = Q - A, so D_{t+1} / D_t is a rational function of t and D_t a ratio of Gamma functions, for
any ddof and temperature. Accumulate takes the whole pool; a budget of m <= n rows is drawn afresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import sympy

from theory.symbolic.checks import (
    equal_to_recursion,
    log_slope,
    mean_error,
    tends_to_formula,
    trace_ratio,
)
from theory.symbolic.derivation import Derivation, Formula, Step, equation
from theory.symbolic.letters import delta, m, n, t, tau
from theory.symbolic.pooled_cases import cases
from theory.symbolic.recurrence import amplitude, exponent, gamma_product, induction, root_sum

SOURCE = "loopbound theory, sections 1 and 2"
START = 1 - 1 / n
BETA, GAMMA = sympy.symbols("beta gamma")


@dataclass(frozen=True)
class Draw:
    """How a fit draws on the pool of n t rows.

    Attributes:
        name: in words.
        regime: where it holds.
        noise: (B - A) / (Q - A), what drawing adds to the mean error.
        rows: M, rows trained on.
    """

    name: str
    regime: str
    noise: Any
    rows: Any


WHOLE = Draw("accumulate", "accumulate, n >= 2 rows a batch", sympy.Integer(0), n * t)
SUBSAMPLE = Draw(
    "accumulate-subsample",
    "accumulate-subsample, n >= 2 rows a batch, budget m <= n drawn without replacement",
    (n * t - m) / (m * (n * t - 1)),
    m,
)
REPEATS = Draw(
    "accumulate-subsample with replacement",
    "accumulate-subsample, n >= 2 rows a batch, budget m drawn with replacement",
    1 / m,
    m,
)
DRAWS = (WHOLE, SUBSAMPLE, REPEATS)


class Closed(NamedTuple):
    """The recursion in one unknown: S_t = spread D_t and D_{t+1} = factor D_t."""

    spread: Any
    factor: Any
    steps: tuple[Step, ...]


@cache
def closed(draw: Draw, ddof: int | None = None, warm: bool = False) -> Closed:
    """Section 1 in symbols, for any ddof and temperature or for one ddof and temperature 1."""
    special = ({} if ddof is None else {delta: ddof}) | ({tau: 1} if warm else {})
    pool, (a, gap) = n * t, sympy.symbols("A D")
    error = a + draw.noise * gap
    trace = (a + gap - error) * draw.rows / (draw.rows - delta)
    gram, square = tau * trace / n + error, tau * trace + error
    next_a = (pool**2 * a + 2 * pool * n * a + n**2 * gram) / (pool + n) ** 2
    next_square = (pool * (a + gap) + n * square) / (pool + n)
    spread = sympy.factor((trace / gap).subs(special))
    factor = sympy.factor(((next_square - next_a) / gap).subs(special))
    free = tuple(sympy.diff(found, letter) for found in (spread, factor) for letter in (a, gap))
    steps = (
        Step(
            "A pool of n t rows with moments A, Q and D = Q - A: the fit has B = A + D times",
            sympy.factor(draw.noise),
        ),
        Step("and S = (Q - B) M / (M - delta), M rows trained on, which is D times", spread),
        Step(
            "The next batch has K = tau S / n + B, q = tau S + B and covariance A with the pool. "
            "A and D drop out of D_(t+1) / D_t, so D closes, from D_1 = 1 - 1/n; the ratio is",
            factor,
            free,
        ),
    )
    return Closed(spread, factor, steps)


def abbreviated(factor: Any) -> tuple[Any, tuple[tuple[Any, Any], ...]]:
    """The factor with its quadratic written t^2 + beta t + gamma, and what the letters are."""
    numerator, denominator = sympy.fraction(sympy.together(factor))
    top, bottom = sympy.Poly(numerator, t), sympy.Poly(denominator, t)
    zero_root = top.eval(0) == 0
    if zero_root:
        top = sympy.quo(top, sympy.Poly(t, t))
    lead, beta, gamma = (sympy.factor(value) for value in top.all_coeffs())
    below = sympy.factor(bottom.as_expr() / bottom.LC())
    short = (t if zero_root else 1) * (t**2 + BETA * t + GAMMA) / below
    where = ((BETA, sympy.factor(beta / lead)), (GAMMA, sympy.factor(gamma / lead)))
    return short, where


@cache
def trace(draw: Draw) -> Derivation:
    """E tr Sigma_t / tr Sigma_0 for any ddof and temperature."""
    spread, factor, opening = closed(draw)
    short, where = abbreviated(factor)
    product = gamma_product(short)
    result = START * spread * product
    power = exponent(factor)
    steps = (
        *opening,
        Step(
            "With beta and gamma for its quadratic the ratio is",
            short,
            (short.subs(where) - factor,),
        ),
        Step(
            "Each root r contributes prod_(k<t) (k - r) = Gamma(t - r) / Gamma(1 - r); proved by "
            "induction",
            equation("D", START * product),
            induction(START * product, short, 0, START),
        ),
        Step(
            "Gamma(t - r) / Gamma(t) ~ t^(-r) (Stirling): S_t ~ C t^e with e the sum of the "
            "roots below minus those above, also the limit of t (D_(t+1) / D_t - 1),",
            sympy.Eq(sympy.Symbol("e"), power, evaluate=False),
            (root_sum(short).subs(where) - power,),
        ),
        Step(
            "and C",
            START * sympy.limit(spread, t, sympy.oo) * amplitude(short),
        ),
    )
    formula = Formula("trace_ratio", result, where)
    listed, over = cases(draw.name)
    check = equal_to_recursion(trace_ratio, listed, over)
    regime = f"{draw.regime}, any ddof and temperature"
    return Derivation(f"Mean trace under {draw.name}", regime, steps, formula, (check,), SOURCE)


@cache
def likely(draw: Draw) -> tuple[Derivation, Derivation]:
    """Mean trace and mean error of maximum likelihood at temperature 1: they sum to one."""
    spread, factor, opening = closed(draw, 0, warm=True)
    short, where = (factor, ()) if draw is WHOLE else abbreviated(factor)
    product = gamma_product(short)
    result = sympy.gammasimp(START * spread * product) if draw is WHOLE else (
        START * spread * product
    )
    proof = Step(
        "By the roots of the ratio; proved by induction",
        equation("S", result),
        induction(sympy.gammasimp(result / spread), short, 0, START),
    )
    listed, over = cases(draw.name, ddof=0, warm=True)
    regime = f"{draw.regime}, ddof 0, temperature 1"
    first = Derivation(
        f"Mean trace of maximum likelihood under {draw.name}",
        regime,
        (*opening, proof),
        Formula("trace_ratio", result, where),
        (equal_to_recursion(trace_ratio, listed, over),),
        SOURCE,
    )
    rows_square = sympy.Symbol("Q")
    moved = (n * t * rows_square + n * rows_square) / (n * t + n) - rows_square
    conserved = Step(
        "With ddof 0 and temperature 1 a new row has q = S + B = Q: Q stays 1, S = Q - B, and the "
        "mean error is 1 minus the trace",
        equation("B", 1 - result),
        (moved,),
    )
    second = Derivation(
        f"Mean error of maximum likelihood under {draw.name}",
        regime,
        (*opening, proof, conserved),
        Formula("mean_error", 1 - result, where),
        (equal_to_recursion(mean_error, listed, over),),
        SOURCE,
    )
    return first, second


@cache
def unbiased() -> Derivation:
    """E tr Sigma_t / tr Sigma_0 of the unbiased covariance at temperature 1, accumulate."""
    spread, factor, opening = closed(WHOLE, 1, warm=True)
    ratio = sympy.factor(sympy.cancel(factor * spread.subs(t, t + 1) / spread))
    result = gamma_product(ratio)
    steps = (
        *opening,
        Step(
            "S_(t+1) / S_t is 1 - 1 / (k (k n - 1)) at k = t + 1, and S_1 = 1",
            ratio,
            (
                ratio - 1 + 1 / ((t + 1) * ((t + 1) * n - 1)),
                (START * spread).subs(t, 1) - 1,
            ),
        ),
        Step(
            "By the roots of the ratio; proved by induction",
            equation("S", result),
            induction(result, ratio, 0, 1),
        ),
    )
    listed, over = cases(WHOLE.name, ddof=1, warm=True)
    check = equal_to_recursion(trace_ratio, listed, over)
    formula = Formula("trace_ratio", result)
    title = "Mean trace of the unbiased covariance under accumulate"
    regime = f"{WHOLE.regime}, ddof 1, temperature 1"
    return Derivation(title, regime, steps, formula, (check,), SOURCE)


@cache
def limit(draw: Draw, ddof: int) -> Derivation:
    """lim E tr Sigma_t / tr Sigma_0 at temperature 1, where the exponent is zero."""
    spread, factor, opening = closed(draw, ddof, warm=True)
    short, where = (factor, ()) if draw is WHOLE else abbreviated(factor)
    power = exponent(factor)
    constant = START * sympy.limit(spread, t, sympy.oo) * amplitude(short)
    steps = [
        *opening,
        Step("The ratio is 1 + O(1/t^2): the product converges", power, (power,)),
        Step(
            "Gamma(t - r) / Gamma(t) ~ t^(-r) at each root r, and the powers cancel",
            constant,
            (root_sum(short).subs(where),),
        ),
    ]
    if draw is WHOLE and ddof == 0:
        angle = sympy.Symbol("a", positive=True)
        sine = sympy.sin(sympy.pi * angle) / (sympy.pi * angle)
        at_root = {angle: 1 / sympy.sqrt(n)}
        reflected = sympy.gammasimp(1 / (sympy.gamma(1 - angle) * sympy.gamma(1 + angle)))
        steps.append(
            Step(
                "Euler's reflection, by sympy, with a = n^(-1/2)",
                sympy.Eq(sympy.Symbol("S_oo"), sine, evaluate=False),
                (reflected - sine, sympy.gammasimp(constant - sine.subs(at_root))),
            )
        )
        constant = sine.subs(at_root)
    listed, over = cases(draw.name, ddof=ddof, warm=True, generations=64)
    check = tends_to_formula("the mean trace", trace_ratio, listed, over)
    law = "maximum likelihood" if ddof == 0 else "the unbiased covariance"
    return Derivation(
        f"Limit of the mean trace of {law} under {draw.name}",
        f"{draw.regime}, ddof {ddof}, temperature 1, t -> infinity",
        tuple(steps),
        Formula("trace_ratio_limit", constant, where),
        (check,),
        SOURCE,
    )


@cache
def growth(draw: Draw, ddof: int | None = None) -> Derivation:
    """The exponent e of E tr Sigma_t ~ C t^e: 1/m for an unbiased subsample."""
    warm = ddof == 1
    _, factor, opening = closed(draw, ddof, warm)
    power = exponent(factor)
    share = "the subsample takes S / m more than it should" if ddof else "each batch is colder"
    short, where = abbreviated(factor)
    steps = (
        *opening,
        Step(
            f"The limit of t (D_(t+1) / D_t - 1), by sympy: {share}, 1/t of the pool at a time",
            sympy.Eq(sympy.Symbol("e"), power, evaluate=False),
            (root_sum(short).subs(where) - power,),
        ),
    )
    listed, over = cases(draw.name, ddof=ddof, warm=warm, generations=65)
    check = tends_to_formula("t (S_(t+1) / S_t - 1)", log_slope, listed, over)
    kept = "any ddof and temperature" if ddof is None else "ddof 1, temperature 1"
    return Derivation(
        f"Growth exponent of the mean trace under {draw.name}",
        f"{draw.regime}, {kept}, t -> infinity",
        steps,
        Formula("growth_exponent", power),
        (check,),
        SOURCE,
    )
