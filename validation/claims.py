"""Every claim of every family, by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from validation import (
    asymptotic,
    categorical,
    gaussian,
    kde,
    mitigations,
    planner,
    regression,
    regression_limits,
    verification,
)
from validation.data import bundled
from validation.experiment import Experiment

FAMILIES = (
    "gaussian",
    "inflation",
    "regression",
    "kde",
    "categorical",
    "verification",
    "mitigations",
    "planner",
)


def every() -> Iterator[Experiment]:
    """All experiments, in the order of the report."""
    yield from gaussian.experiments()
    for table in bundled():
        yield from gaussian.on_table(table)
    yield from asymptotic.inflation_grids()
    yield from regression.experiments()
    diabetes, *_ = bundled()
    yield from regression.on_design(diabetes)
    yield from regression_limits.grids()
    yield from kde.experiments()
    yield from kde.on_table(diabetes)
    yield from categorical.experiments()
    yield from verification.experiments()
    yield from verification.grids()
    yield from mitigations.experiments()
    yield from mitigations.grids()
    yield from planner.experiments()


def select(patterns: Sequence[str], experiments: Sequence[Experiment]) -> list[Experiment]:
    """The experiments whose name starts with one of the patterns, at a slash, in their own order.

    Raises:
        ValueError: no claim has such a name.
    """
    chosen: set[int] = set()
    for pattern in patterns:
        stem = pattern.rstrip("/") + "/"
        found = {i for i, e in enumerate(experiments) if f"{e.name}/".startswith(stem)}
        if not found:
            raise ValueError(
                f"unknown claims {pattern!r}: choose a family from {', '.join(FAMILIES)}, or the "
                f"beginning of a name that --list prints"
            )
        chosen |= found
    return [experiments[i] for i in sorted(chosen)]
