"""Counts of what follows each context: the n-gram model by maximum likelihood, or add-alpha.

A model of order k predicts a token from the k - 1 before it. A row begins with k - 1 marks and ends
with one, which is predicted like a token. P(w | c) = (n_cw + alpha) / (n_c + alpha outcomes), with
vocabulary + 1 outcomes (the end); alpha = 0 is maximum likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from theory.workflow import whole_number

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Rows = Sequence[Sequence[int] | IntArray]


@dataclass(frozen=True)
class Alphabet:
    """What a model can say: its order and its number of tokens.

    Attributes:
        order: k; a token is predicted from k - 1.
        vocabulary: tokens, with ids 0..vocabulary - 1.

    Raises:
        ValueError: an order below 1, no token, or more contexts than 64 bits can number.
    """

    order: int
    vocabulary: int

    def __post_init__(self) -> None:
        whole_number("order", self.order)
        whole_number("vocabulary", self.vocabulary)
        if self.base**self.order >= 2**63:
            raise ValueError(
                f"order must be lower for {self.vocabulary} tokens, got order={self.order}"
            )

    @property
    def end(self) -> int:
        """The id of the end of a row."""
        return self.vocabulary

    @property
    def base(self) -> int:
        """Of the numbers of contexts: tokens, the end, and the mark before a row."""
        return self.vocabulary + 2

    @property
    def outcomes(self) -> int:
        """What may follow a context: a token or the end."""
        return self.vocabulary + 1

    @property
    def start(self) -> int:
        """The number of the context before a row's first token."""
        return sum((self.vocabulary + 1) * self.base**i for i in range(self.order - 1))

    def following(self, contexts: IntArray, tokens: IntArray) -> IntArray:
        """The contexts after one token more."""
        if self.order == 1:
            return contexts
        return np.asarray((contexts * self.base + tokens) % self.base ** (self.order - 1))


@dataclass(frozen=True, eq=False)
class Text:
    """Rows as events: a context and what followed, the end of every row among them.

    Attributes:
        alphabet: order and vocabulary.
        row: of each event, axis (event,).
        context: its number.
        token: what followed.
        rows: number of rows.
    """

    alphabet: Alphabet
    row: IntArray
    context: IntArray
    token: IntArray
    rows: int

    @classmethod
    def of(cls, rows: Rows, alphabet: Alphabet) -> Text:
        """The events of the rows, row after row.

        Raises:
            ValueError: no rows, or a token that is not one of the alphabet.
        """
        if not len(rows):
            raise ValueError("rows must hold at least one row, got none")
        ended = [np.append(np.asarray(row, dtype=np.int64), alphabet.end) for row in rows]
        token = np.concatenate(ended)
        row = np.repeat(np.arange(len(ended)), [len(one) for one in ended])
        first = np.append(True, row[1:] != row[:-1])
        bad = token[(token < 0) | (token > alphabet.end)]
        if len(bad) or int((token == alphabet.end).sum()) != len(ended):
            shown = int(bad[0]) if len(bad) else alphabet.end
            raise ValueError(f"tokens must be 0..{alphabet.vocabulary - 1}, got {shown}")
        place = np.arange(len(token)) - np.flatnonzero(first)[row]
        context = np.zeros(len(token), dtype=np.int64)
        for back in range(alphabet.order - 1, 0, -1):
            before = np.where(place >= back, np.roll(token, back), alphabet.vocabulary + 1)
            context = context * alphabet.base + before
        return cls(alphabet, row, context, token, len(ended))

    @property
    def pair(self) -> IntArray:
        """One number for context and token, axis (event,); sorts by context."""
        return self.context * self.alphabet.base + self.token

    @cached_property
    def counted(self) -> tuple[IntArray, IntArray]:
        """(different pairs, which of them each event is)."""
        pairs, which = np.unique(self.pair, return_inverse=True)
        return pairs, which.reshape(-1)


