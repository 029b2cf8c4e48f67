r"""The loss inside every fit of a language model, by optimizer step, generation by generation.

The loss of a step is on the rows that the fit learns, which earlier models wrote; it says little of
the loss on real text, which stands at the end of each line. `python -m lm run` keeps the losses in
the folder of the run. To draw another run:

    python -m lm show FOLDER --learning-curves --format csv \
        --output paper_figures/data/lm_learning_curves_ours.csv
    python -m paper_figures lm_learning_curves --recompute

Source: the panels are those of 2404.01413, whose values are not published; the runs are ours.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import dataset, style
from paper_figures.series import Point, Series
from theory.curve import Curve, Kind
from theory.workflow import WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "lm_learning_curves"
TITLE = "Inside the fits: the loss on the rows of a step hides the drift that real text shows"
TRAIN, TEST = "train_cross_entropy", "test_cross_entropy"
COMMAND = (
    "python -m lm show FOLDER --learning-curves --format csv --output "
    "paper_figures/data/lm_learning_curves_ours.csv"
)
ALT = (
    "Three panels of cross-entropy against the optimizer step, for replace, accumulate and "
    "accumulate-subsample, a line for each of six fits. The lines fall from about 5.7 nats to 3 in "
    "four steps, one a pass over the rows, and lie on each other whatever the rows are; under "
    "accumulate they grow longer. The markers at their ends, the loss on held-out real text, begin "
    "at 3.6 and rise with every generation, to 5.5 under replace, to 4.4 under "
    "accumulate-subsample and to 3.8 under accumulate."
)


def _ours() -> Path:
    return dataset.FOLDER / f"{NAME}_ours.csv"


def settings() -> dict[str, Any]:
    """What the committed points must have been read from."""
    path = _ours()
    return {"ours": hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, from the losses of our run: means over its seeds.

    The quantity names the loss and the fit; generation: optimizer steps.

    Raises:
        BadData: there is no file of our run, or it is damaged.
    """
    path = _ours()
    if not path.is_file():
        raise dataset.BadData(f"{NAME}: {str(path)!r} is missing; run: {COMMAND}")
    found: dict[tuple[str, str, str, int], list[float]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        try:
            for row in reader:
                for loss in filter(row.__getitem__, (TRAIN, TEST)):
                    place = (row["model"], f"{loss}, fit {row['generation']}", row["workflow"])
                    found.setdefault((*place, int(row["step"])), []).append(float(row[loss]))
        except (KeyError, ValueError) as problem:
            told = f"line {reader.line_num} of {str(path)!r} is damaged ({problem!r})"
            raise dataset.BadData(f"{NAME}: {told}; run: {COMMAND}") from None
    return [
        Point(model, quantity, label, None, None, step, *_mean(losses), len(losses))
        for (model, quantity, label, step), losses in found.items()
    ]


def _mean(losses: Sequence[float]) -> tuple[float, float | None]:
    """(mean, its standard error over seeds, None for one)."""
    if len(losses) == 1:
        return losses[0], None
    return float(np.mean(losses)), float(np.std(losses, ddof=1) / np.sqrt(len(losses)))


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every fit's losses; the line beside them is the held-out loss of fit 1, the real data's."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    own: dict[tuple[str, str, str], list[Point]] = {}
    for point in points:
        own.setdefault((point.panel, point.quantity, point.label), []).append(point)
    return [
        Series(
            model, quantity, label, WorkflowKind(label), None, None,
            _level(own[model, f"{TEST}, fit 1", label][0].simulation, found[-1].generation),
            tuple(found), listed=tuple(p.generation for p in found),
        )
        for (model, quantity, label), found in own.items()
    ]  # fmt: skip


def _level(loss: float, steps: int) -> Curve:
    source = "measured: held-out loss of the fit to real rows"
    return Curve(np.full(steps + 1, loss), Kind.PUBLISHED, source)


def caption(series: Sequence[Series]) -> str:
    """What lines and markers are, and of which run."""
    models = ", ".join(
        f"{name} (the small form of its recipe)" if name.endswith("-quick") else name
        for name in dict.fromkeys(s.panel for s in series)
    )
    seeds = sorted({p.replicates for s in series for p in s.points})
    fits = max(_fit(s) for s in series)
    return (
        f"Language models restarted every generation on rows that earlier ones wrote; run: "
        f"{models}, {' or '.join(map(str, seeds))} seed{'s' if seeds[-1] > 1 else ''}. Lines: "
        f"cross-entropy of the rows of a step before its update, means of neighbouring steps, from "
        f"light to dark fit 1, which learns real rows, to fit {fits}. Markers: cross-entropy on "
        f"held-out real text after the last step. Dotted: that of fit 1."
    )


def _fit(series: Series) -> int:
    return int(series.quantity.rsplit(" ", 1)[1])


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: a row a model, a column a workflow, a shade a fit."""
    from matplotlib import pyplot
    from matplotlib.lines import Line2D

    models = list(dict.fromkeys(s.panel for s in series))
    kinds = [kind for kind in WorkflowKind if kind in {s.kind for s in series}]
    figure, axes = pyplot.subplots(
        len(models), len(kinds), figsize=(style.WIDTH, 0.6 + 2.4 * len(models)), squeeze=False,
        sharey="row",
    )  # fmt: skip
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    for row, model in zip(axes, models, strict=True):
        for place, kind in zip(row, kinds, strict=True):
            _draw_fits(place, [s for s in series if s.panel == model and s.kind is kind])
            place.set_title(f"{next(letters)}  {kind.value}")
        row[0].set_ylabel("cross-entropy (nats a token)")
        low, high = row[0].get_ylim()
        row[0].set_ylim(low, high)
        ticks = [tick for tick in row[0].get_yticks() if low <= tick <= high]
        for place in row:
            style.plain_ticks(place.yaxis, ticks)
    for place in axes[-1]:
        place.set_xlabel("optimizer step")
    figure.legend(
        [
            Line2D([], [], color=style.INK, linewidth=0.9),
            Line2D([], [], color=style.INK, marker="o", linestyle=""),
            Line2D([], [], color=style.GREY, linestyle=(0, (1, 2))),
        ],
        ["rows of the step", "held-out real text", "held-out real text, fit to real rows"],
        loc="outside lower center", ncols=3,
    )  # fmt: skip
    return figure


def _draw_fits(axes: Axes, series: Sequence[Series]) -> None:
    """The fits of one workflow, the first and the last named."""
    axes.grid(axis="y")
    fits = sorted({_fit(s) for s in series})
    shades = dict(zip(fits, style.shades(series[0].kind, len(fits)), strict=True))
    style.reference(axes, float(series[0].theory[0]))
    for s in series:
        at, mean, error = s.measured
        colour = shades[_fit(s)]
        if s.quantity.startswith(TRAIN):
            axes.plot(at, mean, color=colour, linewidth=0.9)
            continue
        style.errorbars(axes, at, mean, error, colour=colour, marker="o")
        if _fit(s) in (fits[0], fits[-1]):
            axes.annotate(
                f"fit {_fit(s)}", (at[0], mean[0]), (5, 0), textcoords="offset points",
                va="center", fontsize=style.SMALL, zorder=5,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.4},
            )  # fmt: skip
    last = max(float(s.measured[0].max()) for s in series)
    axes.set_xlim(0, 1.18 * last)
    style.plain_ticks(axes.xaxis, [tick for tick in axes.get_xticks() if tick <= 1.18 * last])
