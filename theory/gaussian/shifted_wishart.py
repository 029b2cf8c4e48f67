"""Expectations over G = a I + W + b eta eta', the pooled scatter of an accumulating fit.

W ~ Wishart_d(k, I) is the scatter of the new batch about its own mean, a > 0 the weight of the
old pool and eta ~ N(0, I) the shift between the two means, with 0 <= b <= 1. Three numbers are
wanted: E log det G, E tr G^-1 and E eta' G^-1 eta. They are exact at any dimension.

Derivation. Let x_1..x_r be the non-zero eigenvalues of W, r = min(d, k), and split off the last
term: det G = det(a + W) (1 + b h) with h = eta' (a + W)^-1 eta. Then

    log(1 + b h)    = int_0^inf (e^-u / u) (1 - e^(-u b h)) du,
    h / (1 + b h)   = int_0^inf e^-u h e^(-u b h) du,
    E_eta e^(-v h)  = prod_i g(x_i) times g(0)^(d - r),   g(x) = ((a + x) / (a + x + 2 v))^(1/2),

so all three need only E_W prod_i g(x_i) and its derivatives in a and v. With x = y^2, the density
of the y_i is prod_i y_i^|k-d| e^(-y_i^2/2) prod_(i<j) |y_i^2 - y_j^2|, and de Bruijn's identity
turns the integral of a product over such a density into a Pfaffian:

    E prod_i g(x_i) = Pf A(g) / Pf A(1),
    A(g)_ij = int int sign(y' - y) f_i(y) f_j(y') g(y^2) g(y'^2) dy dy',

with f_0..f_(r-1) any basis of the even polynomials of degree below 2 r times the weight
y^|k-d| e^(-y^2/2); for odd r one row int f_i g dy is added. A Pfaffian is the root of a
determinant, and its logarithmic derivative gives the one-point density that averages sums over
eigenvalues. Every integrand is analytic, so fixed quadrature converges geometrically.

Source: loopbound theory, section 2 (accumulate); de Bruijn, J. Indian Math. Soc. 19 (1955).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

_TINY = 1e-18  # a basis function below this share of its maximum is outside the grid


class Expectations(NamedTuple):
    """E log det G, E tr G^-1 and E eta' G^-1 eta, each of the shape of the shifts given."""

    log_det: FloatArray
    trace_inverse: FloatArray
    quadratic: FloatArray


def expectations(dim: int, dof: int, shift: FloatArray, rank_one: FloatArray) -> Expectations:
    """The three expectations for vectors of shifts a > 0 and rank-one weights 0 <= b <= 1.

    `dof` is k >= 0; W = 0 for k = 0. Relative error about 1e-13 for a >= 1.
    """
    ensemble = _ensemble(dim, dof)
    rows = [_at(ensemble, float(a), float(b)) for a, b in zip(shift, rank_one, strict=True)]
    return Expectations(*(np.array(column) for column in zip(*rows, strict=True)))


@dataclass(frozen=True)
class _Ensemble:
    """Quadrature for the r non-zero eigenvalues of Wishart_d(k, I).

    Attributes:
        zeros: d - r, the multiplicity of the eigenvalue 0.
        x: eigenvalues at the nodes, axis (node,).
        basis: f_i at the nodes, axes (node, function).
        skew: S with A(1) = basis' S basis, axes (node, node).
        border: quadrature weights of the added row for odd r, axis (node,), or None.
        log_norm: log det A(1).
        density: one-point density times quadrature weight, axis (node,); sums to r.
    """

    zeros: int
    x: FloatArray
    basis: FloatArray
    skew: FloatArray
    border: FloatArray | None
    log_norm: float
    density: FloatArray

    def tilted(self, g: FloatArray) -> tuple[FloatArray, FloatArray]:
        """log E prod g(x_i) and the one-point density under that tilt, g of axes (tilt, node)."""
        f = g[:, :, None] * self.basis
        sf = self.skew @ f
        matrix = _bordered(np.swapaxes(f, 1, 2) @ sf, f, self.border)
        log_det = np.linalg.slogdet(matrix)[1]
        r = self.basis.shape[1]
        inverse = np.linalg.inv(matrix)
        density = ((f @ inverse[:, :r, :r]) * sf).sum(axis=2)
        if self.border is not None:
            density = density + self.border * (f @ inverse[:, :r, r:])[:, :, 0]
        return 0.5 * (log_det - self.log_norm), -density


def _bordered(matrix: FloatArray, f: FloatArray, border: FloatArray | None) -> FloatArray:
    """The skew matrix with the row int f_i g dy of an odd number of functions."""
    if border is None:
        return matrix
    row = np.einsum("n,tnr->tr", border, f)
    r = matrix.shape[1]
    full = np.zeros((len(matrix), r + 1, r + 1))
    full[:, :r, :r] = matrix
    full[:, :r, r] = row
    full[:, r, :r] = -row
    return full


