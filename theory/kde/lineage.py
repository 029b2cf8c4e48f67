"""Where a row comes from: how many kernels separate it from a real row, and how wide they are.

A row written by model t is a row of its training set plus a draw of the kernel at h_t, and the
training row was itself real or written. The mean density of model t is therefore f_0 convolved
with the law of the sum of those draws, whatever the number of rows: exact for every workflow,
because subsampling is uniform.

Source: loopbound theory, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]
Law = TypeVar("Law")

NODES = 16  # of a law on an interval whose ends are 1:4; its first 31 moments are those of the law


def descend(
    workflow: Workflow,
    generations: int,
    real: Law,
    fitted: Callable[[int, Law], Law],
    mixed: Callable[[Sequence[tuple[float, Law]]], Law],
) -> Iterator[Law]:
    """The law of a row of model 1, 2, ..., generations.

    Args:
        workflow: who trains on what.
        generations: T.
        real: the law of a real row.
        fitted: (t, law of a training row) -> law of a row of model t.
        mixed: [(weight, law), ...] -> their mixture; the weights sum to one.
    """
    slots: list[Law] = [real] * workflow.slots(generations)
    table = workflow.slot_weights(generations)
    for t in range(1, generations + 1):
        if workflow.real_rows(t):
            slots[0] = real
        model = fitted(t, mixed([(w, slots[s]) for s, w in enumerate(table[t]) if w > 0]))
        yield model
        slot = workflow.slot(t, len(slots)) if t < generations else 0
        if workflow.merges:
            pool, new = workflow.pool_size(t), workflow.synthetic_rows(t)
            model = mixed([(pool / (pool + new), slots[slot]), (new / (pool + new), model)])
        slots[slot] = model


def lineage_law(workflow: Workflow, generations: int) -> FloatArray:
    """P(a row of model t has k kernels between it and a real row), axes (generation, k).

    Exact for every workflow. Replace: k = t. Accumulate with equal batches: the cycles of a random
    permutation of t, c(t, k) / t! with c the unsigned Stirling numbers of the first kind; the same
    for every subsample. Row 0 is the truth: k = 0.

    Example:
        >>> lineage_law(Workflow.accumulate(100), 3)[3]
        array([0.        , 0.33333333, 0.5       , 0.16666667])
    """
    length = whole_number("generations", generations) + 1
    start = np.zeros(length)
    start[0] = 1.0
    law = np.zeros((length, length))
    law[0] = start

    def fitted(t: int, training: FloatArray) -> FloatArray:
        return np.concatenate([[0.0], training[:-1]])

    for t, row in enumerate(descend(workflow, generations, start, fitted, _average), 1):
        law[t] = row
    return law


def added_variance(workflow: Workflow, squares: FloatArray) -> FloatArray:
    """Expected variance that the kernels add to a row of model t, axis (generation,).

    `squares` is each fit's kernel variance, axis (generation,), index 0 unused. Replace: the sum
    of the first t; accumulate with equal batches: h_t^2 + sum_{k<t} h_k^2 / (k+1).
    """
    found = descend(
        workflow, len(squares) - 1, 0.0, lambda t, before: before + squares[t], _average
    )
    return np.array([0.0, *found])


def _average(parts: Sequence[tuple[float, Any]]) -> Any:
    return sum(weight * value for weight, value in parts)


# --- the law of the added variance, in a few nodes ------------------------------------------------


@dataclass(frozen=True, eq=False)
class Mixing:
    """A law on variances in nodes and weights, axis (node,)."""

    nodes: FloatArray
    weights: FloatArray


def mixing_laws(workflow: Workflow, squares: FloatArray) -> list[Mixing]:
    """Law of the variance that Gaussian kernels add to a row of model t; entry 0 is the truth's.

    The mean density is f_0 convolved with sum_j weights[j] N(0, nodes[j] I). The law has up to 2^t
    atoms; kept is its Gauss quadrature on every interval [4^k, 4^(k+1)), 16 nodes in each. A
    density smoothed by N(0, s I) is analytic in s > 0, so each errs by some 3^-32: rounding.
    """
    truth = Mixing(np.zeros(1), np.ones(1))

    def fitted(t: int, training: Mixing) -> Mixing:
        return Mixing(training.nodes + squares[t], training.weights)

    def mixed(parts: Sequence[tuple[float, Mixing]]) -> Mixing:
        nodes = np.concatenate([law.nodes for _, law in parts])
        weights = np.concatenate([share * law.weights for share, law in parts])
        return compressed(Mixing(nodes, weights))

    return [truth, *descend(workflow, len(squares) - 1, truth, fitted, mixed)]


def compressed(law: Mixing) -> Mixing:
    """A law of few nodes on every interval [4^k, 4^(k+1)), with its moments there."""
    kept = law.weights > 0
    nodes, weights = law.nodes[kept], law.weights[kept]
    with np.errstate(divide="ignore"):
        interval = np.floor(np.log2(nodes) / 2)  # -inf for no variance
    parts = [
        gauss(Mixing(nodes[interval == k], weights[interval == k]), NODES)
        for k in np.unique(interval)
    ]
    return Mixing(
        np.concatenate([part.nodes for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )


def gauss(law: Mixing, most: int) -> Mixing:
    """A law of at most `most` nodes with the same first 2 `most` - 1 moments, by Lanczos.

    Example:
        >>> law = Mixing(np.arange(10.0), np.full(10, 0.1))
        >>> small = gauss(law, 3)
        >>> [round(float(small.weights @ small.nodes**k), 9) for k in (0, 1, 5)]
        [1.0, 4.5, 12082.5]
    """
    nodes, weights = law.nodes, law.weights
    if len(nodes) <= most:
        return law
    total, scale = weights.sum(), max(float(abs(nodes).max()), np.finfo(np.float64).tiny)
    x = nodes / scale
    basis = np.zeros((most, len(x)))
    vector = np.sqrt(weights / total)
    diagonal, beside = [], []
    for k in range(most):
        basis[k] = vector
        image = x * vector
        diagonal.append(float(vector @ image))
        for _ in range(2):  # once more against what rounding left
            image = image - (basis[: k + 1] @ image) @ basis[: k + 1]
        length = float(np.linalg.norm(image))
        if length < 1e-14:
            break
        beside.append(length)
        vector = image / length
    size = len(diagonal)
    jacobi = np.diag(diagonal) + np.diag(beside[: size - 1], 1) + np.diag(beside[: size - 1], -1)
    found, vectors = np.linalg.eigh(jacobi)
    return Mixing(np.maximum(found, nodes.min() / scale) * scale, total * vectors[0] ** 2)
