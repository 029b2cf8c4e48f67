"""The integrated squared error in more than one dimension: sums over pairs of rows.

With Gaussian kernels every integral is one of two normal densities. A truth is a mixture of normal
laws too, a swiss roll one of nodes along its curve times a uniform height: smoothed by the kernel
it is looked at in the rows.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.kernels import called
from theory.datasets import SwissRoll
from theory.mixture import GaussianMixture
from theory.truths import Normal, Truth

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Components(NamedTuple):
    """A truth as normal laws; none where pairs are not looked at.

    Attributes:
        shares: axis (component,).
        means: axes (component, feature), of the features in `features`.
        variances: of each feature there, axis (component,).
        features: that the means are of.
        height: of a swiss roll along its second feature; 0 for others.
        noise: of that feature.
    """

    shares: FloatArray
    means: FloatArray
    variances: FloatArray
    features: IntArray
    height: float
    noise: float


NONE = Components(np.zeros(0), np.zeros((0, 0)), np.zeros(0), np.zeros(0, dtype=np.int64), 0.0, 0.0)


def components(truth: Truth, bandwidth: float) -> Components | None:
    """A truth whose kernels are at least so wide; None where it is no mixture of round laws."""
    match truth:
        case Normal():
            means, one = np.full((1, truth.dim), truth.location), np.ones(1)
            return Components(one, means, truth.scale**2 * one, np.arange(truth.dim), 0.0, 0.0)
        case GaussianMixture() if truth.isotropic:
            features = np.arange(truth.dim)
            return Components(truth.shares, truth.centres, truth.variances, features, 0.0, 0.0)
        case SwissRoll():
            means, shares = SwissRoll(math.hypot(truth.noise, bandwidth)).roll
            spread = np.full(len(shares), truth.noise**2)
            plane = np.array([0, 2])
            return Components(shares, means, spread, plane, truth.height, truth.noise)
    return None


@called
def smoothed(x: FloatArray, square: float, truth: Components) -> float:
    """Density at x of the truth smoothed by a normal law of that variance."""
    total, dim, spread, height = 0.0, len(truth.features), 0.0, 0.0
    for k in range(len(truth.shares)):
        if spread != truth.variances[k] + square:  # a table's rows are equally wide: one power
            spread = truth.variances[k] + square
            height = (2.0 * math.pi * spread) ** (-0.5 * dim)
        distance = 0.0
        for i in range(dim):
            u = x[truth.features[i]] - truth.means[k, i]
            distance += u * u
        total += truth.shares[k] * height * math.exp(-0.5 * distance / spread)
    if truth.height > 0.0:
        scale = math.sqrt(2.0 * (truth.noise * truth.noise + square))
        low, high = math.erf(x[1] / scale), math.erf((x[1] - truth.height) / scale)
        total *= 0.5 * (low - high) / truth.height
    return total


@called
def pair_error(plan: Any, t: int, shares: FloatArray, rows: Any, by: Any) -> float:
    """Integrated squared error of fit t, whose rows have the weights of their slots."""
    square = plan.bandwidth[t] ** 2
    x = rows.drawn if plan.subsample else rows.x
    dim, error = x.shape[1], float(by.truth_square)
    top = (4.0 * math.pi * square) ** (-0.5 * dim)
    for s in range(len(shares)):
        count = plan.train_rows[t] if plan.subsample else rows.held[s]
        if shares[s] > 0.0:
            for r in range(plan.start[s], plan.start[s] + count):
                error -= 2.0 * shares[s] * smoothed(x[r], square, by.components)
                for q in range(len(shares)):
                    size = plan.train_rows[t] if plan.subsample else rows.held[q]
                    near = 0.0
                    for p in range(plan.start[q], plan.start[q] + size * (shares[q] > 0.0)):
                        distance = 0.0
                        for i in range(dim):
                            u = x[r, i] - x[p, i]
                            distance += u * u
                        near += math.exp(-0.25 * distance / square)
                    error += shares[s] * shares[q] * top * near
    return error
