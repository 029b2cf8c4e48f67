"""The categorical kernels against their twin, and what a simulation returns and refuses."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2, multinomial

from montecarlo import blocks
from montecarlo.categorical import FIELDS, METHODS, estimate, simulate
from montecarlo.categorical.simulate import FAMILY
from tests.montecarlo import categorical_twin as twin
from tests.montecarlo.small_runs import WORKFLOWS
from theory import categorical as theory
from theory.categorical import CategoricalChain, uniform, zipf
from theory.workflow import UnsupportedWorkflow, Workflow

FEW = CategoricalChain((0.5, 0.0, 0.3, 0.2))
ENGINES = [
    (method, name)
    for name, workflow in WORKFLOWS.items()
    for method in METHODS[1:]
    if method == "rows" or workflow.budget is None
]


@pytest.mark.parametrize(("method", "name"), ENGINES)
@pytest.mark.parametrize("chain", [FEW, zipf(40)], ids=["few", "more-than-rows"])
def test_kernel_is_its_twin(chain: CategoricalChain, method: str, name: str) -> None:
    """Sums of 40 terms of shares that are right to a rounding: some 1e-15."""
    runs = simulate(chain, WORKFLOWS[name], 6, seed=3, replicates=20, method=method)
    expected = twin.simulate(
        chain, WORKFLOWS[name], 6, blocks.generator(3, FAMILY, 0), replicates=20,
        literal=method == "rows",
    )  # fmt: skip
    assert tuple(runs.values) == FIELDS == tuple(expected)
    for field, values in expected.items():
        np.testing.assert_allclose(runs[field], values, rtol=0, atol=1e-13, err_msg=field)


@pytest.mark.parametrize("method", ["rows", "statistics"])
def test_a_batch_is_multinomial(method: str) -> None:
    """Squared errors of generation 1 tell the 21 counts of 5 rows apart; 1e-6 falsely.

    A probability that is 5 % of its value off would add 0.0025 x 40,000 = 100 to the statistic.
    """
    chain, runs = CategoricalChain((0.57, 0.31, 0.12)), 40_000
    drawn = simulate(chain, Workflow.replace(5), 1, seed=8, replicates=runs, method=method)
    counts = [(i, j, 5 - i - j) for i in range(6) for j in range(6 - i)]
    errors = ((np.array(counts) / 5 - chain.array) ** 2).sum(axis=1)
    assert np.diff(np.sort(errors)).min() > 1e-6
    seen = np.abs(drawn.squared_error[:, 1][:, None] - errors).argmin(axis=1)
    expected = runs * multinomial.pmf(counts, 5, chain.array)
    kept = expected > 5
    found = np.bincount(seen, minlength=len(counts))
    statistic = ((found - expected)[kept] ** 2 / expected[kept]).sum()
    assert statistic < chi2.isf(1e-6, kept.sum())


def test_both_engines_agree_on_many_categories() -> None:
    """300 categories, 8 fits, 20,000 runs each: 6 standard errors, below 2 % of every mean."""
    found = [
        estimate(zipf(300), Workflow.accumulate(40), 8, seed=seed, replicates=20_000, method=method)
        for seed, method in ((1, "rows"), (2, "statistics"))
    ]
    for field in ("squared_error", "heterozygosity", "survivors", "entropy"):
        first, second = (e[field] for e in found)
        gap = np.abs(first.mean - second.mean)[1:]
        error = np.hypot(first.std_error, second.std_error)[1:]
        assert (gap < 6 * error).all(), field
        assert (6 * error < 0.02 * second.mean[1:]).all(), field


@pytest.mark.parametrize("workflow", [Workflow.replace(5), Workflow.accumulate_subsample(5)])
def test_runs_do_not_depend_on_threads(workflow: Workflow) -> None:
    one, two = (
        simulate(FEW, workflow, 3, seed=4, replicates=40_000, threads=threads) for threads in (1, 2)
    )
    for field in FIELDS:
        np.testing.assert_array_equal(one[field], two[field])


def test_an_estimate_is_the_average_of_the_runs_and_goes_on(tmp_path: Path) -> None:
    workflow, given = Workflow.anchored(6, 4), {"seed": 5, "fields": ("entropy", "survivors")}
    runs = simulate(FEW, workflow, 3, replicates=40_000, **given)
    whole = estimate(FEW, workflow, 3, replicates=40_000, **given)
    folder = tmp_path / "kept"
    estimate(FEW, workflow, 3, replicates=20_000, checkpoint=folder, **given)
    resumed = estimate(FEW, workflow, 3, replicates=40_000, checkpoint=folder, **given)
    for field in given["fields"]:
        np.testing.assert_allclose(whole[field].mean, runs[field].mean(axis=0), rtol=1e-12)
        np.testing.assert_array_equal(resumed[field].mean, whole[field].mean)
        np.testing.assert_array_equal(resumed[field].std, whole[field].std)
    with pytest.raises(ValueError, match="chain probabilities"):
        estimate(uniform(4), workflow, 3, replicates=40_000, checkpoint=folder, **given)


def test_index_zero_is_the_truth() -> None:
    runs = simulate(FEW, Workflow.replace(4), 2, seed=1, replicates=3)
    known = theory.curves(FEW, Workflow.replace(4), 2)
    for field in FIELDS:
        assert runs[field][:, 0] == pytest.approx(known[field][0], rel=1e-14)


def test_a_lost_category_stays_lost_under_replace() -> None:
    runs = simulate(zipf(50), Workflow.replace(20), 60, seed=2, replicates=200)
    assert (np.diff(runs.survivors, axis=1) <= 0).all()
    np.testing.assert_array_equal(runs.collapse_probability, runs.survivors == 1)
    gone = runs.survivors == 1
    assert gone.any()
    assert (runs.heterozygosity[gone] == 0).all()
    assert (runs.entropy[gone] == 0).all()


def test_under_accumulate_categories_are_lost_at_generation_one_only() -> None:
    runs = simulate(zipf(50), Workflow.accumulate(20), 30, seed=2, replicates=200)
    assert (runs.survivors[:, 1:] == runs.survivors[:, 1:2]).all()
    assert (runs.survivors[:, 1] < 50).all()


@pytest.mark.parametrize("method", ["rows", "statistics"])
def test_as_many_categories_as_rows(method: str) -> None:
    """100,000 of each: survivors have standard deviation below sqrt(K)/2; 8 of those."""
    size = 100_000
    runs = simulate(uniform(size), Workflow.replace(size), 2, seed=1, replicates=1, method=method)
    expected = size * -np.expm1(size * np.log1p(-1 / size))
    assert abs(runs.survivors[0, 1] - expected) < 8 * size**0.5 / 2
    assert 0 < runs.survivors[0, 2] < runs.survivors[0, 1]


def test_refusals() -> None:
    given = {"seed": 1, "replicates": 2}
    with pytest.raises(ValueError, match="unknown method 'best'"):
        simulate(FEW, Workflow.replace(5), 2, method="best", **given)
    with pytest.raises(ValueError, match="unknown field 'wealth'"):
        simulate(FEW, Workflow.replace(5), 2, fields=("wealth",), **given)
    with pytest.raises(UnsupportedWorkflow, match="method 'rows' draws them"):
        simulate(FEW, Workflow.accumulate_subsample(5), 2, method="statistics", **given)
    with pytest.raises(ValueError, match="generations must be a whole number >= 1, got 0"):
        simulate(FEW, Workflow.replace(5), 0, **given)
