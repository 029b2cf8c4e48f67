"""Fresh real rows every round, weighed against the last models' rows: a variance.

Source: loopbound mitigations, section 6. Units are those of the true variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory.curve import Curve, Kind
from theory.record import Record
from theory.workflow import whole_number

_SOURCE = "loopbound mitigations, section 6"


@dataclass(frozen=True)
class WeightedCovariance:
    """A variance estimated as the weighted average of batches' unbiased variances.

    Attributes:
        real: fresh real rows a round, n >= 2.
        synthetic: rows that a model writes, m >= 2.
        weight: of the real batch's variance, in (0, 1].
        window: batches of the last models that share the rest of the weight, as many as there are.

    Raises:
        ValueError: quoting the value that is out of range.
    """

    real: int
    synthetic: int
    weight: float
    window: int = 1

    def __post_init__(self) -> None:
        whole_number("real", self.real, minimum=2)
        whole_number("synthetic", self.synthetic, minimum=2)
        whole_number("window", self.window)
        if not 0 < self.weight <= 1:
            raise ValueError(f"weight must be in (0, 1], got {self.weight!r}")

    @property
    def factor(self) -> float:
        """By which a round multiplies the error with a window of one: below 1 it stays finite.

        (1 - w)^2 (m + 1)/(m - 1).

        Example:
            >>> round(WeightedCovariance(20, 20, 0.5).factor, 4)
            0.2763
        """
        return (1 - self.weight) ** 2 * (self.synthetic + 1) / (self.synthetic - 1)

    @property
    def gain(self) -> float:
        """K >= 1, by Yule and Walker the variance of x_t = (1 - w) x (mean of last W) + unit noise.

        1/(1 - (1 - w)^2) for a window of one.
        """
        last = self.window
        share = (1 - self.weight) / last
        lags = np.abs(np.arange(last + 1)[:, None] - np.arange(1, last + 1))
        system = np.eye(last + 1)
        np.subtract.at(system, (np.arange(last + 1)[:, None], lags), share)
        return float(np.linalg.solve(system, np.eye(last + 1)[0])[0])


def curves(spec: WeightedCovariance, generations: int) -> Record:
    """variance_error: E (S_t - sigma^2)^2/sigma^4 of the fitted variance; S_1 is the real one.

    The next fit is S = w R + (1 - w) u'B, u the shares of the window's batches, with error
    w^2 r + (1 - w)^2 u'Cu, r = 2/(n - 1), C the covariance of the batches' variances B; one that S
    writes has variance V + h (1 + V), h = 2/(m - 1), and covariance (1 - w) u'C with those before.
    Exact; the limit is [K w^2 r + (K - 1) h]/[1 - (K - 1) h] with K = `gain`, inf where that is
    not finite and positive: with a window of one where `factor` is not below 1.

    Example:
        >>> round(curves(WeightedCovariance(20, 20, 0.5), 5).variance_error.limit, 4)
        0.0727
    """
    w, real, drawn = spec.weight, 2 / (spec.real - 1), 2 / (spec.synthetic - 1)
    values = [0.0, real]
    batches = np.empty((0, 0))  # covariance of the window's batches, newest first
    across = np.empty(0)  # of the fit with each of them
    for _ in range(1, whole_number("generations", generations)):
        own = values[-1] + drawn * (1 + values[-1])
        batches = np.block([[np.array([[own]]), across[None]], [across[:, None], batches]])
        batches = batches[: spec.window, : spec.window]
        across = (1 - w) * batches.mean(axis=0)
        values.append(w**2 * real + (1 - w) * float(across.mean()))
    more = (spec.gain - 1) * drawn
    limit = (spec.gain * w**2 * real + more) / (1 - more) if more < 1 else math.inf
    curve = Curve(np.array(values), Kind.EXACT, _SOURCE, limit=limit)
    return Record({"variance_error": curve})


def best_weight(real: int, synthetic: int, window: int = 1) -> float:
    """The weight of least error in the long run. Exact, by minimising the limit.

    Example:
        >>> 0.5 < best_weight(20, 20) < 0.7
        True
        >>> best_weight(20, 20, window=4) < best_weight(20, 20)
        True
    """
    from scipy.optimize import minimize_scalar

    def error(weight: float) -> float:
        spec = WeightedCovariance(real, synthetic, weight, window)
        limit = curves(spec, 1).variance_error.limit
        return math.inf if limit is None else min(limit, 1e300)

    return float(minimize_scalar(error, bounds=(1e-6, 1.0), method="bounded").x)
