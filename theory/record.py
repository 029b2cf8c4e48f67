"""Curves by name, for the small rooms: a mitigation with a few numbers to its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from theory.curve import Curve


@dataclass(frozen=True, eq=False)
class Record:
    """Curves by field: each is an attribute, and an item.

    Example:
        >>> from theory.curve import Kind
        >>> one = Record({"error": Curve([0.0, 1.0], Kind.EXACT, "a coin")})
        >>> one.error[1], one.fields
        (np.float64(1.0), ('error',))
    """

    values: Mapping[str, Curve]

    def __getattr__(self, field: str) -> Curve:
        values: Mapping[str, Curve] = self.__dict__.get("values", {})
        if field not in values:
            raise AttributeError(f"unknown field {field!r}: choose from {', '.join(values)}")
        return values[field]

    __getitem__ = __getattr__

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the curves."""
        return tuple(self.values)
