"""Options of the regression chain, shared by every folder's command line."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from theory.commandline import numbers, spectrum
from theory.regression.chain import DESIGNS, PENALTIES, RegressionChain


def add_regression_options(parser: argparse.ArgumentParser) -> None:
    """The regression chain's options."""
    group = parser.add_argument_group("regression chain")
    group.add_argument("--dim", type=int, metavar="D", help="features (default 1)")
    group.add_argument(
        "--eigenvalues", type=numbers, metavar="X[,X...]",
        help="of the features' covariance (default: all 1)",
    )  # fmt: skip
    group.add_argument(
        "--noise", type=numbers, default=(1.0,), metavar="S[,S...]",
        help="standard deviation of label noise, or a schedule by batch (default 1)",
    )  # fmt: skip
    group.add_argument(
        "--design", default="fresh", metavar="fresh|reused|FILE",
        help="new rows for each batch (default), the same ones, or those of a .csv, .npy or "
        ".parquet table, reused and tested on",
    )  # fmt: skip
    group.add_argument(
        "--ridge", type=numbers, default=(0.0,), metavar="LAMBDA[,LAMBDA...]",
        help="penalty on |w|^2, the squared error averaged over rows, or a schedule by fit "
        "(default 0)",
    )  # fmt: skip
    group.add_argument(
        "--penalty", choices=PENALTIES, default="scaled",
        help="lambda of the average (default), or fixed on the sum over all rows",
    )  # fmt: skip
    group.add_argument(
        "--weights-norm", type=float, default=1.0, metavar="X", help="|w*| (default 1)"
    )


def regression_chain_from(
    options: argparse.Namespace,
) -> tuple[RegressionChain, npt.NDArray[np.float64] | None]:
    """(the chain that the options describe, the user's design or None); n of a design is its own.

    A design's population covariance is X'X / n: the error is on its own rows.
    """
    from theory.tables import SUFFIXES, read_table

    noise = options.noise if len(options.noise) > 1 else options.noise[0]
    penalty = (options.ridge, options.penalty, options.weights_norm)
    if options.design in DESIGNS:
        dim, covariance = spectrum(options)
        return RegressionChain(dim, noise, options.design, *penalty, covariance), None
    path = Path(options.design)
    if path.suffix not in SUFFIXES:
        raise ValueError(
            f"--design must be {', '.join(DESIGNS)} or a file that ends in "
            f"{', '.join(SUFFIXES)}, got {options.design!r}"
        )
    rows = read_table(path, "--design").rows
    for name, value in (("--dim", options.dim), ("--eigenvalues", options.eigenvalues)):
        if value is not None:
            raise ValueError(f"{name} is that of the design {options.design!r}, got {value}")
    options.n = (len(rows),) if options.n is None else options.n
    chain = RegressionChain.from_design(
        rows, noise=noise, ridge=penalty[0], penalty=penalty[1], weights_norm=penalty[2]
    )
    return chain, rows
