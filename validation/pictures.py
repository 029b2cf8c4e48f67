"""The figures of the page, each an SVG inside it or the reason why there is none."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from validation import report
from validation.calibrated import thresholds
from validation.check import Finding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paper_figures.catalogue import FigureModule

NOT_DRAWN = "This figure could not be drawn"


@dataclass(frozen=True)
class Picture:
    """A figure of the page: an image in the page itself, or the reason why there is none."""

    title: str
    caption: str
    alt: str
    source: str | None


def pictures(findings: Sequence[Finding]) -> list[Picture]:
    """The tests at a glance, then the figures of the papers, from committed data."""
    from paper_figures.catalogue import FIGURES

    return [_tests_at_a_glance(findings), *map(_of_a_paper, FIGURES.values())]


def _of_a_paper(module: FigureModule) -> Picture:
    try:
        series = module.data()
        source = _embedded(lambda: module.draw(series), module.TITLE)
        return Picture(module.TITLE, module.caption(series), module.ALT, source)
    except Exception as problem:  # the verdicts do not depend on a figure
        return Picture(module.TITLE, f"{NOT_DRAWN}: {problem}", "", None)


def _tests_at_a_glance(findings: Sequence[Finding]) -> Picture:
    z = report.exact_z(findings)
    title = "Every test against exact theory"
    if not len(z):
        return Picture(title, f"{NOT_DRAWN}: no exact value was tested.", "", None)
    fail = thresholds(report.single_tests(findings)).fail
    caption = (
        "Left: z of every test of an exact value against the normal quantiles that it should "
        "follow if theory and simulation agree; beyond the dashed lines a test fails. Generations "
        "of one run are correlated, so the points wander together. Right: for every claim, the "
        "relative discrepancy that its weakest test would have seen."
    )
    alt = (
        f"Two panels. Quantiles of z for {len(z)} tests, the largest |z| being "
        f"{np.abs(z).max():.1f} where {fail:.1f} fails; and a histogram of the discrepancy that "
        f"each claim resolves, in per cent."
    )
    return Picture(title, caption, alt, _embedded(lambda: report.draw(findings), title))


def _embedded(draw: Callable[[], Figure], title: str) -> str:
    """The figure as an SVG inside a data URI."""
    from paper_figures import render as files
    from paper_figures import style

    with style.publication():
        content = files.image(draw(), "svg", title)
    return f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}"
