"""Exact expectations over Gaussian designs, in fractions, and the sums they make.

Rows are whitened, x ~ N(0, I): least squares does not care, and the error is then |w_t - w*|^2.
G = X'X with n rows in d dimensions.

*One diagonal entry.*  1/(G^-1)_11 is the squared distance of the first column of X from the span
of the others, chi-square with n - d + 1 degrees of freedom.  The same with rows in place of columns
for X X', n < d.

*Bordering.*  Let H be G without its first row and column, h what is left of that column, b = H^-1 h
and a = (G^-1)_11.  Then G^-1 = [[a, -a b'], [-a b, H^-1 + a b b']]; H is Wishart in d - 1
dimensions, b given H is N(0, H^-1), and a is independent of both.  Moments in d dimensions follow
from those in d - 1.

*Exchangeability.*  Rows are alike, so a sum over some of them is their share of the sum over all.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import mpmath

Value = TypeVar("Value")


@dataclass(frozen=True)
class InverseMoments:
    """E tr G^-1, E tr G^-2 and E (tr G^-1)^2."""

    trace: Fraction
    trace_of_square: Fraction
    square_of_trace: Fraction


def inverse_chi_square(df: int, power: int) -> Fraction:
    """Return E X^-power, X chi-square: E X^-1 g(X) with df is E g(X) / (df - 2) with df - 2."""
    if df <= 2 * power:
        raise ValueError(f"E X^-{power} is infinite for df={df}")
    return math.prod((Fraction(1, df - 2 * k) for k in range(1, power + 1)), start=Fraction(1))


def mean_inverse_trace(dim: int, rows: int) -> Fraction:
    """Return E tr (X'X)^-1 for rows > dim, and E tr (X X')^-1 for rows < dim: one chi-square each.

    The second is E tr of the pseudo-inverse of X'X.
    """
    small, large = min(dim, rows), max(dim, rows)
    return small * inverse_chi_square(large - small + 1, 1)


def inverse_moments(dim: int, rows: int) -> InverseMoments:
    """Return the first two moments of the inverse by bordering, for rows >= dim + 4.

    With B = |b|^2, and given H: E B = tr H^-1, E B^2 = (tr H^-1)^2 + 2 tr H^-2 and E b'H^-1 b =
    tr H^-2, while tr G^-1 = a(1 + B) + tr H^-1 and tr G^-2 = a^2 (1 + B)^2 + 2a b'H^-1 b + tr H^-2.
    """
    trace = of_square = square = Fraction(0)
    for size in range(1, dim + 1):
        a1 = inverse_chi_square(rows - size + 1, 1)
        a2 = inverse_chi_square(rows - size + 1, 2)
        corner = a2 * (1 + 2 * trace + square + 2 * of_square)
        square += corner + 2 * a1 * (trace + square)
        of_square += corner + 2 * a1 * of_square
        trace += a1 * (1 + trace)
    return InverseMoments(trace, of_square, square)


def reused_error_moments(dim: int, rows: int, inflation: Fraction) -> tuple[Fraction, Fraction]:
    """Return mean and variance of the error of one run with a reused design and unit noise.

    Given X the error vector is N(0, v G^-1): E|.|^4 = v^2 (2 tr G^-2 + (tr G^-1)^2).
    """
    moments = inverse_moments(dim, rows)
    mean = inflation * moments.trace
    fourth = inflation**2 * (2 * moments.trace_of_square + moments.square_of_trace)
    return mean, fourth - mean**2


# --- fresh designs: sums over generations --------------------------------------------------------


def replace_errors(
    dim: int, n: Sequence[int], noise: Sequence[Fraction], generations: int
) -> list[Fraction]:
    """Return E|w_t - w*|^2, t = 0..T: w_{t+1} = w_t + G_t^-1 X_t'e_t, with independent steps."""
    errors = [Fraction(0)]
    for s in range(generations):
        step = _entry(noise, s) ** 2 * mean_inverse_trace(dim, _entry(n, s))
        errors.append(errors[-1] + step)
    return errors


def accumulate_errors(
    dim: int, n: Sequence[int], noise: Sequence[Fraction], generations: int
) -> list[Fraction]:
    """Return E|w_t - w*|^2, t = 0..T, of least squares on all batches.

    The old rows are fitted by w_t already, so w_{t+1} = w_t + G^-1 X_t'e_t with the pooled G, and
    E tr G^-1 X_t'X_t G^-1 is the share n_t/N of E tr G^-1.
    """
    errors, pool = [Fraction(0)], 0
    for s in range(generations):
        pool += _entry(n, s)
        share = Fraction(_entry(n, s), pool)
        step = _entry(noise, s) ** 2 * share * mean_inverse_trace(dim, pool)
        errors.append(errors[-1] + step)
    return errors


