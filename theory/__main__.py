"""python -m theory: closed-form errors on the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from theory.categorical.command import add_categorical
from theory.commandline import (
    Parser,
    add_output_options,
    add_workflow_options,
    answer,
    check_files,
    workflow_from,
)
from theory.gaussian.command import add_gaussian, add_survival
from theory.inflation import inflation
from theory.kde.augmentation_command import add_augmentation
from theory.kde.command import add_kde
from theory.mitigations.answers import ANSWERS, add_answered_rooms
from theory.mitigations.commandline import ROOMS, titled
from theory.planner.commandline import add_plan
from theory.question import add_formula, horizon_of, show
from theory.regression.command import add_regression
from theory.symbolic.commandline import add_derive
from theory.verification.command import add_verification
from theory.verification.commandline import add_phases
from theory.workflow import whole_number

EXAMPLES = """\
examples:
  python -m theory gaussian --workflow accumulate --n 100 --dim 10 --generations 50
  python -m theory gaussian --workflow replace --n 100 --until 0.1
  python -m theory gaussian --workflow fresh --n-real 20 --n 80 --format csv
  python -m theory regression --workflow accumulate --n 100 --dim 10 --noise 0.5
  python -m theory regression --workflow replace --design table.csv --ridge 0.1
  python -m theory categorical --workflow replace --n 100 --zipf 1000,1.1 --fields all
  python -m theory categorical --workflow accumulate --probabilities 0.5,0.3,0.2
  python -m theory kde --truth normal --bandwidth 0.4 --workflow replace --n 100
  python -m theory kde --truth table.csv --smoothing 0.3 --bandwidth scott --workflow accumulate
  python -m theory augmentation --n-real 100 --bandwidth 0.2 --generator-bandwidth 0.7
  python -m theory verification --workflow replace --n 100 --radius 1 --centre 0.3
  python -m theory phases --n 100 --rounds 3 --plot phases.png
  python -m theory survival --workflow replace --n 10 --threshold 0.5 --generations 100
  python -m theory inflation --workflow accumulate-subsample --n 100 --plot inflation.png
  python -m theory derive gaussian accumulate
  python -m theory plan --real 1000 --synthetic 1000 --keep latest
"""


def build_parser() -> Parser:
    """The parser of python -m theory."""
    parser = Parser(
        prog="python -m theory",
        description="How far a model drifts when it is trained on its own output, in closed form.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=_version())
    families = parser.add_subparsers(dest="quantity", required=True, metavar="QUANTITY")
    add_gaussian(families, EXAMPLES)
    add_regression(families, EXAMPLES)
    add_categorical(families, EXAMPLES)
    add_kde(families, EXAMPLES)
    add_augmentation(families)
    add_verification(families, EXAMPLES)
    add_phases(families)
    add_answered_rooms(families, _mitigation)
    add_survival(families)
    _add_inflation(families)
    add_derive(families)
    add_plan(families)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, or 2 for bad input."""
    return answer(build_parser(), argv, lambda options: int(options.act(options)))


def _version() -> str:
    from loopbound import version

    return f"loopbound {version()}"


def _add_inflation(families: Any) -> None:
    parser = families.add_parser(
        "inflation", help="v_t: excess risk in units of one fit, any regular family (asymptotic)"
    )
    add_workflow_options(parser)
    add_output_options(parser)
    add_formula(parser)
    parser.set_defaults(act=_inflation)


def _inflation(options: argparse.Namespace) -> int:
    check_files(options)
    workflow = workflow_from(options)
    show(options, f"v_t, {workflow}", {"inflation": inflation(workflow, horizon_of(options))})
    return 0


def _mitigation(options: argparse.Namespace) -> int:
    check_files(options)
    spec = ROOMS[options.room].spec(options)
    found = ANSWERS[options.room](spec, whole_number("generations", horizon_of(options)))
    show(options, titled(options), found.values)
    return 0


if __name__ == "__main__":
    sys.exit(main())
