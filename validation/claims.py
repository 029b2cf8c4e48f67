"""Every claim of every family, by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from validation import asymptotic, gaussian, regression
from validation.data import bundled
from validation.experiment import Experiment

FAMILIES = ("gaussian", "inflation", "regression")


def every() -> Iterator[Experiment]:
    """All experiments, in the order of the report."""
    yield from gaussian.experiments()
    for table in bundled():
        yield from gaussian.on_table(table)
    yield from asymptotic.inflation_grids()
    yield from regression.experiments()
    diabetes, *_ = bundled()
    yield from regression.on_design(diabetes)
    yield from regression.grids()


def select(pattern: str, experiments: Sequence[Experiment]) -> list[Experiment]:
    """The experiments whose name starts with the pattern, at a slash.

    Raises:
        ValueError: no claim has such a name.
    """
    stem = pattern.rstrip("/") + "/"
    found = [e for e in experiments if f"{e.name}/".startswith(stem)]
    if not found:
        raise ValueError(
            f"unknown claims {pattern!r}: choose a family from {', '.join(FAMILIES)}, or the "
            f"beginning of a name that --list prints"
        )
    return found
