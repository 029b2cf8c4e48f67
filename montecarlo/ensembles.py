"""Several generators, each with a mean of its own, simulated row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.estimate import Estimates
from montecarlo.vectorised import SideBySide
from theory.ensembles import Ensemble
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]

FAMILY = 14  # this family's place in every spawn key


def estimate(
    spec: Ensemble,
    generations: int,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """mean_error, set_error and coverage of fits 1..T, with two generators or more their spread.

    Every row is written; a bootstrap draws the training rows again.

    Example:
        >>> estimate(Ensemble(10, 10, 2), 3, seed=1, replicates=500).coverage.mean[0]
        np.float64(1.0)
    """
    whole_number("generations", generations)
    many = spec.generators > 1
    fields = ("mean_error", "set_error", "coverage", *(("spread",) if many else ()))

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.zeros((generations + 1, len(fields), runs))
        found[0, 2] = 1.0
        rows = rng.standard_normal((runs, 1, spec.real))
        for t in range(1, generations + 1):
            if t > 1:
                shape = (runs, spec.generators, spec.synthetic)
                rows = _generators(spec, rng, rows)[:, :, None] + rng.standard_normal(shape)
                sets = rows.mean(axis=2)
                found[t, 1] = sets[:, 0] ** 2
                if many:
                    found[t, 3] = sets.var(axis=1, ddof=1)
            mean = rows.mean(axis=(1, 2))
            interval = 1.96 / np.sqrt(rows[0].size)
            found[t, 0], found[t, 2] = mean**2, np.abs(mean) <= interval
        return found

    each = spec.generators * (spec.synthetic * (2 if spec.kind == "bootstrap" else 1) + 1)
    draws = spec.real + (generations - 1) * each
    flow = Workflow.replace(spec.synthetic)
    task = SideBySide(FAMILY, "ensemble", spec, flow, generations, fields, draws, block)
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def _generators(spec: Ensemble, rng: np.random.Generator, rows: FloatArray) -> FloatArray:
    """Mean of each generator fitted to the rows of all sets, axes (run, generator)."""
    runs, count = len(rows), rows[0].size
    every = rows.reshape(runs, count)
    if spec.kind == "bootstrap":
        again = rng.integers(count, size=(runs, spec.generators * count))
        drawn = np.take_along_axis(every, again, axis=1)
        return np.asarray(drawn.reshape(runs, spec.generators, count).mean(axis=2))
    means = np.repeat(every.mean(axis=1)[:, None], spec.generators, axis=1)
    if spec.kind == "posterior":
        means = means + rng.standard_normal(means.shape) / np.sqrt(count)
    return means
