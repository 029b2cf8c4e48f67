"""Monte Carlo points: every cell of a figure simulated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paper_figures.series import Cell, Point

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
        points.extend(_of_cell(cell, seed + i, quick))
    return points


def _of_cell(cell: Cell, seed: int, quick: bool) -> list[Point]:
    from montecarlo.gaussian import estimate  # numba, which drawing does not need

    replicates = max(FEWEST, cell.replicates // QUICK) if quick else cell.replicates
    found = estimate(
        cell.chain, cell.workflow, cell.generations,
        seed=seed, replicates=replicates, fields=cell.fields,
    )  # fmt: skip
    points = []
    for field in cell.fields:
        sample, std = found[field], cell.theory(field).std
        error = sample.std_error if std is None else std / np.sqrt(sample.count)
        points += [
            Point(
                cell.panel, field, cell.label, cell.chain.dim, cell.n, t,
                float(sample.mean[t]), float(error[t]), sample.count,
            )
            for t in cell.at
        ]  # fmt: skip
    return points
