"""The linear-regression chain's specification: the data, the fit, and what a generation repeats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from theory.covariance import Matrix, checked_covariance
from theory.workflow import UnsupportedWorkflow, Workflow, whole_number

DESIGNS = ("fresh", "reused")
PENALTIES = ("scaled", "fixed")


@dataclass(frozen=True)
class RegressionChain:
    """Linear regression in `dim` features, refitted each generation to labels of its own.

    A row of batch s is x ~ N(0, Sigma) with label y = x'w + noise_s eps, eps standard normal; w is
    w* for a real batch and the writing model's weights for a synthetic one. A fit minimises the sum
    of weight (y - x'w)^2 over its training rows plus the penalty; where many w do, it takes the one
    of least norm. Its error is (w_t - w*)' Sigma (w_t - w*): test error minus the noise floor.

    Attributes:
        dim: features d.
        noise: standard deviation of label noise > 0: a number, or a schedule noise_0, noise_1, ...
            whose last value repeats; entry 0 is of every real row, entry s of synthetic batch s.
        design: 'fresh' draws new rows x for each batch, 'reused' gives every batch the same ones.
        ridge: lambda >= 0: a number, or a schedule lambda_1, lambda_2, ... over fits 1, 2, ...
            whose last value repeats; (0, 0, 0.2) is least squares twice, then a ridge. A training
            set of M rows, weights summing to 1, minimises sum of weight (y - x'w)^2 + lambda |w|^2
            with penalty 'scaled', and with 'fixed' lambda n_0 / M in place of lambda: the same
            penalty on the sum over rows, however many.
        penalty: 'scaled' or 'fixed'.
        weights_norm: |w*| >= 0; its direction is uniform. Without a penalty and with rows enough
            no error depends on it.
        covariance: Sigma, a symmetric positive-definite d x d array; None is the identity. Kept as
            nested tuples, so that chains compare and hash; `matrix` is the array.

    Raises:
        ValueError: quoting the value that is out of range.

    Example:
        >>> RegressionChain(10, noise=[0.5, 1.0]).label_noise(0)
        0.5
        >>> RegressionChain(10, ridge=(0, 0.2)).ridge_at(5)
        0.2
        >>> RegressionChain(10, noise=-1.0)
        Traceback (most recent call last):
        ValueError: noise must be > 0, got -1.0
    """

    dim: int
    noise: float | Sequence[float] = 1.0
    design: str = "fresh"
    ridge: float | Sequence[float] = 0.0
    penalty: str = "scaled"
    weights_norm: float = 1.0
    covariance: Matrix | npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", whole_number("dim", self.dim))
        object.__setattr__(self, "noise", _schedule("noise", self.noise, "> 0", positive=True))
        ridge = _schedule("ridge", self.ridge, "a finite number >= 0", positive=False)
        object.__setattr__(self, "ridge", ridge)
        for name, known in (("design", DESIGNS), ("penalty", PENALTIES)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be {' or '.join(map(repr, known))}, got {getattr(self, name)!r}"
                )
        norm = self.weights_norm
        if not (isinstance(norm, int | float | np.number) and 0 <= norm < math.inf):
            raise ValueError(f"weights_norm must be a finite number >= 0, got {norm!r}")
        object.__setattr__(self, "weights_norm", float(norm))
        if self.covariance is not None:
            matrix = checked_covariance(self.covariance, self.dim)
            object.__setattr__(self, "covariance", tuple(tuple(map(float, r)) for r in matrix))

    @classmethod
    def from_design(
        cls,
        rows: npt.ArrayLike,
        *,
        noise: float | Sequence[float] = 1.0,
        ridge: float | Sequence[float] = 0.0,
        penalty: str = "scaled",
        weights_norm: float = 1.0,
    ) -> Self:
        """The chain that reuses a design, axes (row, feature), and is tested on its rows.

        Sigma is X'X / n, so that the error is the mean square of X (w_t - w*) over the rows.

        Raises:
            ValueError: not a finite table of full column rank.
        """
        x = checked_design(rows)
        second = x.T @ x / len(x)
        return cls(x.shape[1], noise, "reused", ridge, penalty, weights_norm, second)

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """Sigma, axes (feature, feature)."""
        if self.covariance is None:
            return np.eye(self.dim)
        return np.array(self.covariance, dtype=np.float64)

    @property
    def isotropic(self) -> bool:
        """Whether Sigma is a multiple of the identity."""
        if self.covariance is None:
            return True
        matrix = self.matrix
        return bool((matrix == matrix[0, 0] * np.eye(self.dim)).all())

    @property
    def signal(self) -> float:
        """Error of weights 0, mean over the directions of w*: |w*|^2 tr Sigma / d."""
        mean = 1.0 if self.covariance is None else float(self.matrix.trace()) / self.dim
        return self.weights_norm**2 * mean

    def label_noise(self, batch: int) -> float:
        """noise_s of synthetic batch s, of real rows for s = 0."""
        schedule = self.noise if isinstance(self.noise, Sequence) else (self.noise,)
        return float(schedule[min(batch, len(schedule) - 1)])

    @property
    def ridges(self) -> tuple[float, ...]:
        """lambda of fits 1, 2, ...; the last repeats."""
        return tuple(self.ridge) if isinstance(self.ridge, Sequence) else (self.ridge,)

    def ridge_at(self, fit: int) -> float:
        """lambda of fit t >= 1."""
        return self.ridges[min(fit, len(self.ridges)) - 1]

    @property
    def penalised(self) -> bool:
        """Whether some fit has a penalty."""
        return any(self.ridges)

    def require(self, workflow: Workflow, generations: int) -> None:
        """Refuse a workflow that contradicts the design.

        Raises:
            ValueError: generations < 1.
            UnsupportedWorkflow: a reused design with batches of unequal size.
        """
        whole_number("generations", generations)
        unused = 0 if workflow.n_real is None else 1
        sizes = {workflow.real_rows(1), *workflow.schedule[unused or None :]}
        sizes.add(workflow.schedule[-1])
        if self.design == "reused" and len(sizes) > 1:
            raise UnsupportedWorkflow(
                f"a reused design gives every batch the same rows, got {workflow}: "
                f"use one n (and n_real=n), or design='fresh'"
            )


def checked_design(rows: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """A design of full column rank, axes (row, feature).

    Raises:
        ValueError: not a finite table, or of a rank below its columns.
    """
    x = np.asarray(rows, dtype=np.float64)
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(f"design must be a table of rows and features, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"design must be finite, got {x[~np.isfinite(x)][0]}")
    rank = int(np.linalg.matrix_rank(x))
    if rank < x.shape[1]:
        raise ValueError(
            f"design must have full column rank, got rank {rank} with {x.shape[1]} columns "
            f"and {x.shape[0]} rows"
        )
    return x


def _schedule(name: str, given: Any, range_: str, *, positive: bool) -> float | tuple[float, ...]:
    """A number, or the entries of a schedule without repeats of its last."""
    schedule = isinstance(given, tuple | list | np.ndarray)
    entries = tuple(given) if schedule else (given,)
    if not entries:
        raise ValueError(f"{name} must have at least one entry, got {given!r}")
    for value in entries:
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not (number and 0 <= value < math.inf) or (positive and value == 0):
            raise ValueError(f"{name} must be {range_}, got {value!r}")
    while len(entries) > 1 and entries[-1] == entries[-2]:
        entries = entries[:-1]
    return float(entries[0]) if len(entries) == 1 else tuple(map(float, entries))
