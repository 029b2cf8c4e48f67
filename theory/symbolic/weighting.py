"""Weighted variances, a disturbance beside fixed real rows, a swapped row, and ensembles."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import sympy

from theory import ensembles, stability
from theory import weighting as exact
from theory.symbolic.checks import near
from theory.symbolic.derivation import Check, Derivation, DerivationError, Formula, Step, equation
from theory.symbolic.kept import Geometric, geometric
from theory.symbolic.letters import k, m, n, real, t, w
from theory.symbolic.recurrence import induction, solved

SOURCE = "loopbound mitigations, section 6"
ENSEMBLES = "loopbound mitigations, section 7"
WEIGHTED = "N fresh real rows of weight w, n synthetic rows, both unbiased; units of sigma^4"


def _variance() -> Geometric:
    """E (S_t - 1)^2."""
    factor = (1 - w) ** 2 * (n + 1) / (n - 1)
    added = 2 * w**2 / (real - 1) + 2 * (1 - w) ** 2 / (n - 1)
    return geometric(factor, added, 2 / (real - 1))


def _second_moments(N: int, n: int, w: Fraction, fits: int) -> list[Fraction]:  # noqa: N803
    """E (S_t - 1)^2 by E S^2 = E q^2 of chi-square means q: (k + 2)/k of k degrees."""
    square = Fraction(N + 1, N - 1)
    found = [square - 1]
    for _ in range(fits - 1):
        drawn = square * Fraction(n + 1, n - 1)
        square = w**2 * Fraction(N + 1, N - 1) + 2 * w * (1 - w) + (1 - w) ** 2 * drawn
        found.append(square - 1)
    return found


@cache
def variance_error() -> Derivation:
    """E (S_t - sigma^2)^2 of a weighted average of two unbiased variances."""
    old, square = sympy.symbols("V Q")
    batch = (1 + old) * (square - 1) + old
    solution = _variance()
    moved = 2 * w**2 / (real - 1) + (1 - w) ** 2 * batch.subs(square, (n + 1) / (n - 1))
    steps = (
        Step(
            "S q, q a chi-square mean of E q = 1, E q^2 = Q, misses E S^2 Q - 1 = (1 + V) Q - 1",
            batch,
            (sympy.expand((1 + old) * square - 1 - batch),),
        ),
        Step(
            "Q = (n + 1)/(n - 1): the next error is linear in V",
            moved,
            (
                sympy.cancel(sympy.diff(moved, old) - solution.ratio),
                sympy.diff(moved, old, 2),
            ),
        ),
        Step(
            "From V_1 = 2/(N - 1) geometrically; proved by induction",
            equation("V", solution.form),
            (*solution.zeros, sympy.cancel(moved.subs(old, solution.limit) - solution.limit)),
        ),
    )
    settings = ((20, 20, Fraction(1, 2)), (9, 6, Fraction(1, 4)), (5, 3, Fraction(1, 5)))

    def compare(formula: Formula) -> None:
        for real_rows, rows, weight in settings:
            for at, value in enumerate(_second_moments(real_rows, rows, weight, 6), 1):
                if formula.at(N=real_rows, n=rows, w=weight, t=at) != value:
                    raise DerivationError(f"{formula.name} is not {value} at t={at}")

    return Derivation(
        "Error of a weighted variance", WEIGHTED, steps,
        Formula("variance_error", solution.form, solution.where),
        (Check("equal to second moments in exact fractions at 3 settings, t <= 6", compare),),
        SOURCE,
    )  # fmt: skip


@cache
def limit() -> Derivation:
    """The same for ever."""
    solution = _variance()
    step = Step("The fixed point, finite where (1 - w)^2 (n + 1)/(n - 1) < 1", solution.limit,
                solution.zeros)  # fmt: skip

    def known(N: int, n: int, w: Fraction) -> float:  # noqa: N803
        found = exact.curves(exact.WeightedCovariance(N, n, float(w)), 1).variance_error.limit
        assert found is not None
        return found

    cases = [{"N": N, "n": n_, "w": Fraction(1, 2)} for N, n_ in ((20, 20), (9, 6))]
    return Derivation(
        "Error of a weighted variance in the long run", WEIGHTED, (step,),
        Formula("variance_error_limit", solution.limit),
        (near("theory.weighting", known, cases),), SOURCE,
    )  # fmt: skip


@cache
def distance() -> Derivation:
    """(n/(N + n))^t."""
    ratio = n / (real + n)
    step = Step(
        "Of N + n rows n are about the last mean and N about the real one: the distance keeps "
        "n/(N + n) = lambda/(1 + lambda) of itself a round",
        ratio**t,
        (sympy.powsimp((ratio**t).subs(t, t + 1) / ratio**t) - ratio,
         sympy.cancel(ratio - (n / real) / (1 + n / real))),
    )  # fmt: skip

    def known(N: int, n: int, t: int) -> float:  # noqa: N803
        return float(stability.curves(stability.FixedReal(N, n), t).distance[t])

    cases = [{"N": N, "n": 7, "t": at} for N in (3, 20) for at in (1, 4)]
    return Derivation(
        "What is left of a disturbance", "N real rows that stay, n synthetic rows a round", (step,),
        Formula("distance", ratio**t), (near("theory.stability", known, cases),), SOURCE,
    )  # fmt: skip


@cache
def squared_difference() -> Derivation:
    """2/N^2 + (2 a^2/n) (1 - a^(2 (t - 1)))/(1 - a^2), a = 1 - w."""
    factor, added = (1 - w) ** 2, 2 * (1 - w) ** 2 / n
    noise = solved(factor, added, 0)
    result = 2 / real**2 + noise
    step = Step(
        "A swapped row parts the real means by variance 2/N^2, which weighs w + (1 - w) for ever; "
        "the noise of two batches, 2/n, comes in with weight a = 1 - w, and so on",
        result,
        induction(noise, factor, added, 0),
    )

    def known(N: int, n: int, w: Fraction, t: int) -> float:  # noqa: N803
        found = stability.probe_curves(stability.Probe(N, n, float(w)), t)
        return float(found.squared_difference[t])

    cases = [{"N": 8, "n": 6, "w": Fraction(1, 4), "t": at} for at in (1, 2, 5)]
    return Derivation(
        "Two chains that differ in one real row",
        "N fixed real rows of weight w in a mean, n synthetic rows, independent draws",
        (step,), Formula("squared_difference", result),
        (near("theory.stability", known, cases),), SOURCE,
    )  # fmt: skip


@cache
def mean_error() -> Derivation:
    """1/N + (t - 1)/(k m): generators of one model divide the synthetic noise."""
    form = 1 / real + (t - 1) / (k * m)
    step = Step(
        "The mean of k sets of m rows adds 1/(k m) a round", equation("V", form),
        (sympy.cancel(form.subs(t, t + 1) - form - 1 / (k * m)), form.subs(t, 1) - 1 / real),
    )  # fmt: skip

    def known(N: int, m: int, k: int, t: int) -> float:  # noqa: N803
        return float(ensembles.curves(ensembles.Ensemble(N, m, k), t).mean_error[t])

    cases = [{"N": 4, "m": 5, "k": many, "t": at} for many in (1, 3) for at in (1, 4)]
    return Derivation(
        "Error of the mean with several generators",
        "N real rows, then k generators of one model, m rows each", (step,),
        Formula("mean_error", form), (near("theory.ensembles", known, cases),), ENSEMBLES,
    )  # fmt: skip


@cache
def coverage() -> Derivation:
    """2 Phi(1.96/sqrt(1 + m/N)) - 1."""
    z = sympy.Rational(196, 100)
    result = sympy.erf(z / sympy.sqrt(2 * (1 + m / real)))
    step = Step(
        "A set of m rows of a fit to N misses 1/N + 1/m; its naive interval is 1.96/sqrt(m) wide",
        result,
        (sympy.cancel((z**2 / m) / (1 / real + 1 / m) - z**2 / (1 + m / real)),),
    )

    def known(N: int, m: int) -> float:  # noqa: N803
        return float(ensembles.curves(ensembles.Ensemble(N, m), 2).coverage[2])

    return Derivation(
        "Coverage of a naive interval", "one generator fitted to N real rows, m rows", (step,),
        Formula("coverage", result),
        (near("theory.ensembles", known, [{"N": 10, "m": 10 * r} for r in (1, 2, 5, 10)]),),
        ENSEMBLES,
    )  # fmt: skip
