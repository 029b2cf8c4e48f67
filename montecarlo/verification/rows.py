"""The literal engine: write a label, accept or reject it, fit again. One pass over each direction.

Least squares on whole batches needs of each slot the rows of a direction and their mean: the real
rows of direction j are one, of length mu_j, which weighs mu_j^2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo.kernels import called, kernel, spliced
from montecarlo.verification.fields import SQUARED, VERIFIER

FloatArray = npt.NDArray[np.float64]

MOST_REJECTED = 10**7  # labels in a row: more, and the verifier rejects everything


@spliced
def fitted(mass: FloatArray, mean: FloatArray, before: float) -> float:
    """The mean of all rows in the slots, that of before where there is no row."""
    total, rows = 0.0, 0.0
    for s in range(len(mass)):
        total += mass[s] * mean[s]
        rows += mass[s]
    return total / rows if rows > 0.0 else before


@spliced
def put(
    mass: FloatArray, mean: FloatArray, slot: int, rows: float, new: float, joins: bool
) -> None:
    """A batch of so many rows and that mean into a slot."""
    if not joins:
        mass[slot] = 0.0
    if rows > 0.0:
        mass[slot] += rows
        share = rows / mass[slot]
        mean[slot] = new if share == 1.0 else mean[slot] + share * (new - mean[slot])


@called
def write_accepted(
    rng: np.random.Generator, plan: Any, weight: float, centre: float, n: int
) -> Any:
    """(mean of n accepted labels, labels written); none written if it rejects everything."""
    total, written = 0.0, 0
    for _ in range(n):
        rejected = 0
        while True:
            y = weight + plan.noise * rng.standard_normal()
            written += 1
            if abs(y - centre) <= plan.reach:
                break
            rejected += 1
            if rejected == MOST_REJECTED:
                return weight, 0
        total += y
    return total / n, written


@called
def write_generated(
    rng: np.random.Generator, plan: Any, weight: float, centre: float, n: int
) -> Any:
    """(mean of the accepted among n labels, how many they are)."""
    total, kept = 0.0, 0
    for _ in range(n):
        y = weight + plan.noise * rng.standard_normal()
        if abs(y - centre) <= plan.reach:
            total += y
            kept += 1
    return (total / kept if kept > 0 else weight), kept


@spliced
def record(
    error: float, distance: float, share: float, order: Any, replicate: int, out: FloatArray
) -> None:
    """Add one direction to the fields asked for; out axes (field, replicate)."""
    for f in range(len(order)):
        if order[f] == SQUARED:
            out[f, replicate] += error**2
        elif order[f] == VERIFIER:
            out[f, replicate] += distance**2
        else:
            out[f, replicate] += share


@kernel
def rows_block(rng: Any, plan: Any, order: Any, out: Any) -> int:
    """Chains label by label; out axes (generation, field, replicate).

    The share accepted is, of n accepted among m written, (n - 1)/(m - 1), which is unbiased.

    Returns:
        The last fit of all: where a verifier rejects MOST_REJECTED labels one after the other, the
        runs that follow go no further.
    """
    last = len(out) - 1
    mass, mean = np.empty(plan.slots), np.empty(plan.slots)
    dim = len(plan.centres)
    out[:] = 0.0
    for replicate in range(out.shape[2]):
        for j in range(dim):
            mu, centre = plan.singular_values[j], plan.centres[j]
            mass[:], mean[:] = 0.0, 0.0
            weight, share = 0.0, 1.0 / dim
            record(weight, weight - centre, share, order, replicate, out[0])
            for t in range(1, last + 1):
                if plan.real[t] > 0:
                    put(mass, mean, 0, mu * mu, plan.noise * rng.standard_normal() / mu, False)
                weight = fitted(mass, mean, weight)
                record(weight, weight - centre, share, order, replicate, out[t])
                if t == last:
                    break
                n = plan.rows[t]
                if plan.generated:
                    new, kept = write_generated(rng, plan, weight, centre, n)
                    share = kept / n / dim
                else:
                    new, written = write_accepted(rng, plan, weight, centre, n)
                    if written == 0:
                        last = t
                        break
                    share = ((n - 1) / (written - 1) if written > 1 else 1.0) / dim
                    kept = n
                put(mass, mean, plan.slot[t], float(kept), new, plan.merges)
    return last
