"""Simulate the regression chain, as whole runs or as streamed estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.blocks import size_of
from montecarlo.choices import chosen_fields, chosen_method
from montecarlo.estimate import Estimates, Runs
from montecarlo.manifest import Manifest, described, described_workflow, digest, manifest
from montecarlo.regression import batches, conditional, drawn, modes, reused, subsample
from montecarlo.regression.fields import FIELDS
from montecarlo.regression.plan import Frame, Plan, frame, plan
from theory.regression import RegressionChain
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]

FAMILY = 2  # this family's place in every spawn key
METHODS = ("auto", "statistics", "rows", "rao-blackwell")


def simulate(
    chain: RegressionChain,
    workflow: Workflow,
    generations: int,
    *,
    seed: int,
    replicates: int,
    fields: Sequence[str] | None = None,
    design: npt.ArrayLike | None = None,
    method: str = "auto",
    threads: int | None = None,
) -> Runs:
    """Simulated runs: each field an array of axes (replicate, generation), names as in theory.

    The arrays hold every run; use `estimate` for many. A run does not depend on `threads`. Index 0
    is the truth, whose error is 0. A fit to d - 1, d or d + 1 different rows without a penalty has
    an error of infinite mean, and under accumulate-subsample so may others have, over designs: see
    `theory.regression.infinite_mean_from`. Each run is finite all the same.

    Args:
        chain: the data, the fit and its penalty. The direction of w* is drawn for each run.
        workflow: who trains on what.
        generations: fits a run, T.
        seed: of the run; block b of its replicates has the stream (seed, family, b).
        replicates: independent runs.
        fields: names to simulate, None for all that the method gives: `excess_test_error`, and
            `bias` and `variance` under 'rao-blackwell'.
        design: the rows x of every batch, axes (row, feature), for a chain that reuses them; None
            draws them for each run. `RegressionChain.from_design` is the chain tested on them.
        method: 'rows' draws every row and every label. 'statistics' draws x'x and x'y of a batch by
            their laws, at a cost that does not depend on n. 'rao-blackwell' draws designs (and the
            rows of a subsample) only, and gives the mean over label noise and w* given those: the
            same mean error with less spread, in two parts. 'auto' is 'statistics' where it applies,
            which is everywhere but under subsampling, else 'rows'.
        threads: None for one a core. Under subsampling 'rao-blackwell' takes 8 d N T bytes in each,
            for N rows written in T generations.

    Returns:
        Runs: `runs.excess_test_error[replicate, generation]`, (w_t - w*)' Sigma (w_t - w*).

    Raises:
        ValueError: a value out of range, quoted.
        UnsupportedWorkflow: 'statistics' of a subsample; a reused design in batches of unequal n.
        Interrupted: Ctrl-C; `finished` holds the runs of the finished blocks.

    Example:
        >>> chain = RegressionChain(2, design="reused")
        >>> runs = simulate(chain, Workflow.replace(10), 3, seed=1, replicates=5)
        >>> runs.excess_test_error.shape
        (5, 4)
    """
    task = _task(chain, workflow, generations, fields, design, method)
    return streaming.all_runs(task, seed, replicates, threads)


def estimate(
    chain: RegressionChain,
    workflow: Workflow,
    generations: int,
    *,
    seed: int,
    replicates: int,
    fields: Sequence[str] | None = None,
    design: npt.ArrayLike | None = None,
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
        UnsupportedWorkflow: as in `simulate`.
        Interrupted: Ctrl-C; `finished` holds the estimates of the finished blocks.

    Example:
        >>> chain, workflow = RegressionChain(2, ridge=0.1), Workflow.accumulate(10)
        >>> found = estimate(chain, workflow, 3, seed=1, replicates=100, method="rao-blackwell")
        >>> found.bias.count, found.bias.mean.shape
        (100, (4,))
    """
    task = _task(chain, workflow, generations, fields, design, method)
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


@dataclass(frozen=True, eq=False)
class _Task:
    """A simulation that was checked: any method but 'auto', coordinates computed."""

    chain: RegressionChain
    workflow: Workflow
    generations: int
    fields: tuple[str, ...]
    design: npt.ArrayLike | None
    method: str
    script: Plan
    where: Frame
    family: int = FAMILY
    together: int = 1

    @property
    def draws(self) -> int:
        """Random numbers that a run takes, roughly; linear forms in the noise cost as many more."""
        dim, script = self.chain.dim, self.script
        rows = int(script.real_rows.sum() + script.synthetic_rows.sum())
        if self.method == "rows":
            return (dim + 1) * rows
        if self.workflow.budget is not None:
            return self.generations * dim * rows
        return self.generations * dim * (dim + 3) // 2

    @property
    def block_size(self) -> int:
        """Runs of a block, by the numbers that they draw."""
        return size_of(self.draws)

    def fill(self, stream: np.random.Generator, out: FloatArray) -> None:
        """Runs from the stream into out, axes (generation, field, replicate)."""
        script, where, method = self.script, self.where, self.method
        out[0] = 0.0  # the truth's own error
        order = np.array([FIELDS.index(name) for name in self.fields], dtype=np.int64)
        again, given = self.workflow.replacement, len(where.design) > 0
        memory: Any
        if self.workflow.budget is not None and method == "rows":
            memory = subsample.memory(script, where)
            subsample.subsample_block(stream, script, again, where, memory, order, out)
        elif self.workflow.budget is not None:
            memory = drawn.memory(script, where)
            drawn.forms_block(stream, script, again, where, memory, order, out)
        elif method == "rao-blackwell" and script.reused:
            memory = modes.memory(script, where)
            modes.modes_block(stream, script, given, where, memory, order, out)
        elif method == "rao-blackwell":
            memory = conditional.memory(script, where)
            conditional.covariances_block(stream, script, where, memory, order, out)
        elif method == "statistics" and script.reused:
            memory = reused.memory(script, where)
            reused.reused_block(stream, script, given, where, memory, order, out)
        else:
            literal = method == "rows"
            memory = batches.memory(script, where, literal)
            batches.batches_block(stream, script, literal, where, memory, order, out)

    def manifest(self, seed: int, block_size: int) -> Manifest:
        """What a checkpoint is of; `coordinates` are what LAPACK made of covariance and design."""
        experiment = {
            "family": "regression",
            "method": self.method,
            "chain": described(self.chain, {"covariance": self.chain.matrix}),
            "workflow": described_workflow(self.workflow, self.generations),
            "generations": self.generations,
            "fields": list(self.fields),
            "design": digest(self.design),
            "coordinates": digest(np.vstack([self.where.scale, self.where.design])),
        }
        return manifest(experiment, seed, block_size)


def _task(
    chain: RegressionChain,
    workflow: Workflow,
    generations: int,
    fields: Sequence[str] | None,
    design: npt.ArrayLike | None,
    method: str,
) -> _Task:
    method = chosen_method(
        method, METHODS, workflow, "methods 'rows' and 'rao-blackwell' draw them"
    )
    chosen = _chosen(fields, method)
    chain.require(workflow, generations)
    script, where = plan(chain, workflow, generations), frame(chain, workflow, design)
    return _Task(chain, workflow, generations, chosen, design, method, script, where)


def _chosen(fields: Sequence[str] | None, method: str) -> tuple[str, ...]:
    asked = chosen_fields(fields, FIELDS)
    if method == "rao-blackwell":
        return asked
    for name in fields or ():
        if name != FIELDS[0]:
            raise ValueError(f"field {name!r} needs method 'rao-blackwell', got method {method!r}")
    return asked if fields is not None else FIELDS[:1]
