"""What a simulation of the regression chain returns: its symmetries, its limits, its refusals."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from montecarlo.blocks import size_of
from montecarlo.regression import FIELDS, METHODS, estimate, simulate
from tests.montecarlo.regression_cases import COVARIANCE, chain, subsamples, table, workflows
from theory.regression import RegressionChain
from theory.workflow import UnsupportedWorkflow, Workflow

Array = NDArray[np.float64]

GIVEN: dict[str, Any] = {"seed": 1, "replicates": 30}
EPS = float(np.finfo(np.float64).eps)
ENGINES = [
    (method, name)
    for method in METHODS[1:]
    for name in [*workflows(9), *subsamples(9)]
    if method != "statistics" or name in workflows(9)
]


def workflow_of(name: str, n: int) -> Workflow:
    return (workflows(n) | subsamples(n))[name]


def same(first: Any, second: Any, tolerance: float) -> None:
    assert first.values.keys() == second.values.keys()
    for name, values in first.values.items():
        np.testing.assert_allclose(
            values, second[name], rtol=tolerance, atol=tolerance, err_msg=name
        )


# --- symmetries ---------------------------------------------------------------------------------
# Runs of one stream, to rounding: a fit of condition number c amplifies it to c eps, and 5 fits of
# 9 rows in 3 dimensions with c below 10^4 (30 runs) to 1e-11.

ROUNDING = 5 * 1e4 * EPS


@pytest.mark.parametrize(("method", "name"), ENGINES)
@pytest.mark.parametrize("design", ["fresh", "reused"])
def test_least_squares_depend_on_neither_covariance_nor_weights(
    design: str, method: str, name: str
) -> None:
    plain = RegressionChain(3, design=design)
    tilted = RegressionChain(3, design=design, covariance=COVARIANCE, weights_norm=7.0)
    workflow = workflow_of(name, 9)
    first, second = (
        simulate(spec, workflow, 5, method=method, **GIVEN) for spec in (plain, tilted)
    )
    if method != "rao-blackwell":
        same(first, second, ROUNDING)
    else:
        for field in ("excess_test_error", "variance"):
            np.testing.assert_allclose(first[field], second[field], rtol=ROUNDING, err_msg=field)
        for runs in (first, second):
            np.testing.assert_array_equal(runs.bias, 0.0)


@pytest.mark.parametrize(("method", "name"), ENGINES)
@pytest.mark.parametrize("fit", ["least-squares", "ridge", "ridge-fixed"])
def test_an_error_goes_as_the_square_of_the_unit_of_labels(
    fit: str, method: str, name: str
) -> None:
    """Noise and w* times 1,024, an exact product: so are labels and errors."""
    options = {"ridge": 0.3, "penalty": "fixed" if fit == "ridge-fixed" else "scaled"}
    options = {} if fit == "least-squares" else options
    for dim, n in ((3, 9), (5, 2)):
        one, large = (
            simulate(
                RegressionChain(dim, 0.5 * unit, weights_norm=unit, **options),  # type: ignore[arg-type]
                workflow_of(name, n), 4, method=method, **GIVEN,
            )
            for unit in (1.0, 1024.0)
        )  # fmt: skip
        for field, values in one.values.items():
            np.testing.assert_array_equal(1024.0**2 * values, large[field], err_msg=field)


@pytest.mark.parametrize("name", [*workflows(9), *subsamples(9)])
def test_a_rotated_design_gives_the_same_means(name: str) -> None:
    """Rows and Sigma rotated together, and the penalty is the same all round.

    Eigenvectors are known up to their sign, which turns w* and the noise of a run, not the means.
    """
    rows = table(9, 3)
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
    first, second = (
        simulate(
            RegressionChain.from_design(x, ridge=0.2), workflow_of(name, 9), 4, design=x,
            method="rao-blackwell", **GIVEN,
        )
        for x in (rows, rows @ turn)
    )  # fmt: skip
    same(first, second, ROUNDING)


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
@pytest.mark.parametrize("fit", ["least-squares", "ridge", "ridge-fixed"])
@pytest.mark.parametrize("design", ["fresh", "reused"])
def test_workflows_that_coincide_give_the_same_runs(
    one: Workflow, other: Workflow, design: str, fit: str
) -> None:
    """The stream is used alike, so path by path, to rounding."""
    for method in METHODS[1:] if one.budget is None else ("rows",):
        first, second = (
            simulate(chain(3, design, fit), flow, 5, method=method, **GIVEN)
            for flow in (one, other)
        )
        same(first, second, ROUNDING)


@pytest.mark.parametrize("name", workflows(9))
@pytest.mark.parametrize("fit", ["least-squares", "ridge", "ridge-fixed"])
def test_a_given_design_leaves_nothing_to_chance(name: str, fit: str) -> None:
    """Given the rows x of every batch the mean over noise and w* is one number a generation."""
    spec = chain(3, "reused", fit)
    runs = simulate(
        spec, workflow_of(name, 9), 5, design=table(9, 3), method="rao-blackwell", **GIVEN
    )
    for field, values in runs.values.items():
        np.testing.assert_array_equal(values, np.broadcast_to(values[0], values.shape), field)


def test_rao_blackwell_has_less_spread_than_the_runs() -> None:
    """A thirtieth of the variance; estimates of either from 4,096 runs are good to 20 %."""
    spec, workflow = RegressionChain(3), Workflow.accumulate(30)
    runs, conditional = (
        simulate(spec, workflow, 4, seed=1, replicates=4096, method=method).excess_test_error
        for method in ("statistics", "rao-blackwell")
    )
    assert (conditional[:, 1:].var(axis=0) < 0.1 * runs[:, 1:].var(axis=0)).all()


# --- laws that need no theory -------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS[1:])
@pytest.mark.parametrize("design", ["fresh", "reused"])
def test_what_no_row_shows_stays_unknown(design: str, method: str) -> None:
    """One row in d dimensions without noise to speak of: 1 - 1/d of |w*|^2 is missed.

    The share seen is Beta(1/2, (d-1)/2); a z-test of the mean fails falsely with probability 1e-6,
    and misses an error of 2 % with probability below 1e-3.
    """
    dim, replicates = 6, 40_000
    spec = RegressionChain(dim, 1e-9, design)
    runs = simulate(
        spec, Workflow.replace(1), 1, seed=4, replicates=replicates, method=method
    ).excess_test_error[:, 1]
    spread = math.sqrt(2 * (dim - 1) / (dim**2 * (dim + 2)) / replicates)
    assert abs(runs.mean() - (1 - 1 / dim)) < norm.isf(0.5e-6) * spread
    if method == "rao-blackwell":  # w* is averaged over: every row shows as much
        np.testing.assert_allclose(runs, 1 - 1 / dim, rtol=1e-12)


def test_a_strong_penalty_forgets_everything() -> None:
    """The weights are zero: the error is w*' Sigma w*, on average |w*|^2 tr Sigma / d."""
    spec = RegressionChain(3, ridge=1e12, weights_norm=2.0, covariance=COVARIANCE)
    for name in (*workflows(9), *subsamples(9)):
        runs = simulate(spec, workflow_of(name, 9), 3, method="rao-blackwell", **GIVEN)
        np.testing.assert_allclose(runs.bias[:, 1:], 4.0 * 3.7 / 3, rtol=1e-9)
        np.testing.assert_allclose(runs.variance[:, 1:], 0.0, atol=1e-20)


