"""Linear algebra of one fit, without allocation, and the variates of one batch.

Symmetric matrices are their upper triangles, and factors R are upper too, with a = R'R: then every
inner loop runs along a row, and the rows of R do for the rows x that they summarise.

The kernels of this folder take these from here, and a cached kernel does not notice that: after an
edit remove the folders `__pycache__` (see `montecarlo.kernels`).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.kernels import ROUNDING, called, chi_square, inlined, spliced

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class Scratch(NamedTuple):
    """Memory of one fit in d features.

    Attributes:
        second: second moments of its rows x, axes (feature, feature).
        moment: x'(labels less those of the truth), averaged alike, axis (feature,).
        factor: of the normal equations, axes (feature, feature).
        left: different rows x, used up by `span`, axes (row, feature).
        basis: orthonormal vectors, axes (vector, feature).
        inner: the second moments between those vectors, axes (vector, vector).
        part: axis (vector,).
        image: axis (feature,).
    """

    second: FloatArray
    moment: FloatArray
    factor: FloatArray
    left: FloatArray
    basis: FloatArray
    inner: FloatArray
    part: FloatArray
    image: FloatArray


def scratch(dim: int, rows: int) -> Scratch:
    """Memory of a fit in `dim` features with a `left` of so many rows."""
    return Scratch(
        np.zeros((dim, dim)),
        np.zeros(dim),
        np.zeros((dim, dim)),
        np.zeros((rows, dim)),
        np.zeros((dim, dim)),
        np.zeros((dim, dim)),
        np.zeros(dim),
        np.zeros(dim),
    )


# --- variates ----------------------------------------------------------------------------------


@spliced
def draw_truth(rng: np.random.Generator, norm: float, out: FloatArray) -> None:
    """True weights of that norm in a uniform direction."""
    square = 0.0
    for i in range(len(out)):
        out[i] = rng.standard_normal()
        square += out[i] * out[i]
    factor = norm / math.sqrt(square)
    for i in range(len(out)):
        out[i] *= factor


@called
def draw_factor(rng: np.random.Generator, rows: int, root: FloatArray, out: FloatArray) -> int:
    """R with R'R = x'x / rows in law, for `rows` rows x = root z; returns how many rows R has.

    Bartlett's factor of a Wishart matrix of `rows` degrees, as no mean is subtracted: row j is a
    chi of rows - j degrees on the diagonal and normals behind it, for j < min(rows, features).
    """
    dim = len(root)
    size, shrink = min(rows, dim), 1.0 / math.sqrt(rows)
    for j in range(size):
        for i in range(j):
            out[j, i] = 0.0
        out[j, j] = shrink * root[j] * math.sqrt(chi_square(rng, rows - j))
        for i in range(j + 1, dim):
            out[j, i] = shrink * root[i] * rng.standard_normal()
    return size


@spliced
def draw_row(rng: np.random.Generator, root: FloatArray, row: int, x: FloatArray) -> None:
    """Row x = root z."""
    for i in range(len(root)):
        x[row, i] = root[i] * rng.standard_normal()


# --- moments -----------------------------------------------------------------------------------


@spliced
def along(x: FloatArray, row: int, e: FloatArray) -> float:
    """The product of one row x with e."""
    total = 0.0
    for i in range(len(e)):
        total += x[row, i] * e[i]
    return total


@called
def gram(factor: FloatArray, rows: int, out: FloatArray) -> None:
    """Upper triangle of R'R over factor[:rows], whose row r has zeros before column r."""
    dim = factor.shape[1]
    for i in range(dim):
        for j in range(i, dim):
            out[i, j] = 0.0
    for r in range(rows):
        for i in range(r, dim):
            a = factor[r, i]
            for j in range(i, dim):
                out[i, j] += a * factor[r, j]


