"""Single changes that would hold a pipeline, with what they cost a round; cheapest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from theory.curve import FloatArray, Kind
from theory.planner.alarms import collapses, off_in_diversity
from theory.planner.drift import Drift, drift, rounds_to_peak
from theory.planner.inverse import (
    Answer,
    least_budget,
    least_real_rows,
    least_weight,
    least_window,
)
from theory.planner.outlook import BOUNDED, Outlook, outlook
from theory.planner.pipeline import Keep, Pipeline, Verifier


@dataclass(frozen=True)
class Change:
    """One change of a pipeline.

    Attributes:
        action: what to do, for a reader.
        pipeline: the pipeline after it.
        extra_cost: a round, on average up to the horizon, in the unit of the prices.
        at_horizon: error at the horizon, in fits to the real rows of now.
        limit: error in the long run, inf if it grows, None where not known in closed form.
        bounded: whether it stays below some level for ever, and diversity neither dies nor
            explodes.
        within: whether it stays within the tolerance: for ever if `bounded`, else to the horizon.
        kind: status of those numbers.
        source: of them.
        answer: the inverse question behind it, None where nothing was to be solved.
    """

    action: str
    pipeline: Pipeline
    extra_cost: float
    at_horizon: float
    limit: float | None
    bounded: bool
    within: bool
    kind: Kind
    source: str
    answer: Answer | None = None


def cost(pipeline: Pipeline) -> float:
    """Cost of a round, on average over rounds 1..horizon, in the unit of the prices.

    Example:
        >>> round(cost(Pipeline(1000, 1000, Keep.LATEST)), 6)
        11.1
    """
    return _cost(pipeline, drift(pipeline, pipeline.horizon))


def _cost(pipeline: Pipeline, seen: Drift) -> float:
    """`cost`, given its drift to the horizon or beyond."""
    prices, horizon = pipeline.prices, pipeline.horizon
    written, each = float(pipeline.synthetic), prices.generated
    if pipeline.verifier is not None:
        from theory.planner.verified import acceptance

        written, each = written / acceptance(pipeline.verifier), each + prices.verified
    return (
        each * written
        + prices.real * pipeline.real_per_round * (horizon - 1) / horizon
        + prices.trained * float(np.mean(seen.trained[1 : horizon + 1]))
        + prices.stored * float(np.mean(seen.kept[1 : horizon + 1]))
    )


def changes(pipeline: Pipeline) -> tuple[Change, ...]:
    """Every single change that is known to help: what holds it first, then by cost.

    Changes that bound the error within the tolerance come first, then those that bound it at a
    higher level, then those that only delay; by extra cost within each.
    """
    base = cost(pipeline)
    found = [
        _change(_told(pipeline, action, after), after, base, answer)
        for action, after, answer in _tries(pipeline)
    ]
    helpful = [one for one in found if one.bounded or one.within]
    return tuple(
        sorted(
            helpful, key=lambda one: (not one.bounded, not one.within, one.extra_cost, one.action)
        )
    )


def _told(pipeline: Pipeline, action: str, after: Pipeline) -> str:
    """The action, with what it gives up."""
    dropped = pipeline.verifier is not None and after.verifier is None
    return f"drop the verifier, and {action}" if dropped else action


def _change(action: str, after: Pipeline, base: float, answer: Answer | None) -> Change:
    seen = drift(after, rounds_to_peak(after))
    values, found = _judged(after) if after.verifier else (seen.inflation, outlook(after))
    bounded = found.bounded and not collapses(after)
    peak = float(values[1:].max())
    if bounded and found.limit is not None:
        peak = max(peak, found.limit)
    rounding = 1e-9
    within = peak <= after.tolerance * (1 + rounding) and not off_in_diversity(after, seen.spread)
    extra, last = _cost(after, seen) - base, float(values[after.horizon])
    return Change(
        action, after, extra, last, found.limit, bounded, within, found.kind, found.source, answer
    )


def _judged(after: Pipeline) -> tuple[FloatArray, Outlook]:
    """Error and long run with a verifier."""
    from theory.planner.verified import SOURCE, errors, settles

    assert after.verifier is not None
    assert after.parameters is not None
    rows = (after.real // after.parameters, after.synthetic // after.parameters)
    limit = settles(*rows, after.verifier)
    because = "the verifier pulls the model towards what it expects"
    outlook_of = Outlook(BOUNDED, limit, None, because, Kind.EXACT, SOURCE)
    return errors(after, after.horizon).values, outlook_of


Try = tuple[str, Pipeline, Answer | None]


def _tries(pipeline: Pipeline) -> Iterator[Try]:
    """Changes worth a look, each with the pipeline after it."""
    plain = replace(pipeline, verifier=None)
    powers = plain.window_exponent is not None or plain.real_exponent is not None
    if plain.temperature != 1:
        yield "sample at temperature 1", replace(pipeline, temperature=1.0), None
    if not plain.keep_real:
        rows = "every real row" if plain.real_per_round else f"the {plain.real:,} real rows"
        yield f"keep {rows} in training for ever", replace(plain, keep_real=True), None
    if not powers:
        yield from _bring(plain)
    yield from _keep_more(plain, powers)
    weighed = None if powers else least_weight(replace(plain, weight=None))
    if weighed is not None:
        weight = min(1.0, np.ceil(weighed.value * 1000) / 1000)
        told = f"give the real rows {weight:.1%} of the weight in training"
        yield told, replace(plain, weight=float(weight)), weighed
    yield from _verify(pipeline)


def _bring(pipeline: Pipeline) -> Iterator[Try]:
    """New real rows each round, more than there are."""
    answer = least_real_rows(pipeline)
    if answer is None or answer.value <= pipeline.real_per_round:
        return
    rows = int(answer.value)
    share = rows / (rows + pipeline.synthetic)
    told = f"bring {rows:,} new real rows a round (beside {pipeline.synthetic:,} synthetic"
    told += f" ones: {share:.0%} real)" if share >= 0.005 else " ones)"
    yield told, replace(pipeline, real_per_round=rows), answer


def _keep_more(pipeline: Pipeline, powers: bool) -> Iterator[Try]:
    """Keep more rounds: some, or all, trained on whole or through a budget."""
    if pipeline.budget is not None:
        yield "train on every row that is kept", replace(pipeline, budget=None), None
    if pipeline.keep is Keep.EVERYTHING:
        if pipeline.budget is not None and not pipeline.real_per_round:
            yield from _budget(pipeline, "train on {:,} of the rows kept, drawn at random")
        return
    if not powers and not pipeline.real_for_ever:
        answer = least_window(pipeline)
        if answer is not None and answer.value > 1:
            rounds = int(answer.value)
            told = f"keep the last {rounds} rounds (a delay, not a cure)"
            yield told, replace(pipeline, keep=Keep.LAST, window=rounds), answer
    kept = replace(pipeline, keep=Keep.EVERYTHING, window=None, window_exponent=None)
    yield "keep every row of every round", kept, None
    if kept.weight is None and not powers and not kept.real_per_round:
        told = "keep every row of every round, and train on {:,} of them drawn at random"
        yield from _budget(kept, told)


def _budget(kept: Pipeline, told: str) -> Iterator[Try]:
    """The least budget; `told` has a place for it."""
    answer = least_budget(kept)
    if answer is None:
        return
    rows = int(answer.value)
    yield told.format(rows), replace(kept, budget=rows), answer


def _verify(pipeline: Pipeline) -> Iterator[Try]:
    """A verifier without bias, or the one there is, made as strict as it takes."""
    dim = pipeline.parameters
    plain = pipeline.keep is Keep.LATEST and not pipeline.real_for_ever and not pipeline.budget
    if dim is None or not plain or pipeline.temperature != 1:
        return
    if min(pipeline.real, pipeline.synthetic) < 2 * dim:
        return
    from theory.planner.verified import widest

    given = pipeline.verifier
    bias = 0.0 if given is None else given.bias
    answer = widest(pipeline, bias)
    if answer is None:
        return
    width = np.floor(answer.value * 100) / 100
    kind = "an unbiased verifier" if bias == 0 else f"a verifier of bias {bias:g}"
    told = f"accept only labels within {width:g} noise deviations of {kind} (linear regression)"
    yield told, replace(pipeline, verifier=Verifier(bias, float(width))), answer
