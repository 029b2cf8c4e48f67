"""Linear regression refitted to labels of its own: three workflows, two designs, one threshold.

Top, the published setting: every generation fits the same rows x, error on a log scale. Middle,
new rows x each generation, in units of one fit to real data, where the batch sizes come together.
Below, what becomes of a subsample of m rows: bounded iff m >= 2d + 1 where rows are new, and
without a mean where they are the same, because a draw can hold d + 1 different rows or fewer.

The label noise only sets the unit: without a penalty every error is sigma^2 times that of unit
noise, run by run. So the published rows of sigma^2 = 0.1, 1, 10 would be one panel three times.

Source: the setting is that of 2410.16713, with its n and one of its d; the lines are
`theory.regression`, the threshold is docs/subsample_threshold.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import captions, dataset, style
from paper_figures.measure import measure
from paper_figures.regression_cells import (
    ACROSS,
    ACROSS_DIMS,
    DIM,
    FEW,
    GENERATIONS,
    GROWING,
    LONG,
    NEW,
    ONE_FIT,
    ROWS,
    SAME,
    TAIL,
    TAIL_ROWS,
    THRESHOLD,
    THRESHOLD_DIMS,
    THRESHOLD_ROWS,
    cells,
    every_line,
)
from paper_figures.series import Point, Series, panel
from theory.curve import Kind
from theory.inflation import inflation
from theory.regression import RegressionChain, infinite_mean_from, subsample_growth
from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "regression_error"
TITLE = "Linear regression: replace drifts, accumulate does not, a subsample needs 2d + 1 rows"
SEED = 40260

ALT = (
    "Nine panels. Excess test error of linear regression in three dimensions with the same rows "
    "each generation, for n from 10 to 1,000: under replace it grows in proportion to t, under "
    "accumulate it levels off at 1.645 times the first, under accumulate-subsample its median "
    "levels off later while the mean is infinite from a marked generation on. With new rows, in "
    "units of one fit: replace is t for every n and logarithmic if its sets grow, accumulate stays "
    "below 1.645, accumulate-subsample comes to 2.935 from above as n grows. Then, for subsamples "
    "of 32 rows: the error levels off in 10 dimensions and grows like a power of t in 20; after "
    "100 generations it explodes where (d + 1) / n passes one half; and with the same rows its "
    "upper quantiles run away from those with new rows. Monte Carlo points lie on the exact lines."
)

_KINDS = (WorkflowKind.REPLACE, WorkflowKind.ACCUMULATE, WorkflowKind.ACCUMULATE_SUBSAMPLE)
_DRAWN = WorkflowKind.ACCUMULATE_SUBSAMPLE
_SHORT = ("replace", "accumulate", "subsample")
_OWN = style.COLOURS[_DRAWN]


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, "cells": [cell.settings() for cell in cells()]}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation."""
    return measure(cells(), seed=SEED, quick=quick)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every line of the figure with its points; None reads the committed ones."""
    return every_line(dataset.read(NAME, settings()).points if points is None else points)


def caption(series: Sequence[Series]) -> str:
    """What lines, points and bars are, and how many runs are behind them."""
    exact = [s for s in series if s.theory.kind is Kind.EXACT and s.points]
    growth = subsample_growth(THRESHOLD_DIMS[-1], THRESHOLD_ROWS) - 1
    subsample = Workflow.accumulate_subsample(ROWS[0])
    infinite = infinite_mean_from(RegressionChain(DIM), subsample)
    return (
        f"Least squares on d Gaussian features, refitted {GENERATIONS} times to labels that the "
        f"last fits wrote with noise σ; the error is test error minus σ², and σ² is its unit "
        f"(σ² = 0.1, 1 and 10 give one picture). Solid lines: exact expectations. Dashed lines: "
        f"leading order as d/n → 0, asymptotic. Points: Monte Carlo with bars of {style.BARS:g} "
        f"standard errors; for whole batches label noise is averaged exactly and only designs are "
        f"drawn. a to c: d = {DIM}, the same rows every generation, as published; "
        f"{captions.runs(_measured(series, SAME, drawn=False))} in a and b. c shows medians "
        f"({_by_size(series, SAME)}): from × on, t ≥ n/(d + 1), the mean is infinite, because a "
        f"draw can hold only d + 1 different rows. d to f: d = {DIM}, new rows every generation, "
        f"means in units of one fit to n real rows, σ² d/(n − d − 1); "
        f"{captions.runs(_measured(series, NEW, drawn=False))} in d and e; in f "
        f"{_by_size(series, NEW)}. d: under replace the error is t for every n, and grows like "
        f"ln t if generation t fits n t rows. e: π²/6, the limit with the same rows, bounds that "
        f"with new ones. f: at t = {GENERATIONS} the error of n = {ROWS[0]} is "
        f"{_above_leading_order(series):.0f} % above the leading order. g: n = {THRESHOLD_ROWS}, "
        f"new rows ({captions.runs(panel(series, THRESHOLD))}): given the designs, bounded iff "
        f"n ≥ 2d + 1; for d = {THRESHOLD_DIMS[-1]} theory gives the power t^{growth:.2f} of the "
        f"grey line, not its height. h: the error at t = {GENERATIONS} against (d + 1)/n, new rows "
        f"({_by_kind(series)}): accumulate depends on nothing else; a subsample diverges beyond "
        f"1/2, which no cell of the published grid reaches. i: quantiles of the runs, d = {DIM}, "
        f"n = {TAIL_ROWS} ({captions.runs(panel(series, TAIL))} a design): the same rows have a "
        f"tail that new ones show much less. A subsample has n rows, drawn without replacement; "
        f"with new rows its average here is one of typical designs, for over all designs the mean "
        f"is infinite, at n = {ROWS[0]} from t = {infinite} on. "
        f"{captions.agreement(exact)}"
    )


def _measured(series: Sequence[Series], name: str, *, drawn: bool) -> list[Series]:
    """The lines of a panel with points that do, or do not, subsample."""
    return [s for s in panel(series, name) if s.points and (s.kind is _DRAWN) is drawn]


def _by_size(series: Sequence[Series], name: str) -> str:
    """Runs of the subsamples, of few rows and of more."""
    own = _measured(series, name, drawn=True)
    few = captions.runs([s for s in own if (s.n or 0) <= FEW])
    return f"{few} up to n = {FEW}, {captions.runs([s for s in own if (s.n or 0) > FEW])} above"


def _by_kind(series: Sequence[Series]) -> str:
    drawn = _measured(series, ACROSS, drawn=True)
    said = [f"{captions.runs([s for s in drawn if s.n == n])} at n = {n}" for n in ACROSS_DIMS]
    kept = captions.runs(_measured(series, ACROSS, drawn=False))
    return f"{kept} of accumulate; of a subsample {', '.join(said)}"


def _above_leading_order(series: Sequence[Series]) -> float:
    """Per cent by which the subsample of fewest new rows exceeds its dashed line at the end."""
    worst = min(_measured(series, NEW, drawn=True), key=lambda s: s.n or 0)
    last = worst.points[-1]
    return 100 * float(last.simulation / worst.theory[last.generation] - 1)


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure, three columns: workflows above, the fate of a subsample below."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 3, figsize=(style.WIDTH, 7.4))
    same, new = (
        [[s for s in panel(series, name) if s.kind is kind] for kind in _KINDS]
        for name in (SAME, NEW)
    )
    ends = [
        *(_draw_same(place, own) for place, own in zip(axes[0], same, strict=True)),
        _draw_replace(axes[1, 0], new[0]),
        _draw_accumulate(axes[1, 1], new[1]),
        _draw_subsample(axes[1, 2], new[2]),
        _draw_threshold(axes[2, 0], panel(series, THRESHOLD)),
        _draw_across(axes[2, 1], panel(series, ACROSS)),
        _draw_tails(axes[2, 2], panel(series, TAIL)),
    ]
    titles = [f"{name}, {rows}" for rows in (SAME, NEW) for name in _SHORT]
    titles += [f"subsample, new rows, n = {THRESHOLD_ROWS}", f"new rows, t = {GENERATIONS}"]
    titles += [f"subsample, n = {TAIL_ROWS}: quantiles"]
    for letter, place, title in zip("abcdefghi", axes.flat, titles, strict=True):
        place.set_title(f"{letter}  {title}")
    axes[0, 0].set_ylabel(f"excess test error, d = {DIM}\n(units of σ², log scale)")
    axes[1, 0].set_ylabel(f"error in units of one fit, d = {DIM}\n(log scale)")
    axes[2, 0].set_ylabel("error in units of one fit\n(log scale)")
    for place in axes[2]:
        place.set(yscale="log", ylim=(0.5, 400))
        style.plain_ticks(place.yaxis, (1, 10, 100))
        place.grid(axis="y")
    for place in (*axes[0, 1:], *axes[2, 1:]):
        place.tick_params(labelleft=False)
    style.explain_marks(figure, dashed="leading order as d/n → 0")
    style.settle(figure)
    at = [GENERATIONS] * 6 + [LONG, 0, GENERATIONS]
    for place, labels, last in zip(axes.flat, ends, at, strict=True):
        style.end_labels(place, labels, at=last)
    return figure


def _draw_same(axes: Axes, series: Sequence[Series]) -> style.Ends:
    """The error by n; a cross where the mean becomes infinite."""
    axes.set(yscale="log", ylim=(0.0015, 120))
    style.plain_ticks(axes.yaxis, (0.01, 0.1, 1, 10, 100))
    ends = _draw_by_rows(axes, [s for s in series if s.points])
    lost = {s.n: np.flatnonzero(np.isinf(s.theory.values)) for s in series if not s.points}
    for s in series:
        if s.points and len(lost.get(s.n, ())):
            t = lost[s.n][0]
            axes.plot(t, s.theory[t], "x", color=style.INK, markeredgewidth=1.1, zorder=4,
                      markersize=5)  # fmt: skip
    if lost:
        text = "medians;\n× the mean is infinite from here on"
        axes.annotate(text, (1, 90), fontsize=style.SMALL, va="top")
    return ends


def _draw_by_rows(axes: Axes, series: Sequence[Series], *, colour: str | None = None) -> style.Ends:
    """A shade and a marker for every n, which stands beside the end of its line.

    `colour` is that of a line which all n share.
    """
    axes.set(xscale="log", xlim=(0.9, 1.15 * GENERATIONS))
    style.plain_ticks(axes.xaxis, (1, 3, 10, 30, 100))
    axes.grid(axis="y")
    ends = []
    colours = style.shades(series[0].kind, len(series))
    for s, shade, marker in zip(series, colours, style.MARKERS, strict=False):
        exact = s.theory.kind is Kind.EXACT
        style.draw_points(axes, s, colour=shade, marker=marker)
        if colour is None or s is series[0]:
            _draw_theory(axes, s, colour or shade)
        if exact and s.theory.limit is not None and np.isfinite(s.theory.limit):
            style.reference(axes, s.theory.limit, colour=shade)
        end = s.theory[GENERATIONS] if exact else s.points[-1].simulation
        ends.append((float(end), f"n = {style.plain(s.n or 0)}", shade))
    return ends


def _draw_theory(axes: Axes, series: Series, colour: str) -> None:
    """The line alone: solid where it is exact, thin and dashed where it is asymptotic."""
    line, width = ("-", 1.2) if series.theory.kind is Kind.EXACT else ("--", 0.7)
    t = np.arange(1, len(series.theory.values))
    axes.plot(t, series.theory.values[1:], line, color=colour, linewidth=width, zorder=2)


def _draw_replace(axes: Axes, series: Sequence[Series]) -> style.Ends:
    """t whatever n is; with sets as large as those of accumulate, like ln t."""
    axes.set(yscale="log", ylim=(0.75, 180), xlabel="generation t (log scale)")
    style.plain_ticks(axes.yaxis, (1, 3, 10, 30, 100))
    fixed = _draw_by_rows(axes, [s for s in series if s.label != GROWING])
    ends = _draw_by_rows(axes, [s for s in series if s.label == GROWING])
    axes.annotate("n rows\na batch", (10, 14), fontsize=style.SMALL, ha="right")
    axes.annotate("n t rows at t", (100, 1.25), fontsize=style.SMALL, ha="right")
    return [*ends, (fixed[0][0], "every n", fixed[0][2])]


def _draw_accumulate(axes: Axes, series: Sequence[Series]) -> style.Ends:
    axes.set(
        ylim=(0.96, 1.72), xlabel="generation t (log scale)",
        ylabel="units of one fit (linear scale)",
    )  # fmt: skip
    style.plain_ticks(axes.yaxis, (1, 1.2, 1.4, 1.6))
    style.reference(axes, np.pi**2 / 6)
    axes.annotate("π²/6", (1, np.pi**2 / 6 + 0.015), fontsize=style.SMALL)
    return _draw_by_rows(axes, series)


def _draw_subsample(axes: Axes, series: Sequence[Series]) -> style.Ends:
    axes.set(
        ylim=(0.8, 4.2), xlabel="generation t (log scale)",
        ylabel="units of one fit (linear scale)",
    )  # fmt: skip
    style.plain_ticks(axes.yaxis, (1, 2, 3, 4))
    style.reference(axes, np.pi**2 / 2 - 2)
    axes.annotate("π²/2 − 2", (1, np.pi**2 / 2 - 2.28), fontsize=style.SMALL)
    return _draw_by_rows(axes, series, colour=_OWN)


def _draw_threshold(axes: Axes, series: Sequence[Series]) -> style.Ends:
    """Features on both sides of n = 2d + 1, with the power of t that theory gives beyond."""
    axes.set(
        xscale="log", xlim=(0.9, 1.2 * LONG), xlabel="generation t (log scale)",
    )  # fmt: skip
    style.plain_ticks(axes.xaxis, (1, 10, 100, 1000))
    ends = []
    _draw_theory(axes, series[0], _OWN)
    for s, colour, marker in zip(
        series, style.shades(_DRAWN, len(series)), style.MARKERS, strict=False
    ):
        style.draw_points(axes, s, colour=colour, marker=marker)
        power, end = subsample_growth(s.dim or 0, THRESHOLD_ROWS) - 1, s.points[-1].simulation
        if power > 0:
            t = np.array([20, LONG])
            axes.plot(t, end * (t / LONG) ** power, color=style.GREY, linewidth=0.9, zorder=1)
        fate = f"slope {power:.2f}" if power > 0 else "bounded"
        ends.append((end, f"d = {s.dim}\n{fate}", colour))
    return ends


def _draw_across(axes: Axes, series: Sequence[Series]) -> style.Ends:
    """The last generation against (d + 1)/n: on one curve, or beyond a threshold."""
    axes.set(xlim=(0, 0.78), xlabel="(d + 1) / n")
    style.plain_ticks(axes.xaxis, (0, 0.25, 0.5, 0.75))
    axes.plot([0.5, 0.5], [0.95, 400], color=style.GREY, linewidth=0.9, zorder=1)
    leading = inflation(Workflow.accumulate_subsample(10), GENERATIONS)[GENERATIONS]
    axes.axhline(leading, color=_OWN, linestyle="--", linewidth=0.7, zorder=1)
    kept = [s for s in series if s.kind is WorkflowKind.ACCUMULATE]
    line = sorted((_share(s), float(s.theory[GENERATIONS])) for s in kept)
    axes.plot(*np.array(line).T, color=style.COLOURS[WorkflowKind.ACCUMULATE], zorder=2)
    for kind in _KINDS[1:]:
        shades = style.shades(kind, len(ROWS))
        for n, colour, marker in zip(ACROSS_DIMS, shades, style.MARKERS, strict=False):
            own = [(s, s.points[0]) for s in series if s.kind is kind and s.n == n and s.points]
            style.errorbars(
                axes, [_share(s) for s, _ in own], [p.simulation for _, p in own],
                [p.std_error or 0 for _, p in own], colour=colour, marker=marker,
            )  # fmt: skip
            if kind is _DRAWN:
                axes.plot([], [], marker, color=colour, label=f"n = {n}")
    axes.legend(
        loc="lower left", ncols=3, handletextpad=0, columnspacing=0.6, borderaxespad=0,
        fontsize=style.SMALL,
    )  # fmt: skip
    for text, x, where in (("bounded", 0.475, "right"), ("diverges", 0.525, "left")):
        axes.annotate(text, (x, 220), fontsize=style.SMALL, ha=where)
    axes.annotate("subsample", (0.06, 4.4), fontsize=style.SMALL)
    axes.annotate("accumulate", (0.06, 1.95), fontsize=style.SMALL)
    return []


def _share(series: Series) -> float:
    """(d + 1) / n."""
    return ((series.dim or 0) + 1) / (series.n or 1)


def _draw_tails(axes: Axes, series: Sequence[Series]) -> style.Ends:
    """Quantiles of the runs, by design."""
    axes.set(xscale="log", xlim=(0.9, 1.15 * GENERATIONS), xlabel="generation t (log scale)")
    style.plain_ticks(axes.xaxis, (1, 3, 10, 30, 100))
    light, dark = style.shades(_DRAWN, 2)
    ends = []
    for s in series:
        same = s.label.endswith(SAME)
        colour, marker = (dark, "o") if same else (light, "s")
        style.draw_points(axes, s, colour=colour, marker=marker)
        if same:
            _draw_theory(axes, s, _OWN)
            percent = 100 * float(s.quantity.removesuffix(ONE_FIT).split()[-1])
            ends.append((s.points[-1].simulation, f"{percent:g} %", colour))
    handles = {s.label: (dark, "o") if s.label.endswith(SAME) else (light, "s") for s in series}
    for label, (colour, marker) in handles.items():
        axes.plot([], [], marker, color=colour, label=label.split(", ")[-1])
    axes.legend(loc="lower right", handletextpad=0.2, borderaxespad=0.1, fontsize=style.SMALL)
    return ends
