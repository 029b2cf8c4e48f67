"""python -m montecarlo: simulate a chain and print means with standard errors."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from loopbound import version
from montecarlo import (
    categorical,
    curated_normal,
    curated_rows,
    curation,
    editing,
    ensembles,
    kde,
    labels,
    regression,
    stability,
    truncation,
    verification,
    weighting,
)
from montecarlo.estimate import Estimate, Estimates, Halted, Interrupted
from montecarlo.gaussian import FIELDS, METHODS, estimate
from montecarlo.verification import spread
from theory.categorical.commandline import add_categorical_options, categorical_chain_from
from theory.commandline import (
    STOPPED,
    Parser,
    Table,
    add_output_options,
    add_workflow_options,
    answer,
    check_files,
    panels,
    sample_generations,
    workflow_from,
    write,
)
from theory.gaussian.commandline import add_chain_options, chain_from
from theory.kde.commandline import add_kde_options, kde_chain_from
from theory.mitigations.commandline import ROOMS, add_rooms, titled
from theory.regression.commandline import add_regression_options, regression_chain_from
from theory.verification.commandline import add_verification_options, told, verified_chain_from

DEFAULT_FIELDS = ("mean_error", "trace_ratio", "log_det_ratio", "excess_nll")

EXAMPLES = """\
examples:
  python -m montecarlo gaussian --workflow accumulate --n 100 --dim 10 --replicates 2000
  python -m montecarlo gaussian --workflow replace --n 10 --seed 7 --format csv
  python -m montecarlo gaussian --workflow replace --n 10 --method rows
  python -m montecarlo gaussian --workflow fresh --n-real 20 --n 80 --plot fresh.png
  python -m montecarlo gaussian --workflow replace --replicates 1000000 --checkpoint runs
  python -m montecarlo regression --workflow accumulate --n 30 --dim 5 --method rao-blackwell
  python -m montecarlo regression --workflow replace --design table.csv --noise 0.5,1
  python -m montecarlo categorical --workflow replace --n 100 --zipf 1000,1.1
  python -m montecarlo kde --truth normal --bandwidth 0.4 --workflow accumulate --fields mise,nll
  python -m montecarlo verification --workflow replace --n 100 --radius 1 --centre 0.3

