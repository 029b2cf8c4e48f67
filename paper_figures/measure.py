"""Monte Carlo points: every cell of a figure simulated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from paper_figures.series import Cell, FloatArray, Point
from paper_figures.style import BARS
from theory.categorical import CategoricalChain
from theory.gaussian import GaussianChain
from theory.kde import KdeChain
from theory.regression import RegressionChain
from theory.verification import VerifiedChain

QUICK = 16  # --quick runs this many times fewer replicates
FEWEST = 16


def measure(cells: Sequence[Cell], *, seed: int, quick: bool = False) -> list[Point]:
    """The points of all cells; cell i has seed + i.

    The standard error rests on theory's standard deviation of one run where that is known, as in
    validation: a mean that rare runs carry has no other honest error bar.

    Raises:
        Interrupted: Ctrl-C.
    """
    points: list[Point] = []
    for i, cell in enumerate(cells):
        replicates = max(FEWEST, cell.replicates // QUICK) if quick else cell.replicates
        found = _quantiles if cell.quantiles else _means
        for name, value, error in found(cell, seed + i, replicates):
            points += [
                Point(
                    cell.panel, name, cell.label, cell.dim, cell.n, t,
                    float(value[t]), float(error[t]), replicates,
                )
                for t in cell.at
            ]  # fmt: skip
    return points


def _means(
    cell: Cell, seed: int, replicates: int
) -> Iterator[tuple[str, FloatArray, FloatArray]]:  # fmt: skip
    """(field, means, standard errors), arrays of axis (generation,)."""
    # numba, which drawing does not need
    from montecarlo import categorical, gaussian, kde, regression, verification

    chain, flow, last = cell.chain, cell.workflow, cell.generations
    if isinstance(chain, GaussianChain):
        found = gaussian.estimate(
            chain, flow, last, seed=seed, replicates=replicates, fields=cell.fields,
            method=cell.method,
        )  # fmt: skip
    elif isinstance(chain, CategoricalChain):
        found = categorical.estimate(
            chain, flow, last, seed=seed, replicates=replicates, fields=cell.fields,
            method=cell.method,
        )  # fmt: skip
    elif isinstance(chain, VerifiedChain):
        found = verification.estimate(
            chain, flow, last, seed=seed, replicates=replicates, fields=cell.fields,
            method=cell.method,
        )  # fmt: skip
    elif isinstance(chain, KdeChain):
        found = kde.estimate(
            chain, flow, last, seed=seed, replicates=replicates, fields=cell.fields
        )  # fmt: skip
    else:
        found = regression.estimate(
            chain, flow, last, seed=seed, replicates=replicates, fields=cell.fields,
            method=cell.method,
        )  # fmt: skip
    for field in cell.fields:
        sample, std = found[field], cell.theory(field).std
        # Without label noise a run has less spread than theory says.
        known = std is not None and cell.method != "rao-blackwell"
        yield field, sample.mean, std / np.sqrt(sample.count) if known else sample.std_error


def _quantiles(
    cell: Cell, seed: int, replicates: int
) -> Iterator[tuple[str, FloatArray, FloatArray]]:  # fmt: skip
    """(quantile, values, standard errors) of the error of one run, axis (generation,).

    A bar is as wide as the order statistics that a binomial count leaves BARS standard deviations
    away: it holds whatever the tail.
    """
    from montecarlo.regression import simulate

    assert isinstance(cell.chain, RegressionChain)
    runs = simulate(
        cell.chain, cell.workflow, cell.generations, seed=seed, replicates=replicates,
        fields=cell.fields, method=cell.method,
    )  # fmt: skip
    ordered = np.sort(runs[cell.fields[0]], axis=0)
    for name, p in cell.quantities.items():
        assert p is not None
        away = BARS * np.sqrt(replicates * p * (1 - p))
        ranks = np.clip(replicates * p + np.array([-away, 0.0, away]), 0, replicates - 1)
        low, middle, high = ordered[ranks.astype(int)]
        yield name, middle, (high - low) / (2 * BARS)
