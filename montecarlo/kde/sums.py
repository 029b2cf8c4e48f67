"""Sums over the rows of each slot, from which a fit is measured without looking at a row again.

Moments, characters exp(i w x) at the nodes of a quadrature, and kernels at fixed points. Rows are
added once; the kernels of all rows again only where the bandwidth has changed.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.kde.fields import (
    CLOUD_MEAN,
    CLOUD_VARIANCE,
    EXCESS,
    EXTRA,
    FIELDS,
    MEAN_DENSITY,
    MISE,
    NLL,
    VARIANCE,
)
from montecarlo.kde.measure import Measures
from montecarlo.kde.nll import add_kernels
from montecarlo.kde.plan import Plan
from montecarlo.kernels import called, spliced

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

STRETCHES = 8  # of frequencies: their number is a multiple of it


class Sums(NamedTuple):
    """Sums over rows, and scratch.

    Attributes:
        seen: rows that are in the moments and characters, axis (slot,).
        weighed: rows that are in the kernel sums, axis (slot,).
        bandwidth: that those hold for, axis (1,).
        first: sums of rows less the truth's mean, axes (slot, feature).
        second: their squares'.
        waves: sums of cosines and sines, axes (slot, [cos, sin], frequency).
        low, total: kernel sums exp(-low) * total, axes (slot, point).
        difference: transform of a fit less the truth's, axes (generation, [re, im], frequency).
        fine: characters of one row in the first stretch, axes ([cos, sin], frequency).
        work: axes (6 + feature, point).
        error: integrated squared error of the first chain, axis (generation,).
        values: a row of fields.
    """

    seen: IntArray
    weighed: IntArray
    bandwidth: FloatArray
    first: FloatArray
    second: FloatArray
    waves: FloatArray
    low: FloatArray
    total: FloatArray
    difference: FloatArray
    fine: FloatArray
    work: FloatArray
    error: FloatArray
    values: FloatArray


def sums(plan: Plan, by: Measures) -> Sums:
    """Room for the sums of a plan."""
    slots, dim = plan.weights.shape[1], len(by.centre)
    points, waves = by.points.shape[1], len(by.nodes)
    seen, weighed = np.zeros((2, slots), dtype=np.int64)
    first, second = np.zeros((2, slots, dim))
    low, total = np.zeros((2, slots, points))
    return Sums(
        seen,
        weighed,
        bandwidth=np.zeros(1),
        first=first,
        second=second,
        waves=np.zeros((slots, 2, waves)),
        low=low,
        total=total,
        difference=np.zeros((len(plan.bandwidth), 2, waves)),
        fine=np.zeros((2, waves // STRETCHES)),
        work=np.zeros((6 + dim, points)),
        error=np.zeros(len(plan.bandwidth)),
        values=np.zeros(len(FIELDS)),
    )


@called
def clear(s: int, into: Sums) -> None:
    """Forget the rows of a slot."""
    into.seen[s] = into.weighed[s] = 0
    for i in range(into.first.shape[1]):
        into.first[s, i] = into.second[s, i] = 0.0
    for k in range(into.waves.shape[2]):
        into.waves[s, 0, k] = into.waves[s, 1, k] = 0.0


@called
def add_waves(x: float, nodes: FloatArray, fine: FloatArray, out: FloatArray) -> None:
    """Add exp(i w x) at w = (k + 1/2) step: the first of STRETCHES by rotation, the others by it.

    One sine and one cosine a row: all else are products.
    """
    length = fine.shape[1]
    first, other = math.cos(nodes[0] * x), math.sin(nodes[0] * x)
    a, b, c, s = first, other, first * first - other * other, 2.0 * first * other
    for p in range(length):
        fine[0, p], fine[1, p] = a, b
        a, b = a * c - b * s, a * s + b * c
    c, s = a * first + b * other, b * first - a * other  # from the first node to past the last
    a, b = 1.0, 0.0
    for q in range(STRETCHES):
        cos, sin = out[0, q * length : (q + 1) * length], out[1, q * length : (q + 1) * length]
        for p in range(length):
            cos[p] += fine[0, p] * a - fine[1, p] * b
            sin[p] += fine[0, p] * b + fine[1, p] * a
        a, b = a * c - b * s, a * s + b * c


@called
def add(
    shape: int,
    h: float,
    x: FloatArray,
    start: int,
    count: int,
    s: int,
    shown: bool,
    by: Measures,
    into: Sums,
) -> None:
    """Bring the sums of slot s up to its `count` rows, which begin at `start`.

    The kernels wait for a fit that is shown, where all rows that came since join them.
    """
    fresh = range(start + into.seen[s], start + count)
    for i in range(len(by.centre)):
        centre, first, second = by.centre[i], into.first[s, i], into.second[s, i]
        for r in fresh:
            u = x[r, i] - centre
            first += u
            second += u * u
        into.first[s, i], into.second[s, i] = first, second
    if len(by.nodes):
        waves = into.waves[s]
        for r in fresh:
            add_waves(x[r, 0] - by.centre[0], by.nodes, into.fine, waves)
    into.seen[s] = count
    if by.points.shape[1] and shown:
        if into.weighed[s] == 0:
            for j in range(by.points.shape[1]):
                into.low[s, j], into.total[s, j] = np.inf, 0.0
        add_kernels(
            shape, x, start + into.weighed[s], start + count, h, by.points, into.work,
            into.low[s], into.total[s],
        )  # fmt: skip
        into.weighed[s] = count


@spliced
def cloud(shares: FloatArray, extra: float, by: Measures, into: Sums) -> None:
    """Squared mean and variance of the rows of a fit, a coordinate on average."""
    dim = len(by.centre)
    shift = spread = 0.0
    for i in range(dim):
        first = second = 0.0
        for s in range(len(shares)):
            first += shares[s] * into.first[s, i]
            second += shares[s] * into.second[s, i]
        shift += first * first
        spread += second - first * first
    into.values[CLOUD_MEAN], into.values[CLOUD_VARIANCE] = shift / dim, max(spread, 0.0) / dim
    into.values[EXTRA] = (shift + spread) / dim + extra


@spliced
def transform(
    shares: FloatArray, pairs: float, t: int, second: bool, by: Measures, into: Sums
) -> None:
    """Integrated squared error; and the product of two chains' differences from the truth.

    The square of a row's own kernel is known in closed form: `pairs`, the sum of the squared
    weights, times its roughness. Left to the quadrature are pairs of different rows, whose
    transform decays faster. So it is with the truth's own square.
    """
    error, product = by.truth_square + pairs * by.roughness[t], 0.0
    for k in range(len(by.nodes)):
        re = im = 0.0
        for s in range(len(shares)):
            re += shares[s] * into.waves[s, 0, k]
            im += shares[s] * into.waves[s, 1, k]
        a, kappa = by.truth[0, k], by.kappa[t, k]
        b, weight = by.truth[1, k], by.frequency_weights[k]
        error += weight * kappa * kappa * (re * re + im * im - pairs)
        error -= weight * 2.0 * kappa * (a * re + b * im)
        re, im = kappa * re - a, kappa * im - b
        if second:
            product += weight * (re * into.difference[t, 0, k] + im * into.difference[t, 1, k])
        else:
            into.difference[t, 0, k], into.difference[t, 1, k] = re, im
    if second:
        into.values[MEAN_DENSITY] = product
        into.values[VARIANCE] = 0.5 * (into.error[t] + error) - product
    else:
        into.values[MISE] = into.error[t] = error


@spliced
def likelihood(shares: FloatArray, height: float, by: Measures, into: Sums) -> None:
    """Negative log likelihoods of a fit, from the sums of its slots."""
    into.values[NLL], into.values[EXCESS] = by.offsets[0], by.offsets[1]
    for j in range(by.points.shape[1]):
        low, total = math.inf, 0.0
        for s in range(len(shares)):
            if shares[s] > 0.0 and into.total[s, j] > 0.0:
                if into.low[s, j] < low:
                    if total > 0.0:
                        total *= math.exp(into.low[s, j] - low)
                    low = into.low[s, j]
                total += shares[s] * into.total[s, j] * math.exp(low - into.low[s, j])
        density = height + math.log(total) - low if total > 0.0 else -math.inf
        if by.point_weights[0, j] > 0.0:
            into.values[NLL] -= by.point_weights[0, j] * density
        if by.point_weights[1, j] > 0.0:
            into.values[EXCESS] -= by.point_weights[1, j] * density


@spliced
def measure(plan: Any, t: int, pairs: float, shares: Any, second: bool, by: Any, into: Any) -> None:
    """Every field of fit t, whose rows have those weights, into into.values."""
    cloud(shares, by.extra[t], by, into)
    if len(by.nodes):
        transform(shares, pairs, t, second, by, into)
    if by.points.shape[1] and by.shown[t]:
        likelihood(shares, plan.log_height[t], by, into)
    else:
        into.values[NLL] = into.values[EXCESS] = np.nan
