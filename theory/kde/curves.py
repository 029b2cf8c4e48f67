"""The kernel-density chain's errors, generation by generation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from theory.curve import Curve, Kind
from theory.kde.chain import KdeChain
from theory.kde.divergence import Divergences, divergences, why_not
from theory.kde.error import Errors, integrated_errors
from theory.kde.limits import limiting_cloud, limiting_errors, limiting_variance
from theory.kde.lineage import added_variance
from theory.record import ChainCurves
from theory.recursion import Feature, Fit, fits
from theory.workflow import Workflow, whole_number

if TYPE_CHECKING:
    from theory.symbolic.derivation import Formula

FloatArray = npt.NDArray[np.float64]

FIELDS = (
    "mise",
    "integrated_variance",
    "mean_density_error",
    "extra_variance",
    "excess_nll_lower",
    "cloud_variance",
    "cloud_mean_error",
)


_SOURCE = "loopbound theory, section 5"


def curves(chain: KdeChain, workflow: Workflow, generations: int) -> KdeCurves:
    """Expected errors of the estimates 1..generations, as a record of Curves of length T + 1.

    Raises:
        ValueError: generations < 1.

    Example:
        >>> from theory.truths import Normal
        >>> curves(KdeChain(Normal(), 0.4), Workflow.replace(100), 3).mise.values.round(5)
        array([0.     , 0.00555, 0.01089, 0.01641])
    """
    return KdeCurves(chain, workflow, whole_number("generations", generations))


def available(
    chain: KdeChain, workflow: Workflow, generations: int | None = None
) -> tuple[str, ...]:
    """Names of the fields that `curves` gives, in the order of `FIELDS`; any horizon."""
    return tuple(name for name in FIELDS if _why_absent(name, chain) is None)


def _why_absent(field: str, chain: KdeChain) -> str | None:
    """The reason a field has no curve; None if it has one."""
    if field == "excess_nll_lower":
        return why_not(chain)
    if field.startswith("cloud") and not np.isfinite(chain.truth.variance).all():
        return "the truth has no variance"
    return None


@dataclass(frozen=True, eq=False)
class KdeCurves(ChainCurves):
    """Curves over generations 0..T of one chain under one workflow; see each field.

    f_t is the estimate of generation t, f_0 the truth, E the expectation over runs. Integrated
    squared errors are in the units of a density; they are exact up to quadrature, whose estimated
    error is `error_of(field)` and stands in the curve's source. Index 0 is the truth's own: 0.
    """

    names = FIELDS

    chain: KdeChain
    workflow: Workflow
    generations: int

    def why_absent(self, field: str) -> str | None:
        """The reason that a field has no curve here; None if it has one."""
        return _why_absent(field, self.chain)

    def _of_what(self) -> str:
        return (
            f"{type(self.chain.truth).__name__}, dim={self.chain.dim}, kernel={self.chain.kernel}"
        )

    @cached_property
    def mise(self) -> Curve:
        """E int (f_t - f_0)^2: `integrated_variance` plus `mean_density_error`."""
        self._require("mise")
        return self._integrated("mise", lambda found: found.variance + found.bias)

    @cached_property
    def integrated_variance(self) -> Curve:
        """E int (f_t - E f_t)^2: what a run has of its own."""
        self._require("integrated_variance")
        return self._integrated("integrated_variance", lambda found: found.variance)

    @cached_property
    def mean_density_error(self) -> Curve:
        """int (E f_t - f_0)^2: does not depend on the rows a batch where all are equal."""
        self._require("mean_density_error")
        return self._integrated("mean_density_error", lambda found: found.bias)

    @cached_property
    def extra_variance(self) -> Curve:
        """Variance that the kernels add to each coordinate of the mean density.

        Replace: v sum_{s<=t} h_s^2, v the kernel's variance; accumulate and its subsamples, equal
        batches: v (h_t^2 + sum_{s<t} h_s^2 / (s+1)), v h^2 H_t at constant h. Exact.
        """
        squares = self.chain.shape.variance * self.bandwidths**2
        values = added_variance(self.workflow, squares)
        limit = limiting_variance(self.chain, self.workflow)
        form = self._form("extra_variance")
        return Curve(values, Kind.EXACT, _SOURCE, limit=limit, closed_form=form)

    @cached_property
    def excess_nll_lower(self) -> Curve:
        """int f_0 log(f_0 / E f_t) in nats: lower bound on E NLL_t minus the entropy of f_0.

        NLL_t is -int f_0 log f_t. The bound is Jensen's and the limit as rows -> infinity.
        """
        self._require("excess_nll_lower")
        found = self._divergences
        return Curve(found.values, Kind.LOWER, f"{_SOURCE}, Jensen, {_within(found)}")

    @cached_property
    def cloud_variance(self) -> Curve:
        """E of the variance of a coordinate over the training rows (ddof 0), mean over coordinates.

        The estimate's own variance is v h_t^2 more, v the kernel's. Index 0: the truth's variance.
        Replace: V <- (1 - 1/n)(V + v h^2); accumulate: V <- V (1 - 1/(n (t+1)^2)) +
        v h^2/(t+1) (1 - 1/(n (t+1))). Exact.
        """
        self._require("cloud_variance")
        spread = [fit.row_square - fit.mean_square for fit in self._cloud]
        values = np.array([float(self.chain.truth.variance.mean()), *spread])
        limit = limiting_cloud(self.chain, self.workflow)
        form = self._form("cloud_variance")
        return Curve(values, Kind.EXACT, _SOURCE, limit=limit, closed_form=form)

    @cached_property
    def cloud_mean_error(self) -> Curve:
        """E (mean of the training rows - truth's mean)^2, mean over coordinates. Exact."""
        self._require("cloud_mean_error")
        values = np.array([0.0, *(fit.mean_square for fit in self._cloud)])
        return Curve(values, Kind.EXACT, _SOURCE, closed_form=self._form("cloud_mean_error"))

    def error_of(self, field: str) -> FloatArray:
        """Estimated absolute error of a field that is quadrature, axis (generation,).

        Raises:
            ValueError: a field that is not quadrature.
        """
        if field == "excess_nll_lower":
            self._require(field)
            return self._divergences.errors
        found = self._errors
        parts = {
            "mise": found.variance_error + found.bias_error,
            "integrated_variance": found.variance_error,
            "mean_density_error": found.bias_error,
        }
        if field not in parts:
            names = ", ".join((*parts, "excess_nll_lower"))
            raise ValueError(f"no quadrature error of {field!r}: choose from {names}")
        return np.concatenate([[0.0], parts[field]])

    @cached_property
    def bandwidths(self) -> FloatArray:
        """h_t, axis (generation,); index 0 is 0."""
        return self.chain.bandwidths(self.workflow, self.generations)

    # --- what the fields are made of -----------------------------------------------------------

    @cached_property
    def _errors(self) -> Errors:
        return integrated_errors(self.chain, self.workflow, self.bandwidths[1:])

    @cached_property
    def _divergences(self) -> Divergences:
        return divergences(self.chain, self.workflow, self.bandwidths)

    @cached_property
    def _limits(self) -> Errors | None:
        return limiting_errors(self.chain, self.workflow)

    def _integrated(self, field: str, part: Callable[[Errors], FloatArray]) -> Curve:
        values = part(self._errors)
        limit = None if self._limits is None else float(part(self._limits)[0])
        relative = float((self.error_of(field)[1:] / np.maximum(values, 1e-300)).max())
        digits = math.ceil(math.log10(max(relative, 1e-15)))
        source = f"{_SOURCE}, quadrature within 1e{digits} relative"
        form = self._form(field)
        return Curve(
            np.concatenate([[0.0], values]), Kind.EXACT, source, limit=limit, closed_form=form
        )

    def _form(self, field: str) -> Callable[[], Formula | None]:
        return partial(_closed_form, self.chain, self.workflow, field)

    @cached_property
    def _cloud(self) -> list[Fit]:
        """Second moments of the training rows, mean over coordinates, centred at the truth."""
        variance = float(self.chain.truth.variance.mean())
        squares = self.chain.shape.variance * self.bandwidths**2

        def real(rows: int) -> tuple[float, float]:
            return variance / rows, variance

        def synthetic(rows: int, t: int, fit: Fit) -> tuple[float, float]:
            square = fit.row_square + squares[t]
            return square / rows + (1 - 1 / rows) * fit.mean_square, square

        return fits(self.workflow, self.generations, Feature(real, synthetic))


def _within(found: Divergences) -> str:
    """What the quadrature may be off by."""
    digits = math.ceil(math.log10(float(found.errors.max())))
    return f"quadrature within 1e{digits} nats"


def _closed_form(chain: KdeChain, workflow: Workflow, field: str) -> Formula | None:
    from theory.symbolic.curve_formulas import of_kde

    return of_kde(chain, workflow, field)
