"""P(sigma_t > threshold sigma_0): chi-square at t = 1, convolutions later, and its edges.

The docstring claims an absolute error below 1e-12; the oracle's convolutions have about 1e-11.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from tests.oracles.gaussian_quadrature import replace_survival
from tests.strategies import schedules, temperatures
from theory.curve import Kind
from theory.gaussian import GaussianChain, survival
from theory.workflow import UnsupportedWorkflow, Workflow

THRESHOLDS = (1e-9, 0.01, 0.3, 0.9, 1.0, 1.001, 1.5, 20.0)


@pytest.mark.parametrize(
    ("n", "ddof", "tau"),
    [((7,), 0, 1.0), ((10,), 1, 1.0), ((4, 9, 3), 1, 0.75), ((30, 5), 0, 0.25), ((3,), 0, 1.0)],
)
@pytest.mark.parametrize("threshold", [0.05, 0.5, 1.0, 1.3])
def test_survival_is_the_convolved_one(
    n: tuple[int, ...], ddof: int, tau: float, threshold: float
) -> None:
    chain = GaussianChain(1, ddof, tau)
    found = survival(chain, Workflow.replace(n), 8, threshold=threshold)
    oracle = replace_survival(n, 8, threshold=threshold, ddof=ddof, tau=tau)
    np.testing.assert_allclose(found, oracle, rtol=0, atol=1e-10)
    assert found.kind is Kind.EXACT


@pytest.mark.parametrize("n", [2, 3, 10, 100, 10**4, 10**6, 10**7])
@pytest.mark.parametrize("ddof", [0, 1])
def test_the_first_fit_is_chi_square(n: int, ddof: int) -> None:
    chain, workflow = GaussianChain(1, ddof), Workflow.replace(n)
    for threshold in THRESHOLDS:
        exact = chi2.sf((n - ddof) * threshold**2, n - 1)
        found = survival(chain, workflow, 1, threshold=threshold)[1]
        assert found == pytest.approx(exact, abs=2e-12, rel=0), threshold


def test_doctest_value_by_convolution() -> None:
    exact = replace_survival((10,), 100, threshold=0.5, ddof=1)[100]
    found = survival(GaussianChain(1), Workflow.replace(10), 100, threshold=0.5)[100]
    assert found == pytest.approx(exact, abs=1e-10)


@given(schedules(smallest=2), st.integers(0, 1), temperatures())
@settings(max_examples=25)
def test_survival_falls_with_the_threshold_and_is_a_probability(
    n: tuple[int, ...], ddof: int, tau: float
) -> None:
    chain, workflow = GaussianChain(1, ddof, float(tau)), Workflow.replace(n)
    table = np.array([survival(chain, workflow, 4, threshold=x).values for x in THRESHOLDS])
    assert (table >= 0).all()
    assert (table <= 1).all()
    assert (np.diff(table, axis=0) <= 2e-12).all()


@pytest.mark.parametrize(("threshold", "truth"), [(0.999, 1), (1.0, 0), (1.001, 0)])
def test_the_truth_survives_below_its_own_spread_only(threshold: float, truth: int) -> None:
    assert survival(GaussianChain(1), Workflow.replace(9), 1, threshold=threshold)[0] == truth


@pytest.mark.parametrize(("threshold", "certain"), [(1e-300, 1), (5e-324, 1), (1e300, 0)])
def test_extreme_thresholds_are_certain(threshold: float, certain: int) -> None:
    found = survival(GaussianChain(1), Workflow.replace(10), 5, threshold=threshold)
    assert found.values == pytest.approx([certain] * 6, abs=1e-12)


def test_one_row_has_no_spread_and_neither_has_what_follows() -> None:
    chain = GaussianChain(1, ddof=0)
    found = survival(chain, Workflow.replace((9, 1, 9)), 4, threshold=1e-6)
    assert found[1] == pytest.approx(1, abs=1e-12)
    assert found[2:].tolist() == [0, 0, 0]


@pytest.mark.parametrize("threshold", [0.0, -1.0, math.nan, math.inf])
def test_thresholds_that_are_no_share_are_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=f"threshold must be positive and finite, got {threshold}"):
        survival(GaussianChain(1), Workflow.replace(9), 2, threshold=threshold)


@pytest.mark.parametrize(
    ("dim", "workflow"),
    [
        (2, Workflow.replace(9)),
        (1, Workflow.accumulate(9)),
        (1, Workflow.anchored(9, 9)),
        (1, Workflow.fresh(9, 9)),
        (1, Workflow.accumulate_subsample(9)),
        (1, Workflow.sliding_window(9, 2)),
    ],
    ids=str,
)
def test_other_chains_have_no_survival_and_say_so(dim: int, workflow: Workflow) -> None:
    with pytest.raises(UnsupportedWorkflow, match="known for dim=1 under replace") as caught:
        survival(GaussianChain(dim), workflow, 3, threshold=0.5)
    assert f"dim={dim}" in str(caught.value)
    assert str(workflow) in str(caught.value)


def test_a_window_of_one_survives_as_replace_does() -> None:
    chain = GaussianChain(1)
    window = survival(chain, Workflow.sliding_window(9, 1), 5, threshold=0.5)
    replace = survival(chain, Workflow.replace(9), 5, threshold=0.5)
    np.testing.assert_array_equal(window, replace)
    assert window.limit == replace.limit == 0


def test_no_limit_is_claimed_for_a_workflow_that_may_not_collapse() -> None:
    """The first fit of accumulate is that of replace, and its hundredth is not."""
    found = survival(GaussianChain(1, ddof=0), Workflow.accumulate(50), 1, threshold=0.5)
    assert found.limit != 0
