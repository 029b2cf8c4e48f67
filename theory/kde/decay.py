"""How greedy optimal bandwidths move as t -> infinity, workflow by workflow.

Let m_t^-1 = b_t be the expected sum of the squared weights of the rows that fit t trains on, and
F(h) = MISE_t(h) - R(f_0), R the integral of the square. F -> 0 as h -> infinity, so that at its
least F <= 0: the rows' own squares, b_t R(K)^d / h^d, are at most twice int f_0 E f_t.

*Bounded below.* int f_0 E f_t <= R(f_0), hence for every workflow, truth and kernel
    h_t >= R(K) (b_t / (2 R(f_0)))^(1/d).                                                  (1)
Under replace, a window and a fixed budget b_t stays away from 0: so do bandwidths, and the mean
density spreads. Exact.

*Replace, a sliding window: at least geometric growth* (Gaussian kernel, exact). Let every training
row carry kernel variance >= v. Then int f_0 E f_t <= (2 pi (h^2 + v))^(-d/2), hence
    h_t^2 >= v / (2 (2 m)^(2/d) - 1),                                                       (2)
and v grows by that share at least once a window. Greedy gives the truth up: MISE -> R(f_0).
*A fixed budget: h_t -> infinity* (Gaussian kernel, exact). With p = P(a training row carries less
than v), 2^(1+d/2) (p h^-d + (h^2 + v)^(-d/2)) >= 1 / (m h^d), and p -> 0 for every v.

*Real rows of weight a stay or keep coming: bounded* (Gaussian kernel, exact) if
    a^2 + (1 - a)^2 < 2^(1+d/2) a.                                                          (3)
For at a wide h_0, whatever the past, the pairs of real rows and of written rows are no more than
(a^2 + (1-a)^2) (4 pi h_0^2)^(-d/2), pairs of one of each no more than what the written rows' mean
takes off, and the real rows' mean takes off 2 a (2 pi h_0^2)^(-d/2) in the limit: F(h_0) is below a
negative constant, while F(h) >= -2 (2 pi h^2)^(-d/2). (3) is a > 0.229, 0.177, 0.135 for d = 1, 2,
3. For less weight it is open: seen are both bounded bandwidths (fresh, two rows of weight 0.8) and
geometric growth (two rows of weight 0.95).

*Accumulate: h_t ~ t^-a* with one a for every truth and n (asymptotic; a scaling argument, see
`accumulate_exponent`): a = 0.2567, 0.2181, 0.1868 for d = 1, 2, 3, faster than Scott's
t^(-1/(d+4)): noise of early fits stays in the pool, and each fit smooths less for it.

Source: derived here; loopbound theory, section 5, for the recursion.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from theory.kde.chain import KdeChain

_FROM, _TO, _STEPS = -12.0, 2.2, 8001  # of log(h r); the kernel vanishes at exp(2.2) = 9


def least_bandwidth(chain: KdeChain, floor: float) -> float:
    """The lower bound (1) on an optimal bandwidth: exact, for every workflow.

    `floor` is b_t: one over the rows where all weigh the same.

    Example:
        >>> from theory.truths import Normal
        >>> round(least_bandwidth(KdeChain(Normal(), 1.0), 1 / 100), 6)
        0.005
    """
    share = floor / (2 * chain.truth.square_integral)
    return float(chain.shape.roughness * share ** (1 / chain.dim))


def stays_bounded(real_weight: float, dim: int) -> bool:
    """Whether (3) holds for real rows of that weight: optimal bandwidths have an upper bound."""
    return bool(real_weight**2 + (1 - real_weight) ** 2 < 2 ** (1 + dim / 2) * real_weight)


@cache
def accumulate_exponent(dim: int) -> float:
    """The exponent a of optimal bandwidths h_t ~ t^-a under accumulate, Gaussian kernel.

    h_t is where int r^(d+1) kappa (kappa B_t - S c_t) dr = 0. At frequencies r with u = h_t r of
    order one B_t = b(u) / (n t), and the recursion of section 1, with d log h / d log t = -a, is
        a u b' = (1 - 2 kappa) b - 1,  b(infinity) = 1,  b ~ C u^(-1/a) as u -> 0:
    noise C r^(-1/a) / n that stays in the pool. If 1/(d+4) < a < 1/(d+2), the integral's rate of
    change is that of scales u of order one, t^((d+2)a-1) D(a) / n, against O(t^(-2a)) from
    frequencies of the truth, so that
        D(a) = int u^(d+1) kappa^2 [(2 a u^2 - 2 (1 - kappa)) b + 1] du = 0.
    D is -infinity at 1/(d+4) and positive at 1/(d+2). Neither n nor the truth is in it.

    Example:
        >>> round(accumulate_exponent(1), 4), round(accumulate_exponent(2), 4)
        (0.2567, 0.2181)
    """
    from scipy.optimize import brentq

    low, high = 1 / (dim + 4), 1 / (dim + 2)
    return float(brentq(_drift, low + 0.02 * (high - low), high, args=(dim,), xtol=1e-12))


def _drift(a: float, dim: int) -> float:
    """D(a), by Simpson's rule in log u; below the first node the integrand is a power."""
    from scipy.integrate import cumulative_simpson, simpson

    depth = np.linspace(-_TO, -_FROM, _STEPS)  # -log u
    u = np.exp(-depth)
    kappa = np.exp(-(u**2) / 2)
    # b exp(-rate) has the derivative exp(-rate) / a in depth.
    rate = -cumulative_simpson(1 - 2 * kappa, x=depth, initial=0) / a
    b = np.exp(rate) * (1 + cumulative_simpson(np.exp(-rate), x=depth, initial=0) / a)
    bracket = (2 * a * u**2 + 2 * np.expm1(-(u**2) / 2)) * b + 1
    left = -(1 - 2 * a) * b[-1] * u[-1] ** (dim + 4) / (dim + 4 - 1 / a)
    return float(left + simpson(u ** (dim + 2) * kappa**2 * bracket, x=depth))
