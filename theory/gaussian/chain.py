"""The Gaussian chain's specification: what is fitted, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from theory.covariance import Matrix, checked_covariance
from theory.workflow import UnsupportedWorkflow, Workflow, WorkflowKind, share, whole_number


@dataclass(frozen=True)
class GaussianChain:
    """A Gaussian in `dim` dimensions, refitted each generation by mean and covariance.

    Attributes:
        dim: dimension d.
        ddof: 0 divides the scatter of M rows by M (maximum likelihood), 1 by M - 1 (unbiased).
        temperature: tau in (0, 1]; model t writes rows from N(mu_t, tau Sigma_t).
        covariance: Sigma_0 of the truth, a symmetric positive-definite d x d array; None is the
            identity. Kept as nested tuples, so that chains compare and hash; `matrix` is the array.

    Raises:
        ValueError: quoting the value that is out of range.

    Example:
        >>> GaussianChain(2, ddof=0, covariance=[[2.0, 0.5], [0.5, 1.0]]).matrix.trace()
        np.float64(3.0)
    """

    dim: int
    ddof: int = 1
    temperature: float = 1.0
    covariance: Matrix | npt.ArrayLike | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "dim", whole_number("dim", self.dim))
        if self.ddof not in (0, 1):
            raise ValueError(f"ddof must be 0 or 1, got {self.ddof!r}")
        object.__setattr__(self, "temperature", share("temperature", self.temperature))
        if self.covariance is not None:
            checked = checked_covariance(self.covariance, self.dim)
            object.__setattr__(self, "covariance", tuple(tuple(map(float, r)) for r in checked))

    @classmethod
    def from_data(cls, rows: npt.ArrayLike, *, ddof: int = 1, temperature: float = 1.0) -> Self:
        """The chain whose truth has the covariance (ddof 0) of a table, axes (row, feature)."""
        table = np.asarray(rows, dtype=np.float64)
        if table.ndim != 2 or table.shape[0] < 2 or not np.isfinite(table).all():
            raise ValueError(
                f"data must be a finite table of at least 2 rows, got shape {table.shape}"
            )
        constant = np.flatnonzero(np.ptp(table, axis=0) == 0)
        if len(constant):
            raise ValueError(
                f"data must vary in every column, but column {constant[0]} is always "
                f"{table[0, constant[0]]:g}"
            )
        covariance = np.atleast_2d(np.cov(table, rowvar=False, ddof=0))
        return cls(table.shape[1], ddof, temperature, covariance)

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """Sigma_0, axes (feature, feature)."""
        if self.covariance is None:
            return np.eye(self.dim)
        return np.array(self.covariance, dtype=np.float64)

    def require(self, workflow: Workflow, generations: int) -> None:
        """Refuse an estimator that does not exist for these training sets.

        Raises:
            ValueError: ddof = 1 and a training set of one row.
            UnsupportedWorkflow: ddof = 1 and rows of unequal weight.
        """
        whole_number("generations", generations)
        if self.ddof == 0:
            return
        if not workflow.row_weighted(generations):
            raise UnsupportedWorkflow(
                f"ddof=1 is not defined for rows of unequal weight, got {workflow}: use ddof=0"
            )
        settled = len(workflow.schedule) + (workflow.window or 1)
        custom = workflow.kind is WorkflowKind.CUSTOM
        for t in range(1, (generations if custom else min(generations, settled)) + 1):
            rows = workflow.train_size(t)
            if rows < 2:
                name = "n" if workflow.budget is None else "budget"
                name = "n_real" if workflow.n_real == rows else name
                raise ValueError(f"{name} must be >= 2 for ddof=1, got {name}={rows}")
