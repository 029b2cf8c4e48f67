"""python -m theory regression."""

from __future__ import annotations

import argparse
from typing import Any

from theory.commandline import (
    check_files,
    numbers,
    workflow_from,
)
from theory.curve import Curve
from theory.question import Question, add_family, ask
from theory.regression.chain import RegressionChain
from theory.regression.commandline import add_regression_options, regression_chain_from
from theory.regression.curves import FIELDS, curves
from theory.regression.quantile import error_quantile
from theory.regression.subsample import drawn_again_from

INFINITE = (
    "inf: with dim - 1, dim or dim + 1 different rows a fit has no finite mean error, because X'X "
    "may come arbitrarily close to singular; take dim + 2 rows or more, or ask what one run sees: "
    "--quantile 0.5"
)
DRAWN_AGAIN = (
    "over all designs the mean is infinite from generation {} on: rows close to a hyperplane are "
    "drawn again and again (docs/subsample_threshold.md, theorem 4); shown are typical designs; "
    "--quantile 0.5 is what one run sees"
)


def add_regression(families: Any, epilog: str) -> None:
    """The command regression."""
    parser = add_family(
        families, "regression", "excess test error of linear regression", epilog,
        add_regression_options, FIELDS, "excess_test_error", _regression,
    )  # fmt: skip
    parser.add_argument(
        "--quantile", type=numbers, default=(), metavar="P[,P...]",
        help="also the error that one run stays below with probability P",
    )  # fmt: skip


def _regression(options: argparse.Namespace) -> int:
    check_files(options)
    chain, design = regression_chain_from(options)
    workflow = workflow_from(options)
    if options.until is not None and options.quantile:
        asked = ",".join(f"{p:g}" for p in options.quantile)
        raise ValueError(f"--until looks at one field, got --quantile {asked} beside it")
    if options.quantile and design is not None:
        raise ValueError(f"--quantile is over normal designs, got --design {options.design}")

    def quantiles(horizon: int) -> dict[str, Curve]:
        return {
            f"quantile_{p:g}": error_quantile(chain, workflow, horizon, probability=p)
            for p in options.quantile
        }

    start = drawn_again_from(chain, workflow)
    question = Question(
        f"{_told(chain, given=design is not None)}, {workflow}", "excess_test_error",
        lambda horizon: curves(chain, workflow, horizon, design=design), beside=quantiles,
        infinite=INFINITE, caveat=None if start is None else DRAWN_AGAIN.format(start),
    )  # fmt: skip
    return ask(options, question)


def _told(chain: RegressionChain, *, given: bool) -> str:
    """The chain in words, for a title."""
    ridges = ",".join(f"{ridge:g}" for ridge in chain.ridges)
    ridge = f", ridge={ridges} ({chain.penalty})" if chain.penalised else ""
    design = "given" if given else chain.design
    return f"linear regression, dim={chain.dim}, {design} design{ridge}"
