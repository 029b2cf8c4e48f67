"""A pipeline from names and values, as a file or options give them."""

from __future__ import annotations

import difflib
from dataclasses import fields
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


def known(found: dict[str, Any], where: str) -> dict[str, Any]:
    """The same names with underscores, each one of a pipeline's.

    Raises:
        ValueError: a key that no pipeline has: quoted, with the nearest one.
    """
    found = {key.replace("-", "_"): value for key, value in found.items()}
    _known(found, [one.name for one in fields(Pipeline)], where)
    for name, kind in TABLES.items():
        if name not in found:
            continue
        if not isinstance(found[name], dict):
            raise ValueError(f"{name} must be a table [{name}] in {where!r}, got {found[name]}")
        _known(found[name], [one.name for one in fields(kind)], f"[{name}] of {where}")
    return found


def _known(found: dict[str, Any], names: list[str], where: str) -> None:
    for key in found:
        if key not in names:
            near = difflib.get_close_matches(key, names, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(names)}"
            raise ValueError(f"unknown key {key!r} in {where!r}: {hint}")
