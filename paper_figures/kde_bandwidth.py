"""Kernel densities of the toy data sets over 1,000 generations: test likelihood by bandwidth.

A row a data set, a column a workflow, a shade for the generation: which bandwidth is best moves as
the chain goes on. Black lines are the exact NLL of the mean density at the first and the last
generation, a lower bound. The last row has Scott's and Silverman's rules on the rows trained on:
under accumulate they shrink with the pool.

Source: the setting is that of 2410.16713; the bound is loopbound theory, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import captions, dataset, style
from paper_figures.kde_cells import (
    BLURRED,
    DATA_SETS,
    NLL,
    QUICK_SETS,
    WORKFLOWS,
    Likelihood,
    entropies,
    grid_settings,
    measured,
    panel_of,
)
from paper_figures.series import Point, Series, panel
from theory.curve import Curve, Kind
from theory.kde import Scott, Silverman
from theory.kde.constant import nll_lower
from theory.kde.lineage import lineage_law
from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "kde_bandwidth"
TITLE = "Kernel densities of toy data over 1,000 generations: the best bandwidth moves"
SEED = 100260
GENERATIONS = 1000
BANDWIDTHS = (0.01, 0.0316, 0.1, 0.316, 1.0, 3.16, 10.0, 31.6, 100.0)
RULES = (Scott(), Silverman())
MAIN = 32  # rows a batch that are drawn
SHOWN = (1, *range(100, GENERATIONS + 1, 100))
ENDS = (1, GENERATIONS)
SETS = {32: 3}
"""Test sets, of one run each, by rows a batch."""
_NEGLIGIBLE = 1e-14  # of a law

ALT = (
    "Fifteen panels, a column for each of replace, accumulate and accumulate-subsample with 32 "
    "rows a batch. Four rows, blobs, circles, moons and swiss roll: test NLL in nats against "
    "bandwidth from 0.01 to 100, on log scales, one line for each of generations 1, 100, 200 to "
    "1,000. Every line is high at narrow bandwidths, has a minimum and rises with wide ones. Under "
    "replace all later lines are far above the first and still move up; under accumulate narrow "
    "bandwidths get better as the pool grows and wide ones slightly worse; under "
    "accumulate-subsample lines lie between. Last row: NLL under the rules of Scott and Silverman "
    "against generation, which grows under replace and hardly under accumulate."
)


def cells() -> list[Likelihood]:
    """The simulations behind the points."""
    return [
        Likelihood(data_set, h, make(n), SHOWN, sets)
        for n, sets in SETS.items()
        for data_set in DATA_SETS
        for h in (*BANDWIDTHS, *RULES)
        for make in WORKFLOWS
    ]


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, **grid_settings(cells())}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation."""
    return measured(cells(), seed=SEED, sets=QUICK_SETS if quick else None)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every cell's points above a bound: Jensen's at the ends, the entropy between them."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    own: dict[tuple[str, str, int], list[Point]] = {}
    for point in points:
        own.setdefault((point.panel, point.label, point.n), []).append(point)
    return [
        Series(
            cell.panel, NLL, cell.workflow.kind.value, cell.workflow.kind, cell.dim, cell.n,
            bound(cell.data_set, cell.bandwidth, cell.workflow.kind),
            tuple(own.get((cell.panel, cell.workflow.kind.value, cell.n), ())), listed=cell.at,
        )
        for cell in cells()
    ]  # fmt: skip


@cache
def bound(data_set: str, bandwidth: float | Scott | Silverman, kind: WorkflowKind) -> Curve:
    """A lower bound on the expected NLL, nats."""
    values = np.full(GENERATIONS + 1, entropies()[data_set])
    if data_set in BLURRED and isinstance(bandwidth, float):
        blurred, noise = BLURRED[data_set]
        found = nll_lower(blurred, noise, bandwidth, _laws()[kind is not WorkflowKind.REPLACE])
        values[list(ENDS)] = np.maximum(found, values[0])
    return Curve(values, Kind.LOWER, "loopbound theory, section 5, Jensen")


@cache
def _laws() -> tuple[Any, Any]:
    """Of replace and of accumulate at the first and the last generation."""
    found = []
    for flow in (Workflow.replace(1), Workflow.accumulate(1)):
        law = lineage_law(flow, GENERATIONS)[list(ENDS)]
        found.append(np.where(law > _NEGLIGIBLE, law, 0.0))
    return found[0], found[1]


