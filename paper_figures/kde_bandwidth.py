"""Kernel densities of the toy data sets over 1,000 generations: test likelihood by bandwidth.

A row a data set, a column a workflow, a shade for the generation: which bandwidth is best moves as
the chain goes on. Black lines are the exact NLL of the mean density at the first and the last
generation, a lower bound. The last row has Scott's and Silverman's rules on the rows trained on:
under accumulate they shrink with the pool.

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
    TESTS,
    WORKFLOWS,
    Likelihood,
    bounds,
    grid_settings,
    measured,
    panel_of,
    truth,
)
from paper_figures.series import Point, Series, panel
from theory.kde import Scott, Silverman
from theory.workflow import WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "kde_bandwidth"
TITLE = "Kernel densities of toy data over 1,000 generations: the best bandwidth moves"
SEED = 100260
GENERATIONS = 1000
BANDWIDTHS = (0.01, 0.0316, 0.1, 0.316, 1.0, 3.16, 10.0, 31.6, 100.0)
RULES = (Scott(), Silverman())
N = 32
SHOWN = (1, *range(100, GENERATIONS + 1, 100))
ENDS = (1, GENERATIONS)
SETS = 8  # test sets, of one run each
_TICKS = (1, 10, 100, 1000, 10000, 100000)

ALT = (
    "Fifteen panels, a column for each of replace, accumulate and accumulate-subsample with 32 "
    "rows a batch. Four rows, blobs, circles, moons and swiss roll: test NLL in nats against "
    "bandwidth from 0.01 to 100, on log scales, one line for each of generations 1, 100, 200 to "
    "1,000. At generation 1 every line falls steeply from thousands at narrow bandwidths to a "
    "minimum and rises slowly with wide ones. Under replace all later lines are far above it, "
    "hundreds of nats at every bandwidth, and still move up; under accumulate they keep the shape, "
    "lower on the left and slightly higher on the right, on the exact bound from the minimum on; "
    "under accumulate-subsample they are above the first line everywhere, most on the left, and "
    "the minimum moves right. Last row: NLL under Scott's rule against generation, which grows to "
    "hundreds under replace, is flat under accumulate and rises little under "
    "accumulate-subsample."
)


def cells() -> list[Likelihood]:
    """The simulations behind the points."""
    return [
        Likelihood(data_set, h, make(N), SHOWN, SETS)
        for data_set in DATA_SETS
        for h in (*BANDWIDTHS, *rules(data_set))
        for make in WORKFLOWS
    ]


def rules(data_set: str) -> tuple[Scott | Silverman, ...]:
    """The rules that differ: in the plane Silverman's is Scott's."""
    return RULES if truth(data_set).dim != 2 else RULES[:1]


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, **grid_settings(cells(), SHOWN)}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation, and the bounds that they lie above."""
    found = measured(cells(), seed=SEED, sets=QUICK_SETS if quick else None)
    return found + bounds(cells(), SHOWN)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every cell's points above its bound."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    return kde_cells.series(cells(), points, listed=SHOWN)


def caption(series: Sequence[Series]) -> str:
    """What lines, points and bars are, and how many runs are behind them."""
    return (
        f"Gaussian kernels, n = {N} rows a batch, {GENERATIONS:,} generations. a to l: mean "
        f"negative log likelihood of {TESTS} test rows in nats against the bandwidth, both on log "
        f"scales, at t = 1, 100, 200, ..., 1,000, from light to dark. Points: Monte Carlo "
        f"({captions.runs(series)}, each with test rows of its own) with bars of {style.BARS:g} "
        f"standard errors, joined by thin lines; a point is the exact NLL of the mean density plus "
        f"the mean excess over it on the same rows. a to l have markers at t = 1 and t = 1,000 "
        f"only; the data have all. {_wide(series)} Under replace the cloud of rows shrinks and "
        f"wanders off, and few runs carry a mean. Black lines: that NLL, a lower "
        f"bound and the limit of many rows, at t = 1 (dashed) and t = 1,000 (solid). Grey dotted "
        f"lines: entropy of the truth. m to o: Scott's rule on the rows trained on, a marker a "
        f"data set, and Silverman's (hollow) of the swiss roll; in the plane the two are one. "
        f"Subsample is accumulate-subsample, n rows without replacement."
    )


