"""The pages of the families: every quantity is known, every command repeats its claim."""

import shlex
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from theory.symbolic.catalogue import derivations
from validation import claims, families, formulas, gaussian, kde
from validation.__main__ import build_parser
from validation.check import check
from validation.formulas import mathml
from validation.quantities import FAMILIES, QUANTITIES

FACTS = {"resolve": 0.5, "perturb": 0.0, "data": None, "command": "python -m validation --all"}


@pytest.fixture(scope="module")
def experiments():
    return list(claims.every())


def test_every_claim_is_of_a_quantity_that_is_explained(experiments):
    named = {(e.name.split("/")[0], field) for e in experiments for field in e.fields}
    assert named == set(QUANTITIES)
    assert tuple(FAMILIES) == claims.FAMILIES


@pytest.mark.parametrize("key", QUANTITIES, ids="/".join)
def test_every_formula_becomes_an_element_without_left_over_latex(key):
    quantity = QUANTITIES[key]
    for latex in (quantity.definition, *(law for _, law in quantity.laws)):
        element = ET.fromstring(mathml(latex))
        assert element.tag == "math"
        assert "\\" not in "".join(element.itertext())


def test_closed_forms_are_those_that_are_derived_and_their_limits():
    found = formulas.derived("inflation")["inflation"]
    wanted = [
        one.title
        for workflow in ("replace", "accumulate", "accumulate-subsample", "sliding-window",
                         "anchored", "fresh")
        for one in derivations("inflation", workflow)
        if one.formula.name in ("inflation", "inflation_limit", "inflation_slope")
    ]  # fmt: skip
    assert [shown.title for shown in found] == wanted
    assert len(wanted) > 8
    assert ("n", "rows a batch") in found[3].letters


def test_the_command_of_a_claim_repeats_its_numbers_to_the_bit():
    """The second experiment of a run has another seed; alone it must be given that one."""
    chosen = claims.select(["gaussian/replace/ddof0/dim1/n2"], list(gaussian.experiments()))
    chosen = [*chosen, *list(kde.experiments())[:1]]
    assert len(chosen) > 2
    run = [f for group in check(chosen, seed=5, replicates=300, resolve=0.5) for f in group]
    again = families.commands(run, FACTS)
    assert set(again) == {finding.name for finding in run}
    for finding in run:
        _, _, _, *argv = shlex.split(again[finding.name])
        options = build_parser().parse_args(argv)
        alone = claims.select(options.claims, chosen)
        repeated = check(
            alone, seed=options.seed, replicates=options.replicates, resolve=options.resolve
        )
        (found,) = [f for group in repeated for f in group if f.name == finding.name]
        np.testing.assert_array_equal(found.mean, finding.mean)
    assert len({finding.seed for finding in run}) == len(chosen)


def test_names_that_go_on_from_another_are_counted(experiments):
    """A command's seed is right whatever else its name selects, for every claim of the report."""
    for place, experiment in enumerate(experiments):
        before = [e for e in experiments[:place] if f"{e.name}/".startswith(f"{experiment.name}/")]
        chosen = claims.select([experiment.name], experiments)
        assert chosen.index(experiment) == len(before)


def test_a_run_on_the_users_table_is_repeated_as_a_whole():
    (experiment,) = claims.select(
        ["gaussian/replace/ddof0/dim10/n12"], list(gaussian.experiments())
    )
    found = [f for group in check([experiment], replicates=100, resolve=0.5) for f in group]
    facts = {**FACTS, "data": "table.csv", "command": "python -m validation --data table.csv"}
    assert set(families.commands(found, facts).values()) == {facts["command"]}
