"""The planner's page: the documented cases answered, and both sides of every inverse answer.

The cases are those of docs/planning.md, planned when the page is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from theory.planner import Keep, Pipeline, Plan, plan
from theory.planner.statements import times
from theory.planner.words import answer_told, described, in_short, legend, level, rounded
from validation.check import Finding
from validation.pictures import Picture, embedded_or_reason
from validation.planner import InverseExperiment
from validation.rows import row

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Case:
    """One documented case.

    Attributes:
        title: as in the document.
        told: who does what.
        options: of python -m theory plan, as in the document.
        pipeline: the same.
    """

    title: str
    told: str
    options: str
    pipeline: Pipeline


CASES = (
    Case(
        "Instruction tuning with a monthly synthetic refresh",
        "8,000 instructions written by people; every month the model writes 4,000 new ones, last "
        "month's are thrown away, and a fresh model is tuned on them.",
        "--real 8000 --synthetic 4000 --keep latest --parameters 400",
        Pipeline(8000, 4000, Keep.LATEST, parameters=400),
    ),
    Case(
        "A release of tabular synthetic data, year after year",
        "2,000 synthetic records a year, all kept beside the 2,000 real ones; each year's "
        "regression is fitted to 60 records drawn from them.",
        "--real 2000 --synthetic 2000 --keep everything --budget 60 --parameters 40 --horizon 5 "
        "--tolerance 2",
        Pipeline(
            2000, 2000, Keep.EVERYTHING, budget=60, parameters=40, horizon=5, tolerance=2.0
        ),
    ),
    Case(
        "Continual pretraining on a growing web share",
        "Each crawl is mostly written by models: at round t the text of people weighs t^(-1/2), "
        "and only the latest crawl of model text is used.",
        "--real 1000000 --synthetic 250000 --keep latest --keep-real --real-exponent 0.5 "
        "--horizon 20 --tolerance 2",
        Pipeline(
            1_000_000, 250_000, Keep.LATEST, keep_real=True, real_exponent=0.5, horizon=20,
            tolerance=2.0,
        ),
    ),
)  # fmt: skip

QUESTIONS = {
    "real-rows": "fewest new real rows a round, the latest round kept",
    "real-rows-window": "fewest new real rows a round, two rounds kept",
    "window": "fewest rounds to keep, for ten rounds",
    "window-exponent": "exponent at which the window widens, real rows weighing t^(-1/2)",
    "best-weight": "best weight on new real rows",
    "weight-kept": "least weight on the same real rows for ever",
    "weight-new": "least weight on new real rows",
    "budget": "smallest training budget, everything kept",
    "regression-budget": "smallest training budget of a linear regression, 2 d + 1",
    "best-round": "best round to stop at, with a biased verifier",
    "verifier-width": "least strict verifier",
}
"""Question of a claim -> what it asks."""


# --- the cases ----------------------------------------------------------------------------------


def answered(number: int) -> dict[str, Any]:
    """What the page shows of one case; a task for another process."""
    case = CASES[number]
    found = plan(case.pipeline)
    return {
        "id": f"planner-case-{number + 1}",
        "title": case.title,
        "told": case.told,
        "command": f"python -m theory plan {case.options}",
        "described": described(found.pipeline),
        "in_short": in_short(found),
        "statements": [(one.text, one.kind.value, one.source) for one in found.statements],
        "changes": list(map(_change, found.changes)),
        "answers": list(map(answer_told, found.answers)),
        "premises": [(one.text, one.measure) for one in found.premises],
        "legend": legend(found),
        "horizon": found.pipeline.horizon,
        "picture": _picture(case.title, found),
    }


def _change(one: Any) -> dict[str, Any]:
    return {
        "action": one.action,
        "holds": one.bounded and one.within,
        "bounded": one.bounded,
        "cost": one.extra_cost,
        "at_horizon": one.at_horizon,
        "limit": level(one),
        "kind": one.kind.value,
        "source": one.source,
    }


def _picture(title: str, found: Plan) -> Picture:
    horizon, tolerance = found.pipeline.horizon, times(found.pipeline.tolerance)
    caption = (
        f"Left: the error by round, in times that of one model trained on the real rows of now, "
        f"beside a model that sees real data only, what is tolerated ({tolerance}) and the best "
        f"single change. Right: the share of real rows in training."
    )
    alt = (
        f"Two panels over rounds 1 to {horizon}. The pipeline's error goes from "
        f"{times(found.error[1])} to {times(found.error[-1])}, that of real data only to "
        f"{times(found.real_only[-1])}; {tolerance} is tolerated"
    )
    if found.changes:
        alt += f"; with the best single change it ends at {times(found.changes[0].at_horizon)}"
    alt += f". The share of real rows goes from 100 to {found.real_share[-1]:.0%}."
    return embedded_or_reason(lambda: _draw(found), title, caption, alt)


def _draw(found: Plan) -> Figure:
    from matplotlib import pyplot
    from matplotlib.ticker import MaxNLocator

    from paper_figures import style
    from theory.planner.picture import TITLES, draw

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(style.WIDTH, 2.6))
    draw(left, right, found)
    for axes, letter, title in zip((left, right), "ab", TITLES, strict=True):
        axes.set_title(f"{letter}  {title}")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


# --- both sides of every inverse answer ----------------------------------------------------------


def sides(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """A row for each answer and each value beside it that was simulated, by question."""
    return [
        {
            "name": experiment.name,
            "question": QUESTIONS[experiment.question],
            "side": "at the answer" if experiment.side == "at" else experiment.side,
            "value": _value(experiment.value),
            "asked": "" if experiment.threshold is None else f"at most {experiment.threshold:.4g}",
            "theory": row(exact)["shown_theory"],
            "simulation": row(exact)["shown_simulation"],
            "verdicts": [one.verdict.value for one in members],
        }
        for experiment, exact, members in _experiments(findings)
    ]


def _experiments(
    findings: Sequence[Finding],
) -> Iterator[tuple[InverseExperiment, Finding, list[Finding]]]:
    """(experiment, its criterion's finding, all its findings), in order."""
    found: dict[int, list[Finding]] = {}
    for one in findings:
        if isinstance(one.experiment, InverseExperiment):
            found.setdefault(id(one.experiment), []).append(one)
    for members in found.values():
        experiment = members[0].experiment
        assert isinstance(experiment, InverseExperiment)
        (exact,) = (one for one in members if one.field == "long_run")
        yield experiment, exact, members


def _value(value: float) -> str:
    return rounded(value) if float(value).is_integer() else f"{value:.4g}"


def of_sides(findings: Sequence[Finding]) -> Picture:
    """Every answer that keeps to a threshold: the criterion there and beside it."""
    shown = [
        (experiment, exact) for experiment, exact, _ in _experiments(findings)
        if experiment.threshold is not None
    ]  # fmt: skip
    title = "At every answer, and just beside it"
    if not shown:
        return Picture(title, "No answer with a threshold was simulated.", "", None)
    caption = (
        "The criterion divided by what was asked for: at the answer it is at most 1, beside the "
        "answer more. Points are simulated means with two standard errors, crosses theory."
    )
    told = "; ".join(
        f"{QUESTIONS[one.question]}, {one.side}: {exact.mean[0] / one.threshold:.3f}"
        for one, exact in shown
        if one.threshold is not None
    )
    return embedded_or_reason(lambda: _draw_sides(shown), title, caption, f"Ratios. {told}.")


def _draw_sides(shown: Sequence[tuple[InverseExperiment, Finding]]) -> Figure:
    from matplotlib import pyplot

    from paper_figures import style

    names = list(dict.fromkeys(one.question for one, _ in shown))
    figure, axes = pyplot.subplots(figsize=(style.WIDTH, 0.9 + 0.32 * len(names)))
    for one, exact in shown:
        assert one.threshold is not None
        at = one.side == "at"
        colour, marker = ("C0", "o") if at else ("C3", "s")
        y = names.index(one.question) + (0.0 if at else 0.25)
        ratio, error = exact.mean[0] / one.threshold, exact.std_error[0] / one.threshold
        axes.errorbar(ratio, y, xerr=2 * error, color=colour, marker=marker, markersize=3.5)
        axes.plot(exact.expected[0] / one.threshold, y, "x", color=style.INK, markersize=5)
    axes.axvline(1, color=style.GREY, linestyle="--", linewidth=0.9)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xlabel="criterion / what was asked for", title="blue: at the answer, red: beside it")
    return figure