def _wide(series: Sequence[Series]) -> str:
    """How wide the bars are."""
    shares = [
        style.BARS * (p.std_error or 0.0) / p.simulation for s in series for p in s.points
    ]  # fmt: skip
    return (
        f"Half of the bars are below {100 * float(np.median(shares)):.1g} % of their value, the "
        f"widest {100 * max(shares):.0f} %."
    )


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: a row a data set against h, then the rules against t."""
    from matplotlib import pyplot

    kinds = [make(1).kind for make in WORKFLOWS]
    figure, axes = pyplot.subplots(
        len(DATA_SETS) + 1, len(kinds), figsize=(style.WIDTH, 9.0), sharey="row"
    )
    letters = iter("abcdefghijklmno")
    for row, data_set in zip(axes, DATA_SETS, strict=False):
        for place, kind in zip(row, kinds, strict=True):
            _draw_bandwidths(place, [s for s in series if s.kind is kind], data_set)
            place.set_title(f"{next(letters)}  {data_set}, {_short(kind)}")
        _limit(row[0], [s for h in BANDWIDTHS for s in panel(series, panel_of(data_set, h))])
    for place in axes[len(DATA_SETS) - 1]:
        place.set_xlabel("bandwidth h (units of x, log scale)")
    for place, kind in zip(axes[-1], kinds, strict=True):
        _draw_rules(place, [s for s in series if s.kind is kind])
        place.set_title(f"{next(letters)}  Scott's rule, {_short(kind)}")
    _limit(
        axes[-1, 0], [s for d in DATA_SETS for r in RULES for s in panel(series, panel_of(d, r))]
    )
    for row in axes:
        row[0].set_ylabel("test NLL (nats, log)")
    figure.align_ylabels(axes[:, 0])
    _explain(figure)
    return figure


def _limit(axes: Axes, series: Sequence[Series]) -> None:
    """Limits and ticks of a row: the entropy and every point; wide bars may leave."""
    low = min(float(s.theory[0]) for s in series) / 1.3
    high = max(p.simulation for s in series for p in s.points) * 2
    axes.set_ylim(low, high)
    style.plain_ticks(axes.yaxis, [tick for tick in _TICKS if low < tick < high])


def _short(kind: WorkflowKind) -> str:
    return kind.value.removeprefix("accumulate-")


def _draw_bandwidths(axes: Axes, series: Sequence[Series], data_set: str) -> None:
    """NLL against h, a shade a generation."""
    by_h = [panel(series, panel_of(data_set, h))[0] for h in BANDWIDTHS]
    axes.set(xscale="log", yscale="log")
    style.plain_ticks(axes.xaxis, (0.01, 0.1, 1, 10, 100))
    axes.minorticks_off()
    axes.grid(axis="y")
    style.reference(axes, float(by_h[0].theory[0]))
    for t, colour in zip(SHOWN, style.shades(series[0].kind, len(SHOWN)), strict=True):
        points = [p for s in by_h for p in s.points if p.generation == t]
        mean = [p.simulation for p in points]
        axes.plot(BANDWIDTHS, mean, color=colour, linewidth=0.6, zorder=2)
        if t in ENDS:
            bars = [p.std_error or 0.0 for p in points]
            style.errorbars(axes, BANDWIDTHS, mean, bars, colour=colour, marker="o")
    for t, line in zip(ENDS, ("--", "-"), strict=True):
        values = [float(s.theory[t]) for s in by_h]
        axes.plot(BANDWIDTHS, values, line, color=style.INK, linewidth=0.9, zorder=4)


def _draw_rules(axes: Axes, series: Sequence[Series]) -> None:
    """NLL against t, a shade a data set; Silverman hollow."""
    axes.set(xlim=(-20, 1030), yscale="log", xlabel="generation t")
    style.plain_ticks(axes.xaxis, (1, 500, 1000))
    axes.minorticks_off()
    axes.grid(axis="y")
    colours = style.shades(series[0].kind, len(DATA_SETS))
    for data_set, colour, marker in zip(DATA_SETS, colours, style.MARKERS, strict=False):
        for rule in rules(data_set):
            (own,) = panel(series, panel_of(data_set, rule))
            at, mean, error = own.measured
            axes.plot(at, mean, color=colour, linewidth=0.6, zorder=2)
            style.errorbars(axes, at, mean, error, colour=colour, marker=marker)
            if isinstance(rule, Silverman):
                axes.plot(
                    at, mean, marker, color=colour, markerfacecolor="white", linestyle="", zorder=4
                )


def _explain(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=style.INK, marker="o", linewidth=0.6),
        Line2D([], [], color=style.INK, linestyle="--", linewidth=0.9),
        Line2D([], [], color=style.INK, linewidth=0.9),
        Line2D([], [], color=style.GREY, linestyle=(0, (1, 2))),
        *[
            Line2D([], [], color=style.INK, marker=marker, linestyle="")
            for _, marker in zip(DATA_SETS, style.MARKERS, strict=False)
        ],
    ]
    names = [
        f"Monte Carlo ± {style.BARS:g} standard errors", "exact bound, t = 1",
        "exact bound, t = 1,000", "entropy of the truth",
        *(f"{name} (m to o)" for name in DATA_SETS),
    ]  # fmt: skip
    figure.legend(handles, names, loc="outside lower center", ncols=4)
