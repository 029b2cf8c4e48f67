"""Accumulate-subsample, which no paper has a theory of: where it is safe and where it is not.

Regression with new rows is safe from m = 2d + 1 rows on; a Gaussian is safe under maximum
likelihood, and grows without bound like t^(1/m) with the unbiased covariance; and no workflow that
samples below temperature one keeps its spread.

Source: `theory.regression.subsample`, `theory.gaussian`, docs/subsample_threshold.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import captions, dataset, style
from paper_figures.measure import measure
from paper_figures.series import Cell, FloatArray, Point, Series, lines, panel
from theory.gaussian import GaussianChain
from theory.regression import RegressionChain, subsample_growth
from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "subsample_map"
TITLE = "Accumulate-subsample: safe from 2d + 1 rows on, by maximum likelihood, at temperature one"
SEED = 80260
GROWTH, SPREAD, COOL = "growth", "spread", "temperature"
BUDGETS = {
    3: (5, 6, 7, 9, 12, 18), 6: (9, 10, 11, 12, 13, 16, 20, 30),
    12: (16, 18, 20, 22, 25, 30, 40, 60),
}  # fmt: skip
EARLY, LATE = 100, 400  # generations between which the growth is measured
LONG = 10_000
ROWS = (3, 5, 10, 100)
TEMPERATURES = (0.3, 0.7, 0.9, 1.0)
N = 100  # rows a batch of the temperatures
_SHOWN = (1, 3, 10, 30, 100)
_GROWTH_RUNS, _SPREAD_RUNS, _COOL_RUNS = 600, 40_000, 2_000
_MEASURED = 100  # generations simulated of a Gaussian
_MOST_DIM, _MOST_ROWS = 16, 44  # of the map

_OWN = WorkflowKind.ACCUMULATE_SUBSAMPLE
_RISK = style.COLOURS[WorkflowKind.REPLACE]

ALT = (
    "Four panels on accumulate-subsample. A map of features d against rows m of linear regression: "
    "below m = d + 2 no mean, between that and m = 2d the error diverges, faster for fewer rows, "
    "from m = 2d + 1 on it is bounded. The measured growth from generation 100 to 400 against "
    "m / d for 3, 6 and 12 features falls from powers above one to zero near m = 2d, along the "
    "curves of theory. The spread of a Gaussian fitted to m rows grows like t to the 1/m with the "
    "unbiased covariance and levels off under maximum likelihood, for m from 3 to 100. Sampled at "
    "temperatures of 0.3, 0.7 and 0.9 the spread falls like a power of t; at one it stays. Monte "
    "Carlo points lie on the exact lines of the last two panels."
)


def cells() -> list[Cell]:
    """The simulations behind the points."""
    return [*_growth_cells(), *_spread_cells(_MEASURED), *_cool_cells(_MEASURED)]


def _growth_cells() -> list[Cell]:
    """Medians: over designs the mean is infinite from some generation on."""
    return [
        Cell(
            GROWTH, _OWN.value, RegressionChain(dim), Workflow.accumulate_subsample(m), LATE,
            ("excess_test_error",), (EARLY, LATE), _GROWTH_RUNS, "rows", (0.5,),
        )
        for dim, budgets in BUDGETS.items()
        for m in budgets
    ]  # fmt: skip


def _spread_cells(generations: int) -> list[Cell]:
    return [
        Cell(
            SPREAD, f"ddof {ddof}", GaussianChain(1, ddof), Workflow.accumulate_subsample(m),
            generations, ("trace_ratio",), _SHOWN, _SPREAD_RUNS if m < N else _COOL_RUNS,
        )
        for ddof in (0, 1)
        for m in ROWS
    ]  # fmt: skip


def _cool_cells(generations: int) -> list[Cell]:
    return [
        Cell(
            COOL, f"temperature {tau:g}", GaussianChain(1, 0, temperature=tau),
            Workflow.accumulate_subsample(N), generations, ("trace_ratio",), _SHOWN, _COOL_RUNS,
        )
        for tau in TEMPERATURES
    ]  # fmt: skip


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, "cells": [cell.settings() for cell in cells()]}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation."""
    return measure(cells(), seed=SEED, quick=quick)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every line with its points; those of the Gaussian go on to LONG generations."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    return lines([*_growth_cells(), *_spread_cells(LONG), *_cool_cells(LONG)], points)


