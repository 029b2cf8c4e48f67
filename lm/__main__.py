"""python -m lm: the workflows on language models, from the command line."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lm import value_table
from lm.against_commandline import add_against
from lm.config import Recipe
from lm.reading import read_recipe, recipe_names
from lm.results import mean_and_error
from loopbound import version
from theory.commandline import (
    STOPPED,
    Parser,
    Table,
    add_output_options,
    answer,
    check_files,
    numbers,
    panels,
    write,
)

DEFAULT_FIELDS = ("cross_entropy", "bits_per_byte", "real_fraction", "steps", "yield")

EXAMPLES = """\
examples:
  python -m lm list
  python -m lm run stdlib-finetune --quick
  python -m lm run stdlib-pretrain --quick --workflow replace --seeds 0,1,2
  python -m lm run stdlib-finetune --step-matched --plot drift.png
  python -m lm run stdlib-finetune --model DIR --data notes.txt --folder results/lm/notes
  python -m lm run stdlib-pretrain --quick --verify classifier --keep 0.25
  python -m lm run stdlib-pretrain --quick --edit 0.99 --top-k 8
  python -m lm run my-recipe.toml --set training.epochs=2 --set sampling.temperature=0.7
  python -m lm value --quick --format csv
  python -m lm show results/lm/stdlib-finetune --format csv
  python -m lm show results/lm/stdlib-finetune --losses --format csv --output losses.csv
  python -m lm against losses.csv
  python -m lm show results/lm/stdlib-finetune --learning-curves --format csv --output steps.csv
  accelerate launch -m lm run helpsteer2-gemma2-2b

Every generation is a folder. After Ctrl-C, a kill or a full disk the same command goes on from
the last one that is finished.
"""
VALUE_EXAMPLES = """\
examples:
  python -m lm value --quick
  python -m lm value --quick --seeds 0,1,2 --plot worth.png
  python -m lm value stdlib-finetune --real 250,1000 --synthetic 0,1000 --format csv

Every cell is a file. After Ctrl-C, a kill or a full disk the same command goes on from the last one
that is finished.
"""


def build_parser() -> Parser:
    """The parser of python -m lm."""
    parser = Parser(
        prog="python -m lm",
        description="How far a language model drifts when it is trained on its own text.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"loopbound {version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run a recipe, or go on with it", epilog=EXAMPLES)
    _add_run_options(run)
    add_output_options(run)
    run.set_defaults(act=_run)
    _add_value(commands)
    show = commands.add_parser("show", help="what a folder of runs holds so far", epilog=EXAMPLES)
    show.add_argument("folder", type=Path, help="folder of a run")
    show.add_argument(
        "--losses", action="store_true",
        help="the losses alone, of the fits that every seed has, in the columns of `against`",
    )  # fmt: skip
    show.add_argument(
        "--learning-curves", action="store_true",
        help="the loss over the optimizer steps of every fit, means of neighbouring steps",
    )  # fmt: skip
    _add_fields(show)
    add_output_options(show)
    show.set_defaults(act=_show)
    add_against(commands)
    listed = commands.add_parser("list", help="the recipes that ship")
    listed.set_defaults(act=_list)
    return parser


def _add_value(commands: Any) -> None:
    parser = commands.add_parser(
        "value", help="what synthetic rows are worth beside real ones: a grid",
        description="Fits to real and synthetic rows together, at equal epochs and at equal steps.",
        epilog=VALUE_EXAMPLES,
    )  # fmt: skip
    parser.add_argument("--real", type=lambda text: numbers(text, int), metavar="R[,R...]",
                        help="default a quarter, a half and all of a batch")  # fmt: skip
    parser.add_argument("--synthetic", type=lambda text: numbers(text, int), metavar="S[,S...]",
                        help="default 0, a quarter, a half and all of a batch")  # fmt: skip
    _add_recipe_options(parser, "stdlib-finetune", "value-RECIPE")
    add_output_options(parser)
    parser.set_defaults(
        act=_value_of_synthetic, workflow=None, generations=None, step_matched=False,
        **dict.fromkeys((*MITIGATION, "loss")),
    )  # fmt: skip


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    instead, machine = _add_recipe_options(parser, None, "RECIPE")
    instead.add_argument(
        "--workflow", action="append", metavar="NAME[,KEY=VALUE...]",
        help="as in sliding-window,window=2; may be given several times",
    )  # fmt: skip
    instead.add_argument("--generations", type=int, metavar="T", help="fits")
    instead.add_argument(
        "--step-matched", action="store_true", help="every fit takes as many steps as the first"
    )
    machine.add_argument(
        "--jobs", type=int, metavar="J", help="chains at once (default: cores, GPU 1)"
    )
    _add_mitigations(parser)
    _add_fields(parser)


def _add_recipe_options(parser: argparse.ArgumentParser, default: str | None, name: str) -> Any:
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


def _add_mitigations(parser: argparse.ArgumentParser) -> None:
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


MITIGATION = ("verify", "keep", "curate", "reward", "verifier_share", "edit", "top_k", "gamma",
              "real_weight", "ensemble")  # fmt: skip


def _add_fields(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fields", metavar="NAME[,NAME...]",
        help=f"columns of the table (default {','.join(DEFAULT_FIELDS)}); csv and json have all",
    )  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, 2 for bad input, 130 after Ctrl-C."""
    return answer(build_parser(), argv, lambda options: int(options.act(options)))


