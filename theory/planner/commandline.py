"""python -m theory plan: a pipeline from flags or a TOML file, and its plan in plain sentences."""

from __future__ import annotations

import argparse
import difflib
import sys
import textwrap
import tomllib
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from theory.commandline import (
    Table,
    add_output_options,
    check_files,
    panels,
    replacing,
    sample_generations,
    write,
)
from theory.growth.fits import Comparison, compare
from theory.growth.losscurve import LossCurve
from theory.growth.tables import names_workflows, read_losses, read_measured
from theory.planner.changes import Change
from theory.planner.drift import drift
from theory.planner.fit import LEVEL, forecasts, told
from theory.planner.inverse import Answer
from theory.planner.pipeline import LONGEST, Keep, Pipeline, Prices, Verifier
from theory.planner.plan import Plan, plan, times

HELP = "will my training pipeline collapse, and what is the cheapest fix?"
EXAMPLES = """\
examples:
  python -m theory plan --real 1000 --synthetic 1000 --keep latest
  python -m theory plan --real 1000 --synthetic 1000 --keep last --window 3 --real-per-round 50
  python -m theory plan --file pipeline.toml --horizon 36 --plot plan.png
  python -m theory plan --fit losses.csv

A TOML file has the same names: real = 1000, synthetic = 1000, keep = "latest", real_per_round = 50;
[verifier] bias, width; [prices] real, generated, verified, trained, stored. Options override it.
"""

_TABLES = {"verifier": Verifier, "prices": Prices}
_NUMBERS: tuple[tuple[str, Any, str], ...] = (
    ("real", int, "real rows you have now: round 1 trains on them alone"),
    ("synthetic", int, "rows that the model writes each round"),
    ("window", int, "with --keep last: rounds kept"),
    ("window_exponent", float, "with --keep last: keep the last t^A rounds at round t"),
    ("real_per_round", int, "new real rows each round from round 2 on (default 0)"),
    ("budget", int, "rows trained on, drawn at random from what is kept (default: all)"),
    ("weight", float, "total weight of the real rows in training (default: rows alike)"),
    ("real_exponent", float, "weight t^-B on the real rows at round t"),
    ("temperature", float, "of sampling, as the share of variance kept (default 1)"),
    ("parameters", int, "effective number of parameters"),
    ("horizon", int, "rounds to look ahead (default 12)"),
    ("tolerance", float, "tolerated error, in times the first model's (default 1.5)"),
)


def add_plan(families: Any) -> None:
    """The command `plan` among those of python -m theory."""
    parser = families.add_parser("plan", help=HELP, description=HELP, epilog=EXAMPLES)
    group = parser.add_argument_group("pipeline")
    group.add_argument("--file", type=Path, metavar="FILE", help="a TOML file of the pipeline")
    names = [keep.value for keep in Keep]
    group.add_argument("--keep", metavar="WHICH", help=f"rounds kept: {', '.join(names)}")
    for name, convert, meaning in _NUMBERS:
        option = f"--{name.replace('_', '-')}"
        group.add_argument(option, type=convert, metavar="X", help=meaning)
    group.add_argument(
        "--keep-real", action="store_true", default=None, help="real rows stay in training for ever"
    )
    judge = parser.add_argument_group("verifier (linear regression; in standard deviations)")
    judge.add_argument("--verifier-bias", type=float, metavar="D", help="how far it is off")
    judge.add_argument(
        "--verifier-width", type=float, metavar="L", help="how far a label may be: less is stricter"
    )
    costs = parser.add_argument_group("prices, by which changes are ranked (unit: one real row)")
    for price in fields(Prices):
        costs.add_argument(
            f"--price-{price.name}", type=float, metavar="P", help=f"default {price.default}"
        )
    measured = parser.add_argument_group("measured losses")
    measured.add_argument(
        "--fit", type=Path, metavar="FILE",
        help="a CSV of generation and loss, with columns model and workflow or with --keep: "
        "what it follows, and where it goes by --horizon",
    )  # fmt: skip
    add_output_options(parser)
    parser.set_defaults(act=_plan)


