"""regression_error: lines against sums written out here, points against lines, what is claimed."""

import math
import re

import numpy as np
import pytest

from montecarlo.regression import simulate
from paper_figures import regression_cells, regression_error, style
from paper_figures.measure import measure
from paper_figures.regression_cells import ACROSS, NEW, SAME, TAIL, THRESHOLD
from paper_figures.series import Cell, panel
from theory.curve import Kind
from theory.regression import RegressionChain, curves, subsample_growth
from theory.workflow import Workflow

PUBLISHED = [(d, n) for d in (1, 3, 10, 32, 100) for n in (10, 32, 100, 316, 1000) if n > d]
ROUNDING = 1e-12  # sums of a hundred positive terms


@pytest.fixture(scope="module")
def series():
    return regression_error.data()


def one(series, name, label, n, quantity="excess_test_error"):
    (found,) = (s for s in panel(series, name, quantity) if (s.label, s.n) == (label, n))
    return found


def in_one_fit(series, label, n):
    return one(series, NEW, label, n, "excess_test_error / one fit")


# --- lines --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", regression_cells.ROWS)
def test_the_lines_are_the_sums_of_the_papers(series, n):
    i, d = np.arange(1, 101), 3
    a = (d + 1) / n
    sums = {
        "replace": np.ones(100),
        "accumulate": (1 - a) / (i * (i - a)),
        "replace, growing sets": (1 - a) / (i - a),
    }
    for label, terms in sums.items():
        line = in_one_fit(series, label, n).theory
        assert line.kind is Kind.EXACT
        np.testing.assert_allclose(line.values[1:], np.cumsum(terms), rtol=ROUNDING)
    for label, terms in (("replace", np.ones(100)), ("accumulate", 1 / i**2)):
        line = one(series, SAME, label, n).theory
        assert line.kind is Kind.EXACT
        expected = d / (n - d - 1) * np.cumsum(terms)
        np.testing.assert_allclose(line.values[1:], expected, rtol=ROUNDING)


def test_no_line_of_a_subsample_claims_to_be_exact(series):
    drawn = [s for s in series if s.label.startswith("accumulate-subsample")]
    assert len(drawn) == 5 + 5 + 5 + 3 + 18 + 8
    assert {s.theory.kind for s in drawn} == {Kind.ASYMPTOTIC}


def test_a_cross_marks_the_first_infinite_mean(series):
    for n, first in ((10, 3), (32, 8), (100, 25), (316, 79), (1000, None)):
        lost = np.flatnonzero(np.isinf(one(series, SAME, "accumulate-subsample", n).theory.values))
        assert (lost[0] if len(lost) else None) == first
    own = [s for s in panel(series, SAME) if s.label == "accumulate-subsample"]
    with style.publication():
        from matplotlib import pyplot

        axes = pyplot.figure().add_subplot()
        regression_error._draw_same(axes, own)
        crosses = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "x"]
    assert crosses == [3, 8, 25, 79]


def test_accumulate_depends_on_features_and_rows_through_one_number(series):
    """(1-a)/(i (i-a)) with a = (d+1)/n: points of all n belong to one line."""
    i = np.arange(1, 101)
    kept = [s for s in panel(series, ACROSS) if s.label == "accumulate"]
    assert {s.n for s in kept} == {10, 32, 100}
    for s in kept:
        a = (s.dim + 1) / s.n
        assert s.theory[100] == pytest.approx(((1 - a) / (i * (i - a))).sum(), rel=ROUNDING)


# --- points -------------------------------------------------------------------------------------


def test_medians_come_to_the_leading_order_as_the_rows_grow(series):
    """At n = 1,000 its error of order d/n is a tenth of a bar; at n = 10 it is refuted."""
    z = {}
    for n in (10, 1000):
        at, median, error = one(series, SAME, "accumulate-subsample", n, "quantile 0.5").measured
        line = one(series, SAME, "accumulate-subsample", n, "quantile 0.5").theory.values
        z[n] = (median - line[at.astype(int)]) / error
    assert np.abs(z[1000]).max() < 5
    assert abs(z[10][0]) < 5  # generation 1 takes the whole pool: exact
    assert z[10][-1] > 20


