"""The toy data sets of scikit-learn as populations, from which rows are independent draws.

Circles and moons are curves with a uniform angle, smoothed by N(0, noise^2 I): mixtures of
Gaussians over the nodes of a quadrature of the angle, so dense that twice as many change neither
density nor transform above rounding (1e-12 of the largest density; a test). scikit-learn puts its
angles on a regular grid instead of drawing them. A swiss roll is a curve in the plane times a
uniform height.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from theory.mixture import GaussianMixture
from theory.points import finite, points

FloatArray = npt.NDArray[np.float64]

CENTRES = ((-5.0, -5.0), (0.0, 5.0), (5.0, -5.0))
"""Default centres of blobs: apart by ten standard deviations and more."""

PERIODIC = 1.5  # nodes a standard deviation along a closed curve, trapezoid rule
PANEL = 10.0  # standard deviations a panel of an open curve
PANEL_NODES = 32  # of Gauss-Legendre in it
LEAST_NOISE = 1e-3  # of a swiss roll's density


def _noise(value: Any, shape: str) -> float:
    if value == 0:
        raise ValueError(
            f"noise must be a finite number > 0, got {value!r}: without it the points lie on a "
            f"{shape} and have no density, so that every squared error is infinite"
        )
    return finite("noise", value, positive=True)


def blobs(centres: Sequence[Sequence[float]] = CENTRES, scale: float = 1.0) -> GaussianMixture:
    """Equal shares of N(centre, scale^2 I); train and test rows share the centres.

    Example:
        >>> round(blobs().entropy, 3)
        3.936
    """
    count = len(centres)
    return GaussianMixture(
        (1 / count,) * count, centres, finite("scale", scale, positive=True) ** 2
    )


def circles(noise: float = 0.05, factor: float = 0.8) -> GaussianMixture:
    """Equal shares of the circles of radius 1 and `factor` < 1, smoothed by N(0, noise^2 I).

    Example:
        >>> circles().dim, round(float(circles().variance[0]), 6)
        (2, 0.4125)
    """
    width = _noise(noise, "curve")
    if not 0 < factor < 1:
        raise ValueError(f"factor must be in (0, 1), got {factor!r}")
    weights, means = [], []
    for radius in (1.0, float(factor)):
        count = math.ceil(PERIODIC * 2 * math.pi * radius / width) + 16
        angles = 2 * math.pi * np.arange(count) / count
        means.append(radius * np.stack([np.cos(angles), np.sin(angles)], axis=1))
        weights.append(np.full(count, 0.5 / count))
    return _mixture(weights, means, width)


def moons(noise: float = 0.05) -> GaussianMixture:
    """Two interleaving half circles of radius 1, smoothed by N(0, noise^2 I).

    Example:
        >>> moons().mean
        array([0.5 , 0.25])
    """
    width = _noise(noise, "curve")
    angles, shares = _open(0, math.pi, math.pi / width)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return _mixture([shares / 2, shares / 2], [circle, [1.0, 0.5] - circle], width)


def _open(low: float, high: float, lengths: float) -> tuple[FloatArray, FloatArray]:
    """Nodes on [low, high] and weights that sum to one, for a curve so many noises long."""
    panels = math.ceil(lengths / PANEL)
    nodes, weights = np.polynomial.legendre.leggauss(PANEL_NODES)
    middles = (np.arange(panels) + 0.5) / panels
    shares = (middles[:, None] + nodes / (2 * panels)).ravel()
    return low + (high - low) * shares, np.tile(weights / 2, panels) / panels


def _mixture(weights: list[FloatArray], means: list[Any], width: float) -> GaussianMixture:
    flat = np.concatenate(weights)
    return GaussianMixture(flat.tolist(), np.concatenate(means).tolist(), width**2)


@dataclass(frozen=True)
class SwissRoll:
    """(t cos t, y, t sin t) + N(0, noise^2 I), t uniform on [1.5 pi, 4.5 pi], y on [0, 21].

    Exact: the density, to 1e-12 of its largest value, the transform and its power, moments and the
    integral of the squared density. Without noise it has no density, and no squared error.
    """

    noise: float = 0.05

    dim = 3
    height = 21.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "noise", _noise(self.noise, "surface"))

    @cached_property
    def roll(self) -> tuple[FloatArray, FloatArray]:
        """Nodes of the curve, axes (node, feature), and their weights.

        Raises:
            ValueError: a noise so small that they were more than half a million.
        """
        if self.noise < LEAST_NOISE:
            raise ValueError(
                f"noise of a swiss roll's density must be at least {LEAST_NOISE}, got "
                f"{self.noise!r}: the nodes of its curve grow with one over it"
            )
        low, high = 1.5 * math.pi, 4.5 * math.pi
        t, weights = _open(low, high, (high - low) * math.hypot(high, 1) / self.noise)
        return np.stack([t * np.cos(t), t * np.sin(t)], axis=1), weights

    def pdf(self, x: npt.ArrayLike) -> FloatArray:
        """Density, axis (point,)."""
        table = points(x, 3)
        return self.plane_pdf(table[:, ::2]) * self.height_pdf(table[:, 1])

    def plane_pdf(self, x: FloatArray) -> FloatArray:
        """Density across the height by itself, axis (point,), for points in the plane."""
        nodes, weights = self.roll
        variance = self.noise**2
        found = np.zeros(len(x))
        for start in range(0, len(x), 64):
            u, v = (x[start : start + 64, None, i] - nodes[:, i] for i in range(2))
            found[start : start + 64] = np.exp(-(u * u + v * v) / (2 * variance)) @ weights
        return found / (2 * math.pi * variance)

    def height_pdf(self, y: FloatArray) -> FloatArray:
        """Density of the height by itself, axis (point,)."""
        from scipy.special import ndtr

        return np.asarray(ndtr(y / self.noise) - ndtr((y - 21) / self.noise)) / 21

    def characteristic(self, w: npt.ArrayLike) -> npt.NDArray[np.complex128]:
        """E exp(i w'x), axis (frequency,)."""
        w = points(w, 3)
        nodes, weights = self.roll
        curve = np.array([np.exp(1j * (nodes @ v)) @ weights for v in w[:, ::2]])
        height = np.exp(10.5j * w[:, 1]) * np.sinc(10.5 * w[:, 1] / math.pi)
        return np.asarray(curve * height * np.exp(-((self.noise * w) ** 2).sum(axis=1) / 2))

    def envelope(self, r: npt.ArrayLike) -> FloatArray:
        """exp(-noise^2 r^2 / 2)."""
        return np.exp(-((self.noise * np.asarray(r, dtype=np.float64)) ** 2) / 2)

    def power(self, r: npt.ArrayLike) -> FloatArray:
        """Average of |E exp(i w'x)|^2 over |w| = r, axis (frequency,).

        Raises:
            UnsupportedWorkflow: a frequency too high for a noise as small as this.
        """
        from theory.roll_spectrum import roll_power

        return roll_power(self.noise, r)

    @property
    def mean(self) -> FloatArray:
        """Axis (feature,)."""
        nodes, weights = self.roll
        plane = weights @ nodes
        return np.array([plane[0], 10.5, plane[1]])

    @property
    def variance(self) -> FloatArray:
        """Variance of each coordinate, axis (feature,)."""
        nodes, weights = self.roll
        plane = weights @ (nodes - weights @ nodes) ** 2
        return np.array([plane[0], self.height**2 / 12, plane[1]]) + self.noise**2

    @cached_property
    def square_integral(self) -> float:
        """Integral of the squared density: pairs of nodes, times that of the height."""
        nodes, weights = self.roll
        variance = 2 * self.noise**2
        # Arms are 2 pi apart: below a noise of 0.5 only neighbours on one arm are seen.
        near = len(nodes) if self.noise > 0.5 else 3 * PANEL_NODES
        total = float(weights @ weights)
        for step in range(1, min(near, len(nodes))):
            distance = ((nodes[step:] - nodes[:-step]) ** 2).sum(axis=1)
            pairs = weights[step:] * weights[:-step] * np.exp(-distance / (2 * variance))
            total += 2 * float(pairs.sum())
        z = 21 / (2 * self.noise)
        # int (Phi(y/s) - Phi((y-L)/s))^2 dy / L^2 = [erf(z) - (1 - e^(-z^2)) / (z sqrt(pi))] / L.
        height = (math.erf(z) - (1 - math.exp(-(z**2))) / (z * math.sqrt(math.pi))) / 21
        return total / (2 * math.pi * variance) * height

    @cached_property
    def entropy(self) -> float | None:
        """-E log f_0 in nats, to 1e-4 for a noise up to 0.5, where arms are apart; else None.

        Plane and height are independent. Nodes of the curve times Gauss and Hermite's of the noise:
        along an arm the log density is a parabola across it, all but linear along it.
        """
        if self.noise > 0.5:
            return None
        nodes, weights = SwissRoll(16 * self.noise).roll
        z, w = np.polynomial.hermite_e.hermegauss(4)
        w = w / math.sqrt(2 * math.pi)
        shift = np.stack(np.meshgrid(z, z, indexing="ij"), axis=-1).reshape(-1, 2)
        plane = (nodes[:, None, :] + self.noise * shift).reshape(-1, 2)
        log = np.log(self.plane_pdf(plane)).reshape(len(nodes), -1)
        edge, steps = np.linspace(-9, 9, 721, retstep=True)
        p = self.height_pdf(self.noise * edge) * self.height
        below = -float((p * np.log(p)).sum()) * steps * self.noise / self.height
        height = math.log(self.height) + 2 * below
        return height - float(weights @ log @ np.outer(w, w).ravel())
