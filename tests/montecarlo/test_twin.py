"""Each kernel against its plain-Python twin, path by path, on the same stream.

Twin and kernel differ by rounding only.  What a fit loses is inherited: after t fits the relative
error of the smallest variance is about eps x the sum of ``stretch`` (see twin.py) over the fits so
far.  For the short chains here that sum is below 2,000, a worst case of 4e-13 if every rounding
conspired; they must agree to 1e-12 of the value, or to 1e-13 where the value is a difference of
terms of order one (a covariance error, a log-determinant near 0).
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from montecarlo import blocks
from montecarlo.gaussian import FIELDS, simulate
from tests.montecarlo import twin
from theory.gaussian import GaussianChain
from theory.workflow import UnsupportedWorkflow, Workflow

Array = NDArray[np.float64]

FAMILY = 1
SEED = 3
REPLICATES = 6
GENERATIONS = 6
EPS = float(np.finfo(np.float64).eps)
SIZES = (12, 9, 15)
COVARIANCE = ((2.0, 0.5, 0.1), (0.5, 1.0, -0.3), (0.1, -0.3, 0.7))


def half_on_the_last(t: int) -> Array:
    """Half of the weight on the last batch, the rest in equal parts on the earlier ones."""
    row = np.full(t, 0.5 / max(t - 1, 1))
    row[-1] = 0.5 if t > 1 else 1.0
    return row


def never_the_second(t: int) -> Array:
    """Rows weigh the same, but synthetic batch 1 is thrown away."""
    rows = np.array([SIZES[min(b, 2)] for b in range(t)], dtype=float)
    rows[1:2] = 0.0
    return rows / rows.sum()


WORKFLOWS = {
    "replace": Workflow.replace(11),
    "replace-schedule": Workflow.replace(SIZES),
    "accumulate": Workflow.accumulate(9),
    "accumulate-schedule": Workflow.accumulate(SIZES),
    "subsample": Workflow.accumulate_subsample(SIZES),
    "subsample-below-n0": Workflow.accumulate_subsample(SIZES, budget=8),
    "subsample-above-n0": Workflow.accumulate_subsample(SIZES, budget=20),
    "subsample-everything": Workflow.accumulate_subsample(SIZES, budget=1000),
    "subsample-with-replacement": Workflow.accumulate_subsample(SIZES, 20, replacement=True),
    "sliding-window": Workflow.sliding_window(SIZES, 2),
    "sliding-window-1": Workflow.sliding_window(SIZES, 1),
    "sliding-window-4": Workflow.sliding_window(10, 4),
    "anchored": Workflow.anchored(11, (3, 9, 15)),
    "fresh": Workflow.fresh(8, (3, 9, 15)),
    "custom-equal-rows": Workflow.custom(SIZES, never_the_second),
}
WEIGHTED = {
    "fresh-weighted": Workflow.fresh(10, (3, 9, 15), weight=0.3),
    "fresh-real-only": Workflow.fresh(10, 9, weight=1.0),
    "custom": Workflow.custom(SIZES, half_on_the_last),
}
CHAINS = {
    "d1-ddof0": GaussianChain(1, ddof=0),
    "d1-ddof1": GaussianChain(1, ddof=1, covariance=[[4.0]]),
    "d3-ddof0-cooled": GaussianChain(3, ddof=0, temperature=0.6),
    "d3-ddof1-general": GaussianChain(3, ddof=1, temperature=0.8, covariance=COVARIANCE),
}
WEIGHTED_CHAINS = {
    "d1": GaussianChain(1, ddof=0, covariance=[[0.25]]),
    "d3-general": GaussianChain(3, ddof=0, temperature=0.8, covariance=COVARIANCE),
}
CASES = [
    pytest.param(workflow, chain, id=f"{name}-{label}")
    for workflows, chains in ((WORKFLOWS, CHAINS), (WEIGHTED, WEIGHTED_CHAINS))
    for name, workflow in workflows.items()
    for label, chain in chains.items()
]


def table(dim: int) -> Array:
    """A skewed, correlated table far from the origin."""
    rows = np.random.default_rng(5).gamma(2.0, size=(40, dim)) @ (np.eye(dim) + 0.3)
    return np.asarray(rows + 7.0)


def both(
    chain: GaussianChain,
    workflow: Workflow,
    generations: int,
    data: Array | None = None,
    method: str = "rows",
) -> tuple[dict[str, Array], dict[str, Array], Array]:
    """Return the kernel's fields, the twin's and the twin's stretch, (replicate, generation)."""
    runs = simulate(
        chain, workflow, generations, seed=SEED, replicates=REPLICATES, data=data, method=method
    )
    stream = blocks.generator(SEED, FAMILY, 0)
    fields, stretch = twin.simulate(
        chain, workflow, generations, stream, replicates=REPLICATES, data=data, method=method
    )
    return {name: values[:, 1:] for name, values in runs.values.items()}, fields, stretch


