"""The kernel-density chain: what the kernels add up to, from the lineage of a row.

A row of model t is a row of its training set plus h_t times a draw from the kernel (variance v,
transform kappa at a frequency). So the variance that the kernels add to the mean density, and the
factor by which they damp its transform, follow the mean over the pool, whatever the number of rows.
The letter h is the bandwidth of the first fit.
"""

from __future__ import annotations

from dataclasses import replace as changed
from fractions import Fraction
from functools import cache, partial
from typing import Any

import sympy

from theory.recursion import Feature, Fit, unit_modulus
from theory.symbolic.checks import Case, equal_to_recursion, near
from theory.symbolic.derivation import Derivation, Formula, Step, equation
from theory.symbolic.kept import geometric
from theory.symbolic.letters import h, kappa, n, real, s, t, v
from theory.symbolic.recurrence import gamma_product, induction
from theory.workflow import Workflow

SOURCE = "loopbound theory, section 5"
_STEP = v * h**2
_POOLED = "equal batches of n rows; the same for any budget drawn from the pool"
_SIZES = (1, 4)
_OVER = "n in 1, 4"
_KEPT = ((3, 2), (1, 4), (10, 10))
_OVER_KEPT = "(N, n) in (3, 2), (1, 4), (10, 10)"


def added_variances(bandwidth: Any, case: Case) -> list[Fraction]:
    """Variance that kernels of variance v bandwidth(t)^2 add to a row of model t, t = 1..T."""
    squares = [Fraction(case.letters["v"]) * bandwidth(case, at) ** 2 for at in range(1, 99)]

    def rows(count: int, t: int, fit: Fit) -> tuple[Any, Any]:
        return Fraction(0), fit.row_square + squares[t - 1]

    # A true row has the square 1, so that no row's square is zero.
    feature = Feature(lambda count: (Fraction(0), Fraction(1)), rows)
    return [fit.row_square - 1 + squares[at] for at, fit in enumerate(case.fits(feature))]


def _constant(case: Case, t: int) -> Fraction:
    return Fraction(case.letters["h"])


def _reciprocal(case: Case, t: int) -> Fraction:
    return Fraction(case.letters["h"]) / t


def _cases(workflow: str) -> tuple[tuple[Case, ...], str]:
    """Runs with h = 2/5 and v = 1/3, as for a uniform kernel."""
    letters = {"h": Fraction(2, 5), "v": Fraction(1, 3), "kappa": Fraction(2, 7)}
    if workflow in ("anchored", "fresh"):
        make = getattr(Workflow, workflow)
        return tuple(
            Case(make(N, rows), {**letters, "N": N, "n": rows}) for N, rows in _KEPT
        ), _OVER_KEPT
    if workflow == "replace":
        return tuple(Case(Workflow.replace(rows), {**letters, "n": rows}) for rows in _SIZES), _OVER
    made = [Workflow.accumulate(rows) for rows in _SIZES] + [Workflow.accumulate_subsample(4, 3)]
    return tuple(Case(one, letters) for one in made), f"{_OVER}, and a budget of 3 of batches of 4"


def _pool_step(added: Any) -> Step:
    """The extra variance of the pool moves by that of the last kernel / (t + 1)."""
    pool, own = sympy.symbols("P_t x_t")
    mixed = (t * pool + own) / (t + 1)
    return Step(
        "The pool of t batches has mean extra variance P_t, model t has x_t = P_t + v h_t^2, and "
        "its batch joins: P_(t+1) = (t P_t + x_t) / (t + 1), which is P_t plus",
        added / (t + 1),
        (sympy.cancel(mixed.subs(own, pool + added) - pool - added / (t + 1)),),
    )


# --- variance that the kernels add ----------------------------------------------------------------


@cache
def replace_variance(decay: bool = False) -> Derivation:
    """t v h^2 at a constant bandwidth, v h^2 H_t^(2) at h / t."""
    added = _STEP / t**2 if decay else _STEP
    result = _STEP * sympy.harmonic(t, 2) if decay else t * _STEP
    unfolded = result.subs(t, t + 1)
    if decay:
        unfolded = _STEP * (sympy.harmonic(t, 2) + 1 / (t + 1) ** 2)
    steps = (
        Step("Model t adds v h_t^2 to the rows of model t - 1, and nothing else", added),
        Step(
            "Added up, by the definition of the sum" if decay else "Added up",
            equation("x", result),
            (result.subs(t, 1).doit() - _STEP, unfolded - result - added.subs(t, t + 1)),
        ),
    )
    bandwidth = _reciprocal if decay else _constant
    return _variance("replace", bandwidth, steps, result, "replace, any number of rows a batch")