def test_new_rows_exceed_the_leading_order_less_and_less(series):
    gaps = []
    for n in (10, 32, 100):
        s = in_one_fit(series, "accumulate-subsample", n)
        gaps.append(s.points[-1].simulation / s.theory[100] - 1)
    assert gaps[0] > gaps[1] > gaps[2] > 0
    said = re.search(r"error of n = 10 is (\d+) % above", regression_error.caption(series))
    assert int(said[1]) == round(100 * gaps[0])


def test_a_subsample_diverges_on_one_side_of_the_threshold_only(series):
    """Growth from t = 100 to 1,000 by dimension; each error is known to 3 %."""
    growth = {}
    for s in panel(series, THRESHOLD):
        value = {p.generation: p.simulation for p in s.points}
        growth[s.dim] = value[1000] / value[100]
    assert growth[10] < 1.25
    assert growth[20] > 4
    assert growth[10] < growth[15] < growth[20]
    across = [s for s in panel(series, ACROSS) if s.label == "accumulate-subsample"]
    for s in across:
        assert (subsample_growth(s.dim, s.n) < 1) == (s.n >= 2 * s.dim + 1)
        assert ((s.dim + 1) / s.n <= 0.5) == (s.n >= 2 * s.dim + 1)


def test_the_published_grid_is_on_one_side_of_the_threshold():
    assert all(n >= 2 * d + 1 and (d + 1) / n < 0.5 for d, n in PUBLISHED)


def test_the_same_rows_have_the_longer_tail(series):
    last = {
        (s.label.split(", ")[1], s.quantity.split()[1]): s.points[-1] for s in panel(series, TAIL)
    }
    for quantile in ("0.9", "0.99", "0.999"):
        same, new = last["same rows", quantile], last["new rows", quantile]
        assert same.simulation - new.simulation > 5 * math.hypot(same.std_error, new.std_error)


@pytest.mark.parametrize(
    ("make", "other"),
    [(Workflow.replace, Workflow.accumulate), (Workflow.accumulate, Workflow.replace)],
)
def test_quantiles_of_runs_follow_their_exact_law(make, other):
    """5 standard errors, 12 comparisons: false-fail about 1e-5, the binomial being near normal."""
    chain = RegressionChain(3, design="reused")
    cell = Cell("p", "a", chain, make(10), 3, ("excess_test_error",), (1, 3), 8192, "auto",
                (0.5, 0.9, 0.99))  # fmt: skip
    points = measure([cell], seed=3)
    assert {p.quantity for p in points} == {"quantile 0.5", "quantile 0.9", "quantile 0.99"}
    z = [(p.simulation - cell.theory(p.quantity)[p.generation]) / p.std_error for p in points]
    assert len(z) == 6
    assert np.abs(z).max() < 5
    wrong = Cell("p", "a", chain, other(10), 3, cell.fields, (3,), 0, "auto", cell.quantiles)
    last = [p for p in points if p.generation == 3]
    assert all(abs(p.simulation - wrong.theory(p.quantity)[3]) > 5 * p.std_error for p in last)


def test_without_label_noise_the_bars_are_those_of_the_sample():
    """Theory's spread of one run has label noise in it: those bars would be too long."""
    cell = Cell("p", "replace", RegressionChain(3, design="reused"), Workflow.replace(32), 2,
                ("excess_test_error",), (2,), 640, "rao-blackwell")  # fmt: skip
    (point,) = measure([cell], seed=1)
    with_noise = curves(cell.chain, cell.workflow, 2).excess_test_error.std[2] / math.sqrt(640)
    assert 0 < point.std_error < with_noise / 2


@pytest.mark.parametrize(
    "make", [Workflow.replace, Workflow.accumulate, Workflow.accumulate_subsample]
)
def test_the_label_noise_only_sets_the_unit(make):
    """sigma^2 = 0.1, 1, 10: the same runs in other units; 10 fits of condition below 1e3."""
    found = {
        square: simulate(
            RegressionChain(3, math.sqrt(square), "reused"), make(32), 10, seed=1, replicates=20,
            method="rows",
        ).excess_test_error
        for square in (0.1, 1.0, 10.0)
    }  # fmt: skip
    for square in (0.1, 10.0):
        np.testing.assert_allclose(found[square], square * found[1.0], rtol=1e-10)
