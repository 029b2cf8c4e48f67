"""Plan, simulate, judge: from experiments to findings."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo.estimate import Estimates
from theory.curve import Curve, Kind
from validation.calibrated import (
    Judgement,
    Thresholds,
    Verdict,
    judge,
    perturbed,
    relative_to,
    replicates_needed,
    thresholds,
)
from validation.experiment import Experiment, tests

FloatArray = npt.NDArray[np.float64]

RESOLVE = 0.01
PILOT = 16_384  # replicates that tell how many are needed where theory does not
LEAST = 16_384
MOST = 12_000_000  # replicates of one experiment, unless asked for more
MOST_UNTIL_POWERED = 1_000_000_000
REFERENCE = 20_000  # replicates where nothing is claimed
WARM = 2**33  # seed of the one run that compiles an experiment's kernels; pilots use 2**32 and up
_MARGIN = 1.2  # on a number planned from the sample's standard deviations


@dataclass(frozen=True, eq=False)
class Finding:
    """One claim, tested; arrays of axis (generation - 1,).

    Attributes:
        experiment: the spec.
        field: theory field.
        kind: of the theory value.
        source: of the theory value.
        expected: theory.
        mean: simulation.
        std_error: of the mean, from theory's standard deviation where `exact_std`.
        exact_std: whether theory knows the standard deviation of one run.
        seed: of the simulation.
        replicates: runs simulated (at each size of a grid).
        seconds: that they took, for all claims of the experiment.
        needed: runs at which the claim would resolve what was asked for.
        judgement: verdict and power.
        order: of a grid, the observed p in gap = O(n^-p), axis (generation - 1,); else None.
    """

    experiment: Experiment
    field: str
    kind: Kind
    source: str
    expected: FloatArray
    mean: FloatArray
    std_error: FloatArray
    exact_std: bool
    seed: int
    replicates: int
    seconds: float
    needed: float
    judgement: Judgement
    order: FloatArray | None = None

    @property
    def name(self) -> str:
        """The claim's name."""
        return f"{self.experiment.name}/{self.field}"

    @property
    def verdict(self) -> Verdict:
        """The verdict."""
        return self.judgement.verdict

    @property
    def slack(self) -> FloatArray | None:
        """Bound divided by estimate, None for what is not a bound."""
        bound = self.kind in (Kind.UPPER, Kind.LOWER)
        return self.expected / self.mean if bound else None

    @property
    def seconds_needed(self) -> float:
        """Seconds that the needed replicates would take at the speed measured."""
        return self.seconds * self.needed / self.replicates

    @property
    def powered_until(self) -> int:
        """Last generation up to which every test resolves what was asked for."""
        weak = np.flatnonzero(self.judgement.detectable > self.judgement.resolve)
        return int(weak[0]) if len(weak) else len(self.mean)


@dataclass(frozen=True)
class _Settings:
    """What `check` was asked for, and the thresholds that follow."""

    seed: int
    replicates: int | None
    resolve: float
    perturb: float
    threads: int | None
    most: int
    raising: bool  # the runs, as long as a claim lacks power
    limit: Thresholds
    checkpoint: Path | None


def check(
    experiments: Sequence[Experiment],
    *,
    seed: int = 0,
    replicates: int | None = None,
    resolve: float = RESOLVE,
    perturb: float = 0.0,
    threads: int | None = None,
    until_powered: bool = False,
    checkpoint: Path | None = None,
) -> Iterator[list[Finding]]:
    """Test every claim of the experiments; yields the findings of one experiment at a time.

    Args:
        experiments: specs with their fields.
        seed: of every simulation; experiment i uses seed + i.
        replicates: runs an experiment; None plans them from theory's standard deviations, or from
            a pilot with streams of its own, so that every claim resolves `resolve`, up to MOST.
        resolve: relative discrepancy that each test must be able to see, see
            `calibrated.relative_to`.
        perturb: falsifies every exact value by this share before testing: a check of the check,
            which must then disagree.
        threads: None for one a core.
        until_powered: lifts that limit to MOST_UNTIL_POWERED, and raises the replicates asked
            for; a claim that would need more is left underpowered, and says what
            it would take.
        checkpoint: folder of the simulations' checkpoints, one folder an experiment.

    Raises:
        ValueError: resolve outside (0, 1), or a value or checkpoint that the simulation refuses.
        Interrupted: Ctrl-C; the findings already yielded stand.
    """
    if not 0 < resolve < 1:
        raise ValueError(f"resolve must be in (0, 1), got {resolve!r}")
    limit = thresholds(max(1, sum(map(tests, experiments))))
    most = MOST_UNTIL_POWERED if until_powered else MOST
    raising = until_powered or replicates is None
    settings = _Settings(seed, replicates, resolve, perturb, threads, most, raising, limit, None)
    with _prepared(experiments) as theories:
        for i, (experiment, theory) in enumerate(zip(experiments, theories, strict=True)):
            folder = None if checkpoint is None else _folder(checkpoint, i, experiment)
            own = replace(settings, seed=seed + i, checkpoint=folder)
            yield _examine(experiment, theory.result(), own)


