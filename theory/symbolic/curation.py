"""Curation of a normal law by a reward b x - q x^2/2, winners only, infinitely many draws."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import sympy

from theory import curated_normal
from theory.symbolic.checks import near
from theory.symbolic.derivation import Derivation, Formula, Step
from theory.symbolic.letters import bend, slope, t, truth_variance

SOURCE = "loopbound mitigations, section 3"
REGIME = "normal model of mean 0 and variance V_0, t rounds, K infinite, winners only"

_CASES = [
    {"t": t_, "V_0": Fraction(1, 2), "b": Fraction(3, 4), "q": Fraction(1, 4)} for t_ in (1, 2, 5)
]


def _product() -> Step:
    """The winners' density is normal, with precision and precision times mean added to."""
    x, mean, precision = sympy.symbols("x M P")
    moved = (precision * mean + slope) / (precision + bend)
    before = -precision * (x - mean) ** 2 / 2
    after = -(precision + bend) * (x - moved) ** 2 / 2
    gap = sympy.expand(before + slope * x - bend * x**2 / 2 - after)
    return Step(
        "The density times e^r is normal: precision P + q, mean (P M + b)/(P + q)",
        moved,
        (sympy.cancel(sympy.diff(gap, x)),),
    )


def _known(field: str) -> Any:
    def reference(t: int, V_0: float, q: float, b: float = 0.0) -> float:  # noqa: N803
        """theory.curated_normal; the reward's centre carries its slope at zero."""
        chain = curated_normal.CuratedNormal(
            0.0, float(V_0), centre=float(b / q), width=float(q) ** -0.5
        )
        return float(curated_normal.curves(chain, t)[field][t])

    return reference


@cache
def variance() -> Derivation:
    """1/(1/V_0 + t q)."""
    precision = 1 / truth_variance + t * bend
    steps = (
        _product(),
        Step(
            "Precision grows by q a round",
            1 / precision,
            (
                precision.subs(t, t + 1) - precision - bend,
                precision.subs(t, 0) * truth_variance - 1,
            ),
        ),
    )
    cases = [{key: value for key, value in case.items() if key != "b"} for case in _CASES]
    return Derivation(
        "Variance of a curated normal law", REGIME, steps,
        Formula("curated_variance", 1 / precision),
        (near("theory.curated_normal", _known("variance"), cases),), SOURCE,
    )  # fmt: skip


@cache
def mean() -> Derivation:
    """t b/(1/V_0 + t q); t b V_0 without curvature."""
    precision = 1 / truth_variance + t * bend
    result = sympy.cancel(t * slope / precision)
    steps = (
        _product(),
        Step(
            "Precision times mean grows by b a round",
            result,
            (sympy.cancel((precision * result).subs(t, t + 1) - precision * result) - slope,),
        ),
        Step(
            "Without curvature the mean moves by b V_0 a round",
            t * slope * truth_variance,
            (sympy.limit(result, bend, 0) - t * slope * truth_variance,),
        ),
    )
    return Derivation(
        "Mean of a curated normal law", REGIME, steps, Formula("mean", result),
        (near("theory.curated_normal", _known("mean"), _CASES),), SOURCE,
    )  # fmt: skip
