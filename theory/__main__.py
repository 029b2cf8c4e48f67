"""python -m theory: closed-form errors on the command line."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from theory import categorical as categories
from theory import kde as densities
from theory import regression as regressions
from theory import verification as verified
from theory.categorical.commandline import add_categorical_options, categorical_chain_from
from theory.commandline import (
    Parser,
    Table,
    add_output_options,
    add_workflow_options,
    answer,
    check_files,
    numbers,
    panels,
    sample_generations,
    workflow_from,
    write,
)
from theory.curve import Curve, Kind
from theory.gaussian import FIELDS, available, curves, survival
from theory.gaussian.commandline import add_chain_options, chain_from
from theory.inflation import inflation
from theory.kde.augmentation_command import add_augmentation
from theory.kde.commandline import add_kde_options, kde_chain_from
from theory.mitigations.answers import ANSWERS, add_answered_rooms
from theory.mitigations.commandline import ROOMS, titled
from theory.planner.commandline import add_plan
from theory.regression.commandline import add_regression_options, regression_chain_from
from theory.regression.subsample import drawn_again_from
from theory.symbolic.commandline import add_derive
from theory.verification.commandline import (
    add_phases,
    add_verification_options,
    phases_of,
    told,
    verified_chain_from,
)
from theory.workflow import UnsupportedWorkflow, Workflow, whole_number

DEFAULT_FIELDS = (
    "mean_error",
    "trace_ratio",
    "log_det_ratio",
    "excess_nll",
    "wasserstein",
    "wasserstein_lower",
    "wasserstein_upper",
)
LONGEST = 65_536  # generations that --until searches
INFINITE = {
    "mean_error": "inf, -inf: with so few rows the quantity has no finite mean",
    "excess_test_error": "inf: with dim - 1, dim or dim + 1 different rows a fit has no finite "
    "mean error, because X'X may come arbitrarily close to singular; take dim + 2 rows or more, "
    "or ask what one run sees: --quantile 0.5",
}
DRAWN_AGAIN = (
    "over all designs the mean is infinite from generation {} on: rows close to a hyperplane are "
    "drawn again and again (docs/subsample_threshold.md, theorem 4); shown are typical designs; "
    "--quantile 0.5 is what one run sees"
)


class _Record(Protocol):
    """Curves by field."""

    def __getitem__(self, field: str) -> Curve: ...


EXAMPLES = """\
examples:
  python -m theory gaussian --workflow accumulate --n 100 --dim 10 --generations 50
  python -m theory gaussian --workflow replace --n 100 --until 0.1
  python -m theory gaussian --workflow fresh --n-real 20 --n 80 --format csv
  python -m theory regression --workflow accumulate --n 100 --dim 10 --noise 0.5
  python -m theory regression --workflow replace --design table.csv --ridge 0.1
  python -m theory categorical --workflow replace --n 100 --zipf 1000,1.1 --fields all
  python -m theory categorical --workflow accumulate --probabilities 0.5,0.3,0.2
  python -m theory kde --truth normal --bandwidth 0.4 --workflow replace --n 100
  python -m theory kde --truth table.csv --smoothing 0.3 --bandwidth scott --workflow accumulate
  python -m theory augmentation --n-real 100 --bandwidth 0.2 --generator-bandwidth 0.7
  python -m theory verification --workflow replace --n 100 --radius 1 --centre 0.3
  python -m theory phases --n 100 --rounds 3 --plot phases.png
  python -m theory survival --workflow replace --n 10 --threshold 0.5 --generations 100
  python -m theory inflation --workflow accumulate-subsample --n 100 --plot inflation.png
  python -m theory derive gaussian accumulate
  python -m theory plan --real 1000 --synthetic 1000 --keep latest
