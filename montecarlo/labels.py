"""Verification of synthesised labels, simulated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.estimate import Estimates
from montecarlo.vectorised import SideBySide
from theory.labels import VerifiedLabels
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]

FAMILY = 5  # this family's place in every spawn key
FIELDS = ("accuracy",)
METHODS = ("statistics", "rows")


def estimate(
    labels: VerifiedLabels,
    *,
    seed: int,
    replicates: int,
    method: str = "statistics",
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """Accuracy with its standard error: index 0 the best classifier, index 1 the fitted one.

    'rows' writes, labels and keeps every row, 'statistics' draws the kept counts and the average.
    A fitted classifier is scored by the share of the normal law on the right side of its plane.

    Raises:
        ValueError: a value out of range, quoted.

    Example:
        >>> found = estimate(VerifiedLabels(5, 1.0, 30, 0.3, 0.9, 0.3), seed=1, replicates=2000)
        >>> found.accuracy.mean.shape
        (2,)
    """
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}: choose from {', '.join(METHODS)}")
    literal = method == "rows"

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        weights = _from_rows(labels, rng, runs) if literal else _from_counts(labels, rng, runs)
        return np.stack([_scored(labels, _ideal(labels, runs)), _scored(labels, weights)])[:, None]

    draws = labels.dim * (labels.rows if literal else 1) + 2
    task = SideBySide(
        FAMILY, f"labels {method}", labels, Workflow.replace(labels.rows), 1, FIELDS, draws, block
    )
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def _ideal(labels: VerifiedLabels, runs: int) -> FloatArray:
    weights = np.zeros((runs, labels.dim))
    weights[:, 0] = 1.0
    return weights


def _from_rows(labels: VerifiedLabels, rng: np.random.Generator, runs: int) -> FloatArray:
    """Average of label x row over kept rows, axes (run, feature); the class centre is on axis 0."""
    shape = (runs, labels.rows)
    truth = np.where(rng.random(shape) < 0.5, 1.0, -1.0)
    rows = rng.standard_normal((*shape, labels.dim))
    rows[:, :, 0] += labels.distance * truth
    correct = rng.random(shape) >= labels.wrong
    given = np.where(correct, truth, -truth)
    kept = rng.random(shape) < np.where(correct, labels.keep_correct, labels.keep_wrong)
    return np.asarray(np.einsum("rn,rnd->rd", given * kept, rows))


def _from_counts(labels: VerifiedLabels, rng: np.random.Generator, runs: int) -> FloatArray:
    """The sum of the kept rows from its law, axes (run, feature): its length does not matter."""
    correct = rng.binomial(labels.rows, 1 - labels.wrong, runs)
    kept_correct = rng.binomial(correct, labels.keep_correct)
    kept_wrong = rng.binomial(labels.rows - correct, labels.keep_wrong)
    kept = kept_correct + kept_wrong
    weights = rng.standard_normal((runs, labels.dim)) * np.sqrt(kept)[:, None]
    weights[:, 0] += labels.distance * (kept_correct - kept_wrong)
    return np.asarray(weights)


def _scored(labels: VerifiedLabels, weights: FloatArray) -> FloatArray:
    """Accuracy of each classifier, axis (run,); 1/2 of one that knows nothing."""
    from scipy.special import ndtr

    length = np.sqrt((weights**2).sum(axis=1))
    along = np.divide(weights[:, 0], length, out=np.zeros(len(weights)), where=length > 0)
    return np.asarray(ndtr(labels.distance * along))
