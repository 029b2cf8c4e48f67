"""The excess test error of the regression chain, generation by generation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from theory.curve import Curve, Kind
from theory.record import ChainCurves
from theory.regression import conditional, fresh, reused, subsample
from theory.regression.chain import RegressionChain
from theory.regression.parts import Parts
from theory.workflow import FOREVER, Workflow, WorkflowKind

if TYPE_CHECKING:
    from theory.symbolic.derivation import Formula

FloatArray = npt.NDArray[np.float64]

FIELDS = ("excess_test_error", "bias", "variance", "published_upper", "schedule_upper")

_SOURCE = "loopbound theory, section 4"
_LEADING = f"{_SOURCE}, leading order as dim / n -> 0"
_PUBLISHED = "Gerstgrasser et al., 2404.01413, theorem 1"


def curves(
    chain: RegressionChain,
    workflow: Workflow,
    generations: int,
    *,
    design: npt.ArrayLike | None = None,
) -> RegressionCurves:
    """Expected excess test error of the fits 1..generations, as a record of Curves of length T + 1.

    `design` is the user's own X, axes (row, feature), for a chain that reuses it: the curves are
    then conditional on X, exact with a ridge too. Without it the rows are N(0, Sigma) and the
    expectation is over them as well.

    Raises:
        ValueError: generations < 1, or a design that is not n finite rows of full column rank.
        UnsupportedWorkflow: a reused design with batches of unequal size, or a design for a chain
            that does not reuse it.

    Example:
        >>> chain = RegressionChain(dim=10)
        >>> kept = curves(chain, Workflow.accumulate(100), 50).excess_test_error
        >>> kept[1].round(6), kept[50].round(6), round(kept.limit, 6)
        (np.float64(0.11236), np.float64(0.177198), 0.17918)
    """
    chain.require(workflow, generations)
    x = None if design is None else conditional.own_design(chain, workflow, design)
    return RegressionCurves(chain, workflow, int(generations), x)


def available(
    chain: RegressionChain,
    workflow: Workflow,
    generations: int | None = None,
    *,
    design: npt.ArrayLike | None = None,
) -> tuple[str, ...]:
    """Names of the fields that `curves` gives, in the order of `FIELDS`.

    `generations` matters to a window or a budget only, as in `theory.gaussian.available`.
    """
    horizon = FOREVER if generations is None else generations
    given = design is not None
    return tuple(
        name for name in FIELDS if _why_absent(name, chain, workflow, horizon, given) is None
    )


def _why_absent(
    field: str, chain: RegressionChain, workflow: Workflow, generations: int, given: bool
) -> str | None:
    """The reason a field has no curve; None if it has one."""
    kind = workflow.until(generations)
    if field.endswith("_upper"):
        return _why_unbounded(field, chain, workflow, kind, given)
    if given:
        return conditional.why_absent(kind)
    if chain.penalised:
        return "a ridge is known given a reused design: pass design=X (--design FILE)"
    return _why_singular(chain, workflow, kind)


def _why_singular(chain: RegressionChain, workflow: Workflow, kind: WorkflowKind) -> str | None:
    """The reason that fits on few rows are not known: exact laws hold for an isotropic Sigma."""
    dim, first = chain.dim, workflow.real_rows(1)
    exact = chain.design == "reused" or fresh.is_exact(workflow, kind)
    if kind is WorkflowKind.ACCUMULATE_SUBSAMPLE or not exact:
        alone = kind is WorkflowKind.CUSTOM
        fewest = min(first, min(workflow.schedule) if alone else workflow.budget or first)
        if fewest >= dim + 2:
            return None
        start = subsample.infinite_mean_from(chain, workflow)
        known = f"known for fits on at least dim + 2 = {dim + 2} rows only"
        return known if start is None else f"{known} (infinite from generation {start} on)"
    if kind is WorkflowKind.FRESH and chain.design == "fresh":
        fewest = first + min(workflow.schedule[1:] or workflow.schedule)
        if fewest < dim + 2:
            return f"known for n_real + n >= dim + 2 = {dim + 2} only"
    fewest = min(first, *workflow.schedule) if kind is WorkflowKind.REPLACE else first
    if fewest < dim - 1 and not chain.isotropic:
        return f"fits on fewer than dim - 1 = {dim - 1} rows are known for an isotropic Sigma only"
    return None


def _why_unbounded(
    field: str, chain: RegressionChain, workflow: Workflow, kind: WorkflowKind, given: bool
) -> str | None:
    if given or chain.penalised or kind is not WorkflowKind.ACCUMULATE:
        return "proved for accumulate without a ridge, over random designs"
    if workflow.schedule[0] < chain.dim + 2:
        return f"proved for n >= dim + 2 = {chain.dim + 2}"
    if not isinstance(chain.noise, float):
        return "proved for one noise"
    if field == "published_upper" and len(workflow.schedule) > 1:
        return "proved for batches of one size; schedule_upper holds for any"
    if field == "schedule_upper" and chain.design == "reused":
        return "proved for a fresh design; published_upper holds for a reused one"
    return None


@dataclass(frozen=True, eq=False)
class RegressionCurves(ChainCurves):
    """Curves over generations 0..T of one chain under one workflow; see each field.

    w_t is the fit of generation t, E the expectation over designs, labels and the direction of w*.
    Errors are in the units of a squared label, 0 at generation 0, and `inf` where a fit has d - 1,
    d or d + 1 rows: the smallest eigenvalue of X'X then has no mean inverse. Under accumulate that
    infinity stays for ever.
    """

    names = FIELDS

    chain: RegressionChain
    workflow: Workflow
    generations: int
    design: FloatArray | None = None

    def why_absent(self, field: str) -> str | None:
        """The reason that a field has no curve here; None if it has one."""
        return _why_absent(
            field, self.chain, self.workflow, self.generations, self.design is not None
        )

    def _of_what(self) -> str:
        return f"dim={self.chain.dim}, design={self.chain.design}"

    @cached_property
    def excess_test_error(self) -> Curve:
        """E (w_t - w*)' Sigma (w_t - w*): test error minus the noise floor.

        Exact for a reused design under every workflow without a budget, and for fresh designs
        under replace, accumulate and fresh; ASYMPTOTIC elsewhere, to leading order as d/n -> 0.
        Fresh, rows n, noise sigma: replace t sigma^2 d/(n-d-1), accumulate
        sum_{i<=t} sigma^2 d/(i (i n-d-1)). Reused: sigma^2 d/(n-d-1) v_t of `theory.inflation`.

        A subsample of fresh rows, d >= 2: values and limit stay those of the leading order, of
        typical designs, where the mean over all of them is infinite. `source` says from which
        generation on, `infinite_mean_from` why.
        """
        parts, kind = self._parts("excess_test_error"), self.workflow.until(self.generations)
        limit = parts.limit if self.workflow.until(FOREVER) is kind else None
        return self._curve(parts, parts.bias + parts.variance, "excess_test_error", limit)

    @cached_property
    def bias(self) -> Curve:
        """E over designs and w* of the squared error of the mean fit: what no label noise made.

        0 without a ridge and with rows enough; |w*|^2 (1 - n/d) of least norm.
        """
        parts = self._parts("bias")
        return self._curve(parts, parts.bias, "bias", None)

    @cached_property
    def variance(self) -> Curve:
        """The rest: what the noise of all labels so far adds to the excess test error."""
        parts = self._parts("variance")
        return self._curve(parts, parts.variance, "variance", None)

    @cached_property
    def published_upper(self) -> Curve:
        """Upper bound pi^2/6 times generation 1's error, accumulate, at every generation.

        For a fresh design each term d/(i (i n-d-1)) is at most d/(n-d-1)/i^2; for a reused one it
        is that term.
        """
        self._require("published_upper")
        first = self.excess_test_error[1]
        values = np.full(self.generations + 1, math.pi**2 / 6 * first)
        values[0] = 0.0
        return Curve(values, Kind.UPPER, _PUBLISHED)

    @cached_property
    def schedule_upper(self) -> Curve:
        """Upper bound on the error under accumulate for any schedule with these n_0 real rows.

        Generation 1's times 1 + ((n_0-d-1)/(d+1)) ln(n_0/(n_0-d-1)) <= 2, because
        n_s/(N (N-c)) is at most the integral of 1/(x (x-c)) over the n_s rows before N, c = d+1.
        """
        self._require("schedule_upper")
        rows, c = self.workflow.schedule[0], self.chain.dim + 1
        factor = 1 + (rows - c) / c * math.log(rows / (rows - c))
        values = np.full(self.generations + 1, factor * self.excess_test_error[1])
        values[0] = 0.0
        return Curve(values, Kind.UPPER, _SOURCE)

    @property
    def std_over_designs(self) -> FloatArray | None:
        """Standard deviation over designs of the error's mean over label noise and w*.

        Axis (generation,); None where not known. One run of `montecarlo.regression` scatters by it
        under the method 'rao-blackwell', and by `excess_test_error.std` under the others.
        """
        return self._parts("excess_test_error").over_designs

    # --- what the fields are made of -----------------------------------------------------------

    @cached_property
    def _found(self) -> Parts:
        chain, workflow = self.chain, self.workflow
        if self.design is not None:
            return conditional.parts(chain, workflow, self.generations, self.design)
        kind = workflow.until(self.generations)
        if kind is WorkflowKind.ACCUMULATE_SUBSAMPLE:
            return subsample.parts(chain, workflow, self.generations)
        if chain.design == "reused":
            return reused.parts(chain, workflow, self.generations)
        if fresh.is_exact(workflow, kind):
            return fresh.parts(chain, workflow, self.generations)
        return subsample.parts(chain, workflow, self.generations)

    def _parts(self, field: str) -> Parts:
        self._require(field)
        return self._found

    def _curve(self, parts: Parts, values: FloatArray, field: str, limit: float | None) -> Curve:
        source = _SOURCE if parts.kind is Kind.EXACT else _LEADING
        start = subsample.drawn_again_from(self.chain, self.workflow)
        if parts.kind is not Kind.EXACT and field != "bias" and start is not None:
            source = f"{_LEADING}, typical designs; over all infinite from generation {start} on"
        std = parts.std if field == "excess_test_error" else None
        return Curve(values, parts.kind, source, std, limit, self._form(field))

    def _form(self, field: str) -> Callable[[], Formula | None] | None:
        if self.design is not None or self._found.kind is not Kind.EXACT:
            return None
        return partial(_closed_form, self.chain, self.workflow, field)


def _closed_form(chain: RegressionChain, workflow: Workflow, field: str) -> Formula | None:
    from theory.symbolic.curve_formulas import of_regression

    return of_regression(chain, workflow, field)
