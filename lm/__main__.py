"""python -m lm: the workflows on language models, from the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from lm.against_commandline import add_against
from lm.reading import read_recipe, recipe_names
from lm.run_commandline import add_run
from lm.show_commandline import add_show
from lm.value_commandline import add_value
from loopbound import version
from theory.commandline import Parser, answer

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


def build_parser() -> Parser:
    """The parser of python -m lm."""
    parser = Parser(
        prog="python -m lm",
        description="How far a language model drifts when it is trained on its own text.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"loopbound {version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    add_run(commands, EXAMPLES)
    add_value(commands)
    add_show(commands, EXAMPLES)
    add_against(commands)
    listed = commands.add_parser("list", help="the recipes that ship")
    listed.set_defaults(act=_list)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, 2 for bad input, 130 after Ctrl-C."""
    return answer(build_parser(), argv, lambda options: int(options.act(options)))


def _list(options: argparse.Namespace) -> int:
    for name in recipe_names():
        print(f"{name:28}{read_recipe(name).title}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
