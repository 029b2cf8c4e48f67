"""A literal twin of the Gaussian kernels: every row stored, every fit by numpy, in plain Python.

Written from the description of the workflows and of the stream, not from the kernels.  It consumes
one block's stream as a kernel must: replicate by replicate; in each, rows in order and features in
order; a normal by ``standard_normal()``; a row of a data table by ``int(random() * len(table))``;
a subsample without replacement by a partial Fisher-Yates shuffle of the pool, place r taking row
``r + int(random() * (size - r))``, and with replacement row ``int(random() * size)``.

Rows live where the user's data do, in x = mu_0 + U diag(scale)^(1/2) y, and are fitted there.
The statistics engine draws, for each batch of n rows, d normals for its mean, then the factor of
its scatter column by column: a chi-square of n - 1 - j degrees, then the normals below it.  Up to
three degrees a chi-square is a sum of squared normals, else ``2 standard_gamma(degrees / 2)``.
In one dimension LANES runs draw side by side: each batch for every lane before the next batch.

Only the square root of the covariance that multiplies the normals is fixed by the kernels'
coordinates y, where the truth is N(0, I): Sigma = B L L' B' with B = U diag(scale)^(1/2) and L
lower triangular.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from theory.gaussian import GaussianChain
from theory.workflow import Workflow

Array = NDArray[np.float64]


LANES = 64


@dataclass(frozen=True)
class Truth:
    """Where real rows come from: N(mean, basis basis') or a table, axes (row, feature)."""

    mean: Array
    basis: Array
    table: Array | None

    @property
    def covariance(self) -> Array:
        return self.basis @ self.basis.T

    def sample(self, rows: int, rng: Generator) -> Array:
        if self.table is None:
            return self.mean + rng.standard_normal((rows, len(self.mean))) @ self.basis.T
        return np.array([self.table[int(rng.random() * len(self.table))] for _ in range(rows)])


@dataclass(frozen=True)
class Model:
    """A fit, and the factor by which forming it amplified rounding."""

    mean: Array
    covariance: Array
    stretch: float

    def sample(self, rows: int, temperature: float, truth: Truth, rng: Generator) -> Array:
        undo = np.linalg.inv(truth.basis)
        root = truth.basis @ np.linalg.cholesky(undo @ self.covariance @ undo.T)
        z = rng.standard_normal((rows, len(self.mean)))
        return self.mean + math.sqrt(temperature) * z @ root.T


def simulate(
    chain: GaussianChain,
    workflow: Workflow,
    generations: int,
    stream: Generator,
    *,
    replicates: int,
    data: Array | None = None,
    method: str = "rows",
) -> tuple[dict[str, Array], Array]:
    """Return the fields, and the stretch of each fit, arrays (replicate, generation 1..T).

    ``stretch`` is max |row - mu_0| / sigma_min + cond(Sigma): rows are stored to eps |row| and
    covariances to eps sigma_max^2, so a fit has a relative error of about eps x stretch in its
    smallest variance, on top of what it inherits.
    """
    measured, stretch = [], []
    truth = truth_of(chain, data)
    for run in range(replicates):
        if method == "statistics":
            if run == 0 or chain.dim > 1 or run % LANES == 0:
                lanes = draws(chain, workflow, generations, stream)
            fits = statistics_run(chain, workflow, generations, truth, lanes[run % len(lanes)])
        else:
            fits = one_run(chain, workflow, generations, stream, data)
        measured.append(
            [measure(m.mean - truth.mean, m.covariance, truth.covariance) for m in fits]
        )
        stretch.append([m.stretch for m in fits])
    fields = {
        name: np.array([[values[name] for values in run] for run in measured])
        for name in measured[0][0]
    }
    return fields, np.array(stretch)


def measure(shift: Array, fitted: Array, truth: Array) -> dict[str, float]:
    """Return every field of a model of covariance ``fitted`` whose mean is off by ``shift``."""
    dim, trace = len(truth), np.trace(truth)
    log_det = np.linalg.slogdet(fitted)[1] - np.linalg.slogdet(truth)[1]
    precision = np.linalg.inv(fitted)
    mahalanobis = shift @ precision @ shift
    inner = np.trace(precision @ truth)
    overlap = np.sqrt(np.linalg.eigvals(truth @ fitted).real).sum()
    values = {
        "mean_error": shift @ shift / trace,
        "trace_ratio": np.trace(fitted) / trace,
        "log_det_ratio": log_det,
        "determinant_ratio": np.linalg.det(fitted) / np.linalg.det(truth),
        "covariance_error": np.sum((fitted - truth) ** 2) / np.sum(truth**2),
        "precision_ratio": inner / dim,
        "mahalanobis_error": mahalanobis,
        "excess_nll": (log_det + inner + mahalanobis - dim) / 2,
        "wasserstein": (shift @ shift + np.trace(fitted) + trace - 2 * overlap) / trace,
    }
    if dim == 1:
        values["spread_ratio"] = math.sqrt(fitted[0, 0] / truth[0, 0])
    return {name: float(value) for name, value in values.items()}


def truth_of(chain: GaussianChain, data: Array | None) -> Truth:
    """Return the truth; a table is its own truth, of its own mean and covariance."""
    scale, axes = np.linalg.eigh(chain.matrix)
    mean = np.zeros(chain.dim) if data is None else data.mean(axis=0)
    return Truth(mean, axes * np.sqrt(scale), data)


def one_run(
    chain: GaussianChain,
    workflow: Workflow,
    generations: int,
    stream: Generator,
    data: Array | None = None,
) -> list[Model]:
    """Return the fits t = 1..T of the next run of the stream."""
    run = _batches_run if workflow.budget is None else _subsample_run
    return run(chain, workflow, generations, truth_of(chain, data), stream)


def _fit(rows: Array, weights: Array | None, ddof: int, truth: Truth) -> Model:
    mean = np.average(rows, axis=0, weights=weights)
    covariance = np.atleast_2d(np.cov(rows, rowvar=False, ddof=ddof, aweights=weights))
    variances = np.linalg.eigvalsh(covariance)
    reach = np.abs(rows - truth.mean).max() / math.sqrt(variances[0])
    return Model(mean, covariance, float(reach + variances[-1] / variances[0]))


def _batches_run(
    chain: GaussianChain, workflow: Workflow, generations: int, truth: Truth, rng: Generator
) -> list[Model]:
    """Return the fits of one run; batches in order of creation, each row weighted."""
    batches: list[Array] = []
    models: list[Model] = []
    for t in range(1, generations + 1):
        if workflow.real_rows(t):
            batches.append(truth.sample(workflow.real_rows(t), rng))
        shares = workflow.weights(t)
        weights = [np.full(len(x), w / len(x)) for x, w in zip(batches, shares, strict=True)]
        seen = np.concatenate(weights) > 0
        rows, weight = np.concatenate(batches)[seen], np.concatenate(weights)[seen]
        models.append(_fit(rows, weight, chain.ddof, truth))
        if t < generations:
            rows_next = workflow.synthetic_rows(t)
            batches.append(models[-1].sample(rows_next, chain.temperature, truth, rng))
    return models


def _subsample_run(
    chain: GaussianChain, workflow: Workflow, generations: int, truth: Truth, rng: Generator
) -> list[Model]:
    """Return the fits of one run on rows drawn from the pool of all rows so far."""
    pool = truth.sample(workflow.real_rows(1), rng)
    models: list[Model] = []
    for t in range(1, generations + 1):
        drawn = _draw(pool, workflow.train_size(t), workflow.replacement, rng)
        models.append(_fit(drawn, None, chain.ddof, truth))
        if t < generations:
            rows_next = workflow.synthetic_rows(t)
            new = models[-1].sample(rows_next, chain.temperature, truth, rng)
            pool = np.concatenate([pool, new])
    return models


def _draw(pool: Array, rows: int, replacement: bool, rng: Generator) -> Array:
    """Return drawn rows; without replacement they move to the front of the pool."""
    size = len(pool)
    if replacement:
        return pool[[int(rng.random() * size) for _ in range(rows)]]
    if rows < size:
        for r in range(rows):
            index = r + int(rng.random() * (size - r))
            pool[[r, index]] = pool[[index, r]]
    return pool[:rows].copy()


# --- by the laws of the statistics -------------------------------------------------------------

Statistics = tuple[Array, Array]  # the mean of standard normal rows, and a factor of their scatter


def draws(
    chain: GaussianChain, workflow: Workflow, generations: int, rng: Generator
) -> list[list[Statistics]]:
    """Return the statistics of every batch of the next runs of the stream, in order of creation."""
    sizes: list[int] = []
    for t in range(1, generations + 1):
        sizes += [workflow.real_rows(t)] if workflow.real_rows(t) else []
        sizes += [workflow.synthetic_rows(t)] if t < generations else []
    lanes = LANES if chain.dim == 1 else 1
    batches = [[_statistics(rows, chain.dim, rng) for _ in range(lanes)] for rows in sizes]
    return [list(run) for run in zip(*batches, strict=True)]


def _statistics(rows: int, dim: int, rng: Generator) -> Statistics:
    mean, factor = rng.standard_normal(dim), np.zeros((dim, dim))
    for j in range(min(dim, rows - 1)):
        factor[j, j] = math.sqrt(_chi_square(rows - 1 - j, rng))
        factor[j + 1 :, j] = rng.standard_normal(dim - j - 1)
    return mean / math.sqrt(rows), factor / math.sqrt(rows)


def _chi_square(degrees: int, rng: Generator) -> float:
    if degrees <= 3:
        return float((rng.standard_normal(degrees) ** 2).sum())
    return 2 * float(rng.standard_gamma(degrees / 2))


def statistics_run(
    chain: GaussianChain,
    workflow: Workflow,
    generations: int,
    truth: Truth,
    drawn: list[Statistics],
) -> list[Model]:
    """Return the fits of one run whose batches have the statistics that were drawn."""
    waiting = iter(drawn)
    undo = np.linalg.inv(truth.basis)
    batches: list[tuple[Array, Array]] = []
    models: list[Model] = []
    for t in range(1, generations + 1):
        if workflow.real_rows(t):
            mean, factor = next(waiting)
            batches.append((truth.mean + truth.basis @ mean, _square(truth.basis @ factor)))
        shares = workflow.weights(t)
        mean = np.sum([w * m for w, (m, _) in zip(shares, batches, strict=True)], axis=0)
        spread = sum(
            w * (scatter + np.outer(m - mean, m - mean))
            for w, (m, scatter) in zip(shares, batches, strict=True)
        )
        rows = workflow.train_size(t)
        covariance = np.asarray(spread * rows / (rows - chain.ddof))
        variances = np.linalg.eigvalsh(covariance)
        models.append(Model(mean, covariance, float(variances[-1] / variances[0])))
        if t < generations:
            root = truth.basis @ np.linalg.cholesky(undo @ covariance @ undo.T)
            root = root * math.sqrt(chain.temperature)
            shift, factor = next(waiting)
            batches.append((mean + root @ shift, _square(root @ factor)))
    return models


def _square(factor: Array) -> Array:
    return factor @ factor.T
