"""Proved bounds beside what they bound: the factor by which each of them is too careful.

A panel a theorem. The line is the bound over the exact expectation, or the other way round for a
lower bound, so that 1 is a bound that cannot be improved, 2 one that is off by a factor of two, and
below 1 none at all. One panel has a published leading order in place of a bound. The last five, on
the ways out of drift, are `mitigation_bounds`.

Source: 2404.01413 (theorem 1), 2305.17493, 2412.17646, 2510.16657; the exact values, and the other
bounds, are those of `theory`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import captions, dataset, style
from paper_figures.measure import measure
from paper_figures.mitigation_bounds import PUSH, TABLE, statements
from paper_figures.series import Cell, Chain, FloatArray, Point, Series, lines
from theory import categorical, gaussian, regression, verification
from theory.categorical import CategoricalChain, zipf
from theory.curve import Curve, Kind
from theory.gaussian import GaussianChain
from theory.regression import RegressionChain
from theory.verification import VerifiedChain
from theory.workflow import Workflow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "bound_slack"
TITLE = "Bounds beside exact values: by what factor each theorem is too careful"
SEED = 70260
GENERATIONS = 100
SHOWN = (1, 2, 3, 5, 10, 20, 50, 100)
SLACK = "slack"
LETTERS = "abcdefghijkl"
DIM = 10
FIRST = 100  # real rows of the schedules
WORDS = 100
LEADING = "leading order"  # the bound of a panel that has none
DESIGN, CENTRE, ACCEPTED = (20**0.5, 20**0.5), 0.3, 30  # of verified regression

ALT = (
    "Twelve panels of ratios against generation, each a bound over the exact value, 1 being tight. "
    "The pi squared over six bound of regression starts at 1.645 and falls to 1 with the same rows "
    "each generation, and to 1.2 with new ones, twice as many as features. The bound for any "
    "schedule starts at 1.94 and falls furthest, towards 1, for many small batches. The upper and "
    "the lower bound on the squared Wasserstein distance stay off by factors of 1.33 and 1.5 under "
    "accumulate and become tight under replace. The lower bound on surviving words under replace "
    "is nearly tight for early generations and off by a factor of five at generation 100 for 10 "
    "rows. The published leading order of the Wasserstein distance under replace is right for many "
    "rows and a quarter too large at generation 100 for 10 rows. Monte Carlo points lie on the "
    "lines of these and of verified regression, whose bound is nearly tight for a narrow verifier "
    "and twice too large in the end for a wide one. "
    "Five panels have no points: the bound on the divergence under curation is hundreds of times "
    "too large, that on its reward too small by factors of 2 to 13; twice the first error, printed "
    "as a bound for edited labels, falls below 1, and is none; the published rate beside a fixed "
    "real set loses a factor of ten thousand in a hundred rounds; the published shape of stability "
    "is up to twice the exact one."
)


@dataclass(frozen=True)
class Theorem:
    """A panel whose exact values are simulated.

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
        Theorem(
            "verified regression", "2510.16657", "verifier_error", "verifier_error_upper", True,
            tuple((f"L = {radius:g}", VerifiedChain(DESIGN, radius, CENTRE), lost(ACCEPTED))
                  for radius in (1.0, 2.0, 3.0)), 4_000,
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
    simulated = [
        _slack(series, theorems[series.panel], bound(theorems[series.panel], cell))
        for series, cell in zip(lines(cells(), points), cells(), strict=True)
    ]
    exact = [
        Series(
            statement.title, SLACK, line.label, statement.kind, None, None,
            _ratio(line.bound, line.exact, statement.upper, Kind.EXACT, statement.source),
        )
        for statement in statements(GENERATIONS)
        for line in statement.lines
    ]  # fmt: skip
    return [*simulated, *exact]


def bound(theorem: Theorem, cell: Cell) -> FloatArray:
    """Values of the bound, axis (generation,)."""
    if theorem.bound == LEADING:
        return 1.5 * np.arange(GENERATIONS + 1) / cell.n
    chain, flow = cell.chain, cell.workflow
    if isinstance(chain, GaussianChain):
        return _wasserstein_bound(chain, flow, theorem.upper)
    if isinstance(chain, CategoricalChain):
        return categorical.curves(chain, flow, GENERATIONS)[theorem.bound].values
    if isinstance(chain, VerifiedChain):
        return verification.curves(chain, flow, GENERATIONS)[theorem.bound].values
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
    moved = []
    for p in series.points:
        ratio = (limit[p.generation] / p.simulation) ** power
        error = None if p.std_error is None else ratio * p.std_error / p.simulation
        moved.append(replace(p, quantity=SLACK, simulation=float(ratio), std_error=error))
    exact = series.theory
    curve = _ratio(limit[1:], exact.values[1:], theorem.upper, exact.kind, theorem.source)
    return replace(series, quantity=SLACK, theory=curve, points=tuple(moved))


def _ratio(bound: FloatArray, exact: FloatArray, upper: bool, kind: Kind, source: str) -> Curve:
    """Bound over exact value from generation 1 on, inverted for a lower bound; 1 at the truth."""
    values = bound / exact if upper else exact / bound
    return Curve(np.append(1.0, values), kind, source)


def caption(series: Sequence[Series]) -> str:
    """What the ratios are, and how many runs are behind the points."""
    return (
        f"Lines: bound over exact expectation (its inverse for the lower bounds, d, e and i): 1 is "
        f"tight. a: π²/6 times the error of one fit bounds regression under accumulate, d = {DIM}; "
        f"with the same rows every generation it is the limit, with new rows it is never reached. "
        f"b: the bound for any schedule, 1 + ((n₀ − d − 1)/(d + 1)) ln(n₀/(n₀ − d − 1)) times one "
        f"fit, below 2, d = {DIM}: many small batches come close to it. c, d: bounds on the "
        f"expected squared Wasserstein distance that hold in any dimension, at d = 1, where it is "
        f"exact, maximum likelihood. e: survivors of {WORDS} words of probabilities proportional "
        f"to 1/rank under replace, against a branching process with Poisson batches. f: no bound "
        f"but the published leading order 3t/2n (unbiased covariance): the exact distance "
        f"leaves it once t is not small beside n. g: distance from the verifier's centre, which "
        f"accepts labels within L of its own, {ACCEPTED} accepted rows a direction; two "
        f"directions of 20 real rows, centre {CENTRE:g} off the truth. h, i: a model of three "
        f"categories trained on λ winners of two draws for each row of the reference, divergence "
        f"from the reference and gain of E eʳ. j: edits of {TABLE[0]} labels by the fit to them, "
        f"{GENERATIONS - 1} disjoint parts of the share given: twice the first error, printed as "
        f"a bound, is none. k: λ synthetic rows for each of a real set that stays, likelihood "
        f"within {PUSH:g} of quadratic; with 0 the bound is tight. l: growth of what one real row "
        f"changes, constants left out. h to l: exact recursions, no points. "
        f"Points: the bound over Monte Carlo means "
        f"({_runs(series)}), bars of {style.BARS:g} standard errors. "
        f"{captions.agreement(series)}"
    )


def _runs(series: Sequence[Series]) -> str:
    """Runs of each panel, panels of the same number together."""
    behind: dict[str, list[str]] = {}
    for letter, theorem in zip(LETTERS, THEOREMS, strict=False):
        own = [s for s in series if s.panel == theorem.title]
        behind.setdefault(captions.runs(own), []).append(letter)
    return "; ".join(f"{runs} in {', '.join(letters)}" for runs, letters in behind.items())


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: a panel a theorem."""
    from matplotlib import pyplot

    shown: list[tuple[str, str, bool, tuple[float, ...], bool]]
    shown = [(t.title, t.source, t.upper, (), False) for t in THEOREMS]
    shown += [(s.title, s.source, s.upper, s.ticks, s.log) for s in statements(GENERATIONS)]
    figure, axes = pyplot.subplots(4, 3, figsize=(style.WIDTH, 8.6))
    ends = []
    for letter, place, panel in zip(LETTERS, axes.flat, shown, strict=True):
        title, source, upper, ticks, log = panel
        own = [s for s in series if s.panel == title]
        ends.append((place, _draw_theorem(place, own, ticks, log=log)))
        place.set_title(f"{letter}  {title}\n    ({source})")
        place.set_ylabel("bound / exact" if upper else "exact / bound")
    axes[1, 2].set_ylabel("published / exact")
    axes[3, 2].set_ylabel("published / exact")
    for place in axes[-1]:
        place.set_xlabel("generation t (log scale)")
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


def _draw_theorem(
    axes: Axes, series: Sequence[Series], ticks: Sequence[float], *, log: bool
) -> style.Ends:
    """Ratios of a panel; the ticks are matplotlib's unless given."""
    axes.set(xscale="log", xlim=(0.9, 1.15 * GENERATIONS))
    style.plain_ticks(axes.xaxis, (1, 3, 10, 30, 100))
    if log:
        axes.set(yscale="log", ylim=(ticks[0] / 1.5, ticks[-1] * 1.5))
        axes.minorticks_off()
    style.plain_ticks(axes.yaxis, ticks or None)
    axes.grid(axis="y")
    style.reference(axes, 1)
    ends = []
    for kind in dict.fromkeys(s.kind for s in series):
        own = [s for s in series if s.kind is kind]
        shades = style.shades(kind, len(own))
        for s, colour, marker in zip(own, shades, style.MARKERS, strict=False):
            style.draw_line(axes, s, colour=colour, marker=marker, start=1)
            ends.append((float(s.theory[GENERATIONS]), s.label.replace(", n", "\nn"), colour))
    return ends
