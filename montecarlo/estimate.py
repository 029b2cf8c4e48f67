"""What a simulation returns: whole runs, or means with standard errors merged block by block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Value = TypeVar("Value")


@dataclass(frozen=True, eq=False)
class Estimate:
    """Monte Carlo estimate of one field; arrays of axis (generation,).

    Attributes:
        count: replicates.
        mean: average over replicates; infinite where a replicate is.
        std: standard deviation of one replicate (n - 1 in the denominator).
        std_error: standard error of the mean, std / sqrt(count).
    """

    count: int
    mean: FloatArray
    std: FloatArray

    @property
    def std_error(self) -> FloatArray:
        """Standard error of the mean, axis (generation,)."""
        error: FloatArray = self.std / np.sqrt(self.count)
        return error


@dataclass(frozen=True, eq=False)
class Runs:
    """Simulated runs: each field is an attribute, an array of axes (replicate, generation)."""

    values: Mapping[str, FloatArray]

    def __getattr__(self, field: str) -> FloatArray:
        return _field(self.values, field)

    __getitem__ = __getattr__


@dataclass(frozen=True, eq=False)
class Estimates:
    """Estimates by field: each field is an attribute, an `Estimate` over generations."""

    values: Mapping[str, Estimate]

    def __getattr__(self, field: str) -> Estimate:
        return _field(self.values, field)

    __getitem__ = __getattr__

    @property
    def count(self) -> int:
        """Replicates behind every field."""
        return next(iter(self.values.values())).count


def _field(values: Mapping[str, Value], field: str) -> Value:
    if field not in values:
        raise AttributeError(f"{field!r} was not simulated: fields are {', '.join(values)}")
    return values[field]


class Interrupted(KeyboardInterrupt):  # noqa: N818 (it is Ctrl-C, and not an error)
    """Ctrl-C during a simulation.

    Attributes:
        finished: `Runs` or `Estimates` of the replicates that were finished, None if none were.
    """

    def __init__(self, finished: Runs | Estimates | None, count: int) -> None:
        super().__init__(f"interrupted after {count} finished replicates")
        self.finished = finished


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and sum of squared deviations, axes (field, generation), mergeable.

    A mean is infinite where a value is; the deviations there are infinite too, never NaN.
    """

    count: int
    mean: FloatArray
    squares: FloatArray

    @classmethod
    def of(cls, values: FloatArray) -> Moments:
        """Moments of values of axes (field, replicate, generation)."""
        mean = values.mean(axis=1)
        finite = np.isfinite(mean)
        centre = np.where(finite, mean, 0.0)[:, None, :]
        with np.errstate(invalid="ignore"):
            squares = ((values - centre) ** 2).sum(axis=1)
        return cls(values.shape[1], mean, np.where(finite, squares, np.inf))

    def merge(self, other: Moments) -> Moments:
        """Moments of both sets together (Chan, Golub and LeVeque's update)."""
        count = self.count + other.count
        finite = np.isfinite(self.mean) & np.isfinite(other.mean)
        shift = np.where(finite, other.mean, 0.0) - np.where(finite, self.mean, 0.0)
        mean = self.mean + shift * (other.count / count)
        mean = np.where(np.isfinite(other.mean), mean, other.mean)
        squares = self.squares + other.squares
        return Moments(count, mean, squares + shift**2 * (self.count * other.count / count))

    def estimates(self, fields: tuple[str, ...]) -> Estimates:
        """Named estimates of the first axis."""
        std = np.sqrt(self.squares / max(self.count - 1, 1))
        return Estimates(
            {name: Estimate(self.count, self.mean[i], std[i]) for i, name in enumerate(fields)}
        )
