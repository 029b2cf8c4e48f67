"""Recipes from TOML files, with a table for each dataclass of `lm.config`.

    workflows = ["replace", "accumulate", {name = "sliding-window", window = 2}]
    generations = 6
    [data]
    source = "stdlib-docstrings"
    [training]
    mode = "restart"

A table `quick` overrides any of it for a run of a minute, and `extends = "NAME"` begins with
another recipe. What is not understood is refused in one line that names the key and the value.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from lm.config import Recipe, WorkflowChoice

RECIPES = Path(__file__).resolve().parent / "recipes"


def recipe_names() -> list[str]:
    """Names of the recipes that ship."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def read_recipe(
    name: str, *, quick: bool = False, changes: Mapping[str, Any] | None = None
) -> Recipe:
    """The recipe of that name, or of that file.

    Args:
        name: of a recipe that ships, or a path that ends in .toml.
        quick: with what its table `quick` overrides.
        changes: tables that override the recipe last, as nested mappings.

    Raises:
        ValueError: no such recipe, no TOML, or a key or value that is not understood.
    """
    try:
        tables = _tables(name)
        smaller: Any = tables.pop("quick", None)
        if quick and smaller is None:
            raise ValueError("it has no quick form")
        if quick:
            tables = merged(tables, smaller)
        return recipe_from(merged(tables, changes or {}))
    except ValueError as problem:
        raise ValueError(f"recipe {name!r}: {problem}") from None


def _tables(name: str) -> dict[str, Any]:
    """Tables of a recipe, over those of the recipe that it extends."""
    path = Path(name) if name.endswith(".toml") else RECIPES / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(recipe_names())
        raise ValueError(f"there is none: give a file that ends in .toml, or one of {known}")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ValueError(f"it is not TOML: {problem}") from None
    extended = tables.pop("extends", None)
    if extended is None:
        return tables
    if extended not in recipe_names() or extended == path.stem:
        raise ValueError(f"extends must name a recipe that ships, got {extended!r}")
    return merged(_tables(extended), tables)


def merged(tables: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Tables with some entries replaced, table by table.

    Example:
        >>> merged({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})
        {'a': {'b': 3, 'c': 2}}
    """
    found = dict(tables)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
        found[key] = merged(found[key], value) if both else value
    return found


def recipe_from(tables: Mapping[str, Any]) -> Recipe:
    """A recipe from nested tables of plain values.

    Example:
        >>> recipe_from({"data": {"rows": "many"}})
        Traceback (most recent call last):
        ValueError: data.rows must be a whole number or none, got 'many'
    """
    found: Recipe = _read(Recipe, tables, "")
    return found


def _read(kind: Any, value: Any, name: str) -> Any:
    """`value` as a `kind`: a dataclass from its table, a tuple from a list, or itself."""
    if is_dataclass(kind):
        return _read_table(kind, value, name)
    origin, inside = get_origin(kind), get_args(kind)
    if origin is tuple:
        entries = value if isinstance(value, list | tuple) else [value]
        return tuple(_read(inside[0], entry, name) for entry in entries)
    if origin in (Union, UnionType):
        chosen = next(part for part in inside if part is not type(None))
        return None if value is None else _checked(chosen, value, name, " or none")
    return _checked(kind, value, name, "")


def _read_table(kind: Any, value: Any, name: str) -> Any:
    if kind is WorkflowChoice and isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a table, got {value!r}")
    hints = get_type_hints(kind)
    for key in value:
        if key not in hints:
            full = f"{name}.{key}".strip(".")
            raise ValueError(f"unknown key {full} = {value[key]!r}: choose from {', '.join(hints)}")
    read = {
        key: _read(hints[key], entry, f"{name}.{key}".strip(".")) for key, entry in value.items()
    }
    if kind is WorkflowChoice and "name" not in read:
        raise ValueError(f"{name} needs a name, got {dict(value)!r}")
    return kind(**read)


TOLD = {int: "a whole number", float: "a number", str: "a string", bool: "true or false"}


def _checked(kind: Any, value: Any, name: str, more: str) -> Any:
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            choices = ", ".join(get_args(kind))
            raise ValueError(f"{name} must be one of {choices}, got {value!r}")
        return value
    if get_origin(kind) is not None:  # a mapping of settings
        if not isinstance(value, Mapping):
            raise ValueError(f"{name} must be a table, got {value!r}")
        return dict(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise ValueError(f"{name} must be {TOLD[kind]}{more}, got {value!r}")
    return value
