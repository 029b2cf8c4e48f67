"""The competitors in the benchmarks simulate the chain that they are said to simulate.

Means over runs are compared by z-scores of at most 6: a comparison fails falsely with probability
2e-9 (normal approximation) and some 300 are made, so the file fails falsely less than once in 1e6.
A mean that is off by 9.1 standard errors is missed with probability 1e-3.
"""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import SFC64, Generator
from numpy.typing import NDArray

from benchmarks import (
    categorical,
    kde_twins,
    measure,
    regression,
    regression_twins,
    twins,
    verification,
    workloads,
)
from montecarlo import kde as kde_engine
from montecarlo.gaussian import simulate
from theory import categorical as categorical_theory
from theory import kde as kde_theory
from theory import regression as regression_theory
from theory import verification as verification_theory
from theory.categorical import CategoricalChain
from theory.gaussian import GaussianChain, available, curves
from theory.kde import KdeChain
from theory.regression import RegressionChain
from theory.truths import Normal
from theory.verification import VerifiedChain
from theory.workflow import Workflow

Array = NDArray[np.float64]

Z_LIMIT = 6.0
N, DIM, T = 30, 3, 4
REPLACE, ACCUMULATE = Workflow.replace(N), Workflow.accumulate(N)
FEW, SOME, MANY = 300, 3000, 10_000  # runs of a loop, of a quick one, of all runs at once


def stream(seed: int) -> Generator:
    return Generator(SFC64(seed))


# Twin, arguments after the generations, runs, dimension, workflow.
STATISTICS = {
    "line_loop": (twins.line_loop, (N,), FEW, 1, REPLACE),
    "line_statistics": (twins.line_statistics, (N,), MANY, 1, REPLACE),
    "replace_statistics": (twins.replace_statistics, (N, DIM), MANY, DIM, REPLACE),
    "accumulate_loop": (twins.accumulate_loop, (N, DIM), FEW, DIM, ACCUMULATE),
    "accumulate_statistics": (twins.accumulate_statistics, (N, DIM), MANY, DIM, ACCUMULATE),
}
SUMS: dict[str, tuple[Callable[[Generator, int], float], int, Workflow]] = {
    "replace_loop": (lambda rng, runs: twins.replace_loop(rng, runs, T, N, DIM), DIM, REPLACE),
    "replace_vectorised": (
        lambda rng, runs: twins.replace_vectorised(rng, runs, T, N, DIM), DIM, REPLACE,
    ),
    "subsample_loop": (
        lambda rng, runs: twins.subsample_loop(rng, runs, T, N), 1,
        Workflow.accumulate_subsample(N),
    ),
    "subsample_vectorised": (
        lambda rng, runs: twins.subsample_vectorised(rng, runs, T, N), 1,
        Workflow.accumulate_subsample(N),
    ),
}  # fmt: skip


def every_field(dim: int) -> tuple[str, ...]:
    return workloads.EVERY_FIELD if dim > 1 else workloads.LINE_FIELDS


@pytest.mark.parametrize("name", STATISTICS)
def test_means_of_a_twin_are_those_of_theory(name: str) -> None:
    twin, arguments, runs, dim, workflow = STATISTICS[name]
    fields, chain = every_field(dim), GaussianChain(dim)
    mean, std = twin(stream(3), runs, T, *arguments, fields)
    known, exact = available(chain, workflow), curves(chain, workflow, T)
    compared = [field for field in fields if field in known]
    assert {*workloads.LEAN, "log_det_ratio", "excess_nll"} <= set(compared)
    for field in compared:
        i = fields.index(field)
        z = (mean[:, i] - exact[field][1:]) / (std[:, i] / np.sqrt(runs))
        assert np.abs(z).max() < Z_LIMIT, field


@pytest.mark.parametrize("name", STATISTICS)
def test_wasserstein_of_a_twin_is_that_of_the_rows_engine(name: str) -> None:
    twin, arguments, runs, dim, workflow = STATISTICS[name]
    mean, std = twin(stream(4), runs, T, *arguments, ("wasserstein",))[:, :, 0]
    engine = simulate(
        GaussianChain(dim), workflow, T, seed=5, replicates=MANY, fields=("wasserstein",),
        method="rows",
    ).wasserstein[:, 1:]  # fmt: skip
    error = np.hypot(std / np.sqrt(runs), engine.std(axis=0) / np.sqrt(MANY))
    assert np.abs((mean - engine.mean(axis=0)) / error).max() < Z_LIMIT


