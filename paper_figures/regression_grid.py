"""The published grid of linear regression: features by noise, three workflows, one design reused.

A page of small panels beside `regression_error`, which shows d = 3 of it, where it also shows that
the label noise only sets the unit: here are its three published values.

Source: the grid is that of 2410.16713; the lines are `theory.regression`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from paper_figures import captions, dataset, style
from paper_figures.grid import draw_grid
from paper_figures.measure import measure
from paper_figures.series import Cell, Point, Series, lines
from theory.curve import Kind
from theory.regression import RegressionChain
from theory.workflow import Workflow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "regression_grid"
TITLE = "Linear regression, the whole published grid: features, rows and noise"
SEED = 91260
DIMS = (1, 3, 10, 32, 100)
ROWS = (10, 32, 100, 316, 1000)
SQUARES = (0.1, 1.0, 10.0)  # sigma^2
GENERATIONS = 100
SHOWN = (1, 3, 10, 30, 100)
_RUNS, _MEDIAN_RUNS = 400, 60
_WIDE = 10  # features beyond which a run costs seconds and says as much as many of few
_WIDE_RUNS = 24
_WORKFLOWS = (Workflow.replace, Workflow.accumulate, Workflow.accumulate_subsample)
_FIELD = "excess_test_error"

ALT = (
    "Forty-five small panels: rows are 1, 3, 10, 32 and 100 features, columns replace, accumulate "
    "and accumulate-subsample for a noise of 0.1, 1 and 10. In all of them the excess test error, "
    "on a log scale, grows in proportion to t under replace and levels off under the others; it is "
    "lower for more rows, from 10 to 1,000, and proportional to the noise. Monte Carlo points lie "
    "on the exact lines of replace and accumulate; medians of accumulate-subsample come to its "
    "leading order as the rows grow."
)


def cells() -> list[Cell]:
    """The simulations behind the points, of unit noise: the others are the same runs."""
    return [
        Cell(
            f"d = {dim}", flow.kind.value, RegressionChain(dim, design="reused"), flow,
            GENERATIONS, (_FIELD,), SHOWN,
            _WIDE_RUNS if dim > _WIDE else _MEDIAN_RUNS if drawn else _RUNS,
            "rows" if drawn else "rao-blackwell", (0.5,) if drawn else (),
        )
        for dim in DIMS
        for make in _WORKFLOWS
        for n in ROWS
        if n >= dim + 2
        for flow in (make(n),)
        for drawn in (flow.budget is not None,)
    ]  # fmt: skip


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, "cells": [cell.settings() for cell in cells()]}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation."""
    return measure(cells(), seed=SEED, quick=quick)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every line of unit noise with its points; None reads the committed ones."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    return lines(cells(), points)


def caption(series: Sequence[Series]) -> str:
    """What lines and points are, and how many runs are behind them."""
    exact = [s for s in series if s.theory.kind is Kind.EXACT]
    wide = [s for s in series if (s.dim or 0) > _WIDE]
    means = [s for s in exact if s not in wide]
    medians = [s for s in series if s not in wide and s not in exact]
    return (
        f"Least squares on d Gaussian features and n rows of one design, refitted {GENERATIONS} "
        f"times to labels of its own with noise σ: test error minus σ². The three groups of "
        f"columns are σ² = 0.1, 1 and 10, the same runs in other units, as the error is "
        f"proportional to σ². Shades and markers are n, light to dark "
        f"{ROWS[0]} to {ROWS[-1]:,}, where n ≥ d + 2. Solid lines: exact expectations; dotted: "
        f"π²/6 of one fit, the limit of accumulate. Points: Monte Carlo with bars of "
        f"{style.BARS:g} standard errors ({captions.runs(means)}; {captions.runs(wide)} for "
        f"d > {_WIDE}); of accumulate-subsample, whose mean is infinite, medians with their "
        f"leading order (π²/2 − 2 of one fit in the end), dashed ({captions.runs(medians)}). "
        f"{captions.agreement(exact)}"
    )


def draw(series: Sequence[Series]) -> Figure:
    """The figure: a row a number of features, a group of three columns a noise."""
    kinds = [make(1).kind for make in _WORKFLOWS]
    columns = [
        [[s for s in series if s.kind is kind and s.dim == dim] for _ in SQUARES for kind in kinds]
        for dim in DIMS
    ]
    short = ("replace", "accumulate", "subsample")
    titles = [f"{name}\nσ² = {square:g}" for square in SQUARES for name in short]
    scales = [square for square in SQUARES for _ in kinds]
    figure, axes = draw_grid(
        columns, titles, [f"d = {dim}" for dim in DIMS], scales,
        quantity="excess test error (squared labels, log scale)", rows=ROWS, dashed="leading order",
    )  # fmt: skip
    for row in axes:
        for i, place in enumerate(row):
            place.set(yscale="log", ylim=(0.00005, 900))
            style.plain_ticks(place.yaxis, (0.001, 0.1, 10))
            place.minorticks_off()
            place.tick_params(labelleft=i == 0)
    return figure
