"""Weighted variances, the stability probe and ensembles of generators, simulated row by row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.estimate import Estimates
from montecarlo.vectorised import SideBySide
from theory.weighting import Ensemble, WeightedCovariance
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]

FAMILY = 12  # these families' places in every spawn key
PROBE = 13
ENSEMBLE = 14


def estimate(
    spec: WeightedCovariance,
    generations: int,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """variance_error of fits 1..T: each the weighted average of two unbiased variances.

    Example:
        >>> estimate(WeightedCovariance(5, 5, 0.5), 3, seed=1, replicates=500).count
        500
    """
    whole_number("generations", generations)

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.zeros((generations + 1, 1, runs))
        fitted = np.ones(runs)
        for t in range(1, generations + 1):
            real = rng.standard_normal((runs, spec.real)).var(axis=1, ddof=1)
            if t > 1:
                rows = np.sqrt(fitted)[:, None] * rng.standard_normal((runs, spec.synthetic))
                real = spec.weight * real + (1 - spec.weight) * rows.var(axis=1, ddof=1)
            fitted = real
            found[t, 0] = (fitted - 1) ** 2
        return found

    draws = generations * (spec.real + spec.synthetic)
    flow = Workflow.fresh(spec.real, spec.synthetic, weight=spec.weight)
    task = SideBySide(
        FAMILY, "weighting", spec, flow, generations, ("variance_error",), draws, block
    )
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


@dataclass(frozen=True)
class _Probe:
    """What a checkpoint of the probe is of."""

    real: int
    synthetic: int
    share: float


def stability(
    real: int,
    synthetic: int,
    share: float,
    generations: int,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """squared_difference of the means of two chains whose real sets differ in one row.

    Example:
        >>> stability(10, 10, 0.5, 3, seed=1, replicates=500).squared_difference.mean.shape
        (4,)
    """
    whole_number("generations", generations)

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.zeros((generations + 1, 1, runs))
        rows = np.repeat(rng.standard_normal((1, runs, real)), 2, axis=0)
        rows[1, :, 0] = rng.standard_normal(runs)
        kept = rows.mean(axis=2)
        mean = kept
        for t in range(1, generations + 1):
            if t > 1:
                drawn = mean[:, :, None] + rng.standard_normal((2, runs, synthetic))
                mean = share * kept + (1 - share) * drawn.mean(axis=2)
            found[t, 0] = (mean[0] - mean[1]) ** 2
        return found

    draws = real + 1 + 2 * synthetic * (generations - 1)
    task = SideBySide(
        PROBE, "stability", _Probe(real, synthetic, share), Workflow.anchored(real, synthetic),
        generations, ("squared_difference",), draws, block,
    )  # fmt: skip
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def ensemble(
    spec: Ensemble,
    generations: int,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """mean_error and coverage of fits 1..T to the rows of several generators, all written.

    Example:
        >>> ensemble(Ensemble(10, 10, 2), 3, seed=1, replicates=500).coverage.mean[0]
        np.float64(1.0)
    """
    whole_number("generations", generations)

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.zeros((generations + 1, 2, runs))
        found[0, 1] = 1.0
        mean = np.zeros(runs)
        for t in range(1, generations + 1):
            shape = (runs, spec.generators, spec.synthetic) if t > 1 else (runs, 1, spec.real)
            sets = mean[:, None, None] + rng.standard_normal(shape)
            mean = sets.mean(axis=2).mean(axis=1)
            interval = 1.96 / np.sqrt(shape[1] * shape[2])
            found[t] = mean**2, np.abs(mean) <= interval
        return found

    draws = spec.real + (generations - 1) * spec.synthetic * spec.generators
    task = SideBySide(
        ENSEMBLE, "ensemble", spec, Workflow.replace(spec.synthetic), generations,
        ("mean_error", "coverage"), draws, block,
    )  # fmt: skip
    return streaming.estimates(task, seed, replicates, threads, checkpoint)
