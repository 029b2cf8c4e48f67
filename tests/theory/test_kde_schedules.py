"""Lineages, verdicts, optimal bandwidths and augmentation."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from theory.kde import (
    KdeChain,
    Optimal,
    Power,
    Scott,
    augmentation,
    best_augmentation,
    curves,
    lineage_law,
    mean_density,
    optimal_bandwidths,
    verdict,
)
from theory.kde.error import integrated_errors
from theory.kde.lineage import Mixing, added_variance, gauss, mixing_laws
from theory.truths import GaussianMixture, Laplace, Normal, StudentT, Uniform
from theory.workflow import UnsupportedWorkflow, Workflow

# --- lineages -----------------------------------------------------------------------------------


def test_accumulate_counts_the_cycles_of_permutations() -> None:
    for workflow in (Workflow.accumulate(7), Workflow.accumulate_subsample(7, 3, True)):
        law = lineage_law(workflow, 5)
        for t in range(1, 6):
            counts = np.zeros(6)
            for permutation in itertools.permutations(range(t)):
                seen: set[int] = set()
                cycles = 0
                for start in range(t):
                    cycles += start not in seen
                    while start not in seen:
                        seen.add(start)
                        start = permutation[start]
                counts[cycles] += 1
            assert law[t] == pytest.approx(counts / math.factorial(t), abs=1e-15)


def test_lineages_of_the_other_workflows() -> None:
    assert np.array_equal(lineage_law(Workflow.replace(9), 4), np.eye(5))
    anchored = lineage_law(Workflow.anchored(30, 10), 4)[4]
    assert anchored[1:] == pytest.approx([0.75, 0.25 * 0.75, 0.25**2 * 0.75, 0.25**3])
    fresh = lineage_law(Workflow.fresh(30, 10, weight=0.4), 3)[3]
    assert fresh[1:] == pytest.approx([0.4, 0.6 * 0.4, 0.36])
    window = lineage_law(Workflow.sliding_window(5, 2), 3)[3]
    assert window == pytest.approx([0, 0, 0.75, 0.25])

    def last(t: int) -> list[float]:
        return [0.0] * (t - 1) + [1.0]

    assert np.array_equal(lineage_law(Workflow.custom(9, last), 3), np.eye(4))


def test_extra_variance_is_the_harmonic_number_under_accumulate() -> None:
    found = added_variance(Workflow.accumulate(50), np.full(31, 0.16))
    harmonic = [float(sum(Fraction(1, k) for k in range(1, t + 1))) for t in range(31)]
    assert found == pytest.approx(0.16 * np.array(harmonic), rel=1e-13)
    assert added_variance(Workflow.replace(50), np.full(31, 0.16))[30] == pytest.approx(4.8)


@pytest.mark.parametrize(
    "workflow", [Workflow.accumulate((9, 3, 5)), Workflow.sliding_window(9, 3)], ids=str
)
def test_compressed_laws_keep_the_mean_density(workflow: Workflow) -> None:
    """In nodes against the recursion's transform, after more generations than nodes."""
    chain = KdeChain(Normal(), Power(0.7, 0.3))
    h = chain.bandwidths(workflow, 60)
    law = mixing_laws(workflow, h**2)[60]
    assert law.weights.sum() == pytest.approx(1, rel=1e-13)
    assert law.weights @ law.nodes == pytest.approx(added_variance(workflow, h**2)[60], rel=1e-12)
    # int (E f)^2 - 2 E f f_0 + f_0^2 as sums over pairs of normals, against the frequencies'.
    variances = 1 + law.nodes
    pairs = law.weights @ (2 * math.pi * np.add.outer(variances, variances)) ** -0.5 @ law.weights
    cross = law.weights @ (2 * math.pi * (variances + 1)) ** -0.5
    expected = pairs - 2 * cross + (4 * math.pi) ** -0.5
    found = integrated_errors(chain, workflow, h[1:]).bias[-1]
    assert found == pytest.approx(expected, rel=1e-9)


def test_compression_keeps_moments_and_positive_weights() -> None:
    nodes = np.geomspace(1e-3, 5, 300)
    weights = np.linspace(1, 2, 300) / 450
    small = gauss(Mixing(nodes, weights), 8)
    assert len(small.nodes) == 8
    assert (small.weights > 0).all()
    for power in range(16):
        exact = weights @ nodes**power
        assert small.weights @ small.nodes**power == pytest.approx(exact, rel=1e-11)


