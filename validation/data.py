"""Real tables to take as the truth: a user's file, or three that scikit-learn carries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from theory import datafile

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RealTable:
    """A named table of numbers, axes (row, feature)."""

    name: str
    rows: FloatArray


def bundled() -> list[RealTable]:
    """The diabetes, wine and breast-cancer tables, each column standardised (ddof 0)."""
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

    loaders = {"diabetes": load_diabetes, "wine": load_wine, "breast-cancer": load_breast_cancer}
    return [RealTable(name, standardised(load().data)) for name, load in loaders.items()]


def standardised(rows: FloatArray) -> FloatArray:
    """Columns with mean 0 and variance 1 (ddof 0)."""
    scaled: FloatArray = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    return scaled


def read_table(path: Path) -> RealTable:
    """The table of a .csv, .npy or .parquet file, named after it.

    Raises:
        ValueError: it is no table of finite numbers.
        OSError: the file cannot be read.
    """
    return RealTable(path.stem, datafile.read_table(path, "--data"))
