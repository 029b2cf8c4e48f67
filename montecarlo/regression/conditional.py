"""The mean over label noise and over the direction of w*, given the designs (Rao and Blackwell).

Given the rows x, the errors w - w* and the moments x'(labels) in the slots are linear in the label
noise and in w*. So their covariances with each other, and their products with w*, go from fit to
fit in place of labels, and no label is drawn. The variance of a run is the mean square of the part
that label noise makes, its bias that of the part that w* makes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.kernels import called, kernel, spliced
from montecarlo.regression.algebra import Scratch, draw_factor, gram, keep, scratch, solution, span
from montecarlo.regression.fields import BIAS, ERROR, FIELDS, VARIANCE
from montecarlo.regression.plan import Frame, Plan

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Joint(NamedTuple):
    """What is known of the slots' moments given the designs; all matrices whole.

    Attributes:
        second: second moments of the rows x, axes (slot, feature, feature).
        covariance: of the moments, axes (slot, slot, feature, feature).
        bias: the moments' linear dependence on w*, axes (slot, feature, feature).
        kept: rows x, while they are fewer than the features, axes (slot, row, feature).
        counts: how many rows there are, 0 before the first batch; axis (slot,).
    """

    second: FloatArray
    covariance: FloatArray
    bias: FloatArray
    kept: FloatArray
    counts: IntArray


class Fitted(NamedTuple):
    """The same for a fit.

    Attributes:
        covariance: of the errors, axes (feature, feature).
        bias: the errors' linear dependence on w*, axes (feature, feature).
        cross: covariance of the errors with the moments, axes (slot, feature, feature).
        inverse: the fit is inverse moment - missed w*.
        missed: see there.
        second: second moments of the rows of the next batch, and memory of two such matrices.
    """

    covariance: FloatArray
    bias: FloatArray
    cross: FloatArray
    inverse: FloatArray
    missed: FloatArray
    second: FloatArray
    one: FloatArray
    other: FloatArray


class Memory(NamedTuple):
    """What a chain needs to advance."""

    joint: Joint
    fitted: Fitted
    factor: FloatArray
    work: Scratch
    values: FloatArray


def memory(plan: Plan, where: Frame) -> Memory:
    """Memory of the chains of a plan."""
    dim, count = len(where.scale), plan.weights.shape[1]
    second, bias, cross = np.zeros((3, count, dim, dim))
    kept = np.zeros((count if plan.short else 0, dim, dim))
    covariance = np.zeros((count, count, dim, dim))
    joint = Joint(second, covariance, bias, kept, np.zeros(count, dtype=np.int64))
    one, other, spread, missing, inverse, missed, new, factor = np.zeros((8, dim, dim))
    fitted = Fitted(spread, missing, cross, inverse, missed, new, one, other)
    return Memory(joint, fitted, factor, scratch(dim, dim), np.zeros(len(FIELDS)))


@called
def product(a: FloatArray, b: FloatArray, out: FloatArray) -> None:
    """The matrix product a b."""
    dim = len(a)
    for i in range(dim):
        for j in range(dim):
            out[i, j] = 0.0
        for k in range(dim):
            for j in range(dim):
                out[i, j] += a[i, k] * b[k, j]


@called
def mix(rest: float, share: float, a: FloatArray, out: FloatArray) -> None:
    """Replace out by rest out + share a."""
    for i in range(len(a)):
        for j in range(len(a)):
            out[i, j] = rest * out[i, j] + share * a[i, j]


@called
def average(weights: FloatArray, t: int, matrices: FloatArray, out: FloatArray) -> None:
    """Mean of a matrix a slot, by the slots' weights at fit t."""
    mix(0.0, 0.0, out, out)
    for s in range(len(matrices)):
        if weights[t, s] > 0.0:
            mix(1.0, weights[t, s], matrices[s], out)


@spliced
def average_with(
    weights: FloatArray, t: int, slot: int, covariance: FloatArray, out: FloatArray
) -> None:
    """Covariance of that mean of the slots' moments with the moments of one slot."""
    mix(0.0, 0.0, out, out)
    for s in range(len(covariance)):
        if weights[t, s] > 0.0:
            mix(1.0, weights[t, s], covariance[s, slot], out)


@spliced
def solve_slots(plan: Any, t: int, joint: Joint, work: Scratch, fitted: Fitted) -> None:
    """The matrices of fit t to the slots together, each with its weight."""
    rank, dim, count = plan.rank[t], len(work.second), 0
    average(plan.weights, t, joint.second, work.second)
    if plan.short and rank < dim:
        for s in range(len(joint.kept)):
            if plan.weights[t, s] > 0.0:
                for r in range(joint.counts[s]):
                    for i in range(dim):
                        work.left[count, i] = joint.kept[s, r, i]
                    count += 1
        rank = span(work.left[:count], work.basis)
    solution(work, plan.penalty[t], rank, fitted.inverse, fitted.missed)


