"""The kernel density chain exactly as one would run it: rows, refits, samples, one run at a time.

Every row of every batch is stored and every generation is refitted from nothing.  A sample is a
training row, picked by weight, plus bandwidth times kernel noise in each coordinate.  The truth is
N(0, I).  The integrated squared error of a fit is a double sum over training rows for the Gaussian
kernel, and a sum over a fine grid, d = 1, for the others, where the fit is evaluated row by row.
"""

import math
from collections.abc import Sequence
from typing import Unpack

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.oracles.training_sets import Fit, Options, training_sets

Array = NDArray[np.float64]

GRID = np.linspace(-9, 9, 3601)
"""Midpoint sums on it err by less than 1e-3 of a run's own spread for bandwidths >= 0.2."""


def simulate(
    kind: str,
    n: tuple[int, ...],
    bandwidths: Sequence[float],
    *,
    seed: int,
    replicates: int,
    dim: int = 1,
    kernel: str = "gaussian",
    **options: Unpack[Options],
) -> dict[str, Array]:
    """Return arrays (replicate, generation 0..T).

    squared_error: int (fhat_t - f_0)^2; variance (ddof 0, weighted, averaged over coordinates) and
    mean_square (of the mean, likewise) of the rows trained on.  Entry t - 1 of ``bandwidths`` is
    h_t; ``kind``, ``n`` and ``options`` are those of
    :func:`tests.oracles.training_sets.training_sets`.
    """
    fits = training_sets(kind, n, len(bandwidths), **options)
    generator = np.random.default_rng(seed)
    names = ("squared_error", "variance", "mean_square")
    curves = {name: np.zeros((replicates, len(bandwidths) + 1)) for name in names}
    curves["variance"][:, 0] = 1.0
    for run in range(replicates):
        batches: list[Array] = []
        for t, (fit, h) in enumerate(zip(fits, bandwidths, strict=True), start=1):
            batches += [generator.standard_normal((size, dim)) for size in fit.new_real]
            rows, weights = _training_rows(fit, batches, generator)
            curves["squared_error"][run, t] = integrated_squared_error(rows, weights, h, kernel)
            mean = weights @ rows
            curves["variance"][run, t] = weights @ ((rows - mean) ** 2).mean(axis=1)
            curves["mean_square"][run, t] = (mean**2).mean()
            parents = generator.choice(len(rows), size=fit.synthetic_rows, p=weights)
            noise = kernel_noise(kernel, (fit.synthetic_rows, dim), generator)
            batches.append(rows[parents] + h * noise)
    return curves


def _training_rows(fit: Fit, batches: list[Array], generator: Generator) -> tuple[Array, Array]:
    """Return the rows trained on and the weight of each."""
    pool = np.concatenate([batches[b] for b in fit.sizes])
    if fit.budget is not None:
        drawn = generator.choice(len(pool), size=fit.budget, replace=fit.replacement)
        return pool[drawn], np.full(fit.budget, 1 / fit.budget)
    weights = [np.full(size, float(fit.weights[b]) / size) for b, size in fit.sizes.items()]
    return pool, np.concatenate(weights)


def integrated_squared_error(rows: Array, weights: Array, h: float, kernel: str) -> float:
    """Return int (fhat - f_0)^2, f_0 = N(0, I), ``rows`` with axes (row, coordinate)."""
    dim = rows.shape[1]
    if kernel != "gaussian":
        fitted = _density(kernel, (GRID[:, None] - rows[:, 0]) / h) @ weights / h
        truth = np.exp(-(GRID**2) / 2) / math.sqrt(2 * math.pi)
        return float(np.sum((fitted - truth) ** 2) * (GRID[1] - GRID[0]))
    gaps = ((rows[:, None, :] - rows[None, :, :]) ** 2).sum(axis=2)
    square = weights @ _normal(gaps, 2 * h * h, dim) @ weights
    cross = weights @ _normal((rows**2).sum(axis=1), 1 + h * h, dim)
    return float(square - 2 * cross + (4 * math.pi) ** (-dim / 2))


def _normal(square: Array, variance: float, dim: int) -> Array:
    return np.exp(-square / (2 * variance)) * (2 * math.pi * variance) ** (-dim / 2)


def _density(kernel: str, u: Array) -> Array:
    """Return the kernel's density; all but the Laplace kernel live on [-1, 1]."""
    inside = np.abs(u) <= 1
    match kernel:
        case "epanechnikov":
            return 0.75 * (1 - u**2) * inside
        case "uniform":
            return 0.5 * inside
        case "triangular":
            return (1 - np.abs(u)) * inside
        case "laplace":
            return 0.5 * np.exp(-np.abs(u))
    raise ValueError(f"unknown kernel {kernel!r}")


def kernel_noise(kernel: str, shape: tuple[int, ...], generator: Generator) -> Array:
    """Return draws of the kernel: sums, medians and differences of simpler draws."""
    match kernel:
        case "gaussian":
            return generator.standard_normal(shape)
        case "epanechnikov":
            return np.median(generator.uniform(-1, 1, (3, *shape)), axis=0)
        case "uniform":
            return generator.uniform(-1, 1, shape)
        case "triangular":
            return generator.uniform(-0.5, 0.5, (2, *shape)).sum(axis=0)
        case "laplace":
            first, second = generator.standard_exponential((2, *shape))
            return np.asarray(first - second)
    raise ValueError(f"unknown kernel {kernel!r}")
