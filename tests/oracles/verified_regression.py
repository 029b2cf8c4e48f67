"""Verified regression along one direction: closed forms, nested integrals, and label by label.

A label is y = theta + N(0, 1) in units of the noise; the verifier keeps it iff |y - c| <= L.
Everything is relative to the verifier's centre c = 0: the truth is d, the real fit N(d, 1/mu^2).
"""

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array = NDArray[np.float64]


def moments(u: float, half_width: float, digits: int = 60) -> tuple[float, float, float, float]:
    """Acceptance, mean, variance and third central moment by the closed forms, in many digits."""
    from mpmath import exp, mp, mpf, ncdf, pi, sqrt

    with mp.workdps(digits):
        a, b = -mpf(half_width) - mpf(u), mpf(half_width) - mpf(u)
        density = [exp(-(x**2) / 2) / sqrt(2 * pi) for x in (a, b)]
        z = ncdf(b) - ncdf(a)
        m1 = (density[0] - density[1]) / z
        e2 = 1 + (a * density[0] - b * density[1]) / z
        e3 = 2 * m1 + (a**2 * density[0] - b**2 * density[1]) / z
        return float(z), float(u + m1), float(e2 - m1**2), float(e3 - 3 * m1 * e2 + 2 * m1**3)


def two_rounds(d: float, mu: float, half_width: float, rows: int) -> list[tuple[float, float]]:
    """(E (u_t - d)^2, E u_t^2) for t = 1, 2, 3 under replace with one or two rows a round.

    By nested quadrature over the real fit and over every accepted label of both rounds.
    """
    z, wz = np.polynomial.hermite_e.hermegauss(60)
    start, share = d + z / mu, wz / wz.sum()
    x, w = np.polynomial.legendre.leggauss(40)
    x, w = half_width * x, half_width * w
    kernel = np.exp(-((x[None, :] - start[:, None]) ** 2) / 2) * w
    kernel /= kernel.sum(axis=1, keepdims=True)
    if rows == 1:
        first_points, first = x, kernel
    else:
        first_points = ((x[:, None] + x[None, :]) / 2).ravel()
        first = (kernel[:, :, None] * kernel[:, None, :]).reshape(len(start), -1)
    law = share @ first
    again = np.exp(-((x[None, :] - first_points[:, None]) ** 2) / 2) * w
    again /= again.sum(axis=1, keepdims=True)
    mean, square = again @ x, again @ x**2
    second = mean**2 + (square - mean**2) / rows
    return [
        (1 / mu**2, d**2 + 1 / mu**2),
        (float(law @ (first_points - d) ** 2), float(law @ first_points**2)),
        (float(law @ (second - 2 * d * mean + d**2)), float(law @ second)),
    ]


def label_by_label(
    kind: str,
    d: float,
    mu: float,
    half_width: float,
    rows: int,
    generations: int,
    runs: int,
    rng: Generator,
    *,
    window: int = 2,
) -> Array:
    """u_t of simulated chains, axes (generation - 1, run): written as the procedure is told."""
    found = np.empty((generations, runs))
    for run in range(runs):
        real = d + rng.standard_normal() / mu
        batches = [(mu**2, real)]
        for t in range(generations):
            if kind == "fresh" and t:
                real = d + rng.standard_normal() / mu
            pool = {
                "replace": batches[-1:],
                "accumulate": batches,
                "sliding-window": batches[-window:],
                "anchored": batches[:1] + batches[1:][-1:],
                "fresh": [(mu**2, real), *batches[1:][-1:]],
            }[kind]
            found[t, run] = sum(n * y for n, y in pool) / sum(n for n, _ in pool)
            labels: list[float] = []
            while len(labels) < rows:
                y = found[t, run] + rng.standard_normal()
                if abs(y) <= half_width:
                    labels.append(y)
            batches.append((rows, math.fsum(labels) / rows))
    return found
