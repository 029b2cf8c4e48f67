"""Curation by reward, simulated: one row of the model after t rounds, by its tournament."""

from __future__ import annotations

import math
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

FAMILY = 8  # this family's place in every spawn key


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
    ancestors is drawn, up to K^T of them, so that no finite population comes in.

    Raises:
        ValueError: a value out of range, quoted; K infinite, or a tree of more than a million.

    Example:
        >>> chain = CuratedChain((0.6, 0.4), (0.0, 1.0), draws=2)
        >>> estimate(chain, 2, seed=1, replicates=500).probability_1.mean.shape
        (3,)
    """
    whole_number("generations", generations)
    if chain.draws == math.inf or chain.draws**generations > 10**6:
        raise ValueError(
            f"draws must be finite, with draws^generations <= 1,000,000, got draws={chain.draws!r} "
            f"and generations={generations}"
        )
    size = len(tuple(chain.reference))
    rewards = np.exp(np.array(chain.rewards))

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.empty((generations + 1, size + 1, runs))
        for t in range(generations + 1):
            rows = _rows_of_model(chain, rng, t, runs)
            found[t, :size] = rows == np.arange(size)[:, None]
            found[t, size] = rewards[rows]
        return found

    fields = (*(f"probability_{i}" for i in range(size)), "expected_weight")
    draws = int(sum(2 * chain.draws**t for t in range(generations + 1)))
    task = SideBySide(
        FAMILY, "curation", chain, Workflow.replace(1), generations, fields, draws, block
    )
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def _rows_of_model(chain: CuratedChain, rng: np.random.Generator, t: int, count: int) -> IntArray:
    """Independent rows of model t, axis (row,): model 0 is the reference."""
    sums = np.cumsum(np.array(chain.reference))
    drawn = np.searchsorted(sums / sums[-1], rng.random(count), side="right")
    rows = np.minimum(drawn, len(sums) - 1)
    if t == 0:
        return rows
    wins = np.flatnonzero(rng.random(count) < chain.share)
    rivals = _rows_of_model(chain, rng, t - 1, len(wins) * int(chain.draws))
    rivals = rivals.reshape(len(wins), int(chain.draws))
    # Bradley-Terry: the winner is the greatest reward plus standard Gumbel noise.
    score = np.array(chain.rewards)[rivals] + rng.gumbel(size=rivals.shape)
    rows[wins] = rivals[np.arange(len(wins)), score.argmax(axis=1)]
    return rows
