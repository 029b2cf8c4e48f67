"""Ridge on the last fit of a chain, at finite size: averages over sampled designs.

A chain of ``generations`` least-squares fits on ``n_fake`` fresh rows each is followed by one ridge
fit on n rows that the last of them labels.  Given the rows, F = (X'X/n + lambda I)^-1 X'/n and M =
F X, the last model is M (w* + drift) + F noise, the drift N(0, k s_0^2 Sigma^-1/(n_0 - d - 1)) in
covariance (each whitened fit is isotropic and unbiased), so that the error has three parts:

    bias  ((M - I)w*)'Sigma (M - I)w*,   variance  sigma^2 tr F'Sigma F,
    drift  k s_0^2/(n_0 - d - 1) tr Sigma M Sigma^-1 M'.

Only the designs of the last fit are sampled; the rest is linear algebra.  Nothing asymptotic is
used: the values differ from a limit law by its finite-size error.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RidgeParts:
    """Parts of the error of the last fit, one entry a sampled design."""

    bias: Array
    variance: Array
    drift: Array


def last_ridge_fit(
    eigenvalues: Array,
    truth: Array,
    n: int,
    penalty: float,
    *,
    seed: int,
    replicates: int,
    noise: float = 1.0,
    n_fake: int | None = None,
    fake_noise: float = 1.0,
    generations: int = 0,
) -> RidgeParts:
    """Return the parts of the error in the eigenbasis of Sigma, where it is diagonal."""
    generator = np.random.default_rng(seed)
    dim = len(eigenvalues)
    spread = 0.0
    if generations:
        if n_fake is None or n_fake < dim + 2:
            raise ValueError(f"fakes need n_fake >= {dim + 2}, got n_fake={n_fake}")
        spread = generations * fake_noise**2 / (n_fake - dim - 1)
    parts = np.zeros((3, replicates))
    for replicate in range(replicates):
        x = generator.standard_normal((n, dim)) * np.sqrt(eigenvalues)
        fit = np.linalg.solve(x.T @ x / n + penalty * np.eye(dim), x.T / n)
        shrink = fit @ x
        lost = shrink @ truth - truth
        parts[:, replicate] = (
            np.sum(eigenvalues * lost**2),
            noise**2 * np.sum(eigenvalues[:, None] * fit**2),
            spread * np.sum(eigenvalues[:, None] * shrink**2 / eigenvalues),
        )
    return RidgeParts(*parts)


def printed_ridge_parts(
    eigenvalues: Array, truth: Array, n: int, penalty: float, spread: float
) -> list[float]:
    """Bias, variance (sigma = 1) and drift as printed, ``spread`` = k s_0^2/(n_0 - d - 1)."""

    def df(power: int, kappa: float) -> float:
        return float(np.sum((eigenvalues / (eigenvalues + kappa)) ** power))

    kappa = brentq(lambda k: k - penalty - k * df(1, k) / n, penalty, 1e4, xtol=1e-14)
    df2 = df(2, kappa)
    bias = kappa**2 * np.sum(truth**2 * eigenvalues / (eigenvalues + kappa) ** 2) / (1 - df2 / n)
    tail = kappa**2 * np.sum((eigenvalues + kappa) ** -2.0)
    return [float(bias), df2 / (n - df2), spread * (df2 + tail * df2 / (n - df2))]
