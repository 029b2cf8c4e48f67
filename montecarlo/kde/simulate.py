"""Simulate the kernel-density chain, as whole runs or as streamed estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.choices import chosen_fields, require_method
from montecarlo.estimate import Estimates, Runs
from montecarlo.kde.chains import chains_block, memory
from montecarlo.kde.fields import CLOUD_VARIANCE, FIELDS, NLL, OF_TWO_CHAINS
from montecarlo.kde.measure import POINTS, Measures, measures, why_absent
from montecarlo.kde.nll import checked
from montecarlo.kde.plan import Plan, plan
from montecarlo.manifest import Manifest, described_workflow, digest, manifest
from montecarlo.truths import Source, rows, source
from theory.kde import KdeChain
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]

METHODS = ("auto", "rows")
FAMILY = 3  # this family's place in every spawn key
_ENOUGH = 2.0e8  # nanoseconds that a block is worth
_LARGEST = 14  # doublings to the largest block


def simulate(
    chain: KdeChain,
    workflow: Workflow,
    generations: int,
    *,
    seed: int,
    replicates: int,
    fields: Sequence[str] | None = None,
    points: npt.ArrayLike | None = None,
    at: Sequence[int] | None = None,
    method: str = "auto",
    threads: int | None = None,
) -> Runs:
    """Simulated runs: each field an array of axes (replicate, generation), names as in theory.

    The arrays hold every run; use `estimate` for many. A run does not depend on `threads`. Index 0
    is the truth. The literal procedure: a row that model t writes is a row that it trained on,
    drawn uniformly, plus h_t times a draw of the kernel. The likelihoods are infinite where a
    kernel of bounded support leaves a hole.

        mise                 integrated squared error of the fit; in more than one dimension by
                             pairs of rows, for truths that are mixtures of round normal laws
        mean_density_error   that of the mean density, without bias: the product of the errors
                             of two independent chains (one dimension)
        integrated_variance  half the integrated squared difference of two chains, likewise
        extra_variance       second moment of the fit about the truth's mean, less the truth's
                             variance, per coordinate
        nll                  mean negative log likelihood of the test points, nats
        excess_nll           Kullback-Leibler divergence of the truth from the fit, nats, by
                             quadrature (one dimension, light tails)
        cloud_variance       variance of the rows trained on (ddof 0), per coordinate
        cloud_mean_error     squared distance of their mean from the truth's, per coordinate

    Args:
        chain: the truth, the kernel and the bandwidths.
        workflow: who trains on what.
        generations: fits a run, T.
        seed: of the run; block b of its replicates has the stream (seed, family, b).
        replicates: independent runs.
        fields: names to simulate, None for those that need one chain a run, no test points and no
            pairs of rows, as many as the truth has.
        points: test points, axes (point, feature), the same for every run and generation; None for
            500 rows of the truth from a stream of their own, by seed.
        at: generations whose likelihoods are measured, None for all; those of the others are NaN.
            Where few are, a long chain costs little more than its rows.
        method: 'rows' draws every row and weighs every pair of a row and a test point; 'auto' is
            the same.
        threads: None for one a core.

    Returns:
        Runs: `runs.mise[replicate, generation]`.

    Raises:
        ValueError: a value out of range, quoted.
        UnsupportedWorkflow: a field that the truth or the dimension does not have.
        Interrupted: Ctrl-C; `finished` holds the runs of the finished blocks.

    Example:
        >>> from theory.truths import Normal
        >>> runs = simulate(KdeChain(Normal(), 0.4), Workflow.replace(20), 3, seed=1, replicates=5)
        >>> runs.mise.shape
        (5, 4)
    """
    task = _task(chain, workflow, generations, fields, points, at, method, seed)
    return streaming.all_runs(task, seed, replicates, threads)


def estimate(
    chain: KdeChain,
    workflow: Workflow,
    generations: int,
    *,
    seed: int,
    replicates: int,
    fields: Sequence[str] | None = None,
    points: npt.ArrayLike | None = None,
    at: Sequence[int] | None = None,
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
        >>> from theory.truths import Normal
        >>> chain, workflow = KdeChain(Normal(2), 0.4), Workflow.accumulate(20)
        >>> found = estimate(chain, workflow, 3, seed=1, replicates=100, fields=["nll"])
        >>> found.nll.count, found.nll.mean.shape
        (100, (4,))
    """
    task = _task(chain, workflow, generations, fields, points, at, method, seed)
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


