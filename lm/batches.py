"""Rows of a fit in optimizer steps and padded micro-batches, in an order that a seed decides.

A step is a uniformly drawn set of rows: rows are not packed into one sequence (no row sees
another) and not sorted by length across steps (rows stay exchangeable, as theory has them). Inside
a step they are sorted by length, so that micro-batches have little padding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

TokenRow = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Rows:
    """Token rows with what a loss needs of each.

    Attributes:
        tokens: one array a row.
        prompts: tokens at the beginning of each row that the loss leaves out, axis (row,).
        weights: weight of each row in the loss, axis (row,).
    """

    tokens: Sequence[TokenRow]
    prompts: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True)
class MicroBatch:
    """Rows at once in memory, axes (row, position); right padding, which causal models ignore.

    Attributes:
        inputs: start token and the row but for its last token.
        targets: the row.
        weights: of each target in the loss; 0 for padding and for what the loss leaves out.
    """

    inputs: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]


def all_equal(tokens: Sequence[TokenRow]) -> Rows:
    """Rows of weight one, each with a loss on all its tokens."""
    return Rows(tokens, np.zeros(len(tokens), dtype=np.int64), np.ones(len(tokens)))


def steps_of(rows: int, batch_rows: int, epochs: float) -> int:
    """Optimizer steps of so many epochs.

    Example:
        >>> steps_of(100, 32, 1.0), steps_of(100, 32, 2.0)
        (4, 7)
    """
    return math.ceil(max(1, round(rows * epochs)) / batch_rows)


def rows_seen(rows: int, batch_rows: int, steps: int, epochs: float) -> int:
    """Rows of so many steps, repeats counted.

    The last step is a short one if `epochs` passes end there, and a full one otherwise.

    Example:
        >>> rows_seen(100, 32, 4, 1.0), rows_seen(100, 32, 5, 1.0)
        (100, 160)
    """
    if steps == steps_of(rows, batch_rows, epochs):
        return max(1, round(rows * epochs))
    return steps * batch_rows


def order(
    rows: int, batch_rows: int, steps: int, epochs: float, rng: np.random.Generator
) -> list[npt.NDArray[np.int64]]:
    """Rows of each step; a new permutation each pass over the rows."""
    seen = rows_seen(rows, batch_rows, steps, epochs)
    passes = [rng.permutation(rows) for _ in range(math.ceil(seen / rows))]
    flat = np.concatenate(passes)[:seen]
    return [flat[at : at + batch_rows] for at in range(0, seen, batch_rows)]


def micro_batches(
    rows: Rows, chosen: npt.NDArray[Any], size: int, start: int, pad: int, *, spare: int
) -> Iterator[MicroBatch]:
    """The chosen rows, shortest first, at most `size` at once; a further group costs `spare`."""
    for group in groups(rows, chosen, size, spare=spare):
        yield padded(rows, group, start, pad)


def groups(
    rows: Rows, chosen: npt.NDArray[Any], size: int, *, spare: int
) -> Iterator[npt.NDArray[np.int64]]:
    """Numbers of the chosen rows, those of a micro-batch together."""
    lengths = np.array([len(rows.tokens[row]) for row in chosen])
    by_length = np.argsort(lengths, kind="stable")
    chosen, lengths = np.asarray(chosen)[by_length], lengths[by_length]
    for begin, end in cuts(lengths.tolist(), size, spare):
        yield chosen[begin:end]


def cuts(lengths: Sequence[int], size: int, spare: int) -> list[tuple[int, int]]:
    """Where to cut rows of increasing lengths: at most `size` together, as cheap as can be.

    A group costs its padding and `spare` tokens more. One of m rows with more padding than
    spare (1 + 1/2 + ... + 1/m) is cheaper in two, so that longer ones are not tried.

    Example:
        >>> cuts([3, 5, 9, 9, 10], size=4, spare=3)
        [(0, 2), (2, 5)]
    """
    costs, begins = [0], [0]
    for end in range(1, len(lengths) + 1):
        padding, limit, least = 0, 0.0, (math.inf, 0)
        for rows in range(1, min(size, end) + 1):
            begin = end - rows
            padding += lengths[end - 1] - lengths[begin]
            limit += spare / rows
            if padding > limit:
                break
            least = min(least, (costs[begin] + spare + padding, begin))
        costs.append(int(least[0]))
        begins.append(least[1])
    found = []
    end = len(lengths)
    while end:
        found.append((begins[end], end))
        end = begins[end]
    return found[::-1]


def padded(rows: Rows, chosen: npt.NDArray[Any], start: int, pad: int) -> MicroBatch:
    """The chosen rows as arrays.

    Example:
        >>> rows = all_equal([np.array([5, 6, 0], dtype=np.int32), np.array([7], dtype=np.int32)])
        >>> padded(rows, np.array([0, 1]), start=0, pad=1).inputs.tolist()
        [[0, 5, 6], [0, 7, 1]]
    """
    longest = max(len(rows.tokens[row]) for row in chosen)
    targets = np.full((len(chosen), longest), pad, dtype=np.int64)
    weights = np.zeros((len(chosen), longest), dtype=np.float32)
    for place, row in enumerate(chosen):
        tokens = rows.tokens[row]
        targets[place, : len(tokens)] = tokens
        weights[place, rows.prompts[row] : len(tokens)] = rows.weights[row]
    inputs = np.concatenate([np.full((len(chosen), 1), start), targets[:, :-1]], axis=1)
    return MicroBatch(inputs, targets, weights)
