"""What becomes of a text: statistics of one batch of token rows beside the real batch.

Rows are sequences of token ids >= 0; a row is one document, and no n-gram crosses two rows. A
million tokens take about a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Rows = Sequence[Sequence[int] | IntArray]

RARE = 0.05  # share of the real tokens that the rare types hold, at most


@dataclass(frozen=True)
class TextStatistics:
    """One batch of rows.

    Attributes:
        rows: number of rows.
        tokens: number of tokens.
        distinct_1: different tokens over tokens; shrinks with the size of a batch, so compare
            batches of one size.
        distinct_2: the same of pairs of neighbours, within rows.
        distinct_3: the same of three in a row.
        duplicated_rows: share of rows that equal an earlier row of the batch.
        mean_length: tokens a row.
        longest: tokens of the longest row.
        vocabulary: different tokens.
        unigram_entropy: -sum p log p of the shares of the tokens (nats).
        rare_mass: share of the tokens that are of a rare type: one that is in the real batch, at
            most c times, c being the largest count at which all those types together hold no more
            than `RARE` of the real tokens; 1 where even c = 1 holds more.
        copied_rows: share of rows that equal a row of the real batch.
        real_fraction: weight of real rows in the training set, as given; None where it was not.
    """

    rows: int
    tokens: int
    distinct_1: float
    distinct_2: float
    distinct_3: float
    duplicated_rows: float
    mean_length: float
    longest: int
    vocabulary: int
    unigram_entropy: float
    rare_mass: float
    copied_rows: float
    real_fraction: float | None = None


def statistics(rows: Rows, real: Rows, *, real_fraction: float | None = None) -> TextStatistics:
    """The statistics of `rows` beside the real batch; a share of nothing is 0.

    Raises:
        ValueError: no row in either, or a token that is no whole number >= 0.

    Example:
        >>> real = [[1, 2, 3], [1, 2, 4], [1, 2]]
        >>> found = statistics([[1, 2, 3], [1, 2], [1, 2, 3]], real)
        >>> found.distinct_2, found.duplicated_rows.__round__(4), found.copied_rows
        (0.4, 0.3333, 1.0)
        >>> statistics(real, real).unigram_entropy.__round__(6)
        1.255482
    """
    flat, lengths = _flat("rows", rows)
    real_flat, real_lengths = _flat("real", real)
    seen = _keys(flat, lengths)
    known = set(_keys(real_flat, real_lengths))
    counts = np.bincount(flat)
    shares = counts[counts > 0] / len(flat) if len(flat) else np.zeros(0)
    distinct = _distinct(flat, lengths)
    return TextStatistics(
        rows=len(lengths),
        tokens=len(flat),
        distinct_1=distinct[0],
        distinct_2=distinct[1],
        distinct_3=distinct[2],
        duplicated_rows=1 - len(set(seen)) / len(seen),
        mean_length=len(flat) / len(lengths),
        longest=int(lengths.max()),
        vocabulary=int(np.count_nonzero(counts)),
        unigram_entropy=float(0.0 - shares @ np.log(shares)),
        rare_mass=float(_rare(real_flat, flat).sum() / max(len(flat), 1)),
        copied_rows=sum(key in known for key in seen) / len(seen),
        real_fraction=real_fraction,
    )


def _flat(name: str, rows: Rows) -> tuple[IntArray, IntArray]:
    """(all tokens, tokens of each row)."""
    if not len(rows):
        raise ValueError(f"{name} must hold at least one row, got none")
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    full = [np.asarray(row) for row in rows if len(row)]
    flat = np.concatenate(full) if full else np.zeros(0, dtype=np.int64)
    tokens = flat.astype(np.int64)
    if (tokens != flat).any() or (tokens < 0).any():
        bad = flat[(tokens != flat) | (tokens < 0)][0]
        raise ValueError(f"tokens must be whole numbers >= 0, got {bad.item()!r} in {name}")
    return tokens, lengths


def _keys(flat: IntArray, lengths: IntArray) -> list[bytes]:
    """Each row as bytes, equal where the rows are."""
    whole, ends = flat.tobytes(), 8 * np.cumsum(lengths)
    starts = ends - 8 * lengths
    return [whole[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]


def _distinct(flat: IntArray, lengths: IntArray) -> list[float]:
    """Different n-grams over n-grams, n = 1, 2, 3."""
    ends = np.repeat(np.cumsum(lengths), lengths)  # of the row of each token
    start, code, found = np.arange(len(flat)), np.zeros(len(flat), dtype=np.int64), []
    for n in (1, 2, 3):
        whole = start + n <= ends[start]
        start, code = start[whole], code[whole]
        wider = code * (int(flat.max(initial=0)) + 1) + flat[start + n - 1]
        different, code = np.unique(wider, return_inverse=True)
        found.append(len(different) / len(start) if len(start) else 0.0)
    return found


def _rare(real: IntArray, tokens: IntArray) -> npt.NDArray[np.bool_]:
    """Whether each token is of a rare type of the real batch."""
    counts = np.bincount(real, minlength=int(tokens.max(initial=0)) + 1)
    held = np.bincount(counts, counts)  # tokens of the types of each count
    within = np.cumsum(held) <= RARE * len(real)
    most = max(int(np.flatnonzero(within)[-1]), 1)
    return np.asarray((counts[tokens] > 0) & (counts[tokens] <= most))
