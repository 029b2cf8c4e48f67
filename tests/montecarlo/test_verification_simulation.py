"""The engines of verified regression: against a literal twin, each other, and the mean's law."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

from montecarlo.blocks import generator
from montecarlo.verification import FIELDS, estimate, simulate
from montecarlo.verification.means import mean_table
from montecarlo.verification.simulate import FAMILY
from theory.verification import VerifiedChain
from theory.workflow import UnsupportedWorkflow, Workflow

CHAIN = VerifiedChain((4.0, 2.0), 0.9, (0.3, -0.2), noise=1.3, slack=0.2)
WORKFLOWS = {
    "replace": Workflow.replace((1, 5, 9)),
    "accumulate": Workflow.accumulate((1, 5, 9)),
    "sliding-window": Workflow.sliding_window((1, 5, 9), 2),
    "anchored": Workflow.anchored(1, (1, 5, 9)),
    "fresh": Workflow.fresh(1, (1, 5, 9)),
}


def twin(chain, workflow, generations, rng, replicates):
    """Label by label in plain Python, one direction after the other, in the stream's order."""
    errors = np.zeros((3, replicates, generations + 1))
    reach = chain.radius + chain.slack
    for run in range(replicates):
        for mu, centre in zip(chain.singular_values, chain.centres, strict=True):
            batches: list[tuple[float, float]] = []
            weight, share = 0.0, 1.0 / chain.dim
            errors[:, run, 0] += weight**2, (weight - centre) ** 2, share
            for t in range(1, generations + 1):
                if workflow.real_rows(t):
                    batches.append((mu * mu, chain.noise * rng.standard_normal() / mu))
                seen = workflow.weights(t) > 0
                pool = [b for b, there in zip(batches, seen, strict=True) if there]
                rows = sum(n for n, _ in pool)
                if rows > 0:
                    weight = sum(n * y for n, y in pool) / rows
                errors[:, run, t] += weight**2, (weight - centre) ** 2, share
                if t == generations:
                    break
                n, labels, written = workflow.synthetic_rows(t), [], 0
                while (written if chain.counts == "generated" else len(labels)) < n:
                    y = weight + chain.noise * rng.standard_normal()
                    written += 1
                    if abs(y - centre) <= reach:
                        labels.append(y)
                share = len(labels) / n if chain.counts == "generated" else 1.0
                if chain.counts == "accepted" and written > 1:
                    share = (n - 1) / (written - 1)
                share /= chain.dim
                batches.append((len(labels), sum(labels) / max(len(labels), 1)))
    return dict(zip(FIELDS, errors, strict=True))


@pytest.mark.parametrize("counts", ["accepted", "generated"])
@pytest.mark.parametrize("name", WORKFLOWS)
def test_rows_follow_the_literal_twin_path_by_path(name, counts):
    """A few hundred additions in other orders: 1e-12."""
    chain = VerifiedChain((4.0, 2.0), 0.9, (0.3, -0.2), 1.3, 0.2, counts)
    runs = simulate(chain, WORKFLOWS[name], 5, seed=3, replicates=4, method="rows")
    known = twin(chain, WORKFLOWS[name], 5, generator(3, FAMILY, 0), 4)
    for field in FIELDS:
        np.testing.assert_allclose(runs[field], known[field], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("half_width", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("rows", [3, 12, 40])
def test_a_batch_s_mean_has_its_law(half_width, rows):
    """Sums of accepted normals drawn by numpy against the engine: Kolmogorov and Smirnov, 1e-6.

    20,000 each: a shift of 12 % of the standard deviation would be seen.
    """
    u = 0.8 * half_width + 0.3
    rng = np.random.default_rng(4)
    drawn = np.empty(0)
    while len(drawn) < 20_000 * rows:
        fresh = rng.normal(u, 1, 400_000)
        drawn = np.concatenate([drawn, fresh[np.abs(fresh) <= half_width]])
    means = drawn[: 20_000 * rows].reshape(-1, rows).mean(axis=1)
    chain = VerifiedChain((1e9,), half_width, -u)
    runs = simulate(
        chain, Workflow.replace(rows), 2, seed=5, replicates=20_000,
        fields=("squared_error", "verifier_error"), method="statistics",
    )  # fmt: skip
    # From both squares the signed value: (w + u)^2 - w^2 = 2 w u + u^2.
    signed = (runs.verifier_error[:, 2] - runs.squared_error[:, 2] - u**2) / (2 * u) + u
    assert kstest(signed, means).pvalue > 1e-6
    assert kstest(signed + 0.12 * means.std(), means).pvalue < 1e-6


def test_tables_are_concave_and_even():
    for half_width, rows in ((0.05, 12), (0.3, 13), (1.0, 30), (4.0, 100), (1.0, 5_000)):
        table = mean_table(half_width, rows)
        assert table is not None
        assert table.curvature > 0
        np.testing.assert_allclose(table.values, table.values[::-1], rtol=1e-7, atol=1e-7)
    assert mean_table(1.0, 11) is None


@pytest.mark.parametrize("name", WORKFLOWS)
def test_both_engines_agree(name):
    """60,000 runs each: 5.5 standard errors (4e-8 falsely), below 5 % of every mean."""
    flow = Workflow(WORKFLOWS[name].kind, (1, 12, 8), window=WORKFLOWS[name].window,
                    n_real=WORKFLOWS[name].n_real)  # fmt: skip
    found = [
        estimate(CHAIN, flow, 4, seed=seed, replicates=60_000, method=method,
                 fields=("squared_error", "verifier_error"))
        for seed, method in ((1, "rows"), (2, "statistics"))
    ]  # fmt: skip
    for field in ("squared_error", "verifier_error"):
        first, second = (e[field] for e in found)
        error = np.hypot(first.std_error, second.std_error)[1:]
        assert (np.abs(first.mean - second.mean)[1:] < 5.5 * error).all()
        assert (5.5 * error < 0.05 * second.mean[1:]).all()


def test_runs_do_not_depend_on_threads_and_go_on(tmp_path: Path):
    given = {"seed": 4, "fields": ("squared_error",)}
    one, two = (
        simulate(CHAIN, WORKFLOWS["replace"], 3, replicates=40_000, threads=k, **given)
        for k in (1, 2)
    )
    np.testing.assert_array_equal(one.squared_error, two.squared_error)
    folder = tmp_path / "kept"
    flow = WORKFLOWS["replace"]
    estimate(CHAIN, flow, 3, replicates=20_000, checkpoint=folder, **given)
    resumed = estimate(CHAIN, flow, 3, replicates=40_000, checkpoint=folder, **given)
    np.testing.assert_allclose(
        resumed.squared_error.mean, one.squared_error.mean(axis=0), rtol=1e-12
    )


def test_refusals():
    given = {"seed": 1, "replicates": 2}
    flow = Workflow.replace(3)
    with pytest.raises(ValueError, match="unknown method 'best'"):
        simulate(CHAIN, flow, 2, method="best", **given)
    with pytest.raises(ValueError, match="unknown field 'wealth'"):
        simulate(CHAIN, flow, 2, fields=("wealth",), **given)
    with pytest.raises(UnsupportedWorkflow, match="method 'rows' writes them"):
        simulate(CHAIN, flow, 2, fields=("acceptance",), method="statistics", **given)
    with pytest.raises(UnsupportedWorkflow, match="only whole batches"):
        simulate(CHAIN, Workflow.accumulate_subsample(3), 2, **given)
    far = VerifiedChain((0.01,), 0.1)
    with pytest.raises(ValueError, match="rejects everything: 10,000,000 labels in a row"):
        simulate(far, flow, 2, method="rows", **given)
