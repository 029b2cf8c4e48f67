"""Statements on language models, from the values that the papers print."""

from __future__ import annotations

import csv

from lm.losscurve import PUBLISHED
from validation.statements.gaussian import KAZDAN
from validation.statements.statement import Cell, Standing, Statement

GRID = PUBLISHED / "value_of_synthetic_grid.csv"
BATCH = 128  # rows an optimizer step, as published
SMALL = 2048  # rows: up to that an epoch is few steps


def steps() -> Statement:
    """The value of synthetic rows: the number of steps follows from the number of rows."""
    grid = published_grid()
    follow = sum((real + fake) // BATCH == count for real, fake, count, _ in grid)
    few = [count for real, fake, count, _ in grid if real + fake <= SMALL]
    body: list[tuple[Cell, ...]] = []
    for real in sorted({cell[0] for cell in grid}):
        cells = [cell for cell in grid if cell[0] == real]
        fewest, best = min(cells, key=lambda cell: cell[1]), min(cells, key=lambda cell: cell[3])
        body.append((f"{real:,}", fewest[1], fewest[2], fewest[3], best[1], best[2], best[3]))
    return Statement(
        key="steps",
        title="The value of synthetic rows cannot be told from the number of training steps",
        papers=(KAZDAN,),
        published="When real rows are scarce, adding synthetic rows to them lowers the test loss "
        "up to some number, and raises it beyond.",
        standing=Standing.CONFOUNDED,
        exact=f"Every cell of the published grid trains for one epoch, so its steps are its rows "
        f"divided by {BATCH}, rounded down, in {follow} of {len(grid)} cells: a cell with more "
        f"synthetic rows is trained longer. Up to {SMALL:,} rows that is {min(few)} to {max(few)} "
        f"steps, too few for any data. What rows are worth needs controls with equal steps; no "
        f"such run is published; python -m lm value makes both of a small model.",
        caption="Published cells: least synthetic rows, and those of the lowest loss "
        "(nats per token)",
        columns=("real rows", "synthetic", "steps", "loss", "best synthetic", "its steps",
                 "its loss"),
        body=body,
        source=f"the values that the paper prints (lm/published/{GRID.name}); nothing is "
        f"simulated",
        command="python -c \"from validation.statements.language import published_grid; "
        "print(*published_grid(), sep='\\n')\"",
    )  # fmt: skip


def published_grid() -> list[tuple[int, int, int, float]]:
    """(real rows, synthetic rows, optimizer steps, test cross-entropy) of every published cell."""
    with GRID.open(encoding="utf-8", newline="") as file:
        return [
            (int(row["real_rows"]), int(row["synthetic_rows"]), int(row["optimizer_steps"]),
             float(row["test_cross_entropy"]))
            for row in csv.DictReader(file)
        ]  # fmt: skip
