"""A normal model trained on winners by reward, simulated: one row of the model after t rounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.estimate import Estimates
from montecarlo.vectorised import SideBySide
from theory.curated_normal import CuratedNormal
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]

FAMILY = 16  # this family's place in every spawn key
FIELDS = ("mean", "second_moment")


@dataclass(frozen=True)
class _Drawn:
    """What a checkpoint is of."""

    chain: CuratedNormal
    draws: float


def estimate(
    chain: CuratedNormal,
    generations: int,
    *,
    seed: int,
    replicates: int,
    draws: float = math.inf,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """Mean and E x^2 of models 0..T, of infinitely many rows.

    The winner of infinitely many draws is a draw that is accepted with probability e^r over its
    greatest value; that takes a reward with a greatest value, so a finite width. With finitely many
    `draws` it is the Bradley-Terry winner, whatever the reward.

    Raises:
        ValueError: a value out of range, quoted; infinitely many draws by an unbounded reward;
            draws^generations above a million.

    Example:
        >>> chain = CuratedNormal(centre=1.0, width=1.0)
        >>> estimate(chain, 2, seed=1, replicates=500).second_moment.mean.shape
        (3,)
    """
    whole_number("generations", generations)
    if draws == math.inf and math.isinf(chain.width):
        raise ValueError(
            f"a linear reward has no greatest value: give finite draws or a finite width, got "
            f"draws={draws!r}, width={chain.width!r}"
        )
    if draws != math.inf:
        whole_number("draws", draws)
        if draws**generations > 10**6:
            raise ValueError(
                f"draws^generations must be <= 1,000,000, got draws={draws!r} and "
                f"generations={generations}"
            )

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        rows = np.array(
            [_rows_of_model(chain, draws, rng, t, runs) for t in range(generations + 1)]
        )
        return np.stack([rows, rows**2], axis=1)

    each = 4.0 if draws == math.inf else draws
    cost = int(min(sum(each**t for t in range(generations + 1)), 1e7))
    task = SideBySide(
        FAMILY, "curated normal", _Drawn(chain, draws), Workflow.replace(1), generations, FIELDS,
        cost, block,
    )  # fmt: skip
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def _rows_of_model(
    chain: CuratedNormal, draws: float, rng: np.random.Generator, t: int, count: int
) -> FloatArray:
    """Independent rows of model t, axis (row,)."""
    if t == 0:
        return np.asarray(chain.mean + math.sqrt(chain.variance) * rng.standard_normal(count))
    if draws != math.inf:
        rows = _rows_of_model(chain, draws, rng, t - 1, count * int(draws))
        rows = rows.reshape(count, int(draws))
        # Bradley-Terry: the winner is the greatest reward plus standard Gumbel noise.
        score = _reward(chain, rows) + rng.gumbel(size=rows.shape)
        return np.asarray(rows[np.arange(count), score.argmax(axis=1)])
    greatest = float(_reward(chain, np.array(chain.centre + chain.slope * chain.width**2)))
    rows = np.empty(count)
    waiting = np.arange(count)
    while len(waiting):
        tried = _rows_of_model(chain, draws, rng, t - 1, len(waiting))
        wins = np.log(rng.random(len(tried))) < _reward(chain, tried) - greatest
        rows[waiting[wins]] = tried[wins]
        waiting = waiting[~wins]
    return rows


def _reward(chain: CuratedNormal, rows: FloatArray) -> FloatArray:
    return np.asarray(chain.slope * rows - (rows - chain.centre) ** 2 / (2 * chain.width**2))