def test_a_small_penalty_is_the_least_norm() -> None:
    """The limit of ridge fits to fewer rows than features, however small lambda is.

    lambda = 1e-13 changes a fit of condition below 10^4 (30 runs) by 1e-9.
    """
    for method, name in ENGINES:
        for design in ("fresh", "reused"):
            least, small = (
                simulate(
                    RegressionChain(8, design=design, ridge=ridge), workflow_of(name, 2), 3,
                    method=method, **GIVEN,
                )
                for ridge in (0.0, 1e-13)
            )  # fmt: skip
            same(least, small, 1e-8)


# --- methods, fields, threads -------------------------------------------------------------------


def test_each_method_gives_its_fields() -> None:
    for method in METHODS:
        runs = simulate(RegressionChain(2), Workflow.replace(9), 2, method=method, **GIVEN)
        assert tuple(runs.values) == (FIELDS if method == "rao-blackwell" else FIELDS[:1])


def test_bias_and_variance_add_up() -> None:
    for name in (*workflows(9), *subsamples(9)):
        runs = simulate(
            chain(3, "fresh", "ridge"), workflow_of(name, 9), 3, method="rao-blackwell", **GIVEN
        )
        np.testing.assert_array_equal(runs.bias + runs.variance, runs.excess_test_error)