@called
def second_moments(x: FloatArray, rows: int, out: FloatArray) -> None:
    """Upper triangle of x'x / rows over x[:rows], four rows at a time."""
    dim, whole, weight = x.shape[1], rows - rows % 4, 1.0 / rows
    for i in range(dim):
        for j in range(i, dim):
            out[i, j] = 0.0
    for r in range(0, whole, 4):
        for i in range(dim):
            a, b, c, d = x[r, i], x[r + 1, i], x[r + 2, i], x[r + 3, i]
            for j in range(i, dim):
                out[i, j] += a * x[r, j] + b * x[r + 1, j] + c * x[r + 2, j] + d * x[r + 3, j]
    for r in range(whole, rows):
        for i in range(dim):
            for j in range(i, dim):
                out[i, j] += x[r, i] * x[r, j]
    for i in range(dim):
        for j in range(i, dim):
            out[i, j] *= weight


@spliced
def moment(x: FloatArray, labels: FloatArray, rows: int, weight: float, out: FloatArray) -> None:
    """Weight x'labels over x[:rows]."""
    dim = x.shape[1]
    for i in range(dim):
        out[i] = 0.0
    for r in range(rows):
        a = weight * labels[r]
        for i in range(dim):
            out[i] += a * x[r, i]


@spliced
def times(a: FloatArray, x: FloatArray, out: FloatArray) -> None:
    """The symmetric matrix of upper triangle a times x."""
    for i in range(len(x)):
        out[i] = 0.0
    for i in range(len(x)):
        total = a[i, i] * x[i]
        for j in range(i + 1, len(x)):
            total += a[i, j] * x[j]
            out[j] += a[i, j] * x[i]
        out[i] += total


@spliced
def weighted_square(scale: FloatArray, e: FloatArray) -> float:
    """Sum of scale e^2."""
    total = 0.0
    for i in range(len(e)):
        total += scale[i] * e[i] * e[i]
    return total


# --- equations ---------------------------------------------------------------------------------


@called
def cholesky(a: FloatArray, size: int, ridge: float, out: FloatArray) -> None:
    """Upper factor of a + ridge I, of that size; a pivot is no less than rounding can resolve."""
    for i in range(size):
        for j in range(i, size):
            out[i, j] = a[i, j]
        out[i, i] += ridge
    for j in range(size):
        resolved = np.finfo(np.float64).eps * (a[j, j] + ridge)
        root = math.sqrt(max(out[j, j], resolved))
        out[j, j] = root
        inverse = 1.0 / root
        for i in range(j + 1, size):
            out[j, i] *= inverse
        for i in range(j + 1, size):
            b = out[j, i]
            for k in range(i, size):
                out[i, k] -= b * out[j, k]


@inlined
def back_substitute(factor: FloatArray, size: int, b: FloatArray) -> None:
    """R^-1 b in place."""
    for j in range(size - 1, -1, -1):
        total = b[j]
        for i in range(j + 1, size):
            total -= factor[j, i] * b[i]
        b[j] = total / factor[j, j]


@called
def solve(factor: FloatArray, size: int, b: FloatArray) -> None:
    """(R'R)^-1 b in place."""
    for j in range(size):
        b[j] /= factor[j, j]
        a = b[j]
        for i in range(j + 1, size):
            b[i] -= a * factor[j, i]
    back_substitute(factor, size, b)


@inlined
def identity(out: FloatArray) -> None:
    """The identity matrix."""
    for i in range(len(out)):
        for j in range(len(out)):
            out[i, j] = 0.0
        out[i, i] = 1.0


@called
def span(left: FloatArray, basis: FloatArray) -> int:
    """An orthonormal basis of the rows of `left`, which is used up; returns their rank.

    By Gram and Schmidt's procedure, largest row left first, down to what rounding may have left of
    the largest row.
    """
    (rows, dim), floor = left.shape, 0.0
    most: int = min(rows, dim)
    for rank in range(most):
        best, largest = 0, 0.0
        for r in range(rows):
            square = 0.0
            for i in range(dim):
                square += left[r, i] * left[r, i]
            if square > largest:
                best, largest = r, square
        floor = max(floor, (ROUNDING * dim) ** 2 * largest)
        if not largest > floor:
            return rank
        for i in range(dim):
            basis[rank, i] = left[best, i]
        for k in range(rank):  # once more: what is left is orthogonal up to rounding of the row
            reach = 0.0
            for i in range(dim):
                reach += basis[k, i] * basis[rank, i]
            for i in range(dim):
                basis[rank, i] -= reach * basis[k, i]
        length = 0.0
        for i in range(dim):
            length += basis[rank, i] * basis[rank, i]
        for i in range(dim):
            basis[rank, i] /= math.sqrt(length)
        for r in range(rows):
            reach = 0.0
            for i in range(dim):
                reach += basis[rank, i] * left[r, i]
            for i in range(dim):
                left[r, i] -= reach * basis[rank, i]
    return most


