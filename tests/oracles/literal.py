"""The Gaussian chain exactly as one would run it: rows, fits, samples, one replicate at a time.

Every row of every batch is stored.  A fit is ``numpy.average`` and ``numpy.cov``; a sample is the
mean plus a covariance square root times standard normals.  The truth is N(0, Sigma_0).  Nothing is
vectorised over replicates and no sufficient statistic is used.
"""

import math
from collections.abc import Iterator
from typing import Unpack

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.oracles.training_sets import Fit, Options, training_sets

Array = NDArray[np.float64]

TRUTH = {
    "mean_error": 0.0,
    "trace_ratio": 1.0,
    "covariance_error": 0.0,
    "log_det_ratio": 0.0,
    "determinant_ratio": 1.0,
    "precision_ratio": 1.0,
    "mahalanobis_error": 0.0,
    "excess_nll": 0.0,
    "wasserstein": 0.0,
    "spread_ratio": 1.0,
}
"""The curves and the value of each at generation 0."""


def simulate(
    kind: str,
    n: tuple[int, ...],
    generations: int,
    *,
    seed: int,
    replicates: int,
    dim: int = 1,
    covariance: Array | None = None,
    ddof: int = 0,
    tau: float = 1.0,
    **options: Unpack[Options],
) -> dict[str, Array]:
    """Return arrays (replicate, generation 0..T), one for each of these curves.

    mean_error |mu_t - mu_0|^2 / tr Sigma_0; trace_ratio tr Sigma_t / tr Sigma_0; covariance_error
    ||Sigma_t - Sigma_0||_F^2 / ||Sigma_0||_F^2; log_det_ratio and determinant_ratio of Sigma_t to
    Sigma_0; precision_ratio tr(Sigma_0 Sigma_t^-1) / d; mahalanobis_error (mu_t - mu_0)'
    Sigma_t^-1 (mu_t - mu_0); excess_nll KL(truth || model) in nats; wasserstein W2^2 / tr Sigma_0;
    spread_ratio sigma_t / sigma_0, in d = 1 only.  A singular Sigma_t gives -inf or inf.
    """
    truth = np.eye(dim) if covariance is None else np.asarray(covariance, dtype=float)
    fits = training_sets(kind, n, generations, **options)
    generator = np.random.default_rng(seed)
    curves = {
        name: np.full((replicates, generations + 1), value)
        for name, value in TRUTH.items()
        if name != "spread_ratio" or dim == 1
    }
    for replicate in range(replicates):
        models = _one_run(fits, truth, ddof, tau, generator)
        for t, (mean, fitted) in enumerate(models, start=1):
            for name, value in _measure(mean, fitted, truth).items():
                curves[name][replicate, t] = value
    return curves


def _one_run(
    fits: list[Fit], truth: Array, ddof: int, tau: float, generator: Generator
) -> Iterator[tuple[Array, Array]]:
    """Yield the fitted mean and covariance of generations 1, 2, ... of one run."""
    batches: list[Array] = []
    for fit in fits:
        for rows in fit.new_real:
            batches.append(_sample(np.zeros(len(truth)), truth, rows, generator))
        mean, covariance = _fit(*_training_rows(fit, batches, generator), ddof)
        yield mean, covariance
        batches.append(_sample(mean, tau * covariance, fit.synthetic_rows, generator))


def _training_rows(
    fit: Fit, batches: list[Array], generator: Generator
) -> tuple[Array, Array | None]:
    """Return the rows trained on and the weight of each, None where all weigh the same."""
    pool = np.concatenate([batches[b] for b in fit.sizes])
    if fit.budget is not None:
        return pool[generator.choice(len(pool), size=fit.budget, replace=fit.replacement)], None
    if fit.rows_weigh_the_same:
        return pool, None
    weights = [np.full(fit.sizes[b], float(w) / fit.sizes[b]) for b, w in fit.weights.items()]
    return pool, np.concatenate(weights)


def _fit(rows: Array, weights: Array | None, ddof: int) -> tuple[Array, Array]:
    """Return mean and covariance, rank defects made exact.

    Rows that lie in a hyperplane give an eigenvalue that is rounding noise instead of zero.  The
    noise is at most of order eps times the largest eigenvalue, or (eps |row|)^2 from the
    subtraction of the mean; eigenvalues below that are set to zero, so that a degenerate model
    samples degenerate rows for ever after.
    """
    mean = np.average(rows, axis=0, weights=weights)
    covariance = np.atleast_2d(np.cov(rows, rowvar=False, ddof=ddof, aweights=weights))
    values, vectors = np.linalg.eigh(covariance)
    eps = np.finfo(float).eps
    noise = len(values) * eps * values[-1] + (8 * eps * np.abs(rows).max()) ** 2
    return mean, (vectors * np.where(values > noise, values, 0.0)) @ vectors.T


def _sample(mean: Array, covariance: Array, rows: int, generator: Generator) -> Array:
    return mean + generator.standard_normal((rows, len(mean))) @ _root(covariance)


def _root(covariance: Array) -> Array:
    """Return the symmetric square root; rounding below zero counts as zero."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def _measure(mean: Array, fitted: Array, truth: Array) -> dict[str, float]:
    """Return every curve's value for one fitted model.

    W2^2 has the term tr (R Sigma_t R)^(1/2), R the root of Sigma_0: the sum of the roots of the
    eigenvalues of Sigma_0 Sigma_t.
    """
    trace, distance = truth.trace(), mean @ mean
    eigenvalues = np.linalg.eigvals(truth @ fitted).real
    overlap = np.sqrt(np.maximum(eigenvalues, 0.0)).sum()
    values = {
        "mean_error": distance / trace,
        "trace_ratio": fitted.trace() / trace,
        "covariance_error": np.sum((fitted - truth) ** 2) / np.sum(truth**2),
        "wasserstein": (distance + trace + fitted.trace() - 2 * overlap) / trace,
        **_likelihood(mean, fitted, truth),
    }
    if len(truth) == 1:
        values["spread_ratio"] = math.sqrt(fitted[0, 0] / truth[0, 0])
    return values


def _likelihood(mean: Array, fitted: Array, truth: Array) -> dict[str, float]:
    """Return the curves made of a determinant or an inverse; a rank defect makes them infinite."""
    dim = len(truth)
    eigenvalues = np.linalg.eigvalsh(fitted)
    if eigenvalues[0] <= dim * np.finfo(float).eps * eigenvalues[-1]:
        infinite = {"precision_ratio": np.inf, "mahalanobis_error": np.inf, "excess_nll": np.inf}
        return {"log_det_ratio": -np.inf, "determinant_ratio": 0.0, **infinite}
    log_det_ratio = np.linalg.slogdet(fitted)[1] - np.linalg.slogdet(truth)[1]
    precision = np.linalg.inv(fitted)
    trace, distance = np.sum(truth * precision), mean @ precision @ mean
    return {
        "log_det_ratio": log_det_ratio,
        "determinant_ratio": math.exp(log_det_ratio),
        "precision_ratio": trace / dim,
        "mahalanobis_error": distance,
        "excess_nll": (log_det_ratio + trace + distance - dim) / 2,
    }
