"""Quantiles of one run's error: the law whose mean and spread theory has from elsewhere."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from theory.curve import Kind
from theory.regression import RegressionChain, curves, error_quantile
from theory.workflow import UnsupportedWorkflow, Workflow


@pytest.mark.parametrize(("dim", "n"), [(1, 9), (3, 14), (10, 40)])
@pytest.mark.parametrize("make", [Workflow.replace, Workflow.accumulate])
def test_the_law_has_the_mean_and_the_spread_of_a_run(dim, n, make):
    """Both come from inverse-Wishart moments; the squared quantile grows like (1-p)^(-4/9)."""
    chain = RegressionChain(dim, noise=2.0, design="reused")
    known = curves(chain, make(n), 3).excess_test_error

    def moment(power):
        def at(z):
            # p = 1/(1 + e^-z) spreads both ends of (0, 1) over the line.
            p = 1 / (1 + math.exp(-z))
            value = error_quantile(chain, make(n), 3, probability=p)[3]
            return value**power * p * (1 - p)

        # Beyond 30, p is 1 to rounding; what is cut off weighs at most e^(-30 x 5/9) = 6e-8.
        return quad(at, -30, 30, epsabs=0, epsrel=1e-9, limit=200)[0]

    assert moment(1) == pytest.approx(known[3], rel=1e-6)
    assert math.sqrt(moment(2) - known[3] ** 2) == pytest.approx(known.std[3], rel=1e-6)


def test_it_is_exact_without_a_budget_only():
    def kind(design, workflow):
        return error_quantile(RegressionChain(3, design=design), workflow, 3, probability=0.5).kind

    subsample = Workflow.accumulate_subsample(20)
    assert kind("reused", Workflow.accumulate(20)) is Kind.EXACT
    assert kind("reused", subsample) is Kind.ASYMPTOTIC
    assert kind("fresh", Workflow.accumulate(20)) is Kind.ASYMPTOTIC
    # A budget that takes the whole pool so far is accumulate.
    assert kind("reused", Workflow.accumulate_subsample(20, budget=60)) is Kind.EXACT


def test_quantiles_rise_with_the_probability_and_exist_where_the_mean_does_not():
    chain, workflow = RegressionChain(3, design="reused"), Workflow.accumulate_subsample(10)
    found = [error_quantile(chain, workflow, 5, probability=p) for p in (0.1, 0.5, 0.999)]
    assert (np.diff([curve.values[1:] for curve in found], axis=0) > 0).all()
    assert math.isinf(curves(chain, workflow, 5).excess_test_error[3])
    assert all(np.isfinite(curve.values).all() for curve in found)


@pytest.mark.parametrize("p", [0.0, 1.0, -1, 2.5, math.nan])
def test_a_probability_out_of_range_is_quoted(p):
    with pytest.raises(ValueError, match=f"between 0 and 1, got {p!r}"):
        error_quantile(RegressionChain(3), Workflow.replace(10), 2, probability=p)


@pytest.mark.parametrize(
    ("chain", "workflow"),
    [
        (RegressionChain(3, ridge=0.1), Workflow.replace(10)),
        (RegressionChain(8), Workflow.replace(7)),
        (RegressionChain(8), Workflow.accumulate_subsample(20, budget=7)),
        (RegressionChain(3, design="reused"), Workflow.replace((10, 20))),
    ],
)
def test_what_is_not_known_is_refused(chain, workflow):
    with pytest.raises(UnsupportedWorkflow):
        error_quantile(chain, workflow, 2, probability=0.5)
