"""Curation by reward with finitely many rows, simulated row by row, runs side by side."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.estimate import Estimates
from montecarlo.vectorised import SideBySide
from theory.curated_rows import CuratedRows
from theory.workflow import WorkflowKind, whole_number

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FAMILY = 20  # this family's place in every spawn key


def estimate(
    spec: CuratedRows,
    generations: int,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """Fitted shares, their mean of e^r and their divergence from the truth, fits 0..T.

    Real rows are drawn; of each synthetic row K are drawn from the model and the Bradley-Terry
    winner is kept. With K infinite a row is drawn until one is accepted, with probability e^r over
    the greatest of the categories that the model still has.

    Raises:
        ValueError: a value out of range, quoted.

    Example:
        >>> from theory.workflow import Workflow
        >>> spec = CuratedRows((0.6, 0.4), (0.0, 1.0), 2, Workflow.anchored(9, 9))
        >>> estimate(spec, 3, seed=1, replicates=500).divergence.mean.shape
        (4,)
    """
    whole_number("generations", generations)
    flow, times = spec.workflow, range(1, generations + 1)

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        truth = np.tile(np.array(spec.reference), (runs, 1))
        path, batches = [truth], []
        for t in times:
            if t > 1:
                batches.append(_winners(spec, rng, path[-1], flow.synthetic_rows(t - 1)))
            if t == 1 or flow.kind is WorkflowKind.FRESH:
                batches.append(_shares(_rows(rng, truth, flow.real_rows(t)), truth.shape[1]))
            path.append(np.tensordot(flow.weights(t), np.array(batches), 1))
        return np.array([_measured(spec, p) for p in path])

    size = len(spec.reference)
    fields = (*(f"probability_{i}" for i in range(size)), "expected_weight", "divergence")
    each = 4.0 if spec.draws == math.inf else 2 * spec.draws
    draws = int(sum(flow.real_rows(t) + each * flow.synthetic_rows(t) for t in times))
    task = SideBySide(FAMILY, "curated rows", spec, flow, generations, fields, draws, block)
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def _measured(spec: CuratedRows, p: FloatArray) -> FloatArray:
    """The fields of fitted shares p, axes (run, category): axes (field, run)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log(p / np.array(spec.reference)), 0.0)
    return np.array([*p.T, p @ np.exp(np.array(spec.rewards)), terms.sum(axis=1)])


def _rows(rng: np.random.Generator, p: FloatArray, count: int) -> IntArray:
    """Rows of each run's model, axes (run, row)."""
    u = rng.random((len(p), count))
    sums = np.cumsum(p, axis=1)[:, :-1] / p.sum(axis=1, keepdims=True)
    return np.asarray((u[:, :, None] >= sums[:, None, :]).sum(axis=2))


def _shares(rows: IntArray, size: int) -> FloatArray:
    """Share of each category among a run's rows, axes (run, category)."""
    return np.asarray((rows[:, :, None] == np.arange(size)).mean(axis=1))


def _winners(spec: CuratedRows, rng: np.random.Generator, p: FloatArray, count: int) -> FloatArray:
    """Shares of the winners that each run's model writes, axes (run, category)."""
    rewards = np.array(spec.rewards)
    if spec.draws == math.inf:
        return _shares(_accepted(rng, p, rewards, count), p.shape[1])
    rivals = _rows(rng, p, count * int(spec.draws)).reshape(len(p), count, int(spec.draws))
    # Bradley-Terry: the winner is the greatest reward plus standard Gumbel noise.
    best = (rewards[rivals] + rng.gumbel(size=rivals.shape)).argmax(axis=2)
    return _shares(np.take_along_axis(rivals, best[:, :, None], 2)[:, :, 0], p.shape[1])


def _accepted(rng: np.random.Generator, p: FloatArray, rewards: FloatArray, count: int) -> IntArray:
    """Rows of each run's model that are accepted by their reward, axes (run, row)."""
    greatest = np.where(p > 0, rewards, -math.inf).max(axis=1)
    found = np.empty((len(p), count), dtype=np.int64)
    run, row = (index.ravel() for index in np.indices(found.shape))
    while len(run):
        tried = _rows(rng, p[run], 1)[:, 0]
        wins = np.log(1 - rng.random(len(run))) < rewards[tried] - greatest[run]
        wins |= rewards[tried] == greatest[run]
        found[run[wins], row[wins]] = tried[wins]
        run, row = run[~wins], row[~wins]
    return found