"""


def build_parser() -> Parser:
    """The parser of python -m theory."""
    parser = Parser(
        prog="python -m theory",
        description="How far a model drifts when it is trained on its own output, in closed form.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=_version())
    families = parser.add_subparsers(dest="quantity", required=True, metavar="QUANTITY")

    gaussian = families.add_parser(
        "gaussian", help="errors of a fitted mean and covariance", epilog=EXAMPLES
    )
    add_workflow_options(gaussian)
    add_chain_options(gaussian)
    _add_question(gaussian, FIELDS, "mean_error")
    add_output_options(gaussian)
    _add_formula_option(gaussian)
    gaussian.set_defaults(act=_gaussian)
    _add_regression(families)
    _add_categorical(families)
    _add_kde(families)
    add_augmentation(families)
    _add_verification(families)
    add_phases(families)
    add_answered_rooms(families, _mitigation)

    spread = families.add_parser(
        "survival", help="probability that the spread is above a share of the true one"
    )
    add_workflow_options(spread)
    add_chain_options(spread, dim=False)
    spread.add_argument("--threshold", type=float, required=True, metavar="X", help="the share")
    add_output_options(spread)
    spread.set_defaults(act=_survival)

    multiple = families.add_parser(
        "inflation", help="v_t: excess risk in units of one fit, any regular family (asymptotic)"
    )
    add_workflow_options(multiple)
    add_output_options(multiple)
    _add_formula_option(multiple)
    multiple.set_defaults(act=_inflation)
    add_derive(families)
    add_plan(families)
    return parser


def _add_regression(families: Any) -> None:
    regression = families.add_parser(
        "regression", help="excess test error of linear regression", epilog=EXAMPLES
    )
    add_workflow_options(regression)
    add_regression_options(regression)
    _add_question(regression, regressions.FIELDS, "excess_test_error")
    regression.add_argument(
        "--quantile", type=numbers, default=(), metavar="P[,P...]",
        help="also the error that one run stays below with probability P",
    )  # fmt: skip
    add_output_options(regression)
    _add_formula_option(regression)
    regression.set_defaults(act=_regression)


def _add_categorical(families: Any) -> None:
    categorical = families.add_parser(
        "categorical", help="shares of categories, as words in a text", epilog=EXAMPLES
    )
    add_workflow_options(categorical)
    add_categorical_options(categorical)
    _add_question(categorical, categories.FIELDS, "squared_error")
    add_output_options(categorical)
    _add_formula_option(categorical)
    categorical.set_defaults(act=_categorical)


def _add_kde(families: Any) -> None:
    kde = families.add_parser(
        "kde", help="integrated squared error of kernel density estimates", epilog=EXAMPLES
    )
    add_workflow_options(kde)
    add_kde_options(kde)
    _add_question(kde, densities.FIELDS, "mise")
    add_output_options(kde)
    _add_formula_option(kde)
    kde.set_defaults(act=_kde)


def _add_verification(families: Any) -> None:
    parser = families.add_parser(
        "verification", help="regression on labels that a verifier accepts", epilog=EXAMPLES
    )
    add_workflow_options(parser)
    add_verification_options(parser)
    _add_question(parser, verified.FIELDS, "squared_error")
    add_output_options(parser)
    parser.set_defaults(act=_verification)


def _add_question(parser: argparse.ArgumentParser, fields: Sequence[str], default: str) -> None:
    question = parser.add_argument_group("question")
    question.add_argument(
        "--fields", metavar="NAME[,NAME...]", help=f"'all', or some of: {', '.join(fields)}"
    )
    question.add_argument(
        "--until", type=float, metavar="X",
        help=f"the generation at which the field (default {default}) passes X",
    )  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, or 2 for bad input."""
    return answer(build_parser(), argv, lambda options: int(options.act(options)))


def _add_formula_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--formula", action="store_true", help="with the closed forms as LaTeX; table and json"
    )


def _formulas(options: argparse.Namespace, found: dict[str, Curve]) -> dict[str, str | None]:
    """LaTeX of each curve's closed form where they are asked for, None for one that has none."""
    if not getattr(options, "formula", False):
        return {}
    if options.format == "csv":
        raise ValueError("--formula has no place in csv: use --format table or json")
    forms = {name: curve.formula for name, curve in found.items()}
    return {name: None if form is None else form.latex for name, form in forms.items()}


def _version() -> str:
    from loopbound import version

    return f"loopbound {version()}"


def _gaussian(options: argparse.Namespace) -> int:
    check_files(options)
    chain, workflow = chain_from(options), workflow_from(options)
    known = available(chain, workflow, _horizon(options))
    usual = [name for name in DEFAULT_FIELDS if name in known]
    title = f"Gaussian chain, dim={chain.dim}, ddof={chain.ddof}, {workflow}"
    question = _Question(title, FIELDS, known, usual, "mean_error")
    return _answer(options, question, lambda horizon: curves(chain, workflow, horizon))


