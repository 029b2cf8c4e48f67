"""How every figure looks: one colour a workflow, sizes, tick labels. No figure sets its own.

The first three colours are Okabe and Ito's; the rest were searched so that every pair differs by
a CIELAB distance of 16 or more in normal vision and under simulated protanopia, deuteranopia and
tritanopia (Machado et al. 2009, complete), and each has a contrast of 3:1 on white. Lines also
differ by marker or by a label at their end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from paper_figures.series import Series
from theory.workflow import WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

COLOURS = {
    WorkflowKind.REPLACE: "#D55E00",
    WorkflowKind.ACCUMULATE: "#0072B2",
    WorkflowKind.ACCUMULATE_SUBSAMPLE: "#009E73",
    WorkflowKind.SLIDING_WINDOW: "#B7749F",
    WorkflowKind.ANCHORED: "#82561C",
    WorkflowKind.FRESH: "#322F89",
    WorkflowKind.CUSTOM: "#616161",
}
INK = "#222222"  # text, axes, the truth
GREY = "#6B6B6B"  # reference lines and their labels
MARKERS = ("o", "s", "^", "D", "v", "P")
WIDTH = 7.2  # inches: two columns of a journal
SMALL = 6.5  # points: labels inside a panel
BARS = 2.0  # standard errors that an error bar spans on each side

Ends: TypeAlias = list[tuple[float, str, str]]
"""(y, text, colour) of curves that are labelled at their ends."""

FONT = "DejaVu Sans"

_RC = {
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.hspace": 0.05,
    "figure.constrained_layout.wspace": 0.04,
    "font.family": FONT,
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.titlelocation": "left",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.5,
    "ytick.major.width": 0.6,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.4,
    # Outlines, so that a page shows the same letters on every machine; PDF keeps real text.
    "svg.fonttype": "path",
    "svg.hashsalt": "loopbound",
    "pdf.fonttype": 42,
    "axes.unicode_minus": True,
}


@contextmanager
def publication() -> Iterator[None]:
    """Draw and save inside this context: no window, no setting of the user's leaks in."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with pyplot.style.context(["default", _RC]):
        try:
            yield
        finally:
            pyplot.close("all")


def check_font() -> None:
    """Refuse to draw with another font than ours: widths and symbols would be wrong.

    Raises:
        ValueError: it is not installed.
    """
    from matplotlib import font_manager

    try:
        font_manager.findfont(FONT, fallback_to_default=False)
    except ValueError:
        raise ValueError(
            f"font {FONT!r} is missing: it comes with matplotlib, whose installation is damaged"
        ) from None