@contextmanager
def _prepared(experiments: Sequence[Experiment]) -> Iterator[list[Future[dict[str, Curve]]]]:
    """Theory of each experiment, and its kernels compiled by one run of a stream of its own.

    On a thread that works ahead: kernels release the interpreter lock, so that what takes one core
    (theory, compiling) is done while the simulations before it leave a core idle.
    """

    def prepare(experiment: Experiment) -> dict[str, Curve]:
        theory = experiment.theory()
        experiment.simulate(seed=WARM, replicates=1, threads=1, checkpoint=None)
        return theory

    with ThreadPoolExecutor(1, "prepare") as ahead:
        try:
            yield [ahead.submit(prepare, experiment) for experiment in experiments]
        finally:
            ahead.shutdown(wait=True, cancel_futures=True)


def _folder(checkpoint: Path, i: int, experiment: Experiment) -> Path:
    """A folder an experiment; its number tells apart two that share a name."""
    return checkpoint / f"{i + 1:03}-{experiment.name.replace('/', '-')}"


def _with_power(
    experiment: Experiment, theory: dict[str, Curve], settings: _Settings
) -> tuple[Estimates, float]:
    """(sample, seconds) with the runs that its power needs, as far as they are allowed.

    Where theory knows the spread of a run it knows that number, and no pilot is simulated; where
    tails are heavy a pilot may have promised too much, and the runs are raised.
    """
    seed, runs, folder = settings.seed, settings.replicates, settings.checkpoint

    def simulate(seed: int, replicates: int, part: str) -> Estimates:
        return experiment.simulate(
            seed=seed, replicates=replicates, threads=settings.threads,
            checkpoint=None if folder is None else folder / part,
        )  # fmt: skip

    if runs is None and all(_std_is_known(experiment, *claim) for claim in theory.items()):
        runs = _allowed(_needed(experiment, theory, None, settings), settings)
    elif runs is None:
        pilot = simulate(seed + 2**32, PILOT, "pilot")
        runs = _allowed(_MARGIN * _needed(experiment, theory, pilot, settings), settings)
    while True:
        start = time.perf_counter()
        found = simulate(seed, runs, "test")
        seconds = time.perf_counter() - start
        needed = _needed(experiment, theory, found, settings)
        more = _allowed(_MARGIN * needed, settings)
        if not settings.raising or needed <= runs or more <= runs:
            return found, seconds
        runs = more


def _allowed(planned: float, settings: _Settings) -> int:
    """Runs to simulate, one more than the bare need, or MOST if what is planned is out of reach."""
    return max(LEAST, math.ceil(planned) + 1) if planned <= settings.most else MOST


def _needed(
    experiment: Experiment,
    theory: dict[str, Curve],
    found: Estimates | None,
    settings: _Settings,
) -> float:
    """Runs that the weakest claim needs."""
    spreads = (_spread(experiment, name, curve, found) for name, curve in theory.items())
    limit, resolve = settings.limit, settings.resolve
    return max(replicates_needed(std, scale, limit, resolve) for std, scale in spreads)


def _std_is_known(experiment: Experiment, field: str, curve: Curve) -> bool:
    return experiment.run_std(field, curve) is not None


def _spread(
    experiment: Experiment, field: str, curve: Curve, found: Estimates | None
) -> tuple[FloatArray, FloatArray]:
    """(standard deviation of one run, what a discrepancy is relative to).

    From the sample what theory does not know; a bound is relative to what it bounds.
    """
    known = experiment.run_std(field, curve)
    if known is not None:
        return known[1:], relative_to(field, curve.values[1:], known[1:])
    assert found is not None
    sample = found[experiment.twin(field)]
    bound = curve.kind in (Kind.UPPER, Kind.LOWER)
    value = sample.mean[1:] if bound else curve.values[1:]
    return sample.std[1:], relative_to(field, value, sample.std[1:])


def _examine(
    experiment: Experiment, theory: dict[str, Curve], settings: _Settings
) -> list[Finding]:
    if not experiment.claimed and settings.replicates is None:
        settings = replace(settings, replicates=REFERENCE, raising=False)
    found, seconds = _with_power(experiment, theory, settings)
    return [
        _judged(experiment, name, curve, found, seconds, settings) for name, curve in theory.items()
    ]


def _judged(
    experiment: Experiment,
    field: str,
    curve: Curve,
    found: Estimates,
    seconds: float,
    settings: _Settings,
) -> Finding:
    sample = found[experiment.twin(field)]
    std, scale = _spread(experiment, field, curve, found)
    expected = curve.values[1:]
    if settings.perturb and curve.kind not in (Kind.UPPER, Kind.LOWER):
        expected = perturbed(field, expected, settings.perturb)
    std_error = std / np.sqrt(sample.count)
    limit, resolve = settings.limit, settings.resolve
    judgement = judge(curve.kind, expected, sample.mean[1:], std_error, scale, limit, resolve)
    if not experiment.claimed:
        judgement = replace(judgement, verdict=Verdict.NOT_CLAIMED)
    return Finding(
        experiment, field, curve.kind, curve.source, expected, sample.mean[1:], std_error,
        _std_is_known(experiment, field, curve), settings.seed, sample.count, seconds,
        replicates_needed(std, scale, limit, resolve), judgement, experiment.order(found, curve),
    )  # fmt: skip