def _list(options: argparse.Namespace) -> int:
    for name in recipe_names():
        print(f"{name:28}{read_recipe(name).title}")
    return 0


# --- run -----------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    check_files(options)
    recipe = read_recipe(options.recipe, quick=options.quick, changes=changes_of(options))
    name = Path(options.recipe).stem + ("-quick" if options.quick else "")
    folder = options.folder or Path("results", "lm", name)
    if recipe.engine == "ngram":
        from lm.ngram.commandline import run_ngram

        return run_ngram(recipe, folder, options)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--folder must be a folder, got the file {str(folder)!r}")
    try:
        from lm.run import machine, run
    except ModuleNotFoundError as problem:
        raise ValueError(_missing(problem)) from None
    on = machine(options.jobs, options.threads, len(recipe.chains), cpu=options.cpu)
    try:
        run(recipe, folder, on)
    except KeyboardInterrupt:
        print(f"python -m lm: stopped; the same command goes on in {folder}", file=sys.stderr)
        return STOPPED
    _tell(options, folder, recipe)
    return 0


def _value_of_synthetic(options: argparse.Namespace) -> int:
    """The grid of real and synthetic rows, as the figure `value_of_synthetic` reads it."""
    check_files(options)
    recipe = read_recipe(options.recipe, quick=options.quick, changes=changes_of(options))
    if recipe.mitigation:
        raise ValueError(f"value takes no mitigation, got {recipe.mitigation[0].label!r}")
    if recipe.engine == "ngram" or recipe.data.rows is None:
        raise ValueError(f"value takes a recipe of a network with data.rows: {options.recipe!r}")
    quick = "-quick" if options.quick else ""
    folder = options.folder or Path("results", "lm", f"value-{Path(options.recipe).stem}{quick}")
    try:
        from lm.run import machine
        from lm.value import value
    except ModuleNotFoundError as problem:
        raise ValueError(_missing(problem)) from None
    parts = (recipe.data.rows // 4, recipe.data.rows // 2, recipe.data.rows)
    on = machine(1, options.threads, 1, cpu=options.cpu)
    try:
        found = value(recipe, folder, on, options.real or parts, options.synthetic or (0, *parts))
    except KeyboardInterrupt:
        print(f"python -m lm: stopped; the same command goes on in {folder}", file=sys.stderr)
        return STOPPED
    grid = value_table.table(found, folder)
    write(grid, options)
    if options.plot is not None:
        value_table.plot(options.plot, f"Synthetic rows beside real ones: {folder}", grid)
    return 0


def _missing(problem: ModuleNotFoundError) -> str:
    return (
        f"{problem.name} is not installed: pip install -c constraints.txt torch, then "
        'pip install -c constraints.txt -e ".[lm]"'
    )


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
    """A workflow from NAME,KEY=VALUE,..."""
    name, *options = text.split(",")
    found: dict[str, Any] = {"name": name}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise ValueError(f"--workflow must be NAME,KEY=VALUE,..., got {text!r}")
        found[key.replace("-", "_")] = _value(value)
    return found


# --- what a run holds ----------------------------------------------------------------------------


def _show(options: argparse.Namespace) -> int:
    check_files(options)
    if options.losses and options.learning_curves:
        raise ValueError("--losses or --learning-curves, not both")
    if options.losses:
        _tell_losses(options)
    elif options.learning_curves:
        write(_learning_curves(options.folder), options)
    else:
        _tell(options, options.folder, None)
    return 0


def _tell_losses(options: argparse.Namespace) -> None:
    """Losses of every fit, as `python -m lm against` reads them; a mitigation is another model."""
    from lm.folder import chains
    from lm.results import is_ngram, losses

    if options.fields:
        raise ValueError(f"--losses has columns of its own: no --fields, got {options.fields!r}")
    if options.plot is not None and is_ngram(options.folder):
        raise ValueError("show draws no n-gram's run: python -m lm run ngram --plot does")
    write(losses(options.folder), options)
    if options.plot is not None:
        _plot(options.plot, str(options.folder), chains(options.folder))


def _learning_curves(folder: Path) -> Table:
    """Loss by optimizer step, as the figure lm_learning_curves reads it."""
    from lm.results import LEARNING_COLUMNS, learning_curves

    body = learning_curves(folder)
    if not body:
        raise ValueError(f"{str(folder)!r} holds no fit")
    return Table(LEARNING_COLUMNS, body)


def _tell(options: argparse.Namespace, folder: Path, recipe: Recipe | None) -> None:
    """Table, file and plot of what a folder holds."""
    from lm.folder import chains
    from lm.results import NGRAM_LOSSES, NGRAM_TABLE, is_ngram

    found = chains(folder)
    if is_ngram(folder):
        raise ValueError(
            f"{str(folder)!r} holds an n-gram's run: its table is {NGRAM_TABLE}, its losses "
            f"{NGRAM_LOSSES}, which python -m lm against reads"
        )
    if not found:
        raise ValueError(f"{str(folder)!r} holds no run")
    title = f"{recipe.title}: {folder}" if recipe and recipe.title else str(folder)
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
    names = options.fields.split(",") if options.fields else list(DEFAULT_FIELDS)
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


if __name__ == "__main__":
    sys.exit(main())
