"""Kernels of a density estimate: their transform and its decay, variance and roughness.

A kernel is a symmetric probability density k on the line; a fit of bandwidth h uses k(x/h)/h, as
scikit-learn does. Epanechnikov, uniform ('tophat') and triangular ('linear') live on [-1, 1], the
Laplace ('exponential') kernel is exp(-|x|)/2. In more dimensions only the Gaussian is isotropic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Kernel:
    """One kernel.

    Attributes:
        name: as on the command line.
        variance: of the density.
        roughness: integral of the squared density.
        transform: u -> E exp(i u x), real because the kernel is symmetric.
        envelope: u -> a non-increasing upper bound on |transform|, for u >= 0.
        fourth_moment: of the density.
    """

    name: str
    variance: float
    roughness: float
    transform: Callable[[FloatArray], FloatArray]
    envelope: Callable[[FloatArray], FloatArray]
    fourth_moment: float


def _gaussian(u: FloatArray) -> FloatArray:
    return np.exp(-(u**2) / 2)


def _laplace(u: FloatArray) -> FloatArray:
    return 1 / (1 + u**2)


def _uniform(u: FloatArray) -> FloatArray:
    return np.sinc(u / math.pi)


def _triangular(u: FloatArray) -> FloatArray:
    return np.sinc(u / (2 * math.pi)) ** 2


def _epanechnikov(u: FloatArray) -> FloatArray:
    """3 (sin u - u cos u) / u^3, by its series below 1, where the difference cancels."""
    small = np.minimum(abs(u), 1.0)
    series = np.zeros_like(small)
    for k in range(9, -1, -1):
        series = series * -(small**2) + 3 * (2 * k + 2) / math.factorial(2 * k + 3)
    large = np.maximum(abs(u), 1.0)
    closed = 3 * (np.sin(large) - large * np.cos(large)) / large**3
    return np.where(abs(u) < 1, series, closed)


def _power_envelope(constant: float, power: int) -> Callable[[FloatArray], FloatArray]:
    """min(1, constant / u^power)."""

    def envelope(u: FloatArray) -> FloatArray:
        edge = constant ** (1 / power)
        return np.asarray((edge / np.maximum(u, edge)) ** power)

    return envelope


KERNELS = {
    kernel.name: kernel
    for kernel in (
        Kernel("gaussian", 1.0, 1 / (2 * math.sqrt(math.pi)), _gaussian, _gaussian, 3.0),
        # |sin u - u cos u| <= sqrt(1 + u^2) <= 2 u / sqrt(3) from u = sqrt(3) on.
        Kernel("epanechnikov", 1 / 5, 3 / 5, _epanechnikov,
               _power_envelope(2 * math.sqrt(3), 2), 3 / 35),
        Kernel("uniform", 1 / 3, 1 / 2, _uniform, _power_envelope(1.0, 1), 1 / 5),
        Kernel("triangular", 1 / 6, 2 / 3, _triangular, _power_envelope(4.0, 2), 1 / 15),
        Kernel("laplace", 2.0, 1 / 4, _laplace, _laplace, 24.0),
    )
}  # fmt: skip
"""By name."""


def kernel_named(name: object) -> Kernel:
    """The kernel of that name.

    Raises:
        ValueError: another name, quoted.
    """
    if not isinstance(name, str) or name not in KERNELS:
        raise ValueError(f"kernel must be one of {', '.join(KERNELS)}, got {name!r}")
    return KERNELS[name]