A verifier that rejects everything ends a run: the fits before are printed; exit status 2.
Ctrl-C prints the estimate from the replicates that are finished; exit status 130. With a
checkpoint, the same command goes on from there, and so it does after a kill.
"""


class Family(NamedTuple):
    """A chain that runs under every workflow, as a command.

    Attributes:
        told: what it is, a line of the help.
        add_options: those of its truth and fit.
        methods, fields: of its simulation.
        engines: what the methods are.
        act: simulates and answers; returns the exit status.
    """

    told: str
    add_options: Callable[[argparse.ArgumentParser], None]
    methods: Sequence[str]
    fields: Sequence[str]
    engines: str
    act: Callable[[argparse.Namespace], int]


def build_parser() -> Parser:
    """The parser of python -m montecarlo."""
    parser = Parser(
        prog="python -m montecarlo",
        description="How far a model drifts when it is trained on its own output, by simulation.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"loopbound {version()}")
    families = parser.add_subparsers(dest="family", required=True, metavar="FAMILY")
    for name, family in FAMILIES.items():
        own = families.add_parser(name, help=family.told, epilog=EXAMPLES)
        add_workflow_options(own)
        family.add_options(own)
        _add_simulation_options(own, family.methods, family.fields, family.engines)
        own.set_defaults(act=family.act)
    add_rooms(families, _add_room)
    return parser


def _add_room(parser: argparse.ArgumentParser, name: str) -> None:
    _add_run_options(parser).add_argument(
        "--checkpoint", type=Path, metavar="DIR", help="keep finished blocks there"
    )
    add_output_options(parser)
    parser.set_defaults(act=_mitigation, room=name)


def _add_run_options(parser: argparse.ArgumentParser) -> Any:
    """How many runs, and how; returns their group."""
    group = parser.add_argument_group("simulation")
    group.add_argument("--replicates", type=int, default=10_000, help="runs (default 10,000)")
    group.add_argument("--seed", type=int, default=0, help="default 0")
    group.add_argument(
        "--threads", type=int, help="default: one a core; results do not depend on it"
    )
    return group


def _mitigation(options: argparse.Namespace) -> int:
    check_files(options)
    spec = ROOMS[options.room].spec(options)
    generations = _generations(options)
    runs: dict[str, Callable[..., Estimates]] = {
        "spread": lambda **given: spread.estimate(spec, generations, **given),
        "labels": lambda **given: labels.estimate(spec, **given),
        "curation": lambda **given: curation.estimate(spec, generations, **given),
        "curated-rows": lambda **given: curated_rows.estimate(spec, generations, **given),
        "curated-normal": lambda **given: curated_normal.estimate(spec, generations, **given),
        "editing": lambda **given: editing.estimate(spec, **given),
        "random-editing": lambda **given: editing.random(spec, **given),
        "truncation": lambda **given: truncation.estimate(spec, generations, **given),
        "regrowth": lambda **given: truncation.regrowth(spec, generations, **given),
        "weights": lambda **given: weighting.estimate(spec, generations, **given),
        "fixed-real": lambda **given: stability.estimate(spec, generations, **given),
        "stability": lambda **given: stability.probe(spec, generations, **given),
        "ensembles": lambda **given: ensembles.estimate(spec, generations, **given),
    }
    return _answered(
        options,
        titled(options),
        lambda: runs[options.room](
            seed=options.seed, replicates=options.replicates, threads=options.threads,
            checkpoint=options.checkpoint,
        ),
    )  # fmt: skip


def _add_simulation_options(
    parser: argparse.ArgumentParser, methods: Sequence[str], fields: Sequence[str], told: str
) -> None:
    """How to simulate a family, and what to show of it."""
    group = _add_run_options(parser)
    group.add_argument(
        "--method", choices=methods, default="auto",
        help=f"{told} (default: the fastest that applies)",
    )  # fmt: skip
    group.add_argument(
        "--fields", metavar="NAME[,NAME...]", help=f"'all', or some of: {', '.join(fields)}"
    )
    group.add_argument(
        "--checkpoint", type=Path, metavar="DIR",
        help="keep finished blocks there; the same command, or one with more replicates, goes on",
    )  # fmt: skip
    add_output_options(parser)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, 2 for bad input, 130 after Ctrl-C."""
    return answer(build_parser(), argv, lambda options: int(options.act(options)))


def _gaussian(options: argparse.Namespace) -> int:
    check_files(options)
    chain, workflow = chain_from(options), workflow_from(options)
    title = f"Gaussian chain, dim={chain.dim}, ddof={chain.ddof}, {workflow}"
    return _answered(
        options,
        title,
        lambda: estimate(
            chain, workflow, _generations(options), seed=options.seed,
            replicates=options.replicates, fields=_fields(options, DEFAULT_FIELDS),
            method=options.method, threads=options.threads, checkpoint=options.checkpoint,
        ),
    )  # fmt: skip


def _regression(options: argparse.Namespace) -> int:
    check_files(options)
    chain, design = regression_chain_from(options)
    workflow = workflow_from(options)
    title = f"regression chain, dim={chain.dim}, design {options.design}, {workflow}"
    return _answered(
        options,
        title,
        lambda: regression.estimate(
            chain, workflow, _generations(options), seed=options.seed,
            replicates=options.replicates, fields=_fields(options, None), design=design,
            method=options.method, threads=options.threads, checkpoint=options.checkpoint,
        ),
    )  # fmt: skip


def _categorical(options: argparse.Namespace) -> int:
    check_files(options)
    chain, told = categorical_chain_from(options)
    workflow = workflow_from(options)
    return _answered(
        options,
        f"{told}, {workflow}",
        lambda: categorical.estimate(
            chain, workflow, _generations(options), seed=options.seed,
            replicates=options.replicates, fields=_fields(options, None),
            method=options.method, threads=options.threads, checkpoint=options.checkpoint,
        ),
    )  # fmt: skip


def _kde(options: argparse.Namespace) -> int:
    check_files(options)
    chain, workflow = kde_chain_from(options), workflow_from(options)
    title = f"kernel-density chain, truth {options.truth}, {options.kernel}, {workflow}"
    fields = kde.fields_of(chain) if options.fields == "all" else _fields(options, None)
    return _answered(
        options,
        f"{title}, bandwidth {options.bandwidth}",
        lambda: kde.estimate(
            chain, workflow, _generations(options), seed=options.seed,
            replicates=options.replicates, fields=fields, method=options.method,
            threads=options.threads, checkpoint=options.checkpoint,
        ),
    )  # fmt: skip


