"""Jensen's bound on the likelihood of truths that a Gaussian only blurs.

f_0 convolved with N(0, s I) is again f_0 with more noise, for blobs, circles, moons and swiss rolls
alike. With Gaussian kernels the mean density of generation t is therefore

    E f_t = sum_j weights[t, j] blurred(sqrt(noise^2 + variances[j])),

the law of the variance that the kernels add: what is costly, densities at nodes of f_0, is the
same for every generation and workflow. The nodes are those of the blurred curve times Gauss and
Hermite's for the noise: log E f_t varies on the scale of noise and bandwidth together, and few
suffice. A swiss roll is also uniform in height: its density is a product given j.

`theory.kde.lattice` takes any mixture in the plane; this takes a second where that takes minutes,
and has the swiss roll.

Source: loopbound theory, section 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from theory.datasets import SwissRoll
from theory.kde.lineage import lineage_law, mixing_laws
from theory.mixture import GaussianMixture
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]
Blurred: TypeAlias = Callable[[float], GaussianMixture | SwissRoll]
"""A truth as a function of its noise: in the plane and isotropic, or a swiss roll."""

WIDE, NARROW, ROLLED = 4, 8, 3  # nodes of the noise in each direction, by bandwidth; of a roll's
COARSER = 40.0  # of a swiss roll's noise: what nodes along it resolve, but for its ends
_STEPS = (-9.0, -3.0, 0.0, 3.0, 9.0, 20.0, 60.0, 210.0)  # panels from an edge, in noises
_STEP_NODES = 6
_NEGLIGIBLE = 1e-17  # of a law's weight
_REACH = 9.0  # standard deviations: e^-40
_BLOCK = 256  # points that share their neighbours


@dataclass(frozen=True, eq=False)
class Added:
    """Laws of the variance that kernels add to a row, one a generation.

    Attributes:
        variances: axis (node,).
        weights: axes (generation, node); each row sums to one.
    """

    variances: FloatArray
    weights: FloatArray


def added(workflow: Workflow, bandwidths: FloatArray, at: Sequence[int]) -> Added:
    """The laws at the generations `at`, by the bandwidth of every fit (index 0 unused).

    Exact for one bandwidth, where they count kernels; else Gauss quadratures, good to rounding.

    Example:
        >>> law = added(Workflow.accumulate(100), np.full(4, 0.5), (1, 3))
        >>> law.variances, law.weights.round(3)
        (array([0.25, 0.5 , 0.75]), array([[1.   , 0.   , 0.   ],
               [0.333, 0.5  , 0.167]]))
    """
    last = len(bandwidths) - 1
    if len(set(bandwidths[1:])) == 1:
        weights = lineage_law(workflow, last)[list(at)]
        used = np.flatnonzero((weights > _NEGLIGIBLE).any(axis=0))
        return Added(bandwidths[-1] ** 2 * used, weights[:, used])
    every = mixing_laws(workflow, bandwidths**2)
    laws = [every[t] for t in at]
    weights = np.zeros((len(laws), sum(len(law.nodes) for law in laws)))
    start = 0
    for row, law in zip(weights, laws, strict=True):
        row[start : start + len(law.nodes)] = law.weights
        start += len(law.nodes)
    return Added(np.concatenate([law.nodes for law in laws]), weights)


def log_mean_densities(
    blurred: Blurred, noise: float, law: Added, points: npt.ArrayLike
) -> FloatArray:
    """log E f_t at points, axes (generation, point).

    Args:
        blurred: the truth by its noise.
        noise: of the truth.
        law: of the variance that kernels add.
        points: axes (point, feature).

    Example:
        >>> from theory.datasets import CENTRES, blobs
        >>> law = added(Workflow.replace(100), np.ones(3), (1, 2))
        >>> log_mean_densities(lambda s: blobs(CENTRES, s), 1.0, law, [[0.0, 5.0]]).round(3)
        array([[-3.63 ],
               [-4.035]])
    """
    x = np.asarray(points, dtype=np.float64)
    found = []
    for variance in law.variances:
        truth = blurred(math.hypot(noise, math.sqrt(variance)))
        if isinstance(truth, SwissRoll):
            found.append(_density(truth, x[:, ::2]) * truth.height_pdf(x[:, 1]))
        else:
            found.append(_density(truth, x))
    return np.asarray(np.log(law.weights @ np.array(found)))


def nll_lower(blurred: Blurred, noise: float, law: Added, *, finer: bool = False) -> FloatArray:
    """-int f_0 log E f_t in nats, axis (generation,).

    For the mean density exact up to quadrature, 2e-5 or better, but 1e-3 for circles whose
    bandwidth is below their noise; for E NLL_t a lower bound (Jensen) and the limit as
    rows -> infinity.

    Args:
        blurred: the truth by its noise.
        noise: of the truth.
        law: of the variance that kernels add.
        finer: more nodes of a swiss roll, for the error of those that are usual.

    Example:
        >>> from theory.datasets import CENTRES, blobs
        >>> law = added(Workflow.replace(100), np.ones(3), (1, 2))
        >>> nll_lower(lambda scale: blobs(CENTRES, scale), 1.0, law).round(3)
        array([4.13 , 4.368])
    """
    least = math.hypot(noise, math.sqrt(float(law.variances.min())))
    truths = [blurred(math.hypot(noise, math.sqrt(v))) for v in law.variances]
    rolled = isinstance(truths[0], SwissRoll)
    curve = blurred(COARSER / (1 + finer) * noise if rolled else least)
    order = ROLLED + finer if rolled else WIDE if least > 2 * noise else NARROW
    points, shares = _noisy(*_curve(curve), noise, order)
    densities = np.array([_density(truth, points) for truth in truths])
    if not rolled:
        return np.asarray(-np.log(law.weights @ densities) @ shares)
    y, height_shares = _heights(noise)
    heights = np.array([t.height_pdf(y) for t in truths if isinstance(t, SwissRoll)])
    found = []
    for row in law.weights:
        used = np.flatnonzero(row > _NEGLIGIBLE)
        table = (row[used] * densities[used].T) @ heights[used]
        found.append(-float(shares @ np.log(table) @ height_shares))
    return np.array(found)


def _curve(truth: GaussianMixture | SwissRoll) -> tuple[FloatArray, FloatArray]:
    """Nodes of the curve that a truth blurs, axes (node, 2), and their weights."""
    return truth.roll if isinstance(truth, SwissRoll) else (truth.centres, truth.shares)


def _noisy(
    nodes: FloatArray, weights: FloatArray, noise: float, order: int
) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of the curve blurred by N(0, noise^2 I)."""
    z, w = np.polynomial.hermite_e.hermegauss(order)
    w = w / math.sqrt(2 * math.pi)
    shifts = noise * np.stack(np.meshgrid(z, z, indexing="ij"), axis=-1).reshape(-1, 2)
    points = (nodes[:, None, :] + shifts).reshape(-1, 2)
    return points, (weights[:, None] * np.outer(w, w).ravel()).ravel()


