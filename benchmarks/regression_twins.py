"""What one would write in NumPy for linear regression: the competitors of its engines.

Each simulates the chain with rows N(0, I), label noise of standard deviation one and true weights
(1, 0, ..., 0), and does what `estimate` does: it returns mean and standard deviation over runs of
|w - w*|^2, axes (moment, generation).
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]
Solver = Callable[[Array, Array], Array]


def normal_equations(x: Array, labels: Array) -> Array:
    """Least squares by Cholesky or LU of x'x: the fastest that NumPy has for many rows."""
    return np.asarray(np.linalg.solve(x.T @ x, x.T @ labels))


def lstsq(x: Array, labels: Array) -> Array:
    """Least squares by singular values: what one would write first."""
    return np.asarray(np.linalg.lstsq(x, labels)[0])


def reused_loop(
    rng: Generator, replicates: int, generations: int, n: int, dim: int, solver: Solver
) -> Array:
    """Accumulate on one design as written: label its rows anew, stack all batches, refit."""
    truth = np.eye(dim)[0]
    x, labels = np.empty((n * generations, dim)), np.empty(n * generations)
    values = np.empty((generations, replicates))
    for r in range(replicates):
        design, weights = rng.standard_normal((n, dim)), truth
        for t in range(generations):
            batch = slice(n * t, n * (t + 1))
            x[batch] = design
            labels[batch] = design @ weights + rng.standard_normal(n)
            weights = solver(x[: batch.stop], labels[: batch.stop])
            values[t, r] = np.sum((weights - truth) ** 2)
    return np.stack([values.mean(axis=1), values.std(axis=1, ddof=1)])


def fresh_vectorised(
    rng: Generator, replicates: int, generations: int, n: int, dim: int, keep: bool
) -> Array:
    """Replace, or accumulate if batches are to be kept, on new rows: all runs at once.

    The pool is its normal equations, to which every batch is added, so a fit costs the same in any
    generation.
    """
    truth = np.eye(dim)[0]
    weights = np.tile(truth, (replicates, 1))
    second, moment = np.zeros((replicates, dim, dim)), np.zeros((replicates, dim))
    found = np.empty((2, generations))
    for t in range(generations):
        x = rng.standard_normal((replicates, n, dim))
        labels = (x @ weights[:, :, None])[:, :, 0] + rng.standard_normal((replicates, n))
        across = x.transpose(0, 2, 1)
        if not keep:
            second[:], moment[:] = 0.0, 0.0
        second += across @ x
        moment += (across @ labels[:, :, None])[:, :, 0]
        weights = np.linalg.solve(second, moment[:, :, None])[:, :, 0]
        error = np.einsum("ri,ri->r", weights - truth, weights - truth)
        found[:, t] = error.mean(), error.std(ddof=1)
    return found
