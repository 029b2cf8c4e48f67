"""What a figure is made of: simulations, their points, and lines with points on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from theory.curve import Curve
from theory.gaussian import GaussianChain, curves
from theory.workflow import Workflow, WorkflowKind

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cell:
    """One simulation of a figure: the spec of its points.

    Attributes:
        panel: where it is drawn.
        label: names the workflow in the data and in the legend.
        chain: model and estimator.
        workflow: who trains on what.
        generations: fits a run.
        fields: simulated fields.
        at: generations whose points are kept.
        replicates: independent runs.
    """

    panel: str
    label: str
    chain: GaussianChain
    workflow: Workflow
    generations: int
    fields: tuple[str, ...]
    at: tuple[int, ...]
    replicates: int

    @property
    def n(self) -> int:
        """Rows a batch."""
        return self.workflow.schedule[0]

    def theory(self, field: str) -> Curve:
        """The exact curve of a field."""
        return curves(self.chain, self.workflow, self.generations)[field]

    def settings(self) -> dict[str, Any]:
        """The spec in plain values: a file of points is good for one spec only."""
        return {
            "panel": self.panel,
            "label": self.label,
            "workflow": str(self.workflow),
            "dim": self.chain.dim,
            "ddof": self.chain.ddof,
            "generations": self.generations,
            "fields": list(self.fields),
            "at": list(self.at),
            "replicates": self.replicates,
        }


@dataclass(frozen=True)
class Point:
    """A Monte Carlo mean; the units are those of `quantity`.

    Attributes:
        panel: where it is drawn.
        quantity: field of the simulation.
        label: the workflow.
        dim: dimension.
        n: rows a batch.
        generation: 1 is the fit to real data.
        simulation: mean over the replicates.
        std_error: of that mean; None for a single run.
        replicates: runs behind it.
    """

    panel: str
    quantity: str
    label: str
    dim: int
    n: int
    generation: int
    simulation: float
    std_error: float | None
    replicates: int

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """The line that it belongs to."""
        return (self.panel, self.quantity, self.label, self.dim, self.n)


@dataclass(frozen=True, eq=False)
class Series:
    """One line of a figure, with the points that should lie on it.

    Attributes:
        panel: where it is drawn.
        quantity: what it is, as a column of the CSV calls it.
        label: the workflow.
        kind: of the workflow; it selects the colour.
        dim: dimension, None for a statement about every family.
        n: rows a batch, None for the limit of many.
        theory: the line over generations 0..T.
        points: of the simulation, by generation.
    """

    panel: str
    quantity: str
    label: str
    kind: WorkflowKind
    dim: int | None
    n: int | None
    theory: Curve
    points: tuple[Point, ...] = ()

    @property
    def measured(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(generations, simulated means, standard errors); a single run has error 0."""
        columns = [(p.generation, p.simulation, p.std_error or 0.0) for p in self.points]
        at, mean, error = np.array(columns, dtype=np.float64).reshape(-1, 3).T
        return at, mean, error

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """One tuple a generation, in the order of `COLUMNS`."""
        found = {point.generation: point for point in self.points}
        for t, value in enumerate(self.theory.values):
            point = found.get(t)
            measured = (point.simulation, point.std_error, point.replicates) if point else ()
            head = (self.panel, self.quantity, self.label, self.dim, self.n, t, float(value))
            yield (*head, *(measured or (None, None, None)))


COLUMNS = (
    "panel", "quantity", "workflow", "dim", "n", "generation", "theory",
    "simulation", "std_error", "replicates",
)  # fmt: skip
"""Of a figure's CSV, one row a generation of a line."""


def lines(cells: Sequence[Cell], points: Sequence[Point]) -> list[Series]:
    """The exact curve of every field of every cell, with its points."""
    found: dict[tuple[str, str, str, int, int], list[Point]] = {}
    for point in points:
        found.setdefault(point.key, []).append(point)
    return [
        Series(
            cell.panel, field, cell.label, cell.workflow.kind, cell.chain.dim, cell.n,
            cell.theory(field),
            tuple(found.get((cell.panel, field, cell.label, cell.chain.dim, cell.n), ())),
        )
        for cell in cells
        for field in cell.fields
    ]  # fmt: skip


def panel(series: Sequence[Series], name: str, quantity: str | None = None) -> list[Series]:
    """The lines of a panel, in the order of the data."""
    return [s for s in series if s.panel == name and quantity in (None, s.quantity)]
