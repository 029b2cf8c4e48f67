"""What `regression_error` simulates, and the lines its points belong to.

A run costs least where label noise is averaged and only designs are drawn, most where single rows
are; the numbers of runs follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from paper_figures.series import Cell, Point, Series, lines
from theory.curve import Curve
from theory.regression import RegressionChain
from theory.workflow import Workflow

DIM = 3
ROWS = (10, 32, 100, 316, 1000)
GENERATIONS = 100
SHOWN = (1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 70, 100)
ERROR = "excess_test_error"
ONE_FIT = " / one fit"  # quantities in that unit
GROWING = "replace, growing sets"
SAME, NEW, THRESHOLD, ACROSS, TAIL = "same rows", "new rows", "threshold", "across", "tail"

THRESHOLD_ROWS = 32
THRESHOLD_DIMS = (10, 15, 20)
LONG = 1000  # generations of the threshold
SHOWN_LONG = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
# Features of the subsamples of n rows, on both sides of n = 2d + 1; of accumulate, a few of them.
ACROSS_DIMS = {10: (1, 2, 3, 4, 5), 32: (3, 6, 10, 13, 16, 18, 20, 22), 100: (20, 32, 49, 55, 60)}
_ACROSS_KEPT = {10: (1, 3, 5), 32: (3, 10, 16, 22)}
_ACROSS_LINE = (1, *range(4, 76, 5))  # features of the exact line, n = 100
TAIL_ROWS = 10
QUANTILES = (0.5, 0.9, 0.99, 0.999)

_WORKFLOWS = (Workflow.replace, Workflow.accumulate, Workflow.accumulate_subsample)
_NOISELESS = "rao-blackwell"
_SAME_RUNS, _NEW_RUNS, _THRESHOLD_RUNS, _TAIL_RUNS = 20_000, 5_000, 400, 60_000
_ACROSS_RUNS = {10: 10_000, 32: 2_000, 100: 250}
_ACROSS_KEPT_RUNS = 1_000
FEW = 100  # rows, up to which a subsample has the first of these numbers of runs
_SUBSAMPLE_RUNS = (10_000, 2_000)


def cells() -> list[Cell]:
    """The simulations behind the points."""
    return [*_same_rows(), *_new_rows(), *_threshold(), *_across(), *_tails()]


def _same_rows() -> Iterator[Cell]:
    """Means where they exist; under a subsample, medians."""
    chain = RegressionChain(DIM, design="reused")
    for make in _WORKFLOWS:
        for n in ROWS:
            flow = make(n)
            drawn = flow.budget is not None
            yield Cell(
                SAME, flow.kind.value, chain, flow, GENERATIONS, (ERROR,), SHOWN,
                _runs(n, drawn, _SAME_RUNS), "rows" if drawn else _NOISELESS,
                (0.5,) if drawn else (),
            )  # fmt: skip


def _new_rows() -> Iterator[Cell]:
    """Means; under replace also with as many rows as accumulate trains on."""
    chain = RegressionChain(DIM)
    for n in ROWS:
        growing = Workflow.replace(tuple(n * t for t in range(1, GENERATIONS + 1)))
        for flow in (*(make(n) for make in _WORKFLOWS), growing):
            drawn = flow.budget is not None
            yield Cell(
                NEW, GROWING if flow is growing else flow.kind.value, chain, flow, GENERATIONS,
                (ERROR,), SHOWN, _runs(n, drawn, _NEW_RUNS), "rows" if drawn else _NOISELESS,
            )  # fmt: skip


def _runs(n: int, drawn: bool, otherwise: int) -> int:
    return _SUBSAMPLE_RUNS[n > FEW] if drawn else otherwise


def _threshold() -> Iterator[Cell]:
    flow = Workflow.accumulate_subsample(THRESHOLD_ROWS)
    for dim in THRESHOLD_DIMS:
        yield Cell(
            THRESHOLD, flow.kind.value, RegressionChain(dim), flow, LONG, (ERROR,), SHOWN_LONG,
            _THRESHOLD_RUNS, "rows",
        )  # fmt: skip


def _across() -> Iterator[Cell]:
    """The error at the last generation, for features from few to more than half the rows."""
    for n, dims in _ACROSS_KEPT.items():
        for dim in dims:
            yield _across_cell(dim, Workflow.accumulate(n), _ACROSS_KEPT_RUNS, _NOISELESS)
    for n, dims in ACROSS_DIMS.items():
        for dim in dims:
            yield _across_cell(dim, Workflow.accumulate_subsample(n), _ACROSS_RUNS[n], "rows")


def _across_cell(dim: int, flow: Workflow, runs: int, method: str) -> Cell:
    return Cell(
        ACROSS, flow.kind.value, RegressionChain(dim), flow, GENERATIONS, (ERROR,),
        (GENERATIONS,), runs, method,
    )  # fmt: skip


def _tails() -> Iterator[Cell]:
    flow = Workflow.accumulate_subsample(TAIL_ROWS)
    for label, design in ((SAME, "reused"), (NEW, "fresh")):
        yield Cell(
            TAIL, f"{flow.kind.value}, {label}", RegressionChain(DIM, design=design), flow,
            GENERATIONS, (ERROR,), SHOWN, _TAIL_RUNS, "rows", QUANTILES,
        )  # fmt: skip


def every_line(points: Sequence[Point]) -> list[Series]:
    """The lines of all cells with their points, and those that nothing was simulated for.

    The latter are the exact line of accumulate against the features, and the means that do not
    exist of the subsamples whose medians are shown.
    """
    unmeasured = [_across_cell(dim, Workflow.accumulate(100), 0, "auto") for dim in _ACROSS_LINE]
    means = [replace(cell, quantiles=()) for cell in _same_rows() if cell.quantiles]
    found = [*lines(cells(), points), *lines([*unmeasured, *means], ())]
    return [s if s.panel == SAME else _in_units_of_one_fit(s) for s in found]


def _in_units_of_one_fit(series: Series) -> Series:
    """Divided by d/(n-d-1), the error of one fit to n real rows at unit noise."""
    dim, n, curve = series.dim or 0, series.n or 0, series.theory
    scale, quantity = (n - dim - 1) / dim, series.quantity + ONE_FIT
    limit = None if curve.limit is None else scale * curve.limit
    scaled = Curve(scale * curve.values, curve.kind, curve.source, limit=limit)
    points = tuple(
        replace(
            p, quantity=quantity, simulation=scale * p.simulation,
            std_error=None if p.std_error is None else scale * p.std_error,
        )
        for p in series.points
    )  # fmt: skip
    return replace(series, quantity=quantity, theory=scaled, points=points)
