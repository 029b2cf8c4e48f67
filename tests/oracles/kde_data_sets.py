"""Overlaps of data sets that are curves plus noise: circles, moons, swiss roll.

An overlap is what :mod:`tests.oracles.kde_mise` needs of a truth: the density at 0 of X - X' +
N(0, v I).  For a point of a curve plus N(0, noise^2 I) it is a mean over two points of the curve.
Shapes are those of scikit-learn with uniform parameters.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import i0e, ndtr

from tests.oracles.kde_mise import Overlap, panel_rule

Array = NDArray[np.float64]


def curve_overlap(curve: Array, weights: Array, noise: float) -> Overlap:
    """Return the overlap of points on a curve plus N(0, noise^2 I).

    ``curve``, axes (node, coordinate), and ``weights`` are a rule for the law of the point on the
    curve; it must resolve N(0, noise^2 I) along it.
    """
    gaps = ((curve[:, None, :] - curve[None, :, :]) ** 2).sum(axis=2)
    dim = curve.shape[1]

    def overlap(v: float) -> float:
        total = 2 * noise**2 + v
        density = np.exp(-gaps / (2 * total)) * (2 * math.pi * total) ** (-dim / 2)
        return float(weights @ density @ weights)

    return overlap


def circles_overlap(radii: Sequence[float], noise: float) -> Overlap:
    """Return the overlap of circles about the origin, equally likely, plus N(0, noise^2 I).

    The mean of exp(r s cos(angle) / V) over the angle is I_0(r s / V).
    """

    def overlap(v: float) -> float:
        total = 2 * noise**2 + v
        terms = [
            math.exp(-((r - s) ** 2) / (2 * total)) * float(i0e(r * s / total))
            for r in radii
            for s in radii
        ]
        return math.fsum(terms) / len(terms) / (2 * math.pi * total)

    return overlap


def moons_overlap(noise: float) -> Overlap:
    """Return the overlap of two half circles, equally likely, plus N(0, noise^2 I), noise >= 0.04.

    480 nodes on each: 0.0065 apart.
    """
    angles, weights = panel_rule(np.linspace(0, math.pi, 61), 8)
    across, up = np.cos(angles), np.sin(angles)
    nodes = np.concatenate([np.stack([across, up], 1), np.stack([1 - across, 0.5 - up], 1)])
    return curve_overlap(nodes, np.tile(weights / (2 * math.pi), 2), noise)


def swiss_roll_overlap(noise: float) -> Overlap:
    """Return the overlap of (t cos t, y, t sin t), t in 1.5 pi [1, 3], y in [0, 21], noise >= 0.2.

    The roll is a curve in the plane times a segment.  The gap of two points of the segment has the
    density (1 - |z|/L)/L, whose mean over N(0, V) is elementary.  960 nodes: 0.1 apart.
    """
    unit, weights = panel_rule(np.linspace(0, 1, 161), 6)
    t = 1.5 * math.pi * (1 + 2 * unit)
    plane = curve_overlap(np.stack([t * np.cos(t), t * np.sin(t)], axis=1), weights, noise)
    length = 21.0

    def overlap(v: float) -> float:
        scale = math.sqrt(2 * noise**2 + v)
        inside = (2 * float(ndtr(length / scale)) - 1) / length
        lost = 2 * scale / math.sqrt(2 * math.pi) * -math.expm1(-((length / scale) ** 2) / 2)
        return plane(v) * (inside - lost / length**2)

    return overlap


def circles_entropy(radii: Sequence[float], noise: float) -> float:
    """Return the entropy (nats) of the circles' density, by its radius; radii <= 1."""
    r, weights = panel_rule(np.linspace(0, 1 + 12 * noise, 401), 10)
    density = np.zeros_like(r)
    for radius in radii:
        bell = np.exp(-((r - radius) ** 2) / (2 * noise**2)) * i0e(r * radius / noise**2)
        density += bell / (2 * math.pi * noise**2 * len(radii))
    seen = density > 0
    return float(-(2 * math.pi * weights * r * density)[seen] @ np.log(density[seen]))
