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
DIVERGENCE = 21


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
    _require(chain, generations)
    size, rewards = len(chain.reference), np.exp(np.array(chain.rewards))

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.empty((generations + 1, size + 1, runs))
        for t in range(generations + 1):
            rows = _rows_of_model(chain, rng, t, runs)
            found[t, :size] = rows == np.arange(size)[:, None]
            found[t, size] = rewards[rows]
        return found

    task = SideBySide(
        FAMILY, "curation", chain, Workflow.replace(1), generations, _fields(chain),
        _cost(chain, range(generations + 1)), block,
    )  # fmt: skip
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
    where a row has less than one ancestor, on average, that is a winner. The last draw of a run is
    not made: its probabilities are kept, which scatter less, and by which rare categories are seen.

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
    reference, rewards = np.array(chain.reference), np.exp(np.array(chain.rewards))

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        wins = _chances_to_pass if chain.draws == math.inf else _chances_to_win
        truth = np.repeat(reference[:, None], runs, axis=1)
        shares = np.stack([truth, (1 - chain.share) * truth + chain.share * wins(chain, rng, runs)])
        weights = np.einsum("c,tcr->tr", rewards, shares)
        return np.concatenate([shares, weights[:, None]], axis=1)

    draws = 40 if chain.draws == math.inf else int(4 * chain.draws)
    task = SideBySide(
        STATIONARY, "curation for ever", chain, Workflow.replace(1), 1, _fields(chain), draws, block
    )
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def divergence(
    chain: CuratedChain,
    generations: int,
    *,
    rows: int = 4,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """Divergence from the reference of the shares among so many rows, nats, generations 0..T.

    On average at least that of the model: a divergence is convex (Jensen). So it may test what
    bounds that from above.

    Raises:
        ValueError: as `estimate`.

    Example:
        >>> chain = CuratedChain((0.6, 0.4), (0.0, 1.0), draws=2, weight=0.5)
        >>> divergence(chain, 2, seed=1, replicates=500).divergence.mean.shape
        (3,)
    """
    _require(chain, generations)
    reference = np.array(chain.reference)

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.empty((generations + 1, 1, runs))
        for t in range(generations + 1):
            drawn = _rows_of_model(chain, rng, t, runs * rows).reshape(runs, rows)
            shares = (drawn[:, :, None] == np.arange(len(reference))).mean(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                terms = np.where(shares > 0, shares * np.log(shares / reference), 0.0)
            found[t, 0] = terms.sum(axis=1)
        return found

    task = SideBySide(
        DIVERGENCE, f"divergence of {rows} rows", chain, Workflow.replace(1), generations,
        ("divergence",), rows * _cost(chain, range(generations + 1)), block,
    )  # fmt: skip
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def _require(chain: CuratedChain, generations: int) -> None:
    """Refuse trees of more than a million ancestors."""
    whole_number("generations", generations)
    if chain.draws < math.inf and chain.draws**generations > 10**6:
        raise ValueError(
            f"draws^generations must be <= 1,000,000, got draws={chain.draws!r} and "
            f"generations={generations}"
        )


def _fields(chain: CuratedChain) -> tuple[str, ...]:
    return (*(f"probability_{i}" for i in range(len(chain.reference))), "expected_weight")


def _cost(chain: CuratedChain, at: Sequence[int]) -> int:
    """Random numbers that a row of each of these models takes, roughly."""
    each = 4.0 if chain.draws == math.inf else chain.draws
    return int(sum(2 * each ** min(t, 5) for t in at))


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
    chance = _acceptance(chain)
    rows = np.empty(count, dtype=np.int64)
    waiting, owed = np.arange(count), np.zeros(count)
    while len(waiting):
        deeper = t if chain.share == 1 else rng.geometric(1 - chain.share, len(waiting)) - 1.0
        owed = np.minimum(owed + deeper, t)
        drawn = _reference_rows(chain, rng, len(waiting))
        owed = owed - _passed(rng, chance[drawn])
        done = owed <= 0
        rows[waiting[done]] = drawn[done]
        waiting, owed = waiting[~done], owed[~done]
    return rows


def _chances_to_win(chain: CuratedChain, rng: np.random.Generator, runs: int) -> FloatArray:
    """Of each category, against K rivals of the last model, axes (category, run)."""
    rivals = _rows_of_model(chain, rng, math.inf, runs * int(chain.draws))
    strengths = np.exp(np.array(chain.rewards))[rivals].reshape(runs, -1)
    strengths /= strengths.sum(axis=1, keepdims=True)
    own = rivals.reshape(runs, -1) == np.arange(len(chain.reference))[:, None, None]
    return np.asarray((own * strengths).sum(axis=2))


def _chances_to_pass(chain: CuratedChain, rng: np.random.Generator, runs: int) -> FloatArray:
    """Of each category, to be the row drawn that passes what is owed, axes (category, run).

    The walk of `_accepted_rows` from one acceptance on: before each draw its probability to end
    there in a category is added, so that their sum is 1 on average.
    """
    reference, chance = np.array(chain.reference), _acceptance(chain)
    found = np.zeros((len(reference), runs))
    waiting, owed = np.arange(runs), np.ones(runs)
    while len(waiting):
        owed += rng.geometric(1 - chain.share, len(waiting)) - 1.0
        found[:, waiting] += reference[:, None] * chance[:, None] ** owed
        owed -= _passed(rng, chance[_reference_rows(chain, rng, len(waiting))])
        waiting, owed = waiting[owed > 0], owed[owed > 0]
    return found


def _acceptance(chain: CuratedChain) -> FloatArray:
    """Probability that a row of each category is accepted, axis (category,)."""
    e = np.exp(np.array(chain.rewards))
    return np.asarray(np.minimum(e / e[np.array(chain.reference) > 0].max(), 1.0))


def _passed(rng: np.random.Generator, chance: FloatArray) -> FloatArray:
    """How many acceptances each row passes before the first that it fails; inf at chance 1."""
    with np.errstate(divide="ignore"):
        passed = np.floor(np.log(1 - rng.random(len(chance))) / np.log(chance))
    return np.asarray(np.where(chance == 1, math.inf, passed))
