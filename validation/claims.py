"""The claims: which theory field, which simulated twin, and the spec at which it is tested.

A spec must give its claims power. Where the drift is O(1/n) the batches are small; where an
unbiased estimator hardly drifts at all (accumulate, temperature one: 1 / (k (k n - 1)) at
generation k) the model samples at temperature one half instead, so that the ratio departs from
one and the estimator's share in it is still resolved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from theory.curve import Curve
from theory.gaussian import FIELDS as GAUSSIAN_FIELDS
from theory.gaussian import GaussianChain, curves, survival
from theory.workflow import Workflow
from validation.asymptotic import Grid
from validation.data import RealTable

FAMILIES = ("gaussian", "inflation")

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
class Experiment:
    """One simulation and the claims that it tests.

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

    @property
    def name(self) -> str:
        """family/truth-or-workflow/estimator/dimension, the stem of its claims' names."""
        chain = self.chain
        truth = "gaussian" if self.table is None else f"gaussian/data/{self.table.name}"
        heat = "" if chain.temperature == 1 else f"/temperature{chain.temperature:g}"
        rows = "-".join(map(str, self.workflow.schedule))
        share = "" if self.threshold is None else f"/above{self.threshold:g}"
        return f"{truth}/{self.label}/ddof{chain.ddof}{heat}/dim{chain.dim}/n{rows}{share}"

    @property
    def twins(self) -> tuple[str, ...]:
        """The simulated fields that the claims need."""
        return tuple(dict.fromkeys(TWINS[name] for name in self.fields))

    @property
    def tests(self) -> int:
        """Single tests that the claims make: generations x fields, 0 if nothing is claimed."""
        return self.generations * len(self.fields) * self.claimed

    def theory(self) -> dict[str, Curve]:
        """The curves under test, by field."""
        known = curves(self.chain, self.workflow, self.generations)
        found = {name: known[name] for name in self.fields if name != "survival"}
        if self.threshold is not None:
            found["survival"] = survival(
                self.chain, self.workflow, self.generations, threshold=self.threshold
            )
        return found

    def claim_names(self) -> list[str]:
        """Names of the claims, one a field."""
        return [f"{self.name}/{field}" for field in self.fields]


def every_other_batch(t: int) -> npt.NDArray[np.float64]:
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


def gaussian() -> Iterator[Experiment]:
    """Every constructor x two ddof x dim 1, 3, 10, and every field that theory has there.

    Dimension 3 draws every row, the others by the fastest engine that applies.
    """
    for experiment in _gaussian():
        method = "rows" if experiment.chain.dim == 3 else "auto"
        yield replace(experiment, method=method)


def _gaussian() -> Iterator[Experiment]:
    for dim in (1, 3, 10):
        for label, workflow in _workflows(2).items():
            if label == "fresh":
                workflow = Workflow.fresh(2, 6)
            yield Experiment(label, GaussianChain(dim, 0), workflow, 3, MOMENTS)
        for label, workflow in _workflows(10).items():
            if label == "fresh-weighted":
                continue  # a weighted fit has no unbiased covariance
            if label == "accumulate-subsample-replacement":
                workflow = Workflow.accumulate_subsample(3, replacement=True)
            yield Experiment(label, GaussianChain(dim, 1, 0.5), workflow, 3, MOMENTS)
        for chain in (GaussianChain(dim, 0), GaussianChain(dim, 1, 0.5)):
            yield from _products(chain)
        yield from _default_chain(dim)
    yield from _schedules()
    yield from _long_runs()


def _products(chain: GaussianChain) -> Iterator[Experiment]:
    """The fields that replace and accumulate alone have.

    Inverses need rows for finite variances, expected roots and determinants few rows for a drift
    that can be resolved.
    """
    rows = {1: 8, 3: 12, 10: 20}[chain.dim]
    for label in ("replace", "accumulate"):
        workflow = _workflows(rows)[label]
        yield Experiment(label, chain, workflow, 2, LIKELIHOOD)
        if chain.dim == 1:
            yield Experiment(label, chain, _workflows(2)[label], 2, ("spread_ratio", "wasserstein"))
        else:
            few = _workflows(chain.dim + 2)[label]
            yield Experiment(label, chain, few, 2, ("determinant_ratio",))
            bounds = ("wasserstein_lower", "wasserstein_upper")
            yield Experiment(label, chain, workflow, 2, bounds)


