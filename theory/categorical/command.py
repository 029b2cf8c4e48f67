"""python -m theory categorical."""

from __future__ import annotations

import argparse
from typing import Any

from theory.categorical.chain import CategoricalChain
from theory.categorical.collapse import collapse_time, diffusion_collapse_time
from theory.categorical.commandline import add_categorical_options, categorical_chain_from
from theory.categorical.curves import FIELDS, curves
from theory.commandline import check_files, workflow_from
from theory.question import Question, add_family, ask
from theory.workflow import UnsupportedWorkflow, Workflow


def add_categorical(families: Any, epilog: str) -> None:
    """The command categorical."""
    add_family(
        families, "categorical", "shares of categories, as words in a text", epilog,
        add_categorical_options, FIELDS, "squared_error", _categorical,
    )  # fmt: skip


def _categorical(options: argparse.Namespace) -> int:
    check_files(options)
    chain, told = categorical_chain_from(options)
    workflow = workflow_from(options)
    question = Question(
        f"{told}, {workflow}", "squared_error", lambda horizon: curves(chain, workflow, horizon),
        after=_collapse_times(chain, workflow),
    )  # fmt: skip
    return ask(options, question)


def _collapse_times(chain: CategoricalChain, workflow: Workflow) -> tuple[str, ...]:
    """A line for each expected time to one category that is known."""
    lines = []
    for time_of in (collapse_time, diffusion_collapse_time):
        try:
            time = time_of(chain, workflow)
        except UnsupportedWorkflow:
            continue
        lines.append(f"fits until one is left: {time.mean:.6g} ({time.kind.value}; {time.source})")
    return tuple(lines)
