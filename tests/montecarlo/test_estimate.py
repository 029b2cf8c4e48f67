"""Moments merged block by block, and what simulate and estimate hand back."""

import copy
import os
import pickle
import subprocess
import sys
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from montecarlo.estimate import Moments
from montecarlo.gaussian import estimate, simulate
from theory.gaussian import GaussianChain
from theory.workflow import Workflow

Array = NDArray[np.float64]

ROOT = Path(__file__).parents[2]
EPS = float(np.finfo(np.float64).eps)

shapes = st.tuples(st.integers(1, 30), st.integers(1, 3), st.integers(1, 2))
ordinary = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-100)  # squares exist
huge = st.floats(-1e300, 1e300) | st.just(np.inf)  # no field is infinite in both directions


@st.composite
def split_values(draw: st.DrawFn, elements: st.SearchStrategy[float]) -> tuple[Array, list[int]]:
    """Values, axes (replicate, generation, field), and where to cut axis 0 into blocks."""
    values = draw(arrays(np.float64, draw(shapes), elements=elements))
    cuts = draw(st.sets(st.integers(1, max(len(values) - 1, 1)), max_size=6))
    return values, sorted(cut for cut in cuts if cut < len(values))


def merged(values: Array, cuts: list[int]) -> Moments:
    return reduce(
        Moments.merge,
        (
            Moments.of(np.ascontiguousarray(np.moveaxis(part, 0, -1)))
            for part in np.split(values, cuts)
        ),
    )


# --- moments ----------------------------------------------------------------------------------


@given(split_values(ordinary))
def test_merged_moments_are_numpys(case: tuple[Array, list[int]]) -> None:
    """Whatever the split, to R eps x the largest value, R the number of replicates."""
    values, cuts = case
    moments = merged(values, cuts)
    replicates = len(values)
    unit = 8 * replicates * EPS * np.abs(values).max()
    assert moments.count == replicates
    assert np.abs(moments.mean - values.mean(axis=0)).max() <= unit
    estimates = moments.estimates(("first", "second")[: values.shape[2]])
    for i, name in enumerate(estimates.values):
        field = estimates[name]
        assert field.count == estimates.count == replicates
        np.testing.assert_array_equal(field.std_error, field.std / np.sqrt(replicates))
        one = values[:, :, i]
        expected = one.std(axis=0, ddof=1) if replicates > 1 else np.zeros(one.shape[1])
        # Deviations are from a mean that is off by `unit`, over every replicate.
        assert np.abs(field.std - expected).max() <= replicates * unit
        assert (field.std >= 0).all()


@given(split_values(huge))
@pytest.mark.filterwarnings("ignore:overflow")
def test_moments_are_never_nan(case: tuple[Array, list[int]]) -> None:
    """Infinities and squares that overflow make infinities."""
    values, cuts = case
    for signed in (values, -values):
        moments = merged(signed, cuts)
        assert not np.isnan(moments.mean).any()
        assert not np.isnan(moments.squares).any()
        assert not np.isnan(moments.estimates(("first",))["first"].std_error).any()


@given(split_values(st.sampled_from([1.0, 2.0, 1e200, np.inf])))
@pytest.mark.filterwarnings("ignore:overflow")
def test_infinities_give_an_infinite_mean_and_spread(case: tuple[Array, list[int]]) -> None:
    values, cuts = case
    moments = merged(values, cuts)
    infinite = np.isinf(values).any(axis=0)
    np.testing.assert_array_equal(np.isposinf(moments.mean), infinite)
    assert np.isposinf(moments.squares[infinite]).all()
    negative = merged(-values, cuts)
    np.testing.assert_array_equal(np.isneginf(negative.mean), infinite)
    assert np.isposinf(negative.squares[infinite]).all()


@pytest.mark.parametrize("value", [1e160, 1e308])
def test_large_finite_values_do_not_warn(value: float) -> None:
    """Squares that overflow are infinite, as an infinity is: no RuntimeWarning for the user."""
    moments = merged(np.array([[[value]], [[-value]], [[value]], [[value]]]), [2])
    assert np.isposinf(moments.squares).all()
    assert not np.isnan(moments.mean).any()


def test_a_collapsed_precision_does_not_warn() -> None:
    """The precision of replace grows past 1e154: its square is infinite, quietly."""
    result = estimate(
        GaussianChain(1),
        Workflow.replace(2),
        400,
        seed=1,
        replicates=50,
        fields=["precision_ratio"],
    )
    assert not np.isnan(result.precision_ratio.std).any()


