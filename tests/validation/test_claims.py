"""The list of claims is complete: every field, every constructor, both ddof, three dimensions."""

from itertools import product

import numpy as np
import pytest

from montecarlo.gaussian import FIELDS as SIMULATED
from montecarlo.kde import FIELDS as KDE_SIMULATED
from montecarlo.regression import FIELDS as REGRESSION_SIMULATED
from theory.curve import Kind
from theory.gaussian import FIELDS, GaussianChain, available
from theory.kde.curves import FIELDS as KDE_FIELDS
from theory.kde.kernels import KERNELS
from theory.regression import FIELDS as REGRESSION_FIELDS
from theory.tables import RealTable
from theory.workflow import Workflow, WorkflowKind
from validation import claims, kde, regression
from validation.calibrated import Verdict
from validation.check import check
from validation.claims import select
from validation.data import bundled
from validation.experiment import claim_names
from validation.gaussian import MOMENTS, TWINS, every_other_batch, experiments, on_table

EXPERIMENTS = list(experiments())


def test_every_theory_field_has_a_simulated_twin():
    assert set(TWINS) == {*FIELDS, "survival"}  # survival is a function of its own in theory
    assert set(TWINS.values()) == set(SIMULATED)


def test_every_constructor_is_claimed_for_both_ddof_and_three_dimensions():
    claimed = {(e.workflow.kind, e.chain.ddof, e.chain.dim) for e in EXPERIMENTS}
    assert claimed >= set(product(WorkflowKind, (0, 1), (1, 3, 10)))


def test_every_field_is_claimed_wherever_theory_knows_it():
    """Replace and accumulate, per dimension and ddof; the determinant in d = 1 is the trace."""
    for kind, dim, ddof in product(("replace", "accumulate"), (1, 3, 10), (0, 1)):
        chosen = [
            e for e in EXPERIMENTS
            if e.label == kind and e.chain.dim == dim and e.chain.ddof == ddof
        ]  # fmt: skip
        claimed = {field for e in chosen for field in e.fields}
        known = set(available(chosen[0].chain, chosen[0].workflow, 2))
        assert claimed == known - ({"determinant_ratio"} if dim == 1 else set())


def test_claims_have_names_of_their_own():
    names = [name for e in claims.every() for name in claim_names(e)]
    assert len(names) == len(set(names))


def test_names_select_by_their_beginning():
    chosen = select(["gaussian/replace/ddof0"], EXPERIMENTS)
    assert chosen
    assert all(e.workflow.kind is WorkflowKind.REPLACE and e.chain.ddof == 0 for e in chosen)
    assert select(["gaussian"], EXPERIMENTS) == EXPERIMENTS
    with pytest.raises(ValueError, match="unknown claims 'gauss'"):
        select(["gauss"], EXPERIMENTS)


def test_every_claimed_value_is_finite():
    for experiment in EXPERIMENTS:
        theory = experiment.theory()
        for field in experiment.fields:
            assert np.isfinite(theory[field].values).all(), (experiment.name, field)


def test_the_custom_workflow_is_no_other_workflow():
    custom = Workflow.custom(5, every_other_batch)
    assert custom.weights(5).tolist() == pytest.approx([1 / 3, 0, 1 / 3, 0, 1 / 3])
    for other in (Workflow.replace(5), Workflow.anchored(5, 5), Workflow.accumulate(5)):
        assert any((custom.weights(t) != other.weights(t)).any() for t in (2, 3))
    assert custom.row_weighted(6)


def test_on_a_table_only_the_two_moments_are_claimed():
    table = bundled()[0]
    shown = on_table(table)
    claimed = [e for e in shown if e.claimed]
    assert {e.workflow.kind.value for e in claimed} == {
        "replace", "accumulate", "accumulate-subsample",
    }  # fmt: skip
    assert all(e.fields == MOMENTS and e.table is table for e in claimed)
    assert any(not e.claimed for e in shown)


def test_the_bundled_tables_are_standardised():
    tables = bundled()
    assert [table.name for table in tables] == ["diabetes", "wine", "breast-cancer"]
    for table in tables:
        assert np.abs(table.rows.mean(axis=0)).max() < 1e-12
        assert np.abs(table.rows.std(axis=0) - 1).max() < 1e-12
        assert GaussianChain.from_data(table.rows, ddof=0).dim == table.rows.shape[1]


# --- regression ----------------------------------------------------------------------------------

LINEAR = list(regression.experiments())


