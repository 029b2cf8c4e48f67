"""A page of small panels: a row a dimension, a column a workflow, a shade a number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from paper_figures import style
from paper_figures.series import Series
from theory.curve import Kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZES = 5  # numbers of rows on the published grids
_SIZE = 1.9  # points, of a marker


def draw_grid(
    panels: Sequence[Sequence[Sequence[Series]]],
    titles: Sequence[str],
    names: Sequence[str],
    scales: Sequence[float] = (),
    *,
    quantity: str,
    rows: Sequence[int],
    dashed: str = "",
) -> tuple[Figure, list[list[Axes]]]:
    """The figure and its axes (row, column); the y axes are left to the caller.

    Args:
        panels: the lines of each panel, in the order of n, axes (row, column).
        titles: of the columns.
        names: of the rows, on their left.
        scales: factor of each column's values, limits and bars; 1 unless given.
        quantity: of the y axes, with its unit.
        rows: numbers of rows, a marker each; a panel without all of them has the last.
        dashed: what a dashed line is, if there are any.
    """
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        len(panels), len(titles), figsize=(style.WIDTH, 1.45 * len(panels) + 0.6), squeeze=False
    )
    for row, name in zip(axes, names, strict=True):
        row[0].set_ylabel(name)
    for place, title in zip(axes[0], titles, strict=True):
        place.set_title(title, fontsize=style.SMALL)
    for i, (row, own) in enumerate(zip(axes, panels, strict=True)):
        for place, lines, scale in zip(row, own, scales or [1.0] * len(titles), strict=True):
            _draw_panel(place, lines, scale)
            place.tick_params(labelbottom=i == len(panels) - 1)
    figure.supylabel(quantity, fontsize="medium")
    for place in axes[-1]:
        place.set_xlabel("t (log)")
    sizes = [(f"n = {n:,}", marker) for n, marker in zip(rows, style.MARKERS, strict=False)]
    style.explain_marks(figure, dashed=dashed, sizes=sizes)
    return figure, [list(row) for row in axes]


def _draw_panel(axes: Axes, series: Sequence[Series], scale: float) -> None:
    axes.set(xscale="log", xlim=(0.8, 130))
    style.plain_ticks(axes.xaxis, (1, 10, 100))
    axes.tick_params(labelsize=style.SMALL)
    axes.minorticks_off()
    axes.grid(axis="y")
    if not series:
        return
    colours = style.shades(series[0].kind, _SIZES)[-len(series) :]
    markers = style.MARKERS[_SIZES - len(series) : _SIZES]
    for s, colour, marker in zip(series, colours, markers, strict=True):
        t = np.arange(1, len(s.theory))
        exact = s.theory.kind is Kind.EXACT
        axes.plot(
            t, scale * s.theory.values[1:], "-" if exact else "--", color=colour, linewidth=0.9
        )
        at, mean, error = s.measured
        axes.errorbar(
            at, scale * mean, scale * style.BARS * error, fmt=marker, color=colour,
            markersize=_SIZE, elinewidth=0.6, zorder=3,
        )  # fmt: skip
        if s.theory.limit is not None and np.isfinite(s.theory.limit):
            style.reference(axes, scale * s.theory.limit, colour=colour)
