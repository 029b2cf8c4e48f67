"""The probability that the fitted spread is still above a share of the true one."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from theory.curve import Curve, Kind
from theory.gaussian import product
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
    probability beyond one period of the lattice; absolute error below 1e-12.

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
    limit = 0.0 if chain.temperature < 1 or step.dof[-1] < 10**9 else None
    return Curve(values, Kind.EXACT, "loopbound theory, section 2", limit=limit)


def _tail(step: product.Steps, t: int, level: float) -> float:
    """P(X > level) for the sum X of the first t log factors."""
    from scipy.special import loggamma, polygamma, psi

    nu, repeats = np.unique(step.dof[:t], return_counts=True)
    if nu[0] == 0:
        return 0.0
    half = nu / 2
    drift = float(np.log(2 * step.temperature[:t] / step.divisor[:t]).sum())
    mean = drift + float(repeats @ psi(half))
    sd = math.sqrt(float(repeats @ polygamma(1, half)))
    reach = abs(level - mean) + 9 * sd + 36 * t**0.5 / float(half[0])
    spacing = math.pi / reach
    u = spacing * (np.arange(4096) + 0.5)
    log_phi = repeats @ (loggamma(half[:, None] + 1j * u) - loggamma(half[:, None]))
    seen = log_phi.real > -42
    angle = log_phi.imag[seen] + u[seen] * (drift - level)
    terms = np.exp(log_phi.real[seen]) * np.sin(angle) / u[seen]
    return float(min(max(0.5 + spacing * terms.sum() / math.pi, 0.0), 1.0))
