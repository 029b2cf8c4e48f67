"""Derivations prove themselves, and fail when they should."""

import dataclasses
import math
from fractions import Fraction
from functools import cache

import pytest
import sympy

from theory.symbolic import chi_square, wishart
from theory.symbolic.catalogue import CATALOGUE, derivations
from theory.symbolic.derivation import Derivation, DerivationError, Formula, Step, vanishes
from theory.symbolic.letters import MEANING, n, t
from theory.symbolic.recurrence import exponent, gamma_product, induction, root_sum, solved

COUNTS = {
    ("gaussian", "replace"): 10,
    ("gaussian", "accumulate"): 7,
    ("gaussian", "accumulate-subsample"): 14,
    ("gaussian", "anchored"): 2,
    ("gaussian", "fresh"): 4,
    ("inflation", "replace"): 1,
    ("inflation", "accumulate"): 2,
    ("inflation", "accumulate-subsample"): 4,
    ("inflation", "sliding-window"): 1,
    ("inflation", "anchored"): 1,
    ("inflation", "fresh"): 3,
    ("regression", "replace"): 11,
    ("regression", "accumulate"): 12,
    ("regression", "accumulate-subsample"): 4,
    ("regression", "anchored"): 3,
    ("regression", "fresh"): 9,
    ("kde", "replace"): 7,
    ("kde", "accumulate"): 6,
    ("kde", "anchored"): 2,
    ("kde", "fresh"): 2,
    ("categorical", "replace"): 7,
    ("categorical", "accumulate"): 4,
    ("categorical", "accumulate-subsample"): 6,
    ("categorical", "anchored"): 3,
    ("categorical", "fresh"): 6,
    ("verification", "replace"): 6,
    ("mitigations", "curation"): 4,
    ("mitigations", "labels"): 3,
    ("mitigations", "editing"): 3,
    ("mitigations", "truncation"): 3,
    ("mitigations", "regrowth"): 1,
    ("mitigations", "weights"): 2,
    ("mitigations", "fixed-real"): 1,
    ("mitigations", "stability"): 1,
    ("mitigations", "ensembles"): 2,
}
EVERY = [(*key, index) for key, count in COUNTS.items() for index in range(count)]


@cache
def derived(family: str, workflow: str) -> tuple[Derivation, ...]:
    return derivations(family, workflow)


def found(family: str, workflow: str, field: str, title: str = "") -> Formula:
    """The formula of that field whose title has those words."""
    fitting = [
        one.formula
        for one in derived(family, workflow)
        if one.formula.name == field and title in one.title
    ]
    return fitting[0]


def test_the_counts_are_those_of_the_catalogue() -> None:
    assert {key: len(derived(*key)) for key in CATALOGUE} == COUNTS


@pytest.mark.parametrize(("family", "workflow", "index"), EVERY)
def test_every_step_is_proved_and_every_check_passes(
    family: str, workflow: str, index: int
) -> None:
    derivation = derived(family, workflow)[index]
    statements = derivation.verify()
    assert len(statements) == len(derivation.checks) >= 1
    assert sum(len(step.zeros) for step in derivation.steps) >= 1


@pytest.mark.parametrize(("family", "workflow", "index"), EVERY)
def test_every_check_sees_a_formula_that_is_off_by_two_percent(
    family: str, workflow: str, index: int
) -> None:
    derivation = derived(family, workflow)[index]
    formula = derivation.formula
    for factor in (sympy.Rational(51, 50), sympy.Rational(49, 50)):
        off = dataclasses.replace(formula, expression=factor * formula.expression)
        for check in derivation.checks:
            with pytest.raises(DerivationError):
                check.compare(off)


@pytest.mark.parametrize(("family", "workflow", "index"), EVERY)
def test_every_derivation_names_letters_that_have_a_meaning(
    family: str, workflow: str, index: int
) -> None:
    formula = derived(family, workflow)[index].formula
    known = {str(letter) for letter in MEANING}
    words = {"tau", "delta", "sigma", "phi", "kappa", "V_0", "rho", "lamda", "beta", "psi", "mu"}
    assert known == {*"tnNmwkdurfHphvLcFabqgZe"} | words
    assert set(formula.letters) <= known
    assert formula.latex.count("{") == formula.latex.count("}")


# --- what is derived is what is known ------------------------------------------------------------


