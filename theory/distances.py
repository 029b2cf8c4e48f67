"""The law of a distance, in nodes that do for every function that oscillates no faster than a wave.

Averages over the sphere of a truth's transform are E J(r D), D the distance of two of its points: a
function of D that a polynomial of degree 31 follows to 1e-16 over a panel of 16 / r. So a law of
millions of pairs is replaced by the weights that interpolation at the Chebyshev nodes of every
panel gives them: exact to rounding for every r up to the reach, at a cost of 32 sums a panel.

Source: derived here; the error is 2 J_32(8) < 1e-16 of the weight, by the Jacobi-Anger expansion.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

ORDER = 32  # nodes a panel
PHASE = 8.0  # reach times half a panel
_BLOCK = 2**20  # pairs looked at together


@dataclass(frozen=True, eq=False)
class Distances:
    """A law of distances in nodes; their weights may be negative.

    Attributes:
        nodes: axis (node,).
        weights: axis (node,); their sum is that of the law.
    """

    nodes: FloatArray
    weights: FloatArray


def law_of(
    parts: Iterable[tuple[FloatArray, FloatArray]], longest: float, reach: float
) -> Distances:
    """The law that puts the weights on the distances, for waves up to `reach`.

    Args:
        parts: (distances, weights), each with axis (pair,).
        longest: no distance is longer.
        reach: highest frequency.

    Example:
        >>> law = law_of([(np.array([1.0, 2.5]), np.array([0.25, 0.75]))], longest=3, reach=10)
        >>> found = float(law.weights @ np.cos(10 * law.nodes))
        >>> round(found - 0.25 * math.cos(10) - 0.75 * math.cos(25), 13)
        0.0
    """
    half = PHASE / reach
    panels = math.ceil(longest / (2 * half)) or 1
    sums = np.zeros((ORDER, panels))
    for distances, weights in parts:
        for start in range(0, len(distances), _BLOCK):
            part = slice(start, start + _BLOCK)
            sums += _moments(distances[part] / half, weights[part], panels)
    angles = math.pi * (np.arange(ORDER) + 0.5) / ORDER
    sums[0] /= 2
    weights = np.asarray(2 / ORDER * np.cos(np.outer(angles, np.arange(ORDER))) @ sums)
    nodes = np.asarray(half * (np.cos(angles)[:, None] + 2 * np.arange(panels) + 1))
    return Distances(nodes.T.ravel(), weights.T.ravel())


def _moments(x: FloatArray, weights: FloatArray, panels: int) -> FloatArray:
    """Sums of weight times T_k, axes (k, panel); panels are of length 2."""
    panel = np.minimum((x / 2).astype(np.int64), panels - 1)
    x = x - (2 * panel + 1)
    found = np.empty((ORDER, panels))
    before, now = weights * x, weights
    for k in range(ORDER):
        found[k] = np.bincount(panel, weights=now, minlength=panels)
        before, now = now, 2 * x * now - before
    return found


def pairs(points: FloatArray, weights: FloatArray) -> Iterable[tuple[FloatArray, FloatArray]]:
    """Distances of all pairs of points with the products of their weights, each pair twice.

    A point and itself are a pair, too: the law of two independent draws.
    """
    step = max(1, min(len(points), math.isqrt(_BLOCK)))
    for start in range(0, len(points), step):
        own, shares = points[start : start + step], weights[start : start + step]
        above = np.triu_indices(len(own), 1)
        table, product = squared_distances(own, own), np.outer(shares, shares)
        yield np.sqrt(table[above]), 2 * product[above]
        yield np.zeros(len(own)), shares**2
        for other in range(start + step, len(points), step):
            table = squared_distances(own, points[other : other + step])
            product = np.outer(shares, weights[other : other + step])
            yield np.sqrt(table).ravel(), 2 * product.ravel()


def squared_distances(first: FloatArray, second: FloatArray) -> FloatArray:
    """Squared distance of every two points, axes (first, second); points have (point, feature)."""
    table = np.zeros((len(first), len(second)))
    for x, y in zip(first.T, second.T, strict=True):
        table += (x[:, None] - y) ** 2
    return table
