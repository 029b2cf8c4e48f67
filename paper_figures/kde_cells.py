"""Test likelihoods of kernel-density chains on the toy data sets: what is simulated, and how.

A test set is 500 rows of the truth, fixed over generations. A mean over one set would carry its
noise into every generation, so each set serves a few runs only, and the standard error is that of
the means over sets. The sets also tell the truth's own NLL, whose expectation is the entropy: the
points are the excess over it on the same rows, plus the entropy, which takes most of a set's luck
away and no bias in.

Source: the setting is that of 2410.16713, section 1 of the published experiments.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from paper_figures.series import FloatArray, Point
from theory.datasets import CENTRES, SwissRoll, blobs, circles, moons
from theory.kde import KdeChain, Scott, Silverman
from theory.mixture import GaussianMixture
from theory.truths import Truth
from theory.workflow import Workflow

NLL = "nll"
ROWS = (10, 32, 100, 316, 1000)
WORKFLOWS = (Workflow.replace, Workflow.accumulate, Workflow.accumulate_subsample)
DATA_SETS: dict[str, Callable[[], Truth]] = {
    "blobs": blobs,
    "circles": circles,
    "moons": moons,
    "swiss roll": SwissRoll,
}
BLURRED: dict[str, tuple[Callable[[float], GaussianMixture], float]] = {
    "blobs": (lambda noise: blobs(CENTRES, noise), 1.0),
    "circles": (circles, 0.05),
    "moons": (moons, 0.05),
}
"""As functions of their noise, with that noise; a swiss roll is not in the plane."""
SETS = {10: (8, 4), 32: (8, 2), 100: (8, 1), 316: (4, 1), 1000: (4, 1)}
"""Test sets and runs a set, by rows a batch: each costs about the same."""
QUICK_SETS = 2
_SEEDS = 1000  # of one cell: more than it has test sets
_DIGITS = 2  # of a standard error that are kept


@cache
def truth(data_set: str) -> Truth:
    """The population of a data set."""
    return DATA_SETS[data_set]()


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


def measured(
    cells: Sequence[Likelihood], *, seed: int, sets: int | None = None
) -> list[Point]:  # fmt: skip
    """The points of all cells, rounded to what their error bars justify.

    Cell i takes its test sets and runs from the seeds from seed + 1000 i on; `sets` test sets of
    one run each, if it is given.
    """
    points = []
    if sets is not None:
        cells = [replace(cell, sets=sets, runs=1) for cell in cells]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for i, cell in enumerate(cells):
            seeds = range(seed + _SEEDS * i, seed + _SEEDS * i + cell.sets)
            excess = np.array(list(pool.map(lambda each, cell=cell: _one_set(cell, each), seeds)))
            error = excess.std(axis=0, ddof=1) / math.sqrt(cell.sets)
            points += _points(cell, entropies()[cell.data_set] + excess.mean(axis=0), error)
    return points


def _one_set(cell: Likelihood, seed: int) -> FloatArray:
    """NLL less that of the truth on one test set, axis (generation,), those of `at`."""
    from montecarlo.kde import estimate  # numba, which drawing does not need

    chain = KdeChain(truth(cell.data_set), cell.bandwidth)
    found = estimate(
        chain, cell.workflow, cell.at[-1], seed=seed, replicates=cell.runs, fields=(NLL,),
        at=cell.at, threads=1,
    )  # fmt: skip
    mean = found[NLL].mean
    return np.asarray(mean[list(cell.at)] - mean[0])


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


def grid_settings(cells: Sequence[Likelihood]) -> dict[str, Any]:
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
    }


def repr_of(found: Truth) -> dict[str, Any]:
    """What pins a data set: its dimension, means and variances."""
    return {
        "dim": found.dim,
        "mean": [round(float(x), 9) for x in found.mean],
        "variance": [round(float(x), 9) for x in found.variance],
        "square_integral": round(found.square_integral, 9),
    }
