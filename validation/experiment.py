"""What `check` needs to know of a simulation that tests claims: each family brings its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from montecarlo.estimate import Estimates
from theory.curve import Curve
from theory.tables import RealTable
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]


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
