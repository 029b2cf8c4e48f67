"""The MISE of the first two generations for any kernel, by quadrature in x space; truth N(0, 1).

As in :mod:`tests.oracles.kde_mise`, but a step is a bandwidth times a draw of the kernel K instead
of a Gaussian.  Two picks of the training set of fit t end in the density at 0 of a sum: noises of
the steps, two noises of the fit itself, and the difference of two draws of the truth if the two
rows are apart.

*Apart*: the mean of the N(0, 2) density over the noises, by a product of one rule for each noise
(kernels are smooth between their kinks, so Gauss-Legendre on each piece converges geometrically).
*Met*: two to four noises, by integrals of products of K_a and K_a * K_b, piece by piece: exact for
polynomial kernels but for rounding.

Kernels are those of scikit-learn: epanechnikov, uniform and triangular live on [-1, 1]; laplace is
exp(-|u|)/2.
"""

import math
from collections.abc import Callable, Sequence
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from tests.oracles.kde_lineage import ancestries
from tests.oracles.kde_mise import panel_rule
from tests.oracles.training_sets import Options

Array = NDArray[np.float64]

DENSITIES: dict[str, Callable[[Array], Array]] = {
    "epanechnikov": lambda u: np.where(np.abs(u) <= 1, 0.75 * (1 - u**2), 0.0),
    "uniform": lambda u: np.where(np.abs(u) <= 1, 0.5, 0.0),
    "triangular": lambda u: np.maximum(1 - np.abs(u), 0.0),
    "laplace": lambda u: 0.5 * np.exp(-np.abs(u)),
}
EDGES: dict[str, tuple[float, ...]] = {
    "epanechnikov": (-1.0, 1.0),
    "uniform": (-1.0, 1.0),
    "triangular": (-1.0, 0.0, 1.0),
    "laplace": (-40.0, -14.0, -6.0, -2.0, 0.0, 2.0, 6.0, 14.0, 40.0),
}
"""Where a kernel has kinks or jumps, and for laplace panels out to exp(-40)."""


def mise(
    kind: str,
    n: tuple[int, ...],
    bandwidths: Sequence[float],
    *,
    kernel: str,
    **options: Unpack[Options],
) -> list[float]:
    """Return E int (fhat_t - f_0)^2, t = 0..T with T = len(bandwidths) = 1 or 2, f_0 = N(0, 1)."""
    laws = ancestries(kind, n, len(bandwidths), labels=range(len(bandwidths)), **options)
    values = [0.0]
    for law, h in zip(laws[1:], bandwidths, strict=True):
        terms = [_smoothed(kernel, [])]
        for (apart, steps), p in law.pair.items():
            noises = _noises(steps, bandwidths) + [h, h]
            terms.append(float(p) * (_smoothed if apart else _at_zero)(kernel, noises))
        for steps, p in law.row.items():
            terms.append(-2 * float(p) * _smoothed(kernel, [*_noises(steps, bandwidths), h]))
        values.append(math.fsum(terms))
    return values


def _noises(steps: Sequence[int], bandwidths: Sequence[float]) -> list[float]:
    return [h for count, h in zip(steps, bandwidths, strict=True) for _ in range(count)]


def _smoothed(kernel: str, noises: list[float]) -> float:
    """Return the mean of the N(0, 2) density at a sum of independent kernel noises."""
    if kernel == "laplace":
        return _smoothed_laplace(noises)
    u, weights = panel_rule(np.array(EDGES[kernel]), 12)
    weights = weights * DENSITIES[kernel](u)
    sums, chances = np.zeros(1), np.ones(1)
    for h in noises:
        sums = np.add.outer(sums, h * u).ravel()
        chances = np.multiply.outer(chances, weights).ravel()
    return float(chances @ np.exp(-(sums**2) / 4)) / math.sqrt(4 * math.pi)


def _smoothed_laplace(noises: list[float]) -> float:
    """Laplace noise of scale h is sqrt(2 h^2 E) times a normal, E standard exponential.

    The sum is normal given the E's, and k noises of one scale have E's of sum Gamma(k).
    """
    e, weights = panel_rule(np.array([0.0, 0.5, 1.5, 3.5, 7.5, 15.0, 28.0, 45.0]), 16)
    variance, chances = np.full(1, 2.0), np.ones(1)
    for h in set(noises):
        k = noises.count(h)
        variance = np.add.outer(variance, 2 * h * h * e).ravel()
        gamma = weights * e ** (k - 1) * np.exp(-e) / math.factorial(k - 1)
        chances = np.multiply.outer(chances, gamma).ravel()
    return float(chances @ (2 * math.pi * variance) ** -0.5)


def _at_zero(kernel: str, noises: list[float]) -> float:
    """Return the density at 0 of a sum of two, three or four kernel noises."""
    *rest, a, b = noises
    if not rest:
        return float(_convolution(kernel, a, b, np.zeros(1))[0])
    if len(rest) == 1:
        # int K_c(x) (K_a * K_b)(x) dx
        x, weights = panel_rule(_edges(kernel, [rest[0]], [a, b]), 12)
        values = DENSITIES[kernel](x / rest[0]) / rest[0]
    else:
        x, weights = panel_rule(_edges(kernel, rest, [a, b]), 12)
        values = _convolution(kernel, rest[0], rest[1], x)
    return float(weights @ (values * _convolution(kernel, a, b, x)))


def _edges(kernel: str, first: list[float], second: list[float]) -> Array:
    """Return all points where the density of either sum may have a kink."""
    found: set[float] = set()
    for scales in (first, second):
        sums = {0.0}
        for h in scales:
            sums = {s + h * edge for s in sums for edge in EDGES[kernel]}
        found |= sums
    return np.array(sorted(found))


def _convolution(kernel: str, a: float, b: float, x: Array) -> Array:
    """Return (K_a * K_b)(x), each integral cut where either factor has a kink."""
    density, edges = DENSITIES[kernel], np.array(EDGES[kernel])
    cuts = np.concatenate([np.tile(a * edges, (len(x), 1)), x[:, None] - b * edges], axis=1)
    cuts.sort(axis=1)
    unit, weights = np.polynomial.legendre.leggauss(12)
    half = np.diff(cuts)[:, :, None] / 2
    y = (cuts[:, 1:] + cuts[:, :-1])[:, :, None] / 2 + half * unit
    values = density(y / a) / a * density((x[:, None, None] - y) / b) / b
    return np.asarray((half * weights * values).sum(axis=(1, 2)))
