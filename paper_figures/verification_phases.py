"""Verified regression: where a round of verification gains, and for how many rounds.

The exact change of the error by one round over the verifier's bias and width, with its break-even;
errors over the rounds for three biases, beside replace without a verifier; and the best round.

Source: `theory.verification`; Yi et al. 2510.16657; loopbound mitigations, section 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import captions, dataset, style
from paper_figures.measure import measure
from paper_figures.series import Cell, FloatArray, Point, Series, lines, panel
from theory.verification import VerifiedChain, best_round, contraction, phase_diagram
from theory.workflow import Workflow, WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "verification_phases"
TITLE = "Verified labels: a close verifier helps for ever, a farther one once, a far one never"
SEED = 51016
MU = math.sqrt(20)
N = 100  # rows accepted a round
DIM = 10
HALF_WIDTH = 1.5
GENERATIONS = 9
SHOWN = tuple(range(1, GENERATIONS + 1))
BIASES = {"bias 0.5": 0.5, "bias 1.4": 1.4, "bias 2.4": 2.4}  # standard errors of the real fit
UNFILTERED = "no verifier"
ROUNDS = "rounds"
FIELD = "squared_error"
_RUNS = 20_000
_FREE_RUNS = 10_000  # of the chain without a verifier, whose error scatters no more

ALT = (
    "Three panels. A map of the error after one verified round divided by the error before it over "
    "the verifier's bias in standard errors of the real fit and the width of what it accepts: blue "
    "where it falls, red where it grows, with the break-even line, which starts at a bias of one "
    "for a narrow verifier, bends towards larger biases for wider ones, and closes where the "
    "verifier is so wide that its rows only add noise. Error against generation for three biases: "
    "it falls and stays low, it falls and rises above where it began, it rises at once; without a "
    "verifier it grows along a line. The best round against the bias: steps that follow the "
    "falling curve of leading order."
)


def cells() -> list[Cell]:
    """The simulations behind the points."""
    flow = Workflow.replace(N)
    chains = {label: chain(x) for label, x in BIASES.items()}
    chains[UNFILTERED] = chain(0.0).unfiltered()
    return [
        Cell(
            ROUNDS,
            label,
            spec,
            flow,
            GENERATIONS,
            (FIELD,),
            SHOWN,
            _FREE_RUNS if label == UNFILTERED else _RUNS,
            "statistics",
        )
        for label, spec in chains.items()
    ]


def chain(standardised_bias: float) -> VerifiedChain:
    """Equal directions, and a verifier that is off as much in each."""
    return VerifiedChain((MU,) * DIM, HALF_WIDTH, standardised_bias / MU)


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, "cells": [cell.settings() for cell in cells()]}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation."""
    return measure(cells(), seed=SEED, quick=quick)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every line over the rounds with its points."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    return lines(cells(), points)


def best_rounds(standardised_biases: FloatArray, most: int = 12) -> FloatArray:
    """The round after which the exact error is least, 0 for none, axis (bias,)."""
    ratios = [np.ones(len(standardised_biases))]
    for k in range(1, most + 1):
        found = phase_diagram(
            standardised_biases, [HALF_WIDTH], singular_value=MU, rows=N, rounds=k
        )
        ratios.append(found.ratios[0])
    best: FloatArray = np.argmin(np.array(ratios), axis=0).astype(np.float64)
    return best


def caption(series: Sequence[Series]) -> str:
    """What lines, points and bars are, and how many runs are behind them."""
    rho = contraction(HALF_WIDTH)
    kept = [s for s in series if s.label != UNFILTERED]
    free = [s for s in series if s.label == UNFILTERED]
    return (
        f"Least squares on labels that a verifier accepts; real design: mu^2 = {MU**2:g} rows a "
        f"direction, n = {N} accepted rows a direction and round. a: error after one round divided "
        f"by the real fit's, exact; black: break-even; dotted: bias of one standard error, the "
        f"break-even of many rounds at leading order. b: L = {HALF_WIDTH:g}, rho = {rho:.3f}, "
        f"{DIM} directions, replace; lines: exact; points: Monte Carlo ({captions.runs(kept)}, "
        f"without a verifier {captions.runs(free)}) "
        f"with bars of {style.BARS:g} standard errors; dotted: limits, where the model is the "
        f"verifier's. c: the best round for that verifier; steps: exact; dashed: leading order, "
        f"ln[c/(c + 1)]/ln rho, c the squared bias. {captions.agreement(series)}"
    )


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: the map, the errors and the best round."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(style.WIDTH, 2.9))
    _draw_map(axes[0])
    ends = _draw_rounds(axes[1], panel(series, ROUNDS))
    _draw_best(axes[2])
    style.explain_marks(figure, dashed="leading order")
    style.settle(figure)
    style.end_labels(axes[1], ends, at=GENERATIONS)
    return figure


def _draw_map(axes: Axes) -> None:
    biases, widths = np.linspace(0, 3, 120), np.linspace(0.05, 4, 120)
    found = phase_diagram(biases, widths, singular_value=MU, rows=N)
    change = np.log2(found.ratios)
    steps = np.arange(-3, 3.5, 0.5)
    filled = axes.contourf(biases, widths, change, levels=steps, cmap="RdBu_r", extend="both")
    axes.contour(biases, widths, change, levels=[0.0], colors=style.INK, linewidths=1.2)
    axes.axvline(1.0, color=style.GREY, linestyle=(0, (1, 2)), linewidth=0.9)
    axes.set(
        title="a  error after / before one round", ylabel="half-width L (noise)",
        xlabel="verifier's bias (std. errors)",
    )  # fmt: skip
    bar = axes.figure.colorbar(filled, ax=axes, ticks=range(-3, 4), pad=0.02)
    bar.ax.set_yticklabels([style.plain(2.0**k) for k in range(-3, 4)])


def _draw_rounds(axes: Axes, series: Sequence[Series]) -> style.Ends:
    axes.set(
        title="b  error over the rounds", xlabel="generation t", ylabel="|θ − θ*|²",
        xlim=(0.7, GENERATIONS + 0.3),
    )  # fmt: skip
    axes.grid(axis="y")
    shades = style.shades(WorkflowKind.REPLACE, 5)
    ends = []
    for s, colour, marker in zip(series, shades, style.MARKERS, strict=False):
        style.draw_line(axes, s, colour=colour, marker=marker, start=1)
        if s.theory.limit is not None and math.isfinite(s.theory.limit):
            style.reference(axes, s.theory.limit, colour=colour)
        ends.append((float(s.theory[GENERATIONS]), s.label, colour))
    axes.set_ylim(bottom=0)
    style.plain_ticks(axes.xaxis, (1, 3, 5, 7, 9))
    return ends


def _draw_best(axes: Axes) -> None:
    biases = np.linspace(0.05, 3, 119)
    leading = [best_round(x, HALF_WIDTH) for x in biases]
    axes.step(biases, best_rounds(biases), where="mid", color=style.INK)
    axes.plot(biases, leading, "--", color=style.INK, linewidth=0.7)
    axes.set(
        title="c  best round", xlabel="verifier's bias (std. errors)", ylim=(0, 8),
        ylabel="rounds of verification",
    )  # fmt: skip
    axes.grid(axis="y")