@pytest.mark.parametrize("name", ["accumulate", "subsample"])
def test_a_field_alone_is_the_field_of_a_full_run(name: str) -> None:
    spec, workflow = chain(3, "fresh", "ridge"), workflow_of(name, 9)
    given = {"seed": 1, "replicates": 1030, "method": "rao-blackwell"}
    full = simulate(spec, workflow, 3, **given)  # type: ignore[arg-type]
    some = ["variance", "excess_test_error"]
    few = simulate(spec, workflow, 3, fields=some, **given)  # type: ignore[arg-type]
    assert list(few.values) == some
    for field in some:
        np.testing.assert_array_equal(few[field], full[field])


@pytest.mark.parametrize(
    ("workflow", "method"),
    [(Workflow.accumulate(9), "statistics"), (Workflow.accumulate_subsample(9), "rows")],
)
@pytest.mark.parametrize("design", ["fresh", "reused"])
def test_auto_takes_the_fastest_engine(design: str, workflow: Workflow, method: str) -> None:
    auto, named = (
        simulate(RegressionChain(2, design=design), workflow, 4, method=name, **GIVEN)
        for name in ("auto", method)
    )
    np.testing.assert_array_equal(auto.excess_test_error, named.excess_test_error)


@pytest.mark.parametrize(("method", "name"), ENGINES)
@pytest.mark.parametrize("design", ["fresh", "reused"])
def test_runs_do_not_depend_on_threads(design: str, method: str, name: str) -> None:
    spec, workflow = chain(3, design, "least-squares"), workflow_of(name, 9)
    some = 2 * size_of(40) + 5
    first, second = (
        simulate(spec, workflow, 2, seed=1, replicates=some, method=method, threads=threads)
        for threads in (1, 3)
    )
    for field, values in first.values.items():
        np.testing.assert_array_equal(values, second[field])


def test_an_estimate_is_the_average_of_the_runs() -> None:
    """Merged means: each of the sums of 3,000 runs rounds to within 3,000 eps."""
    spec, workflow = chain(3, "fresh", "ridge"), Workflow.accumulate(9)
    given = {"seed": 3, "replicates": 3000, "method": "rao-blackwell"}
    runs = simulate(spec, workflow, 100, **given)  # type: ignore[arg-type]
    found = estimate(spec, workflow, 100, **given)  # type: ignore[arg-type]
    for field, values in runs.values.items():
        np.testing.assert_allclose(found[field].mean, values.mean(axis=0), rtol=3000 * EPS)
        assert found[field].count == 3000


@pytest.mark.parametrize(("method", "name"), [("statistics", "accumulate"), ("rows", "subsample")])
def test_a_checkpoint_goes_on_to_the_same_bits(method: str, name: str, tmp_path: Path) -> None:
    spec, workflow = chain(3, "fresh", "least-squares"), workflow_of(name, 9)

    def go(replicates: int, folder: Path | None) -> Array:
        found = estimate(
            spec, workflow, 3, seed=1, replicates=replicates, method=method, checkpoint=folder
        )
        return found.excess_test_error.mean

    block = size_of(27)
    go(2 * block, tmp_path / "kept")
    np.testing.assert_array_equal(go(3 * block + 7, tmp_path / "kept"), go(3 * block + 7, None))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ridge": 0.2}, "chain ridge"),
        ({"penalty": "fixed"}, "chain penalty"),
        ({"noise": (0.5, 1.0)}, "chain noise"),
        ({"weights_norm": 2.0}, "chain weights_norm"),
        ({"covariance": COVARIANCE}, "chain covariance"),
    ],
)
def test_a_checkpoint_of_another_chain_is_refused(
    change: dict[str, Any], told: str, tmp_path: Path
) -> None:
    given: dict[str, Any] = {"seed": 1, "replicates": 1000, "checkpoint": tmp_path / "kept"}
    options: dict[str, Any] = {"design": "reused", "ridge": 0.1}
    estimate(RegressionChain(3, **options), Workflow.replace(9), 2, **given)
    with pytest.raises(ValueError, match=f"is of .*{told}"):
        estimate(RegressionChain(3, **options | change), Workflow.replace(9), 2, **given)
    with pytest.raises(ValueError, match="is of .*design"):
        estimate(RegressionChain(3, **options), Workflow.replace(9), 2, design=table(9, 3), **given)
    with pytest.raises(ValueError, match="method"):
        estimate(RegressionChain(3, **options), Workflow.replace(9), 2, method="rows", **given)