@pytest.mark.parametrize("name", STATISTICS)
def test_a_twin_measures_the_fields_that_are_named(name: str) -> None:
    twin, arguments, _, dim, _ = STATISTICS[name]
    fields = every_field(dim)
    some = ("wasserstein", "mean_error")
    every, two, other = (
        twin(stream(6), 20, T, *arguments, names) for names in (fields, workloads.LEAN, some)
    )
    np.testing.assert_array_equal(two, every[:, :, [fields.index(f) for f in workloads.LEAN]])
    np.testing.assert_array_equal(other, every[:, :, [fields.index(f) for f in some]])


@pytest.mark.parametrize("name", SUMS)
def test_sums_of_a_twin_are_those_of_the_rows_engine(name: str) -> None:
    """Over 40 sets of 10 runs; the sum of all fields catches any one that is wrong."""
    twin, dim, workflow = SUMS[name]
    rng = stream(7)
    sums = np.array([twin(rng, 10) / 10 for _ in range(40)])
    runs = simulate(
        GaussianChain(dim), workflow, T, seed=8, replicates=MANY, fields=twins.SUMMED,
        method="rows",
    )  # fmt: skip
    engine = np.sum([runs[field][:, 1:].sum(axis=1) for field in twins.SUMMED], axis=0)
    error = np.hypot(sums.std(ddof=1) / np.sqrt(len(sums)), engine.std() / np.sqrt(MANY))
    assert abs(sums.mean() - engine.mean()) / error < Z_LIMIT


# Twin, its runs, design, workflow.
REGRESSIONS: dict[str, tuple[Callable[[Generator], Array], int, str, Workflow]] = {
    f"reused_loop, {name}": (
        lambda rng, solver=solver: regression_twins.reused_loop(rng, SOME, T, N, DIM, solver),
        SOME, "reused", ACCUMULATE,
    )
    for name, solver in regression.SOLVERS.items()
} | {
    f"fresh_vectorised, {name}": (
        lambda rng, keep=keep: regression_twins.fresh_vectorised(rng, MANY, T, N, DIM, keep),
        MANY, "fresh", workflow,
    )
    for name, keep, workflow in (("replace", False, REPLACE), ("accumulate", True, ACCUMULATE))
}  # fmt: skip


@pytest.mark.parametrize("name", REGRESSIONS)
def test_mean_errors_of_a_regression_twin_are_those_of_theory(name: str) -> None:
    """By the twin's own standard errors: 1.8 % of the mean in a loop, 1 % for all runs at once."""
    twin, runs, design, workflow = REGRESSIONS[name]
    mean, std = twin(stream(9))
    chain = RegressionChain(DIM, design=design)
    exact = regression_theory.curves(chain, workflow, T).excess_test_error[1:]
    error = std / np.sqrt(runs)
    assert (error / exact).max() < (0.018 if runs == SOME else 0.01)
    assert np.abs((mean - exact) / error).max() < Z_LIMIT


def test_likelihoods_of_refits_are_those_of_the_density_engine() -> None:
    """The loop that refits a growing pool; 3.5 % of the likelihood is seen, but for 1e-3."""
    rng, points = stream(10), np.linspace(-2, 2, 9)[:, None]
    loop = np.array([kde_twins.refit_loop(rng, T, N, points, 0.4) for _ in range(FEW)])
    engine = kde_engine.simulate(
        KdeChain(Normal(), 0.4), ACCUMULATE, T, seed=11, replicates=MANY, fields=("nll",),
        points=points,
    ).nll[:, 1:]  # fmt: skip
    error = np.hypot(loop.std(axis=0) / np.sqrt(FEW), engine.std(axis=0) / np.sqrt(MANY))
    assert (9.1 * error < 0.035 * engine.mean(axis=0)).all()
    assert np.abs((loop.mean(axis=0) - engine.mean(axis=0)) / error).max() < Z_LIMIT