def _verification(options: argparse.Namespace) -> int:
    check_files(options)
    chain, workflow = verified_chain_from(options), workflow_from(options)
    return _answered(
        options,
        f"{told(chain)}, {workflow}",
        lambda: verification.estimate(
            chain, workflow, _generations(options), seed=options.seed,
            replicates=options.replicates, fields=_fields(options, None),
            method=options.method, threads=options.threads, checkpoint=options.checkpoint,
        ),
    )  # fmt: skip


FAMILIES = {
    "gaussian": Family(
        "a mean and a covariance, fitted again and again", add_chain_options, METHODS, FIELDS,
        "'rows' draws every row, 'statistics' each batch's mean and scatter", _gaussian,
    ),
    "regression": Family(
        "weights, fitted to labels that earlier weights wrote", add_regression_options,
        regression.METHODS, regression.FIELDS,
        "'rows' draws every row, 'statistics' each batch's moments, 'rao-blackwell' no label: it "
        "has less spread, and gives bias and variance",
        _regression,
    ),
    "categorical": Family(
        "shares of categories, counted and sampled", add_categorical_options,
        categorical.METHODS, categorical.FIELDS,
        "'rows' draws every row, 'statistics' the counts of each batch", _categorical,
    ),
    "kde": Family(
        "a density estimate, refitted to rows that it wrote", add_kde_options, kde.METHODS,
        kde.FIELDS, "'rows' draws every row", _kde,
    ),
    "verification": Family(
        "regression on labels that a verifier accepts", add_verification_options,
        verification.METHODS, verification.FIELDS,
        "'rows' writes every label and counts acceptance, 'statistics' draws a batch's mean",
        _verification,
    ),
}  # fmt: skip
"""Name of a command -> what runs under every workflow."""


def _generations(options: argparse.Namespace) -> int:
    return 10 if options.generations is None else int(options.generations)


def _fields(options: argparse.Namespace, default: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The fields asked for, None for all that there are."""
    if options.fields == "all":
        return None
    return default if options.fields is None else tuple(options.fields.split(","))


def _answered(options: argparse.Namespace, title: str, run: Callable[[], Estimates]) -> int:
    """Show what a run gives, or gave until Ctrl-C or a chain's end; returns the exit status."""
    status = 0
    try:
        result = run()
    except (Halted, Interrupted) as stop:
        status = 2 if isinstance(stop, Halted) else STOPPED
        if not isinstance(stop.finished, Estimates):
            print("python -m montecarlo: stopped before a block was finished", file=sys.stderr)
            return status
        result = stop.finished
        told = str(stop)
        if isinstance(stop, Halted):
            told = f"error: {stop}; kept: fits up to {stop.generation} of {result.count:,} runs"
        print(f"python -m montecarlo: {told}", file=sys.stderr)
    _show(options, title, result)
    return status


def _show(options: argparse.Namespace, title: str, result: Estimates) -> None:
    """Means and standard errors as a table, and as a plot if asked for."""
    found = dict(result.values)
    generations = len(next(iter(found.values())).mean) - 1
    columns = ["generation"]
    for name in found:
        columns += [name, f"{name}_se"]
    body = [
        (t, *(float(x) for e in found.values() for x in (e.mean[t], e.std_error[t])))
        for t in range(generations + 1)
    ]
    shown = sample_generations(generations)
    notes = [title, f"{result.count:,} runs, seed {options.seed}; _se: standard error of the mean"]
    if len(shown) <= generations:
        notes.append(f"{len(shown)} of {generations + 1} generations shown: --format csv has all")
    facts = {"title": title, "replicates": result.count, "seed": options.seed}
    write(Table(tuple(columns), body, facts, tuple(notes), shown), options)
    if options.plot is not None:
        _plot(options.plot, f"{title}, {result.count:,} runs", found)


def _plot(path: Path, title: str, found: dict[str, Estimate]) -> None:
    """One panel a field: means with bars of two standard errors."""
    with panels(path, title, list(found)) as shown:
        for panel, sample in zip(shown, found.values(), strict=True):
            t = np.flatnonzero(np.isfinite(sample.mean))
            bars = 2 * np.where(np.isfinite(sample.std_error), sample.std_error, 0)[t]
            panel.errorbar(t, sample.mean[t], bars, fmt="o", markersize=3, capsize=2)


if __name__ == "__main__":
    sys.exit(main())
