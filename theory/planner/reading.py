"""A pipeline from names and values: those of a TOML file, and of options over it."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from theory.planner.pipeline import Pipeline, Prices, Verifier

TABLES = {"verifier": Verifier, "prices": Prices}
"""Names of a pipeline whose value is a table, with what it makes."""


def pipeline_of(given: dict[str, Any]) -> Pipeline:
    """The pipeline of names and values, with tables `verifier` and `prices`."""
    values = dict(given)
    for name, kind in TABLES.items():
        if name in values:
            table = values[name]
            for needed in (one.name for one in fields(kind)):
                if kind is Verifier and needed not in table:
                    raise ValueError(f"a verifier needs bias and width, got no {needed}")
            values[name] = kind(**table)
    return Pipeline(**values)


def read_pipeline(path: Path) -> dict[str, Any]:
    """Names and values of a TOML file.

    Raises:
        ValueError: not a TOML file, or a key that no pipeline has: quoted, with the nearest one.
        OSError: it cannot be read.
    """
    if path.is_dir():
        raise ValueError(f"--file must be a file, got the folder {str(path)!r}")
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ValueError(f"--file: {str(path)!r} is not TOML: {problem}") from None
    found = {key.replace("-", "_"): value for key, value in found.items()}
    _known(found, [one.name for one in fields(Pipeline)], str(path))
    for name, kind in TABLES.items():
        if name not in found:
            continue
        if not isinstance(found[name], dict):
            raise ValueError(f"{name} must be a table [{name}] in {str(path)!r}, got {found[name]}")
        _known(found[name], [one.name for one in fields(kind)], f"[{name}] of {path}")
    return found


def _known(found: dict[str, Any], names: list[str], where: str) -> None:
    for key in found:
        if key not in names:
            near = difflib.get_close_matches(key, names, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
            raise ValueError(f"unknown key {key!r} in {where!r}: {hint}")
