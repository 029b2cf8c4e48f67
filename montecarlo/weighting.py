"""A variance averaged over fresh real rows and the last models', simulated row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.estimate import Estimates
from montecarlo.vectorised import SideBySide
from theory.weighting import WeightedCovariance
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]

FAMILY = 12  # this family's place in every spawn key


def estimate(
    spec: WeightedCovariance,
    generations: int,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """variance_error of fits 1..T: each the weighted average of batches' unbiased variances.

    Example:
        >>> estimate(WeightedCovariance(5, 5, 0.5), 3, seed=1, replicates=500).count
        500
    """
    whole_number("generations", generations)

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.zeros((generations + 1, 1, runs))
        fitted = np.ones(runs)
        last: list[FloatArray] = []  # variances of the window's batches
        for t in range(1, generations + 1):
            real = rng.standard_normal((runs, spec.real)).var(axis=1, ddof=1)
            if t > 1:
                rows = np.sqrt(fitted)[:, None] * rng.standard_normal((runs, spec.synthetic))
                last = [*last, rows.var(axis=1, ddof=1)][-spec.window :]
                real = spec.weight * real + (1 - spec.weight) * np.mean(last, axis=0)
            fitted = real
            found[t, 0] = (fitted - 1) ** 2
        return found

    draws = generations * (spec.real + spec.synthetic)
    flow = Workflow.fresh(spec.real, spec.synthetic, weight=spec.weight)
    task = SideBySide(
        FAMILY, "weighting", spec, flow, generations, ("variance_error",), draws, block
    )
    return streaming.estimates(task, seed, replicates, threads, checkpoint)
