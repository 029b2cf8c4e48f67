"""Real data every round, and several generators: weights, stability and coverage.

Source: loopbound mitigations, sections 6 and 7. Units are those of the true variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory.curve import Curve, Kind
from theory.record import Record
from theory.workflow import whole_number

_SOURCE = "loopbound mitigations, section 6"
_ENSEMBLES = "loopbound mitigations, section 7"


@dataclass(frozen=True)
class WeightedCovariance:
    """A variance estimated as the weighted average of two batches' unbiased variances.

    Attributes:
        real: fresh real rows a round, n >= 2.
        synthetic: rows of the last model, m >= 2.
        weight: of the real batch's variance, in (0, 1].

    Raises:
        ValueError: quoting the value that is out of range.
    """

    real: int
    synthetic: int
    weight: float

    def __post_init__(self) -> None:
        whole_number("real", self.real, minimum=2)
        whole_number("synthetic", self.synthetic, minimum=2)
        if not 0 < self.weight <= 1:
            raise ValueError(f"weight must be in (0, 1], got {self.weight!r}")

    @property
    def factor(self) -> float:
        """(1 - w)^2 (m + 1)/(m - 1), by which a round multiplies the error; below 1 it is finite.

        Example:
            >>> round(WeightedCovariance(20, 20, 0.5).factor, 4)
            0.2763
        """
        return (1 - self.weight) ** 2 * (self.synthetic + 1) / (self.synthetic - 1)


def curves(spec: WeightedCovariance, generations: int) -> Record:
    """variance_error: E (S_t - sigma^2)^2/sigma^4 of the fitted variance; S_1 is the real one.

    V' = 2 w^2/(n - 1) + (1 - w)^2 [2 (1 + V)/(m - 1) + V], from V_1 = 2/(n - 1). Exact; the limit
    is [2 w^2/(n-1) + 2 (1-w)^2/(m-1)]/(1 - factor), inf where the factor is not below 1.

    Example:
        >>> round(curves(WeightedCovariance(20, 20, 0.5), 5).variance_error.limit, 4)
        0.0727
    """
    w, real, drawn = spec.weight, 2 / (spec.real - 1), 2 / (spec.synthetic - 1)
    noise = w**2 * real + (1 - w) ** 2 * drawn
    values = [0.0, real]
    for _ in range(1, whole_number("generations", generations)):
        values.append(noise + spec.factor * values[-1])
    limit = noise / (1 - spec.factor) if spec.factor < 1 else math.inf
    curve = Curve(np.array(values), Kind.EXACT, _SOURCE, limit=limit)
    return Record({"variance_error": curve})


def best_weight(real: int, synthetic: int) -> float:
    """The weight of least error in the long run. Exact, by minimising the limit.

    Example:
        >>> 0.5 < best_weight(20, 20) < 0.7
        True
    """
    from scipy.optimize import minimize_scalar

    def error(weight: float) -> float:
        limit = curves(WeightedCovariance(real, synthetic, weight), 1).variance_error.limit
        return math.inf if limit is None else min(limit, 1e300)

    return float(minimize_scalar(error, bounds=(1e-6, 1.0), method="bounded").x)


def jacobian(synthetic_share: float) -> float:
    """lambda/(1 + lambda), the Jacobian of the update of mean parameters. Exact.

    For exponential families, a fixed real set and lambda synthetic rows for each real one: below
    one for every lambda.

    Example:
        >>> jacobian(3.0)
        0.75
    """
    _positive("synthetic_share", synthetic_share)
    return synthetic_share / (1 + synthetic_share)


def published_rate(
    synthetic_share: float, *, smoothness: float, curvature: float, distance: float
) -> float | None:
    """lambda (alpha + eps L)/(alpha + lambda (alpha - eps L)); None where its condition fails.

    The condition lambda (1 + L eps/alpha) < 1/2 is sufficient, and far from necessary: `jacobian`
    is below one always. Published: Bertrand et al. 2310.00429.

    Args:
        synthetic_share: lambda.
        smoothness: L, of the Hessian.
        curvature: alpha, the least of the Hessian.
        distance: eps, between the first model and the truth.
    """
    _positive("synthetic_share", synthetic_share)
    _positive("curvature", curvature)
    push = smoothness * distance
    if not synthetic_share * (1 + push / curvature) < 0.5:
        return None
    up = synthetic_share * (curvature + push)
    return up / (curvature + synthetic_share * (curvature - push))


def stability(real: int, synthetic: int, share: float, generations: int) -> Record:
    """Two chains of a mean whose fixed real sets differ in one row, independent elsewhere.

    The difference D of the fits: share of the real mean plus 1 - share of a mean of `synthetic` new
    rows. One real row is drawn again, so D_1 has variance 2/n^2 and stays; the synthetic noise adds

        squared_difference: E D_t^2 = 2/n^2 + (2 a^2/m) (1 - a^(2(t-1)))/(1 - a^2),  a = 1 - share.

    Exact. published_shape: (1 - (1 - share)^t)/share, the shape of the published bound without its
    constant (Fu et al. 2502.18865).
    """
    whole_number("real", real)
    whole_number("synthetic", synthetic)
    if not 0 < share < 1:
        raise ValueError(f"share must be in (0, 1), got {share!r}")
    t = np.arange(whole_number("generations", generations) + 1)
    a = 1 - share
    kept = np.where(t == 0, 0.0, 2 / real**2)
    noise = 2 * a**2 / synthetic * (1 - a ** (2.0 * np.maximum(t - 1, 0))) / (1 - a**2)
    values = kept + noise
    limit = 2 / real**2 + 2 * a**2 / synthetic / (1 - a**2)
    shape = np.asarray((1 - a**t) / share, dtype=np.float64)
    std = np.sqrt(2.0) * values
    return Record(
        {
            "squared_difference": Curve(values, Kind.EXACT, _SOURCE, std, limit),
            "published_shape": Curve(shape, Kind.PUBLISHED, "Fu et al. 2502.18865"),
        }
    )


# --- several generators -------------------------------------------------------------------------


@dataclass(frozen=True)
class Ensemble:
    """K generators of which each writes a batch; the next model is fitted to all of them.

    Attributes:
        real: rows of the first fit, n.
        synthetic: rows that each generator writes a round, m.
        generators: K >= 1.

    Raises:
        ValueError: quoting the value that is out of range.
    """

    real: int
    synthetic: int
    generators: int = 1

    def __post_init__(self) -> None:
        for name in ("real", "synthetic", "generators"):
            whole_number(name, getattr(self, name))


def ensemble_curves(ensemble: Ensemble, generations: int) -> Record:
    """Error of the mean, and coverage of a naive interval, fits 1..T. Exact.

    mean_error: 1/n + (t - 1)/(K m): averaged generators divide the synthetic noise by K. coverage:
    of mean +- 1.96/sqrt(rows of the last fit), 2 Phi(1.96/sqrt(rows x mean_error)) - 1: one who
    takes synthetic rows for real ones believes too much.

    Example:
        >>> sets = [ensemble_curves(Ensemble(10, 10 * k), 2) for k in (1, 2, 5)]
        >>> [float(one.coverage[2].round(3)) for one in sets]
        [0.834, 0.742, 0.576]
    """
    from scipy.special import erf

    t = np.arange(whole_number("generations", generations) + 1)
    written = ensemble.synthetic * ensemble.generators
    error = np.where(t == 0, 0.0, 1 / ensemble.real + np.maximum(t - 1, 0) / written)
    rows = np.where(t <= 1, ensemble.real, written)
    covered = erf(1.96 / np.sqrt(2 * np.where(t == 0, 1.0, rows * error)))
    covered[0] = 1.0
    std = np.sqrt(covered * (1 - covered))
    limit = math.inf
    return Record(
        {
            "mean_error": Curve(error, Kind.EXACT, _ENSEMBLES, np.sqrt(2.0) * error, limit),
            "coverage": Curve(covered, Kind.EXACT, _ENSEMBLES, std, 0.0),
        }
    )


def _positive(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be finite and > 0, got {value!r}")
