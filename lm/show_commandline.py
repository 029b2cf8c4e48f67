"""python -m lm show: what a folder of runs holds, as a table, losses or learning curves."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lm.folder import chains
from lm.results import (
    LEARNING_COLUMNS,
    METRICS,
    NGRAM_LOSSES,
    NGRAM_TABLE,
    is_ngram,
    learning_curves,
    losses,
    mean_and_error,
)
from theory.commandline import Table, add_output_options, check_files, panels, write

DEFAULT_FIELDS = ("cross_entropy", "bits_per_byte", "real_fraction", "steps", "yield")


def add_show(commands: Any, examples: str) -> None:
    """The command `show` among those of python -m lm."""
    parser = commands.add_parser("show", help="what a folder of runs holds so far", epilog=examples)
    parser.add_argument("folder", type=Path, help="folder of a run")
    parser.add_argument(
        "--losses", action="store_true",
        help="the losses alone, of the fits that every seed has, in the columns of `against`",
    )  # fmt: skip
    parser.add_argument(
        "--learning-curves", action="store_true",
        help="the loss over the optimizer steps of every fit, means of neighbouring steps",
    )  # fmt: skip
    add_fields(parser)
    add_output_options(parser)
    parser.set_defaults(act=show)


def add_fields(parser: argparse.ArgumentParser) -> None:
    """Which columns the table has."""
    parser.add_argument(
        "--fields", metavar="NAME[,NAME...]",
        help=f"columns of the table (default {','.join(DEFAULT_FIELDS)}); csv and json have all",
    )  # fmt: skip


def check_fields(options: argparse.Namespace) -> None:
    """Refuse a field that no run has, before an hour is spent on one."""
    for name in _fields(options):
        if name not in METRICS:
            raise ValueError(f"no field {name!r}: choose from {', '.join(METRICS)}")


def _fields(options: argparse.Namespace) -> list[str]:
    return options.fields.split(",") if options.fields else list(DEFAULT_FIELDS)


def show(options: argparse.Namespace) -> int:
    """Do what the options say; returns the exit status."""
    check_files(options)
    if options.losses and options.learning_curves:
        raise ValueError("--losses or --learning-curves, not both")
    if options.losses:
        _tell_losses(options)
    elif options.learning_curves:
        write(_learning_curves(options.folder), options)
    else:
        tell(options, options.folder, "")
    return 0


def _tell_losses(options: argparse.Namespace) -> None:
    """Losses of every fit, as `python -m lm against` reads them; a mitigation is another model."""
    if options.fields:
        raise ValueError(f"--losses has columns of its own: no --fields, got {options.fields!r}")
    if options.plot is not None and is_ngram(options.folder):
        raise ValueError("show draws no n-gram's run: python -m lm run ngram --plot does")
    write(losses(options.folder), options)
    if options.plot is not None:
        _plot(options.plot, str(options.folder), chains(options.folder))


def _learning_curves(folder: Path) -> Table:
    """Loss by optimizer step, as the figure lm_learning_curves reads it."""
    body = learning_curves(folder)
    if not body:
        raise ValueError(f"{str(folder)!r} holds no fit")
    return Table(LEARNING_COLUMNS, body)


def tell(options: argparse.Namespace, folder: Path, title: str) -> None:
    """Table, file and plot of what a folder holds."""
    found = chains(folder)
    if is_ngram(folder):
        raise ValueError(
            f"{str(folder)!r} holds an n-gram's run: its table is {NGRAM_TABLE}, its losses "
            f"{NGRAM_LOSSES}, which python -m lm against reads"
        )
    if not found:
        raise ValueError(f"{str(folder)!r} holds no run")
    title = f"{title}: {folder}" if title else str(folder)
    everything = _rows(found)
    if options.format == "table":
        write(_summary(options, title, found), options)
    else:
        columns = ["workflow", "seed", "generation"]
        columns += [name for name in dict.fromkeys(n for _, m in everything for n in m)]
        body = [
            (*place, *(metrics.get(name) for name in columns[3:])) for place, metrics in everything
        ]
        write(Table(tuple(columns), body, {"title": title}), options)
    if options.plot is not None:
        _plot(options.plot, title, found)


Found = Mapping[str, Mapping[int, Sequence[Mapping[str, float]]]]


def _rows(found: Found) -> list[tuple[tuple[str, int, int], Mapping[str, float]]]:
    """Metrics with their workflow, seed and generation."""
    return [
        ((label, seed, generation), metrics)
        for label, seeds in found.items()
        for seed, chain in seeds.items()
        for generation, metrics in enumerate(chain)
    ]


def _over_seeds(
    seeds: Mapping[int, Sequence[Mapping[str, float]]], generation: int, name: str
) -> tuple[float | None, float | None]:
    chosen = [chain[generation] for chain in seeds.values() if generation < len(chain)]
    return mean_and_error([metrics[name] for metrics in chosen if name in metrics])


def _summary(options: argparse.Namespace, title: str, found: Found) -> Table:
    """Means over seeds, and the standard error of the first field."""
    names = _fields(options)
    known = dict.fromkeys(name for _, metrics in _rows(found) for name in metrics)
    for name in names:
        if name not in known:
            raise ValueError(f"no field {name!r}: choose from {', '.join(known)}")
    body = []
    for label, seeds in found.items():
        for generation in range(max(map(len, seeds.values()))):
            cells = [_over_seeds(seeds, generation, name) for name in names]
            body.append((label, generation, cells[0][0], cells[0][1], *(c[0] for c in cells[1:])))
    most = max(len(seeds) for seeds in found.values())
    notes = [
        title,
        "cross_entropy: nats a token on held-out real text; generation 0: the base, before any fit",
        f"means over {most} seed{'s' * (most > 1)}; _se: standard error of the mean",
    ]
    columns = ("workflow", "generation", names[0], f"{names[0]}_se", *names[1:])
    return Table(columns, body, notes=tuple(notes))


def _plot(path: Path, title: str, found: Found) -> None:
    """Held-out cross-entropy over generations, one line a workflow."""
    with panels(path, title, ["held-out cross-entropy, nats a token"]) as (panel,):
        for label, seeds in found.items():
            last = max(map(len, seeds.values()))
            cells = [_over_seeds(seeds, t, "cross_entropy") for t in range(1, last)]
            mean = [math.nan if value is None else value for value, _ in cells]
            bars = [2 * (error or 0.0) for _, error in cells]
            panel.errorbar(
                range(1, last), mean, bars, marker="o", markersize=3, capsize=2, label=label
            )
        panel.legend(frameon=False)
