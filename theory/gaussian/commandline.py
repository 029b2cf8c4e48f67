"""Options of the Gaussian chain, shared by every folder's command line."""

from __future__ import annotations

import argparse

from theory.commandline import numbers, spectrum
from theory.gaussian.chain import GaussianChain


def add_chain_options(parser: argparse.ArgumentParser, *, dim: bool = True) -> None:
    """The Gaussian chain's options."""
    group = parser.add_argument_group("Gaussian chain")
    if dim:
        group.add_argument("--dim", type=int, metavar="D", help="dimension (default 1)")
        group.add_argument(
            "--eigenvalues", type=numbers, metavar="X[,X...]",
            help="of the true covariance (default: all 1)",
        )  # fmt: skip
    group.add_argument(
        "--ddof", type=int, default=1, help="1 unbiased (default), 0 maximum likelihood"
    )
    group.add_argument(
        "--temperature", type=float, default=1.0, metavar="TAU", help="in (0, 1] (default 1)"
    )


def chain_from(options: argparse.Namespace) -> GaussianChain:
    """The chain that the options describe."""
    dim, covariance = spectrum(options)
    return GaussianChain(dim, options.ddof, options.temperature, covariance)
