"""Every error of the Gaussian chain, generation by generation, for the workflows that have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from theory.curve import Curve, Kind
from theory.gaussian import limits, product
from theory.gaussian.chain import GaussianChain
from theory.gaussian.shifted_wishart import Expectations
from theory.record import ChainCurves
from theory.recursion import Fit, fits, fitted_trace, location_scale
from theory.workflow import Workflow

if TYPE_CHECKING:
    from theory.symbolic.derivation import Formula

FloatArray = npt.NDArray[np.float64]

FIELDS = (
    "mean_error",
    "trace_ratio",
    "covariance_error",
    "log_det_ratio",
    "determinant_ratio",
    "precision_ratio",
    "mahalanobis_error",
    "excess_nll",
    "spread_ratio",
    "wasserstein",
    "wasserstein_lower",
    "wasserstein_upper",
)

_ANY_WORKFLOW = ("mean_error", "trace_ratio", "wasserstein_lower")
_MOMENTS = "loopbound theory, section 1"
_PRODUCT = "loopbound theory, section 2"


def curves(chain: GaussianChain, workflow: Workflow, generations: int) -> GaussianCurves:
    """Expected errors of the fits 1..generations, as a record of Curves of length T + 1.

    Fields are computed when first read. Those that are not known for this chain and workflow
    raise UnsupportedWorkflow; `available` lists the rest.

    Raises:
        ValueError: generations < 1, or ddof = 1 with a training set of one row.
        UnsupportedWorkflow: ddof = 1 with rows of unequal weight.

    Example:
        >>> chain = GaussianChain(dim=10, ddof=0)
        >>> result = curves(chain, Workflow.accumulate(100), 50)
        >>> result.mean_error[50], result.excess_nll.kind
        (np.float64(0.0161735), <Kind.EXACT: 'exact'>)
    """
    chain.require(workflow, generations)
    return GaussianCurves(chain, workflow, int(generations))


def available(
    chain: GaussianChain, workflow: Workflow, generations: int | None = None
) -> tuple[str, ...]:
    """Names of the fields that `curves` gives, in the order of `FIELDS`.

    `generations` matters to a window or a budget only: while no pool outgrows it the workflow is
    accumulate. None stands for more generations than that.
    """
    horizon = 10**9 if generations is None else generations
    known = product.is_product(workflow, horizon)
    return tuple(name for name in FIELDS if _why_absent(name, chain, known) is None)


def _why_absent(field: str, chain: GaussianChain, known: bool) -> str | None:
    """The reason a field has no curve; None if it has one."""
    if field in ("spread_ratio", "wasserstein") and chain.dim > 1:
        return f"known for dim=1 only, got dim={chain.dim}"
    if field == "wasserstein_lower":
        return "the exact wasserstein takes its place" if known and chain.dim == 1 else None
    if field in _ANY_WORKFLOW or known:
        if field == "wasserstein_upper" and chain.dim == 1:
            return "the exact wasserstein takes its place"
        return None
    return "known for replace and accumulate only"


@dataclass(frozen=True)
class GaussianCurves(ChainCurves):
    """Curves over generations 0..T of one chain under one workflow; see each field.

    mu_t and Sigma_t are the fit of generation t, d the dimension, E the expectation over every
    draw. Ratios are 1 and errors 0 at generation 0. All fields but `covariance_error` and the
    units of `mean_error` and `wasserstein` are free of Sigma_0.
    """

    names = FIELDS

    chain: GaussianChain
    workflow: Workflow
    generations: int

    def why_absent(self, field: str) -> str | None:
        """The reason that a field has no curve here; None if it has one."""
        return _why_absent(field, self.chain, product.is_product(self.workflow, self.generations))

    def _of_what(self) -> str:
        return f"dim={self.chain.dim}"

    # --- every workflow ------------------------------------------------------------------------

    @cached_property
    def mean_error(self) -> Curve:
        """E |mu_t - mu_0|^2 / tr Sigma_0 (no unit). Exact.

        B_t of the recursion; replace, unbiased: t / n. Only two moments of the real rows matter,
        so it holds for real rows of any law.
        """
        values = np.array([0.0] + [fit.mean_square for fit in self._fits])
        std = None
        if self._second is not None:
            std = _root(self._second.fourth - values**2)
        limit = limits.mean_error(self.chain, self.workflow)
        return Curve(values, Kind.EXACT, _MOMENTS, std, limit, self._form("mean_error"))

    @cached_property
    def trace_ratio(self) -> Curve:
        """E tr Sigma_t / tr Sigma_0 (no unit). Exact.

        (Q_t - B_t) M / (M - ddof) of the recursion, M rows trained on; accumulate with ddof = 0:
        prod_{k<=t} (1 - 1/(n k^2)). It holds for real rows of any law.
        """
        std = None
        if self._product is not None and self._second is not None:
            values = _products(self._product.mean_trace)
            std = _root(self._second.square_trace - values**2)
        else:
            traces = [fitted_trace(fit, self.chain.ddof) for fit in self._fits]
            values = np.array([1.0, *traces])
        limit = limits.trace_ratio(self.chain, self.workflow)
        return Curve(values, Kind.EXACT, _MOMENTS, std, limit, self._form("trace_ratio"))

    # --- replace and accumulate ----------------------------------------------------------------

    @cached_property
    def covariance_error(self) -> Curve:
        """E ||Sigma_t - Sigma_0||_F^2 / ||Sigma_0||_F^2 (no unit). Exact, any Sigma_0."""
        values, form = self._frobenius("covariance_error"), self._form("covariance_error")
        return Curve(values, Kind.EXACT, _PRODUCT, closed_form=form)

    @cached_property
    def log_det_ratio(self) -> Curve:
        """E log det(Sigma_t Sigma_0^-1) (nats). Exact; -inf where rows <= d leave det = 0."""
        step = self._steps("log_det_ratio")
        values = _cumulated(self._inverse.log_det)
        variance = product.log_det_variance(self.chain.dim, step)
        std = None if variance is None else np.sqrt(np.append(0.0, np.cumsum(variance)))
        form = self._form("log_det_ratio")
        return Curve(values, Kind.EXACT, _PRODUCT, std, closed_form=form)

    @cached_property
    def determinant_ratio(self) -> Curve:
        """E det Sigma_t / det Sigma_0 (no unit). Exact."""
        step = self._steps("determinant_ratio")
        values = _products(product.mean_determinant(self.chain.dim, step))
        form = self._form("determinant_ratio")
        return Curve(values, Kind.EXACT, _PRODUCT, closed_form=form)

    @cached_property
    def precision_ratio(self) -> Curve:
        """E tr(Sigma_0 Sigma_t^-1) / d (no unit). Exact; inf where a fit has rows <= d + 2."""
        self._steps("precision_ratio")
        values = _products(self._inverse.trace_inverse / self.chain.dim)
        return Curve(values, Kind.EXACT, _PRODUCT, closed_form=self._form("precision_ratio"))

    @cached_property
    def mahalanobis_error(self) -> Curve:
        """E (mu_t - mu_0)' Sigma_t^-1 (mu_t - mu_0) (no unit). Exact; inf for rows <= d + 2.

        A_t = A_{t-1} E tr M_t^-1 / d + g^2 E eta' M_t^-1 eta.
        """
        step = self._steps("mahalanobis_error")
        factors = self._inverse.trace_inverse / self.chain.dim
        values = [0.0]
        terms = zip(factors.tolist(), (step.move * self._inverse.quadratic).tolist(), strict=True)
        for factor, added in terms:
            values.append((values[-1] * factor if values[-1] else 0.0) + added)
        form = self._form("mahalanobis_error")
        return Curve(np.array(values), Kind.EXACT, _PRODUCT, closed_form=form)

    @cached_property
    def excess_nll(self) -> Curve:
        """E KL(truth || model t) (nats per row). Exact; inf where a fit has rows <= d + 2.

        The test negative log-likelihood minus the entropy of the truth:
        (log_det_ratio + d precision_ratio + mahalanobis_error - d) / 2.
        """
        self._steps("excess_nll")
        dim, inverse = self.chain.dim, self.precision_ratio.values
        finite = np.isfinite(inverse)
        log_det = np.where(finite, self.log_det_ratio.values, 0.0)
        with np.errstate(over="ignore"):
            values = (log_det + dim * inverse + self.mahalanobis_error.values - dim) / 2
        return Curve(values, Kind.EXACT, _PRODUCT, closed_form=self._form("excess_nll"))

    @cached_property
    def spread_ratio(self) -> Curve:
        """E sigma_t / sigma_0 (no unit), dim = 1. Exact."""
        step = self._steps("spread_ratio")
        values = _products(product.mean_root(step))
        std = _root(self.trace_ratio.values - values**2)
        limit = 0.0 if self._vanishes else None
        return Curve(values, Kind.EXACT, _PRODUCT, std, limit, self._form("spread_ratio"))

    @cached_property
    def wasserstein(self) -> Curve:
        """E W2^2(truth, model t) / tr Sigma_0 (no unit), dim = 1. Exact.

        mean_error + trace_ratio + 1 - 2 spread_ratio. Under replace it tends to 2 with ddof = 0
        and to infinity with ddof = 1.
        """
        self._steps("wasserstein")
        values = self.mean_error.values + self.trace_ratio.values + 1
        values = values - 2 * self.spread_ratio.values
        limit = None
        error, ratio = self.mean_error.limit, self.trace_ratio.limit
        if self._vanishes and error is not None and ratio is not None:
            limit = error + ratio + 1
        values, form = np.maximum(values, 0.0), self._form("wasserstein")
        return Curve(values, Kind.EXACT, _PRODUCT, limit=limit, closed_form=form)

    # --- bounds --------------------------------------------------------------------------------

    @cached_property
    def wasserstein_lower(self) -> Curve:
        """Lower bound on E W2^2(truth, model t) / tr Sigma_0 (no unit), every workflow.

        mean_error + (1 - sqrt(trace_ratio))^2: E Sigma_t is a multiple of Sigma_0, and the
        fidelity tr (Sigma_0^1/2 Sigma_t Sigma_0^1/2)^1/2 is concave in Sigma_t (Jensen).
        """
        self._require("wasserstein_lower")
        values = self.mean_error.values + (1 - np.sqrt(self.trace_ratio.values)) ** 2
        source, form = "Jensen; loopbound theory, section 1", self._form("wasserstein_lower")
        return Curve(values, Kind.LOWER, source, closed_form=form)

    @cached_property
    def wasserstein_upper(self) -> Curve:
        """Upper bound on E W2^2(truth, model t) / tr Sigma_0 (no unit), replace and accumulate.

        With Sigma_t = Sigma_0^1/2 M Sigma_0^1/2 the fidelity is at least tr Sigma_0 M^1/2, and E
        of it at least tr Sigma_0 times either of: (3 E tr M - E tr M^2) / (2 d), from
        sqrt(x) >= (3 x - x^2) / 2; exp(E log det M / (2 d)), from the inequality of arithmetic
        and geometric means and Jensen. The better one is taken at each generation.
        """
        self._require("wasserstein_upper")
        mean, trace = self.mean_error.values, self.trace_ratio.values
        identity = GaussianChain(self.chain.dim, self.chain.ddof, self.chain.temperature)
        white = GaussianCurves(identity, self.workflow, self.generations)
        quadratic = white._frobenius("wasserstein_upper")
        geometric = trace + 1 - 2 * np.exp(self.log_det_ratio.values / (2 * self.chain.dim))
        values = mean + np.minimum(quadratic, geometric)
        return Curve(values, Kind.UPPER, "loopbound theory, section 2")

    # --- what the fields are made of -----------------------------------------------------------

    @cached_property
    def _fits(self) -> list[Fit]:
        feature = location_scale(self.chain.ddof, self.chain.temperature)
        return fits(self.workflow, self.generations, feature)

    @cached_property
    def _product(self) -> product.Steps | None:
        chain = self.chain
        return product.steps(self.workflow, chain.ddof, chain.temperature, self.generations)

    @cached_property
    def _second(self) -> product.SecondMoments | None:
        if self._product is None:
            return None
        return product.second_moments(self.chain.matrix, self._product)

    @cached_property
    def _inverse(self) -> Expectations:
        assert self._product is not None
        return product.inverse_moments(self.chain.dim, self.chain.ddof, self._product)

    @property
    def _vanishes(self) -> bool:
        """True if sigma_t -> 0 almost surely and in mean: replace, and accumulate when cold."""
        replaces = limits.replaces(self.workflow)
        return replaces or self.trace_ratio.limit == 0

    def _form(self, field: str) -> Callable[[], Formula | None]:
        return partial(_closed_form, self.chain, self.workflow, field)

    def _frobenius(self, field: str) -> FloatArray:
        self._steps(field)
        assert self._second is not None
        square = self._second.trace_square
        values: FloatArray = square / square[0] - 2 * self.trace_ratio.values + 1
        return values

    def _steps(self, field: str) -> product.Steps:
        self._require(field)
        assert self._product is not None
        return self._product


def _closed_form(chain: GaussianChain, workflow: Workflow, field: str) -> Formula | None:
    from theory.symbolic.curve_formulas import of_gaussian

    return of_gaussian(chain, workflow, field)


def _root(variance: FloatArray) -> FloatArray:
    """Standard deviation from a variance that rounding may leave just below zero."""
    deviation: FloatArray = np.sqrt(np.maximum(variance, 0.0))
    return deviation


def _products(factors: FloatArray) -> FloatArray:
    """1 and the products of the first 1, 2, ... factors; inf where they overflow."""
    with np.errstate(over="ignore"):
        return np.append(1.0, np.cumprod(factors))


def _cumulated(terms: FloatArray) -> FloatArray:
    return np.append(0.0, np.cumsum(terms))
