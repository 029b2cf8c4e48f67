"""The Gaussian claims: which theory field, which simulated twin, and the spec of its test.

A spec must give its claims power. Where the drift is O(1/n) the batches are small; where an
unbiased estimator hardly drifts at all (accumulate, temperature one: 1 / (k (k n - 1)) at
generation k) the model samples at temperature one half instead, so that the ratio departs from
one and the estimator's share in it is still resolved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo.estimate import Estimates
from montecarlo.gaussian import estimate
from theory.curve import Curve
from theory.gaussian import FIELDS as GAUSSIAN_FIELDS
from theory.gaussian import GaussianChain, curves, survival
from theory.tables import RealTable
from theory.workflow import Workflow
from validation.experiment import Compared, by_name

FloatArray = npt.NDArray[np.float64]

TWINS: dict[str, str] = {name: name for name in GAUSSIAN_FIELDS} | {
    "wasserstein_lower": "wasserstein",
    "wasserstein_upper": "wasserstein",
    "survival": "survival",
}
"""Theory field -> simulated field, for every Gaussian field and for survival."""

MOMENTS = ("mean_error", "trace_ratio")
LIKELIHOOD = (
    "covariance_error",
    "log_det_ratio",
    "precision_ratio",
    "mahalanobis_error",
    "excess_nll",
)


@dataclass(frozen=True, eq=False)
class GaussianExperiment(Compared):
    """One simulation of a Gaussian chain and the claims that it tests; see `Experiment`.

    Attributes:
        label: names the workflow in the claims' names.
        chain: model and estimator.
        workflow: who trains on what.
        generations: fits a run.
        fields: theory fields tested.
        table: real rows come from this table; None for a Gaussian truth.
        claimed: False where the curves are shown for reference only.
        method: the engine of the simulation.
        threshold: of the field `survival`.
    """

    label: str
    chain: GaussianChain
    workflow: Workflow
    generations: int
    fields: tuple[str, ...]
    table: RealTable | None = None
    claimed: bool = True
    method: str = "auto"
    threshold: float | None = None

    twins = TWINS

    @property
    def name(self) -> str:
        """family/truth-or-workflow/estimator/dimension, the stem of its claims' names."""
        chain = self.chain
        truth = "gaussian" if self.table is None else f"gaussian/data/{self.table.name}"
        heat = "" if chain.temperature == 1 else f"/temperature{chain.temperature:g}"
        share = "" if self.threshold is None else f"/above{self.threshold:g}"
        stem = f"{truth}/{self.label}/ddof{chain.ddof}{heat}/dim{chain.dim}"
        return by_name(stem, self.workflow) + share

    @property
    def facts(self) -> dict[str, Any]:
        """Dimension and estimator."""
        chain = self.chain
        return {"dim": chain.dim, "ddof": chain.ddof, "temperature": chain.temperature}

    def theory(self) -> dict[str, Curve]:
        """The curves under test, by field."""
        known = curves(self.chain, self.workflow, self.generations)
        found = {name: known[name] for name in self.fields if name != "survival"}
        if self.threshold is not None:
            found["survival"] = survival(
                self.chain, self.workflow, self.generations, threshold=self.threshold
            )
        return found

    def simulate(
        self, *, seed: int, replicates: int, threads: int | None, checkpoint: Path | None
    ) -> Estimates:
        """The simulated fields, each once."""
        return estimate(
            self.chain, self.workflow, self.generations, seed=seed, replicates=replicates,
            fields=self.simulated,
            threshold=self.threshold, method=self.method, threads=threads,
            data=None if self.table is None else self.table.rows, checkpoint=checkpoint,
        )  # fmt: skip

    def run_std(self, field: str, curve: Curve) -> FloatArray | None:
        """A bound has none, and a table has fourth moments of its own."""
        return super().run_std(field, curve) if self.table is None else None


def every_other_batch(t: int) -> FloatArray:
    """The custom workflow under test: batches t - 1, t - 3, ..., equal weight a row."""
    row = np.zeros(t)
    row[::-2] = 1 / len(row[::-2])
    return row


def _workflows(n: int) -> dict[str, Workflow]:
    return {
        "replace": Workflow.replace(n),
        "accumulate": Workflow.accumulate(n),
        "accumulate-subsample": Workflow.accumulate_subsample(n),
        "accumulate-subsample-replacement": Workflow.accumulate_subsample(n, replacement=True),
        "sliding-window": Workflow.sliding_window(n, 2),
        "anchored": Workflow.anchored(n, n),
        "fresh": Workflow.fresh(n, n),
        "fresh-weighted": Workflow.fresh(n, n, weight=0.3),
        "custom": Workflow.custom(n, every_other_batch),
    }


def experiments() -> Iterator[GaussianExperiment]:
    """Every constructor x two ddof x dim 1, 3, 10, and every field that theory has there.

    Dimension 3 draws every row, the others by the fastest engine that applies.
    """
    for experiment in _experiments():
        method = "rows" if experiment.chain.dim == 3 else "auto"
        yield replace(experiment, method=method)


