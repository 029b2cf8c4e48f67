"""A literal twin of the regression kernels: training sets stored, fits by numpy's pinv and solve.

Written from the description of the workflows and of the stream, not from the kernels. It consumes
one block's stream as a kernel must, replicate by replicate; in each

- the direction of w*, by d normals (not under Rao and Blackwell's method, which draws no noise);
- a design that is reused and not given, then the batches in order of creation; for a draw of the
  pool ``int(random() * size)`` with replacement, else a partial Fisher-Yates shuffle of the rows'
  numbers, place r taking that of place ``r + int(random() * (size - r))``;
- a batch literally: rows in order, in each the features and then the label; of a design that is
  reused the labels only. By its statistics: the factor R of x'x / n, row by row, in each a
  chi-square of n - j degrees and then the normals behind it, and the labels of those rows.

Features are drawn along the eigenvectors of Sigma, and rotated: data and fits are in the user's
coordinates. Labels are whole, x'w + noise, and so are weights.

A label is a row vector: of one number; or, under Rao and Blackwell's method, of its coefficients on
w* and on the noise of every row. Fits are linear, so they do not care.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from theory.regression import RegressionChain
from theory.workflow import Workflow

Array = NDArray[np.float64]


class Batch(NamedTuple):
    """Rows x, labels, and the weight of one row if the batch has weight 1."""

    x: Array
    labels: Array
    weight: float


@dataclass
class World:
    """One run's data: how rows and labels come from the stream."""

    chain: RegressionChain
    workflow: Workflow
    rng: Generator
    method: str
    given: Array | None
    generations: int

    def __post_init__(self) -> None:
        self.scale, self.axes = np.linalg.eigh(self.chain.matrix)
        self.literal = self.method == "rows" or self.workflow.budget is not None
        self.conditional = self.method == "rao-blackwell"
        dim = self.chain.dim
        self.design: Array | None = None
        if self.conditional:
            self.noises: Iterator[Array] = iter(np.eye(dim + self.total_rows())[dim:])
            self.truth = np.eye(dim, dim + self.total_rows())
        else:
            direction = self.rng.standard_normal(dim)
            direction *= self.chain.weights_norm / np.linalg.norm(direction)
            self.truth = (self.axes @ direction)[:, None]
        rows = self.workflow.real_rows(1)
        if self.chain.design == "reused" and (self.literal or self.given is not None):
            self.design = self.draw_rows(rows) if self.given is None else self.given
            if not self.literal:
                self.design = reduced(self.design, self.axes)
        elif self.chain.design == "reused":
            self.design = self.draw_factor(rows)

    def total_rows(self) -> int:
        flow, times = self.workflow, range(1, self.generations + 1)
        return sum(flow.real_rows(t) + flow.synthetic_rows(t) for t in times)

    def draw_rows(self, rows: int) -> Array:
        z = self.rng.standard_normal((rows, self.chain.dim))
        return np.asarray(z * np.sqrt(self.scale) @ self.axes.T)

    def draw_factor(self, rows: int) -> Array:
        dim = self.chain.dim
        factor = np.zeros((min(rows, dim), dim))
        for j in range(len(factor)):
            factor[j, j] = math.sqrt(chi_square(rows - j, self.rng))
            factor[j, j + 1 :] = self.rng.standard_normal(dim - j - 1)
        return np.asarray(factor * np.sqrt(self.scale / rows) @ self.axes.T)

    def noise(self) -> Array:
        """The noise of one label, of standard deviation one."""
        return next(self.noises) if self.conditional else self.rng.standard_normal(1)

    def write(self, rows: int, noise: float, weights: Array) -> Batch:
        """A batch of the model of those weights, axes (feature, coefficient)."""
        if not self.literal:
            x = self.draw_factor(rows) if self.design is None else self.design
            grain = noise / math.sqrt(rows)
            return Batch(x, x @ weights + grain * np.array([self.noise() for _ in x]), 1.0)
        x, labels = np.empty((rows, self.chain.dim)), np.empty((rows, weights.shape[1]))
        for r in range(rows):
            x[r] = self.draw_rows(1)[0] if self.design is None else self.design[r]
            labels[r] = x[r] @ weights + noise * self.noise()
        return Batch(x, labels, 1.0 / rows)


