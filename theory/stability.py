"""A fixed real set beside synthetic rows: how fast a disturbance fades, and a stability probe.

Source: Bertrand et al. 2310.00429; Fu et al. 2402.11778 and 2502.18865; loopbound mitigations,
section 6. Units are those of the true variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory.curve import Curve, Kind
from theory.record import Record
from theory.workflow import whole_number

_SOURCE = "loopbound mitigations, section 6"
_RATE = "Bertrand et al. 2310.00429"
_SHAPE = "Fu et al. 2402.11778 and 2502.18865, the shape alone"


@dataclass(frozen=True)
class FixedReal:
    """A mean fitted to the same real rows and to new synthetic ones, round after round.

    Attributes:
        real: rows that stay, N.
        synthetic: rows that the last model writes, lambda N.
        push: L eps/alpha of the published theorem, >= 0: by how much the curvature of the
            likelihood may depend on the rows, times what the first model misses, over the least
            curvature. 0 for a mean, whose curvature is the same everywhere.

    Raises:
        ValueError: quoting the value that is out of range.
    """

    real: int
    synthetic: int
    push: float = 0.0

    def __post_init__(self) -> None:
        whole_number("real", self.real)
        whole_number("synthetic", self.synthetic)
        if not 0 <= self.push < math.inf:
            raise ValueError(f"push must be finite and >= 0, got {self.push!r}")

    @property
    def ratio(self) -> float:
        """lambda, synthetic rows for each real one."""
        return self.synthetic / self.real


def curves(spec: FixedReal, generations: int) -> Record:
    """How far a model that starts off the real fit stays off it, rounds 0..T, 1 at the start.

    distance: E (mu_t - real mean) over its start, (lambda/(1 + lambda))^t. Exact. distance_upper:
    the published rate to the power t, where its condition holds; see `published_rate`.

    Example:
        >>> found = curves(FixedReal(10, 3, push=0.25), 2)
        >>> found.distance.values.round(6).tolist(), found.distance_upper[1].round(6)
        ([1.0, 0.230769, 0.053254], np.float64(0.306122))
        >>> curves(FixedReal(10, 10), 2).fields
        ('distance',)
    """
    t = np.arange(whole_number("generations", generations) + 1, dtype=np.float64)
    q = jacobian(spec.ratio)
    found = {"distance": Curve(np.float64(q) ** t, Kind.EXACT, _SOURCE, limit=0.0)}
    rate = published_rate(spec.ratio, smoothness=spec.push, curvature=1.0, distance=1.0)
    if rate is not None:
        found["distance_upper"] = Curve(np.float64(rate) ** t, Kind.UPPER, _RATE, limit=0.0)
    return Record(found)


def jacobian(ratio: float) -> float:
    """lambda/(1 + lambda), the Jacobian of the update of mean parameters. Exact.

    For exponential families, a fixed real set and lambda synthetic rows for each real one: below
    one for every lambda.

    Example:
        >>> jacobian(3.0)
        0.75
    """
    _positive("ratio", ratio)
    return ratio / (1 + ratio)


def published_rate(
    ratio: float, *, smoothness: float, curvature: float, distance: float
) -> float | None:
    """lambda (alpha + eps L)/(alpha + lambda (alpha - eps L)); None where its condition fails.

    The condition lambda (1 + L eps/alpha) < 1/2 is sufficient, and far from necessary: `jacobian`
    is below one always. It is the jacobian for L eps = 0. Published: Bertrand et al. 2310.00429.

    Args:
        ratio: lambda.
        smoothness: L, of the Hessian.
        curvature: alpha, the least of the Hessian.
        distance: eps, between the first model and the truth.
    """
    _positive("ratio", ratio)
    _positive("curvature", curvature)
    push = smoothness * distance
    if not ratio * (1 + push / curvature) < 0.5:
        return None
    return ratio * (curvature + push) / (curvature + ratio * (curvature - push))


@dataclass(frozen=True)
class Probe:
    """Two chains of a mean whose fixed real sets differ in one row, independent elsewhere.

    Attributes:
        real: rows of each fixed set, n.
        synthetic: rows of the last model, m.
        share: of the real mean in a fit, in (0, 1).

    Raises:
        ValueError: quoting the value that is out of range.
    """

    real: int
    synthetic: int
    share: float

    def __post_init__(self) -> None:
        whole_number("real", self.real)
        whole_number("synthetic", self.synthetic)
        if not 0 < self.share < 1:
            raise ValueError(f"share must be in (0, 1), got {self.share!r}")


def probe_curves(probe: Probe, generations: int) -> Record:
    """How far the two chains come apart, fits 1..T.

    The difference D of the fits: share of the real mean plus 1 - share of a mean of `synthetic` new
    rows. One real row is drawn again, so D_1 has variance 2/n^2 and stays; the synthetic noise adds

        squared_difference: E D_t^2 = 2/n^2 + (2 a^2/m) (1 - a^(2(t-1)))/(1 - a^2),  a = 1 - share.

    Exact. exact_shape: (1 - a^(2t))/(1 - a^2), how that noise grows with t rounds.
    published_shape: (1 - a^t)/share, how the published bounds grow, without their constants.

    Example:
        >>> found = probe_curves(Probe(8, 6, 0.5), 2)
        >>> found.exact_shape.values.tolist(), found.published_shape.values.tolist()
        ([0.0, 1.0, 1.25], [0.0, 1.0, 1.5])
    """
    t = np.arange(whole_number("generations", generations) + 1, dtype=np.float64)
    a = 1 - probe.share
    shape = (1 - a ** (2 * t)) / (1 - a**2)
    noise = 2 * a**2 / probe.synthetic
    values = np.append(0.0, 2 / probe.real**2 + noise * shape[:-1])
    limit = 2 / probe.real**2 + noise / (1 - a**2)
    published = (1 - a**t) / probe.share
    std = np.sqrt(2.0) * values
    return Record(
        {
            "squared_difference": Curve(values, Kind.EXACT, _SOURCE, std, limit),
            "exact_shape": Curve(shape, Kind.EXACT, _SOURCE, limit=1 / (1 - a**2)),
            "published_shape": Curve(published, Kind.PUBLISHED, _SHAPE, limit=1 / probe.share),
        }
    )


def _positive(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be finite and > 0, got {value!r}")
