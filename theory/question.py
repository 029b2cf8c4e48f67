"""What curves can be asked on the command line: their values, or when one passes a threshold."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from theory.commandline import (
    Table,
    add_output_options,
    add_workflow_options,
    panels,
    sample_generations,
    workflow_from,
    write,
)
from theory.curve import Curve, Kind
from theory.record import ChainCurves
from theory.workflow import whole_number

LONGEST = 65_536  # generations that --until searches


def add_family(
    families: Any,
    name: str,
    told: str,
    epilog: str,
    add_options: Callable[[argparse.ArgumentParser], None],
    fields: Sequence[str],
    first: str,
    act: Callable[[argparse.Namespace], int],
    *,
    formula: bool = True,
) -> argparse.ArgumentParser:
    """A family's command: its workflow and options, what is asked, and where the answer goes."""
    parser: argparse.ArgumentParser = families.add_parser(name, help=told, epilog=epilog)
    add_workflow_options(parser)
    add_options(parser)
    add_question(parser, fields, first, formula=formula)
    add_output_options(parser)
    parser.set_defaults(act=act)
    return parser


def add_question(
    parser: argparse.ArgumentParser, fields: Sequence[str], first: str, *, formula: bool = True
) -> None:
    """--fields and --until, and --formula where closed forms are derived."""
    group = parser.add_argument_group("question")
    group.add_argument(
        "--fields", metavar="NAME[,NAME...]", help=f"'all', or some of: {', '.join(fields)}"
    )
    group.add_argument(
        "--until", type=float, metavar="X",
        help=f"the generation at which the field (default {first}) passes X",
    )  # fmt: skip
    if formula:
        add_formula(parser)


def add_formula(parser: argparse.ArgumentParser) -> None:
    """--formula."""
    parser.add_argument(
        "--formula", action="store_true", help="with the closed forms as LaTeX; table and json"
    )


def horizon_of(options: argparse.Namespace) -> int:
    """Fits that are asked for."""
    return 10 if options.generations is None else int(options.generations)


@dataclass(frozen=True)
class Question:
    """What is asked of a family's curves.

    Attributes:
        title: the chain and its workflow.
        first: the field that --until looks at if none is named.
        curves: fits -> the curves.
        usual: fields shown if none is named and they are known; none for all.
        beside: fits -> further curves.
        infinite: a line under values that are infinite.
        caveat: a line under values of leading order.
        after: lines under all.
    """

    title: str
    first: str
    curves: Callable[[int], ChainCurves]
    usual: tuple[str, ...] = ()
    beside: Callable[[int], Mapping[str, Curve]] = lambda horizon: {}
    infinite: str | None = None
    caveat: str | None = None
    after: tuple[str, ...] = ()


def ask(options: argparse.Namespace, question: Question) -> int:
    """Print the curves asked for with those beside them, or when one passes a threshold."""
    horizon = horizon_of(options)
    record = question.curves(horizon)
    if not record.fields:
        raise ValueError(
            f"no law is known of {question.title}: {record.why_absent(question.first)}; "
            f"python -m montecarlo {options.quantity} simulates it"
        )
    if options.until is not None:
        return _until(options, question, record)
    found = {name: record[name] for name in _fields(options.fields, question, record)}
    absent = [name for name in record.names if record.why_absent(name) is not None]
    found |= question.beside(horizon)
    notes = [f"not known for this chain and workflow: {', '.join(absent)}"] if absent else []
    if question.infinite and any(np.isinf(curve.values[1:]).any() for curve in found.values()):
        notes.append(question.infinite)
    if question.caveat and any(curve.kind is Kind.ASYMPTOTIC for curve in found.values()):
        notes.append(question.caveat)
    show(options, question.title, found, [*notes, *question.after])
    return 0


def _fields(given: str | None, question: Question, record: ChainCurves) -> Sequence[str]:
    """The fields to print: those asked for, or the usual ones that are known here."""
    if given is None or given == "all":
        usual = [name for name in question.usual if name in record.fields] if given is None else []
        return usual or record.fields
    for name in given.split(","):
        if name not in record.names:
            known = ", ".join(record.fields)
            raise ValueError(f"unknown field {name!r}: choose from all, {known}")
    return given.split(",")


