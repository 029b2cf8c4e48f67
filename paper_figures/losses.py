"""Losses of language models in figures: published values, and those of our own runs beside them.

Our runs join where a file `data/NAME_ours.csv` is, with the columns of `theory.growth.tables`:
model, workflow, generation, test_cross_entropy, seed and sizes. `--recompute` reads it again, and
the manifest of the figure vouches for it as for the published values.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lm.losscurve import PUBLISHED, published
from paper_figures import dataset, style
from paper_figures.series import Point, Series
from theory.curve import Curve, Kind
from theory.growth import Fit, LossCurve, Shape, compare
from theory.growth.tables import read_losses
from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOSS = "test_cross_entropy"
THEORY, OTHER = f"{LOSS}, a + b v", f"{LOSS}, preferred shape"
_MARKERS = dict(zip(WorkflowKind, itertools.cycle(style.MARKERS), strict=False))
_ROWS = 100  # a batch, as theory.growth has it where none are given: v_t does not depend on it


def settings(name: str, files: Sequence[str]) -> dict[str, Any]:
    """What the committed values are of: files and what is in them."""
    found = {f"{file}.csv": _digest(PUBLISHED / f"{file}.csv") for file in files}
    own = ours(name)
    return {"published": found, "ours": None if own is None else _digest(own)}


def ours(name: str) -> Path | None:
    """The file of our own runs for a figure; None while there is none."""
    path = dataset.FOLDER / f"{name}_ours.csv"
    return path if path.is_file() else None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def curves(name: str, files: Sequence[str]) -> list[LossCurve]:
    """The published curves, then ours."""
    found = [curve for file in files for curve in published(file)]
    own = ours(name)
    return found if own is None else found + read_losses(own)


def points(found: Sequence[LossCurve]) -> list[Point]:
    """Every value of the curves; the panel is the model."""
    made = []
    for one in found:
        errors = one.std_error
        for i, t in enumerate(one.generations.tolist()):
            error = None if errors is None else float(errors[i])
            made.append(
                Point(
                    one.model, LOSS, one.label, None, None, t, float(one.mean[i]), error, one.seeds
                )
            )
    return made


def series(values: Sequence[Point]) -> list[Series]:
    """Two lines a curve with the same points: a + b v, and the shape that fits best.

    That is variance and passes where both add to the loss, else the one of the lowest AICc. At
    generation 0 a line has what its formula gives there: the level a, or an infinity.
    """
    found = []
    for model, label in dict.fromkeys((p.panel, p.label) for p in values):
        own = tuple(p for p in values if (p.panel, p.label) == (model, label))
        kind = WorkflowKind(label)
        for quantity, fit in zip((THEORY, OTHER), shapes(own), strict=True):
            curve = Curve(_line(fit, own[-1].generation), Kind.ASYMPTOTIC, "theory.growth, a fit")
            found.append(Series(model, quantity, label, kind, None, None, curve, own))
    return found


def curve_of(values: Sequence[Point]) -> LossCurve:
    """Published means or ours, as one curve that `theory.growth` fits."""
    at, losses = [p.generation for p in values], [[p.simulation for p in values]]
    flow = Workflow.parse(values[0].label, n=_ROWS)
    return LossCurve(values[0].panel, values[0].label, flow, np.array(at), np.array(losses))


def shapes(values: Sequence[Point]) -> tuple[Fit, Fit]:
    """(a + b v, the shape that is drawn beside it)."""
    found = compare(curve_of(values))
    drift = found.fits.get(Shape.PASSES)
    if drift is not None and min(drift.coefficients) > 0 and drift.left < found.theory.left / 2:
        return found.theory, drift
    return found.theory, found.best


def _line(fit: Fit, last: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The fit at generations 0..last."""
    a, b, *rest = fit.coefficients
    match fit.shape:
        case Shape.INFLATION | Shape.PASSES:
            before = a
        case Shape.LOGARITHM:
            before = -np.inf * b
        case Shape.POWER:
            before = a - b / rest[0] if rest[0] > 0 else -np.inf * b
        case Shape.CONTRACTION:
            before = a - b / rest[0]
    return np.append(before, fit.value(np.arange(1, last + 1)))


