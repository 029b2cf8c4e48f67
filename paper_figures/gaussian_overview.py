"""The Gaussian chain at the published setting: what is fitted, how far it is from the truth.

Top, d = 1 and n = 100: the densities that six runs fit under replace and under accumulate, each
scaled to the same height, because a collapsed one would tower over the others; and the expected
variance beside the expected standard deviation, which are two curves. Below, d = 10: squared mean
error and trace ratio under three workflows. Maximum likelihood (ddof 0), the published choice.

Source: the setting is that of 2410.16713, with its n and d; the lines are `theory.gaussian`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from paper_figures import captions, dataset, style
from paper_figures.measure import measure
from paper_figures.series import Cell, Point, Series, lines, panel
from theory.curve import Curve, Kind
from theory.gaussian import GaussianChain
from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "gaussian_overview"
TITLE = "Gaussian chain: replace loses the truth, accumulate keeps it"
SEED = 20260
GENERATIONS = 100
N = 100  # rows a batch where d = 1
DIM = 10
ROWS = (10, 32, 100, 316, 1000)
SHOWN = (1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 70, 100)
DRAWN = (1, 10, 25, 50, 100)  # generations whose densities are drawn

ALT = (
    "Nine panels. Fitted densities of a one-dimensional Gaussian chain with 100 rows a batch "
    "narrow and wander under replace and stay with the truth under accumulate; expected variance "
    "and standard deviation fall under replace and stay near 1 under accumulate. Then, in ten "
    "dimensions for n from 10 to 1,000, squared mean error on a log scale and trace ratio "
    "against generation: under replace the error rises to 1 and the trace falls to 0, "
    "under accumulate both level off, under accumulate-subsample they level off later. Monte "
    "Carlo points lie on the exact lines."
)

_WORKFLOWS = (Workflow.replace, Workflow.accumulate, Workflow.accumulate_subsample)
_FITTED = ("fitted_mean", "fitted_variance")
_RUNS = tuple(f"run {i}" for i in range(1, 7))
_HEIGHT = 0.8  # rows that a density stands high
_VARIANCE_RUNS = 400_000
# A whole batch costs its statistics, a subsample its rows.
_RUNS_OF = {
    WorkflowKind.REPLACE: 20_000,
    WorkflowKind.ACCUMULATE: 20_000,
    WorkflowKind.ACCUMULATE_SUBSAMPLE: 4_000,
}


def cells() -> list[Cell]:
    """The simulations behind the points."""
    variance = [
        Cell(
            "variance", make(N).kind.value, GaussianChain(1, 0), make(N), GENERATIONS,
            ("trace_ratio", "spread_ratio"), SHOWN, _VARIANCE_RUNS,
        )
        for make in _WORKFLOWS[:2]
    ]  # fmt: skip
    return variance + [
        Cell(
            "d=10", make(n).kind.value, GaussianChain(DIM, 0), make(n), GENERATIONS,
            ("mean_error", "trace_ratio"), SHOWN, _RUNS_OF[make(n).kind],
        )
        for make in _WORKFLOWS
        for n in ROWS
    ]  # fmt: skip


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    runs = {"runs": len(_RUNS), "n": N, "dim": 1, "ddof": 0, "at": list(DRAWN)}
    return {"seed": SEED, "densities": runs, "cells": [cell.settings() for cell in cells()]}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation."""
    return [*_single_runs(), *measure(cells(), seed=SEED, quick=quick)]


def one_run(
    workflow: Workflow, generations: int, stream: np.random.Generator
) -> list[tuple[float, float]]:
    """Fitted (mean, variance) of generations 1, 2, ... of one chain, d = 1, row by row.

    The simulation engine reports errors, which have no sign; a density needs the mean itself.
    """
    batches = [stream.standard_normal(workflow.batch_rows(0))]
    fitted = []
    for t in range(1, generations + 1):
        chosen = workflow.draw(t, stream)
        rows = np.array([batches[batch][row] for batch, row in chosen])
        fitted.append((float(rows.mean()), float(rows.var())))
        batches.append(stream.normal(rows.mean(), rows.std(), workflow.batch_rows(t)))
    return fitted


