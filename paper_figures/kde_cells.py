"""Test likelihoods of kernel-density chains on the toy data sets: what is simulated, and how.

A test set is 500 rows of the truth, fixed over generations: one serves a few runs, and the standard
error is that of the means over sets. What the rows of a set have in common is taken out. On the
same rows the mean density E f_t has a likelihood whose expectation is known exactly: a point is
that expectation plus the mean excess over the likelihood on the rows, which takes most of a set's
luck away and no bias in. The truth's own likelihood would not do: under wide kernels it
varies otherwise than the model's.

Those expectations take ten seconds and more, so that they are kept with the points, as points of
no run.

Source: the setting is that of 2410.16713, section 1 of the published experiments.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from paper_figures.series import FloatArray, Point, Series
from theory.curve import Curve, Kind
from theory.datasets import CENTRES, SwissRoll, blobs, circles, moons
from theory.kde import KdeChain, Scott, Silverman
from theory.kde.blurred import Added, Blurred, added, log_mean_densities, nll_lower
from theory.truths import Truth
from theory.workflow import Workflow, WorkflowKind

NLL, BOUND, ENTROPY = "nll", "nll of the mean density", "entropy"
ROWS = (10, 32, 100, 316, 1000)
WORKFLOWS = (Workflow.replace, Workflow.accumulate, Workflow.accumulate_subsample)
DATA_SETS: dict[str, tuple[Blurred, float]] = {
    "blobs": (lambda noise: blobs(CENTRES, noise), 1.0),
    "circles": (circles, 0.05),
    "moons": (moons, 0.05),
    "swiss roll": (SwissRoll, 0.05),
}
"""As functions of their noise, with that noise."""
TESTS = 500  # rows of a test set
QUICK_SETS = 2
_SEEDS = 1000  # of one cell: more than it has test sets
_DIGITS = 2  # of a standard error that are kept


@cache
def truth(data_set: str) -> Truth:
    """The population of a data set."""
    blurred, noise = DATA_SETS[data_set]
    return blurred(noise)


@dataclass(frozen=True)
class Likelihood:
    """One simulation: the NLL of a chain on a data set.

    Attributes:
        data_set: its name.
        bandwidth: a number, Scott() or Silverman().
        workflow: who trains on what.
        at: generations whose NLL is measured, ascending.
        sets: test sets, two or more.
        runs: of the chain a set.
    """

    data_set: str
    bandwidth: float | Scott | Silverman
    workflow: Workflow
    at: tuple[int, ...]
    sets: int
    runs: int = 1

    @property
    def n(self) -> int:
        """Rows a batch."""
        return self.workflow.schedule[0]

    @property
    def dim(self) -> int:
        """Features."""
        return truth(self.data_set).dim

    @property
    def panel(self) -> str:
        """Data set and bandwidth, as the data call it."""
        return panel_of(self.data_set, self.bandwidth)

    @property
    def width(self) -> float | None:
        """The bandwidth of every fit; None where it narrows as the pool grows."""
        if isinstance(self.bandwidth, float):
            return self.bandwidth
        if self.workflow.kind is WorkflowKind.ACCUMULATE:
            return None
        return self.bandwidth.at(self.n, self.dim)

    def bound(self, at: tuple[int, ...]) -> FloatArray:
        """A lower bound on the expected NLL at those generations, nats.

        It is the exact NLL of the mean density, or the entropy where bandwidths change.
        """
        if self.width is None:
            return np.full(len(at), entropies()[self.data_set])
        return _bound(self.data_set, law(self.replaced, self.width, at))

    @property
    def line(self) -> tuple[str, str]:
        """What the bound is called in the data: of one bandwidth and mean density, whatever n."""
        kind = WorkflowKind.REPLACE if self.replaced else WorkflowKind.ACCUMULATE
        return (
            panel_of(self.data_set, self.bandwidth if self.width is None else self.width),
            kind.value,
        )

    @property
    def replaced(self) -> bool:
        """Whether the mean density is that of replace; else it is that of accumulate."""
        return self.workflow.kind is WorkflowKind.REPLACE


def panel_of(data_set: str, bandwidth: float | Scott | Silverman) -> str:
    """Data set and bandwidth, as the data call it.

    Example:
        >>> panel_of("moons", 0.1), panel_of("moons", Scott())
        ('moons, h = 0.1', 'moons, h by Scott')
    """
    rule = f"= {bandwidth:g}" if isinstance(bandwidth, float) else f"by {type(bandwidth).__name__}"
    return f"{data_set}, h {rule}"


@cache
def entropies() -> dict[str, float]:
    """Of every data set, nats."""
    found = {name: truth(name).entropy for name in DATA_SETS}
    return {name: float(value) for name, value in found.items() if value is not None}


@cache
def law(replaced: bool, width: float | None, at: tuple[int, ...]) -> Added:
    """Of what kernels add at the generations `at`; no kernel if the width is None."""
    if width is None:
        return Added(np.zeros(1), np.ones((len(at), 1)))
    flow = Workflow.replace(1) if replaced else Workflow.accumulate(1)
    return added(flow, np.full(at[-1] + 1, width), at)


@cache
def _bound(data_set: str, kernels: Added) -> FloatArray:
    """-int f_0 log E f_t, axis (generation,) of the law; the law of one call is one object."""
    return nll_lower(*DATA_SETS[data_set], kernels)


def measured(
    cells: Sequence[Likelihood], *, seed: int, sets: int | None = None
) -> list[Point]:  # fmt: skip
    """The points of all cells, rounded to what their error bars justify.

    The cells of a data set share their test sets; cell i takes its runs from the seeds from seed +
    1000 i on. `sets` test sets of one run each, if it is given.
    """
    points = []
    if sets is not None:
        cells = [replace(cell, sets=sets, runs=1) for cell in cells]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for i, cell in enumerate(cells):
            own = seed + _SEEDS * i

            def one(k: int, cell: Likelihood = cell, own: int = own) -> FloatArray:
                return _one_set(cell, k, seed, own + k)

            excess = np.array(list(pool.map(one, range(cell.sets))))
            error = excess.std(axis=0, ddof=1) / math.sqrt(cell.sets)
            points += _points(cell, cell.bound(cell.at) + excess.mean(axis=0), error)
    return points


def bounds(cells: Sequence[Likelihood], at: tuple[int, ...]) -> list[Point]:
    """The bounds of all cells at those generations, once each, and the truths' entropies."""
    lines = {cell.line: cell for cell in cells if cell.width is not None}
    found = [
        Point(name, ENTROPY, "", truth(name).dim, None, 0, entropies()[name], None, 0)
        for name in dict.fromkeys(cell.data_set for cell in cells)
    ]
    return found + [
        Point(name, BOUND, label, cell.dim, None, t, float(value), None, 0)
        for (name, label), cell in lines.items()
        for t, value in zip(at, cell.bound(at), strict=True)
    ]