def shades(kind: WorkflowKind, count: int) -> list[str]:
    """Colours from light to dark of one workflow, for an ordered quantity such as n.

    Example:
        >>> shades(WorkflowKind.ACCUMULATE, 3)
        ['#66aad1', '#0072b2', '#003959']
    """
    from matplotlib.colors import to_hex, to_rgb

    base = np.array(to_rgb(COLOURS[kind]))
    mixed = []
    for share in np.linspace(-0.4, 0.5, count) if count > 1 else [0.0]:
        target = 1.0 if share < 0 else 0.0
        mixed.append(to_hex(tuple(base + abs(share) * (target - base))))
    if count % 2:
        mixed[count // 2] = to_hex(tuple(base))
    return mixed


def plain(value: float) -> str:
    """A number as people write it: 0.001, 0.5, 1,000; no power of ten.

    Example:
        >>> plain(0.001), plain(0.5), plain(1000.0), plain(1e-12)
        ('0.001', '0.5', '1,000', '0')
    """
    text = f"{value:,.9f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "\N{MINUS SIGN}")


def plain_ticks(axis: Axis, at: Sequence[float] | None = None) -> None:
    """Decimal labels on an axis, at the values given and nowhere else if any are."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

    if at is not None:
        axis.set_major_locator(FixedLocator(list(at)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
    axis.set_minor_formatter(NullFormatter())


def draw_line(
    axes: Axes,
    series: Series,
    *,
    colour: str,
    marker: str,
    start: int = 0,
    style: str = "-",
    width: float = 1.2,
) -> None:
    """Theory as a line from generation `start`, its points with bars of BARS standard errors."""
    t = np.arange(len(series.theory.values))[start:]
    axes.plot(t, series.theory.values[start:], style, color=colour, linewidth=width, zorder=2)
    draw_points(axes, series, colour=colour, marker=marker)


def draw_points(axes: Axes, series: Series, *, colour: str, marker: str) -> None:
    """The points of a line with bars of BARS standard errors."""
    errorbars(axes, *series.measured, colour=colour, marker=marker)


def errorbars(
    axes: Axes,
    at: npt.ArrayLike,
    mean: npt.ArrayLike,
    error: npt.ArrayLike,
    *,
    colour: str,
    marker: str,
    label: str | None = None,
) -> None:
    """Points with bars of BARS standard errors."""
    axes.errorbar(
        at, mean, BARS * np.asarray(error), fmt=marker, color=colour, elinewidth=0.8, capsize=1.6,
        capthick=0.8, markeredgecolor="white", markeredgewidth=0.25, zorder=3, label=label,
    )  # fmt: skip


def reference(axes: Axes, value: float, *, colour: str = GREY) -> None:
    """A dotted line at a limit."""
    axes.axhline(value, color=colour, linestyle=(0, (1, 2)), linewidth=0.9, zorder=1)


def end_labels(axes: Axes, ends: Ends, *, at: float) -> None:
    """Texts beside the right edge, each with a thin line to the end (at, y) of its curve.

    They are moved apart where they would overlap. Call it when the limits of the axes are final
    and `settle` knows its size.

    Args:
        axes: a panel.
        ends: the labels, in the units of the y axis.
        at: where the curves end, on the x axis.
    """
    if not ends:
        return
    box = axes.get_window_extent()
    height, width = box.height * 72 / axes.figure.dpi, box.width * 72 / axes.figure.dpi  # points
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = sorted(ends)
    wanted = np.array([to_axes.transform((at, y))[1] for y, _, _ in ends])
    tall = np.array([1.15 * SMALL / height * (text.count("\n") + 1) for _, text, _ in ends])
    for where, (y, text, colour) in zip(_apart(wanted, tall), ends, strict=True):
        axes.annotate(
            text, (at, y), (1 + 9 / width, where), textcoords="axes fraction",
            fontsize=SMALL, va="center", annotation_clip=False, linespacing=1.1,
            arrowprops={
                "arrowstyle": "-", "color": colour, "linewidth": 0.6, "shrinkA": 1, "shrinkB": 0,
                "relpos": (0, 0.5),
            },
            zorder=1.5,
        )  # fmt: skip


def settle(figure: Figure) -> None:
    """Lay the figure out as it is now: its panels get the size that `end_labels` needs."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)


def _apart(
    wanted: npt.NDArray[np.float64], tall: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Ascending centres of boxes that do not overlap, closest to the wanted ones."""
    from scipy.optimize import isotonic_regression

    offset = np.concatenate([[0.0], np.cumsum((tall[1:] + tall[:-1]) / 2)])
    fitted: npt.NDArray[np.float64] = isotonic_regression(wanted - offset).x
    fitted += offset
    return fitted


def explain_marks(
    figure: Figure, *, dashed: str = "", sizes: Sequence[tuple[str, str]] = ()
) -> None:
    """One legend for the whole figure: what a line, a point and a dotted line are.

    Args:
        figure: to put it under.
        dashed: what a dashed line is, if there are any.
        sizes: (name, marker) of what the markers tell apart.
    """
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=INK),
        Line2D([], [], color=INK, marker="o", linestyle=""),
        Line2D([], [], color=GREY, linestyle=(0, (1, 2))),
    ]
    names = ["theory", f"Monte Carlo ± {BARS:g} standard errors", "limit as t grows"]
    if dashed:
        handles.insert(1, Line2D([], [], color=INK, linestyle="--", linewidth=0.7))
        names.insert(1, dashed)
    columns = max(len(names), len(sizes))
    if sizes:
        # A legend is filled column by column: blanks keep the marks in the first row.
        handles += [Line2D([], [], linestyle="")] * (columns - len(names))
        names += [""] * (columns - len(names))
        handles += [Line2D([], [], color=INK, marker=m, linestyle="") for _, m in sizes]
        names += [name for name, _ in sizes]
        order = [row * columns + column for column in range(columns) for row in (0, 1)]
        handles, names = [handles[i] for i in order], [names[i] for i in order]
    figure.legend(handles, names, loc="outside lower center", ncols=columns)
