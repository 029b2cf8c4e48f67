"""ROUGE-1 and ROUGE-L of a text against a reference, as F1.

Words are runs of letters and digits of the lower-cased text, without stemming, as the package
rouge-score has them by default. That package would bring nltk for a stemmer that is not used.

Source: Lin (2004), "ROUGE: a package for automatic evaluation of summaries".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_WORDS = re.compile(r"[a-z0-9]+")


def words(text: str) -> list[str]:
    """Lower-cased words.

    Example:
        >>> words("Don't, 2 times!")
        ['don', 't', '2', 'times']
    """
    return _WORDS.findall(text.lower())


def rouge_1(text: str, reference: str) -> float:
    """F1 of shared words, each as often as both have it; 0 where either has none.

    Example:
        >>> rouge_1("the cat", "the cat sat on the mat")
        0.5
    """
    ours, theirs = words(text), words(reference)
    return _f1((Counter(ours) & Counter(theirs)).total(), len(ours), len(theirs))


def rouge_l(text: str, reference: str) -> float:
    """F1 of the longest common subsequence of words.

    Example:
        >>> rouge_l("cat the", "the cat sat on the mat")
        0.5
    """
    ours, theirs = words(text), words(reference)
    return _f1(common(ours, theirs), len(ours), len(theirs))


def common(ours: Sequence[str], theirs: Sequence[str]) -> int:
    """Length of the longest common subsequence, by one whole number of a bit a word.

    Source: Hyyrö (2004), bit-parallel LCS-length computation revisited.
    """
    places: dict[str, int] = {}
    for at, word in enumerate(ours):
        places[word] = places.get(word, 0) | 1 << at
    full = (1 << len(ours)) - 1
    state = full
    for word in theirs:
        matched = state & places.get(word, 0)
        state = ((state + matched) | (state - matched)) & full
    return len(ours) - state.bit_count()


def _f1(shared: int, ours: int, theirs: int) -> float:
    return 2 * shared / (ours + theirs) if shared else 0.0
