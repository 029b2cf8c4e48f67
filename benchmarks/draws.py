"""The floor: only the variates of a simulation, from the same generator in a compiled loop."""

from concurrent.futures import ThreadPoolExecutor

import numba as nb
import numpy as np


@nb.njit(nogil=True, cache=True)
def normals(rng: np.random.Generator, count: int) -> float:
    """Sum of that many standard normals."""
    total = 0.0
    for _ in range(count):
        total += rng.standard_normal()
    return total


@nb.njit(nogil=True, cache=True)
def uniforms(rng: np.random.Generator, count: int) -> float:
    """Sum of that many uniforms."""
    total = 0.0
    for _ in range(count):
        total += rng.random()
    return total


@nb.njit(nogil=True, cache=True)
def normals_and_chi_squares(
    rng: np.random.Generator, count: int, normals: int, chi_squares: int, rows: int
) -> float:
    """Sum of what `count` fits draw: so many normals each, and chi-squares of rows - 1, - 2, ..."""
    total = 0.0
    for _ in range(count):
        for _ in range(normals):
            total += rng.standard_normal()
        for j in range(chi_squares):
            total += 2.0 * rng.standard_gamma(0.5 * (rows - 1 - j))
    return total


def normals_in_threads(streams: list[np.random.Generator], count: int) -> None:
    """That many normals from each stream, one thread a stream: what two cores give just now."""
    with ThreadPoolExecutor(len(streams)) as pool:
        list(pool.map(normals, streams, [count] * len(streams)))
