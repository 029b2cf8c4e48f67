"""The engine that draws a batch's mean from its law, at a cost that does not depend on its rows.

The mean of n accepted variates has a log density concave by at least `MeanTable.curvature`
everywhere: a normal of that precision, touching it near its mode, lies above it, and a draw from
that normal is accepted with the ratio. Few rows, or a mean that falls beyond the table, are drawn
row by row, each accepted variate by a proposal that fits where it lies.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo.kernels import called, kernel
from montecarlo.verification.rows import fitted, put, record

FloatArray = npt.NDArray[np.float64]

_WIDE = 1.5  # half-widths above: a normal proposal is accepted more often than a uniform one


@called
def accepted_row(rng: np.random.Generator, u: float, half_width: float) -> float:
    """One variate of N(u, 1) within +-L."""
    side = 1.0 if u >= 0.0 else -1.0
    u = abs(u)
    if u > half_width:  # the edge is the mode: an exponential, cut at the other edge
        rate, width = u - half_width, 2.0 * half_width
        most = -math.expm1(-rate * width)
        while True:
            v = rng.random()
            x = -math.log1p(-v * most) / rate if rate > 1e-12 else v * width
            if math.log(1.0 - rng.random()) < -0.5 * x * x and x <= width:
                return side * (half_width - x)
    if half_width > _WIDE:
        while True:
            x = u + rng.standard_normal()
            if abs(x) <= half_width:
                return side * x
    while True:
        x = half_width * (2.0 * rng.random() - 1.0)
        square = 0.5 * (x - u) ** 2
        v = rng.random()
        if v < 1.0 - square or v < math.exp(-square):
            return side * x


@called
def row_by_row(rng: np.random.Generator, u: float, half_width: float, n: int) -> float:
    """The mean of n accepted variates."""
    total = 0.0
    for _ in range(n):
        total += accepted_row(rng, u, half_width)
    return total / n


@called
def log_h(low: float, per_step: float, values: FloatArray, second: FloatArray, s: float) -> float:
    """log h at s, by the spline."""
    place = (s - low) * per_step
    k = min(max(int(place), 0), len(values) - 2)
    b = place - k
    a = 1.0 - b
    bend = (a * a - 1.0) * a * second[k] + (b * b - 1.0) * b * second[k + 1]
    value: float = a * values[k] + b * values[k + 1] + bend
    return value


@called
def batch_mean(
    rng: np.random.Generator, u: float, half_width: float, n: int, tables: Any, table: int
) -> float:
    """The mean of n accepted variates, from its law where the table reaches.

    The envelope touches log h + n u s at the mode of the nearest u in the table, where the slope of
    what is left is n times the difference of the two u.
    """
    if table < 0 or abs(u) > tables.reach[table]:
        return row_by_row(rng, u, half_width, n)
    low, per_step, reach = tables.low[table], tables.per_step[table], tables.reach[table]
    values, second = tables.values[table], tables.second[table]
    modes, curvature = tables.modes[table], tables.curvature[table]
    step = 2.0 * reach / (len(modes) - 1)
    k = int((u + reach) / step + 0.5)
    slope = n * (u - (k * step - reach))
    centre = modes[k] + slope / curvature
    top = tables.tops[table, k] + n * u * modes[k] + 0.5 * slope * slope / curvature
    spread = 1.0 / math.sqrt(curvature)
    while True:
        z = rng.standard_normal()
        s: float = centre + spread * z
        if abs(s) <= -low:
            gain = log_h(low, per_step, values, second, s) + n * u * s - top + 0.5 * z * z
            v = rng.random()
            if v < 1.0 + gain or v < math.exp(gain):
                return s


@kernel
def batches_block(rng: Any, plan: Any, tables: Any, table: Any, order: Any, out: Any) -> None:
    """Chains batch by batch; out axes (generation, field, replicate).

    `table` says by generation which of the tables the batch's mean has, -1 for none.
    """
    last = len(out) - 1
    mass, mean = np.empty(plan.slots), np.empty(plan.slots)
    half_width, noise = plan.reach / plan.noise, plan.noise
    out[:] = 0.0
    for replicate in range(out.shape[2]):
        for j in range(len(plan.centres)):
            mu, centre = plan.singular_values[j], plan.centres[j]
            mass[:], mean[:] = 0.0, 0.0
            weight = 0.0
            record(weight, weight - centre, 0.0, order, replicate, out[0])
            for t in range(1, last + 1):
                if plan.real[t] > 0:
                    put(mass, mean, 0, mu * mu, noise * rng.standard_normal() / mu, False)
                weight = fitted(mass, mean, weight)
                record(weight, weight - centre, 0.0, order, replicate, out[t])
                if t == last:
                    break
                n = plan.rows[t]
                u = (weight - centre) / noise
                if math.isinf(half_width):
                    new = weight + noise * rng.standard_normal() / math.sqrt(n)
                else:
                    new = centre + noise * batch_mean(rng, u, half_width, n, tables, table[t])
                put(mass, mean, plan.slot[t], float(n), new, plan.merges)
