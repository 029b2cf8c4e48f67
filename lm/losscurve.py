"""Measured loss curves: cross-entropy on real text, generation by generation, and their workflow.

The published ones lie next to the code (`lm/published`, with a README of provenance); those of our
own runs, or of anybody, come from a CSV with the same columns.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

PUBLISHED = Path(__file__).parent / "published"
FINETUNING = "finetuning_helpsteer2"
PRETRAINING = "pretraining_tinystories"
TABLE = "pretraining_table2"
COLUMNS = ("model", "workflow", "generation", "test_cross_entropy")
"""What a file of losses must have; `seed`, `temperature` and a workflow's sizes may be.

A temperature other than 1 joins the model's name; a point that several figures show counts once.
"""

_ROWS = 100  # a batch where a file says no sizes: with equal batches v_t does not depend on it
_SIZES = ("n", "n_real", "window", "budget")
_FIRST, _GROWING = "first_fit", "replace_growing"


@dataclass(frozen=True, eq=False)
class LossCurve:
    """Loss of one model under one workflow.

    Attributes:
        model: what was trained.
        label: the workflow's name.
        workflow: who trains on what.
        generations: t of each column, increasing, from 1, axis (generation,).
        losses: cross-entropy on held-out real text (nats a token), axes (seed, generation).

    Raises:
        ValueError: quoting what does not fit.

    Example:
        >>> curve = LossCurve("tiny", "replace", Workflow.replace(100), [1, 2], [[1.5, 1.75]])
        >>> curve.seeds, curve.mean.tolist()
        (1, [1.5, 1.75])
    """

    model: str
    label: str
    workflow: Workflow
    generations: IntArray
    losses: FloatArray

    def __post_init__(self) -> None:
        at = np.array(self.generations, dtype=np.int64)
        losses = np.array(self.losses, dtype=np.float64)
        if at.ndim != 1 or not len(at) or at[0] < 1 or not (np.diff(at) > 0).all():
            raise ValueError(f"generations must increase from 1 on, got {self.generations!r}")
        if losses.ndim != 2 or losses.shape[1] != len(at) or not len(losses):
            raise ValueError(
                f"losses must have axes (seed, {len(at)} generations), got shape {losses.shape}"
            )
        if not np.isfinite(losses).all():
            bad = losses[~np.isfinite(losses)][0]
            raise ValueError(f"losses must be finite, got {float(bad)!r} in {self.name}")
        for name, array in (("generations", at), ("losses", losses)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def name(self) -> str:
        """Model and workflow."""
        return f"{self.model}, {self.label}"

    @property
    def seeds(self) -> int:
        """Runs behind the curve."""
        return len(self.losses)

    @property
    def mean(self) -> FloatArray:
        """Mean over the seeds, axis (generation,)."""
        return np.asarray(self.losses.mean(axis=0))

    @property
    def std_error(self) -> FloatArray | None:
        """Of that mean, axis (generation,); None for a single run."""
        if self.seeds == 1:
            return None
        return np.asarray(self.losses.std(axis=0, ddof=1) / np.sqrt(self.seeds))


def published(name: str) -> list[LossCurve]:
    """The published curves of one file, `FINETUNING`, `PRETRAINING` or `TABLE`, in its order.

    Example:
        >>> [curve.name for curve in published(PRETRAINING)][:2]
        ['GPT-2-9M, replace', 'Llama-2-12M, replace']
    """
    return read_losses(PUBLISHED / f"{name}.csv")


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
        sizes = {name: int(given[name]) for name in _SIZES if given.get(name)}
        generation, loss = int(given["generation"]), float(given["test_cross_entropy"])
    except ValueError as problem:
        raise ValueError(f"{where}: {problem}") from None
    label = given["workflow"].replace("_", "-") if given["workflow"] != _FIRST else _FIRST
    return _Entry(model, label, tuple(sizes.items()), given.get("seed", ""), generation, loss)


def _curves(entries: Iterable[_Entry]) -> list[LossCurve]:
    """Rows gathered into curves."""
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
        _curve(model, label, dict(sizes), runs, first[model])
        for (model, label, sizes), runs in found.items()
    ]


def _curve(
    model: str,
    label: str,
    sizes: dict[str, Any],
    runs: dict[str, dict[int, float]],
    first: dict[str, float],
) -> LossCurve:
    for seed, run in runs.items():
        if seed in first:
            run.setdefault(1, first[seed])
    generations = {tuple(sorted(run)) for run in runs.values()}
    if len(generations) > 1:
        raise ValueError(f"the seeds of {model}, {label} must have the same generations")
    (at,) = generations
    losses = [[run[t] for t in at] for run in runs.values()]
    return LossCurve(model, label, _workflow(label, sizes, at[-1]), np.array(at), np.array(losses))


def _workflow(label: str, sizes: dict[str, Any], generations: int) -> Workflow:
    rows = sizes.pop("n", _ROWS)
    if label == _GROWING.replace("_", "-"):
        return Workflow.replace([rows * (s + 1) for s in range(generations)])
    return Workflow.parse(label, n=rows, **sizes)
