"""Kernel densities of the toy data sets at the published setting: test likelihood by generation.

A row a data set, a column a workflow, a shade for n. The published figure lacks accumulate, because
refitting a growing pool takes hours; kernel sums that keep what they have take seconds. Beside the
points stand the entropy of the truth, which no model beats, and the exact NLL of the mean density:
by Jensen's inequality a lower bound on the expected NLL, and its limit as n grows. It is the same
for every n, and for accumulate and its subsample.

The figure shows h = 0.1; its data also have h = 0.5 and 1.

Source: the setting is that of 2410.16713; the bound is loopbound theory, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import captions, dataset, kde_cells, style
from paper_figures.kde_cells import (
    DATA_SETS,
    QUICK_SETS,
    ROWS,
    TESTS,
    WORKFLOWS,
    Likelihood,
    bounds,
    grid_settings,
    measured,
    panel_of,
)
from paper_figures.series import Point, Series, panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "kde_nll"
TITLE = "Kernel densities of toy data: replace forgets, keeping the rows slows the drift to a creep"
SEED = 60260
GENERATIONS = 100
EVERY = tuple(range(1, GENERATIONS + 1))
BANDWIDTHS = (0.1, 0.5, 1.0)
MAIN = 0.1
SHOWN = (1, 2, 3, 5, 10, 20, 30, 50, 70, 100)
SETS = 16  # test sets of a cell
RUNS = {10: 8, 32: 8, 100: 4, 316: 2, 1000: 1}  # of a set, by rows a batch

ALT = (
    "Twelve panels, a row for each of blobs, circles, moons and swiss roll, a column for each of "
    "replace, accumulate and accumulate-subsample: test NLL in nats against generation at "
    "bandwidth 0.1, for n from 10 to 1,000 rows a batch, with a dotted line at the entropy of the "
    "truth and a black line for the exact bound. Under replace the NLL grows by orders; more "
    "rows start lower and still grow. Under accumulate it falls with the pool where rows are few; "
    "on circles and moons all but the smallest n meet the slowly rising bound, on blobs and the "
    "swiss roll all are still coming down to it. Under accumulate-subsample every n rises at first "
    "and then stays on a level of its own, far above the bound where rows are few."
)

_TICKS = (0.3, 1, 3, 10, 30, 100, 300, 1000, 3000, 10000)
_ROOM = 1.12  # above and below what is drawn, as a ratio
_MOST_TICKS = 6


def cells() -> list[Likelihood]:
    """The simulations behind the points."""
    return [
        Likelihood(data_set, h, make(n), SHOWN, SETS, RUNS[n])
        for data_set in DATA_SETS
        for h in BANDWIDTHS
        for make in WORKFLOWS
        for n in ROWS
    ]


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, **grid_settings(cells(), EVERY)}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation, and the bounds that they lie above."""
    found = measured(cells(), seed=SEED, sets=QUICK_SETS if quick else None)
    return found + bounds(cells(), EVERY)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every cell's points above its bound, which n does not change."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    return kde_cells.series(cells(), points)


def caption(series: Sequence[Series]) -> str:
    """What lines, points and bars are, and how many runs are behind them."""
    measured_at = [s for s in series if s.points]
    by_size = ", ".join(
        f"{captions.runs([s for s in measured_at if s.n == n])} at n = {style.plain(n)}"
        for n in ROWS
    )
    return (
        f"Gaussian kernels of bandwidth h = {MAIN:g} on four toy data sets, refitted "
        f"{GENERATIONS} times; mean negative log likelihood of {TESTS} test rows in nats (log "
        f"scale), the same rows every generation. Black line: the exact NLL of the mean density, a "
        f"lower bound on the expected NLL and its limit as n → ∞, the same for every n. Points: "
        f"Monte Carlo ({by_size}, over {SETS} test sets), light to dark with n and joined by thin "
        f"lines: that NLL plus the mean excess over it on the same rows, with bars of "
        f"{style.BARS:g} standard errors over test sets, most of them hidden by the marker. "
        f"Under replace the rows of a blob can die out, as a category does, and few runs then "
        f"carry the mean: its bar is wide. Grey dotted line: entropy of the truth. Subsample "
        f"is accumulate-subsample, n rows without replacement. The data have the same panels at h "
        f"= 0.5 and 1. {_below(series)}"
    )


