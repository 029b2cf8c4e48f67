"""What synthetic rows are worth: fits to so many real and so many synthetic rows together.

The synthetic rows are those that the model wrote which was fitted to the whole real batch. Every
cell starts as generation 1 does and takes the first rows of both; it is fitted twice, for equal
epochs (more rows are more optimizer steps) and for as many steps as the whole real batch takes.
Cells of one seed share weights, rows and noise. A finished cell is a file: a rerun goes on.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from lm.batches import steps_of
from lm.chain import Chain
from lm.config import Recipe, WorkflowChoice
from lm.folder import as_json, generation_folder, load_rows, locked, read_json, settle
from lm.material import prepare
from lm.progress import Bars
from lm.run import Machine, accelerator_for, run
from lm.tokenizer import TokenRow
from montecarlo.durable import replace
from theory.workflow import whole_number

_POOL = WorkflowChoice("replace")


@dataclass(frozen=True)
class Cell:
    """One fit of the grid: its rows, its seed, and whether steps or epochs are equal."""

    real: int
    synthetic: int
    seed: int
    step_matched: bool

    @property
    def name(self) -> str:
        """Of its file."""
        how = "steps" if self.step_matched else "epochs"
        return f"{how}-real-{self.real}-synthetic-{self.synthetic}-seed-{self.seed}.json"


@dataclass(frozen=True)
class Measured:
    """A fitted cell: optimizer steps, and cross-entropy on held-out real text (nats a token)."""

    cell: Cell
    steps: int
    cross_entropy: float


def grid(recipe: Recipe, real: tuple[int, ...], synthetic: tuple[int, ...]) -> list[Cell]:
    """Every cell with a row, all of a seed together.

    Raises:
        ValueError: a number of rows that is not whole or negative, quoted.
    """
    for name, sizes in (("--real", real), ("--synthetic", synthetic)):
        for size in sizes:
            whole_number(name, size, 0)
    return [
        Cell(r, s, seed, matched)
        for seed in recipe.seeds for matched in (False, True)
        for r in real for s in synthetic if r + s
    ]  # fmt: skip


def value(
    recipe: Recipe, folder: Path, on: Machine, real: tuple[int, ...], synthetic: tuple[int, ...]
) -> list[Measured]:
    """Every cell, those that are in the folder already not made again.

    Args:
        recipe: its real batch, model and fit; workflows and generations count for nothing.
        folder: of the run.
        on: the machine; the cells come one after the other.
        real: numbers of real rows.
        synthetic: numbers of synthetic rows.

    Raises:
        ValueError: more rows than there are, or as `lm.run.run`; finished cells are kept.
    """
    recipe = dataclasses.replace(recipe, workflows=(_POOL,), generations=1)
    cells = grid(recipe, real, synthetic)
    run(recipe, folder, dataclasses.replace(on, jobs=1))
    accelerator = accelerator_for(on, on.threads)
    bars = Bars(shown=on.progress)
    material = prepare(recipe, folder, accelerator, bars)
    _check(cells, material.rows)
    found, cell_folder = [], folder / "cells"
    with locked(cell_folder):
        settle(cell_folder, material.manifest)
        for cell in cells:
            path = cell_folder / cell.name
            if not path.exists():
                chain = Chain(material, _POOL, cell.seed, folder, accelerator, bars)
                replace(path, as_json(_fitted(chain, cell)))
            entries = read_json(path)
            found.append(Measured(cell, int(entries["steps"]), float(entries["cross_entropy"])))
    return found


def _check(cells: list[Cell], rows: int) -> None:
    for cell in cells:
        for name, size in (("--real", cell.real), ("--synthetic", cell.synthetic)):
            if size > rows:
                raise ValueError(f"{name} must be at most the {rows:,} rows a batch, got {size:,}")


def _fitted(chain: Chain, cell: Cell) -> dict[str, float]:
    """Steps and loss of one cell."""
    material, training = chain.material, chain.material.recipe.training
    batches = [load_rows(generation_folder(chain.folder, t))[0] for t in (0, 1)]
    tokens: list[TokenRow] = [*batches[0][: cell.real], *batches[1][: cell.synthetic]]
    counted = material.rows if cell.step_matched else len(tokens)
    steps = steps_of(counted, training.batch_rows, training.epochs)
    told = f"{cell.real} real, {cell.synthetic} synthetic"
    model, _ = chain.fits.one(1, material.weighted(tokens), steps, told)
    return {"steps": steps, "cross_entropy": chain.fits.measured([model])["cross_entropy"]}