@cache
def pooled_variance(decay: bool = False) -> Derivation:
    """v h^2 H_t at a constant bandwidth; v h^2 (H_t^(2) - 1 + 1/t) at h / t."""
    added = _STEP / t**2 if decay else _STEP
    result = _STEP * (sympy.harmonic(t, 2) - 1 + 1 / t if decay else sympy.harmonic(t))
    order = sympy.Integer(2 if decay else 1)
    following = sympy.harmonic(t, order) + (t + 1) ** -order
    unfolded = _STEP * (following - 1 + 1 / (t + 1) if decay else following)
    moved = added / (t + 1) + added.subs(t, t + 1) - added
    steps = (
        _pool_step(added),
        Step(
            "so that x_(t+1) is x_t plus v h_t^2 / (t + 1) + v h_(t+1)^2 - v h_t^2",
            sympy.factor(moved),
        ),
        Step(
            "Added up from x_1 = v h^2, by the definition of harmonic sums",
            equation("x", result),
            (result.subs(t, 1).doit() - _STEP, sympy.cancel(unfolded - result - moved)),
        ),
    )
    bandwidth = _reciprocal if decay else _constant
    return _variance("accumulate", bandwidth, steps, result, f"accumulate, {_POOLED}")


@cache
def root_variance() -> Derivation:
    """At h_t = h t^(-1/2) under accumulate: v h^2 at every generation."""
    added = _STEP / t
    moved = sympy.cancel(added / (t + 1) + added.subs(t, t + 1) - added)
    steps = (
        _pool_step(added),
        Step(
            "just what the narrower kernel of model t + 1 takes away: x_(t+1) - x_t is",
            moved,
            (moved,),
        ),
        Step("so that x stays v h^2 for ever", equation("x", _STEP)),
    )
    formula = Formula("extra_variance", _STEP)
    listed = [{"h": 0.4, "v": 1 / 3, "t": at} for at in (1, 2, 5, 20)]
    check = near("theory.kde.lineage.added_variance", _by_lineage, listed)
    return Derivation(
        "Variance that the kernels add under accumulate, bandwidth falling like t^(-1/2)",
        f"accumulate, {_POOLED}; h_t = h t^(-1/2), any kernel and truth",
        steps,
        formula,
        (check,),
        SOURCE,
    )


def _by_lineage(h: float, v: float, t: int) -> float:
    import numpy as np

    from theory.kde.lineage import added_variance

    squares = np.array([0.0, *(v * h**2 / at for at in range(1, t + 1))])
    return float(added_variance(Workflow.accumulate(4), squares)[t])


def _variance(
    workflow: str, bandwidth: Any, steps: tuple[Step, ...], result: Any, regime: str
) -> Derivation:
    listed, over = _cases(workflow)
    falls = bandwidth is _reciprocal
    check = equal_to_recursion(
        partial(added_variances, bandwidth), listed, f"{over}, h = 2/5, v = 1/3"
    )
    told = "bandwidth falling like 1/t" if falls else "constant bandwidth"
    return Derivation(
        f"Variance that the kernels add under {workflow}, {told}",
        f"{regime}; {'h_t = h / t' if falls else 'h_t = h'}, any kernel and truth",
        steps,
        Formula("extra_variance", result),
        (check,),
        SOURCE,
    )


@cache
def kept_variance(workflow: str) -> Derivation:
    """Anchored and fresh, constant bandwidth: geometric to v h^2 (N + n) / N."""
    share = n / (real + n)
    solution = geometric(share, _STEP, _STEP)
    steps = (
        Step(
            "A training row comes from the last batch with probability n / (N + n), else it is "
            "real and has no extra variance: x_(t+1) = n x_t / (N + n) + v h^2",
            share,
        ),
        Step(
            "From x_1 = v h^2 geometrically; proved by induction",
            equation("x", solution.form),
            solution.zeros,
        ),
        Step(
            "A lineage comes to a real row after (N + n) / N kernels on average: the limit",
            solution.limit,
            (solution.limit - _STEP * (real + n) / real,),
        ),
    )
    derivation = _variance(workflow, _constant, steps, solution.form, _kept_regime(workflow))
    formula = changed(derivation.formula, where=solution.where)
    return changed(derivation, formula=formula)


def _kept_regime(workflow: str) -> str:
    rows = "kept" if workflow == "anchored" else "drawn anew and pooled"
    return f"{workflow}, N real rows {rows}, n rows of the last model"


# --- the transform of the mean density ------------------------------------------------------------


def mean_factors(case: Case) -> list[Fraction]:
    """E phi_t / phi_0 at t = 1..T, at a frequency where phi_0 = 3/5."""
    damping, root = Fraction(case.letters["kappa"]), Fraction(3, 5)
    feature = unit_modulus(root, lambda t: damping, Fraction)  # type: ignore[arg-type]
    return [damping * fit.mean / root for fit in case.fits(feature)]


