"""Options of the kernel-density chain, shared by every folder's command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from theory.datasets import SwissRoll, blobs, circles, moons
from theory.kde.bandwidths import Optimal, Power, Scott, Silverman
from theory.kde.chain import KdeChain
from theory.kde.kernels import KERNELS
from theory.truths import GaussianMixture, Laplace, Normal, StudentT, Truth, Uniform

TRUTHS = ("normal", "uniform", "laplace", "student:DF", "blobs", "circles", "moons", "swiss-roll")
NOISY = ("circles", "moons", "swiss-roll")


def add_kde_options(parser: argparse.ArgumentParser) -> None:
    """--bandwidth and those of `add_truth_options`."""
    group = add_truth_options(parser)
    group.add_argument(
        "--bandwidth", required=True, metavar="RULE",
        help="a number, a schedule 0.4,0.3,... by fit whose last value repeats, scott, silverman, "
        "power:C,A for C t^-A, optimal (each generation its own), optimal:T (for generation T)",
    )  # fmt: skip


def add_truth_options(parser: argparse.ArgumentParser) -> Any:
    """--truth, --smoothing, --noise, --dim and --kernel, in a group that is returned."""
    group = parser.add_argument_group("kernel-density chain")
    group.add_argument(
        "--truth", default="normal", metavar="NAME|FILE",
        help=f"{', '.join(TRUTHS)}, or a .csv, .npy or .parquet table (default normal)",
    )  # fmt: skip
    group.add_argument(
        "--smoothing", type=float, metavar="H",
        help="bandwidth of the Gaussian that makes a table's rows the truth: needed with a FILE",
    )  # fmt: skip
    group.add_argument(
        "--noise", type=float, metavar="S", help=f"of {', '.join(NOISY)} (default 0.05)"
    )
    group.add_argument(
        "--dim", type=int, metavar="D", help="features of a normal truth (default 1)"
    )
    group.add_argument(
        "--kernel", default="gaussian", metavar="NAME",
        help=f"{', '.join(KERNELS)} (default gaussian)",
    )  # fmt: skip
    return group


def kde_chain_from(options: argparse.Namespace) -> KdeChain:
    """The chain that the options describe."""
    return KdeChain(truth_from(options), bandwidth_from(options.bandwidth), options.kernel)


def bandwidth_from(text: str) -> Any:
    """A number, a schedule or a rule.

    Example:
        >>> bandwidth_from("power:0.4,1")
        Power(scale=0.4, exponent=1.0)
    """
    name, _, rest = text.partition(":")
    try:
        match name, rest:
            case ("scott", ""):
                return Scott()
            case ("silverman", ""):
                return Silverman()
            case ("optimal", _):
                return Optimal(int(rest) if rest else None)
            case ("power", _):
                scale, exponent = map(float, rest.split(","))
                return Power(scale, exponent)
        return tuple(float(part) for part in text.split(","))
    except ValueError as problem:
        if "must be" in str(problem):
            raise
        raise ValueError(
            "--bandwidth must be a number, numbers separated by commas, scott, silverman, "
            f"power:C,A, optimal or optimal:T, got {text!r}"
        ) from None


def truth_from(options: argparse.Namespace) -> Truth:
    """The truth of that name, or the table of that name smoothed."""
    from theory.tables import SUFFIXES, read_table

    text: str = options.truth
    name, _, rest = text.partition(":")
    table = Path(text).suffix in SUFFIXES
    for option, value, used in (
        ("--smoothing", options.smoothing, table),
        ("--dim", options.dim, name == "normal"),
        ("--noise", options.noise, text in NOISY),
    ):
        if value is not None and not used:
            raise ValueError(f"--truth {text} takes no {option}, got {value}")
    if table:
        if options.smoothing is None:
            raise ValueError(f"--truth {text!r} needs --smoothing: rows alone have no density")
        return GaussianMixture.from_rows(read_table(Path(text), "--truth").rows, options.smoothing)
    noise = 0.05 if options.noise is None else options.noise
    named: dict[str, Callable[[], Truth]] = {
        "normal": lambda: Normal(1 if options.dim is None else options.dim),
        "uniform": Uniform,
        "laplace": Laplace,
        "blobs": blobs,
        "circles": lambda: circles(noise),
        "moons": lambda: moons(noise),
        "swiss-roll": lambda: SwissRoll(noise),
    }
    if name in named and not rest:
        return named[name]()
    if name == "student" and rest:
        try:
            df = float(rest)
        except ValueError:
            raise ValueError(f"--truth student:DF needs a number, got {text!r}") from None
        return StudentT(df)
    raise ValueError(f"--truth must be {', '.join(TRUTHS)} or a table file, got {text!r}")
