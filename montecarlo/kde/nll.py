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
from theory.kde import KdeChain
from theory.truths import Normal

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
    then taken from the exponent in the polynomial's own bits. Pairs of coefficients, then pairs of
    pairs (Estrin): Horner's chain of ten would wait for itself.
    """
    shifted = np.float64(a + _TO_WHOLE)
    x = a - (shifted - _TO_WHOLE)
    square = x * x
    fourth = square * square
    low = multiply_add(square, multiply_add(x, _C3, _C2), multiply_add(x, _C1, _C0))
    high = multiply_add(square, multiply_add(x, _C7, _C6), multiply_add(x, _C5, _C4))
    top = multiply_add(square, _C10, multiply_add(x, _C9, _C8))
    p = np.float64(multiply_add(fourth, multiply_add(fourth, top, high), low))
    halvings = shifted.view(np.int64) << np.int64(52)
    return float(np.int64(p.view(np.int64) - halvings).view(np.float64))


@inlined
def exponents(
    shape: int,
    x: FloatArray,
    r: int,
    scale: float,
    points: FloatArray,
    size: int,
    low: FloatArray,
    out: FloatArray,
) -> None:
    """-log2 k of row r at `size` points less `low`, up to a constant; |u| for a bounded kernel."""
    for i in range(len(points)):
        at = x[r, i]
        if shape != GAUSSIAN:
            for j in range(size):
                out[j] = multiply_add(abs(points[i, j] - at), scale, -low[j])
        elif i == 0:
            for j in range(size):
                u = (points[i, j] - at) * scale
                out[j] = multiply_add(u, u, -low[j])
        else:
            for j in range(size):
                u = (points[i, j] - at) * scale
                out[j] = multiply_add(u, u, out[j])


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
    """Sums of 2^(low - exponent) over rows first..last - 1, at `size` points.

    Two rows at a time share what is loaded: the constants of `decay` fill the registers.
    """
    for j in range(size):
        out[j] = 0.0
    for r in range(first, last - 1, 2):
        exponents(shape, x, r, scale, points, size, low, work[0])
        exponents(shape, x, r + 1, scale, points, size, low, work[1])
        for j in range(size):
            a, b = work[0, j], work[1, j]
            a, b = a if a < FURTHEST else FURTHEST, b if b < FURTHEST else FURTHEST
            out[j] += decay(a) + decay(b)
    if (last - first) % 2:
        exponents(shape, x, last - 1, scale, points, size, low, work[0])
        for j in range(size):
            a = work[0, j]
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
    none: FloatArray,
    work: FloatArray,
    out: FloatArray,
) -> None:
    """The smallest exponent over rows first..last - 1, at `size` points; `none` is zeros."""
    for j in range(size):
        out[j] = np.inf
    for r in range(first, last):
        exponents(shape, x, r, scale, points, size, none, work)
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
    none: FloatArray,
    work: FloatArray,
    out: FloatArray,
) -> None:
    """Add the sums of a bounded kernel over rows first..last - 1; `none` is zeros."""
    for r in range(first, last):
        exponents(shape, x, r, scale, points, points.shape[1], none, work)
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
    `work` is scratch, axes (6 + feature, point).
    """
    size, far, scale = points.shape[1], 0, 1.0 / bandwidth
    fresh, none, where, near, tail = work[2], work[3], work[4], work[5], work[6:]
    for j in range(size):
        none[j] = 0.0
    if shape == GAUSSIAN:
        scale *= math.sqrt(0.5 / BIT)
    elif shape == LAPLACE:
        scale /= BIT
    else:
        for j in range(size):
            low[j] = 0.0
        weigh_bounded(shape, x, first, last, scale, points, none, work[0], total)
        return
    weigh(shape, x, first, last, scale, points, size, none, work, fresh)
    floor = FLOOR * (last - first)
    for j in range(size):
        if fresh[j] < floor:
            where[far] = j
            for i in range(len(points)):
                tail[i, far] = points[i, j]
            far += 1
        else:
            merge(low, total, j, 0.0, fresh[j])
    if far:
        nearest(shape, x, first, last, scale, tail, far, none, work[0], near)
        weigh(shape, x, first, last, scale, tail, far, near, work, fresh)
        for k in range(far):
            if near[k] < math.inf:  # else no kernel reaches there in any number that can be written
                merge(low, total, int(where[k]), near[k] * BIT, fresh[k])


def log_height(shape: int, bandwidth: npt.ArrayLike, dim: int) -> FloatArray:
    """Log of the factor of the sums: the density of one row at a distance of exponent 0."""
    h = np.asarray(bandwidth, dtype=np.float64)
    heights = {
        GAUSSIAN: (2 * math.pi) ** (-dim / 2), LAPLACE: 0.5, UNIFORM: 0.5, EPANECHNIKOV: 0.75,
        TRIANGULAR: 1.0,
    }  # fmt: skip
    found: FloatArray = math.log(heights[shape]) - dim * np.log(h)
    return found


def checked(name: str, given: npt.ArrayLike, columns: int | None = None) -> FloatArray:
    """Rows or points as a table, axes (row, feature); one axis is a column.

    Raises:
        ValueError: no rows, another number of columns, an entry that is not finite.
    """
    table = np.asarray(given, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 and columns in (None, 1) else table
    if table.ndim != 2 or not table.size or columns not in (None, table.shape[1]):
        wanted = "rows of at least one" if columns is None else f"{columns}"
        raise ValueError(f"{name} must have {wanted} columns, got shape {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError(f"{name} must be finite, got {table[~np.isfinite(table)][0]}")
    return table


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

    Raises:
        ValueError: NaN or another number of columns, a bandwidth that is not a finite number > 0,
            an unknown kernel.

    Example:
        >>> log_density([[0.0], [1.0]], [[0.0]], 1.0)
        array([-1.138009])
    """
    x = np.ascontiguousarray(checked("rows", rows))
    y = np.ascontiguousarray(checked("points", points, x.shape[1]).T)
    h = float(KdeChain(Normal(len(y)), float(bandwidth), kernel).bandwidth)  # refuses what it must
    shape = SHAPES[kernel]
    low, total = np.full(y.shape[1], np.inf), np.zeros(y.shape[1])
    work = np.empty((6 + len(y), y.shape[1]))
    height = float(log_height(shape, h, len(y)))
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # out of every number
        add_kernels(shape, x, 0, len(x), h, y, work, low, total)
        found: FloatArray = np.log(total / len(x)) - low + height
    return found
