"""The categorical chain: how fast categories merge, whatever their number.

A row is one-hot, so that E sum p_t^2 is the B of section 1 with K_new,new = 1/n + (1 - 1/n) B and
Q = 1 for ever. D = 1 - B, the probability that two rows of model t differ, then moves as the trace
of a location-scale family with ddof 0 at temperature 1: its closed forms are those of the Gaussian
chain times H = 1 - sum p_0^2, here from the one-hot recursion and checked against it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace as changed
from fractions import Fraction
from functools import cache

import sympy

from theory.recursion import unit_modulus
from theory.symbolic import kept, pooled
from theory.symbolic.checks import Case, equal_to_recursion, tends_to_formula
from theory.symbolic.derivation import Derivation, Formula, Step, equation
from theory.symbolic.letters import het, n, t
from theory.symbolic.pooled_cases import cases
from theory.symbolic.recurrence import induction, solved
from theory.workflow import Workflow

SOURCE = "loopbound theory, sections 1 and 6"
_ROOT = Fraction(3, 5)  # of sum p_0^2 in the checks
_TRUTH = 1 - _ROOT**2
_EQUAL = "equal batches of n rows, any probabilities"


def heterozygosities(case: Case) -> list[Fraction]:
    """E (1 - sum p_t^2) at t = 1..T for a truth with sum p_0^2 = 9/25."""
    one_hot = unit_modulus(_ROOT, lambda t: Fraction(1), Fraction)  # type: ignore[arg-type]
    return [1 - Fraction(fit.mean_square) for fit in case.fits(one_hot)]


def squared_errors(case: Case) -> list[Fraction]:
    """E |p_t - p_0|^2 at t = 1..T for that truth."""
    return [_TRUTH - found for found in heterozygosities(case)]


def _with_truth(listed: Iterable[Case]) -> tuple[Case, ...]:
    return tuple(changed(case, letters={**case.letters, "H": _TRUTH}) for case in listed)


def _one_hot() -> Step:
    """A new batch of a one-hot chain is that of a location-scale chain of ddof 0."""
    error = sympy.Symbol("B")
    own = 1 / n + (1 - 1 / n) * error
    scale = (1 - error) / n + error
    return Step(
        "A row is one-hot: |row|^2 = 1, so Q = 1 for ever, and two rows of a batch agree with "
        "probability B = E sum p_t^2. A new batch has K = 1/n + (1 - 1/n) B, just as a "
        "location-scale family has with spread S = 1 - B. Its steps follow, where S is in units of "
        "H = 1 - sum p_0^2",
        own,
        (own - scale,),
    )


def _told(
    name: str, of_trace: Derivation, title: str, regime: str, listed: Iterable[Case], over: str
) -> Derivation:
    """H times a mean trace, or H times what is missing from one."""
    trace = of_trace.formula
    heterozygosity = name == "heterozygosity"
    share = trace.expression if heterozygosity else 1 - trace.expression
    result = het * share
    quantity = heterozygosities if heterozygosity else squared_errors
    last = Step(
        "E (1 - sum p_t^2) = H S"
        if heterozygosity
        else "E |p_t - p_0|^2 = E sum p_t^2 - sum p_0^2 since E p_t = p_0: H (1 - S)",
        equation("D" if heterozygosity else "E", result),
    )
    check = equal_to_recursion(quantity, _with_truth(listed), f"{over}, sum p_0^2 = 9/25")
    return Derivation(
        title,
        regime,
        (_one_hot(), *of_trace.steps, last),
        changed(trace, name=name, expression=result),
        (check,),
        SOURCE,
    )


_NAMES = {"heterozygosity": "Heterozygosity", "squared_error": "Squared error"}


@cache
def replace(name: str) -> Derivation:
    """H (1 - 1/n)^t."""
    error = sympy.Symbol("B_t")
    factor = 1 - 1 / n
    following = 1 - (1 / n + (1 - 1 / n) * error)
    unfolded = solved(factor, 0, factor)
    result = factor**t
    trace = Derivation(
        "Share of the heterozygosity that is left",
        "",
        (
            Step(
                "One batch: B_(t+1) = 1/n + (1 - 1/n) B_t, so that 1 - B shrinks by",
                factor,
                (following - factor * (1 - error),),
            ),
            Step(
                "sympy's rsolve from S_1 = 1 - 1/n, proved by induction",
                equation("S", result),
                (result - unfolded, *induction(result, factor, 0, factor)),
            ),
        ),
        Formula("trace_ratio", result),
        (),
        SOURCE,
    )
    listed = [Case(Workflow.replace(rows), {"n": rows}) for rows in (1, 2, 3, 10)]
    title = f"{_NAMES[name]} under replace"
    regime = f"replace, {_EQUAL}"
    return _told(name, trace, title, regime, listed, "n in 1, 2, 3, 10")


@cache
def accumulated(name: str, draw: pooled.Draw) -> Derivation:
    """H times a product: prod (1 - 1 / (n k^2)) for the whole pool."""
    whole = draw is pooled.WHOLE
    trace = pooled.product() if whole else pooled.trace(draw, 0)
    listed, over = cases(draw.name, ddof=0, warm=True)
    title = f"{_NAMES[name]} under {draw.name}"
    return _told(name, trace, title, f"{draw.regime}, any probabilities", listed, over)


@cache
def kept_real(name: str, kind: str) -> Derivation:
    """H times a geometric sequence: anchored and fresh."""
    listed, over = kept.kept_cases(kind)
    title = f"{_NAMES[name]} under {kept.NAMES[kind]}"
    return _told(name, kept.trace(kind), title, _regime(kind), listed, over)


@cache
def limit(draw: pooled.Draw) -> Derivation:
    """What is left for ever: H sin(pi a) / (pi a), a = n^(-1/2), of the whole pool."""
    of_trace = pooled.limit(draw, 0)
    formula = of_trace.formula
    result = het * formula.expression
    listed, over = cases(draw.name, ddof=0, warm=True, generations=64)
    check = tends_to_formula("the heterozygosity", heterozygosities, _with_truth(listed), over)
    return Derivation(
        f"Limit of the heterozygosity under {draw.name}",
        f"{draw.regime}, any probabilities, t -> infinity",
        (_one_hot(), *of_trace.steps, Step("In units of 1", equation("D", result, "oo"))),
        changed(formula, name="heterozygosity_limit", expression=result),
        (check,),
        SOURCE,
    )


@cache
def kept_limit(kind: str) -> Derivation:
    """What is left for ever where real rows stay or keep coming."""
    of_share = kept.trace(kind)
    share = sympy.expand(of_share.formula.expression)
    fixed, moving = share.as_independent(t, as_Add=True)
    result = sympy.factor(het * fixed)
    listed, over = kept.kept_cases(kind)
    # One anchored row leaves nothing at any generation: no limit to tend to.
    several = [case for case in listed if case.letters["N"] > 1]
    settled = tuple(changed(case, generations=64) for case in _with_truth(several))
    step = Step(
        "The rest carries q^(t-1), and 0 < q < 1",
        equation("D", result, "oo"),
        (sympy.cancel(moving / kept.RATIO ** (t - 1)).diff(t),),
    )
    return Derivation(
        f"Limit of the heterozygosity under {kept.NAMES[kind]}",
        f"{_regime(kind)}, t -> infinity",
        (_one_hot(), *of_share.steps, step),
        Formula("heterozygosity_limit", result),
        (tends_to_formula("the heterozygosity", heterozygosities, settled, f"{over}, N > 1"),),
        SOURCE,
    )


def _regime(kind: str) -> str:
    return kept.REGIMES[kind].removesuffix(", ddof 0, temperature 1") + ", any probabilities"
