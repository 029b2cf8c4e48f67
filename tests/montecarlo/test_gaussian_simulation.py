"""What a simulation of the Gaussian chain returns: its law, its infinities, its refusals."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from scipy.special import digamma, polygamma
from scipy.stats import chi2, norm

from montecarlo import blocks
from montecarlo.gaussian import FIELDS, estimate, simulate
from tests.montecarlo import twin
from tests.oracles import literal
from tests.oracles.training_sets import Options
from theory.gaussian import GaussianChain
from theory.workflow import UnsupportedWorkflow, Workflow

Array = NDArray[np.float64]

FAMILY = 1
TILTED = ((2.0, 0.5), (0.5, 1.0))
COVARIANCE = ((2.0, 0.5, 0.1), (0.5, 1.0, -0.3), (0.1, -0.3, 0.7))

# --- in law -----------------------------------------------------------------------------------
# The engines' means against the literal oracle's, by two-sample z-tests: 16 engines and workflows
# x at most 10 fields x 3 generations < 500 tests, each failing falsely with probability 1e-6/500
# (normal approximation; n is large enough for four moments of every field).  The oracle's 1,000
# runs decide the power: a mean that is off by 0.29 standard deviations of one run is missed with
# probability 1e-3.

LITERAL_RUNS = 1_000
Z_LIMIT = float(norm.isf(1e-6 / 500 / 2))


def half_on_the_last(t: int) -> list[Fraction]:
    """Half of the weight on the last batch, the rest in equal parts on the earlier ones."""
    return [Fraction(1)] if t == 1 else [Fraction(1, 2 * (t - 1))] * (t - 1) + [Fraction(1, 2)]


Case = tuple[str, Options, int, int, Workflow]
N = (24, 18, 20)
LAWS: list[Case] = [
    ("replace", {}, 1, 1, Workflow.replace(N)),
    ("accumulate", {}, 2, 1, Workflow.accumulate(N)),
    ("accumulate_subsample", {"budget": 16}, 2, 1, Workflow.accumulate_subsample(N, 16)),
    (
        "accumulate_subsample",
        {"budget": 30, "replacement": True},
        1,
        0,
        Workflow.accumulate_subsample(N, 30, replacement=True),
    ),
    ("sliding_window", {"window": 2}, 2, 0, Workflow.sliding_window(N, 2)),
    ("anchored", {"n_real": 16}, 2, 1, Workflow.anchored(16, N)),
    ("fresh", {"n_real": 16}, 2, 1, Workflow.fresh(16, N)),
    (
        "fresh",
        {"n_real": 20, "weight": Fraction(3, 5)},
        2,
        0,
        Workflow.fresh(20, N, weight=0.6),
    ),
    ("custom", {"custom": half_on_the_last}, 1, 0, Workflow.custom(N, half_on_the_last)),
]


@pytest.mark.parametrize(
    ("kind", "options", "dim", "ddof", "workflow"), LAWS, ids=[str(case[-1]) for case in LAWS]
)
def test_means_agree_with_the_literal_oracle(
    kind: str, options: Options, dim: int, ddof: int, workflow: Workflow
) -> None:
    tau, covariance = 0.9, None if dim == 1 else np.array(TILTED)
    slow = literal.simulate(
        kind, N, 3, seed=11, replicates=LITERAL_RUNS, dim=dim, covariance=covariance, ddof=ddof,
        tau=tau, **options,
    )  # fmt: skip
    chain = GaussianChain(dim, ddof=ddof, temperature=tau, covariance=covariance)
    for method in ("rows", "statistics") if workflow.budget is None else ("rows",):
        fast = estimate(chain, workflow, 3, seed=12, replicates=40 * 1024, method=method)
        assert fast.values.keys() == slow.keys()
        for name, values in slow.items():
            own = values.std(axis=0, ddof=1) / math.sqrt(LITERAL_RUNS)
            z = (values.mean(axis=0) - fast[name].mean)[1:]
            z /= np.hypot(own, fast[name].std_error)[1:]
            assert np.abs(z).max() < Z_LIMIT, (name, method, z)


@pytest.mark.parametrize("dim", [1, 2, 5])
@pytest.mark.parametrize("extra", [1, 2])
def test_long_replace_keeps_its_precision(dim: int, extra: int) -> None:
    """log det Sigma_T is a sum of log chi-squares, over 200 generations of near-singular batches.

    z-tests of mean and variance, each false with probability 1e-7; with 2,048 runs an error of
    0.19 standard deviations, of some 200 x 2 in the mean, is missed with probability 1e-3.
    """
    n, generations, replicates = dim + extra, 200, 2048
    runs = simulate(
        GaussianChain(dim), Workflow.replace(n), generations, seed=5, replicates=replicates,
        fields=["log_det_ratio", "determinant_ratio", "excess_nll"],
    )  # fmt: skip
    final = runs.log_det_ratio[:, -1]
    assert np.isfinite(runs.log_det_ratio).all()
    assert not np.isnan(runs.excess_nll).any()
    freedoms = n - 1 - np.arange(dim)
    mean = generations * (digamma(freedoms / 2) + np.log(2 / (n - 1))).sum()
    variance = generations * polygamma(1, freedoms / 2).sum()
    kurtosis = generations * polygamma(3, freedoms / 2).sum() / variance**2
    z_limit = norm.isf(0.5e-7)
    assert abs(final.mean() - mean) < z_limit * math.sqrt(variance / replicates)
    spread = ((final - mean) ** 2).mean() / variance - 1
    assert abs(spread) < z_limit * math.sqrt((2 + kurtosis) / replicates)


# --- workflows that coincide --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Workflow.sliding_window(9, 1), Workflow.replace(9)),
        (Workflow.sliding_window(9, 6), Workflow.accumulate(9)),
        (Workflow.accumulate_subsample(9, 6 * 9), Workflow.accumulate(9)),
        (Workflow.custom(9, lambda t: np.ones(t) / t), Workflow.accumulate(9)),
        (Workflow.custom(9, lambda t: np.arange(1, t + 1) == t), Workflow.replace(9)),
    ],
    ids=str,
)
def test_workflows_that_coincide_give_the_same_runs(one: Workflow, other: Workflow) -> None:
    """The stream is used alike, so path by path, to rounding."""
    chain = GaussianChain(3, temperature=0.9, covariance=COVARIANCE)
    for method in ("rows", "auto") if one.budget is None else ("rows",):
        first, second = (
            simulate(chain, workflow, 6, seed=2, replicates=50, method=method)
            for workflow in (one, other)
        )
        for name, values in first.values.items():
            np.testing.assert_allclose(values, second[name], rtol=1e-11, atol=1e-12, err_msg=name)


def test_fields_do_not_depend_on_the_unit() -> None:
    """Everything is relative to the truth."""
    unit = GaussianChain(3, covariance=COVARIANCE)
    large = GaussianChain(3, covariance=1e6 * unit.matrix)
    first = simulate(unit, Workflow.accumulate(9), 4, seed=2, replicates=50)
    second = simulate(large, Workflow.accumulate(9), 4, seed=2, replicates=50)
    for name, values in first.values.items():
        np.testing.assert_allclose(values, second[name], rtol=1e-11, atol=1e-12, err_msg=name)


# --- singular fits ------------------------------------------------------------------------------


def mostly_last(t: int) -> Array:
    row = np.ones(t)
    row[-1] = t
    return np.asarray(row / row.sum())


# Each makes every training set of any generation lie in a hyperplane, for n <= dim.
DEGENERATE: dict[str, Callable[[int], Workflow]] = {
    "replace": Workflow.replace,
    "accumulate": Workflow.accumulate,
    "accumulate, larger later": lambda n: Workflow.accumulate((n, 3 * n)),
    "subsample": Workflow.accumulate_subsample,
    "subsample, large budget": lambda n: Workflow.accumulate_subsample(n, 4 * n),
    "subsample, small budget": lambda n: Workflow.accumulate_subsample(20, n),
    "subsample with replacement": lambda n: Workflow.accumulate_subsample(n, n, True),
    "sliding window": lambda n: Workflow.sliding_window(n, 3),
    "anchored": lambda n: Workflow.anchored(n, n),
    "fresh": lambda n: Workflow.fresh(n - n // 2, max(n // 2, 1)),
    "custom": lambda n: Workflow.custom(n, mostly_last),
}


def assert_singular(runs: Any, generations: slice) -> None:
    assert np.isneginf(runs.log_det_ratio[:, generations]).all()
    np.testing.assert_array_equal(runs.determinant_ratio[:, generations], 0.0)
    for name in ("excess_nll", "precision_ratio", "mahalanobis_error"):
        assert np.isposinf(runs[name][:, generations]).all(), name


def assert_no_nan(runs: Any) -> None:
    """And the fields that need no inverse are finite."""
    for name, values in runs.values.items():
        assert not np.isnan(values).any(), name
        if name in ("mean_error", "trace_ratio", "covariance_error", "wasserstein", "spread_ratio"):
            assert np.isfinite(values).all(), name


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", DEGENERATE)
def test_too_few_rows_are_singular_for_ever(name: str, dim: int) -> None:
    """Rows that lie in a hyperplane have no density: minus infinity, not the log of rounding."""
    for n in range(1 if name != "fresh" else 2, dim + 1):
        chain = GaussianChain(dim, ddof=0)
        runs = simulate(chain, DEGENERATE[name](n), 8, seed=1, replicates=1000)
        assert_no_nan(runs)
        assert_singular(runs, slice(1, None))


def last_only(t: int) -> Array:
    row = np.zeros(t)
    row[-1] = 1.0
    return row


@pytest.mark.parametrize("dim", [1, 3, 5])
@pytest.mark.parametrize(
    "workflow_of",
    [
        Workflow.replace,
        lambda n: Workflow.sliding_window(n, 1),
        lambda n: Workflow.custom(n, last_only),
    ],
    ids=["replace", "sliding window", "custom"],
)
def test_one_small_batch_is_singular_for_ever(
    workflow_of: Callable[[tuple[int, ...]], Workflow], dim: int
) -> None:
    """20 rows, then as many as dimensions, then 20 again: nothing lifts the plane they span."""
    workflow = workflow_of((20, dim, 20))
    runs = simulate(GaussianChain(dim, ddof=0), workflow, 8, seed=1, replicates=1000)
    assert_no_nan(runs)
    assert np.isfinite(runs.log_det_ratio[:, 1]).all()
    assert_singular(runs, slice(2, None))


def test_fresh_rows_lift_a_degenerate_fit() -> None:
    """Singular at generation 1, on 3 rows in 3 dimensions; never again, with 6."""
    runs = simulate(GaussianChain(3), Workflow.fresh(3, 3), 8, seed=1, replicates=1000)
    assert_no_nan(runs)
    assert_singular(runs, slice(1, 2))
    assert np.isfinite(runs.log_det_ratio[:, 2:]).all()
    assert np.isfinite(runs.excess_nll[:, 2:]).all()


def test_one_row_drawn_every_time_is_singular() -> None:
    """7 draws of 2 rows are all the same with probability 1/64, and then the variance is zero.

    Otherwise it is at least 6/49 of the squared distance of the rows, which is below e^-50 with
    probability 1e-11.  The count's z-test fails falsely with probability 1e-7.
    """
    replicates = 20_000
    workflow = Workflow.accumulate_subsample(2, budget=7, replacement=True)
    runs = simulate(GaussianChain(1, ddof=0), workflow, 1, seed=1, replicates=replicates)
    log_det = runs.log_det_ratio[:, 1]
    singular = np.isneginf(log_det)
    rounding = ~singular & (log_det < -50)
    assert not rounding.any(), log_det[rounding]
    z = (singular.sum() - replicates / 64) / math.sqrt(replicates / 64 * 63 / 64)
    assert abs(z) < norm.isf(0.5e-7)


@pytest.mark.parametrize(
    "workflow", [Workflow.replace(7), Workflow.accumulate(7), Workflow.accumulate_subsample(7)]
)
def test_one_table_row_drawn_every_time_is_singular(workflow: Workflow) -> None:
    """Seven equal rows have variance zero, any others at least 6/49 x 0.1^2, a log ratio of -4."""
    rows = np.array([[0.1], [0.2], [0.7]])
    chain = GaussianChain.from_data(rows, ddof=0)
    runs = simulate(chain, workflow, 1, seed=1, replicates=20_000, data=rows)
    log_det = runs.log_det_ratio[:, 1]
    rounding = np.isfinite(log_det) & (log_det < -5)
    assert not rounding.any(), log_det[rounding]
    assert np.isneginf(log_det).any()


@pytest.mark.parametrize(
    "workflow",
    [
        Workflow.replace(4),
        Workflow.accumulate(4),
        Workflow.accumulate_subsample(4),
        Workflow.fresh(4, 4),
    ],
    ids=str,
)
def test_a_table_row_drawn_twice_makes_a_plane(workflow: Workflow) -> None:
    """Four draws have full rank in three dimensions exactly if all differ; the stream tells."""
    rows, block_count = table(40, 3), 20
    chain = GaussianChain.from_data(rows, ddof=0)
    size = blocks.size_of(3 * 4)
    replicates = block_count * size
    runs = simulate(
        chain, workflow, 1, seed=1, replicates=replicates, data=rows, fields=["log_det_ratio"]
    )
    streams = [blocks.generator(1, FAMILY, block) for block in range(block_count)]
    draws = np.concatenate([stream.random((size, 4)) for stream in streams]) * len(rows)
    ordered = np.sort(draws.astype(np.int64), axis=1)
    twice = (np.diff(ordered, axis=1) == 0).any(axis=1)
    singular = np.isneginf(runs.log_det_ratio[:, 1])
    assert not singular[~twice].any(), runs.log_det_ratio[singular & ~twice]
    assert singular[twice].all(), runs.log_det_ratio[twice & ~singular, 1]


# --- fields -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [1, 3])
@pytest.mark.parametrize("workflow", [Workflow.accumulate(9), Workflow.accumulate_subsample(9)])
def test_a_field_alone_is_the_field_of_a_full_run(workflow: Workflow, dim: int) -> None:
    chain = GaussianChain(dim)
    full = simulate(chain, workflow, 4, seed=1, replicates=1030)
    assert tuple(full.values) == FIELDS[: -1 if dim == 1 else -2]  # no threshold, no survival
    for name, values in full.values.items():
        alone = simulate(chain, workflow, 4, seed=1, replicates=1030, fields=[name])
        assert list(alone.values) == [name]
        np.testing.assert_array_equal(alone[name], values)
    some = ["wasserstein", "mean_error"]
    few = estimate(chain, workflow, 4, seed=1, replicates=1030, fields=some)
    assert list(few.values) == some
    whole = estimate(chain, workflow, 4, seed=1, replicates=1030)
    for name in some:
        np.testing.assert_array_equal(few[name].mean, whole[name].mean)


@pytest.mark.parametrize(
    ("workflow", "method"),
    [(Workflow.accumulate(9), "statistics"), (Workflow.accumulate_subsample(9), "rows")],
)
@pytest.mark.parametrize("dim", [1, 2])
def test_auto_takes_the_fastest_engine(dim: int, workflow: Workflow, method: str) -> None:
    auto, named = (
        simulate(GaussianChain(dim), workflow, 4, seed=1, replicates=30, method=name)
        for name in ("auto", method)
    )
    np.testing.assert_array_equal(auto.excess_nll, named.excess_nll)


@pytest.mark.parametrize("function", [simulate, estimate])
def test_spread_ratio_belongs_to_one_dimension(function: Callable[..., Any]) -> None:
    result = function(GaussianChain(2), Workflow.replace(9), 2, seed=1, replicates=3)
    with pytest.raises(AttributeError, match="'spread_ratio' was not simulated.*excess_nll"):
        _ = result.spread_ratio
    with pytest.raises(ValueError, match="unknown field 'spread_ratio': choose from mean_error"):
        function(
            GaussianChain(2), Workflow.replace(9), 2, seed=1, replicates=3, fields=["spread_ratio"]
        )


@pytest.mark.parametrize("workflow", [Workflow.accumulate(9), Workflow.accumulate_subsample(9)])
def test_wasserstein_is_the_matrix_square_root_formula(workflow: Workflow) -> None:
    """W2^2 = |shift|^2 + tr(S + S_0 - 2 (S_0^1/2 S S_0^1/2)^1/2), by scipy, over tr S_0."""
    chain, replicates = GaussianChain(3, covariance=COVARIANCE), 20
    runs = simulate(
        chain, workflow, 5, seed=4, replicates=replicates, fields=["wasserstein"], method="rows"
    )
    stream, root = blocks.generator(4, FAMILY, 0), sqrtm(chain.matrix)
    for replicate in range(replicates):
        for t, model in enumerate(twin.one_run(chain, workflow, 5, stream), start=1):
            cross = np.trace(sqrtm(root @ model.covariance @ root)).real
            bures = np.trace(model.covariance) + np.trace(chain.matrix) - 2 * cross
            expected = (model.mean @ model.mean + bures) / np.trace(chain.matrix)
            assert runs.wasserstein[replicate, t] == pytest.approx(expected, rel=1e-10, abs=1e-12)


# --- tables -------------------------------------------------------------------------------------


def table(rows: int, dim: int) -> Array:
    return np.asarray(np.random.default_rng(5).gamma(2.0, size=(rows, dim)) + 7.0)


def test_real_rows_come_from_the_table_uniformly() -> None:
    """With n = 1 the fitted mean is the row drawn: its distance tells which one it was.

    Chi-square over 12 rows, false with probability 1e-6; a relative error of 7 % (root mean
    square) in the probabilities, noncentrality 98, is missed with probability below 1e-3.
    """
    rows, replicates = table(12, 3), 20_000
    chain = GaussianChain.from_data(rows, ddof=0)
    runs = simulate(
        chain, Workflow.replace(1), 1, seed=1, replicates=replicates, data=rows,
        fields=["mean_error"],
    )  # fmt: skip
    distance = ((rows - rows.mean(axis=0)) ** 2).sum(axis=1) / np.trace(chain.matrix)
    gap = np.abs(runs.mean_error[:, 1][:, None] - distance)
    assert gap.min(axis=1).max() < 1e-12
    counts = np.bincount(gap.argmin(axis=1), minlength=12)
    assert ((counts - replicates / 12) ** 2 / (replicates / 12)).sum() < chi2.isf(1e-6, 11)


def test_fresh_rows_come_from_the_table_in_every_generation() -> None:
    """Weight 1 on one fresh row: the fit is that row, whichever generation."""
    rows = table(5, 2)
    chain = GaussianChain.from_data(rows, ddof=0)
    runs = simulate(chain, Workflow.fresh(1, 4, weight=1.0), 6, seed=1, replicates=50, data=rows)
    distance = ((rows - rows.mean(axis=0)) ** 2).sum(axis=1) / np.trace(chain.matrix)
    gap = np.abs(runs.mean_error[:, 1:, None] - distance).min(axis=2)
    assert gap.max() < 1e-12
    np.testing.assert_array_equal(runs.trace_ratio[:, 1:], 0.0)


def test_a_table_need_not_be_an_array() -> None:
    rows = table(6, 2)
    chain = GaussianChain.from_data(rows)
    first = simulate(chain, Workflow.replace(9), 2, seed=1, replicates=3, data=rows)
    second = simulate(chain, Workflow.replace(9), 2, seed=1, replicates=3, data=rows.tolist())
    np.testing.assert_array_equal(first.excess_nll, second.excess_nll)


@pytest.mark.parametrize("function", [simulate, estimate])
def test_a_table_of_another_truth_is_refused(function: Callable[..., Any]) -> None:
    rows = table(30, 2)
    chain = GaussianChain.from_data(rows)
    given: dict[str, Any] = {"seed": 1, "replicates": 3}
    with pytest.raises(ValueError, match="data must have the chain's covariance.*from_data"):
        function(chain, Workflow.replace(9), 2, data=rows * 1.001, **given)
    with pytest.raises(ValueError, match="data must have the chain's covariance"):
        function(GaussianChain(2), Workflow.replace(9), 2, data=rows, **given)
    with pytest.raises(ValueError, match=r"data must have 2 columns, got shape \(30, 3\)"):
        function(chain, Workflow.replace(9), 2, data=table(30, 3), **given)
    with pytest.raises(ValueError, match=r"data must have 2 columns, got shape \(30,\)"):
        function(chain, Workflow.replace(9), 2, data=rows[:, 0], **given)
    rows[3, 1] = np.nan
    with pytest.raises(ValueError, match="data must be finite, got nan"):
        function(chain, Workflow.replace(9), 2, data=rows, **given)


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("function", [simulate, estimate])
def test_unknown_fields_and_methods_are_refused_and_quoted(function: Callable[..., Any]) -> None:
    given: dict[str, Any] = {"seed": 1, "replicates": 3}
    with pytest.raises(ValueError, match="unknown field 'kl': choose from mean_error.*spread_rat"):
        function(GaussianChain(1), Workflow.replace(9), 2, fields=["mean_error", "kl"], **given)
    with pytest.raises(
        ValueError, match="unknown method 'fast': choose from auto, statistics, rows"
    ):
        function(GaussianChain(1), Workflow.replace(9), 2, method="fast", **given)


@pytest.mark.parametrize("function", [simulate, estimate])
def test_chains_that_do_not_exist_are_refused(function: Callable[..., Any]) -> None:
    given: dict[str, Any] = {"seed": 1, "replicates": 3}
    with pytest.raises(ValueError, match="n must be >= 2 for ddof=1, got n=1"):
        function(GaussianChain(1), Workflow.replace(1), 2, **given)
    with pytest.raises(UnsupportedWorkflow, match="ddof=1 is not defined.*weight=0.5"):
        function(GaussianChain(1), Workflow.fresh(9, 9, weight=0.5), 2, **given)
    with pytest.raises(ValueError, match="generations must be a whole number >= 1, got 0"):
        function(GaussianChain(1), Workflow.replace(9), 0, **given)
