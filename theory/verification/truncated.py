"""A normal variate that a verifier accepted: W ~ N(u, 1) given |W| <= L.

L is the half-width of what is accepted and u the distance of the model from the verifier's centre,
both in standard deviations of the label noise. Differences of normal densities and probabilities
are taken where nothing cancels: u >= 0 by symmetry, and scaled by the density at the edge that is
nearest once the centre is outside.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_SOURCE = "Yi et al. 2510.16657"


class Accepted(NamedTuple):
    """Law of an accepted variate, arrays of the shape of u.

    Attributes:
        log_share: log of the acceptance P(|W| <= L).
        mean: tau(u) = E W.
        variance: m2(u).
        third: m3(u), the third central moment.
    """

    log_share: FloatArray
    mean: FloatArray
    variance: FloatArray
    third: FloatArray


def accepted(u: npt.ArrayLike, half_width: float) -> Accepted:
    """Moments of N(u, 1) given that it is within +-L, L > 0, inf for no verification.

    By Gauss-Legendre quadrature of the density itself, scaled by its maximum: each moment is a sum
    of positive terms about the mean, so it keeps its digits where the closed forms
    m1 = (phi(a) - phi(b))/Z, m2 = 1 + (a phi(a) - b phi(b))/Z - m1^2 lose them.

    Example:
        >>> one = accepted(0.0, 1.0)
        >>> round(float(one.variance), 5), round(math.exp(one.log_share), 5)
        (0.29113, 0.68269)
    """
    given = np.asarray(u, dtype=np.float64)
    if math.isinf(half_width):
        one = np.ones_like(given)
        return Accepted(0 * one, given, one, 0 * one)
    points, weights = law(given, half_width)
    total = weights.sum(axis=-1)
    mean = (weights * points).sum(axis=-1) / total
    gap = points - mean[..., None]
    second = (weights * gap**2).sum(axis=-1) / total
    third = (weights * gap**3).sum(axis=-1) / total
    nearest = np.clip(given, -half_width, half_width)
    log_share = np.log(total) - (nearest - given) ** 2 / 2 - math.log(2 * math.pi) / 2
    return Accepted(log_share, mean, second, third)


def law(u: FloatArray, half_width: float) -> tuple[FloatArray, FloatArray]:
    """(points, weights) of the density of W on [-L, L], axes (..., node).

    Weights are relative to the density's maximum there. Panels are of the width on which the
    density changes: one standard deviation, or 1/(|u| - L) at the edge when u is far outside.
    """
    nodes, share = _panel()
    inside = np.minimum(np.abs(u), half_width)
    outside = np.abs(u) - inside
    edges = _edges(half_width, inside, outside)
    middle = (edges[..., 1:] + edges[..., :-1]) / 2
    half = (edges[..., 1:] - edges[..., :-1]) / 2
    points = middle[..., None] + half[..., None] * nodes
    gap = points - inside[..., None, None]
    weights = half[..., None] * share * np.exp(-gap * (gap / 2 - outside[..., None, None]))
    shape = (*u.shape, -1)
    sign = np.where(u < 0, -1.0, 1.0)[..., None]
    return sign * points.reshape(shape), weights.reshape(shape)


def _edges(half_width: float, inside: FloatArray, outside: FloatArray) -> FloatArray:
    """Edges of the panels for u >= 0, axes (..., edge), in -L..L and increasing.

    Distances from the maximum, scaled, and cut where the interval ends: what is cut has no width.
    """
    scale = 1 / (1 + outside)
    steps = np.array([-np.inf, -40, -20, -10, -6, -3, 0, 3, 6, 10, 20, 40, np.inf])
    reach = inside[..., None] + steps * scale[..., None]
    return np.clip(reach, -half_width, half_width)


@lru_cache
def _panel() -> tuple[FloatArray, FloatArray]:
    """Gauss-Legendre nodes and weights of one panel."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    return nodes, weights


def contraction(half_width: float) -> float:
    """rho(L) = 1 - 2 L phi(L)/(2 Phi(L) - 1): one round shrinks the distance to the verifier so.

    The variance of an accepted variate at u = 0, and the largest slope of tau. L > 0, or inf
    without verification: 1.

    Raises:
        ValueError: L <= 0 or NaN.

    Example:
        >>> [round(contraction(x), 5) for x in (0.3, 0.5, 1, 1.5, 2, 3)]
        [0.02964, 0.08059, 0.29113, 0.55152, 0.77374, 0.97334]
    """
    if not half_width > 0:
        raise ValueError(f"half_width must be > 0, got {half_width!r}")
    return float(accepted(0.0, half_width).variance)
