"""The grid of real and synthetic rows as people and the figure `value_of_synthetic` read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lm.results import mean_and_error
from theory.commandline import Table, panels

if TYPE_CHECKING:
    from lm.value import Measured

PANELS = {False: "ours", True: "ours, equal steps"}
COLUMNS = (
    "panel", "real_rows", "synthetic_rows", "optimizer_steps", "test_cross_entropy", "std_error",
    "seeds",
)  # fmt: skip


def table(found: Sequence[Measured], folder: Path) -> Table:
    """One row a cell of the grid, means over seeds."""
    cells: dict[tuple[str, int, int, int], list[float]] = {}
    for one in found:
        place = (PANELS[one.cell.step_matched], one.cell.real, one.cell.synthetic, one.steps)
        cells.setdefault(place, []).append(one.cross_entropy)
    body = [(*place, *mean_and_error(losses), len(losses)) for place, losses in cells.items()]
    notes = (
        str(folder),
        "test_cross_entropy: nats a token on held-out real text, mean over seeds; std_error: of it",
        "ours: equal epochs, so that more rows are more steps; ours, equal steps: as many as the "
        "whole real batch takes",
    )
    return Table(COLUMNS, body, {"folder": str(folder)}, notes)


def plot(path: Path, title: str, grid: Table) -> None:
    """Loss against real rows, a line for each number of synthetic rows, a panel a control."""
    names = list(dict.fromkeys(str(row[0]) for row in grid.rows))
    with panels(path, title, names) as shown:
        for panel, name in zip(shown, names, strict=True):
            own = [row for row in grid.rows if row[0] == name]
            for synthetic in dict.fromkeys(row[2] for row in own):
                line = sorted(row for row in own if row[2] == synthetic)
                bars = [2 * (row[5] or 0.0) for row in line]
                panel.errorbar(
                    [row[1] for row in line], [row[4] for row in line], bars, marker="o",
                    markersize=3, capsize=2, label=f"{synthetic:,} synthetic",
                )  # fmt: skip
            panel.set_xlabel("real rows")
            panel.set_ylabel("nats a token")
            panel.legend(frameon=False)
