"""Plan, simulate, judge: from experiments to findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo.estimate import Estimates
from montecarlo.gaussian import estimate
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
from validation.claims import TWINS, Experiment

FloatArray = npt.NDArray[np.float64]

RESOLVE = 0.01
PILOT = 65_536  # replicates that tell how many are needed
LEAST = 16_384
MOST = 8_000_000  # replicates of one experiment, unless asked for more
REFERENCE = 50_000  # replicates where nothing is claimed
_MARGIN = 1.2  # on the number planned from the pilot's standard deviations


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
        replicates: runs simulated.
        needed: runs at which the claim would resolve what was asked for.
        judgement: verdict and power.
    """

    experiment: Experiment
    field: str
    kind: Kind
    source: str
    expected: FloatArray
    mean: FloatArray
    std_error: FloatArray
    exact_std: bool
    replicates: int
    needed: float
    judgement: Judgement

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
        """Bound divided by estimate, None for an exact value."""
        return None if self.kind is Kind.EXACT else self.expected / self.mean


def check(
    experiments: Sequence[Experiment],
    *,
    seed: int = 0,
    replicates: int | None = None,
    resolve: float = RESOLVE,
    perturb: float = 0.0,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Iterator[list[Finding]]:
    """Test every claim of the experiments; yields the findings of one experiment at a time.

    Args:
        experiments: specs with their fields.
        seed: of every simulation; experiment i uses seed + i.
        replicates: runs an experiment; None plans them from a pilot with streams of its own, so
            that every claim resolves `resolve`, up to MOST.
        resolve: relative discrepancy that each test must be able to see, see
            `calibrated.relative_to`.
        perturb: falsifies every exact value by this share before testing: a check of the check,
            which must then disagree.
        threads: None for one a core.
        checkpoint: folder of the simulations' checkpoints, two an experiment.

    Raises:
        ValueError: resolve outside (0, 1), or a value or checkpoint that the simulation refuses.
        Interrupted: Ctrl-C; the findings already yielded stand.
    """
    if not 0 < resolve < 1:
        raise ValueError(f"resolve must be in (0, 1), got {resolve!r}")
    limit = thresholds(max(1, sum(experiment.tests for experiment in experiments)))
    for i, experiment in enumerate(experiments):
        folder = None if checkpoint is None else _folder(checkpoint, i, experiment)
        yield _examine(experiment, seed + i, replicates, resolve, perturb, threads, limit, folder)


def _folder(checkpoint: Path, i: int, experiment: Experiment) -> Path:
    """A folder an experiment; its number tells apart two that share a name."""
    return checkpoint / f"{i + 1:03}-{experiment.name.replace('/', '-')}"


def _examine(
    experiment: Experiment,
    seed: int,
    replicates: int | None,
    resolve: float,
    perturb: float,
    threads: int | None,
    limit: Thresholds,
    folder: Path | None,
) -> list[Finding]:
    theory = experiment.theory()
    if replicates is None and not experiment.claimed:
        replicates = REFERENCE
    if replicates is None:
        pilot = _simulate(
            experiment, seed + 2**32, PILOT, threads, None if folder is None else folder / "pilot"
        )
        real = experiment.table is not None
        needed = [
            replicates_needed(*_spread(theory[name], name, pilot, real)[1:], limit, resolve)
            for name in experiment.fields
        ]
        replicates = int(min(max(LEAST, _MARGIN * max(needed)), MOST))
    found = _simulate(
        experiment, seed, replicates, threads, None if folder is None else folder / "test"
    )
    return [
        _judged(experiment, name, theory[name], found, limit, resolve, perturb)
        for name in experiment.fields
    ]


def _simulate(
    experiment: Experiment,
    seed: int,
    replicates: int,
    threads: int | None,
    checkpoint: Path | None,
) -> Estimates:
    return estimate(
        experiment.chain,
        experiment.workflow,
        experiment.generations,
        seed=seed,
        replicates=replicates,
        fields=experiment.twins,
        data=None if experiment.table is None else experiment.table.rows,
        threads=threads,
        checkpoint=checkpoint,
    )


def _spread(
    curve: Curve, field: str, found: Estimates, real: bool
) -> tuple[bool, FloatArray, FloatArray]:
    """(known exactly?, standard deviation of one run, what a discrepancy is relative to)."""
    sample = found[TWINS[field]]
    exact = curve.std is not None and curve.kind is Kind.EXACT and not real
    std = curve.std[1:] if exact and curve.std is not None else sample.std[1:]
    value = curve.values[1:] if curve.kind is Kind.EXACT else sample.mean[1:]
    return exact, std, relative_to(field, value, std)


def _judged(
    experiment: Experiment,
    field: str,
    curve: Curve,
    found: Estimates,
    limit: Thresholds,
    resolve: float,
    perturb: float,
) -> Finding:
    sample = found[TWINS[field]]
    exact, std, scale = _spread(curve, field, found, experiment.table is not None)
    expected = curve.values[1:]
    if perturb and curve.kind is Kind.EXACT:
        expected = perturbed(field, expected, perturb)
    std_error = std / np.sqrt(sample.count)
    judgement = judge(curve.kind, expected, sample.mean[1:], std_error, scale, limit, resolve)
    if not experiment.claimed:
        judgement = Judgement(
            Verdict.NOT_CLAIMED, judgement.z, judgement.detectable, judgement.worst,
            judgement.weakest,
        )  # fmt: skip
    needed = replicates_needed(std, scale, limit, resolve)
    return Finding(
        experiment, field, curve.kind, curve.source, expected, sample.mean[1:], std_error, exact,
        sample.count, needed, judgement,
    )  # fmt: skip
