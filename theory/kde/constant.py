"""Jensen's bound on the likelihood for blurred truths at constant bandwidth.

f_0 convolved with N(0, s I) is again f_0 with more noise, for blobs, circles and moons alike. With
Gaussian kernels of one bandwidth h the mean density of generation t is therefore

    E f_t = sum_k p_t(k) blurred(sqrt(noise^2 + k h^2)),

p_t the law of `theory.kde.lineage`: what is costly, the densities of k = 0..T at nodes of f_0, is
the same for every generation and workflow. The nodes are those of the blurred curve times Gauss and
Hermite's for the noise: log E f_t varies on the scale of noise and h together, and few suffice.

`theory.kde.mean_density` takes any mixture and any schedule, on a lattice; this takes a
second where that takes minutes, or refuses.

Source: loopbound theory, section 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from theory.mixture import GaussianMixture

FloatArray = npt.NDArray[np.float64]

HERMITE = 6  # nodes of the noise in each direction
FINER = 1.0  # of the least spread: the noise that the nodes on a curve would resolve
_REACH = 9.0  # standard deviations: e^-40
_BLOCK = 256  # points that share their neighbours


def nll_lower(
    blurred: Callable[[float], GaussianMixture], noise: float, bandwidth: float, laws: FloatArray
) -> FloatArray:
    """-int f_0 log E f_t in nats, axis (generation,), one entry a row of `laws`.

    For the mean density exact up to quadrature, some 1e-7 for a bandwidth of twice the noise or
    more; for E NLL_t a lower bound (Jensen) and the limit as rows -> infinity.

    Args:
        blurred: the truth, in the plane and isotropic, as a function of its noise.
        noise: of the truth.
        bandwidth: h, the same for every fit.
        laws: p_t(k), axes (generation, number of kernels), as in `lineage_law`, without row 0.

    Example:
        >>> from theory.datasets import CENTRES, blobs
        >>> from theory.kde.lineage import lineage_law
        >>> from theory.workflow import Workflow
        >>> laws = lineage_law(Workflow.replace(100), 2)
        >>> nll_lower(lambda scale: blobs(CENTRES, scale), 1.0, 1.0, laws[1:]).round(3)
        array([4.13 , 4.436])
    """
    used = np.flatnonzero(laws.any(axis=0))
    spreads = np.sqrt(noise**2 + bandwidth**2 * used)
    curve = blurred(FINER * float(spreads[0]))
    points, shares = _noisy(curve.centres, curve.shares, noise)
    densities = np.array([_density(blurred(float(s)), points) for s in spreads])
    return np.asarray(-np.log(laws[:, used] @ densities) @ shares)


def _noisy(nodes: FloatArray, weights: FloatArray, noise: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of the curve blurred by N(0, noise^2 I)."""
    z, w = np.polynomial.hermite_e.hermegauss(HERMITE)
    w = w / math.sqrt(2 * math.pi)
    shifts = noise * np.stack(np.meshgrid(z, z, indexing="ij"), axis=-1).reshape(-1, 2)
    points = (nodes[:, None, :] + shifts).reshape(-1, 2)
    return points, (weights[:, None] * np.outer(w, w).ravel()).ravel()


def _density(truth: GaussianMixture, points: FloatArray) -> FloatArray:
    """Density, axis (point,); quick where neighbouring points come one after another."""
    nodes, weights, variance = truth.centres, truth.shares, float(truth.variances[0])
    found = np.empty(len(points))
    for start in range(0, len(points), _BLOCK):
        part = points[start : start + _BLOCK]
        reach = _REACH * math.sqrt(variance)
        low, high = part.min(axis=0) - reach, part.max(axis=0) + reach
        near = ((nodes >= low) & (nodes <= high)).all(axis=1)
        x, y = (part[:, i, None] - nodes[near, i] for i in range(2))
        found[start : start + _BLOCK] = np.exp(-(x * x + y * y) / (2 * variance)) @ weights[near]
    return found / (2 * math.pi * variance)
