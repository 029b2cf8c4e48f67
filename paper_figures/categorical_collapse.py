"""Categories counted and sampled again: what is left of a text's words, and how long it lasts.

Zipf's hundred words under six workflows, entropy and survivors by the exact law of one word's
count; and the time until one category is left under replace, which grows like n: its exact law
beside the diffusion limit.

Source: `theory.categorical`; loopbound theory, section 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import captions, dataset, style
from paper_figures.measure import measure
from paper_figures.series import Cell, Point, Series, lines, panel
from theory.categorical import diffusion_collapse_time, uniform, zipf
from theory.curve import Curve
from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "categorical_collapse"
TITLE = "Categories: replace forgets all but one, whoever keeps the real rows loses them only once"
SEED = 50260
WORDS = 100
N = 50  # rows a batch of the words
GENERATIONS = 50
SHOWN = (1, 2, 3, 5, 10, 20, 30, 50)
CURVES, TIME = "words", "time"
FIELDS = ("entropy", "survivors")
TRUTHS = {"2 categories": 2, "10 categories": 10}
TIME_ROWS = (4, 8, 16, 32, 64, 128)
TIME_MEASURED = (4, 8, 16, 32, 64)  # above, a run takes thousands of fits
LONG = 20  # n fits: after so many one in a million runs has more than one category left
DIFFUSION = "collapse_time, diffusion limit"
_RUNS = {CURVES: 20_000, TIME: 10_000}

ALT = (
    "Three panels. Entropy of a hundred words of Zipf's law, 50 rows a batch, over 50 generations: "
    "it falls towards zero under replace and, more slowly, with a window of two batches; it levels "
    "off under accumulate-subsample, accumulate and anchored, and rises to a level with fresh real "
    "rows. Survivors do the same, but stay as they were after the first fit under accumulate and "
    "anchored, and fall towards one under replace. Then the expected number of fits until one "
    "category is left against the rows a batch, both on log scales: exact for two and ten "
    "categories, it comes to the straight lines of the diffusion limit. Monte Carlo points lie on "
    "the exact lines."
)


def workflows() -> dict[str, Workflow]:
    """Those of the words, by label."""
    return {
        "replace": Workflow.replace(N),
        "window 2": Workflow.sliding_window(N, 2),
        "accumulate": Workflow.accumulate(N),
        "subsample": Workflow.accumulate_subsample(N),
        "anchored": Workflow.anchored(N, N),
        "fresh": Workflow.fresh(N, N),
    }


def cells() -> list[Cell]:
    """The simulations behind the points."""
    words = [
        Cell(CURVES, label, zipf(WORDS), flow, GENERATIONS, FIELDS, SHOWN, _RUNS[CURVES])
        for label, flow in workflows().items()
    ]
    return words + [_time(label, n, _RUNS[TIME]) for label in TRUTHS for n in TIME_MEASURED]


def _time(label: str, n: int, runs: int) -> Cell:
    chain, last = uniform(TRUTHS[label]), LONG * n
    return Cell(
        TIME, label, chain, Workflow.replace(n), last, ("collapse_time",), (last,), runs
    )  # fmt: skip


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, "cells": [cell.settings() for cell in cells()]}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation."""
    return measure(cells(), seed=SEED, quick=quick)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every exact line with its points, and the diffusion limit of the times."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    unmeasured = [_time(label, n, 0) for label in TRUTHS for n in TIME_ROWS[len(TIME_MEASURED) :]]
    found = lines([*cells(), *unmeasured], points)
    return found + [_diffusion(s) for s in panel(found, TIME)]


def _diffusion(series: Series) -> Series:
    """The time that the limit says for the same rows: a constant."""
    chain, flow = uniform(series.dim or 0), Workflow.replace(series.n or 0)
    time = diffusion_collapse_time(chain, flow)
    curve = Curve(np.full(2, time.mean), time.kind, time.source)
    return Series(TIME, DIFFUSION, series.label, series.kind, series.dim, series.n, curve)