def _experiments() -> Iterator[GaussianExperiment]:
    for dim in (1, 3, 10):
        for label, workflow in _workflows(2).items():
            if label == "fresh":
                workflow = Workflow.fresh(2, 6)
            yield GaussianExperiment(label, GaussianChain(dim, 0), workflow, 3, MOMENTS)
        for label, workflow in _workflows(10).items():
            if label == "fresh-weighted":
                continue  # a weighted fit has no unbiased covariance
            if label == "accumulate-subsample-replacement":
                workflow = Workflow.accumulate_subsample(2, replacement=True)
            yield GaussianExperiment(label, GaussianChain(dim, 1, 0.5), workflow, 3, MOMENTS)
        for chain in (GaussianChain(dim, 0), GaussianChain(dim, 1, 0.5)):
            yield from _products(chain)
        yield from _default_chain(dim)
    yield from _schedules()
    yield from _long_runs()


def _products(chain: GaussianChain) -> Iterator[GaussianExperiment]:
    """The fields that replace and accumulate alone have.

    Inverses need rows for finite variances, expected roots and determinants few rows for a drift
    that can be resolved.
    """
    rows = {1: 8, 3: 12, 10: 20}[chain.dim]
    for label in ("replace", "accumulate"):
        workflow = _workflows(rows)[label]
        yield GaussianExperiment(label, chain, workflow, 2, LIKELIHOOD)
        if chain.dim == 1:
            yield GaussianExperiment(
                label, chain, _workflows(2)[label], 2, ("spread_ratio", "wasserstein")
            )
        else:
            few = _workflows(chain.dim + 2)[label]
            yield GaussianExperiment(label, chain, few, 2, ("determinant_ratio",))
            bounds = ("wasserstein_lower", "wasserstein_upper")
            yield GaussianExperiment(label, chain, workflow, 2, bounds)


def _default_chain(dim: int) -> Iterator[GaussianExperiment]:
    """The chain people start with: unbiased, temperature one; here with a spectrum."""
    chain = GaussianChain(dim, 1, 1.0, np.diag(np.linspace(1, 3, dim)))
    rows = {1: 12, 3: 16, 10: 24}[dim]
    for label in ("replace", "accumulate"):
        fields = ("mean_error", "covariance_error", "mahalanobis_error", "excess_nll")
        yield GaussianExperiment(label, chain, _workflows(rows)[label], 2, fields)


def _schedules() -> Iterator[GaussianExperiment]:
    """Batches of unequal size, and a budget between two pools."""
    chain = GaussianChain(2, 0)
    schedule = (3, 2, 4)
    yield GaussianExperiment("replace", chain, Workflow.replace(schedule), 4, MOMENTS)
    yield GaussianExperiment("accumulate", chain, Workflow.accumulate(schedule), 4, MOMENTS)
    budget = Workflow.accumulate_subsample(schedule, budget=3)
    yield GaussianExperiment("accumulate-subsample-budget3", chain, budget, 4, MOMENTS)
    yield GaussianExperiment("anchored", chain, Workflow.anchored(3, schedule), 4, MOMENTS)


def _long_runs() -> Iterator[GaussianExperiment]:
    """Collapse over many generations, where means of the spread itself rest on rare runs.

    With n = 10 rows the variance of the fitted one after 50 generations has standard deviation 150
    at mean 1: no number of runs that one can wait for would refute a claim on it. Its logarithm
    and the probability that it survives have light tails at any generation.
    """
    for ddof in (0, 1):
        chain = GaussianChain(1, ddof)
        workflow = Workflow.replace(10)
        yield GaussianExperiment("replace-long", chain, workflow, 50, ("log_det_ratio",))
        yield GaussianExperiment("replace-long", chain, workflow, 20, ("survival",), threshold=0.3)
    chain = GaussianChain(1, 0)
    yield GaussianExperiment(
        "accumulate-long", chain, Workflow.accumulate(10), 50, ("log_det_ratio",)
    )


def on_table(
    table: RealTable, workflows: Sequence[tuple[str, Workflow]] = ()
) -> list[GaussianExperiment]:
    """Claims on a real table, and the fields that hold for a Gaussian truth only beside them.

    Unless workflows are given, the claims use batches of two rows, where the drift is large and
    cheap to resolve; the reference uses dim + 10 rows, where every field is finite.
    """
    chain = GaussianChain.from_data(table.rows, ddof=0)
    chosen = list(workflows)
    if not chosen:
        small = _workflows(2)
        chosen = [(k, small[k]) for k in ("replace", "accumulate", "accumulate-subsample")]
    claims = [GaussianExperiment(label, chain, flow, 2, MOMENTS, table) for label, flow in chosen]
    gaussian_only = ("covariance_error", "log_det_ratio", "mahalanobis_error", "excess_nll")
    large = _workflows(chain.dim + 10)
    shown = [
        GaussianExperiment(label, chain, large[label], 3, gaussian_only, table, claimed=False)
        for label in ("replace", "accumulate")
    ]
    return [*claims, *shown]
