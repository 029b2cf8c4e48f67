"""The categorical claims are complete, have power, and fail when a formula is off by 2 %."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from montecarlo.categorical import FIELDS as SIMULATED
from theory.categorical import FIELDS, available
from theory.curve import Curve, Kind
from theory.workflow import WorkflowKind
from validation import categorical, claims
from validation.calibrated import Verdict
from validation.check import check

EXPERIMENTS = list(categorical.experiments())


class Raised(categorical.CategoricalExperiment):
    """Curves 20 % above what theory says."""

    def theory(self) -> dict[str, Curve]:
        return {
            name: Curve(1.2 * curve.values, curve.kind, curve.source)
            for name, curve in super().theory().items()
        }


def test_every_field_has_a_simulated_twin():
    assert set(categorical.TWINS) == set(FIELDS)
    assert set(categorical.TWINS.values()) == set(SIMULATED)


def test_every_field_is_claimed_for_every_constructor_that_has_it():
    for kind in WorkflowKind:
        those = [e for e in EXPERIMENTS if e.workflow.kind is kind]
        known = {f for e in those for f in available(e.chain, e.workflow, e.generations)}
        assert {f for e in those for f in e.fields} == known
    assert {e.method for e in EXPERIMENTS} == {"auto", "rows"}


def test_the_family_is_part_of_the_report():
    assert "categorical" in claims.FAMILIES
    names = {e.name for e in claims.select(["categorical"], list(claims.every()))}
    assert names == {e.name for e in EXPERIMENTS}


def test_every_claimed_value_is_finite_and_of_a_kind_that_a_run_can_test():
    for e in EXPERIMENTS:
        for field, curve in e.theory().items():
            assert np.isfinite(curve.values).all(), (e.name, field)
            assert curve.kind in (Kind.EXACT, Kind.LOWER)


@pytest.mark.parametrize("label", ["replace", "accumulate-subsample", "fresh-weighted"])
def test_a_formula_that_is_off_disagrees(label):
    """By 6 % where 3 % are resolved: a ninth of the runs that 2 % and 1 % take."""
    (e,) = (
        e for e in EXPERIMENTS if e.label == label and e.truth == "zipf10" and e.method == "auto"
    )
    for found in check([e], resolve=0.03):
        assert all(f.verdict is Verdict.AGREES for f in found)
    for found in check([e], resolve=0.03, perturb=0.06):
        assert all(f.verdict is Verdict.DISAGREES for f in found)


def test_a_formula_that_is_off_by_two_per_cent_disagrees():
    """Every field of every category's law, one experiment each, at the report's own resolution."""
    chosen = [
        next(e for e in EXPERIMENTS if set(names) <= set(e.fields) and e.label == "replace")
        for names in (categorical.MOMENTS + categorical.SPECTRUM, categorical.COLLAPSE)
    ]
    for found in check(chosen, perturb=0.02):
        assert all(f.verdict is Verdict.DISAGREES for f in found)


def test_a_bound_raised_above_the_survivors_disagrees():
    """The bound is up to 11 % below them: raised by 20 % it is no bound any more."""
    (e,) = (e for e in EXPERIMENTS if e.label == "replace-bound")
    ((sound,),) = check([e], resolve=0.05)
    assert sound.verdict is Verdict.AGREES
    assert (sound.slack < 1).all()
    raised = Raised(**{field.name: getattr(e, field.name) for field in fields(e)})
    ((false,),) = check([raised], resolve=0.05)
    assert false.verdict is Verdict.DISAGREES


def test_too_few_runs_do_not_agree():
    e = replace(EXPERIMENTS[0], generations=2)
    ((first, *_),) = check([e], replicates=2000)
    assert first.verdict is Verdict.UNDERPOWERED
    assert math.isfinite(first.needed)
