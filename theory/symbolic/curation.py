"""Curation: a normal law by a reward b x - q x^2/2, winners only; shares mixed with real rows."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import inf, log
from typing import Any

import sympy

from theory import curated_normal, curation
from theory.symbolic.checks import near
from theory.symbolic.derivation import Check, Derivation, DerivationError, Formula, Step
from theory.symbolic.letters import (
    bend,
    beta,
    gain,
    lam,
    mean_gain,
    p,
    slope,
    t,
    truth_variance,
)

SOURCE = "loopbound mitigations, section 3"
MIXED = (
    "winners of weight lamda against real rows, kept or new: infinitely many rows, t to infinity"
)
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


def _exactly(what: str, cases: list[tuple[dict[str, Any], Fraction]]) -> Check:
    """The check that the formula is a value in fractions, at each setting."""

    def compare(formula: Formula) -> None:
        for letters, expected in cases:
            found = formula.at(**letters)
            if found != expected:
                raise DerivationError(
                    f"{formula.name} is {found} but {what} is {expected} at {letters}"
                )

    return Check(f"equal to {what} in exact fractions at {len(cases)} settings", compare)


def _categories(lamda: Fraction, shares: tuple[Fraction, ...]) -> list[tuple[dict[str, Any], Any]]:
    """Shares of three categories, each with the true probabilities that have them in the end.

    e^r is 1, 2, 4. The true probabilities come from the map itself, run backwards.
    """
    gains = (Fraction(1), Fraction(2), Fraction(4))
    mean_of = sum(x * g for x, g in zip(shares, gains, strict=True))
    found = []
    for x, g in zip(shares, gains, strict=True):
        true = (1 + lamda) * x - lamda * x * g / mean_of
        found.append(({"p": true, "lamda": lamda, "g": g, "Z": mean_of}, x))
    assert sum(letters["p"] for letters, _ in found) == 1
    return found


_TRUE, _GAINS = (0.6, 0.4), (1.0, 2.0)


def _of_two(weight: float) -> Any:
    """Shares of two categories in the long run, K infinite."""
    rewards = tuple(log(g) for g in _GAINS)
    return curation.fixed_point(curation.CuratedChain(_TRUE, rewards, inf, weight))


@cache
def mixed_share() -> Derivation:
    """p/(1 + lambda - lambda g/Z)."""
    x, total, mean_of = sympy.symbols("x S M", positive=True)
    result = p / (1 + lam - lam * gain / mean_gain)
    drawn = (1 + lam) * total - 1  # lam M/Z, summed over the categories
    steps = (
        Step(
            "Of infinitely many draws a category wins with probability x g/Z, Z the mean of g: in "
            "the long run (1 + lamda) x = p + lamda x g/Z",
            result,
            (sympy.cancel(((1 + lam) * x - p - lam * x * gain / mean_gain).subs(x, result)),),
        ),
        Step(
            "Summed, (1 + lamda) S = 1 + lamda M/Z: the shares have the sum S = 1 exactly where "
            "their mean weight M is Z",
            sympy.Eq(mean_of, mean_gain * drawn / lam, evaluate=False),
            (sympy.cancel((mean_gain * drawn / lam).subs(total, 1) - mean_gain),),
        ),
        Step(
            "A share falls as Z rises above lamda g/(1 + lamda), to p/(1 + lamda): so does the "
            "sum, from infinity to less than 1, and one Z is left",
            None,
            (
                sympy.cancel(result.diff(mean_gain) + lam * gain / p * (result / mean_gain) ** 2),
                sympy.limit(result, mean_gain, sympy.oo) - p / (1 + lam),
            ),
        ),
    )

    def known(p: float, lamda: float, g: float, Z: float) -> float:  # noqa: N803
        """theory.curation, where Z is the fixed point's own."""
        return float(_of_two(lamda)[round(float(g) - 1)])

    settings = [
        {"p": share, "lamda": weight, "g": gain_, "Z": float(_of_two(weight) @ _GAINS)}
        for weight in (0.2, 1.0, 5.0)
        for share, gain_ in zip(_TRUE, _GAINS, strict=True)
    ]
    shares = (Fraction(1, 2), Fraction(1, 3), Fraction(1, 6))
    exact = [case for w in (Fraction(1, 5), Fraction(1)) for case in _categories(w, shares)]
    return Derivation(
        "Share of a category among winners mixed with real rows",
        f"{MIXED}, K infinite; Z is the root above lamda g/(1 + lamda) of every g",
        steps,
        Formula("mixed_share", result),
        (_exactly("the map's fixed point", exact), near("theory.curation", known, settings)),
        "Ferbach et al. 2407.09499; loopbound mitigations, section 3",
    )


@cache
def mixed_pair() -> Derivation:
    """The better of two categories with two draws a winner, a root of a quadratic."""
    x, root = sympy.symbols("x D", positive=True)
    bent, line = lam * (2 * beta - 1), 1 + lam - 2 * beta * lam
    after = (p + lam * (x**2 + 2 * beta * x * (1 - x))) / (1 + lam)
    result, under = (root - line) / (2 * bent), sympy.sqrt(line**2 + 4 * bent * p)
    steps = (
        Step(
            "Two draws are both the better category, or one is, which wins with probability beta: "
            "x' = [p + lamda (x^2 + 2 beta x (1 - x))]/(1 + lamda)",
            after,
        ),
        Step(
            "x' = x is a quadratic, with one positive root",
            bent * x**2 + line * x - p,
            (
                sympy.expand((1 + lam) * (x - after) - (bent * x**2 + line * x - p)),
                sympy.expand((bent * x**2 + line * x - p).subs(x, result.subs(root, under))),
            ),
        ),
        Step(
            "There the map's slope is 1 - D/(1 + lamda): from near, each round shrinks a distance "
            "to the limit by that factor",
            1 - root / (1 + lam),
            (sympy.expand(after.diff(x).subs(x, result) - 1 + root / (1 + lam)),),
        ),
    )
    cases = []
    for weight, wins, share in ((Fraction(1, 2), Fraction(3, 4), Fraction(1, 3)),
                                (Fraction(3), Fraction(9, 10), Fraction(4, 5))):  # fmt: skip
        won = share**2 + 2 * wins * share * (1 - share)
        true = (1 + weight) * share - weight * won
        cases.append(({"p": true, "lamda": weight, "beta": wins}, share))

    def known(p: float, lamda: float, beta: float) -> float:
        reward = log(beta / (1 - beta))
        chain = curation.CuratedChain((1 - p, p), (0.0, reward), 2, lamda)
        return float(curation.fixed_point(chain)[1])

    settings = [
        {"p": 0.25, "lamda": weight, "beta": wins}
        for weight in (0.2, 1.0, 4.0)
        for wins in (0.6, 0.9)
    ]
    return Derivation(
        "Share of the better of two categories among winners mixed with real rows",
        f"{MIXED}, K = 2",
        steps,
        Formula("mixed_pair", result, ((root, under),)),
        (_exactly("the map's fixed point", cases), near("theory.curation", known, settings)),
        "Ferbach et al. 2407.09499; loopbound mitigations, section 3",
    )