def test_variances_of_the_density_twin_are_those_of_theory() -> None:
    """By the engine's standard deviation of a run: 2.5 % of a variance is seen, but for 1e-3."""
    chain, runs = KdeChain(Normal(), 0.4), 4 * MANY
    twin = kde_twins.replace_vectorised(stream(12), runs, T, N, 0.4)
    engine = kde_engine.simulate(
        chain, REPLACE, T, seed=13, replicates=MANY, fields=("cloud_variance",)
    ).cloud_variance[:, 1:]
    exact = kde_theory.curves(chain, REPLACE, T).cloud_variance[1:]
    error = engine.std(axis=0) / np.sqrt(runs)
    assert (9.1 * error < 0.025 * exact).all()
    assert np.abs((twin - exact) / error).max() < Z_LIMIT


def test_squared_errors_of_the_multinomial_loop_are_those_of_theory() -> None:
    """By its own standard deviation: 10 % of the mean is seen, but for 1e-3."""
    chain, rng = CategoricalChain((0.5, 0.2, 0.2, 0.1)), stream(14)
    loop = np.array([categorical.multinomial_loop(rng, chain, T, N) for _ in range(MANY)])
    exact = categorical_theory.curves(chain, REPLACE, T).squared_error[1:]
    error = loop.std(axis=0) / np.sqrt(MANY)
    assert (9.1 * error < 0.1 * exact).all()
    assert np.abs((loop.mean(axis=0) - exact) / error).max() < Z_LIMIT


def test_squared_errors_of_accepted_labels_are_those_of_theory() -> None:
    """By theory's standard deviation: 15 % of the mean is seen, but for 1e-3."""
    chain, runs = VerifiedChain((4.0, 3.0), 1.0, 0.2), 20_000
    found = verification.accept_reject(stream(15), chain, 2, 5, runs)
    exact = verification_theory.curves(chain, Workflow.replace(5), 3).squared_error
    error = exact.std[1:] / np.sqrt(runs)
    assert (9.1 * error < 0.15 * exact.values[1:]).all()
    assert np.abs((found.mean(axis=1) - exact.values[1:]) / error).max() < Z_LIMIT


def test_ratio_of_variances_has_its_standard_error() -> None:
    """By hand: squares (1, 0, 1) about the mean have a standard deviation of sqrt(2) / 3."""
    ratio, error = regression.variance_ratio(np.array([6.0, 4.0, 5.0]), np.array([-0.5, 0.5]))
    assert ratio == 2.0
    np.testing.assert_allclose(
        error, 2 * np.sqrt(2) / 3 / np.sqrt(3), rtol=16 * np.finfo(float).eps
    )


def test_fewer_runs_counts_those_for_one_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    """One-run standard deviations of 3 and 0.5 about a mean of 10: 900 and 25 runs, 36 to one."""
    signs = np.tile([[-1.0], [1.0]], (500, regression.GENERATIONS + 1)) * np.sqrt(999 / 1000)
    spread = {"rows": 3.0, "rao-blackwell": 0.5}
    monkeypatch.setattr(regression, "many_runs", lambda _, name: 10 + spread[name] * signs)
    for row in regression.fewer_runs("work", REPLACE, "rows"):
        assert row.measured.startswith("900 -> 25.0 runs")
        assert row.met
        # Deviations of 0.5 about 10 are rounded by 20 eps, of which a variance has two.
        assert row.ratio == pytest.approx(36, rel=50 * np.finfo(float).eps)


@pytest.mark.parametrize(
    ("least", "most", "target", "met"),
    [(2.0, None, ">= 2 x", True), (4.0, None, ">= 4 x", False), (None, 2.0, "<= 2 x", False),
     (None, 4.0, "<= 4 x", True), (None, None, "", None)],
)  # fmt: skip
def test_a_ratio_is_slow_over_fast_and_says_if_it_meets_its_target(
    least: float | None,
    most: float | None,
    target: str,
    met: bool | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measure, "seconds", lambda work: work())
    slow, fast = (lambda: 6.0, 1), (lambda: 4.0, 2)  # 6 s a fit, 2 s a fit
    row = measure.compared("work", slow, fast, least=least, most=most)
    assert (row.ratio, row.target, row.met) == (3.0, target, met)
