"""Adaptive quadrature of many integrands at once, with an error estimate.

Clenshaw-Curtis with 33 nodes a panel and, among them, the 17 of the coarser rule: the difference
of the two is the error of the coarser one, far above that of the finer for a smooth integrand.
Panels that miss the tolerance are halved; all panels of a round are evaluated in one call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

ORDER = 32
ROUNDS = 40  # halvings
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Integrals:
    """Integrals and their error.

    Attributes:
        values: axis (integrand,).
        errors: estimated absolute errors, axis (integrand,); never below rounding.
        nodes: points evaluated.
    """

    values: FloatArray
    errors: FloatArray
    nodes: int


@lru_cache
def clenshaw_curtis(order: int) -> tuple[FloatArray, FloatArray]:
    """Nodes on [-1, 1] and weights of order + 1 points, order even.

    Example:
        >>> nodes, weights = clenshaw_curtis(4)
        >>> round(float(weights @ nodes**4), 12)
        0.4
    """
    angles = np.pi * np.arange(order + 1) / order
    weights = np.ones(order + 1)
    for j in range(1, order // 2 + 1):
        factor = 1 if 2 * j == order else 2
        weights -= factor * np.cos(2 * j * angles) / (4 * j**2 - 1)
    weights *= 2 / order
    weights[[0, -1]] /= 2
    return np.cos(angles), weights


def integrate(
    function: Callable[[FloatArray], FloatArray],
    edges: npt.ArrayLike,
    *,
    scale: FloatArray | None = None,
    relative: float = 1e-10,
    most_nodes: int = 10**6,
) -> Integrals:
    """Integrals of every row of `function` from the first to the last edge.

    Args:
        function: points -> values, axes (integrand, point).
        edges: of the first panels, increasing.
        scale: what the tolerance is relative to, axis (integrand,), added to the sum of absolute
            panel integrals.
        relative: a panel is halved while its two rules differ by more than this share.
        most_nodes: panels are left as they are once so many points were evaluated.

    Returns:
        The integrals; `errors` sums what the two rules of the panels differ by.
    """
    fine_nodes, fine = clenshaw_curtis(ORDER)
    coarse = np.zeros(ORDER + 1)
    coarse[::2] = clenshaw_curtis(ORDER // 2)[1]
    edges = np.asarray(edges, dtype=np.float64)
    left, right = edges[:-1], edges[1:]
    values = errors = magnitude = np.zeros(()) if scale is None else 0 * scale
    used = 0
    for _ in range(ROUNDS):
        middle, half = (left + right) / 2, (right - left) / 2
        table = function((middle[:, None] + half[:, None] * fine_nodes).ravel())
        used += table.shape[1]
        table = table.reshape(len(table), len(left), ORDER + 1)
        found = table @ fine * half
        missed = abs(found - table @ coarse * half)
        largest = abs(table).max(axis=2) * half
        total = magnitude + abs(found).sum(axis=1)
        allowed = relative * (total if scale is None else np.maximum(total, scale))
        floor = 8 * _EPS * largest
        bad = ((missed > np.maximum(allowed[:, None], floor)) & (half > _EPS * right)).any(axis=0)
        if used >= most_nodes:
            bad[:] = False
        good = ~bad
        values = values + found[:, good].sum(axis=1)
        errors = errors + np.maximum(missed, floor)[:, good].sum(axis=1)
        magnitude = magnitude + abs(found[:, good]).sum(axis=1)
        if good.all():
            break
        left, middle, right = left[bad], middle[bad], right[bad]
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
    else:
        values = values + found[:, bad].sum(axis=1)
        errors = errors + abs(found[:, bad]).sum(axis=1)
    return Integrals(values, errors, used)
