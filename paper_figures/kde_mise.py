"""The density chain's exact error, and open question 2: which bandwidths are best.

Top, the mean integrated squared error of three workflows under four rules: a constant, Scott's rule
on the rows trained on, the greedy optimum (each fit minimises its own error, given those before)
and the optimum for a horizon (all fits minimise the error of the last one together). Below, the
bandwidths of the rules.

Source: loopbound theory, section 5; `theory.kde.optimal`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from paper_figures import captions, dataset, style
from paper_figures.measure import measure
from paper_figures.series import Cell, Point, Series, curves_of, lines, panel
from theory.curve import Curve, Kind
from theory.kde import OPTIMAL, KdeChain, KdeCurves, Optimal, Scott
from theory.truths import Normal
from theory.workflow import Workflow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "kde_mise"
TITLE = "Densities: exact error by bandwidth rule, and the best bandwidths"
SEED = 80260
N = 100
HORIZON = 8  # fits that the optimum for a horizon serves
GENERATIONS = 20
SHOWN = (1, 2, 3, 5, 8, 12, 20)
CONSTANT = 0.4
RULES: dict[str, float | Scott | Optimal] = {
    "constant 0.4": CONSTANT,
    "Scott": Scott(),
    "greedy": OPTIMAL,
    "horizon": Optimal(HORIZON),
}
BANDWIDTH = "bandwidth"
_RUNS = 1000
_WORKFLOWS = (Workflow.replace, Workflow.accumulate, Workflow.accumulate_subsample)
_STYLES: tuple[Literal["-", "--", "-.", ":"], ...] = ("-", "--", "-.", ":")

ALT = (
    "Six panels, for replace, accumulate and accumulate-subsample, 100 rows a batch of a normal "
    "truth over 20 generations. Above, the mean integrated squared error on log scales: under "
    "replace it grows from 0.005 to 0.1 with every rule; under accumulate to 0.012 with a constant "
    "bandwidth and levels off below 0.01 with Scott's rule and the greedy optimum; under "
    "accumulate-subsample to 0.02, ever more slowly. The bandwidths that are best for generation 8 "
    "are off the scale before it and have the least error there, half of the others' under "
    "replace. Below, the bandwidths: a constant 0.4 and Scott's rule, which falls under accumulate "
    "only; the greedy optimum near Scott's; the optimum for generation 8, next to nothing until "
    "then. Monte Carlo points lie on the exact lines."
)


def cells() -> list[Cell]:
    """The simulations behind the points."""
    return [
        Cell(
            make(N).kind.value, rule, KdeChain(Normal(), bandwidth), make(N), GENERATIONS,
            ("mise",), SHOWN, 0 if isinstance(bandwidth, Optimal) and bandwidth.horizon else _RUNS,
        )
        for make in _WORKFLOWS
        for rule, bandwidth in RULES.items()
    ]  # fmt: skip


def _simulated() -> list[Cell]:
    """All but the horizon's: bandwidths next to nothing need millions of frequencies."""
    return [cell for cell in cells() if cell.replicates]


def settings() -> dict[str, Any]:
    """What the committed points must have been computed with."""
    return {"seed": SEED, "cells": [cell.settings() for cell in _simulated()]}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, by simulation."""
    return measure(_simulated(), seed=SEED, quick=quick)


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """Every error with its points, and every sequence of bandwidths."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    return [*lines(cells(), points), *_bandwidths()]


def _bandwidths() -> list[Series]:
    found = []
    for cell in cells():
        exact = curves_of(cell.chain, cell.workflow, GENERATIONS)
        assert isinstance(exact, KdeCurves)
        curve = Curve(exact.bandwidths, Kind.EXACT, "theory.kde.bandwidths")
        found.append(
            Series(cell.panel, BANDWIDTH, cell.label, cell.workflow.kind, 1, N, curve)
        )  # fmt: skip
    return found


