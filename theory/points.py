"""Checks on numbers and on tables of points, shared by every truth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def finite(name: str, value: Any, *, positive: bool = False) -> float:
    """`value` as a finite float, above 0 if `positive`, or a ValueError that quotes it."""
    good = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not (good and math.isfinite(value)) or (positive and value <= 0):
        range_ = "a finite number > 0" if positive else "a finite number"
        raise ValueError(f"{name} must be {range_}, got {value!r}")
    return float(value)


def points(x: npt.ArrayLike, dim: int) -> FloatArray:
    """`x` with axes (point, feature); a vector is points of one dimension."""
    array = np.asarray(x, dtype=np.float64)
    table = array.reshape(-1, 1) if dim == 1 and array.ndim <= 1 else array
    if table.ndim != 2 or table.shape[1] != dim:
        raise ValueError(f"points must have axes (point, {dim} features), got shape {array.shape}")
    return table
