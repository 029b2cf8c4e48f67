"""One shape fitted to one measured curve by least squares, with the error of what it says.

Residuals count as independent with one variance. Neighbouring generations share rows, so they are
not quite; `Fit.lag_correlation` says how far, and bands of a single run are then too narrow. With
three seeds or more the bands come from the scatter between seeds, which share nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from theory.growth.losscurve import LossCurve
from theory.growth.shapes import RANGE, FloatArray, Shape, columns, jacobian, split

ENOUGH_SEEDS = 3  # for a scatter between them
_GRID = 200  # values of c tried before the best is refined


@dataclass(frozen=True, eq=False)
class Fit:
    """One shape fitted to one curve by (weighted) least squares.

    Attributes:
        curve: what was fitted.
        shape: of the line.
        coefficients: a, b and, where the shape has it, c.
        covariance: of the coefficients, axes (coefficient, coefficient); NaN-free, infinite where
            nothing is left to estimate it from.
        freedom: degrees of freedom behind it.
        weights: of the generations, of mean 1, axis (generation,).
        at_edge: c ended at the edge of the range searched: the shape is not pinned down.
    """

    curve: LossCurve
    shape: Shape
    coefficients: tuple[float, ...]
    covariance: FloatArray
    freedom: int
    weights: FloatArray
    at_edge: bool = False

    @property
    def slope(self) -> float:
        """b, in nats a token for one unit of the shape."""
        return self.coefficients[1]

    @property
    def slope_error(self) -> float:
        """Standard error of b."""
        return float(np.sqrt(self.covariance[1, 1]))

    def value(self, t: npt.ArrayLike) -> FloatArray:
        """The line at t >= 1, between generations too (v_t and h_t are drawn straight there)."""
        at = np.atleast_1d(np.asarray(t, dtype=np.float64))
        linear, c = split(self.shape, self.coefficients)
        return np.asarray(columns(self.shape, self.curve.workflow, at, c) @ linear)

    def band(self, t: npt.ArrayLike, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """(lower, upper) of the line at t, each t by itself; a share of `level` holds the truth.

        Student's quantile times the error of the line, linear in the coefficients; it is the band
        of the fitted mean, not of a new measurement.
        """
        from scipy.special import stdtrit

        if not 0 < level < 1:
            raise ValueError(f"level must be in (0, 1), got {level!r}")
        at = np.atleast_1d(np.asarray(t, dtype=np.float64))
        change = jacobian(self.shape, self.curve.workflow, at, self.coefficients)
        middle = self.value(at)
        if self.freedom < 1:
            return np.full(len(at), -math.inf), np.full(len(at), math.inf)
        variance = np.einsum("ti,ij,tj->t", change, self.covariance, change)
        away = stdtrit(self.freedom, (1 + level) / 2) * np.sqrt(variance)
        return middle - away, middle + away

    @cached_property
    def residuals(self) -> FloatArray:
        """Mean loss minus the line, axis (generation,)."""
        return self.curve.mean - self.value(self.curve.generations)

    @property
    def rms(self) -> float:
        """Root mean square of the residuals (nats a token)."""
        return float(np.sqrt(np.mean(self.residuals**2)))

    @property
    def left(self) -> float:
        """Share of the variance over the generations that the line leaves, 1 - R^2."""
        about = self.curve.mean - np.average(self.curve.mean, weights=self.weights)
        total = float(self.weights @ about**2)
        return float(self.weights @ self.residuals**2) / total if total else 0.0

    @property
    def aicc(self) -> float:
        """Akaike's criterion for small samples, least squares with one unknown variance.

        n log(rss/n) + 2 k + 2 k (k + 1)/(n - k - 1), k = coefficients + 1; less is better. inf
        where n <= k + 1.
        """
        n, k = len(self.curve.generations), len(self.coefficients) + 1
        if n <= k + 1:
            return math.inf
        rss = max(float(self.weights @ self.residuals**2), n * np.finfo(np.float64).eps ** 2)
        return n * math.log(rss / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)

    @property
    def lag_correlation(self) -> float:
        """Correlation of neighbouring residuals; about 0 if the line is right and noise is new."""
        r = self.residuals
        rounding = 16 * np.finfo(np.float64).eps * np.abs(self.curve.mean).max()
        return float(r[1:] @ r[:-1] / (r @ r)) if self.rms > rounding else 0.0


def fit(curve: LossCurve, shape: Shape) -> Fit:
    """The shape of least squares.

    Generations weigh alike, or with two seeds and more by 1/(s_t^2 + s^2), s_t^2 the variance
    between the seeds and s^2 its mean over the generations: half of what the scatter says, because
    few seeds say it.

    Raises:
        ValueError: fewer generations than coefficients, or a shape whose coefficients this
            workflow does not tell apart (`passes` under replace, where h_t = v_t - 1).

    Example:
        >>> from theory.workflow import Workflow
        >>> measured = [[2.0, 2.5, 3.5]]
        >>> curve = LossCurve("tiny", "replace", Workflow.replace(100), [1, 2, 4], measured)
        >>> np.round(fit(curve, Shape.INFLATION).coefficients, 6).tolist()
        [1.5, 0.5]
    """
    t, y, weights = curve.generations.astype(np.float64), curve.mean, _weights(curve)
    count = 2 + (shape in (Shape.PASSES, *RANGE))
    if len(t) < count:
        raise ValueError(f"{shape.value} takes {count} generations, got {len(t)} of {curve.name}")

    c, at_edge = 0.0, False
    if shape in RANGE:
        c, at_edge = _search(curve, shape, weights)
    root = np.sqrt(weights)
    table = columns(shape, curve.workflow, t, c) * root[:, None]
    if np.linalg.matrix_rank(table, rtol=1e-10) < table.shape[1]:
        raise ValueError(f"{shape.value} is not determined by {curve.name}")
    linear = np.linalg.lstsq(table, y * root)[0]
    coefficients = tuple(map(float, linear)) + ((c,) if shape in RANGE else ())
    covariance, freedom = _uncertainty(curve, shape, coefficients, weights)
    return Fit(curve, shape, coefficients, covariance, freedom, weights, at_edge)


def _search(curve: LossCurve, shape: Shape, weights: FloatArray) -> tuple[float, bool]:
    """(c of least squares, whether it is at the edge of the range)."""
    t, share = curve.generations.astype(np.float64), weights / weights.sum()
    y = curve.mean - share @ curve.mean

    def unexplained(c: float) -> float:
        x = columns(shape, curve.workflow, t, c)[:, 1]
        x = x - share @ x
        slope = (share * x) @ y / ((share * x) @ x)
        return float(share @ (y - slope * x) ** 2)

    grid = np.linspace(*RANGE[shape], _GRID)
    best = int(np.argmin([unexplained(float(c)) for c in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, _GRID - 1)]
    return _lowest(unexplained, float(low), float(high)), best in (0, _GRID - 1)


def _lowest(criterion: Callable[[float], float], low: float, high: float) -> float:
    """Where a criterion with one minimum in between is least, to 1e-10, by golden section.

    Not scipy.optimize's: to import that takes longer than the fits of a file.
    """
    share = (math.sqrt(5) - 1) / 2
    left, right = high - share * (high - low), low + share * (high - low)
    at_left, at_right = criterion(left), criterion(right)
    while high - low > 1e-10:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - share * (high - low)
            at_left = criterion(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + share * (high - low)
            at_right = criterion(right)
    return (low + high) / 2


def _weights(curve: LossCurve) -> FloatArray:
    """Weight of each generation, of mean 1, axis (generation,)."""
    if curve.seeds == 1:
        return np.ones(len(curve.generations))
    variance = curve.losses.var(axis=0, ddof=1)
    if not variance.any():
        return np.ones(len(variance))
    weights = 1 / (variance + variance.mean())
    return np.asarray(weights / weights.mean())


def _uncertainty(
    curve: LossCurve, shape: Shape, coefficients: Sequence[float], weights: FloatArray
) -> tuple[FloatArray, int]:
    """(covariance of the coefficients, degrees of freedom), from seeds or from residuals."""
    t = curve.generations.astype(np.float64)
    change = jacobian(shape, curve.workflow, t, coefficients)
    inverse = np.linalg.pinv(change.T @ (weights[:, None] * change))
    if curve.seeds >= ENOUGH_SEEDS:
        apart = (curve.losses - curve.mean) @ (weights[:, None] * change @ inverse)
        return np.asarray(apart.T @ apart / (curve.seeds - 1) / curve.seeds), curve.seeds - 1
    freedom = len(t) - len(coefficients)
    if freedom < 1:
        return np.full(inverse.shape, math.inf), 0
    linear, c = split(shape, coefficients)
    rest = curve.mean - columns(shape, curve.workflow, t, c) @ linear
    return np.asarray(inverse * float(weights @ rest**2) / freedom), freedom
