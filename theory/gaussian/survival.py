"""The probability that the fitted spread is still above a share of the true one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from theory.curve import Curve, Kind
from theory.gaussian import limits, product
from theory.gaussian.chain import GaussianChain
from theory.workflow import UnsupportedWorkflow, Workflow

FloatArray = npt.NDArray[np.float64]


def survival(
    chain: GaussianChain, workflow: Workflow, generations: int, *, threshold: float
) -> Curve:
    """P(sigma_t > threshold sigma_0) (a probability), dim = 1, replace. Exact.

    log(sigma_t^2 / sigma_0^2) is a sum of independent log chi-squares, with characteristic
    function prod_s (2 tau_s / (n_s - ddof))^(iu) Gamma(nu_s/2 + iu) / Gamma(nu_s/2), nu = n - 1.
    Gil-Pelaez' inversion integral is summed at the midpoints of a lattice, whose error is the
    probability beyond one period of the lattice; absolute error below 1e-12. A tail that
    Chernoff's bound puts below 1e-16 is 0.

    Raises:
        ValueError: threshold <= 0 or NaN.
        UnsupportedWorkflow: dim > 1, or another workflow.

    Source: loopbound theory, section 2; Gil-Pelaez, Biometrika 38 (1951).

    Example:
        >>> survival(GaussianChain(1), Workflow.replace(10), 100, threshold=0.5)[100].round(4)
        np.float64(0.0198)
    """
    chain.require(workflow, generations)
    if not threshold > 0 or math.isinf(threshold):
        raise ValueError(f"threshold must be positive and finite, got {threshold!r}")
    step = product.steps(workflow, chain.ddof, chain.temperature, generations)
    if chain.dim > 1 or step is None or (step.shift > 0).any():
        raise UnsupportedWorkflow(
            f"survival of dim={chain.dim} under {workflow}: known for dim=1 under replace only"
        )
    level = 2 * math.log(threshold)
    later = [_tail(step, t, level) for t in range(1, generations + 1)]
    values = np.array([float(threshold < 1), *later])
    limit = 0.0 if limits.replaces(workflow) else None
    std = np.sqrt(values * (1 - values))
    return Curve(values, Kind.EXACT, "loopbound theory, section 2", std, limit)


def _tail(step: product.Steps, t: int, level: float) -> float:
    """P(X > level) for the sum X of the first t log factors."""
    from scipy.special import polygamma, psi

    nu, repeats = np.unique(step.dof[:t], return_counts=True)
    if nu[0] == 0:
        return 0.0
    half = nu / 2
    drift = float(np.log(step.temperature[:t] * step.dof[:t] / step.divisor[:t]).sum())
    mean = drift + float(repeats @ (psi(half) - np.log(half)))
    sd = math.sqrt(float(repeats @ polygamma(1, half)))
    side = 1 if level > mean else -1
    s = side * np.geomspace(0.5, 400, 60) / sd
    s = s[s > -0.999 * half[0]]
    chernoff = (repeats @ _log_moment(half, s)).real + s * (drift - level)
    if chernoff.min() < -37:
        return 0.0 if side > 0 else 1.0
    spacing = math.pi / (abs(level - mean) + 9 * sd + 36 * t**0.5 / float(half[0]))
    total, u, size = 0.0, spacing * (np.arange(2048) + 0.5), 0.0
    while size > -42:
        log_phi = repeats @ _log_moment(half, 1j * u) + 1j * u * (drift - level)
        total += float((np.exp(log_phi.real) * np.sin(log_phi.imag) / u).sum())
        size = float(log_phi.real[-1])
        u = u + spacing * len(u)
    return float(min(max(0.5 + spacing * total / math.pi, 0.0), 1.0))


def _log_moment(half: FloatArray, z: npt.NDArray[Any]) -> npt.NDArray[np.complex128]:
    """log E (chi^2_(2h) / (2h))^z = log Gamma(h + z) - log Gamma(h) - z log h, axes (h, z).

    By Stirling's series from h = 50 on, where the Gamma functions would cancel.
    """
    from scipy.special import loggamma

    h = np.asarray(half, dtype=np.complex128)[:, None]
    far = h.real >= 50
    x, y = z.real / h.real, z.imag / h.real
    log = 0.5 * np.log1p(x * (2 + x) + y * y) + 1j * np.arctan2(y, 1 + x)
    series = (h + z - 0.5) * log - z
    for power, divisor in ((1, 12), (3, -360), (5, 1260), (7, -1680)):
        series += ((h + z) ** -power - h**-power) / divisor
    near = np.where(far, 1.0, h)
    direct = loggamma(near + z) - loggamma(near) - z * np.log(near)
    moments: npt.NDArray[np.complex128] = np.where(far, series, direct)
    return moments