def draw_panel(axes: Axes, lines: Sequence[Series], *, marker: str, band: bool) -> None:
    """Points, a + b v as a line (in its band), and the other shape dashed."""
    theory, other = lines
    colour = style.COLOURS[theory.kind]
    if band:
        fine = np.linspace(1, len(theory.theory) - 1, 200)
        low, high = shapes(theory.points)[0].band(fine)
        axes.fill_between(fine, low, high, color=colour, alpha=0.18, linewidth=0)
    at, mean, error = theory.measured
    pale = style.shades(theory.kind, 3)[0]
    style.errorbars(axes, at, mean, error, colour=pale, marker=marker)
    t = np.arange(1, len(theory.theory))
    axes.plot(t, theory.theory.values[1:], color=colour, zorder=4)
    if other.theory.values[1:].tolist() != theory.theory.values[1:].tolist():
        axes.plot(t, other.theory.values[1:], "--", color=style.INK, linewidth=0.8, zorder=4)


def generation_axis(axes: Axes, last: int, *, step: int) -> None:
    """From 0 to the last generation, with ticks where they are seen, and plain losses."""
    axes.set_xlim(0, 1.03 * last)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high)
    style.plain_ticks(axes.xaxis, range(0, last + 1, step))
    style.plain_ticks(axes.yaxis, [y for y in axes.get_yticks() if low <= y <= high])


def pairs(found: Sequence[Series], model: str) -> list[tuple[Series, Series]]:
    """(theory, other) of each workflow of a model."""
    own = [s for s in found if s.panel == model]
    return list(zip(own[::2], own[1::2], strict=True))


def explain(figure: Figure, *, band: bool) -> None:
    """The legend of points and lines, under the panels."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Line2D([], [], color=style.INK, marker="o", linestyle=""),
        Line2D([], [], color=style.INK),
        Line2D([], [], color=style.INK, linestyle="--", linewidth=0.8),
    ]
    names = ["measured", "theory: a + b v, fitted", "the shape that fits best, where it is not v"]
    if band:
        handles.insert(2, Patch(color=style.INK, alpha=0.18, linewidth=0))
        names.insert(2, "its 95 % band")
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))


def explained(found: Sequence[Series], files: Sequence[str]) -> str:
    """The end of a caption: what the lines are, and whose the models."""
    return (
        "Solid: a + b v, v the universal inflation, fitted to each curve by itself; dashed: the "
        f"shape that fits best. {_whose(found, files)}"
    )


def _whose(found: Sequence[Series], files: Sequence[str]) -> str:
    """Which models were published and which are ours, with the runs behind ours."""
    theirs = {curve.model for file in files for curve in published(file)}
    models = dict.fromkeys(s.panel for s in found)
    said = f"Published: {', '.join(m for m in models if m in theirs)}."
    own = [s for s in found if s.panel not in theirs]
    if not own:
        return said
    runs = sorted({p.replicates for s in own for p in s.points})
    names = ", ".join(dict.fromkeys(s.panel for s in own))
    return (
        f"{said} Ours: {names} ({' or '.join(map(str, runs))} seeds, bars of {style.BARS:g} "
        f"standard errors)."
    )


def draw_models(found: Sequence[Series]) -> Figure:
    """A row a model: every workflow on the left, those that keep the real rows on the right."""
    from matplotlib import pyplot

    models = list(dict.fromkeys(s.panel for s in found))
    figure, axes = pyplot.subplots(
        len(models), 2, figsize=(style.WIDTH, 0.6 + 2.4 * len(models)), squeeze=False
    )
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    ends: list[style.Ends] = []
    for row, model in zip(axes, models, strict=True):
        own = pairs(found, model)
        kept = [pair for pair in own if pair[0].kind is not WorkflowKind.REPLACE]
        for place, shown, what in zip(row, (own, kept), ("", ", enlarged"), strict=True):
            place.set_title(f"{next(letters)}  {model}{what}")
            place.grid(axis="y")
            for pair in shown:
                draw_panel(place, pair, marker=_MARKERS[pair[0].kind], band=False)
            last = max(len(theory.theory) for theory, _ in own) - 1
            generation_axis(place, last, step=10 if last > 20 else 5 if last > 8 else 1)
            ends.append([_end(theory, other) for theory, other in shown])
        row[0].set_ylabel("cross-entropy (nats a token)")
    for place in axes[-1]:
        place.set_xlabel("generation")
    explain(figure, band=False)
    style.settle(figure)
    for place, labels in zip(axes.flat, ends, strict=True):
        style.end_labels(place, labels, at=place.get_xlim()[1])
    return figure


def _end(theory: Series, other: Series) -> tuple[float, str, str]:
    """Where a curve ends, and its name."""
    return theory.points[-1].simulation, theory.label.split("-")[-1], style.COLOURS[theory.kind]
