"""What one would write in NumPy: the competitors of the engines.

Each simulates the Gaussian chain from N(0, I) with ddof=1 and returns the sum of every field over
every fit, so that nothing can be skipped.  ``loop`` twins follow one run at a time, the others
every run at once.  Fields are those of ``workloads.FIELDS``.
"""

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]


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
    dim = mean.shape[1]
    log_det = 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    inverse = np.linalg.inv(root)
    precision = (inverse**2).sum(axis=(1, 2)) / dim
    distance = ((inverse @ mean[:, :, None]) ** 2).sum(axis=(1, 2))
    covariance = root @ root.transpose(0, 2, 1)
    error = ((covariance - np.eye(dim)) ** 2).sum(axis=(1, 2)) / dim
    nll = (log_det + dim * precision + distance - dim) / 2
    trace = (root**2).sum(axis=(1, 2)) / dim
    shift = (mean**2).sum(axis=1) / dim
    fields = shift + trace + log_det + np.exp(log_det) + error + precision + distance + nll
    return float(fields.sum())


def _measure_line(mean: Any, variance: Any) -> Any:
    """The same in one dimension."""
    log_det, precision, distance = np.log(variance), 1 / variance, mean**2 / variance
    nll = (log_det + precision + distance - 1) / 2
    error = (variance - 1) ** 2
    return mean**2 + 2 * variance + log_det + error + precision + distance + nll
