"""Verified regression: the reference's numbers, nested integrals, and properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles import verified_regression as oracle
from theory.curve import Kind
from theory.verification import (
    FIELDS,
    Phase,
    VerifiedChain,
    available,
    best_round,
    contraction,
    curves,
    first_round_expansion,
    phase,
    phase_diagram,
    phase_error,
    rows_to_gain,
)
from theory.verification.means import Rule, compressed, mean_of, means_between, one
from theory.verification.rounds import laws, real_fit, steady_second_moment
from theory.verification.truncated import accepted
from theory.workflow import UnsupportedWorkflow, Workflow

SOLVED = {
    "replace": Workflow.replace((1, 9, 7)),
    "accumulate": Workflow.accumulate((1, 9, 7)),
    "anchored": Workflow.anchored(1, (1, 9, 7)),
    "fresh": Workflow.fresh(1, (1, 9, 7)),
}


# --- one accepted variate -----------------------------------------------------------------------


@pytest.mark.parametrize("half_width", [0.01, 0.3, 1.0, 2.5, 8.0, 100.0])
@pytest.mark.parametrize("u", [0.0, -0.4, 1.0, 2.7, -9.0, 40.0])
def test_moments_are_the_closed_forms_in_sixty_digits(u, half_width):
    """240 terms in the sum, and a quadrature error below them."""
    found = accepted(u, half_width)
    share, mean, variance, third = oracle.moments(u, half_width, 900)
    if share > 0:
        assert float(found.log_share) == pytest.approx(math.log(share), rel=1e-12, abs=1e-13)
    assert float(found.mean) == pytest.approx(mean, rel=1e-12, abs=1e-14)
    assert float(found.variance) == pytest.approx(variance, rel=1e-11, abs=0)
    assert float(found.third) == pytest.approx(third, abs=1e-12 * variance**1.5 + 1e-14)


def test_the_contraction_is_the_reference_s():
    printed = {0.3: 0.02964, 0.5: 0.08059, 1: 0.29113, 1.5: 0.55152, 2: 0.77374, 3: 0.97334}
    for half_width, rho in printed.items():
        density = math.exp(-(half_width**2) / 2) / math.sqrt(2 * math.pi)
        closed = 1 - 2 * half_width * density / math.erf(half_width / math.sqrt(2))
        assert contraction(half_width) == pytest.approx(closed, rel=1e-13)
        assert contraction(half_width) == pytest.approx(rho, abs=5.1e-6)
    assert contraction(math.inf) == 1.0
    with pytest.raises(ValueError, match=r"half_width must be > 0, got -1"):
        contraction(-1)


@given(st.floats(0.05, 6), st.floats(0, 10), st.floats(0, 10))
def test_a_round_contracts_and_does_not_mirror(half_width, u, other):
    low, high = sorted((u, other))
    gap = float(accepted(high, half_width).mean - accepted(low, half_width).mean)
    rho = contraction(half_width)
    assert -1e-12 <= gap <= rho * (high - low) + 1e-12
    mirrored = float(accepted(-u, half_width).mean)
    assert mirrored == pytest.approx(-float(accepted(u, half_width).mean), abs=1e-15)


# --- means of many ------------------------------------------------------------------------------


def test_rules_of_means_have_the_moments_of_means():
    u = np.array([-1.5, 0.0, 0.7, 6.0])
    each = accepted(u, 1.0)
    for n in (1, 2, 7, 64, 1000):
        rule = mean_of(one(u, 1.0, 10), n)
        gap = rule.nodes - each.mean[:, None]
        assert rule.weights.sum(axis=1) == pytest.approx(1, abs=1e-13)
        assert (rule.weights > 0).all()
        assert (rule.weights * gap**2).sum(axis=1) * n == pytest.approx(each.variance, rel=1e-11)
        third = (rule.weights * gap**3).sum(axis=1) * n**2
        assert third == pytest.approx(each.third, abs=1e-11 * n**0.5)
    *_, last = means_between(one(u, 1.0, 10), 5, 7)
    assert last.nodes == pytest.approx(mean_of(one(u, 1.0, 10), 7).nodes, abs=1e-9)


def test_compressing_keeps_every_polynomial_of_degree_twice_the_order_less_one():
    points = np.random.default_rng(1).normal(size=(3, 50))
    weights = np.full((3, 50), 0.02)
    rule = compressed(points, weights, 5)
    assert isinstance(rule, Rule)
    for degree in range(10):
        expected = (weights * points**degree).sum(axis=1)
        assert (rule.weights * rule.nodes**degree).sum(axis=1) == pytest.approx(expected, rel=1e-9)


# --- rounds -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("d", "half_width", "squared", "rows", "expected"),
    [
        (0, 1, 20, 50, 0.009952),
        (0.3, 1, 20, 50, 0.055438),
        (0.5, 1.5, 20, 200, 0.069947),
        (1, 2, 50, 1000, 0.089641),
    ],
)
def test_one_round_is_the_reference_s(d, half_width, squared, rows, expected):
    chain = VerifiedChain((math.sqrt(squared),), half_width, -d)
    found = curves(chain, Workflow.replace(rows), 2).squared_error
    assert found[2] == pytest.approx(expected, abs=5.1e-7)
    assert found.kind is Kind.EXACT
    leading = first_round_expansion(d, math.sqrt(squared), half_width, rows)
    assert leading == pytest.approx(found[2], abs=4 / squared**2)


def test_the_fraction_that_secondary_accounts_print_is_refuted():
    """(m2 + m1^2)/n + ... in place of m2/n + m1^2: off by m1^2 = 0.045 at d = 0.3."""
    m1 = float(accepted(0.3, 1.0).mean) - 0.3
    exact = curves(VerifiedChain((20**0.5,), 1.0, -0.3), Workflow.replace(50), 2).squared_error[2]
    right = first_round_expansion(0.3, 20**0.5, 1.0, 50)
    assert abs(right - exact) < 2e-4 < 0.04 < abs(right - m1**2 * (1 - 1 / 50) - exact)


@pytest.mark.parametrize("rows", [1, 2])
def test_two_rounds_are_nested_integrals(rows):
    known = oracle.two_rounds(0.4, 3.0, 1.2, rows)
    chain = VerifiedChain((3.0,), 0.9, -0.4, slack=0.3)
    found = curves(chain, Workflow.replace(rows), 3)
    for t, (squared, distance) in enumerate(known, start=1):
        assert found.squared_error[t] == pytest.approx(squared, rel=1e-9)
        assert found.verifier_error[t] == pytest.approx(distance, rel=1e-9)


@pytest.mark.parametrize("name", SOLVED)
@pytest.mark.parametrize("half_width", [0.3, 1.0, 3.0])
def test_twice_as_many_nodes_change_nothing(name, half_width):
    """The measured error of the exact law: below 1e-9 of every moment."""
    found = []
    for order in (10, 20) if name != "anchored" else (6, 10):
        rules = laws(0.5, 3.0, half_width, SOLVED[name], 5, order=order)
        found.append([[r.weights[0] @ (r.nodes[0] - x) ** 2 for x in (0, 0.5)] for r in rules])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


@pytest.mark.parametrize("name", SOLVED)
def test_every_workflow_is_the_label_by_label_procedure(name):
    """4,000 runs, 5.5 standard errors (4e-8 falsely each): off by 12 % would be seen."""
    rng = np.random.default_rng(6)
    u = oracle.label_by_label(name, 0.5, 2.0, 1.0, 7, 4, 4000, rng)
    flow = {
        "replace": Workflow.replace(7),
        "accumulate": Workflow.accumulate(7),
        "anchored": Workflow.anchored(1, 7),
        "fresh": Workflow.fresh(1, 7),
    }[name]
    known = curves(VerifiedChain((2.0,), 1.0, -0.5), flow, 4)
    for field, target in (("squared_error", 0.5), ("verifier_error", 0.0)):
        sample = (u - target) ** 2
        error = sample.std(axis=1) / math.sqrt(4000)
        assert (np.abs(sample.mean(axis=1) - known[field].values[1:]) < 5.5 * error).all()
        assert known[field].std[1:] == pytest.approx(sample.std(axis=1), rel=0.15)


def test_the_bound_holds_and_is_sharp_at_first():
    known = curves(VerifiedChain((3.0, 4.0), 1.2, 0.2), Workflow.replace((1, 12, 30)), 12)
    slack = known.verifier_error_upper.values[2:] / known.verifier_error.values[2:]
    assert (slack >= 1).all()
    assert slack.max() < 1.2
    assert known.verifier_error_upper.kind is Kind.UPPER


def test_the_steady_state_is_where_rounds_end():
    known = curves(VerifiedChain((30**0.5,), 1.0), Workflow.replace(30), 40)
    assert known.verifier_error[40] == pytest.approx(known.verifier_error.limit, rel=1e-10)
    assert known.verifier_error.limit == pytest.approx(steady_second_moment(1.0, 30, degree=90))
    rho = contraction(1.0)
    assert rho / (30 * (1 - rho**2)) == pytest.approx(0.010603, abs=5e-7)
    gaps = [steady_second_moment(1.0, n) * n * (1 - rho**2) / rho - 1 for n in (100, 400, 1600)]
    assert gaps[0] / gaps[1] == pytest.approx(4, rel=0.05)
    assert gaps[1] / gaps[2] == pytest.approx(4, rel=0.05)


def test_generated_rows_mix_accepted_counts():
    """Two rows written: none, one or two are accepted."""
    chain = VerifiedChain((3.0,), 1.0, -0.4, counts="generated")
    found = curves(chain, Workflow.replace(2), 2)
    rule = real_fit(0.4, 3.0)
    u, w = rule.nodes[0], rule.weights[0]
    each = accepted(u, 1.0)
    p = np.exp(each.log_share)
    bias = (each.mean - 0.4) ** 2
    one_row, two_rows = bias + each.variance, bias + each.variance / 2
    known = w @ ((1 - p) ** 2 * (u - 0.4) ** 2 + 2 * p * (1 - p) * one_row + p**2 * two_rows)
    assert found.squared_error[2] == pytest.approx(known, rel=1e-10)
    assert found.acceptance[2] == pytest.approx(w @ p, rel=1e-12)


def test_an_infinite_radius_is_the_unfiltered_chain():
    chain = VerifiedChain((3.0, 5.0), 1e6, 0.1)
    wide = curves(chain, Workflow.accumulate(6), 4)
    free = curves(chain.unfiltered(), Workflow.accumulate(6), 4)
    assert wide.squared_error.values == pytest.approx(free.squared_error.values, rel=1e-9)
    assert free.acceptance.values.tolist() == [1.0] * 5


def test_without_bias_verification_beats_replace_and_a_biased_one_does_not_for_ever():
    good = curves(VerifiedChain((3.0,), 1.0), Workflow.replace(20), 20)
    assert (good.squared_error.values[2:] < good.unfiltered_error.values[2:]).all()
    biased = curves(VerifiedChain((3.0,), 1.0, 0.38), Workflow.replace(1000), 20)
    assert biased.best_round == 1
    assert biased.squared_error[20] > biased.squared_error[1] > biased.squared_error[2]


# --- phases -------------------------------------------------------------------------------------


def test_phases_say_what_their_curve_does():
    for x, half_width in ((0.9, 1.0), (1.1, 1.0), (1.3, 1.0), (1.4, 1.0), (3.0, 2.0)):
        values = phase_error(x, 1.0, half_width, 60).values[1:]
        expected = Phase.ALWAYS if (values[1:] <= 1).all() else Phase.REVERSAL
        expected = Phase.HARM if values[1] > 1 else expected
        assert phase(x, half_width) is expected
    assert best_round(0.0, 1.0) == math.inf


def test_the_diagram_is_the_curves():
    mu = 20**0.5
    for rounds, within in ((1, 1e-9), (2, 1e-4), (4, 1e-4)):
        diagram = phase_diagram(
            [0.0, 0.7, 2.5], [0.2, 1.0, 3.5], singular_value=mu, rows=50, rounds=rounds
        )
        for i, half_width in enumerate((0.2, 1.0, 3.5)):
            for j, x in enumerate((0.0, 0.7, 2.5)):
                chain = VerifiedChain((mu,), half_width, x / mu)
                exact = curves(chain, Workflow.replace(50), rounds + 1).squared_error[-1] * 20
                assert diagram.ratios[i, j] == pytest.approx(exact, rel=within)


def test_break_even_is_where_the_ratio_is_one():
    mu = 20**0.5
    grid = np.linspace(0, 3, 301)
    diagram = phase_diagram(grid, [0.5, 3.5], singular_value=mu, rows=50)
    assert diagram.break_even[1] == 0
    edge = float(diagram.break_even[0])
    exact = phase_diagram([edge], [0.5], singular_value=mu, rows=50).ratios[0, 0]
    assert exact == pytest.approx(1, abs=1e-4)


def test_rows_to_gain_is_where_an_unbiased_verifier_breaks_even():
    """Leading order in 1/mu: the exact number of rows is within 5 % at mu^2 = 400."""
    mu = 20.0
    n = rows_to_gain(mu, 1.0)
    for share, gains in ((0.95, False), (1.05, True)):
        rows = round(share * n)
        ratio = phase_diagram([0.0], [1.0], singular_value=mu, rows=rows).ratios[0, 0]
        assert (ratio < 1) == gains


# --- refusals -----------------------------------------------------------------------------------


def test_what_is_absent_says_why():
    window = Workflow.sliding_window(5, 2)
    chain = VerifiedChain((3.0,), 1.0)
    assert available(chain, window) == ()
    with pytest.raises(UnsupportedWorkflow, match="several earlier ones"):
        _ = curves(chain, window, 3).squared_error
    with pytest.raises(UnsupportedWorkflow, match="only whole batches are pooled"):
        curves(chain, Workflow.accumulate_subsample(5), 3)
    counted = VerifiedChain((3.0,), 1.0, counts="generated")
    with pytest.raises(UnsupportedWorkflow, match="all earlier counts"):
        _ = curves(counted, Workflow.accumulate(5), 3).squared_error
    assert available(chain, Workflow.replace(5)) == FIELDS
    with pytest.raises(ValueError, match="unknown field 'wealth'"):
        _ = curves(chain, Workflow.replace(5), 3)["wealth"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"radius": -1.0}, "radius must be > 0, got -1.0"),
        ({"radius": math.nan}, "radius must be > 0, got nan"),
        ({"singular_values": ()}, "singular_values must have at least one entry"),
        ({"singular_values": (1.0, 0.0)}, "singular_values must be > 0, got 0.0"),
        ({"centre": (1.0, 2.0, 3.0)}, "centre must have 1 or 2 entries"),
        ({"centre": math.nan}, "centre must be finite, got nan"),
        ({"noise": 0}, "noise must be finite and > 0, got 0"),
        ({"slack": -0.1}, "slack must be finite and >= 0, got -0.1"),
        ({"counts": "all"}, "counts must be one of accepted, generated, got 'all'"),
    ],
)
def test_a_bad_spec_is_quoted(given, message):
    with pytest.raises(ValueError, match=message):
        VerifiedChain(**({"singular_values": (2.0, 3.0), "radius": 1.0} | given))


def test_a_verifier_that_rejects_everything_is_refused():
    with pytest.raises(ValueError, match="the verifier rejects everything"):
        curves(VerifiedChain((2.0,), 1.0, centre=30.0), Workflow.replace(5), 2)