def _regression(options: argparse.Namespace) -> int:
    check_files(options)
    chain, design = regression_chain_from(options)
    workflow = workflow_from(options)
    known = regressions.available(chain, workflow, _horizon(options), design=design)
    given = "given" if design is not None else chain.design
    ridges = ",".join(f"{ridge:g}" for ridge in chain.ridges)
    ridge = f", ridge={ridges} ({chain.penalty})" if chain.penalised else ""
    title = f"linear regression, dim={chain.dim}, {given} design{ridge}, {workflow}"
    start = drawn_again_from(chain, workflow)
    caveat = None if start is None else DRAWN_AGAIN.format(start)
    question = _Question(title, regressions.FIELDS, known, list(known), "excess_test_error", caveat)

    def record(horizon: int) -> regressions.RegressionCurves:
        return regressions.curves(chain, workflow, horizon, design=design)

    def quantiles(horizon: int) -> dict[str, Curve]:
        if options.quantile and design is not None:
            raise ValueError(f"--quantile is over normal designs, got --design {options.design}")
        return {
            f"quantile_{p:g}": regressions.error_quantile(chain, workflow, horizon, probability=p)
            for p in options.quantile
        }

    if options.until is not None and options.quantile:
        asked = ",".join(f"{p:g}" for p in options.quantile)
        raise ValueError(f"--until looks at one field, got --quantile {asked} beside it")
    if not known:
        _ = record(_horizon(options)).excess_test_error  # raises, and says why
    return _answer(options, question, record, quantiles)


def _categorical(options: argparse.Namespace) -> int:
    check_files(options)
    chain, told = categorical_chain_from(options)
    workflow = workflow_from(options)
    known = categories.available(chain, workflow, _horizon(options))
    waiting = _collapse_times(chain, workflow)
    question = _Question(
        f"{told}, {workflow}", categories.FIELDS, known, known, "squared_error", after=waiting
    )
    return _answer(options, question, lambda horizon: categories.curves(chain, workflow, horizon))


def _collapse_times(chain: categories.CategoricalChain, workflow: Workflow) -> tuple[str, ...]:
    """A line for each expected time to one category that is known."""
    lines = []
    for time_of in (categories.collapse_time, categories.diffusion_collapse_time):
        try:
            time = time_of(chain, workflow)
        except UnsupportedWorkflow:
            continue
        lines.append(f"fits until one is left: {time.mean:.6g} ({time.kind.value}; {time.source})")
    return tuple(lines)


def _kde(options: argparse.Namespace) -> int:
    check_files(options)
    chain, workflow = kde_chain_from(options), workflow_from(options)
    known = densities.available(chain, workflow, _horizon(options))
    truth = options.truth if options.dim is None else f"{options.truth}, dim={options.dim}"
    title = (
        f"density estimates of {truth}, {chain.kernel} kernel, bandwidth {options.bandwidth}, "
        f"{workflow}"
    )
    try:
        ever = f"for ever: {densities.verdict(chain, workflow)}"
    except UnsupportedWorkflow as reason:
        ever = str(reason)
    h = chain.bandwidths(workflow, _horizon(options))[1:]
    shown = ", ".join(f"{one:.4g}" for one in h[:10]) + (", ..." if len(h) > 10 else "")
    after = (f"bandwidths by fit: {shown}", ever) if np.ptp(h) else (ever,)
    question = _Question(title, densities.FIELDS, known, list(known), "mise", after=after)
    return _answer(options, question, lambda horizon: densities.curves(chain, workflow, horizon))


def _verification(options: argparse.Namespace) -> int:
    check_files(options)
    chain, workflow = verified_chain_from(options), workflow_from(options)
    chain.require(workflow, _horizon(options))
    known = verified.available(chain, workflow)
    question = _Question(
        f"{told(chain)}, {workflow}", verified.FIELDS, known, known, "squared_error",
        after=phases_of(chain),
    )  # fmt: skip
    return _answer(options, question, lambda horizon: verified.curves(chain, workflow, horizon))


