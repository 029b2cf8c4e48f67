"""Verified rows with the noise estimated too: the spread collapses, logarithmically.

A normal model writes rows, a verifier keeps those within `radius` of its centre, and both mean and
standard deviation are refitted to what is kept. With infinitely many rows the state (u, s), the
distance from the verifier and the model's standard deviation, moves by the moments of an accepted
variate. Close to the end s^2 loses the share 2 L phi(L) a round, L = radius/s, so that
e^(L^2/2)/L^3 grows like t/sqrt(2 pi), and s ~ radius/sqrt(2 ln t).

Source: loopbound mitigations, section 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory.curve import Curve, Kind
from theory.record import Record
from theory.verification.truncated import accepted
from theory.workflow import whole_number

_SOURCE = "loopbound mitigations, section 1"


@dataclass(frozen=True)
class VerifiedSpread:
    """Mean and standard deviation of a normal law refitted to rows that a verifier accepts.

    Attributes:
        radius: of what is accepted, in standard deviations of the truth, > 0.
        centre: the verifier's, in standard deviations from the true mean.
        rows: real rows of the first fit and accepted rows of a round, by maximum likelihood; >= 2.
            The curves are the limit of many.

    Raises:
        ValueError: quoting the value that is out of range; a verifier that rejects everything.
    """

    radius: float
    centre: float = 0.0
    rows: int = 100

    def __post_init__(self) -> None:
        if not 0 < self.radius < math.inf:
            raise ValueError(f"radius must be finite and > 0, got {self.radius!r}")
        if not math.isfinite(self.centre):
            raise ValueError(f"centre must be finite, got {self.centre!r}")
        whole_number("rows", self.rows, minimum=2)
        if abs(self.centre) - self.radius > 6:
            raise ValueError(
                f"the verifier rejects everything: true rows are "
                f"{abs(self.centre) - self.radius:.3g} standard deviations outside what it "
                f"accepts, with centre={self.centre!r}, radius={self.radius!r}"
            )


def spread_curves(chain: VerifiedSpread, generations: int) -> Record:
    """Fits 1..T in units of the truth, index 0 the truth; asymptotic as the rows a round grow.

    variance: E s_t^2. verifier_error: E (mu_t - centre)^2. spread_lambert and spread_leading: how
    the standard deviation falls in the end, radius/L with e^(L^2/2)/L^3 = k/sqrt(2 pi), k = t - 1
    rounds, by Lambert's W, and radius/sqrt(2 ln k); infinite before they mean anything. Few rows
    lose the factor 1 - 1/rows a round as well, which overtakes the verifier after so many rounds.

    Example:
        >>> found = spread_curves(VerifiedSpread(1.0), 3)
        >>> found.variance.values.round(5).tolist()
        [1.0, 1.0, 0.29113, 0.20857]
    """
    rounds = np.arange(whole_number("generations", generations), dtype=np.float64)
    u, s = -chain.centre, 1.0
    variance, error = [1.0, 1.0], [u**2, u**2]
    for _ in range(1, generations):
        one = accepted(u / s, chain.radius / s)
        u, s = s * float(one.mean), s * math.sqrt(float(one.variance))
        variance.append(s**2)
        error.append(u**2)
    leading = [chain.radius / math.sqrt(2 * math.log(k)) if k > 1 else math.inf for k in rounds]
    lambert = [_lambert(chain.radius, k) for k in rounds]
    columns = {
        "variance": (variance, 0.0),
        "verifier_error": (error, 0.0),
        "spread": (np.sqrt(variance), 0.0),
        "spread_lambert": ([math.inf, *lambert], 0.0),
        "spread_leading": ([math.inf, *leading], 0.0),
    }
    return Record(
        {
            name: Curve(np.array(values), Kind.ASYMPTOTIC, _SOURCE, limit=limit)
            for name, (values, limit) in columns.items()
        }
    )


def _lambert(radius: float, rounds: float) -> float:
    """radius/L with e^(L^2/2)/L^3 = rounds/sqrt(2 pi), L^2 > 3; inf where there is none."""
    from scipy.special import lambertw

    if rounds < 1:
        return math.inf
    x = -((2 * math.pi / rounds**2) ** (1 / 3)) / 3
    if x < -1 / math.e:
        return math.inf
    return radius / math.sqrt(-3 * float(lambertw(x, -1).real))
