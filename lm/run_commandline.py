"""python -m lm run: a recipe, from the first generation or on from the last finished one."""

from __future__ import annotations

import argparse
from typing import Any

from lm.recipe_commandline import add_mitigations, add_recipe_options, chosen, resumable
from lm.show_commandline import add_fields, check_fields, tell
from theory.commandline import add_output_options


def add_run(commands: Any, examples: str) -> None:
    """The command `run` among those of python -m lm."""
    parser = commands.add_parser("run", help="run a recipe, or go on with it", epilog=examples)
    instead, machine = add_recipe_options(parser, None, "RECIPE")
    instead.add_argument(
        "--workflow", action="append", metavar="NAME[,KEY=VALUE...]",
        help="as in sliding-window,window=2 or replace,n=100,200,400; may be given several times",
    )  # fmt: skip
    instead.add_argument("--generations", type=int, metavar="T", help="fits")
    instead.add_argument(
        "--step-matched", action="store_true", help="every fit takes as many steps as the first"
    )
    machine.add_argument(
        "--jobs", type=int, metavar="J", help="chains at once (default: cores, GPU 1)"
    )
    add_mitigations(parser)
    add_fields(parser)
    add_output_options(parser)
    parser.set_defaults(act=run)


def run(options: argparse.Namespace) -> int:
    """Do what the options say; returns the exit status."""
    recipe, folder = chosen(options)
    if recipe.engine == "ngram":
        from lm.ngram.commandline import run_ngram

        return run_ngram(recipe, folder, options)
    check_fields(options)
    with resumable(folder):
        import lm.run as runs

        on = runs.machine(options.jobs, options.threads, len(recipe.chains), cpu=options.cpu)
        runs.run(recipe, folder, on)
    tell(options, folder, recipe.title)
    return 0
