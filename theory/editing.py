"""Token editing: each round rewrites some labels of a fixed table by the fitted model.

Fixed design X of T rows; Y' = M(X w + noise) + (1 - M)Y for a mask M of rows, w the least-squares
fit to Y. Source: Zhu et al. 2412.14689; loopbound mitigations, section 4. The error vector obeys
e' = [I - M(I - P)] e + M noise, P the hat matrix, so its covariance is exact by recursion.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from theory.curve import Curve, Kind
from theory.record import Record
from theory.workflow import whole_number

FloatArray = npt.NDArray[np.float64]

_SOURCE = "loopbound mitigations, section 4"
_PRINTED = "Zhu et al. 2412.14689, Theorem 1 as printed: refuted"


@dataclass(frozen=True, eq=False)
class EditedChain:
    """A table whose labels are edited round by round.

    Attributes:
        design: X, axes (row, feature), full column rank, more rows than features.
        masks: for each round the rows that are edited.
        noise: standard deviation of a label.

    Raises:
        ValueError: quoting the value that is out of range.
    """

    design: FloatArray
    masks: Sequence[Sequence[int]]
    noise: float = 1.0

    def __post_init__(self) -> None:
        design = np.array(self.design, dtype=np.float64)
        if design.ndim != 2 or design.shape[0] <= design.shape[1] or not design.size:
            raise ValueError(f"design must have more rows than features, got shape {design.shape}")
        if not np.isfinite(design).all() or np.linalg.matrix_rank(design) < design.shape[1]:
            raise ValueError("design must be finite and of full column rank")
        masks = tuple(tuple(int(row) for row in mask) for mask in self.masks)
        for row in (row for mask in masks for row in mask):
            if not 0 <= row < len(design):
                raise ValueError(f"masks must hold rows of 0..{len(design) - 1}, got {row}")
        if not 0 < self.noise < math.inf:
            raise ValueError(f"noise must be finite and > 0, got {self.noise!r}")
        design.flags.writeable = False
        object.__setattr__(self, "design", design)
        object.__setattr__(self, "masks", masks)


def cosine_design(rows: int, dim: int) -> FloatArray:
    """Cosines of `dim` frequencies, axes (row, feature): X'X = rows x identity.

    Example:
        >>> x = cosine_design(8, 3)
        >>> bool(np.allclose(x.T @ x, 8 * np.eye(3)))
        True
    """
    whole_number("rows", rows, minimum=2)
    if not 1 <= dim < rows:
        raise ValueError(f"dim must be in 1..{rows - 1}, got {dim!r}")
    angles = np.pi * (np.arange(rows)[:, None] + 0.5) * np.arange(1, dim + 1) / rows
    return np.asarray(math.sqrt(2.0) * np.cos(angles))


def disjoint(rows: int, edits: int, share: float = 1.0) -> tuple[tuple[int, ...], ...]:
    """Masks of `edits` rounds, no row twice, `share` of the rows in all, spread over the table.

    Example:
        >>> disjoint(6, 2)
        ((0, 2, 4), (1, 3, 5))
    """
    whole_number("edits", edits)
    if not 0 < share <= 1:
        raise ValueError(f"share must be in (0, 1], got {share!r}")
    chosen = np.flatnonzero(np.diff(np.floor(share * np.arange(rows + 1) + 1e-9)))
    return tuple(tuple(chosen[i::edits].tolist()) for i in range(edits))


@dataclass(frozen=True, eq=False)
class RandomEdits:
    """A table of which every round edits each row with the same probability, row by row.

    Attributes:
        design: X, axes (row, feature), full column rank, more rows than features.
        share: of the rows that a round edits, on average, in (0, 1].
        rounds: of editing, >= 1.
        noise: standard deviation of a label.

    Raises:
        ValueError: quoting the value that is out of range.
    """

    design: FloatArray
    share: float
    rounds: int
    noise: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "design", EditedChain(self.design, (), self.noise).design)
        whole_number("rounds", self.rounds)
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be in (0, 1], got {self.share!r}")


def curves(chain: EditedChain) -> Record:
    """Test error of each fit: index 0 the truth, 1 the fit to real labels, t after t - 1 edits.

    test_error: E |w - w*|^2 = tr(X(X'X)^-2 X' C_t), features of unit covariance. Exact, with its
    standard deviation. test_error_published: the bound of 2 times the real fit's that is printed.
    It drops the projection; where it is exceeded, test_error_lower is that number as what it is, a
    lower bound, and 0 before.

    Example:
        >>> known = curves(EditedChain(cosine_design(400, 10), disjoint(400, 20)))
        >>> float((known.test_error[21] / known.test_error[1]).round(1))
        4.2
    """
    x = chain.design
    fit: FloatArray = np.asarray(np.linalg.pinv(x), dtype=np.float64)
    covariance = chain.noise**2 * np.eye(len(x))
    errors, spreads = [0.0], [0.0]
    for mask in (None, *chain.masks):
        if mask is not None:
            _edit(covariance, x, fit, list(mask), chain.noise)
        weights = fit @ covariance @ fit.T
        errors.append(float(np.trace(weights)))
        spreads.append(math.sqrt(2 * float((weights**2).sum())))
    known = np.array(errors)
    found = {"test_error": Curve(known, Kind.EXACT, _SOURCE, np.array(spreads))}
    printed = np.append(0.0, np.full(len(chain.masks) + 1, 2 * known[1]))
    found["test_error_published"] = Curve(printed, Kind.PUBLISHED, _PRINTED)
    exceeded = np.where(known > printed, printed, 0.0)
    if exceeded.any():
        found["test_error_lower"] = Curve(exceeded, Kind.LOWER, _PRINTED)
    return Record(found)


def random_curves(chain: RandomEdits) -> Record:
    """Test error of each fit over masks and labels: index 0 the truth, t after t - 1 edits.

    E C' = C - f (QC + CQ) + f^2 QCQ + f (1 - f) diag(QCQ) + f noise^2, Q = I - P. Exact.
    test_error_limit: for many rows a feature, the first fit's times `random_edits`. Asymptotic.

    Example:
        >>> known = random_curves(RandomEdits(cosine_design(200, 2), 0.3, 10))
        >>> ratio = known.test_error[11] / known.test_error[1]
        >>> float(ratio.round(2)), round(random_edits(0.3, 10), 2)
        (6.06, 6.1)
    """
    x, f = chain.design, chain.share
    fit = np.linalg.pinv(x)
    covariance = chain.noise**2 * np.eye(len(x))
    errors = [0.0, float(np.trace(fit @ covariance @ fit.T))]
    for _ in range(chain.rounds):
        half = covariance - x @ (fit @ covariance)
        both = half - (half @ x) @ fit
        covariance = covariance - f * (half + half.T) + f**2 * both
        covariance += np.diag(f * (1 - f) * np.diag(both) + f * chain.noise**2)
        errors.append(float(np.trace(fit @ covariance @ fit.T)))
    limit = [errors[1] * random_edits(f, k) for k in range(chain.rounds + 1)]
    return Record(
        {
            "test_error": Curve(np.array(errors), Kind.EXACT, _SOURCE),
            "test_error_limit": Curve(np.array([0.0, *limit]), Kind.ASYMPTOTIC, _SOURCE),
        }
    )


def _edit(
    covariance: FloatArray, design: FloatArray, fit: FloatArray, rows: list[int], noise: float
) -> None:
    """L C L' + noise^2 M in place: a row of L is one of P = X fit in the mask, of I elsewhere."""
    written = design[rows]
    across = written @ (fit @ covariance)
    own = (across @ fit.T) @ written.T
    covariance[rows] = across
    covariance[:, rows] = across.T
    covariance[np.ix_(rows, rows)] = own + noise**2 * np.eye(len(rows))


def one_edit(share: float) -> float:
    """Test error after one edit of a share of the rows, in units of the real fit. Asymptotic.

    2 - (1 - share)^2 as rows/features grows.
    """
    return 2 - (1 - share) ** 2


def many_edits(share: float) -> float:
    """The same after many small disjoint edits of that share in all: 2 e^share - 1. Asymptotic.

    Example:
        >>> round(many_edits(1.0), 2)
        4.44
    """
    return 2 * math.exp(share) - 1


def many_edits_curve(steps: int = 1) -> Curve:
    """`many_edits` of a share of 0, 1/steps, ..., 1: the error over the real fit's. Asymptotic.

    Example:
        >>> many_edits_curve(2).values.round(3).tolist()
        [1.0, 2.297, 4.437]
    """
    shares = np.linspace(0.0, 1.0, steps + 1)
    return Curve(np.array([many_edits(share) for share in shares]), Kind.ASYMPTOTIC, _SOURCE)


def random_edits(share: float, rounds: int) -> float:
    """The same after rounds of random edits of that share each: 1 + rounds x share (2 - share).

    Asymptotic. With A the mean of past fits weighted f (1 - f)^age, a fit is A plus noise that
    keeps 1 - f of itself a round: differencing both leaves independent steps of variance
    1 - (1 - f)^2. Linear for ever, and `one_edit` after one round.

    Example:
        >>> random_edits(0.5, 1) == one_edit(0.5), random_edits(1.0, 7)
        (True, 8.0)
    """
    return 1 + rounds * share * (2 - share)