# --- rows that are nearly too few ----------------------------------------------------------------


@pytest.mark.parametrize(("method", "name"), ENGINES)
@pytest.mark.parametrize("rows", [1, 3, 4, 5])
def test_every_run_is_finite(rows: int, method: str, name: str) -> None:
    """d - 1, d and d + 1 rows in 4 dimensions: means are infinite, runs are not."""
    for design in ("fresh", "reused"):
        runs = simulate(
            chain(4, design, "least-squares"), workflow_of(name, rows), 4, seed=1, replicates=500,
            method=method,
        )  # fmt: skip
        for field, values in runs.values.items():
            assert np.isfinite(values).all(), field
            assert (values >= 0).all(), field


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("function", [simulate, estimate])
def test_unknown_fields_and_methods_are_refused_and_quoted(function: Callable[..., Any]) -> None:
    spec, workflow = RegressionChain(2), Workflow.replace(9)
    with pytest.raises(ValueError, match="unknown field 'risk': choose from excess_test_error, bi"):
        function(spec, workflow, 2, fields=["risk"], **GIVEN)
    with pytest.raises(
        ValueError, match="field 'bias' needs method 'rao-blackwell', got method 's"
    ):
        function(spec, workflow, 2, fields=["bias"], **GIVEN)
    with pytest.raises(ValueError, match="unknown method 'fast': choose from auto, statistics, ro"):
        function(spec, workflow, 2, method="fast", **GIVEN)


@pytest.mark.parametrize("function", [simulate, estimate])
def test_workflows_without_an_engine_are_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(UnsupportedWorkflow, match="statistics of accumulate-subsample .*'rows'"):
        function(
            RegressionChain(2), Workflow.accumulate_subsample(9), 2, method="statistics", **GIVEN
        )
    with pytest.raises(UnsupportedWorkflow, match="a reused design gives every batch the same"):
        function(RegressionChain(2, design="reused"), Workflow.replace((9, 8)), 2, **GIVEN)
    with pytest.raises(ValueError, match="generations must be a whole number >= 1, got 0"):
        function(RegressionChain(2), Workflow.replace(9), 0, **GIVEN)


@pytest.mark.parametrize("function", [simulate, estimate])
def test_designs_that_do_not_fit_are_refused_and_quoted(function: Callable[..., Any]) -> None:
    spec, workflow = RegressionChain(3, design="reused"), Workflow.replace(9)
    rows = table(9, 3)

    def refused(design: Array, told: str, of: RegressionChain = spec) -> None:
        with pytest.raises(ValueError, match=told):
            function(of, workflow, 2, design=design, **GIVEN)

    refused(rows, "design goes with design='reused', got a chain with 'fresh'", RegressionChain(3))
    refused(rows[:, :2], r"design must have n=9 rows and 3 columns, got shape \(9, 2\)")
    refused(rows[:7], r"design must have n=9 rows and 3 columns, got shape \(7, 3\)")
    refused(rows[:, 0], r"design must be a table of rows and features, got shape \(9,\)")
    refused(np.where(rows == rows[3, 1], np.nan, rows), "design must be finite, got nan")
    refused(rows[:, [0, 1, 1]], "design must have full column rank, got rank 2 with 3 columns")


def test_a_design_need_not_be_an_array() -> None:
    rows = table(9, 2)
    spec = RegressionChain.from_design(rows)
    first, second = (
        simulate(spec, Workflow.replace(9), 2, design=given, **GIVEN)
        for given in (rows, rows.tolist())
    )
    np.testing.assert_array_equal(first.excess_test_error, second.excess_test_error)
