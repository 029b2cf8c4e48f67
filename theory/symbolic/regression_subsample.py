"""When training on a budget of m rows out of a growing pool keeps the error of regression bounded.

The relabelled chain, which is solved here: each of the m rows of fit t is new, and labelled by a
model drawn uniformly from w_0 = w*, ..., w_(t-1), with new label noise. It is what
accumulate-subsample with fresh designs does, except that this one draws rows, labels and noise
that were stored and will be drawn again. For the relabelled chain the threshold is a theorem; for
the stored pool, where rows depend on the models that saw them, it is no proof. That pool has the
same threshold given the designs, and for d >= 2 an infinite mean over them: rows close to a
hyperplane are drawn again, as no row is here (docs/subsample_threshold.md).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import sympy

from theory.symbolic import density_shift
from theory.symbolic.checks import Case, log_slope_of, tends_to_formula
from theory.symbolic.derivation import (
    Check,
    Derivation,
    DerivationError,
    Formula,
    Step,
    equation,
)
from theory.symbolic.letters import d, m, n, sigma, t
from theory.symbolic.recurrence import exponent, induction
from theory.symbolic.regression import equal_to_sums
from theory.symbolic.regression_fresh import by_matrix_beta, contraction_of, contraction_steps
from theory.symbolic.regression_moments import SOURCE, inverse_trace, upward
from theory.workflow import Workflow

RELABELLED = (
    "linear regression, m >= d + 2 new rows, each labelled by a uniformly drawn earlier model: "
    "accumulate-subsample with fresh designs but for rows that are stored and drawn again"
)
SHARE = sympy.Symbol("c", positive=True)
UNIT = sympy.Symbol("h", positive=True)


@cache
def contraction() -> Derivation:
    """c = (m - 2) (d + 2) / ((m + 2) (m - d - 1)), less than 1 if and only if m >= 2 d + 1."""
    total = contraction_of(sympy.Integer(1), m)
    result = upward(m * total, m)
    slack = m * (m - 2 * d - 1) + 2
    below, above = sympy.symbols("j l", nonnegative=True)
    steps = (
        Step(
            "Row i is labelled by a model off by delta_i from the mean of the pool, the delta_i "
            "independent with mean zero: the fit is off that mean by G^-1 sum x_i x_i' delta_i "
            "and noise, so rows add up; each is a synthetic part of one row, p = 1"
        ),
        *contraction_steps(),
        Step(
            "m times that with p = 1 and M = m rows",
            sympy.Eq(SHARE, result, evaluate=False),
            (
                result - m * total,
                result - (m - 2) * (d + 2) / ((m + 2) * (m - d - 1)),
            ),
        ),
        Step(
            "1 - c has the sign of m (m - 2 d - 1) + 2 for m > d + 1,",
            slack,
            (1 - result - slack / ((m + 2) * (m - d - 1)),),
        ),
        Step(
            "which is positive at m = 2 d + 1 + j, j >= 0: a sum of a product >= 0 and 2,",
            (2 * d + 1 + below) * below + 2,
            (slack.subs(m, 2 * d + 1 + below) - (2 * d + 1 + below) * below - 2,),
        ),
        Step(
            "and negative at m = 2 d - l for l >= 0, m >= d + 2, where m (l + 1) >= m >= 3: so "
            "c < 1 if and only if m >= 2 d + 1, and no whole m >= d + 2 has c = 1",
            2 - (2 * d - above) * (above + 1),
            (slack.subs(m, 2 * d - above) - 2 + (2 * d - above) * (above + 1),),
        ),
    )
    return Derivation(
        "Factor from the dispersion of the pool to that of a fit on a budget",
        RELABELLED,
        steps,
        Formula("contraction", result),
        (_contraction_check(),),
        SOURCE,
    )


def _contraction_check() -> Check:
    def compare(formula: Formula) -> None:
        for rows, dim in ((4, 2), (5, 2), (11, 2), (6, 3), (9, 3), (8, 4)):
            found = formula.at(m=rows, d=dim)
            if found != rows * by_matrix_beta(1, rows, dim):
                raise DerivationError(f"{formula.name} is {found} at m={rows}, d={dim}")
        for dim in range(1, 30):
            for rows in range(dim + 2, 3 * dim + 4):
                if (formula.at(m=rows, d=dim) < 1) != (rows >= 2 * dim + 1):
                    raise DerivationError(f"{formula.name}: wrong side at m={rows}, d={dim}")

    return Check(
        "equal to moments of a matrix beta in exact fractions, (m, d) in (4, 2), (5, 2), (11, 2), "
        "(6, 3), (9, 3), (8, 4), and below 1 just from m = 2 d + 1 on, d < 30",
        compare,
    )


def _recursion_steps() -> tuple[Step, ...]:
    """The dispersion D of the pool closes."""
    dispersion, mean, added = sympy.symbols("D_t M_t F_t")
    square = (t * (mean + dispersion) + mean + added) / (t + 1)
    following = square - mean - added / (t + 1) ** 2
    moved = t * (dispersion + added / (t + 1)) / (t + 1)
    return (
        Step(
            "M = E |mean of e_0..e_(t-1)|^2 and D the mean of |e_s|^2 less that. The fit is that "
            "mean plus something of mean zero, whose square has expectation F = c D + h, "
            "h = sigma^2 d / (m - d - 1). Adding the fit moves the mean by a share 1 / (t + 1), "
            "M' = M + F / (t + 1)^2, the mean square too, so that D' =",
            moved,
            (following - moved,),
        ),
    )


@cache
def dispersion() -> Derivation:
    """F_t = c D_t + h, the error of fit t around the mean of its pool."""
    of = contraction()
    grown = sympy.gamma(t + 1 + SHARE) / (sympy.gamma(t + 1) * sympy.gamma(1 + SHARE))
    closed = UNIT / (1 - SHARE) * (t + (1 - grown) / SHARE) / t
    factor = t * (t + 1 + SHARE) / (t + 1) ** 2
    result = UNIT / (1 - SHARE) * (1 + (1 - grown) / t)
    noise = sigma**2 * inverse_trace().formula.expression.subs(n, m)
    where = ((UNIT, noise), (SHARE, of.formula.expression))
    steps = (
        *_recursion_steps(),
        Step(
            "With F = c D + h this solves it from D_1 = 0, c != 1; proved by induction",
            equation("D", closed),
            induction(closed, factor, t * UNIT / (t + 1) ** 2, 0),
        ),
        Step(
            "and F = c D + h is",
            equation("F", result),
            (result - SHARE * closed - UNIT,),
        ),
    )
    check = equal_to_sums(
        "the recursion of all products e_s'e_r",
        lambda letters: _products(letters)[0],
        tuple(_letters(*run) for run in RUNS),
        f"(m, d) in {', '.join(map(str, RUNS))}, t <= 7",
    )
    return Derivation(
        "Error of a fit on a budget around the mean of its pool",
        RELABELLED,
        (*of.steps, *inverse_trace().steps, *steps),
        Formula("error_about_pool", result, where),
        (check,),
        SOURCE,
    )


@cache
def limit() -> Derivation:
    """lim F_t = h / (1 - c) = sigma^2 d (m + 2) / (m (m - 2 d - 1) + 2) for m >= 2 d + 1."""
    of = dispersion()
    (_, noise), (_, factor) = of.formula.where
    result = upward((UNIT / (1 - SHARE)).subs(of.formula.where), m)
    fixed = sympy.Symbol("F_oo")
    settled = SHARE * fixed + UNIT - fixed
    step = Step(
        "Gamma(t + 1 + c) / (t Gamma(t + 1)) ~ t^(c - 1) vanishes for c < 1, which leaves "
        "h / (1 - c), where D = F = c D + h; with F bounded M' = M + F / (t + 1)^2 adds up, so "
        "that E |e_t|^2 = M + F stays bounded",
        result,
        (result - noise / (1 - factor), settled.subs(fixed, UNIT / (1 - SHARE))),
    )

    def compare(formula: Formula) -> None:
        for rows, dim in ((5, 2), (9, 2), (12, 3)):
            letters = _letters(rows, dim)
            found = formula.at(**letters)
            noise_ = letters["sigma"] ** 2 * density_shift.inverse_trace(dim, rows)
            if rows * by_matrix_beta(1, rows, dim) * found + noise_ != found:
                raise DerivationError(f"{formula.name} {found} is no fixed point")
            gaps = [found - value for value in _products(letters, 40)[0][9::10]]
            if not all(0 < late < early for early, late in zip(gaps, gaps[1:], strict=False)):
                raise DerivationError(f"{formula.name} {found}: the recursion is off by {gaps}")

    return Derivation(
        "Limit of the error of a fit on a budget around the mean of its pool",
        f"{RELABELLED}; m >= 2 d + 1, t -> infinity",
        (*of.steps, step),
        Formula("error_about_pool_limit", result),
        (
            Check(
                "a fixed point of the recursion of all products e_s'e_r, which approaches it from "
                "below, in exact fractions, (m, d) in (5, 2), (9, 2), (12, 3), t <= 40",
                compare,
            ),
        ),
        SOURCE,
    )


@cache
def growth() -> Derivation:
    """Exponent c - 1 of what separates F_t from h (1 + 1/t) / (1 - c): a growth for c > 1."""
    of = dispersion()
    factor = t * (t + 1 + SHARE) / (t + 1) ** 2
    power = exponent(factor)
    result = sympy.factor(power.subs(of.formula.where))
    shown = -(m * (m - 2 * d - 1) + 2) / ((m + 2) * (m - d - 1))
    steps = (
        *of.steps,
        Step(
            "What is left of F_t without h (1 + 1/t) / (1 - c) has the ratio of generations",
            factor,
            (
                (sympy.gamma(t + 2 + SHARE) / sympy.gamma(t + 2) / (t + 1))
                / (sympy.gamma(t + 1 + SHARE) / sympy.gamma(t + 1) / t)
                - factor,
            ),
        ),
        Step("and so grows like t^e with, by sympy's limit, e =", power, (power - (SHARE - 1),)),
        Step(
            "The error is at least F_t: unbounded for m <= 2 d. For m >= 2 d + 1, e < 0 is the "
            "exponent of convergence",
            shown,
            (shown - result,),
        ),
    )

    def slope(case: Case) -> list[Fraction]:
        letters = case.letters
        noise = letters["sigma"] ** 2 * density_shift.inverse_trace(letters["d"], letters["m"])
        level = noise / (1 - letters["m"] * by_matrix_beta(1, letters["m"], letters["d"]))
        about = _products(letters, 65)[0]
        return log_slope_of([f - level * (1 + Fraction(1, at)) for at, f in enumerate(about, 1)])

    cases = [
        Case(Workflow.accumulate(1), _letters(*run), generations=65)
        for run in ((5, 2), (9, 2), (6, 3))
    ]
    what = "t (x_(t+1) / x_t - 1) of that rest x"
    return Derivation(
        "Growth exponent of the error of a fit on a budget",
        f"{RELABELLED}; t -> infinity",
        steps,
        Formula("growth_exponent", shown),
        (tends_to_formula(what, slope, cases, "(m, d) in (5, 2), (9, 2), (6, 3)"),),
        SOURCE,
    )


RUNS = ((4, 2), (5, 2), (9, 2), (6, 3), (12, 3))


def _letters(rows: int, dim: int) -> dict[str, Any]:
    return {"m": rows, "d": dim, "sigma": Fraction(3, 2)}


def _products(
    letters: dict[str, Any], generations: int = 7
) -> tuple[list[Fraction], list[Fraction]]:
    """F_t and E |e_t|^2 at t = 1..T, out of the whole matrix of E e_s'e_r."""
    rows, dim = letters["m"], letters["d"]
    noise = letters["sigma"] ** 2 * density_shift.inverse_trace(dim, rows)
    factor = rows * by_matrix_beta(1, rows, dim)
    products = [[Fraction(0)]]
    about, squares = [], []
    for at in range(1, generations + 1):
        means = [sum(row, Fraction(0)) / at for row in products]
        centre = sum(means, Fraction(0)) / at
        square = sum((products[s][s] for s in range(at)), Fraction(0)) / at
        about.append(factor * (square - centre) + noise)
        squares.append(centre + about[-1])
        for row, mean in zip(products, means, strict=True):
            row.append(mean)
        products.append([*means, squares[-1]])
    return about, squares
