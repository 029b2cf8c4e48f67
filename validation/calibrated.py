"""Verdicts that know their power.

A family of tests fails falsely with probability at most FALSE_FAIL in total (Bonferroni over
generations and claims). Each test also states the discrepancy it would miss with probability
FALSE_PASS only. A test that could not have seen a discrepancy of the size that matters does not
agree: it is underpowered.

The normal approximation is for means of many runs. Specs keep tails light; where theory knows
the standard deviation of one run it is used in place of the sample's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from theory.curve import Kind

FloatArray = npt.NDArray[np.float64]

FALSE_FAIL = 1e-6
FALSE_PASS = 1e-3

# Relative to a value: what rounding leaves between two ways to compute it, and the standard error
# below which runs that differ by rounding only cannot be told from runs that are all the same.
_ROUNDING = 1e-12
_SPREAD = 1e-14


class Verdict(Enum):
    """AGREES: tested with power. DISAGREES: refuted. UNDERPOWERED: could not have been refuted.

    NOT_CLAIMED: shown for reference, where theory makes no claim.
    """

    AGREES = "agrees"
    DISAGREES = "disagrees"
    UNDERPOWERED = "underpowered"
    NOT_CLAIMED = "not claimed"


@dataclass(frozen=True)
class Thresholds:
    """In standard errors: a test fails beyond `fail`; it sees what lies beyond `fail + miss`."""

    fail: float
    miss: float

    @property
    def detectable(self) -> float:
        """Discrepancy, in standard errors, that is missed with probability FALSE_PASS."""
        return self.fail + self.miss


def thresholds(tests: int) -> Thresholds:
    """For a family of that many two-sided tests.

    Example:
        >>> round(thresholds(1).fail, 3), round(thresholds(500).detectable, 3)
        (4.892, 9.088)
    """
    from scipy.special import ndtri

    fail = -float(ndtri(FALSE_FAIL / (2 * tests)))
    return Thresholds(fail, -float(ndtri(FALSE_PASS)))


@dataclass(frozen=True, eq=False)
class Judgement:
    """A verdict with what it rests on; arrays of axis (generation - 1,).

    Attributes:
        verdict: of the claim.
        z: (estimate - expected) / standard error; for a bound, positive is the safe side.
        detectable: relative discrepancy that the test would have seen, see `relative_to`.
        worst: generation of the largest violation.
        weakest: generation of the largest `detectable`.
        resolve: the `detectable` that was asked for.
    """

    verdict: Verdict
    z: FloatArray
    detectable: FloatArray
    worst: int
    weakest: int
    resolve: float


def relative_to(field: str, value: FloatArray, std: FloatArray) -> FloatArray:
    """What a discrepancy of a field is relative to: its departure from no drift.

    |1 - ratio| for a ratio, or 1 where theory says that there is no drift at all; the standard
    deviation of one run for a log-determinant; the value itself for an error.
    """
    if field.startswith("log_"):
        return std
    if field.endswith("_ratio"):
        departure = np.abs(1 - value)
        return np.where(departure < 1e-9, 1.0, departure)
    return np.abs(value)


def perturbed(field: str, expected: FloatArray, share: float) -> FloatArray:
    """The expected values falsified by a share of the formula: of 1 - ratio, or of the value."""
    if field.endswith("_ratio") and not field.startswith("log_"):
        return expected + share * relative_to(field, expected, expected)
    return expected * (1 + share)


def violation(kind: Kind, z: FloatArray) -> FloatArray:
    """Standard errors by which tests speak against a claim; negative on the safe side of a bound.

    Args:
        kind: of the claim. An exact value, or an asymptotic one extrapolated, is tested on both
            sides, a bound on the side where it could fail.
        z: of the tests, as in `Judgement`.

    Example:
        >>> violation(Kind.EXACT, np.array([-3.0, 2.0])), violation(Kind.LOWER, np.array([2.0]))
        (array([3., 2.]), array([-2.]))
    """
    return -z if kind in (Kind.UPPER, Kind.LOWER) else np.abs(z)


def judge(
    kind: Kind,
    expected: FloatArray,
    mean: FloatArray,
    std_error: FloatArray,
    scale: FloatArray,
    limit: Thresholds,
    resolve: float,
) -> Judgement:
    """The verdict on one claim, which fails by `violation`; arrays of axis (generation - 1,)."""
    gap = mean - expected
    if kind is Kind.UPPER:
        gap = -gap
    size = np.maximum(np.abs(expected), 1e-300)
    std_error = np.where(std_error > _SPREAD * size, std_error, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(std_error > 0, gap / std_error, np.sign(gap) * np.inf)
        z = np.where((std_error == 0) & (np.abs(gap) <= _ROUNDING * size), 0.0, z)
        detectable = np.where(std_error > 0, limit.detectable * std_error / scale, 0.0)
    against = violation(kind, z)
    worst, weakest = int(np.argmax(against)), int(np.argmax(detectable))
    verdict = Verdict.AGREES
    if detectable[weakest] > resolve:
        verdict = Verdict.UNDERPOWERED
    if against[worst] > limit.fail:
        verdict = Verdict.DISAGREES
    return Judgement(verdict, z, detectable, worst + 1, weakest + 1, resolve)


def replicates_needed(
    std: FloatArray, scale: FloatArray, limit: Thresholds, resolve: float
) -> float:
    """Replicates at which the weakest generation resolves a relative discrepancy of `resolve`.

    One where runs do not differ: whatever is off is seen.
    """
    spread = np.divide(std, scale, out=np.zeros_like(std), where=std > 0)
    return float(np.max((limit.detectable * spread / resolve) ** 2, initial=1.0))