@dataclass(frozen=True, eq=False)
class _Task:
    """A simulation that was checked."""

    chain: KdeChain
    workflow: Workflow
    generations: int
    fields: tuple[str, ...]
    points: FloatArray
    script: Plan
    truth: Source
    by: Measures
    family: int = FAMILY
    together: int = 1

    @property
    def draws(self) -> int:
        """Random numbers that a run takes, roughly."""
        written = int(self.script.real_rows.sum() + self.script.synthetic_rows.sum())
        return self.script.copies * (self.chain.dim + 1) * written

    @property
    def block_size(self) -> int:
        """Runs that take a fifth of a second, roughly: test points make a run long."""
        script, by = self.script, self.by
        weighed = int(script.real_rows.sum() + script.synthetic_rows.sum())
        if script.subsample or len(set(script.bandwidth[1:])) > 1:
            weighed = int(script.train_rows[by.shown].sum())
        each = by.points.shape[1] * (3 + by.points.shape[0]) + len(by.nodes)
        fields = self.generations * (20 * by.points.shape[1] + 4 * len(by.nodes))
        if len(by.components.shares):
            trained = script.train_rows[1:].astype(float)
            fields += 4 * int((trained * (trained + len(by.components.shares))).sum())
        cost = 20.0 * self.draws + script.copies * (float(weighed) * each + fields)
        return 1 << min(max(int(_ENOUGH / cost).bit_length() - 1, 0), _LARGEST)

    def fill(self, stream: np.random.Generator, out: FloatArray) -> None:
        """Runs from the stream into out, axes (generation, field, replicate)."""
        order = np.array([FIELDS.index(name) for name in self.fields], dtype=np.int64)
        own = np.zeros(len(FIELDS))
        own[CLOUD_VARIANCE] = float(np.mean(self.chain.truth.variance))
        if "nll" in self.fields:
            with np.errstate(divide="ignore"):  # a point outside of a bounded truth
                own[NLL] = -float(np.mean(np.log(self.chain.truth.pdf(self.points))))
        out[0] = own[order][:, None]
        room = memory(self.script, self.by)
        chains_block(stream, self.script, self.truth, self.by, room, order, out)

    def manifest(self, seed: int, block_size: int) -> Manifest:
        """What a checkpoint is of."""
        experiment: dict[str, Any] = {
            "family": "kde",
            "chain": {
                "truth": repr(self.chain.truth),
                "kernel": self.chain.kernel,
                "bandwidths": digest(self.script.bandwidth),
            },
            "workflow": described_workflow(self.workflow, self.generations),
            "generations": self.generations,
            "fields": list(self.fields),
            "points": digest(self.points),
        }
        return manifest(experiment, seed, block_size)


def _task(
    chain: KdeChain,
    workflow: Workflow,
    generations: int,
    fields: Sequence[str] | None,
    points: npt.ArrayLike | None,
    at: Sequence[int] | None,
    method: str,
    seed: int,
) -> _Task:
    require_method(method, METHODS)
    generations = whole_number("generations", generations)
    chosen = _chosen(chain, fields)
    tests = _points(chain, points, seed) if "nll" in chosen else np.zeros((0, chain.dim))
    copies = 2 if set(OF_TWO_CHAINS) & set(chosen) else 1
    script = plan(chain, workflow, generations, copies)
    by = measures(chain, script.bandwidth, chosen, tests, _shown(at, generations))
    return _Task(
        chain, workflow, generations, chosen, tests, script, source(chain.truth), by
    )  # fmt: skip


def _shown(at: Sequence[int] | None, generations: int) -> npt.NDArray[np.bool_]:
    """Whether a generation is measured at points, axis (generation,)."""
    shown = np.full(generations + 1, at is None)
    for t in at or ():
        if whole_number("at", t) > generations:
            raise ValueError(f"at must be generations up to {generations}, got {t}")
        shown[t] = True
    return shown


def fields_of(chain: KdeChain) -> tuple[str, ...]:
    """Names of the fields that a chain has."""
    return tuple(name for name in FIELDS if why_absent(chain, name) is None)


def _chosen(chain: KdeChain, fields: Sequence[str] | None) -> tuple[str, ...]:
    if fields is not None:
        return chosen_fields(fields, FIELDS)
    squared = ("mise",) if chain.dim == 1 else ()  # elsewhere its cost is that of all pairs
    usual = (*squared, "extra_variance", "cloud_variance", "cloud_mean_error")
    return tuple(name for name in fields_of(chain) if name in usual)


def _points(chain: KdeChain, points: npt.ArrayLike | None, seed: int) -> FloatArray:
    """Test points, axes (point, feature), and checked."""
    if points is None:
        number = whole_number("seed", seed, minimum=0)
        sequence = np.random.SeedSequence(number, spawn_key=(FAMILY, 0, 0))
        return rows(chain.truth, np.random.Generator(np.random.SFC64(sequence)), POINTS)
    return checked("points", points, chain.dim)
