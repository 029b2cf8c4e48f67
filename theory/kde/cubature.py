"""int f_0 log(f_0 / E f_t) of a Gaussian mixture in any dimension, under Gaussian kernels.

The truth is sum_k w_k N(m_k, C_k): the divergence is a weighted sum of means over normal laws. They
are taken by one low-discrepancy sequence (multiples of powers of the root of x^(d+1) = x + 1 modulo
one, each point with its mirror image) that runs through all components. It is taken eight times,
shifted evenly: three standard errors of the eight means are what is reported as error. Nothing is
random: the same mixture has the same value.

E f_t at a point is wanted at every generation: densities of the truth widened by a few variances
between which the logarithm of the variance is interpolated.

Source: the sequence is M. Roberts's (2018); the rest is derived here.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from theory.distances import squared_distances
from theory.kde.lineage import Mixing
from theory.truths import GaussianMixture
from theory.workflow import UnsupportedWorkflow

FloatArray = npt.NDArray[np.float64]

SHIFTS = 8
ERRORS = 3.0  # standard errors that are reported
MOST_POINTS = 2**14  # times SHIFTS, each with its mirror image
WORK = 5 * 10**7  # densities of a component, a second or two
MOST_COMPONENTS = 2000  # each takes a point, which takes each: half a minute
NODES = 16  # of the variance, over a factor of four
_TABLE = 2**20  # entries held at a time


def by_cubature(truth: GaussianMixture, laws: list[Mixing]) -> tuple[FloatArray, FloatArray]:
    """Divergences and errors, axis (generation,).

    Raises:
        UnsupportedWorkflow: so many components that a point for each takes too long.
    """
    components = len(truth.weights)
    if components > MOST_COMPONENTS:
        raise UnsupportedWorkflow(too_many(components))
    floor = float(np.linalg.eigvalsh(truth.matrices).min())
    variances, weights = shared_variances(laws, floor)
    each = components * (len(variances) + 1) * 2 * SHIFTS
    points = max(min(MOST_POINTS, WORK // each) // components, 1)
    added = np.concatenate([[0.0], variances])
    means = np.array([_mean(truth, added, weights, points, r / SHIFTS) for r in range(SHIFTS)])
    error = ERRORS * means.std(axis=0, ddof=1) / math.sqrt(SHIFTS)
    return means.mean(axis=0), error


def too_many(components: int) -> str:
    """Why a mixture of so many components has no divergence."""
    return (
        f"known for mixtures of up to {MOST_COMPONENTS} components in space, got {components}: "
        "take fewer rows"
    )


def _mean(
    truth: GaussianMixture, added: FloatArray, weights: FloatArray, points: int, shift: float
) -> FloatArray:
    """Mean of log(f_0 / E f_t) by the sequence with that shift, axis (generation,).

    `added` are the variances that the truth is widened by, the first of them 0.
    """
    from scipy.special import ndtri

    dim, components = truth.dim, len(truth.weights)
    steps = _steps(dim)
    total = np.zeros(len(weights))
    size = max(1, _TABLE // (2 * components * points))
    for start in range(0, components, size):
        own = slice(start, min(start + size, components))
        index = np.arange(own.start * points, own.stop * points)
        u = (0.5 + shift * (1 + np.arange(dim)) + np.outer(index + 1, steps)) % 1
        z = np.asarray(ndtri(np.clip(u, 1e-16, 1 - 1e-16))).reshape(-1, points, dim)
        z = np.concatenate([z, -z], axis=1)
        x = truth.centres[own, None] + np.einsum("kij,kpj->kpi", truth.roots[own], z)
        found = _densities(truth, x.reshape(-1, dim), added)
        ratio = np.log(weights @ (found[1:] / found[0]))
        total -= ratio.reshape(len(weights), -1, 2 * points).mean(axis=2) @ truth.shares[own]
    return total


def _densities(truth: GaussianMixture, x: FloatArray, added: FloatArray) -> FloatArray:
    """Densities of the truth widened by each variance, axes (variance, point).

    Points come from one of the components: their density does not underflow.
    """
    if not truth.isotropic:
        return np.array([truth.widened(float(s)).pdf(x) if s else truth.pdf(x) for s in added])
    square = squared_distances(x, truth.centres)
    found = []
    for s in added:
        spread = truth.variances + s
        shares = truth.shares * (2 * math.pi * spread) ** (-truth.dim / 2)
        found.append(np.exp(square * (-0.5 / spread)) @ shares)
    return np.array(found)


def _steps(dim: int) -> FloatArray:
    """g^-1, g^-2, ..., g^-d with g^(d+1) = g + 1."""
    root = 2.0
    for _ in range(60):
        root = (1 + root) ** (1 / (dim + 1))
    return np.asarray(root ** -np.arange(1.0, dim + 1))


def shared_variances(laws: list[Mixing], floor: float) -> tuple[FloatArray, FloatArray]:
    """Variances, axis (node,), and weights, axes (law, node), that do for all the laws.

    The variances that occur, where they are few; else 16 Chebyshev nodes in log(floor + s) over
    every factor of four, between which the density of a mixture with that least variance is
    interpolated: some 1e-11 of its largest value. Weights may be negative then.

    Example:
        >>> law = Mixing(np.array([1.0, 2.0]), np.array([0.25, 0.75]))
        >>> shared_variances([law, Mixing(np.array([2.0]), np.ones(1))], 1.0)
        (array([1., 2.]), array([[0.25, 0.75],
               [0.  , 1.  ]]))
    """
    every = np.concatenate([law.nodes for law in laws])
    low, high = math.log(floor + every.min()), math.log(floor + every.max())
    panels = max(1, math.ceil((high - low) / math.log(4)))
    rounded = np.unique(np.array([float(f"{s:.12g}") for s in every]))
    if len(rounded) <= panels * NODES:
        weights = np.zeros((len(laws), len(rounded)))
        for row, law in zip(weights, laws, strict=True):
            np.add.at(row, abs(law.nodes[:, None] - rounded).argmin(axis=1), law.weights)
        return rounded, weights
    half = (high - low) / (2 * panels)
    angles = math.pi * (np.arange(NODES) + 0.5) / NODES
    middles = low + half * (2 * np.arange(panels) + 1)
    nodes = np.exp(middles[:, None] + half * np.cos(angles)) - floor
    series = 2 / NODES * np.cos(np.outer(angles, np.arange(NODES)))
    series[:, 0] /= 2
    weights = np.zeros((len(laws), panels, NODES))
    for row, law in zip(weights, laws, strict=True):
        place = (np.log(floor + law.nodes) - low) / (2 * half)
        panel = np.minimum(place.astype(np.int64), panels - 1)
        x = np.clip(2 * (place - panel) - 1, -1, 1)
        shares = np.cos(np.outer(np.arccos(x), np.arange(NODES))) @ series.T
        np.add.at(row, panel, law.weights[:, None] * shares)
    return nodes.ravel(), weights.reshape(len(laws), -1)