def growth(series: Series) -> tuple[float, float]:
    """Measured power of t between EARLY and LATE, and its standard error."""
    first, last = series.points
    power = math.log(last.simulation / first.simulation) / math.log(LATE / EARLY)
    errors = [(p.std_error or 0) / p.simulation for p in (first, last)]
    return power, math.hypot(*errors) / math.log(LATE / EARLY)


def caption(series: Sequence[Series]) -> str:
    """What lines, tints and points are, and how many runs are behind them."""
    exact = [*panel(series, SPREAD), *panel(series, COOL)]
    return (
        f"A fit takes m rows, drawn without replacement from all batches so far; a batch has m "
        f"rows. a: linear regression on d features, new rows each generation: given the designs "
        f"the error is bounded iff m ≥ 2d + 1, proved; below, it grows like t^(c − 1), c = "
        f"(m − 2)(d + 2)/((m + 2)(m − d − 1)), grey lines; with d + 1 rows or fewer it has no "
        f"mean. Circles: the cells of b. b: the power of t by which the median error grows from "
        f"t = {EARLY} to {LATE} ({captions.runs(panel(series, GROWTH))}); dashed: max(0, c − 1), "
        f"its limit as t → ∞, to which what is bounded comes from above. c: expected variance of "
        f"a Gaussian, d = 1: with the unbiased covariance (ddof 1, dashed) it grows like t^(1/m) "
        f"for ever, by maximum likelihood (solid) it levels off "
        f"({captions.runs(panel(series, SPREAD))}). d: sampled at a temperature τ below one, "
        f"m = {N}, maximum likelihood, the variance falls like t^−(1 − τ) "
        f"({captions.runs(panel(series, COOL))}). Bars of {style.BARS:g} standard errors. In c and "
        f"d lines are exact. {captions.agreement(exact)}"
    )


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: the map and its growth, the two other ways to lose."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 2, figsize=(style.WIDTH, 6.0))
    _draw_map(axes[0, 0])
    _draw_growth(axes[0, 1], panel(series, GROWTH))
    ends = [
        _draw_spread(axes[1, 0], panel(series, SPREAD)),
        _draw_cool(axes[1, 1], panel(series, COOL)),
    ]
    for place in axes[1]:
        place.set(xscale="log", xlim=(0.9, 1.2 * LONG), xlabel="generation t (log scale)")
        style.plain_ticks(place.xaxis, (1, 10, 100, 1000, 10000))
        place.grid(axis="y")
    _explain(figure)
    style.settle(figure)
    for place, labels in zip(axes[1], ends, strict=True):
        style.end_labels(place, labels, at=LONG)
    return figure


def _explain(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=style.INK),
        Line2D([], [], color=style.INK, linestyle="--", linewidth=1.0),
        Line2D([], [], color=style.INK, marker="o", linestyle=""),
    ]
    names = ["exact", "b: as t → ∞; c: exact, unbiased"]
    names.append(f"Monte Carlo ± {style.BARS:g} standard errors")
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))


def _draw_map(axes: Axes) -> None:
    """Cells of whole d and m, tinted by the power of t."""
    from matplotlib.colors import to_rgb

    d, m = np.meshgrid(np.arange(1, _MOST_DIM + 1), np.arange(1, _MOST_ROWS + 1))
    power = np.array(
        [[subsample_growth(int(x), int(y)) - 1 for x, y in zip(*row, strict=True)]
         for row in zip(d, m, strict=True)]
    )  # fmt: skip
    risk, safe = 1 - np.array(to_rgb(_RISK)), 1 - np.array(to_rgb(style.COLOURS[_OWN]))
    grown = (0.12 + 0.25 * power.clip(0, 2))[..., None]
    picture = np.where((power > 0)[..., None], 1 - grown * risk, 1 - 0.22 * safe)
    picture[np.isinf(power)] = 1 - 0.85 * (1 - np.array(to_rgb(style.GREY)))
    axes.imshow(
        picture, origin="lower", aspect="auto", zorder=0,
        extent=(0.5, _MOST_DIM + 0.5, 0.5, _MOST_ROWS + 0.5),
    )  # fmt: skip
    finite = np.where(np.isinf(power), np.nan, power)
    axes.contour(d, m, finite, levels=(0.25, 1), colors=style.GREY, linewidths=0.6)
    for text, y in ((r"$t^{1/4}$", 29.6), ("t", 24.7)):
        axes.annotate(
            text, (_MOST_DIM + 0.7, y), va="center", fontsize=style.SMALL, annotation_clip=False
        )  # fmt: skip
    steps = np.arange(1, _MOST_DIM + 2) - 0.5
    border = np.append(2 * np.arange(1, _MOST_DIM + 1), 2 * _MOST_DIM) + 0.5
    axes.step(steps, border, where="post", color=style.INK, linewidth=1)
    for dim, budgets in BUDGETS.items():
        own = [m for m in budgets if m <= _MOST_ROWS]
        axes.plot([dim] * len(own), own, "o", color=style.INK, markersize=2.6, zorder=3)
    for text, x, y, colour in (
        ("bounded: m ≥ 2d + 1", 5.2, 36, style.INK), ("diverges", 14.4, 19.6, style.INK),
        ("no mean", 12.5, 5.5, "white"),
    ):  # fmt: skip
        axes.annotate(text, (x, y), ha="center", va="center", color=colour)
    axes.set(
        title="a  regression, new rows: fate by m and d", xlabel="features d",
        ylabel="rows m of a fit", xlim=(0.5, _MOST_DIM + 0.5), ylim=(0.5, _MOST_ROWS + 0.5),
    )  # fmt: skip
    style.plain_ticks(axes.xaxis, (1, 4, 8, 12, 16))
    style.plain_ticks(axes.yaxis, (1, 10, 20, 30, 40))


