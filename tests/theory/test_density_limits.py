"""Limits of the kernel-density and categorical curves, against the recursion run far."""

import math

import numpy as np
import pytest

from theory import categorical, kde
from theory.categorical import zipf
from theory.kde import KdeChain, Power, Scott
from theory.kde.error import kernel_square, training_means
from theory.kde.limits import last_bandwidth, limiting_means
from theory.truths import Laplace, Normal
from theory.workflow import Workflow

POWER, KAPPA = np.array([0.0, 0.1, 0.5, 0.9]), np.array([[0.9, 0.3, -0.2, 0.7]])
FORGETFUL = (
    Workflow.replace(5),
    Workflow.replace((3, 7)),
    Workflow.sliding_window(4, 3),
    Workflow.sliding_window(4, 8),
    Workflow.anchored(3, 5),
    Workflow.fresh(3, 5),
    Workflow.fresh(4, 6, weight=0.3),
)


@pytest.mark.parametrize("workflow", FORGETFUL, ids=str)
def test_fixed_points_are_where_the_recursion_ends(workflow: Workflow) -> None:
    """Geometric at the rate 0.98 or faster: 0.98^900 is 1e-8, and B feels its square."""
    b, c = training_means(workflow, POWER, np.repeat(KAPPA, 900, axis=0))
    limit_b, limit_c = limiting_means(workflow, POWER, KAPPA)
    assert b[-1] == pytest.approx(limit_b[0], rel=1e-12)
    assert c[-1] == pytest.approx(limit_c[0], rel=1e-9, abs=1e-7)


@pytest.mark.parametrize(
    "workflow",
    [Workflow.accumulate(3), Workflow.accumulate_subsample(3, 2),
     Workflow.accumulate_subsample(3, 2, replacement=True)],
    ids=str,
)  # fmt: skip
def test_a_pool_comes_to_its_limit_as_slowly_as_told(workflow: Workflow) -> None:
    """|mean of the pool|^2 ~ t^(-2(1-kappa)), or 1/t where that is slower: four times t."""
    kappa = np.array([[0.9, 0.7]])
    b, _ = training_means(workflow, POWER[1:3], np.repeat(kappa, 800, axis=0))
    limit, _ = limiting_means(workflow, POWER[1:3], kappa)
    left = (b - limit)[[199, 799]]
    assert (left > 0).all()
    assert np.log(left[0] / left[1]) / math.log(4) == pytest.approx([0.2, 0.6], abs=0.06)


@pytest.mark.parametrize("field", ["mise", "integrated_variance", "mean_density_error"])
@pytest.mark.parametrize("workflow", FORGETFUL[4:], ids=str)
def test_curves_with_real_rows_tend_to_their_limit(workflow: Workflow, field: str) -> None:
    curve = kde.curves(KdeChain(Laplace(), 0.5), workflow, 80)[field]
    assert curve.limit == pytest.approx(curve[80], rel=1e-8)


def test_a_pool_ends_in_the_whole_truth_missed_and_the_noise_of_its_draw() -> None:
    chain = KdeChain(Normal(), 0.5)
    square = chain.truth.square_integral
    assert kde.curves(chain, Workflow.accumulate(5), 1).mise.limit == pytest.approx(square)
    noise = float(kernel_square(chain, np.array(0.5))) / 4
    subsample = kde.curves(chain, Workflow.accumulate_subsample(5, 4), 1)
    assert subsample.mise.limit == pytest.approx(square + noise, rel=1e-9)
    assert subsample.mean_density_error.limit == pytest.approx(square, rel=1e-9)


def test_moments_tend_to_their_limits() -> None:
    chain = KdeChain(Normal(), 0.5, "uniform")
    anchored = kde.curves(chain, Workflow.anchored(4, 6), 100).extra_variance
    assert anchored.limit == pytest.approx(anchored[100], rel=1e-12)
    replaced = kde.curves(chain, Workflow.replace(6), 300)
    assert replaced.cloud_variance.limit == pytest.approx(replaced.cloud_variance[300], rel=1e-12)
    assert replaced.extra_variance.limit == math.inf
    assert kde.curves(chain, Workflow.accumulate(6), 2).cloud_variance.limit == math.inf


def test_a_bandwidth_that_changes_for_ever_has_no_limit() -> None:
    replace, accumulate = Workflow.replace(9), Workflow.accumulate(9)
    assert last_bandwidth(KdeChain(Normal(), (0.5, 0.3)), replace) == 0.3
    assert last_bandwidth(KdeChain(Normal(), Scott()), replace) == pytest.approx(9**-0.2)
    for rule, workflow in ((Scott(), accumulate), (Power(0.4, 1.0), replace)):
        known = kde.curves(KdeChain(Normal(), rule), workflow, 2)
        assert known.mise.limit is None
        assert known.extra_variance.limit is None


@pytest.mark.parametrize("workflow", [*FORGETFUL, Workflow.replace(1)], ids=str)
def test_what_is_left_of_the_categories(workflow: Workflow) -> None:
    """The slowest, a window of 8 batches of 4 rows, falls by 1.2 % a generation: 2e-11 is left."""
    known = categorical.curves(zipf(5), workflow, 2000)
    left, error = known.heterozygosity.limit, known.squared_error.limit
    assert left is not None
    assert error is not None
    assert known.heterozygosity[2000] == pytest.approx(left, rel=1e-10, abs=1e-9)
    assert known.squared_error[2000] == pytest.approx(error, rel=1e-9)
    assert left + error == pytest.approx(known.heterozygosity[0], rel=1e-14)


@pytest.mark.parametrize(
    "workflow",
    [Workflow.accumulate(4), Workflow.accumulate((3, 8)), Workflow.accumulate_subsample(4, 3),
     Workflow.accumulate_subsample(4, 6, replacement=True), Workflow.accumulate_subsample(4, 1)],
    ids=str,
)  # fmt: skip
def test_what_is_left_in_a_pool(workflow: Workflow) -> None:
    """The distance is c/t + O(1/t^2): one extrapolation over t = 2,000 and 4,000 leaves 1e-6."""
    curve = categorical.curves(zipf(5), workflow, 4000).heterozygosity
    assert curve.limit is not None
    far = 2 * curve[4000] - curve[2000]
    assert far == pytest.approx(curve.limit, abs=1e-6 * curve[0])


def test_a_budget_above_the_batches_has_no_limit_yet() -> None:
    curve = categorical.curves(zipf(5), Workflow.accumulate_subsample(4, 6), 2).heterozygosity
    assert curve.limit is None
