"""Loss curves of a CSV: anybody's measurements, read for the command lines."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from theory.growth.losscurve import LossCurve
from theory.workflow import Workflow

COLUMNS = ("model", "workflow", "generation", "test_cross_entropy")
"""What a file of losses must have; `seed`, `temperature` and the columns of `SIZES` may be.

A temperature other than 1 joins the model's name; a point that several figures show counts once.
"""

_ROWS = 100  # a batch where a file says no sizes: with equal batches v_t does not depend on it
SIZES: Mapping[str, Callable[[str], Any]] = {
    "n": lambda text: tuple(map(int, text.split())),
    "n_real": int,
    "window": int,
    "budget": int,
    "weight": float,
    "replacement": lambda text: {"True": True, "False": False}[text],
}
"""Optional columns, a workflow's sizes, and how each is read; n may be a schedule, as in 10 20."""

_LOSSES = ("loss", COLUMNS[-1])
_FIRST, _GROWING = "first_fit", "replace_growing"


def read_losses(path: Path) -> list[LossCurve]:
    """The curves of a CSV with a header and the columns of `COLUMNS`, in order of appearance.

    Every seed of a curve has every generation of it. Rows of the workflow `first_fit` are
    generation 1 of every other workflow of that model. Where no sizes are given every batch has
    the same number of rows, and a budget is one batch.

    Raises:
        ValueError: a missing column, a value that is no number, a generation with two losses,
            seeds of unequal length, or no row; quotes file, line and value.
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise ValueError(f"{str(path)!r} has no column {missing[0]!r}")
        try:
            return _curves(_entry(row, f"line {reader.line_num}") for row in reader)
        except (ValueError, UnicodeDecodeError) as problem:
            raise ValueError(f"{str(path)!r}: {problem}") from None


def read_measured(path: Path, workflow: Workflow) -> list[LossCurve]:
    """The curve of a CSV with the columns generation and loss, perhaps seed, of that workflow.

    Raises:
        ValueError: as `read_losses`; quotes file, line and value.
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames or ()
        loss = next((name for name in _LOSSES if name in columns), None)
        if loss is None or "generation" not in columns:
            missing = "generation" if loss else "loss"
            raise ValueError(f"{str(path)!r} has no column {missing!r}, got {', '.join(columns)}")
        fixed = {"model": path.stem, "workflow": workflow.kind.value}
        try:
            entries = [
                _entry({**row, **fixed, COLUMNS[-1]: row[loss]}, f"line {reader.line_num}")
                for row in reader
            ]
            return _curves([replace(entry, sizes=()) for entry in entries], workflow)
        except (ValueError, UnicodeDecodeError) as problem:
            raise ValueError(f"{str(path)!r}: {problem}") from None


def names_workflows(path: Path) -> bool:
    """Whether the file's header says the workflow of each row.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not text.
    """
    with path.open(encoding="utf-8", newline="") as file:
        try:
            return "workflow" in next(csv.reader(file), [])
        except UnicodeDecodeError as problem:
            raise ValueError(f"{str(path)!r} is not UTF-8 text: {problem}") from None


@dataclass(frozen=True)
class _Entry:
    """One row of a file."""

    model: str
    label: str
    sizes: tuple[tuple[str, Any], ...]
    seed: str
    generation: int
    loss: float


def _entry(row: Mapping[str, str | None], where: str) -> _Entry:
    given = {name: (value or "").strip() for name, value in row.items() if name is not None}
    for name in COLUMNS:
        if not given[name]:
            raise ValueError(f"{where} has no {name}")
    model = given["model"]
    try:
        if given.get("temperature") and float(given["temperature"]) != 1:
            model += f" at temperature {float(given['temperature']):g}"
        sizes = {name: read(given[name]) for name, read in SIZES.items() if given.get(name)}
        generation, loss = int(given["generation"]), float(given["test_cross_entropy"])
    except (ValueError, KeyError) as problem:
        raise ValueError(f"{where}: {problem}") from None
    if not math.isfinite(loss):
        raise ValueError(f"{where}: a loss must be finite, got {loss!r}")
    label = given["workflow"].replace("_", "-") if given["workflow"] != _FIRST else _FIRST
    return _Entry(model, label, tuple(sizes.items()), given.get("seed", ""), generation, loss)


def _curves(entries: Iterable[_Entry], workflow: Workflow | None = None) -> list[LossCurve]:
    """Rows gathered into curves, of their own workflows or of that one."""
    first: dict[str, dict[str, float]] = defaultdict(dict)
    found: dict[Any, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for entry in entries:
        if entry.label == _FIRST:
            first[entry.model][entry.seed] = entry.loss
            continue
        run = found[entry.model, entry.label, entry.sizes][entry.seed]
        if run.get(entry.generation, entry.loss) != entry.loss:
            raise ValueError(
                f"generation {entry.generation} of {entry.model}, {entry.label} has two losses"
            )
        run[entry.generation] = entry.loss
    if not found:
        raise ValueError("no losses")
    return [
        _curve(model, label, dict(sizes), runs, first[model], workflow)
        for (model, label, sizes), runs in found.items()
    ]


def _curve(
    model: str,
    label: str,
    sizes: dict[str, Any],
    runs: dict[str, dict[int, float]],
    first: dict[str, float],
    workflow: Workflow | None,
) -> LossCurve:
    for seed, run in runs.items():
        if seed in first:
            run.setdefault(1, first[seed])
    generations = {tuple(sorted(run)) for run in runs.values()}
    if len(generations) > 1:
        raise ValueError(f"the seeds of {model}, {label} must have the same generations")
    (at,) = generations
    losses = [[run[t] for t in at] for run in runs.values()]
    flow = _workflow(label, sizes, at[-1]) if workflow is None else workflow
    return LossCurve(model, label, flow, np.array(at), np.array(losses))


def _workflow(label: str, sizes: dict[str, Any], generations: int) -> Workflow:
    rows = sizes.pop("n", (_ROWS,))
    if label == _GROWING.replace("_", "-"):
        return Workflow.replace([rows[0] * (s + 1) for s in range(generations)])
    return Workflow.parse(label, n=rows, **sizes)
