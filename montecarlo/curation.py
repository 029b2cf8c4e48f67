"""Curation by reward, simulated: one row of the model after t rounds, by its tournament."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.estimate import Estimates
from montecarlo.vectorised import SideBySide
from theory.curation import CuratedChain
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FAMILY = 8  # these families' places in every spawn key
STATIONARY = 19


def estimate(
    chain: CuratedChain,
    generations: int,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """Shares of each category and the mean of e^r, generations 0..T, of infinitely many rows.

    A row of model t is a reference row, or the winner of K rows of model t - 1: the tree of its
    ancestors is drawn, up to K^T of them, so that no finite population comes in. The winner of
    infinitely many rows is a row that is accepted with probability e^r over its greatest value.

    Raises:
        ValueError: a value out of range, quoted; a tree of more than a million.

    Example:
        >>> chain = CuratedChain((0.6, 0.4), (0.0, 1.0), draws=2)
        >>> estimate(chain, 2, seed=1, replicates=500).probability_1.mean.shape
        (3,)
    """
    whole_number("generations", generations)
    if chain.draws < math.inf and chain.draws**generations > 10**6:
        raise ValueError(
            f"draws^generations must be <= 1,000,000, got draws={chain.draws!r} and "
            f"generations={generations}"
        )
    task = _task(chain, FAMILY, "curation", range(generations + 1))
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def stationary(
    chain: CuratedChain,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """The same of the reference (index 0) and of the model after infinitely many rounds (index 1).

    The tree of a row's ancestors, drawn until none is left, has no last round: it ends by itself
    where a row has less than one ancestor, on average, that is a winner.

    Raises:
        ValueError: a value out of range, quoted; winners only, or K winners' share >= 1.

    Example:
        >>> chain = CuratedChain((0.6, 0.4), (0.0, 1.0), draws=2, weight=0.5)
        >>> stationary(chain, seed=1, replicates=500).probability_1.mean.shape
        (2,)
    """
    if chain.share == 1 or (chain.draws < math.inf and chain.draws * chain.share >= 1):
        raise ValueError(
            f"ancestors never end: draws x weight/(1 + weight) must be < 1, got "
            f"draws={chain.draws!r}, weight={chain.weight!r}"
        )
    task = _task(chain, STATIONARY, "curation for ever", (0, math.inf))
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def _task(chain: CuratedChain, family: int, name: str, at: Sequence[float]) -> SideBySide:
    """Rows of the models at these generations."""
    size = len(tuple(chain.reference))
    rewards = np.exp(np.array(chain.rewards))

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.empty((len(at), size + 1, runs))
        for i, t in enumerate(at):
            rows = _rows_of_model(chain, rng, t, runs)
            found[i, :size] = rows == np.arange(size)[:, None]
            found[i, size] = rewards[rows]
        return found

    fields = (*(f"probability_{i}" for i in range(size)), "expected_weight")
    each = 4.0 if chain.draws == math.inf else chain.draws
    draws = int(sum(2 * each ** min(t, 5) for t in at))
    return SideBySide(family, name, chain, Workflow.replace(1), len(at) - 1, fields, draws, block)


def _reference_rows(chain: CuratedChain, rng: np.random.Generator, count: int) -> IntArray:
    sums = np.cumsum(np.array(chain.reference))
    drawn = np.searchsorted(sums / sums[-1], rng.random(count), side="right")
    return np.minimum(drawn, len(sums) - 1)


def _rows_of_model(chain: CuratedChain, rng: np.random.Generator, t: float, count: int) -> IntArray:
    """Independent rows of model t, axis (row,): model 0 is the reference, inf the last."""
    if chain.draws == math.inf:
        return _accepted_rows(chain, rng, t, count)
    rows = _reference_rows(chain, rng, count)
    if t == 0 or count == 0:
        return rows
    wins = np.flatnonzero(rng.random(count) < chain.share)
    rivals = _rows_of_model(chain, rng, t - 1, len(wins) * int(chain.draws))
    rivals = rivals.reshape(len(wins), int(chain.draws))
    # Bradley-Terry: the winner is the greatest reward plus standard Gumbel noise.
    score = np.array(chain.rewards)[rivals] + rng.gumbel(size=rivals.shape)
    rows[wins] = rivals[np.arange(len(wins)), score.argmax(axis=1)]
    return rows


def _accepted_rows(chain: CuratedChain, rng: np.random.Generator, t: float, count: int) -> IntArray:
    """The same with K infinite, each row by the acceptances that it still owes.

    A row of model t is a reference row, or one of model t - 1 that is accepted: owing one
    acceptance more, and so on until a reference row is drawn. That passes some acceptances; at the
    first that it fails, another row is drawn for what is left.
    """
    reference, e = np.array(chain.reference), np.exp(np.array(chain.rewards))
    chance = np.minimum(e / e[reference > 0].max(), 1.0)
    rows = np.empty(count, dtype=np.int64)
    waiting, owed = np.arange(count), np.zeros(count)
    while len(waiting):
        deeper = t if chain.share == 1 else rng.geometric(1 - chain.share, len(waiting)) - 1.0
        owed = np.minimum(owed + deeper, t)
        drawn = _reference_rows(chain, rng, len(waiting))
        with np.errstate(divide="ignore"):
            passed = np.floor(np.log(1 - rng.random(len(waiting))) / np.log(chance[drawn]))
        owed = np.where(chance[drawn] == 1, 0.0, owed - passed)
        done = owed <= 0
        rows[waiting[done]] = drawn[done]
        waiting, owed = waiting[~done], owed[~done]
    return rows
