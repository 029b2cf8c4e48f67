"""The kernel-density chain's specification: the truth, the bandwidths and the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from theory.kde.bandwidths import (
    Optimal,
    Power,
    Scott,
    Silverman,
    checked_bandwidth,
)
from theory.kde.kernels import Kernel, kernel_named
from theory.truths import GaussianMixture, Truth
from theory.workflow import Workflow, whole_number


@dataclass(frozen=True)
class KdeChain:
    """A kernel density estimate, refitted each generation to rows that earlier ones wrote.

    A fit of generation t puts a kernel of bandwidth h_t on every row it trains on; a new row is
    one of those rows, drawn uniformly, plus h_t times a draw from the kernel.

    Attributes:
        truth: a spec of `theory.truths` or `theory.datasets`.
        bandwidth: a number; a schedule h_1, h_2, ... over fits whose last value repeats; or a
            rule: Scott, Silverman, Power, Optimal of `theory.kde.bandwidths`.
        kernel: gaussian, epanechnikov, uniform, triangular, laplace; gaussian only for dim > 1.

    Raises:
        ValueError: quoting the value that is out of range.

    Example:
        >>> from theory.truths import Normal
        >>> KdeChain(Normal(), 0.4).bandwidths(Workflow.replace(100), 3)
        array([0. , 0.4, 0.4, 0.4])
        >>> KdeChain(Normal(), 0.0)
        Traceback (most recent call last):
        ValueError: bandwidth must be a finite number > 0, got 0.0
    """

    truth: Truth
    bandwidth: Any
    kernel: str = "gaussian"

    def __post_init__(self) -> None:
        for name in ("dim", "pdf", "characteristic", "square_integral"):
            if not hasattr(self.truth, name):
                raise ValueError(f"truth must be a spec of theory.truths, got {self.truth!r}")
        if not 0 < self.truth.square_integral < np.inf:
            raise ValueError(
                f"truth must have a square-integrable density, got {self.truth!r} with "
                f"integral of the square {self.truth.square_integral}"
            )
        object.__setattr__(self, "bandwidth", checked_bandwidth(self.bandwidth))
        if kernel_named(self.kernel).name != "gaussian" and self.dim > 1:
            raise ValueError(f"kernel must be gaussian for dim > 1, got {self.kernel!r}")

    @classmethod
    def from_rows(cls, rows: npt.ArrayLike, smoothing: float, bandwidth: Any) -> KdeChain:
        """The chain whose truth is the user's rows smoothed by N(0, smoothing^2 I)."""
        return cls(GaussianMixture.from_rows(rows, smoothing), bandwidth)

    @property
    def dim(self) -> int:
        """Features d."""
        return self.truth.dim

    @property
    def shape(self) -> Kernel:
        """The kernel with its transform."""
        return kernel_named(self.kernel)

    def bandwidths(self, workflow: Workflow, generations: int) -> npt.NDArray[np.float64]:
        """h_t, axis (generation,), length T + 1; index 0 is the truth, which is not smoothed: 0."""
        rule = self.bandwidth
        steps = range(1, whole_number("generations", generations) + 1)
        if isinstance(rule, Optimal):
            from theory.kde.optimal import optimal_bandwidths

            return optimal_bandwidths(self, workflow, generations, horizon=rule.horizon)
        if isinstance(rule, Scott | Silverman):
            h = [rule.at(workflow.train_size(t), self.dim) for t in steps]
        elif isinstance(rule, Power):
            h = [rule.at(t) for t in steps]
        else:
            entries = rule if isinstance(rule, tuple) else (rule,)
            h = [entries[min(t, len(entries)) - 1] for t in steps]
        return np.array([0.0, *h])
