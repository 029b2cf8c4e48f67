"""Simulate the categorical chain, as whole runs or as streamed estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.blocks import size_of
from montecarlo.categorical.counts import batches_block, subsample_block
from montecarlo.categorical.fields import FIELDS
from montecarlo.categorical.plan import Plan, plan
from montecarlo.choices import chosen_fields, chosen_method
from montecarlo.estimate import Estimates, Runs
from montecarlo.manifest import Manifest, described, described_workflow, manifest
from theory.categorical import CategoricalChain
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]

FAMILY = 4  # this family's place in every spawn key
METHODS = ("auto", "statistics", "rows")


def simulate(
    chain: CategoricalChain,
    workflow: Workflow,
    generations: int,
    *,
    seed: int,
    replicates: int,
    fields: Sequence[str] | None = None,
    method: str = "auto",
    threads: int | None = None,
) -> Runs:
    """Simulated runs: each field an array of axes (replicate, generation), names as in theory.

    The arrays hold every run; use `estimate` for many. A run does not depend on `threads`. Index 0
    is the truth's own value.

    Args:
        chain: the true probabilities.
        workflow: who trains on what.
        generations: fits a run, T.
        seed: of the run; block b of its replicates has the stream (seed, family, b).
        replicates: independent runs.
        fields: names to simulate, None for all; `entropy` is the costly one.
        method: 'rows' draws every row; 'statistics' draws the counts of a batch, by conditional
            binomials, at a cost that grows with the categories alive and hardly with n; 'auto' is
            'statistics' where it applies, which is everywhere but under subsampling.
        threads: None for one a core.

    Returns:
        Runs: `runs.survivors[replicate, generation]`; `collapse_probability` is 1 in a run that has
        one category left, else 0; `collapse_time` is the first generation at which it has, that
        of the fit where it never had so far.

    Raises:
        ValueError: a value out of range, quoted.
        UnsupportedWorkflow: 'statistics' of a subsample.
        Interrupted: Ctrl-C; `finished` holds the runs of the finished blocks.

    Example:
        >>> chain = CategoricalChain((0.5, 0.3, 0.2))
        >>> runs = simulate(chain, Workflow.replace(10), 3, seed=1, replicates=5)
        >>> runs.survivors.shape, runs.survivors[:, 0].tolist()
        ((5, 4), [3.0, 3.0, 3.0, 3.0, 3.0])
    """
    task = _task(chain, workflow, generations, fields, method)
    return streaming.all_runs(task, seed, replicates, threads)


def estimate(
    chain: CategoricalChain,
    workflow: Workflow,
    generations: int,
    *,
    seed: int,
    replicates: int,
    fields: Sequence[str] | None = None,
    method: str = "auto",
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """Means with standard errors by field, in memory that does not grow with `replicates`.

    Arguments, errors and streams are those of `simulate`: the estimate is the average of the runs
    it would return, merged in block order.

    `checkpoint` is a folder that keeps the finished blocks, made if it does not exist. After Ctrl-C
    or a kill the same call goes on from there, with more replicates too, to the bits of an
    undisturbed run.

    Raises:
        ValueError: also a checkpoint that is in use, damaged, ahead of `replicates`, or of another
            experiment, seed, version, processor, commit or source.
        OSError: the checkpoint cannot be read or written.
        UnsupportedWorkflow: 'statistics' of a subsample.
        Interrupted: Ctrl-C; `finished` holds the estimates of the finished blocks.

    Example:
        >>> chain = CategoricalChain((0.5, 0.3, 0.2))
        >>> found = estimate(chain, Workflow.replace(10), 3, seed=1, replicates=2000)
        >>> found.entropy.count, found.entropy.mean.shape
        (2000, (4,))
    """
    task = _task(chain, workflow, generations, fields, method)
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


@dataclass(frozen=True, eq=False)
class _Task:
    """A simulation that was checked: method 'rows' or 'statistics'."""

    chain: CategoricalChain
    workflow: Workflow
    generations: int
    fields: tuple[str, ...]
    method: str
    script: Plan
    family: int = FAMILY
    together: int = 1

    @property
    def draws(self) -> int:
        """Random numbers that a run takes, roughly; a category costs as much, drawn or not."""
        rows = int(self.script.real_rows.sum() + self.script.synthetic_rows.sum())
        alive = self.generations * self.chain.categories
        return rows + alive if self.method == "rows" else alive

    @property
    def block_size(self) -> int:
        """Runs of a block, by the numbers that they draw."""
        return size_of(self.draws)

    def fill(self, stream: np.random.Generator, out: FloatArray) -> None:
        """Runs from the stream into out, axes (generation, field, replicate)."""
        order = np.array([FIELDS.index(name) for name in self.fields], dtype=np.int64)
        truth = self.chain.array
        if self.workflow.budget is not None:
            again = self.workflow.replacement
            subsample_block(stream, self.script, again, truth, order, out)
        else:
            batches_block(stream, self.script, self.method == "rows", truth, order, out)

    def manifest(self, seed: int, block_size: int) -> Manifest:
        """What a checkpoint is of."""
        experiment = {
            "family": "categorical",
            "method": self.method,
            "chain": described(self.chain, {"probabilities": self.chain.array}),
            "workflow": described_workflow(self.workflow, self.generations),
            "generations": self.generations,
            "fields": list(self.fields),
        }
        return manifest(experiment, seed, block_size)


def _task(
    chain: CategoricalChain,
    workflow: Workflow,
    generations: int,
    fields: Sequence[str] | None,
    method: str,
) -> _Task:
    method = chosen_method(method, METHODS, workflow)
    chain.require(workflow, generations)
    chosen = chosen_fields(fields, FIELDS)
    return _Task(chain, workflow, generations, chosen, method, plan(workflow, generations))
