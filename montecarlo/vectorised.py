"""Small experiments that NumPy draws side by side: a task without a kernel of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo.blocks import size_of
from montecarlo.estimate import Halted
from montecarlo.manifest import Manifest, described, described_workflow, manifest
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SideBySide:
    """A simulation that was checked; see `streaming.Task`.

    Attributes:
        family: its place in every spawn key.
        name: of the experiment, for a checkpoint.
        spec: a frozen dataclass that says everything else about it.
        workflow: label of the progress bar.
        generations: fits a run.
        fields: names of what is measured.
        draws: random numbers a run.
        block: (stream, runs) -> values, axes (generation, field, replicate); those of fewer
            generations where some run has no more.
        hashed: fields of the spec that are arrays.
        halts: why a run has no more generations, where one can.
    """

    family: int
    name: str
    spec: Any
    workflow: Workflow
    generations: int
    fields: tuple[str, ...]
    draws: int
    block: Callable[[np.random.Generator, int], FloatArray]
    hashed: tuple[str, ...] = ()
    halts: str = ""
    together: int = 1

    @property
    def block_size(self) -> int:
        """Runs of a block, by the numbers that they draw."""
        return size_of(self.draws)

    def fill(self, stream: np.random.Generator, out: FloatArray) -> None:
        """Runs from the stream into out, axes (generation, field, replicate)."""
        values = self.block(stream, out.shape[2])
        out[: len(values)] = values
        last = len(values) - 1
        if last < self.generations:
            raise Halted(f"after fit {last} {self.halts}", last)

    def manifest(self, seed: int, block_size: int) -> Manifest:
        """What a checkpoint is of."""
        arrays = {name: getattr(self.spec, name) for name in self.hashed}
        experiment = {
            "family": self.name,
            "spec": described(self.spec, arrays),
            "workflow": described_workflow(self.workflow, self.generations),
            "generations": self.generations,
            "fields": list(self.fields),
        }
        return manifest(experiment, seed, block_size)
