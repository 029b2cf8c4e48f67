"""python -m theory augmentation: do synthetic rows help a density estimate beside real ones?"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from theory.commandline import Table, add_output_options, check_files, panels, write
from theory.kde.augmentation import (
    Augmentation,
    augmentation,
    best_augmentation,
    hurting_bandwidths,
    tuned,
    tuned_bandwidth,
)
from theory.kde.bandwidths import Optimal, Scott, Silverman
from theory.kde.chain import KdeChain
from theory.kde.commandline import add_truth_options, bandwidth_from, truth_from
from theory.workflow import whole_number

EXAMPLES = """\
examples:
  python -m theory augmentation --n-real 100
  python -m theory augmentation --n-real 100 --bandwidth 0.2 --generator-bandwidth 0.7
  python -m theory augmentation --truth laplace --n-real 100 --fitted-on 40 --bandwidth 0.1
"""
SHOWN = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, math.inf)  # synthetic rows a real one
_SOURCE = "exact; loopbound theory, section 5"


def add_augmentation(families: Any) -> None:
    """The subcommand augmentation."""
    parser = families.add_parser(
        "augmentation",
        help="how many synthetic rows help a density estimate beside real ones",
        epilog=EXAMPLES,
    )
    group = add_truth_options(parser)
    group.add_argument(
        "--n-real", type=int, required=True, metavar="R", help="real rows of the estimate"
    )
    group.add_argument(
        "--fitted-on", type=int, metavar="G",
        help="how many of them the generator was fitted on (default: all)",
    )  # fmt: skip
    group.add_argument(
        "--generator-bandwidth", default="optimal", metavar="RULE",
        help="a number, scott, silverman or optimal for its own rows (default optimal)",
    )  # fmt: skip
    group.add_argument(
        "--bandwidth", default="optimal", metavar="RULE",
        help="of the estimate on real and synthetic rows: a number, or optimal for every number of "
        "rows (default optimal)",
    )  # fmt: skip
    add_output_options(parser)
    parser.set_defaults(act=augment)


def augment(options: argparse.Namespace) -> int:
    """Print the answer and a table of errors by the number of synthetic rows."""
    check_files(options)
    real = whole_number("--n-real", options.n_real)
    fitted_on = real if options.fitted_on is None else options.fitted_on
    if whole_number("--fitted-on", fitted_on) > real:
        raise ValueError(f"--fitted-on must be at most --n-real {real}, got {fitted_on}")
    chain = KdeChain(truth_from(options), 1.0, options.kernel)
    g = _generator_bandwidth(options.generator_bandwidth, chain, fitted_on)
    given = bandwidth_from(options.bandwidth)
    if given == Optimal():
        rows, told = _tuned(chain, real, fitted_on, g)
    elif isinstance(given, tuple) and len(given) == 1:
        chain = KdeChain(chain.truth, given[0], chain.kernel)
        rows, told = _at(chain, real, fitted_on, g)
    else:
        raise ValueError(f"--bandwidth must be a number or optimal here, got {options.bandwidth!r}")
    title = (
        f"{real} real rows of {options.truth}, {chain.kernel} kernel; generator fitted on "
        f"{fitted_on} of them, bandwidth {g:.4g}"
    )
    notes = (title, *told, _SOURCE)
    columns = ("synthetic_rows", "bandwidth", "mise", "of_real_rows_alone")
    facts = {"title": title, "generator_bandwidth": g, "answer": told[0]}
    shown = [(m if math.isinf(m) else int(m), *rest) for m, *rest in rows]
    write(Table(columns, shown, facts, notes), options)
    if options.plot is not None:
        _plot(options.plot, title, rows)
    return 0


def _plot(path: Path, title: str, rows: list[tuple[Any, ...]]) -> None:
    """The error over the number of synthetic rows; what infinitely many come to is a line."""
    finite = [row for row in rows if math.isfinite(row[0])]
    with panels(path, title, ["mise"]) as (panel,):
        panel.plot([row[0] for row in finite], [row[2] for row in finite], "o-", markersize=3)
        panel.axhline(rows[-1][2], color="0.5", linestyle=":", label="infinitely many")
        panel.set(xlabel="synthetic rows")
        panel.legend(frameon=False)


def _generator_bandwidth(text: str, chain: KdeChain, rows: int) -> float:
    """The bandwidth of a generator fitted on so many rows."""
    rule = bandwidth_from(text)
    if isinstance(rule, Scott | Silverman):
        return rule.at(rows, chain.dim)
    if rule == Optimal():
        return tuned_bandwidth(chain, rows)
    if isinstance(rule, tuple) and len(rule) == 1:
        return KdeChain(chain.truth, rule[0], chain.kernel).bandwidth  # type: ignore[no-any-return]
    raise ValueError(
        f"--generator-bandwidth must be a number, scott, silverman or optimal, got {text!r}"
    )


def _numbers(real: int, best: float) -> list[float]:
    """Numbers of synthetic rows to show, the best among them."""
    shown = {math.inf if math.isinf(x) else float(round(real * x)) for x in SHOWN}
    return sorted(shown | {best})


def _at(
    chain: KdeChain, real: int, fitted_on: int, g: float
) -> tuple[list[tuple[Any, ...]], list[str]]:
    """(the table, what it says) at one bandwidth."""
    known = augmentation(chain, real=real, fitted_on=fitted_on, generator_bandwidth=g)
    alone = known.mise(0)
    rows = [
        (m, known.bandwidth, known.mise(m), known.mise(m) / alone)
        for m in _numbers(real, known.best_rows)
    ]
    region = hurting_bandwidths(chain, real=real, fitted_on=fitted_on, generator_bandwidth=g)
    return rows, [_answer(known), _region(region)]


def _answer(known: Augmentation) -> str:
    best, alone = known.best_rows, known.mise(0)
    if known.any_row_hurts:
        return f"any number of synthetic rows hurts at bandwidth {known.bandwidth:.4g}"
    if best == 0:
        return f"no number of synthetic rows helps at bandwidth {known.bandwidth:.4g}"
    gain = 1 - known.mise(best) / alone
    number = "as many synthetic rows as can be had" if math.isinf(best) else f"{best:,.0f} rows"
    return f"{number} minimise the error at bandwidth {known.bandwidth:.4g}: {gain:.2%} below none"


def _region(found: tuple[tuple[float, float], ...]) -> str:
    if not found:
        return "at no bandwidth that was searched does every number of synthetic rows hurt"
    shown = " and ".join(f"{low:.4g} to {high:.4g}" for low, high in found)
    return f"any number of synthetic rows hurts at bandwidths {shown} (searched by factors of 30)"


def _tuned(
    chain: KdeChain, real: int, fitted_on: int, g: float
) -> tuple[list[tuple[Any, ...]], list[str]]:
    """(the table, what it says) with the bandwidth tuned to every number of rows."""
    share, h, error, alone = best_augmentation(
        chain, real=real, fitted_on=fitted_on, generator_bandwidth=g
    )
    best = float(round(real * share / (1 - share)))
    rows: list[tuple[Any, ...]] = []
    for m in _numbers(real, best):
        width, found = tuned(
            chain, real=real, fitted_on=fitted_on, generator_bandwidth=g, written=m
        )
        rows.append((m, width, found, found / alone))
    if best == 0:
        return rows, ["no number of synthetic rows helps once the bandwidth is tuned"]
    gain = 1 - error / alone
    return rows, [f"about {best:,.0f} rows at bandwidth {h:.4g} are best: {gain:.2%} below none"]
