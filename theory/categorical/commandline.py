"""Options of the categorical chain, shared by every folder's command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from theory.categorical.chain import CategoricalChain, uniform, zipf
from theory.commandline import numbers


def add_categorical_options(parser: argparse.ArgumentParser) -> None:
    """The categorical chain's options, of which one says what the truth is."""
    truth = parser.add_argument_group("categorical chain").add_mutually_exclusive_group(
        required=True
    )
    truth.add_argument(
        "--probabilities",
        type=numbers,
        metavar="P[,P...]",
        help="of the categories; they sum to 1 to 1e-9",
    )
    truth.add_argument("--uniform", type=int, metavar="K", help="K categories of equal probability")
    truth.add_argument(
        "--zipf", metavar="K,S", help="K categories, probabilities proportional to rank^-S"
    )
    truth.add_argument(
        "--text", type=Path, metavar="FILE", help="the words of a UTF-8 text, by their frequency"
    )


def categorical_chain_from(options: argparse.Namespace) -> tuple[CategoricalChain, str]:
    """(the chain that the options describe, what it is in words)."""
    from theory.tables import read_words

    if options.probabilities is not None:
        chain, told = CategoricalChain(options.probabilities), ""
    elif options.uniform is not None:
        chain, told = uniform(options.uniform), "equal "
    elif options.zipf is not None:
        size, _, exponent = options.zipf.partition(",")
        try:
            chain = zipf(int(size), float(exponent))
        except ValueError as problem:
            raise ValueError(
                f"--zipf must be K,S as in 1000,1.1, got {options.zipf!r}: {problem}"
            ) from None
        told = f"Zipf({float(exponent):g}) "
    else:
        chain = CategoricalChain.from_text(read_words(options.text))
        return chain, f"{_counted(chain.categories, 'word', 'words')} of {options.text.name}"
    return chain, _counted(chain.categories, f"{told}category", f"{told}categories")


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
