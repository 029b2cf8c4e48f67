"""The linear-regression chain exactly as one would run it: rows, labels, fits, one run at a time.

Real rows are x ~ N(0, Sigma) with labels y = x'w* + sigma_0 e; the rows of a synthetic batch have
labels y = x'w_s + sigma_s e, w_s the model that writes them.  A model is the least-squares fit to
its training rows, of smallest norm where that is not unique, or a ridge fit.  The error of a model
is (w_t - w*)'Sigma (w_t - w*): test error less noise floor.  Every label is drawn and stored;
nothing is vectorised over runs and no expectation is taken.
"""

from collections.abc import Iterator
from typing import Unpack

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.oracles.training_sets import Fit, Options, training_sets

Array = NDArray[np.float64]
Batch = tuple[Array, Array]
"""Rows (row, feature) and their labels."""


def simulate(
    kind: str,
    n: tuple[int, ...],
    generations: int,
    *,
    seed: int,
    replicates: int,
    truth: Array,
    covariance: Array | None = None,
    noise: tuple[float, ...] = (1.0,),
    design: str = "fresh",
    ridge: float = 0.0,
    penalty: str = "scaled",
    **options: Unpack[Options],
) -> Array:
    """Return errors (replicate, generation 0..T).

    ``kind``, ``n`` and ``options`` are those of
    :func:`tests.oracles.training_sets.training_sets`; ``truth`` is w*; entry s of ``noise`` is the
    noise of the labels that model s writes, entry 0 that of real rows, the last entry repeats.
    ``design``: ``fresh`` (new rows for each batch) or ``reused`` (the same rows, so all batches
    have the same size).  ``ridge`` is lambda: the fit solves (X'DX + lambda I) w = X'Dy, D the
    weights of the rows, with sum one.  Under ``penalty="fixed"`` lambda shrinks like (rows of the
    first fit) / (rows of this fit), so that the total penalty stays what it was.
    """
    fits = training_sets(kind, n, generations, **options)
    generator = np.random.default_rng(seed)
    sigma = np.eye(len(truth)) if covariance is None else covariance
    errors = np.zeros((replicates, generations + 1))
    for replicate in range(replicates):
        models = _one_run(fits, truth, sigma, noise, design, ridge, penalty, generator)
        for t, model in enumerate(models, start=1):
            errors[replicate, t] = (model - truth) @ sigma @ (model - truth)
    return errors


def _one_run(
    fits: list[Fit],
    truth: Array,
    sigma: Array,
    noise: tuple[float, ...],
    design: str,
    ridge: float,
    penalty: str,
    generator: Generator,
) -> Iterator[Array]:
    """Yield the models 1, 2, ... of one run."""
    batches: list[Batch] = []
    root = np.linalg.cholesky(sigma)

    def write(rows: int, author: int, model: Array) -> None:
        if design == "reused" and batches:
            x = batches[0][0]
            if len(x) != rows:
                raise ValueError(f"a reused design has {len(x)} rows, not {rows}")
        else:
            x = generator.standard_normal((rows, len(truth))) @ root.T
        spread = noise[min(author, len(noise) - 1)]
        batches.append((x, x @ model + spread * generator.standard_normal(rows)))

    for t, fit in enumerate(fits, start=1):
        for rows in fit.new_real:
            write(rows, 0, truth)
        strength = ridge
        if penalty == "fixed":
            strength *= fits[0].trained_rows / fit.trained_rows
        model = _fit(*_training_rows(fit, batches, generator), strength)
        yield model
        write(fit.synthetic_rows, t, model)


def _training_rows(
    fit: Fit, batches: list[Batch], generator: Generator
) -> tuple[Array, Array, Array]:
    """Return rows, labels and the weight of each, with sum one."""
    x = np.concatenate([batches[b][0] for b in fit.sizes])
    y = np.concatenate([batches[b][1] for b in fit.sizes])
    if fit.budget is None:
        each = [float(fit.weights[b]) / fit.sizes[b] for b in fit.sizes]
        return x, y, np.repeat(each, list(fit.sizes.values()))
    drawn = generator.choice(len(x), size=fit.budget, replace=fit.replacement)
    return x[drawn], y[drawn], np.full(fit.budget, 1 / fit.budget)


def _fit(x: Array, y: Array, weights: Array, strength: float) -> Array:
    """Return the ridge fit, or without a penalty the least-squares fit of smallest norm."""
    if strength > 0:
        gram = x.T @ (weights[:, None] * x) + strength * np.eye(x.shape[1])
        return np.linalg.solve(gram, x.T @ (weights * y))
    root = np.sqrt(weights)
    return np.linalg.lstsq(root[:, None] * x, root * y, rcond=None)[0]
