"""A figure of the page: an SVG inside it, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from validation.compact import as_uri

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOT_DRAWN = "This figure could not be drawn"


@dataclass(frozen=True)
class Picture:
    """A figure of the page: an image in the page itself, or the reason why there is none."""

    title: str
    caption: str
    alt: str
    source: str | None


def of_paper(name: str) -> Picture:
    """A figure of the papers by its name in the catalogue, from committed data."""
    from paper_figures.catalogue import FIGURES

    module = FIGURES[name]
    try:
        series = module.data()
        source = embedded(lambda: module.draw(series), module.TITLE)
        return Picture(module.TITLE, module.caption(series), module.ALT, source)
    except Exception as problem:  # the verdicts do not depend on a figure
        return Picture(module.TITLE, f"{NOT_DRAWN}: {problem}", "", None)


def embedded_or_reason(draw: Callable[[], Figure], title: str, caption: str, alt: str) -> Picture:
    """The picture, or why it could not be drawn: the verdicts do not depend on it."""
    try:
        return Picture(title, caption, alt, embedded(draw, title))
    except Exception as problem:
        return Picture(title, f"{NOT_DRAWN}: {problem}", "", None)


def embedded(draw: Callable[[], Figure], title: str) -> str:
    """The figure as an SVG inside a data URI."""
    from paper_figures import render as files
    from paper_figures import style

    with style.publication():
        content = files.image(draw(), "svg", title)
    return as_uri(content)
