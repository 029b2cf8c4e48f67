"""The small rooms on every command line: what each takes, and the spec that it makes."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from theory.commandline import add_workflow_options, numbers, workflow_from
from theory.curated_normal import CuratedNormal
from theory.curated_rows import CuratedRows
from theory.curation import CuratedChain
from theory.editing import EditedChain, RandomEdits, cosine_design, disjoint
from theory.ensembles import KINDS, Ensemble
from theory.labels import VerifiedLabels
from theory.stability import FixedReal, Probe
from theory.truncation import Regrowth, TruncatedChain
from theory.verification.spread import VerifiedSpread
from theory.weighting import WeightedCovariance


@dataclass(frozen=True)
class Room:
    """One mitigation.

    Attributes:
        told: one line for --help.
        options: flags with their type, default and meaning; None for one that must be given.
        spec: the options -> the spec.
        rounds: --generations has a meaning; elsewhere the other options say how many fits.
        flows: it runs under a workflow, whose options it takes.
    """

    told: str
    options: tuple[tuple[str, Callable[[str], Any], Any, str], ...]
    spec: Callable[[argparse.Namespace], Any]
    rounds: bool = True
    flows: bool = False


def _draws(text: str) -> float:
    """K, a whole number or inf."""
    try:
        return math.inf if text == "inf" else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number or inf, got {text!r}") from None


_REWARDED: tuple[tuple[str, Callable[[str], Any], Any, str], ...] = (
    ("--reference", numbers, None, "true probabilities p[,p...]"),
    ("--rewards", numbers, None, "of the categories r[,r...]"),
    ("--draws", _draws, 2, "K, or inf"),
)

ROOMS = {
    "spread": Room(
        "a normal law whose spread is refitted too, to rows that a verifier accepts",
        (
            ("--radius", float, None, "of what is accepted, in true standard deviations"),
            ("--centre", float, 0.0, "of the verifier, from the true mean"),
            ("--rows", int, 100, "accepted a round"),
        ),
        lambda o: VerifiedSpread(o.radius, o.centre, o.rows),
    ),
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
        lambda o: VerifiedLabels(o.dim, o.distance, o.rows, o.wrong, o.keep_correct, o.keep_wrong),
        rounds=False,
    ),
    "curation": Room(
        "each kept row wins against K - 1 others by its reward",
        (
            *_REWARDED,
            ("--weight", float, math.inf, "of winners against the reference; inf: winners only"),
        ),
        lambda o: CuratedChain(o.reference, o.rewards, o.draws, o.weight),
    ),
    "curated-rows": Room(
        "the same with finitely many rows a batch, under a workflow: theory knows the limit only",
        _REWARDED,
        lambda o: CuratedRows(o.reference, o.rewards, o.draws, workflow_from(o)),
        flows=True,
    ),
    "curated-normal": Room(
        "a normal law trained on winners of infinitely many rows, linear or quadratic reward",
        (
            ("--mean", float, 0.0, "of the first model"),
            ("--variance", float, 1.0, "of the first model"),
            ("--slope", float, 0.0, "of the reward's linear part"),
            ("--centre", float, 0.0, "of its quadratic part"),
            ("--width", float, math.inf, "of that part; inf: none"),
        ),
        lambda o: CuratedNormal(o.mean, o.variance, o.slope, o.centre, o.width),
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
        lambda o: EditedChain(
            cosine_design(o.rows, o.dim), disjoint(o.rows, o.edits, o.share), o.noise
        ),
        rounds=False,
    ),
    "random-editing": Room(
        "the same table, every row rewritten with the same probability each round",
        (
            ("--rows", int, 400, "of the table"),
            ("--dim", int, 10, "features"),
            ("--edits", int, 20, "rounds"),
            ("--share", float, None, "of the rows, on average, each round"),
            ("--noise", float, 1.0, "standard deviation of a label"),
        ),
        lambda o: RandomEdits(cosine_design(o.rows, o.dim), o.share, o.edits, o.noise),
        rounds=False,
    ),
    "truncation": Room(
        "a Gaussian refitted to the rows of its tails",
        (
            ("--rows", int, 100, "kept a round"),
            ("--cut", float, None, "standard deviations within which rows are left out"),
        ),
        lambda o: TruncatedChain(o.rows, o.cut),
    ),
    "regrowth": Room(
        "regenerate and grow: a mean fitted to its own rewriting of all so far, and new real rows",
        (("--rows", int, 100, "new real rows a stage"),),
        lambda o: Regrowth(o.rows),
    ),
    "weights": Room(
        "a variance averaged over fresh real rows and the last models'",
        (
            ("--real", int, 100, "fresh real rows a round"),
            ("--synthetic", int, 100, "rows of the last model"),
            ("--weight", float, None, "of the real variance"),
            ("--window", int, 1, "last models whose rows share the rest"),
        ),
        lambda o: WeightedCovariance(o.real, o.synthetic, o.weight, o.window),
    ),
    "fixed-real": Room(
        "a mean fitted to fixed real rows and new synthetic ones: how a disturbance fades",
        (
            ("--real", int, 100, "rows that stay"),
            ("--synthetic", int, 100, "rows of the last model"),
            ("--push", float, 0.0, "L eps/alpha of the published theorem"),
        ),
        lambda o: FixedReal(o.real, o.synthetic, o.push),
    ),
    "stability": Room(
        "two chains of a mean whose fixed real sets differ in one row",
        (
            ("--real", int, 100, "rows of each fixed set"),
            ("--synthetic", int, 100, "rows of the last model"),
            ("--share", float, None, "of the real mean in a fit"),
        ),
        lambda o: Probe(o.real, o.synthetic, o.share),
    ),
    "ensembles": Room(
        "several generators, of which each writes a batch",
        (
            ("--real", int, 100, "rows of the first fit"),
            ("--synthetic", int, 100, "rows that each generator writes"),
            ("--generators", int, 1, "K"),
            ("--kind", str, "seeds", f"what tells them apart: {', '.join(KINDS)}"),
        ),
        lambda o: Ensemble(o.real, o.synthetic, o.generators, o.kind),
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
        if room.flows:
            add_workflow_options(parser)
        elif room.rounds:
            group.add_argument("--generations", type=int, metavar="T", help="default 10")
        else:
            parser.set_defaults(generations=None)
        finish(parser, name)


def titled(options: argparse.Namespace) -> str:
    """The room and its options, for a title."""
    room = ROOMS[options.room]
    flags = [flag[2:].replace("-", "_") for flag, *_ in room.options]
    told = f"{options.room}: " + ", ".join(f"{flag}={getattr(options, flag)}" for flag in flags)
    if not room.flows:
        return told
    return f"{told}, {workflow_from(options)}; finitely many rows have no law that theory knows"
