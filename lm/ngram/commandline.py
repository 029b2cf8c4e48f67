"""python -m lm run ngram: the n-gram chain by a recipe, both modes and every workflow of it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lm.config import Recipe
from lm.ngram.run import Mode, NgramRun, run, table
from lm.ngram.words import documentation_words
from lm.results import NGRAM_LOSSES, NGRAM_TABLE
from theory.commandline import Table, panels, replacing, write
from theory.workflow import whole_number

SETTINGS = {"vocabulary": 2000, "order": 2, "replicates": 30, "modes": ["held", "free"]}


def run_ngram(recipe: Recipe, folder: Path, options: argparse.Namespace) -> int:
    """Run, keep the numbers in the folder, print a table a mode and workflow; the exit status."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--folder must be a folder, got the file {str(folder)!r}")
    if len(recipe.seeds) > 1:
        raise ValueError(
            f"ngram takes one seed, got {list(recipe.seeds)}: its chains are settings.replicates"
        )
    found = runs(recipe)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / NGRAM_LOSSES) as file:
        file.write(losses(found).as_csv())
    with replacing(folder / NGRAM_TABLE) as file:
        file.write(together(recipe, found).as_json())
    if options.format == "table":
        for number, one in enumerate(found):
            if number and options.output is None:
                print()
            write(table(one), options)
    else:
        write(together(recipe, found), options)
    if options.plot is not None:
        _plot(options, recipe.title, found)
    return 0


def runs(recipe: Recipe) -> list[NgramRun]:
    """One run a mode and workflow of the recipe, on words of Python's documentation.

    Raises:
        ValueError: a setting or a source that is not understood, quoted.
    """
    settings = {**SETTINGS, **recipe.settings}
    for key in settings:
        if key not in SETTINGS:
            raise ValueError(f"unknown key settings.{key}: choose from {', '.join(SETTINGS)}")
    if recipe.data.source != "stdlib-topics":
        raise ValueError(f"data.source of ngram must be stdlib-topics, got {recipe.data.source!r}")
    vocabulary = whole_number("settings.vocabulary", settings["vocabulary"], 2)
    rows, _ = documentation_words(vocabulary)
    size = recipe.data.rows or len(rows) * 9 // 10  # every tenth row is held out
    return [
        run(
            rows, choice.workflow(size), recipe.generations, mode=mode, vocabulary=vocabulary,
            order=whole_number("settings.order", settings["order"]), seed=recipe.seeds[0],
            replicates=whole_number("settings.replicates", settings["replicates"], 2),
        )
        for mode in _modes(settings) for choice in recipe.workflows
    ]  # fmt: skip


def _modes(settings: Mapping[str, Any]) -> list[Mode]:
    try:
        return [Mode(name) for name in settings["modes"]]
    except ValueError:
        names = ", ".join(mode.value for mode in Mode)
        told = settings["modes"]
        raise ValueError(f"settings.modes must be some of {names}, got {told!r}") from None


def together(recipe: Recipe, found: list[NgramRun]) -> Table:
    """Every run in one table, mode and workflow first; empty where a run has no such field."""
    tables = [table(one) for one in found]
    columns = list(dict.fromkeys(name for one in tables for name in one.columns))
    body = []
    for one, made in zip(found, tables, strict=True):
        for row in made.rows:
            cells = dict(zip(made.columns, row, strict=True))
            place = (one.mode.value, one.workflow.kind.value)
            body.append((*place, *(cells.get(name) for name in columns)))
    facts = {"title": recipe.title, "runs": [made.facts for made in tables]}
    return Table(("mode", "workflow", *columns), body, facts)


def losses(found: list[NgramRun]) -> Table:
    """Losses of every replicate, as `lm.losscurve` reads them."""
    body = [
        (one.loss_curve.model, one.workflow.kind.value, replicate, t, loss)
        for one in found
        for replicate, chain in enumerate(one.losses.tolist())
        for t, loss in enumerate(chain, start=1)
    ]
    return Table(("model", "workflow", "seed", "generation", "test_cross_entropy"), body)


def _plot(options: argparse.Namespace, title: str, found: list[NgramRun]) -> None:
    """A panel a mode: cross-entropy, two standard errors, and theory where it is exact."""
    modes = list(dict.fromkeys(one.mode for one in found))
    names = [f"contexts {mode.value}: cross-entropy, nats a token" for mode in modes]
    with panels(options.plot, title, names) as shown:
        for panel, mode in zip(shown, modes, strict=True):
            for number, one in enumerate(run for run in found if run.mode is mode):
                measured, style = one.fields["cross_entropy"], {"color": f"C{number}"}
                t, bars = measured.generations, 2 * measured.std_error
                told = one.workflow.kind.value
                panel.errorbar(t, measured.mean, bars, fmt="o", markersize=3, label=told, **style)
                if measured.theory is not None:
                    panel.plot(t, measured.theory.values[t], **style)
            panel.legend(frameon=False)
