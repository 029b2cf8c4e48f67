"""The claims of verified regression are complete, and fail when a formula is off by 2 %."""

import pytest

from montecarlo.verification import FIELDS as SIMULATED
from theory.verification import FIELDS
from theory.verification.rounds import SOLVED
from validation import claims, verification
from validation.calibrated import Verdict
from validation.check import check

EXPERIMENTS = list(verification.experiments())


def test_every_field_has_a_simulated_twin_and_a_claim():
    assert set(verification.TWINS) == set(FIELDS)
    assert set(verification.TWINS.values()) == set(SIMULATED)
    assert {field for e in EXPERIMENTS for field in e.fields} == set(FIELDS)


def test_every_solved_workflow_is_claimed_by_both_engines():
    claimed = {(e.workflow.kind, e.method) for e in EXPERIMENTS}
    assert claimed >= {(kind, method) for kind in SOLVED for method in ("rows", "statistics")}
    assert {e.chain.counts for e in EXPERIMENTS} == {"accepted", "generated"}


@pytest.mark.parametrize(
    "stem", ["verification/biased/fresh/n10/statistics", "verification/generated"]
)
def test_a_claim_that_is_off_by_two_percent_disagrees(stem):
    for found in check(claims.select([stem], EXPERIMENTS), perturb=0.02):
        assert all(f.verdict is Verdict.DISAGREES for f in found)
