"""What one would write in NumPy: the competitors of the engines.

Each simulates the Gaussian chain from N(0, I) with ddof=1.  ``loop`` twins follow one run at a
time, the others every run at once.

Competitors of the rows engine return the sum over every fit of the fields of ``workloads.FIELDS``,
so that nothing can be skipped.  Those of the statistics engine do what `estimate` does: they take
names of fields and return mean and standard deviation over runs, axes (moment, generation, field).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]

SUMMED = (
    "mean_error",
    "trace_ratio",
    "log_det_ratio",
    "determinant_ratio",
    "covariance_error",
    "precision_ratio",
    "mahalanobis_error",
    "excess_nll",
)


def replace_loop(rng: Generator, replicates: int, generations: int, n: int, dim: int) -> float:
    """The procedure as written: draw rows, np.mean, np.cov, Cholesky, measure, repeat."""
    total = 0.0
    for _ in range(replicates):
        mean, root = np.zeros(dim), np.eye(dim)
        for _ in range(generations):
            rows = mean + rng.standard_normal((n, dim)) @ root.T
            mean = rows.mean(axis=0)
            covariance = np.atleast_2d(np.cov(rows, rowvar=False))
            root = np.linalg.cholesky(covariance)
            total += _measure_one(mean, covariance, root)
    return total


def replace_vectorised(
    rng: Generator, replicates: int, generations: int, n: int, dim: int
) -> float:
    """All runs together, by the statistics of z, as the engine does."""
    mean, root = np.zeros((replicates, dim)), np.broadcast_to(np.eye(dim), (replicates, dim, dim))
    total = 0.0
    for _ in range(generations):
        z = rng.standard_normal((replicates, n, dim))
        centre = z.mean(axis=1)
        z -= centre[:, None, :]
        mean = mean + (root @ centre[:, :, None])[:, :, 0]
        root = root @ np.linalg.cholesky(z.transpose(0, 2, 1) @ z / (n - 1))
        total += _measure_all(mean, root)
    return total


def subsample_loop(rng: Generator, replicates: int, generations: int, n: int) -> float:
    """Accumulate-subsample in one dimension; a draw costs O(n), whatever the pool.

    Without shuffling, ``choice`` uses Floyd's algorithm up to pools of 10,000 rows.
    """
    total, pool = 0.0, np.empty(n * generations)
    for _ in range(replicates):
        pool[:n] = rng.standard_normal(n)
        for t in range(1, generations + 1):
            size = n * t
            rows = pool[rng.choice(size, n, replace=False, shuffle=False)] if t > 1 else pool[:n]
            mean, variance = rows.mean(), rows.var(ddof=1)
            total += float(_measure_line(mean, variance))
            if t < generations:
                pool[size : size + n] = mean + np.sqrt(variance) * rng.standard_normal(n)
    return total


def subsample_vectorised(rng: Generator, replicates: int, generations: int, n: int) -> float:
    """All runs together: step r of a partial Fisher-Yates shuffle is one operation on all pools."""
    total, pool = 0.0, np.empty((n * generations, replicates))
    pool[:n] = rng.standard_normal((n, replicates))
    run = np.arange(replicates)
    for t in range(1, generations + 1):
        size = n * t
        for r in range(n if t > 1 else 0):
            index = r + (rng.random(replicates) * (size - r)).astype(np.int64)
            taken = pool[index, run]
            pool[index, run] = pool[r]
            pool[r] = taken
        mean, variance = pool[:n].mean(axis=0), pool[:n].var(axis=0, ddof=1)
        total += float(np.sum(_measure_line(mean, variance)))
        if t < generations:
            pool[size : size + n] = mean + np.sqrt(variance) * rng.standard_normal((n, replicates))
    return total


def line_loop(
    rng: Generator, replicates: int, generations: int, n: int, names: Sequence[str]
) -> Array:
    """Replace in one dimension as written: draw rows, mean, variance, measure, repeat."""
    values = np.empty((generations, len(names), replicates))
    for r in range(replicates):
        mean, spread = 0.0, 1.0
        for t in range(generations):
            rows = rng.normal(mean, spread, n)
            mean, spread = float(rows.mean()), math.sqrt(rows.var(ddof=1))
            values[t, :, r] = _line_fields(mean, spread, names, math.log)
    return np.stack([values.mean(axis=2), values.std(axis=2, ddof=1)])


def line_statistics(
    rng: Generator, replicates: int, generations: int, n: int, names: Sequence[str]
) -> Array:
    """Replace in one dimension, all runs together: a normal and a chi-square variate a fit."""
    mean, spread = np.zeros(replicates), np.ones(replicates)
    normal, square = np.empty((2, replicates))
    found = np.empty((2, generations, len(names)))
    for t in range(generations):
        rng.standard_normal(out=normal)
        rng.standard_gamma((n - 1) / 2, out=square)
        normal *= spread
        normal *= 1 / math.sqrt(n)
        mean += normal
        square *= 2 / (n - 1)
        spread *= np.sqrt(square, out=square)
        found[:, t] = _moments(_line_fields(mean, spread, names, np.log))
    return found


def accumulate_loop(
    rng: Generator, replicates: int, generations: int, n: int, dim: int, names: Sequence[str]
) -> Array:
    """Accumulate as written: keep every row, np.mean, np.cov and Cholesky of all of them."""
    values = np.empty((generations, len(names), replicates))
    pool = np.empty((n * generations, dim))
    for r in range(replicates):
        mean, root = np.zeros(dim), np.eye(dim)
        for t in range(generations):
            pool[n * t : n * (t + 1)] = mean + rng.standard_normal((n, dim)) @ root.T
            rows = pool[: n * (t + 1)]
            mean = np.mean(rows, axis=0)
            root = np.linalg.cholesky(np.cov(rows, rowvar=False))
            values[t, :, r] = np.concatenate(_fields(mean[None], root[None], names))
    return np.stack([values.mean(axis=2), values.std(axis=2, ddof=1)])


def replace_statistics(
    rng: Generator, replicates: int, generations: int, n: int, dim: int, names: Sequence[str]
) -> Array:
    """Replace, all runs together, by means and Bartlett factors."""
    mean, root = np.zeros((replicates, dim)), np.tile(np.eye(dim), (replicates, 1, 1))
    factor = np.zeros((replicates, dim, dim))
    found = np.empty((2, generations, len(names)))
    for t in range(generations):
        mean += _products(root, rng.standard_normal((replicates, dim))) / math.sqrt(n)
        _bartlett(rng, n, factor)
        root = root @ factor / math.sqrt(n - 1)
        found[:, t] = _moments(_fields(mean, root, names))
    return found


def accumulate_statistics(
    rng: Generator, replicates: int, generations: int, n: int, dim: int, names: Sequence[str]
) -> Array:
    """Accumulate, all runs together: each batch is merged into the mean and scatter of the pool."""
    mean, root = np.zeros((replicates, dim)), np.tile(np.eye(dim), (replicates, 1, 1))
    scatter, factor = np.zeros_like(root), np.zeros_like(root)
    found = np.empty((2, generations, len(names)))
    for t in range(generations):
        shift = _products(root, rng.standard_normal((replicates, dim))) / math.sqrt(n)
        _bartlett(rng, n, factor)
        written = root @ factor
        scatter += written @ written.transpose(0, 2, 1)
        # The model's mean is the pool's, so `shift` is what lies between the batch and the pool.
        scatter += (n * t / (t + 1)) * shift[:, :, None] * shift[:, None, :]
        mean += shift / (t + 1)
        root = np.linalg.cholesky(scatter / (n * (t + 1) - 1))
        found[:, t] = _moments(_fields(mean, root, names))
    return found


def _bartlett(rng: Generator, n: int, factor: Array) -> None:
    """Fill lower triangles, axes (replicate, row, column), with factors of Wishart(n - 1, I)."""
    replicates, dim, _ = factor.shape
    diagonal = np.arange(dim)
    row, column = np.tril_indices(dim, -1)
    factor[:, row, column] = rng.standard_normal((replicates, len(row)))
    squares = rng.chisquare(n - 1 - diagonal, (replicates, dim))
    factor[:, diagonal, diagonal] = np.sqrt(squares)


def _products(matrices: Array, vectors: Array) -> Array:
    return np.einsum("rij,rj->ri", matrices, vectors)


def _moments(fields: Sequence[Array]) -> Array:
    """Mean and standard deviation over runs of each field, axes (moment, field)."""
    found = np.empty((2, len(fields)))
    for i, values in enumerate(fields):
        centre = values.mean()
        deviations = values - centre
        # einsum, because `@` of long vectors would take every thread that BLAS may have.
        squares = np.einsum("r,r->", deviations, deviations)
        found[:, i] = centre, math.sqrt(squares / (len(values) - 1))
    return found


def _measure_one(mean: Array, covariance: Array, root: Array) -> float:
    """Sum of the fields of one fit."""
    dim = len(mean)
    log_det = 2 * np.log(np.diag(root)).sum()
    inverse = np.linalg.inv(root)
    precision = (inverse**2).sum() / dim
    distance = ((inverse @ mean) ** 2).sum()
    error = ((covariance - np.eye(dim)) ** 2).sum() / dim
    nll = (log_det + dim * precision + distance - dim) / 2
    trace = np.trace(covariance) / dim
    return float(
        mean @ mean / dim + trace + log_det + np.exp(log_det) + error + precision + distance + nll
    )


def _measure_all(mean: Array, root: Array) -> float:
    """Sum of the fields over runs, axes (replicate, ...)."""
    return float(sum(values.sum() for values in _fields(mean, root, SUMMED)))


def _measure_line(mean: Any, variance: Any) -> Any:
    """The same in one dimension."""
    return sum(_line_fields(mean, np.sqrt(variance), SUMMED, np.log))


def _fields(mean: Array, root: Array, names: Sequence[str]) -> list[Array]:
    """Fields of fits, each an array of axis (replicate,); mean and root as (replicate, ...)."""
    dim = mean.shape[1]
    found = {
        "mean_error": np.einsum("ri,ri->r", mean, mean) / dim,
        "trace_ratio": np.einsum("rij,rij->r", root, root) / dim,
    }
    if not found.keys() >= set(names):
        log_det = 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        inverse = np.linalg.inv(root)
        precision = np.einsum("rij,rij->r", inverse, inverse) / dim
        scaled = _products(inverse, mean)
        distance = np.einsum("ri,ri->r", scaled, scaled)
        error = root @ root.transpose(0, 2, 1) - np.eye(dim)
        found |= {
            "log_det_ratio": log_det,
            "determinant_ratio": np.exp(log_det),
            "covariance_error": np.einsum("rij,rij->r", error, error) / dim,
            "precision_ratio": precision,
            "mahalanobis_error": distance,
            "excess_nll": (log_det + dim * precision + distance - dim) / 2,
        }
    if "wasserstein" in names:
        fidelity = np.linalg.svd(root, compute_uv=False).sum(axis=1)
        found["wasserstein"] = found["mean_error"] + found["trace_ratio"] + 1 - 2 * fidelity / dim
    return [found[name] for name in names]


def _line_fields(
    mean: Any, spread: Any, names: Sequence[str], log: Callable[[Any], Any]
) -> list[Any]:
    """The same in one dimension, of one fit or of arrays."""
    shift, variance = mean * mean, spread * spread
    found = {"mean_error": shift, "trace_ratio": variance}
    if not found.keys() >= set(names):
        log_det, precision = log(variance), 1 / variance
        distance = shift * precision
        found |= {
            "log_det_ratio": log_det,
            "determinant_ratio": variance,
            "covariance_error": (variance - 1) ** 2,
            "precision_ratio": precision,
            "mahalanobis_error": distance,
            "excess_nll": (log_det + precision + distance - 1) / 2,
            "wasserstein": shift + (spread - 1) ** 2,
            "spread_ratio": spread,
        }
    return [found[name] for name in names]
