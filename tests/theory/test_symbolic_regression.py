"""The derivations of linear regression: against simulated Wishart matrices, and what they say."""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
import sympy

from theory.regression import RegressionChain
from theory.symbolic import density_shift, wishart
from theory.symbolic.catalogue import derivations, of_regression
from theory.symbolic.derivation import Derivation, Formula, latex, vanishes
from theory.symbolic.letters import d, n, signal
from theory.symbolic.regression_moments import by_hand, by_parts, expected
from theory.workflow import Workflow

Array = npt.NDArray[np.float64]

# Two-sided normal tail beyond 5.5 is 4e-8: the nine comparisons here fail by chance with a
# probability below 4e-7 (and not at all once they passed, the seeds being fixed).
FAR = 5.5
DRAWS = 60_000


@cache
def derived(workflow: str) -> tuple[Derivation, ...]:
    return derivations("regression", workflow)


def found(workflow: str, field: str, title: str = "") -> Formula:
    """The formula of that field whose title has those words."""
    fitting = [
        one.formula for one in derived(workflow) if one.formula.name == field and title in one.title
    ]
    return fitting[0]


# --- moments, against simulated Gram matrices ----------------------------------------------------


def simulated(statistic: Callable[[Array], Array], rows: int, dim: int, value: float) -> None:
    """The mean of a statistic of the rows, axes (draw, row, feature), is the value, to 2 %."""
    x = np.random.default_rng(20240603).standard_normal((DRAWS, rows, dim))
    sample = statistic(x)
    error = sample.std() / math.sqrt(DRAWS)
    assert FAR * error < 0.02 * value  # a formula 2 % off would be seen half the time or more
    assert abs(sample.mean() - value) < FAR * error


def traces(power: int) -> Callable[[Array], Array]:
    """tr (X'X)^-power of every draw."""
    return lambda x: np.asarray(
        (np.linalg.eigvalsh(np.swapaxes(x, 1, 2) @ x) ** -power).sum(axis=1)
    )


def squared_trace(x: Array) -> Array:
    return traces(1)(x) ** 2


def contraction_by(part: int) -> Callable[[Array], Array]:
    """tr A G^-2 A / d of every draw, A the Gram matrix of the first rows."""

    def statistic(x: Array) -> Array:
        first = np.swapaxes(x[:, :part], 1, 2) @ x[:, :part]
        step = np.linalg.solve(np.swapaxes(x, 1, 2) @ x, first)
        return np.asarray((step**2).sum(axis=(1, 2)) / x.shape[2])

    return statistic


@pytest.mark.parametrize(
    ("name", "statistic"),
    [
        ("inverse_trace", traces(1)),
        ("inverse_square_trace", traces(2)),
        ("inverse_trace_square", squared_trace),
    ],
)
def test_moments_of_simulated_gram_matrices(name: str, statistic: Callable[[Array], Array]) -> None:
    simulated(statistic, 16, 3, found("replace", name).value(n=16, d=3))


def test_the_mean_trace_of_simulated_wide_designs() -> None:
    value = found("replace", "inverse_trace", "pseudo").value(n=3, d=16)
    simulated(lambda x: traces(1)(np.swapaxes(x, 1, 2)), 3, 16, value)


@pytest.mark.parametrize(("synthetic", "real"), [(12, 4), (3, 13), (15, 1)])
def test_the_contraction_of_simulated_pools(synthetic: int, real: int) -> None:
    value = found("fresh", "contraction").value(n=synthetic, N=real, d=4)
    simulated(contraction_by(synthetic), synthetic + real, 4, value)


def test_the_budget_factor_of_simulated_rows() -> None:
    """m times the contraction by one row."""
    value = found("accumulate-subsample", "contraction").value(m=16, d=4)
    one = contraction_by(1)
    simulated(
        lambda x: sum((one(np.roll(x, at, axis=1)) for at in range(16)), 0 * one(x)), 16, 4, value
    )


