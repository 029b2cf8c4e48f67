"""Replace and accumulate as products of independent random matrices.

In these two workflows Sigma_t = R M_t R with R = Sigma_{t-1}^(1/2) and M_t independent of the
past. Splitting the pool's scatter into old rows, new rows and the shift between their means,

    M_t = (a I + tau (W + b eta eta')) / c,    W ~ Wishart_d(k, I),    eta ~ N(0, I),
    mu_t = mu_{t-1} + g R eta,

with, for the batch of n rows that arrived last, N rows before it and N' = N + n after it,

    replace      a = 0          b = 0       k = n - 1    c = n - ddof     g^2 = tau / n
    accumulate   a = N - ddof   b = N / N'  k = n - 1    c = N' - ddof    g^2 = tau n / N'^2

and generation 1 is the first line with tau = 1. So every expectation is a sum, a product or a
small linear recursion over generations of what one M_t gives.

Source: loopbound theory, section 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from theory.gaussian.shifted_wishart import Expectations, expectations
from theory.workflow import Workflow, WorkflowKind

FloatArray = npt.NDArray[np.float64]

_CHEBYSHEV = 72  # nodes in log a: the nearest singularity is i pi off, error below 1e-15 to 10^4


@dataclass(frozen=True)
class Steps:
    """The letters above for t = 1..T, axis (generation - 1,)."""

    shift: FloatArray
    rank_one: FloatArray
    dof: npt.NDArray[np.int64]
    divisor: FloatArray
    temperature: FloatArray
    move: FloatArray

    @property
    def mean_trace(self) -> FloatArray:
        """E M_t as a multiple of the identity."""
        return (self.shift + self.temperature * (self.dof + self.rank_one)) / self.divisor


def is_product(workflow: Workflow, generations: int) -> bool:
    """True for replace and accumulate, and what coincides with one over that horizon."""
    return workflow.until(generations) in (WorkflowKind.REPLACE, WorkflowKind.ACCUMULATE)


def steps(workflow: Workflow, ddof: int, temperature: float, generations: int) -> Steps | None:
    """The product form of a workflow over that many generations, None if it has none.

    A window of one is replace; a window or a budget that no pool outgrows is accumulate.
    """
    if not is_product(workflow, generations):
        return None
    replacing = workflow.until(generations) is WorkflowKind.REPLACE
    t = np.arange(generations)
    n = np.take(np.array(workflow.schedule, dtype=np.float64), t, mode="clip")
    after = n if replacing else np.cumsum(n)
    before = np.zeros(generations) if replacing else after - n
    tau = np.where(t == 0, 1.0, temperature)
    shift = np.where(before > 0, before - ddof, 0.0)
    move = tau * n / after**2
    dof = n.astype(np.int64) - 1
    return Steps(shift, before / after, dof, after - ddof, tau, move)


# --- first moments of log det, inverse and root ------------------------------------------------


def inverse_moments(chain_dim: int, ddof: int, step: Steps) -> Expectations:
    """E log det M_t, E tr M_t^-1 and E eta' M_t^-1 eta, each of axis (generation - 1,).

    -inf, inf and inf where the rows of the step leave M_t singular or without a mean inverse.
    """
    dim = chain_dim
    scale = step.divisor / step.temperature
    out = Expectations(*(np.empty(len(step.dof)) for _ in range(3)))
    alone = step.shift == 0
    if alone.any():
        _unshifted(dim, step.dof, alone, out)
    for k in np.unique(step.dof[~alone]):
        chosen = np.flatnonzero(~alone & (step.dof == k))
        a = step.shift[chosen] / step.temperature[chosen]
        found = _along(dim, int(k), a, step.rank_one[chosen], ddof, float(step.temperature[-1]))
        for values, part in zip(out, found, strict=True):
            values[chosen] = part
    return Expectations(
        out.log_det - dim * np.log(scale), scale * out.trace_inverse, scale * out.quadratic
    )


def _unshifted(
    dim: int, dof: npt.NDArray[np.int64], where: npt.NDArray[np.bool_], out: Expectations
) -> None:
    """Wishart_d(k, I) itself, and eta independent of it: the closed forms."""
    from scipy.special import psi

    k, column = np.unique(dof[where], return_inverse=True)
    halves = (k[:, None] - np.arange(dim)) / 2
    regular = k >= dim
    log_det = np.full(len(k), -np.inf)
    log_det[regular] = psi(halves[regular]).sum(axis=1) + dim * math.log(2)
    inverse = np.full(len(k), np.inf)
    inverse[k > dim + 1] = dim / (k[k > dim + 1] - dim - 1)
    out.log_det[where] = log_det[column]
    out.trace_inverse[where] = inverse[column]
    out.quadratic[where] = inverse[column]


def _along(
    dim: int, k: int, a: FloatArray, b: FloatArray, ddof: int, temperature: float
) -> Expectations:
    """The shifted expectations at every (a, b) of one batch size.

    Along a constant tail b is a function of a, and everything is analytic in log a: many
    generations cost no more than the Chebyshev nodes.
    """
    if len(a) <= _CHEBYSHEV:
        return expectations(dim, k, a, b)
    low, high = math.log(a.min()), math.log(a.max())
    nodes = np.cos(np.pi * (np.arange(_CHEBYSHEV) + 0.5) / _CHEBYSHEV)
    at = np.exp(low + (high - low) * (nodes + 1) / 2)
    pool = temperature * at + ddof
    found = expectations(dim, k, at, pool / (pool + k + 1))
    smooth = (found.log_det - dim * np.log(at), found.trace_inverse * at, found.quadratic * at)
    x = 2 * (np.log(a) - low) / (high - low) - 1
    fit = np.polynomial.chebyshev.chebvander(nodes, _CHEBYSHEV - 1)
    basis = np.polynomial.chebyshev.chebvander(x, _CHEBYSHEV - 1)
    norm = np.where(np.arange(_CHEBYSHEV) == 0, 1, 2)[:, None] / _CHEBYSHEV
    log_det, trace, quadratic = (basis @ (norm * (fit.T @ np.stack(smooth, axis=1)))).T
    return Expectations(log_det + dim * np.log(a), trace / a, quadratic / a)


def log_det_variance(dim: int, step: Steps) -> FloatArray | None:
    """Var log det M_t, axis (generation - 1,); None unless every M_t is a scaled Wishart."""
    from scipy.special import polygamma

    if (step.shift > 0).any():
        return None
    halves = (step.dof[:, None] - np.arange(dim)) / 2
    regular = step.dof >= dim
    variance = np.zeros(len(step.dof))
    variance[regular] = polygamma(1, halves[regular]).sum(axis=1)
    return variance


def mean_root(step: Steps) -> FloatArray:
    """E M_t^(1/2) in one dimension, axis (generation - 1,).

    E Y^(1/2) = (4 pi)^(-1/2) int_0^inf (1 - E e^(-uY)) u^(-3/2) du, by u = exp(pi/2 sinh s).
    """
    root = np.empty(len(step.dof))
    alone = step.shift == 0
    k = step.dof[alone].astype(np.float64)
    ratio = _half_step(k / 2)
    root[alone] = math.sqrt(2) * ratio
    a = (step.shift / step.temperature)[~alone, None]
    k, b = step.dof[~alone, None], step.rank_one[~alone, None]
    mean = a + k + b
    s, width = np.linspace(-4.6, 4.6, 240, retstep=True)
    u = np.exp(np.pi / 2 * np.sinh(s))
    weight = width * np.pi / 2 * np.cosh(s) * u**-0.5
    v = u / mean
    tail = -np.expm1(-v * a - k / 2 * np.log1p(2 * v) - 0.5 * np.log1p(2 * v * b))
    root[~alone] = tail @ weight / math.sqrt(4 * math.pi) * np.sqrt(mean[:, 0])
    mean_roots: FloatArray = root * np.sqrt(step.temperature / step.divisor)
    return mean_roots


def _half_step(x: FloatArray) -> FloatArray:
    """Gamma(x + 1/2) / Gamma(x), 0 at x = 0, to a few roundings: log-Gammas would cancel.

    From x = 64 on by its series in 1/x, whose next term is below 3e-16.
    """
    from scipy.special import gamma

    far = x >= 64
    near, y = np.where(far | (x == 0), 1.0, x), 1 / np.where(far, x, 64.0)
    coefficients = (1, -1 / 8, 1 / 128, 5 / 1024, -21 / 32768, -399 / 262144, 869 / 4194304)
    series = np.polynomial.polynomial.polyval(y, coefficients) / np.sqrt(y)
    ratio: FloatArray = np.where(far, series, gamma(near + 0.5) / gamma(near))
    return np.where(x == 0, 0.0, ratio)


def mean_determinant(dim: int, step: Steps) -> FloatArray:
    """E det M_t, axis (generation - 1,): elementary symmetric means of W + b eta eta'.

    E e_j(W + b eta eta') = C(d, j) (k)_j (1 + b j / (k - j + 1)) with falling factorials (k)_j.
    """
    ratio = step.shift / step.divisor
    total = np.zeros(len(step.dof))
    for j in range(dim + 1):
        i = np.arange(j)
        falling = (step.dof[:, None] - i) / step.divisor[:, None] * step.temperature[:, None]
        whole = np.prod(np.maximum(falling, 0), axis=1)
        if j:
            short = np.prod(np.maximum(falling[:, :-1], 0), axis=1)
            whole = whole + step.rank_one * j * short * step.temperature / step.divisor
        total += math.comb(dim, j) * ratio ** (dim - j) * whole
    return total


# --- second moments of the covariance and the mean ---------------------------------------------


@dataclass(frozen=True)
class SecondMoments:
    """Over t = 0..T, in units of tr Sigma_0: see `second_moments`.

    Attributes:
        trace_square: E tr Sigma_t^2.
        square_trace: E (tr Sigma_t)^2.
        fourth: E |mu_t - mu_0|^4.
    """

    trace_square: FloatArray
    square_trace: FloatArray
    fourth: FloatArray


def second_moments(covariance: FloatArray, step: Steps) -> SecondMoments:
    """The linear recursion that closes on five numbers.

    With G = W + b eta eta', g1 = k + b, g2 = k + b^2, p = tr Sigma^2 and q = (tr Sigma)^2,
    E tr (R G R)^2 = (g1^2 + g2) p + g2 q and E (tr R G R)^2 = g1^2 q + 2 g2 p; delta moves by
    g R eta, and the odd terms vanish.
    """
    shape = covariance / np.trace(covariance)
    p, q = float(np.sum(shape**2)), 1.0
    fourth = spread = norm = 0.0  # E |delta|^4, E delta' Sigma delta, E |delta|^2 tr Sigma
    rows = [(p, q, fourth)]
    letters = (step.shift, step.rank_one, step.dof, step.divisor, step.temperature, step.move)
    for a, b, k, c, tau, move in zip(*(column.tolist() for column in letters), strict=True):
        first, second = (a + tau * (k + b)) / c, tau**2 * (k + b * b) / c**2
        kept, shifted = (a + tau * k) / c, tau * b / c
        fourth += 4 * move * spread + 2 * move * norm + move**2 * (q + 2 * p)
        spread = first * spread + move * (kept * p + shifted * (q + 2 * p))
        norm = first * norm + move * (kept * q + shifted * (q + 2 * p))
        p, q = (first**2 + second) * p + second * q, first**2 * q + 2 * second * p
        if not math.isfinite(fourth + norm + q + 2 * p):
            break  # overflow: an unbiased chain of few rows, after many generations
        rows.append((p, q, fourth))
    rows += [(math.inf, math.inf, math.inf)] * (len(step.dof) + 1 - len(rows))
    return SecondMoments(*np.array(rows).T)