@dataclass(frozen=True, eq=False)
class NgramModel:
    """Weights of pairs of a context and what follows it.

    Attributes:
        alphabet: order and vocabulary.
        pairs: numbers of the pairs that were seen, ascending, axis (pair,).
        weights: their counts, or weights, positive, axis (pair,).
        alpha: added to each count.
    """

    alphabet: Alphabet
    pairs: IntArray
    weights: FloatArray
    alpha: float = 0.0

    @classmethod
    def fit(cls, texts: Sequence[Text], weights: Sequence[FloatArray], alpha: float) -> NgramModel:
        """The model of several texts, each with a weight a row; rows of weight 0 are left out."""
        alphabet = texts[0].alphabet
        found = [
            (text.counted[0], np.bincount(text.counted[1], w[text.row]))
            for text, w in zip(texts, weights, strict=True)
        ]
        pairs, which = np.unique(np.concatenate([p for p, _ in found]), return_inverse=True)
        summed = np.bincount(which.reshape(-1), np.concatenate([n for _, n in found]))
        seen = summed > 0
        return cls(alphabet, pairs[seen], summed[seen].astype(np.float64), alpha)

    @cached_property
    def _contexts(self) -> tuple[IntArray, IntArray, FloatArray]:
        """(numbers of the contexts, first pair of each and the number of pairs, sums before)."""
        contexts, first = np.unique(self.pairs // self.alphabet.base, return_index=True)
        sums = np.append(0.0, np.cumsum(self.weights))
        return contexts, np.append(first, len(self.pairs)), sums

    def _find(self, contexts: IntArray) -> tuple[IntArray, npt.NDArray[np.bool_]]:
        """(place of each context, whether it was seen)."""
        known = self._contexts[0]
        place = np.minimum(np.searchsorted(known, contexts), len(known) - 1)
        return place, known[place] == contexts

    @property
    def vocabulary_left(self) -> int:
        """Number of different tokens that the model has seen, without the end."""
        tokens = np.unique(self.pairs % self.alphabet.base)
        return int((tokens < self.alphabet.end).sum())

    @property
    def entropy(self) -> float:
        """Of what follows a context, by maximum likelihood, over its own contexts (nats a token).

        The end of a row counts as a token.
        """
        _, first, sums = self._contexts
        held = np.diff(sums[first])
        logs = self.weights @ np.log(self.weights) - held @ np.log(held)
        return float(max(-logs / sums[-1], 0.0))

    def cross_entropy(self, text: Text, smoothing: float) -> float:
        """Mean of -log P(token | context) over the events of a text (nats a token).

        P is that of add-`smoothing`, whatever the model's alpha: maximum likelihood gives what it
        has not seen no chance. After a context never seen all outcomes are alike.
        """
        _, first, sums = self._contexts
        place, seen = self._find(text.context)
        rows = np.where(seen, sums[first[place + 1]] - sums[first[place]], 0.0)
        pair = np.minimum(np.searchsorted(self.pairs, text.pair), len(self.pairs) - 1)
        count = np.where(self.pairs[pair] == text.pair, self.weights[pair], 0.0)
        chance = (count + smoothing) / (rows + smoothing * self.alphabet.outcomes)
        return float(-np.log(chance).mean())

    def draw(self, contexts: IntArray, rng: np.random.Generator) -> IntArray:
        """What follows each context; after one never seen the end, or any outcome if alpha > 0."""
        _, first, sums = self._contexts
        place, seen = self._find(contexts)
        low, high = sums[first[place]], sums[first[place + 1]]
        at = low + rng.random(len(contexts)) * (high - low)
        pair = np.searchsorted(sums, np.minimum(at, np.nextafter(high, 0)), side="right") - 1
        drawn = np.where(seen, self.pairs[pair] % self.alphabet.base, self.alphabet.end)
        if self.alpha:
            added = self.alpha * self.alphabet.outcomes
            anything = rng.random(len(contexts)) * (np.where(seen, high - low, 0.0) + added) < added
            drawn = np.where(anything, rng.integers(self.alphabet.outcomes, size=len(drawn)), drawn)
        return np.asarray(drawn, dtype=np.int64)

    def write(self, rows: int, longest: int, rng: np.random.Generator) -> list[IntArray]:
        """Rows of the model's own, cut after `longest` tokens."""
        context = np.full(rows, self.alphabet.start, dtype=np.int64)
        written = np.full((rows, longest), self.alphabet.end, dtype=np.int64)
        alive = np.arange(rows)
        for place in range(longest):
            token = self.draw(context, rng)
            goes_on = token != self.alphabet.end
            alive, token = alive[goes_on], token[goes_on]
            context = self.alphabet.following(context[goes_on], token)
            written[alive, place] = token
            if not len(alive):
                break
        lengths = (written != self.alphabet.end).sum(axis=1)
        return [row[:length] for row, length in zip(written, lengths, strict=True)]
