"""What synthetic rows are worth beside real ones, and what the number of steps is worth.

The published grid: one fine-tuning of Gemma-2 2B on real and synthetic rows together, one epoch,
so that more rows are more optimizer steps too. The second panel shows the same losses by steps:
with few real rows the loss falls with the steps first, whatever the rows are, and rises later.

Below it the control that the published grid lacks, from our own runs of a small model: the same
rows at equal epochs and at equal steps. They join from `data/value_of_synthetic_ours.csv`, as
`python -m lm value --format csv` writes it, with the manifest of the run beside it.

Source: 2410.16713; the confounding is loopbound theory, section 7.6.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lm.losscurve import PUBLISHED
from paper_figures import dataset, style
from paper_figures.losses import LOSS
from paper_figures.series import Point, Series
from theory.curve import Curve, Kind
from theory.workflow import WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "value_of_synthetic"
TITLE = "Synthetic rows help only where real rows are few, and more steps explain a part of it"
ALT = (
    "Two panels of cross-entropy after fine-tuning on real and synthetic rows. Against the real "
    "rows: with 4,096 real rows and more, every synthetic row makes it worse; with 1,024 and fewer "
    "some 1,024 synthetic rows make it better and 40,000 no more so. Against the optimizer steps, "
    "one line for each number of real rows: with few real rows the lines fall until about ten to "
    "sixteen steps and rise then; with many they only rise. Below, the same by real rows for a "
    "small model of ours: at equal epochs synthetic rows lower the loss beside few real rows; at "
    "equal steps they lower it beside 75 real rows only, and raise it beside 150 and 300."
)
GRID = PUBLISHED / "value_of_synthetic_grid.csv"
BY_ROWS, STEPS = "published", "optimizer_steps"


def _ours() -> Path | None:
    path = dataset.FOLDER / f"{NAME}_ours.csv"
    return path if path.is_file() else None


def settings() -> dict[str, Any]:
    """What the committed points must have been read from."""
    found = {path.name: path for path in (GRID, _ours()) if path is not None}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in found.items()
    }  # fmt: skip


def recompute(*, quick: bool = False) -> list[Point]:
    """The cells again, from the published values and from our runs.

    label: synthetic rows; n: real rows; generation: optimizer steps.
    """
    made = []
    for path in (GRID, _ours()):
        if path is None:
            continue
        with path.open(encoding="utf-8", newline="") as file:
            made += [
                Point(
                    row.get("panel") or BY_ROWS, LOSS, row["synthetic_rows"], None,
                    int(row["real_rows"]), int(row[STEPS]), float(row[LOSS]),
                    float(row["std_error"]) if row.get("std_error") else None,
                    int(row.get("seeds") or 1),
                )
                for row in csv.DictReader(file)
            ]  # fmt: skip
    return made


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """One series a cell, its value published rather than computed: index 0, no generation."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    source = "2410.16713, read off the figure"
    return [
        Series(
            p.panel, LOSS, p.label, WorkflowKind.ACCUMULATE, None, p.n,
            Curve(np.array([p.simulation]), Kind.PUBLISHED, source), (p,),
        )
        for p in points
    ]  # fmt: skip


def caption(series: Sequence[Series]) -> str:
    """What the cells are, and where synthetic rows help."""
    published = _cells(series, BY_ROWS)
    said = (
        f"Gemma-2 2B fine-tuned once on real and synthetic HelpSteer2 rows together (2410.16713), "
        f"one epoch in batches of 128: {len(published)} published cells, one run each. Of the "
        f"numbers of synthetic rows tried best are {_best(published)}. "
        f"More rows are more optimizer steps as well, so the gain on the left of panel a cannot be "
        f"told from that of training longer (b) without a comparison at equal steps."
    )
    for panel in dict.fromkeys(s.panel for s in series if s.panel != BY_ROWS):
        own = _cells(series, panel)
        runs = max(cell.replicates for cell in own)
        said += (
            f" {panel[0].upper()}{panel[1:]}: {len(own)} cells of a small model on docstrings, "
            f"{runs} run{'s' * (runs > 1)} each; best are {_best(own)}."
        )
    if len(published) < len(series):
        said += " Their synthetic rows were written by the model of all real rows."
    return said


