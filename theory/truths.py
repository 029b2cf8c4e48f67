"""Distributions that a chain starts from: their density, transform, moments and entropy.

Every truth is a frozen spec with the same names: `dim`, `pdf`, `characteristic`, `envelope`,
`mean`, `variance`, `square_integral` and `entropy`. It draws nothing: samplers live in
montecarlo/truths.py. Points and frequencies have axes (point, feature); in one dimension a vector,
axis (point,), does too. The data sets of scikit-learn as populations are in theory/datasets.py.

Everything here is exact up to rounding, but for `GaussianMixture.entropy`, which is quadrature.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from theory.covariance import checked_covariance
from theory.workflow import whole_number

if TYPE_CHECKING:
    from theory.spectrum import Spectrum

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
Nested = float | tuple[Any, ...]

LARGEST_TABLE = 2**21  # entries of a table of points and components held at a time
LARGEST_DF = 200  # Student's Bessel functions leave the range of a float beyond


class Truth(Protocol):
    """What every family needs of a distribution."""

    @property
    def dim(self) -> int:
        """Features d."""

    def pdf(self, x: npt.ArrayLike) -> FloatArray:
        """Density, axis (point,)."""

    def characteristic(self, w: npt.ArrayLike) -> ComplexArray:
        """E exp(i w'x), axis (frequency,)."""

    def envelope(self, r: npt.ArrayLike) -> FloatArray:
        """Non-increasing upper bound on |E exp(i w'x)| at |w| = r, axis (frequency,)."""

    def power(self, r: npt.ArrayLike) -> FloatArray:
        """Average of |E exp(i w'x)|^2 over |w| = r, axis (frequency,)."""

    @property
    def mean(self) -> FloatArray:
        """Axis (feature,)."""

    @property
    def variance(self) -> FloatArray:
        """Variance of each coordinate, axis (feature,); inf where there is none."""

    @property
    def square_integral(self) -> float:
        """Integral of the squared density."""

    @property
    def entropy(self) -> float | None:
        """-E log f_0 in nats; None where it is not known."""


def _number(name: str, value: Any, *, positive: bool = False) -> float:
    good = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not (good and math.isfinite(value)) or (positive and value <= 0):
        range_ = "a finite number > 0" if positive else "a finite number"
        raise ValueError(f"{name} must be {range_}, got {value!r}")
    return float(value)


def points(x: npt.ArrayLike, dim: int) -> FloatArray:
    """`x` with axes (point, feature); a vector is points of one dimension."""
    array = np.asarray(x, dtype=np.float64)
    table = array.reshape(-1, 1) if dim == 1 and array.ndim <= 1 else array
    if table.ndim != 2 or table.shape[1] != dim:
        raise ValueError(f"points must have axes (point, {dim} features), got shape {array.shape}")
    return table


@dataclass(frozen=True)
class Normal:
    """N(mean, scale^2 I) in `dim` dimensions.

    Example:
        >>> Normal().pdf([0.0])
        array([0.398942])
    """

    dim: int = 1
    location: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", whole_number("dim", self.dim))
        object.__setattr__(self, "location", _number("location", self.location))
        object.__setattr__(self, "scale", _number("scale", self.scale, positive=True))

    def pdf(self, x: npt.ArrayLike) -> FloatArray:
        """Density, axis (point,)."""
        z = (points(x, self.dim) - self.location) / self.scale
        height = (math.sqrt(2 * math.pi) * self.scale) ** -self.dim
        return np.asarray(height * np.exp(-(z**2).sum(axis=1) / 2))

    def characteristic(self, w: npt.ArrayLike) -> ComplexArray:
        """E exp(i w'x), axis (frequency,)."""
        w = points(w, self.dim)
        square = ((self.scale * w) ** 2).sum(axis=1)
        return np.asarray(np.exp(1j * self.location * w.sum(axis=1) - square / 2))

    def envelope(self, r: npt.ArrayLike) -> FloatArray:
        """|E exp(i w'x)| at |w| = r."""
        return np.exp(-((self.scale * np.asarray(r, dtype=np.float64)) ** 2) / 2)

    def power(self, r: npt.ArrayLike) -> FloatArray:
        """|E exp(i w'x)|^2 at |w| = r, axis (frequency,)."""
        return self.envelope(r) ** 2

    @property
    def mean(self) -> FloatArray:
        """Axis (feature,)."""
        return np.full(self.dim, self.location)

    @property
    def variance(self) -> FloatArray:
        """Axis (feature,)."""
        return np.full(self.dim, self.scale**2)

    @property
    def square_integral(self) -> float:
        """Integral of the squared density."""
        return (2 * math.sqrt(math.pi) * self.scale) ** -self.dim

    @property
    def entropy(self) -> float:
        """-E log f_0 in nats."""
        return self.dim * (0.5 * math.log(2 * math.pi * math.e) + math.log(self.scale))


@dataclass(frozen=True)
class Uniform:
    """Uniform on [low, high]."""

    low: float = 0.0
    high: float = 1.0

    dim = 1

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            object.__setattr__(self, name, _number(name, getattr(self, name)))
        if not self.low < self.high:
            raise ValueError(f"high must be > low, got low={self.low} and high={self.high}")

    @property
    def width(self) -> float:
        """High minus low."""
        return self.high - self.low

    def pdf(self, x: npt.ArrayLike) -> FloatArray:
        """Density, axis (point,)."""
        inside = points(x, 1)[:, 0]
        return ((inside >= self.low) & (inside <= self.high)) / self.width

    def characteristic(self, w: npt.ArrayLike) -> ComplexArray:
        """E exp(i w x), axis (frequency,)."""
        w = points(w, 1)[:, 0]
        middle = (self.low + self.high) / 2
        return np.asarray(np.exp(1j * w * middle) * np.sinc(w * self.width / (2 * math.pi)))

    def envelope(self, r: npt.ArrayLike) -> FloatArray:
        """min(1, 2 / (r width))."""
        return 1 / np.maximum(1, np.asarray(r, dtype=np.float64) * self.width / 2)

    def power(self, r: npt.ArrayLike) -> FloatArray:
        """|E exp(i w'x)|^2 at |w| = r, axis (frequency,)."""
        return np.sinc(np.asarray(r, dtype=np.float64) * self.width / (2 * math.pi)) ** 2

    @property
    def mean(self) -> FloatArray:
        """Axis (feature,)."""
        return np.array([(self.low + self.high) / 2])

    @property
    def variance(self) -> FloatArray:
        """Axis (feature,)."""
        return np.array([self.width**2 / 12])

    @property
    def square_integral(self) -> float:
        """Integral of the squared density."""
        return 1 / self.width

    @property
    def entropy(self) -> float:
        """-E log f_0 in nats."""
        return math.log(self.width)


@dataclass(frozen=True)
class Laplace:
    """Density exp(-|x| / scale) / (2 scale)."""

    scale: float = 1.0

    dim = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", _number("scale", self.scale, positive=True))

    def pdf(self, x: npt.ArrayLike) -> FloatArray:
        """Density, axis (point,)."""
        return np.exp(-abs(points(x, 1)[:, 0]) / self.scale) / (2 * self.scale)

    def characteristic(self, w: npt.ArrayLike) -> ComplexArray:
        """E exp(i w x), axis (frequency,)."""
        return self.envelope(points(w, 1)[:, 0]).astype(np.complex128)

    def envelope(self, r: npt.ArrayLike) -> FloatArray:
        """1 / (1 + (scale r)^2), the transform itself."""
        return 1 / (1 + (self.scale * np.asarray(r, dtype=np.float64)) ** 2)

    def power(self, r: npt.ArrayLike) -> FloatArray:
        """|E exp(i w'x)|^2 at |w| = r, axis (frequency,)."""
        return self.envelope(r) ** 2

    @property
    def mean(self) -> FloatArray:
        """Axis (feature,)."""
        return np.zeros(1)

    @property
    def variance(self) -> FloatArray:
        """Axis (feature,)."""
        return np.array([2 * self.scale**2])

    @property
    def square_integral(self) -> float:
        """Integral of the squared density."""
        return 1 / (4 * self.scale)

    @property
    def entropy(self) -> float:
        """-E log f_0 in nats."""
        return 1 + math.log(2 * self.scale)


@dataclass(frozen=True)
class StudentT:
    """`scale` times Student's t with `df` degrees of freedom, 0 < df <= 200.

    The transform is K_{df/2}(x) x^{df/2} / (Gamma(df/2) 2^{df/2-1}) at x = sqrt(df) scale |w|.

    Example:
        >>> float(StudentT(3).pdf([0.0])[0])
        0.367553
    """

    df: float
    scale: float = 1.0

    dim = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "df", _number("df", self.df, positive=True))
        object.__setattr__(self, "scale", _number("scale", self.scale, positive=True))
        if self.df > LARGEST_DF:
            raise ValueError(f"df must be at most {LARGEST_DF}, got {self.df}: use Normal")

    @property
    def _height(self) -> float:
        half = self.df / 2
        log = math.lgamma(half + 0.5) - math.lgamma(half)
        return math.exp(log) / math.sqrt(math.pi * self.df)

    def pdf(self, x: npt.ArrayLike) -> FloatArray:
        """Density, axis (point,)."""
        z = points(x, 1)[:, 0] / self.scale
        power = -(self.df + 1) / 2
        return self._height / self.scale * np.exp(power * np.log1p(z**2 / self.df))

    def characteristic(self, w: npt.ArrayLike) -> ComplexArray:
        """E exp(i w x), axis (frequency,)."""
        return self.envelope(points(w, 1)[:, 0]).astype(np.complex128)

    def envelope(self, r: npt.ArrayLike) -> FloatArray:
        """The transform itself, which decreases in |w|."""
        from scipy import special

        order = self.df / 2
        x = math.sqrt(self.df) * self.scale * abs(np.asarray(r, dtype=np.float64))
        positive = np.maximum(x, np.finfo(np.float64).tiny)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            log = np.log(special.kve(order, positive)) - x + order * np.log(positive)
            value = np.exp(log - math.lgamma(order) - (order - 1) * math.log(2))
        far = np.where(np.isfinite(log), np.minimum(value, 1), 0)
        return np.where(np.isfinite(log) | (x > self.df), far, self._series(x))

    def power(self, r: npt.ArrayLike) -> FloatArray:
        """|E exp(i w'x)|^2 at |w| = r, axis (frequency,)."""
        return self.envelope(r) ** 2

    def _series(self, x: FloatArray) -> FloatArray:
        """The transform where K overflows, x small: sum (-x^2/4)^k G(df/2-k) / (G(df/2) k!)."""
        total, term = np.ones_like(x), np.ones_like(x)
        for k in range(1, min(40, math.ceil(self.df / 2))):
            term = -term * np.minimum(x, self.df) ** 2 / (4 * k * (self.df / 2 - k))
            total = total + term
        return total

    @property
    def mean(self) -> FloatArray:
        """Axis (feature,): the centre, also for df <= 1 where no mean exists."""
        return np.zeros(1)

    @property
    def variance(self) -> FloatArray:
        """Axis (feature,): df / (df - 2) scale^2; inf for df <= 2."""
        if self.df <= 2:
            return np.array([math.inf])
        return np.array([self.df / (self.df - 2) * self.scale**2])

    @property
    def square_integral(self) -> float:
        """Integral of the squared density: height^2 sqrt(df) B(1/2, df + 1/2) / scale."""
        log = math.lgamma(0.5) + math.lgamma(self.df + 0.5) - math.lgamma(self.df + 1)
        return self._height**2 * math.sqrt(self.df) * math.exp(log) / self.scale

    @property
    def entropy(self) -> float:
        """-E log f_0 in nats."""
        from scipy import special

        half = self.df / 2
        slope = special.digamma(half + 0.5) - special.digamma(half)
        return float((half + 0.5) * slope - math.log(self._height / self.scale))


