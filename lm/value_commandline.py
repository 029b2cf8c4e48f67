"""python -m lm value: the grid of real and synthetic rows as people and a figure read it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lm.recipe_commandline import MITIGATION, add_recipe_options, chosen, resumable
from lm.results import mean_and_error
from theory.commandline import Table, add_output_options, numbers, panels, write

if TYPE_CHECKING:
    from lm.value import Measured

EXAMPLES = """\
examples:
  python -m lm value --quick
  python -m lm value --quick --seeds 0,1,2 --plot worth.png
  python -m lm value stdlib-finetune --real 250,1000 --synthetic 0,1000 --format csv

Every cell is a file. After Ctrl-C, a kill or a full disk the same command goes on from the last one
that is finished.
"""
PANELS = {False: "ours", True: "ours, equal steps"}
COLUMNS = (
    "panel", "real_rows", "synthetic_rows", "optimizer_steps", "test_cross_entropy", "std_error",
    "seeds",
)  # fmt: skip


def add_value(commands: Any) -> None:
    """The command `value` among those of python -m lm."""
    parser = commands.add_parser(
        "value", help="what synthetic rows are worth beside real ones: a grid",
        description="Fits to real and synthetic rows together, at equal epochs and at equal steps.",
        epilog=EXAMPLES,
    )  # fmt: skip
    parser.add_argument("--real", type=lambda text: numbers(text, int), metavar="R[,R...]",
                        help="default a quarter, a half and all of a batch")  # fmt: skip
    parser.add_argument("--synthetic", type=lambda text: numbers(text, int), metavar="S[,S...]",
                        help="default 0, a quarter, a half and all of a batch")  # fmt: skip
    add_recipe_options(parser, "stdlib-finetune", "value-RECIPE")
    add_output_options(parser)
    parser.set_defaults(
        act=value, workflow=None, generations=None, step_matched=False,
        **dict.fromkeys((*MITIGATION, "loss")),
    )  # fmt: skip


def value(options: argparse.Namespace) -> int:
    """Do what the options say; returns the exit status."""
    recipe, folder = chosen(options, "value-")
    if recipe.mitigation:
        raise ValueError(f"value takes no mitigation, got {recipe.mitigation[0].label!r}")
    rows = recipe.data.rows
    if recipe.engine == "ngram" or rows is None:
        raise ValueError(f"value takes a recipe of a network with data.rows: {options.recipe!r}")
    parts = (rows // 4, rows // 2, rows)
    with resumable(folder):
        import lm.value as values
        from lm.run import machine

        on = machine(1, options.threads, 1, cpu=options.cpu)
        real, synthetic = options.real or parts, options.synthetic or (0, *parts)
        found = values.value(recipe, folder, on, real, synthetic)
    grid = table(found, folder)
    write(grid, options)
    if options.plot is not None:
        plot(options.plot, f"Synthetic rows beside real ones: {folder}", grid)
    return 0


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
