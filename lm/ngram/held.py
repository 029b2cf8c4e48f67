"""Contexts held at the real ones: the chain that theory solves.

The truth is the n-gram model of a real text by maximum likelihood, a source of known entropy. A
batch is one copy of the text's contexts (or several), each with a new token from the model: rows
that share a context are a batch of the categorical chain of that context, and training sets are
formed by the workflow within each context. So a workflow of n rows, n those of the text, is a
workflow of n_c rows for a context that the text has n_c times; its sizes must be whole multiples of
the text's.

Per generation, over the events (a token of the text, or the end of a row) with their contexts:

    squared_error    sum over contexts of n_c/N |p_ct - p_c0|^2
    heterozygosity   sum of n_c/N (1 - sum p_ct^2)
    survivors        pairs of context and token with p_ct > 0       } contexts with few rows only:
    entropy          sum of n_c/N times the entropy of p_ct (nats)  } `Held.covered`
    cross_entropy    of held-out real text, add-alpha smoothed (nats a token)
    vocabulary_left  different tokens that some context still has (the measure of 2412.17646)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lm.ngram.model import NgramModel, Text
from montecarlo.blocks import generator
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FAMILY = 5  # this family's place in every spawn key
FIELDS = (
    "squared_error", "heterozygosity", "survivors", "entropy", "cross_entropy", "vocabulary_left",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Held:
    """A text whose contexts are held.

    Attributes:
        text: the real rows.
        held_out: real rows that no batch has.
        largest: contexts with more events are left out of survivors and entropy.
        smoothing: alpha of the cross-entropy.
    """

    text: Text
    held_out: Text
    largest: int
    smoothing: float

    @cached_property
    def truth(self) -> NgramModel:
        """The n-gram model of the text."""
        return NgramModel.fit([self.text], [np.ones(self.text.rows)], 0.0)

    @cached_property
    def context(self) -> IntArray:
        """Which context each pair has, axis (pair,), counted from 0."""
        numbers = self.truth.pairs // self.text.alphabet.base
        return np.cumsum(np.append(0, np.diff(numbers) > 0))

    @cached_property
    def rows(self) -> IntArray:
        """n_c, axis (context,)."""
        return np.bincount(self.context, self.truth.weights).astype(np.int64)

    @property
    def shares(self) -> FloatArray:
        """p_0, axis (pair,)."""
        return np.asarray(self.truth.weights / self.rows[self.context])

    @property
    def few(self) -> npt.NDArray[np.bool_]:
        """Contexts with at most `largest` events, axis (context,)."""
        return self.rows <= self.largest

    @property
    def covered(self) -> float:
        """Share of the events whose contexts have few."""
        return float(self.rows[self.few].sum() / self.rows.sum())

    def scaled(self, workflow: Workflow, rows: int) -> Workflow:
        """The workflow of a context with so many events.

        Raises:
            ValueError: a size that is no whole multiple of the text's rows; quotes it.
        """

        def times(size: int) -> int:
            copies, rest = divmod(size, self.text.rows)
            if rest:
                raise ValueError(
                    f"sizes of a workflow must be multiples of the text's {self.text.rows} rows "
                    f"where contexts are held, got {size}"
                )
            return copies * rows

        return replace(
            workflow,
            schedule=tuple(times(size) for size in workflow.schedule),
            n_real=None if workflow.n_real is None else times(workflow.n_real),
            budget=None if workflow.budget is None else times(workflow.budget),
        )


def held(
    real: Held, workflow: Workflow, generations: int, *, seed: int, replicates: int
) -> dict[str, FloatArray]:
    """Simulated chains: each field an array of axes (replicate, generation); index 0 is the truth.

    Replicate r has the stream (seed, family, r).

    Raises:
        ValueError: generations or replicates < 1, a negative seed, or sizes that do not fit.
    """
    whole_number("generations", generations)
    whole_number("seed", seed, minimum=0)
    copies = real.scaled(workflow, 1)
    found = np.empty((whole_number("replicates", replicates), generations + 1, len(FIELDS)))
    for r in range(replicates):
        stream = generator(seed, FAMILY, r)
        found[r, 0] = _measure(real, real.shares, real.truth.weights)
        for t, (p, counts) in enumerate(_fits(real, copies, generations, stream), 1):
            found[r, t] = _measure(real, p, counts)
    return dict(zip(FIELDS, np.moveaxis(found, 2, 0), strict=True))


def _fits(
    real: Held, workflow: Workflow, generations: int, rng: np.random.Generator
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """(shares, weights) of fits 1..generations, axis (pair,); sizes are in copies of the text."""
    batches: list[FloatArray] = []
    for t in range(1, generations + 1):
        if workflow.real_rows(t):
            batches.append(_batch(real, real.truth.weights, workflow.real_rows(t), rng))
        weights = workflow.weights(t)
        if workflow.budget is not None:
            pool = np.sum(batches, axis=0)
            counts = _subsample(real, pool, workflow, t, rng)
        else:
            sizes = [workflow.batch_rows(b) for b in range(len(batches))]
            rows = workflow.train_size(t)
            counts = np.sum(
                [rows * w / n * b for w, n, b in zip(weights, sizes, batches, strict=True) if w],
                axis=0,
            )
        held_rows = np.bincount(real.context, counts)[real.context]
        yield counts / held_rows, counts
        batches.append(_batch(real, counts, workflow.synthetic_rows(t), rng))


def _batch(real: Held, weights: FloatArray, copies: int, rng: np.random.Generator) -> FloatArray:
    """Counts of pairs of a new batch: at each context of the text a token by its weights."""
    sums = np.append(0.0, np.cumsum(weights))
    first = np.append(np.flatnonzero(np.diff(real.context, prepend=-1)), len(weights))
    low, high = np.repeat(sums[first[:-1]], real.rows), np.repeat(sums[first[1:]], real.rows)
    counts = np.zeros(len(weights))
    for _ in range(copies):
        at = np.minimum(low + rng.random(len(low)) * (high - low), np.nextafter(high, 0))
        pair = np.searchsorted(sums, at, side="right") - 1
        counts += np.bincount(pair, minlength=len(weights))
    return counts


def _subsample(
    real: Held, pool: FloatArray, workflow: Workflow, t: int, rng: np.random.Generator
) -> FloatArray:
    """Counts of the rows drawn: within each context its budget of its pool, uniformly."""
    many = pool.astype(np.int64)
    drawn, pooled = workflow.train_size(t), workflow.pool_size(t)
    if workflow.replacement:
        return _batch(real, pool, drawn, rng)
    rows = np.repeat(np.arange(len(pool)), many)
    context = real.context[rows]
    order = np.argsort(context + rng.random(len(rows)))
    start = np.cumsum(pooled * real.rows) - pooled * real.rows
    rank = np.arange(len(rows)) - start[context]
    kept = rows[order][rank < drawn * real.rows[context]]
    return np.bincount(kept, minlength=len(pool)).astype(np.float64)


def _measure(real: Held, p: FloatArray, counts: FloatArray) -> tuple[float, ...]:
    """The fields of one fit, in the order of `FIELDS`."""
    weight = (real.rows / real.rows.sum())[real.context]
    few, alive = real.few[real.context], p > 0
    log = np.log(p, out=np.zeros_like(p), where=alive)
    model = NgramModel(real.text.alphabet, real.truth.pairs[alive], counts[alive])
    return (
        float(weight @ (p - real.shares) ** 2),
        float(weight @ (p * (1 - p))),
        float((alive & few).sum()),
        float(0.0 - weight[few] @ (p * log)[few]),
        model.cross_entropy(real.held_out, real.smoothing),
        float(model.vocabulary_left),
    )
