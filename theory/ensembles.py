"""Several generators: each writes a batch, and the next model is fitted to all of them.

Source: 2305.09235; loopbound mitigations, section 7. Units are those of the true variance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from theory.curve import Curve, Kind
from theory.record import Record
from theory.workflow import whole_number

FloatArray = npt.NDArray[np.float64]

KINDS = ("seeds", "bootstrap", "posterior")
_SOURCE = "loopbound mitigations, section 7"


@dataclass(frozen=True)
class Ensemble:
    """K generators of a normal law of known variance, each with a mean of its own.

    Attributes:
        real: rows of the first fit, n.
        synthetic: rows that each generator writes a round, m.
        generators: K >= 1.
        kind: what tells them apart: 'seeds' nothing but their draws, 'bootstrap' a fit to rows
            drawn again from the training rows, 'posterior' a mean drawn from its posterior under a
            flat prior.

    Raises:
        ValueError: quoting the value that is out of range.
    """

    real: int
    synthetic: int
    generators: int = 1
    kind: str = "seeds"

    def __post_init__(self) -> None:
        for name in ("real", "synthetic", "generators"):
            whole_number(name, getattr(self, name))
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {self.kind!r}")


def curves(ensemble: Ensemble, generations: int) -> Record:
    """What several generators do to the error and to its estimate, fits 1..T. Exact.

    mean_error: E mu_t^2. Averaged generators divide what a round adds by K: (1/m + q)/K, where q is
    the squared offset of a generator from the fit: 0 of seeds, 1/rows of a posterior, the rows'
    expected variance over the rows of a bootstrap.

    spread: E of the variance between the means of the K sets that fit t was trained on, 1/m + q;
    set_error: E of the squared error of one of them, 1/n + q + 1/m at t = 2. Seeds alone show 1/m
    of it; posterior generators show the 1/n, too.

    coverage: of the naive interval mean +- 1.96/sqrt(rows of the last fit), not of a bootstrap,
    whose fits are not normal: who takes synthetic rows for real ones believes too much.

    Example:
        >>> sets = [curves(Ensemble(10, 10 * k), 2) for k in (1, 2, 5)]
        >>> [float(one.coverage[2].round(3)) for one in sets]
        [0.834, 0.742, 0.576]
        >>> told = {k: curves(Ensemble(10, 20, 4, k), 2).spread[2].round(6) for k in KINDS}
        >>> told["seeds"], told["bootstrap"], told["posterior"]
        (np.float64(0.05), np.float64(0.14), np.float64(0.15))
    """
    whole_number("generations", generations)
    k, m = ensemble.generators, ensemble.synthetic
    rows, error, variance = ensemble.real, 1 / ensemble.real, 1 - 1 / ensemble.real
    errors, spreads, sets, trained = [0.0, error], [0.0, 0.0], [0.0, 0.0], [1, rows]
    for _ in range(1, generations):
        offset = {"seeds": 0.0, "bootstrap": variance / rows, "posterior": 1 / rows}[ensemble.kind]
        spreads.append(offset + 1 / m)
        sets.append(error + offset + 1 / m)
        error += (offset + 1 / m) / k
        rows, variance = k * m, 1 - 1 / (k * m) + (1 - 1 / k) * offset
        errors.append(error)
        trained.append(rows)
    return Record(_curves(ensemble, *map(np.array, (errors, spreads, sets, trained))))


def _curves(
    ensemble: Ensemble,
    errors: FloatArray,
    spreads: FloatArray,
    sets: FloatArray,
    trained: FloatArray,
) -> dict[str, Curve]:
    """The fields, with the standard deviation of a run where fits are normal."""
    from scipy.special import erf

    k, normal = ensemble.generators, ensemble.kind != "bootstrap"
    twice = np.sqrt(2.0)
    found = {
        "mean_error": Curve(
            errors, Kind.EXACT, _SOURCE, twice * errors if normal else None, math.inf
        ),
        "set_error": Curve(sets, Kind.EXACT, _SOURCE, twice * sets if normal else None, math.inf),
    }
    if k > 1:
        std = twice / math.sqrt(k - 1) * spreads if normal else None
        found["spread"] = Curve(spreads, Kind.EXACT, _SOURCE, std)
    if normal:
        covered = erf(1.96 / np.sqrt(2 * np.where(errors > 0, trained * errors, 1.0)))
        covered[0] = 1.0
        std = np.sqrt(covered * (1 - covered))
        found["coverage"] = Curve(covered, Kind.EXACT, _SOURCE, std, 0.0)
    return found
