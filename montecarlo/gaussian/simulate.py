"""Simulate the Gaussian chain, as whole runs or as streamed estimates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import blocks
from montecarlo.checkpoint import Running, resumed
from montecarlo.estimate import Estimates, Interrupted, Moments, Runs
from montecarlo.gaussian import rows
from montecarlo.gaussian.plan import frame, plan
from montecarlo.manifest import Manifest, described, digest, manifest
from theory.gaussian import GaussianChain
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]

FAMILY = 1  # this family's place in every spawn key
FIELDS = rows.FIELDS
METHODS = ("auto", "rows")


def fields_of(chain: GaussianChain) -> tuple[str, ...]:
    """The fields a simulation of this chain gives, in the order of `FIELDS`."""
    return tuple(name for name in FIELDS if name != "spread_ratio" or chain.dim == 1)


def simulate(
    chain: GaussianChain,
    workflow: Workflow,
    generations: int,
    *,
    seed: int,
    replicates: int,
    fields: Sequence[str] | None = None,
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
        seed: of the run; block b of 1,024 replicates has the stream (seed, family, b).
        replicates: independent runs.
        fields: names to simulate, None for all; `wasserstein` in dim > 1 is the costly one.
        data: real rows are drawn from this table with replacement, axes (row, feature), in place
            of N(mu_0, Sigma_0); its covariance must be the chain's (`GaussianChain.from_data`).
        method: 'rows' draws every row; 'auto' chooses the fastest engine that applies.
        threads: None for one a core.

    Returns:
        Runs: `runs.mean_error[replicate, generation]`. A singular fit has log_det_ratio -inf,
        excess_nll, precision_ratio and mahalanobis_error inf. Where rows can repeat (a table, a
        draw with replacement) or weights are custom, a direction also counts as singular once
        rounding could have left it: dim x 64 eps of the largest variance, 64 eps of the mean.

    Raises:
        ValueError: a value out of range, quoted.
        UnsupportedWorkflow: ddof = 1 with rows of unequal weight.
        Interrupted: Ctrl-C; `finished` holds the runs of the finished blocks.

    Example:
        >>> runs = simulate(GaussianChain(2), Workflow.replace(10), 3, seed=1, replicates=5)
        >>> runs.mean_error.shape
        (5, 4)
    """
    chosen = _chosen(chain, fields)
    job = _job(chain, workflow, generations, chosen, data, method)
    parts: list[FloatArray] = []

    def runs() -> Runs:
        values = np.ascontiguousarray(np.moveaxis(np.concatenate(parts), 2, 0))
        return Runs(dict(zip(chosen, values, strict=True)))

    try:
        parts.extend(_blocks(job, seed, replicates, threads, str(workflow)))
    except KeyboardInterrupt as stop:
        count = sum(map(len, parts))
        raise Interrupted(runs() if parts else None, count) from stop
    return runs()


def estimate(
    chain: GaussianChain,
    workflow: Workflow,
    generations: int,
    *,
    seed: int,
    replicates: int,
    fields: Sequence[str] | None = None,
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
    chosen = _chosen(chain, fields)
    job = _job(chain, workflow, generations, chosen, data, method)
    seed, replicates, threads = blocks.checked(seed, replicates, threads)
    running = Running()

    def about() -> Manifest:
        return _about(chain, workflow, generations, chosen, data, method, seed)

    def moments(stream: np.random.Generator, size: int) -> Moments:
        return Moments.of(job(stream, size))

    try:
        with _resumed(checkpoint, about, replicates) as running:
            label, start = str(workflow), running.blocks
            for part in _blocks(moments, seed, replicates, threads, label, start):
                running.add(part)
    except KeyboardInterrupt as stop:
        total = running.total
        finished = None if total is None else total.estimates(chosen)
        raise Interrupted(finished, 0 if total is None else total.count) from stop
    assert running.total is not None
    return running.total.estimates(chosen)


def _resumed(
    checkpoint: Path | None, about: Callable[[], Manifest], replicates: int
) -> AbstractContextManager[Running]:
    if checkpoint is None:
        return nullcontext(Running())
    return resumed(Path(checkpoint), about(), replicates)


def _about(
    chain: GaussianChain,
    workflow: Workflow,
    generations: int,
    fields: tuple[str, ...],
    data: npt.ArrayLike | None,
    method: str,
    seed: int,
) -> Manifest:
    """The manifest; `coordinates` are what LAPACK made of the covariance and the data."""
    where = frame(chain, data)
    custom = workflow.slot_weights(generations) if workflow.custom_weights else None
    experiment = {
        "family": "gaussian",
        "method": "rows" if method == "auto" else method,
        "chain": described(chain, {"covariance": chain.matrix}),
        "workflow": described(workflow, {"custom_weights": custom}),
        "generations": generations,
        "fields": list(fields),
        "data": digest(data),
        "coordinates": digest(np.vstack([where.scale, where.table])),
    }
    return manifest(experiment, seed)


def _chosen(chain: GaussianChain, fields: Sequence[str] | None) -> tuple[str, ...]:
    known = fields_of(chain)
    for name in fields or ():
        if name not in known:
            raise ValueError(f"unknown field {name!r}: choose from {', '.join(known)}")
    return known if fields is None else tuple(fields)


def _blocks(
    job: Callable[[np.random.Generator, int], blocks.Result],
    seed: int,
    replicates: int,
    threads: int | None,
    label: str,
    start: int = 0,
) -> Iterator[blocks.Result]:
    return blocks.run(
        job, family=FAMILY, seed=seed, replicates=replicates, threads=threads, label=label,
        start=start,
    )  # fmt: skip


def _job(
    chain: GaussianChain,
    workflow: Workflow,
    generations: int,
    fields: tuple[str, ...],
    data: npt.ArrayLike | None,
    method: str,
) -> Callable[[np.random.Generator, int], FloatArray]:
    """One block: (stream, size) -> values of axes (replicate, generation, field)."""
    if method not in METHODS:
        raise ValueError(f"unknown method {method!r}: choose from {', '.join(METHODS)}")
    chain.require(workflow, generations)
    script, where = plan(chain, workflow, generations), frame(chain, data)
    wanted = np.array([name in fields for name in FIELDS])
    order = [FIELDS.index(name) for name in fields]

    def job(stream: np.random.Generator, size: int) -> FloatArray:
        out = np.empty((size, generations + 1, len(FIELDS)))
        if workflow.budget is None:
            rows.batches_block(stream, script, where.scale, where.table, wanted, out)
        else:
            rows.subsample_block(
                stream, script, workflow.replacement, where.scale, where.table, wanted, out
            )
        return out[:, :, order]

    return job