def _heights(noise: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of a swiss roll's height: the lower half, which the upper mirrors."""
    steps = noise * np.array(_STEPS)
    middle = SwissRoll.height / 2
    edges = np.append(steps[steps < middle], middle)
    z, w = np.polynomial.legendre.leggauss(_STEP_NODES)
    half = np.diff(edges)[:, None] / 2
    y = (edges[:-1, None] + half * (1 + z)).ravel()
    return y, 2 * (half * w).ravel() * SwissRoll(noise).height_pdf(y)


def _density(truth: GaussianMixture | SwissRoll, points: FloatArray) -> FloatArray:
    """Density in the plane, axis (point,); quick where neighbours come one after another."""
    nodes, weights = _curve(truth)
    variance = float(truth.variances[0]) if isinstance(truth, GaussianMixture) else truth.noise**2
    reach = _REACH * math.sqrt(variance)
    found = np.empty(len(points))
    for start in range(0, len(points), _BLOCK):
        part = points[start : start + _BLOCK]
        low, high = part.min(axis=0) - reach, part.max(axis=0) + reach
        near = ((nodes >= low) & (nodes <= high)).all(axis=1)
        x, y = (part[:, i, None] - nodes[near, i] for i in range(2))
        found[start : start + _BLOCK] = np.exp(-(x * x + y * y) / (2 * variance)) @ weights[near]
    return found / (2 * math.pi * variance)
