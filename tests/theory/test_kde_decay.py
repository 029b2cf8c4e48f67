"""Greedy optimal bandwidths as t -> infinity: what is derived, against numbers at large t."""

import math

import numpy as np
import pytest

from theory.curve import Kind
from theory.kde import KdeChain, Optimal, optimal_bandwidths, verdict
from theory.kde.decay import accumulate_exponent, least_bandwidth, stays_bounded
from theory.truths import Laplace, Normal, Truth, Uniform
from theory.workflow import UnsupportedWorkflow, Workflow


def greedy(workflow: Workflow, generations: int, truth: Truth | None = None) -> np.ndarray:
    return optimal_bandwidths(KdeChain(truth or Normal(), 1.0), workflow, generations)[1:]


EVERY = (
    Workflow.replace(3),
    Workflow.accumulate(3),
    Workflow.accumulate_subsample(3),
    Workflow.sliding_window(3, 2),
    Workflow.anchored(3, 3),
    Workflow.fresh(3, 3),
)


@pytest.mark.parametrize("workflow", EVERY, ids=str)
@pytest.mark.parametrize("truth", [Normal(), Normal(2), Uniform(), Laplace()], ids=str)
def test_no_bandwidth_is_below_the_bound(truth: Truth, workflow: Workflow) -> None:
    chain = KdeChain(truth, 1.0)
    bounds = [least_bandwidth(chain, 1 / workflow.train_size(t)) for t in range(1, 7)]
    assert (greedy(workflow, 6, truth) > bounds).all()


def test_one_row_of_a_normal_truth_grows_by_the_root_of_two() -> None:
    """Replace, n = 1: one kernel after the other, h_t^2 = 2 + h_1^2 + ... + h_{t-1}^2."""
    assert greedy(Workflow.replace(1), 18) == pytest.approx(2 ** (np.arange(1, 19) / 2), rel=1e-5)


def test_under_replace_bandwidths_follow_what_they_have_added() -> None:
    """The proved share of the added variance, and in the end one ratio (0.3957 for n = 20)."""
    h = greedy(Workflow.replace(20), 90)
    added = np.concatenate([[0.0], np.cumsum(h**2)[:-1]])
    assert (h**2 >= added / (2 * (2 * 20) ** 2 - 1)).all()
    share = h / np.sqrt(np.maximum(added, 1e-300))
    assert share[-1] == pytest.approx(share[-30], rel=1e-3)
    assert h[-1] / h[-2] == pytest.approx(math.sqrt(1 + share[-1] ** 2), rel=1e-4)


def test_growth_ends_in_a_refusal() -> None:
    with pytest.raises(UnsupportedWorkflow, match="at generation 24, got 40 generations"):
        greedy(Workflow.replace(1), 40)


def test_a_window_and_a_fixed_budget_grow() -> None:
    """Seen at two rows: 9 % a generation; t^0.2."""
    window = greedy(Workflow.sliding_window(5, 2), 20)
    assert window[-1] / window[-2] > 1.05
    budget = greedy(Workflow.accumulate_subsample(2), 40)
    assert (np.diff(budget) > 0).all()
    assert budget[39] / budget[9] > 1.2


@pytest.mark.parametrize(
    "workflow", [Workflow.anchored(20, 20), Workflow.fresh(20, 2, weight=0.3)], ids=str
)
def test_real_rows_of_enough_weight_hold_bandwidths(workflow: Workflow) -> None:
    h = greedy(workflow, 40)
    assert h[-1] == pytest.approx(h[-5], rel=1e-4)
    assert stays_bounded(workflow.real_fraction(5), 1)
    assert verdict(KdeChain(Normal(), Optimal()), workflow).finite_rows


