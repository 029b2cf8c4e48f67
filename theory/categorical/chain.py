"""The categorical chain's specification: the probabilities of the true categories."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]

TOLERANCE = 1e-9  # by which probabilities may miss a sum of one


@dataclass(frozen=True)
class CategoricalChain:
    """A unigram model: shares of categories, fitted by counting rows and sampled again.

    Attributes:
        probabilities: p_0 of the truth, one a category, each >= 0, together one to within 1e-9;
            what is missing then is made up in proportion. Kept as a tuple, so that chains compare
            and hash; `array` is the array.

    Raises:
        ValueError: quoting the value that is out of range.

    Example:
        >>> CategoricalChain((0.5, 0.3, 0.2)).heterozygosity.__round__(12)
        0.62
        >>> CategoricalChain((0.5, 0.6))
        Traceback (most recent call last):
        ValueError: probabilities must sum to 1 to within 1e-09, got sum 1.1
        >>> CategoricalChain((0.5, float("nan")))
        Traceback (most recent call last):
        ValueError: probabilities must be in [0, 1], got nan
    """

    probabilities: Sequence[float] | npt.ArrayLike

    def __post_init__(self) -> None:
        given = _vector("probabilities", self.probabilities)
        bad = given[~((given >= 0) & (given <= 1))]
        if len(bad):
            raise ValueError(f"probabilities must be in [0, 1], got {float(bad[0])!r}")
        total = math.fsum(given)
        if not abs(total - 1) <= TOLERANCE:
            raise ValueError(
                f"probabilities must sum to 1 to within {TOLERANCE:g}, got sum {total:.12g}"
            )
        object.__setattr__(self, "probabilities", tuple((given / total).tolist()))

    @classmethod
    def from_counts(cls, counts: npt.ArrayLike) -> Self:
        """The shares of counts, axis (category,), in their order.

        Raises:
            ValueError: no count, a negative or infinite one, or none above zero.
        """
        given = _vector("counts", counts)
        bad = given[~((given >= 0) & (given < math.inf))]
        if len(bad):
            raise ValueError(f"counts must be finite and >= 0, got {float(bad[0])!r}")
        total = math.fsum(given)
        if total == 0:
            raise ValueError(f"counts must have one above zero, got {len(given)} zeros")
        return cls(given / total)

    @classmethod
    def from_text(cls, words: Iterable[str]) -> Self:
        """The shares of the different words, the most frequent first.

        Raises:
            ValueError: no words, or a text that was not split into words.

        Example:
            >>> CategoricalChain.from_text("to be or not to be".split()).categories
            4
        """
        if isinstance(words, str):
            raise ValueError(
                f"words must be a list of words, got the text {words[:20]!r}: split it"
            )
        counted = Counter(words)
        if not counted:
            raise ValueError("words must hold at least one, got an empty text")
        return cls.from_counts([count for _, count in counted.most_common()])

    @property
    def array(self) -> FloatArray:
        """p_0, axis (category,)."""
        return np.array(self.probabilities, dtype=np.float64)

    @property
    def categories(self) -> int:
        """Number of categories K, those of probability zero too."""
        return len(self.array)

    @property
    def heterozygosity(self) -> float:
        """1 - sum p_0^2, the probability that two rows differ, without cancellation."""
        p = self.array
        return math.fsum(p * (1 - p))

    @property
    def entropy(self) -> float:
        """-sum p_0 log p_0 (nats)."""
        p = self.array[self.array > 0]
        return math.fsum(-p * np.log(p))

    @property
    def survivors(self) -> int:
        """Number of categories of positive probability."""
        return int(np.count_nonzero(self.array))

    def require(self, workflow: Workflow, generations: int) -> None:
        """Refuse a run without a fit; every workflow will do.

        Raises:
            ValueError: generations < 1.
        """
        whole_number("generations", generations)


def uniform(categories: int) -> CategoricalChain:
    """K categories of probability 1/K.

    Example:
        >>> uniform(4).probabilities
        (0.25, 0.25, 0.25, 0.25)
    """
    return CategoricalChain.from_counts(np.ones(whole_number("categories", categories)))


def zipf(categories: int, exponent: float = 1.0) -> CategoricalChain:
    """K categories of probabilities proportional to rank^-s, s >= 0; s near 1 is like words.

    Raises:
        ValueError: categories < 1, or an exponent that is negative or not finite.

    Example:
        >>> np.round(zipf(3, 1.0).probabilities, 4)
        array([0.5455, 0.2727, 0.1818])
    """
    number = isinstance(exponent, int | float | np.number) and not isinstance(exponent, bool)
    if not (number and 0 <= exponent < math.inf):
        raise ValueError(f"exponent must be a finite number >= 0, got {exponent!r}")
    ranks = np.arange(1, whole_number("categories", categories) + 1, dtype=np.float64)
    return CategoricalChain.from_counts(ranks ** -float(exponent))


def _vector(name: str, given: Any) -> FloatArray:
    """Numbers of axis (category,), at least one."""
    try:
        vector = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers, got {given!r}") from None
    if vector.ndim != 1 or not len(vector):
        raise ValueError(f"{name} must be a list of at least one number, got {given!r}")
    return vector
