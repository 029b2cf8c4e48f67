"""Interleaved timing, and the table that it fills.

The machine is noisy and its clock speed drifts, so two things that are compared take turns, and
the ratio reported is the median of the ratios of neighbours.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tabulate import tabulate

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Row:
    """One line of the table; ``met`` is None where nothing is aimed at."""

    quantity: str
    measured: str
    ratio: float | None = None
    target: str = ""
    met: bool | None = None


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def typical(work: Callable[[], object], times: int) -> float:
    """Median seconds."""
    return median(seconds(work) for _ in range(times))


def compared(
    quantity: str,
    slow: tuple[Callable[[], object], int],
    fast: tuple[Callable[[], object], int],
    *,
    pairs: int = 5,
    least: float | None = None,
    most: float | None = None,
    before: Callable[[], object] | None = None,
) -> Row:
    """How many times faster ``fast`` is; each is a piece of work and the fits in it.

    That is aimed at to be ``least`` or more, or ``most`` or less. ``before`` is called before each
    pair.
    """
    slow[0](), fast[0]()  # compiled, cached, pages touched
    slow_times, fast_times = [], []
    for _ in range(pairs):
        if before is not None:
            before()
        slow_times.append(seconds(slow[0]) / slow[1])
        fast_times.append(seconds(fast[0]) / fast[1])
    ratio = median(a / b for a, b in zip(slow_times, fast_times, strict=True))
    measured = f"{micro(median(slow_times))} -> {micro(median(fast_times))} a fit"
    if least is not None:
        return Row(quantity, measured, ratio, f">= {least:g} x", ratio >= least)
    if most is not None:
        return Row(quantity, measured, ratio, f"<= {most:g} x", ratio <= most)
    return Row(quantity, measured, ratio)


def limited(quantity: str, value: float, unit: str, most: float, note: str = "") -> Row:
    """A quantity that should stay below a limit."""
    return Row(quantity, f"{value:.3g} {unit}{note}", None, f"< {most:g} {unit}", value < most)


def micro(duration: float) -> str:
    return f"{duration * 1e6:.3g} us"


def script(source: str, *arguments: str, **environment: str) -> str:
    """Standard output of a Python script in a fresh process."""
    command = [sys.executable, "-c", source, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True
    ).stdout


def table(rows: list[Row]) -> str:
    lines = [
        (
            row.quantity,
            row.measured,
            "" if row.ratio is None else f"{row.ratio:.2f} x",
            row.target,
            {True: "met", False: "NOT MET", None: ""}[row.met],
        )
        for row in rows
    ]
    return tabulate(lines, headers=("quantity", "measured", "ratio", "target", ""))
