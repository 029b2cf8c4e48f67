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


def curves(chain: EditedChain) -> Record:
    """Test error of each fit: index 0 the truth, 1 the fit to real labels, t after t - 1 edits.

    test_error: E |w - w*|^2 = tr(X(X'X)^-2 X' C_t), features of unit covariance. Exact, with its
    standard deviation. test_error_published: the bound of 2 times the real fit's that is printed.
    It drops the projection, and is exceeded.

    Example:
        >>> known = curves(EditedChain(cosine_design(400, 10), disjoint(400, 20)))
        >>> float((known.test_error[21] / known.test_error[1]).round(1))
        4.2
    """
    x = chain.design
    rows = len(x)
    fit = np.linalg.pinv(x)
    hat = x @ fit
    target = fit.T @ fit
    covariance = chain.noise**2 * np.eye(rows)
    errors, spreads = [0.0], [0.0]
    for mask in (None, *chain.masks):
        if mask is not None:
            chosen = np.zeros(rows)
            chosen[list(mask)] = 1.0
            change = np.eye(rows) - chosen[:, None] * (np.eye(rows) - hat)
            covariance = change @ covariance @ change.T + chain.noise**2 * np.diag(chosen)
        product = target @ covariance
        errors.append(float(np.trace(product)))
        spreads.append(math.sqrt(2 * float((product * product.T).sum())))
    printed = np.append(0.0, np.full(len(chain.masks) + 1, 2 * errors[1]))
    return Record(
        {
            "test_error": Curve(np.array(errors), Kind.EXACT, _SOURCE, np.array(spreads)),
            "test_error_published": Curve(printed, Kind.PUBLISHED, _PRINTED),
        }
    )


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
