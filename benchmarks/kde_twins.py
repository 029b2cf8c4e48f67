"""What one would write for density estimates: the competitors of their engine.

Truth N(0, 1), Gaussian kernel, constant bandwidth.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from sklearn.neighbors import KernelDensity

Array = NDArray[np.float64]


def refit(rows: Array, points: Array, bandwidth: float, n: int, seed: int) -> tuple[float, Array]:
    """One generation in scikit-learn: the mean log density of the points, and n new rows."""
    fitted = KernelDensity(bandwidth=bandwidth).fit(rows)
    return float(fitted.score_samples(points).mean()), np.asarray(fitted.sample(n, seed))


def refit_loop(rng: Generator, generations: int, n: int, points: Array, bandwidth: float) -> Array:
    """One run of accumulate: NLL of the points, axis (generation - 1,)."""
    pool = rng.standard_normal((n, 1))
    found = np.empty(generations)
    for t in range(generations):
        score, batch = refit(pool, points, bandwidth, n, int(rng.integers(2**31)))
        found[t] = -score
        pool = np.concatenate([pool, batch])
    return found


def replace_vectorised(
    rng: Generator, replicates: int, generations: int, n: int, bandwidth: float
) -> Array:
    """All runs of replace at once: mean of the cloud's variance, axis (generation - 1,)."""
    rows = rng.standard_normal((replicates, n))
    found = np.empty(generations)
    for t in range(generations):
        found[t] = rows.var(axis=1).mean()
        parents = rng.integers(n, size=(replicates, n))
        noise = rng.standard_normal((replicates, n))
        rows = np.take_along_axis(rows, parents, axis=1) + bandwidth * noise
    return found
