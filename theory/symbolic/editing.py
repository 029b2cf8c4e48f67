"""Token editing for many rows a feature: one edit, many small ones, and random ones for ever.

Units are those of the fit to real labels. A fit is an average over rows, so that it consists of
the shares of what was written by which fit, and of noise N: of the labels that are left, variance 1
in all, each share of the rows as much as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import sympy

from theory import editing as exact
from theory.symbolic.derivation import Check, Derivation, DerivationError, Formula, Step
from theory.symbolic.letters import edited, t

SOURCE = "loopbound mitigations, section 4"
_SIZES = (80, 160, 320)
_DIM = 1


def _tends(
    what: str, at: Callable[[int, float], float], shares: tuple[float, ...], **letters: int
) -> Check:
    """The check that an exact ratio at three sizes, 1/rows and 1/rows^2 removed, is the formula."""

    def compare(formula: Formula) -> None:
        for share in shares:
            a, b, e = (at(rows, share) for rows in _SIZES)
            once, twice = 2 * b - a, 2 * e - b
            found, limit = formula.value(F=share, **letters), (4 * twice - once) / 3
            if abs(found - limit) > 2e-3 * limit:
                raise DerivationError(f"{formula.name} is {found} but {what} tends to {limit}")

    sizes = ", ".join(str(size) for size in _SIZES)
    return Check(f"{what} at {sizes} rows, extrapolated in 1/rows, to 0.2 %", compare)


def _ratio(rows: int, edits: int, share: float) -> float:
    """The exact test error after disjoint edits over that of the first fit."""
    chain = exact.EditedChain(exact.cosine_design(rows, _DIM), exact.disjoint(rows, edits, share))
    known = exact.curves(chain).test_error
    return float(known[edits + 1] / known[1])


@cache
def one_edit() -> Derivation:
    """2 - (1 - F)^2."""
    kept, gone = 1 - edited, edited
    # W' = F W + N - (noise of edited rows) + new noise, W = N before; the parts are independent.
    parts = kept * (1 + edited) ** 2 + gone * edited**2 + gone
    result = 2 - (1 - edited) ** 2
    step = Step(
        "Labels of the share F become those of the fit W with new noise: W' = N - (their noise) + "
        "F W + new noise, and W = N. Noise that stays has weight 1 + F, what goes F, what comes 1",
        result,
        (sympy.expand(parts - result),),
    )
    return Derivation(
        "Test error after one edit", "rows over features to infinity, one edit of a share F",
        (step,), Formula("one_edit", result),
        (_tends("the exact error after one edit", lambda rows, f: _ratio(rows, 1, f),
                (0.25, 0.5, 1.0)),),
        SOURCE,
    )  # fmt: skip


@cache
def many_edits() -> Derivation:
    """2 e^F - 1."""
    result = 2 * sympy.exp(edited) - 1
    first = one_edit().formula.expression
    steps = (
        Step(
            "An edit of dF rows moves the fit by W dF, their noise and new noise: dV = 2 V dF - 2 "
            "(weight of a row's first noise in W) dF + 2 dF; that weight grows like W, to e^F",
            sympy.Eq(sympy.Symbol("dV/dF"), 2 * sympy.Symbol("V") - 2 * sympy.exp(edited) + 2),
        ),
        Step(
            "From V(0) = 1",
            result,
            (
                sympy.diff(result, edited) - (2 * result - 2 * sympy.exp(edited) + 2),
                result.subs(edited, 0) - 1,
            ),
        ),
        Step(
            "It starts like one edit, and leaves the printed bound of 2 at F = ln(3/2)",
            None,
            (
                sympy.diff(result - first, edited).subs(edited, 0),
                result.subs(edited, sympy.log(sympy.Rational(3, 2))) - 2,
            ),
        ),
    )

    def split(rows: int, share: float) -> float:
        return _ratio(rows, int(share * rows) // 2, share)

    return Derivation(
        "Test error after many small edits, no row twice",
        "rows over features to infinity, ever smaller edits of a share F in all",
        steps,
        Formula("many_edits", result),
        (_tends("the exact error after edits of two rows each", split, (0.5, 1.0)),),
        SOURCE,
    )


@cache
def random_edits() -> Derivation:
    """1 + (t - 1) F (2 - F)."""
    result = 1 + (t - 1) * edited * (2 - edited)
    q, back = sympy.symbols("q B")
    ages = edited * back / (1 - q * back)  # sum over ages of F q^(age - 1) B^age
    left = sympy.cancel((1 - q * back) * (1 - ages))
    steps = (
        Step(
            "Labels have ages: W_t = sum over ages of F q^(age - 1) W_(t - age) + N_t, q = 1 - F, "
            "and N_t keeps q of itself a round: (1 - q B) N = innovations of variance 1 - q^2. "
            "With B for one fit back, (1 - q B)(1 - sum) = 1 - B",
            left,
            (sympy.expand(left - (1 - back)).subs(q, 1 - edited),),
        ),
        Step(
            "So fits take independent steps, of variance 1 - q^2 = F (2 - F), from variance 1",
            result,
            (
                sympy.expand(1 - (1 - edited) ** 2 - edited * (2 - edited)),
                sympy.expand(result.subs(t, t + 1) - result - edited * (2 - edited)),
                sympy.expand(result.subs(t, 2) - one_edit().formula.expression),
            ),
        ),
    )

    def known(rows: int, share: float) -> Any:
        chain = exact.RandomEdits(exact.cosine_design(rows, _DIM), share, 5)
        errors = exact.random_curves(chain).test_error
        return float(errors[6] / errors[1])

    return Derivation(
        "Test error after random edits",
        "rows over features to infinity, every row edited with probability F each round",
        steps,
        Formula("random_edits", result),
        (_tends("the exact error after five rounds", known, (0.2, 0.7), t=6),),
        SOURCE,
    )
