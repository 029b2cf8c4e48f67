"""The curves that each small room answers with on the command line of theory."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from theory import (
    curated_normal,
    curated_rows,
    curation,
    editing,
    ensembles,
    labels,
    stability,
    truncation,
    weighting,
)
from theory.commandline import add_output_options
from theory.mitigations.commandline import add_rooms
from theory.record import Record
from theory.verification.spread import spread_curves

ANSWERS: dict[str, Callable[[Any, int], Record]] = {
    "spread": spread_curves,
    "labels": lambda spec, generations: labels.curves(spec),
    "curation": curation.curves,
    "curated-rows": curated_rows.curves,
    "curated-normal": curated_normal.curves,
    "editing": lambda spec, generations: editing.curves(spec),
    "random-editing": lambda spec, generations: editing.random_curves(spec),
    "truncation": truncation.curves,
    "regrowth": truncation.regrowth_curves,
    "weights": weighting.curves,
    "fixed-real": stability.curves,
    "stability": stability.probe_curves,
    "ensembles": ensembles.curves,
}
"""Room -> (spec, generations) -> curves."""


def add_answered_rooms(families: Any, act: Callable[[argparse.Namespace], int]) -> None:
    """The rooms of python -m theory."""

    def finish(parser: argparse.ArgumentParser, name: str) -> None:
        add_output_options(parser)
        parser.set_defaults(act=act, room=name)

    add_rooms(families, finish)