def test_the_sine_limit() -> None:
    limit = found("gaussian", "accumulate", "trace_ratio_limit")
    a = 1 / math.sqrt(10)
    assert limit.value(n=10) == pytest.approx(math.sin(math.pi * a) / (math.pi * a), rel=1e-14)


@pytest.mark.parametrize(
    ("workflow", "title", "equal", "value"),
    [
        ("accumulate", "", {}, sympy.pi**2 / 6),
        ("accumulate-subsample", "", {"n": 7, "m": 7}, sympy.pi**2 / 2 - 2),
        ("accumulate-subsample", "replacement", {"n": 7, "m": 7}, sympy.pi**2 / 3),
    ],
)
def test_the_limits_of_the_inflation(
    workflow: str, title: str, equal: dict[str, int], value: sympy.Expr
) -> None:
    limit = found("inflation", workflow, "inflation_limit", title)
    assert vanishes(limit.at(**equal) - value)


def test_a_subsample_of_one_batch_inflates_by_three_harmonic_sums_less_two() -> None:
    formula = found("inflation", "accumulate-subsample", "inflation")
    for at in range(1, 9):
        square = sum(Fraction(1, s * s) for s in range(1, at + 1))
        assert formula.at(t=at, n=6, m=6) == 3 * square - 2


def test_anchored_with_equal_sizes_tends_to_four_thirds() -> None:
    formula = found("inflation", "anchored", "inflation")
    for at in range(1, 9):
        assert formula.at(t=at, n=5, N=5) == Fraction(4, 3) - Fraction(4, 3) / 4**at


def test_the_best_weight_of_as_many_real_rows_is_the_golden_ratio_less_one() -> None:
    best = found("inflation", "fresh", "best_weight")
    assert vanishes(best.at(k=1) - (sympy.sqrt(5) - 1) / 2)


def test_the_slope_of_a_window() -> None:
    assert found("inflation", "sliding-window", "inflation_slope").at(w=5) == Fraction(1, 9)


def test_an_unbiased_subsample_grows_by_one_over_its_budget() -> None:
    """And its values at generation 10, 100, ... are those of the theory reference."""
    unbiased = "unbiased covariance under accumulate-subsample"
    growth = found("gaussian", "accumulate-subsample", "growth_exponent", unbiased)
    assert growth.at(m=5) == Fraction(1, 5)
    trace = found("gaussian", "accumulate-subsample", "trace_ratio", unbiased)
    values = [trace.value(t=10**power, n=5, m=5) for power in (1, 2, 3, 5, 6)]
    assert values == pytest.approx([1.05, 1.57, 2.48, 6.22, 9.86], abs=0.005)


def test_a_cold_chain_shrinks_by_one_minus_its_temperature() -> None:
    """The whole pool: tau - 1. A subsample of m rows: less by what it trains on."""
    whole = found("gaussian", "accumulate", "growth_exponent")
    assert whole.at(tau=Fraction(3, 4)) == Fraction(-1, 4)
    part = found("gaussian", "accumulate-subsample", "growth_exponent", "trace under")
    cold = {"tau": Fraction(3, 4), "m": 10}
    assert part.at(delta=0, **cold) == Fraction(-1, 4) * Fraction(9, 10)
    assert part.at(delta=1, **cold) == Fraction(-1, 4) + Fraction(1, 10)


# --- a derivation that is wrong ------------------------------------------------------------------


def test_a_step_that_does_not_follow_is_named() -> None:
    derivation = derived("inflation", "accumulate")[0]
    wrong = Step("two is three", None, (sympy.Integer(1),))
    changed = dataclasses.replace(derivation, steps=(*derivation.steps, wrong))
    with pytest.raises(DerivationError, match="two is three"):
        changed.verify()


def test_a_derivation_without_a_check_is_refused() -> None:
    derivation = dataclasses.replace(derived("inflation", "accumulate")[0], checks=())
    with pytest.raises(DerivationError, match="nothing to check"):
        derivation.verify()


@pytest.mark.parametrize("expression", [n, 1 / n - 1 / (n + 1), sympy.gamma(n) - 1])
def test_what_is_not_zero_does_not_vanish(expression: sympy.Expr) -> None:
    assert not vanishes(expression)


def test_what_is_zero_vanishes() -> None:
    assert vanishes(sympy.gamma(n + 1) / sympy.gamma(n) - n)
    assert vanishes((n**2 - 1) / (n - 1) - n - 1)