@spliced
def refit(weights: FloatArray, t: int, biased: bool, joint: Joint, fitted: Fitted) -> None:
    """Covariances and bias of fit t, whose matrices are known."""
    mix(0.0, 0.0, fitted.one, fitted.covariance)
    for r in range(len(joint.counts)):
        if joint.counts[r] > 0:
            average_with(weights, t, r, joint.covariance, fitted.one)
            product(fitted.inverse, fitted.one, fitted.cross[r])
            if weights[t, r] > 0.0:
                product(fitted.cross[r], fitted.inverse, fitted.one)
                mix(1.0, weights[t, r], fitted.one, fitted.covariance)
    if biased:
        average(weights, t, joint.bias, fitted.one)
        product(fitted.inverse, fitted.one, fitted.bias)
        mix(1.0, -1.0, fitted.missed, fitted.bias)


@spliced
def draw_design(
    rng: np.random.Generator, rows: int, root: FloatArray, factor: FloatArray, fitted: Fitted
) -> int:
    """Factor and second moments of the rows x of a batch; returns how many rows the factor has."""
    size, dim = draw_factor(rng, rows, root, factor), len(root)
    gram(factor, size, fitted.second)
    for i in range(dim):
        for j in range(i):
            fitted.second[i, j] = fitted.second[j, i]
    return size


@spliced
def write_real(noise: float, rows: int, joint: Joint, fitted: Fitted) -> None:
    """A real batch takes slot 0: the errors of the truth are zero."""
    for r in range(len(joint.counts)):
        mix(0.0, 0.0, fitted.second, joint.covariance[0, r])
        mix(0.0, 0.0, fitted.second, joint.covariance[r, 0])
    mix(0.0, noise * noise / rows, fitted.second, joint.covariance[0, 0])
    mix(0.0, 0.0, fitted.second, joint.bias[0])
    mix(0.0, 1.0, fitted.second, joint.second[0])


@spliced
def write_synthetic(
    noise: float, rows: int, slot: int, share: float, biased: bool, joint: Joint, fitted: Fitted
) -> None:
    """A batch of the fitted model merges into a slot with weight `share`; 1 overwrites."""
    dim, rest = len(fitted.one), 1.0 - share
    for r in range(len(joint.counts)):
        if joint.counts[r] > 0 and r != slot:
            product(fitted.second, fitted.cross[r], fitted.one)
            mix(rest, share, fitted.one, joint.covariance[slot, r])
            for i in range(dim):
                for j in range(dim):
                    joint.covariance[r, slot, j, i] = joint.covariance[slot, r, i, j]
    product(fitted.second, fitted.covariance, fitted.one)
    product(fitted.one, fitted.second, fitted.other)
    mix(1.0, noise * noise / rows, fitted.second, fitted.other)
    mix(rest * rest, share * share, fitted.other, joint.covariance[slot, slot])
    if rest > 0.0:
        product(fitted.second, fitted.cross[slot], fitted.one)
        for i in range(dim):
            for j in range(dim):
                both = fitted.one[i, j] + fitted.one[j, i]
                joint.covariance[slot, slot, i, j] += rest * share * both
    if biased:
        product(fitted.second, fitted.bias, fitted.one)
        mix(rest, share, fitted.one, joint.bias[slot])
    mix(rest, share, fitted.second, joint.second[slot])


@called
def remember(factor: FloatArray, size: int, slot: int, share: float, joint: Joint) -> None:
    """Keep rows x of a batch, those that were there before them too if they merge."""
    first = joint.counts[slot] if share < 1.0 else 0
    joint.counts[slot] = first + size
    if len(joint.kept):
        for r in range(first, min(first + size, len(factor))):
            for i in range(len(factor)):
                joint.kept[slot, r, i] = factor[r - first, i]


@spliced
def measure(
    norm: float, scale: FloatArray, covariance: FloatArray, bias: FloatArray, out: FloatArray
) -> None:
    """The fields of a fit: w* is of that norm and uniform in direction."""
    dim, noise, missed = len(scale), 0.0, 0.0
    for i in range(dim):
        noise += scale[i] * covariance[i, i]
        for j in range(dim):
            missed += scale[i] * bias[i, j] * bias[i, j]
    out[VARIANCE] = noise
    out[BIAS] = norm * norm / dim * missed
    out[ERROR] = out[BIAS] + out[VARIANCE]


@kernel
def covariances_block(rng: Any, plan: Any, where: Any, memory: Any, order: Any, out: Any) -> None:
    """Fresh designs without subsampling; out axes (generation, field, replicate)."""
    joint, fitted, factor, work, values = memory
    last, biased = len(out) - 1, plan.short or not plan.plain
    for replicate in range(out.shape[2]):
        for s in range(len(joint.counts)):
            joint.counts[s] = 0
        for t in range(1, last + 1):
            for real in range(2):  # first the batch of the last model, then one of the truth
                writer = 0 if real else t - 1
                rows = plan.real_rows[t] if real else plan.synthetic_rows[writer]
                if rows > 0:
                    noise, slot, share = plan.noise[writer], plan.slot[writer], plan.share[writer]
                    size = draw_design(rng, rows, where.root, factor, fitted)
                    if real:
                        write_real(noise, rows, joint, fitted)
                    else:
                        write_synthetic(noise, rows, slot, share, biased, joint, fitted)
                    remember(factor, size, slot, share, joint)
            solve_slots(plan, t, joint, work, fitted)
            refit(plan.weights, t, biased, joint, fitted)
            measure(plan.norm, where.scale, fitted.covariance, fitted.bias, values)
            keep(values, order, t, replicate, out)