def chi_square(degrees: int, rng: Generator) -> float:
    if degrees <= 3:
        return float((rng.standard_normal(degrees) ** 2).sum())
    return 2 * float(rng.standard_gamma(degrees / 2))


def reduced(design: Array, axes: Array) -> Array:
    """As many rows as features with the same second moments: upper triangular along the axes."""
    factor = np.linalg.qr(design @ axes, mode="r") / math.sqrt(len(design))
    return np.asarray(factor * np.sign(np.diag(factor))[:, None] @ axes.T)


def fit(x: Array, labels: Array, weights: Array, penalty: float) -> tuple[Array, float]:
    """The weights of the model, and the condition number of the equations."""
    if penalty > 0:
        matrix = x.T @ (weights[:, None] * x) + penalty * np.eye(x.shape[1])
        moment = x.T @ (weights[:, None] * labels)
        return np.linalg.solve(matrix, moment), float(np.linalg.cond(matrix))
    root = np.sqrt(weights)[:, None]
    singular = np.linalg.svd(root * x, compute_uv=False)
    kept = singular[singular > 1e-9 * singular[0]]
    return np.linalg.pinv(root * x, rcond=1e-9) @ (root * labels), float((kept[0] / kept[-1]) ** 2)


def one_run(world: World) -> list[dict[str, float]]:
    """Return the fields and the condition number of fits t = 1..T."""
    chain, workflow = world.chain, world.workflow
    batches: list[Batch] = []
    order = np.empty(0, dtype=np.int64)
    found = []
    for t in range(1, world.generations + 1):
        if workflow.real_rows(t):
            batches.append(world.write(workflow.real_rows(t), chain.label_noise(0), world.truth))
        x, labels = (np.concatenate([b[i] for b in batches]) for i in (0, 1))
        if workflow.budget is None:
            shares = workflow.weights(t)
            row_weights = [
                np.full(len(b.x), w * b.weight) for w, b in zip(shares, batches, strict=True)
            ]
            weights = np.concatenate(row_weights)
            x, labels, weights = x[weights > 0], labels[weights > 0], weights[weights > 0]
        else:
            order = np.concatenate([order, np.arange(len(order), len(x))])
            rows = drawn(order, workflow.train_size(t), workflow.replacement, world.rng)
            x, labels, weights = x[rows], labels[rows], np.full(len(rows), 1 / len(rows))
        penalty = chain.ridge_at(t)
        if chain.penalty == "fixed":
            penalty *= workflow.real_rows(1) / workflow.train_size(t)
        model, condition = fit(x, labels, weights, penalty)
        found.append({**measure(world, model), "condition": condition})
        if t < world.generations:
            batches.append(world.write(workflow.synthetic_rows(t), chain.label_noise(t), model))
    return found


def drawn(
    order: NDArray[np.int64], rows: int, replacement: bool, rng: Generator
) -> NDArray[np.int64]:
    """Numbers of the rows drawn; without replacement they move to the front of the order."""
    size = len(order)
    if replacement:
        return np.array([order[int(rng.random() * size)] for _ in range(rows)])
    if rows < size:
        for r in range(rows):
            index = r + int(rng.random() * (size - r))
            order[[r, index]] = order[[index, r]]
    return order[:rows].copy()


def measure(world: World, model: Array) -> dict[str, float]:
    error, chain = model - world.truth, world.chain
    if not world.conditional:
        return {"excess_test_error": float(error[:, 0] @ chain.matrix @ error[:, 0])}
    missed, noise = error[:, : chain.dim], error[:, chain.dim :]
    bias = np.trace(missed.T @ chain.matrix @ missed) * chain.weights_norm**2 / chain.dim
    variance = np.trace(noise.T @ chain.matrix @ noise)
    return {"excess_test_error": bias + variance, "bias": bias, "variance": variance}


def simulate(
    chain: RegressionChain,
    workflow: Workflow,
    generations: int,
    stream: Generator,
    *,
    replicates: int,
    method: str,
    design: Array | None = None,
) -> dict[str, Array]:
    """Return the fields, arrays (replicate, generation 1..T), and 'condition' of the fits."""
    runs = [
        one_run(World(chain, workflow, stream, method, design, generations))
        for _ in range(replicates)
    ]
    return {name: np.array([[f[name] for f in run] for run in runs]) for name in runs[0][0]}
