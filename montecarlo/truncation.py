"""Truncated refits of a Gaussian, and regrowth, simulated row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.estimate import Estimates
from montecarlo.vectorised import SideBySide
from theory.truncation import Regrowth, TruncatedChain
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]

FAMILY = 10  # this family's place in every spawn key
REGROWTH = 11
FIELDS = ("trace_ratio", "mean_error")


def estimate(
    chain: TruncatedChain,
    generations: int,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """Fitted variance and squared error of the mean of fits 1..T to rows of the tails.

    Every row is drawn, and drawn again while it is within `cut` standard deviations of the mean.

    Raises:
        ValueError: a value out of range, quoted.

    Example:
        >>> found = estimate(TruncatedChain(20, 0.1), 3, seed=1, replicates=500)
        >>> found.trace_ratio.mean[0]
        np.float64(1.0)
    """
    whole_number("generations", generations)

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.zeros((generations + 1, 2, runs))
        found[0, 0] = 1.0
        mean, spread = np.zeros(runs), np.ones(runs)
        for t in range(1, generations + 1):
            z = _outside(rng, (runs, chain.rows), chain.cut if t > 1 else 0.0)
            rows = mean[:, None] + spread[:, None] * z
            mean, spread = rows.mean(axis=1), rows.std(axis=1)
            found[t] = spread**2, mean**2
        return found

    task = SideBySide(
        FAMILY, "truncation", chain, Workflow.replace(chain.rows), generations, FIELDS,
        generations * chain.rows, block,
    )  # fmt: skip
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def _outside(rng: np.random.Generator, shape: tuple[int, int], cut: float) -> FloatArray:
    """Standard normals, those within `cut` drawn again."""
    z = rng.standard_normal(shape)
    while True:
        inside = np.abs(z) < cut
        count = int(inside.sum())
        if not count:
            return z
        z[inside] = rng.standard_normal(count)


def regrowth(
    spec: Regrowth,
    generations: int,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """Squared error of the mean, fit t to (t - 1) N rows of model t - 1 and N new real ones.

    Example:
        >>> regrowth(Regrowth(10), 3, seed=1, replicates=500).mean_error.mean.shape
        (4,)
    """
    whole_number("generations", generations)
    rows = spec.rows

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.zeros((generations + 1, 1, runs))
        mean = np.zeros(runs)
        for t in range(1, generations + 1):
            total = rng.standard_normal((runs, rows)).sum(axis=1)
            if t > 1:
                total += (mean[:, None] + rng.standard_normal((runs, (t - 1) * rows))).sum(axis=1)
            mean = total / (t * rows)
            found[t, 0] = mean**2
        return found

    draws = rows * generations * (generations + 1) // 2
    task = SideBySide(
        REGROWTH, "regrowth", spec, Workflow.accumulate(rows), generations,
        ("mean_error",), draws, block,
    )  # fmt: skip
    return streaming.estimates(task, seed, replicates, threads, checkpoint)
