"""Rows of a truth, drawn inside kernels: the specs of theory as numbers, and one sampler of them.

Each law is written out here, so that it shares nothing with the density in theory. Blobs, circles
and moons are mixtures there and here; a row of a swiss roll is a point of it plus N(0, noise^2 I).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.kernels import called
from theory.datasets import SwissRoll
from theory.mixture import GaussianMixture
from theory.truths import Laplace, Normal, StudentT, Truth, Uniform

FloatArray = npt.NDArray[np.float64]

MIXTURE, UNIFORM, LAPLACE, STUDENT, ROLL = 0, 1, 2, 3, 4


class Source(NamedTuple):
    """A truth as a kernel reads it.

    Attributes:
        law: one of the codes above.
        numbers: of the law: low and width; scale; scale and degrees of freedom; noise.
        shares: cumulative weights, axis (component,).
        means: axes (component, feature).
        factors: lower factors of the covariances, axes (component, feature, feature).
    """

    law: int
    numbers: FloatArray
    shares: FloatArray
    means: FloatArray
    factors: FloatArray


def source(truth: Truth) -> Source:
    """The truth in numbers.

    Raises:
        ValueError: a truth that has no sampler here.
    """
    one, centre, unit = np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1))
    match truth:
        case Normal():
            means, spread = np.full((1, truth.dim), truth.location), np.eye(truth.dim)[None]
            return Source(MIXTURE, np.zeros(2), one, means, truth.scale * spread)
        case GaussianMixture():
            factors = np.ascontiguousarray(np.linalg.cholesky(truth.matrices))
            shares = np.cumsum(truth.weights)
            return Source(MIXTURE, np.zeros(2), shares, np.array(truth.means), factors)
        case Uniform():
            numbers = np.array([truth.low, truth.high - truth.low])
            return Source(UNIFORM, numbers, one, centre, unit)
        case Laplace():
            return Source(LAPLACE, np.array([truth.scale, 0.0]), one, centre, unit)
        case StudentT():
            return Source(STUDENT, np.array([truth.scale, truth.df]), one, centre, unit)
        case SwissRoll():
            numbers = np.array([truth.noise, 0.0])
            return Source(ROLL, numbers, one, np.zeros((1, 3)), np.eye(3)[None])
    raise ValueError(f"no rows can be drawn from truth {truth!r}")


@called
def draw_component(rng: np.random.Generator, truth: Source, r: int, out: FloatArray) -> None:
    """Row r of a Gaussian mixture: the component first, by halving, then its normals."""
    dim, first = out.shape[1], 0
    if len(truth.shares) > 1:
        u, last = rng.random(), len(truth.shares) - 1
        while first < last:
            middle = (first + last) // 2
            if u < truth.shares[middle]:
                last = middle
            else:
                first = middle + 1
    for i in range(dim):
        out[r, i] = rng.standard_normal()
    for i in range(dim - 1, -1, -1):
        total = truth.means[first, i]
        for j in range(i + 1):
            total += truth.factors[first, i, j] * out[r, j]
        out[r, i] = total


@called
def double_exponential(rng: np.random.Generator) -> float:
    """A variate of density exp(-|x|) / 2."""
    size = rng.standard_exponential()
    return size if rng.random() < 0.5 else -size


@called
def draw_truth(
    rng: np.random.Generator, truth: Source, first: int, last: int, out: FloatArray
) -> None:
    """Rows first..last - 1 of out, drawn from the truth."""
    a, b = truth.numbers[0], truth.numbers[1]
    for r in range(first, last):
        if truth.law == UNIFORM:
            out[r, 0] = a + b * rng.random()
        elif truth.law == LAPLACE:
            out[r, 0] = a * double_exponential(rng)
        elif truth.law == STUDENT:
            z = rng.standard_normal()
            out[r, 0] = a * z * math.sqrt(0.5 * b / rng.standard_gamma(0.5 * b))
        elif truth.law == ROLL:
            angle = 1.5 * math.pi * (1.0 + 2.0 * rng.random())
            out[r, 0], out[r, 2] = angle * math.cos(angle), angle * math.sin(angle)
            out[r, 1] = 21.0 * rng.random()
            for i in range(3):
                out[r, i] += a * rng.standard_normal()
        else:
            draw_component(rng, truth, r, out)


def rows(truth: Truth, stream: np.random.Generator, count: int) -> FloatArray:
    """Rows of the truth, axes (row, feature), one by one in plain Python: the kernels' own bits."""
    out = np.empty((count, truth.dim))
    draw_truth(stream, source(truth), 0, count, out)
    return out
