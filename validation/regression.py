"""The regression claims: which workflow, design and penalty, and by which engine.

Label noise hardly matters to a mean that theory has exactly, so most claims are tested by the
engine without it ('rao-blackwell'): only designs are drawn. Where the design is given nothing
would be left to draw, and labels are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo.estimate import Estimates
from montecarlo.regression import estimate
from theory.curve import Curve, Kind
from theory.inflation import inflation
from theory.regression import FIELDS, RegressionChain, curves
from theory.regression.ridge import LastRidge
from theory.tables import RealTable
from theory.workflow import Workflow
from validation.asymptotic import Grid
from validation.experiment import by_name
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
class RegressionExperiment:
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

    claimed = True

    @property
    def name(self) -> str:
        """regression/[data/table/]design/workflow/penalty/dimension/size/engine."""
        chain = self.chain
        design = "given" if self.design is not None else chain.design
        truth = design if self.table is None else f"data/{self.table.name}"
        penalty = f"/ridge{chain.ridge:g}-{chain.penalty}" if chain.ridge else ""
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

    def theory(self) -> dict[str, Curve]:
        """The curves under test, by field."""
        known = curves(self.chain, self.workflow, self.generations, design=self.design)
        return {name: known[name] for name in self.fields}

    def simulate(
        self, *, seed: int, replicates: int, threads: int | None, checkpoint: Path | None
    ) -> Estimates:
        """The simulated fields, each once."""
        return estimate(
            self.chain, self.workflow, self.generations, seed=seed, replicates=replicates,
            fields=tuple(dict.fromkeys(TWINS[name] for name in self.fields)),
            design=self.design, method=self.method, threads=threads, checkpoint=checkpoint,
        )  # fmt: skip

    def twin(self, field: str) -> str:
        """The simulated field that a theory field is compared with."""
        return TWINS[field]

    def std_is_theirs(self, curve: Curve) -> bool:
        """Not without label noise, which is part of theory's standard deviation."""
        return curve.kind is Kind.EXACT and self.method != "rao-blackwell"

    def order(self, found: Estimates, curve: Curve) -> None:
        """No grid."""


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
    for dim, rows in ((1, 10), (3, 14), (10, 30)):
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
    """The same by labels, row by row and by sufficient statistics, with their exact spread."""
    for method, dim, rows in (("rows", 3, 14), ("statistics", 10, 30)):
        for design in ("fresh", "reused"):
            for label in ("replace", "accumulate"):
                chain = RegressionChain(dim, 2.0, design)
                workflow = _workflows(rows)[label]
                yield RegressionExperiment(label, chain, workflow, 3, ERROR, method)


def _schedules() -> Iterator[RegressionExperiment]:
    """Batches and noise that change from one generation to the next."""
    chain, sizes = RegressionChain(3, (0.5, 2.0, 1.0)), (14, 9, 20)
    yield RegressionExperiment("replace-noise", chain, Workflow.replace(sizes), 4)
    yield RegressionExperiment("accumulate-noise", chain, Workflow.accumulate(sizes), 4)
    yield RegressionExperiment("fresh-noise", chain, Workflow.fresh(12, sizes), 4)


def _few_rows() -> Iterator[RegressionExperiment]:
    """Least norm: 4 rows in 10 features; 16 in 24, where accumulate crosses d at generation 2."""
    for design in ("fresh", "reused"):
        chain = RegressionChain(10, 0.5, design, weights_norm=2.0)
        for label in ("replace", "accumulate"):
            workflow = _workflows(4 if design == "reused" or label == "replace" else 3)[label]
            generations = 3 if design == "reused" or label == "replace" else 2
            yield RegressionExperiment(
                f"{label}-least-norm", chain, workflow, generations, (*ERROR, *PARTS)
            )
    chain = RegressionChain(24, 0.5)
    yield RegressionExperiment(
        "accumulate-peak", chain, Workflow.accumulate(16), 2, (*ERROR, *PARTS)
    )


def _penalties() -> Iterator[RegressionExperiment]:
    """A given design, a population of its own, and both penalties."""
    rng = np.random.default_rng(2404_01413)
    design = rng.standard_normal((20, 3)) * [1.0, 0.6, 0.3]
    population = np.array([[2.0, 0.6, 0.0], [0.6, 0.5, 0.1], [0.0, 0.1, 1.0]])
    for penalty in ("scaled", "fixed"):
        chain = RegressionChain(3, 0.7, "reused", 0.2, penalty, 1.5, population)
        for label in ("replace", "accumulate", "anchored", "custom"):
            workflow = _workflows(20)[label]
            yield RegressionExperiment(label, chain, workflow, 3, ERROR, "statistics", design)


def _bounds() -> Iterator[RegressionExperiment]:
    for dim, rows in ((3, 14), (10, 30)):
        for design, names in (
            ("fresh", ("published_upper", "schedule_upper")), ("reused", ("published_upper",)),
        ):  # fmt: skip
            chain, workflow = RegressionChain(dim, 1.0, design), Workflow.accumulate(rows)
            yield RegressionExperiment("accumulate-bound", chain, workflow, 10, names)


def on_design(
    table: RealTable, ridge: float = 0.1, workflows: tuple[str, ...] = ("replace", "accumulate")
) -> list[RegressionExperiment]:
    """A real table as the design of every batch, tested on its own rows, with and without ridge."""
    found = []
    for penalty in (0.0, ridge):
        chain = RegressionChain.from_design(table.rows, noise=1.0, ridge=penalty)
        for label in workflows:
            workflow = _workflows(len(table.rows))[label]
            found.append(
                RegressionExperiment(
                    label, chain, workflow, 3, ERROR, "statistics", table.rows, table
                )
            )
    return found


def grids() -> Iterator[Grid]:
    """The leading order as d/n -> 0, and the proportional limit of a ridge."""
    families: dict[str, Callable[[int], Workflow]] = {
        "accumulate-subsample": Workflow.accumulate_subsample,
        "sliding-window": lambda n: Workflow.sliding_window(n, 2),
        "anchored": lambda n: Workflow.anchored(n, n),
        "fresh-weighted": lambda n: Workflow.fresh(n, n, weight=0.3),
    }
    for label, family in families.items():
        yield _leading_order(label, family)
    yield _proportional()


def _leading_order(label: str, family: Callable[[int], Workflow]) -> Grid:
    chain, generations = RegressionChain(1), 3
    return Grid(
        stem=f"regression/fresh/{label}/leading-order/dim1",
        field="inflation",
        at=lambda n: RegressionExperiment(label, chain, family(n), generations),
        unit=lambda n: 1 / (n - 2),
        sizes=(40, 160),
        limit=lambda: inflation(family(40), generations),
    )


def _proportional() -> Grid:
    """One ridge with 2 d = n rows: eigenvalues 1 and 4 half and half."""
    noise, ridge = 0.5, 0.2

    def spectrum(n: int) -> FloatArray:
        return np.tile([1.0, 4.0], n // 4)

    def at(n: int) -> RegressionExperiment:
        chain = RegressionChain(n // 2, noise, ridge=ridge, covariance=np.diag(spectrum(n)))
        return RegressionExperiment("replace", chain, Workflow.replace(n), 1)

    def limit() -> Curve:
        values, n = spectrum(400), 400
        chain = LastRidge(values, np.full(n // 2, 2 / n), n, noise, n, noise)
        return chain.curve(ridge, 1)

    return Grid(
        stem="regression/fresh/replace/ridge0.2-scaled/proportional",
        field="excess_test_error",
        at=at,
        unit=lambda n: 1.0,
        sizes=(24, 96),
        limit=limit,
    )
