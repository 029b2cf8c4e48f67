"""Verified labels: what is kept, where a classifier turns inside out, what few rows cost."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import comb
from typing import Any

import sympy

from theory.labels import VerifiedLabels, curves
from theory.symbolic.checks import near
from theory.symbolic.derivation import Check, Derivation, DerivationError, Formula, Step
from theory.symbolic.letters import d, mu, n, psi, wrong

SOURCE = "Feng et al. 2406.07515; loopbound mitigations, section 2"
REGIME = "labels wrong with probability e, a correct one kept with probability phi, a wrong one "
REGIME += "with psi phi"

_CORRECT = (1 - wrong) / (1 - wrong + wrong * psi)


def _share(e: Fraction, psi: Fraction, rows: int = 4, phi: Fraction = Fraction(4, 5)) -> Fraction:
    """Expected share of correct labels among the kept, over every count, given that some are kept.

    A share's mean given its rows does not depend on how many they are.
    """
    good, bad = (1 - e) * phi, e * psi * phi
    mean = kept = Fraction(0)
    for right in range(rows + 1):
        for miss in range(rows + 1 - right):
            ways = comb(rows, right) * comb(rows - right, miss)
            chance = ways * good**right * bad**miss * (1 - good - bad) ** (rows - right - miss)
            if right + miss:
                mean += chance * Fraction(right, right + miss)
                kept += chance
    return mean / kept


@cache
def correct() -> Derivation:
    """(1 - e)/(1 - e + e psi)."""
    phi = sympy.Symbol("phi", positive=True)
    kept = (1 - wrong) * phi, wrong * psi * phi
    step = Step(
        "A row is kept with a correct label with probability (1 - e) phi, with a wrong one with "
        "probability e psi phi",
        _CORRECT,
        (sympy.cancel(kept[0] / (kept[0] + kept[1]) - _CORRECT),),
    )
    cases = [(Fraction(3, 10), Fraction(1, 3)), (Fraction(3, 4), Fraction(1, 4))]

    def compare(formula: Formula) -> None:
        for e, ratio in cases:
            found, expected = formula.at(e=e, psi=ratio), _share(e, ratio)
            if found != expected:
                raise DerivationError(f"{formula.name} is {found}, its enumeration {expected}")

    def known(e: float, psi: float) -> float:
        return VerifiedLabels(2, 1.0, 9, e, 0.9, 0.9 * psi).correct

    return Derivation(
        "Share of correct labels among the kept", REGIME, (step,),
        Formula("correct", _CORRECT),
        (Check("equal to the mean over all counts of 4 rows in exact fractions", compare),
         near("theory.labels", known, [{"e": 0.6, "psi": 0.25}, {"e": 0.9, "psi": 1.0}])),
        SOURCE,
    )  # fmt: skip


@cache
def threshold() -> Derivation:
    """1/(1 + psi)."""
    result = 1 / (1 + psi)
    along = sympy.cancel(2 * _CORRECT - 1)
    steps = (
        Step(
            "The mean of label times row over the kept is (2 q - 1) mu, q the share of correct "
            "labels: in units of mu",
            along,
            (sympy.cancel(along - (1 - wrong - wrong * psi) / (1 - wrong + wrong * psi)),),
        ),
        Step(
            "Its numerator falls with e, with slope -(1 + psi), and is zero there",
            result,
            (
                sympy.cancel(along.subs(wrong, result)),
                sympy.diff(1 - wrong - wrong * psi, wrong) + 1 + psi,
            ),
        ),
    )

    def even(psi: float) -> float:
        """Where the exact accuracy of 6 rows is 1/2, by bisection."""
        low, high = 0.0, 1.0
        while high - low > 1e-15:
            middle = (low + high) / 2
            found = curves(VerifiedLabels(4, 1.2, 6, middle, 0.8, 0.8 * psi)).accuracy[1]
            low, high = (middle, high) if found > 0.5 else (low, middle)
        return low

    return Derivation(
        "Share of wrong labels from which on a classifier learns them inside out", REGIME, steps,
        Formula("threshold", result),
        (near("where the exact accuracy of 6 rows is 1/2", even,
              [{"psi": ratio} for ratio in (0.25, 0.5, 1.0)]),),
        SOURCE,
    )  # fmt: skip


@cache
def accuracy_loss() -> Derivation:
    """(d - 1) phi(mu)/(2 n mu (2 q - 1)^2)."""
    a, square, y = sympy.symbols("a C y", positive=True)
    density = sympy.exp(-(mu**2) / 2) / sympy.sqrt(2 * sympy.pi)
    along = mu * (2 * _CORRECT - 1)
    short = 1 - square / (2 * n * a**2)
    result = (d - 1) * density / (2 * n * mu * (2 * _CORRECT - 1) ** 2)
    cosine = a / sympy.sqrt(a**2 + square * y)  # y = 1/n
    normal = (1 + sympy.erf(mu * y / sympy.sqrt(2))) / 2
    steps = (
        Step(
            "Accuracy is E Phi(mu a/sqrt(a^2 + C/n)), C chi-square with d - 1 degrees of freedom, "
            "for n kept rows; to first order in 1/n the cosine is",
            short,
            (
                cosine.subs(y, 0) - 1,
                sympy.simplify(cosine.diff(y).subs(y, 0) + square / (2 * a**2)),
            ),
        ),
        Step(
            "Phi(mu y) has the slope mu phi(mu) at y = 1; E C = d - 1, and a tends to mu (2 q - 1)",
            result,
            (
                sympy.simplify(normal.diff(y).subs(y, 1) - mu * density),
                sympy.cancel((mu * (d - 1) / (2 * n * along**2) * density - result) / density),
            ),
        ),
    )
    sizes, ratio, share = (4_000, 8_000, 16_000), 0.25, 0.3

    def lost(rows: int) -> float:
        """Rows kept times the accuracy lost to them, exactly."""
        spec = VerifiedLabels(5, 1.0, rows, share, 1.0, ratio)
        known = curves(spec).accuracy
        return float(rows * spec.kept * (known[0] - known[1]))

    def compare(formula: Formula) -> None:
        once = [2 * lost(2 * rows) - lost(rows) for rows in sizes[:2]]
        limit = (4 * once[1] - once[0]) / 3
        found: Any = formula.value(d=5, mu=1, n=1, e=share, psi=ratio)
        if abs(found - limit) > 1e-4 * limit:
            raise DerivationError(f"{formula.name} is {found} but the exact loss tends to {limit}")

    listed = ", ".join(f"{size:,}" for size in sizes)
    return Derivation(
        "Accuracy that a classifier of verified labels misses",
        f"{REGIME}; n kept rows, leading order in 1/n, e below the threshold",
        steps,
        Formula("accuracy_loss", result),
        (Check(f"the exact loss of {listed} rows, extrapolated in 1/rows, to 0.01 %", compare),),
        SOURCE,
    )
