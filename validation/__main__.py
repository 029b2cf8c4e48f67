"""python -m validation: test every claim of the theory against simulation."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from loopbound import version
from montecarlo.estimate import Interrupted
from theory.commandline import (
    STOPPED,
    Parser,
    Table,
    add_output_options,
    answer,
    check_files,
    replacing,
    rows,
    workflow_from,
    write,
)
from theory.tables import read_table, read_words
from theory.workflow import Workflow
from validation import claims, exhibits, kde, page, report
from validation.calibrated import FALSE_FAIL, FALSE_PASS
from validation.categorical import on_words
from validation.check import MOST, RESOLVE, Finding, check
from validation.exhibits import Exhibits
from validation.experiment import Experiment, claim_names
from validation.gaussian import on_table
from validation.regression import on_design

EXAMPLES = """\
examples:
  python -m validation --list
  python -m validation gaussian
  python -m validation gaussian/accumulate --verbose
  python -m validation inflation regression
  python -m validation gaussian --data table.csv
  python -m validation gaussian --data table.csv --workflow anchored --n 4 --n-real 4
  python -m validation regression --data table.csv         # the table as everybody's design
  python -m validation kde --data table.csv                # the table smoothed
  python -m validation categorical --data book.txt         # its words
  python -m validation --all --output results/validation.json --report results/report.html
  python -m validation gaussian/replace --perturb 0.02     # must disagree
  python -m validation inflation --until-powered

exit status: 0 all agree, 1 any disagrees, 3 any is underpowered, 2 bad input, 130 after Ctrl-C
"""

_ON_DATA = ("gaussian", "regression", "kde", "categorical")


def build_parser() -> Parser:
    """The parser of python -m validation."""
    parser = Parser(
        prog="python -m validation",
        description="Theory against simulation: a verdict for every claim, with its power.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"loopbound {version()}")
    parser.add_argument(
        "claims", nargs="*", metavar="CLAIMS",
        help=f"families ({', '.join(claims.FAMILIES)}), or beginnings of claims' names",
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="every family, and the real data")
    parser.add_argument("--list", action="store_true", help="print the names of the claims")
    test = parser.add_argument_group("test")
    test.add_argument(
        "--replicates", type=int, metavar="R",
        help=f"runs an experiment (default: as many as it needs, up to {MOST:,})",
    )  # fmt: skip
    test.add_argument(
        "--until-powered", action="store_true",
        help="as many runs as it takes to give every claim power, up to 1e9 an experiment",
    )  # fmt: skip
    test.add_argument("--seed", type=int, default=0, help="default 0")
    test.add_argument(
        "--resolve", type=float, default=RESOLVE, metavar="X",
        help=f"relative discrepancy that every test must be able to see (default {RESOLVE})",
    )  # fmt: skip
    test.add_argument(
        "--perturb", type=float, default=0.0, metavar="X",
        help="falsify every exact value by this share: a check of the check",
    )  # fmt: skip
    test.add_argument("--threads", type=int, help="default: one a core")
    test.add_argument(
        "--checkpoint", type=Path, metavar="DIR",
        help="keep finished blocks there, a folder an experiment; the same command goes on",
    )  # fmt: skip
    data = parser.add_argument_group("real data")
    data.add_argument(
        "--data", type=Path, metavar="FILE",
        help=".csv, .npy or .parquet of numbers: the truth of gaussian, whose rows are drawn; the "
        "design of regression, reused as it is; smoothed, the truth of kde. Words of a text: the "
        "truth of categorical (default: bundled tables)",
    )  # fmt: skip
    data.add_argument(
        "--workflow", metavar="NAME", help="with --data: this workflow, not the usual ones"
    )
    data.add_argument(
        "--n", type=rows, metavar="N[,N...]",
        help="with --workflow (default 2; the rows of the table for regression, 8 for kde, 50 for "
        "categorical)",
    )  # fmt: skip
    data.add_argument("--n-real", type=int, metavar="N", help="anchored, fresh")
    data.add_argument("--window", type=int, metavar="W", help="sliding-window")
    data.add_argument("--budget", type=int, metavar="M", help="accumulate-subsample")
    data.add_argument("--with-replacement", action="store_true", help="accumulate-subsample")
    data.add_argument("--weight", type=float, metavar="W", help="fresh")
    add_output_options(parser)
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="one .html page: verdicts, figures, real data"
    )
    parser.add_argument(
        "--language-models", type=Path, metavar="DIR",
        help="with --report: a page of the runs of python -m lm in the folders of DIR",
    )  # fmt: skip
    parser.add_argument("--verbose", action="store_true", help="a row for every claim")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status that the help lists."""
    given = sys.argv[1:] if argv is None else list(argv)
    return answer(build_parser(), given, lambda options: _act(options, given))


def _act(options: argparse.Namespace, given: Sequence[str]) -> int:
    check_files(options)
    _check_report(options.report, options.language_models)
    experiments = _selected(options)
    if options.list:
        names = [(name,) for experiment in experiments for name in claim_names(experiment)]
        write(Table(("claim",), names), options)
        return 0
    families = {experiment.name.split("/", 1)[0] for experiment in experiments}
    with nullcontext() if options.report is None else exhibits.ahead(families) as awaited:
        groups, stopped = _tested(options, experiments)
        facts = _facts(options, given, complete=not stopped)
        facts |= {"tested": len(groups), "experiments": len(experiments)}
        _deliver(options, groups, facts, awaited)
    findings = [finding for group in groups for finding in group]
    return STOPPED if stopped else report.exit_status(findings)


