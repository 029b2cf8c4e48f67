"""Fine-tuning on text that earlier models wrote: cross-entropy by generation, three workflows.

The published Gemma-2 runs, restarted from the base model every generation, and our own runs
below them where there are any.

Source: 2410.16713; `theory.growth`, loopbound theory, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lm.losscurve import FINETUNING
from paper_figures import dataset, losses
from paper_figures.series import Point, Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAME = "lm_finetuning"
TITLE = "Fine-tuning from the base every generation: kept real rows hold the loss, replace does not"
FILES = (FINETUNING,)
ALT = (
    "Cross-entropy against generation for one model a row: on the left three workflows, on the "
    "right the two that keep the real rows, enlarged. Under replace the loss of Gemma-2 rises "
    "from 1.06 to a plateau near 2.6, under accumulate-subsample slowly to 1.22, and under "
    "accumulate to 1.10. Our model of a million weights begins at 3.61 and after six generations "
    "is at 5.51 under replace, still rising, at 4.41 under accumulate-subsample and at 3.82 under "
    "accumulate; the last two lie on a + b v, replace bends away from its line."
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
        "Cross-entropy on held-out real text, models fine-tuned from the same base every "
        "generation; generation 1 is the fit to real data. "
        f"{losses.explained(series, FILES)}"
    )


def draw(series: Sequence[Series]) -> Figure:
    """The figure: a row a model; left every workflow, right those that keep the real rows."""
    return losses.draw_models(series)
