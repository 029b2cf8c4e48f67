"""Proved bounds beside what they bound: the factor by which each of them is too careful.

A panel a theorem. The line is the bound over the exact expectation, or the other way round for a
lower bound, so that 1 is a bound that cannot be improved and 2 one that is off by a factor of two.
The last panel has a published leading order in place of a bound.

Source: 2404.01413 (theorem 1), 2305.17493, 2412.17646; the exact values, and the other bounds, are
those of `theory`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import captions, dataset, style
from paper_figures.measure import measure
from paper_figures.series import Cell, Chain, FloatArray, Point, Series, lines
from theory import categorical, gaussian, regression
from theory.categorical import CategoricalChain, zipf
from theory.curve import Curve
from theory.gaussian import GaussianChain
from theory.regression import RegressionChain
from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "bound_slack"
TITLE = "Bounds beside exact values: by what factor each theorem is too careful"
SEED = 70260
GENERATIONS = 100
SHOWN = (1, 2, 3, 5, 10, 20, 50, 100)
SLACK = "slack"
DIM = 10
FIRST = 100  # real rows of the schedules
WORDS = 100
LEADING = "leading order"  # the bound of a panel that has none

ALT = (
    "Six panels of ratios against generation, each a bound over the exact value, 1 being tight. "
    "The pi squared over six bound of regression starts at 1.645 and falls to 1 with the same rows "
    "each generation, and to 1.2 with new ones, twice as many as features. The bound for any "
    "schedule starts at 1.94 and falls furthest, towards 1, for many small batches. The upper and "
    "the lower bound on the squared Wasserstein distance stay off by factors of 1.33 and 1.5 under "
    "accumulate and become tight under replace. The lower bound on surviving words under replace "
    "is nearly tight for early generations and off by a factor of five at generation 100 for 10 "
    "rows. The published leading order of the Wasserstein distance under replace is right for many "
    "rows and a quarter too large at generation 100 for 10 rows. Monte Carlo points lie on the "
    "lines."
)


@dataclass(frozen=True)
class Theorem:
    """A panel.

    Attributes:
        title: what is bounded, in a few words.
        source: arXiv number, or loopbound theory.
        field: the quantity.
        bound: the field of the bound, or LEADING.
        upper: True if the bound is above.
        lines: label, chain and workflow of each.
        runs: of each simulation.
    """

    title: str
    source: str
    field: str
    bound: str
    upper: bool
    lines: tuple[tuple[str, Chain, Workflow], ...]
    runs: int


def _theorems() -> tuple[Theorem, ...]:
    new = RegressionChain(DIM)
    kept, lost = Workflow.accumulate, Workflow.replace
    law, unbiased, words = GaussianChain(1, 0), GaussianChain(1, 1), zipf(WORDS)
    both = tuple(
        (f"{make(n).kind.value}, n = {n}", law, make(n)) for make in (lost, kept) for n in (10, 100)
    )
    ours = "loopbound theory"
    return (
        Theorem(
            "π²/6, regression", "2404.01413", "excess_test_error", "published_upper", True,
            (("same rows", RegressionChain(DIM, design="reused"), kept(100)),
             *((f"n = {n:,}", new, kept(n)) for n in (20, 32, 100, 1000))), 1_000,
        ),
        Theorem(
            "any schedule", ours, "excess_test_error", "schedule_upper", True,
            (("100, 100, …", new, kept(FIRST)), ("100, 10, 10, …", new, kept((FIRST, 10))),
             ("100, 1, 1, …", new, kept((FIRST, 1)))), 1_000,
        ),
        Theorem("W₂² above", ours, "wasserstein", "wasserstein_upper", True, both, 40_000),
        Theorem("W₂² below", ours, "wasserstein", "wasserstein_lower", False, both, 40_000),
        Theorem(
            "survivors, replace", "2412.17646", "survivors", "survivors_lower", False,
            tuple((f"n = {n}", words, lost(n)) for n in (10, 30, 100)), 4_000,
        ),
        Theorem(
            "3t/2n for W₂², replace", "2305.17493", "wasserstein", LEADING, True,
            tuple((f"n = {n:,}", unbiased, lost(n)) for n in (10, 100, 1000)), 40_000,
        ),
    )  # fmt: skip


THEOREMS = _theorems()


def cells() -> list[Cell]:
    """The simulations behind the points."""
    return [
        Cell(
            theorem.title, label, chain, flow, GENERATIONS, (theorem.field,),
            _shown(theorem, flow), theorem.runs,
            "rao-blackwell" if isinstance(chain, RegressionChain) else "auto",
        )
        for theorem in THEOREMS
        for label, chain, flow in theorem.lines
    ]  # fmt: skip


def _shown(theorem: Theorem, flow: Workflow) -> tuple[int, ...]:
    """Generations of the points: the mean of an unbiased chain is soon that of rare runs."""
    last = 2 * flow.schedule[0] if theorem.bound == LEADING else GENERATIONS
    return tuple(t for t in SHOWN if t <= last)


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, "cells": [cell.settings() for cell in cells()]}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation."""
    return measure(cells(), seed=SEED, quick=quick)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """The slack of every bound with its points; None reads the committed ones."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    theorems = {theorem.title: theorem for theorem in THEOREMS}
    return [
        _slack(series, theorems[series.panel], bound(theorems[series.panel], cell))
        for series, cell in zip(lines(cells(), points), cells(), strict=True)
    ]


def bound(theorem: Theorem, cell: Cell) -> FloatArray:
    """Values of the bound, axis (generation,)."""
    if theorem.bound == LEADING:
        return 1.5 * np.arange(GENERATIONS + 1) / cell.n
    chain, flow = cell.chain, cell.workflow
    if isinstance(chain, GaussianChain):
        return _wasserstein_bound(chain, flow, theorem.upper)
    if isinstance(chain, CategoricalChain):
        return categorical.curves(chain, flow, GENERATIONS)[theorem.bound].values
    assert isinstance(chain, RegressionChain)
    return regression.curves(chain, flow, GENERATIONS)[theorem.bound].values


def _wasserstein_bound(chain: GaussianChain, flow: Workflow, upper: bool) -> FloatArray:
    """`wasserstein_upper` or `wasserstein_lower` at d = 1, where theory has no need of them.

    There E tr M and E tr M^2 are the trace ratio and, with the covariance error, E M^2.
    """
    found = gaussian.curves(chain, flow, GENERATIONS)
    mean, trace = found.mean_error.values, found.trace_ratio.values
    if not upper:
        return np.asarray(mean + (1 - np.sqrt(trace)) ** 2)
    geometric = trace + 1 - 2 * np.exp(found.log_det_ratio.values / 2)
    return np.asarray(mean + np.minimum(found.covariance_error.values, geometric))


def _slack(series: Series, theorem: Theorem, limit: FloatArray) -> Series:
    """The bound over the exact value, or under it; points by the delta method. 1 at the truth."""
    power = 1 if theorem.upper else -1
    values = np.ones(GENERATIONS + 1)
    values[1:] = (limit[1:] / series.theory.values[1:]) ** power
    moved = []
    for p in series.points:
        ratio = (limit[p.generation] / p.simulation) ** power
        error = None if p.std_error is None else ratio * p.std_error / p.simulation
        moved.append(replace(p, quantity=SLACK, simulation=float(ratio), std_error=error))
    curve = Curve(values, series.theory.kind, theorem.source)
    return replace(series, quantity=SLACK, theory=curve, points=tuple(moved))


def caption(series: Sequence[Series]) -> str:
    """What the ratios are, and how many runs are behind the points."""
    return (
        f"Lines: bound over exact expectation (its inverse for the lower bounds, d and e): 1 is "
        f"tight. a: π²/6 times the error of one fit bounds regression under accumulate, d = {DIM}; "
        f"with the same rows every generation it is the limit, with new rows it is never reached. "
        f"b: the bound for any schedule, 1 + ((n₀ − d − 1)/(d + 1)) ln(n₀/(n₀ − d − 1)) times one "
        f"fit, below 2, d = {DIM}: many small batches come close to it. c, d: bounds on the "
        f"expected squared Wasserstein distance that hold in any dimension, at d = 1, where it is "
        f"exact, maximum likelihood. e: survivors of {WORDS} words of probabilities proportional "
        f"to 1/rank under replace, against a branching process with Poisson batches. f: no bound "
        f"but the published leading order 3t/2n (unbiased covariance): the exact distance "
        f"leaves it once t is not small beside n. Points: the bound over Monte Carlo means "
        f"({_runs(series)}), bars of {style.BARS:g} standard errors. "
        f"{captions.agreement(series)}"
    )


def _runs(series: Sequence[Series]) -> str:
    """Runs of each panel, panels of the same number together."""
    behind: dict[str, list[str]] = {}
    for letter, theorem in zip("abcdef", THEOREMS, strict=True):
        own = [s for s in series if s.panel == theorem.title]
        behind.setdefault(captions.runs(own), []).append(letter)
    return "; ".join(f"{runs} in {', '.join(letters)}" for runs, letters in behind.items())


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: six theorems."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 3, figsize=(style.WIDTH, 4.6))
    ends = []
    for letter, place, theorem in zip("abcdef", axes.flat, THEOREMS, strict=True):
        own = [s for s in series if s.panel == theorem.title]
        ends.append((place, _draw_theorem(place, own)))
        place.set_title(f"{letter}  {theorem.title}\n    ({theorem.source})")
    for place in axes[1]:
        place.set_xlabel("generation t (log scale)")
    for place, name in (
        (axes[0, 0], "bound / exact"), (axes[1, 0], "exact / bound"),
        (axes[1, 2], "published / exact"),
    ):  # fmt: skip
        place.set_ylabel(name)
    _explain(figure)
    style.settle(figure)
    for place, labels in ends:
        style.end_labels(place, labels, at=GENERATIONS)
    return figure


def _explain(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=style.INK),
        Line2D([], [], color=style.INK, marker="o", linestyle=""),
        Line2D([], [], color=style.GREY, linestyle=(0, (1, 2))),
    ]
    names = ["exact ratio", f"with Monte Carlo ± {style.BARS:g} standard errors", "a tight bound"]
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))


def _draw_theorem(axes: Axes, series: Sequence[Series]) -> style.Ends:
    axes.set(xscale="log", xlim=(0.9, 1.15 * GENERATIONS))
    style.plain_ticks(axes.xaxis, (1, 3, 10, 30, 100))
    style.plain_ticks(axes.yaxis)
    axes.grid(axis="y")
    style.reference(axes, 1)
    ends = []
    for kind in (WorkflowKind.REPLACE, WorkflowKind.ACCUMULATE):
        own = [s for s in series if s.kind is kind]
        shades = style.shades(kind, len(own))
        for s, colour, marker in zip(own, shades, style.MARKERS, strict=False):
            style.draw_line(axes, s, colour=colour, marker=marker, start=1)
            ends.append((float(s.theory[GENERATIONS]), s.label.replace(", n", "\nn"), colour))
    return ends
