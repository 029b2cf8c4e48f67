"""The published grid of the Gaussian chain: five dimensions, three workflows, two errors.

A page of small panels beside `gaussian_overview`, which shows d = 10 of it.

Source: the grid is that of 2410.16713; the lines are `theory.gaussian`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from paper_figures import captions, dataset, style
from paper_figures.grid import draw_grid
from paper_figures.measure import measure
from paper_figures.series import Cell, Point, Series, lines
from theory.gaussian import GaussianChain
from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "gaussian_grid"
TITLE = "Gaussian chain, the whole published grid: the dimension changes nothing"
SEED = 90260
DIMS = (1, 3, 10, 31, 100)
ROWS = (10, 32, 100, 316, 1000)
FIELDS = ("mean_error", "trace_ratio")
GENERATIONS = 100
SHOWN = (1, 3, 10, 30, 100)
_RUNS = 400
_DRAWN_RUNS = 40  # runs whose rows are drawn one by one
_WIDE = 10  # dimensions beyond which a run costs seconds and says as much as many of few
_WIDE_RUNS = 24
_WORKFLOWS = (Workflow.replace, Workflow.accumulate, Workflow.accumulate_subsample)

ALT = (
    "Thirty small panels: rows are the dimensions 1, 3, 10, 31 and 100, columns replace, "
    "accumulate and accumulate-subsample, once for the squared mean error on a log scale and "
    "once for the trace ratio. Every dimension shows the same lines for n from 10 to 1,000: under "
    "replace the error rises to 1 and the trace falls to 0, under the others both level off. Monte "
    "Carlo points lie on the lines."
)


def cells() -> list[Cell]:
    """The simulations behind the points."""
    return [
        Cell(
            f"d = {dim}", make(n).kind.value, GaussianChain(dim, 0), make(n), GENERATIONS, FIELDS,
            SHOWN, _runs(dim, make(n)),
        )
        for dim in DIMS
        for make in _WORKFLOWS
        for n in ROWS
    ]  # fmt: skip


def _runs(dim: int, workflow: Workflow) -> int:
    if dim > _WIDE:
        return _WIDE_RUNS
    return _RUNS if workflow.budget is None else _DRAWN_RUNS


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, "cells": [cell.settings() for cell in cells()]}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation."""
    return measure(cells(), seed=SEED, quick=quick)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every line with its points; None reads the committed ones."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    return lines(cells(), points)


def caption(series: Sequence[Series]) -> str:
    """What lines and points are, and how many runs are behind them."""
    wide = [s for s in series if (s.dim or 0) > _WIDE]
    small = [s for s in series if (s.dim or 0) <= _WIDE]
    drawn = [s for s in small if s.kind is WorkflowKind.ACCUMULATE_SUBSAMPLE]
    whole = [s for s in small if s.kind is not WorkflowKind.ACCUMULATE_SUBSAMPLE]
    return (
        f"Gaussian chain fitted by maximum likelihood to a truth of unit covariance: squared mean "
        f"error (left) and total variance (right), both in units of the truth's total variance, "
        f"which makes every dimension d the same. Lines: exact expectations; dotted: limits. "
        f"Shades and markers are n, rows a batch, light to dark {ROWS[0]} to {ROWS[-1]:,}. Points: "
        f"Monte Carlo ({captions.runs(whole)}; {captions.runs(drawn)} where every row is drawn; "
        f"{captions.runs(wide)} for d > {_WIDE}), bars of {style.BARS:g} standard errors. "
        f"{captions.agreement(series)}"
    )


def draw(series: Sequence[Series]) -> Figure:
    """The figure: a row a dimension, six columns."""
    kinds = [make(1).kind for make in _WORKFLOWS]
    columns = [
        [[s for s in series if s.kind is kind and s.quantity == field and s.dim == dim]
         for field in FIELDS for kind in kinds]
        for dim in DIMS
    ]  # fmt: skip
    short = ("replace", "accumulate", "subsample")
    titles = [f"{name}\n{what}" for what in ("mean error", "trace ratio") for name in short]
    figure, axes = draw_grid(
        columns, titles, [f"d = {dim}" for dim in DIMS],
        quantity="squared mean error (log scale) and total variance, in units of tr Σ₀", rows=ROWS,
    )  # fmt: skip
    for row in axes:
        for i, place in enumerate(row):
            if i < len(kinds):
                place.set(yscale="log", ylim=(0.0006, 2))
                style.plain_ticks(place.yaxis, (0.001, 0.01, 0.1, 1))
            else:
                place.set(ylim=(-0.1, 1.15))
                style.plain_ticks(place.yaxis, (0, 0.5, 1))
            place.minorticks_off()
            place.tick_params(labelleft=i in (0, len(kinds)))
    return figure