def assert_same_paths(
    chain: GaussianChain, workflow: Workflow, data: Array | None = None, method: str = "rows"
) -> None:
    kernel, plain, stretch = both(chain, workflow, GENERATIONS, data, method)
    assert EPS * stretch.sum(axis=1).max() < 1e-12
    assert list(kernel) == [name for name in FIELDS if name in plain]
    assert len(kernel) == len(plain)
    for name, values in plain.items():
        np.testing.assert_allclose(kernel[name], values, rtol=1e-12, atol=1e-13, err_msg=name)


@pytest.mark.parametrize(("workflow", "chain"), CASES)
def test_kernel_is_its_twin(workflow: Workflow, chain: GaussianChain) -> None:
    assert_same_paths(chain, workflow)


@pytest.mark.parametrize(("workflow", "chain"), CASES)
def test_statistics_kernel_is_its_twin(workflow: Workflow, chain: GaussianChain) -> None:
    if workflow.budget is not None:
        with pytest.raises(UnsupportedWorkflow, match="single rows"):
            both(chain, workflow, GENERATIONS, method="statistics")
    else:
        assert_same_paths(chain, workflow, method="statistics")


@pytest.mark.parametrize("replicates", [1, 63, 65])
def test_a_run_does_not_depend_on_how_many_share_its_lanes(replicates: int) -> None:
    """A group of lanes that is not full is the beginning of the full one."""
    some, all_of_them = (
        simulate(GaussianChain(1), Workflow.accumulate(9), 4, seed=SEED, replicates=runs)
        for runs in (replicates, 130)
    )
    for name, values in some.values.items():
        np.testing.assert_array_equal(values, all_of_them[name][:replicates])


@pytest.mark.parametrize("dim", [1, 3])
@pytest.mark.parametrize("name", [*WORKFLOWS, *WEIGHTED])
def test_kernel_is_its_twin_on_a_table(name: str, dim: int) -> None:
    workflow = (WORKFLOWS | WEIGHTED)[name]
    rows = table(dim)
    ddof = 0 if name in WEIGHTED else 1
    assert_same_paths(GaussianChain.from_data(rows, ddof=ddof, temperature=0.9), workflow, rows)


def test_real_batches_alone_use_the_stream_when_one_generation_is_asked_for() -> None:
    """The last model writes nothing: generation 1 of T = 1 and of T = 6 coincide in run 0 only."""
    short, long = (
        simulate(GaussianChain(2), Workflow.replace(9), t, seed=SEED, replicates=2) for t in (1, 6)
    )
    assert short.trace_ratio[0, 1] == long.trace_ratio[0, 1]
    assert short.trace_ratio[1, 1] != long.trace_ratio[1, 1]


@pytest.mark.parametrize("dim", [1, 2])
def test_long_collapse_agrees_as_far_as_the_twin_can_tell(dim: int) -> None:
    """Sigma falls by many orders of magnitude; the kernel's coordinates do not lose it.

    The rows of the twin do: its tolerance is 16 d eps x the stretch so far, and the comparison
    counts while that is below 1e-3, by when sigma has lost over four decimals somewhere.
    """
    chain, generations = GaussianChain(dim, ddof=0), 60
    kernel, plain, stretch = both(chain, Workflow.replace(dim + 4), generations)
    tolerance = 16 * dim * EPS * np.cumsum(stretch, axis=1)
    counts = tolerance < 1e-3
    assert plain["log_det_ratio"][counts].min() < -2 * dim * np.log(1e4)
    scale = {
        "mean_error": 1 + plain["mean_error"],
        "log_det_ratio": np.full_like(tolerance, 2 * dim),
        "trace_ratio": plain["trace_ratio"],
        "determinant_ratio": dim * plain["determinant_ratio"],
        "precision_ratio": plain["precision_ratio"],
        "mahalanobis_error": plain["mahalanobis_error"] + dim * plain["precision_ratio"],
        "covariance_error": 1 + plain["covariance_error"],
    }
    for name, size in scale.items():
        error = np.abs(kernel[name] - plain[name])[counts]
        assert (error <= (tolerance * size)[counts]).all(), name