def _cells(series: Sequence[Series], panel: str) -> list[Point]:
    return [s.points[0] for s in series if s.panel == panel]


def _best(cells: Sequence[Point]) -> str:
    """The number of synthetic rows with the lowest loss beside each number of real rows."""
    found: dict[int, tuple[float, int]] = {}
    for cell in cells:
        real, here = cell.n or 0, (cell.simulation, int(cell.label))
        found[real] = min(found.get(real, here), here)
    return ", ".join(f"{synthetic:,} beside {real:,}" for real, (_, synthetic) in found.items())


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: published losses by real rows and by steps; below, ours by real rows twice."""
    from matplotlib import pyplot

    cells: dict[str, list[Point]] = {}
    for one in series:
        cells.setdefault(one.panel, []).append(one.points[0])
    shown = [(BY_ROWS, False), (BY_ROWS, True), *((p, False) for p in cells if p != BY_ROWS)]
    down = -(-len(shown) // 2)
    figure, axes = pyplot.subplots(
        down, 2, figsize=(style.WIDTH, 0.4 + 3.0 * down), sharey="row", squeeze=False
    )
    ends = []
    for place, letter, (panel, by_steps) in zip(axes.flat, "abcdefgh", shown, strict=False):
        title = f"{letter}  by {'optimizer steps' if by_steps else 'real rows'} ({panel})"
        ends.append(_lines(place, cells[panel], title, by_steps=by_steps))
    for place in axes.flat[len(shown) :]:
        place.set_visible(False)
    for row in axes:
        row[0].set_ylabel("cross-entropy (nats a token)")
    style.settle(figure)
    for place, labels in zip(axes.flat, ends, strict=False):
        style.end_labels(place, labels, at=place.get_xlim()[1])
    return figure


def _lines(axes: Axes, cells: Sequence[Point], title: str, *, by_steps: bool) -> style.Ends:
    """One line for each number of synthetic rows over the real rows, or the other way by steps."""
    kind = WorkflowKind.CUSTOM if by_steps else WorkflowKind.ACCUMULATE
    found: dict[int, list[tuple[int, float, float]]] = {}
    for p in cells:
        real, synthetic = p.n or 0, int(p.label)
        key, at = (real, p.generation) if by_steps else (synthetic, real)
        found.setdefault(key, []).append((at, p.simulation, p.std_error or 0.0))
    axes.set(title=title, xscale="log", xlabel="optimizer steps" if by_steps else "real rows")
    axes.grid(axis="y")
    ends: style.Ends = []
    colours = style.shades(kind, len(found))
    for i, (key, colour) in enumerate(zip(sorted(found), colours, strict=True)):
        at, loss, error = np.array(sorted(found[key])).T
        marker = style.MARKERS[i % len(style.MARKERS)]
        axes.plot(at, loss, color=colour, marker=marker)
        if error.any():
            style.errorbars(axes, at, loss, error, colour=colour, marker=marker)
        last = at[-1] if by_steps and len(at) > 2 else max(p.n or 0 for p in cells)
        name = f"{key:,} real" if by_steps else f"{key:,} synthetic"
        if at[-1] == last:
            ends.append((float(loss[-1]), name, colour))
            continue
        away, side = ((-4, -3), "right") if by_steps else ((4, 3), "left")
        axes.annotate(
            name, (at[-1], loss[-1]), away, textcoords="offset points", ha=side, va="center",
            fontsize=style.SMALL,
        )  # fmt: skip
    published = (2, 10, 50, 300) if by_steps else (128, 512, 2048, 12000)
    ticks = published if cells[0].panel == BY_ROWS else sorted({p.n or 0 for p in cells})
    style.plain_ticks(axes.xaxis, ticks)
    style.plain_ticks(axes.yaxis)
    return ends