@dataclass(frozen=True)
class GaussianMixture:
    """sum_k weights[k] N(means[k], covariances[k]) in any dimension.

    Attributes:
        weights: axis (component,), > 0; they must sum to one within 1e-9 and are then normalised.
        means: axes (component, feature); a vector in one dimension.
        covariances: a number: every component's variance, isotropic; a vector, axis (component,):
            isotropic variances; a matrix, axes (feature, feature), shared; or one matrix each.

    Raises:
        ValueError: quoting what is out of range.

    Example:
        >>> GaussianMixture((0.5, 0.5), (-2.0, 2.0), 0.25).variance
        array([4.25])
    """

    weights: Sequence[float]
    means: Sequence[Any]
    covariances: Nested | npt.ArrayLike

    def __post_init__(self) -> None:
        weights = np.asarray(self.weights, dtype=np.float64)
        if weights.ndim != 1 or not weights.size or not (weights > 0).all():
            raise ValueError(f"weights must be a vector of numbers > 0, got {self.weights!r}")
        if not abs(weights.sum() - 1) <= 1e-9:
            raise ValueError(f"weights must sum to 1 within 1e-9, got {weights.sum()}")
        means = np.asarray(self.means, dtype=np.float64)
        means = means.reshape(-1, 1) if means.ndim == 1 else means
        if means.ndim != 2 or len(means) != len(weights) or not means.size:
            raise ValueError(f"means must be {len(weights)} rows, got shape {means.shape}")
        if not np.isfinite(means).all():
            raise ValueError(f"means must be finite, got {means[~np.isfinite(means)][0]}")
        spread = _checked_spread(self.covariances, means.shape)
        object.__setattr__(self, "weights", tuple((weights / weights.sum()).tolist()))
        object.__setattr__(self, "means", tuple(map(tuple, means.tolist())))
        object.__setattr__(self, "covariances", _nested(spread.tolist()))

    @classmethod
    def from_rows(cls, rows: npt.ArrayLike, bandwidth: float) -> Self:
        """A user's rows, axes (row, feature), smoothed by N(0, bandwidth^2 I): an exact truth.

        Raises:
            ValueError: no rows, a number that is not finite, or a bandwidth that is not > 0
                (without it the rows have no density).
        """
        table = np.asarray(rows, dtype=np.float64)
        table = table.reshape(-1, 1) if table.ndim == 1 else table
        if table.ndim != 2 or not table.size:
            raise ValueError(f"rows must be a table of numbers, got shape {table.shape}")
        h = _number("bandwidth of the truth", bandwidth, positive=True)
        return cls((1 / len(table),) * len(table), table.tolist(), h**2)

    @property
    def dim(self) -> int:
        """Features d."""
        return len(self.means[0])

    @cached_property
    def shares(self) -> FloatArray:
        """Weights, axis (component,)."""
        return np.array(self.weights)

    @cached_property
    def centres(self) -> FloatArray:
        """Means, axes (component, feature)."""
        return np.array(self.means)

    @property
    def isotropic(self) -> bool:
        """Whether every component's covariance is a multiple of the identity."""
        return np.ndim(self.covariances) < 2 or self.dim == 1

    @cached_property
    def variances(self) -> FloatArray:
        """Mean variance of a coordinate, axis (component,): the variance, where isotropic."""
        trace = np.trace(self.matrices, axis1=1, axis2=2)
        return np.asarray(trace / self.dim)

    @cached_property
    def matrices(self) -> FloatArray:
        """Covariances, axes (component, feature, feature)."""
        given, eye = np.array(self.covariances), np.eye(self.dim)
        if given.ndim < 2:
            given = np.broadcast_to(given, len(self.weights))[:, None, None] * eye
        return np.broadcast_to(given, (len(self.weights), self.dim, self.dim))

    @cached_property
    def roots(self) -> FloatArray:
        """Cholesky factors of the covariances, axes (component, feature, feature)."""
        return np.asarray(np.linalg.cholesky(self.matrices), dtype=np.float64)

    def widened(self, variance: float) -> GaussianMixture:
        """This mixture convolved with N(0, variance I)."""
        spread = np.array(self.covariances)
        eye = np.eye(self.dim) if spread.ndim > 1 else 1.0
        return GaussianMixture(self.weights, self.means, spread + variance * eye)

    def pdf(self, x: npt.ArrayLike) -> FloatArray:
        """Density, axis (point,)."""
        return np.exp(self.log_pdf(x))

    def log_pdf(self, x: npt.ArrayLike) -> FloatArray:
        """Logarithm of the density, axis (point,), also where the density underflows."""
        table = points(x, self.dim)
        block = max(1, LARGEST_TABLE // len(self.weights))
        blocks = [table[start : start + block] for start in range(0, len(table), block)]
        return np.concatenate([self._log_pdf(part) for part in blocks] or [np.zeros(0)])

    def _log_pdf(self, table: FloatArray) -> FloatArray:
        from scipy.special import logsumexp

        if self.isotropic:
            distance = sum((table[:, j] - self.centres[:, j, None]) ** 2 for j in range(self.dim))
            variance = self.variances[:, None]
            log = np.log(self.shares[:, None] * (2 * math.pi * variance) ** (-self.dim / 2))
            return np.asarray(logsumexp(log - distance / (2 * variance), axis=0))
        columns = []
        for weight, centre, root in zip(self.shares, self.centres, self.roots, strict=True):
            z = np.linalg.solve(root, (table - centre).T)
            log_height = math.log(weight) - np.log(np.diag(root)).sum()
            columns.append(log_height - (z**2).sum(axis=0) / 2)
        total = logsumexp(np.array(columns), axis=0)
        return np.asarray(total) - self.dim / 2 * math.log(2 * math.pi)

    def characteristic(self, w: npt.ArrayLike) -> ComplexArray:
        """E exp(i w'x), axis (frequency,)."""
        w = points(w, self.dim)
        value = np.zeros(len(w), dtype=np.complex128)
        for weight, centre, matrix in zip(self.shares, self.centres, self.matrices, strict=True):
            value += weight * np.exp(1j * (w @ centre) - ((w @ matrix) * w).sum(axis=1) / 2)
        return value

    def envelope(self, r: npt.ArrayLike) -> FloatArray:
        """exp(-r^2 s / 2), s the smallest eigenvalue of any covariance."""
        smallest = float(np.linalg.eigvalsh(self.matrices).min())
        return np.exp(-(np.asarray(r, dtype=np.float64) ** 2) * smallest / 2)

    def power(self, r: npt.ArrayLike) -> FloatArray:
        """Average of |E exp(i w'x)|^2 over |w| = r, axis (frequency,)."""
        from theory.spectrum import mixture_power

        return mixture_power(self, r)

    @cached_property
    def spectrum(self) -> Spectrum:
        """The power as a series, where many components make its sum over pairs slow."""
        from theory.spectrum import spectrum_of

        return spectrum_of(self)

    @property
    def mean(self) -> FloatArray:
        """Axis (feature,)."""
        return self.shares @ self.centres

    @property
    def variance(self) -> FloatArray:
        """Variance of each coordinate, axis (feature,)."""
        within = np.diagonal(self.matrices, axis1=1, axis2=2)
        return self.shares @ (within + (self.centres - self.mean) ** 2)

    @cached_property
    def square_integral(self) -> float:
        """Integral of the squared density: a sum over pairs of components."""
        total = 0.0
        for weight, centre, matrix in zip(self.shares, self.centres, self.matrices, strict=True):
            root = np.linalg.cholesky(self.matrices + matrix)
            z = np.linalg.solve(root, (self.centres - centre)[:, :, None])[:, :, 0]
            height = np.diagonal(root, axis1=1, axis2=2).prod(axis=1)
            total += weight * float(self.shares @ (np.exp(-(z**2).sum(axis=1) / 2) / height))
        return float(total * (2 * math.pi) ** (-self.dim / 2))

    @cached_property
    def entropy(self) -> float | None:
        """-E log f_0 in nats, by quadrature in one and two dimensions; None in more."""
        from theory.entropy import mixture_entropy

        return mixture_entropy(self)


def _nested(value: Any) -> Any:
    return tuple(map(_nested, value)) if isinstance(value, list) else float(value)


def _checked_spread(given: Any, shape: tuple[int, int]) -> FloatArray:
    """Covariances as given: a number, a vector, one matrix or one a component."""
    spread = np.asarray(given, dtype=np.float64)
    components, dim = shape
    if spread.ndim < 2:
        if not np.isfinite(spread).all() or not (spread > 0).all():
            raise ValueError(f"covariances must be finite and > 0, got {given!r}")
        if spread.ndim == 1 and len(spread) != components:
            raise ValueError(f"covariances must be {components} variances, got {len(spread)}")
        return spread
    if spread.ndim == 2:
        return checked_covariance(spread, dim)
    if spread.shape != (components, dim, dim):
        raise ValueError(
            f"covariances must have shape ({components}, {dim}, {dim}), got shape {spread.shape}"
        )
    return np.array([checked_covariance(matrix, dim) for matrix in spread])
