"""A tested quantity, as the page explains it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """A tested quantity.

    Attributes:
        title: its name in words.
        definition: LaTeX, in the letters of the theory: t the generation, 0 the truth.
        unit: of its values.
        laws: (where it holds, LaTeX) of values that no derivation of theory.symbolic gives.
    """

    title: str
    definition: str
    unit: str = "no unit"
    laws: tuple[tuple[str, str], ...] = ()
