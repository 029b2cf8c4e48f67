"""The curves of the categorical chain, generation by generation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from theory.categorical import spectrum
from theory.categorical.chain import CategoricalChain
from theory.categorical.collapse import collapse_time, why_no_time
from theory.categorical.survival import survival_lower
from theory.curve import Curve, Kind
from theory.gaussian import GaussianChain, GaussianCurves
from theory.gaussian import curves as gaussian_curves
from theory.record import ChainCurves
from theory.workflow import FOREVER, Workflow, WorkflowKind

if TYPE_CHECKING:
    from theory.symbolic.derivation import Formula

FloatArray = npt.NDArray[np.float64]

FIELDS = (
    "squared_error",
    "heterozygosity",
    "survivors",
    "survivors_lower",
    "entropy",
    "collapse_probability",
    "collapse_time",
)

_MOMENTS = "loopbound theory, sections 1 and 6"
_SPECTRUM = "loopbound theory, section 6"
_COMES_BACK = (WorkflowKind.FRESH, WorkflowKind.ACCUMULATE_SUBSAMPLE)
_KEEPS_REAL_ROWS = (WorkflowKind.ACCUMULATE, WorkflowKind.ANCHORED)


def curves(chain: CategoricalChain, workflow: Workflow, generations: int) -> CategoricalCurves:
    """Expected drift of the fits 1..generations, as a record of Curves of length T + 1.

    Raises:
        ValueError: generations < 1.

    Example:
        >>> known = curves(CategoricalChain((0.7, 0.3)), Workflow.replace(20), 30)
        >>> known.heterozygosity[30].round(6), known.collapse_probability[30].round(6)
        (np.float64(0.090148), np.float64(0.747441))
    """
    chain.require(workflow, generations)
    return CategoricalCurves(chain, workflow, int(generations))


def available(
    chain: CategoricalChain, workflow: Workflow, generations: int | None = None
) -> tuple[str, ...]:
    """Names of the fields that `curves` gives, in the order of `FIELDS`.

    None stands for more generations than a window or a budget takes to be outgrown, and as few as
    an exact law can be worked out for.
    """
    return tuple(name for name in FIELDS if _why_absent(name, workflow, generations) is None)


def _why_absent(field: str, workflow: Workflow, generations: int | None) -> str | None:
    """The reason a field has no curve; None if it has one."""
    if field in ("squared_error", "heterozygosity"):
        return None
    horizon = FOREVER if generations is None else generations
    kind = workflow.until(horizon)
    if field == "survivors_lower":
        if kind is not WorkflowKind.REPLACE or len(workflow.schedule) > 1:
            return "proved for replace with batches of one size"
        return None
    if field == "collapse_time" and kind in _COMES_BACK:
        return (
            "one category left is not for ever: real rows, or rows of the pool, bring others back"
        )
    if field in ("survivors", "collapse_probability", "collapse_time") and kind in _KEEPS_REAL_ROWS:
        return None
    return spectrum.why_absent(workflow, generations or 1, horizon)


@dataclass(frozen=True, eq=False)
class CategoricalCurves(ChainCurves):
    """Curves over generations 0..T of one chain under one workflow; see each field.

    p_t is the fit of generation t: the weighted shares of the categories in its rows. E is over
    every draw. Index 0 is the truth's own value.
    """

    names = FIELDS

    chain: CategoricalChain
    workflow: Workflow
    generations: int

    def why_absent(self, field: str) -> str | None:
        """The reason that a field has no curve here; None if it has one."""
        return _why_absent(field, self.workflow, self.generations)

    def _of_what(self) -> str:
        return f"{self.chain.categories} categories"

    # --- every workflow ------------------------------------------------------------------------

    @cached_property
    def squared_error(self) -> Curve:
        """E |p_t - p_0|^2 (no unit). Exact.

        (1 - sum p_0^2) B_t: the one-hot row has the two moments of a location-scale family of
        trace 1 - sum p_0^2 and ddof 0, so B_t is the `mean_error` of that Gaussian chain.
        """
        unit, error = self.chain.heterozygosity, self._gaussian.mean_error
        limit = None if error.limit is None else unit * error.limit
        form = self._form("squared_error")
        return Curve(unit * error.values, Kind.EXACT, _MOMENTS, limit=limit, closed_form=form)

    @cached_property
    def heterozygosity(self) -> Curve:
        """E (1 - sum p_t^2), the probability that two rows of model t differ (no unit). Exact.

        (1 - sum p_0^2) - squared_error. In units of the truth's own: replace (1 - 1/n)^t,
        accumulate prod_{k<=t} (1 - 1/(n k^2)), anchored in closed form: to a few roundings there,
        elsewhere to a few roundings of the truth's own.
        """
        unit, left = self.chain.heterozygosity, self._gaussian.trace_ratio
        anchored = _anchored(unit, self.workflow, self.generations)
        known = np.maximum(unit * left.values, 0.0)
        values = known if anchored is None else anchored
        limit = None if left.limit is None else unit * left.limit
        form = self._form("heterozygosity")
        return Curve(values, Kind.EXACT, _MOMENTS, limit=limit, closed_form=form)

    # --- where a category's count is a Markov chain ---------------------------------------------

    @cached_property
    def survivors(self) -> Curve:
        """E number of categories of p_t > 0. Exact.

        Where the real rows stay in every training set (accumulate, anchored) categories are lost at
        generation 1 only: sum of 1 - (1 - p_0)^n_0 for ever.
        """
        self._require("survivors")
        if self._keeps:
            kept = float(-np.expm1(self._rows * _log_rest(self._shares)).sum())
            return self._constant(float(self.chain.survivors), kept)
        limit = 1.0 if self._replaces else None
        return self._integral(0, float(self.chain.survivors), limit)

    @cached_property
    def survivors_lower(self) -> Curve:
        """Lower bound on the survivors, replace: sum of 1 - exp(-n p_0 g_t).

        g_1 = 1, g_{k+1} = 1 - exp(-g_k): exact if batches have Poisson sizes, a bound at fixed n.
        It costs nothing at any n and number of categories.
        """
        self._require("survivors_lower")
        later = survival_lower(self._shares, self.workflow.schedule[0], self.generations)
        values = np.append(float(self.chain.survivors), later.sum(axis=0))
        return Curve(values, Kind.LOWER, _SPECTRUM)

    @cached_property
    def entropy(self) -> Curve:
        """E of the entropy of p_t, -sum p_t log p_t (nats). Exact."""
        self._require("entropy")
        return self._integral(1, self.chain.entropy, 0.0 if self._replaces else None)

    @cached_property
    def collapse_probability(self) -> Curve:
        """P(p_t has one category left) (a probability). Exact.

        At most one category can hold every row, so it is the sum over categories of the probability
        that this one does. Where the real rows stay, sum p_0^n_0 for ever. Elsewhere right to some
        1e-15 a generation, absolutely: what is below 1e-18 is rounding.
        """
        self._require("collapse_probability")
        alone = float(self.chain.survivors == 1)
        if self._keeps:
            curve = self._constant(alone, float((self._shares**self._rows).sum()))
        else:
            curve = self._integral(2, alone, 1.0 if self._replaces else None)
        std = np.sqrt(curve.values * (1 - curve.values))
        return Curve(curve.values, Kind.EXACT, _SPECTRUM, std, curve.limit)

    @cached_property
    def collapse_time(self) -> Curve:
        """E of the fits until one category is left, t where that takes longer (fits). Exact.

        The sum over s < t of P(more than one is left at s), where one left is left for ever. Under
        replace its limit is the expected time itself, `theory.categorical.collapse_time`.
        """
        self._require("collapse_time")
        left = 1 - self.collapse_probability.values
        forever = self.workflow.until(FOREVER) in _KEEPS_REAL_ROWS
        limit = math.inf if forever and left[-1] > 0 else None
        if why_no_time(self.workflow) is None:
            limit = collapse_time(self.chain, self.workflow).mean
        values = np.append(0.0, np.cumsum(left[:-1]))
        return Curve(values, Kind.EXACT, _SPECTRUM, limit=limit)

    # --- what the fields are made of -----------------------------------------------------------

    @property
    def _shares(self) -> FloatArray:
        """Those of the categories that there are."""
        p = self.chain.array
        return p[p > 0]

    @property
    def _rows(self) -> int:
        return self.workflow.real_rows(1)

    @property
    def _keeps(self) -> bool:
        return self.workflow.until(self.generations) in _KEEPS_REAL_ROWS

    @property
    def _replaces(self) -> bool:
        """With batches of a fixed size in the end, one category is left sooner or later."""
        return self.workflow.until(FOREVER) is WorkflowKind.REPLACE

    @property
    def _gaussian(self) -> GaussianCurves:
        """Those of the Gaussian chain of ddof 0, in units of the truth's heterozygosity."""
        return gaussian_curves(GaussianChain(1, ddof=0), self.workflow, self.generations)

    def _form(self, field: str) -> Callable[[], Formula | None]:
        return partial(_closed_form, self.chain, self.workflow, field)

    @cached_property
    def _integrals(self) -> FloatArray:
        """Survivors, entropy and probability of collapse, axes (generation - 1, field)."""
        found = spectrum.spectra(self._shares, self.workflow, self.generations)
        return np.array([one.expected() for one in found])

    def _integral(self, column: int, first: float, limit: float | None) -> Curve:
        values = np.append(first, self._integrals[:, column])
        if column == 2:
            values = np.clip(values, 0.0, 1.0)
        return Curve(values, Kind.EXACT, _SPECTRUM, limit=limit)

    def _constant(self, first: float, later: float) -> Curve:
        forever = self.workflow.until(FOREVER) in _KEEPS_REAL_ROWS
        values = np.append(first, np.full(self.generations, later))
        return Curve(values, Kind.EXACT, _SPECTRUM, limit=later if forever else None)


def _anchored(unit: float, workflow: Workflow, generations: int) -> FloatArray | None:
    """Heterozygosity at generations 0..T, anchored with batches of one size.

    N real rows kept and n synthetic ones, a = n / (N + n), b = a ((1 + 1/N) a - 1/N): in units of
    the truth's own (1 - 1/N) (1 + a + (a/N) b^(t-1)) / (1 + (1 + 1/N) a).

    None for other workflows.
    """
    if workflow.kind is not WorkflowKind.ANCHORED or len(set(workflow.schedule[1:])) > 1:
        return None
    real, rows = workflow.real_rows(1), workflow.schedule[-1]
    a = rows / (real + rows)
    b = a * ((1 + 1 / real) * a - 1 / real)
    power = b ** np.arange(generations)
    share = (1 - 1 / real) * (1 + a + a / real * power) / (1 + (1 + 1 / real) * a)
    return unit * np.append(1.0, share)


def _closed_form(chain: CategoricalChain, workflow: Workflow, field: str) -> Formula | None:
    from theory.symbolic.curve_formulas import of_categorical

    return of_categorical(chain, workflow, field)


def _log_rest(shares: FloatArray) -> FloatArray:
    """log(1 - p), -inf for p = 1."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log1p(-shares))
