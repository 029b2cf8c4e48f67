"""bound_slack: every bound is on its side, and as loose as formulas written out here say."""

import math

import numpy as np
import pytest

from paper_figures import bound_slack as figure
from paper_figures.series import panel
from theory.gaussian import GaussianChain, curves
from theory.workflow import Workflow


@pytest.fixture(scope="module")
def series():
    return figure.data()


def one(series, title, label):
    (found,) = (s for s in panel(series, title) if s.label == label)
    return found


@pytest.mark.parametrize("theorem", figure.THEOREMS, ids=lambda theorem: theorem.title)
def test_a_bound_is_never_on_the_wrong_side(series, theorem):
    own = panel(series, theorem.title)
    assert len(own) == len(theorem.lines)
    beyond = [s for s in own if (s.theory.values < 1 - 1e-12).any()]
    assert bool(beyond) == (theorem.bound == figure.LEADING)


def test_the_slack_of_pi_squared_over_six(series):
    i, d = np.arange(1, 101), figure.DIM
    for n in (20, 32, 100, 1000):
        a = (d + 1) / n
        exact = np.cumsum((1 - a) / (i * (i - a)))
        slack = one(series, "π²/6, regression", f"n = {n:,}").theory.values[1:]
        np.testing.assert_allclose(slack, math.pi**2 / 6 / exact, rtol=1e-12)
    same = one(series, "π²/6, regression", "same rows").theory.values
    np.testing.assert_allclose(same[1:], math.pi**2 / 6 / np.cumsum(1 / i**2), rtol=1e-12)


def test_small_batches_come_close_to_the_bound_for_any_schedule(series):
    i, c = np.arange(0, 100), figure.DIM + 1
    factor = 1 + (100 - c) / c * math.log(100 / (100 - c))
    pool = 100 + 10 * i
    sizes = np.where(i == 0, 100, 10)
    exact = np.cumsum(sizes / (pool * (pool - c))) * (100 - c)
    slack = one(series, "any schedule", "100, 10, 10, …").theory.values[1:]
    np.testing.assert_allclose(slack, factor / exact, rtol=1e-12)
    assert slack[-1] < 1.08


def test_the_bounds_of_one_dimension_are_those_of_theory_in_two():
    """The same formulas, compared where theory gives the bounds: d = 2, trace of both halves."""
    flow, chain = Workflow.accumulate(20), GaussianChain(2, 0)
    found = curves(chain, flow, 30)
    mean, trace = found.mean_error.values, found.trace_ratio.values
    lower = mean + (1 - np.sqrt(trace)) ** 2
    np.testing.assert_allclose(found.wasserstein_lower.values, lower, atol=1e-15)
    quadratic = found.covariance_error.values
    geometric = trace + 1 - 2 * np.exp(found.log_det_ratio.values / 4)
    upper = mean + np.minimum(quadratic, geometric)
    scale = found.wasserstein_upper.values[1:] / upper[1:]
    np.testing.assert_allclose(scale, 1, rtol=1e-9)
    ours = figure._wasserstein_bound(GaussianChain(1, 0), flow, upper=False)[:31]
    np.testing.assert_allclose(
        ours, curves(GaussianChain(1, 0), flow, 30).mean_error.values
        + (1 - np.sqrt(curves(GaussianChain(1, 0), flow, 30).trace_ratio.values)) ** 2,
        atol=1e-15,
    )  # fmt: skip


def test_the_published_leading_order_is_right_for_one_fit_of_many_rows(series):
    for n, gap in ((10, 0.04), (100, 0.004), (1000, 0.0004)):
        slack = one(series, "3t/2n for W₂², replace", f"n = {n:,}").theory
        assert abs(slack[1] - 1) < gap
    assert one(series, "3t/2n for W₂², replace", "n = 10").theory[100] > 1.2


def test_printed_statements_on_the_ways_out_are_bounds_but_for_the_refuted_one(series):
    for statement in figure.statements(figure.GENERATIONS):
        own = panel(series, statement.title)
        assert len(own) == len(statement.lines)
        below = {s.label for s in own if (s.theory.values < 1 - 1e-12).any()}
        assert below == ({"50 % edited", "100 % edited"} if "edits" in statement.title else set())


def test_the_slack_of_the_ways_out_by_formulas(series):
    t = np.arange(1, 101)
    for share, label in ((0.1, "10 % real"), (0.5, "50 % real"), (0.9, "90 % real")):
        a = 1 - share
        ratio = (1 - a**t) / share * (1 - a**2) / (1 - a ** (2 * t))
        slack = one(series, "shape, stability", label).theory.values[1:]
        np.testing.assert_allclose(slack, ratio, rtol=1e-12)
    rate = 0.2 * 1.1 / (1 + 0.2 * 0.9)
    slack = one(series, "rate, fixed real set", "λ = 0.2").theory.values[1:]
    np.testing.assert_allclose(slack, (rate * 1.2 / 0.2) ** t, rtol=1e-9)


def test_one_round_of_curation_by_hand(series):
    """Two draws: a row of weight e^r wins with chance p (2 e^r sum_y p_y / (e^r + e^r_y))."""
    p, e = np.array([0.6, 0.3, 0.1]), np.exp([0.0, 0.5, 1.0])
    winners = p * (2 * e[:, None] / (e[:, None] + e) @ p)
    for weight in (0.1, 0.3, 0.9):
        after = (p + weight * winners) / (1 + weight)
        slack = one(series, "KL, curation", f"λ = {weight:g}").theory.values[1]
        assert slack == pytest.approx(-math.log(1 - weight) / (after @ np.log(after / p)))
        variance = p @ e**2 - (p @ e) ** 2
        bound = weight / (1 + weight) ** 3 * variance / (2 * math.e)
        slack = one(series, "reward, curation", f"λ = {weight:g}").theory.values[1]
        assert slack == pytest.approx((after - p) @ e / bound)
