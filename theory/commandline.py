"""What every folder's command line shares: options, errors in one line, tables and files.

Apart from `__main__`, this is the only module of theory that writes anything.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NoReturn

from theory.workflow import Workflow, WorkflowKind

PLOT_SUFFIXES = (".png", ".svg", ".pdf")
STOPPED = 130  # exit status after Ctrl-C, as shells have it


class Parser(argparse.ArgumentParser):
    """An argument parser of whole options whose errors are one line on stderr, exit status 2."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options
        )

    def error(self, message: str) -> NoReturn:
        """Print `message` on one line and exit with status 2."""
        line = " ".join(message.split())
        self.exit(2, f"{self.prog}: error: {line}\n")


def answer(parser: Parser, argv: Sequence[str] | None, act: Callable[[Any], int]) -> int:
    """Parse, act, and turn what a user can get wrong into one line; returns the exit status."""
    try:
        return act(parser.parse_args(argv))
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print(f"{parser.prog}: stopped", file=sys.stderr)
        return STOPPED
    except (ValueError, OSError) as problem:
        print(f"{parser.prog}: error: {in_one_line(problem)}", file=sys.stderr)
        return 2


def in_one_line(problem: Exception) -> str:
    """What went wrong, as a user reads it: without errno, and without line breaks.

    Example:
        >>> in_one_line(FileNotFoundError(2, "No such file or directory", "gone.csv"))
        "No such file or directory: 'gone.csv'"
    """
    text = str(problem)
    if isinstance(problem, OSError) and problem.strerror and problem.filename:
        text = f"{problem.strerror}: {str(problem.filename)!r}"
    return " ".join(text.split())


# --- options -----------------------------------------------------------------------------------