def _plan(options: argparse.Namespace) -> int:
    check_files(options)
    given = _given(options)
    if options.fit is not None:
        return _fits(options, given)
    for name in ("real", "synthetic", "keep"):
        if name not in given:
            raise ValueError(
                f"a pipeline needs {name}: --{name} on the command line, or in --file FILE"
            )
    found = plan(pipeline_of(given))
    if options.format == "table":
        text = as_text(found)
        if options.output is None:
            sys.stdout.write(text)
        else:
            with replacing(options.output) as file:
                file.write(text)
            print(f"wrote {options.output}", file=sys.stderr)
    else:
        write(as_table(found), options)
    if options.plot is not None:
        _plot(options.plot, found)
    return 0


def _fits(options: argparse.Namespace, given: dict[str, Any]) -> int:
    """The curves of --fit FILE: sentences and a row for each shape."""
    found = [compare(curve) for curve in _curves(options.fit, given)]
    horizons = [_until(one, given) for one in found]
    rows, notes = [], []
    for one, horizon in zip(found, horizons, strict=True):
        notes.append(told(one, horizon))
        rows += [
            (one.curve.model, one.curve.label, line.shape.value, line.formula, line.slope,
             line.slope_error, line.behind, horizon, line.value, line.lower, line.upper)
            for line in forecasts(one, horizon)
        ]  # fmt: skip
    columns = (
        "model", "workflow", "shape", "formula", "b", "b_error", "behind", "generation", "forecast",
        "lower", "upper",
    )  # fmt: skip
    notes += [
        "behind: AICc above the best shape's; 2 and less is no difference",
        f"lower, upper: {LEVEL:.0%} band of the fitted line, if the shape is right",
    ]
    write(Table(columns, rows, {"told": notes[: len(found)]}, tuple(notes)), options)
    if options.plot is not None:
        _plot_fits(options.plot, found, horizons)
    return 0


def _curves(path: Path, given: dict[str, Any]) -> list[LossCurve]:
    """The curves of a file, whose workflow is in it or is the pipeline's."""
    if names_workflows(path):
        if given.keys() - {"horizon"}:
            key = sorted(given.keys() - {"horizon"})[0]
            raise ValueError(f"{str(path)!r} names its workflows: leave out {key}={given[key]!r}")
        return read_losses(path)
    if "keep" not in given:
        raise ValueError(
            f"{str(path)!r} has no column 'workflow': say --keep everything, last or latest, "
            f"and --real and --synthetic where they differ"
        )
    pipeline = pipeline_of({"real": 100, "synthetic": 100, **given})
    if pipeline.workflow is None:
        raise ValueError(
            "--fit takes a pipeline that is a plain workflow: rounds kept, with the same real "
            "rows for ever or as many new ones a round as at first"
        )
    return read_measured(path, pipeline.workflow)


def _until(found: Comparison, given: dict[str, Any]) -> int:
    """The generation of the forecast: the horizon asked for, or twice as far as measured."""
    last = int(found.curve.generations[-1])
    horizon = given.get("horizon", 2 * last)
    if horizon > LONGEST or horizon < 1:
        raise ValueError(f"horizon must be in 1..{LONGEST} generations, got {horizon}")
    return int(horizon)


def _plot_fits(path: Path, found: list[Comparison], horizons: list[int]) -> None:
    """Losses as points, the shapes as lines to the horizon, the best one in its band."""
    with panels(path, "Measured losses and forecasts", [one.curve.name for one in found]) as shown:
        for panel, one, horizon in zip(shown, found, horizons, strict=True):
            t = np.linspace(1, max(horizon, 2), 200)
            for i, line in enumerate(forecasts(one, horizon)):
                fitted = one.fits[line.shape]
                style = "-" if i == 0 else "--"
                (drawn,) = panel.plot(t, fitted.value(t), style, label=line.shape.value)
                if i == 0 and fitted.freedom > 0:
                    panel.fill_between(t, *fitted.band(t), color=drawn.get_color(), alpha=0.2)
            panel.plot(one.curve.generations, one.curve.mean, "k.", label="measured")
            panel.set_ylabel("loss")
            panel.legend(frameon=False, fontsize="x-small")


def pipeline_of(given: dict[str, Any]) -> Pipeline:
    """The pipeline of names and values, with tables `verifier` and `prices`."""
    values = dict(given)
    for name, kind in _TABLES.items():
        if name in values:
            table = values[name]
            for needed in (one.name for one in fields(kind)):
                if kind is Verifier and needed not in table:
                    raise ValueError(f"a verifier needs bias and width, got no {needed}")
            values[name] = kind(**table)
    return Pipeline(**values)


