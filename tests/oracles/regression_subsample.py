"""Accumulate-subsample in the regression chain: exact given the designs, and a fast simulation.

Given the rows of every batch the draws do not look at the labels, so they are independent of the
models that wrote them, and the second moments of labels close.  With F_S the matrix of the fit to
the drawn rows S, C the covariance of the labels of the pool and averages over all draws,

    E w w' = average of F_S C F_S',     Cov(w, labels) = (average of F_S) C,

and new labels are X w + noise.  No closed law is known once designs are averaged as well: every
fit depends on rows that earlier models were fitted to.
"""

from typing import Any, Unpack

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.oracles.regression_conditional import Row, every_draw, fit_matrix
from tests.oracles.training_sets import Fit, Options, training_sets

Array = NDArray[Any]


def errors_given_designs(
    kind: str,
    n: tuple[int, ...],
    generations: int,
    *,
    designs: list[Array],
    **options: Unpack[Options],
) -> list[Any]:
    """Return E[|w_t - w*|^2 | designs], t = 0..T: least squares, unit noise, averaged over draws.

    ``designs`` are the rows of every batch in order of creation, floats or fractions.
    """
    zero = designs[0][0, 0] * 0
    rows: list[Row] = []
    labels, errors = np.full((0, 0), zero), [zero]
    for fit in training_sets(kind, n, generations, **options):
        for _ in fit.new_real:
            rows, x = _next_batch(rows, designs)
            nothing = np.full((len(x), len(labels)), zero)
            labels = _bordered(labels, nothing, np.full((len(x), len(x)), zero))
        mean_map, square = _average_fit(fit, rows, designs, labels)
        errors.append(np.trace(square))
        rows, x = _next_batch(rows, designs)
        labels = _bordered(labels, x @ mean_map @ labels, x @ square @ x.T)
    return errors


def _next_batch(rows: list[Row], designs: list[Array]) -> tuple[list[Row], Array]:
    batch = rows[-1][0] + 1 if rows else 0
    return [*rows, *((batch, r) for r in range(len(designs[batch])))], designs[batch]


def _bordered(labels: Array, cross: Array, signal: Array) -> Array:
    """Return the covariance of old and new labels; the new ones get noise of their own."""
    noise = np.array([[i == j for j in range(len(signal))] for i in range(len(signal))]) * 1
    return np.block([[labels, cross.T], [cross, signal + noise]])


def _average_fit(
    fit: Fit, rows: list[Row], designs: list[Array], labels: Array
) -> tuple[Array, Array]:
    """Return the averages over draws of F_S, padded to all rows, and of F_S C F_S'."""
    draws = every_draw(fit)
    x_all = np.array([designs[b][r] for b, r in rows])
    maps = []
    for training in draws:
        places = [rows.index(row) for row, _ in training]
        weights = np.array([weight for _, weight in training], dtype=x_all.dtype)
        padded = (x_all * 0).T
        padded[:, places] = fit_matrix(x_all[places], weights)
        maps.append(padded)
    squares = [padded @ labels @ padded.T for padded in maps]
    return sum(maps[1:], maps[0]) / len(draws), sum(squares[1:], squares[0]) / len(draws)


def subsample_errors(
    dim: int,
    n: int,
    budget: int,
    generations: int,
    *,
    seed: int,
    replicates: int,
    design: str = "fresh",
    noises: int = 8,
) -> Array:
    """Return |w_t - w*|^2, axes (replicate, generation 0..T), Sigma = I and unit noise.

    Every replicate labels the same rows and draws with ``noises`` independent noises and returns
    the mean of their errors, which takes most of the noise out at little cost.
    """
    generator = np.random.default_rng(seed)
    x = generator.standard_normal((replicates, n * generations, dim))
    if design == "reused":
        x = np.tile(x[:, :n], (1, generations, 1))
    y = generator.standard_normal((replicates, n * generations, noises))
    errors = np.zeros((replicates, generations + 1))
    for t in range(1, generations + 1):
        drawn = _draws(generator, replicates, n * t, budget)[:, :, None]
        x_drawn = np.take_along_axis(x, drawn, axis=1)
        y_drawn = np.take_along_axis(y, drawn, axis=1)
        transposed = x_drawn.swapaxes(1, 2)
        models = np.linalg.solve(transposed @ x_drawn, transposed @ y_drawn)
        errors[:, t] = np.sum(models**2, axis=1).mean(axis=1)
        y[:, n * t : n * (t + 1)] += x[:, n * t : n * (t + 1)] @ models
    return errors


def _draws(generator: Generator, replicates: int, pool: int, budget: int) -> NDArray[np.int64]:
    """Return rows drawn without replacement, axes (replicate, place): the least of random keys."""
    keys = generator.random((replicates, pool))
    if budget >= pool:
        return np.broadcast_to(np.arange(pool), keys.shape)
    return np.argpartition(keys, budget - 1, axis=1)[:, :budget]


def spread_recursion(dim: int, budget: int, generations: int) -> Array:
    """Return the spread D = P - Q of the models in a pool, t = 0..T, by its recursion to order 1/t.

    Fit t draws rows of t + 1 batches, nearly all of different models: E|e|^2 = c P + (1 - c) Q +
    tau with P the mean square of their errors and Q the square of the mean, tau the new labels'
    noise, and the new model joins the average.
    """
    c = (budget - 2) * (dim + 2) / ((budget + 2) * (budget - dim - 1))
    tau = dim / (budget - dim - 1)
    mean, square = 0.0, 0.0
    spread = np.zeros(generations + 1)
    for t in range(1, generations + 1):
        spread[t] = square - mean
        error = c * square + (1 - c) * mean + tau
        square += (error - square) / (t + 1)
        mean += (error - mean) / (t + 1) ** 2
    return spread