@spliced
def restrict(
    a: FloatArray, basis: FloatArray, rank: int, image: FloatArray, out: FloatArray
) -> None:
    """Upper triangle of B a B' for the symmetric a and the first `rank` vectors of a basis."""
    dim = len(a)
    for k in range(rank):
        for i in range(dim):
            image[i] = 0.0
        for i in range(dim):
            image[i] += a[i, i] * basis[k, i]
            for j in range(i + 1, dim):
                image[i] += a[i, j] * basis[k, j]
                image[j] += a[i, j] * basis[k, i]
        for m in range(k + 1):
            total = 0.0
            for i in range(dim):
                total += basis[m, i] * image[i]
            out[m, k] = total


# --- fits --------------------------------------------------------------------------------------


@spliced
def fit(work: Scratch, penalty: float, rank: int, truth: FloatArray, error: FloatArray) -> None:
    """Error w - w* of the fit to the second moments and the moment in `work`.

    By the normal equations, or, where their rank is not full, by those within the span of the rows
    x, of which `work.basis` has so many vectors: the smallest penalty does no harm there. So it has
    the least norm of the weights that fit best.
    """
    dim = len(error)
    full = rank == dim
    if full:
        for i in range(dim):
            error[i] = work.moment[i] - penalty * truth[i]
        matrix, part = work.second, error
    else:
        times(work.second, truth, work.image)
        for k in range(rank):
            work.part[k] = 0.0
            for i in range(dim):
                work.part[k] += work.basis[k, i] * (work.moment[i] + work.image[i])
        restrict(work.second, work.basis, rank, work.image, work.inner)
        matrix, part = work.inner, work.part
    cholesky(matrix, rank, penalty, work.factor)
    solve(work.factor, rank, part)
    if not full:
        for i in range(dim):
            error[i] = -truth[i]
        for k in range(rank):
            for i in range(dim):
                error[i] += work.part[k] * work.basis[k, i]


@called
def solution(
    work: Scratch, penalty: float, rank: int, inverse: FloatArray, missed: FloatArray
) -> None:
    """The linear fit itself: w - w* = inverse moment - missed w*; both matrices whole.

    The inverse is that of second + penalty I, within the span of the rows x where the rank is not
    full: B' (R'R)^-1 B, where B is their basis, or the identity.
    """
    dim, basis, rows, short = len(inverse), work.basis, work.inner, rank < len(inverse)
    if short:
        restrict(work.second, basis, rank, work.image, work.inner)
        matrix = work.inner
    else:
        identity(basis)
        matrix = work.second
    cholesky(matrix, rank, penalty, work.factor)
    identity(missed)
    for i in range(dim):
        for j in range(dim):
            inverse[i, j] = 0.0
    for k in range(rank):  # rows of R'^-1 B, whose squares add up to the inverse
        reach = dim if short else k + 1
        for i in range(dim):
            rows[k, i] = basis[k, i]
        for m in range(k):
            for i in range(reach):
                rows[k, i] -= work.factor[m, k] * rows[m, i]
        for i in range(reach):
            rows[k, i] /= work.factor[k, k]
        for i in range(reach):
            for j in range(i, reach):
                inverse[i, j] += rows[k, i] * rows[k, j]
                missed[i, j] -= basis[k, i] * basis[k, j]
    for i in range(dim):
        for j in range(i, dim):
            missed[i, j] += penalty * inverse[i, j]
            inverse[j, i], missed[j, i] = inverse[i, j], missed[i, j]


@spliced
def keep(values: FloatArray, order: IntArray, t: int, replicate: int, out: FloatArray) -> None:
    """The fields asked for, in that order; out axes (generation, field, replicate)."""
    for f in range(len(order)):
        out[t, f, replicate] = values[order[f]]