def _given(options: argparse.Namespace) -> dict[str, Any]:
    """What the file says, and over it what the options say."""
    given = {} if options.file is None else read_pipeline(options.file)
    names = [name for name, _, _ in _NUMBERS]
    for name in (*names, "keep", "keep_real"):
        if getattr(options, name) is not None:
            given[name] = getattr(options, name)
    for table, prefix in (("verifier", "verifier"), ("prices", "price")):
        for one in fields(_TABLES[table]):
            value = getattr(options, f"{prefix}_{one.name}")
            if value is not None:
                given.setdefault(table, {})[one.name] = value
    return given


def read_pipeline(path: Path) -> dict[str, Any]:
    """Names and values of a TOML file.

    Raises:
        ValueError: not a TOML file, or a key that no pipeline has: quoted, with the nearest one.
        OSError: it cannot be read.
    """
    if path.is_dir():
        raise ValueError(f"--file must be a file, got the folder {str(path)!r}")
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ValueError(f"--file: {str(path)!r} is not TOML: {problem}") from None
    found = {key.replace("-", "_"): value for key, value in found.items()}
    _known(found, [one.name for one in fields(Pipeline)], str(path))
    for name, kind in _TABLES.items():
        if name not in found:
            continue
        if not isinstance(found[name], dict):
            raise ValueError(f"{name} must be a table [{name}] in {str(path)!r}, got {found[name]}")
        _known(found[name], [one.name for one in fields(kind)], f"[{name}] of {path}")
    return found


