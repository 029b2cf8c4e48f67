"""What explains a measured curve: theory's a + b v_t, or another shape better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from theory.curve import Curve, Kind
from theory.growth.fits import Fit, fit
from theory.growth.losscurve import LossCurve
from theory.growth.shapes import RANGE, Shape, columns
from theory.inflation import inflation
from theory.workflow import Workflow

CLOSE = 2.0  # a shape whose AICc is this much lower is preferred


class Verdict(Enum):
    """What v_t explains of a curve.

    EXPLAINED: b > 0, v_t leaves at most 1 % of the variance, and no other shape is preferred.
    MOSTLY: b > 0 and v_t leaves at most 1 %, but another shape is preferred.
    PARTLY: b > 0 and v_t leaves at most 10 %.
    NOT: it leaves more, or b <= 0: theory cannot fall.
    UNTESTED: fewer than five generations, which the criterion takes.
    """

    EXPLAINED = "explained"
    MOSTLY = "mostly"
    PARTLY = "partly"
    NOT = "not"
    UNTESTED = "untested"


@dataclass(frozen=True, eq=False)
class Comparison:
    """Every shape that a curve determines.

    Attributes:
        curve: the measurement.
        fits: by shape; `INFLATION` is always there.
    """

    curve: LossCurve
    fits: dict[Shape, Fit]

    @property
    def theory(self) -> Fit:
        """a + b v_t."""
        return self.fits[Shape.INFLATION]

    @property
    def best(self) -> Fit:
        """The shape of the lowest AICc; theory's where none is lower by `CLOSE`."""
        best = min(self.fits.values(), key=lambda one: one.aicc)
        return best if self.theory.aicc - best.aicc > CLOSE else self.theory

    @property
    def verdict(self) -> Verdict:
        """What v_t explains."""
        if math.isinf(self.theory.aicc):
            return Verdict.UNTESTED
        if self.theory.slope <= 0 or self.theory.left > 0.1:
            return Verdict.NOT
        if self.theory.left > 0.01:
            return Verdict.PARTLY
        return Verdict.EXPLAINED if self.best is self.theory else Verdict.MOSTLY

    @property
    def lowest(self) -> int:
        """The generation of the lowest mean loss."""
        return int(self.curve.generations[np.argmin(self.curve.mean)])


def compare(curve: LossCurve) -> Comparison:
    """The curve with every shape that it determines.

    Raises:
        ValueError: a single generation.
    """
    fits = {Shape.INFLATION: fit(curve, Shape.INFLATION)}
    for shape in Shape:
        if shape is Shape.PASSES and _collinear(curve):
            continue
        if len(curve.generations) > 2 + (shape in (Shape.PASSES, *RANGE)):
            fits.setdefault(shape, fit(curve, shape))
    return Comparison(curve, fits)


def _collinear(curve: LossCurve) -> bool:
    """True where 1, v_t and h_t are not three different columns, as under replace."""
    t = curve.generations.astype(np.float64)
    table = columns(Shape.PASSES, curve.workflow, t, 0.0)
    return int(np.linalg.matrix_rank(table, tol=1e-8 * np.abs(table).max())) < 3


def predicted_from_first(first: float, floor: float, workflow: Workflow, generations: int) -> Curve:
    """Loss at generations 1..T from that of generation 1 alone: floor + (first - floor) v_t/v_1.

    It takes the loss of the truth itself, `floor`, which is known for a source of our own making
    (an n-gram's entropy) and for no natural text. Index 0 is the floor.

    Raises:
        ValueError: a first loss below the floor.

    Example:
        >>> predicted_from_first(1.5, 1.0, Workflow.replace(100), 3)[1:].tolist()
        [1.5, 2.0, 2.5]
    """
    if not first >= floor:
        raise ValueError(f"first must be at least floor={floor!r}, got {first!r}")
    known = inflation(workflow, generations)
    values = floor + (first - floor) * known.values / known[1]
    return Curve(values, Kind.ASYMPTOTIC, known.source)
