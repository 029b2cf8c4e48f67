"""The slope of the inflation under a sliding window: 4 / (w + 1)^2 a generation."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import sympy

from theory.symbolic.checks import Case, inflation
from theory.symbolic.derivation import Check, Derivation, DerivationError, Formula, Step, equation
from theory.symbolic.letters import i, t, w
from theory.workflow import Workflow


@cache
def slope() -> Derivation:
    """lim v_{t+1} - v_t = 4 / (w + 1)^2."""
    batch = sympy.Function("psi")
    shares = 2 * (w + 1 - i) / (w * (w + 1))
    newest = sympy.factor(shares.subs(i, 1))
    width = sympy.Symbol("w", positive=True, integer=True)
    total = sympy.summation(shares.subs(w, width), (i, 1, width))
    result = newest**2
    z = sympy.Symbol("z")
    polynomials = [z**size - sum(z**j for j in range(size)) / size for size in range(2, 9)]
    rest = [sympy.Poly(sympy.quo(found, z - 1, z), z).all_coeffs() for found in polynomials]
    falling = [[high - low for high, low in zip(c[:-1], c[1:], strict=True)] for c in rest]
    steps = (
        Step(
            "Batch means: psi_t is the mean of the last w of them plus noise of variance 1/n. The "
            "weighted mean L_t, weights falling linearly from the newest batch,",
            sympy.Eq(
                sympy.Symbol("L_t"),
                sympy.Sum(shares * batch(t - i), (i, 1, w)),
                evaluate=False,
            ),
            (total - 1,),
        ),
        Step(
            "is a martingale: the newest batch brings 2 / (w + 1) times the mean of the window, "
            "so each of its w members gains 2 / (w (w + 1)), just what it loses by ageing",
            newest / w,
            (newest / w - (shares - shares.subs(i, i + 1)), shares.subs(i, w + 1)),
        ),
        Step(
            "So each batch moves L_t by its own noise times the newest share",
            newest,
        ),
        Step(
            "and the variance of L_t, in units of 1/n, grows by its square, every generation",
            equation("slope", result, None),
        ),
        Step(
            "The mean of the window follows L_t: of the roots of z^w = (1 + z + ... + z^(w-1)) / w "
            "one is 1; the quotient by z - 1 has strictly falling coefficients, so the others lie "
            "inside the unit circle (Enestrom and Kakeya) and the difference has bounded "
            "variance. Steps between coefficients, all 1/w, for w = 2, ..., 8",
            sympy.Tuple(*(steps_[0] for steps_ in falling)),
            tuple(
                difference - sympy.Rational(1, size)
                for size, steps_ in enumerate(falling, 2)
                for difference in steps_
            ),
        ),
    )
    return Derivation(
        "Slope of the inflation under a sliding window",
        "sliding window of w equal batches, t -> infinity; n -> infinity first",
        steps,
        Formula("inflation_slope", result),
        (_check(),),
        "loopbound theory, section 3",
    )


def _check() -> Check:
    """The increments of v_t in fractions, which approach the slope geometrically."""

    def compare(formula: Formula) -> None:
        for window in (1, 2, 3, 5):
            case = Case(Workflow.sliding_window(1, window), {}, generations=81)
            values = inflation(case)
            expected = formula.at(w=window)
            gaps = [abs(values[t] - values[t - 1] - expected) for t in (40, 60, 80)]
            closing = all(
                later <= before / 4 for before, later in zip(gaps, gaps[1:], strict=False)
            )
            if not closing or gaps[-1] > Fraction(1, 10**6):
                raise DerivationError(
                    f"{formula.name} {expected} is not the slope of the recursion for w={window}: "
                    f"off by {', '.join(f'{float(gap):.3g}' for gap in gaps)}"
                )

    statement = "the increments of the recursion in exact fractions close in on it geometrically"
    return Check(f"{statement}, w in 1, 2, 3, 5, t <= 80", compare)
