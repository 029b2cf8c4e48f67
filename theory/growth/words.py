"""What a fit says of a curve, in words and as a formula."""

from __future__ import annotations

from theory.growth.comparison import Comparison, Verdict
from theory.growth.fits import Fit
from theory.growth.shapes import Shape

_WORDS = {
    Verdict.EXPLAINED: "explains it",
    Verdict.MOSTLY: "explains most of it",
    Verdict.PARTLY: "explains a part of it",
    Verdict.NOT: "does not explain it",
}


def sentence(found: Comparison) -> str:
    """What theory explains of one curve, in words."""
    theory, best = found.theory, found.best
    said = f"{found.curve.name}: v_t {_WORDS[found.verdict]}"
    if theory.slope > 0:
        said += f", all but {_percent(theory.left)}"
    if found.lowest > found.curve.generations[0]:
        said += (
            f": the loss falls until generation {found.lowest} (what more rows do to a fit "
            f"that stops early or is smoothed is no part of v_t)"
        )
    drift = found.fits.get(Shape.PASSES)
    if drift is not None and min(drift.coefficients) > 0 and drift.left < theory.left / 2:
        said += f"; with passes, {formula(drift)}, all but {_percent(drift.left)}"
    if best is not theory and best is not drift:
        gain = theory.aicc - best.aicc
        said += f"; {formula(best)} fits better (AICc lower by {gain:.1f})"
        if best.at_edge:
            said += ", its exponent at the edge of those tried"
    return said


def formula(fit: Fit) -> str:
    """The fitted line as a formula in t, v and h."""
    a, b, *rest = fit.coefficients
    match fit.shape:
        case Shape.INFLATION:
            return f"{a:.3g} {_plus(b)} v"
        case Shape.PASSES:
            return f"{a:.3g} {_plus(b)} v {_plus(rest[0])} h"
        case Shape.LOGARITHM:
            return f"{a:.3g} {_plus(b)} ln t"
        case Shape.POWER:
            (c,) = rest
            return f"{a - b / c:.3g} {_plus(b / c)} t^{c:.3g}"
        case Shape.CONTRACTION:
            (c,) = rest
            return f"{a + b / (1 - c):.3g} {_plus(-b / (1 - c))} {c:.3g}^(t-1)"


def _plus(number: float) -> str:
    return f"{'-' if number < 0 else '+'} {abs(number):.3g}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"