def test_one_run_scatters_as_the_second_moments_say() -> None:
    """Variance of z'z, z ~ N(0, G^-1): its fourth moment makes the standard error."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal((DRAWS, 24, 4))
    noise = rng.standard_normal((DRAWS, 24, 1))
    moment = np.swapaxes(x, 1, 2)
    errors = (np.linalg.solve(moment @ x, moment @ noise) ** 2).sum(axis=(1, 2))
    centred = (errors - found("replace", "excess_test_error").value(t=1, n=24, d=4, sigma=1)) ** 2
    value = found("replace", "excess_test_error_std").value(t=1, n=24, d=4, sigma=1) ** 2
    standard_error = centred.std() / math.sqrt(DRAWS)
    assert FAR * standard_error < 0.15 * value
    assert abs(centred.mean() - value) < FAR * standard_error


# --- moments, by two derivations -----------------------------------------------------------------


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("rows", [8, 11])
def test_the_shifted_density_knows_what_parts_gives(dim: int, rows: int) -> None:
    square, product = (rows - dim) * (rows - dim - 1) * (rows - dim - 3), rows - dim - 2
    assert density_shift.inverse_trace(dim, rows) == Fraction(dim, rows - dim - 1)
    assert density_shift.inverse_square_trace(dim, rows) == Fraction(dim * (rows - 1), square)
    assert density_shift.inverse_trace_square(dim, rows) == Fraction(
        dim * (dim * product + 2), square
    )


@pytest.mark.parametrize("dim", [1, 2, 3, 4])
def test_mean_determinants_by_pairings_are_products_of_chi_squares(dim: int) -> None:
    assert vanishes(wishart.determinant_moment(dim) - density_shift.determinant_power(dim, 1))


@pytest.mark.parametrize("field", [(1,), (2, -1), (-3, 1, -2), (0, 2)])
def test_integration_by_parts_is_checked_against_derivatives(field: tuple[int, ...]) -> None:
    assert by_hand(*field) == 0


def test_integration_by_parts_gives_the_moments_that_pairings_give() -> None:
    """E tr G^2 from F = X G, E (tr G)^2 from F = X tr G."""
    known = {wishart.k: n, sympy.Symbol("s_1"): d, sympy.Symbol("s_2"): d}
    moments = {powers: wishart.trace_moment(powers).subs(known) for powers in ((1,), (2,), (1, 1))}
    values = {expected(2): moments[2,], expected(1, 1): moments[1, 1], expected(1): moments[1,]}
    for field in ((1,), (0, 1)):
        left, right = by_parts(*field)
        assert left in values
        assert vanishes((left - right).subs(values))


# --- what the formulas say -----------------------------------------------------------------------


@pytest.mark.parametrize(("phi", "value"), [(Fraction(1, 10), 1.5994), (Fraction(9, 10), 1.0941)])
def test_the_proportional_limit_of_the_reference(phi: Fraction, value: float) -> None:
    assert found("accumulate", "proportional_limit_ratio").value(phi=phi) == pytest.approx(
        value, abs=5e-5
    )


def test_as_many_rows_as_twice_the_features_settle_at_two_log_two() -> None:
    ratio = found("accumulate", "proportional_limit_ratio")
    assert vanishes(ratio.at(phi=Fraction(1, 2)) - 2 * sympy.log(2))


@pytest.mark.parametrize("n", [12, 30, 1000])
def test_a_fresh_design_stays_below_the_bound_of_a_reused_one(n: int) -> None:
    ratio = found("accumulate", "limit_ratio")
    values = [ratio.value(n=n, d=d) for d in (1, 5, 10)]
    assert math.pi**2 / 6 > values[0] > values[1] > values[2] > 1


def test_no_schedule_doubles_generation_one() -> None:
    bound = found("accumulate", "ratio_bound")
    values = [bound.value(N=n, d=10) for n in (12, 20, 100, 10**6)]
    assert values == sorted(values)
    assert values[0] > 1
    assert 1.9999 < values[-1] < 2


def test_real_rows_contract_the_error_from_one_more_than_the_features_on() -> None:
    """And with fewer only if there are synthetic rows enough."""
    factor = found("fresh", "contraction")
    for dim in (1, 2, 5):
        for real in range(dim + 1, dim + 4):
            assert all(factor.at(n=n, N=real, d=dim) < 1 for n in (1, 2, dim, 10 * dim))
    assert [factor.at(n=n, N=1, d=10) < 1 for n in (11, 14, 15, 19, 100)] == [
        False, False, True, True, True
    ]  # fmt: skip


def test_without_real_rows_nothing_contracts() -> None:
    assert found("fresh", "contraction").at(n=9, N=0, d=3) == 1


def test_the_contraction_in_one_dimension_is_a_beta_moment() -> None:
    factor = found("fresh", "contraction")
    for rows, total in ((1, 3), (5, 9), (2, 11)):
        beta = Fraction(rows * (rows + 2), total * (total + 2))
        assert factor.at(n=rows, N=total - rows, d=1) == beta


def test_a_relabelled_budget_is_bounded_from_twice_the_features_plus_one_on() -> None:
    exponent = found("accumulate-subsample", "growth_exponent")
    for dim in (1, 2, 7, 30):
        assert all(exponent.at(m=m, d=dim) > 0 for m in range(dim + 2, 2 * dim + 1))
        assert all(exponent.at(m=m, d=dim) < 0 for m in range(2 * dim + 1, 2 * dim + 9))


def test_the_interpolation_peak_is_passed_once_and_for_good() -> None:
    error = found("accumulate", "excess_test_error", "of least norm under")
    values = [float(error.at(t=t, n=5, d=12, sigma=1, r=0)) for t in range(1, 6)]
    jumps = np.diff(values)
    assert values[0] == 5 / 6
    assert np.argmax(jumps) == 0  # from 5 to 10 rows of 12 features
    assert (jumps > 0).all()


def test_digamma_is_printed_as_psi_and_differences_are_exact() -> None:
    error = found("accumulate", "excess_test_error", "of regression under")
    assert r"\psi{\left(t + 1 \right)}" in error.latex
    assert "polygamma" not in latex(sympy.digamma(signal))
    assert error.at(t=3, n=7, d=4, sigma=1) == 4 * (
        Fraction(1, 2) + Fraction(1, 2 * 9) + Fraction(1, 3 * 16)
    )


# --- the closed form of a curve ------------------------------------------------------------------

ENOUGH = RegressionChain(3, noise=0.5)
REUSED = RegressionChain(3, noise=0.5, design="reused")
WIDE = RegressionChain(12, noise=0.5, weights_norm=2.0, covariance=3 * np.eye(12))
WIDE_REUSED = RegressionChain(12, noise=0.5, design="reused", weights_norm=2.0)

CLOSED = [
    (ENOUGH, Workflow.replace(8)),
    (ENOUGH, Workflow.sliding_window(8, 1)),
    (ENOUGH, Workflow.accumulate(5)),
    (ENOUGH, Workflow.fresh(6, 9)),
    (REUSED, Workflow.replace(8)),
    (REUSED, Workflow.accumulate(8)),
    (REUSED, Workflow.anchored(8, 8)),
    (REUSED, Workflow.fresh(8, 8)),
    (REUSED, Workflow.fresh(8, 8, weight=0.25)),
    (WIDE, Workflow.replace(5)),
    (WIDE, Workflow.accumulate(5)),
    (WIDE_REUSED, Workflow.accumulate(4)),
    (WIDE_REUSED, Workflow.fresh(4, 4, weight=0.25)),
]


@pytest.mark.parametrize(("chain", "workflow"), CLOSED, ids=str)
def test_bias_and_variance_add_up_and_generation_one_is_one_fit(
    chain: RegressionChain, workflow: Workflow
) -> None:
    error, bias, variance = (
        of_regression(chain, workflow, field) for field in ("excess_test_error", "bias", "variance")
    )
    assert error is not None
    assert bias is not None
    assert variance is not None
    assert (error.name, bias.name, variance.name) == ("excess_test_error", "bias", "variance")
    for t in (1, 2, 5):
        assert error.at(t=t) == bias.at(t=t) + variance.at(t=t)
    rows, dim = workflow.real_rows(1), chain.dim
    gain = Fraction(dim, rows - dim - 1) if rows > dim else Fraction(rows, dim - rows - 1)
    signal_left = 0 if rows > dim else 4 * (1 - Fraction(rows, dim)) * int(chain.matrix[0, 0])
    assert variance.at(t=1) == gain / 4
    assert bias.at(t=1) == signal_left


@pytest.mark.parametrize(
    ("chain", "workflow"),
    [
        (ENOUGH, Workflow.replace(4)),
        (ENOUGH, Workflow.replace((8, 9))),
        (ENOUGH, Workflow.anchored(8, 8)),
        (ENOUGH, Workflow.sliding_window(8, 2)),
        (ENOUGH, Workflow.accumulate_subsample(8)),
        (ENOUGH, Workflow.fresh(8, 8, weight=0.25)),
        (ENOUGH, Workflow.fresh(4, 8)),
        (REUSED, Workflow.accumulate_subsample(8)),
        (REUSED, Workflow.fresh(9, 8)),
        (WIDE, Workflow.accumulate(4)),
        (WIDE, Workflow.accumulate(11)),
        (RegressionChain(3, noise=[0.5, 1.0]), Workflow.replace(8)),
        (RegressionChain(3, ridge=0.1), Workflow.replace(8)),
        (RegressionChain(3, covariance=np.diag([1.0, 2.0, 3.0])), Workflow.replace(1)),
    ],
    ids=str,
)
def test_no_formula_where_none_is_derived(chain: RegressionChain, workflow: Workflow) -> None:
    assert of_regression(chain, workflow, "excess_test_error") is None


def test_a_field_that_is_none_of_the_family_has_no_formula() -> None:
    assert of_regression(ENOUGH, Workflow.replace(8), "mean_error") is None


def test_the_closed_form_does_not_depend_on_the_covariance_with_rows_enough() -> None:
    tilted = RegressionChain(2, covariance=[[2.0, 0.5], [0.5, 1.0]])
    formula = of_regression(tilted, Workflow.accumulate(7), "excess_test_error")
    assert formula == of_regression(RegressionChain(2), Workflow.accumulate(7), "excess_test_error")


def test_errors_are_linear_in_the_noise_variance_and_the_signal() -> None:
    """What bias and variance rest on."""
    errors = [
        one
        for workflow in ("replace", "accumulate", "anchored", "fresh")
        for one in derived(workflow)
        if one.formula.name == "excess_test_error"
    ]
    assert len(errors) == 15
    for one in errors:
        rows, dim = (5, 12) if "least norm" in one.title else (7, 3)
        fixed = one.formula.of(t=3, n=rows, d=dim, N=7, w=Fraction(1, 3))
        assert fixed.at(sigma=2, r=0) == 4 * fixed.at(sigma=1, r=0) > 0
        moved = fixed.at(sigma=1, r=1) - fixed.at(sigma=1, r=0)
        assert fixed.at(sigma=1, r=3) - fixed.at(sigma=1, r=0) == 3 * moved
