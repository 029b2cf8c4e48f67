"""The fate of the loop: windows that widen like t^a, real shares that shrink like t^-b.

Left, the map: the power p of t like which the drift F_t grows, or falls. Right, the recursion at
nine places of the map, over three decades, with simulated chains of linear regression on the same
rows, whose expected error is the inflation v_t = 1 + F_t exactly.

Source: `theory.phases`, proved in docs/workflow_map.md; no paper has it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import captions, dataset, style
from paper_figures.measure import measure
from paper_figures.series import Cell, FloatArray, Point, Series, lines
from theory.curve import Curve
from theory.inflation import inflation
from theory.phases import Fate, inflation_growth, widening
from theory.regression import RegressionChain
from theory.workflow import WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "workflow_map"
TITLE = "The fate of the loop: bounded where windows widen fast or real rows keep up with them"
SEED = 60260
N = 1000  # rows a batch: a run of few rows scatters more
MEASURED = 300  # generations simulated
GENERATIONS = 1000
SHOWN = (3, 10, 30, 100, 300)
DRIFT = "drift"
PANEL = "drift"
_RUNS = 4_000
_TOP = 1.3  # where the axis of b breaks; above, b is infinite
_HIGH = 1.62

ALT = (
    "Two panels. A map of the loop's fate over the window exponent a from 0 to 1 and the exponent "
    "b of the share of real rows from 0 up. Below the lines a = b and a + b = 1 the drift falls; "
    "between them and left of a = 1/2 it grows like a power of t, up to linearly on the left edge "
    "from b = 1 on, where replace and fixed windows lie; at a = 1/2 and b above 1/2 it is "
    "logarithmic; to the right it is bounded, where accumulate lies; fresh and anchored lie in the "
    "lower left corner, bounded. Then the drift against generation on log scales at nine places of "
    "the map: lines of the recursion rise, level off or fall as the map says, and Monte Carlo "
    "points lie on them."
)


@dataclass(frozen=True)
class Place:
    """A numbered place on the map.

    Attributes:
        name: a digit.
        a: window exponent.
        b: exponent of the real share.
        order: of the drift, as people write it.
    """

    name: str
    a: Fraction
    b: Fraction | float
    order: str

    @property
    def label(self) -> str:
        """In the data."""
        return f"a = {self.a}, b = {self.b}"

    @property
    def fate(self) -> Fate:
        """By theory."""
        return inflation_growth(self.a, self.b).fate


_QUARTER, _HALF = Fraction(1, 4), Fraction(1, 2)
PLACES = (
    Place("1", Fraction(0), math.inf, "t"),
    Place("2", Fraction(0), _HALF, "√t"),
    Place("3", _QUARTER, _HALF, r"$t^{1/4}$"),
    Place("4", _HALF, math.inf, "ln t"),
    Place("5", 3 * _QUARTER, math.inf, "bounded"),
    Place("6", _HALF, _HALF, "bounded"),
    Place("7", _QUARTER, _QUARTER, "bounded"),
    Place("8", _HALF, _QUARTER, r"$t^{-1/4}$"),
    Place("9", 3 * _QUARTER, _QUARTER, r"$t^{-1/2}$"),
)

# Each fate in the colour of the named workflow that has it.
_OF_FATE = {
    Fate.LINEAR: WorkflowKind.REPLACE,
    Fate.POWER: WorkflowKind.REPLACE,
    Fate.LOGARITHMIC: WorkflowKind.SLIDING_WINDOW,
    Fate.BOUNDED: WorkflowKind.ACCUMULATE,
    Fate.FALLS: WorkflowKind.FRESH,
}


def cells() -> list[Cell]:
    """The simulations behind the points."""
    chain = RegressionChain(1, design="reused")
    return [
        Cell(
            PANEL, place.label, chain, widening(N, place.a, place.b), MEASURED,
            ("excess_test_error",), SHOWN, _RUNS, "rao-blackwell",
        )
        for place in PLACES
    ]  # fmt: skip


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, "cells": [cell.settings() for cell in cells()]}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation."""
    return measure(cells(), seed=SEED, quick=quick)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """The drift at every place with its points; None reads the committed ones."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    return [_drift(s, p) for s, p in zip(lines(cells(), points), PLACES, strict=True)]


def _drift(series: Series, place: Place) -> Series:
    """v_t - 1 in place of the error, sigma^2 v_t / (n - 2) in expectation, at GENERATIONS fits."""
    scale = N - 2
    v = inflation(widening(N, place.a, place.b), GENERATIONS)
    values = v.values - 1
    values[0] = 0.0
    moved = tuple(
        replace(
            p, quantity=DRIFT, simulation=scale * p.simulation - 1,
            std_error=None if p.std_error is None else scale * p.std_error,
        )
        for p in series.points
    )  # fmt: skip
    curve = Curve(values, series.theory.kind, "docs/workflow_map.md")
    return replace(series, quantity=DRIFT, theory=curve, points=moved)


def caption(series: Sequence[Series]) -> str:
    """What the map and its lines are, and how many runs are behind the points."""
    return (
        f"Fit t ≥ 2 puts the weight t^−b on real rows and the rest evenly on the last t^a batches "
        f"that models wrote; fit 1 is all real. Fₜ is what the models add to the error of the real "
        f"rows, in units of one fit: vₜ = 1 + Fₜ if the real rows are the same for ever; with new "
        f"real rows, as many as their share says, vₜ is of the order Fₜ itself, and falls to 0 "
        f"where it falls. a: the power p with Fₜ between two multiples of t^p, proved: b − a where "
        f"a + b ≤ 1, max(0, 1 − 2a) beyond, and ln t on the line a = 1/2, b > 1/2. Colours are "
        f"those of the named workflow with that fate: replace grows linearly, accumulate is "
        f"bounded, a window of √t is logarithmic, fresh rows are learned from for good. At a = 1, "
        f"b = 0 the power depends on the share. The broken axis goes on to b = ∞: no real rows "
        f"after fit 1. b: Fₜ at the nine numbered places. Lines: the exact recursion, whole "
        f"windows t^a rounded up, which makes steps. Points: chains of linear regression on the "
        f"same {N:,} rows, whose expected error is vₜ exactly ({captions.runs(series)}, label "
        f"noise averaged), with bars of {style.BARS:g} standard errors. "
        f"{captions.agreement(series)}"
    )


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: the map, and the drift at its numbered places."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(style.WIDTH, 4.1), width_ratios=(1.35, 1))
    _draw_regions(axes[0])
    _mark_workflows(axes[0])
    _mark_places(axes[0])
    ends = _draw_drift(axes[1], series)
    _explain(figure)
    style.settle(figure)
    style.end_labels(axes[1], ends, at=GENERATIONS)
    return figure


def _explain(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=style.INK),
        Line2D([], [], color=style.INK, marker="o", linestyle=""),
        Line2D([], [], color=style.INK, marker="D", markersize=5, linestyle=""),
    ]
    names = ["exact recursion", f"Monte Carlo ± {style.BARS:g} standard errors", "named workflow"]
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))


def _tint(fate: Fate, share: float | FloatArray) -> FloatArray:
    """A colour of a fate, mixed into white by a share."""
    from matplotlib.colors import to_rgb

    own = np.array(to_rgb(style.COLOURS[_OF_FATE[fate]]))
    mixed: FloatArray = 1 - share * (1 - own)
    return mixed


def _draw_regions(axes: Axes) -> None:
    """Tints by p: exact at every pixel but for the borders, which are drawn as lines."""
    a, b = np.meshgrid(np.linspace(0, 1, 401), np.linspace(0, _TOP, 521))
    p = np.where(a + b <= 1, b - a, np.maximum(0, 1 - 2 * a))
    grows, falls = p[..., None].clip(0, 1), -p[..., None].clip(-1, 0)
    picture = np.where(
        p[..., None] > 0, _tint(Fate.LINEAR, 0.08 + 0.62 * grows),
        np.where(
            p[..., None] < 0, _tint(Fate.FALLS, 0.06 + 0.5 * falls), _tint(Fate.BOUNDED, 0.16)
        ),
    )  # fmt: skip
    options: dict[str, Any] = {"origin": "lower", "aspect": "auto", "zorder": 0}
    axes.imshow(picture, extent=(0, 1, 0, _TOP), **options)
    axes.imshow(picture[-1:], extent=(0, 1, _TOP + 0.04, _HIGH), **options)
    levels = (-0.75, -0.5, -0.25, 0.25, 0.5, 0.75)
    axes.contour(a, b, p, levels=levels, colors=style.GREY, linewidths=0.5, linestyles="solid")
    for level in (0.25, 0.5, 0.75):
        where = (1 - level) / 2
        for low, high in ((1.2, _TOP), (_TOP + 0.04, _HIGH)):
            axes.plot([where, where], [low, high], color=style.GREY, linewidth=0.5)
        axes.annotate(
            f"p = {level:g}", (where, 1.08), rotation=90, ha="center", va="center",
            fontsize=style.SMALL, bbox={"facecolor": _tint(Fate.LINEAR, 0.08 + 0.62 * level),
                                        "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip
        axes.annotate(
            f"p = −{level:g}", ((1 + level) / 2 + 0.02, (1 - level) / 2 + 0.035),
            fontsize=style.SMALL, ha="center" if level > _HALF else "left",
        )  # fmt: skip
    _draw_borders(axes)


def _draw_borders(axes: Axes) -> None:
    blue = style.COLOURS[WorkflowKind.ACCUMULATE]
    log = style.COLOURS[_OF_FATE[Fate.LOGARITHMIC]]
    linear = style.COLOURS[WorkflowKind.REPLACE]
    axes.plot([0, 0.5], [0, 0.5], color=blue, linewidth=2, clip_on=False)
    for low, high in ((0.5, _TOP), (_TOP + 0.04, _HIGH)):
        axes.plot([0.5, 0.5], [low, high], color=log, linewidth=2)
    for low, high in ((1, _TOP), (_TOP + 0.04, _HIGH)):
        axes.plot([0, 0], [low, high], color=linear, linewidth=4, clip_on=False)
    axes.plot([0.5, 1], [0.5, 0], color=style.INK, linewidth=0.8)
    axes.set(
        title="a  growth of the drift, $F_t$ ~ $t^p$", xlim=(0, 1), ylim=(0, _HIGH),
        xlabel="window exponent $a$: the last $t^a$ batches",
        ylabel="exponent $b$ of the real share $t^{-b}$",
    )  # fmt: skip
    style.plain_ticks(axes.xaxis, (0, 0.25, 0.5, 0.75, 1))
    style.plain_ticks(axes.yaxis, (0, 0.25, 0.5, 0.75, 1, 1.25))
    for text, x, y, turn in (
        ("BOUNDED", 0.76, 0.82, 0), ("GROWS", 0.125, 0.71, 0), ("FALLS", 0.47, 0.1, 0),
        ("logarithmic", 0.525, 1.0, 90), ("linear", 0.022, 1.12, 90), ("bounded", 0.36, 0.425, 40),
    ):  # fmt: skip
        axes.annotate(text, (x, y), rotation=turn, ha="center", va="center", fontsize=7.5)


def _mark_workflows(axes: Axes) -> None:
    """Diamonds where the named workflows lie; what a fit sees decides, not the model."""
    marks = (
        (WorkflowKind.REPLACE, 0, 1.55, "replace", "left"),
        (WorkflowKind.SLIDING_WINDOW, 0, 1.41, "window w", "left"),
        (WorkflowKind.ACCUMULATE, 1, 1.55, "accumulate", "right"),
        (WorkflowKind.ACCUMULATE_SUBSAMPLE, 1, 1.45, "subsample", "right"),
        (WorkflowKind.FRESH, 0, 0, "fresh, anchored", "left"),
    )
    for kind, x, y, text, side in marks:
        axes.plot(
            x, y, "D", color=style.COLOURS[kind], markersize=6, markeredgecolor="white",
            markeredgewidth=0.7, clip_on=False, zorder=6,
        )  # fmt: skip
        away = 7 if side == "left" else -7
        axes.annotate(
            text, (x, y), (away + 12 * (y == 0), 6 * (y == 0)),
            textcoords="offset points", ha=side, va="center", fontsize=style.SMALL,
            fontweight="bold",
        )  # fmt: skip
    axes.annotate(
        "b = ∞: no real rows", (0.67, 1.385), ha="center", va="center", fontsize=style.SMALL,
    )  # fmt: skip


def _mark_places(axes: Axes) -> None:
    for place in PLACES:
        y = float(place.b) if place.b != math.inf else 1.48
        axes.plot(
            float(place.a), y, "o", color=style.COLOURS[_OF_FATE[place.fate]], markersize=8.5,
            zorder=7, clip_on=False, markerfacecolor="white", markeredgewidth=1.1,
        )  # fmt: skip
        axes.annotate(
            place.name, (float(place.a), y), ha="center", va="center_baseline", zorder=8,
            fontsize=style.SMALL, annotation_clip=False,
        )  # fmt: skip


def _draw_drift(axes: Axes, series: Sequence[Series]) -> style.Ends:
    axes.set(
        title="b  at the numbered places", xscale="log", yscale="log",
        xlim=(1.8, 1.1 * GENERATIONS), ylim=(0.012, 1500), xlabel="generation t (log scale)",
        ylabel="$F_t = v_t - 1$ (units of one fit, log scale)",
    )  # fmt: skip
    style.plain_ticks(axes.xaxis, (3, 10, 30, 100, 300, 1000))
    style.plain_ticks(axes.yaxis, (0.1, 1, 10, 100, 1000))
    axes.grid(axis="y")
    ends = []
    for i, (s, place) in enumerate(zip(series, PLACES, strict=True)):
        colour = style.COLOURS[_OF_FATE[place.fate]]
        marker = style.MARKERS[i % len(style.MARKERS)]
        style.draw_line(axes, s, colour=colour, marker=marker, start=2)
        text = f"{place.name}: {place.order}"
        ends.append((float(s.theory[GENERATIONS]), text, colour))
    return ends