def caption(series: Sequence[Series]) -> str:
    """What lines, points and bars are, and how many runs are behind them."""
    measured = {name: [s for s in panel(series, name) if s.points] for name in (CURVES, TIME)}
    return (
        f"Shares of categories are counted in n rows, sampled and counted again. a, b: {WORDS} "
        f"words of probabilities proportional to 1/rank, n = {N} rows a batch "
        f"({captions.runs(measured[CURVES])}); solid lines: exact expectations by the law of one "
        f"word's count; points: Monte Carlo with bars of {style.BARS:g} standard errors. Subsample "
        f"is accumulate-subsample, n rows without replacement; anchored keeps n real rows, fresh "
        f"draws n new ones a generation. Where the real rows stay words are lost at generation 1 "
        f"only. c: expected fits until one category is left, replace, categories of equal "
        f"probability ({captions.runs(measured[TIME])}); dashed: the diffusion limit "
        f"−2n Σ (1 − p) ln(1 − p), asymptotic as n → ∞, which the exact time is below by "
        f"{_gap(series, TIME_ROWS[0]):.0f} % at n = {TIME_ROWS[0]} and "
        f"{_gap(series, TIME_ROWS[-1]):.1f} % at n = {TIME_ROWS[-1]} for 10 categories. "
        f"{captions.agreement(series)}"
    )


def _gap(series: Sequence[Series], n: int) -> float:
    """Per cent by which the exact time is below the diffusion limit, 10 categories."""
    own = {s.quantity: s.theory for s in panel(series, TIME) if s.n == n and s.dim == 10}
    return 100 * float(1 - own["collapse_time"][-1] / own[DIFFUSION][-1])


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: entropy, survivors, and the time until one is left."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(style.WIDTH, 3.3))
    axes[0].set(title="a  entropy", ylim=(0, 4), ylabel="entropy of the model (nats)")
    axes[1].set(
        title="b  survivors", yscale="log", ylim=(1, 140), ylabel="categories left (log scale)"
    )
    style.plain_ticks(axes[1].yaxis, (1, 3, 10, 30, 100))
    ends = [
        _draw_words(place, panel(series, CURVES, field))
        for place, field in zip(axes[:2], FIELDS, strict=True)
    ]
    ends.append(_draw_times(axes[2], panel(series, TIME)))
    style.explain_marks(figure, dashed="diffusion limit")
    style.settle(figure)
    at = (GENERATIONS, GENERATIONS, TIME_ROWS[-1])
    for place, labels, last in zip(axes, ends, at, strict=True):
        style.end_labels(place, labels, at=last)
    return figure


def _draw_words(axes: Axes, series: Sequence[Series]) -> style.Ends:
    axes.set(xscale="log", xlim=(0.9, 1.15 * GENERATIONS), xlabel="generation t (log scale)")
    style.plain_ticks(axes.xaxis, (1, 3, 10, 30))
    axes.grid(axis="y")
    truth = float(series[0].theory[0])
    style.reference(axes, truth, colour=style.INK)
    axes.annotate(
        "the truth", (GENERATIONS, truth), (0, -2), textcoords="offset points", ha="right",
        va="top", fontsize=style.SMALL,
    )  # fmt: skip
    ends = []
    for s, marker in zip(series, style.MARKERS, strict=True):
        colour = style.COLOURS[s.kind]
        style.draw_line(axes, s, colour=colour, marker=marker, start=1)
        if s.theory.limit is not None:
            style.reference(axes, s.theory.limit, colour=colour)
        ends.append((float(s.theory[GENERATIONS]), s.label, colour))
    return ends


def _draw_times(axes: Axes, series: Sequence[Series]) -> style.Ends:
    """Against n: exact lines with points, the diffusion limit dashed."""
    axes.set(
        title="c  until one is left, replace", xscale="log", yscale="log", ylim=(3, 300),
        xlabel="rows a batch n (log scale)", ylabel="expected fits (log scale)",
    )  # fmt: skip
    style.plain_ticks(axes.xaxis, (4, 8, 16, 32, 64, 128))
    style.plain_ticks(axes.yaxis, (10, 100))
    axes.grid(axis="y")
    ends = []
    colours = style.shades(WorkflowKind.REPLACE, len(TRUTHS))
    for label, colour, marker in zip(TRUTHS, colours, style.MARKERS, strict=False):
        own = [s for s in series if s.label == label]
        exact, limit = (
            {s.n or 0: float(s.theory[-1]) for s in sorted(own, key=_rows) if s.quantity == name}
            for name in ("collapse_time", DIFFUSION)
        )
        axes.plot(list(exact), list(exact.values()), color=colour, zorder=2)
        axes.plot(list(limit), list(limit.values()), "--", color=colour, linewidth=0.7, zorder=2)
        seen = [(s.n or 0, p.simulation, p.std_error or 0.0) for s in own for p in s.points]
        n, mean, error = np.array(seen).T
        style.errorbars(axes, n, mean, error, colour=colour, marker=marker)
        ends.append((exact[TIME_ROWS[-1]], label, colour))
    return ends


def _rows(series: Series) -> int:
    return series.n or 0
