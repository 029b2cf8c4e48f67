"""Checks on a population covariance, shared by every chain that has one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = tuple[tuple[float, ...], ...]


def checked_covariance(given: npt.ArrayLike, dim: int) -> npt.NDArray[np.float64]:
    """A symmetric positive-definite matrix, axes (feature, feature).

    Raises:
        ValueError: another shape, not finite, not symmetric or not positive definite.
    """
    matrix = np.asarray(given, dtype=np.float64)
    if matrix.shape != (dim, dim):
        raise ValueError(f"covariance must have shape ({dim}, {dim}), got shape {matrix.shape}")
    if not np.isfinite(matrix).all():
        raise ValueError(f"covariance must be finite, got {given!r}")
    if not np.allclose(matrix, matrix.T, rtol=1e-10, atol=1e-12 * np.abs(matrix).max()):
        raise ValueError(f"covariance must be symmetric, got {given!r}")
    matrix = (matrix + matrix.T) / 2
    eigenvalues = np.linalg.eigvalsh(matrix)
    if eigenvalues[0] <= dim * np.finfo(np.float64).eps * eigenvalues[-1]:
        raise ValueError(
            f"covariance must be positive definite, got smallest eigenvalue {eigenvalues[0]:.6g} "
            f"and largest {eigenvalues[-1]:.6g}"
        )
    return matrix
