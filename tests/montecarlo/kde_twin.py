"""A literal twin of the kernel-density chains: batches stored, every fit looked at from scratch.

Written from the description of the workflows and of the stream, not from the kernels. It consumes
one block's stream as a kernel must, replicate by replicate, each of `copies` chains one behind the
other; in each, batches in order of creation and row by row:

- a real row: of a mixture of several components a uniform for the component, then its normals;
  ``low + (high - low) * random()``; for Laplace's law an exponential and then a uniform, minus from
  one half on; for Student's a normal, then a gamma variate of shape df / 2;
  of a swiss roll uniforms for angle and height, then three normals;
- a draw of the pool: ``int(random() * size)`` with replacement, else a partial Fisher-Yates shuffle
  of the rows' numbers, place r taking that of place ``r + int(random() * (size - r))``;
- a synthetic row: a uniform u names the batch (those of a window in the order of their number
  modulo the window; of fresh the real one first) and what is left of it the row; then a variate
  of the kernel a coordinate.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import logsumexp

from theory.datasets import SwissRoll
from theory.kde import KdeChain
from theory.mixture import GaussianMixture
from theory.truths import Laplace, Normal, StudentT, Truth, Uniform
from theory.workflow import Workflow, WorkflowKind

Array = NDArray[np.float64]


class Fit(NamedTuple):
    """Rows trained on, axes (row, feature), with their weights and numbers, and the bandwidth."""

    rows: Array
    weights: Array
    names: NDArray[np.int64]
    bandwidth: float


def real_row(truth: Truth, rng: Generator) -> Array:
    match truth:
        case Normal():
            return truth.location + truth.scale * rng.standard_normal(truth.dim)
        case GaussianMixture():
            k = 0
            if len(truth.weights) > 1:
                k = int(np.searchsorted(np.cumsum(truth.weights), rng.random(), side="right"))
            root = np.linalg.cholesky(truth.matrices[k])
            return np.asarray(truth.means[k] + root @ rng.standard_normal(truth.dim))
        case Uniform():
            return np.array([truth.low + (truth.high - truth.low) * rng.random()])
        case Laplace():
            return np.array([truth.scale * laplace(rng)])
        case StudentT():
            z = rng.standard_normal()
            return np.array([truth.scale * z / math.sqrt(rng.gamma(truth.df / 2) * 2 / truth.df)])
        case SwissRoll():
            t, y = 1.5 * math.pi * (1 + 2 * rng.random()), 21 * rng.random()
            point = np.array([t * math.cos(t), y, t * math.sin(t)])
            return np.asarray(point + truth.noise * rng.standard_normal(3))
    raise AssertionError(truth)


def laplace(rng: Generator) -> float:
    size = rng.standard_exponential()
    return size if rng.random() < 0.5 else -size


def kernel_variate(kernel: str, rng: Generator) -> float:
    match kernel:
        case "gaussian":
            return float(rng.standard_normal())
        case "laplace":
            return laplace(rng)
        case "uniform":
            return 2 * rng.random() - 1
        case "triangular":
            return float((2 * rng.random(2) - 1).mean())
    u, v, w = 2 * rng.random(3) - 1
    return float(v if abs(w) == max(abs(u), abs(v), abs(w)) else w)


def chain(spec: KdeChain, workflow: Workflow, generations: int, rng: Generator) -> list[Fit]:
    """Fits 1..generations of one chain."""
    h = spec.bandwidths(workflow, generations)
    batches: list[Array] = []
    line: list[int] = []
    found = []
    for t in range(1, generations + 1):
        if workflow.real_rows(t):
            rows = range(workflow.real_rows(t))
            batches.append(np.array([real_row(spec.truth, rng) for _ in rows]))
        fit = trained(workflow, t, batches, line, h[t], rng)
        found.append(fit)
        if t == generations:
            break
        batch = []
        for _ in range(workflow.synthetic_rows(t)):
            row = fit.rows[place(fit, workflow, rng)]
            step = [kernel_variate(spec.kernel, rng) for _ in range(spec.dim)]
            batch.append(row + h[t] * np.array(step))
        batches.append(np.array(batch))
    return found


def trained(
    workflow: Workflow, t: int, batches: list[Array], line: list[int], h: float, rng: Generator
) -> Fit:
    """The training set of fit t; `line` is the order of the pool's rows, kept from fit to fit."""
    if workflow.budget is not None:
        pool = np.concatenate(batches)
        line.extend(range(len(line), len(pool)))
        m = workflow.train_size(t)
        drawn = []
        for r in range(m):
            if workflow.replacement:
                drawn.append(int(rng.random() * len(pool)))
                continue
            if m < len(pool):
                other = r + int(rng.random() * (len(pool) - r))
                line[r], line[other] = line[other], line[r]
            drawn.append(line[r])
        return Fit(pool[drawn], np.full(m, 1 / m), np.array(drawn), h)
    weights = workflow.weights(t)
    seen = [int(b) for b in np.flatnonzero(weights > 0)]
    if workflow.kind is WorkflowKind.SLIDING_WINDOW:
        assert workflow.window is not None
        seen.sort(key=lambda b: b % workflow.window)
    if workflow.kind is WorkflowKind.FRESH:
        seen.reverse()
    rows = np.concatenate([batches[b] for b in seen])
    each = np.concatenate([np.full(len(batches[b]), weights[b] / len(batches[b])) for b in seen])
    return Fit(rows, each, np.arange(len(rows)), h)