@cache
def mean_factor(workflow: str) -> Derivation:
    """E phi_t / phi_0 at constant bandwidth: kappa^t, a ratio of Gammas, or geometric."""
    where: tuple[tuple[Any, Any], ...] = ()
    pool, own = sympy.symbols("P_t c_t")
    match workflow:
        case "replace":
            result = kappa**t
            steps = [
                Step(
                    "Each model damps the transform of its training set, the last batch, by kappa",
                    equation("c", result),
                    induction(result, kappa, 0, kappa),
                )
            ]
        case "accumulate":
            factor = (t + kappa) / (t + 1)
            result = kappa * gamma_product(factor)
            steps = [
                Step(
                    "The pool has the mean factor P_t, model t has c_t = kappa P_t, and its batch "
                    "joins: P_(t+1) / P_t = c_(t+1) / c_t is",
                    factor,
                    (sympy.cancel((t * pool + kappa * pool) / (t + 1) / pool - factor),),
                ),
                Step(
                    "A product of Gamma functions; proved by induction",
                    equation("c", result),
                    induction(result, factor, 0, kappa),
                ),
                Step(
                    "It falls to 0 wherever kappa < 1, so that the mean density flattens: by "
                    "Stirling it behaves as",
                    t ** (kappa - 1) / sympy.gamma(kappa),
                ),
            ]
        case _:
            share = n / (real + n)
            solution = geometric(share * kappa, (1 - share) * kappa, kappa)
            result, where = solution.form, solution.where
            steps = [
                Step(
                    "A training row comes from the last batch with probability n / (N + n): "
                    "c_(t+1) = kappa (N + n c_t) / (N + n), from c_1 = kappa",
                    kappa * (real + n * own) / (real + n),
                    (
                        sympy.cancel(
                            kappa * (real + n * own) / (real + n)
                            - share * kappa * own
                            - (1 - share) * kappa
                        ),
                    ),
                ),
                Step("Geometric; proved by induction", equation("c", result), solution.zeros),
                Step("and its limit is the transform of what stays", solution.limit),
            ]
    listed, over = _cases(workflow)
    regime = {
        "replace": "replace, any number of rows a batch",
        "accumulate": f"accumulate, {_POOLED}",
    }.get(workflow, "")
    return Derivation(
        f"Transform of the mean density under {workflow}, constant bandwidth",
        f"{regime or _kept_regime(workflow)}; any kernel and truth, at one frequency",
        tuple(steps),
        Formula("mean_density_factor", result, where),
        (equal_to_recursion(mean_factors, listed, f"{over}, kappa = 2/7"),),
        SOURCE,
    )


# --- the lineage law ------------------------------------------------------------------------------


@cache
def lineage_moment(moment: str) -> Derivation:
    """Mean H_t and variance H_t - H_t^(2) of the kernels between a row and a real one."""
    law = mean_factor("accumulate").formula.expression
    slope, curve = (sympy.diff(sympy.log(law), kappa, order).subs(kappa, 1) for order in (1, 2))
    mean, spread = sympy.harmonic(t), sympy.harmonic(t) - sympy.harmonic(t, 2)
    chance = 1 / s
    steps = (
        Step(
            "kappa to the number of kernels is what they damp a transform by: its mean, the factor "
            "of the mean density, is the generating function of that number",
            law,
        ),
        Step(
            "It is the product of 1 - 1/s + kappa/s, s = 1..t, of independent events of chance "
            "1/s: the cycles of a random permutation of t (Stirling)",
            sympy.Product(1 - chance + kappa * chance, (s, 1, t)),
            induction(law, (t + kappa) / (t + 1), 0, kappa),
        ),
        Step(
            "The first derivative of its logarithm at 1 is the sum of their chances",
            equation("mean", mean),
            (slope - mean.rewrite(sympy.polygamma),),
        ),
        Step(
            "and the second, plus the first, the sum of 1/s - 1/s^2",
            equation("variance", spread),
            (curve + sympy.harmonic(t, 2).rewrite(sympy.polygamma),),
        ),
    )
    result = mean if moment == "mean" else spread
    listed = [{"t": at} for at in (1, 2, 5, 20)]
    check = near("theory.kde.lineage_law", partial(_by_law, moment), listed)
    return Derivation(
        f"{moment.capitalize()} of the number of kernels behind a row under accumulate",
        f"accumulate, {_POOLED}; any bandwidths and kernel",
        steps,
        Formula(f"lineage_{moment}", result),
        (check,),
        SOURCE,
    )


def _by_law(moment: str, t: int) -> float:
    import numpy as np

    from theory.kde.lineage import lineage_law

    law, count = lineage_law(Workflow.accumulate(4), t)[t], np.arange(t + 1)
    mean = float(law @ count)
    return mean if moment == "mean" else float(law @ (count - mean) ** 2)
