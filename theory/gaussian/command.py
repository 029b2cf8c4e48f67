"""python -m theory gaussian, and survival of its spread."""

from __future__ import annotations

import argparse
from typing import Any

from theory.commandline import add_output_options, add_workflow_options, check_files, workflow_from
from theory.gaussian.commandline import add_chain_options, chain_from
from theory.gaussian.curves import FIELDS, curves
from theory.gaussian.survival import survival
from theory.question import Question, add_family, ask, horizon_of, show

USUAL = (
    "mean_error",
    "trace_ratio",
    "log_det_ratio",
    "excess_nll",
    "wasserstein",
    "wasserstein_lower",
    "wasserstein_upper",
)


def add_gaussian(families: Any, epilog: str) -> None:
    """The command gaussian."""
    add_family(
        families, "gaussian", "errors of a fitted mean and covariance", epilog,
        add_chain_options, FIELDS, "mean_error", _gaussian,
    )  # fmt: skip


def _gaussian(options: argparse.Namespace) -> int:
    check_files(options)
    chain, workflow = chain_from(options), workflow_from(options)
    question = Question(
        f"Gaussian chain, dim={chain.dim}, ddof={chain.ddof}, {workflow}", "mean_error",
        lambda horizon: curves(chain, workflow, horizon), USUAL,
        infinite="inf, -inf: with so few rows the quantity has no finite mean",
    )  # fmt: skip
    return ask(options, question)


def add_survival(families: Any) -> None:
    """The command survival."""
    parser = families.add_parser(
        "survival", help="probability that the spread is above a share of the true one"
    )
    add_workflow_options(parser)
    add_chain_options(parser, dim=False)
    parser.add_argument("--threshold", type=float, required=True, metavar="X", help="the share")
    add_output_options(parser)
    parser.set_defaults(act=_survival)


def _survival(options: argparse.Namespace) -> int:
    check_files(options)
    workflow, threshold = workflow_from(options), options.threshold
    curve = survival(chain_from(options), workflow, horizon_of(options), threshold=threshold)
    title = f"P(sigma_t > {threshold:g} sigma_0), ddof={options.ddof}, {workflow}"
    show(options, title, {"survival": curve})
    return 0
