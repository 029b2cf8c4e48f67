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

from montecarlo.kernels import called, kernel, spliced
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


@spliced
def from_law(rng: Any, u: float, n: int, tables: Any, table: int) -> float:
    """The mean of n accepted variates from its law, |u| within the table's reach.

    The envelope touches log h + n u s at the mode of the nearest u in the table, where the slope of
    what is left is n times the difference of the two u.
    """
    curvature, low, per_step = tables.curvature[table], tables.low[table], tables.per_step[table]
    reach, last = tables.reach[table], tables.values.shape[1] - 2
    step = 2.0 * reach / (tables.modes.shape[1] - 1)
    nearest = int((u + reach) / step + 0.5)
    mode = tables.modes[table, nearest]
    slope = n * (u - (nearest * step - reach))
    centre = mode + slope / curvature
    top = tables.tops[table, nearest] + n * u * mode + 0.5 * slope * slope / curvature
    spread = 1.0 / math.sqrt(curvature)
    while True:
        z = rng.standard_normal()
        s: float = centre + spread * z
        if abs(s) <= -low:
            place = (s - low) * per_step  # log h at s, by the spline
            k = min(max(int(place), 0), last)
            b = place - k
            a = 1.0 - b
            ends = a * tables.values[table, k] + b * tables.values[table, k + 1]
            bend = (a * a - 1.0) * a * tables.second[table, k]
            bend += (b * b - 1.0) * b * tables.second[table, k + 1]
            gain = ends + bend + n * u * s - top + 0.5 * z * z
            v = rng.random()
            if v < 1.0 + gain or v < math.exp(gain):
                break
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
                elif table[t] < 0 or abs(u) > tables.reach[table[t]]:
                    new = centre + noise * row_by_row(rng, u, half_width, n)
                else:
                    new = centre + noise * from_law(rng, u, n, tables, table[t])
                put(mass, mean, plan.slot[t], float(n), new, plan.merges)