def _mitigation(options: argparse.Namespace) -> int:
    check_files(options)
    spec = ROOMS[options.room].spec(options)
    found = ANSWERS[options.room](spec, whole_number("generations", _horizon(options)))
    _show(options, titled(options), dict(found.values), [])
    return 0


@dataclass(frozen=True)
class _Question:
    """What a family can be asked: all its fields, those known here, the usual ones, the first.

    `caveat` is a line under values of leading order, `after` are lines under all.
    """

    title: str
    fields: Sequence[str]
    known: Sequence[str]
    usual: Sequence[str]
    first: str
    caveat: str | None = None
    after: tuple[str, ...] = ()


def _horizon(options: argparse.Namespace) -> int:
    return 10 if options.generations is None else int(options.generations)


def _answer(
    options: argparse.Namespace,
    question: _Question,
    record: Callable[[int], _Record],
    beside: Callable[[int], dict[str, Curve]] = lambda horizon: {},
) -> int:
    """The curves asked for with those beside them, or when one passes a threshold."""
    if not question.known:
        simulated = f"python -m montecarlo {options.quantity} simulates it"
        raise ValueError(f"no law is known of {question.title}: {simulated}")
    if options.until is not None:
        names = _fields(options.fields or question.first, question)
        return _until(options, question, names, lambda horizon: record(horizon)[names[0]])
    result = record(_horizon(options))
    found = {name: result[name] for name in _fields(options.fields, question)}
    absent = [name for name in question.fields if name not in question.known]
    found |= beside(_horizon(options))
    notes = [f"not known for this chain and workflow: {', '.join(absent)}"] if absent else []
    if any(np.isinf(curve.values[1:]).any() for curve in found.values()):
        notes.append(INFINITE[question.first])
    if question.caveat and any(curve.kind is Kind.ASYMPTOTIC for curve in found.values()):
        notes.append(question.caveat)
    notes += question.after
    _show(options, question.title, found, notes)
    return 0


def _fields(given: str | None, question: _Question) -> list[str]:
    """The fields to print: those asked for, or the usual ones that are known here."""
    if given is None:
        return list(question.usual)
    if given == "all":
        return list(question.known)
    for name in given.split(","):
        if name not in question.fields:
            known = ", ".join(question.known)
            raise ValueError(f"unknown field {name!r}: choose from all, {known}")
    return given.split(",")


def _until(
    options: argparse.Namespace,
    question: _Question,
    names: Sequence[str],
    curve_of: Callable[[int], Curve],
) -> int:
    """The first generation at which a field passes the threshold, by doubling the horizon."""
    if len(names) > 1:
        raise ValueError(f"--until needs one field, got --fields {options.fields}")
    name = names[0]
    most = LONGEST if options.generations is None else options.generations
    horizon = min(64, whole_number("generations", most))
    while True:
        curve = curve_of(horizon)
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


def _survival(options: argparse.Namespace) -> int:
    check_files(options)
    workflow = workflow_from(options)
    generations = 10 if options.generations is None else options.generations
    curve = survival(chain_from(options), workflow, generations, threshold=options.threshold)
    title = f"P(sigma_t > {options.threshold:g} sigma_0), ddof={options.ddof}, {workflow}"
    _show(options, title, {"survival": curve}, [])
    return 0


def _inflation(options: argparse.Namespace) -> int:
    check_files(options)
    workflow = workflow_from(options)
    generations = 10 if options.generations is None else options.generations
    _show(options, f"v_t, {workflow}", {"inflation": inflation(workflow, generations)}, [])
    return 0


def _show(
    options: argparse.Namespace, title: str, found: dict[str, Curve], more: list[str]
) -> None:
    """Curves as a table, with what each claims."""
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
    if len(shown) <= generations:
        more = [*more, f"{len(shown)} of {generations + 1} generations shown: --format csv has all"]
    facts = {"title": title, "claims": claims}
    write(Table(columns, body, facts, (*notes, *more), shown), options)
    if options.plot is not None:
        _plot(options.plot, title, found)


def _plot(path: Path, title: str, found: dict[str, Curve]) -> None:
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


if __name__ == "__main__":
    sys.exit(main())
