"""Mixtures of Gaussians in any dimension: the truth of which most is known in closed form.

Exact up to rounding, but for the entropy, which is quadrature.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from theory.covariance import checked_covariance
from theory.distances import squared_distances
from theory.points import finite, points

if TYPE_CHECKING:
    from theory.spectrum import Spectrum

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
Nested = float | tuple[Any, ...]

LARGEST_TABLE = 2**21  # entries of a table of points and components held at a time


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
        h = finite("bandwidth of the truth", bandwidth, positive=True)
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
        smallest = float(
            self.variances.min() if self.isotropic else np.linalg.eigvalsh(self.matrices).min()
        )
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
        if self.isotropic:
            return self._isotropic_square()
        total = 0.0
        for weight, centre, matrix in zip(self.shares, self.centres, self.matrices, strict=True):
            root = np.linalg.cholesky(self.matrices + matrix)
            z = np.linalg.solve(root, (self.centres - centre)[:, :, None])[:, :, 0]
            height = np.diagonal(root, axis1=1, axis2=2).prod(axis=1)
            total += weight * float(self.shares @ (np.exp(-(z**2).sum(axis=1) / 2) / height))
        return float(total * (2 * math.pi) ** (-self.dim / 2))

    def _isotropic_square(self) -> float:
        total, step = 0.0, max(1, LARGEST_TABLE // len(self.weights))
        for start in range(0, len(self.weights), step):
            part = slice(start, start + step)
            spread = self.variances[part, None] + self.variances
            density = np.exp(-squared_distances(self.centres[part], self.centres) / (2 * spread))
            density *= (2 * math.pi * spread) ** (-self.dim / 2)
            total += float(self.shares[part] @ density @ self.shares)
        return total

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
