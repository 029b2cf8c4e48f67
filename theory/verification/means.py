"""The mean of n accepted variates, as a quadrature rule that is exact for polynomials.

A Gauss rule of q nodes for X and one for Y give, multiplied, a rule of q^2 nodes for a sum that is
exact up to degree 2q - 1, and Lanczos makes of it a Gauss rule of q nodes again: the law of a sum
of n is a few such steps, doubling. Weights stay positive, so nothing cancels, for any n and u.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from theory.verification.truncated import law

FloatArray = npt.NDArray[np.float64]


class Rule(NamedTuple):
    """Nodes and weights of laws, axes (law, node); weights sum to one."""

    nodes: FloatArray
    weights: FloatArray


def one(u: FloatArray, half_width: float, order: int) -> Rule:
    """Gauss rules of `order` nodes for N(u, 1) given that it is within +-L, u of axis (law,)."""
    points, weights = law(u, half_width)
    return compressed(points, weights / weights.sum(axis=-1, keepdims=True), order)


def mean_of(rule: Rule, n: int) -> Rule:
    """Rules of the mean of n independent variates with those laws.

    Example:
        >>> coin = Rule(np.array([[-1.0, 1.0]]), np.array([[0.5, 0.5]]))
        >>> mean = mean_of(coin, 9)
        >>> round(float((mean.weights * mean.nodes**2).sum()), 12) == round(1 / 9, 12)
        True
    """
    total: Rule | None = None
    power, left = rule, n
    while True:
        if left & 1:
            total = power if total is None else _sum(total, power)
        left >>= 1
        if not left:
            break
        power = _sum(power, power)
    assert total is not None
    return Rule(total.nodes / n, total.weights)


def means_between(rule: Rule, least: int, most: int) -> Iterator[Rule]:
    """Rules of the means of least, least + 1, ..., most variates, one after the other."""
    mean = mean_of(rule, least)
    total = Rule(mean.nodes * least, mean.weights)
    for count in range(least, most + 1):
        yield Rule(total.nodes / count, total.weights)
        if count < most:
            total = _sum(total, rule)


def _sum(x: Rule, y: Rule) -> Rule:
    """Rules of X + Y, with as many nodes as x has."""
    laws, order = x.nodes.shape
    points = (x.nodes[:, :, None] + y.nodes[:, None, :]).reshape(laws, -1)
    weights = (x.weights[:, :, None] * y.weights[:, None, :]).reshape(laws, -1)
    return compressed(points, weights, order)


def compressed(points: FloatArray, weights: FloatArray, order: int) -> Rule:
    """Gauss rules of `order` nodes for discrete laws, axes (law, point), by Lanczos.

    Orthogonalised twice against all before, on points moved to mean 0 and variance 1: the
    recurrence coefficients are good to rounding as long as the law has more points than the order.
    """
    centre = (weights * points).sum(axis=1, keepdims=True)
    gap = points - centre
    scale = np.sqrt((weights * gap**2).sum(axis=1, keepdims=True))
    x = gap / scale
    laws, count = points.shape
    basis = np.empty((laws, order, count))
    jacobi = np.zeros((laws, order, order))
    basis[:, 0] = np.sqrt(weights)
    for k in range(order):
        vector = x * basis[:, k]
        jacobi[:, k, k] = (vector * basis[:, k]).sum(axis=1)
        for _ in range(2):
            known = basis[:, : k + 1]
            shares = np.matmul(known, vector[:, :, None])
            vector = vector - np.matmul(known.transpose(0, 2, 1), shares)[:, :, 0]
        if k + 1 < order:
            norm = np.sqrt((vector**2).sum(axis=1))
            jacobi[:, k, k + 1] = jacobi[:, k + 1, k] = norm
            basis[:, k + 1] = vector / norm[:, None]
    nodes, vectors = np.linalg.eigh(jacobi)
    return Rule(centre + scale * nodes, vectors[:, 0, :] ** 2)
