"""A task of any family, simulated: as whole runs, or block by block into estimates.

A task is an experiment that was checked. All that differs between families is what it is of, and
how it fills an array with runs from a stream.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import reduce
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from montecarlo import blocks
from montecarlo.checkpoint import Running, resumed
from montecarlo.estimate import Estimates, Halted, Interrupted, Moments, Runs
from montecarlo.manifest import Manifest
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]

_CHUNK = 2**17  # numbers held at a time: they stay in the cache


class Task(Protocol):
    """A simulation that was checked."""

    @property
    def family(self) -> int:
        """The family's place in every spawn key."""

    @property
    def workflow(self) -> Workflow:
        """Who trains on what; the label of the progress bar."""

    @property
    def generations(self) -> int:
        """Fits a run, T."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of what is measured."""

    @property
    def together(self) -> int:
        """Runs that draw from the stream side by side."""

    @property
    def block_size(self) -> int:
        """Runs of a block; `blocks.size_of` what they draw, where that is most of their cost."""

    def fill(self, stream: np.random.Generator, out: FloatArray) -> None:
        """Runs from the stream into out, axes (generation, field, replicate).

        Raises:
            Halted: some run has no more generations than that, which all runs have got.
        """

    def manifest(self, seed: int, block_size: int) -> Manifest:
        """What a checkpoint is of."""


def all_runs(task: Task, seed: int, replicates: int, threads: int | None) -> Runs:
    """Every run of the task.

    Raises:
        Halted: a chain cannot go on; `finished` holds the generations before, of the runs so far.
        Interrupted: Ctrl-C; `finished` holds the runs of the finished blocks.
    """
    parts: list[FloatArray] = []

    def job(stream: np.random.Generator, size: int) -> tuple[FloatArray, Halted | None]:
        out = np.empty((task.generations + 1, len(task.fields), size))
        return out, _filled(task, stream, out)

    def runs(until: int) -> Runs:
        values = np.concatenate(parts, axis=2)[: until + 1].transpose(1, 2, 0)
        return Runs(dict(zip(task.fields, np.ascontiguousarray(values), strict=True)))

    try:
        for part, halted in _blocks(task, job, seed, replicates, threads):
            parts.append(part)
            if halted is not None:
                halted.finished = runs(halted.generation)
                raise halted
    except KeyboardInterrupt as stop:
        count = sum(part.shape[2] for part in parts)
        raise Interrupted(runs(task.generations) if parts else None, count) from stop
    return runs(task.generations)


def estimates(
    task: Task, seed: int, replicates: int, threads: int | None, checkpoint: Path | None
) -> Estimates:
    """Means of the task's runs in constant memory, merged in block order.

    Raises:
        ValueError: a seed, a number or a checkpoint that is refused.
        Halted: a chain cannot go on; `finished` holds the generations before, of the runs so far.
        Interrupted: Ctrl-C; `finished` holds the estimates of the finished blocks.
    """
    seed, replicates, threads = blocks.checked(seed, replicates, threads)
    running = Running(task.block_size)
    numbers = (task.generations + 1) * len(task.fields)
    chunk = max(_CHUNK // (numbers * task.together), 1) * task.together

    def moments(stream: np.random.Generator, size: int) -> tuple[Moments, Halted | None]:
        memory = np.empty(numbers * min(chunk, size))
        parts, halted = [], None
        for start in range(0, size, chunk):
            shape = (task.generations + 1, len(task.fields), min(chunk, size - start))
            out = memory[: math.prod(shape)].reshape(shape)
            halted = _filled(task, stream, out)
            parts.append(Moments.of(out))
            if halted is not None:
                break
        return reduce(Moments.merge, parts), halted

    try:
        with _resumed(checkpoint, task, seed, replicates) as running:
            for part, halted in _blocks(task, moments, seed, replicates, threads, running.blocks):
                if halted is not None:  # a checkpoint keeps the blocks before
                    whole = part if running.total is None else running.total.merge(part)
                    halted.finished = whole.estimates(task.fields, halted.generation)
                    raise halted
                running.add(part)
    except KeyboardInterrupt as stop:
        total = running.total
        finished = None if total is None else total.estimates(task.fields)
        raise Interrupted(finished, 0 if total is None else total.count) from stop
    assert running.total is not None
    return running.total.estimates(task.fields)


def _filled(task: Task, stream: np.random.Generator, out: FloatArray) -> Halted | None:
    """Fill out with runs; what stopped one of them, whose later generations are NaN for all."""
    try:
        task.fill(stream, out)
    except Halted as stop:
        out[stop.generation + 1 :] = np.nan
        return stop
    return None


def _resumed(
    checkpoint: Path | None, task: Task, seed: int, replicates: int
) -> AbstractContextManager[Running]:
    if checkpoint is None:
        return nullcontext(Running(task.block_size))
    return resumed(Path(checkpoint), task.manifest(seed, task.block_size), replicates)


def _blocks(
    task: Task,
    job: Callable[[np.random.Generator, int], blocks.Result],
    seed: int,
    replicates: int,
    threads: int | None,
    start: int = 0,
) -> Iterator[blocks.Result]:
    return blocks.run(
        job, family=task.family, seed=seed, replicates=replicates, threads=threads,
        label=str(task.workflow), start=start, block_size=task.block_size,
    )  # fmt: skip
