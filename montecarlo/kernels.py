"""What the kernels of every family are made of: how they are compiled, and a chi-square variate.

A cached kernel does not notice an edit of a function that it takes from another file: after one
here, or in any file that says so, remove the folders `__pycache__`.
"""

from __future__ import annotations

import numba as nb
import numpy as np

ROUNDING = 64 * np.finfo(np.float64).eps  # what rounding may leave of a number that is zero

kernel = nb.njit(nogil=True, cache=True, error_model="numpy")
inlined = nb.njit(nogil=True, cache=True, error_model="numpy", forceinline=True)


@inlined
def chi_square(rng: np.random.Generator, degrees: int) -> float:
    """A chi-square variate: up to three squares of normals cost less than a gamma variate."""
    total = 0.0
    if degrees > 3:
        total = 2.0 * rng.standard_gamma(0.5 * degrees)
    else:
        for _ in range(degrees):
            total += rng.standard_normal() ** 2
    return total
