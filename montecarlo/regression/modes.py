"""The mean over label noise and over the direction of w*, given a design that every batch reuses.

Such a design splits the chain: along each eigenvector of x'x / n the covariances of conditional.py
are plain numbers, and go their own way.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.kernels import called, kernel, spliced
from montecarlo.regression.algebra import draw_factor, keep
from montecarlo.regression.fields import BIAS, ERROR, FIELDS, VARIANCE
from montecarlo.regression.plan import Frame, Plan

FloatArray = npt.NDArray[np.float64]


class Mode(NamedTuple):
    """The chain along one eigenvector, in units of noise^2 / n and of w*.

    Attributes:
        slots: covariances of the slots' moments, axes (slot, slot).
        biases: their dependence on w*, axis (slot,).
        cross: covariances with the error of a fit, axis (slot,).
        noise: variance of the error, axis (generation,).
        missed: dependence of the error on w*, axis (generation,).
    """

    slots: FloatArray
    biases: FloatArray
    cross: FloatArray
    noise: FloatArray
    missed: FloatArray


class Memory(NamedTuple):
    """What the chains of a reused design need.

    Attributes:
        factor: the rows R, axes (row, feature).
        sizes: eigenvalues of R'R, axis (mode,).
        tested: Sigma along their eigenvectors, axis (mode,).
        noise: sum of the modes' variances, axis (generation,).
        missed: sum of their squared biases, axis (generation,).
    """

    factor: FloatArray
    sizes: FloatArray
    tested: FloatArray
    noise: FloatArray
    missed: FloatArray
    mode: Mode
    values: FloatArray


def memory(plan: Plan, where: Frame) -> Memory:
    """Memory of the chains of a plan, with the factor of a given design in its place."""
    dim, count, generations = len(where.scale), plan.weights.shape[1], len(plan.slot)
    biases, cross = np.zeros((2, count))
    noise, missed, one, other = np.zeros((4, generations))
    mode = Mode(np.zeros((count, count)), biases, cross, one, other)
    size = min(int(plan.real_rows[1]), dim)
    factor = where.factor if len(where.factor) else np.zeros((size, dim))
    sizes, tested = np.zeros((2, dim))
    return Memory(factor, sizes, tested, noise, missed, mode, np.zeros(len(FIELDS)))


@called
def follow(plan: Any, size: float, mode: Mode) -> None:
    """The path of the mode whose eigenvalue of x'x / n is `size`."""
    last, weights = len(mode.noise) - 1, plan.weights
    for t in range(1, last + 1):
        if plan.real_rows[t] > 0:
            for r in range(len(mode.biases)):
                mode.slots[0, r] = mode.slots[r, 0] = 0.0
                if t == 1:  # what another chain left
                    for s in range(len(mode.biases)):
                        mode.slots[r, s] = mode.biases[r] = 0.0
            mode.biases[0], mode.slots[0, 0] = 0.0, size * plan.noise[0] ** 2
        whole = size + plan.penalty[t]
        if whole == 0.0:  # no row x has a part along it, and least norm takes none
            whole = 1.0
            mode.missed[t] = -1.0
        else:
            mode.missed[t] = -plan.penalty[t] / whole
        mode.noise[t] = 0.0
        for r in range(len(mode.biases)):
            mode.cross[r] = 0.0
            for s in range(len(mode.biases)):
                mode.cross[r] += weights[t, s] * mode.slots[s, r] / whole
            mode.noise[t] += weights[t, r] * mode.cross[r] / whole
            mode.missed[t] += weights[t, r] * mode.biases[r] / whole
        if t < last:
            write_mode(plan, t, size, mode)


@spliced
def write_mode(plan: Any, t: int, size: float, mode: Mode) -> None:
    """Batch t merges into its slot."""
    slot, share = plan.slot[t], plan.share[t]
    rest = 1.0 - share
    written = size * size * mode.noise[t] + size * plan.noise[t] ** 2
    own = rest * rest * mode.slots[slot, slot] + share * share * written
    own += 2.0 * rest * share * size * mode.cross[slot]
    for r in range(len(mode.biases)):
        shared = rest * mode.slots[slot, r] + share * size * mode.cross[r]
        mode.slots[slot, r] = mode.slots[r, slot] = shared
    mode.slots[slot, slot] = own
    mode.biases[slot] = rest * mode.biases[slot] + share * size * mode.missed[t]


@spliced
def split(scale: FloatArray, modes: Memory) -> None:
    """Eigenvalues of R'R, and Sigma along their eigenvectors."""
    _, singular, axes = np.linalg.svd(modes.factor, True)
    for i in range(len(scale)):
        modes.sizes[i] = singular[i] * singular[i] if i < len(singular) else 0.0
        modes.tested[i] = 0.0
        for k in range(len(scale)):
            modes.tested[i] += scale[k] * axes[i, k] * axes[i, k]


@spliced
def gather(plan: Any, first: bool, modes: Memory) -> None:
    """Sum of the modes of one design; without a penalty they all go one way, but for the unit.

    That way is followed for the `first` design only.
    """
    mode, last = modes.mode, len(modes.noise) - 1
    for t in range(last + 1):
        modes.noise[t] = modes.missed[t] = 0.0
    for i in range(len(modes.sizes)):
        free = plan.plain and i >= len(modes.factor)  # no row x has a part along it
        unit = modes.tested[i] / modes.sizes[i] if plan.plain and not free else modes.tested[i]
        if not plan.plain or (first and i == 0):
            follow(plan, 1.0 if plan.plain else modes.sizes[i], mode)
        for t in range(1, last + 1):
            modes.noise[t] += 0.0 if free else unit * mode.noise[t]
            modes.missed[t] += unit if free else unit * mode.missed[t] ** 2


@kernel
def modes_block(
    rng: Any, plan: Any, given: bool, where: Any, modes: Any, order: Any, out: Any
) -> None:
    """Chains whose batches all have the same rows x, `given` or drawn for each run by their factor.

    Out axes are (generation, field, replicate).
    """
    values, rows = modes.values, plan.real_rows[1]
    for replicate in range(out.shape[2]):
        if not given:
            draw_factor(rng, rows, where.root, modes.factor)
        if not given or replicate == 0:
            split(where.scale, modes)
            gather(plan, replicate == 0, modes)
        for t in range(len(out)):
            values[VARIANCE] = modes.noise[t] / rows
            values[BIAS] = plan.norm**2 / len(where.scale) * modes.missed[t]
            values[ERROR] = values[BIAS] + values[VARIANCE]
            keep(values, order, t, replicate, out)
