"""Simulate the Gaussian chain, as whole runs or as streamed estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.blocks import size_of
from montecarlo.choices import chosen_fields, chosen_method
from montecarlo.estimate import Estimates, Runs
from montecarlo.gaussian.fields import FIELDS
from montecarlo.gaussian.plan import Frame, Plan, frame, plan
from montecarlo.gaussian.rows import batches_block, subsample_block
from montecarlo.gaussian.univariate import LANES, univariate_block
from montecarlo.manifest import Manifest, described, described_workflow, digest, manifest
from theory.gaussian import GaussianChain
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]

FAMILY = 1  # this family's place in every spawn key
METHODS = ("auto", "statistics", "rows")


def fields_of(chain: GaussianChain, threshold: float | None = None) -> tuple[str, ...]:
    """The fields a simulation of this chain gives, in the order of `FIELDS`."""
    absent = {"spread_ratio", "survival"} if chain.dim > 1 else set()
    return tuple(
        name
        for name in FIELDS
        if name not in absent and (name != "survival" or threshold is not None)
    )


def simulate(
    chain: GaussianChain,
    workflow: Workflow,
    generations: int,
    *,
    seed: int,
    replicates: int,
    fields: Sequence[str] | None = None,
    threshold: float | None = None,
    data: npt.ArrayLike | None = None,
    method: str = "auto",
    threads: int | None = None,
) -> Runs:
    """Simulated runs: each field an array of axes (replicate, generation), names as in theory.

    The arrays hold every run; use `estimate` for many. A run does not depend on `threads`.

    Args:
        chain: the model and its estimator.
        workflow: who trains on what.
        generations: fits a run, T.
        seed: of the run; block b of its replicates has the stream (seed, family, b).
        replicates: independent runs.
        fields: names to simulate, None for all; `wasserstein` in dim > 1 is the costly one.
        threshold: gives the field `survival` in dim 1: 1 while sigma_t > threshold sigma_0, else 0.
        data: real rows are drawn from this table with replacement, axes (row, feature), in place
            of N(mu_0, Sigma_0); its covariance must be the chain's (`GaussianChain.from_data`).
        method: 'rows' draws every row; 'statistics' draws the mean and scatter of a batch by their
            laws, at a cost that does not depend on n (rows of a table are drawn all the same);
            'auto' is 'statistics' where it applies, which is everywhere but under subsampling.
        threads: None for one a core.

    Returns:
        Runs: `runs.mean_error[replicate, generation]`. A singular fit has log_det_ratio -inf,
        excess_nll, precision_ratio and mahalanobis_error inf. Where rows can repeat (a table, a
        draw with replacement) or weights are custom, a direction also counts as singular once
        rounding could have left it: dim x 64 eps of the largest variance, 64 eps of the mean.

    Raises:
        ValueError: a value out of range, quoted.
        UnsupportedWorkflow: ddof = 1 with rows of unequal weight; 'statistics' of a subsample.
        Interrupted: Ctrl-C; `finished` holds the runs of the finished blocks.

    Example:
        >>> runs = simulate(GaussianChain(2), Workflow.replace(10), 3, seed=1, replicates=5)
        >>> runs.mean_error.shape
        (5, 4)
    """
    task = _task(chain, workflow, generations, fields, threshold, data, method)
    return streaming.all_runs(task, seed, replicates, threads)


def estimate(
    chain: GaussianChain,
    workflow: Workflow,
    generations: int,
    *,
    seed: int,
    replicates: int,
    fields: Sequence[str] | None = None,
    threshold: float | None = None,
    data: npt.ArrayLike | None = None,
    method: str = "auto",
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """Means with standard errors by field, in memory that does not grow with `replicates`.

    Arguments, errors and streams are those of `simulate`: the estimate is the average of the runs
    it would return, merged in block order.

    `checkpoint` is a folder that keeps the finished blocks, made if it does not exist. After Ctrl-C
    or a kill the same call goes on from there, with more replicates too, to the bits of an
    undisturbed run. (`simulate` has none: all its runs would have to be kept.)

    Raises:
        ValueError: also a checkpoint that is in use, damaged, ahead of `replicates`, or of another
            experiment, seed, version, processor, commit or source.
        OSError: the checkpoint cannot be read or written.
        UnsupportedWorkflow: as in `simulate`.
        Interrupted: Ctrl-C; `finished` holds the estimates of the finished blocks.

    Example:
        >>> result = estimate(GaussianChain(1), Workflow.replace(10), 2, seed=1, replicates=2000)
        >>> result.mean_error.count, result.mean_error.mean.shape
        (2000, (3,))
    """
    task = _task(chain, workflow, generations, fields, threshold, data, method)
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


@dataclass(frozen=True, eq=False)
class _Task:
    """A simulation that was checked: method 'rows' or 'statistics', coordinates computed."""

    chain: GaussianChain
    workflow: Workflow
    generations: int
    fields: tuple[str, ...]
    threshold: float | None
    data: npt.ArrayLike | None
    method: str
    script: Plan
    where: Frame
    family: int = FAMILY
    together: int = LANES

    @property
    def draws(self) -> int:
        """Random numbers that a run takes, roughly."""
        dim, script = self.chain.dim, self.script
        if self.method == "rows" or self.data is not None:
            return dim * int(script.real_rows.sum() + script.synthetic_rows.sum())
        return self.generations * dim * (dim + 3) // 2

    @property
    def block_size(self) -> int:
        """Runs of a block, by the numbers that they draw."""
        return size_of(self.draws)

    def fill(self, stream: np.random.Generator, out: FloatArray) -> None:
        """Runs from the stream into out, axes (generation, field, replicate)."""
        script, where = self.script, self.where
        order = np.array([FIELDS.index(name) for name in self.fields])
        literal = self.method == "rows"
        if self.workflow.budget is not None:
            subsample_block(
                stream, script, self.workflow.replacement, where.scale, where.table, order, out
            )
        elif self.chain.dim == 1 and not literal and self.data is None:
            univariate_block(stream, script, order, out)
        else:
            batches_block(stream, script, literal, where.scale, where.table, order, out)

    def manifest(self, seed: int, block_size: int) -> Manifest:
        """What a checkpoint is of; `coordinates` are what LAPACK made of covariance and data."""
        experiment = {
            "family": "gaussian",
            "method": self.method,
            "chain": described(self.chain, {"covariance": self.chain.matrix}),
            "workflow": described_workflow(self.workflow, self.generations),
            "generations": self.generations,
            "fields": list(self.fields),
            "threshold": self.threshold,
            "data": digest(self.data),
            "coordinates": digest(np.vstack([self.where.scale, self.where.table])),
        }
        return manifest(experiment, seed, block_size)


def _task(
    chain: GaussianChain,
    workflow: Workflow,
    generations: int,
    fields: Sequence[str] | None,
    threshold: float | None,
    data: npt.ArrayLike | None,
    method: str,
) -> _Task:
    chosen = _chosen(chain, fields, threshold)
    method = chosen_method(method, METHODS, workflow)
    chain.require(workflow, generations)
    script, where = plan(chain, workflow, generations, threshold), frame(chain, data)
    return _Task(chain, workflow, generations, chosen, threshold, data, method, script, where)


def _chosen(
    chain: GaussianChain, fields: Sequence[str] | None, threshold: float | None
) -> tuple[str, ...]:
    if threshold is not None and not (threshold > 0 and chain.dim == 1):
        raise ValueError(
            f"threshold must be > 0 and goes with dim 1, got {threshold!r} and dim {chain.dim}"
        )
    return chosen_fields(fields, fields_of(chain, threshold))
