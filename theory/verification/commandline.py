"""Options of verified regression, shared by every folder's command line, and the phase diagram."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np

from theory.commandline import (
    Table,
    add_output_options,
    check_files,
    numbers,
    panels,
    write,
)
from theory.verification.chain import COUNTS, VerifiedChain
from theory.verification.phases import PhaseDiagram, best_round, phase, phase_diagram
from theory.verification.truncated import contraction

_PRINTED = 11  # biases and half-widths of the printed diagram


def add_verification_options(parser: argparse.ArgumentParser) -> None:
    """The verified chain's options."""
    group = parser.add_argument_group("verified regression")
    group.add_argument(
        "--singular-values", type=numbers, default=(math.sqrt(20),), metavar="M[,M...]",
        help="of the real design, one a direction: M^2 counts as rows (default sqrt(20))",
    )  # fmt: skip
    group.add_argument(
        "--radius", type=float, required=True, metavar="R",
        help="of the verifier's ball around its centre; inf verifies nothing",
    )  # fmt: skip
    group.add_argument(
        "--centre", type=numbers, default=(0.0,), metavar="C[,C...]",
        help="the verifier's bias, for all directions or one a direction (default 0)",
    )  # fmt: skip
    group.add_argument("--noise", type=float, default=1.0, metavar="S", help="of labels, default 1")
    group.add_argument(
        "--slack", type=float, default=0.0, metavar="S", help="allowed for noise (default 0)"
    )
    group.add_argument(
        "--counts", choices=COUNTS, default="accepted", help="what --n counts (default accepted)"
    )


def verified_chain_from(options: argparse.Namespace) -> VerifiedChain:
    """The chain that the options describe."""
    return VerifiedChain(
        options.singular_values, options.radius, options.centre, options.noise, options.slack,
        options.counts,
    )  # fmt: skip


def told(chain: VerifiedChain) -> str:
    """The chain in words, for a title."""
    centres = ",".join(f"{x:g}" for x in np.atleast_1d(np.array(chain.centre)))
    return (
        f"verified regression, dim={chain.dim}, radius={chain.radius:g}, centre={centres}, "
        f"noise={chain.noise:g}, slack={chain.slack:g}, rows {chain.counts}"
    )


def phases_of(chain: VerifiedChain) -> tuple[str, ...]:
    """The contraction, and for each different direction its phase and best round; as lines."""
    if math.isinf(chain.half_width):
        return ("no verifier: rho = 1",)
    rho = contraction(chain.half_width)
    lines = [f"rho = {rho:.5f}: a round shrinks the distance to the verifier by at least this"]
    found = np.abs(chain.biases) * np.array(chain.singular_values)
    for x in sorted(set(found.tolist())):
        found_phase, best = phase(x, chain.half_width), best_round(x, chain.half_width)
        lines.append(
            f"verifier off by {x:.3g} standard errors of the real fit: {found_phase.value}, best "
            f"round {best:.3g} (asymptotic)"
        )
    return tuple(lines)


def add_phases(families: Any) -> None:
    """python -m theory phases: error after verification over error before it, as a diagram."""
    parser = families.add_parser(
        "phases", help="verified regression: when rounds of verification gain, as a diagram"
    )
    group = parser.add_argument_group("diagram")
    group.add_argument(
        "--singular-value", type=float, default=math.sqrt(20), metavar="M",
        help="of the real design (default sqrt(20))",
    )  # fmt: skip
    group.add_argument("--n", type=int, default=100, help="rows accepted a round (default 100)")
    group.add_argument("--rounds", type=int, default=1, help="of verification (default 1)")
    group.add_argument(
        "--biases", type=numbers, metavar="LOW,HIGH", default=(0.0, 3.0),
        help="of the verifier in standard errors of the real fit (default 0,3)",
    )  # fmt: skip
    group.add_argument(
        "--half-widths", type=numbers, metavar="LOW,HIGH", default=(0.1, 3.0),
        help="(radius + slack)/noise (default 0.1,3)",
    )  # fmt: skip
    group.add_argument("--points", type=int, default=200, metavar="K", help="a side (default 200)")
    add_output_options(parser)
    parser.set_defaults(act=_phases)


def _phases(options: argparse.Namespace) -> int:
    check_files(options)
    if options.points < 2:
        raise ValueError(f"--points must be >= 2, got {options.points}")
    sides = []
    for name in ("biases", "half_widths"):
        given = getattr(options, name)
        if len(given) != 2 or not given[0] < given[1]:
            raise ValueError(f"--{name.replace('_', '-')} must be LOW,HIGH, got {given!r}")
        sides.append(np.linspace(float(given[0]), float(given[1]), options.points))
    diagram = phase_diagram(
        *sides, singular_value=options.singular_value, rows=options.n, rounds=options.rounds
    )
    title = (
        f"error after {diagram.rounds} verified rounds / before, mu={diagram.singular_value:.4g}, "
        f"n={diagram.rows} (exact)"
    )
    body = [
        (float(width), float(edge), *map(float, ratios))
        for width, edge, ratios in zip(
            diagram.half_widths, diagram.break_even, diagram.ratios, strict=True
        )
    ]
    few = np.unique(np.linspace(0, options.points - 1, _PRINTED).astype(int))
    if options.format == "table":
        body = [(row[0], row[1], *(row[2 + j] for j in few)) for row in body]
        biases = diagram.standardised_biases[few]
    else:
        biases = diagram.standardised_biases
    columns = ("half_width", "break_even_bias", *(f"bias {x:.4g}" for x in biases))
    notes = (
        title,
        "break_even_bias: from there on the rounds lose; inf: they never do",
    )
    write(Table(columns, body, {"title": title}, notes, few.tolist()), options)
    if options.plot is not None:
        _plot(options.plot, title, diagram)
    return 0


def _plot(path: Path, title: str, diagram: PhaseDiagram) -> None:
    """Filled levels of the ratio with the contour of break-even."""
    with panels(path, title, ["error after / before; line: break-even"]) as shown:
        axes = shown[0]
        place = (diagram.standardised_biases, diagram.half_widths, np.log2(diagram.ratios))
        filled = axes.contourf(*place, levels=np.arange(-3, 3.5, 0.5), cmap="RdBu_r", extend="both")
        if diagram.ratios.min() < 1 < diagram.ratios.max():
            axes.contour(*place, levels=[0.0], colors="black", linewidths=1.2)
        bar = axes.figure.colorbar(filled, ax=axes, ticks=range(-3, 4))
        bar.ax.set_yticklabels(["1/8", "1/4", "1/2", "1", "2", "4", "8"])
        axes.set(xlabel="verifier's bias (standard errors of the real fit)", ylabel="half-width L")
