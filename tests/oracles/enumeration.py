"""Exact moments of the Gaussian chain in d = 1, row by row, over every subsample there is.

Derivation.  Fix which rows are drawn at every generation (the draws do not look at the data).  A
synthetic row is x = mu_t + sqrt(tau) sigma_t z with z standard normal and independent of the past,
mu_t = sum_i u_i x_i over the drawn rows, sigma_t^2 = c (sum_i u_i x_i^2 - mu_t^2).  Hence, writing
C_ij = E[x_i x_j] given the draws,

    E mu_t^2 = u'Cu,                      E sigma_t^2 = c (sum_i u_i C_ii - u'Cu),
    E[x_new x_j] = (Cu)_j,   E[x_new x_new'] = E mu_t^2 + tau E sigma_t^2 [new = new'],

because sigma_t^2 enters a second moment only through its expectation.  So C is propagated exactly
along each sequence of draws, and the answer is the plain average over all sequences: no sampling
formula is used anywhere.  The number of sequences explodes; keep to a few rows and generations.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, product
from typing import Unpack

from tests.oracles.training_sets import Fit, Options, training_sets

SecondMoments = list[list[Fraction]]
Batches = list[list[int]]
RowWeights = dict[int, Fraction]


def enumerated_moments(
    kind: str,
    n: tuple[int, ...],
    generations: int,
    *,
    ddof: int = 0,
    tau: Fraction = Fraction(1),
    **options: Unpack[Options],
) -> list[tuple[Fraction, Fraction]]:
    """Return (E|mu_t - mu_0|^2, E sigma_t^2), both over sigma_0^2, for t = 0..generations."""
    fits = training_sets(kind, n, generations, **options)
    totals = [[Fraction(0), Fraction(0)] for _ in fits]

    def follow(step: int, second: SecondMoments, batches: Batches, probability: Fraction) -> None:
        if step == len(fits):
            return
        fit = fits[step]
        for rows in fit.new_real:
            second, batches = _with_batch(second, batches, rows, {}, Fraction(0), Fraction(1))
        draws = list(_draws(fit, batches))
        for weights in draws:
            share = probability / len(draws)
            error = _quadratic_form(second, weights)
            average_square = sum(weight * second[i][i] for i, weight in weights.items())
            variance = (average_square - error) * fit.unbiased_factor(ddof)
            totals[step][0] += share * error
            totals[step][1] += share * variance
            grown = _with_batch(second, batches, fit.synthetic_rows, weights, error, tau * variance)
            follow(step + 1, *grown, share)

    follow(0, [], [], Fraction(1))
    return [(Fraction(0), Fraction(1)), *((error, variance) for error, variance in totals)]


def _draws(fit: Fit, batches: Batches) -> Iterator[RowWeights]:
    """Yield the weights of the rows in every equally likely training set."""
    if fit.budget is None:
        yield {row: fit.weights[b] / fit.sizes[b] for b in fit.sizes for row in batches[b]}
        return
    pool = [row for b in fit.sizes for row in batches[b]]
    every_draw = (
        product(pool, repeat=fit.budget) if fit.replacement else combinations(pool, fit.budget)
    )
    for draw in every_draw:
        yield {row: Fraction(draw.count(row), fit.budget) for row in set(draw)}


def _quadratic_form(second: SecondMoments, weights: RowWeights) -> Fraction:
    return sum(
        (u * v * second[i][j] for i, u in weights.items() for j, v in weights.items()), Fraction(0)
    )


def _with_batch(
    second: SecondMoments,
    batches: Batches,
    rows: int,
    weights: RowWeights,
    mean_square: Fraction,
    variance: Fraction,
) -> tuple[SecondMoments, Batches]:
    """Return second moments and batches after new rows mean + noise arrive; the old stay as is.

    The mean is the combination ``weights`` of old rows; none for real rows, whose mean is 0.
    """
    old = len(second)
    border = [sum((u * row[i] for i, u in weights.items()), Fraction(0)) for row in second]
    grown = [[*row, *[value] * rows] for row, value in zip(second, border, strict=True)]
    for new in range(rows):
        shared = [mean_square] * rows
        shared[new] += variance
        grown.append([*border, *shared])
    return grown, [*batches, list(range(old, old + rows))]
