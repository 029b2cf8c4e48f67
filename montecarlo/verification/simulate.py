"""Simulate verified regression, as whole runs or as streamed estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.blocks import size_of
from montecarlo.choices import chosen_fields, require_method
from montecarlo.estimate import Estimates, Halted, Runs
from montecarlo.manifest import Manifest, described, described_workflow, manifest
from montecarlo.verification.batches import batches_block
from montecarlo.verification.fields import FIELDS
from montecarlo.verification.means import MeanTable, mean_table
from montecarlo.verification.plan import Plan, plan
from montecarlo.verification.rows import MOST_REJECTED, rows_block
from theory.verification import VerifiedChain
from theory.workflow import UnsupportedWorkflow, Workflow

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FAMILY = 6  # this family's place in every spawn key
METHODS = ("auto", "statistics", "rows")


def simulate(
    chain: VerifiedChain,
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
        chain: singular values of the real design, verifier and noise.
        workflow: who trains on what; entry s of its schedule are the rows a direction of round s.
            The real rows are the chain's: `n_real` only says when they come.
        generations: fits a run, T: the real fit and T - 1 rounds of verification.
        seed: of the run; block b of its replicates has the stream (seed, family, b).
        replicates: independent runs.
        fields: names to simulate, None for all that the method gives.
        method: 'rows' writes every label and accepts or rejects it, and counts: only it gives
            `acceptance`; 'statistics' draws a batch's mean from its law, at a cost that does not
            depend on its rows, where rows are counted once accepted; 'auto' is 'statistics' where
            that gives the fields.
        threads: None for one a core.

    Returns:
        Runs: `runs.squared_error[replicate, generation]`.

    Raises:
        ValueError: a value out of range, quoted.
        Halted: a verifier that rejects everything, by 'rows'; `finished` holds the fits before.
        UnsupportedWorkflow: subsampled, weighted or custom training sets, or 'statistics' where
            rows are counted before verification.
        Interrupted: Ctrl-C; `finished` holds the runs of the finished blocks.

    Example:
        >>> chain = VerifiedChain((4.0, 5.0), radius=1.0, centre=0.3)
        >>> runs = simulate(chain, Workflow.replace(10), 3, seed=1, replicates=5)
        >>> runs.squared_error.shape, runs.verifier_error[:, 0].round(12).tolist()
        ((5, 4), [0.18, 0.18, 0.18, 0.18, 0.18])
    """
    task = _task(chain, workflow, generations, fields, method)
    return streaming.all_runs(task, seed, replicates, threads)


def estimate(
    chain: VerifiedChain,
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
    it would return, merged in block order. `checkpoint` is a folder that keeps finished blocks.

    Raises:
        ValueError: also a checkpoint that is in use, damaged, ahead of `replicates`, or of another
            experiment, seed, version, processor, commit or source.
        OSError: the checkpoint cannot be read or written.
        Halted, UnsupportedWorkflow: as `simulate`.
        Interrupted: Ctrl-C; `finished` holds the estimates of the finished blocks.

    Example:
        >>> chain = VerifiedChain((4.0, 5.0), radius=1.0)
        >>> found = estimate(chain, Workflow.replace(10), 3, seed=1, replicates=2000)
        >>> found.squared_error.count, found.squared_error.mean.shape
        (2000, (4,))
    """
    task = _task(chain, workflow, generations, fields, method)
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


class _Tables(NamedTuple):
    """Tables of the means of every batch that has one, axes (table, ...)."""

    low: FloatArray
    per_step: FloatArray
    values: FloatArray
    second: FloatArray
    curvature: FloatArray
    reach: FloatArray
    modes: FloatArray
    tops: FloatArray


@dataclass(frozen=True, eq=False)
class _Task:
    """A simulation that was checked: method 'rows' or 'statistics'."""

    chain: VerifiedChain
    workflow: Workflow
    generations: int
    fields: tuple[str, ...]
    method: str
    script: Plan
    tables: _Tables
    table: IntArray
    family: int = FAMILY
    together: int = 1

    @property
    def draws(self) -> int:
        """Random numbers that a run takes, roughly."""
        rounds = self.chain.dim * self.generations
        return rounds + self.chain.dim * int(self.script.rows.sum()) * (self.method == "rows")

    @property
    def block_size(self) -> int:
        """Runs of a block, by the numbers that they draw."""
        return size_of(self.draws)

    def fill(self, stream: np.random.Generator, out: FloatArray) -> None:
        """Runs from the stream into out, axes (generation, field, replicate)."""
        order = np.array([FIELDS.index(name) for name in self.fields], dtype=np.int64)
        if self.method == "statistics":
            batches_block(stream, self.script, self.tables, self.table, order, out)
            return
        last = rows_block(stream, self.script, order, out)
        if last < self.generations:
            raise Halted(
                f"after fit {last} the verifier rejects everything: {MOST_REJECTED:,} labels in a "
                f"row, with centre={self.chain.centre!r}, radius={self.chain.radius!r}",
                last,
            )

    def manifest(self, seed: int, block_size: int) -> Manifest:
        """What a checkpoint is of."""
        experiment = {
            "family": "verification",
            "method": self.method,
            "chain": described(self.chain, {"singular_values": self.script.singular_values}),
            "workflow": described_workflow(self.workflow, self.generations),
            "generations": self.generations,
            "fields": list(self.fields),
        }
        return manifest(experiment, seed, block_size)


def _task(
    chain: VerifiedChain,
    workflow: Workflow,
    generations: int,
    fields: Sequence[str] | None,
    method: str,
) -> _Task:
    require_method(method, METHODS)
    chain.require(workflow, generations)
    chosen = chosen_fields(fields, FIELDS)
    counts = chain.counts == "generated" or "acceptance" in (fields or ())
    if method == "statistics" and counts:
        raise UnsupportedWorkflow(
            f"statistics of {workflow}: rows counted before verification, and acceptance, take "
            f"every label; method 'rows' writes them"
        )
    if method == "auto":
        method = "rows" if counts else "statistics"
    if fields is None and method != "rows":
        chosen = FIELDS[:2]
    script = plan(chain, workflow, generations)
    tables, table = _tables(chain, script) if method == "statistics" else (_NONE, script.slot)
    return _Task(chain, workflow, generations, chosen, method, script, tables, table)


_NONE = _Tables(*(np.empty((0,) * axes) for axes in (1, 1, 2, 2, 1, 1, 2, 2)))


def _tables(chain: VerifiedChain, script: Plan) -> tuple[_Tables, IntArray]:
    """(tables of the means of batches, which of them is a generation's, -1 for none)."""
    if np.isinf(chain.half_width):
        return _NONE, np.full(len(script.rows), -1)
    made = {int(n): mean_table(chain.half_width, int(n)) for n in np.unique(script.rows[1:-1])}
    found = [one for one in made.values() if one is not None]
    sizes = [n for n, one in made.items() if one is not None]
    if not found:
        return _NONE, np.full(len(script.rows), -1)
    table = np.array([sizes.index(n) if n in sizes else -1 for n in script.rows.tolist()])
    columns = (np.array([getattr(one, name) for one in found]) for name in MeanTable._fields)
    return _Tables(*columns), table
