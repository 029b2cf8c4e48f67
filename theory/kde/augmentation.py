"""Open question 1 for densities: do rows of a model help beside the real rows it was fitted on?

R real rows; a generator, the estimate of bandwidth g on G <= R of them, writes m rows; the final
estimate of bandwidth h is fitted on all R + m. With a = m / (R + m) the share of written rows and,
at every frequency, S = |phi_0|^2, kappa = Khat(h w), gamma = Khat(g w), r(k) = 1/k + (1 - 1/k) S,

    E|training mean|^2 = (1-a)^2 r(R) + 2a(1-a) gamma r(R) + a^2 gamma^2 r(G)
                         + a(1-a)/R (1 - gamma^2 r(G)),
    E training mean    = phi_0 (1 - a + a gamma),

because a row of a subset has the covariance r(R) with the mean of all, and a^2/m = a(1-a)/R. So at
given h and g the exact error is a *quadratic* in a, MISE(a) = c_0 + c_1 a + c_2 a^2:
    c_2 > 0: the best share is -c_1 / (2 c_2), an end if that is not between 0 and 1;
    c_2 <= 0: it is an end: no written row, or infinitely many (the generator, smoothed again);
    the first written row hurts iff c_1 >= 0, and every number of them does iff c_1 + c_2 >= 0 too.

Observed, not proved, for R = 100 real rows and normal, Laplace, uniform and two-normal truths, with
generators of different g on 20 to 100 of the rows: once h is tuned to the rows that it is fitted
on, no number of written rows helps; they help where h is too small for the real rows, and then
stand in for the missing smoothing.

Source: loopbound theory, section 5; derived here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from theory.kde.bandwidths import positive
from theory.kde.chain import KdeChain
from theory.kde.optimal import Grid, best_bandwidth, first_guess, frequency_grid, one_fit_error
from theory.workflow import whole_number

FloatArray = npt.NDArray[np.float64]

Mixed = tuple[FloatArray, FloatArray, float]

SEARCHED = 30.0  # factor about the best bandwidth of the real rows, of `hurting_bandwidths`
SHARES = 1 - np.geomspace(1, 1e-3, 61)
"""Shares of written rows that `best_augmentation` tries: up to 999 written rows a real one."""


@dataclass(frozen=True)
class Augmentation:
    """The error of an estimate on real and written rows as a function of their number.

    Attributes:
        real: R.
        fitted_on: G.
        generator_bandwidth: g.
        bandwidth: h.
        coefficients: c_0, c_1, c_2 of MISE = c_0 + c_1 a + c_2 a^2, a = m / (R + m).
    """

    real: int
    fitted_on: int
    generator_bandwidth: float
    bandwidth: float
    coefficients: tuple[float, float, float]

    def mise(self, rows: float) -> float:
        """Exact mean integrated squared error with so many written rows; inf is allowed."""
        share = 1.0 if math.isinf(rows) else rows / (self.real + rows)
        c0, c1, c2 = self.coefficients
        return c0 + share * (c1 + share * c2)

    @property
    def best_share(self) -> float:
        """The share a of written rows with the least error, in [0, 1]."""
        c1, c2 = self.coefficients[1:]
        if c2 <= 0:
            return 0.0 if c1 + c2 >= 0 else 1.0
        return min(max(-c1 / (2 * c2), 0.0), 1.0)

    @property
    def best_rows(self) -> float:
        """The number of written rows with the least error, rounded to the better neighbour."""
        share = self.best_share
        if share == 1:
            return math.inf
        rows = self.real * share / (1 - share)
        return float(min(math.floor(rows), math.ceil(rows), key=self.mise))

    @property
    def any_row_hurts(self) -> bool:
        """Whether every positive number of written rows is worse than none."""
        return self.best_rows == 0 and self.mise(1) > self.mise(0)


def augmentation(
    chain: KdeChain, *, real: int, fitted_on: int, generator_bandwidth: float
) -> Augmentation:
    """The error of the estimate at the chain's bandwidth, whatever the number of written rows.

    Raises:
        ValueError: fitted_on > real, a bandwidth that is not one number > 0.

    Example:
        >>> from theory.truths import Normal
        >>> rough = KdeChain(Normal(), 0.2)
        >>> augmentation(rough, real=100, fitted_on=100, generator_bandwidth=0.7).best_rows
        315.0
        >>> smooth = KdeChain(Normal(), 0.6)
        >>> augmentation(smooth, real=100, fitted_on=100, generator_bandwidth=0.4).any_row_hurts
        True
    """
    h = chain.bandwidth
    if not isinstance(h, float):
        raise ValueError(f"augmentation needs one bandwidth, got {h!r}")
    narrow = math.hypot(h, positive("generator_bandwidth", generator_bandwidth))
    grid = frequency_grid(chain, narrow)
    found = _coefficients(chain, grid, real, fitted_on, generator_bandwidth, np.array([h]))
    c0, c1, c2 = (float(one[0]) for one in found)
    return Augmentation(real, fitted_on, float(generator_bandwidth), h, (c0, c1, c2))


def hurting_bandwidths(
    chain: KdeChain, *, real: int, fitted_on: int, generator_bandwidth: float
) -> tuple[tuple[float, float], ...]:
    """Intervals of bandwidths h at which every number of written rows is worse than none.

    Where c_1 >= 0 (and c_1 + c_2 >= 0 if c_2 <= 0), within a factor of 30 of the best bandwidth of
    the real rows alone; an interval that reaches an end of that search ends there. The chain's own
    bandwidth is not looked at.

    Example:
        >>> from theory.truths import Normal
        >>> chain = KdeChain(Normal(), 1.0)
        >>> hurt = hurting_bandwidths(chain, real=100, fitted_on=100, generator_bandwidth=0.445)
        >>> [round(low, 3) for low, _ in hurt]
        [0.34]
    """
    from scipy.optimize import brentq

    g, best = positive("generator_bandwidth", generator_bandwidth), tuned_bandwidth(chain, real)
    searched = best * np.geomspace(1 / SEARCHED, SEARCHED, 200)
    grid = frequency_grid(chain, min(float(searched[0]), g))

    def margin(h: FloatArray) -> FloatArray:
        c1, c2 = _coefficients(chain, grid, real, fitted_on, g, h)[1:]
        return np.where(c2 > 0, c1, c1 + c2)

    def edge(at: int) -> float:
        low, high = searched[at], searched[at + 1]
        return float(brentq(lambda h: float(margin(np.array([h]))[0]), low, high, xtol=1e-12))

    hurts = margin(searched) >= 0
    edges = [edge(int(at)) for at in np.flatnonzero(hurts[1:] != hurts[:-1])]
    edges = ([float(searched[0])] if hurts[0] else []) + edges
    edges += [float(searched[-1])] if hurts[-1] else []
    return tuple(zip(edges[::2], edges[1::2], strict=True))


def tuned_bandwidth(chain: KdeChain, rows: int) -> float:
    """The h that minimises the exact error of a fit to so many real rows.

    Example:
        >>> from theory.truths import Normal
        >>> round(tuned_bandwidth(KdeChain(Normal(), 1.0), 100), 3)
        0.445
    """
    return tuned(chain, real=rows, fitted_on=rows, generator_bandwidth=1.0, written=0)[0]


def tuned(
    chain: KdeChain, *, real: int, fitted_on: int, generator_bandwidth: float, written: float
) -> tuple[float, float]:
    """(the best h, its error) with so many written rows; inf is allowed."""
    g, guess = positive("generator_bandwidth", generator_bandwidth), first_guess(chain, real)
    grid = frequency_grid(chain, min(g, guess / 2))
    share = 1.0 if math.isinf(written) else written / (real + written)
    return _best(chain, grid, _mixed(grid, chain, real, fitted_on, g, share), real)


def best_augmentation(
    chain: KdeChain, *, real: int, fitted_on: int, generator_bandwidth: float
) -> tuple[float, float, float, float]:
    """With h tuned for every share: (best share, its h, its error, error without written rows).

    The chain's bandwidth is not looked at. Shares are those of `SHARES`, each with the h that
    minimises the exact error.
    """
    grid = frequency_grid(chain, positive("generator_bandwidth", generator_bandwidth))
    found = [
        _best(chain, grid, _mixed(grid, chain, real, fitted_on, generator_bandwidth, share), real)
        for share in SHARES
    ]
    at = int(np.argmin([error for _, error in found]))
    return float(SHARES[at]), *found[at], found[0][1]


def _mixed(grid: Grid, chain: KdeChain, real: int, fitted_on: int, g: float, share: float) -> Mixed:
    """(B, c, b) of the training mean: its square, its mean over phi_0, and B at infinity."""
    whole_number("real", real)
    if whole_number("fitted_on", fitted_on) > real:
        raise ValueError(f"fitted_on must be at most real={real}, got {fitted_on}")
    gamma, power = chain.shape.transform(g * grid.r), grid.power
    of_real = 1 / real + (1 - 1 / real) * power
    of_generator = gamma**2 * (1 / fitted_on + (1 - 1 / fitted_on) * power)
    kept, cross = 1 - share, share * (1 - share)
    square = kept**2 * of_real + 2 * cross * gamma * of_real + share**2 * of_generator
    square = square + cross / real * (1 - of_generator)
    return square, kept + share * gamma, kept / real


def _best(chain: KdeChain, grid: Grid, part: Mixed, real: int) -> tuple[float, float]:
    """(the best h, its error) on a training mean."""
    h = best_bandwidth(chain, grid, *part, first_guess(chain, real))
    return h, float(_errors(chain, grid, part, np.array([h]))[0])


def _errors(chain: KdeChain, grid: Grid, part: Mixed, h: FloatArray) -> FloatArray:
    """MISE of bandwidths h, axis (bandwidth,), on a training mean."""
    return one_fit_error(chain, grid, h, *part) + chain.truth.square_integral


def _coefficients(
    chain: KdeChain, grid: Grid, real: int, fitted_on: int, g: float, h: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """c_0, c_1, c_2 for bandwidths h, from the errors at shares 0, 1/2 and 1."""
    none, half, most = (
        _errors(chain, grid, _mixed(grid, chain, real, fitted_on, g, share), h)
        for share in (0.0, 0.5, 1.0)
    )
    c2 = 2 * (none - 2 * half + most)
    return none, most - none - c2, c2