def _below(series: Sequence[Series]) -> str:
    """How many points are below their bound, by how much."""
    gaps = [
        (p.simulation - s.theory[p.generation]) / p.std_error
        for s in series
        for p in s.points
        if p.std_error
    ]
    lowest = min(gaps)
    count = sum(gap < -style.BARS for gap in gaps)
    return (
        f"Of {len(gaps)} points at the three bandwidths {count} lie more than {style.BARS:g} "
        f"standard errors below their bound, the lowest at {lowest:.1f}."
    )


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: a row a data set, a column a workflow."""
    from matplotlib import pyplot

    kinds = [make(1).kind for make in WORKFLOWS]
    figure, axes = pyplot.subplots(
        len(DATA_SETS), len(kinds), figsize=(style.WIDTH, 8.0), sharex=True, sharey="row"
    )
    letters = iter("abcdefghijkl")
    for row, data_set in zip(axes, DATA_SETS, strict=True):
        own = panel(series, panel_of(data_set, MAIN))
        for place, kind in zip(row, kinds, strict=True):
            _draw_panel(place, [s for s in own if s.kind is kind])
            style.reference(place, float(own[0].theory[0]))
            name = kind.value.removeprefix("accumulate-")
            place.set_title(f"{next(letters)}  {data_set}, {name}")
        _limit(row[0], own)
        row[0].set_ylabel("test NLL (nats, log)")
    for place in axes[-1]:
        place.set_xlabel("generation t (log scale)")
    figure.align_ylabels(axes[:, 0])
    _explain(figure)
    return figure


def _limit(axes: Axes, series: Sequence[Series]) -> None:
    """Limits and ticks of a row: everything drawn, bars included."""
    low = min(float(s.theory[0]) for s in series)
    tops = [mean + style.BARS * error for s in series for _, mean, error in (s.measured,)]
    high = max(float(top.max()) for top in tops if len(top))
    axes.set_ylim(low / _ROOM, high * _ROOM)
    ticks = [tick for tick in _TICKS if low / _ROOM < tick < high * _ROOM]
    style.plain_ticks(axes.yaxis, ticks[:: 1 if len(ticks) <= _MOST_TICKS else 2])


def _draw_panel(axes: Axes, series: Sequence[Series]) -> None:
    """Points of every n, a shade and a marker each, above their bound."""
    axes.set(xscale="log", yscale="log", xlim=(0.9, 115))
    style.plain_ticks(axes.xaxis, (1, 3, 10, 30, 100))
    axes.minorticks_off()
    axes.grid(axis="y")
    t = np.arange(1, GENERATIONS + 1)
    axes.plot(t, series[0].theory.values[1:], color=style.INK, linewidth=1.0, zorder=4)
    colours = style.shades(series[0].kind, len(series))
    for s, colour, marker in zip(series, colours, style.MARKERS, strict=False):
        at, mean, _ = s.measured
        axes.plot(at, mean, color=colour, linewidth=0.7, zorder=2)
        style.draw_points(axes, s, colour=colour, marker=marker)


def _explain(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    greys = [
        Line2D([], [], color=style.INK, marker=marker, linewidth=0.7)
        for _, marker in zip(ROWS, style.MARKERS, strict=False)
    ]
    handles = [
        Line2D([], [], color=style.INK, linewidth=1.0),
        Line2D([], [], color=style.GREY, linestyle=(0, (1, 2))),
        *greys,
    ]
    names = [
        "exact lower bound, n → ∞", "entropy of the truth",
        *(f"n = {style.plain(n)}" for n in ROWS),
    ]  # fmt: skip
    figure.legend(
        handles, names, loc="outside lower center", ncols=len(names), columnspacing=1.0,
        handlelength=1.6, title=f"points: Monte Carlo ± {style.BARS:g} standard errors",
        title_fontsize=7.5,
    )  # fmt: skip
