"""python -m theory plan: a pipeline from flags or a TOML file, and its plan in plain sentences."""

from __future__ import annotations

import argparse
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from theory.commandline import add_output_options, check_files, panels, write, write_out
from theory.planner.named import TABLES, known, pipeline_of
from theory.planner.picture import TITLES, draw
from theory.planner.pipeline import Keep, Prices
from theory.planner.plan import plan
from theory.planner.tables import as_table
from theory.planner.words import as_text, described

HELP = "will my training pipeline collapse, and what is the cheapest fix?"
EXAMPLES = """\
examples:
  python -m theory plan --real 1000 --synthetic 1000 --keep latest
  python -m theory plan --real 1000 --synthetic 1000 --keep last --window 3 --real-per-round 50
  python -m theory plan --file pipeline.toml --horizon 36 --plot plan.png
  python -m theory plan --fit losses.csv

A TOML file has the same names: real = 1000, synthetic = 1000, keep = "latest", real_per_round = 50;
[verifier] bias, width; [prices] real, generated, verified, trained, stored. Options override it.
"""

_NUMBERS: tuple[tuple[str, Any, str], ...] = (
    ("real", int, "real rows you have now: round 1 trains on them alone"),
    ("synthetic", int, "rows that the model writes each round"),
    ("window", int, "with --keep last: rounds kept"),
    ("window_exponent", float, "with --keep last: keep the last t^A rounds at round t"),
    ("real_per_round", int, "new real rows each round from round 2 on (default 0)"),
    ("budget", int, "rows trained on, drawn at random from what is kept (default: all)"),
    ("weight", float, "total weight of the real rows in training (default: rows alike)"),
    ("real_exponent", float, "weight t^-B on the real rows at round t"),
    (
        "temperature",
        float,
        "of sampling: factor on the variance of the rows written (default 1)",
    ),
    ("parameters", int, "effective number of parameters; of a linear regression its dimension"),
    ("horizon", int, "rounds to look ahead (default 12)"),
    ("tolerance", float, "tolerated error, in times the first model's (default 1.5)"),
)


def add_plan(families: Any) -> None:
    """The command `plan` among those of python -m theory."""
    parser = families.add_parser("plan", help=HELP, description=HELP, epilog=EXAMPLES)
    _add_pipeline(parser)
    _add_verifier_and_prices(parser)
    measured = parser.add_argument_group("measured losses")
    measured.add_argument(
        "--fit", type=Path, metavar="FILE",
        help="a CSV of generation and loss, with columns model and workflow or with --keep: "
        "what it follows, and where it goes by --horizon",
    )  # fmt: skip
    add_output_options(parser)
    parser.set_defaults(act=_plan)


def _add_pipeline(parser: argparse.ArgumentParser) -> None:
    """Rows, what is kept, how it is trained on."""
    group = parser.add_argument_group("pipeline")
    group.add_argument("--file", type=Path, metavar="FILE", help="a TOML file of the pipeline")
    names = [keep.value for keep in Keep]
    group.add_argument("--keep", metavar="WHICH", help=f"rounds kept: {', '.join(names)}")
    for name, convert, meaning in _NUMBERS:
        option = f"--{name.replace('_', '-')}"
        group.add_argument(option, type=convert, metavar="X", help=meaning)
    group.add_argument(
        "--keep-real", action="store_true", default=None, help="real rows stay in training for ever"
    )


def _add_verifier_and_prices(parser: argparse.ArgumentParser) -> None:
    """What selects rows, and what they cost."""
    judge = parser.add_argument_group("verifier (linear regression; in standard deviations)")
    judge.add_argument("--verifier-bias", type=float, metavar="D", help="how far it is off")
    judge.add_argument(
        "--verifier-width", type=float, metavar="L", help="how far a label may be: less is stricter"
    )
    costs = parser.add_argument_group("prices, by which changes are ranked (unit: one real row)")
    for price in fields(Prices):
        costs.add_argument(
            f"--price-{price.name}", type=float, metavar="P", help=f"default {price.default}"
        )


def _plan(options: argparse.Namespace) -> int:
    check_files(options)
    given = given_of(options)
    if options.fit is not None:
        from theory.planner.fit_command import answer_fits

        return answer_fits(options, given)
    for name in ("real", "synthetic", "keep"):
        if name not in given:
            raise ValueError(
                f"a pipeline needs {name}: --{name} on the command line, or in --file FILE"
            )
    found = plan(pipeline_of(given))
    if options.format == "table":
        write_out(as_text(found), options)
    else:
        write(as_table(found), options)
    if options.plot is not None:
        with panels(options.plot, described(found.pipeline), TITLES) as (error, share):
            draw(error, share, found)
    return 0


def given_of(options: argparse.Namespace) -> dict[str, Any]:
    """What the file says, and over it what the options say."""
    given = {} if options.file is None else read_pipeline(options.file)
    names = [name for name, _, _ in _NUMBERS]
    for name in (*names, "keep", "keep_real"):
        if getattr(options, name) is not None:
            given[name] = getattr(options, name)
    for table, prefix in (("verifier", "verifier"), ("prices", "price")):
        for one in fields(TABLES[table]):
            value = getattr(options, f"{prefix}_{one.name}")
            if value is not None:
                given.setdefault(table, {})[one.name] = value
    return given


def read_pipeline(path: Path) -> dict[str, Any]:
    """Names and values of a TOML file.

    Raises:
        ValueError: not a TOML file, or a key that no pipeline has: quoted, with the nearest one.
        OSError: it cannot be read.
    """
    if path.is_dir():
        raise ValueError(f"--file must be a file, got the folder {str(path)!r}")
    try:
        with path.open("rb") as file:
            found = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ValueError(f"--file: {str(path)!r} is not TOML: {problem}") from None
    return known(found, str(path))
