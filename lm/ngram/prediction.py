"""What theory says of contexts that are held: exact sums over the categorical chains of each.

Squared error and heterozygosity of a context are its truth's heterozygosity times a number of its
rows and workflow alone; survivors and entropy are integrals of the expected spectrum of shares,
which is linear in the categories. So contexts of equal size are worked out together.

Source: loopbound theory, section 6; `theory.categorical`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lm.ngram.held import Held
from theory.categorical import CategoricalChain, curves, spectrum
from theory.curve import Curve, Kind
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]

_SOURCE = "loopbound theory, section 6, in each context"
_COIN = CategoricalChain((0.5, 0.5))


def prediction(
    real: Held, workflow: Workflow, generations: int
) -> tuple[dict[str, Curve], dict[str, str]]:
    """(exact curves by field, the reason for each field that has none)."""
    size = real.rows[real.context]
    weight = size / real.rows.sum()
    moments = np.zeros((2, generations + 1))
    integrals = np.zeros((2, generations + 1))
    reason: str | None = None
    for rows in np.unique(real.rows).tolist():
        own = real.scaled(workflow, rows)
        p, w = real.shares[size == rows], weight[size == rows]
        known = curves(_COIN, own, generations)
        unit = float(w @ (p * (1 - p))) / _COIN.heterozygosity
        moments += unit * np.array([known.squared_error.values, known.heterozygosity.values])
        if rows <= real.largest and reason is None:
            reason = spectrum.why_absent(own, generations, generations)
            if reason is None:
                integrals += _integrals(p, float(w[0]), own, generations)
    found = {
        name: Curve(values, Kind.EXACT, _SOURCE)
        for name, values in zip(("squared_error", "heterozygosity"), moments, strict=True)
    }
    absent = dict.fromkeys(
        ("cross_entropy", "vocabulary_left"),
        "its law takes more than one context or category at a time",
    )
    if reason is None and real.few.any():
        for name, values in zip(("survivors", "entropy"), integrals, strict=True):
            found[name] = Curve(values, Kind.EXACT, _SOURCE)
    else:
        why = reason or f"every context has more than {real.largest} rows"
        absent |= dict.fromkeys(("survivors", "entropy"), why)
    return found, absent


def _integrals(shares: FloatArray, weight: float, own: Workflow, generations: int) -> FloatArray:
    """Survivors and weighted entropy of the contexts of one size, axes (field, generation)."""
    truth = (float(len(shares)), float(0.0 - shares @ np.log(shares)), 0.0)
    later = [one.expected() for one in spectrum.spectra(shares, own, generations)]
    survivors, entropy, _ = np.array([truth, *later]).T
    return np.array([survivors, weight * entropy])
