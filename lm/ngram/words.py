"""Words of the documentation that Python carries with it: real text without a download."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"[A-Za-z_]+|\d+|[^\w\s]")
_FEWEST = 5  # words a paragraph must have


def documentation_words(vocabulary: int = 2000) -> tuple[list[list[int]], list[str]]:
    """(rows of word ids, the words), one row a paragraph of `pydoc_data.topics`, none twice.

    Words are in lower case; beyond the `vocabulary` - 1 most frequent all are one, "<other>", the
    last id. The text is that of the running Python: about 1,900 rows and 80,000 words.

    Raises:
        ValueError: vocabulary < 2.
    """
    from pydoc_data.topics import topics

    paragraphs = [part for name in sorted(topics) for part in topics[name].split("\n\n")]
    split = [_WORD.findall(part.lower()) for part in dict.fromkeys(paragraphs)]
    return numbered([words for words in split if len(words) >= _FEWEST], vocabulary)


def numbered(texts: Sequence[Sequence[str]], vocabulary: int) -> tuple[list[list[int]], list[str]]:
    """(rows of ids, the words by id): the most frequent words first, then "<other>".

    Example:
        >>> numbered([["to", "be"], ["to", "do"]], 2)
        ([[0, 1], [0, 1]], ['to', '<other>'])
    """
    if vocabulary < 2:
        raise ValueError(f"vocabulary must be >= 2, got {vocabulary!r}")
    counted = Counter(word for words in texts for word in words)
    kept = [word for word, _ in counted.most_common(vocabulary - 1)]
    place = {word: i for i, word in enumerate(kept)}
    rows = [[place.get(word, len(kept)) for word in words] for words in texts]
    return rows, [*kept, "<other>"]
