"""A category's rows in a pool that keeps everything: a batch Polya urn, whole or subsampled.

Accumulate: of N rows c are in the category, the next n are Binomial(n, c / N), and join. A budget
of m rows first draws h of them, hypergeometric (or Binomial(m, c / N) with replacement), and the
next n are Binomial(n, h / m). In both the count c is a Markov chain.

Source: loopbound theory, section 6.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from theory.categorical.binomial import bands, mixture, table
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]


def spectra(
    shares: FloatArray, workflow: Workflow, generations: int
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """(shares of fit t, expected number of categories of that share) for fits 1..generations."""
    pool = workflow.real_rows(1)
    number = mixture(pool, shares, np.ones(len(shares)))
    for t in range(1, generations + 1):
        drawn = _drawn(workflow, pool)
        fitted = number if drawn is None else number @ drawn
        rows = len(fitted) - 1
        yield np.arange(rows + 1) / rows, fitted
        if t < generations:
            joined = workflow.synthetic_rows(t)
            number = _joined(number, drawn, joined, rows)
            pool += joined


def _joined(number: FloatArray, drawn: FloatArray | None, joined: int, rows: int) -> FloatArray:
    """The measure on counts of the pool after `joined` rows of a fit to `rows` rows."""
    after = np.zeros(len(number) + joined)
    for band in bands(joined, np.arange(rows + 1) / rows):
        seen = slice(band.first, band.first + len(band.law))
        if drawn is None:
            before = np.arange(seen.start, seen.stop)
            moved = number[seen, None] * band.law
        else:
            before = np.arange(len(number))
            moved = (number[:, None] * drawn[:, seen]) @ band.law
        place = before[:, None] + band.low + np.arange(band.law.shape[1])
        after += np.bincount(place.ravel(), moved.ravel(), minlength=len(after))
    return after


def _drawn(workflow: Workflow, pool: int) -> FloatArray | None:
    """P(h of the rows drawn are in the category | c of the pool are), axes (c, h); None for all."""
    if workflow.budget is None or (workflow.budget >= pool and not workflow.replacement):
        return None
    budget = workflow.budget
    if workflow.replacement:
        return table(budget, np.arange(pool + 1) / pool)
    return _hypergeometric(pool, budget)


def _hypergeometric(pool: int, budget: int) -> FloatArray:
    """P(h of `budget` rows are marked | c of `pool` are), axes (c, h).

    Row c + 1 from row c: a row that is marked in addition was drawn with the share of the draw
    among those not marked, P(h | c + 1) = P(h | c) (1 - (m - h) / (N - c)) + P(h - 1 | c)
    (m - h + 1) / (N - c). All terms are positive: nothing cancels.
    """
    law = np.zeros((pool + 1, budget + 1))
    law[0, 0] = 1.0
    left = budget - np.arange(budget + 1)
    for c in range(pool):
        law[c + 1] = law[c] * np.maximum(pool - c - left, 0) / (pool - c)
        law[c + 1, 1:] += law[c, :-1] * left[:-1] / (pool - c)
    return law


def work(workflow: Workflow, generations: int) -> float:
    """Probabilities that so many fits take, roughly."""
    pools = np.array([workflow.pool_size(t) for t in range(1, generations + 1)], dtype=np.float64)
    joined = max(workflow.schedule)
    if workflow.budget is None:
        return float(pools.sum() * min(joined + 1, 30 + 10 * joined**0.5))
    return float((pools * (workflow.budget + 1)).sum() * (1 + joined / 50))
