"""Measured losses against theory: what v_t explains of a curve, and what it leaves.

Every shape has a level and a height, loss_t = a + b f_t, and some a number more:

    inflation      a + b v_t                        theory's yardstick, section 3
    passes         a + b v_t + c h_t                and a drift for every model passed through
    logarithm      a + b ln t
    power          a + b (t^c - 1)/c                which is the logarithm at c = 0
    contraction    a + b (1 - c^(t-1))/(1 - c)      damage of which a share c survives each fit

v_t is the variance that a workflow piles up (`theory.inflation`). h_t is the expected number of
models between a training row and the truth: real rows have 0, rows that a model writes one more
than the rows it was fitted to. A model that distorts what it copies by the same small amount every
time moves the expected training distribution by h_t of them: t - 1 under replace, and under
accumulate and its subsample 1/2 + 1/3 + ... + 1/t, which grows like ln t (the cycles of a random
permutation less one; section 5 has the same law for the mean of a kernel density).

Theory predicts v_t for regular, well-specified families to leading order in the rows. A language
model breaks each premise, so agreement is a finding, not a check: v_t is the yardstick.

Residuals count as independent with one variance. Neighbouring generations share rows, so they are
not quite; `Fit.lag_correlation` says how far, and bands of a single run are then too narrow. With
three seeds or more the bands come from the scatter between seeds, which share nothing.

Source: loopbound theory, sections 3 and 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lm.losscurve import LossCurve
from theory.curve import Curve, Kind
from theory.inflation import inflation
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]

CLOSE = 2.0  # a shape whose AICc is this much lower is preferred
ENOUGH_SEEDS = 3  # for a scatter between them
_GRID = 200  # values of c tried before the best is refined


class Shape(Enum):
    """The curves that are fitted, by name."""

    INFLATION = "inflation"
    PASSES = "passes"
    LOGARITHM = "logarithm"
    POWER = "power"
    CONTRACTION = "contraction"


_RANGE = {Shape.POWER: (-4.0, 4.0), Shape.CONTRACTION: (0.01, 1.2)}  # of c


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


def passes(workflow: Workflow, generations: int) -> FloatArray:
    """h_t, expected models between a row of training set t and the truth, axis (generation,).

    0 for real rows; index 0, the truth itself, is 0. Exact for every workflow.

    Example:
        >>> passes(Workflow.accumulate(10), 4).round(4).tolist()
        [0.0, 0.0, 0.5, 0.8333, 1.0833]
    """
    depth: list[float] = []  # of each batch, in order of creation
    found = [0.0]
    for t in range(1, whole_number("generations", generations) + 1):
        if workflow.real_rows(t):
            depth.append(0.0)
        found.append(float(workflow.weights(t) @ np.array(depth)))
        depth.append(found[-1] + 1)
    return np.array(found)


# --- shapes -------------------------------------------------------------------------------------


def _columns(shape: Shape, workflow: Workflow, t: FloatArray, c: float) -> FloatArray:
    """What the linear coefficients multiply, axes (generation, coefficient), at real t >= 1."""
    one = np.ones(len(t))
    last = int(math.ceil(t.max()))
    match shape:
        case Shape.INFLATION:
            return np.column_stack([one, _between(t, inflation(workflow, last).values)])
        case Shape.PASSES:
            v, h = inflation(workflow, last).values, passes(workflow, last)
            return np.column_stack([one, _between(t, v), _between(t, h)])
        case Shape.LOGARITHM:
            return np.column_stack([one, np.log(t)])
        case Shape.POWER:
            return np.column_stack([one, _box_cox(np.log(t), c)])
        case Shape.CONTRACTION:
            unit = math.log(c) / (c - 1) if c != 1 else 1.0
            return np.column_stack([one, unit * _box_cox(t - 1, math.log(c))])


def _between(t: FloatArray, values: FloatArray) -> FloatArray:
    return np.asarray(np.interp(t, np.arange(len(values)), values))


def _box_cox(x: FloatArray, c: float) -> FloatArray:
    """(e^(c x) - 1)/c, x at c = 0."""
    return np.asarray(np.expm1(c * x) / c if c else x)


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
        linear, c = _split(self.shape, self.coefficients)
        return np.asarray(_columns(self.shape, self.curve.workflow, at, c) @ linear)

    def band(self, t: npt.ArrayLike, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """(lower, upper) of the line at t, each t by itself; a share of `level` holds the truth.

        Student's quantile times the error of the line, linear in the coefficients; it is the band
        of the fitted mean, not of a new measurement.
        """
        from scipy.special import stdtrit

        if not 0 < level < 1:
            raise ValueError(f"level must be in (0, 1), got {level!r}")
        at = np.atleast_1d(np.asarray(t, dtype=np.float64))
        jacobian = _jacobian(self.shape, self.curve.workflow, at, self.coefficients)
        middle = self.value(at)
        if self.freedom < 1:
            return np.full(len(at), -math.inf), np.full(len(at), math.inf)
        variance = np.einsum("ti,ij,tj->t", jacobian, self.covariance, jacobian)
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
        >>> measured = [[2.0, 2.5, 3.5]]
        >>> curve = LossCurve("tiny", "replace", Workflow.replace(100), [1, 2, 4], measured)
        >>> np.round(fit(curve, Shape.INFLATION).coefficients, 6).tolist()
        [1.5, 0.5]
    """
    t, y, weights = curve.generations.astype(np.float64), curve.mean, _weights(curve)
    count = 2 + (shape in (Shape.PASSES, *_searched()))
    if len(t) < count:
        raise ValueError(f"{shape.value} takes {count} generations, got {len(t)} of {curve.name}")

    c, at_edge = 0.0, False
    if shape in _searched():
        c, at_edge = _search(curve, shape, weights)
    root = np.sqrt(weights)
    columns = _columns(shape, curve.workflow, t, c) * root[:, None]
    if np.linalg.matrix_rank(columns, rtol=1e-10) < columns.shape[1]:
        raise ValueError(f"{shape.value} is not determined by {curve.name}")
    linear = np.linalg.lstsq(columns, y * root)[0]
    coefficients = tuple(map(float, linear)) + ((c,) if shape in _searched() else ())
    covariance, freedom = _uncertainty(curve, shape, coefficients, weights)
    return Fit(curve, shape, coefficients, covariance, freedom, weights, at_edge)


