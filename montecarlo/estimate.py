"""What a simulation returns: whole runs, or means with standard errors merged block by block."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numba as nb
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
        values: Mapping[str, FloatArray] = self.__dict__.get("values", {})
        return _field(values, field)

    __getitem__ = __getattr__


@dataclass(frozen=True, eq=False)
class Estimates:
    """Estimates by field: each field is an attribute, an `Estimate` over generations."""

    values: Mapping[str, Estimate]

    def __getattr__(self, field: str) -> Estimate:
        values: Mapping[str, Estimate] = self.__dict__.get("values", {})
        return _field(values, field)

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


class Halted(ValueError):  # noqa: N818 (a chain that stops, as Interrupted is a run that does)
    """A chain that cannot go on; raised once the generations before it are in place.

    Attributes:
        generation: the last one that every run has.
        finished: `Runs` or `Estimates` up to it, of the runs until the chain stopped; None where
            they are not gathered yet.
    """

    def __init__(self, message: str, generation: int) -> None:
        super().__init__(message)
        self.generation = generation
        self.finished: Runs | Estimates | None = None


@nb.njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc"})
def _moments(runs: FloatArray, mean: FloatArray, squares: FloatArray) -> None:
    """Mean and sum of squared deviations of each row of runs, axes (entry, replicate).

    One pass of differences from the first value, which is no further from the mean than
    sqrt(replicates) standard deviations: squares lose a factor `replicates` of eps at worst. Sums
    may be taken in any order, which fills the vector registers.
    """
    count = runs.shape[1]
    for e in range(len(runs)):
        row, origin = runs[e], runs[e, 0]
        first = second = 0.0
        for r in range(count):
            x = row[r] - origin
            first += x
            second += x * x
        shift = first / count
        mean[e], squares[e] = origin + shift, second
        if not math.isfinite(shift):
            mean[e], squares[e] = row.sum() / count, math.inf
        elif second < math.inf:
            squares[e] = max(second - count * shift * shift, 0.0)


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and sum of squared deviations of arrays over replicates, mergeable.

    A mean is infinite where a value is; the deviations there are infinite too, never NaN.
    """

    count: int
    mean: FloatArray
    squares: FloatArray

    @classmethod
    def of(cls, values: FloatArray) -> Moments:
        """Moments over the last axis, replicate."""
        mean, squares = np.empty(values.shape[:-1]), np.empty(values.shape[:-1])
        runs = values.reshape(-1, values.shape[-1])
        _moments(runs, mean.reshape(-1), squares.reshape(-1))
        return cls(values.shape[-1], mean, squares)

    def merge(self, other: Moments) -> Moments:
        """Moments of both sets together (Chan, Golub and LeVeque's update)."""
        count = self.count + other.count
        finite = np.isfinite(self.mean) & np.isfinite(other.mean)
        with np.errstate(over="ignore"):
            shift = np.where(finite, other.mean, 0.0) - np.where(finite, self.mean, 0.0)
            mean = self.mean + shift * (other.count / count)
            mean = np.where(np.isfinite(other.mean), mean, other.mean)
            squares = self.squares + other.squares
            squares = squares + shift**2 * (self.count * other.count / count)
        return Moments(count, mean, squares)

    def estimates(self, fields: tuple[str, ...], until: int | None = None) -> Estimates:
        """Named estimates, axes (generation, field); those of generations 0..until."""
        mean, squares = (x if until is None else x[: until + 1] for x in (self.mean, self.squares))
        std = np.sqrt(squares / max(self.count - 1, 1))
        return Estimates(
            {name: Estimate(self.count, mean[..., i], std[..., i]) for i, name in enumerate(fields)}
        )
