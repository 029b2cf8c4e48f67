"""What is known of a pipeline in sentences, each with its status and source."""

from __future__ import annotations

import math
from dataclasses import dataclass

from theory.curve import FloatArray, Kind
from theory.phases import Fate
from theory.planner.alarms import collapses, loses_diversity, off_in_diversity, starved
from theory.planner.inverse import least_regression_budget
from theory.planner.outlook import Outlook, long_run_spread
from theory.planner.pipeline import LONGEST, Pipeline


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


SENSE = "expected excess loss, on average over runs"
"""What `error` is an error of."""

_WORDS = {
    Fate.FALLS: ("It does not collapse", "the error goes on falling"),
    Fate.BOUNDED: ("It does not collapse", "the error stays bounded"),
    Fate.LOGARITHMIC: ("It drifts without end, very slowly", "the error grows like a logarithm"),
    Fate.POWER: ("It drifts without end", "the error grows like a power of the number of rounds"),
    Fate.LINEAR: ("It collapses", "every round adds the same to the error, without end"),
}
_EXPLODES = ("It collapses", "every round adds more to the error than the one before")


def times(value: float) -> str:
    """A multiple for a reader.

    Example:
        >>> times(12.04), times(0.0312), times(1234.5), times(1e-14), times(float("inf"))
        ('12', '0.0312', '1,234', '1e-14', 'inf')
    """
    return f"{value:,.0f}" if 100 <= value < math.inf else f"{value:.3g}"


def fate(pipeline: Pipeline, found: Outlook) -> Statement:
    """What becomes of the error in the long run, and why."""
    head, clause = _EXPLODES if found.explodes else _WORDS[found.fate]
    head = "Apart from that" if collapses(pipeline) else head
    joint = "," if collapses(pipeline) else ":"
    text = f"{head}{joint} {clause}, because {found.because}"
    unit = f"times the error of one model trained on the {pipeline.real:,} real rows of now"
    if found.fate is Fate.BOUNDED and found.limit is not None:
        text += f". It settles at {times(found.limit)} {unit}"
    elif found.slope is not None:
        text += f". In the long run a round adds {times(found.slope)} {unit}"
    elif found.fate is Fate.POWER:
        text += f". The power is {found.growth.exponent:g}"
    value = found.limit if found.bounded else found.slope
    return Statement("fate", text + ".", value, found.kind, found.source)


def at_horizon(pipeline: Pipeline, error: FloatArray, found: Outlook) -> Statement:
    """The error at the horizon, in nats where the parameters are known."""
    last = float(error[-1])
    text = f"At round {pipeline.horizon} the error is {times(last)} times that of one model "
    text += "trained on the real rows of now"
    if pipeline.parameters is not None:
        excess = pipeline.parameters / (2 * pipeline.real) * last
        text += f" (about {excess:.2g} nats of excess loss with {pipeline.parameters:,} parameters)"
    return Statement("error_at_horizon", text + ".", last, found.kind, found.source)


def against_real_only(
    pipeline: Pipeline, error: FloatArray, alone: FloatArray, found: Outlook
) -> Statement:
    """The same against a model that never sees a synthetic row."""
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


def when(pipeline: Pipeline, crossed: int | None, found: Outlook) -> Statement:
    """The first round beyond the tolerance."""
    level = f"the tolerated {times(pipeline.tolerance)} times"
    if crossed is None and found.bounded and found.limit is not None:
        text = f"It never passes {level}."
        if found.limit > pipeline.tolerance:
            text = f"It passes {level} only after the rounds computed."
    elif crossed is None:
        text = f"It does not pass {level} in the {LONGEST:,} rounds computed."
    elif crossed <= LONGEST:
        text = f"It passes {level} in round {crossed:,}."
    else:
        text = f"It passes {level} in about round {float(f'{crossed:.2e}'):,.0f}."
    value = None if crossed is None else float(crossed)
    return Statement("rounds_until_tolerance", text, value, found.kind, found.source)


def regression(pipeline: Pipeline) -> list[Statement]:
    """A budget too small for a linear regression."""
    if not starved(pipeline):
        return []
    assert pipeline.parameters is not None
    found = least_regression_budget(pipeline.parameters)
    text = f"It collapses if it is a linear regression: {pipeline.parameters:,} parameters cannot "
    text += f"be trained on {pipeline.budget:,} rows a round for ever, it takes {found.value:,} "
    text += "(2 d + 1). What follows is for models with rows to spare."
    return [Statement("regression_budget", text, found.value, found.kind, found.source)]


def diversity(pipeline: Pipeline, spread: FloatArray) -> list[Statement]:
    """What temperature does to the spread of the model's rows."""
    tau = pipeline.temperature
    if tau == 1:
        return []
    last, ever = float(spread[-1]), long_run_spread(pipeline)
    word = "narrower" if tau < 1 else "wider"
    text = f"Sampling at temperature {tau:g} makes the model {word} than the real data: its "
    text += f"diversity (variance) is {last:.3g} of theirs at round {pipeline.horizon}"
    tolerated = f"the tolerated factor of {times(pipeline.tolerance)}"
    if loses_diversity(pipeline):
        text = f"It collapses. {text}"
        text += " and goes to nothing" if ever == 0 else " and explodes"
        text += ", because the real rows are too few to hold it"
    elif off_in_diversity(pipeline):
        text += f" and settles at {ever:.3g}, beyond {tolerated}"
    elif off_in_diversity(pipeline, spread):
        text += f" and settles at {ever:.3g}, but on the way it is beyond {tolerated}"
    else:
        text += f" and settles at {ever:.3g}, within {tolerated}"
    source = "loopbound theory, section 2"
    return [Statement("diversity", text + ".", last, Kind.ASYMPTOTIC, source)]
