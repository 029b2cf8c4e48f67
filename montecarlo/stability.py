"""A disturbed mean beside fixed real rows, and the stability probe, simulated row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.estimate import Estimates
from montecarlo.vectorised import SideBySide
from theory.stability import FixedReal, Probe
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]

FAMILY = 18  # these families' places in every spawn key
PROBE = 13
START = 10.0  # true standard deviations by which the first model is off the real fit


def estimate(
    spec: FixedReal,
    generations: int,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """distance of the models 0..T from the real rows' mean, signed, 1 at the start.

    Example:
        >>> estimate(FixedReal(10, 5), 3, seed=1, replicates=500).distance.mean[0]
        np.float64(1.0)
    """
    whole_number("generations", generations)

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.ones((generations + 1, 1, runs))
        real = rng.standard_normal((runs, spec.real))
        fit = real.mean(axis=1)
        mean = fit + START
        for t in range(1, generations + 1):
            drawn = mean[:, None] + rng.standard_normal((runs, spec.synthetic))
            mean = np.concatenate([real, drawn], axis=1).mean(axis=1)
            found[t, 0] = (mean - fit) / START
        return found

    draws = spec.real + generations * spec.synthetic
    flow = Workflow.anchored(spec.real, spec.synthetic)
    task = SideBySide(FAMILY, "fixed real", spec, flow, generations, ("distance",), draws, block)
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def probe(
    spec: Probe,
    generations: int,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """squared_difference of the means of two chains whose real sets differ in one row.

    Example:
        >>> probe(Probe(10, 10, 0.5), 3, seed=1, replicates=500).squared_difference.mean.shape
        (4,)
    """
    whole_number("generations", generations)

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.zeros((generations + 1, 1, runs))
        rows = np.repeat(rng.standard_normal((1, runs, spec.real)), 2, axis=0)
        rows[1, :, 0] = rng.standard_normal(runs)
        kept = rows.mean(axis=2)
        mean = kept
        for t in range(1, generations + 1):
            if t > 1:
                drawn = mean[:, :, None] + rng.standard_normal((2, runs, spec.synthetic))
                mean = spec.share * kept + (1 - spec.share) * drawn.mean(axis=2)
            found[t, 0] = (mean[0] - mean[1]) ** 2
        return found

    draws = spec.real + 1 + 2 * spec.synthetic * (generations - 1)
    flow = Workflow.anchored(spec.real, spec.synthetic)
    fields = ("squared_difference",)
    task = SideBySide(PROBE, "stability", spec, flow, generations, fields, draws, block)
    return streaming.estimates(task, seed, replicates, threads, checkpoint)