# --- tools ---------------------------------------------------------------------------------------


def test_induction_tells_a_solution_from_another() -> None:
    right = solved(sympy.Rational(1, 2), 3, 5)
    assert all(map(vanishes, induction(right, sympy.Rational(1, 2), 3, 5)))
    assert not all(map(vanishes, induction(right + 1, sympy.Rational(1, 2), 3, 5)))
    assert not all(map(vanishes, induction(2 * right, sympy.Rational(1, 2), 3, 5)))


def test_a_product_is_the_gamma_functions_of_its_roots() -> None:
    factor = (t + sympy.Rational(1, 3)) * (t + 2) / (t + 1) ** 2
    product = sympy.Integer(1)
    for at in range(1, 6):
        shown = sympy.expand_func(gamma_product(factor).subs(t, at))
        assert sympy.simplify(shown - product) == 0
        product *= factor.subs(t, at)
    assert exponent(factor) == root_sum(factor) == sympy.Rational(1, 3)


@pytest.mark.parametrize("factor", [2 * t / (t + 1), t**2 / (t + 1)])
def test_a_product_that_does_not_tend_to_one_is_refused(factor: sympy.Expr) -> None:
    with pytest.raises(DerivationError, match="does not tend to 1"):
        gamma_product(factor)


def test_the_number_of_pairings_is_a_double_factorial() -> None:
    sizes = [sum(1 for _ in wishart.pairings(tuple(range(legs)))) for legs in (0, 2, 4, 6, 8)]
    assert sizes == [1, 1, 3, 15, 105]


@pytest.mark.parametrize(("rows", "variances"), [(1, (2, 3)), (2, (1, 1)), (3, (5,)), (2, (1, 4))])
def test_pairings_agree_with_the_expansion_in_entries(
    rows: int, variances: tuple[int, ...]
) -> None:
    traces = {f"s_{power}": sum(v**power for v in variances) for power in (1, 2)}
    known = {wishart.k: rows} | {sympy.Symbol(name): value for name, value in traces.items()}
    expanded = wishart.by_monomials(rows, variances)
    for cycle, value in zip(((2,), (1, 1)), expanded, strict=True):
        assert wishart.trace_moment(cycle).subs(known) == value


def test_the_third_moment_of_a_wishart() -> None:
    """E tr W^3 = k (k^2 + 3 k + 4) s_3 + 3 k (k + 1) s_1 s_2 + k s_1^3, as in the literature."""
    k, (s_1, s_2, s_3) = wishart.k, sympy.symbols("s_1:4")
    known = k * (k**2 + 3 * k + 4) * s_3 + 3 * k * (k + 1) * s_1 * s_2 + k * s_1**3
    assert sympy.expand(wishart.trace_moment((3,)) - known) == 0


def test_chi_square_moments() -> None:
    k, power = chi_square.k, chi_square.power
    assert vanishes(chi_square.moment().subs(power, 2) - k * (k + 2))
    for dof in (1, 2, 9):
        exact = float(chi_square.mean_log().subs(k, dof))
        assert chi_square.by_quadrature(dof, math.log) == pytest.approx(exact, abs=1e-12)
        assert chi_square.by_quadrature(dof, lambda x: x) == pytest.approx(dof, rel=1e-12)


# --- formulas ------------------------------------------------------------------------------------


def test_a_formula_is_exact_where_it_is_rational() -> None:
    formula = found("gaussian", "accumulate", "trace_ratio")
    assert formula.at(n=10, t=1) == Fraction(9, 10)
    assert isinstance(formula.at(n=10, t=5), Fraction)
    assert formula.of(n=10).at(t=2) == Fraction(9, 10) * Fraction(39, 40)


def test_a_formula_counts_a_float_as_the_fraction_it_is() -> None:
    formula = found("gaussian", "replace", "trace_ratio").of(n=2, delta=1, tau=0.1)
    assert formula.at(t=2) == Fraction(0.1)
    assert "tau = 0.1" in str(formula)


def test_a_formula_says_what_it_needs() -> None:
    formula = found("gaussian", "replace", "trace_ratio")
    with pytest.raises(ValueError, match="trace_ratio needs a value for n, tau"):
        formula.at(t=1, delta=0)
    with pytest.raises(ValueError, match="holds from t=1 on, got t=0"):
        formula.at(t=0, n=3, tau=1, delta=0)
