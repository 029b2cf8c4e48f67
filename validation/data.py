"""Real tables to take as the truth: three that scikit-learn carries."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from theory.tables import RealTable

FloatArray = npt.NDArray[np.float64]


def bundled() -> list[RealTable]:
    """The diabetes, wine and breast-cancer tables, each column standardised (ddof 0)."""
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

    loaders = {"diabetes": load_diabetes, "wine": load_wine, "breast-cancer": load_breast_cancer}
    return [RealTable(name, standardised(load().data)) for name, load in loaders.items()]


def standardised(rows: FloatArray) -> FloatArray:
    """Columns with mean 0 and variance 1 (ddof 0)."""
    scaled: FloatArray = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    return scaled