@pytest.mark.parametrize(
    "truth",
    [Normal(1, 0.3), Uniform(-1, 2), Laplace(0.7), GaussianMixture((0.4, 0.6), (-1, 1), 0.2)],
    ids=lambda t: type(t).__name__,
)
def test_mean_density_is_the_inverse_transform(truth: Normal) -> None:
    workflow, x = Workflow.accumulate(9), np.array([-3.0, -0.9, 0.0, 0.4, 2.0])
    chain = KdeChain(truth, 0.5)
    w = np.linspace(-40, 40, 40_001)
    kappa = np.exp(-((0.5 * w) ** 2) / 2)
    transform = truth.characteristic(w) * kappa
    for k in range(1, 4):
        transform = transform * (k + kappa) / (k + 1)
    expected = np.trapezoid(transform * np.exp(-1j * np.outer(x, w)), w, axis=1).real
    found = mean_density(chain, workflow, 4, x)
    assert found == pytest.approx(expected / (2 * math.pi), abs=1e-9)


def test_mean_density_says_what_it_is_known_for() -> None:
    with pytest.raises(UnsupportedWorkflow, match="known for normal, Gaussian mixture"):
        mean_density(KdeChain(StudentT(3), 0.4), Workflow.replace(9), 1, [0.0])
    with pytest.raises(UnsupportedWorkflow, match="gaussian kernel"):
        mean_density(KdeChain(Normal(), 0.4, "laplace"), Workflow.replace(9), 1, [0.0])


# --- verdicts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bandwidth", "workflow", "mean", "finite"),
    [
        (0.4, Workflow.replace(20), False, False),
        (Power(0.4, 0.5), Workflow.replace(20), False, False),
        (Power(0.4, 0.51), Workflow.replace(20), True, False),
        (Scott(), Workflow.replace(20), False, False),
        (Power(0.4, 1), Workflow.sliding_window(20, 5), True, False),
        (0.4, Workflow.accumulate(20), False, False),
        (Scott(), Workflow.accumulate(20), True, True),
        (Power(0.4, 1.5), Workflow.accumulate(20), True, False),
        (Scott(), Workflow.accumulate_subsample(20), False, False),
        (Power(0.4, 0.1), Workflow.accumulate_subsample(20), True, False),
        ((0.5, 0.4), Workflow.anchored(20, 20), True, True),
        (Power(0.4, -0.1), Workflow.anchored(20, 20), False, False),
        (Scott(), Workflow.fresh(20, 20), True, True),
    ],
    ids=str,
)
def test_verdicts(bandwidth: object, workflow: Workflow, mean: bool, finite: bool) -> None:
    found = verdict(KdeChain(Normal(), bandwidth), workflow)
    assert (found.mean_density, found.finite_rows) == (mean, finite)
    assert ("not safe" in str(found)) == (not finite)


def test_a_safe_verdict_is_seen_in_the_curves() -> None:
    """Safe: the error at T = 400 is no more than twice that at T = 100; else it more than doubles.

    Replace with h = .4/t: the cloud has died. Subsample with h = 4/t: a comb.
    """
    for bandwidth, workflow in (
        (Scott(), Workflow.accumulate(20)),
        (Power(0.4, 1), Workflow.replace(20)),
        (Power(4.0, 1), Workflow.accumulate_subsample(20)),
    ):
        chain = KdeChain(Normal(), bandwidth)
        found = curves(chain, workflow, 400).mise
        safe = verdict(chain, workflow).finite_rows
        assert (found[400] < 2 * found[100]) == safe


def test_no_verdict_where_lineages_are_not_known() -> None:
    custom = Workflow.custom(9, lambda t: np.eye(t)[-1])
    with pytest.raises(UnsupportedWorkflow, match="lineages are not known"):
        verdict(KdeChain(Normal(), 0.4), custom)


# --- optimal bandwidths ---------------------------------------------------------------------------

EVERY = (
    Workflow.replace(50),
    Workflow.accumulate(50),
    Workflow.accumulate_subsample(50),
    Workflow.sliding_window(50, 3),
    Workflow.anchored(50, 50),
    Workflow.fresh(50, 50),
)


@pytest.mark.parametrize("workflow", EVERY, ids=str)
@pytest.mark.parametrize("truth", [Normal(), Uniform(), Normal(2)], ids=str)
def test_no_neighbour_of_a_greedy_bandwidth_is_better(truth: Normal, workflow: Workflow) -> None:
    """Each generation's own error, with the earlier bandwidths kept, by the other quadrature."""
    h = optimal_bandwidths(KdeChain(truth, 1.0), workflow, 4)[1:]
    best = curves(KdeChain(truth, tuple(h)), workflow, 4).mise
    for t in range(1, 5):
        for factor in (0.3, 0.99, 1.01, 3.0):
            moved = (*h[: t - 1], factor * h[t - 1])
            other = curves(KdeChain(truth, moved), workflow, t).mise
            assert other[t] > best[t]


@pytest.mark.parametrize("workflow", EVERY, ids=str)
def test_a_horizon_is_better_than_greedy_and_scott_at_its_end(workflow: Workflow) -> None:
    ends = [
        curves(KdeChain(Normal(), rule), workflow, 6).mise[6]
        for rule in (Optimal(6), Optimal(), Scott())
    ]
    assert ends[0] < 0.95 * min(ends[1:])