def numbers(text: str, convert: Callable[[str], Any] = float) -> tuple[Any, ...]:
    """A comma-separated list, as in 5,9,14."""
    try:
        return tuple(convert(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be numbers separated by commas, got {text!r}"
        ) from None


def rows(text: str) -> tuple[int, ...]:
    """Rows a batch: 100, or a schedule 5,9,14 whose last value repeats."""
    return numbers(text, int)


def add_workflow_options(parser: argparse.ArgumentParser) -> None:
    """--workflow and everything a workflow can take."""
    names = ", ".join(kind.value for kind in WorkflowKind if kind is not WorkflowKind.CUSTOM)
    group = parser.add_argument_group("workflow")
    group.add_argument("--workflow", required=True, metavar="NAME", help=names)
    group.add_argument(
        "--n", type=rows, metavar="N[,N...]",
        help="rows a batch, or a schedule whose last value repeats (default 100)",
    )  # fmt: skip
    group.add_argument("--n-real", type=int, metavar="N", help="real rows: anchored, fresh")
    group.add_argument("--window", type=int, metavar="W", help="batches kept: sliding-window")
    group.add_argument(
        "--budget", type=int, metavar="M", help="rows trained on: accumulate-subsample (default n)"
    )
    group.add_argument(
        "--with-replacement", action="store_true", help="draw the budget with replacement"
    )
    group.add_argument(
        "--weight", type=float, metavar="W", help="weight of the real rows: fresh (default: pooled)"
    )
    group.add_argument("--generations", type=int, metavar="T", help="fits (default 10)")


def workflow_from(options: argparse.Namespace) -> Workflow:
    """The workflow that the options describe."""
    return Workflow.parse(
        options.workflow,
        n=(100,) if options.n is None else options.n,
        n_real=options.n_real,
        window=options.window,
        budget=options.budget,
        replacement=options.with_replacement,
        weight=options.weight,
    )


def spectrum(options: argparse.Namespace) -> tuple[int, list[list[float]] | None]:
    """Dimension and covariance from --dim and --eigenvalues."""
    eigenvalues = getattr(options, "eigenvalues", None)
    dim = getattr(options, "dim", None)
    if eigenvalues is None:
        return 1 if dim is None else dim, None
    if dim is not None and dim != len(eigenvalues):
        raise ValueError(f"eigenvalues must be {dim} numbers for dim={dim}, got {eigenvalues}")
    dim = len(eigenvalues)
    return dim, [[x if i == j else 0.0 for j in range(dim)] for i, x in enumerate(eigenvalues)]


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """--format, --output and --plot."""
    group = parser.add_argument_group("output")
    group.add_argument(
        "--format", choices=("table", "csv", "json"), default="table", help="default table"
    )
    group.add_argument("--output", type=Path, metavar="FILE", help="write there, not to stdout")
    group.add_argument("--plot", type=Path, metavar="FILE", help="also draw it: .png, .svg or .pdf")


def check_files(options: argparse.Namespace) -> None:
    """Refuse files that cannot be written before anything is computed."""
    plot: Path | None = options.plot
    if plot is not None and plot.suffix not in PLOT_SUFFIXES:
        raise ValueError(f"--plot must end in {', '.join(PLOT_SUFFIXES)}, got {str(plot)!r}")
    for name, path in (("--plot", plot), ("--output", options.output)):
        if path is not None and not path.parent.is_dir():
            raise ValueError(f"{name}: the folder of {str(path)!r} does not exist")
        if path is not None and path.is_dir():
            raise ValueError(f"{name} must be a file, got the folder {str(path)!r}")


# --- output ------------------------------------------------------------------------------------


@contextmanager
def replacing(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """A file that takes the place of `path` when it is complete, and leaves no trace if not."""
    encoding = None if "b" in mode else "utf-8"
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as problem:
        raise OSError(problem.errno, problem.strerror, str(path)) from None
    try:
        with os.fdopen(handle, mode, encoding=encoding, newline="" if encoding else None) as file:
            yield file
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


@dataclass(frozen=True)
class Table:
    """Rows for every format, and what only people read.

    Attributes:
        columns: names of the columns.
        rows: one tuple a row: numbers, strings, None for an empty cell.
        facts: what the numbers are of; the head of the JSON object.
        notes: lines under the printed table.
        shown: indices of the rows that the printed table shows; None for all.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    shown: Sequence[int] | None = None

    def as_text(self) -> str:
        """An aligned table with notes."""
        from tabulate import tabulate

        chosen = self.rows if self.shown is None else [self.rows[i] for i in self.shown]
        cells = [["" if cell is None else _short(cell) for cell in row] for row in chosen]
        align = ["left" if _is_text(column) else "right" for column in zip(*chosen, strict=True)]
        text = tabulate(cells, self.columns, colalign=align or None, disable_numparse=True)
        return "\n".join([text, *([""] if self.notes else []), *self.notes]) + "\n"

    def as_csv(self) -> str:
        """Comma-separated values with a header, full precision."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([["" if cell is None else cell for cell in row] for row in self.rows])
        return out.getvalue()

    def as_json(self) -> str:
        """The facts and a list of records; infinities are the strings 'inf' and '-inf'."""
        records = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return json.dumps(plain({**self.facts, "rows": records}), indent=2) + "\n"


def plain(value: Any) -> Any:
    """The same value in what JSON can hold."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def write(table: Table, options: argparse.Namespace) -> None:
    """The table in the format asked for, to the file asked for or to stdout."""
    text = {"table": table.as_text, "csv": table.as_csv, "json": table.as_json}[options.format]()
    write_out(text, options)


def write_out(text: str, options: argparse.Namespace) -> None:
    """The text as it is, to the file asked for or to stdout."""
    if options.output is None:
        sys.stdout.write(text)
        return
    with replacing(options.output) as file:
        file.write(text)
    print(f"wrote {options.output}", file=sys.stderr)


@contextmanager
def panels(path: Path, title: str, names: Sequence[str]) -> Iterator[Sequence[Any]]:
    """Axes over generations, one a name, of a figure that goes to `path` once it is drawn."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    across = min(len(names), 3)
    down = -(-len(names) // across)
    figure, axes = pyplot.subplots(
        down, across, figsize=(4.2 * across, 3 * down + 0.5), squeeze=False, layout="constrained"
    )
    for panel in axes.flat[len(names) :]:
        panel.set_visible(False)
    shown = list(axes.flat[: len(names)])
    for panel, name in zip(shown, names, strict=True):
        panel.set(xlabel="generation", title=name)
        panel.xaxis.get_major_locator().set_params(integer=True)
    figure.suptitle(title, fontsize="medium", wrap=True)
    try:
        yield shown
        with replacing(path, "wb") as file:
            figure.savefig(file, format=path.suffix[1:], dpi=150)
    finally:
        pyplot.close(figure)
    print(f"wrote {path}", file=sys.stderr)


def _short(cell: Any) -> str:
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


def _is_text(column: Sequence[Any]) -> bool:
    return all(cell is None or isinstance(cell, str) for cell in column)


def sample_generations(generations: int, most: int = 20) -> list[int]:
    """Generations to print: all if they are few, else 0, 1, 2, 5, 10, 20, 50, ... and the last."""
    if generations <= most:
        return list(range(generations + 1))
    round_numbers = [m * 10**e for e in range(len(str(generations))) for m in (1, 2, 3, 5, 7)]
    return [0, *(t for t in round_numbers if t < generations), generations]
