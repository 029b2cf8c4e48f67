"""The small picture of a statement: curves against generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from theory.workflow import WorkflowKind

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDEST = 28  # letters: what a line of a y label may have beside the panel


@dataclass(frozen=True, eq=False)
class Line:
    """A curve of the picture.

    Attributes:
        label: in the legend.
        values: axis (generation,), from generation 0 on; 0 is not drawn.
        colour_of: the workflow whose colour it has.
    """

    label: str
    values: npt.NDArray[np.float64]
    colour_of: WorkflowKind


def draw_lines(lines: Sequence[Line], unit: str, *, logarithmic: bool) -> Figure:
    """Curves against generation; call it inside `style.publication`."""
    from matplotlib import pyplot

    from paper_figures import style

    figure, axes = pyplot.subplots(figsize=(style.WIDTH, 2.4))
    dashes = ("-", "--", "-.")
    for number, line in enumerate(lines):
        t = np.arange(1, len(line.values))
        axes.plot(t, line.values[1:], dashes[number % 3], label=line.label,
                  color=style.COLOURS[line.colour_of])  # fmt: skip
    if logarithmic:
        axes.set(xscale="log", yscale="log")
    style.plain_ticks(axes.xaxis)
    style.plain_ticks(axes.yaxis)
    axes.set(xlabel="generation", ylabel=fill(unit, _WIDEST))
    figure.legend(*axes.get_legend_handles_labels(), loc="outside right center")
    return figure
