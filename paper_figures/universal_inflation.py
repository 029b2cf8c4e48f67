"""The universal inflation v_t: what a workflow does to the error, whatever the family.

Left, the workflows that stay bounded, with their limits. Middle, those that grow linearly, with
their slopes. Right, what "to leading order in n" means: how far n times the mean error of a
Gaussian chain is below v_t. v_t is a limit in n at fixed t, so the points lie on the exact curve
of the chain at n = 200 and not on v_t itself; both are drawn.

Source: loopbound theory, section 3 (`theory.inflation`); Gaussian chain, section 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import captions, dataset, style
from paper_figures.measure import measure
from paper_figures.series import Cell, Point, Series, lines, panel
from theory.curve import Curve
from theory.gaussian import GaussianChain
from theory.inflation import inflation
from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "universal_inflation"
TITLE = "Universal inflation: the error in units of one fit to real data"
SEED = 30260
N = 200  # rows a batch of the chain that the points are of
BOUNDED, GROWING, RATE = "bounded", "growing", "rate"
GENERATIONS = {BOUNDED: 100, GROWING: 50, RATE: 10}
SHOWN = {BOUNDED: (1, 2, 3, 5, 7, 10, 20, 50, 100), GROWING: (1, 5, 10, 20, 30, 40, 50)}
RATE_ROWS = (4, 8, 16, 32, 64, 128, 256)
RATE_MEASURED = (4, 8, 16, 32, 64)  # above, noise hides the gap
V, CHAIN = "v", "n x mean_error"

ALT = (
    "Three panels. First, inflation against generation for bounded workflows with their limits: "
    "accumulate-subsample with replacement 3.290, without 2.935, accumulate 1.645, anchored 1.333, "
    "fresh 0.667. Second, linear growth: replace with slope 1, sliding windows of 2, 3 and 5 "
    "batches with slopes 0.444, 0.25 and 0.111. Third, the gap between a finite Gaussian chain "
    "and vₜ falls as 1/n. Monte Carlo points lie on the exact curves of the chain."
)

_LIMITS = {
    "accumulate": "π²/6 = 1.645",
    "accumulate-subsample": "π²/2 − 2 = 2.935",
    "accumulate-subsample, with replacement": "π²/3 = 3.290",
    "anchored": "4/3 = 1.333",
    "fresh": "2/3 = 0.667",
}
_SHORT = {
    "accumulate-subsample, with replacement": "subsample, repl.",
    "accumulate-subsample": "subsample",
    "sliding-window 2": "window 2",
}
# Runs, by whether rows are subsampled: a whole batch costs its statistics, a subsample its rows.
_CHAIN_RUNS = {False: 200_000, True: 40_000}
_RATE_RUNS = {False: 10_000_000, True: 2_000_000}
_RATED = ("replace", "sliding-window 2", "accumulate", "accumulate-subsample")


def workflows(n: int) -> dict[str, dict[str, Workflow]]:
    """Panel -> label -> workflow with n rows a batch."""
    windows = {f"sliding-window {w}": Workflow.sliding_window(n, w) for w in (2, 3, 5)}
    bounded = {
        "accumulate-subsample, with replacement": Workflow.accumulate_subsample(
            n, replacement=True
        ),
        "accumulate-subsample": Workflow.accumulate_subsample(n),
        "accumulate": Workflow.accumulate(n),
        "anchored": Workflow.anchored(n, n),
        "fresh": Workflow.fresh(n, n),
    }
    growing = {"replace": Workflow.replace(n), **windows}
    return {BOUNDED: bounded, GROWING: growing}


def cells() -> list[Cell]:
    """The simulations behind the points."""
    chain = GaussianChain(1, 0)
    found = [
        Cell(
            name, label, chain, flow, GENERATIONS[name], ("mean_error",), SHOWN[name],
            _CHAIN_RUNS[_subsampled(flow)],
        )
        for name, flows in workflows(N).items()
        for label, flow in flows.items()
    ]  # fmt: skip
    last = GENERATIONS[RATE]
    return found + [
        Cell(
            RATE, label, chain, flow, last, ("mean_error",), (last,),
            _RATE_RUNS[_subsampled(flow)],
        )
        for n in RATE_MEASURED
        for label, flow in _rated(n)
    ]  # fmt: skip


def _subsampled(workflow: Workflow) -> bool:
    return workflow.kind is WorkflowKind.ACCUMULATE_SUBSAMPLE


def _rated(n: int) -> Iterator[tuple[str, Workflow]]:
    every = {label: flow for flows in workflows(n).values() for label, flow in flows.items()}
    yield from ((label, every[label]) for label in _RATED)


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, "cells": [cell.settings() for cell in cells()]}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation."""
    return measure(cells(), seed=SEED, quick=quick)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """v_t of every workflow, and n times the mean error of the chain with its points."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    found = [
        Series(name, V, label, flow.kind, None, None, inflation(flow, GENERATIONS[name]))
        for name, flows in workflows(N).items()
        for label, flow in flows.items()
    ]
    last = GENERATIONS[RATE]
    found += [Series(RATE, V, k, f.kind, None, None, inflation(f, last)) for k, f in _rated(N)]
    unmeasured = [
        Cell(RATE, label, GaussianChain(1, 0), flow, last, ("mean_error",), (), 0)
        for n in RATE_ROWS
        if n not in RATE_MEASURED
        for label, flow in _rated(n)
    ]
    return found + [_scaled(s) for s in lines([*cells(), *unmeasured], points)]


def _scaled(series: Series) -> Series:
    """Mean error in units of one fit to n real rows."""
    n = series.n or 0
    curve = Curve(n * series.theory.values, series.theory.kind, series.theory.source)
    points = tuple(
        Point(
            p.panel, CHAIN, p.label, p.dim, p.n, p.generation, n * p.simulation,
            None if p.std_error is None else n * p.std_error, p.replicates,
        )
        for p in series.points
    )  # fmt: skip
    return Series(
        series.panel, CHAIN, series.label, series.kind, series.dim, series.n, curve, points
    )


def caption(series: Sequence[Series]) -> str:
    """What lines, points and bars are, and how many runs are behind them."""
    chain = [s for s in panel(series, BOUNDED) + panel(series, GROWING) if s.points]
    rate = [s for s in panel(series, RATE) if s.points]
    return (
        f"vₜ is the excess risk at generation t over that of one fit to real data, for any "
        f"regular, well-specified family, to leading order in n at fixed t. Coloured lines: vₜ. "
        f"Thin dashed lines: n times the exact squared mean error of a one-dimensional Gaussian "
        f"chain (maximum likelihood, n = {N}), in units of the variance of the truth; points: the "
        f"same by Monte Carlo ({_runs(chain)}), with bars of {style.BARS:g} standard errors. The "
        f"chain is below vₜ by O(1/n): by {100 * _gap_of_replace(series):.0f} % at "
        f"t = {GENERATIONS[GROWING]} under replace. a: workflows that stay bounded, dotted lines "
        f"their limits; subsample is accumulate-subsample, repl. with replacement. b: workflows "
        f"that grow, with their slopes for large t, 4/(w + 1)² for a window of w batches. c: the "
        f"gap 1 − n × mean error / vₜ at t = {GENERATIONS[RATE]} "
        f"against n, which falls as 1/n ({_runs(rate)}). The limits in t and n do not commute: at "
        f"fixed n the linear workflows end with a mean error of 1, not of infinity. Anchored keeps "
        f"n real rows, fresh draws n new ones a generation. {captions.agreement(series)}"
    )


def _runs(series: Sequence[Series]) -> str:
    """Runs of the workflows that train on whole batches, then of those that subsample."""
    whole = [s for s in series if s.kind is not WorkflowKind.ACCUMULATE_SUBSAMPLE]
    subsampled = [s for s in series if s.kind is WorkflowKind.ACCUMULATE_SUBSAMPLE]
    return f"{captions.runs(whole)}; {captions.runs(subsampled)} where rows are subsampled"


def _gap_of_replace(series: Sequence[Series]) -> float:
    """Share by which the chain is below v at the last generation of replace."""
    own = {s.quantity: s.theory for s in panel(series, GROWING) if s.label == "replace"}
    last = GENERATIONS[GROWING]
    return 1 - float(own[CHAIN][last] / own[V][last])


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: bounded workflows, growing workflows, and the rate in n."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(style.WIDTH, 3.3), width_ratios=(1, 0.9, 0.9))
    ends = [
        _draw_bounded(axes[0], panel(series, BOUNDED)),
        _draw_growing(axes[1], panel(series, GROWING)),
        _draw_rate(axes[2], panel(series, RATE)),
    ]
    style.explain_marks(figure, dashed=f"exact Gaussian chain, n = {N}")
    style.settle(figure)
    at = (GENERATIONS[BOUNDED], GENERATIONS[GROWING], RATE_ROWS[-1])
    for place, labels, last in zip(axes, ends, at, strict=True):
        style.end_labels(place, labels, at=last)
    return figure


def _draw_pairs(axes: Axes, series: Sequence[Series], start: int) -> None:
    """v_t solid, the chain thin and dashed with its points; markers by order in the panel."""
    labels = list(dict.fromkeys(s.label for s in series))
    for s in series:
        colour, marker = style.COLOURS[s.kind], style.MARKERS[labels.index(s.label)]
        if s.quantity == V:
            style.draw_line(axes, s, colour=colour, marker=marker, start=start)
        else:
            style.draw_line(
                axes, s, colour=colour, marker=marker, start=start, style="--", width=0.7
            )


def _draw_bounded(axes: Axes, series: Sequence[Series]) -> style.Ends:
    last = GENERATIONS[BOUNDED]
    axes.set(
        title="a  workflows that stay bounded", xscale="log", xlim=(0.9, 1.15 * last),
        ylim=(0, 3.7), xlabel="generation t (log scale)",
        ylabel="vₜ: error in units of one fit to real data",
    )  # fmt: skip
    style.plain_ticks(axes.xaxis, (1, 3, 10, 30, 100))
    style.plain_ticks(axes.yaxis, (0, 1, 2, 3))
    axes.grid(axis="y")
    _draw_pairs(axes, series, start=1)
    ends = []
    for s in series:
        if s.quantity == V and s.theory.limit is not None:
            colour = style.COLOURS[s.kind]
            style.reference(axes, s.theory.limit, colour=colour)
            text = f"{_SHORT.get(s.label, s.label)}\n{_LIMITS[s.label]}"
            ends.append((float(s.theory[last]), text, colour))
    return ends


def _draw_growing(axes: Axes, series: Sequence[Series]) -> style.Ends:
    last = GENERATIONS[GROWING]
    axes.set(
        title="b  workflows that grow", xlabel="generation t", xlim=(0, last * 1.03), ylim=(0, 53),
    )  # fmt: skip
    style.plain_ticks(axes.xaxis, (0, 10, 20, 30, 40, 50))
    style.plain_ticks(axes.yaxis, (0, 10, 20, 30, 40, 50))
    axes.grid(axis="y")
    _draw_pairs(axes, series, start=0)
    ends = []
    for s in series:
        if s.quantity != V:
            continue
        window = 1 if s.kind is WorkflowKind.REPLACE else int(s.label.split()[-1])
        name = "replace" if window == 1 else f"window {window}"
        text = f"{name}\nslope {Fraction(4, (window + 1) ** 2)}"
        ends.append((float(s.theory[last]), text, style.COLOURS[s.kind]))
    return ends


def _draw_rate(axes: Axes, series: Sequence[Series]) -> style.Ends:
    """1 - n x mean error / v_t at the last generation, against n."""
    last = GENERATIONS[RATE]
    axes.set(
        title=f"c  finite n: gap to vₜ at t = {last}", xscale="log", yscale="log",
        ylim=(0.0007, 1.2), xlabel="rows a batch n (log scale)",
        ylabel="1 − n × mean error / vₜ (log scale)",
    )  # fmt: skip
    ends = []
    for label, marker in zip(_RATED, style.MARKERS, strict=False):
        own = [s for s in series if s.label == label]
        v = next(float(s.theory[last]) for s in own if s.quantity == V)
        chain = sorted((s for s in own if s.quantity == CHAIN), key=lambda s: s.n or 0)
        colour = style.COLOURS[own[0].kind]
        gaps = [1 - float(s.theory[last]) / v for s in chain]
        axes.plot([s.n or 0 for s in chain], gaps, color=colour, zorder=2)
        measured = [(s.n or 0, p) for s in chain for p in s.points]
        axes.errorbar(
            [n for n, _ in measured], [1 - p.simulation / v for _, p in measured],
            [style.BARS * (p.std_error or 0) / v for _, p in measured], fmt=marker, color=colour,
            elinewidth=0.8, capsize=1.6, markeredgecolor="white", markeredgewidth=0.25, zorder=3,
        )  # fmt: skip
        ends.append((gaps[-1], _SHORT.get(label, label), colour))
    n = np.array([RATE_ROWS[0], RATE_ROWS[-1]])
    axes.plot(n, 0.12 / n, color=style.GREY, linewidth=0.9)
    axes.annotate("slope −1", (n[0] * 1.05, 0.005), fontsize=style.SMALL)
    style.plain_ticks(axes.xaxis, (4, 16, 64, 256))
    style.plain_ticks(axes.yaxis, (0.001, 0.01, 0.1, 1))
    return ends
