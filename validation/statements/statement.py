"""What a statement's page says."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from paper_figures.style import plain
from validation.formulas import mathml
from validation.pictures import Picture, embedded_or_reason

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = float | int | str | None


class Standing(Enum):
    """What exact values leave of a published statement."""

    OPEN = "was open"
    CONDITION = "needs a condition"
    BOUND = "a bound, not the value"
    WRONG = "does not hold"
    CONFOUNDED = "confounded"


@dataclass(frozen=True)
class Statement:
    """A published statement beside the exact value.

    Attributes:
        key: of its page, `statement-<key>`.
        title: the exact answer, in a line.
        papers: (who, arXiv number or "") of those who state it.
        published: what they state, in our words.
        standing: what is left of it.
        exact: what holds, with the numbers that decide.
        caption: of the table.
        columns: of the table, the first naming its rows.
        body: the rows; None for what does not exist.
        source: where the exact value comes from.
        command: that prints such values again.
        formula: LaTeX of the exact value, "" without one.
        alt: of the picture, for who cannot see it.
        draw: the picture, None without one.
    """

    key: str
    title: str
    papers: tuple[tuple[str, str], ...]
    published: str
    standing: Standing
    exact: str
    caption: str
    columns: tuple[str, ...]
    body: Sequence[Sequence[Cell]]
    source: str
    command: str
    formula: str = ""
    alt: str = ""
    draw: Callable[[], Figure] | None = None

    def __post_init__(self) -> None:
        for cells in self.body:
            if len(cells) != len(self.columns):
                raise ValueError(f"{self.key}: {len(self.columns)} columns, got {cells!r}")


def as_page(statement: Statement) -> dict[str, Any]:
    """What the template shows."""
    picture: Picture | None = None
    if statement.draw is not None:
        picture = embedded_or_reason(statement.draw, statement.title, statement.alt, statement.alt)
    return {
        "id": f"statement-{statement.key}",
        "title": statement.title,
        "papers": statement.papers,
        "published": statement.published,
        "judgement": statement.standing.value,
        "exact": statement.exact,
        "caption": statement.caption,
        "columns": statement.columns,
        "cells": [[_cell(value) for value in cells] for cells in statement.body],
        "source": statement.source,
        "command": statement.command,
        "formula": mathml(statement.formula) if statement.formula else "",
        "picture": picture,
        "failed": "",
    }


def _cell(value: Cell) -> dict[str, Any]:
    if isinstance(value, str) or value is None:
        return {"text": "\N{EN DASH}" if value is None else value, "value": None}
    return {"text": shown(value), "value": value}


def shown(value: float) -> str:
    """A number for reading: four digits and no power of ten, unless it is below 0.0001.

    Example:
        >>> shown(2.9348022), shown(1896.489), shown(44), shown(2e-7), shown(math.inf)
        ('2.935', '1,896', '44', '2.0e-07', 'infinite')
    """
    if math.isinf(value):
        return "infinite"
    if isinstance(value, int):
        return f"{value:,}"
    if value and abs(value) < 1e-4:
        return f"{value:.1e}"
    digits = 3 - math.floor(math.log10(abs(value))) if value else 0
    return plain(round(value, max(0, digits)))
