"""Accumulate in d > 1: expectations of G = a I + W + b eta eta' by integration and Monte Carlo.

W ~ Wishart_d(k, I), eta ~ N(0, I) independent, a > 0, 0 <= b <= 1, any k >= 0 (k < d included).

Derivation.  G is invariant under rotation, so turn eta to (|eta|, 0, ..., 0): W keeps its law and
stays independent of |eta|.  Write W = Z'Z with Z = [z, Y], z the first column of k normals, Y the
other p = d - 1 columns.  Let l_1..l_p be the eigenvalues of Y'Y ~ Wishart_p(k, I).  Then

    Schur complement of a I + Y'Y in G:   S = a + b |eta|^2 + z'z - z'Y (a I + Y'Y)^-1 Y'z.

In the singular basis of Y the k components of z are independent normals, independent of Y;
r = min(k, p) of them meet an eigenvalue and keep the fraction c_j = a/(a + l_j), the other k - r
are untouched.  So S = a + X with the Laplace transform

    Phi(u) = E[exp(-uX) | l]
           = (1 + 2bu)^(-d/2) (1 + 2u)^(-(k-r)/2) prod_{j<=r} (1 + 2 c_j u)^(-1/2).

Block inversion (v = (a I + Y'Y)^-1 Y'z is the border of the inverse, |v|^2 = sum_j z_j^2
l_j/(a + l_j)^2) and the integrals 1/S = int exp(-uS) du and log(S/a) = int (exp(-ua) -
exp(-uS))/u du (Frullani) give

    log det G    = sum_j log(a + l_j) + log S
    tr G^-1      = sum_j 1/(a + l_j) + (1 + |v|^2)/S
    eta'G^-1 eta = |eta|^2/S

    E log S                = log a + E int exp(-ua) (1 - Phi)/u du
    E (1 + |v|^2)/S        = E int exp(-ua) Phi [1 + sum_j l_j/(a + l_j)^2 / (1 + 2 c_j u)] du
    E |eta|^2/S            = E int exp(-ua) Phi d/(1 + 2bu) du

The outer expectation is over the eigenvalues of a Wishart matrix one dimension smaller: none for
d = 1 (which recovers the one-dimensional formulas), a chi-square for d = 2, two variables for
d = 3.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tests.oracles.chi_square import chi_square_rule
from tests.oracles.gaussian_quadrature import (
    Expectations,
    Step,
    gaussian_steps,
    likelihood_curves,
    moment_curves,
    wishart_expectations,
)

Array = NDArray[np.float64]


@cache
def expectations(dim: int, kept: float, between: float, df: int) -> Expectations:
    """Return E log det G, E tr G^-1 and E eta'G^-1 eta for d = 1, 2, 3, to about 12 digits.

    ``kept`` is a > 0, ``between`` is b, ``df`` is k.
    Axes of the arrays below: eigenvalue, u, node.
    """
    if kept <= 0:
        raise ValueError(f"kept must be positive, got {kept}")
    roots, root_weights = _eigenvalues(dim - 1, df)
    x, x_weights = chi_square_rule(2)
    u, u_weights = x[:, None] / (2 * kept), x_weights / kept  # int exp(-ua) f(u) du
    positive = min(df, dim - 1)
    meets = 1 + 2 * u * (kept / (kept + roots))[:, None, :]  # 1 + 2 c_j u
    log_phi = -0.5 * (dim * np.log1p(2 * between * u) + (df - positive) * np.log1p(2 * u))
    log_phi = log_phi - 0.5 * np.log(meets[:positive]).sum(axis=0)
    border = ((roots / (kept + roots) ** 2)[:, None, :] / meets).sum(axis=0)

    def integral(values: Array) -> float:
        return float(u_weights @ values @ root_weights)

    return Expectations(
        math.log(kept)
        + float(np.log(kept + roots).sum(axis=0) @ root_weights)
        + integral(-np.expm1(log_phi) / u),
        float((1 / (kept + roots)).sum(axis=0) @ root_weights)
        + integral(np.exp(log_phi) * (1 + border)),
        integral(np.exp(log_phi) * dim / (1 + 2 * between * u)),
    )


def monte_carlo(
    dim: int, kept: float, between: float, df: int, *, replicates: int, seed: int
) -> dict[str, tuple[float, float]]:
    """Return (mean, standard error) of each expectation, from sampled matrices, for any d."""
    generator = np.random.default_rng(seed)
    rows = generator.standard_normal((replicates, df, dim))
    eta = generator.standard_normal((replicates, dim))
    bracket = kept * np.eye(dim) + rows.transpose(0, 2, 1) @ rows
    bracket += between * eta[:, :, None] * eta[:, None, :]
    inverse = np.linalg.inv(bracket)
    samples = {
        "log_det": np.linalg.slogdet(bracket)[1],
        "trace_inverse": np.trace(inverse, axis1=1, axis2=2),
        "quadratic_inverse": np.einsum("ri,rij,rj->r", eta, inverse, eta),
    }
    root = math.sqrt(replicates)
    return {name: (float(x.mean()), float(x.std(ddof=1)) / root) for name, x in samples.items()}


def accumulate_curves(
    dim: int, n: tuple[int, ...], generations: int, *, ddof: int = 0, tau: float = 1.0
) -> dict[str, Array]:
    """Return curves t = 0..generations under accumulate in d = 1, 2, 3; n_0 > dim.

    A step of temperature tau is tau times a step with a/tau in place of a.
    """

    def step_expectations(step: Step) -> Expectations:
        if not step.kept:
            return wishart_expectations(dim, step)
        unit = expectations(dim, step.kept / step.tau, step.between, step.df)
        return Expectations(
            unit.log_det + dim * math.log(step.tau),
            unit.trace_inverse / step.tau,
            unit.quadratic_inverse / step.tau,
        )

    steps = gaussian_steps("accumulate", n, generations, ddof=ddof, tau=tau)
    return {**likelihood_curves(dim, steps, step_expectations), **moment_curves(steps, dim)}


def _eigenvalues(dim: int, df: int) -> tuple[Array, Array]:
    """Return eigenvalue nodes (eigenvalue, node) of Wishart_dim(df, I) and weights, dim <= 2.

    Nonzero eigenvalues of Z'Z and ZZ' agree, so df < dim swaps the two; zeros come last.  In
    dimension two the density is (l_1 l_2)^((k-3)/2) exp(-(l_1+l_2)/2) |l_1-l_2| up to a constant;
    with s = l_1 + l_2 and q = 4 l_1 l_2/s^2 it splits into s ~ chi-square_2k and, independently,
    -(k-1) log q ~ chi-square_2.
    """
    small, large = sorted((dim, df))
    if small == 0:
        return np.zeros((dim, 1)), np.ones(1)
    if small == 1:
        x, weights = chi_square_rule(large)
        return np.concatenate([x[None], np.zeros((dim - 1, len(x)))]), weights
    if dim != 2:
        raise ValueError(f"eigenvalues are integrated up to dimension 2, got {dim}")
    trace, trace_weights = chi_square_rule(2 * large)
    minus_log_q, q_weights = chi_square_rule(2)
    minus_log_q = minus_log_q / (large - 1)
    upper = trace[:, None] * (1 + np.sqrt(-np.expm1(-minus_log_q))) / 2
    lower = trace[:, None] ** 2 * np.exp(-minus_log_q) / (4 * upper)
    return np.stack([upper.ravel(), lower.ravel()]), np.outer(trace_weights, q_weights).ravel()
