"""The power of a swiss roll's transform: its average over directions, by the law of distances.

The roll is a curve in the plane times a segment, smoothed by N(0, noise^2 I). With D the distance
of two independent points of it before the noise, the average of |phi|^2 over |w| = r is
exp(-noise^2 r^2) E sin(r D) / (r D). D^2 is the sum of the squared distances of two points of the
curve and of two heights, which are independent; the curve's law is put into nodes first
(`theory.distances`), then that of D.

Nodes of the curve and of the height are Gauss and Legendre's, 32 a panel, dense enough for waves up
to the frequency asked for, or for what the noise leaves of them, if that is less: exact to 1e-12 of
the power at zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from theory.distances import Distances, law_of, pairs
from theory.spectrum import Spectrum, interpolated, spectrum_of_distances
from theory.workflow import UnsupportedWorkflow

FloatArray = npt.NDArray[np.float64]

FIRST, LAST, HEIGHT = 1.5 * math.pi, 4.5 * math.pi, 21.0
"""Ends of the angle, uniform; and of the height."""

VANISHED = 6.2  # frequencies times noise, from which on the power is below e^-38: taken as 0
WAVES = 48.0  # phase over a panel of 32 nodes, of the highest frequency
NOISES = 16.0  # standard deviations of the noise over a panel, if that is longer
NODES = 32
MOST_NODES = 2**13  # of the curve: 3e7 pairs, ten seconds
_OCTAVES = 2.0 ** np.arange(-10, 40)  # frequencies that laws are made for


def roll_power(noise: float, r: npt.ArrayLike) -> FloatArray:
    """Average of |E exp(i w'x)|^2 over |w| = r, axis (frequency,), of a roll with that noise.

    Raises:
        UnsupportedWorkflow: a frequency that needs more than 2^13 nodes.

    Example:
        >>> roll_power(0.05, [0.0, 0.1, 1.0, 10.0]).round(6)
        array([1.00000e+00, 6.42307e-01, 6.09300e-03, 4.50000e-05])
    """
    r = abs(np.asarray(r, dtype=np.float64))
    seen = np.where(r <= VANISHED / noise, r, 0.0)
    octave = int(np.searchsorted(_OCTAVES, seen.max(initial=0.0)))
    spectrum = _spectrum(noise, min(float(_OCTAVES[octave]), VANISHED / noise))
    return np.where(r <= VANISHED / noise, interpolated(spectrum, seen), 0.0)


@lru_cache(maxsize=32)
def _spectrum(noise: float, reach: float) -> Spectrum:
    """The power up to a frequency, as a series."""
    curve, curve_weights = _curve(noise, reach)
    widest = float(np.linalg.norm(curve.max(axis=0) - curve.min(axis=0)))
    plane = law_of(pairs(curve, curve_weights), widest, reach)
    longest = math.hypot(widest, HEIGHT)
    law = law_of(_raised(plane, *_gaps(noise, reach)), longest, reach)
    return spectrum_of_distances(law, longest, 3, reach, noise**2)


def _curve(noise: float, reach: float) -> tuple[FloatArray, FloatArray]:
    """Nodes of the curve, axes (node, 2), and weights; panels are equal in t^2, nearly in length.

    Raises:
        UnsupportedWorkflow: more nodes than are allowed.
    """
    low, high = FIRST**2, LAST**2
    longest = math.hypot(1, 1 / FIRST) / 2  # of the curve to the change of t^2
    square, weights = _panels(low, high, longest * (high - low), noise, reach)
    t = np.sqrt(square)
    shares = weights / (2 * t * (LAST - FIRST))
    return np.stack([t * np.cos(t), t * np.sin(t)], axis=1), shares


def _gaps(noise: float, reach: float) -> tuple[FloatArray, FloatArray]:
    """Nodes of the gap of two heights, whose density is 2 (1 - z/L) / L, and weights."""
    z, weights = _panels(0, HEIGHT, HEIGHT, noise, reach)
    return z, weights * 2 * (1 - z / HEIGHT) / HEIGHT


def _panels(
    low: float, high: float, length: float, noise: float, reach: float
) -> tuple[FloatArray, FloatArray]:
    """Gauss and Legendre's nodes on panels from low to high, along which lies so much length."""
    panels = math.ceil(min(length * reach / WAVES, length / (NOISES * noise)))
    if panels * NODES > MOST_NODES:
        raise UnsupportedWorkflow(
            f"the transform of a swiss roll with noise {noise:g} is known up to the frequency "
            f"{MOST_NODES / NODES * WAVES / length:.3g}, got {reach:.3g}: its nodes grow with "
            f"that; take more noise or a larger bandwidth"
        )
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    edges = np.linspace(low, high, max(panels, 1) + 1)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + nodes)).ravel(), (half * weights).ravel()


def _raised(
    plane: Distances, gaps: FloatArray, weights: FloatArray
) -> Iterator[tuple[FloatArray, FloatArray]]:
    for gap, weight in zip(gaps, weights, strict=True):
        yield np.hypot(plane.nodes, gap), weight * plane.weights