def series(
    cells: Sequence[Likelihood], points: Sequence[Point], *, listed: tuple[int, ...] | None = None
) -> list[Series]:
    """Every cell's points above its bound, the entropy where none is kept.

    Args:
        cells: of the figure.
        points: from `measured` and `bounds`.
        listed: generations that the data of the figure have, None for all.
    """
    own: dict[tuple[str, str, str, int | None], list[Point]] = {}
    for point in points:
        place = (point.quantity, point.panel, point.label, point.n)
        own.setdefault(place, []).append(point)
    found = []
    for cell in cells:
        (floor,) = own[(ENTROPY, cell.data_set, "", None)]
        values = np.full(cell.at[-1] + 1, floor.simulation)
        for point in own[(BOUND, *cell.line, None)] if cell.width is not None else ():
            values[point.generation] = point.simulation
        curve = Curve(values, Kind.LOWER, "loopbound theory, section 5, Jensen")
        kind = cell.workflow.kind
        mine = tuple(own.get((NLL, cell.panel, kind.value, cell.n), ()))
        found.append(
            Series(
                cell.panel, NLL, kind.value, kind, cell.dim, cell.n, curve, mine, listed
            )
        )  # fmt: skip
    return found


def _one_set(cell: Likelihood, k: int, seed: int, own: int) -> FloatArray:
    """NLL less that of the mean density on test set k, axis (generation,), those of `at`."""
    from montecarlo.kde import estimate  # numba, which drawing does not need

    found = estimate(
        KdeChain(truth(cell.data_set), cell.bandwidth), cell.workflow, cell.at[-1], seed=own,
        replicates=cell.runs, fields=(NLL,), points=held_out(cell.data_set, k, seed), at=cell.at,
        threads=1,
    )  # fmt: skip
    kernels = law(cell.replaced, cell.width, cell.at)
    return np.asarray(found[NLL].mean[list(cell.at)] + _on_tests(cell.data_set, kernels, k, seed))


