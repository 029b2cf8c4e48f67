"""The planner's claims: every inverse answer has both sides, and theory is on the right one."""

from theory.curve import Kind
from validation import claims, planner
from validation.experiment import claim_names

BOTH = {
    "real-rows", "real-rows-window", "window", "window-exponent", "weight-kept", "weight-new",
    "budget", "regression-budget", "best-round", "verifier-width",
}  # fmt: skip


def test_every_answer_is_tested_at_it_and_beside_it():
    sides = {}
    for one in planner.experiments():
        sides.setdefault(one.question, set()).add(one.side)
    assert all({"at"} < sides[question] for question in BOTH)
    assert sides.keys() - BOTH == {"best-weight"}
    assert sides["best-weight"] == {"below", "above"}  # both less the error at the best weight


def test_criteria_are_apart_from_the_threshold_by_more_than_is_resolved():
    """1 % and more on the right side: what the simulation is to see, and does not by chance."""
    for one in planner.experiments():
        if one.threshold is None:
            continue
        ratio = one.criterion / one.threshold
        assert ratio < 0.99 if one.side == "at" else ratio > 1.01
        bound = one.theory()[one.fields[1]]
        assert bound.kind is (Kind.UPPER if one.side == "at" else Kind.LOWER)


def test_the_best_weight_and_round_are_least():
    by_name = {one.name: one for one in planner.experiments()}
    assert by_name["planner/best-weight/below"].criterion > 0
    assert by_name["planner/best-weight/above"].criterion > 0
    least = by_name["planner/best-round/at"].criterion
    assert least < by_name["planner/best-round/below"].criterion
    assert least < by_name["planner/best-round/above"].criterion


def test_the_claims_are_listed():
    every = list(planner.experiments())
    assert "planner" in claims.FAMILIES
    assert {name for one in every for name in claim_names(one)} >= {"planner/budget/at/within"}