def _single_runs() -> list[Point]:
    points = []
    for i, make in enumerate(_WORKFLOWS[:2]):
        workflow = make(N)
        for j, run in enumerate(_RUNS):
            sequence = np.random.SeedSequence(SEED, spawn_key=(i, j))
            stream = np.random.Generator(np.random.SFC64(sequence))
            fitted = one_run(workflow, GENERATIONS, stream)
            points += [
                Point(run, quantity, workflow.kind.value, 1, N, t, value, None, 1)
                for t in DRAWN
                for quantity, value in zip(_FITTED, fitted[t - 1], strict=True)
            ]
    return points


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every line of the figure with its points; None reads the committed ones."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    return [*_densities(points), *lines(cells(), points)]


def _densities(points: Sequence[Point]) -> list[Series]:
    """Fitted mean and variance of the single runs, beside their expectations."""
    found = []
    for cell in cells()[:2]:
        zero = Curve(np.zeros(GENERATIONS + 1), Kind.EXACT, "unbiased in every generation")
        for run in _RUNS:
            for quantity, curve in zip(_FITTED, (zero, cell.theory("trace_ratio")), strict=True):
                own = tuple(p for p in points if p.key == (run, quantity, cell.label, 1, N))
                kind = cell.workflow.kind
                found.append(Series(run, quantity, cell.label, kind, 1, N, curve, own))
    return found


def caption(series: Sequence[Series]) -> str:
    """What lines, points and bars are, and how many runs are behind them."""
    below = panel(series, "d=10")
    subsampled = [s for s in below if s.kind is WorkflowKind.ACCUMULATE_SUBSAMPLE]
    whole = [s for s in below if s.kind is not WorkflowKind.ACCUMULATE_SUBSAMPLE]
    return (
        f"Gaussian chain fitted by maximum likelihood (ddof 0) to a truth of unit covariance. "
        f"Lines: exact expectations. Points: Monte Carlo means, with bars of {style.BARS:g} "
        f"standard errors, most of them hidden by the marker. a, b: densities fitted by "
        f"{len(_RUNS)} runs, seed {SEED}, not picked, each scaled to the same height; the dark "
        f"line is one run to follow. c: expected standard deviation and expected variance of the "
        f"same chains are two curves; {captions.runs(panel(series, 'variance'))}. "
        f"d to f: squared mean error; g to i: total variance over that of the truth; "
        f"{captions.runs(whole)} in d, e, g and h, where "
        f"means and scatters of batches are drawn from their laws, and {captions.runs(subsampled)} "
        f"in f and i, where every row is drawn. Shades and markers are n, rows a batch; dotted "
        f"lines are limits, where a closed form is known. Where theory knows the standard "
        f"deviation of one run, the bar rests on it, because rare runs carry the mean of replace. "
        f"{captions.agreement(series)}"
    )


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure, three columns: workflows below, d = 1 on top."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 3, figsize=(style.WIDTH, 7.2))
    for place, make in zip(axes[0], _WORKFLOWS[:2], strict=False):
        _draw_densities(place, series, make(N).kind)
    ends = [(axes[0, 2], _draw_variance(axes[0, 2], panel(series, "variance")))]
    for column, make in enumerate(_WORKFLOWS):
        own = [s for s in panel(series, "d=10") if s.kind is make(N).kind]
        errors, traces = axes[1, column], axes[2, column]
        ends.append((errors, _draw_errors(errors, [s for s in own if s.quantity == "mean_error"])))
        ends.append((traces, _draw_traces(traces, [s for s in own if s.quantity == "trace_ratio"])))
    axes[0, 0].set_ylabel("generation t")
    axes[1, 0].set_ylabel("squared mean error\n(units of tr Σ₀, log scale)")
    axes[2, 0].set_ylabel("trace ratio, E tr Σₜ / tr Σ₀")
    for row in axes[1:]:
        for place in row[1:]:
            place.tick_params(labelleft=False)
    names = [make(N).kind.value for make in _WORKFLOWS]
    titles = [f"{name}: fits, d = 1, n = {N}" for name in names[:2]]
    titles += ["E σₜ / σ₀ and E σₜ² / σ₀²", *[f"{name}, d = {DIM}" for name in names] * 2]
    for letter, place, title in zip("abcdefghi", axes.flat, titles, strict=True):
        place.set_title(f"{letter}  {title}")
    style.explain_marks(figure)
    style.settle(figure)
    for place, labels in ends:
        style.end_labels(place, labels, at=GENERATIONS)
    return figure


