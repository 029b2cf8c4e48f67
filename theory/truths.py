"""Distributions that a chain starts from: their density, transform, moments and entropy.

Every truth is a frozen spec with the same names: `dim`, `pdf`, `characteristic`, `envelope`,
`mean`, `variance`, `square_integral` and `entropy`. It draws nothing: samplers live in
montecarlo/truths.py. Points and frequencies have axes (point, feature); in one dimension a vector,
axis (point,), does too. The data sets of scikit-learn as populations are in theory/datasets.py.

Everything here is exact up to rounding, but for `GaussianMixture.entropy`, which is quadrature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from theory.mixture import GaussianMixture
from theory.points import finite, points
from theory.workflow import whole_number

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]

LARGEST_DF = 200  # Student's Bessel functions leave the range of a float beyond


__all__ = ["GaussianMixture", "Laplace", "Normal", "StudentT", "Truth", "Uniform"]


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
        object.__setattr__(self, "location", finite("location", self.location))
        object.__setattr__(self, "scale", finite("scale", self.scale, positive=True))

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
            object.__setattr__(self, name, finite(name, getattr(self, name)))
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
        object.__setattr__(self, "scale", finite("scale", self.scale, positive=True))

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
        object.__setattr__(self, "df", finite("df", self.df, positive=True))
        object.__setattr__(self, "scale", finite("scale", self.scale, positive=True))
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