def _searched() -> tuple[Shape, ...]:
    """The shapes with a number that is not linear."""
    return Shape.POWER, Shape.CONTRACTION


def _split(shape: Shape, coefficients: Sequence[float]) -> tuple[FloatArray, float]:
    """(linear coefficients, c)."""
    if shape in _searched():
        return np.array(coefficients[:-1]), coefficients[-1]
    return np.array(coefficients), 0.0


def _search(curve: LossCurve, shape: Shape, weights: FloatArray) -> tuple[float, bool]:
    """(c of least squares, whether it is at the edge of the range)."""
    from scipy.optimize import minimize_scalar

    t, share = curve.generations.astype(np.float64), weights / weights.sum()
    y = curve.mean - share @ curve.mean

    def unexplained(c: float) -> float:
        x = _columns(shape, curve.workflow, t, c)[:, 1]
        x = x - share @ x
        slope = (share * x) @ y / ((share * x) @ x)
        return float(share @ (y - slope * x) ** 2)

    grid = np.linspace(*_RANGE[shape], _GRID)
    best = int(np.argmin([unexplained(float(c)) for c in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, _GRID - 1)]
    found = minimize_scalar(
        unexplained, bounds=(low, high), method="bounded", options={"xatol": 1e-10}
    )
    return float(found.x), best in (0, _GRID - 1)


def _weights(curve: LossCurve) -> FloatArray:
    """Weight of each generation, of mean 1, axis (generation,)."""
    if curve.seeds == 1:
        return np.ones(len(curve.generations))
    variance = curve.losses.var(axis=0, ddof=1)
    if not variance.any():
        return np.ones(len(variance))
    weights = 1 / (variance + variance.mean())
    return np.asarray(weights / weights.mean())


def _jacobian(
    shape: Shape, workflow: Workflow, t: FloatArray, coefficients: Sequence[float]
) -> FloatArray:
    """Change of the line with each coefficient, axes (generation, coefficient)."""
    linear, c = _split(shape, coefficients)
    columns = _columns(shape, workflow, t, c)
    if shape not in _searched():
        return columns
    step = 1e-5
    up, down = (_columns(shape, workflow, t, c + d) @ linear for d in (step, -step))
    return np.column_stack([columns, (up - down) / (2 * step)])


def _uncertainty(
    curve: LossCurve, shape: Shape, coefficients: Sequence[float], weights: FloatArray
) -> tuple[FloatArray, int]:
    """(covariance of the coefficients, degrees of freedom), from seeds or from residuals."""
    t = curve.generations.astype(np.float64)
    jacobian = _jacobian(shape, curve.workflow, t, coefficients)
    inverse = np.linalg.pinv(jacobian.T @ (weights[:, None] * jacobian))
    if curve.seeds >= ENOUGH_SEEDS:
        apart = (curve.losses - curve.mean) @ (weights[:, None] * jacobian @ inverse)
        return np.asarray(apart.T @ apart / (curve.seeds - 1) / curve.seeds), curve.seeds - 1
    freedom = len(t) - len(coefficients)
    if freedom < 1:
        return np.full(inverse.shape, math.inf), 0
    linear, c = _split(shape, coefficients)
    rest = curve.mean - _columns(shape, curve.workflow, t, c) @ linear
    return np.asarray(inverse * float(weights @ rest**2) / freedom), freedom


# --- what explains a curve ----------------------------------------------------------------------


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
        if len(curve.generations) > 2 + (shape in (Shape.PASSES, *_searched())):
            fits.setdefault(shape, fit(curve, shape))
    return Comparison(curve, fits)


def _collinear(curve: LossCurve) -> bool:
    """True where 1, v_t and h_t are not three different columns, as under replace."""
    t = curve.generations.astype(np.float64)
    columns = _columns(Shape.PASSES, curve.workflow, t, 0.0)
    return int(np.linalg.matrix_rank(columns, tol=1e-8 * np.abs(columns).max())) < 3


# --- from generation 1 alone ---------------------------------------------------------------------


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
