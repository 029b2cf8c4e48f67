"""A plan for people: sentences, a table of rounds, changes with what they cost, weak points."""

from __future__ import annotations

import textwrap
from typing import Any

from theory.commandline import Table, sample_generations
from theory.curve import Kind
from theory.planner.alarms import collapses
from theory.planner.changes import Change
from theory.planner.inverse import Answer
from theory.planner.pipeline import Keep, Pipeline
from theory.planner.plan import Plan
from theory.planner.statements import SENSE, times


def described(pipeline: Pipeline) -> str:
    """The pipeline in a sentence."""
    text = f"Now {pipeline.real:,} real rows"
    if pipeline.real_per_round:
        text += f", {pipeline.real_per_round:,} new ones a round"
    text += f"; each round a model writes {pipeline.synthetic:,} rows; "
    match pipeline.keep:
        case Keep.EVERYTHING:
            text += "every row is kept"
        case Keep.LATEST:
            text += "the latest round's rows are kept"
        case Keep.LAST if pipeline.window is not None:
            text += f"the last {pipeline.window} rounds' rows are kept"
        case Keep.LAST:
            text += f"the last t^{pipeline.window_exponent:g} rounds' rows are kept"
    if pipeline.keep_real and pipeline.keep is not Keep.EVERYTHING:
        text += ", and all real ones"
    if pipeline.budget is not None:
        text += f"; training draws {pipeline.budget:,} of them"
    if pipeline.weight is not None:
        text += f"; real rows have {pipeline.weight:.3g} of the weight"
    if pipeline.real_exponent is not None:
        text += f"; real rows weigh t^-{pipeline.real_exponent:g}"
    if pipeline.temperature != 1:
        text += f"; at temperature {pipeline.temperature:g}"
    if pipeline.verifier is not None:
        judge = pipeline.verifier
        text += f"; a verifier of bias {judge.bias:g} and width {judge.width:g} selects"
    return text + "."


def in_short(found: Plan) -> str:
    """The answer in a line or two: whether it holds, from when not, and the cheapest remedy."""
    level = f"{times(found.pipeline.tolerance)} times the first model's error"
    if found.safe:
        return f"Yes, it holds: for ever within {level}."
    if collapses(found.pipeline) or not found.outlook.bounded:
        text = "No, it does not hold"
    elif found.crossed is None:
        text = "No: its error holds, but not the diversity of what it writes"
    else:
        text = "No, it stays bounded, but beyond what is tolerated"
    if found.crossed is not None:
        text += f": it passes {level} in round {rounded(found.crossed)}"
    held = [one for one in found.changes if one.bounded and one.within]
    if held:
        text += f". Cheapest single change that holds it: {held[0].action}"
        return text + f" ({_cost(held[0].extra_cost)} a round)."
    if found.changes:
        return text + f". No single change holds it; what helps most: {found.changes[0].action}."
    return text + ". No single change is known to hold it."


def as_text(found: Plan) -> str:
    """Sentences, a table of rounds, changes, and weak points."""
    lines = [_filled(described(found.pipeline), ""), "", _filled(in_short(found), ""), ""]
    for one in found.statements:
        lines.append(_filled(f"{one.text} {_mark(one.kind, one.source)}", "  "))
    lines += ["", _rounds(found), *_changes(found)]
    if found.answers:
        lines += ["", "Solved for this pipeline"]
        lines += [_filled(f"- {answer_told(one)}", "  ") for one in found.answers]
    lines += ["", "Where this is weak, and what to measure"]
    lines += [_filled(f"- {one.text}. Measure {one.measure}.", "  ") for one in found.premises]
    lines += ["", "How to read it"]
    lines += [_filled(f"- {one}", "  ") for one in legend(found)]
    return "\n".join(lines) + "\n"


_MEANING = {
    Kind.EXACT: "exact: holds as it stands, for the model that its source names",
    Kind.UPPER: "upper: proved to be at most that",
    Kind.LOWER: "lower: proved to be at least that",
    Kind.ASYMPTOTIC: "asymptotic: the leading order for many rows; with few rows it is off by "
    "some parameters / rows",
}