def _default_chain(dim: int) -> Iterator[Experiment]:
    """The chain people start with: unbiased, temperature one; here with a spectrum."""
    chain = GaussianChain(dim, 1, 1.0, np.diag(np.linspace(1, 3, dim)))
    rows = {1: 12, 3: 16, 10: 24}[dim]
    for label in ("replace", "accumulate"):
        fields = ("mean_error", "covariance_error", "mahalanobis_error", "excess_nll")
        yield Experiment(label, chain, _workflows(rows)[label], 2, fields)


def _schedules() -> Iterator[Experiment]:
    """Batches of unequal size, and a budget between two pools."""
    chain = GaussianChain(2, 0)
    schedule = (3, 2, 4)
    yield Experiment("replace", chain, Workflow.replace(schedule), 4, MOMENTS)
    yield Experiment("accumulate", chain, Workflow.accumulate(schedule), 4, MOMENTS)
    budget = Workflow.accumulate_subsample(schedule, budget=3)
    yield Experiment("accumulate-subsample-budget3", chain, budget, 4, MOMENTS)
    yield Experiment("anchored", chain, Workflow.anchored(3, schedule), 4, MOMENTS)


def _long_runs() -> Iterator[Experiment]:
    """Collapse over many generations, where means of the spread itself rest on rare runs.

    With n = 10 rows the variance of the fitted one after 50 generations has standard deviation 150
    at mean 1: no number of runs that one can wait for would refute a claim on it. Its logarithm
    and the probability that it survives have light tails at any generation.
    """
    for ddof in (0, 1):
        chain = GaussianChain(1, ddof)
        workflow = Workflow.replace(10)
        yield Experiment("replace-long", chain, workflow, 50, ("log_det_ratio",))
        yield Experiment("replace-long", chain, workflow, 20, ("survival",), threshold=0.3)
    chain = GaussianChain(1, 0)
    yield Experiment("accumulate-long", chain, Workflow.accumulate(10), 50, ("log_det_ratio",))


def on_table(table: RealTable, workflows: Sequence[tuple[str, Workflow]] = ()) -> list[Experiment]:
    """Claims on a real table, and the fields that hold for a Gaussian truth only beside them.

    Unless workflows are given, the claims use batches of two rows, where the drift is large and
    cheap to resolve; the reference uses dim + 10 rows, where every field is finite.
    """
    chain = GaussianChain.from_data(table.rows, ddof=0)
    chosen = list(workflows)
    if not chosen:
        small = _workflows(2)
        chosen = [(k, small[k]) for k in ("replace", "accumulate", "accumulate-subsample")]
    claims = [Experiment(label, chain, flow, 2, MOMENTS, table) for label, flow in chosen]
    gaussian_only = ("covariance_error", "log_det_ratio", "mahalanobis_error", "excess_nll")
    large = _workflows(chain.dim + 10)
    shown = [
        Experiment(label, chain, large[label], 3, gaussian_only, table, claimed=False)
        for label in ("replace", "accumulate")
    ]
    return [*claims, *shown]


def select(pattern: str, experiments: Sequence[Experiment | Grid]) -> list[Experiment | Grid]:
    """The experiments whose name starts with the pattern, at a slash.

    Raises:
        ValueError: no claim has such a name.
    """
    stem = pattern.rstrip("/") + "/"
    found = [e for e in experiments if f"{e.name}/".startswith(stem)]
    if not found:
        raise ValueError(
            f"unknown claims {pattern!r}: choose a family from {', '.join(FAMILIES)}, or the "
            f"beginning of a name that --list prints"
        )
    return found