# --- estimate and simulate ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "workflow",
    [Workflow.replace(9), Workflow.accumulate_subsample(9), Workflow.fresh(9, 9, weight=0.5)],
    ids=str,
)
@pytest.mark.parametrize("replicates", [2, 1024, 2500])
def test_estimate_is_the_average_of_the_runs(workflow: Workflow, replicates: int) -> None:
    chain = GaussianChain(2, ddof=0)
    runs = simulate(chain, workflow, 4, seed=3, replicates=replicates)
    result = estimate(chain, workflow, 4, seed=3, replicates=replicates)
    assert result.values.keys() == runs.values.keys()
    assert result.count == replicates
    for name, values in runs.values.items():
        mean, std = values.mean(axis=0), values.std(axis=0, ddof=1)
        np.testing.assert_allclose(result[name].mean, mean, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(result[name].std, std, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(result[name].std_error, std / np.sqrt(replicates), rtol=1e-11)


def test_one_replicate_has_no_spread() -> None:
    result = estimate(GaussianChain(1), Workflow.replace(5), 2, seed=1, replicates=1)
    runs = simulate(GaussianChain(1), Workflow.replace(5), 2, seed=1, replicates=1)
    np.testing.assert_array_equal(result.trace_ratio.mean, runs.trace_ratio[0])
    np.testing.assert_array_equal(result.trace_ratio.std, 0.0)


def test_generation_zero_is_the_truth() -> None:
    """Errors 0 and ratios 1, exactly and in every run."""
    result = estimate(GaussianChain(1), Workflow.replace(5), 1, seed=1, replicates=2000)
    ones = {"trace_ratio", "determinant_ratio", "precision_ratio", "spread_ratio"}
    for name, value in result.values.items():
        assert value.mean[0] == (1.0 if name in ones else 0.0)
        assert value.std[0] == 0.0


def test_singular_runs_make_an_estimate_infinite() -> None:
    """Two rows in three dimensions: every run is singular from generation 1 on."""
    result = estimate(GaussianChain(3), Workflow.replace(2), 3, seed=1, replicates=1500)
    for name in ("excess_nll", "precision_ratio", "mahalanobis_error"):
        assert np.isposinf(result[name].mean[1:]).all()
        assert np.isposinf(result[name].std[1:]).all()
    assert np.isneginf(result.log_det_ratio.mean[1:]).all()
    np.testing.assert_array_equal(result.determinant_ratio.mean[1:], 0.0)
    for value in result.values.values():
        assert not (np.isnan(value.mean) | np.isnan(value.std)).any()


@pytest.mark.parametrize("function", [simulate, estimate])
def test_results_can_be_pickled_and_copied(function: object) -> None:
    """Blocks are to travel to other processes and machines."""
    assert callable(function)
    result = function(GaussianChain(2), Workflow.replace(5), 2, seed=1, replicates=3)
    for again in (pickle.loads(pickle.dumps(result)), copy.copy(result), copy.deepcopy(result)):
        assert again.values.keys() == result.values.keys()


@pytest.mark.parametrize("function", [simulate, estimate])
def test_a_field_that_was_not_simulated_is_named(function: object) -> None:
    assert callable(function)
    result = function(
        GaussianChain(1), Workflow.replace(5), 2, seed=1, replicates=3, fields=["mean_error"]
    )
    with pytest.raises(AttributeError, match="'trace_ratio' was not simulated: .*mean_error"):
        _ = result.trace_ratio
    assert not hasattr(result, "spread")


# --- memory -------------------------------------------------------------------------------------

PEAK = """
import resource, sys
from montecarlo.gaussian import estimate
from theory.gaussian import GaussianChain
from theory.workflow import Workflow

estimate(GaussianChain(1), Workflow.replace(2), 100, seed=1, replicates=int(sys.argv[1]),
         fields=["mean_error"], threads=2)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_kib(replicates: int) -> int:
    command = [sys.executable, "-c", PEAK, str(replicates)]
    # Arenas that malloc keeps for each thread vary from run to run by tens of MB.
    environment = os.environ | {"MALLOC_ARENA_MAX": "2"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_memory_does_not_grow_with_replicates() -> None:
    """Ten times the replicates, less than 60 MB more; keeping the runs would take 145 MB more."""
    assert peak_kib(200_000) - peak_kib(20_000) < 60 * 1024
