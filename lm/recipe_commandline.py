"""What every command that trains takes: a recipe, what it has instead of its entries, a machine."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lm.config import Recipe
from lm.reading import read_recipe, recipe_names
from theory.commandline import STOPPED, check_files, numbers

MITIGATION = ("verify", "keep", "curate", "reward", "verifier_share", "edit", "top_k", "gamma",
              "real_weight", "ensemble")  # fmt: skip


def add_recipe_options(parser: argparse.ArgumentParser, default: str | None, name: str) -> Any:
    """What every command that trains takes; returns its two groups."""
    parser.add_argument(
        "recipe", nargs="?" if default else None, default=default,
        help=f"a .toml file, or one of {', '.join(recipe_names())}"
        + (f" (default {default})" if default else ""),
    )  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="its small form, about a minute")
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help=f"default results/lm/{name}, or {name}-quick"
    )
    instead = parser.add_argument_group("instead of the recipe's")
    instead.add_argument("--seeds", type=lambda text: numbers(text, int), metavar="S[,S...]")
    instead.add_argument("--rows", type=int, metavar="N", help="rows a batch")
    instead.add_argument("--model", metavar="PATH_OR_ID", help="a causal model to start from")
    instead.add_argument("--data", metavar="FILE_OR_ID", help=".txt, .jsonl, .parquet or a hub id")
    instead.add_argument("--mode", metavar="MODE", help="restart, continue or scratch")
    instead.add_argument("--temperature", type=float, metavar="TAU")
    instead.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE",
        help="any other key of the recipe, as in training.loss=response",
    )  # fmt: skip
    machine = parser.add_argument_group("machine")
    machine.add_argument("--threads", type=int, metavar="N", help="threads a chain")
    machine.add_argument("--cpu", action="store_true", help="stay off the GPU")
    return instead, machine


def add_mitigations(parser: argparse.ArgumentParser) -> None:
    """What chains do against collapse."""
    group = parser.add_argument_group(
        "mitigation", "beside it the control runs: equal rows, steps, seeds and noise"
    )
    group.add_argument(
        "--verify", metavar="NAME", help="keep the best rows by perplexity, classifier or rouge"
    )
    group.add_argument("--keep", type=float, metavar="SHARE", help="of the candidates (0.125)")
    group.add_argument("--curate", type=int, metavar="K", help="candidates a row, one wins")
    group.add_argument(
        "--reward", metavar="NAME",
        help="that decides who: perplexity, classifier, rouge, length, or a .json of words",
    )  # fmt: skip
    group.add_argument(
        "--verifier-share", type=float, metavar="SHARE",
        help="of the real rows that perplexity or classifier learns from (1)",
    )  # fmt: skip
    group.add_argument(
        "--edit",
        type=float,
        metavar="P",
        help="draw tokens of real rows again that are as probable",
    )
    group.add_argument("--top-k", type=int, metavar="K", help="from so many (8)")
    group.add_argument("--loss", metavar="NAME", help="cross-entropy, truncated or focal")
    group.add_argument(
        "--gamma", type=float, metavar="G",
        help="truncated: largest probability that counts; focal: exponent",
    )  # fmt: skip
    group.add_argument("--real-weight", type=float, metavar="W", help="of the real rows in a fit")
    group.add_argument("--ensemble", type=int, metavar="K", help="models a generation")


def chosen(options: argparse.Namespace, command: str = "") -> tuple[Recipe, Path]:
    """The recipe that the options describe, and the folder of its run.

    Raises:
        ValueError: a recipe or an entry that is not understood, or a folder that is a file.
        OSError: the recipe cannot be read.
    """
    check_files(options)
    recipe = read_recipe(options.recipe, quick=options.quick, changes=changes_of(options))
    name = command + Path(options.recipe).stem + ("-quick" if options.quick else "")
    folder: Path = options.folder or Path("results", "lm", name)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--folder must be a folder, got the file {str(folder)!r}")
    return recipe, folder


@contextmanager
def resumable(folder: Path) -> Iterator[None]:
    """Say how to go on after Ctrl-C, and how to install what is missing."""
    try:
        yield
    except KeyboardInterrupt:
        print(f"python -m lm: stopped; the same command goes on in {folder}", file=sys.stderr)
        raise SystemExit(STOPPED) from None
    except ModuleNotFoundError as problem:
        raise ValueError(
            f"{problem.name} is not installed: pip install -c constraints.txt torch, then "
            'pip install -c constraints.txt -e ".[lm]"'
        ) from None


def changes_of(options: argparse.Namespace) -> dict[str, Any]:
    """Tables that the options put over those of the recipe."""
    found: dict[str, Any] = {}
    simple = {
        "generations": options.generations, "data.rows": options.rows,
        "model.path": options.model, "data.source": options.data, "training.mode": options.mode,
        "sampling.temperature": options.temperature,
        "training.step_matched": options.step_matched or None,
        "seeds": None if options.seeds is None else list(options.seeds),
    }  # fmt: skip
    simple |= {f"mitigation.{name}": getattr(options, name) for name in MITIGATION}
    simple["mitigation.objective"] = options.loss
    for key, value in simple.items():
        if value is not None:
            _put(found, key, value)
    if options.workflow:
        found["workflows"] = [_workflow(text) for text in options.workflow]
    for entry in options.set:
        key, equals, value = entry.partition("=")
        if not equals:
            raise ValueError(f"--set must be KEY=VALUE, got {entry!r}")
        _put(found, key, _value(value))
    return found


def _put(tables: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for name in path:
        tables = tables.setdefault(name, {})
    tables[last] = value


def _value(text: str) -> Any:
    """A TOML value, or the text itself; none for no value.

    Example:
        >>> _value("2"), _value("real"), _value("none")
        (2, 'real', None)
    """
    if text == "none":
        return None
    try:
        return {"true": True, "false": False}.get(text, json.loads(text))
    except ValueError:
        return text


def _workflow(text: str) -> dict[str, Any]:
    """A workflow from NAME,KEY=VALUE,...; rows a batch may be a schedule.

    Example:
        >>> _workflow("sliding-window,n=5,9,14,window=2")
        {'name': 'sliding-window', 'n': [5, 9, 14], 'window': 2}
    """
    name, *options = text.split(",")
    found: dict[str, Any] = {"name": name}
    key = ""
    for option in options:
        before, equals, value = option.rpartition("=")
        key = before.replace("-", "_") if equals else key
        if not key or (key != "n" and not equals):
            raise ValueError(
                f"--workflow must be NAME,KEY=VALUE,..., and n alone a schedule, as in n=5,9,14, "
                f"got {text!r}"
            )
        if key == "n":
            found[key] = [*found.get(key, []), _value(value)]
        else:
            found[key] = _value(value)
    return found
