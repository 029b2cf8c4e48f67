"""The small rooms on the command line: what each takes, and the curves that it answers with."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from theory import curation, editing, labels, truncation, weighting
from theory.commandline import add_output_options, numbers
from theory.record import Record


@dataclass(frozen=True)
class Room:
    """One mitigation.

    Attributes:
        told: one line for --help.
        options: flags with their type, default and meaning; None for one that must be given.
        spec: the options -> the spec.
        curves: (spec, generations) -> the curves.
    """

    told: str
    options: tuple[tuple[str, Callable[[str], Any], Any, str], ...]
    spec: Callable[[argparse.Namespace], Any]
    curves: Callable[[Any, int], Record]


ROOMS = {
    "labels": Room(
        "accuracy of a classifier trained on synthesised labels that a verifier keeps",
        (
            ("--dim", int, 50, "features"),
            ("--distance", float, 1.0, "of a class from the middle"),
            ("--rows", int, 10_000, "synthesised"),
            ("--wrong", float, None, "share of wrong labels"),
            ("--keep-correct", float, 1.0, "probability to keep a correct label"),
            ("--keep-wrong", float, None, "probability to keep a wrong label"),
        ),
        lambda o: labels.VerifiedLabels(
            o.dim, o.distance, o.rows, o.wrong, o.keep_correct, o.keep_wrong
        ),
        lambda spec, generations: labels.curves(spec),
    ),
    "curation": Room(
        "each kept row wins against K - 1 others by its reward",
        (
            ("--reference", numbers, None, "true probabilities p[,p...]"),
            ("--rewards", numbers, None, "of the categories r[,r...]"),
            ("--draws", lambda text: math.inf if text == "inf" else int(text), 2, "K, or inf"),
            ("--weight", float, math.inf, "of winners against the reference; inf: winners only"),
        ),
        lambda o: curation.CuratedChain(o.reference, o.rewards, o.draws, o.weight),
        curation.curves,
    ),
    "editing": Room(
        "labels of a fixed table of cosines, rewritten by the fitted model, no row twice",
        (
            ("--rows", int, 400, "of the table"),
            ("--dim", int, 10, "features"),
            ("--edits", int, 20, "rounds"),
            ("--share", float, 1.0, "of the rows, in all rounds together"),
            ("--noise", float, 1.0, "standard deviation of a label"),
        ),
        lambda o: editing.EditedChain(
            editing.cosine_design(o.rows, o.dim),
            editing.disjoint(o.rows, o.edits, o.share),
            o.noise,
        ),
        lambda spec, generations: editing.curves(spec),
    ),
    "truncation": Room(
        "a Gaussian refitted to the rows of its tails",
        (
            ("--rows", int, 100, "kept a round"),
            ("--cut", float, None, "standard deviations within which rows are left out"),
        ),
        lambda o: truncation.TruncatedChain(o.rows, o.cut),
        truncation.curves,
    ),
    "weights": Room(
        "a variance averaged over fresh real rows and the last model's",
        (
            ("--real", int, 100, "fresh real rows a round"),
            ("--synthetic", int, 100, "rows of the last model"),
            ("--weight", float, None, "of the real variance"),
        ),
        lambda o: weighting.WeightedCovariance(o.real, o.synthetic, o.weight),
        weighting.curves,
    ),
    "ensembles": Room(
        "several generators, of which each writes a batch",
        (
            ("--real", int, 100, "rows of the first fit"),
            ("--synthetic", int, 100, "rows that each generator writes"),
            ("--generators", int, 1, "K"),
        ),
        lambda o: weighting.Ensemble(o.real, o.synthetic, o.generators),
        weighting.ensemble_curves,
    ),
}


def add_rooms(families: Any, finish: Callable[[argparse.ArgumentParser, str], None]) -> None:
    """A command a room; `finish` adds what the folder needs and the function that answers."""
    for name, room in ROOMS.items():
        parser = families.add_parser(name, help=room.told)
        group = parser.add_argument_group(name)
        for flag, convert, default, told in room.options:
            shown = told if default is None else f"{told} (default {default})"
            group.add_argument(
                flag, type=convert, default=default, required=default is None, help=shown
            )
        group.add_argument("--generations", type=int, metavar="T", help="default 10")
        finish(parser, name)


def add_answered_rooms(families: Any, act: Callable[[argparse.Namespace], int]) -> None:
    """The rooms of python -m theory."""

    def finish(parser: argparse.ArgumentParser, name: str) -> None:
        add_output_options(parser)
        parser.set_defaults(act=act, room=name)

    add_rooms(families, finish)


def titled(options: argparse.Namespace) -> str:
    """The room and its options, for a title."""
    flags = [flag[2:].replace("-", "_") for flag, *_ in ROOMS[options.room].options]
    return f"{options.room}: " + ", ".join(f"{flag}={getattr(options, flag)}" for flag in flags)
