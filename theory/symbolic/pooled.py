"""The Gaussian chain under accumulate and accumulate-subsample, n rows a batch.

The recursion of section 1 has two unknowns, A and Q, but everything that moves them is a multiple
of D = Q - A, so S_{t+1} / S_t is a rational function of t and S_t a ratio of Gamma functions, for
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
_LAW = {None: "", 0: " of maximum likelihood", 1: " of the unbiased covariance"}
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
    """The recursion in one unknown: S_1 = start and S_{t+1} = ratio S_t."""

    start: Any
    ratio: Any
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
    start = sympy.factor((1 - 1 / n) * spread.subs(t, 1))
    ratio = sympy.factor(sympy.cancel(factor * spread.subs(t, t + 1) / spread))
    a_t, d_t, next_d = sympy.symbols("A_t D_t D_{t+1}")
    steps = (
        Step(
            "A pool of n t rows with moments A, Q and D = Q - A: the fit has",
            _named("B_t", a_t + d_t * sympy.factor(draw.noise)),
        ),
        Step("and S = (Q - B) M / (M - delta), M rows trained on:", _named("S_t", d_t * spread)),
        Step(
            "The next batch has K = tau S / n + B, q = tau S + B and covariance A with the pool. "
            "A and D drop out of D_(t+1) / D_t, so D closes:",
            sympy.Eq(next_d / d_t, factor, evaluate=False),
            free,
        ),
        Step(
            "Hence the ratio of traces, a rational function of t,",
            sympy.Eq(sympy.Symbol("S_{t+1}") / sympy.Symbol("S_t"), ratio, evaluate=False),
        ),
        Step("and, from D_1 = 1 - 1/n,", _named("S_1", start)),
    )
    return Closed(start, ratio, steps)


def _named(name: str, expression: Any) -> Any:
    return sympy.Eq(sympy.Symbol(name), expression, evaluate=False)


def abbreviated(ratio: Any) -> tuple[Any, tuple[tuple[Any, Any], ...]]:
    """The ratio with its quadratic written t^2 + beta t + gamma, and what the letters are."""
    numerator, denominator = sympy.fraction(sympy.together(ratio))
    top, bottom = sympy.Poly(numerator, t), sympy.Poly(denominator, t)
    lead, beta, gamma = (sympy.factor(value) for value in top.all_coeffs())
    below = sympy.factor(bottom.as_expr() / bottom.LC())
    where = ((BETA, sympy.factor(beta / lead)), (GAMMA, sympy.factor(gamma / lead)))
    return (t**2 + BETA * t + GAMMA) / below, where


def _abbreviation(ratio: Any, short: Any, where: Any) -> Step:
    text = "With beta and gamma for the quadratic above, the ratio is"
    return Step(text, short, (short.subs(where) - ratio,))


@cache
def trace(draw: Draw, ddof: int | None = None) -> Derivation:
    """E tr Sigma_t / tr Sigma_0, for any ddof and temperature or one ddof and temperature 1."""
    warm = ddof is not None
    start, ratio, opening = closed(draw, ddof, warm)
    short, where = abbreviated(ratio)
    result = start * gamma_product(short)
    power = exponent(ratio)
    steps = (
        *opening,
        _abbreviation(ratio, short, where),
        Step(
            "Each root r contributes prod_(k<t) (k - r) = Gamma(t - r) / Gamma(1 - r); proved by "
            "induction",
            equation("S", result),
            induction(result, short, 0, start),
        ),
        Step(
            "Gamma(t - r) / Gamma(t) ~ t^(-r) (Stirling): S_t ~ C t^e with e the sum of the "
            "roots below minus those above, also the limit of t (S_(t+1) / S_t - 1),",
            sympy.Eq(sympy.Symbol("e"), power, evaluate=False),
            (root_sum(short).subs(where) - power,),
        ),
        Step("and C", start * amplitude(short)),
    )
    formula = Formula("trace_ratio", result, where)
    listed, over = cases(draw.name, ddof=ddof, warm=warm)
    check = equal_to_recursion(trace_ratio, listed, over)
    title = f"Mean trace{_LAW[ddof]} under {draw.name}"
    kept = f"ddof {ddof}, temperature 1" if warm else "any ddof and temperature"
    regime = f"{draw.regime}, {kept}"
    return Derivation(title, regime, steps, formula, (check,), SOURCE)


@cache
def product() -> Derivation:
    """E tr Sigma_t / tr Sigma_0 of maximum likelihood under accumulate: the Gamma product."""
    start, ratio, opening = closed(WHOLE, 0, warm=True)
    a = sympy.Symbol("a", positive=True)
    one = 1 - a**2 / t**2
    result = gamma_product(one).subs(t, t + 1)
    at_root = {a: 1 / sympy.sqrt(n)}
    steps = (
        *opening,
        Step(
            "which are 1 - 1 / (n k^2) at k = t + 1 and at k = 1: S_t is their product up to k = t",
            sympy.Eq(
                sympy.Symbol("S_t"),
                sympy.Product(1 - 1 / (n * sympy.Symbol("k") ** 2), (sympy.Symbol("k"), 1, t)),
                evaluate=False,
            ),
            (
                ratio - one.subs(t, t + 1).subs(at_root),
                start - one.subs(t, 1).subs(at_root),
            ),
        ),
        Step(
            "With a = n^(-1/2) the factor is (k - a)(k + a) / k^2; proved by induction",
            equation("S", result),
            induction(result, one.subs(t, t + 1), 0, one.subs(t, 1)),
        ),
    )
    listed, over = cases(WHOLE.name, ddof=0, warm=True)
    return Derivation(
        "Mean trace of maximum likelihood under accumulate",
        f"{WHOLE.regime}, ddof 0, temperature 1",
        steps,
        Formula("trace_ratio", result, ((a, 1 / sympy.sqrt(n)),)),
        (equal_to_recursion(trace_ratio, listed, over),),
        SOURCE,
    )


@cache
def mean(draw: Draw) -> Derivation:
    """E |mu_t - mu_0|^2 / tr Sigma_0 of maximum likelihood at temperature 1: 1 - the trace."""
    of_trace = product() if draw is WHOLE else trace(draw, 0)
    result = 1 - of_trace.formula.expression
    square, error, rows = sympy.symbols("Q B M")
    written = (square - error) * rows / (rows - delta) + error
    conserved = Step(
        "With ddof 0 and temperature 1 a new row has q = S + B = Q, so that Q stays 1, S is Q - B "
        "and the mean error is 1 minus the trace",
        equation("B", result),
        (written.subs(delta, 0) - square,),
    )
    listed, over = cases(draw.name, ddof=0, warm=True)
    return Derivation(
        f"Mean error of maximum likelihood under {draw.name}",
        f"{draw.regime}, ddof 0, temperature 1",
        (*of_trace.steps, conserved),
        Formula("mean_error", result, of_trace.formula.where),
        (equal_to_recursion(mean_error, listed, over),),
        SOURCE,
    )


@cache
def limit(draw: Draw, ddof: int) -> Derivation:
    """lim E tr Sigma_t / tr Sigma_0 at temperature 1, where the exponent is zero."""
    start, ratio, opening = closed(draw, ddof, warm=True)
    short, where = abbreviated(ratio)
    power = exponent(ratio)
    constant = start * amplitude(short)
    steps = [
        *opening,
        _abbreviation(ratio, short, where),
        Step(
            "The ratio is 1 + O(1/t^2), so the product converges: the exponent is", power, (power,)
        ),
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
                (reflected - sine, constant.subs(where) - sine.subs(at_root)),
            )
        )
        constant, where = sine, ((angle, 1 / sympy.sqrt(n)),)
    listed, over = cases(draw.name, ddof=ddof, warm=True, generations=64)
    check = tends_to_formula("the mean trace", trace_ratio, listed, over)
    return Derivation(
        f"Limit of the mean trace{_LAW[ddof]} under {draw.name}",
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
    special = {delta: 1, tau: 1} if warm else {}
    _, ratio, opening = closed(draw, ddof, warm)
    power = exponent(ratio)
    short, where = abbreviated(ratio)
    square, error, rows = sympy.symbols("Q_t B_t M")
    spread = (square - error) * rows / (rows - delta)
    pushed = spread * (tau - 1 + delta / rows) / (t + 1)
    row_square = (n * t * square + n * (tau * spread + error)) / (n * t + n)
    of_trace = draw.noise / (1 - draw.noise) * (draw.rows - delta) / draw.rows
    share = sympy.limit(of_trace.subs(special), t, sympy.oo)
    steps = (
        *opening,
        Step(
            "Why: the second moment of the pool is pushed by a fit that is too wide (delta / M) or "
            "too cold (tau - 1),",
            sympy.Eq(
                sympy.Symbol("Q_{t+1}") - square,
                (sympy.Symbol("S_t") * (tau - 1 + delta / rows) / (t + 1)).subs(special),
                evaluate=False,
            ),
            (row_square - square - pushed,),
        ),
        Step(
            "The limit of t (S_(t+1) / S_t - 1), by sympy, is the exponent, S_t ~ C t^e:",
            _named("e", power),
            (root_sum(short).subs(where) - power,),
        ),
        Step("The draw alone makes the mean error at least S_t times a share that tends to", share),
    )
    listed, over = cases(draw.name, ddof=ddof, warm=warm, generations=65)
    check = tends_to_formula("t (S_(t+1) / S_t - 1)", log_slope, listed, over)
    kept = "any ddof and temperature" if ddof is None else "ddof 1, temperature 1"
    return Derivation(
        f"Growth exponent of the mean trace{_LAW[ddof]} under {draw.name}",
        f"{draw.regime}, {kept}, t -> infinity",
        steps,
        Formula("growth_exponent", power),
        (check,),
        SOURCE,
    )