def place(fit: Fit, workflow: Workflow, rng: Generator) -> int:
    u = rng.random()
    if workflow.budget is not None:
        return int(u * len(fit.rows))
    return min(int(np.searchsorted(np.cumsum(fit.weights), u, side="right")), len(fit.rows) - 1)


# --- what a fit is measured by ----------------------------------------------------------------


def cloud(spec: KdeChain, fit: Fit) -> dict[str, float]:
    away = fit.rows - spec.truth.mean
    mean = fit.weights @ away
    variance = fit.weights @ (away - mean) ** 2
    smoothed = fit.bandwidth**2 * spec.shape.variance
    return {
        "cloud_mean_error": float((mean**2).mean()),
        "cloud_variance": float(variance.mean()),
        "extra_variance": float((mean**2 + variance + smoothed - spec.truth.variance).mean()),
    }


def log_density(spec: KdeChain, fit: Fit, points: Array) -> Array:
    """Log of the estimate at points, axes (point, feature), by scipy's logsumexp."""
    u = (points[:, None, :] - fit.rows[None]) / fit.bandwidth
    with np.errstate(divide="ignore"):
        match spec.kernel:
            case "gaussian":
                log = -(u**2).sum(axis=2) / 2 - spec.dim / 2 * math.log(2 * math.pi)
            case "laplace":
                log = -abs(u[..., 0]) - math.log(2)
            case "uniform":
                log = np.log((abs(u[..., 0]) <= 1) / 2)
            case "triangular":
                log = np.log(np.maximum(1 - abs(u[..., 0]), 0))
            case _:
                log = np.log(0.75 * np.maximum(1 - u[..., 0] ** 2, 0))
        total = logsumexp(log, b=fit.weights, axis=1)
    return np.asarray(total - spec.dim * math.log(fit.bandwidth))


def difference(spec: KdeChain, fit: Fit, w: Array) -> NDArray[np.complex128]:
    """Transform of the estimate less the truth's, axis (frequency,)."""
    kappa = spec.shape.transform(fit.bandwidth * w)
    own = np.exp(1j * w[:, None] * fit.rows[:, 0]) @ fit.weights
    return np.asarray(kappa * own - spec.truth.characteristic(w))


def own_square(fit: Fit) -> float:
    """Sum of the squared weights of different rows."""
    together = np.bincount(fit.names, weights=fit.weights)
    return float((together**2).sum())


def squared_error(spec: KdeChain, fit: Fit) -> float:
    """Integrated squared error under a Gaussian kernel: pairs, and the truth's densities."""
    square = fit.bandwidth**2
    gaps = ((fit.rows[:, None] - fit.rows) ** 2).sum(axis=2)
    pairs = np.exp(-gaps / (4 * square)) / (4 * math.pi * square) ** (spec.dim / 2)
    match spec.truth:
        case GaussianMixture():
            near = spec.truth.widened(square).pdf(fit.rows)
        case SwissRoll():
            near = SwissRoll(math.sqrt(spec.truth.noise**2 + square)).pdf(fit.rows)
        case _:
            raise AssertionError(spec.truth)
    cross = fit.weights @ near
    return float(fit.weights @ pairs @ fit.weights - 2 * cross + spec.truth.square_integral)
