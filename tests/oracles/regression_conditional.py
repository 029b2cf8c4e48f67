"""Bias and variance of the regression chain given its rows and draws, by explicit matrices.

Given the rows of every batch and who trains on which, every model is an affine map of the truth w*
and of the vector e of all label noises (one entry a row that was ever written):

    label of row r = x_r'w_s + sigma_s e_r,     w_t = B_t w* + C_t e,     B_0 = I, C_0 = 0.

A fit is a matrix F that turns labels into a model, so B_t = F (label rows of B), C_t likewise, and

    bias^2 = w*'(B_t - I)'Sigma (B_t - I)w*,    variance = tr C_t'Sigma C_t    (e is white).

The matrices are kept whole: no scalar recursion and no expectation over rows.  Rows given as
fractions (arrays of ``object``) stay fractions: every line below then is exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any, Unpack

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.oracles.training_sets import Fit, Options, training_sets

Array = NDArray[Any]
"""Floats, or objects that are fractions."""
Row = tuple[int, int]
"""Batch and row within it."""
TrainingSet = list[tuple[Row, Any]]
"""Rows and their weights, which sum to one; a row drawn twice is there twice."""


@dataclass(frozen=True)
class Experiment:
    """Everything random but the noise of the labels."""

    designs: tuple[Array, ...]
    """Rows (row, feature) of every batch, in order of creation."""
    authors: tuple[int, ...]
    """Who labelled each batch: 0 the truth, s the model s."""
    training: tuple[TrainingSet, ...]
    """Fit t = 1, 2, ...: the rows trained on."""

    @property
    def rows(self) -> list[Row]:
        """Every row ever written; its place in the list is its place in e."""
        return [(b, r) for b, x in enumerate(self.designs) for r in range(len(x))]


def affine_models(
    experiment: Experiment,
    *,
    noise: Sequence[Any] = (1,),
    ridge: Any = 0,
    penalty: str = "scaled",
) -> list[tuple[Array, Array]]:
    """Return (B_t, C_t) for t = 0..T, C_t with one column a row of ``experiment.rows``.

    ``noise``, ``ridge`` and ``penalty`` are those of
    :func:`tests.oracles.regression_literal.simulate`.
    """
    dim = experiment.designs[0].shape[1]
    zero = experiment.designs[0][0, 0] * 0
    eye = np.array([[zero + (i == j) for j in range(dim)] for i in range(dim)])
    places = {row: place for place, row in enumerate(experiment.rows)}
    models = [(eye, np.full((dim, len(places)), zero))]
    for training in experiment.training:
        x = np.array([experiment.designs[b][r] for (b, r), _ in training])
        of_truth, of_noise = [], []
        for line, (row, _) in zip(x, training, strict=True):
            author = experiment.authors[row[0]]
            of_truth.append(line @ models[author][0])
            of_noise.append(line @ models[author][1])
            of_noise[-1][places[row]] += noise[min(author, len(noise) - 1)]
        strength = ridge
        if penalty == "fixed":
            strength = ridge * len(experiment.training[0]) / len(training)
        fit = fit_matrix(x, np.array([weight for _, weight in training]), strength)
        models.append((fit @ np.array(of_truth), fit @ np.array(of_noise)))
    return models


def bias_and_variance(
    models: list[tuple[Array, Array]], *, truth: Array, covariance: Array | None = None
) -> tuple[Array, Array]:
    """Return (bias^2, variance) of the error, each (generation 0..T); their sum is the error."""
    eye = models[0][0]
    sigma = eye if covariance is None else covariance
    shifts = [(b - eye) @ truth for b, _ in models]
    bias = [shift @ sigma @ shift for shift in shifts]
    return np.array(bias), np.array([np.sum(c * (sigma @ c)) for _, c in models])


def random_experiment(
    kind: str,
    n: tuple[int, ...],
    generations: int,
    *,
    generator: Generator,
    covariance: Array,
    design: str = "fresh",
    **options: Unpack[Options],
) -> Experiment:
    """Return Gaussian rows and random draws for a workflow, without any label."""
    fits = training_sets(kind, n, generations, **options)
    root = np.linalg.cholesky(covariance)
    batches = [
        (author, size)
        for t, fit in enumerate(fits, start=1)
        for author, size in [*((0, size) for size in fit.new_real), (t, fit.synthetic_rows)]
    ]
    designs = [generator.standard_normal((size, len(root))) @ root.T for _, size in batches]
    if design == "reused":
        if len({size for _, size in batches}) > 1:
            raise ValueError(f"a reused design needs batches of one size, got n={n}")
        designs = [designs[0]] * len(batches)
    training = tuple(_draw(fit, generator) for fit in fits)
    return Experiment(tuple(designs), tuple(author for author, _ in batches), training)


def every_draw(fit: Fit) -> list[TrainingSet]:
    """Return every equally likely training set of a fit that draws without replacement."""
    pool = [(b, r) for b, size in fit.sizes.items() for r in range(size)]
    if fit.budget is None:
        return [[((b, r), fit.weights[b] / fit.sizes[b]) for b, r in pool]]
    share = Fraction(1, fit.budget)
    return [[(row, share) for row in rows] for rows in combinations(pool, fit.budget)]


def _draw(fit: Fit, generator: Generator) -> TrainingSet:
    pool = [(b, r) for b, size in fit.sizes.items() for r in range(size)]
    if fit.budget is None:
        return [((b, r), float(fit.weights[b]) / fit.sizes[b]) for b, r in pool]
    places = generator.choice(len(pool), size=fit.budget, replace=fit.replacement)
    return [(pool[place], 1 / fit.budget) for place in places]


def fit_matrix(x: Array, weights: Array, strength: Any = 0) -> Array:
    """Return the matrix that turns the labels of the rows ``x`` into the fitted model."""
    if x.dtype == object:
        gram = x.T @ (weights[:, None] * x)
        return _exact_inverse(gram + np.diag([Fraction(strength)] * len(gram))) @ (x.T * weights)
    root = np.sqrt(weights)
    if strength > 0:
        # The ridge fit is a least-squares fit with dim more rows, sqrt(lambda) times the axes.
        stacked = np.vstack([root[:, None] * x, np.sqrt(strength) * np.eye(x.shape[1])])
        return np.linalg.pinv(stacked)[:, : len(x)] * root
    return np.linalg.pinv(root[:, None] * x) * root


def _exact_inverse(matrix: Array) -> Array:
    """Return the inverse of a positive definite matrix of fractions by Gauss-Jordan elimination."""
    dim = len(matrix)
    work = [[*row, *(Fraction(i == j) for j in range(dim))] for i, row in enumerate(matrix)]
    for pivot in range(dim):
        work[pivot] = [value / work[pivot][pivot] for value in work[pivot]]
        for other in range(dim):
            if other != pivot:
                factor = work[other][pivot]
                work[other] = [
                    a - factor * b for a, b in zip(work[other], work[pivot], strict=True)
                ]
    return np.array([row[dim:] for row in work])
