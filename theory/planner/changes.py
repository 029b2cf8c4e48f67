"""Single changes that would hold a pipeline, with what they cost a round; cheapest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from theory.planner.drift import drift
from theory.planner.inverse import (
    Answer,
    least_budget,
    least_real_rows,
    least_weight,
    least_window,
)
from theory.planner.outlook import outlook
from theory.planner.pipeline import Keep, Pipeline, Verifier
from theory.planner.verified import acceptance, errors, settles, widest


@dataclass(frozen=True)
class Change:
    """One change of a pipeline.

    Attributes:
        action: what to do, for a reader.
        pipeline: the pipeline after it.
        extra_cost: a round, on average up to the horizon, in the unit of the prices.
        at_horizon: error at the horizon, in fits to the real rows of now.
        limit: error in the long run, inf if it grows, None where not known in closed form.
        bounded: whether it stays below some level for ever.
        within: whether it stays within the tolerance: for ever if `bounded`, else to the horizon.
        answer: the inverse question behind it, None where nothing was to be solved.
    """

    action: str
    pipeline: Pipeline
    extra_cost: float
    at_horizon: float
    limit: float | None
    bounded: bool
    within: bool
    answer: Answer | None = None


def cost(pipeline: Pipeline) -> float:
    """Cost of a round, on average over rounds 1..horizon, in the unit of the prices.

    Example:
        >>> round(cost(Pipeline(1000, 1000, Keep.LATEST)), 6)
        11.1
    """
    prices, seen = pipeline.prices, drift(pipeline, pipeline.horizon)
    written, each = float(pipeline.synthetic), prices.generated
    if pipeline.verifier is not None:
        written, each = written / acceptance(pipeline.verifier), each + prices.verified
    later = (pipeline.horizon - 1) / pipeline.horizon
    return (
        each * written
        + prices.real * pipeline.real_per_round * later
        + prices.trained * float(np.mean(seen.trained[1:]))
        + prices.stored * float(np.mean(seen.kept[1:]))
    )


def changes(pipeline: Pipeline) -> tuple[Change, ...]:
    """Every single change that is known to help: what holds it first, then by cost.

    Changes that bound the error within the tolerance come first, then those that bound it at a
    higher level, then those that only delay; by extra cost within each.
    """
    base = cost(pipeline)
    found = [_change(action, after, base, answer) for action, after, answer in _tries(pipeline)]
    helpful = [one for one in found if one.bounded or one.within]
    return tuple(
        sorted(
            helpful, key=lambda one: (not one.bounded, not one.within, one.extra_cost, one.action)
        )
    )


def _change(action: str, after: Pipeline, base: float, answer: Answer | None) -> Change:
    extra, limit = cost(after) - base, None
    if after.verifier is not None:
        values = errors(after, after.horizon).values
        assert after.parameters is not None
        limit = settles(
            after.real // after.parameters, after.synthetic // after.parameters, after.verifier
        )
        bounded = True
    else:
        values = drift(after, after.horizon).inflation
        found = outlook(after)
        limit, bounded = found.limit, found.bounded
    peak = float(values[1:].max())
    if bounded and limit is not None:
        peak = max(peak, limit)
    rounding = 1e-9
    within = peak <= after.tolerance * (1 + rounding)
    return Change(action, after, extra, float(values[-1]), limit, bounded, within, answer)


Try = tuple[str, Pipeline, Answer | None]


def _tries(pipeline: Pipeline) -> Iterator[Try]:
    """Changes worth a look, each with the pipeline after it."""
    plain = replace(pipeline, verifier=None)
    powers = plain.window_exponent is not None or plain.real_exponent is not None
    if not plain.keep_real:
        yield (
            f"keep the {plain.real:,} real rows in training for ever",
            replace(plain, keep_real=True),
            None,
        )
    if not powers:
        yield from _bring(plain)
    yield from _keep_more(plain, powers)
    weighed = None if powers else least_weight(replace(plain, weight=None))
    if weighed is not None and not plain.budget:
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
    if pipeline.keep is Keep.EVERYTHING:
        if pipeline.budget is not None and not pipeline.real_per_round:
            yield from _budget(pipeline)
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
        yield from _budget(kept)


def _budget(kept: Pipeline) -> Iterator[Try]:
    answer = least_budget(kept)
    if answer is None:
        return
    rows = int(answer.value)
    told = f"keep every row of every round, and train on {rows:,} of them drawn at random"
    yield told, replace(kept, budget=rows), answer


def _verify(pipeline: Pipeline) -> Iterator[Try]:
    """A verifier without bias, or the one there is, made as strict as it takes."""
    dim = pipeline.parameters
    plain = pipeline.keep is Keep.LATEST and not pipeline.real_for_ever and not pipeline.budget
    if dim is None or not plain or pipeline.temperature != 1:
        return
    if min(pipeline.real, pipeline.synthetic) < 2 * dim:
        return
    given = pipeline.verifier
    bias = 0.0 if given is None else given.bias
    answer = widest(pipeline, bias)
    if answer is None:
        return
    width = np.floor(answer.value * 100) / 100
    kind = "an unbiased verifier" if bias == 0 else f"a verifier of bias {bias:g}"
    told = f"accept only labels within {width:g} noise deviations of {kind} (linear regression)"
    yield told, replace(pipeline, verifier=Verifier(bias, float(width))), answer
