"""Curves by name: worked out for a chain when they are asked for, or a few that are given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from theory.curve import Curve
from theory.workflow import UnsupportedWorkflow, Workflow


class ChainCurves(ABC):
    """Curves of one chain under one workflow: each an attribute, and an item.

    A family has a cached property a name, and says why one has no curve.
    """

    names: ClassVar[tuple[str, ...]]
    workflow: Workflow

    @abstractmethod
    def why_absent(self, field: str) -> str | None:
        """The reason that a field of `names` has no curve here; None if it has one."""

    @abstractmethod
    def _of_what(self) -> str:
        """The chain in a few words, for an error."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the fields that do not raise."""
        return tuple(name for name in self.names if self.why_absent(name) is None)

    def __getitem__(self, field: str) -> Curve:
        """The curve of that name."""
        if field not in self.names:
            raise ValueError(f"unknown field {field!r}: choose from {', '.join(self.fields)}")
        found = getattr(self, field)
        assert isinstance(found, Curve)
        return found

    def _require(self, field: str) -> None:
        """Raise UnsupportedWorkflow, with the reason, if the field is not known here."""
        reason = self.why_absent(field)
        if reason is not None:
            known = ", ".join(self.fields) or "nothing"
            raise UnsupportedWorkflow(
                f"{field} of {self._of_what()} under {self.workflow}: {reason}; known here: {known}"
            )


@dataclass(frozen=True, eq=False)
class Record:
    """Curves of a mitigation with a few numbers to its name: each an attribute, and an item.

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
