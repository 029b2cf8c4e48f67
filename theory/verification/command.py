"""python -m theory verification."""

from __future__ import annotations

import argparse
from typing import Any

from theory.commandline import check_files, workflow_from
from theory.question import Question, add_family, ask
from theory.verification.commandline import (
    add_verification_options,
    phases_of,
    told,
    verified_chain_from,
)
from theory.verification.curves import FIELDS, curves


def add_verification(families: Any, epilog: str) -> None:
    """The command verification."""
    add_family(
        families, "verification", "regression on labels that a verifier accepts", epilog,
        add_verification_options, FIELDS, "squared_error", _verification, formula=False,
    )  # fmt: skip


def _verification(options: argparse.Namespace) -> int:
    check_files(options)
    chain, workflow = verified_chain_from(options), workflow_from(options)
    question = Question(
        f"{told(chain)}, {workflow}", "squared_error",
        lambda horizon: curves(chain, workflow, horizon), after=phases_of(chain),
    )  # fmt: skip
    return ask(options, question)
