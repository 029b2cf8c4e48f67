"""The kernel-density engine: its laws, its numbers by other means, and what it refuses."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from montecarlo import truths
from montecarlo.kde import FIELDS, binned_log_density, estimate, log_density, simulate
from tests.montecarlo import kde_twin as twin
from theory.datasets import SwissRoll
from theory.kde import KdeChain, Power
from theory.mixture import GaussianMixture
from theory.truths import Laplace, Normal, StudentT, Truth, Uniform
from theory.workflow import UnsupportedWorkflow, Workflow

Array = NDArray[np.float64]

RUNS = 20_000
TESTS = 200
FALSE = 1e-6 / TESTS  # probability that a test here fails falsely
Z_LIMIT = float(stats.norm.isf(FALSE / 2))
NORMAL = KdeChain(Normal(), 0.4)
SLANTED = GaussianMixture((1.0,), ((0.0, 0.0),), ((1.0, 0.3), (0.3, 1.0)))

# --- rows ---------------------------------------------------------------------------------------

LAWS: list[tuple[Truth, Callable[[Array], Array]]] = [
    (Normal(1, 0.5, 2.0), stats.norm(0.5, 2.0).cdf),
    (Uniform(-1, 2), stats.uniform(-1, 3).cdf),
    (Laplace(0.7), stats.laplace(0, 0.7).cdf),
    (StudentT(3.0, 0.5), stats.t(3, scale=0.5).cdf),
    (
        GaussianMixture((0.3, 0.2, 0.5), (-2, 0, 3), (0.2, 1, 2)),
        lambda x: (
            np.array([0.3, 0.2, 0.5])
            @ [stats.norm(m, math.sqrt(v)).cdf(x) for m, v in ((-2, 0.2), (0, 1), (3, 2))]
        ),
    ),
]


@pytest.mark.parametrize(("truth", "law"), LAWS, ids=lambda x: type(x).__name__)
def test_rows_have_the_law_of_the_truth(truth: Truth, law: Callable[[Array], Array]) -> None:
    """By Kolmogorov and Smirnov; a distance of 4.5 % between laws is seen but for 1e-3."""
    rows = truths.rows(truth, np.random.default_rng(1), 5_000)
    assert stats.kstest(rows[:, 0], law).pvalue > FALSE


def test_rows_in_the_plane_have_the_moments_of_each_component() -> None:
    truth = GaussianMixture((0.25, 0.75), ((-40, 10), (10, 30)), ((0.5, 0.2), (0.2, 1.0)))
    rows = truths.rows(truth, np.random.default_rng(2), 8_000)
    left = rows[:, 0] < -15
    assert abs(left.sum() - 2000) < Z_LIMIT * math.sqrt(8_000 * 0.25 * 0.75)
    for part, centre in ((rows[left], (-40, 10)), (rows[~left], (10, 30))):
        away = part - centre
        assert (abs(away.mean(axis=0)) < Z_LIMIT * np.sqrt([0.5, 1.0]) / math.sqrt(len(part))).all()
        found = away.T @ away / len(part)
        error = np.sqrt([[2 * 0.25, 0.54], [0.54, 2.0]]) / math.sqrt(len(part))
        assert (abs(found - [[0.5, 0.2], [0.2, 1.0]]) < Z_LIMIT * error).all()


def test_rows_of_a_swiss_roll_lie_on_it() -> None:
    """Without noise to speak of: the radius is the angle, both uniform, and so is the height."""
    rows = truths.rows(SwissRoll(1e-9), np.random.default_rng(3), 4_000)
    radius = np.hypot(rows[:, 0], rows[:, 2])
    assert abs(np.cos(radius) * radius - rows[:, 0]).max() < 1e-6
    low, width = 1.5 * math.pi, 3 * math.pi
    assert stats.kstest(radius, stats.uniform(low, width).cdf).pvalue > FALSE
    assert stats.kstest(rows[:, 1], stats.uniform(0, 21).cdf).pvalue > FALSE


@pytest.mark.parametrize(
    ("kernel", "law"),
    [
        ("gaussian", stats.norm()),
        ("laplace", stats.laplace()),
        ("uniform", stats.uniform(-1, 2)),
        ("triangular", stats.triang(0.5, -1, 2)),
        ("epanechnikov", stats.beta(2, 2, -1, 2)),
    ],
)
def test_a_new_row_is_an_old_one_plus_a_draw_of_the_kernel(
    kernel: str, law: "stats.rv_continuous"
) -> None:
    """A truth that is almost a point: the mean of the second batch of one row is that draw."""
    chain = KdeChain(Normal(1, 0.0, 1e-9), 1.0, kernel)
    runs = simulate(
        chain, Workflow.replace(1), 2, seed=1, replicates=RUNS, fields=["cloud_mean_error"]
    )
    size = np.sqrt(runs.cloud_mean_error[:, 2])
    assert stats.kstest(size, lambda x: 2 * law.cdf(x) - 1).pvalue > FALSE


# --- fields -------------------------------------------------------------------------------------


def test_published_errors_of_the_normal() -> None:
    """theory.md, section 5: means to their five digits, within the sampling error."""
    for workflow, known in (
        (Workflow.replace(20), {1: 0.02329, 2: 0.0388, 8: 0.1004}),
        (Workflow.accumulate(20), {1: 0.02329, 2: 0.02461, 8: 0.02422}),
        (Workflow.accumulate_subsample(20), {1: 0.02329, 2: 0.03562, 8: 0.04581}),
    ):
        found = estimate(NORMAL, workflow, 8, seed=5, replicates=RUNS, fields=["mise"]).mise
        for t, value in known.items():
            rounding = 5e-5 if value >= 0.1 or value == 0.0388 else 5e-6
            assert abs(found.mean[t] - value) < Z_LIMIT * found.std_error[t] + rounding, t


def exact_error(fit: twin.Fit, variance: float) -> float:
    """Integrated squared error under N(0, variance) and a Gaussian kernel, by pairs."""

    def normal(x: Array, square: float) -> Array:
        return np.asarray(np.exp(-(x**2) / (2 * square)) / math.sqrt(2 * math.pi * square))

    x, w, h = fit.rows[:, 0], fit.weights, fit.bandwidth
    pairs = w @ normal(x[:, None] - x, 2 * h * h) @ w
    cross = w @ normal(x, h * h + variance)
    return float(pairs - 2 * cross + normal(np.zeros(1), 2 * variance)[0])


@pytest.mark.parametrize("bandwidth", [0.05, 0.4, Power(0.3, 0.5)])
def test_squared_error_is_the_one_by_pairs(bandwidth: float | Power) -> None:
    """All runs of a chain of the twin: the frequencies left out weigh less than 1e-7."""
    from montecarlo import blocks
    from montecarlo.kde.simulate import FAMILY

    chain, workflow = KdeChain(Normal(), bandwidth), Workflow.accumulate((9, 12))
    runs = simulate(chain, workflow, 4, seed=3, replicates=5, fields=["mise"])
    stream = blocks.generator(3, FAMILY, 0)
    for replicate in range(5):
        for t, fit in enumerate(twin.chain(chain, workflow, 4, stream), 1):
            expected = exact_error(fit, 1.0)
            assert abs(runs.mise[replicate, t] - expected) < 1e-7 * expected


def test_excess_is_the_likelihood_of_many_points_less_the_entropy() -> None:
    """The same runs: 40,000 points of the truth by hand, against the quadrature."""
    chain, workflow = KdeChain(Normal(1, 1.0, 2.0), 0.6), Workflow.accumulate(30)
    points = np.random.default_rng(1).normal(1, 2, 40_000)
    runs = simulate(
        chain, workflow, 2, seed=3, replicates=2, fields=["nll", "excess_nll"], points=points
    )
    gap = runs.nll - runs.nll[:, :1] - runs.excess_nll
    # log f - log f_0 has a standard deviation below 1 here
    assert (abs(gap) < Z_LIMIT / math.sqrt(len(points))).all()
    assert runs.excess_nll[:, 1:].min() > 0


def test_kernels_of_bounded_support_leave_holes() -> None:
    runs = simulate(
        KdeChain(Normal(), 0.1, "uniform"), Workflow.replace(10), 2, seed=1, replicates=4,
        fields=["nll", "mise"], points=[0.0, 9.0],
    )  # fmt: skip
    assert np.isposinf(runs.nll[:, 1:]).all()
    assert np.isfinite(runs.mise).all()


def test_index_zero_is_the_truth() -> None:
    fields = [name for name in FIELDS if name != "nll"]
    runs = simulate(
        KdeChain(Normal(1, 0.0, 2.0), 0.4), Workflow.replace(5), 1, seed=1, replicates=3,
        fields=fields,
    )  # fmt: skip
    for name in fields:
        assert (runs[name][:, 0] == (4.0 if name == "cloud_variance" else 0.0)).all()


# --- runs ---------------------------------------------------------------------------------------


def test_runs_do_not_depend_on_threads_or_on_their_number() -> None:
    """Two whole blocks of 1,024 and a part of a third."""
    arguments = (NORMAL, Workflow.accumulate_subsample(20), 3)
    fields = ("mise", "nll")
    many = simulate(*arguments, seed=1, replicates=3_000, fields=fields, threads=2)
    few = simulate(*arguments, seed=1, replicates=3_000 - 77, fields=fields, threads=1)
    for name in fields:
        np.testing.assert_array_equal(many[name][: 3_000 - 77], few[name])
    found = estimate(*arguments, seed=1, replicates=3_000, fields=fields, threads=2)
    np.testing.assert_allclose(found.mise.mean, many.mise.mean(axis=0), rtol=1e-12)


def test_default_points_are_rows_of_the_truth_by_seed() -> None:
    """The same for every replicate and workflow, and another set for another seed."""
    one, same, other = (
        simulate(NORMAL, workflow, 1, seed=seed, replicates=2, fields=["nll"]).nll[:, 0]
        for workflow, seed in ((Workflow.replace(5), 1), (Workflow.fresh(7, 5), 1),
                               (Workflow.replace(5), 2))
    )  # fmt: skip
    assert one[0] == one[1] == same[0] != other[0]


def test_workflows_coincide_at_generation_one() -> None:
    runs = [
        simulate(NORMAL, workflow, 1, seed=1, replicates=3).mise
        for workflow in (Workflow.replace(9), Workflow.accumulate(9), Workflow.anchored(9, 4))
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])


# --- log densities ------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [1, 2, 5])
@pytest.mark.parametrize("bandwidth", [1e-3, 0.05, 0.7, 30.0])
def test_log_density_is_logsumexp(dim: int, bandwidth: float) -> None:
    """Near and far: eps of an exponent is what its rounding may move the logarithm by.

    An exponent is a difference squared, off by 4 eps of |x| |x - y| / h^2 more.
    """
    rng = np.random.default_rng(dim)
    rows, points = rng.standard_normal((60, dim)), 4 * rng.standard_normal((90, dim))
    fit = twin.Fit(rows, np.full(60, 1 / 60), np.arange(60), bandwidth)
    expected = twin.log_density(KdeChain(Normal(dim), bandwidth), fit, points)
    found = log_density(rows, points, bandwidth)
    eps = float(np.finfo(np.float64).eps)
    assert (abs(found - expected) <= 512 * eps + 8 * eps * abs(expected)).all()


def test_log_density_of_a_row_a_hundred_bandwidths_away_is_its_square() -> None:
    found = log_density([[0.0]], [[100.0]], 1.0)
    assert found[0] == pytest.approx(-5000 - math.log(2 * math.pi) / 2, rel=1e-14)


def test_a_log_density_below_every_number_is_minus_infinity() -> None:
    """At bandwidths that a power of t comes to: never NaN."""
    assert log_density([[0.0]], [[0.0], [1.0]], 1e-160).tolist() == [
        pytest.approx(160 * math.log(10) - math.log(2 * math.pi) / 2, rel=1e-14),
        -math.inf,
    ]


@pytest.mark.parametrize("density", [log_density, binned_log_density])
@pytest.mark.parametrize(
    ("rows", "points", "bandwidth", "told"),
    [
        ([0.0], [0.0], 0.0, "bandwidth must be a finite number > 0, got 0.0"),
        ([0.0], [0.0], math.nan, "bandwidth must be a finite number > 0, got nan"),
        ([0.0, math.nan], [0.0], 1.0, "rows must be finite, got nan"),
        ([0.0], [math.inf], 1.0, "points must be finite, got inf"),
        ([], [0.0], 1.0, "rows must have .* columns, got shape"),
        ([[0.0]], [[0.0, 1.0]], 1.0, "points must have 1 columns"),
    ],
)
def test_log_densities_of_bad_tables_are_refused(
    density: Callable[..., object], rows: Any, points: Any, bandwidth: float, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        density(rows, points, bandwidth)


def test_only_gaussian_kernels_stand_in_space() -> None:
    with pytest.raises(ValueError, match="gaussian for dim > 1, got 'laplace'"):
        log_density([[0.0, 1.0]], [[0.0, 1.0]], 1.0, "laplace")


# --- refusals -----------------------------------------------------------------------------------


def test_fields_that_a_truth_does_not_have_are_refused_by_name() -> None:
    cases = [
        (KdeChain(Normal(2), 0.4), "integrated_variance", "dim=2"),
        (KdeChain(SLANTED, 0.4), "mise", "multiples of the identity"),
        (KdeChain(StudentT(1.5), 0.4), "extra_variance", "StudentT"),
        (KdeChain(StudentT(5.0), 0.4), "excess_nll", "StudentT"),
        (KdeChain(StudentT(0.2), 0.4), "mise", "frequencies"),
    ]
    for chain, field, told in cases:
        with pytest.raises(UnsupportedWorkflow, match=field) as refused:
            simulate(chain, Workflow.replace(5), 2, seed=1, replicates=2, fields=[field])
        assert told in str(refused.value)
    with pytest.raises(ValueError, match="unknown field 'mse': choose from mise"):
        simulate(NORMAL, Workflow.replace(5), 2, seed=1, replicates=2, fields=["mse"])


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ([[0.0, 1.0]], r"1 columns, got shape \(1, 2\)"),
        ([], r"1 columns, got shape \(0, 1\)"),
        ([0.0, math.nan], "finite, got nan"),
    ],
)
def test_points_of_another_shape_are_refused(points: list[float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        simulate(
            NORMAL, Workflow.replace(5), 2, seed=1, replicates=2, fields=["nll"], points=points
        )
