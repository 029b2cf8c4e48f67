"""Tables of the law of a batch's mean: n accepted variates, drawn as one number.

An accepted variate has density e^{u w} g(w)/M(u) on [-L, L], g the standard normal density: the
mean of n of them has e^{n u s} h(s)/M(u)^n, with one function h for every u. log h is concave. It
is tabulated once a number of rows, by the Fourier series of that mean at many u, each used where
its own law has its weight, and interpolated by a cubic spline. `batches` draws from it exactly.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

FEWEST = 12  # rows: fewer are drawn one by one, and their density has edges that a spline misses
MOST = 100_000  # rows: with more the spline would show
WIDEST = 6.0  # half-widths: above, one variate takes more nodes
KNOTS = 1024
TOUCHES = 2048  # u at which the envelope's place is tabulated
_NODES = 96  # of Gauss and Legendre's rule for one variate
_EDGE = 0.9  # of L: means beyond are drawn row by row


class MeanTable(NamedTuple):
    """log h at equal steps, and where its envelope touches it at equal steps of u.

    Attributes:
        low: the first knot.
        per_step: knots a unit.
        values: log h at the knots.
        second: its second derivatives there, of a cubic spline, times step^2/6.
        curvature: the least -(log h)'' of the spline, > 0.
        reach: largest |u|.
        modes: of the laws at 2048 equally spaced u in -reach..reach.
        tops: log h there.
    """

    low: float
    per_step: float
    values: FloatArray
    second: FloatArray
    curvature: float
    reach: float
    modes: FloatArray
    tops: FloatArray


@lru_cache(maxsize=256)
def mean_table(half_width: float, rows: int) -> MeanTable | None:
    """The table for the mean of `rows` accepted variates; None for so few, many or wide.

    None also where log h came out convex somewhere, by rounding or an edge: no envelope holds.
    """
    from scipy.interpolate import CubicSpline

    if not FEWEST <= rows <= MOST or half_width > WIDEST:
        return None
    knots = np.linspace(-_EDGE * half_width, _EDGE * half_width, KNOTS)
    step = float(knots[1] - knots[0])
    spline = CubicSpline(knots, _log_density(half_width, rows, knots))
    second = np.asarray(spline(knots, 2))
    fine = np.linspace(knots[8], knots[-9], 16 * KNOTS)
    slopes = -np.asarray(spline(fine, 1)) / rows
    curvature = float(-second.max())
    if not (curvature > 0 and (np.diff(slopes) > 0).all()):
        return None
    reach = min(float(slopes[-1]), -float(slopes[0]), half_width + 6)
    modes = np.interp(np.linspace(-reach, reach, TOUCHES), slopes, fine)
    return MeanTable(
        float(knots[0]), 1 / step, np.asarray(spline(knots)), second * step**2 / 6, curvature,
        reach, modes, np.asarray(spline(modes)),
    )  # fmt: skip


def _log_density(half_width: float, rows: int, knots: FloatArray) -> FloatArray:
    """log h at the knots: of the law of the u whose mean is nearest, tilted back."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    tilts = _tilts(half_width, rows)
    w = half_width * nodes
    exponent = tilts[:, None] * w - w**2 / 2
    top = exponent.max(axis=1, keepdims=True)
    density = weights * half_width * np.exp(exponent - top)
    total = density.sum(axis=1, keepdims=True)
    density /= total
    log_m = np.log(total[:, 0]) + top[:, 0]
    means = density @ w
    found = np.empty(len(knots))
    nearest = np.abs(knots[:, None] - means).argmin(axis=1)
    for b in np.unique(nearest):
        here = nearest == b
        spread = float(np.sqrt(density[b] @ (w - means[b]) ** 2 / rows))
        found[here] = (
            np.log(_fourier(w, density[b], rows, half_width, spread, knots[here]))
            - rows * tilts[b] * knots[here]
            + rows * log_m[b]
        )
    return found


def _tilts(half_width: float, rows: int) -> FloatArray:
    """u from far on one side to far on the other, whose means reach beyond the knots."""
    far = 1.5 / ((1 - _EDGE) * half_width) + half_width
    grid = np.linspace(-1, 1, 192 + 4 * int(rows**0.5))
    return np.asarray(far * np.sinh(4 * grid) / np.sinh(4))


def _fourier(
    w: FloatArray, density: FloatArray, rows: int, half_width: float, spread: float, at: FloatArray
) -> FloatArray:
    """Density of the mean of `rows` variates of that law at some points, by its Fourier series.

    The mean lies within [-L, L], so the series over that period is exact; its terms are summed
    until they have died out, which they do like those of a normal law.
    """
    terms = 14 * (1 + 40 / rows) * half_width / (np.pi * spread)
    frequency = np.arange(1, int(terms) + 2) * np.pi / half_width
    series = (np.exp(1j * frequency[:, None] / rows * w) @ density) ** rows
    waves = np.real(np.exp(-1j * at[:, None] * frequency) @ series)
    return np.asarray((1 + 2 * waves) / (2 * half_width))
