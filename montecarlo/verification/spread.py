"""Verified rows with mean and spread refitted, simulated: write rows, accept or reject each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.estimate import Estimates
from montecarlo.vectorised import SideBySide
from theory.verification.spread import VerifiedSpread
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]

FAMILY = 15  # this family's place in every spawn key
FIELDS = ("variance", "verifier_error")
MOST_WRITTEN = 10_000  # rows a run and round for each that is missing: then nothing is accepted


def estimate(
    chain: VerifiedSpread,
    generations: int,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """Fitted variance and (mean - centre)^2 of fits 1..T, by maximum likelihood.

    Raises:
        ValueError: a value out of range, quoted.
        Halted: a verifier that rejects everything; `finished` holds the fits before.

    Example:
        >>> found = estimate(VerifiedSpread(1.0, rows=20), 3, seed=1, replicates=500)
        >>> found.variance.mean.shape
        (4,)
    """
    whole_number("generations", generations)

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.zeros((generations + 1, 2, runs))
        found[0] = [[1.0], [chain.centre**2]]
        rows = rng.standard_normal((runs, chain.rows))
        for t in range(1, generations + 1):
            mean, spread = rows.mean(axis=1), rows.std(axis=1)
            found[t] = spread**2, (mean - chain.centre) ** 2
            if t == generations:
                break
            accepted = _accepted(rng, chain, mean, spread)
            if accepted is None:
                return found[: t + 1]
            rows = accepted
        return found

    task = SideBySide(
        FAMILY, "verified spread", chain, Workflow.replace(chain.rows), generations, FIELDS,
        2 * generations * chain.rows, block,
        halts=f"the verifier rejects everything: {MOST_WRITTEN:,} rows in a row, with "
        f"centre={chain.centre!r}, radius={chain.radius!r}",
    )  # fmt: skip
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def _accepted(
    rng: np.random.Generator, chain: VerifiedSpread, mean: FloatArray, spread: FloatArray
) -> FloatArray | None:
    """Rows of each run's model that the verifier accepts, axes (run, row); or None."""
    rows = mean[:, None] + spread[:, None] * rng.standard_normal((len(mean), chain.rows))
    for _ in range(MOST_WRITTEN):
        run, row = np.nonzero(np.abs(rows - chain.centre) > chain.radius)
        if not len(run):
            return np.asarray(rows)
        rows[run, row] = mean[run] + spread[run] * rng.standard_normal(len(run))
    return None
