"""A planner's pipeline, simulated: a mean that is learned from rows that earlier models wrote.

A model is a mean, and writes rows about it with the noise of the real ones: the regular family in
which the leading order in the rows is all there is. Whole batches are drawn as their means; with a
training budget every row is drawn, and so is every choice of rows.

A run has `COORDINATES` independent coordinates and gives the average of their squares.
"""

from __future__ import annotations

from functools import partial, reduce

import numpy as np
import numpy.typing as npt

from montecarlo import blocks
from montecarlo.estimate import Estimates, Moments
from theory.planner.pipeline import Pipeline
from theory.workflow import whole_number

FloatArray = npt.NDArray[np.float64]

FAMILY = 7  # this family's place in every spawn key
COORDINATES = 16


def estimate(
    pipeline: Pipeline,
    rounds: int,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    against: Pipeline | None = None,
) -> Estimates:
    """`error`: mean square of the model's error in units of a row's variance, axis (round,).

    With `against`, a pipeline that differs in its weights only, `difference` is the error less
    that one's on the same noise.

    Raises:
        ValueError: replicates, rounds or threads < 1, a negative seed, a temperature or a verifier.
    """
    whole_number("rounds", rounds)
    for one in (pipeline, against):
        if one is not None and (one.temperature != 1 or one.verifier is not None):
            raise ValueError(f"simulated at temperature 1 without a verifier, got {one!r}")
    if against is not None and (pipeline.budget or against.budget):
        raise ValueError("a difference is simulated without a budget")
    job = partial(_moments, pipeline, against, rounds)
    parts = blocks.run(
        job, family=FAMILY, seed=seed, replicates=replicates, threads=threads, label="pipeline"
    )
    fields = ("error",) if against is None else ("error", "difference")
    return reduce(Moments.merge, parts).estimates(fields)


def _moments(
    pipeline: Pipeline,
    against: Pipeline | None,
    rounds: int,
    stream: np.random.Generator,
    size: int,
) -> Moments:
    """Moments of a block, axes (round, field)."""
    if pipeline.budget is not None:
        return Moments.of(_by_rows(pipeline, rounds, stream, size)[:, None])
    noises = stream.standard_normal((2, rounds + 1, size, COORDINATES))
    found = _by_means(pipeline, noises)
    if against is None:
        return Moments.of(found[:, None])
    return Moments.of(np.stack([found, found - _by_means(against, noises)], axis=1))


def _by_means(pipeline: Pipeline, noises: FloatArray) -> FloatArray:
    """Squares of the errors by batch means, axes (round, run)."""
    real, written = noises[0].copy(), noises[1] / np.sqrt(pipeline.synthetic)
    real[1] /= np.sqrt(pipeline.real)
    real[2:] /= np.sqrt(max(pipeline.real_per_round, 1))
    errors = np.zeros(noises.shape[1:-1])
    for t in range(1, len(errors)):
        back, weight = pipeline.rounds_kept(t), pipeline.real_weight(t)
        model = np.zeros(noises.shape[2:])
        rows = pipeline.real_rows(t)
        for batch in pipeline.real_batches(t):
            own = pipeline.real if batch == 1 else pipeline.real_per_round
            model += weight * own / rows * real[batch]
        for batch in range(t - back, t):
            model += (1 - weight) / back * written[batch]
        errors[t] = (model**2).mean(axis=-1)
        written[t] += model
    return errors


def _by_rows(pipeline: Pipeline, rounds: int, stream: np.random.Generator, size: int) -> FloatArray:
    """The same, row by row: training draws its budget from every row that is kept."""
    assert pipeline.budget is not None
    own = pipeline.real
    real = {1: stream.standard_normal((size, own, COORDINATES))}
    written: dict[int, FloatArray] = {}
    errors = np.zeros((rounds + 1, size))
    for t in range(1, rounds + 1):
        if t > 1 and pipeline.real_per_round:
            shape = (size, pipeline.real_per_round, COORDINATES)
            real[t] = stream.standard_normal(shape)
        back = pipeline.rounds_kept(t)
        parts = [real[batch] for batch in pipeline.real_batches(t)]
        parts += [written[batch] for batch in range(t - back, t)]
        pool = np.concatenate(parts, axis=1)
        if pipeline.budget < pool.shape[1]:
            keys = stream.random(pool.shape[:2])
            drawn = np.argpartition(keys, pipeline.budget, axis=1)[:, : pipeline.budget]
            pool = np.take_along_axis(pool, drawn[:, :, None], axis=1)
        model = pool.mean(axis=1)
        errors[t] = (model**2).mean(axis=-1)
        noise = stream.standard_normal((size, pipeline.synthetic, COORDINATES))
        written[t] = model[:, None, :] + noise
    return errors


def mixing(
    dim: int, rows: int, *, seed: int, replicates: int, threads: int | None = None
) -> Estimates:
    """`mixing`: square error of least squares on rows that unrelated models labelled, in theirs.

    Every row x ~ N(0, I) has a label x'u of a model u of its own, of mean square length one; given
    the rows the expected square of the fit is taken over those models. Axis (round,): 0 and it.
    """
    whole_number("dim", dim)
    whole_number("rows", rows, dim + 2)
    job = partial(_mixed, dim, rows)
    parts = blocks.run(
        job, family=FAMILY, seed=seed, replicates=replicates, threads=threads, label="mixing"
    )
    return reduce(Moments.merge, parts).estimates(("mixing",))


def _mixed(dim: int, rows: int, stream: np.random.Generator, size: int) -> Moments:
    x = stream.standard_normal((size, rows, dim))
    fitted = np.linalg.solve(x.transpose(0, 2, 1) @ x, x.transpose(0, 2, 1))
    squares = (fitted**2).sum(axis=1) * (x**2).sum(axis=2)
    values = np.zeros((2, 1, size))
    values[1, 0] = squares.sum(axis=1) / dim
    return Moments.of(values)