def _tested(
    options: argparse.Namespace, experiments: Sequence[Experiment]
) -> tuple[list[list[Finding]], bool]:
    """The findings of each experiment, and whether Ctrl-C came before the last."""
    groups: list[list[Finding]] = []
    try:
        for found in check(
            experiments,
            seed=options.seed,
            replicates=options.replicates,
            resolve=options.resolve,
            perturb=options.perturb,
            until_powered=options.until_powered,
            threads=options.threads,
            checkpoint=options.checkpoint,
        ):
            groups.append(found)
            _progress(len(groups), len(experiments), found)
    except Interrupted:
        print(f"stopped after {len(groups)} of {len(experiments)} experiments", file=sys.stderr)
        return groups, True
    return groups, False


def _selected(options: argparse.Namespace) -> list[Experiment]:
    """The experiments that the options ask for."""
    if not options.claims and not (options.all or options.list or options.data):
        raise ValueError(
            f"nothing to test: name a family ({', '.join(claims.FAMILIES)}), --all or --data FILE"
        )
    if options.data is None and options.workflow is not None:
        raise ValueError(f"--workflow goes with --data FILE, got --workflow {options.workflow!r}")
    if options.data is not None:
        return _on_data(options)
    every = list(claims.every())
    return every if not options.claims else claims.select(options.claims, every)


def _on_data(options: argparse.Namespace) -> list[Experiment]:
    """The experiments on the user's table."""
    families = options.claims or ["gaussian"]
    if not set(families) <= set(_ON_DATA):
        *first, last = _ON_DATA
        raise ValueError(
            f"--data tests the families {', '.join(first)} and {last}, got {' '.join(families)!r}"
        )
    if "categorical" in families:
        if len(families) > 1:
            raise ValueError(f"--data is a text for categorical alone, got {' '.join(families)!r}")
        words = read_words(options.data, "--data")
        return [*on_words(words, f"data/{options.data.stem}", _workflow(options, 50))]
    table = read_table(options.data)
    found: list[Experiment] = []
    if "gaussian" in families:
        found += on_table(table, _workflow(options, 2))
    if "regression" in families:
        found += on_design(table, _workflow(options, len(table.rows)))
    if "kde" in families:
        found += kde.on_table(table, _workflow(options, 8))
    return found


def _workflow(options: argparse.Namespace, n: int) -> list[tuple[str, Workflow]]:
    """The workflow asked for, of n rows a batch unless told; none if none was."""
    if options.workflow is None:
        return []
    given = argparse.Namespace(**{**vars(options), "n": options.n or (n,)})
    workflow = workflow_from(given)
    return [(workflow.kind.value, workflow)]


def _progress(done: int, total: int, found: list[Finding]) -> None:
    """One line an experiment on stderr: overwritten on a terminal, every tenth elsewhere."""
    line = f"[{done}/{total}] {found[0].experiment.name}"
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line}", end="\n" if done == total else "", file=sys.stderr, flush=True)
    elif done % 10 == 0 or done == total:
        print(line, file=sys.stderr, flush=True)


def _check_report(path: Path | None, runs: Path | None) -> None:
    """Refuse a page that cannot be written, or has nothing to show, before anything is computed."""
    if path is None:
        if runs is not None:
            raise ValueError(f"--language-models goes with --report FILE, got {str(runs)!r}")
        return
    if runs is not None and not runs.is_dir():
        raise ValueError(f"--language-models: no folder {str(runs)!r}")
    if path.suffix != ".html":
        raise ValueError(f"--report must end in .html, got {str(path)!r}")
    if not path.parent.is_dir():
        raise ValueError(f"--report: the folder of {str(path)!r} does not exist")
    if path.is_dir():
        raise ValueError(f"--report must be a file, got the folder {str(path)!r}")


def _facts(options: argparse.Namespace, given: Sequence[str], *, complete: bool) -> dict[str, Any]:
    """What the findings are of: the head of the JSON, and the foot of the page."""
    return {
        "complete": complete,
        "command": shlex.join(["python", "-m", "validation", *given]),
        "seed": options.seed,
        "resolve": options.resolve,
        "perturb": options.perturb,
        "false_fail": FALSE_FAIL,
        "false_pass": FALSE_PASS,
        "versions": report.environment(),
        "commit": report.commit(),
        "data": None if options.data is None else str(options.data),
    }


def _deliver(
    options: argparse.Namespace,
    groups: list[list[Finding]],
    facts: dict[str, Any],
    awaited: Callable[[], Exhibits] | None,
) -> None:
    """The table on stdout; the JSON, the plot and the page in their files."""
    findings = [finding for group in groups for finding in group]
    table = report.claim_table(findings, facts)
    if options.format != "table":
        write(table, options)
    else:
        shown = table if options.verbose else report.experiment_table(groups, facts)
        sys.stdout.write(shown.as_text())
        if options.output is not None:
            with replacing(options.output) as file:
                file.write(table.as_json())
    if options.plot is not None:
        report.plot(options.plot, findings)
    if options.report is not None:
        own = facts | {"language_models": options.language_models}
        page.write(options.report, findings, own, awaited)


if __name__ == "__main__":
    sys.exit(main())
