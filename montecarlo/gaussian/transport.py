"""Wasserstein distances in more than one dimension: singular values of several fits side by side.

W2^2(fit, truth) = |mu - mu_0|^2 + tr Sigma + tr Sigma_0 - 2 ||Sigma_0 F||_*, where the fit is
N(mu, Sigma), Sigma = Sigma_0^(1/2) FF' Sigma_0^(1/2), and ||.||_* is the sum of the singular
values. That sum takes up to ten times the rest of a generation, so the factors are collected and
up to MOST of them are worked out at once.

The kernels of the engines call what is here: after an edit remove the folders `__pycache__`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.gaussian.fields import WASSERSTEIN
from montecarlo.kernels import called, kernel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST = 64  # matrices side by side: fewer fill the vector registers less well
_CACHED = 2**15  # numbers that stay in the second-level cache
_SWEEPS = 40  # of rotations; some six make any matrix that is met orthogonal to rounding
_ORTHOGONAL = np.finfo(np.float64).eps ** 2  # squared cosine of orthogonal rows, a feature squared


class Queue(NamedTuple):
    """Fits whose distance is not worked out yet.

    Attributes:
        matrices: Sigma_0 F / tr Sigma_0, axes (feature, feature, lane).
        places: their generation and replicate, axes (lane, 2).
        held: how many there are, an array of one.
    """

    matrices: FloatArray
    places: IntArray
    held: IntArray


@called
def queue(dim: int, wanted: npt.NDArray[np.bool_]) -> Queue:
    """An empty queue, without room if nothing is to wait: the field is not wanted, or dim is 1."""
    room = min(max(_CACHED // dim**2, 8), MOST) if wanted[WASSERSTEIN] and dim > 1 else 0
    matrices = np.zeros((dim, dim, room))
    return Queue(matrices, np.empty((room, 2), dtype=np.int64), np.zeros(1, dtype=np.int64))


@called
def enqueue(
    queued: Queue,
    factor: FloatArray,
    width: int,
    share: FloatArray,
    generation: int,
    replicate: int,
    order: IntArray,
    out: FloatArray,
) -> None:
    """One more fit, of a factor of `width` columns, if the queue has room for any.

    The whole queue is settled when it is full.

    `share` is Sigma_0 / tr Sigma_0, axis (feature,); out axes (generation, field, replicate) holds
    the distance but for the sum of the singular values.
    """
    if len(queued.places) == 0:
        return
    lane = queued.held[0]
    for i in range(len(share)):
        for j in range(len(share)):
            inside = j < min(width, i + 1)
            queued.matrices[i, j, lane] = share[i] * factor[i, j] if inside else 0.0
    queued.places[lane, 0], queued.places[lane, 1] = generation, replicate
    queued.held[0] += 1
    if lane + 1 == len(queued.places):
        settle(queued, order, out)


@called
def settle(queued: Queue, order: IntArray, out: FloatArray) -> None:
    """Write the distances of the fits in the queue, and empty it."""
    lanes = queued.held[0]
    sums = nuclear_norms(queued.matrices, lanes)
    for lane in range(lanes):
        generation, replicate = queued.places[lane]
        for f in range(len(order)):
            if order[f] == WASSERSTEIN:
                out[generation, f, replicate] -= 2.0 * sums[lane]
    queued.held[0] = 0


@kernel
def nuclear_norms(a: FloatArray, lanes: int) -> FloatArray:
    """Sum of the singular values of the first a[:, :, lane], to a few roundings; a is overwritten.

    One-sided Jacobi: rotations make the rows orthogonal, then their lengths are the values.
    """
    dim = len(a)
    floor = _ORTHOGONAL * dim * dim
    squares, inner = np.empty((dim, lanes)), np.empty(lanes)
    cosine, sine, sums = np.empty(lanes), np.empty(lanes), np.zeros(lanes)
    for _ in range(_SWEEPS):
        squares[:] = 0.0
        for i in range(dim):
            for j in range(dim):
                for lane in range(lanes):
                    squares[i, lane] += a[i, j, lane] * a[i, j, lane]
        turned = False
        for p in range(dim - 1):
            for q in range(p + 1, dim):
                x, y, first, second = a[p], a[q], squares[p], squares[q]
                inner[:] = 0.0
                for j in range(dim):
                    for lane in range(lanes):
                        inner[lane] += x[j, lane] * y[j, lane]
                most = 0.0
                for lane in range(lanes):
                    square = inner[lane] * inner[lane]
                    most = max(most, square - floor * first[lane] * second[lane])
                if not most > 0.0:
                    continue
                turned = True
                for lane in range(lanes):
                    zeta = (second[lane] - first[lane]) / (2.0 * inner[lane])
                    tangent = math.copysign(1.0, zeta) / (abs(zeta) + math.sqrt(1.0 + zeta * zeta))
                    square = inner[lane] * inner[lane]
                    apart = square > floor * first[lane] * second[lane]
                    tangent = tangent if apart else 0.0  # whatever the other lanes need
                    cosine[lane] = 1.0 / math.sqrt(1.0 + tangent * tangent)
                    sine[lane] = cosine[lane] * tangent
                    first[lane] = max(first[lane] - tangent * inner[lane], 0.0)
                    second[lane] += tangent * inner[lane]
                for j in range(dim):
                    for lane in range(lanes):
                        u, v = x[j, lane], y[j, lane]
                        x[j, lane] = cosine[lane] * u - sine[lane] * v
                        y[j, lane] = sine[lane] * u + cosine[lane] * v
        if not turned:
            break
    for i in range(dim):
        for lane in range(lanes):
            sums[lane] += math.sqrt(squares[i, lane])
    return sums
