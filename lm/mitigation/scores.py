"""What scores a candidate: higher is better.

    perplexity   mean log-probability of its tokens under the verifier's model, nats a token
    classifier   log-odds of real against synthetic, by logistic regression on hashed n-grams
    rouge        ROUGE-1 against the real response to the same prompt
    length       tokens over the most that a row may have
    FILE.json    mean reward of its words, 0 for a word that the file does not have

Prompts that were given are not scored.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lm.batches import Rows
from lm.evaluate import row_losses
from lm.mitigation.rouge import rouge_1, words
from lm.tokenizer import Coder, TokenRow

Scores = npt.NDArray[np.float64]
FEATURES, LONGEST = 2**16, 3  # hashed n-grams of tokens, n = 1, 2, 3
FOLDS = 2


@dataclass(frozen=True)
class Candidates:
    """Rows that a model wrote.

    Attributes:
        tokens: of each row.
        prompts: tokens at the beginning of each that were given, axis (row,).
        texts: what was written after the prompt.
        references: real responses to the same prompts; empty where prompts have none.
    """

    tokens: Sequence[TokenRow]
    prompts: npt.NDArray[np.int64]
    texts: Sequence[str]
    references: Sequence[str]


def by_perplexity(candidates: Candidates, model: Any, coder: Coder) -> Scores:
    """Mean log-probability a token under a model on its device, the end of a row included."""
    rows = Rows(candidates.tokens, candidates.prompts, np.ones(len(candidates.tokens)))
    nats, counted = row_losses(model, rows, coder)
    return np.where(counted > 0, -nats / np.maximum(counted, 1), -np.inf)


def by_classifier(candidates: Candidates, real: Sequence[TokenRow]) -> Scores:
    """Log-odds of being real, of a classifier that has not seen the row.

    Candidates of odd and of even place are scored by a classifier of the real rows against the
    others, both sides weighing the same.

    Args:
        candidates: the synthetic rows.
        real: what the classifier knows of real text.

    Raises:
        ValueError: fewer than two candidates.
    """
    from scipy.sparse import vstack
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import LogisticRegression

    count = len(candidates.tokens)
    if count < FOLDS:
        raise ValueError(f"a classifier needs at least {FOLDS} candidates, got {count}")
    hashed = HashingVectorizer(analyzer=_grams, n_features=FEATURES)
    written = [
        row[at:] for row, at in zip(candidates.tokens, candidates.prompts.tolist(), strict=True)
    ]
    ours, theirs = hashed.transform(written), hashed.transform(real)
    places = np.arange(count) % FOLDS
    found = np.zeros(count)
    for fold in range(FOLDS):
        others = ours[places != fold]
        labels = np.repeat([1, 0], [theirs.shape[0], others.shape[0]])
        judge = LogisticRegression(class_weight="balanced", max_iter=1000)
        judge.fit(vstack([theirs, others]).tocsr(), labels)
        found[places == fold] = judge.decision_function(ours[places == fold])
    return found


def _grams(row: TokenRow) -> list[str]:
    """Names of the n-grams of a row."""
    ids = list(map(str, row.tolist()))
    return [
        " ".join(ids[at : at + n]) for n in range(1, LONGEST + 1) for at in range(len(ids) - n + 1)
    ]


def by_rouge(candidates: Candidates) -> Scores:
    """ROUGE-1 against the real response to the same prompt."""
    pairs = zip(candidates.texts, candidates.references, strict=True)
    return np.array([rouge_1(text, reference) for text, reference in pairs])


def by_length(candidates: Candidates, max_tokens: int) -> Scores:
    """Tokens of a row, its prompt included, over the most that it may have."""
    return np.array([len(row) / max_tokens for row in candidates.tokens])


def by_words(candidates: Candidates, rewards: dict[str, float]) -> Scores:
    """Mean reward of the words of a text; 0 for a text without one."""
    found = [[rewards.get(word, 0.0) for word in words(text)] for text in candidates.texts]
    return np.array([math.fsum(own) / len(own) if own else 0.0 for own in found])


def read_words(path: Path) -> dict[str, float]:
    """Words and their rewards.

    Raises:
        ValueError: no object of numbers, or a reward that is not finite; quotes it.
        FileNotFoundError: there is none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise ValueError(f"mitigation.reward {str(path)!r} is no JSON: {problem}") from None
    if not isinstance(found, dict) or not found:
        raise ValueError(f"mitigation.reward {str(path)!r} must be an object of words and rewards")
    for word, reward in found.items():
        number = isinstance(reward, int | float) and not isinstance(reward, bool)
        if not number or not math.isfinite(reward):
            raise ValueError(
                f"mitigation.reward {str(path)!r}: the reward of {word!r} must be a finite number, "
                f"got {reward!r}"
            )
    return {str(word).lower(): float(reward) for word, reward in found.items()}
