"""Spherical average of |phi_0|^2 of a Gaussian mixture: a sum over pairs of components.

A pair at distance D with isotropic covariances of variances s, s' has the average
exp(-r^2 (s+s')/2) J(r D), with J = cos in one dimension, J_0 in two, sin(x)/x in three and
Gamma(d/2) (2/x)^(d/2-1) J_(d/2-1)(x) in any: exact. Other covariances take quadrature over angles,
in two and three dimensions, with nodes enough for rounding; in more, an inverse Laplace transform
to 2e-11 of the largest value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from theory.distances import Distances, law_of, pairs

if TYPE_CHECKING:
    from theory.mixture import GaussianMixture

FloatArray = npt.NDArray[np.float64]

BLOCK = 2**21  # entries of a table of pairs and frequencies
MANY = 40  # components, from which on the average is interpolated
MOST_CONTOUR = 64  # nodes of an inverse Laplace transform
_REACH = 9.0  # frequencies in units of one over the narrowest deviation: the power is e^-81 there


def mixture_power(mixture: GaussianMixture, r: npt.ArrayLike) -> FloatArray:
    """Average of |phi_0(w)|^2 over |w| = r, axis (frequency,)."""
    r = abs(np.asarray(r, dtype=np.float64))
    if mixture.dim == 1:
        return np.asarray(abs(mixture.characteristic(r)) ** 2)
    if not mixture.isotropic:
        return _anisotropic(mixture, r)
    if len(mixture.weights) < MANY:
        return _isotropic(mixture, r)
    return interpolated(mixture.spectrum, r)


def _pairs(mixture: GaussianMixture) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    return np.triu_indices(len(mixture.weights))


@dataclass(frozen=True, eq=False)
class Spectrum:
    """exp(s r^2) times the average, s the smallest variance, as a Chebyshev series on [0, reach].

    Without its Gaussian factor the average is a function of exponential type D, the largest
    distance of two means: so many terms as D reach / 2 and some 60 more are exact to rounding.
    """

    coefficients: FloatArray
    reach: float
    variance: float


def spectrum_of(mixture: GaussianMixture) -> Spectrum:
    """The series of a mixture with isotropic covariances.

    Components of one variance are known by the law of their distances alone: what 1,000 of them
    cost is the distances, once.
    """
    variance = float(mixture.variances.min())
    reach = _REACH / math.sqrt(variance)
    extent = mixture.centres.max(axis=0) - mixture.centres.min(axis=0)
    longest = float(np.linalg.norm(extent))
    curved = float(np.ptp(mixture.variances)) * reach**2
    if curved == 0:
        law = law_of(pairs(mixture.centres, mixture.shares), longest, reach)
        return spectrum_of_distances(law, longest, mixture.dim, reach, variance)
    more = min(curved, 8 * math.sqrt(curved))
    return _series(
        lambda r: _isotropic(mixture, r, variance), longest * reach / 2 + more, reach, variance
    )


def spectrum_of_distances(
    law: Distances, longest: float, dim: int, reach: float, variance: float
) -> Spectrum:
    """The series of a law of distances, up to a frequency that the law holds for."""

    def average(r: FloatArray) -> FloatArray:
        step = max(1, BLOCK // len(law.nodes))
        parts = [r[start : start + step] for start in range(0, len(r), step)]
        return np.concatenate(
            [sphere_average(np.outer(part, law.nodes), dim) @ law.weights for part in parts]
        )

    return _series(average, longest * reach / 2, reach, variance)


def _series(
    average: Callable[[FloatArray], FloatArray], wave: float, reach: float, variance: float
) -> Spectrum:
    from scipy.fft import dct

    count = math.ceil(wave + 4 * wave ** (1 / 3)) + 60
    angles = math.pi * (np.arange(count) + 0.5) / count
    coefficients = dct(average(reach * (1 + np.cos(angles)) / 2), type=2) / count
    coefficients[0] /= 2
    return Spectrum(coefficients, reach, variance)


def interpolated(spectrum: Spectrum, r: FloatArray) -> FloatArray:
    """The average at any r; 0 beyond the reach."""
    x = np.minimum(2 * r / spectrum.reach - 1, 1)
    wave = np.polynomial.chebyshev.chebval(x, spectrum.coefficients)
    value = np.maximum(wave, 0) * np.exp(-(r**2) * spectrum.variance)
    return np.asarray(np.where(r <= spectrum.reach, value, 0.0))


def _isotropic(mixture: GaussianMixture, r: FloatArray, undamped: float = 0.0) -> FloatArray:
    first, second = _pairs(mixture)
    weights = mixture.shares[first] * mixture.shares[second] * np.where(first == second, 1, 2)
    centres, variances = mixture.centres, mixture.variances
    total = np.zeros_like(r)
    step = max(1, BLOCK // max(1, len(r)))
    for start in range(0, len(weights), step):
        i, j = first[start : start + step], second[start : start + step]
        distance = np.sqrt(((centres[i] - centres[j]) ** 2).sum(axis=1))
        spread = variances[i] + variances[j] - 2 * undamped
        damping = (
            np.exp(-np.outer(spread, r**2) / 2)
            if np.ptp(spread)
            else (np.exp(-spread[0] * r**2 / 2))
        )
        wave = sphere_average(np.outer(distance, r), mixture.dim)
        total += weights[start : start + step] @ (wave * damping)
    return total


def sphere_average(x: npt.ArrayLike, dim: int) -> FloatArray:
    """Average of cos(u'x) over unit vectors u, by |x|.

    Example:
        >>> sphere_average([0.0, 1.0], 3)
        array([1.        , 0.84147098])
    """
    from scipy import special

    x = np.asarray(x, dtype=np.float64)
    if dim == 1:
        return np.asarray(np.cos(x))
    if dim == 2:
        return np.asarray(special.j0(x))
    if dim == 3:
        return np.asarray(np.sinc(x / math.pi))
    order = dim / 2 - 1
    small = x < 0.1 * math.sqrt(dim)
    safe = np.where(small, 1.0, x)
    log = math.lgamma(dim / 2) + order * np.log(2 / safe)
    closed = np.exp(log) * special.jv(order, safe)
    z, series, term = -(x**2) / 4, np.ones_like(x), np.ones_like(x)
    for k in range(1, 9):
        term = term * np.where(small, z, 0) / (k * (order + k))
        series = series + term
    return np.asarray(np.where(small, series, closed))


def _anisotropic(mixture: GaussianMixture, r: FloatArray) -> FloatArray:
    """Every pair through the eigenvectors of the sum of its covariances."""
    first, second = _pairs(mixture)
    total = np.zeros_like(r)
    for i, j in zip(first, second, strict=True):
        weight = mixture.shares[i] * mixture.shares[j] * (1 if i == j else 2)
        eigenvalues, frame = np.linalg.eigh(mixture.matrices[i] + mixture.matrices[j])
        shift = frame.T @ (mixture.centres[i] - mixture.centres[j])
        total += weight * gaussian_sphere_average(eigenvalues, shift, r)
    return total


def gaussian_sphere_average(
    eigenvalues: FloatArray, shift: FloatArray, r: FloatArray, nodes: int = 200
) -> FloatArray:
    """Average over |w| = r of cos(w'shift) exp(-sum eigenvalues w^2 / 2), axis (frequency,).

    In the plane by the trapezoid rule over angles, in space by it and Gauss-Legendre over heights,
    with nodes for the oscillation of shift: both converge faster than any power.
    """
    dim = len(shift)
    if dim > 3:
        return _by_inverse_laplace(eigenvalues, shift, r)
    reach = float((r * np.linalg.norm(shift)).max(initial=0.0))
    curved = float((r**2).max(initial=0.0) * np.ptp(eigenvalues) / 2)
    count = nodes // 4 + 2 * math.ceil(reach + min(curved, 40 * math.sqrt(curved + 1)))
    angles = 2 * math.pi * (np.arange(count) + 0.5) / count
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if dim == 2:
        units, weights = circle, np.full(count, 1 / count)
    else:
        heights, shares = np.polynomial.legendre.leggauss(count)
        ring = np.sqrt(1 - heights**2)[:, None, None] * circle
        tops = np.broadcast_to(heights[:, None, None], (count, count, 1))
        units = np.concatenate([ring, tops], axis=2).reshape(-1, 3)
        weights = np.repeat(shares / 2, count) / count
    spread, phase = units**2 @ eigenvalues / 2, units @ shift
    total = np.zeros_like(r)
    step = max(1, BLOCK // len(units))
    for start in range(0, len(r), step):
        part = r[start : start + step]
        total[start : start + step] = (
            np.cos(np.outer(part, phase)) * np.exp(-np.outer(part**2, spread))
        ) @ weights
    return total


def _by_inverse_laplace(eigenvalues: FloatArray, shift: FloatArray, r: FloatArray) -> FloatArray:
    """The same in any dimension, on the contour of Trefethen, Weideman and Schmelzer (2006).

    With p the variable of r^2, int exp(-p |w|^2) exp(i w'D - w'Cw/2) dw is, but for pi^(d/2), the
    product of (p + c_j/2)^(-1/2) exp(-D_j^2 / (4p + 2c_j)): its inverse at r^2 is the average times
    r^(d-2) / Gamma(d/2). Rounding grows with the nodes, and the nodes with |D|^2 / c: 48 are good
    to 1e-12, the most allowed, 64, to 2e-11.

    Raises:
        UnsupportedWorkflow: means so far apart that more nodes were needed.
    """
    from theory.workflow import UnsupportedWorkflow

    least, distance = float(eigenvalues.min()), float(np.linalg.norm(shift))
    count = max(32, 2 * math.ceil(distance**2 / (8 * least)) + 6)
    if count > MOST_CONTOUR:
        raise UnsupportedWorkflow(
            f"a mixture in dim={len(shift)} with covariances that are no multiples of the identity "
            f"is known for means within {math.sqrt(4 * least * (MOST_CONTOUR - 6)):.3g} of each "
            f"other, got {distance:.3g}: use isotropic covariances"
        )
    theta = (2 * np.arange(count) + 1) * math.pi / count - math.pi
    slant = 0.6407 * theta
    contour = count * (0.5017 * theta / np.tan(slant) - 0.6122 + 0.2645j * theta)
    turn = 0.5017 / np.tan(slant) - 0.5017 * slant / np.sin(slant) ** 2 + 0.2645j
    square = r[:, None] ** 2
    product = np.exp(contour) * turn / 1j
    for eigenvalue, step in zip(eigenvalues - least, shift, strict=True):
        base = contour + square * eigenvalue / 2
        product = product * np.exp(-square * step**2 / (4 * base)) / np.sqrt(base)
    damping = np.exp(-(r**2) * least / 2) * math.gamma(len(shift) / 2)
    return np.asarray(product.sum(axis=1).real * damping)
