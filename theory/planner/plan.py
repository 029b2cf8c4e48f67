"""The plan: what becomes of a pipeline, in sentences that each say how sure they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory.curve import FloatArray, Kind
from theory.planner import statements
from theory.planner.alarms import alarming, off_in_diversity
from theory.planner.changes import Change, changes
from theory.planner.drift import drift, real_only, rounds_to_peak
from theory.planner.inverse import (
    Answer,
    best_weight,
    least_regression_budget,
    least_window_exponent,
)
from theory.planner.outlook import BOUNDED, Outlook, outlook
from theory.planner.pipeline import LONGEST, Keep, Pipeline
from theory.planner.premises import Premise, premises
from theory.planner.statements import Statement


@dataclass(frozen=True, eq=False)
class Plan:
    """What theory says of a pipeline.

    Attributes:
        pipeline: what was asked.
        outlook: the long run.
        error: in fits to the real rows of now, axis (round,), to the horizon; index 0 is 0.
        real_only: the same error for a model trained on all real rows so far, axis (round,).
        spread: diversity in units of the truth's, axis (round,).
        real_share: weight on real rows, axis (round,).
        crossed: first round beyond the tolerance; None if there is none.
        statements: what is known, most important first.
        changes: single changes that help, best first.
        answers: other inverse questions that the pipeline raises.
        premises: where the answer is weak, and what to measure.
    """

    pipeline: Pipeline
    outlook: Outlook
    error: FloatArray
    real_only: FloatArray
    spread: FloatArray
    real_share: FloatArray
    crossed: int | None
    statements: tuple[Statement, ...]
    changes: tuple[Change, ...]
    answers: tuple[Answer, ...]
    premises: tuple[Premise, ...]

    @property
    def safe(self) -> bool:
        """Bounded for ever, within the tolerance, and without losing diversity."""
        return (
            self.outlook.bounded
            and self.crossed is None
            and not alarming(self.pipeline, self.spread)
        )


def plan(pipeline: Pipeline) -> Plan:
    """Whether the pipeline drifts, how far, when it passes the tolerance, and what would hold it.

    Raises:
        ValueError: a verifier without parameters, or with fewer than two rows for each.

    Example:
        >>> found = plan(Pipeline(1000, 1000, Keep.LATEST))
        >>> found.outlook.fate.value, found.crossed, found.safe
        ('linear', 2, False)
        >>> found.changes[0].action
        'keep the 1,000 real rows in training for ever'
    """
    horizon = pipeline.horizon
    seen = drift(pipeline, horizon)
    error, long_run = seen.inflation, outlook(pipeline)
    if pipeline.verifier is not None:
        error, long_run = _judged(pipeline)
    alone = pipeline.real * real_only(pipeline, horizon)
    crossed = _crossing(pipeline, error, long_run)
    fine = crossed is None and long_run.bounded and not alarming(pipeline, seen.spread)
    return Plan(
        pipeline, long_run, error, alone, seen.spread, seen.real_share, crossed,
        _statements(pipeline, error, alone, seen.spread, crossed, long_run),
        () if fine else changes(pipeline), tuple(_answers(pipeline)), premises(pipeline, error),
    )  # fmt: skip


def _judged(pipeline: Pipeline) -> tuple[FloatArray, Outlook]:
    """Error and long run with a verifier."""
    from theory.planner.verified import SOURCE, errors

    curve = errors(pipeline, pipeline.horizon)
    because = "the verifier pulls the model towards what it expects, right or wrong"
    return np.array(curve.values), Outlook(BOUNDED, curve.limit, None, because, Kind.EXACT, SOURCE)


def _statements(
    pipeline: Pipeline,
    error: FloatArray,
    alone: FloatArray,
    spread: FloatArray,
    crossed: int | None,
    long_run: Outlook,
) -> tuple[Statement, ...]:
    """Every sentence; one that alarms comes first."""
    usual = (
        statements.fate(pipeline, long_run),
        statements.at_horizon(pipeline, error, long_run),
        statements.against_real_only(pipeline, error, alone, long_run),
        statements.when(pipeline, crossed, long_run),
    )
    starved, told = statements.regression(pipeline), statements.diversity(pipeline, spread)
    if off_in_diversity(pipeline, spread):
        return (*told, *starved, *usual)
    return (*starved, *usual, *told)


def _crossing(pipeline: Pipeline, error: FloatArray, found: Outlook) -> int | None:
    """First round whose error passes the tolerance, looked for up to LONGEST rounds."""
    values = error
    beyond = np.flatnonzero(values > pipeline.tolerance * (1 + 1e-12))
    limit = math.inf if found.limit is None else found.limit
    far = limit > pipeline.tolerance or rounds_to_peak(pipeline) == LONGEST
    if not len(beyond) and far and pipeline.verifier is None:
        values = drift(pipeline, LONGEST).inflation
        beyond = np.flatnonzero(values > pipeline.tolerance * (1 + 1e-12))
    if len(beyond):
        return int(beyond[0])
    if found.slope is None or found.slope <= 0:
        return None
    rest = (pipeline.tolerance - float(values[-1])) / found.slope
    return len(values) - 1 + math.ceil(rest)


def _answers(pipeline: Pipeline) -> list[Answer]:
    """Inverse questions that this pipeline raises, beyond those behind the changes."""
    found: list[Answer] = []
    if pipeline.verifier is not None:
        from theory.planner.verified import best_round

        best = best_round(pipeline)
        if best is not None:
            found.append(best)
    newest = pipeline.keep is Keep.LATEST and not pipeline.keep_real and pipeline.temperature == 1
    if pipeline.real_per_round and newest:
        found.append(best_weight(pipeline.real_per_round, pipeline.synthetic))
    if pipeline.budget is not None and pipeline.parameters is not None:
        found.append(least_regression_budget(pipeline.parameters))
    if pipeline.window_exponent is not None or pipeline.real_exponent is not None:
        b = pipeline.real_exponent
        found.append(least_window_exponent(math.inf if b is None else b))
    return found
