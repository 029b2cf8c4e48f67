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
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import captions, dataset, style
from paper_figures.kde_cells import (
    BLURRED,
    DATA_SETS,
    NLL,
    QUICK_SETS,
    ROWS,
    SETS,
    WORKFLOWS,
    Likelihood,
    entropies,
    grid_settings,
    measured,
    panel_of,
)
from paper_figures.series import FloatArray, Point, Series, panel
from theory.curve import Curve, Kind
from theory.kde.constant import nll_lower
from theory.kde.lineage import lineage_law
from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "kde_nll"
TITLE = "Kernel densities of toy data: replace forgets, keeping the rows slows the drift to a creep"
SEED = 60260
GENERATIONS = 100
BANDWIDTHS = (0.1, 0.5, 1.0)
MAIN = 0.1
SHOWN = (1, 2, 3, 5, 10, 20, 30, 50, 70, 100)
LOWER = "nll_lower"

ALT = (
    "Twelve panels, a row for each of blobs, circles, moons and swiss roll, a column for each of "
    "replace, accumulate and accumulate-subsample: test NLL in nats against generation at "
    "bandwidth 0.1, for n from 10 to 1,000 rows a batch, with a dotted line at the entropy of the "
    "truth. Under replace the NLL grows without end; more rows start lower and still grow. Under "
    "accumulate it falls at first where rows are few, because the pool grows, and then all n come "
    "together on a slowly rising line, the exact bound. Under accumulate-subsample it creeps up "
    "and stays apart by n."
)

_LIMITS = {  # of the y axes, and their ticks
    "blobs": ((3.5, 300), (4, 10, 100)),
    "circles": ((0.6, 60), (1, 3, 10, 30)),
    "moons": ((0.2, 60), (0.3, 1, 3, 10, 30)),
    "swiss roll": ((5, 3000), (6, 10, 100, 1000)),
}


def cells() -> list[Likelihood]:
    """The simulations behind the points."""
    return [
        Likelihood(data_set, h, make(n), SHOWN, *SETS[n])
        for data_set in DATA_SETS
        for h in BANDWIDTHS
        for make in WORKFLOWS
        for n in ROWS
    ]


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, **grid_settings(cells())}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation."""
    return measured(cells(), seed=SEED, sets=QUICK_SETS if quick else None)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every panel's bound with its points: the entropy where the bound is not known."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    own: dict[tuple[str, str, int], list[Point]] = {}
    for point in points:
        own.setdefault((point.panel, point.label, point.n), []).append(point)
    return [
        Series(
            cell.panel, NLL, cell.workflow.kind.value, cell.workflow.kind, cell.dim, cell.n,
            bound(cell.data_set, cell.bandwidth, cell.workflow.kind),
            tuple(own.get((cell.panel, cell.workflow.kind.value, cell.n), ())),
        )
        for cell in cells()
    ]  # fmt: skip


@cache
def bound(data_set: str, bandwidth: float, kind: WorkflowKind) -> Curve:
    """A lower bound on the expected NLL, nats; index 0 and `limit` None is the truth's entropy."""
    entropy = entropies()[data_set]
    if data_set not in BLURRED:
        return Curve(np.full(GENERATIONS + 1, entropy), Kind.LOWER, "entropy of the truth")
    values = _bounds(data_set, bandwidth)[0 if kind is WorkflowKind.REPLACE else 1]
    source = "loopbound theory, section 5, Jensen"
    return Curve(np.concatenate([[entropy], values]), Kind.LOWER, source)


@cache
def _bounds(data_set: str, bandwidth: float) -> FloatArray:
    """NLL of the mean density, axes ([replace, accumulate], generation from 1)."""
    blurred, noise = BLURRED[data_set]
    laws = [
        lineage_law(flow, GENERATIONS)[1:]
        for flow in (Workflow.replace(1), Workflow.accumulate(1))
    ]  # fmt: skip
    found = nll_lower(blurred, noise, bandwidth, np.concatenate(laws))
    return found.reshape(2, GENERATIONS)


