"""Curves of the Gaussian chain that need integrals: replace in any d, accumulate in d = 1.

One step of either workflow, given the model before it, is

    Sigma_t = R [a I + tau (W + b eta eta')] R / D,    mu_t = mu_{t-1} + g R eta~,    R = root of
                                                                                    Sigma_{t-1}

with W ~ Wishart(k, I) independent of standard normal vectors.  *Replace* keeps nothing (a = b = 0):
k = n - 1, D = n - ddof, g^2 = tau/n, and eta~ is independent of W by Cochran's theorem.
*Accumulate* pools N old rows (mean mu, scatter a Sigma with a = N - ddof) with n new ones (mean
mu + sqrt(tau/n) R eta, scatter tau R W R); joining two groups adds N n/(N + n) times the square of
the difference of their means, hence b = N/(N + n), k = n - 1, D = N + n - ddof, and the joint mean
moves by n/(N + n) of that difference, g^2 = tau n/(N + n)^2, with eta~ = eta.

The bracket G is independent of the past, so logarithms add and inverses multiply:
E log det G, E tr G^-1 and E eta~'G^-1 eta~ give log determinants, precision, Mahalanobis distance
and the excess NLL.  Here they are integrated from the definition; no closed form is used.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_interp_spline
from scipy.signal import fftconvolve
from scipy.stats import chi2

from tests.oracles.chi_square import NATS, chi_square_rule, even_normal_rule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """One generation of the display above: G = kept I + tau (W(df) + between eta eta')."""

    kept: float
    tau: float
    df: int
    between: float
    divisor: int
    mean_step: float
    """g^2, the squared step of the mean in units of the previous covariance."""

    @property
    def trace_factor(self) -> float:
        """E tr Sigma_t / E tr Sigma_{t-1}."""
        return (self.kept + self.tau * (self.df + self.between)) / self.divisor


@dataclass(frozen=True)
class Expectations:
    """E log det G, E tr G^-1 and E eta'G^-1 eta of one step."""

    log_det: float
    trace_inverse: float
    quadratic_inverse: float


def gaussian_steps(
    kind: str, n: tuple[int, ...], generations: int, *, ddof: int, tau: float
) -> list[Step]:
    """Return the steps t = 1..generations of a workflow; the truth itself samples at tau 1."""
    if kind not in ("replace", "accumulate"):
        raise ValueError(f"kind must be replace or accumulate, got {kind!r}")
    steps = []
    old = 0
    for t in range(1, generations + 1):
        new = n[min(t - 1, len(n) - 1)]
        scale = tau if t > 1 else 1.0
        total = old + new
        kept = float(old - ddof) if old else 0.0
        steps.append(Step(kept, scale, new - 1, old / total, total - ddof, scale * new / total**2))
        old = total if kind == "accumulate" else 0
    return steps


def replace_curves(
    dim: int, n: tuple[int, ...], generations: int, *, ddof: int = 0, tau: float = 1.0
) -> dict[str, Array]:
    """Return curves t = 0..generations under replace; n > dim in every batch.

    Names are those of :mod:`tests.oracles.literal`; in d = 1 they include ``spread_ratio`` and
    ``wasserstein``.  The determinant ratio uses E chi-square_k = k.
    """
    steps = gaussian_steps("replace", n, generations, ddof=ddof, tau=tau)
    determinants = [
        math.prod(step.tau * (step.df - i) / step.divisor for i in range(dim)) for step in steps
    ]
    curves = likelihood_curves(dim, steps, lambda step: wishart_expectations(dim, step))
    curves["determinant_ratio"] = _cumulative_product(determinants)
    return {**curves, **moment_curves(steps, dim)}


def accumulate_curves(
    n: tuple[int, ...], generations: int, *, ddof: int = 0, tau: float = 1.0
) -> dict[str, Array]:
    """Return curves t = 0..generations under accumulate in d = 1, by two-dimensional integrals."""
    steps = gaussian_steps("accumulate", n, generations, ddof=ddof, tau=tau)
    return {**likelihood_curves(1, steps, scalar_expectations), **moment_curves(steps, 1)}


def likelihood_curves(
    dim: int, steps: list[Step], expectations: Callable[[Step], Expectations]
) -> dict[str, Array]:
    """Return the log-determinant, precision, Mahalanobis and excess-NLL curves of a chain.

    Sigma_t^-1 = D R^-1 G^-1 R^-1, and E G^-1 is a multiple of the identity, so with p = D E tr
    G^-1 / d: precision <- p precision, and (odd moments of eta vanish)
    distance <- p distance + D g^2 E eta'G^-1 eta.  Excess NLL is half of log det + tr precision +
    distance - d.
    """
    log_det, precision, distance = [0.0], [1.0], [0.0]
    for step in steps:
        moments = expectations(step)
        factor = step.divisor * moments.trace_inverse / dim
        moved = step.divisor * step.mean_step * moments.quadratic_inverse
        log_det.append(log_det[-1] + moments.log_det - dim * math.log(step.divisor))
        precision.append(factor * precision[-1])
        distance.append((factor * distance[-1] if distance[-1] else 0.0) + moved)
    excess = (np.array(log_det) + dim * np.array(precision) + np.array(distance) - dim) / 2
    return {
        "log_det_ratio": np.array(log_det),
        "precision_ratio": np.array(precision),
        "mahalanobis_error": np.array(distance),
        "excess_nll": excess,
    }


def moment_curves(steps: list[Step], dim: int) -> dict[str, Array]:
    """Return mean error and trace ratio, and in d = 1 also E sigma_t/sigma_0 and E W2^2/sigma_0^2.

    W2^2 = (mu_t - mu_0)^2 + (sigma_t - sigma_0)^2 for two normal laws on the line.
    """
    trace = _cumulative_product([step.trace_factor for step in steps])
    moves = [step.mean_step * before for step, before in zip(steps, trace[:-1], strict=True)]
    mean_error = np.concatenate([[0.0], np.cumsum(moves)])
    curves = {"mean_error": mean_error, "trace_ratio": trace}
    if dim == 1:
        roots = [_expected_root(step) / math.sqrt(step.divisor) for step in steps]
        curves["spread_ratio"] = _cumulative_product(roots)
        curves["wasserstein"] = mean_error + trace + 1 - 2 * curves["spread_ratio"]
    return curves


def scalar_expectations(step: Step) -> Expectations:
    """Return the three expectations in d = 1 by integrating over (chi-square, normal)."""
    if not step.kept:
        return wishart_expectations(1, step)
    bracket, eta, weights = _scalar_bracket(step)
    return Expectations(
        float(np.sum(weights * np.log(bracket))),
        float(np.sum(weights / bracket)),
        float(np.sum(weights * eta**2 / bracket)),
    )


def wishart_expectations(dim: int, step: Step) -> Expectations:
    """Return the three expectations of G = tau W, for any d < n.

    Bartlett: det W is a product of independent chi-squares with k, k-1, ..., k-d+1 degrees of
    freedom, and 1/(W^-1)_11, the last squared pivot, is chi-square with k-d+1, so that
    E tr W^-1 = d E 1/chi-square = E eta'W^-1 eta; infinite for k - d + 1 <= 2.
    """
    lowest = step.df - dim + 1
    if lowest <= 0:
        raise ValueError(f"{step.df + 1} rows give a singular covariance in d={dim}")
    log_det = dim * math.log(step.tau)
    for df in range(lowest, step.df + 1):
        x, weights = chi_square_rule(df)
        log_det += float(weights @ np.log(x))
    inverse = math.inf
    if lowest > 2:
        x, weights = chi_square_rule(lowest, pole=1.0)
        inverse = dim * float(weights @ (1 / x)) / step.tau
    return Expectations(log_det, inverse, inverse)


def covariance_error(
    kind: str,
    covariance: Array,
    n: tuple[int, ...],
    generations: int,
    *,
    ddof: int = 0,
    tau: float = 1.0,
) -> Array:
    """Return E||Sigma_t - Sigma_0||_F^2 / ||Sigma_0||_F^2 for any Sigma_0, t = 0..generations.

    The whole tensor T_ijkl = E[Sigma_ij Sigma_kl] is propagated.  For x ~ N(0, S) Isserlis gives
    E[x_i x_j x_k x_l] = S_ij S_kl + S_ik S_jl + S_il S_jk; k independent such squares and b times
    one more have covariance (k + b^2)(S_ik S_jl + S_il S_jk).
    """
    scale = 1.0
    tensor = np.einsum("ij,kl->ijkl", covariance, covariance)
    size = np.sum(covariance**2)
    errors = [0.0]
    for step in gaussian_steps(kind, n, generations, ddof=ddof, tau=tau):
        swapped = tensor.transpose(0, 2, 1, 3) + tensor.transpose(0, 2, 3, 1)
        noise = step.tau**2 * (step.df + step.between**2) / step.divisor**2
        tensor = step.trace_factor**2 * tensor + noise * swapped
        scale *= step.trace_factor
        errors.append(float(np.einsum("ijij", tensor) / size - 2 * scale + 1))
    return np.array(errors)


def replace_survival(
    n: tuple[int, ...], generations: int, *, threshold: float, ddof: int = 0, tau: float = 1.0
) -> Array:
    """Return P(sigma_t > threshold sigma_0) under replace in d = 1, for t = 0..generations.

    log(sigma_t^2/sigma_0^2) is a sum of independent log chi-squares and constants.  The densities
    of all but the last are convolved on a grid by FFT; the last enters through its exact survival
    function.  Both sums are trapezoidal rules for analytic, decaying integrands.
    """
    survival = [float(threshold < 1)]
    log_level = 2 * math.log(threshold)
    step_size = min(0.05, 0.25 * math.sqrt(2 / max(n)))
    total, density = np.zeros(1), np.full(1, 1 / step_size)
    for step in gaussian_steps("replace", n, generations, ddof=ddof, tau=tau):
        log_level += math.log(step.divisor) - math.log(step.tau)
        tail = chi2.sf(np.exp(np.minimum(log_level - total, 700.0)), step.df)  # no overflow
        survival.append(float(step_size * density @ tail))
        low = math.log(step.df) - 2 * NATS / step.df - 1
        high = math.log(step.df + 2 * math.sqrt(step.df * NATS) + 2 * NATS)
        grid = low + step_size * np.arange(math.ceil((high - low) / step_size))
        density = step_size * fftconvolve(density, chi2.pdf(np.exp(grid), step.df) * np.exp(grid))
        total = total[0] + low + step_size * np.arange(len(density))
    return np.array(survival)


def accumulate_survival(
    n: tuple[int, ...], generations: int, *, threshold: float, ddof: int = 0, tau: float = 1.0
) -> Array:
    """Return P(sigma_t > threshold sigma_0) under accumulate in d = 1, for t = 0..generations.

    With F_t(y) = P(log sigma_t^2/sigma_0^2 > y): F_t(y) = E F_{t-1}(y - log(G_t/D_t)), integrated
    over (chi-square, normal) with F_{t-1} a quintic spline on a fine grid: about 11 digits for n
    from 5 to 30.
    """
    first, *later = gaussian_steps("accumulate", n, generations, ddof=ddof, tau=tau)
    level = 2 * math.log(threshold)
    low, high = chi2.ppf(1e-17, first.df), chi2.isf(1e-17, first.df)
    shrinkage = sum(math.log(step.kept / step.divisor) for step in later)
    grid = np.arange(math.log(low / first.divisor) + shrinkage, math.log(high) + 1, 0.02)
    values = chi2.sf(first.divisor * np.exp(grid), first.df)
    survival = [float(threshold < 1), float(chi2.sf(first.divisor * threshold**2, first.df))]
    for step in later:
        spline = make_interp_spline(grid, values, k=5)
        bracket, _, weights = _scalar_bracket(step)
        used = weights > 1e-15
        shifts, weights = np.log(bracket[used] / step.divisor), weights[used]
        where = np.append(grid if step is not later[-1] else [], level)
        expected = [weights @ spline(np.clip(y - shifts, grid[0], grid[-1])) for y in where]
        values = np.array(expected[:-1])
        survival.append(float(expected[-1]))
    return np.array(survival)


def _scalar_bracket(step: Step) -> tuple[Array, Array, Array]:
    """Return G, eta and weights on the product grid (chi-square, normal) of one step in d = 1."""
    x, chi_square_weights = chi_square_rule(step.df)
    eta, normal_weights = even_normal_rule()
    bracket = step.kept + step.tau * (x[:, None] + step.between * eta**2)
    weights = chi_square_weights[:, None] * normal_weights
    return bracket, np.broadcast_to(eta, bracket.shape), weights


def _expected_root(step: Step) -> float:
    """Return E sqrt(G) in d = 1."""
    bracket, _, weights = _scalar_bracket(step)
    return float(np.sum(weights * np.sqrt(bracket)))


def _cumulative_product(factors: list[float]) -> Array:
    return np.cumprod(np.array([1.0, *factors]))
