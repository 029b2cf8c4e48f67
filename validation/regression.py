"""The regression claims: which workflow, design and penalty, and by which engine.

Label noise hardly matters to a mean that theory has exactly, so most claims are tested by the
engine without it ('rao-blackwell'): only designs are drawn. Where the design is given nothing is
left to draw, and the claim holds to rounding; there labels are drawn, too, for each penalty.
A spec has rows enough for light tails and a cheap test, and few enough that a d + 1 that is off by
one would be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo.estimate import Estimates
from montecarlo.regression import estimate
from theory.curve import Curve, Kind
from theory.regression import FIELDS, RegressionChain, curves
from theory.tables import RealTable
from theory.workflow import Workflow
from validation.experiment import Compared, Curves, by_name
from validation.gaussian import every_other_batch

FloatArray = npt.NDArray[np.float64]

TWINS: dict[str, str] = {name: name for name in FIELDS} | {
    "published_upper": "excess_test_error",
    "schedule_upper": "excess_test_error",
}
"""Theory field -> simulated field."""

ERROR = ("excess_test_error",)
PARTS = ("bias", "variance")


@dataclass(frozen=True, eq=False)
class RegressionExperiment(Compared):
    """One simulation of a regression chain and the claims that it tests; see `Experiment`.

    Attributes:
        label: names the workflow in the claims' names.
        chain: the data and the fit.
        workflow: who trains on what.
        generations: fits a run.
        fields: theory fields tested.
        method: the engine of the simulation.
        design: the rows of every batch, axes (row, feature); None for N(0, Sigma).
        table: the real table that they are.
    """

    label: str
    chain: RegressionChain
    workflow: Workflow
    generations: int
    fields: tuple[str, ...] = ERROR
    method: str = "rao-blackwell"
    design: FloatArray | None = None
    table: RealTable | None = None

    twins = TWINS

    @property
    def name(self) -> str:
        """regression/[data/table/]design/workflow/penalty/dimension/size/engine."""
        chain = self.chain
        design = "given" if self.design is not None else chain.design
        truth = design if self.table is None else f"data/{self.table.name}"
        ridges = "-".join(f"{ridge:g}" for ridge in chain.ridges)
        penalty = f"/ridge{ridges}-{chain.penalty}" if chain.penalised else ""
        stem = f"regression/{truth}/{self.label}{penalty}/dim{chain.dim}"
        return f"{by_name(stem, self.workflow)}/{self.method}"

    @property
    def facts(self) -> dict[str, Any]:
        """Dimension, noise, design and penalty."""
        chain = self.chain
        return {
            "dim": chain.dim, "noise": chain.noise, "design": chain.design, "ridge": chain.ridge,
            "penalty": chain.penalty, "method": self.method,
        }  # fmt: skip

    def record(self) -> Curves:
        """All that theory knows."""
        return curves(self.chain, self.workflow, self.generations, design=self.design)

    def simulate(
        self, *, seed: int, replicates: int, threads: int | None, checkpoint: Path | None
    ) -> Estimates:
        """The simulated fields, each once."""
        return estimate(
            self.chain, self.workflow, self.generations, seed=seed, replicates=replicates,
            fields=self.simulated,
            design=self.design, method=self.method, threads=threads, checkpoint=checkpoint,
        )  # fmt: skip

    def run_std(self, field: str, curve: Curve) -> FloatArray | None:
        """Without label noise that over designs, which none is where the design is given."""
        if curve.kind is not Kind.EXACT or self.method != "rao-blackwell":
            return super().run_std(field, curve)
        if self.design is not None:
            return np.zeros_like(curve.values)
        known = curves(self.chain, self.workflow, self.generations).std_over_designs
        return np.zeros_like(known) if known is not None and field == "bias" else known


def _workflows(n: int) -> dict[str, Workflow]:
    return {
        "replace": Workflow.replace(n),
        "accumulate": Workflow.accumulate(n),
        "fresh": Workflow.fresh(n, n),
        "sliding-window": Workflow.sliding_window(n, 2),
        "anchored": Workflow.anchored(n, n),
        "fresh-weighted": Workflow.fresh(n, n, weight=0.3),
        "custom": Workflow.custom(n, every_other_batch),
    }


EXACT_WITH_FRESH_ROWS = ("replace", "accumulate", "fresh")


def experiments() -> Iterator[RegressionExperiment]:
    """Both designs x dim 1, 3, 10 x the workflows known there; few rows; penalties; bounds."""
    for dim, rows in ((1, 30), (3, 24), (10, 30)):
        spectrum = np.diag(np.linspace(1, 3, dim))
        for label, workflow in _workflows(rows).items():
            reused = RegressionChain(dim, 0.5, "reused", covariance=spectrum)
            yield RegressionExperiment(label, reused, workflow, 3)
            if label in EXACT_WITH_FRESH_ROWS:
                fresh = RegressionChain(dim, 0.5, covariance=spectrum)
                yield RegressionExperiment(label, fresh, workflow, 3)
    yield from _by_labels()
    yield from _schedules()
    yield from _few_rows()
    yield from _penalties()
    yield from _bounds()


def _by_labels() -> Iterator[RegressionExperiment]:
    """The same by labels: each pair of engine, design and workflow."""
    for method, dim, rows, design, label in (
        ("rows", 3, 14, "fresh", "accumulate"),
        ("rows", 3, 14, "reused", "replace"),
        ("statistics", 10, 30, "fresh", "replace"),
        ("statistics", 10, 30, "reused", "accumulate"),
    ):
        chain, generations = RegressionChain(dim, 2.0, design), 2 if method == "rows" else 3
        workflow = _workflows(rows)[label]
        yield RegressionExperiment(label, chain, workflow, generations, ERROR, method)


def _schedules() -> Iterator[RegressionExperiment]:
    """Batches and noise that change from one generation to the next."""
    chain, sizes = RegressionChain(3, (0.5, 2.0, 1.0)), (18, 12, 24)
    yield RegressionExperiment("replace-noise", chain, Workflow.replace(sizes), 4)
    yield RegressionExperiment("accumulate-noise", chain, Workflow.accumulate(sizes), 4)
    yield RegressionExperiment("fresh-noise", chain, Workflow.fresh(18, sizes), 4)


def _few_rows() -> Iterator[RegressionExperiment]:
    """Least norm: 4 rows in 16 features; 5, 10 and 30 in 20, where accumulate passes the peak."""
    fields = (*ERROR, *PARTS)
    chain, workflows = RegressionChain(16, 0.5, "reused", weights_norm=2.0), _workflows(4)
    for label in ("replace", "accumulate"):
        yield RegressionExperiment(f"{label}-least-norm", chain, workflows[label], 3, fields)
    chain = RegressionChain(16, 0.5, weights_norm=2.0)
    yield RegressionExperiment("replace-least-norm", chain, workflows["replace"], 2, fields)
    chain, workflow = RegressionChain(20, 0.5, weights_norm=2.0), Workflow.accumulate((5, 5, 20))
    yield RegressionExperiment("accumulate-peak", chain, workflow, 3, fields)


def _penalties() -> Iterator[RegressionExperiment]:
    """A given design, a population of its own, both penalties, and one on the last fit only."""
    rng = np.random.default_rng(2404_01413)
    design = rng.standard_normal((20, 3)) * [1.0, 0.6, 0.3]
    population = np.array([[2.0, 0.6, 0.0], [0.6, 0.5, 0.1], [0.0, 0.1, 1.0]])
    last = (0.0, 0.0, 0.2)
    for penalty, ridge, label, *labels_too in (
        ("scaled", 0.2, "replace", True), ("scaled", 0.2, "accumulate"),
        ("scaled", 0.2, "anchored"), ("scaled", 0.2, "custom"),
        ("fixed", 0.2, "replace"), ("fixed", 0.2, "accumulate", True),
        ("fixed", 0.2, "anchored"), ("fixed", 0.2, "custom"),
        ("scaled", last, "replace"), ("fixed", last, "accumulate"),
    ):  # fmt: skip
        chain = RegressionChain(3, 0.7, "reused", ridge, penalty, 1.5, population)
        workflow = _workflows(20)[label]
        yield RegressionExperiment(
            label, chain, workflow, 3, (*ERROR, *PARTS), "rao-blackwell", design
        )
        if labels_too:
            yield RegressionExperiment(label, chain, workflow, 3, ERROR, "statistics", design)


def _bounds() -> Iterator[RegressionExperiment]:
    for dim, rows, generations in ((3, 24, 10), (10, 30, 4)):
        for design, names in (
            ("fresh", ("published_upper", "schedule_upper")), ("reused", ("published_upper",)),
        ):  # fmt: skip
            chain, workflow = RegressionChain(dim, 1.0, design), Workflow.accumulate(rows)
            yield RegressionExperiment("accumulate-bound", chain, workflow, generations, names)


def on_design(
    table: RealTable, workflows: Sequence[tuple[str, Workflow]] = (), ridge: float = 0.1
) -> list[RegressionExperiment]:
    """A real table as the design of every batch, tested on its own rows, with and without ridge.

    Args:
        table: the rows x, of full column rank.
        workflows: of as many rows a batch; default replace and accumulate.
        ridge: the penalty as a share of the mean square of an entry, so that the table's unit does
            not matter.

    Raises:
        ValueError: not a finite table of full column rank.
    """
    chosen = list(workflows)
    if not chosen:
        known = _workflows(len(table.rows))
        chosen = [(label, known[label]) for label in ("replace", "accumulate")]
    scale = float((table.rows**2).mean())
    chains = [RegressionChain.from_design(table.rows, ridge=x) for x in (0.0, ridge * scale)]
    return [
        RegressionExperiment(label, chain, workflow, 3, ERROR, "statistics", table.rows, table)
        for chain in chains
        for label, workflow in chosen
    ]