def _draw_growth(axes: Axes, series: Sequence[Series]) -> None:
    """Measured power against m / d, and its limit."""
    axes.set(
        title=f"b  measured growth, t = {EARLY} to {LATE}", xlim=(1.2, 6.2), ylim=(-0.1, 2.2),
        xlabel="rows a feature, m / d", ylabel="power of t",
    )  # fmt: skip
    style.plain_ticks(axes.xaxis, (2, 3, 4, 5, 6))
    style.plain_ticks(axes.yaxis, (0, 0.5, 1, 1.5, 2))
    axes.grid(axis="y")
    axes.plot([2, 2], [-0.1, 2.2], color=style.GREY, linewidth=0.9, zorder=1)
    axes.annotate("m = 2d", (2.05, 2.05), fontsize=style.SMALL)
    for (dim, budgets), colour, marker in zip(
        BUDGETS.items(), style.shades(_OWN, len(BUDGETS)), style.MARKERS, strict=False
    ):
        m = np.arange(dim + 2, 6 * dim + 1)
        axes.plot(m / dim, _powers(dim, m), "--", color=colour, linewidth=0.8, zorder=2)
        found = np.array([growth(s) for s in series if s.dim == dim])
        style.errorbars(
            axes, np.array(budgets) / dim, found[:, 0], found[:, 1], colour=colour, marker=marker,
            label=f"d = {dim}",
        )  # fmt: skip
    axes.legend(loc="upper right")


def _powers(dim: int, budgets: FloatArray | Any) -> FloatArray:
    return np.array([max(0.0, subsample_growth(dim, int(m)) - 1) for m in budgets])


def _draw_spread(axes: Axes, series: Sequence[Series]) -> style.Ends:
    axes.set(
        title="c  unbiased covariance", yscale="log", ylim=(0.12, 60),
        ylabel="E σₜ² / σ₀² (log scale)",
    )  # fmt: skip
    style.plain_ticks(axes.yaxis, (0.3, 1, 3, 10, 30))
    ends = []
    for ddof, line in ((0, "-"), (1, "--")):
        own = [s for s in series if s.label == f"ddof {ddof}"]
        for s, colour, marker in zip(
            own, style.shades(_OWN, len(own)), style.MARKERS, strict=False
        ):  # fmt: skip
            style.draw_line(
                axes, s, colour=colour, marker=marker, start=1, style=line, width=1.0
            )  # fmt: skip
            name = "unbiased" if ddof else "ML"
            ends.append((float(s.theory[LONG]), f"m = {s.n}, {name}", colour))
    return ends


def _draw_cool(axes: Axes, series: Sequence[Series]) -> style.Ends:
    axes.set(
        title=f"d  temperature τ, m = {N}", yscale="log", ylim=(0.0008, 1.8),
        ylabel="E σₜ² / σ₀² (log scale)",
    )  # fmt: skip
    style.plain_ticks(axes.yaxis, (0.001, 0.01, 0.1, 1))
    ends = []
    for s, tau, colour, marker in zip(
        series, TEMPERATURES, style.shades(_OWN, len(series)), style.MARKERS, strict=False
    ):
        style.draw_line(axes, s, colour=colour, marker=marker, start=1)
        fate = "bounded" if tau == 1 else f"slope −{1 - tau:g}"
        ends.append((float(s.theory[LONG]), f"τ = {tau:g}\n{fate}", colour))
    return ends