@cache
def held_out(data_set: str, k: int, seed: int) -> FloatArray:
    """Rows of test set k, axes (row, feature)."""
    from montecarlo.truths import rows

    name = list(DATA_SETS).index(data_set)
    return rows(truth(data_set), np.random.Generator(np.random.SFC64([seed, name, k])), TESTS)


@cache
def _on_tests(data_set: str, kernels: Added, k: int, seed: int) -> FloatArray:
    """Mean of log E f_t over test set k, axis (generation,)."""
    found = log_mean_densities(*DATA_SETS[data_set], kernels, held_out(data_set, k, seed))
    return np.asarray(found.mean(axis=1))


def _points(cell: Likelihood, mean: FloatArray, error: FloatArray) -> list[Point]:
    label = cell.workflow.kind.value
    return [
        rounded(
            Point(
                cell.panel, NLL, label, cell.dim, cell.n, t, float(m), float(e),
                cell.sets * cell.runs,
            )
        )
        for t, m, e in zip(cell.at, mean, error, strict=True)
    ]  # fmt: skip


def rounded(point: Point) -> Point:
    """The point with two digits of its standard error, and no more of its mean.

    Example:
        >>> p = rounded(Point("a", "nll", "replace", 2, 10, 1, 1.23456, 0.01234, 64))
        >>> p.simulation, p.std_error
        (1.235, 0.012)
    """
    if not point.std_error:
        return point
    places = _DIGITS - 1 - math.floor(math.log10(point.std_error))
    return replace(
        point,
        simulation=round(point.simulation, places),
        std_error=round(point.std_error, places),
    )


def grid_settings(cells: Sequence[Likelihood], bounds_at: Sequence[int]) -> dict[str, Any]:
    """The spec of the cells in plain values, a line for every n: they are many.

    A cell is named by its data set, bandwidth and workflow; what it is simulated with stands once.
    """
    found: dict[str, list[str]] = {}
    for cell in cells:
        sizes = f"{cell.sets} x {cell.runs} runs at t = {', '.join(map(str, cell.at))}"
        found.setdefault(f"{cell.workflow}: {sizes}", []).append(cell.panel)
    truths = {cell.data_set for cell in cells}
    return {
        "truths": {name: repr_of(truth(name)) for name in DATA_SETS if name in truths},
        "cells": found,
        "bounds": {"first": bounds_at[0], "last": bounds_at[-1], "generations": len(bounds_at)},
    }


def repr_of(found: Truth) -> dict[str, Any]:
    """What pins a data set: its dimension, means and variances."""
    return {
        "dim": found.dim,
        "mean": [round(float(x), 9) for x in found.mean],
        "variance": [round(float(x), 9) for x in found.variance],
        "square_integral": round(found.square_integral, 9),
    }
