"""Curation of a normal law by a quadratic or a linear reward, K infinite, winners only.

The density is multiplied by e^r every round, so that it stays normal. Source: loopbound
mitigations, section 3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory.curve import Curve, Kind
from theory.record import Record
from theory.workflow import whole_number

_SOURCE = "loopbound mitigations, section 3"


@dataclass(frozen=True)
class CuratedNormal:
    """A normal model trained on winners by reward r(x) = slope x - (x - centre)^2/(2 width^2).

    Attributes:
        mean: of the first model.
        variance: of the first model, > 0.
        slope: of the linear part of the reward.
        centre: at which its quadratic part is greatest.
        width: of that part, > 0; inf for none.

    Raises:
        ValueError: quoting the value that is out of range.
    """

    mean: float = 0.0
    variance: float = 1.0
    slope: float = 0.0
    centre: float = 0.0
    width: float = math.inf

    def __post_init__(self) -> None:
        for name in ("mean", "slope", "centre"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name} must be finite, got {getattr(self, name)!r}")
        if not 0 < self.variance < math.inf:
            raise ValueError(f"variance must be finite and > 0, got {self.variance!r}")
        if not self.width > 0:
            raise ValueError(f"width must be > 0, got {self.width!r}")


def curves(chain: CuratedNormal, generations: int) -> Record:
    """mean and second_moment (E x^2) of models 0..T, and their variance. Exact.

    Precision grows by 1/width^2 a round, and mean x precision by slope + centre/width^2: without a
    quadratic part the mean moves by slope x variance a round.

    Example:
        >>> curves(CuratedNormal(centre=2.0, width=1.0), 3).variance.values.tolist()
        [1.0, 0.5, 0.3333333333333333, 0.25]
        >>> curves(CuratedNormal(variance=4.0, slope=0.5), 3).mean.values.tolist()
        [0.0, 2.0, 4.0, 6.0]
    """
    t = np.arange(whole_number("generations", generations) + 1)
    narrower = 1 / chain.width**2
    precision = 1 / chain.variance + t * narrower
    mean = (chain.mean / chain.variance + t * (chain.slope + chain.centre * narrower)) / precision
    if narrower:
        middle = chain.centre + chain.slope / narrower
    else:
        middle = chain.mean if chain.slope == 0 else math.copysign(math.inf, chain.slope)
    last = 0.0 if narrower else chain.variance
    values = {
        "mean": (mean, middle),
        "second_moment": (mean**2 + 1 / precision, middle**2 + last),
        "variance": (1 / precision, last),
    }
    return Record(
        {
            name: Curve(value, Kind.EXACT, _SOURCE, limit=limit)
            for name, (value, limit) in values.items()
        }
    )
