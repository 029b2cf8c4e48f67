"""The two parts of an error that every regression result gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from theory.curve import Kind

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Parts:
    """Bias and variance over generations 0..T, axis (generation,).

    Attributes:
        bias: squared error of the mean fit.
        variance: what label noise adds.
        kind: of both.
        std: standard deviation of the error of one run, None where not known.
        over_designs: standard deviation over designs of the mean over label noise and over the
            direction of w*, None where not known.
        limit: of the error as t -> infinity, None where not known.
    """

    bias: FloatArray
    variance: FloatArray
    kind: Kind = Kind.EXACT
    std: FloatArray | None = None
    over_designs: FloatArray | None = None
    limit: float | None = None
