"""Pretraining on text that earlier models wrote: cross-entropy by generation, three workflows.

The published GPT-2 and Llama-2 runs on TinyStories, from scratch every generation, and our own
runs below them where there are any.

Source: 2404.01413 and its rerun in 2410.16713; `theory.growth`, loopbound theory, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lm.losscurve import PRETRAINING
from paper_figures import dataset, losses
from paper_figures.series import Point, Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "lm_pretraining"
TITLE = "Pretraining from scratch every generation: replace grows without end, the others hardly"
FILES = (PRETRAINING,)
ALT = (
    "Cross-entropy against generation for one model a row: on the left three workflows, on the "
    "right the two that keep the real rows, enlarged. Under replace the loss of GPT-2 rises in "
    "a straight line from 1.8 to 6.1 in fifty generations and that of Llama-2 in a bend from "
    "2.1 to 3.7; under accumulate-subsample both rise by 0.4 and ever more slowly; under "
    "accumulate they fall a little first and rise a little then."
)


def settings() -> dict[str, Any]:
    """What the committed points must have been read from."""
    return losses.settings(NAME, FILES)


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, from the published values and from our runs."""
    return losses.points(losses.curves(NAME, FILES))


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """The fitted lines with the points."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    return losses.series(points)


def caption(series: Sequence[Series]) -> str:
    """What points and lines are, and how many runs are behind ours."""
    return (
        "Cross-entropy on held-out real text, models trained from scratch every generation at "
        "temperature 1; generation 1 is the fit to real data. "
        f"{losses.explained(series, FILES)}"
    )


def draw(series: Sequence[Series]) -> Figure:
    """The figure: a row a model; left every workflow, right those that keep the real rows."""
    return losses.draw_models(series)