def caption(series: Sequence[Series]) -> str:
    """What lines, points and bars are, and how many runs are behind them."""
    drawn = [s for s in series if s.points]
    return (
        f"Gaussian kernels on a standard normal truth, n = {N} rows a batch. a to c: exact mean "
        f"integrated squared error (units of a density, log scale); points: Monte Carlo with bars "
        f"of {style.BARS:g} standard errors ({captions.runs(drawn)}). d to f: the bandwidths, in "
        f"standard deviations of the truth. Scott's rule has {Scott().at(N, 1):.3f} at {N} rows, "
        f"all but the constant: only a growing pool parts the two. Greedy: every fit minimises its "
        f"own error, given those before. Horizon: fits 1 to {HORIZON} together minimise the error "
        f"of fit {HORIZON}, and the last bandwidth repeats; its error before is off the scale. "
        f"What is optimal depends on when one stops: the best schedule for t = {HORIZON} does not "
        f"smooth before that fit and has "
        f"{_saved(series, 'replace'):.0f} % less error there than Scott's rule under replace, "
        f"{_saved(series, 'accumulate'):.0f} % under accumulate; greedy has more error there than "
        f"Scott's under replace ({_ratio(series, 'replace'):.2f} times) and accumulate "
        f"({_ratio(series, 'accumulate'):.2f} times). The horizon's schedule has no points: "
        f"kernels next to nothing wide are beyond the simulation's frequencies. "
        f"{captions.agreement(drawn)}"
    )


def _at_horizon(series: Sequence[Series], workflow: str, rule: str) -> float:
    (own,) = (s for s in panel(series, workflow, "mise") if s.label == rule)
    return float(own.theory[HORIZON])


def _saved(series: Sequence[Series], workflow: str) -> float:
    """Per cent by which the horizon's optimum is below Scott's rule at the horizon."""
    best, scott = (_at_horizon(series, workflow, rule) for rule in ("horizon", "Scott"))
    return 100 * (1 - best / scott)


def _ratio(series: Sequence[Series], workflow: str) -> float:
    """Error of the greedy schedule over that of Scott's rule at the horizon."""
    greedy, scott = (_at_horizon(series, workflow, rule) for rule in ("greedy", "Scott"))
    return greedy / scott


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: errors above, bandwidths below, a column a workflow."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 3, figsize=(style.WIDTH, 5.2), sharex=True)
    for letters, place, below, make in zip(
        ("ad", "be", "cf"), axes[0], axes[1], _WORKFLOWS, strict=True
    ):
        name = make(N).kind.value
        short = name.removeprefix("accumulate-")
        place.set_title(f"{letters[0]}  {short}: error")
        below.set_title(f"{letters[1]}  {short}: bandwidths")
        place.set(yscale="log", ylim=(0.004, 0.2))
        below.set(yscale="log", ylim=(0.0015, 1.3), xlabel="generation t (log scale)")
        style.plain_ticks(place.yaxis, (0.005, 0.01, 0.03, 0.1))
        style.plain_ticks(below.yaxis, (0.01, 0.1, 1))
        _draw_rules(place, panel(series, name, "mise"))
        _draw_rules(below, panel(series, name, BANDWIDTH))
    axes[0, 0].set_ylabel("mean integrated squared error\n(log scale)")
    axes[1, 0].set_ylabel("bandwidth hₜ\n(units of σ₀, log scale)")
    for place in (*axes[0, 1:], *axes[1, 1:]):
        place.tick_params(labelleft=False)
    _explain(figure)
    return figure


def _draw_rules(axes: Axes, series: Sequence[Series]) -> None:
    """A line style and a marker for every rule."""
    axes.set(xscale="log", xlim=(0.9, 1.1 * GENERATIONS))
    style.plain_ticks(axes.xaxis, (1, 3, 10, 20))
    axes.grid(axis="y")
    colours = style.shades(series[0].kind, len(series))
    for s, line, marker, colour in zip(series, _STYLES, style.MARKERS, colours, strict=False):
        style.draw_line(axes, s, colour=colour, marker=marker, start=1, style=line)


def _explain(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=style.INK, linestyle=line, marker=marker if rule != "horizon" else "")
        for rule, line, marker in zip(RULES, _STYLES, style.MARKERS, strict=False)
    ]
    names = ["constant 0.4", "Scott", "greedy optimum", f"optimum for t = {HORIZON}"]
    figure.legend(
        handles, names, loc="outside lower center", ncols=len(names), handlelength=3.5,
        title=f"lines: theory; points: Monte Carlo ± {style.BARS:g} standard errors",
        title_fontsize=7.5,
    )  # fmt: skip
