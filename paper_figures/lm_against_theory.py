"""Published losses of language models and what the universal inflation explains of them.

One panel a model and workflow: the values that the papers show as points, a + b v_t fitted to them
as a line with its band, and the shape that fits best dashed.

Source: `theory.growth`, loopbound theory, section 3; values of 2410.16713 and 2404.01413.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lm.losscurve import FINETUNING, PRETRAINING
from paper_figures import dataset, losses, style
from paper_figures.series import Point, Series
from theory.growth import Shape

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "lm_against_theory"
TITLE = "Language models against theory: variance alone explains a straight line, seldom the rest"
FILES = (PRETRAINING, FINETUNING)
ALT = (
    "Nine panels of cross-entropy against generation: the columns are replace, accumulate and "
    "accumulate-subsample, the rows GPT-2, Llama-2 and Gemma-2. The theory line a + b v runs "
    "through the points of GPT-2 under replace after its first generations, misses the bend of "
    "Llama-2 and the plateau of Gemma-2 under replace, is flat where accumulate dips and rises "
    "again in pretraining, follows Gemma-2 under accumulate closely, and levels off where the "
    "pretrained subsamples go on growing. A dashed line of another shape passes through the points."
)
_COLUMNS = ("replace", "accumulate", "accumulate-subsample")


def settings() -> dict[str, Any]:
    """What the committed points must have been read from."""
    return losses.settings(NAME, FILES)


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, from the published values."""
    return losses.points(losses.curves(NAME, FILES))


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """The fitted lines with the published points."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    return losses.series(points)


def caption(series: Sequence[Series]) -> str:
    """What points and lines are, and what they say."""
    left = {
        (theory.panel, theory.label): 100 * losses.shapes(theory.points)[0].left
        for model in _models(series)
        for theory, _ in losses.pairs(series, model)
    }
    drift = [
        100 * fit.left
        for model in _models(series)
        for theory, _ in losses.pairs(series, model)
        for fit in losses.shapes(theory.points)[1:]
        if fit.shape is Shape.PASSES and min(fit.coefficients) > 0
    ]
    return (
        f"Cross-entropy on held-out real text by generation, as published (2404.01413, "
        f"2410.16713); generation 1 is the fit to real data. Solid: a + b v, v the universal "
        f"inflation of the workflow, fitted to each curve by itself, though theory has one a and b "
        f"for all workflows of a model; band: 95 % for the line if residuals were independent, "
        f"which they are not quite. It leaves between {min(left.values()):.2g} % and "
        f"{max(left.values()):.0f} % of the variance. Dashed: the shape of the lowest AICc among a "
        f"power, a logarithm, an approach to a plateau and a + b v + c h, h the expected number of "
        f"models between a training row and the truth. The last takes b < 0 where pretraining on "
        f"everything dips (b, e), which no variance does; for the subsamples (c, f, i) both terms "
        f"add to the loss and leave {min(drift):.2g} to {max(drift):.2g} %."
    )


def _models(series: Sequence[Series]) -> list[str]:
    return list(dict.fromkeys(s.panel for s in series))


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: rows are models, columns are workflows."""
    from matplotlib import pyplot

    models = _models(series)
    figure, axes = pyplot.subplots(
        len(models), len(_COLUMNS), figsize=(style.WIDTH, 2.05 * len(models)), squeeze=False
    )
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    for row, model in zip(axes, models, strict=True):
        found = {theory.label: (theory, other) for theory, other in losses.pairs(series, model)}
        for place, label, marker in zip(row, _COLUMNS, style.MARKERS, strict=False):
            _panel(place, next(letters), found[label], marker)
        row[0].set_ylabel("cross-entropy (nats a token)")
    for place in axes[-1]:
        place.set_xlabel("generation")
    losses.explain(figure, band=True)
    return figure


def _panel(axes: Axes, letter: str, lines: tuple[Series, Series], marker: str) -> None:
    theory = lines[0]
    left = 100 * losses.shapes(theory.points)[0].left
    axes.set_title(
        f"{letter}  {theory.panel}, {theory.label.split('-')[-1]}\n    v leaves {left:.2g} %"
    )
    axes.grid(axis="y")
    losses.draw_panel(axes, lines, marker=marker, band=True)
    last = theory.points[-1].generation
    losses.generation_axis(axes, last, step=20 if last > 20 else 5)