def caption(series: Sequence[Series]) -> str:
    """What lines, points and bars are, and how many runs are behind them."""
    measured_at = [s for s in series if s.points]
    by_size = ", ".join(
        f"{captions.runs([s for s in measured_at if s.n == n])} at n = {style.plain(n)}"
        for n in ROWS
    )
    return (
        f"Gaussian kernels of bandwidth h = {MAIN:g} on four toy data sets, refitted "
        f"{GENERATIONS} times; mean negative log likelihood of 500 test rows in nats (log scale), "
        f"the same rows every generation. Points: Monte Carlo with bars of {style.BARS:g} standard "
        f"errors over test sets, most of them hidden by the marker, joined by thin lines "
        f"({by_size}); they are the excess over the truth's own NLL on the same rows plus the "
        f"entropy. Grey dotted line: entropy of the truth. Black line: the exact NLL of the mean "
        f"density, a lower bound on the expected NLL and its limit as n → ∞, for every n; it is "
        f"not known here for the swiss roll. Subsample is accumulate-subsample, n rows without "
        f"replacement. The data have the same panels at h = 0.5 and 1. "
        f"{_below(series)}"
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
        len(DATA_SETS), len(kinds), figsize=(style.WIDTH, 8.4), sharex=True
    )
    ends = []
    for row, data_set in zip(axes, DATA_SETS, strict=True):
        for place, kind in zip(row, kinds, strict=True):
            own = [s for s in panel(series, panel_of(data_set, MAIN)) if s.kind is kind]
            ends.append(_draw_panel(place, own, data_set))
    for letter, place, (data_set, kind) in zip(
        "abcdefghijkl", axes.flat, [(d, k) for d in DATA_SETS for k in kinds], strict=True
    ):
        name = kind.value.removeprefix("accumulate-")
        place.set_title(f"{letter}  {data_set}, {name}")
    for row in axes:
        row[0].set_ylabel("test NLL (nats, log scale)")
        for place in row[1:]:
            place.tick_params(labelleft=False)
    for place in axes[-1]:
        place.set_xlabel("generation t (log scale)")
    _explain(figure)
    style.settle(figure)
    for place, labels in zip(axes.flat, ends, strict=True):
        style.end_labels(place, labels, at=GENERATIONS)
    return figure


def _draw_panel(axes: Axes, series: Sequence[Series], data_set: str) -> style.Ends:
    limits, ticks = _LIMITS[data_set]
    axes.set(xscale="log", yscale="log", xlim=(0.9, 115), ylim=limits)
    style.plain_ticks(axes.xaxis, (1, 3, 10, 30, 100))
    style.plain_ticks(axes.yaxis, ticks)
    axes.grid(axis="y")
    style.reference(axes, entropies()[data_set])
    if data_set in BLURRED:
        t = np.arange(1, GENERATIONS + 1)
        axes.plot(t, series[0].theory.values[1:], color=style.INK, linewidth=1.0, zorder=4)
    ends = []
    colours = style.shades(series[0].kind, len(series))
    for s, colour, marker in zip(series, colours, style.MARKERS, strict=False):
        if s.points:
            at, mean, _ = s.measured
            axes.plot(at, mean, color=colour, linewidth=0.7, zorder=2)
            style.draw_points(axes, s, colour=colour, marker=marker)
            ends.append((float(mean[-1]), f"n = {style.plain(s.n or 0)}", colour))
    return ends


def _explain(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=style.INK, linewidth=1.0),
        Line2D([], [], color=style.GREY, linestyle=(0, (1, 2))),
        Line2D([], [], color=style.INK, marker="o", linewidth=0.7),
    ]
    names = [
        "exact lower bound, n → ∞", "entropy of the truth",
        f"Monte Carlo ± {style.BARS:g} standard errors",
    ]  # fmt: skip
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