def _known(found: dict[str, Any], names: list[str], where: str) -> None:
    for key in found:
        if key not in names:
            near = difflib.get_close_matches(key, names, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
            raise ValueError(f"unknown key {key!r} in {where!r}: {hint}")


# --- for people ------------------------------------------------------------------------------


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
    if pipeline.verifier is not None:
        judge = pipeline.verifier
        text += f"; a verifier of bias {judge.bias:g} and width {judge.width:g} selects"
    return text + "."


def as_text(found: Plan) -> str:
    """Sentences, a table of rounds, changes, and weak points."""
    lines = [described(found.pipeline), ""]
    for one in found.statements:
        lines.append(_filled(f"{one.text} [{one.kind.value}; {one.source}]", "  "))
    lines += ["", _rounds(found), *_changes(found)]
    if found.answers:
        lines += ["", "Solved for this pipeline"]
        lines += [_filled(f"- {_answer(one)}", "  ") for one in found.answers]
    lines += ["", "Where this is weak, and what to measure"]
    lines += [_filled(f"- {one.text}. Measure {one.measure}.", "  ") for one in found.premises]
    return "\n".join(lines) + "\n"


def _filled(text: str, indent: str) -> str:
    return textwrap.fill(text, 100, subsequent_indent=indent, break_on_hyphens=False)


def _rounds(found: Plan) -> str:
    table = as_table(found)
    shown = [t for t in sample_generations(found.pipeline.horizon, 12) if t]
    rows: list[tuple[Any, ...]] = [
        (t, times(error), times(alone), f"{share:.0%}", f"{spread:.2f}")
        for t, error, alone, spread, share in (table.rows[t - 1] for t in shown)
    ]
    columns: tuple[str, ...] = ("round", "error", "real data only", "real share", "diversity")
    if found.pipeline.temperature == 1:  # nothing to see
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    told = "error: in times that of one model trained on the real rows of now"
    return Table(columns, rows, notes=(told,)).as_text().rstrip()


def _changes(found: Plan) -> list[str]:
    if not found.changes:
        return [] if found.safe else ["", "No single change is known to hold it."]
    rows = [
        (textwrap.fill(one.action, 52), _holds(one), _cost(one.extra_cost),
         times(one.at_horizon), _level(one.limit))
        for one in found.changes
    ]  # fmt: skip
    columns = (
        "change",
        "holds it",
        "cost a round",
        f"round {found.pipeline.horizon}",
        "in the long run",
    )
    prices = found.pipeline.prices
    note = (
        f"cost: per round, on average to the horizon, with a new real row at {prices.real:g}, a "
        f"generated one {prices.generated:g}, judging one {prices.verified:g}, training on a row "
        f"{prices.trained:g}, storing it {prices.stored:g} (--price-...)"
    )
    held = [one for one in found.changes if one.bounded and one.within]
    head = "Single changes that help, the cheapest that holds it first"
    if not held:
        head = f"No single change holds it within {times(found.pipeline.tolerance)}; these help"
    meaning = (
        f"holds it: for ever within {times(found.pipeline.tolerance)} times; higher: bounded, but "
        f"above that; for now: within it to the horizon only"
    )
    shown = Table(columns, rows).as_text().rstrip()
    return ["", head, "", shown, "", _filled(meaning, "  "), _filled(note, "  ")]


def _cost(extra: float) -> str:
    return f"{extra:+,.0f}" if abs(extra) >= 100 else f"{extra:+.3g}"


def _holds(one: Change) -> str:
    if one.bounded:
        return "yes" if one.within else "higher"
    return "for now"


def _level(limit: float | None) -> str:
    if limit is None:
        return "bounded"
    return "grows" if limit == float("inf") else times(limit)


def _answer(one: Answer) -> str:
    text = f"{one.question}: {_number(one.value)}"
    if not one.attained:
        text += " (just beyond it)"
    sides = "; ".join(f"at {_number(x)}: {times(y)}" for x, y in one.beside)
    return f"{text}. {one.criterion}: {times(one.at)} ({sides})  [{one.kind.value}; {one.source}]"


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"


# --- for programs ----------------------------------------------------------------------------


def as_table(found: Plan) -> Table:
    """A row a round; everything else as facts."""
    columns = ("round", "error", "real_only", "diversity", "real_share")
    series = (found.error, found.real_only, found.spread, found.real_share)
    rows = [(t, *(float(one[t]) for one in series)) for t in range(1, found.pipeline.horizon + 1)]
    facts = {
        "pipeline": _asked(found.pipeline),
        "fate": found.outlook.fate.value,
        "safe": found.safe,
        "limit": found.outlook.limit,
        "rounds_until_tolerance": found.crossed,
        "statements": [
            {"topic": s.topic, "text": s.text, "value": s.value, "status": s.kind.value,
             "source": s.source}
            for s in found.statements
        ],
        "changes": [
            {"action": c.action, "extra_cost": c.extra_cost, "at_horizon": c.at_horizon,
             "limit": c.limit, "bounded": c.bounded, "within_tolerance": c.within,
             "answer": None if c.answer is None else _record(c.answer)}
            for c in found.changes
        ],
        "answers": [_record(one) for one in found.answers],
        "premises": [asdict(one) for one in found.premises],
    }  # fmt: skip
    return Table(columns, rows, facts)


def _asked(pipeline: Pipeline) -> dict[str, Any]:
    return {**asdict(pipeline), "keep": pipeline.keep.value}


def _record(one: Answer) -> dict[str, Any]:
    return {
        "question": one.question, "value": one.value, "attained": one.attained,
        "criterion": one.criterion, "at": one.at, "threshold": one.threshold,
        "beside": [{"value": x, "criterion": y} for x, y in one.beside],
        "status": one.kind.value, "source": one.source,
    }  # fmt: skip


def _plot(path: Path, found: Plan) -> None:
    """The error with real data only, the tolerance and the best change; the share of real rows."""
    horizon = found.pipeline.horizon
    t = np.arange(1, horizon + 1)
    names = ["error, times the first model's", "share of real rows in training"]
    with panels(path, described(found.pipeline), names) as (error, share):
        error.plot(t, found.error[1:], color="C3", label="this pipeline")
        error.plot(t, found.real_only[1:], color="0.4", linestyle="--", label="real data only")
        error.axhline(found.pipeline.tolerance, color="0.6", linestyle=":", label="tolerated")
        if found.changes and found.changes[0].pipeline.verifier is None:
            best = drift(found.changes[0].pipeline, horizon)
            error.plot(t, best.inflation[1:], color="C0", label="best single change")
            share.plot(t, best.real_share[1:], color="C0")
        share.plot(t, found.real_share[1:], color="C3")
        share.set_ylim(0, 1.05)
        error.set_ylim(bottom=0)
        for panel in (error, share):
            panel.set_xlabel("round")
        error.legend(frameon=False, fontsize="small")
