"""What a measured loss curve follows, a + b v_t, a power or a logarithm, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass

from theory.growth.comparison import CLOSE, Comparison
from theory.growth.fits import Fit
from theory.growth.shapes import Shape
from theory.growth.words import formula
from theory.workflow import whole_number

ASKED = (Shape.INFLATION, Shape.POWER, Shape.LOGARITHM)
LEVEL = 0.95  # of every band
_NAMES = {
    Shape.INFLATION: "theory, a + b v_t",
    Shape.POWER: "a power",
    Shape.LOGARITHM: "a logarithm",
}


@dataclass(frozen=True)
class Forecast:
    """One shape fitted to a curve, and what it says of a later generation.

    Attributes:
        shape: of the line.
        formula: with its numbers.
        slope: b, loss for one unit of the shape.
        slope_error: standard error of b.
        behind: AICc above the best of the three; 0 for that one.
        value: the line at the horizon.
        lower: of its 95 % band there.
        upper: of it.
    """

    shape: Shape
    formula: str
    slope: float
    slope_error: float
    behind: float
    value: float
    lower: float
    upper: float


def forecasts(found: Comparison, horizon: int) -> list[Forecast]:
    """The three shapes that the curve determines, best first, each with its forecast.

    Source: loopbound theory, section 3; least squares and AICc of `theory.growth`.

    Example:
        >>> from theory.growth import LossCurve, compare
        >>> from theory.workflow import Workflow
        >>> loss = [[2.0, 2.52, 2.97, 3.51, 4.02, 4.48]]
        >>> curve = LossCurve("m", "replace", Workflow.replace(100), [1, 2, 3, 4, 5, 6], loss)
        >>> forecasts(compare(curve), 12)[0].shape
        <Shape.INFLATION: 'inflation'>
    """
    whole_number("horizon", horizon)
    fits = [found.fits[shape] for shape in ASKED if shape in found.fits]
    least = min(fit.aicc for fit in fits)
    return sorted((_forecast(fit, horizon, least) for fit in fits), key=lambda one: one.behind)


def _forecast(fit: Fit, horizon: int, least: float) -> Forecast:
    lower, upper = fit.band(horizon, LEVEL)
    behind = fit.aicc - least if fit.aicc > least else 0.0
    return Forecast(
        fit.shape, formula(fit), fit.slope, fit.slope_error, behind,
        float(fit.value(horizon)[0]), float(lower[0]), float(upper[0]),
    )  # fmt: skip


def told(found: Comparison, horizon: int) -> str:
    """The forecasts in a sentence or three."""
    curve, shown = found.curve, forecasts(found, horizon)
    if len(curve.generations) < 5:
        return (
            f"{curve.name}: {len(curve.generations)} generations are too few to tell shapes apart: "
            f"measure five or more"
        )
    theory = next(one for one in shown if one.shape is Shape.INFLATION)
    best = theory if theory.slope > 0 and theory.behind <= CLOSE else shown[0]
    others = [one for one in shown if one is not best]
    text = f"{curve.name}: follows {_NAMES[best.shape]} best ({best.formula})"
    if found.fits[best.shape].at_edge:
        text += ", its exponent at the edge of those tried"
    near = [one for one in others if abs(one.behind - best.behind) <= CLOSE]
    if near:
        text += "; not told apart from " + " or ".join(_NAMES[one.shape] for one in near)
    text += f". At generation {horizon} that is {_band(best)}"
    if theory is not best:
        text += f"; a + b v_t says {_band(theory)}"
    if theory.slope <= 0:
        text += ". The loss does not rise with v_t: theory's noise is not what moves it"
    lag = found.fits[best.shape].lag_correlation
    if lag > 0.5:
        text += f". Its misfit is systematic (neighbours correlate {lag:.2f}): bands are too narrow"
    if curve.generations[-1] < horizon / 3:
        text += f". {curve.generations[-1]} generations are little to go by for {horizon}"
    return text + "."


def _band(one: Forecast) -> str:
    return f"{one.value:.4g} ({one.lower:.4g} to {one.upper:.4g}, 95 %)"