def caption(series: Sequence[Series]) -> str:
    """What lines, points and bars are, and how many runs are behind them."""
    drawn = [s for s in series if s.n == MAIN]
    return (
        f"Gaussian kernels, n = {MAIN} rows a batch, {GENERATIONS:,} generations. a to l: mean "
        f"negative log likelihood of 500 test rows in nats against the bandwidth, both on log "
        f"scales, at t = 1, 100, 200, ..., 1,000, from light to dark. Points: Monte Carlo "
        f"({captions.runs(drawn)}, each with test rows of its own) with bars of {style.BARS:g} "
        f"standard errors, joined by thin lines; fewer runs than the published 100, because the "
        f"bars are below the marker nearly everywhere. Black lines: exact NLL of the mean density "
        f"at t = 1 (dashed) and t = 1,000 (solid), lower bounds, not known here for the swiss "
        f"roll. Grey dotted lines: entropy of the truth. m to o: Scott's (filled) and Silverman's "
        f"(hollow) rule, on the rows trained on."
    )


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: a row a data set against h, then the rules against t."""
    from matplotlib import pyplot

    kinds = [make(1).kind for make in WORKFLOWS]
    own = [s for s in series if s.n == MAIN]
    figure, axes = pyplot.subplots(len(DATA_SETS) + 1, len(kinds), figsize=(style.WIDTH, 9.4))
    letters = iter("abcdefghijklmno")
    for row, data_set in zip(axes, DATA_SETS, strict=False):
        for place, kind in zip(row, kinds, strict=True):
            _draw_bandwidths(place, [s for s in own if s.kind is kind], data_set)
            place.set_title(f"{next(letters)}  {data_set}, {_short(kind)}")
    for place, kind in zip(axes[-1], kinds, strict=True):
        _draw_rules(place, [s for s in own if s.kind is kind])
        place.set_title(f"{next(letters)}  Scott and Silverman, {_short(kind)}")
    for row in axes:
        row[0].set_ylabel("test NLL (nats)")
        for place in row[1:]:
            place.tick_params(labelleft=False)
    _explain(figure)
    return figure


def _short(kind: WorkflowKind) -> str:
    return kind.value.removeprefix("accumulate-")


def _draw_bandwidths(axes: Axes, series: Sequence[Series], data_set: str) -> None:
    """NLL against h, a shade a generation."""
    by_h = [panel(series, panel_of(data_set, h))[0] for h in BANDWIDTHS]
    axes.set(xscale="log", yscale="log", ylim=_LIMITS[data_set])
    if data_set == "swiss roll":
        axes.set_xlabel("bandwidth h (units of x)")
    style.plain_ticks(axes.xaxis, (0.01, 0.1, 1, 10, 100))
    style.plain_ticks(axes.yaxis, (0.3, 1, 3, 10, 100, 1000, 10000))
    axes.grid(axis="y")
    axes.set_ylim(_LIMITS[data_set])
    style.reference(axes, entropies()[data_set])
    for t, colour in zip(SHOWN, style.shades(series[0].kind, len(SHOWN)), strict=True):
        found = [
            (h, p.simulation, p.std_error or 0.0)
            for h, s in zip(BANDWIDTHS, by_h, strict=True)
            for p in s.points
            if p.generation == t
        ]
        if found:
            h, mean, error = np.array(found).T
            axes.plot(h, mean, color=colour, linewidth=0.6, zorder=2)
            style.errorbars(axes, h, mean, error, colour=colour, marker="o")
    if data_set in BLURRED:
        for t, line in zip(ENDS, ("--", "-"), strict=True):
            values = [float(s.theory[t]) for s in by_h]
            axes.plot(BANDWIDTHS, values, line, color=style.INK, linewidth=0.9, zorder=4)


def _draw_rules(axes: Axes, series: Sequence[Series]) -> None:
    """NLL against t, a shade a data set; Silverman hollow."""
    axes.set(xlim=(-20, 1030), yscale="log", ylim=(0.8, 60), xlabel="generation t")
    style.plain_ticks(axes.xaxis, (0, 500, 1000))
    style.plain_ticks(axes.yaxis, (1, 3, 10, 30))
    axes.grid(axis="y")
    colours = style.shades(series[0].kind, len(DATA_SETS))
    for data_set, colour, marker in zip(DATA_SETS, colours, style.MARKERS, strict=False):
        for rule in RULES:
            (own,) = panel(series, panel_of(data_set, rule))
            if not own.points:
                continue
            at, mean, error = own.measured
            axes.plot(at, mean, color=colour, linewidth=0.6, zorder=2)
            hollow = isinstance(rule, Silverman)
            style.errorbars(axes, at, mean, error, colour=colour, marker=marker)
            if hollow:
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
        *(f"{name} (last row)" for name in DATA_SETS),
    ]  # fmt: skip
    figure.legend(handles, names, loc="outside lower center", ncols=4)


_LIMITS = {
    "blobs": (3, 30000),
    "circles": (0.6, 30000),
    "moons": (0.2, 30000),
    "swiss roll": (5, 300000),
}
