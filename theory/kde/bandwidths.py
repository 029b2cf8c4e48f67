"""Bandwidth schedules: h_t of every fit, fixed before any row is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.workflow import whole_number


def positive(name: str, value: Any) -> float:
    """`value` as a finite float > 0, or a ValueError that quotes it."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not (number and 0 < value < math.inf):
        raise ValueError(f"{name} must be a finite number > 0, got {value!r}")
    return float(value)


@dataclass(frozen=True)
class Scott:
    """h = scale M^(-1/(d+4)), M rows trained on; scale 1 is scikit-learn's 'scott'."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", positive("scale", self.scale))

    def at(self, rows: int, dim: int) -> float:
        """h of a fit to so many rows."""
        return self.scale * math.pow(rows, -1 / (dim + 4))


@dataclass(frozen=True)
class Silverman:
    """h = scale (M (d+2) / 4)^(-1/(d+4)), M rows trained on; scale 1 is scikit-learn's."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", positive("scale", self.scale))

    def at(self, rows: int, dim: int) -> float:
        """h of a fit to so many rows."""
        return self.scale * math.pow(rows * (dim + 2) / 4, -1 / (dim + 4))


@dataclass(frozen=True)
class Power:
    """h_t = scale t^(-exponent); exponent 0 is constant, a negative one grows."""

    scale: float
    exponent: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", positive("scale", self.scale))
        given = self.exponent
        if not (isinstance(given, int | float | np.number) and math.isfinite(given)):
            raise ValueError(f"exponent must be a finite number, got {given!r}")
        object.__setattr__(self, "exponent", float(given))

    def at(self, t: int) -> float:
        """h_t."""
        return self.scale * math.pow(t, -self.exponent)


@dataclass(frozen=True)
class Optimal:
    """The schedule that minimises the exact mean integrated squared error (`theory.kde.optimal`).

    Attributes:
        horizon: None is greedy: each generation minimises its own error, given those before. A
            number minimises the error of that generation over h_1..h_horizon together; the last
            value repeats.
    """

    horizon: int | None = None

    def __post_init__(self) -> None:
        if self.horizon is not None:
            object.__setattr__(self, "horizon", whole_number("horizon", self.horizon))


OPTIMAL = Optimal()

Bandwidth = float | Sequence[float] | Scott | Silverman | Power | Optimal


def checked_bandwidth(given: Any) -> Any:
    """A rule as it is, a number as a float, a schedule h_1, h_2, ... as a tuple of floats.

    Raises:
        ValueError: a bandwidth that is not > 0, or something that is none: quoted.
    """
    if isinstance(given, Scott | Silverman | Power | Optimal):
        return given
    if isinstance(given, tuple | list | np.ndarray):
        if not len(given):
            raise ValueError(f"bandwidth must have at least one entry, got {given!r}")
        entries = [positive("bandwidth", value) for value in given]
        while len(entries) > 1 and entries[-1] == entries[-2]:
            entries.pop()
        return tuple(entries) if len(entries) > 1 else entries[0]
    return positive("bandwidth", given)