def test_with_little_real_weight_both_are_seen_and_no_verdict_is_given() -> None:
    bounded, grows = (Workflow.fresh(20, 2, weight=weight) for weight in (0.2, 0.05))
    h = greedy(bounded, 40)
    assert h[-1] == pytest.approx(h[-5], rel=1e-2)
    h = greedy(grows, 20)
    assert h[-1] / h[-2] == pytest.approx(h[-2] / h[-3], rel=0.02)
    assert h[-1] > 1.15 * h[-2]
    for workflow in (bounded, grows):
        with pytest.raises(UnsupportedWorkflow, match="stay away from 0"):
            verdict(KdeChain(Normal(), Optimal()), workflow)


# --- accumulate ---------------------------------------------------------------------------------


def long_run(rows: int, last: float) -> tuple[np.ndarray, np.ndarray]:
    """(t, h_t) of a normal truth: the recursion to t = 200, then its limit in steps of log t."""
    r = np.geomspace(1e-3, 3e3, 1200)
    power, weight = np.exp(-(r**2)), r**3
    square, mean = 1 / rows + (1 - 1 / rows) * power, np.ones_like(r)
    log_h, t, found = math.log(1.06 * rows**-0.2), 1.0, []

    def slope(log_h: float) -> float:
        kappa = np.exp(-((r * math.exp(log_h)) ** 2) / 2)
        return float((weight * kappa * (power * mean - kappa * square)).sum())

    while t < last:
        a, b = log_h - 0.002, log_h
        before, now = slope(a), slope(b)
        for _ in range(12):
            a, b = b, b - min(max(now * (b - a) / (now - before), -0.3), 0.3)
            before, now = now, slope(b)
            if abs(b - a) < 1e-9:
                break
        log_h = b
        found.append((t, math.exp(log_h)))
        kappa = np.exp(-((r * math.exp(log_h)) ** 2) / 2)
        if t < 200:
            fresh = 1 / rows + (1 - 1 / rows) * kappa**2 * square
            square = (t**2 * square + 2 * t * kappa * square + fresh) / (t + 1) ** 2
            mean, t = mean * (t + kappa) / (t + 1), t + 1
        else:
            step, middle = 0.008, t * math.exp(0.004)
            noise = (1 - square * kappa**2) / (rows * middle) * step
            square = square * np.exp(-2 * (1 - kappa) * step) + noise * np.exp(-(1 - kappa) * step)
            mean, t = mean * np.exp(-(1 - kappa) * step), t * math.exp(step)
    return np.array([t for t, _ in found]), np.array([h for _, h in found])


def test_under_accumulate_bandwidths_fall_like_the_derived_power() -> None:
    """The long run is that of the package at first, and its last decade has the exponent.

    It still rises there, by 0.0004 a decade.
    """
    t, h = long_run(10, 3e6)
    assert h[:25] == pytest.approx(greedy(Workflow.accumulate(10), 25), rel=1e-4)
    decade = t > t[-1] / 10
    exponent = -np.polyfit(np.log(t[decade]), np.log(h[decade]), 1)[0]
    assert exponent == pytest.approx(accumulate_exponent(1), abs=0.0008)
    assert abs(exponent - 0.2) > 0.05


def test_the_exponent_lies_between_scott_and_a_pool_whose_noise_stays() -> None:
    """Values by a second integration, Runge-Kutta in log u."""
    known = {1: 0.2566788452, 2: 0.2180849136, 3: 0.1868363286}
    for dim, value in known.items():
        assert accumulate_exponent(dim) == pytest.approx(value, abs=1e-8)
    for dim in range(1, 9):
        assert 1 / (dim + 4) < accumulate_exponent(dim) < 1 / (dim + 2)


def test_the_verdict_says_what_it_rests_on() -> None:
    found = verdict(KdeChain(Normal(), Optimal()), Workflow.accumulate(20))
    assert found.finite_rows
    assert (found.kind, found.decay) == (Kind.ASYMPTOTIC, accumulate_exponent(1))
    for workflow in EVERY[:1] + EVERY[2:4]:
        found = verdict(KdeChain(Normal(), Optimal()), workflow)
        assert not found.mean_density
        assert found.kind is Kind.EXACT
    flat = verdict(KdeChain(Normal(), Optimal(), "triangular"), Workflow.replace(9))
    assert "stays above a positive bound (exact)" in str(flat)
