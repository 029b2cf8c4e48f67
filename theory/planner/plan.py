"""The plan: what becomes of a pipeline, in sentences that each say how sure they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory.curve import FloatArray, Kind
from theory.phases import Fate
from theory.planner.changes import Change, changes
from theory.planner.drift import drift, real_only
from theory.planner.inverse import (
    Answer,
    best_weight,
    least_regression_budget,
    least_window_exponent,
)
from theory.planner.outlook import (
    BOUNDED,
    Outlook,
    long_run_spread,
    outlook,
)
from theory.planner.pipeline import LONGEST, Keep, Pipeline
from theory.planner.premises import Premise, premises
from theory.planner.verified import SOURCE, best_round, errors, require


@dataclass(frozen=True)
class Statement:
    """One thing that is known of a pipeline.

    Attributes:
        topic: a word for programs.
        text: a sentence for people.
        value: the number in it; None where it has none.
        kind: status.
        source: what proves it.
    """

    topic: str
    text: str
    value: float | None
    kind: Kind
    source: str


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
        return self.outlook.bounded and self.crossed is None and not _alarms(self.pipeline)


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
    if pipeline.verifier is not None:
        curve = errors(pipeline, horizon)
        error, long_run = np.array(curve.values), _verified_outlook(curve.limit)
    else:
        error, long_run = seen.inflation, outlook(pipeline)
    alone = pipeline.real * real_only(pipeline, horizon)
    crossed = _crossing(pipeline, error, long_run)
    statements = (
        _fate(pipeline, long_run),
        _at_horizon(pipeline, error, long_run),
        _against_real_only(pipeline, error, alone, long_run),
        _when(pipeline, crossed, long_run),
        *_regression(pipeline),
        *_diversity(pipeline, seen.spread),
    )
    alarms = [s for s in statements if s.topic in _alarms(pipeline)]
    fine = crossed is None and long_run.bounded and not alarms
    helpful = () if fine else changes(pipeline)
    statements = (*alarms, *(s for s in statements if s not in alarms))
    return Plan(
        pipeline, long_run, error, alone, seen.spread, seen.real_share, crossed, statements,
        helpful, tuple(_answers(pipeline)), premises(pipeline, error),
    )  # fmt: skip


def _verified_outlook(limit: float | None) -> Outlook:
    because = "the verifier pulls the model towards what it expects, right or wrong"
    return Outlook(BOUNDED, limit, None, because, Kind.EXACT, SOURCE)


def _alarms(pipeline: Pipeline) -> list[str]:
    """Topics of statements that say that it collapses, whatever the rest says."""
    found = [] if _keeps_diversity(pipeline) else ["diversity"]
    return [*found, "regression_budget"] if _starved(pipeline) else found


def _starved(pipeline: Pipeline) -> bool:
    """Whether a linear regression of so many parameters diverges on its budget."""
    budget, dim = pipeline.budget, pipeline.parameters
    pooled = pipeline.keep is Keep.EVERYTHING and not pipeline.real_per_round
    return pooled and budget is not None and dim is not None and budget < 2 * dim + 1


def _regression(pipeline: Pipeline) -> list[Statement]:
    """A budget too small for a linear regression."""
    if not _starved(pipeline):
        return []
    assert pipeline.parameters is not None
    found = least_regression_budget(pipeline.parameters)
    text = f"A linear regression with {pipeline.parameters:,} parameters collapses on a training "
    text += f"budget of {pipeline.budget:,} rows: new rows each round, it takes {found.value:,} "
    text += "(2 d + 1) to stay bounded. What follows is for models with rows to spare"
    return [Statement("regression_budget", text + ".", found.value, found.kind, found.source)]


def _keeps_diversity(pipeline: Pipeline) -> bool:
    spread = long_run_spread(pipeline)
    return 0.01 < spread < math.inf


def _crossing(pipeline: Pipeline, error: FloatArray, found: Outlook) -> int | None:
    """First round whose error passes the tolerance, looked for up to LONGEST rounds."""
    values = error
    limit = math.inf if found.limit is None else found.limit
    beyond = np.flatnonzero(values > pipeline.tolerance * (1 + 1e-12))
    if not len(beyond) and limit > pipeline.tolerance:
        if pipeline.verifier is None:
            values = drift(pipeline, LONGEST).inflation
        beyond = np.flatnonzero(values > pipeline.tolerance * (1 + 1e-12))
    if len(beyond):
        return int(beyond[0])
    if found.slope is None or found.slope <= 0:
        return None
    rest = (pipeline.tolerance - float(values[-1])) / found.slope
    return len(values) - 1 + math.ceil(rest)


# --- sentences -------------------------------------------------------------------------------

_WORDS = {
    Fate.FALLS: "It does not collapse: the error goes on falling",
    Fate.BOUNDED: "It does not collapse: the error stays bounded",
    Fate.LOGARITHMIC: "It drifts without end, very slowly: the error grows like a logarithm",
    Fate.POWER: "It drifts without end: the error grows like a power of the number of rounds",
    Fate.LINEAR: "It collapses: every round adds to the error, without end",
}


def times(value: float) -> str:
    """A multiple for a reader: 12, 1.64, 0.031."""
    if math.isinf(value):
        return "inf"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _fate(pipeline: Pipeline, found: Outlook) -> Statement:
    text = f"{_WORDS[found.fate]}, because {found.because}"
    if found.bounded and found.limit is not None and found.fate is Fate.BOUNDED:
        text += f". It settles at {times(found.limit)} times the error of one model trained on "
        text += f"the {pipeline.real:,} real rows of now"
    elif found.slope is not None:
        text += f". In the long run a round adds {times(found.slope)} times the error of one model "
        text += f"trained on the {pipeline.real:,} real rows of now"
    elif found.fate is Fate.POWER:
        text += f". The power is {found.growth.exponent:g}"
    value = found.limit if found.bounded else found.slope
    return Statement("fate", text + ".", value, found.kind, found.source)


def _at_horizon(pipeline: Pipeline, error: FloatArray, found: Outlook) -> Statement:
    last = float(error[-1])
    text = f"At round {pipeline.horizon} the error is {times(last)} times that of one model "
    text += "trained on the real rows of now"
    if pipeline.parameters is not None:
        excess = pipeline.parameters / (2 * pipeline.real) * last
        text += f" (about {excess:.2g} nats of excess loss with {pipeline.parameters:,} parameters)"
    return Statement("error_at_horizon", text + ".", last, found.kind, found.source)


def _against_real_only(
    pipeline: Pipeline, error: FloatArray, alone: FloatArray, found: Outlook
) -> Statement:
    ratio = float(error[-1] / alone[-1])
    rows = pipeline.real + pipeline.real_per_round * (pipeline.horizon - 1)
    text = f"A model trained on real data only, all {rows:,} rows there are by then, "
    if abs(ratio - 1) < 0.005:
        text += "would do as well."
    elif ratio > 1:
        text += f"would do better: the pipeline's error is {times(ratio)} times as large."
    else:
        text += f"would do worse: the pipeline's error is {times(ratio)} of it."
    return Statement("against_real_only", text, ratio, found.kind, found.source)


def _when(pipeline: Pipeline, crossed: int | None, found: Outlook) -> Statement:
    level = f"the tolerated {times(pipeline.tolerance)} times"
    if crossed is None and found.bounded and found.limit is not None:
        text = f"It never passes {level}."
        if found.limit > pipeline.tolerance:
            text = f"It passes {level} only after the rounds computed."
    elif crossed is None:
        text = f"It does not pass {level} in the {LONGEST:,} rounds computed."
    else:
        about = "about round" if crossed > LONGEST else "round"
        text = f"It passes {level} in {about} {crossed:,}."
    value = None if crossed is None else float(crossed)
    return Statement("rounds_until_tolerance", text, value, found.kind, found.source)


def _diversity(pipeline: Pipeline, spread: FloatArray) -> list[Statement]:
    """What temperature does to the spread of the model's rows."""
    tau = pipeline.temperature
    if tau == 1:
        return []
    last, ever = float(spread[-1]), long_run_spread(pipeline)
    word = "narrower" if tau < 1 else "wider"
    text = f"Sampling at temperature {tau:g} makes the model {word} than the real data: its "
    text += f"diversity (variance) is {last:.3g} of the truth's at round {pipeline.horizon}"
    if ever == 0:
        text += " and goes to nothing, because the share of real rows goes to nothing"
    elif math.isinf(ever):
        text += " and explodes"
    else:
        text += f" and settles at {ever:.3g}"
    source = "loopbound theory, section 2"
    return [Statement("diversity", text + ".", last, Kind.ASYMPTOTIC, source)]


def _answers(pipeline: Pipeline) -> list[Answer]:
    """Inverse questions that this pipeline raises, beyond those behind the changes."""
    found: list[Answer] = []
    if pipeline.verifier is not None:
        require(pipeline)
        best = best_round(pipeline)
        if best is not None:
            found.append(best)
    if pipeline.real_per_round and pipeline.keep is Keep.LATEST and not pipeline.keep_real:
        found.append(best_weight(pipeline.real_per_round, pipeline.synthetic))
    if pipeline.budget is not None and pipeline.parameters is not None:
        found.append(least_regression_budget(pipeline.parameters))
    if pipeline.window_exponent is not None or pipeline.real_exponent is not None:
        b = pipeline.real_exponent
        found.append(least_window_exponent(math.inf if b is None else b))
    return found
