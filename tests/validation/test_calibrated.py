"""Verdicts do what they state: false-fail, false-pass and power."""

import numpy as np
import pytest
from scipy.stats import binom

from theory.curve import Kind
from validation.calibrated import (
    FALSE_FAIL,
    FALSE_PASS,
    Thresholds,
    Verdict,
    judge,
    perturbed,
    relative_to,
    replicates_needed,
    thresholds,
)

ONE = np.ones(1)


def verdict(kind: Kind, expected: float, mean: float, error: float, resolve: float) -> Verdict:
    limit = Thresholds(fail=5.0, miss=3.0)
    return judge(
        kind, expected * ONE, mean * ONE, error * ONE, abs(expected) * ONE, limit, resolve
    ).verdict


def test_thresholds_are_the_normal_quantiles_of_the_family():
    from scipy.stats import norm

    limit = thresholds(7)
    assert 7 * 2 * norm.sf(limit.fail) == pytest.approx(FALSE_FAIL)
    assert norm.sf(limit.miss) == pytest.approx(FALSE_PASS)


def test_a_discrepancy_at_the_stated_power_is_missed_as_rarely_as_stated():
    """100,000 draws of z around `detectable`: misses are Binomial(1e5, 1e-3); false-fail 1e-9."""
    limit = thresholds(20)
    z = np.random.default_rng(5).normal(limit.detectable, 1, 100_000)
    missed = int((z <= limit.fail).sum())
    low, high = binom.ppf([5e-10, 1 - 5e-10], len(z), FALSE_PASS)
    assert low <= missed <= high


def test_an_exact_value_fails_on_both_sides():
    assert verdict(Kind.EXACT, 1.0, 1.006, 1e-3, 0.01) is Verdict.DISAGREES
    assert verdict(Kind.EXACT, 1.0, 0.994, 1e-3, 0.01) is Verdict.DISAGREES
    assert verdict(Kind.EXACT, 1.0, 1.004, 1e-3, 0.01) is Verdict.AGREES


def test_a_bound_fails_on_its_own_side_only():
    assert verdict(Kind.LOWER, 1.0, 0.994, 1e-3, 0.01) is Verdict.DISAGREES
    assert verdict(Kind.LOWER, 1.0, 1.5, 1e-3, 0.01) is Verdict.AGREES
    assert verdict(Kind.UPPER, 1.0, 1.006, 1e-3, 0.01) is Verdict.DISAGREES
    assert verdict(Kind.UPPER, 1.0, 0.5, 1e-3, 0.01) is Verdict.AGREES


def test_a_test_without_power_never_agrees():
    assert verdict(Kind.EXACT, 1.0, 1.0, 2e-3, 0.01) is Verdict.UNDERPOWERED
    assert verdict(Kind.EXACT, 1.0, 1.0, 2e-3, 0.02) is Verdict.AGREES


def test_a_refutation_needs_no_power():
    assert verdict(Kind.EXACT, 1.0, 2.0, 0.1, 0.01) is Verdict.DISAGREES


def test_without_spread_only_equality_agrees():
    assert verdict(Kind.EXACT, 1.0, 1.0, 0.0, 0.01) is Verdict.AGREES
    assert verdict(Kind.EXACT, 1.0, 1.1, 0.0, 0.01) is Verdict.DISAGREES


def test_runs_that_differ_by_rounding_only_are_all_the_same():
    assert verdict(Kind.EXACT, 2.4, 2.4 * (1 + 1e-14), 2e-17, 0.01) is Verdict.AGREES
    assert verdict(Kind.EXACT, 2.4, 2.4 * (1 + 1e-9), 2e-17, 0.01) is Verdict.DISAGREES


def test_the_weakest_generation_decides_the_power():
    limit = Thresholds(fail=5.0, miss=3.0)
    found = judge(
        Kind.EXACT, np.ones(3), np.ones(3), np.array([1e-4, 5e-3, 1e-4]), np.ones(3), limit, 0.01
    )
    assert found.verdict is Verdict.UNDERPOWERED
    assert found.weakest == 2


def test_discrepancies_are_relative_to_the_departure_from_no_drift():
    std = np.array([7.0])
    assert relative_to("trace_ratio", np.array([0.9]), std) == pytest.approx(0.1)
    assert relative_to("trace_ratio", np.array([1.0]), std) == 1.0
    assert relative_to("log_det_ratio", np.array([-3.0]), std) == 7.0
    assert relative_to("mean_error", np.array([0.2]), std) == 0.2


def test_perturbing_moves_every_kind_of_field():
    assert perturbed("trace_ratio", np.array([0.9]), 0.02) == pytest.approx(0.902)
    assert perturbed("trace_ratio", np.array([1.0]), 0.02) == pytest.approx(1.02)
    assert perturbed("log_det_ratio", np.array([-3.0]), 0.02) == pytest.approx(-3.06)
    assert perturbed("mean_error", np.array([0.5]), 0.02) == pytest.approx(0.51)


def test_the_replicates_needed_give_the_power_asked_for():
    limit, std, scale = thresholds(100), np.array([2.0, 0.5]), np.array([1.0, 0.1])
    runs = replicates_needed(std, scale, limit, 0.01)
    errors = limit.detectable * std / np.sqrt(runs) / scale
    assert errors.max() == pytest.approx(0.01)
