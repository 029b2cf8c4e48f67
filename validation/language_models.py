"""The page of language models: measured losses, what theory explains, published curves beside.

A folder of runs has a folder for each, as `python -m lm run --folder` writes them. Nothing here is
a verdict: theory's premises do not hold for a network, so a + b v_t is a yardstick. The n-gram
with held contexts is the exception, where theory is exact.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lm.losscurve import FINETUNING, PRETRAINING, published
from lm.results import NGRAM_TABLE, is_ngram, loss_curves, mode_of
from theory.growth import Comparison, LossCurve, Verdict, compare
from theory.growth.words import sentence
from validation.pictures import Picture, embedded_or_reason, of_paper

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from paper_figures.series import Point, Series

QUICK = ("stdlib-finetune", "stdlib-pretrain", "ngram")
_HELD = "held"


@dataclass(frozen=True, eq=False)
class Run:
    """A folder of runs that can be shown.

    Attributes:
        name: of the folder.
        curves: losses by workflow, generations that every seed has.
        beside: published curves of the same regime; empty for an n-gram.
        exact: rows of the n-gram's table where theory is exact, with their workflow.
        farthest: largest distance of simulation and exact theory in standard errors, and its
            limit; None where nothing is exact.
    """

    name: str
    curves: tuple[LossCurve, ...]
    beside: tuple[LossCurve, ...] = ()
    exact: tuple[dict[str, Any], ...] = ()
    farthest: tuple[float, float] | None = None


def runs_in(folder: Path) -> list[Run]:
    """The runs of a folder with two fits or more, by name; none for a folder that is not there.

    Raises:
        ValueError: a damaged file.
    """
    places = sorted(path for path in folder.glob("*") if path.is_dir())
    found = [(path, tuple(loss_curves(path))) for path in places]
    return [
        _ngram(path, curves) if is_ngram(path) else _network(path, curves)
        for path, curves in found if curves
    ]  # fmt: skip


def _network(folder: Path, curves: tuple[LossCurve, ...]) -> Run:
    theirs = published(PRETRAINING if mode_of(folder) == "scratch" else FINETUNING)
    beside = tuple(one for one in theirs if one.model == theirs[0].model)
    return Run(folder.name, curves, beside)


def _ngram(folder: Path, curves: tuple[LossCurve, ...]) -> Run:
    found = json.loads((folder / NGRAM_TABLE).read_text(encoding="utf-8"))
    exact = tuple(row for row in found["rows"] if row["mode"] == _HELD)
    tested = [(one["farthest"], one["limit"]) for one in found["runs"] if one["mode"] == _HELD]
    worst = max(tested, key=lambda pair: pair[0] / pair[1]) if tested else None
    return Run(folder.name, curves, exact=exact, farthest=worst)


# --- what the template shows ---------------------------------------------------------------------


def language_page(folder: Path | None) -> dict[str, Any]:
    """What the page says: runs, or how to make them. The verdicts do not depend on it."""
    commands = [f"python -m lm run {name} --quick" for name in QUICK]
    try:
        found = [] if folder is None else runs_in(folder)
    except (ValueError, OSError, KeyError) as problem:
        found, told = [], str(problem)
    else:
        told = ""
    return {
        "runs": list(map(_shown, found)), "commands": commands, "problem": told,
        "verified": verified_text(),
    }  # fmt: skip


def verified_text() -> dict[str, Any]:
    """What verifiers did to text, from the committed runs: a figure, a sentence each, a table."""
    from paper_figures import lm_verification as figure
    from paper_figures.dataset import BadData

    picture = of_paper(figure.NAME)
    try:
        series = figure.data()
    except (BadData, OSError) as problem:
        return {"picture": picture, "sentences": [], "rows": [], "problem": str(problem)}
    gains = [line for line in series if line.panel == figure.GAIN]
    rows = [
        {"name": line.label, "t": p.generation, "loss": loss.simulation, "gain": p.simulation,
         "error": p.std_error, "seeds": p.replicates}
        for line in gains
        for p, loss in zip(line.points, _losses(series, line.label), strict=True)
    ]  # fmt: skip
    return {
        "picture": picture, "sentences": list(map(figure.sentence, gains)), "rows": rows,
        "problem": "",
    }  # fmt: skip


def _losses(series: Sequence[Series], label: str) -> tuple[Point, ...]:
    """The cross-entropies behind a line of differences."""
    from paper_figures.lm_verification import LOSSES

    (own,) = (line for line in series if (line.panel, line.label) == (LOSSES, label))
    return own.points


def _shown(run: Run) -> dict[str, Any]:
    compared = [compare(curve) for curve in run.curves]
    tested = [one for one in compared if one.verdict is not Verdict.UNTESTED]
    return {
        "id": f"language-{run.name}",
        "title": run.name,
        "fits": list(map(_fit, compared)),
        "sentences": [sentence(one) for one in tested],
        "generations": [row for one in compared for row in _generations(one)],
        "farthest": run.farthest,
        "picture": _picture(run, compared),
    }


def _fit(found: Comparison) -> dict[str, Any]:
    theory = found.theory
    return {
        "name": found.curve.name,
        "seeds": found.curve.seeds,
        "a": theory.coefficients[0],
        "b": theory.slope,
        "error": theory.slope_error if np.isfinite(theory.slope_error) else None,
        "left": 100 * theory.left,
        "rms": theory.rms,
        "verdict": found.verdict.value,
    }


def _generations(found: Comparison) -> list[dict[str, Any]]:
    curve, theory = found.curve, found.theory
    errors = [None] * len(curve.mean) if curve.std_error is None else curve.std_error.tolist()
    rows = zip(
        curve.generations.tolist(), curve.mean.tolist(), errors,
        theory.value(curve.generations).tolist(), theory.residuals.tolist(), strict=True,
    )  # fmt: skip
    return [
        {"name": curve.name, "t": t, "loss": loss, "error": error, "line": line, "residual": rest}
        for t, loss, error, line, rest in rows
    ]


# --- the figure ----------------------------------------------------------------------------------


def _picture(run: Run, compared: Sequence[Comparison]) -> Picture:
    bars = "bars: two standard errors over seeds" if run.curves[0].seeds > 1 else "one seed"
    right = (
        "Right: the published curves of the same regime, the same fit."
        if run.beside
        else "Right: squared error of the shares, contexts held; the lines are exact theory."
    )
    caption = (
        f"Left: cross-entropy on held-out real text ({bars}); generation 1 is the fit to real "
        f"data. Lines: a + b v, fitted to each curve by itself. {right}"
    )
    ends = ", ".join(
        f"{one.curve.name} from {one.curve.mean[0]:.3g} to {one.curve.mean[-1]:.3g} at generation "
        f"{one.curve.generations[-1]}"
        for one in compared
    )
    alt = f"Cross-entropy by generation: {ends}."
    return embedded_or_reason(lambda: _draw(run, compared), run.name, caption, alt)


def _draw(run: Run, compared: Sequence[Comparison]) -> Figure:
    from matplotlib import pyplot
    from matplotlib.ticker import MaxNLocator

    from paper_figures import style

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(style.WIDTH, 2.8))
    _draw_losses(left, compared)
    left.set(title=f"a  {run.name}", ylabel="cross-entropy (nats a token)")
    if run.beside:
        _draw_losses(right, [compare(curve) for curve in run.beside])
        right.set(title=f"b  published: {run.beside[0].model}")
    else:
        _draw_exact(right, run.exact)
        right.set(title="b  contexts held: squared error, exact")
    for axes in (left, right):
        axes.set_xlabel("generation")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _draw_losses(axes: Axes, compared: Sequence[Comparison]) -> None:
    from paper_figures import style

    models = list(dict.fromkeys(one.curve.model for one in compared))
    for one in compared:
        curve = one.curve
        colour = style.COLOURS[curve.workflow.kind]
        marker = style.MARKERS[models.index(curve.model) % len(style.MARKERS)]
        fine = np.linspace(1, curve.generations[-1], 100)
        axes.plot(fine, one.theory.value(fine), color=colour)
        label = curve.label if len(models) == 1 else f"{curve.model.split()[-1]}, {curve.label}"
        error = np.zeros(len(curve.mean)) if curve.std_error is None else curve.std_error
        style.errorbars(axes, curve.generations, curve.mean, error, colour=colour, marker=marker,
                        label=label)  # fmt: skip


def _draw_exact(axes: Axes, rows: Sequence[dict[str, Any]]) -> None:
    from paper_figures import style
    from theory.workflow import WorkflowKind

    for label in dict.fromkeys(row["workflow"] for row in rows):
        own = [row for row in rows if row["workflow"] == label]
        colour = style.COLOURS[WorkflowKind(label)]
        t = np.array([row["generation"] for row in own])
        exact, mean, error = (
            np.array([row[f"squared_error{end}"] for row in own])
            for end in ("", "_simulated", "_error")
        )
        axes.plot(t, exact, color=colour)
        style.errorbars(axes, t, mean, error, colour=colour, marker="o")
