"""Log densities of an estimate at fixed points: sums of kernels, kept from fit to fit.

A sum over rows is held as exp(-low) * total at each point, so that it never underflows: low is 0
where the rows are near, and the smallest exponent of the batch where they are far. Sums of two
batches merge, and so a pool that grows under a constant bandwidth costs its new rows only.
Exponents of single rows are in bits: the powers of two that they ask for are then exact.

Points lie side by side, axes (feature, point), and each row is met by all of them: the loops over
points fill the vector registers without changing the order of any sum.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from montecarlo.kernels import called, inlined, kernel, multiply_add

FloatArray = npt.NDArray[np.float64]

GAUSSIAN, LAPLACE, UNIFORM, EPANECHNIKOV, TRIANGULAR = 0, 1, 2, 3, 4
SHAPES = {
    "gaussian": GAUSSIAN,
    "laplace": LAPLACE,
    "uniform": UNIFORM,
    "epanechnikov": EPANECHNIKOV,
    "triangular": TRIANGULAR,
}

BIT = math.log(2.0)  # in nats
FURTHEST = np.float64(92.0)  # bits: an exponent beyond weighs less than 2.1e-28 of a row there
FLOOR = 1e-8  # a smaller mean weight of the rows is worked out from the nearest row
_TO_WHOLE = 1.5 * 2.0**52  # added to a small number it leaves no bits but those of its whole part


def _power_of_two() -> tuple[float, ...]:
    """Coefficients of 2^-x for |x| <= 1/2, the highest first, through the Chebyshev points."""
    near = np.polynomial.Chebyshev.interpolate(lambda x: np.exp2(-x), 10, domain=(-0.5, 0.5))
    found = near.convert(kind=np.polynomial.Polynomial, domain=(-1, 1)).coef
    return tuple(float(c) for c in found[::-1])


_C10, _C9, _C8, _C7, _C6, _C5, _C4, _C3, _C2, _C1, _C0 = _power_of_two()


@inlined
def decay(a: float) -> float:
    """2^-a for 0 <= a <= FURTHEST, in operations that a vector register can do.

    A polynomial of degree 10 in a less the nearest whole number, off by 8 eps or so; that number is
    then taken from the exponent in the polynomial's own bits.
    """
    shifted = np.float64(a + _TO_WHOLE)
    x = a - (shifted - _TO_WHOLE)
    p = multiply_add(x, _C10, _C9)
    p = multiply_add(x, p, _C8)
    p = multiply_add(x, p, _C7)
    p = multiply_add(x, p, _C6)
    p = multiply_add(x, p, _C5)
    p = multiply_add(x, p, _C4)
    p = multiply_add(x, p, _C3)
    p = multiply_add(x, p, _C2)
    p = multiply_add(x, p, _C1)
    p = np.float64(multiply_add(x, p, _C0))
    halvings = shifted.view(np.int64) << np.int64(52)
    return float(np.int64(p.view(np.int64) - halvings).view(np.float64))


@inlined
def exponents(
    shape: int, x: FloatArray, r: int, scale: float, points: FloatArray, size: int, out: FloatArray
) -> None:
    """-log2 k of row r at `size` points, up to a constant; |u| for a kernel of bounded support."""
    for i in range(len(points)):
        at = x[r, i]
        if shape != GAUSSIAN:
            for j in range(size):
                out[j] = abs(points[i, j] - at) * scale
        elif i == 0:
            for j in range(size):
                u = (points[i, j] - at) * scale
                out[j] = u * u
        else:
            for j in range(size):
                u = (points[i, j] - at) * scale
                out[j] += u * u


@called
def weigh(
    shape: int,
    x: FloatArray,
    first: int,
    last: int,
    scale: float,
    points: FloatArray,
    size: int,
    low: FloatArray,
    work: FloatArray,
    out: FloatArray,
) -> None:
    """Sums of 2^(low - exponent) over rows first..last - 1, at `size` points."""
    for j in range(size):
        out[j] = 0.0
    for r in range(first, last):
        exponents(shape, x, r, scale, points, size, work)
        for j in range(size):
            a = work[j] - low[j]
            out[j] += decay(a if a < FURTHEST else FURTHEST)


@called
def nearest(
    shape: int,
    x: FloatArray,
    first: int,
    last: int,
    scale: float,
    points: FloatArray,
    size: int,
    work: FloatArray,
    out: FloatArray,
) -> None:
    """The smallest exponent over rows first..last - 1, at `size` points."""
    for j in range(size):
        out[j] = np.inf
    for r in range(first, last):
        exponents(shape, x, r, scale, points, size, work)
        for j in range(size):
            out[j] = min(out[j], work[j])


@called
def weigh_bounded(
    shape: int,
    x: FloatArray,
    first: int,
    last: int,
    scale: float,
    points: FloatArray,
    work: FloatArray,
    out: FloatArray,
) -> None:
    """Add the sums of a kernel of bounded support over rows first..last - 1, axis (point,)."""
    for r in range(first, last):
        exponents(shape, x, r, scale, points, points.shape[1], work)
        for j in range(points.shape[1]):
            u = work[j]
            if shape == UNIFORM:
                out[j] += 1.0 if u <= 1.0 else 0.0
            elif shape == EPANECHNIKOV:
                out[j] += max(1.0 - u * u, 0.0)
            else:
                out[j] += max(1.0 - u, 0.0)


@inlined
def merge(low: FloatArray, total: FloatArray, j: int, other: float, more: float) -> None:
    """Add exp(-other) * more to exp(-low) * total at point j."""
    if other < low[j]:
        total[j] = total[j] * math.exp(other - low[j]) + more
        low[j] = other
    elif other == low[j]:
        total[j] += more
    else:
        total[j] += more * math.exp(low[j] - other)


@kernel
def add_kernels(
    shape: int,
    x: FloatArray,
    first: int,
    last: int,
    bandwidth: float,
    points: FloatArray,
    work: FloatArray,
    low: FloatArray,
    total: FloatArray,
) -> None:
    """Add rows first..last - 1 to the sums exp(-low) * total of the kernel, axis (point,).

    Points whose rows are far, by FLOOR, are gathered and weighed again from their nearest row.
    `work` is scratch, axes (4 + feature, point).
    """
    size, far, fresh, scale = points.shape[1], 0, work[1], 1.0 / bandwidth
    if shape == GAUSSIAN:
        scale *= math.sqrt(0.5 / BIT)
    elif shape == LAPLACE:
        scale /= BIT
    else:
        for j in range(size):
            low[j] = 0.0
        weigh_bounded(shape, x, first, last, scale, points, work[0], total)
        return
    for j in range(size):
        work[2, j] = 0.0
    weigh(shape, x, first, last, scale, points, size, work[2], work[0], fresh)
    floor, tail = FLOOR * (last - first), work[4:]
    for j in range(size):
        if fresh[j] < floor:
            work[3, far] = j
            for i in range(len(points)):
                tail[i, far] = points[i, j]
            far += 1
        else:
            merge(low, total, j, 0.0, fresh[j])
    if far:
        nearest(shape, x, first, last, scale, tail, far, work[0], work[2])
        weigh(shape, x, first, last, scale, tail, far, work[2], work[0], fresh)
        for k in range(far):
            merge(low, total, int(work[3, k]), work[2, k] * BIT, fresh[k])


def log_height(shape: int, bandwidth: npt.ArrayLike, dim: int) -> FloatArray:
    """Log of the factor of the sums: the density of one row at a distance of exponent 0."""
    h = np.asarray(bandwidth, dtype=np.float64)
    heights = {
        GAUSSIAN: (2 * math.pi) ** (-dim / 2), LAPLACE: 0.5, UNIFORM: 0.5, EPANECHNIKOV: 0.75,
        TRIANGULAR: 1.0,
    }  # fmt: skip
    found: FloatArray = math.log(heights[shape]) - dim * np.log(h)
    return found


def log_density(
    rows: npt.ArrayLike, points: npt.ArrayLike, bandwidth: float, kernel: str = "gaussian"
) -> FloatArray:
    """Log of a kernel density estimate at the points, in nats, axis (point,).

    The exact sum over rows, also where the density underflows; -inf out of the reach of a kernel
    of bounded support.

    Args:
        rows: that it is fitted to, axes (row, feature).
        points: axes (point, feature).
        bandwidth: h > 0.
        kernel: as in `KdeChain`.

    Example:
        >>> log_density([[0.0], [1.0]], [[0.0]], 1.0)
        array([-1.138009])
    """
    x = np.ascontiguousarray(rows, dtype=np.float64)
    y = np.ascontiguousarray(np.asarray(points, dtype=np.float64).T)
    low, total = np.full(y.shape[1], np.inf), np.zeros(y.shape[1])
    work = np.empty((4 + len(y), y.shape[1]))
    add_kernels(SHAPES[kernel], x, 0, len(x), bandwidth, y, work, low, total)
    height = float(log_height(SHAPES[kernel], bandwidth, len(y)))
    with np.errstate(divide="ignore"):
        found: FloatArray = np.log(total / len(x)) - low + height
    return found
