"""How much of what a model trains on is real: every workflow, generation by generation.

The share of real rows explains the fates of the workflows before any model is chosen: it is 0 from
generation 2 on where the drift is linear, falls as 1/t where it is bounded, and stays where it
contracts. Only a subsample's share is random; its points are drawn.

Source: `theory.workflow`; loopbound theory, section 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import captions, dataset, style
from paper_figures.series import Point, Series, panel
from theory.curve import Curve, Kind
from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "real_fraction"
TITLE = "Share of real rows: gone under replace, 1/t where rows accumulate, constant if they return"
SEED = 90260
N = 100
GENERATIONS = 100
SHOWN = (1, 2, 3, 5, 10, 20, 30, 50, 100)
FADING, STAYING = "fading", "staying"
SHARE = "real_fraction"
_RUNS = 4000
_QUICK = 250

ALT = (
    "Two panels of the share of real rows in the training set against generation. First, on log "
    "scales, accumulate and accumulate-subsample fall together as 1/t, points of drawn subsamples "
    "on the line, and windows of 2 and 5 batches follow the same line until the real batch leaves "
    "and they, like replace from generation 2 on, have no real row. Then the workflows that keep "
    "or renew real rows, from 0 to 1: anchored stays at 0.5 and 0.09 from generation 2 on, with "
    "as many written rows as real ones and ten times as many, fresh at 0.9 and 0.25."
)


def workflows() -> dict[str, dict[str, Workflow]]:
    """Panel -> label -> workflow."""
    fading = {
        "accumulate": Workflow.accumulate(N),
        "subsample": Workflow.accumulate_subsample(N),
        "replace": Workflow.replace(N),
        **{f"window {w}": Workflow.sliding_window(N, w) for w in (2, 5)},
    }
    staying = {
        "anchored 1:1": Workflow.anchored(N, N),
        "anchored 1:10": Workflow.anchored(N, 10 * N),
        "fresh 9:1": Workflow.fresh(9 * N, N),
        "fresh 1:3": Workflow.fresh(N, 3 * N),
    }
    return {FADING: fading, STAYING: staying}


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    drawn = str(workflows()[FADING]["subsample"])
    return {"seed": SEED, "workflow": drawn, "at": list(SHOWN), "replicates": _RUNS}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again: rows of drawn subsamples that belong to the real batch."""
    runs, flow = _QUICK if quick else _RUNS, workflows()[FADING]["subsample"]
    stream = np.random.Generator(np.random.SFC64(SEED))
    points = []
    for t in SHOWN:
        real = np.array([np.mean(flow.draw(t, stream)[:, 0] == 0) for _ in range(runs)])
        error = float(real.std(ddof=1)) / math.sqrt(runs)
        points.append(
            Point(
                FADING, SHARE, "subsample", 1, N, t, round(float(real.mean()), 6),
                round(error, 7), runs,
            )
        )  # fmt: skip
    return points


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every share, with the points of the subsample."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    return [
        Series(
            name, SHARE, label, flow.kind, 1, N, _share(flow),
            tuple(p for p in points if (p.panel, p.label) == (name, label)),
        )
        for name, flows in workflows().items()
        for label, flow in flows.items()
    ]  # fmt: skip


def _share(workflow: Workflow) -> Curve:
    """Expected share of real rows; index 0 is the truth, all real."""
    values = np.array([1.0, *(workflow.real_fraction(t) for t in range(1, GENERATIONS + 1))])
    return Curve(values, Kind.EXACT, "loopbound theory, section 0")


def caption(series: Sequence[Series]) -> str:
    """What lines, points and bars are, and how many runs are behind them."""
    drawn = [s for s in series if s.points]
    return (
        f"Expected share of real rows in the training set of generation t, equal batches of "
        f"n = {N} rows unless said. a: accumulate and its subsample of n rows have 1/t; replace "
        f"and a window of w batches follow until the real batch leaves after fit w, and then have "
        f"none, which a log scale shows as the end of the line. b: anchored keeps its real rows "
        f"for ever, fresh draws new ones every generation; x:y is real rows to written rows. "
        f"Lines: exact. Points: means over drawn subsamples ({captions.runs(drawn)}) with bars "
        f"of {style.BARS:g} standard errors; at t = 1 there is nothing to draw. "
        f"{captions.agreement(drawn)}"
    )


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: shares that fade, and shares that stay."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(style.WIDTH, 3.2))
    axes[0].set(title="a  real rows come once", yscale="log", ylim=(0.007, 1.3))
    style.plain_ticks(axes[0].yaxis, (0.01, 0.03, 0.1, 0.3, 1))
    axes[0].set_ylabel("share of real rows (log scale)")
    axes[1].set(title="b  real rows stay, or come again", ylim=(0, 1.05))
    style.plain_ticks(axes[1].yaxis, (0, 0.25, 0.5, 0.75, 1))
    axes[1].set_ylabel("share of real rows")
    ends = [
        _draw_panel(place, panel(series, name))
        for place, name in zip(axes, (FADING, STAYING), strict=True)
    ]
    _explain(figure)
    style.settle(figure)
    style.end_labels(axes[0], ends[0], at=GENERATIONS)
    style.end_labels(axes[1], ends[1], at=GENERATIONS)
    return figure


def _draw_panel(axes: Axes, series: Sequence[Series]) -> style.Ends:
    axes.set(xscale="log", xlim=(0.9, 115), xlabel="generation t (log scale)")
    style.plain_ticks(axes.xaxis, (1, 3, 10, 30, 100))
    axes.grid(axis="y")
    ends: style.Ends = []
    for s in series:
        colour = style.COLOURS[s.kind]
        values = s.theory.values[1:]
        last = int(np.count_nonzero(values))
        t = np.arange(1, last + 1)
        subsample = s.kind is WorkflowKind.ACCUMULATE_SUBSAMPLE
        axes.plot(
            t, values[:last], "--" if subsample else "-", color=colour, zorder=3 if subsample else 2
        )
        style.draw_points(axes, s, colour=colour, marker="o")
        if last == GENERATIONS:
            ends.append((float(values[-1]), s.label, colour))
        else:
            axes.plot(last, values[last - 1], "x", color=colour, markersize=5, zorder=4)
            axes.annotate(
                f"{s.label}: none from t = {last + 1}", (last, values[last - 1]), (6, 1),
                textcoords="offset points", fontsize=style.SMALL, ha="left", va="bottom",
            )  # fmt: skip
    return ends


def _explain(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=style.INK),
        Line2D([], [], color=style.INK, marker="o", linestyle=""),
        Line2D([], [], color=style.INK, marker="x", linestyle=""),
    ]
    names = [
        "expected share", f"drawn subsamples ± {style.BARS:g} standard errors",
        "last fit that sees a real row",
    ]  # fmt: skip
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
