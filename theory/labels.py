"""Verification of synthesised labels: a classifier trained on the rows that a verifier keeps.

Rows y (mu + normal noise) of two classes y = +-1, of which a share carries the wrong label; the
verifier keeps a row of correct label with one probability and one of wrong label with another. The
classifier is the average of label times row over the kept rows. Source: Feng et al. 2406.07515;
loopbound mitigations, section 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from theory.curve import Curve, Kind
from theory.record import Record
from theory.verification.means import compressed
from theory.workflow import whole_number

FloatArray = npt.NDArray[np.float64]

_SOURCE = "loopbound mitigations, section 2"
_NODES = 28  # of each rule; the reference's numbers do not change with twice as many
_FEW = 60  # outcomes: so many are summed one by one


@dataclass(frozen=True)
class VerifiedLabels:
    """Labels that are wrong at times, and a verifier that is too.

    Attributes:
        dim: features d >= 2.
        distance: |mu|, from the middle to each class, in standard deviations of a feature.
        rows: synthesised rows n.
        wrong: share of wrong labels, in [0, 1].
        keep_correct: probability to keep a row whose label is correct, in (0, 1].
        keep_wrong: probability to keep one whose label is wrong, in [0, 1].

    Raises:
        ValueError: quoting the value that is out of range.

    Example:
        >>> round(VerifiedLabels(50, 1.0, 10_000, 0.3, 0.9, 0.3).threshold, 2)
        0.75
    """

    dim: int
    distance: float
    rows: int
    wrong: float
    keep_correct: float
    keep_wrong: float

    def __post_init__(self) -> None:
        whole_number("dim", self.dim, minimum=2)
        whole_number("rows", self.rows)
        if not 0 < self.distance < math.inf:
            raise ValueError(f"distance must be finite and > 0, got {self.distance!r}")
        for name in ("wrong", "keep_correct", "keep_wrong"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)!r}")
        if self.kept == 0:
            raise ValueError(
                f"the verifier rejects everything: keep_correct={self.keep_correct!r}, "
                f"keep_wrong={self.keep_wrong!r}, wrong={self.wrong!r}"
            )

    @property
    def kept(self) -> float:
        """Probability that a row is kept."""
        return (1 - self.wrong) * self.keep_correct + self.wrong * self.keep_wrong

    @property
    def correct(self) -> float:
        """Share of correct labels among the kept."""
        return (1 - self.wrong) * self.keep_correct / self.kept

    @property
    def threshold(self) -> float:
        """p* = 1/(1 + keep_wrong/keep_correct): above it infinite data are learned inside out."""
        return self.keep_correct / (self.keep_correct + self.keep_wrong)


def curves(labels: VerifiedLabels) -> Record:
    """Accuracy on a new row, index 0 the best there is, index 1 the classifier.

    `accuracy` is exact: kept counts are multinomial, the classifier normal given them, and

        E Phi(|mu| a / sqrt(a^2 + chi^2_{d-1}/n_k)),  a ~ N(|mu| (n_c - n_w)/n_k, 1/n_k),

    1/2 where no row is kept. `accuracy_limit` is asymptotic in the rows: Phi(|mu|), 1 - Phi(|mu|)
    above the threshold, 1/2 at it.

    Example:
        >>> curves(VerifiedLabels(50, 1.0, 10_000, 0.3, 0.9, 0.3)).accuracy[1].round(3)
        np.float64(0.84)
    """
    from scipy.special import ndtr

    best = float(ndtr(labels.distance))
    at = labels.threshold
    limit = best if labels.wrong < at else 1 - best if labels.wrong > at else 0.5
    exact = np.array([best, _accuracy(labels)])
    return Record(
        {
            "accuracy": Curve(exact, Kind.EXACT, _SOURCE),
            "accuracy_limit": Curve(np.array([best, limit]), Kind.ASYMPTOTIC, _SOURCE),
        }
    )


def _accuracy(labels: VerifiedLabels) -> float:
    from scipy.special import ndtr, roots_genlaguerre, roots_hermitenorm

    z, wz = roots_hermitenorm(_NODES)
    half, wh = roots_genlaguerre(_NODES, (labels.dim - 3) / 2)
    wz, wh, squares = wz / wz.sum(), wh / wh.sum(), 2 * half
    total = 0.0
    for kept, chance in zip(*_binomial(labels.rows, labels.kept), strict=True):
        if kept < 0.5:
            total += 0.5 * chance
            continue
        share, ws = _binomial(float(kept), labels.correct)
        along = labels.distance * (2 * share / kept - 1)[:, None] + z / math.sqrt(kept)
        square = along[:, :, None] ** 2
        found = ndtr(labels.distance * along[:, :, None] / np.sqrt(square + squares / kept))
        total += chance * float(ws @ (found @ wh) @ wz)
    return total


def _binomial(trials: float, chance: float) -> tuple[FloatArray, FloatArray]:
    """(counts, weights) of a binomial law: all of them if few, else a Gauss rule.

    Between whole numbers of trials the law's probabilities are continued by Gamma functions.
    """
    from scipy.special import gammaln, xlog1py, xlogy

    count = np.arange(math.floor(trials) + 1, dtype=np.float64)
    ways = gammaln(trials + 1) - gammaln(count + 1) - gammaln(trials - count + 1)
    weights = np.exp(ways + xlogy(count, chance) + xlog1py(trials - count, -chance))
    seen = weights > 1e-20
    count, weights = count[seen], weights[seen] / weights[seen].sum()
    if len(count) <= _FEW:
        return count, weights
    rule = compressed(count[None], weights[None], 12)
    return rule.nodes[0], rule.weights[0]