@lru_cache(maxsize=64)
def _ensemble(dim: int, dof: int) -> _Ensemble:
    r, nu = min(dim, dof), abs(dof - dim)
    if r == 0:
        empty = np.zeros(0)
        return _Ensemble(dim, empty, np.zeros((0, 0)), np.zeros((0, 0)), None, 0.0, empty)
    low, high = _support(r, nu)
    nodes, weights = np.polynomial.legendre.leggauss(24 + 2 * r + int(4 * (high - low)))
    half = (high - low) / 2
    y, weights = low + half * (nodes + 1), half * weights
    root = np.sqrt(weights)[:, None]
    basis = np.linalg.qr(root * _laguerre_functions(r, nu, y))[0] / root
    skew = weights[:, None] * (2 * half * _cumulative(nodes) - weights)
    skew = (skew - skew.T) / 2
    border = weights if r % 2 else None
    bare = _Ensemble(dim - r, y**2, basis, skew, border, 0.0, weights)
    log_norm, density = bare.tilted(np.ones((1, len(y))))
    return _Ensemble(dim - r, y**2, basis, skew, border, 2 * float(log_norm[0]), density[0])


def _laguerre_functions(r: int, nu: int, y: FloatArray) -> FloatArray:
    """Laguerre functions of x = y^2, orders 0..r-1, up to one common factor; (node, function)."""
    x = y**2
    departure = x / nu - 1 if nu else x  # from the mode of x^(nu/2) e^(-x/2)
    with np.errstate(divide="ignore"):
        functions = [np.exp(nu / 2 * (np.log1p(departure) - departure) if nu else -x / 2)]
    for i in range(r - 1):
        below = np.sqrt(i * (i + nu)) * functions[i - 1] if i else 0.0
        functions.append(
            ((2 * i + 1 + nu - x) * functions[i] - below) / np.sqrt((i + 1) * (i + 1 + nu))
        )
    return np.stack(functions, axis=1)


def _support(r: int, nu: int) -> tuple[float, float]:
    """The interval of y outside which every basis function is negligible."""
    middle, half = 2.0 * r + nu, 2 * np.sqrt(r * (r + float(nu)))  # of the bulk, in x = y^2
    low, high = np.sqrt(max(middle - half, 0.0)), np.sqrt(middle + half)
    y = np.linspace(max(low - 14, 0.0), high + 14, 4000)
    size = np.abs(_laguerre_functions(r, nu, y)).max(axis=1)
    inside = np.flatnonzero(size > _TINY * size.max())
    return float(y[max(inside[0] - 1, 0)]), float(y[inside[-1]])


def _cumulative(nodes: FloatArray) -> FloatArray:
    """C with (C f)_q = int_{-1}^{node q} f, exact for polynomials on the Gauss-Legendre nodes.

    The P_j are orthogonal under the rule, and int P_j = (P_{j+1} - P_{j-1}) / (2 j + 1).
    """
    m = len(nodes)
    values = np.polynomial.legendre.legvander(nodes, m)
    weights = 2 / (values[:, :m] ** 2 * (2 * np.arange(m) + 1)).sum(axis=1)
    integral = np.empty((m, m))
    integral[:, 0] = nodes + 1
    odd = 2 * np.arange(1, m) + 1
    integral[:, 1:] = (values[:, 2:] - values[:, :-2]) / odd
    coefficients = (np.arange(m) + 0.5)[:, None] * values[:, :m].T * weights
    product: FloatArray = integral @ coefficients
    return product


@lru_cache(maxsize=1)
def _exponential_nodes() -> tuple[FloatArray, FloatArray]:
    """Nodes u and weights of int_0^inf e^-u f(u) du (e^-u included), u = exp(s - e^-s)."""
    s, step = np.linspace(-3.6, 3.9, 44, retstep=True)
    u = np.exp(s - np.exp(-s))
    return u, step * u * (1 + np.exp(-s)) * np.exp(-u)


def _at(ensemble: _Ensemble, a: float, b: float) -> tuple[float, float, float]:
    """The three expectations at one shift and one rank-one weight."""
    x, zeros = ensemble.x, ensemble.zeros
    u, weight = _exponential_nodes()
    v = u[:, None] * b
    far = a + x + 2 * v
    log_psi = -0.5 * zeros * np.log1p(2 * v[:, 0] / a)
    nearby: float | FloatArray = zeros / a
    hazard = zeros / (a + 2 * v[:, 0])
    if len(x):
        log_mean, density = ensemble.tilted(np.sqrt((a + x) / far))
        log_psi = log_psi + log_mean
        nearby, hazard = nearby + density @ (1 / (a + x)), hazard + (density / far).sum(axis=1)
    psi = np.exp(log_psi)
    log_det = ensemble.density @ np.log(a + x) + zeros * np.log(a)
    trace_inverse = ensemble.density @ (1 / (a + x)) + zeros / a
    return (
        float(log_det - weight @ (np.expm1(log_psi) / u)),
        float(trace_inverse - weight @ (psi * (nearby - hazard) / (2 * u))),
        float(weight @ (psi * hazard)),
    )
