"""Curves of the kernel density chain with a Gaussian kernel, in x space, from its ancestries.

A training row is a draw X of the truth plus steps of total variance s; the fit puts a Gaussian of
variance h_t^2 on it.  So E fhat_t is a mixture of the truths smoothed by N(0, s + h_t^2), and

    E int fhat_t^2 = E over two picks, density at 0 of (difference of the rows) + N(0, 2 h_t^2),
    E int fhat_t f_0 = E over one pick, density at 0 of X - X' + N(0, s + h_t^2),

X' another draw.  Both need one function of the truth only, its *overlap* at variance v,

    overlap(v) = density at 0 of X - X' + N(0, v) = int int f_0(x) f_0(y) phi_v(x - y) dx dy,

overlap(0) = int f_0^2; two rows that have met give (2 pi v)^(-d/2) in its place.  v is the variance
of each coordinate.  Bandwidths are h_1, h_2, ..., entry t - 1 for fit t; arrays returned have index
t, entry 0 the truth.  No frequency and no transform occurs.
"""

import math
from collections.abc import Callable, Sequence
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from tests.oracles.kde_lineage import Ancestry, Steps, ancestries
from tests.oracles.training_sets import Options

Array = NDArray[np.float64]
Overlap = Callable[[float], float]


def fits(
    kind: str, n: tuple[int, ...], bandwidths: Sequence[float], **options: Unpack[Options]
) -> tuple[list[Ancestry], list[float]]:
    """Return the ancestries, t = 0..T, steps by distinct bandwidth, and these bandwidths."""
    distinct = list(dict.fromkeys(bandwidths))
    labels = [distinct.index(h) for h in bandwidths]
    return ancestries(kind, n, len(bandwidths), labels=labels, **options), distinct


def mise(
    kind: str,
    n: tuple[int, ...],
    bandwidths: Sequence[float],
    *,
    overlap: Overlap,
    dim: int = 1,
    **options: Unpack[Options],
) -> list[float]:
    """Return E int (fhat_t - f_0)^2, t = 0..T."""
    laws, distinct = fits(kind, n, bandwidths, **options)
    values = [0.0]
    for law, h in zip(laws[1:], bandwidths, strict=True):
        values.append(_mise(law, h, distinct, overlap, dim))
    return values


def _mise(law: Ancestry, h: float, distinct: list[float], overlap: Overlap, dim: int) -> float:
    terms = [overlap(0.0)]
    for (apart, steps), p in law.pair.items():
        v = _variance(steps, distinct) + 2 * h * h
        terms.append(float(p) * (overlap(v) if apart else (2 * math.pi * v) ** (-dim / 2)))
    for steps, p in law.row.items():
        terms.append(-2 * float(p) * overlap(_variance(steps, distinct) + h * h))
    return math.fsum(terms)


def mean_density_errors(
    kind: str,
    n: tuple[int, ...],
    bandwidths: Sequence[float],
    *,
    overlap: Overlap,
    **options: Unpack[Options],
) -> list[float]:
    """Return int (E fhat_t - f_0)^2, t = 0..T."""
    laws, distinct = fits(kind, n, bandwidths, **options)
    values = [0.0]
    for law, h in zip(laws[1:], bandwidths, strict=True):
        added = [(float(p), _variance(s, distinct) + h * h) for s, p in law.row.items()]
        terms = [overlap(0.0)] + [-2 * p * overlap(v) for p, v in added]
        terms += [p * q * overlap(v + w) for p, v in added for q, w in added]
        values.append(math.fsum(terms))
    return values


def extra_variances(
    kind: str, n: tuple[int, ...], bandwidths: Sequence[float], **options: Unpack[Options]
) -> list[float]:
    """Return the variance of E fhat_t (each coordinate) less that of the truth, t = 0..T.

    The kernel has unit variance; with another one, multiply.
    """
    laws, distinct = fits(kind, n, bandwidths, **options)
    return [0.0] + [
        math.fsum(float(p) * _variance(steps, distinct) for steps, p in law.row.items()) + h * h
        for law, h in zip(laws[1:], bandwidths, strict=True)
    ]


def cloud_moments(
    kind: str,
    n: tuple[int, ...],
    bandwidths: Sequence[float],
    *,
    variance: float = 1.0,
    **options: Unpack[Options],
) -> list[tuple[float, float]]:
    """Return (V, M) of the rows trained on, t = 0..T, each coordinate; entry 0 is (variance, 0).

    V is the expected variance (ddof 0) of the training rows, half the mean square of the difference
    of two picks; M is E (mean of the training rows - true mean)^2 = E x^2 - V.
    """
    laws, distinct = fits(kind, n, bandwidths, **options)
    moments = [(variance, 0.0)]
    for law in laws[1:]:
        spread = math.fsum(
            float(p) * (2 * variance * apart + _variance(steps, distinct)) / 2
            for (apart, steps), p in law.pair.items()
        )
        square = variance + math.fsum(float(p) * _variance(s, distinct) for s, p in law.row.items())
        moments.append((spread, square - spread))
    return moments


