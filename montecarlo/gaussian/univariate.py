"""The statistics engine in one dimension: a normal and a chi-square variate for each batch.

A batch of n rows of the model (mu, sigma) has mean mu + (tau/n)^(1/2) sigma g and variance
(ddof 0) tau sigma^2 c / n, with g standard normal and c chi-square of n - 1 degrees, independent.
Means are in units of the truth's standard deviation. Spreads are kept as standard deviations, so
that a chain may collapse twice as far before it underflows.

Runs advance LANES at a time: the variates are drawn one by one, the arithmetic is vectorised.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo.gaussian.fields import (
    COVARIANCE,
    DETERMINANT,
    FIELDS,
    LOG_DET,
    MAHALANOBIS,
    MEAN,
    NLL,
    PRECISION,
    SPREAD,
    SURVIVAL,
    TRACE,
    WASSERSTEIN,
)
from montecarlo.gaussian.rows import chosen
from montecarlo.kernels import ROUNDING, called, chi_square, gamma_variate, kernel, shape

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LANES = 64  # enough to fill vector registers, few enough to stay in the first-level cache


@called
def draw_batches(
    rng: np.random.Generator,
    rows: int,
    temperature: float,
    mean: FloatArray,
    spread: FloatArray,
    new_mean: FloatArray,
    new_spread: FloatArray,
) -> None:
    """A batch of `rows` rows for each lane: its mean and its standard deviation (ddof 0)."""
    if rows > 4:  # chi_square_of, with its choice out of the loop: a fifth faster
        b, c = shape(rows - 1)
        for lane in range(LANES):
            new_mean[lane] = rng.standard_normal()
            new_spread[lane] = 2.0 * gamma_variate(rng, b, c)
    else:
        for lane in range(LANES):
            new_mean[lane] = rng.standard_normal()
            new_spread[lane] = chi_square(rng, rows - 1)
    root = math.sqrt(temperature / rows)
    for lane in range(LANES):
        new_mean[lane] = mean[lane] + root * spread[lane] * new_mean[lane]
        new_spread[lane] = root * spread[lane] * math.sqrt(new_spread[lane])


@called
def put_lanes(
    means: FloatArray,
    variances: FloatArray,
    new_mean: FloatArray,
    new_spread: FloatArray,
    share: float,
) -> None:
    """Merge a batch into a slot with weight `share`; 1 overwrites."""
    rest = 1.0 - share
    for lane in range(LANES):
        apart = new_mean[lane] - means[lane]
        merged = rest * variances[lane] + share * new_spread[lane] * new_spread[lane]
        variances[lane] = merged + rest * share * apart * apart
        means[lane] = rest * means[lane] + share * new_mean[lane]


@called
def pool_lanes(
    weights: FloatArray,
    means: FloatArray,
    variances: FloatArray,
    exact: bool,
    mean: FloatArray,
    spread: FloatArray,
) -> None:
    """Mean and standard deviation (ddof 0) of the slots together, each with its weight.

    Unless `exact`, a variance that rounding of the mean could have left is zero.
    """
    mean[:] = 0.0
    spread[:] = 0.0
    for s in range(len(weights)):
        if weights[s] > 0.0:
            for lane in range(LANES):
                mean[lane] += weights[s] * means[s, lane]
    for s in range(len(weights)):
        if weights[s] > 0.0:
            for lane in range(LANES):
                apart = means[s, lane] - mean[lane]
                spread[lane] += weights[s] * (variances[s, lane] + apart * apart)
    for lane in range(LANES):
        grain = 0.0 if exact else ROUNDING * mean[lane]
        spread[lane] = math.sqrt(spread[lane]) if spread[lane] > grain * grain else 0.0


@called
def measure_lanes(
    mean: FloatArray,
    spread: FloatArray,
    threshold: float,
    wanted: npt.NDArray[np.bool_],
    out: FloatArray,
) -> None:
    """Every field of each lane's fit into out, axes (field, lane); logarithms if wanted."""
    for lane in range(LANES):
        shift, variance = mean[lane] * mean[lane], spread[lane] * spread[lane]
        off = spread[lane] - 1.0
        out[MEAN, lane], out[TRACE, lane] = shift, variance
        out[DETERMINANT, lane], out[SPREAD, lane] = variance, spread[lane]
        out[COVARIANCE, lane] = (variance - 1.0) * (variance - 1.0)
        out[WASSERSTEIN, lane] = shift + off * off
        out[SURVIVAL, lane] = 1.0 if spread[lane] > threshold else 0.0
    if wanted[PRECISION] or wanted[MAHALANOBIS] or wanted[NLL]:
        for lane in range(LANES):
            inverse = 1.0 / spread[lane]
            scaled = mean[lane] * inverse
            singular = spread[lane] == 0.0
            out[PRECISION, lane] = math.inf if singular else inverse * inverse
            out[MAHALANOBIS, lane] = math.inf if singular else scaled * scaled
    if wanted[LOG_DET] or wanted[NLL]:
        for lane in range(LANES):
            out[LOG_DET, lane] = 2.0 * math.log(spread[lane])
    if wanted[NLL]:
        for lane in range(LANES):
            quadratic = out[PRECISION, lane] + out[MAHALANOBIS, lane] - 1.0
            nll = 0.5 * (out[LOG_DET, lane] + quadratic)
            out[NLL, lane] = math.inf if spread[lane] == 0.0 else nll


@called
def keep_lanes(values: FloatArray, order: IntArray, first: int, out: FloatArray) -> None:
    """The fields asked for of the lanes asked for; out axes (field, replicate)."""
    lanes = min(LANES, out.shape[1] - first)
    for f in range(len(order)):
        row, value = out[f, first : first + lanes], values[order[f]]
        for lane in range(lanes):
            row[lane] = value[lane]


@kernel
def univariate_block(rng: Any, plan: Any, order: Any, out: Any) -> None:
    """Chains under any workflow without subsampling; out axes (generation, field, replicate).

    A group of lanes is drawn whole, however few are asked for: a run does not depend on that.
    """
    slots, last = plan.weights.shape[1], len(out) - 1
    means, variances = np.empty((slots, LANES)), np.empty((slots, LANES))
    mean, spread, new_mean, new_spread = np.empty((4, LANES))
    values, wanted = np.empty((len(FIELDS), LANES)), chosen(order)
    origin, unit = np.zeros(LANES), np.ones(LANES)
    for first in range(0, out.shape[2], LANES):
        means[:], variances[:] = 0.0, 0.0
        measure_lanes(origin, unit, plan.threshold, wanted, values)
        keep_lanes(values, order, first, out[0])
        for t in range(1, last + 1):
            if plan.real_rows[t] > 0:
                draw_batches(rng, plan.real_rows[t], 1.0, origin, unit, new_mean, new_spread)
                put_lanes(means[0], variances[0], new_mean, new_spread, 1.0)
            if plan.last_only:
                mean[:], spread[:] = new_mean, new_spread
            else:
                pool_lanes(plan.weights[t], means, variances, plan.exact_rank, mean, spread)
            spread *= math.sqrt(plan.unbias[t]) if plan.rank[t] > 0 else 0.0
            measure_lanes(mean, spread, plan.threshold, wanted, values)
            keep_lanes(values, order, first, out[t])
            if t < last:
                rows, tau, slot = plan.synthetic_rows[t], plan.temperature, plan.slot[t]
                draw_batches(rng, rows, tau, mean, spread, new_mean, new_spread)
                if not plan.last_only:
                    put_lanes(means[slot], variances[slot], new_mean, new_spread, plan.share[t])
