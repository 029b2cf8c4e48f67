"""Exact moments of the Gaussian chain and the inflation v_t, in fractions, at the level of batches.

Derivation.  Centre rows at the true mean and measure squares in units of tr Sigma_0.  Let psi_b be
the mean of batch b, K_bc = E<psi_b, psi_c>, and q_b the expected average of |row|^2 over batch b.

*Pool.*  With weights w the pool mean is sum_b w_b psi_b, so A = E|pool mean|^2 = w'Kw, and the
weighted average of |row|^2 has expectation Q = w'q.

*Subsample.*  Given the pool, m of its N rows drawn at random have a mean that is unbiased for the
pool mean, with variance V/m with replacement and (V/m)(N-m)/(N-1) without, V = (average |row|^2) -
|pool mean|^2.  Hence B = E|training mean|^2 = A + (Q - A) x factor.

*Fit.*  The plug-in covariance has trace (average |row|^2) - |mean|^2 over the training rows.  Both
kinds of draw leave the expected average at Q, hence E tr Sigma_t = S = (Q - B) M/(M - ddof), M the
number of rows trained on.

*Sample.*  New rows are mu_t + sqrt(tau Sigma_t) z: their mean has E|psi|^2 = B + tau S/n, each row
has E|row|^2 = B + tau S, and E<psi_new, psi_b> = E<mu_t, psi_b> = (Kw)_b, because the draw is
unbiased given the pool.

Everything is kept: all batches, the full matrix K, O(T^3) operations on fractions.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Unpack

from tests.oracles.training_sets import Fit, Options, training_sets

Gram = list[list[Fraction]]


def gaussian_moments(
    kind: str,
    n: tuple[int, ...],
    generations: int,
    *,
    ddof: int = 0,
    tau: Fraction = Fraction(1),
    **options: Unpack[Options],
) -> list[tuple[Fraction, Fraction]]:
    """Return (E|mu_t - mu_0|^2, E tr Sigma_t), both over tr Sigma_0, for t = 0..generations.

    Exact for every dimension and for any real rows with two moments.  ``kind``, ``n`` and
    ``options`` are those of :func:`tests.oracles.training_sets.training_sets`.
    """
    gram: Gram = []
    squares: list[Fraction] = []
    moments = [(Fraction(0), Fraction(1))]
    for fit in training_sets(kind, n, generations, **options):
        for rows in fit.new_real:
            _append_batch(gram, {}, Fraction(1, rows))
            squares.append(Fraction(1))
        pool_error = _mean_square(gram, fit.weights)
        pool_square = sum((w * squares[b] for b, w in fit.weights.items()), Fraction(0))
        error = pool_error + (pool_square - pool_error) * _draw_factor(fit)
        trace = (pool_square - error) * fit.unbiased_factor(ddof)
        moments.append((error, trace))
        _append_batch(gram, fit.weights, error + tau * trace / fit.synthetic_rows)
        squares.append(error + tau * trace)
    return moments


def inflation(
    kind: str, n: tuple[int, ...], generations: int, **options: Unpack[Options]
) -> list[Fraction]:
    """Return v_t = n_0 B_t for t = 0..generations, when every row carries unit noise for ever.

    The large-n limit of the recursion above: Q - A, the variance of a row about the pool mean, is
    1 up to O(1/n), so a new batch adds exactly 1/n and drawing m of N rows adds 1/m - 1/N
    (without replacement) or 1/m (with).
    """
    gram: Gram = []
    errors = [Fraction(0)]
    fits = training_sets(kind, n, generations, **options)
    for fit in fits:
        for rows in fit.new_real:
            _append_batch(gram, {}, Fraction(1, rows))
        error = _mean_square(gram, fit.weights)
        if fit.budget is not None:
            error += Fraction(1, fit.budget)
            error -= 0 if fit.replacement else Fraction(1, fit.pool_rows)
        errors.append(error)
        _append_batch(gram, fit.weights, error + Fraction(1, fit.synthetic_rows))
    return [fits[0].new_real[0] * error for error in errors]


def _mean_square(gram: Gram, weights: Mapping[int, Fraction]) -> Fraction:
    """Return w'Kw."""
    return sum(
        (w * v * gram[b][c] for b, w in weights.items() for c, v in weights.items()), Fraction(0)
    )


def _draw_factor(fit: Fit) -> Fraction:
    """Return the variance of a drawn mean, in units of the variance of one row of the pool."""
    if fit.budget is None:
        return Fraction(0)
    if fit.replacement:
        return Fraction(1, fit.budget)
    return Fraction(fit.pool_rows - fit.budget, fit.budget * (fit.pool_rows - 1))


def _append_batch(gram: Gram, weights: Mapping[int, Fraction], diagonal: Fraction) -> None:
    """Append a batch whose expected mean, given the past, is the pool mean under ``weights``.

    A real batch has no weights: it is independent of the past and centred.
    """
    border = [sum((w * row[b] for b, w in weights.items()), Fraction(0)) for row in gram]
    for row, value in zip(gram, border, strict=True):
        row.append(value)
    gram.append([*border, diagonal])
