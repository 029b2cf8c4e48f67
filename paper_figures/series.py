"""What a figure is made of: simulations, their points, and lines with points on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from theory import categorical, gaussian, kde, regression, verification
from theory.categorical import CategoricalChain
from theory.curve import Curve
from theory.gaussian import GaussianChain
from theory.kde import KdeChain
from theory.record import ChainCurves
from theory.regression import RegressionChain
from theory.verification import VerifiedChain
from theory.workflow import Workflow, WorkflowKind

FloatArray = npt.NDArray[np.float64]
Chain: TypeAlias = GaussianChain | RegressionChain | CategoricalChain | KdeChain | VerifiedChain


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
        method: the engine of the simulation.
        quantiles: of a run's error, kept in place of the means of the fields; regression only.
    """

    panel: str
    label: str
    chain: Chain
    workflow: Workflow
    generations: int
    fields: tuple[str, ...]
    at: tuple[int, ...]
    replicates: int
    method: str = "auto"
    quantiles: tuple[float, ...] = ()

    @property
    def n(self) -> int:
        """Rows a batch."""
        return self.workflow.schedule[0]

    @property
    def dim(self) -> int:
        """Dimension, or number of categories."""
        chain = self.chain
        return chain.categories if isinstance(chain, CategoricalChain) else chain.dim

    @property
    def quantities(self) -> dict[str, float | None]:
        """What the points are called: fields, or quantiles with their probabilities."""
        if self.quantiles:
            return {f"quantile {p:g}": p for p in self.quantiles}
        return dict.fromkeys(self.fields)

    def theory(self, quantity: str) -> Curve:
        """The curve of a quantity; its kind says whether it is exact."""
        chain, workflow, generations = self.chain, self.workflow, self.generations
        probability = self.quantities.get(quantity)
        if probability is None:
            return curves_of(chain, workflow, generations)[quantity]
        assert isinstance(chain, RegressionChain)
        return regression.error_quantile(chain, workflow, generations, probability=probability)

    def settings(self) -> dict[str, Any]:
        """The spec in plain values: a file of points is good for one spec only."""
        return {
            "panel": self.panel,
            "label": self.label,
            "workflow": str(self.workflow),
            "dim": self.dim,
            **self._own_settings(),
            "generations": self.generations,
            "fields": list(self.fields),
            "at": list(self.at),
            "replicates": self.replicates,
        }

    def _own_settings(self) -> dict[str, Any]:
        """Those of the family."""
        if isinstance(self.chain, GaussianChain):
            return {"ddof": self.chain.ddof}
        if isinstance(self.chain, CategoricalChain):
            return {"entropy": self.chain.entropy, "heterozygosity": self.chain.heterozygosity}
        if isinstance(self.chain, VerifiedChain):
            return {
                "singular_values": list(self.chain.singular_values),
                "half_width": self.chain.half_width,
                "centres": list(self.chain.centres),
                "method": self.method,
            }
        if isinstance(self.chain, KdeChain):
            return {"truth": repr(self.chain.truth), "bandwidth": repr(self.chain.bandwidth)}
        return {
            "noise": self.chain.noise,
            "design": self.chain.design,
            "method": self.method,
            "quantiles": list(self.quantiles),
        }


@cache
def curves_of(chain: Chain, workflow: Workflow, generations: int) -> ChainCurves:
    """Those of theory; what the fields of a chain share is worked out once."""
    match chain:
        case GaussianChain():
            return gaussian.curves(chain, workflow, generations)
        case CategoricalChain():
            return categorical.curves(chain, workflow, generations)
        case VerifiedChain():
            return verification.curves(chain, workflow, generations)
        case KdeChain():
            return kde.curves(chain, workflow, generations)
        case RegressionChain():
            return regression.curves(chain, workflow, generations)


@dataclass(frozen=True)
class Point:
    """A Monte Carlo mean or quantile; the units are those of `quantity`.

    Attributes:
        panel: where it is drawn.
        quantity: field of the simulation.
        label: the workflow.
        dim: dimension; None for a model that has none.
        n: rows a batch; None where they were not published.
        generation: 1 is the fit to real data.
        simulation: mean, or quantile, over the replicates; or a measured value.
        std_error: of that; None for a single run.
        replicates: runs behind it.
    """

    panel: str
    quantity: str
    label: str
    dim: int | None
    n: int | None
    generation: int
    simulation: float
    std_error: float | None
    replicates: int

    @property
    def key(self) -> tuple[str, str, str, int | None, int | None]:
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
        listed: generations that `rows` has, None for all.
    """

    panel: str
    quantity: str
    label: str
    kind: WorkflowKind
    dim: int | None
    n: int | None
    theory: Curve
    points: tuple[Point, ...] = ()
    listed: tuple[int, ...] | None = None

    @property
    def measured(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(generations, simulated values, standard errors); a single run has error 0."""
        columns = [(p.generation, p.simulation, p.std_error or 0.0) for p in self.points]
        at, mean, error = np.array(columns, dtype=np.float64).reshape(-1, 3).T
        return at, mean, error

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """One tuple a generation, in the order of `COLUMNS`."""
        found = {point.generation: point for point in self.points}
        every = range(len(self.theory.values)) if self.listed is None else self.listed
        for t in every:
            value, point = self.theory[t], found.get(t)
            measured = (point.simulation, point.std_error, point.replicates) if point else ()
            head = (self.panel, self.quantity, self.label, self.dim, self.n, t, float(value))
            yield (*head, *(measured or (None, None, None)))


COLUMNS = (
    "panel", "quantity", "workflow", "dim", "n", "generation", "theory",
    "simulation", "std_error", "replicates",
)  # fmt: skip
"""Of a figure's CSV, one row a generation of a line."""


def lines(cells: Sequence[Cell], points: Sequence[Point]) -> list[Series]:
    """The curve of every quantity of every cell, with its points."""
    found: dict[tuple[str, str, str, int | None, int | None], list[Point]] = {}
    for point in points:
        found.setdefault(point.key, []).append(point)
    return [
        Series(
            cell.panel, name, cell.label, cell.workflow.kind, cell.dim, cell.n,
            cell.theory(name),
            tuple(found.get((cell.panel, name, cell.label, cell.dim, cell.n), ())),
        )
        for cell in cells
        for name in cell.quantities
    ]  # fmt: skip


def panel(series: Sequence[Series], name: str, quantity: str | None = None) -> list[Series]:
    """The lines of a panel, in the order of the data."""
    return [s for s in series if s.panel == name and quantity in (None, s.quantity)]
