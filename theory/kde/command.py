"""python -m theory kde."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from theory.commandline import check_files, workflow_from
from theory.kde.chain import KdeChain
from theory.kde.commandline import add_kde_options, kde_chain_from
from theory.kde.curves import FIELDS, curves
from theory.kde.verdict import verdict
from theory.question import Question, add_family, ask, horizon_of
from theory.workflow import UnsupportedWorkflow, Workflow


def add_kde(families: Any, epilog: str) -> None:
    """The command kde."""
    add_family(
        families, "kde", "integrated squared error of kernel density estimates", epilog,
        add_kde_options, FIELDS, "mise", _kde,
    )  # fmt: skip


def _kde(options: argparse.Namespace) -> int:
    check_files(options)
    chain, workflow = kde_chain_from(options), workflow_from(options)
    truth = options.truth if options.dim is None else f"{options.truth}, dim={options.dim}"
    title = (
        f"density estimates of {truth}, {chain.kernel} kernel, bandwidth {options.bandwidth}, "
        f"{workflow}"
    )
    question = Question(
        title, "mise", lambda horizon: curves(chain, workflow, horizon),
        after=_in_the_end(chain, workflow, horizon_of(options)),
    )  # fmt: skip
    return ask(options, question)


def _in_the_end(chain: KdeChain, workflow: Workflow, horizon: int) -> tuple[str, ...]:
    """The first bandwidths if they differ, and what becomes of the chain; a line each."""
    try:
        ever = f"for ever: {verdict(chain, workflow)}"
    except UnsupportedWorkflow as reason:
        ever = str(reason)
    h = chain.bandwidths(workflow, horizon)[1:]
    shown = ", ".join(f"{one:.4g}" for one in h[:10]) + (", ..." if len(h) > 10 else "")
    return (f"bandwidths by fit: {shown}", ever) if np.ptp(h) else (ever,)
