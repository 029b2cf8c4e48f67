"""Runs so small that a test can afford them: real code paths, models of a few thousand weights."""

import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra lm is not installed")

from lm.config import Recipe  # noqa: E402
from lm.folder import generation_folder  # noqa: E402
from lm.reading import merged, recipe_from  # noqa: E402
from lm.run import Machine, run  # noqa: E402
from tests.lm.rows import conversations, write_jsonl  # noqa: E402

__all__ = ["ON", "contents", "conversations", "done", "recipe", "write_jsonl"]

ON = Machine(jobs=1, threads=1, cpu=True, progress=False)


def recipe(source: Path, **changes: Any) -> Recipe:
    """A recipe of seconds; keyword arguments are tables that change it."""
    tables = {
        "workflows": ["replace"],
        "generations": 2,
        "data": {"source": str(source), "rows": 24, "held_out": 12, "max_tokens": 48},
        "model": {
            "vocabulary": 280, "hidden": 32, "layers": 2, "heads": 2, "intermediate": 48,
            "context": 64,
        },
        "training": {"batch_rows": 8, "micro_batch_rows": 4, "epochs": 2, "learning_rate": 3e-3},
        "sampling": {"batch_rows": 16},
    }  # fmt: skip
    return recipe_from(merged(tables, changes))


def done(wanted: Recipe, folder: Path) -> Path:
    """The folder of a run that is finished."""
    run(wanted, folder, ON)
    return folder


def contents(chain: Path, generations: int) -> dict[str, bytes]:
    """What a chain has on disk that a rerun must give again, by path."""
    names = ("metrics.json", "rows.npz", "rows.jsonl", "losses.csv")
    found = {}
    for t in range(generations + 1):
        for name in names:
            path = generation_folder(chain, t) / name
            if path.exists():
                found[os.fspath(path.relative_to(chain))] = path.read_bytes()
    return found