def legend(found: Plan) -> list[str]:
    """What the error is, and what each status means that this plan has."""
    kinds = {one.kind for one in found.statements} | {one.kind for one in found.changes}
    kinds |= {one.kind for one in found.answers}
    told = [meaning for kind, meaning in _MEANING.items() if kind in kinds]
    return [f"error: {SENSE}; 1 is that of one model trained on the real rows of now", *told]


def _mark(kind: Kind, source: str) -> str:
    return f"[{kind.value}; {source}]"


def _filled(text: str, indent: str) -> str:
    return textwrap.fill(text, 100, subsequent_indent=indent, break_on_hyphens=False)


def _rounds(found: Plan) -> str:
    shown = [t for t in sample_generations(found.pipeline.horizon, 12) if t]
    rows: list[tuple[Any, ...]] = [
        (t, times(found.error[t]), times(found.real_only[t]), f"{found.real_share[t]:.0%}",
         f"{found.spread[t]:.3g}")
        for t in shown
    ]  # fmt: skip
    columns: tuple[str, ...] = ("round", "error", "real data only", "real share", "diversity")
    if found.pipeline.temperature == 1:  # nothing to see
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    told = "error: in times that of one model trained on the real rows of now"
    return Table(columns, rows, notes=(told,)).as_text().rstrip()


def _changes(found: Plan) -> list[str]:
    if not found.changes:
        return [] if found.safe else ["", "No single change is known to hold it."]
    rows = [
        (textwrap.fill(one.action, 44), _holds(one), _cost(one.extra_cost),
         times(one.at_horizon), level(one), one.kind.value)
        for one in found.changes
    ]  # fmt: skip
    columns = (
        "change", "holds it", "cost a round", f"round {found.pipeline.horizon}", "in the end",
        "status",
    )  # fmt: skip
    prices = found.pipeline.prices
    note = (
        f"cost: per round, on average to the horizon, with a new real row at {prices.real:g}, a "
        f"generated one {prices.generated:g}, judging one {prices.verified:g}, training on a row "
        f"{prices.trained:g}, storing it {prices.stored:g} (--price-...)"
    )
    held = [one for one in found.changes if one.bounded and one.within]
    tolerated = times(found.pipeline.tolerance)
    head = "Single changes that help, the cheapest that holds it first"
    if not held:
        head = f"No single change holds it within {tolerated} times; these help"
    meaning = (
        f"holds it: for ever within {tolerated} times; higher: bounded, but beyond that in error "
        f"or diversity; for now: within it to the horizon only"
    )
    shown = Table(columns, rows).as_text().rstrip()
    notes = [meaning, note, f"source: {'; '.join(_sources(found))}"]
    return ["", head, "", shown, "", *(_filled(one, "  ") for one in notes)]


def _sources(found: Plan) -> list[str]:
    """Of the changes' numbers, each with what it is of."""
    by_kind = {(one.kind.value, one.source) for one in found.changes}
    return [f"{source} ({kind})" for kind, source in sorted(by_kind)]


def _cost(extra: float) -> str:
    return f"{extra:+,.0f}" if abs(extra) >= 100 else f"{extra:+.3g}"


def _holds(one: Change) -> str:
    if one.bounded:
        return "yes" if one.within else "higher"
    return "for now"


def level(one: Change) -> str:
    """The error in the long run after a change."""
    if one.limit is None:
        return "bounded" if one.bounded else "grows"
    return "grows" if one.limit == float("inf") else times(one.limit)


def answer_told(one: Answer) -> str:
    """An inverse answer with its certificate."""
    text = f"{one.question}: {_number(one.value)}"
    if not one.attained:
        text += " (just beyond it)"
    sides = "; ".join(f"at {_number(x)} it is {times(y)}" for x, y in one.beside)
    return f"{text}. There the {one.criterion} is {times(one.at)}; {sides}. " + _mark(
        one.kind, one.source
    )


def rounded(value: float) -> str:
    """A whole number for a reader: to three digits where it is large.

    Example:
        >>> rounded(12), rounded(41_666_666)
        ('12', '41,700,000')
    """
    return f"{value:,.0f}" if value <= 10_000 else f"{float(f'{value:.2e}'):,.0f}"


def _number(value: float) -> str:
    if value == float("inf"):
        return "never"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"
