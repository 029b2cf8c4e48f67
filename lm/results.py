"""What a folder of a run holds, as curves that theory can be put beside.

A network's run has a folder a chain (`lm.folder`); an n-gram's has two files, the table of both
modes and the losses of every replicate.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from lm.folder import LOSSES, chains, generation_folder, read_json
from lm.reading import recipe_from
from lm.textstats import TextStatistics
from montecarlo.durable import MANIFEST
from theory.commandline import Table
from theory.growth import LossCurve
from theory.growth.tables import COLUMNS, SIZES, read_losses
from theory.workflow import Workflow

NGRAM_TABLE, NGRAM_LOSSES = "ngram.json", "losses.csv"
LEARNING_COLUMNS = (
    "model", "workflow", "seed", "generation", "step", "train_cross_entropy", "test_cross_entropy",
)  # fmt: skip
"""Of `learning_curves`."""
METRICS = (
    "cross_entropy", "bits_per_byte", "mixture_cross_entropy", "train_cross_entropy", "steps",
    "train_rows", "train_tokens", "models", "yield", "finished", "candidates", "acceptance",
    "candidate_score", "kept_score", "edited", "changed",
    *(field.name for field in fields(TextStatistics)),
)  # fmt: skip
"""All that a generation of a network may have."""


def loss_curves(run: Path) -> list[LossCurve]:
    """Losses by workflow at the generations that every seed has, where those are two or more.

    Raises:
        ValueError: a damaged folder.
        OSError: a file that cannot be read.
    """
    if is_ngram(run):
        return read_losses(run / NGRAM_LOSSES)
    found = []
    for label, seeds in chains(run).items():
        last = min(map(len, seeds.values())) - 1
        if last < 2:
            continue
        losses = [[one["cross_entropy"] for one in chain[1 : last + 1]] for chain in seeds.values()]
        model, name = names(run, label)
        workflow = _workflow(_manifest(run / label))
        found.append(LossCurve(model, name, workflow, np.arange(1, last + 1), np.array(losses)))
    return found


def names(run: Path, label: str) -> tuple[str, str]:
    """(model, workflow) that a chain's curve goes by: a mitigation belongs to the model's name.

    Theory has v_t for the workflow alone; what a mitigation does to it no law of ours says.
    """
    entries = _manifest(run / label)
    (choice,) = recipe_from({"workflows": [entries["choice"]]}).workflows
    (chosen,) = recipe_from({"mitigation": [entries.get("mitigation", {})]}).mitigation
    return f"{run.name} {chosen.label}".strip(), choice.label


def learning_curves(run: Path, most: int = 24) -> list[tuple[Any, ...]]:
    """Loss over the optimizer steps of every fit, rows of `LEARNING_COLUMNS`.

    A row is the mean over neighbouring steps, at most `most` rows a fit, named by the last of
    them. The last row of a fit has its cross-entropy on held-out real text, the others None.

    Raises:
        ValueError: a damaged folder.
        OSError: a file that cannot be read.
    """
    return [
        row
        for label, seeds in chains(run).items()
        for seed, metrics in seeds.items()
        for t in range(1, len(metrics))
        for row in _one_fit(run, label, seed, t, metrics[t]["cross_entropy"], most)
    ]


def _one_fit(
    run: Path, label: str, seed: int, generation: int, test: float, most: int
) -> list[tuple[Any, ...]]:
    path = generation_folder(run / label / f"seed-{seed}", generation) / LOSSES
    try:
        found = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)[:, 1]
    except (ValueError, IndexError) as problem:
        raise ValueError(f"{str(path)!r} is damaged: {problem}") from None
    size = -(-len(found) // most)
    groups = [found[first : first + size] for first in range(0, len(found), size)]
    ends = np.cumsum([len(group) for group in groups]).tolist()
    rows: list[tuple[Any, ...]] = [
        (run.name, label, seed, generation, step, float(group.mean()), None)
        for step, group in zip(ends, groups, strict=True)
    ]
    rows[-1] = (*rows[-1][:-1], test)
    return rows


def mean_and_error(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Mean over seeds and its standard error, None where there is too little of it.

    Example:
        >>> mean_and_error([1.0, 3.0])
        (2.0, 1.0)
    """
    if not values:
        return None, None
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return mean, None
    squares = math.fsum((value - mean) ** 2 for value in values)
    return mean, math.sqrt(squares / (len(values) - 1) / len(values))


def losses(run: Path) -> Table:
    """Losses of the fits that every seed has, in the columns of `theory.growth.tables`.

    Raises:
        ValueError: no run, or a damaged one.
        OSError: a file that cannot be read.
    """
    if is_ngram(run):
        with (run / NGRAM_LOSSES).open(encoding="utf-8", newline="") as file:
            columns, *lines = csv.reader(file)
        return Table(tuple(columns), [tuple(line) for line in lines])
    found = chains(run)
    body = []
    for label, seeds in found.items():
        flow = _workflow(_manifest(run / label))
        n = " ".join(map(str, flow.schedule))
        sizes = [n if name == "n" else getattr(flow, name) for name in SIZES]
        model, _ = names(run, label)
        shown = (model, flow.kind.value, *(size or None for size in sizes))
        last = min(map(len, seeds.values())) - 1
        body += [
            (*shown, seed, t, chain[t]["cross_entropy"])
            for seed, chain in seeds.items() for t in range(1, last + 1)
        ]  # fmt: skip
    if not body:
        told = "no fit that every seed has" if found else "no run"
        raise ValueError(f"{str(run)!r} holds {told}")
    return _without_empty((*COLUMNS[:2], *SIZES, "seed", *COLUMNS[2:]), body)


def _without_empty(columns: tuple[str, ...], body: list[tuple[Any, ...]]) -> Table:
    """A table without the columns that no row has anything in."""
    kept = [i for i in range(len(columns)) if any(row[i] is not None for row in body)]
    return Table(tuple(columns[i] for i in kept), [tuple(row[i] for i in kept) for row in body])


def is_ngram(run: Path) -> bool:
    """True for the folder of an n-gram's run."""
    return (run / NGRAM_TABLE).is_file()


def mode_of(run: Path) -> str:
    """Training mode of a network's run: restart, continue or scratch."""
    first = next(run.glob(f"*/seed-*/{MANIFEST}"))
    return str(read_json(first)["training"]["mode"])


def _manifest(workflow: Path) -> dict[str, Any]:
    return read_json(sorted(workflow.glob(f"seed-*/{MANIFEST}"))[0])


def _workflow(manifest: dict[str, Any]) -> Workflow:
    (choice,) = recipe_from({"workflows": [manifest["choice"]]}).workflows
    return choice.workflow(int(manifest["batch"]))
