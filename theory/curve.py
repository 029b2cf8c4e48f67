"""What a theory value claims: its kind, its source, its spread and its limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from theory.symbolic.derivation import Formula

FloatArray = npt.NDArray[np.float64]


class Kind(Enum):
    """How a curve relates to the quantity it is named after; it selects the statistical test.

    EXACT: equal to the expectation, for every generation shown.
    UPPER, LOWER: a proved bound on the expectation.
    ASYMPTOTIC: equal in a stated limit, at a stated rate.
    PUBLISHED: constants as a paper prints them.
    """

    EXACT = "exact"
    UPPER = "upper"
    LOWER = "lower"
    ASYMPTOTIC = "asymptotic"
    PUBLISHED = "published"


@dataclass(frozen=True, eq=False)
class Curve:
    """One quantity over generations 0..T, with what is claimed of it.

    Index = generation: 0 is the truth, 1 the fit to real data. `numpy.asarray(curve)` and
    `curve[t]` give the values.

    Attributes:
        values: the quantity, axis (generation,), length T + 1; `inf` where it truly is infinite.
        kind: what the values are to the expectation they are named after.
        source: the paper or the section that proves it.
        std: standard deviation of one replicate, axis (generation,); None where not known.
        limit: value as the generation tends to infinity; None where not known.
        closed_form: gives `formula`, or None; imports sympy only when called.

    Example:
        >>> curve = Curve(values=[0.0, 0.5, 0.75], kind=Kind.EXACT, source="a coin", limit=1.0)
        >>> curve.passes(0.6), curve.passes(2.0)
        (2, None)
    """

    values: FloatArray
    kind: Kind
    source: str
    std: FloatArray | None = None
    limit: float | None = None
    closed_form: Callable[[], Formula | None] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("values", "std"):
            given = getattr(self, name)
            if given is None:
                continue
            array = np.array(given, dtype=np.float64)
            if array.ndim != 1 or np.isnan(array).any():
                raise ValueError(f"{name} must be a vector without NaN, got {given!r}")
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if self.std is not None and len(self.std) != len(self.values):
            raise ValueError(f"std must have {len(self.values)} entries, got {len(self.std)}")
        if self.limit is not None and np.isnan(self.limit):
            raise ValueError(f"limit must be a number or None, got {self.limit!r}")

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, generation: Any) -> Any:
        return self.values[generation]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.values, dtype=dtype, copy=copy)

    @property
    def formula(self) -> Formula | None:
        """The closed form with its LaTeX, derived and checked by theory.symbolic; else None.

        `curve.formula.at(t=3)` is exact, `curve.formula.value(t=3)` equals `curve[3]`.
        """
        return None if self.closed_form is None else self.closed_form()

    def map(self, transform: Callable[[FloatArray], FloatArray]) -> Curve:
        """This curve with transformed values: same kind and source, nothing else."""
        return Curve(transform(self.values), self.kind, self.source)

    def passes(self, threshold: float) -> int | None:
        """First generation whose value is beyond `threshold`, None if there is none.

        Beyond means on the other side of the threshold from the truth's own value at index 0:
        above for an error that starts at 0, below for a ratio that starts at 1 and shrinks, and
        by more than rounding (1e-12 of the threshold).
        """
        if np.isnan(threshold):
            raise ValueError(f"threshold must be a number, got {threshold!r}")
        rounding = 1e-12 * abs(threshold)
        if threshold >= self[0]:
            beyond = self.values > threshold + rounding
        else:
            beyond = self.values < threshold - rounding
        return int(np.argmax(beyond)) if beyond.any() else None
