"""What `check` needs to know of a simulation that tests claims: each family brings its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from montecarlo.estimate import Estimates
from theory.curve import Curve, Kind
from theory.tables import RealTable
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]
Chain = TypeVar("Chain")


class Experiment(Protocol):
    """One simulation and the claims that it tests, one claim a field."""

    @property
    def name(self) -> str:
        """family/truth-or-workflow/.../size, the stem of its claims' names."""

    @property
    def label(self) -> str:
        """The workflow's name within its claims'."""

    @property
    def workflow(self) -> Workflow:
        """Who trains on what."""

    @property
    def generations(self) -> int:
        """Fits a run."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Theory fields tested."""

    @property
    def claimed(self) -> bool:
        """False where the curves are shown for reference only."""

    @property
    def table(self) -> RealTable | None:
        """The real table that stands behind it, None for a truth of our own."""

    @property
    def facts(self) -> dict[str, Any]:
        """The chain's settings, for the records."""

    def theory(self) -> dict[str, Curve]:
        """The curves under test, by field."""

    def simulate(
        self, *, seed: int, replicates: int, threads: int | None, checkpoint: Path | None
    ) -> Estimates:
        """The simulated fields."""

    def twin(self, field: str) -> str:
        """The simulated field that a theory field is compared with."""

    def run_std(self, field: str, curve: Curve) -> FloatArray | None:
        """Standard deviation of one run by theory, axis (generation,); None if it knows none."""

    def order(self, found: Estimates, curve: Curve) -> FloatArray | None:
        """Along a grid, the observed p in gap = O(n^-p), axis (generation - 1,); else None."""


class Curves(Protocol):
    """A record of curves by field."""

    def __getitem__(self, field: str) -> Curve:
        """The curve of a field."""


class Compared:
    """What experiments share that compare a record of curves, field by field, at one size.

    Attributes:
        twins: theory field -> simulated field; one that is not there is its own.
    """

    twins: ClassVar[Mapping[str, str]] = {}
    fields: tuple[str, ...]
    claimed: bool = True
    table: RealTable | None = None

    def record(self) -> Curves:
        """All that theory knows."""
        raise NotImplementedError

    def theory(self) -> dict[str, Curve]:
        """The curves under test, by field."""
        known = self.record()
        return {name: known[name] for name in self.fields}

    @property
    def simulated(self) -> tuple[str, ...]:
        """The simulated fields, each once."""
        return tuple(dict.fromkeys(map(self.twin, self.fields)))

    def twin(self, field: str) -> str:
        """The simulated field that a theory field is compared with."""
        return self.twins.get(field, field)

    def run_std(self, field: str, curve: Curve) -> FloatArray | None:
        """Of an exact value where theory knows it; of a bound it is that of no run."""
        return curve.std if curve.kind is Kind.EXACT else None

    def order(self, found: Estimates, curve: Curve) -> None:
        """No grid."""


@dataclass(frozen=True, eq=False)
class OnTruth(Compared, Generic[Chain]):
    """One simulation of a chain with a named truth, and the claims that it tests.

    Attributes:
        label: names the workflow in the claims' names.
        truth: names the chain in them.
        chain: the truth and the fit.
        workflow: who trains on what.
        generations: fits a run.
        fields: theory fields tested.
        method: the engine of the simulation.
        table: the real table that is the truth; None for one of our own.
        family, curves, estimate: of all experiments of a class: the first part of their names,
            theory, and simulation.
    """

    label: str
    truth: str
    chain: Chain
    workflow: Workflow
    generations: int
    fields: tuple[str, ...]
    method: str = "auto"
    table: RealTable | None = None

    family: ClassVar[str]
    curves: ClassVar[staticmethod[[Any, Workflow, int], Curves]]
    estimate: ClassVar[staticmethod[..., Estimates]]

    @property
    def name(self) -> str:
        """family/truth/workflow/size[/engine]."""
        engine = "" if self.method == "auto" else f"/{self.method}"
        return by_name(f"{self.family}/{self.truth}/{self.label}", self.workflow) + engine

    def record(self) -> Curves:
        """All that theory knows."""
        return type(self).curves(self.chain, self.workflow, self.generations)

    def simulate(
        self, *, seed: int, replicates: int, threads: int | None, checkpoint: Path | None
    ) -> Estimates:
        """The simulated fields, each once."""
        return type(self).estimate(
            self.chain, self.workflow, self.generations, seed=seed, replicates=replicates,
            fields=self.simulated, method=self.method, threads=threads, checkpoint=checkpoint,
        )  # fmt: skip


def tests(experiment: Experiment) -> int:
    """Single tests that the claims make: generations x fields, 0 if nothing is claimed."""
    return experiment.generations * len(experiment.fields) * experiment.claimed


def claim_names(experiment: Experiment) -> list[str]:
    """Names of the claims, one a field."""
    return [f"{experiment.name}/{field}" for field in experiment.fields]


def by_name(stem: str, sizes: Workflow | tuple[int, ...]) -> str:
    """The stem with the rows a batch behind it: stem/n10, stem/n6-3-9."""
    rows = sizes.schedule if isinstance(sizes, Workflow) else sizes
    return f"{stem}/n{'-'.join(map(str, rows))}"