def _until(options: argparse.Namespace, question: Question, record: ChainCurves) -> int:
    """The first generation at which a field passes the threshold, by doubling the horizon."""
    names = _fields(options.fields or question.first, question, record)
    if len(names) > 1:
        raise ValueError(f"--until needs one field, got --fields {options.fields}")
    name = names[0]
    most = LONGEST if options.generations is None else options.generations
    horizon = min(64, whole_number("generations", most))
    while True:
        curve = question.curves(horizon)[name]
        passed = curve.passes(options.until)
        never = passed is None and _settles(curve, options.until)
        if passed is not None or never or horizon == most:
            break
        horizon = min(4 * horizon, most)
    value = None if passed is None else float(curve[passed])
    line = _passing(name, options.until, curve, passed, never=never, searched=horizon)
    searched = None if never else horizon
    answered = (name, options.until, passed, value, searched, curve.kind.value)
    columns = ("field", "until", "generation", "value", "searched", "kind")
    table = Table(columns, [answered], {"workflow": str(workflow_from(options))})
    if options.format == "table" and options.output is None:
        print(line)
    else:
        write(table, options)
    if options.plot is not None:
        _plot(options.plot, question.title, {name: curve})
    return 0


def _passing(
    name: str, threshold: float, curve: Curve, passed: int | None, *, never: bool, searched: int
) -> str:
    """The answer to --until, as a sentence."""
    claim = f"{curve.kind.value}; {curve.source}"
    if passed is not None:
        return f"{name} passes {threshold:g} at generation {passed} ({curve[passed]:.6g}, {claim})"
    if never:
        return (
            f"{name} never passes {threshold:g}: it moves one way towards its limit "
            f"{curve.limit:.6g} ({claim})"
        )
    value = f"{curve[searched]:.6g}, {claim}"
    return f"{name} has not passed {threshold:g} by generation {searched} ({value})"


def _settles(curve: Curve, threshold: float) -> bool:
    """True if the curve is monotone towards a limit on the truth's side of the threshold."""
    if curve.limit is None or curve.kind is not Kind.EXACT:
        return False
    steps = curve.values[2:] - curve.values[1:-1]
    monotone = bool((steps >= 0).all() or (steps <= 0).all())
    start = curve[0]
    return monotone and (
        curve.limit <= threshold if threshold >= start else curve.limit >= threshold
    )


def show(
    options: argparse.Namespace, title: str, found: Mapping[str, Curve], more: Sequence[str] = ()
) -> None:
    """Curves as a table, with what each claims and further lines."""
    generations = len(next(iter(found.values()))) - 1
    columns = ("generation", *found)
    body = [(t, *(float(curve[t]) for curve in found.values())) for t in range(generations + 1)]
    claims = {
        name: {"kind": curve.kind.value, "source": curve.source, "limit": curve.limit}
        for name, curve in found.items()
    }
    shown = sample_generations(generations)
    forms = _formulas(options, found)
    for name, latex in forms.items():
        claims[name]["formula"] = latex
    notes = [title]
    for name, curve in found.items():
        limit = "" if curve.limit is None else f", limit {curve.limit:.6g}"
        notes.append(f"{name}: {curve.kind.value} ({curve.source}){limit}")
    for name, latex in forms.items():
        notes.append(f"{name}: no closed form derived" if latex is None else f"{name} = {latex}")
    notes += more
    if len(shown) <= generations:
        notes.append(f"{len(shown)} of {generations + 1} generations shown: --format csv has all")
    facts = {"title": title, "claims": claims}
    write(Table(columns, body, facts, tuple(notes), shown), options)
    if options.plot is not None:
        _plot(options.plot, title, found)


def _formulas(options: argparse.Namespace, found: Mapping[str, Curve]) -> dict[str, str | None]:
    """LaTeX of each curve's closed form where they are asked for, None for one that has none."""
    if not getattr(options, "formula", False):
        return {}
    if options.format == "csv":
        raise ValueError("--formula has no place in csv: use --format table or json")
    forms = {name: curve.formula for name, curve in found.items()}
    return {name: None if form is None else form.latex for name, form in forms.items()}


def _plot(path: Path, title: str, found: Mapping[str, Curve]) -> None:
    """One panel a field, over generations."""
    names = [f"{name} ({curve.kind.value})" for name, curve in found.items()]
    with panels(path, title, names) as shown:
        for panel, curve in zip(shown, found.values(), strict=True):
            few = len(curve) < 25
            panel.plot(curve.values, color="C0", marker="o" if few else None, markersize=3)
            if curve.limit is not None and math.isfinite(curve.limit):
                label = f"limit {curve.limit:.4g}"
                panel.axhline(curve.limit, color="0.5", linestyle=":", label=label)
                panel.legend(frameon=False)