def mean_densities(
    kind: str,
    n: tuple[int, ...],
    bandwidths: Sequence[float],
    *,
    smoothed: Callable[[float], Array],
    **options: Unpack[Options],
) -> list[Array]:
    """Return E fhat_t, t = 0..T, at the points where ``smoothed(v)`` gives f_0 * N(0, v)."""
    laws, distinct = fits(kind, n, bandwidths, **options)
    values = [smoothed(0.0)]
    for law, h in zip(laws[1:], bandwidths, strict=True):
        parts = [float(p) * smoothed(_variance(s, distinct) + h * h) for s, p in law.row.items()]
        values.append(np.sum(parts, axis=0))
    return values


def normal_excess_nll_lower(
    kind: str, n: tuple[int, ...], bandwidths: Sequence[float], **options: Unpack[Options]
) -> list[float]:
    """Return int f_0 log(f_0 / E fhat_t) in nats, t = 0..T, for f_0 = N(0, 1)."""
    x, weights = panel_rule(np.linspace(-12, 12, 49), 12)

    def smoothed(v: float) -> Array:
        return np.exp(-(x**2) / (2 * (1 + v))) / math.sqrt(2 * math.pi * (1 + v))

    densities = mean_densities(kind, n, bandwidths, smoothed=smoothed, **options)
    truth = weights * densities[0]
    return [float(truth @ np.log(densities[0] / density)) for density in densities]


def augmentation_mise(
    real: int,
    generator_rows: int,
    synthetic: int,
    bandwidths: tuple[float, float],
    *,
    overlap: Overlap,
    dim: int = 1,
) -> float:
    """Return the MISE of one fit to ``real`` rows and ``synthetic`` rows of a generator.

    The generator is fitted with bandwidth h_1 on ``generator_rows`` of the real rows, the fit has
    bandwidth h_2 and gives all rows the same weight.
    """
    h, last = bandwidths
    pool = real + synthetic
    same, parent = 1 / generator_rows, 1 / real

    def met(v: float) -> float:
        return (2 * math.pi * (v + 2 * last * last)) ** (-dim / 2)

    def apart(v: float) -> float:
        return overlap(v + 2 * last * last)

    pairs = [
        (pool, met(0.0)),
        (real * (real - 1), apart(0.0)),
        (2 * real * synthetic * parent, met(h * h)),
        (2 * real * synthetic * (1 - parent), apart(h * h)),
        (synthetic * (synthetic - 1) * same, met(2 * h * h)),
        (synthetic * (synthetic - 1) * (1 - same), apart(2 * h * h)),
    ]
    square = math.fsum(count * value for count, value in pairs) / pool**2
    cross = (real * overlap(last * last) + synthetic * overlap(h * h + last * last)) / pool
    return square - 2 * cross + overlap(0.0)


# --- overlaps ------------------------------------------------------------------------------------


def normal_overlap(dim: int = 1, variance: float = 1.0) -> Overlap:
    """Return the overlap of N(0, variance I)."""
    return lambda v: float((2 * math.pi * (2 * variance + v)) ** (-dim / 2))


def mixture_overlap(weights: Array, means: Array, covariances: Array) -> Overlap:
    """Return the overlap of a Gaussian mixture, axes (component, feature, feature)."""
    eye = np.eye(means.shape[1])

    def overlap(v: float) -> float:
        total = 0.0
        for w, mean, cov in zip(weights, means, covariances, strict=True):
            for u, other, another in zip(weights, means, covariances, strict=True):
                sigma, gap = cov + another + v * eye, mean - other
                root = math.sqrt(np.linalg.det(2 * math.pi * sigma))
                total += w * u * math.exp(-gap @ np.linalg.solve(sigma, gap) / 2) / root
        return total

    return overlap


def density_overlap(density: Callable[[Array], Array], nodes: Array, weights: Array) -> Overlap:
    """Return the overlap of a univariate density, by a rule that integrates it and its square.

    The rule must resolve N(0, v) at the smallest v asked for, and may stop where the integral of
    the squared density beyond is negligible: no other tail enters.
    """
    mass = weights * density(nodes)
    square = (nodes[:, None] - nodes) ** 2

    def overlap(v: float) -> float:
        if v == 0:
            return float(mass @ density(nodes))
        return float(mass @ np.exp(-square / (2 * v)) @ mass / math.sqrt(2 * math.pi * v))

    return overlap


def panel_rule(breakpoints: Array, points: int) -> tuple[Array, Array]:
    """Return Gauss-Legendre nodes and weights, ``points`` between each two breakpoints."""
    unit, unit_weights = np.polynomial.legendre.leggauss(points)
    half = np.diff(breakpoints)[:, None] / 2
    middle = (breakpoints[1:] + breakpoints[:-1])[:, None] / 2
    return (middle + half * unit).ravel(), (half * unit_weights).ravel()


def _variance(steps: Steps, distinct: list[float]) -> float:
    return math.fsum(count * h * h for count, h in zip(steps, distinct, strict=True))
