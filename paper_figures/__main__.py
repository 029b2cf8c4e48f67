"""python -m paper_figures: draw the figures of the papers again."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from loopbound import version
from paper_figures import dataset, render, style
from paper_figures.catalogue import FIGURES, FigureModule
from paper_figures.dataset import BadData, Dataset
from theory.commandline import STOPPED, Parser, answer, in_one_line

PROG = "python -m paper_figures"
OUTPUT = Path("results/figures")

EXAMPLES = """\
examples:
  python -m paper_figures --list
  python -m paper_figures gaussian_overview
  python -m paper_figures --all --output figures
  python -m paper_figures gaussian_overview --thumbnail docs/gaussian_overview.png
  python -m paper_figures universal_inflation --recompute --quick
  python -m paper_figures --recompute      # every figure: minutes

Lines are computed when drawn; points are read from a committed file, whose manifest must vouch
for it, and simulated again with --recompute.

exit status: 0 all drawn, 1 a figure failed (the others are drawn), 2 bad input or bad data,
130 after Ctrl-C
"""


def build_parser() -> Parser:
    """The parser of python -m paper_figures."""
    parser = Parser(
        prog=PROG,
        description="The figures of the papers: theory as lines, Monte Carlo as points.",
        epilog=EXAMPLES,
    )
    parser.add_argument("--version", action="version", version=f"loopbound {version()}")
    parser.add_argument("name", nargs="?", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--all", action="store_true", help="every figure")
    parser.add_argument("--list", action="store_true", help="print the names of the figures")
    parser.add_argument(
        "--recompute", action="store_true",
        help="simulate the points again and keep them; without NAME, of every figure",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true",
        help="with --recompute: few runs, drawn but not kept",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, metavar="DIR",
        help=f"where the figures go (default {OUTPUT.as_posix()})",
    )  # fmt: skip
    parser.add_argument(
        "--thumbnail", type=Path, metavar="FILE",
        help="with NAME: also the figure as a small .png, as in the README",
    )  # fmt: skip
    parser.add_argument(
        "--data", type=Path, default=dataset.FOLDER, metavar="DIR",
        help="where the points are kept (default: with the package)",
    )  # fmt: skip
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status that the help lists."""
    return answer(build_parser(), argv, _act)


def _act(options: argparse.Namespace) -> int:
    if options.list:
        width = max(map(len, FIGURES))
        for name, module in FIGURES.items():
            print(f"{name:{width}}  {module.TITLE}")
        return 0
    chosen = _chosen(options)
    _check_folders(options)
    _check_thumbnail(options)
    style.check_font()
    found = []
    for module in chosen:
        try:
            found.append(_attempt(module, options))
        except KeyboardInterrupt:
            print(f"stopped in {module.NAME}: nothing of it was written", file=sys.stderr)
            return STOPPED
    return 1 if 1 in found else max(found)


def _chosen(options: argparse.Namespace) -> list[FigureModule]:
    """The figures that the options ask for."""
    names = ", ".join(FIGURES)
    if options.quick and not options.recompute:
        raise ValueError("--quick goes with --recompute")
    if options.name is None:
        if not (options.all or options.recompute):
            raise ValueError(f"nothing to draw: name a figure ({names}) or --all")
        return list(FIGURES.values())
    if options.all:
        raise ValueError(f"a name or --all, not both: got {options.name!r} and --all")
    if options.name not in FIGURES:
        raise ValueError(f"unknown figure {options.name!r}: choose from {names}")
    return [FIGURES[options.name]]


def _check_folders(options: argparse.Namespace) -> None:
    """Refuse folders that cannot be written to before anything is computed."""
    keeps = options.recompute and not options.quick
    for name, folder in [("--output", options.output), *([("--data", options.data)] * keeps)]:
        there = folder
        while not there.exists() and there != there.parent:
            there = there.parent
        if not there.is_dir():
            raise ValueError(f"{name} must be a folder, but {str(there)!r} is a file")
        if not os.access(there, os.W_OK):
            raise ValueError(f"{name}: cannot write in the folder {str(there)!r}")


def _check_thumbnail(options: argparse.Namespace) -> None:
    """Refuse a thumbnail that cannot be written before anything is computed."""
    path = options.thumbnail
    if path is None:
        return
    if options.name is None:
        raise ValueError(f"--thumbnail goes with the name of one figure, got {str(path)!r}")
    if path.suffix != ".png":
        raise ValueError(f"--thumbnail must end in .png, got {str(path)!r}")
    if not path.parent.is_dir():
        raise ValueError(f"--thumbnail: the folder of {str(path)!r} does not exist")
    if path.is_dir():
        raise ValueError(f"--thumbnail must be a file, got the folder {str(path)!r}")


def _attempt(module: FigureModule, options: argparse.Namespace) -> int:
    """Draw one figure; whatever goes wrong with it is one line and its exit status."""
    try:
        points = _points(module, options)
        for path in render.write(module, points, options.output, options.thumbnail):
            print(path)
    except (BadData, OSError) as problem:
        print(f"{PROG}: error: {in_one_line(problem)}", file=sys.stderr)
        return 2
    except Exception as problem:  # the other figures are still drawn
        text = f"{type(problem).__name__}: {in_one_line(problem)}"
        print(f"{PROG}: {module.NAME} failed: {text}", file=sys.stderr)
        return 1
    return 0


def _points(module: FigureModule, options: argparse.Namespace) -> Dataset:
    """The committed points, or new ones, which are kept unless they are quick."""
    if not options.recompute:
        return dataset.read(module.NAME, module.settings(), options.data)
    points = module.recompute(quick=options.quick)
    made = dataset.assemble(
        module.NAME, points, settings=module.settings(), quick=options.quick
    )  # fmt: skip
    if not options.quick:
        options.data.mkdir(parents=True, exist_ok=True)
        dataset.save(made, options.data)
    return made


if __name__ == "__main__":
    sys.exit(main())