def minimum_norm_errors(
    dim: int, rows: int, norm: Fraction, generations: int, *, workflow: str, design: str
) -> list[Fraction | float]:
    """Return E|w_t - w*|^2, t = 0..T, unit noise, |w*|^2 = ``norm``, by following projections.

    A batch of ``rows`` <= dim - 2 projects on a uniformly random subspace P.  *Replace*: w_{t+1} =
    P w_t + X^+ e, so a fresh P keeps the fraction rows/dim of every square and of every product
    with w*; the same P keeps everything once w_1 lies in it.  *Accumulate*: the pool fits w_t
    already, so w_{t+1} = w_t + (noise of the last batch), the share of that batch in E tr of the
    inverse of the pool; on the same rows the labels are averaged.  Infinite when a pool comes
    within one row of ``dim``.
    """
    keep, trace = Fraction(rows, dim), mean_inverse_trace(dim, rows)
    square = product = norm
    noise: Fraction | float = Fraction(0)
    errors: list[Fraction | float] = [Fraction(0)]
    for t in range(1, generations + 1):
        if t == 1 or (workflow, design) == ("replace", "fresh"):
            square, product, noise = keep * square, keep * product, keep * noise
        if workflow == "replace":
            noise += trace
        elif design == "reused":
            noise += trace / t**2
        elif abs(rows * t - dim) <= 1:
            noise = math.inf
        else:
            noise += mean_inverse_trace(dim, rows * t) / t
        errors.append(norm - 2 * product + square + noise)
    return errors


# --- rows pooled with others ---------------------------------------------------------------------


def row_amplification(dim: int, rows: int) -> Fraction:
    """Return c = rows x E|K_1|_F^2 / dim with K_1 = G^-1 x_1 x_1', for rows >= dim + 2.

    G w = sum of x_i y_i: if row i alone follows the model u_i, the fit is sum_i K_i u_i.  Turn x_1
    to the first axis, x_1 = r e_1, and let G = H + x_1 x_1', a = (H^-1)_11, b as in the bordering:
    |K_1|^2 = l^2 (1 + |b|^2), where l = r^2 a / (1 + r^2 a).  r^2 is chi-square with dim degrees of
    freedom, 1/a chi-square with rows - dim, so l is Beta(dim/2, (rows - dim)/2); given the rest, b
    is N(0, inverse of a Wishart matrix of dim - 1 dimensions and rows - 1 degrees of freedom).
    """
    leverage_square = Fraction(dim * (dim + 2), rows * (rows + 2))
    tilt = mean_inverse_trace(dim - 1, rows - 1) if dim > 1 else Fraction(0)
    return rows * leverage_square * (1 + tilt) / dim


def pooled_contraction(dim: int, kept: int, others: int) -> Fraction:
    """Return E tr (K'K) / dim, K = G^-1 (X'X of ``kept`` rows), G of ``kept`` + ``others`` rows.

    K = sum of the K_i of the kept rows.  Rows are alike: E tr K_i'K_i / dim = c / M for each of
    the M rows, and sum_i K_i = I makes the M (M - 1) products of two rows share 1 - c.
    """
    rows = kept + others
    c = row_amplification(dim, rows)
    same, different = c / rows, (1 - c) / (rows * (rows - 1))
    return kept * same + kept * (kept - 1) * different


def fresh_errors(
    dim: int, n_real: int, n: int, noise: tuple[Fraction, Fraction], generations: int
) -> list[Fraction]:
    """Return E|w_t - w*|^2, t = 0..T, when ``n`` synthetic and ``n_real`` new real rows are pooled.

    w_t - w* = K (w_{t-1} - w*) + G^-1 X'e, all rows new.  ``noise``: of real and synthetic labels;
    the noise of some rows costs their share of E tr G^-1.
    """
    rows = n_real + n
    keep = pooled_contraction(dim, n, n_real)
    squares = (n_real * noise[0] ** 2 + n * noise[1] ** 2) / rows
    errors = [Fraction(0), noise[0] ** 2 * mean_inverse_trace(dim, n_real)]
    for _ in range(2, generations + 1):
        errors.append(keep * errors[-1] + squares * mean_inverse_trace(dim, rows))
    return errors[: generations + 1]


# --- special functions that the sums should equal ------------------------------------------------


def digamma_sum(dim: int, n: int, generations: int) -> mpmath.mpf:
    """Return dim sum_{i <= T} 1 / (i (i n - c)), c = dim + 1, to the working precision of mpmath.

    1/(i (i n - c)) = (1/c) [1/(i - c/n) - 1/i], and sum_{i <= T} 1/(i - a) = psi(T + 1 - a) -
    psi(1 - a).
    """
    c = mpmath.mpf(dim + 1)
    shifted = mpmath.digamma(generations + 1 - c / n) - mpmath.digamma(1 - c / n)
    return dim / c * (shifted - mpmath.harmonic(generations))


def accumulate_limit_ratio(phi: mpmath.mpf) -> mpmath.mpf:
    """Return lim E|w_t - w*|^2 / E|w_1 - w*|^2, batches of one size, phi = (dim + 1)/n."""
    return mpmath.nsum(lambda i: (1 - phi) / (i * (i - phi)), [1, mpmath.inf])


def ridge_factors(
    eigenvalue: Fraction, penalty: Fraction, generations: int, *, workflow: str
) -> list[Fraction]:
    """Return the mean of w_t over w*, t = 0..T, along one eigenvector of X'X/n, design reused.

    ``workflow``: replace, accumulate (lambda scaled to the data), accumulate_fixed (lambda/t).
    """
    means = [Fraction(1)]
    for t in range(1, generations + 1):
        labels = means[-1] if workflow == "replace" else sum(means, Fraction(0)) / t
        strength = penalty / t if workflow == "accumulate_fixed" else penalty
        means.append(eigenvalue * labels / (eigenvalue + strength))
    return means


def _entry(schedule: Sequence[Value], index: int) -> Value:
    return schedule[min(index, len(schedule) - 1)]
