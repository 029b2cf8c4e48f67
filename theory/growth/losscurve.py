"""A measured loss curve: cross-entropy on real text, generation by generation, and its workflow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class LossCurve:
    """Loss of one model under one workflow.

    Attributes:
        model: what was trained.
        label: the workflow's name.
        workflow: who trains on what.
        generations: t of each column, increasing, from 1, axis (generation,).
        losses: cross-entropy on held-out real text (nats a token), axes (seed, generation).

    Raises:
        ValueError: quoting what does not fit.

    Example:
        >>> curve = LossCurve("tiny", "replace", Workflow.replace(100), [1, 2], [[1.5, 1.75]])
        >>> curve.seeds, curve.mean.tolist()
        (1, [1.5, 1.75])
    """

    model: str
    label: str
    workflow: Workflow
    generations: IntArray
    losses: FloatArray

    def __post_init__(self) -> None:
        at = np.array(self.generations, dtype=np.int64)
        losses = np.array(self.losses, dtype=np.float64)
        if at.ndim != 1 or not len(at) or at[0] < 1 or not (np.diff(at) > 0).all():
            raise ValueError(f"generations must increase from 1 on, got {self.generations!r}")
        if losses.ndim != 2 or losses.shape[1] != len(at) or not len(losses):
            raise ValueError(
                f"losses must have axes (seed, {len(at)} generations), got shape {losses.shape}"
            )
        if not np.isfinite(losses).all():
            bad = losses[~np.isfinite(losses)][0]
            raise ValueError(f"losses must be finite, got {float(bad)!r} in {self.name}")
        for name, array in (("generations", at), ("losses", losses)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def name(self) -> str:
        """Model and workflow."""
        return f"{self.model}, {self.label}"

    @property
    def seeds(self) -> int:
        """Runs behind the curve."""
        return len(self.losses)

    @property
    def mean(self) -> FloatArray:
        """Mean over the seeds, axis (generation,)."""
        return np.asarray(self.losses.mean(axis=0))

    @property
    def std_error(self) -> FloatArray | None:
        """Of that mean, axis (generation,); None for a single run."""
        if self.seeds == 1:
            return None
        return np.asarray(self.losses.std(axis=0, ddof=1) / np.sqrt(self.seeds))