def test_a_horizon_of_one_is_greedy_and_repeats() -> None:
    chain = KdeChain(Normal(), Optimal(1))
    h = chain.bandwidths(Workflow.replace(50), 3)
    assert h[1] == h[2] == h[3]
    assert h[1] == pytest.approx(optimal_bandwidths(chain, Workflow.replace(50), 1)[1], rel=1e-6)


def test_large_samples_want_the_textbook_bandwidth() -> None:
    """h = (4/3n)^(1/5) for a normal; the next order is O(n^(-2/5)) relative."""
    for n in (10**6, 10**8):
        h = optimal_bandwidths(KdeChain(Normal(), 1.0), Workflow.replace(n), 1)[1]
        assert h == pytest.approx((4 / (3 * n)) ** 0.2, rel=2 * n**-0.4)


def test_optimal_bandwidths_of_custom_weights() -> None:
    """The last batch alone is replace; the error is flat at its minimum."""
    custom = Workflow.custom(9, lambda t: np.eye(t)[-1])
    found = optimal_bandwidths(KdeChain(Normal(), 1.0), custom, 2)
    same = optimal_bandwidths(KdeChain(Normal(), 1.0), Workflow.replace(9), 2)
    assert found == pytest.approx(same, rel=1e-6)


def test_optimal_bandwidths_say_where_they_end() -> None:
    with pytest.raises(UnsupportedWorkflow, match="at most 30, got 31"):
        KdeChain(Normal(), Optimal(31)).bandwidths(Workflow.replace(9), 2)


# --- augmentation ---------------------------------------------------------------------------------


def test_all_rows_in_the_generator_is_the_anchored_workflow() -> None:
    """Generation 2 of anchored: the real rows and m of a model fitted on all of them."""
    g, h, rows = 0.4, 0.25, 37
    found = augmentation(KdeChain(Normal(), h), real=50, fitted_on=50, generator_bandwidth=g)
    chain = KdeChain(Normal(), (g, h))
    assert found.mise(rows) == pytest.approx(
        curves(chain, Workflow.anchored(50, rows), 2).mise[2], rel=1e-10
    )
    assert found.mise(math.inf) == pytest.approx(
        curves(chain, Workflow.replace((50, 10**9)), 2).mise[2], rel=1e-6
    )


def test_no_written_rows_is_the_estimate_on_the_real_ones() -> None:
    for fitted_on in (5, 50):
        found = augmentation(
            KdeChain(Laplace(), 0.3), real=50, fitted_on=fitted_on, generator_bandwidth=0.5
        )
        plain = curves(KdeChain(Laplace(), 0.3), Workflow.replace(50), 1).mise[1]
        # The grid ends at 1024 units of frequency, where a Laplace truth has 1e-10 left.
        assert found.mise(0) == pytest.approx(plain, rel=1e-7)


def test_the_best_number_of_rows_beats_its_neighbours() -> None:
    found = augmentation(KdeChain(Normal(), 0.2), real=100, fitted_on=40, generator_bandwidth=0.7)
    rows = found.best_rows
    assert 0 < rows < math.inf
    for other in (0, rows - 1, rows + 1, 10 * rows, math.inf):
        assert found.mise(rows) < found.mise(other)
    assert not found.any_row_hurts


def test_any_row_hurts_an_estimate_that_is_smooth_enough() -> None:
    found = augmentation(KdeChain(Normal(), 0.6), real=100, fitted_on=40, generator_bandwidth=0.4)
    assert found.any_row_hurts
    assert all(found.mise(rows) > found.mise(0) for rows in (1, 10, 1000, math.inf))


def test_no_rows_help_once_the_bandwidth_is_tuned() -> None:
    for g, fitted_on in ((0.1, 100), (0.4, 100), (0.8, 30)):
        share, _, error, alone = best_augmentation(
            KdeChain(Normal(), 1.0), real=100, fitted_on=fitted_on, generator_bandwidth=g
        )
        assert share == 0.0
        assert error == alone


@pytest.mark.parametrize(
    ("real", "fitted_on", "g", "message"),
    [
        (10, 11, 0.4, "fitted_on must be at most real=10, got 11"),
        (0, 1, 0.4, "real must be a whole number >= 1, got 0"),
        (10, 0, 0.4, "fitted_on must be a whole number >= 1, got 0"),
        (10, 5, 0.0, "generator_bandwidth must be a finite number > 0, got 0.0"),
    ],
)
def test_bad_numbers_of_rows_are_refused(real: int, fitted_on: int, g: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        augmentation(KdeChain(Normal(), 0.4), real=real, fitted_on=fitted_on, generator_bandwidth=g)