def _draw_densities(axes: Axes, series: Sequence[Series], kind: WorkflowKind) -> None:
    """A row a generation, the first on top; every run is a line, the truth is dashed."""
    x = np.linspace(-4, 4, 321)
    light, _, dark = style.shades(kind, 3)
    for level, t in enumerate(reversed(DRAWN)):
        axes.plot(x, level + _HEIGHT * _bell(x, 0, 1), color=style.INK, linestyle="--",
                  linewidth=0.9, zorder=4)  # fmt: skip
        for run, (mean, variance) in enumerate(_fitted(series, kind, t)):
            axes.plot(x, level + _HEIGHT * _bell(x, mean, variance), linewidth=1.0,
                      color=light if run else dark, zorder=2 if run else 3)  # fmt: skip
    axes.set(xlabel="x (units of σ₀; dashed: the truth)", ylim=(-0.1, len(DRAWN) - 0.05))
    style.plain_ticks(axes.xaxis, (-4, -2, 0, 2, 4))
    axes.set_yticks(range(len(DRAWN)), [str(t) for t in reversed(DRAWN)])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _fitted(series: Sequence[Series], kind: WorkflowKind, t: int) -> list[tuple[float, float]]:
    """(mean, variance) of every run at generation t."""
    found = []
    for run in _RUNS:
        own = [s for s in panel(series, run) if s.kind is kind]
        value = {s.quantity: p.simulation for s in own for p in s.points if p.generation == t}
        found.append((value["fitted_mean"], value["fitted_variance"]))
    return found


def _bell(x: npt.NDArray[np.float64], mean: float, variance: float) -> npt.NDArray[np.float64]:
    """A normal density, scaled to height 1."""
    found: npt.NDArray[np.float64] = np.exp(-((x - mean) ** 2) / (2 * variance))
    return found


def _draw_variance(axes: Axes, series: Sequence[Series]) -> style.Ends:
    """Expected variance (solid) and expected standard deviation (dashed) are two curves."""
    marks = {"trace_ratio": ("-", "o", "variance"), "spread_ratio": ("--", "s", "st. dev.")}
    ends = []
    for s in series:
        line, marker, name = marks[s.quantity]
        colour = style.COLOURS[s.kind]
        style.draw_line(axes, s, colour=colour, marker=marker, style=line, start=1)
        if s.quantity == "trace_ratio" and s.theory.limit is not None:
            style.reference(axes, s.theory.limit, colour=colour)
        ends.append((float(s.theory[GENERATIONS]), name, colour))
    for text, where in (("accumulate", (26, 1.03)), ("replace", (26, 0.62))):
        axes.annotate(text, where, ha="right", fontsize=style.SMALL)
    axes.set(ylim=(-0.08, 1.12), xlabel="generation t (log scale)")
    style.plain_ticks(axes.yaxis, (0, 0.25, 0.5, 0.75, 1))
    _over_generations(axes)
    return ends


def _draw_errors(axes: Axes, series: Sequence[Series]) -> style.Ends:
    axes.set(yscale="log", ylim=(0.0007, 1.6))
    style.plain_ticks(axes.yaxis, (0.001, 0.01, 0.1, 1))
    return _draw_by_rows(axes, series)


def _draw_traces(axes: Axes, series: Sequence[Series]) -> style.Ends:
    axes.set(xlabel="generation t (log scale)", ylim=(-0.08, 1.12))
    style.plain_ticks(axes.yaxis, (0, 0.25, 0.5, 0.75, 1))
    return _draw_by_rows(axes, series)


def _draw_by_rows(axes: Axes, series: Sequence[Series]) -> style.Ends:
    """A shade and a marker for every n, which stands beside the end of its line."""
    _over_generations(axes)
    colours = style.shades(series[0].kind, len(series))
    ends = []
    for s, colour, marker in zip(series, colours, style.MARKERS, strict=False):
        style.draw_line(axes, s, colour=colour, marker=marker, start=1)
        if s.theory.limit is not None:
            style.reference(axes, s.theory.limit, colour=colour)
        ends.append((float(s.theory[GENERATIONS]), f"n = {style.plain(s.n or 0)}", colour))
    return ends


def _over_generations(axes: Axes) -> None:
    axes.set(xscale="log", xlim=(0.9, 115))
    style.plain_ticks(axes.xaxis, (1, 3, 10, 30, 100))
    axes.grid(axis="y")