def test_every_regression_field_has_a_simulated_twin():
    assert set(regression.TWINS) == set(REGRESSION_FIELDS)
    assert set(regression.TWINS.values()) == set(REGRESSION_SIMULATED)


def test_every_exact_regression_law_is_claimed_for_three_dimensions():
    claimed = {(e.workflow.kind, e.chain.design, e.chain.dim) for e in LINEAR}
    kinds = set(WorkflowKind) - {WorkflowKind.ACCUMULATE_SUBSAMPLE}
    assert claimed >= set(product(kinds, ("reused",), (1, 3, 10)))
    fresh = {WorkflowKind.REPLACE, WorkflowKind.ACCUMULATE, WorkflowKind.FRESH}
    assert claimed >= set(product(fresh, ("fresh",), (1, 3, 10)))
    for e in LINEAR:
        kind = {curve.kind for curve in e.theory().values()}
        assert kind <= {Kind.EXACT, Kind.UPPER}, "asymptotic claims go along a grid"


def test_every_engine_penalty_and_field_is_claimed():
    assert {e.method for e in LINEAR} == {"rows", "statistics", "rao-blackwell"}
    assert {e.chain.penalty for e in LINEAR if e.chain.ridge} == {"scaled", "fixed"}
    assert {field for e in LINEAR for field in e.fields} == set(REGRESSION_FIELDS)


def test_each_pair_of_engine_design_and_workflow_is_claimed_by_labels():
    drawn = {
        (e.method, e.chain.design, e.label) for e in LINEAR
        if e.method != "rao-blackwell" and e.design is None
    }  # fmt: skip
    for pair in ((0, 1), (0, 2), (1, 2)):
        assert len({tuple(one[i] for i in pair) for one in drawn}) == 4


def test_given_a_design_theory_and_engine_agree_to_rounding():
    """Without label noise nothing is drawn: no spread, and any discrepancy would be seen."""
    exact = [e for e in LINEAR if e.design is not None and e.method == "rao-blackwell"]
    assert {e.chain.ridges for e in exact} == {(0.2,), (0.0, 0.0, 0.2)}
    for found in check(exact):
        assert all(f.verdict is Verdict.AGREES for f in found)
        assert all((f.judgement.detectable == 0).all() for f in found)
    for found in check(exact[:1], perturb=1e-9):
        assert all(f.verdict is Verdict.DISAGREES for f in found)


def test_a_penalty_on_a_table_does_not_depend_on_its_unit():
    table = bundled()[0]
    large = RealTable("large", 1000 * table.rows)
    small, other = (regression.on_design(one)[-1].chain.ridge for one in (table, large))
    assert small == pytest.approx(0.1, rel=1e-12)
    assert other == pytest.approx(1e6 * small, rel=1e-12)


def test_claimed_errors_have_a_finite_variance():
    """Rows at least four away from the dimension, in every pool that a fit without ridge sees."""
    for e in LINEAR:
        if e.chain.ridge or e.chain.design == "reused":
            continue
        for t in range(1, e.generations + 1):
            assert abs(e.workflow.train_size(t) - e.chain.dim) >= 4, e.name


# --- kernel density ------------------------------------------------------------------------------

DENSITY = list(kde.experiments())


def test_every_density_field_has_a_simulated_twin():
    """Of the simulated ones `nll` has none: it is of test points that theory does not see."""
    assert set(kde.TWINS) == set(KDE_FIELDS)
    assert set(kde.TWINS.values()) == set(KDE_SIMULATED) - {"nll"}
    assert {field for e in DENSITY for field in e.fields} == set(KDE_FIELDS)


def test_every_workflow_kernel_and_truth_of_densities_is_claimed():
    for field in ("mise", "cloud_variance"):
        kinds = {e.workflow.kind for e in DENSITY if field in e.fields}
        assert kinds == set(WorkflowKind)
    squared = [e.chain for e in DENSITY if "mise" in e.fields]
    assert {chain.kernel for chain in squared} == set(KERNELS)
    names = {type(chain.truth).__name__ for chain in squared}
    assert names == {"Normal", "GaussianMixture", "Uniform", "Laplace", "StudentT", "SwissRoll"}


@pytest.mark.parametrize(
    "stem", ["kde/normal-0.8/accumulate", "kde/normal-0.2/anchored", "kde/blobs"]
)
def test_a_density_claim_that_is_off_by_two_percent_disagrees(stem: str):
    chosen = select([stem], DENSITY)
    for found in check(chosen, perturb=0.02):
        assert all(f.verdict is Verdict.DISAGREES for f in found)
