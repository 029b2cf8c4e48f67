"""Binomial laws in bands: what every exact law of a category's count is made of.

A count of n rows in a category of share p lies beyond s = 14 + sqrt(196 + 84 n p (1 - p)) of its
mean with probability below 2 e^-42 (Bernstein), which no sum of doubles sees. So laws of sorted
shares are kept as bands around their means: for shares i/n that is O(n^1.5) numbers and not n^2.

Probabilities are products of the ratios from the mode outwards, normalised: each is right to a few
roundings near the mode, and to the logarithm of its share of the mode's times that in the tails.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_TOGETHER = 64  # shares a band


class Band(NamedTuple):
    """Laws of a few neighbouring shares.

    Attributes:
        first: index of the first share.
        low: the least count of the band.
        law: P(count = low + column), axes (share, column).
    """

    first: int
    low: int
    law: FloatArray


def bands(rows: int, shares: FloatArray) -> Iterator[Band]:
    """Laws of Binomial(rows, share) over sorted shares in [0, 1]."""
    for first in range(0, len(shares), _TOGETHER):
        few = shares[first : first + _TOGETHER]
        mean, variance = rows * few, rows * few * (1 - few)
        reach = 14 + np.sqrt(196 + 84 * variance)
        low = max(0, int((mean - reach).min()))
        high = min(rows, int((mean + reach).max()) + 1)
        yield Band(first, low, _laws(rows, few, np.arange(low, high + 1)))


def _laws(rows: int, shares: FloatArray, counts: IntArray) -> FloatArray:
    """P(count), axes (share, count), for consecutive counts that hold all of each law."""
    p = shares[:, None]
    mode = np.minimum(np.floor((rows + 1) * p), rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log((rows - counts + 1) * p / (counts * (1 - p)))
    ratio[:, 0] = 0.0
    up = np.cumsum(np.where(counts > mode, ratio, 0.0), axis=1)
    steps = np.where(counts <= mode, ratio, 0.0)[:, :0:-1]
    up[:, :-1] -= np.cumsum(steps, axis=1)[:, ::-1]
    law = np.exp(up)
    law[shares == 0] = counts == 0
    law[shares == 1] = counts == rows
    normalised: FloatArray = law / law.sum(axis=1, keepdims=True)
    return normalised


def mixture(rows: int, shares: FloatArray, weights: FloatArray) -> FloatArray:
    """sum of weight x Binomial(rows, share), axis (count,), over shares in any order.

    Equal shares are worked out once.
    """
    distinct, where = np.unique(shares, return_inverse=True)
    mass = np.bincount(where, weights).astype(np.float64)
    total = np.zeros(rows + 1)
    for band in bands(rows, distinct):
        part = mass[band.first : band.first + len(band.law)] @ band.law
        total[band.low : band.low + band.law.shape[1]] += part
    return total


def table(rows: int, shares: FloatArray) -> FloatArray:
    """Laws of Binomial(rows, share), axes (..., count), over shares of any shape in any order."""
    distinct, where = np.unique(shares, return_inverse=True)
    law = np.zeros((len(distinct), rows + 1))
    for band in bands(rows, distinct):
        some = slice(band.first, band.first + len(band.law))
        law[some, band.low : band.low + band.law.shape[1]] = band.law
    return law[where.reshape(shares.shape)]


class Transition:
    """Counts of n rows to counts of `rows` rows drawn at share count / n."""

    def __init__(self, counted: int, rows: int) -> None:
        self.counted, self.rows = counted, rows
        self.bands = list(bands(rows, np.arange(counted + 1) / counted))

    def forward(self, law: FloatArray) -> FloatArray:
        """The next law from one on the counts, axes (..., count)."""
        after = np.zeros((*law.shape[:-1], self.rows + 1))
        for band in self.bands:
            part = law[..., band.first : band.first + len(band.law)] @ band.law
            after[..., band.low : band.low + band.law.shape[1]] += part
        return after

    def backward(self, values: FloatArray) -> FloatArray:
        """Expectation of values of the next count given each count, axis (count,)."""
        found = [band.law @ values[band.low : band.low + band.law.shape[1]] for band in self.bands]
        return np.concatenate(found)
