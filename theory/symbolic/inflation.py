"""The universal inflation v_t = n_0 B_t: unit row noise, kappa = 1."""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy

from theory.symbolic.checks import Case, equal_to_recursion, inflation, tends_to_formula
from theory.symbolic.derivation import (
    Check,
    Derivation,
    DerivationError,
    Formula,
    Step,
    equation,
)
from theory.symbolic.kept import (
    NAMES,
    SYNTHETIC,
    geometric,
    kept_cases,
    next_error,
    shared_covariance,
)
from theory.symbolic.letters import k, m, n, real, s, t, w
from theory.symbolic.recurrence import induction
from theory.workflow import Workflow

SOURCE = "loopbound theory, section 3"
REGIME = "n -> infinity at fixed t, regular well-specified families; batches of one size"


def _derivation(
    title: str, regime: str, steps: tuple[Step, ...], formula: Formula, *checks: Check
) -> Derivation:
    return Derivation(title, f"{REGIME}; {regime}", steps, formula, checks, SOURCE)


@cache
def replace() -> Derivation:
    """v_t = t."""
    steps = (
        Step("A batch written by a fit of error B has K = 1/n + B, and is the next training set"),
        Step("B' = B + 1/n from B_1 = 1/n", equation("v", t), induction(t / n, 1, 1 / n, 1 / n)),
    )
    cases = [Case(Workflow.replace(rows), {}) for rows in (1, 3, 10)]
    check = equal_to_recursion(inflation, cases, "n in 1, 3, 10")
    formula = Formula("inflation", t, first=0)
    return _derivation("Inflation under replace", "replace", steps, formula, check)


def _pooled_step(noise: Any) -> Step:
    """A' - A of a pool of n t rows whose draw adds `noise`, by the recursion."""
    a = sympy.Symbol("A")
    pool = n * t
    gram = 1 / n + a + noise
    following = (pool**2 * a + 2 * pool * n * a + n**2 * gram) / (pool + n) ** 2
    moved = (1 / n + noise) / (t + 1) ** 2
    return Step(
        "Adding a batch with K = 1/n + B and covariance A to a pool of n t rows moves A by",
        moved,
        (following - a - moved,),
    )


@cache
def pooled(kind: str) -> Derivation:
    """Accumulate, and its subsample with and without replacement: multiples of H_t^(2)."""
    name, regime, noise = _NOISE[kind]
    moved = sympy.expand(n * (1 / n + noise))
    constant = moved.subs(t, sympy.oo) if moved.has(t) else moved
    square = sympy.summation(1 / s**2, (s, 1, t))
    telescoped = sympy.summation(1 / (s * (s + 1)), (s, 1, t - 1))
    parts = sympy.apart(1 / (s * (s + 1) ** 2), s)
    total = 1 + constant * (square - 1)
    if moved.has(t):
        total -= telescoped - (square - 1)
    result = sympy.factor(sympy.expand(sympy.simplify(total + n * noise)), square)
    result = sympy.collect(sympy.expand(result), square)
    pool = result - n * noise
    steps = (
        Step("The draw adds to the mean error of the pool B - A =", noise),
        _pooled_step(noise),
        *(
            (
                Step(
                    "The part -1/(n s (s + 1)^2) splits: 1/(s (s + 1)) telescopes and 1/(s + 1)^2 "
                    "joins the others",
                    parts,
                    (parts - 1 / (s * (s + 1)) + 1 / (s + 1) ** 2,),
                ),
            )
            if moved.has(t)
            else ()
        ),
        Step(
            "Summed by sympy from A_1 = 1/n, times n, plus n (B - A), H^(2) = 1 + 1/4 + 1/9 + ...; "
            "proved by induction",
            equation("v", result),
            tuple(
                zero.replace(_is_next_square, _unfold_square)
                for zero in induction(pool, 1, moved / (t + 1) ** 2, 1)
            ),
        ),
    )
    cases = _pooled_cases(kind)
    over = "n in 1, 3, 10" if kind == "accumulate" else "n, m in (4, 4), (5, 3), (10, 2)"
    check = equal_to_recursion(inflation, cases, over)
    formula = Formula("inflation", result)
    return _derivation(f"Inflation under {name}", regime, steps, formula, check)


@cache
def limit(kind: str) -> Derivation:
    """lim v_t: pi^2/6 for accumulate; pi^2/2 - 2 and pi^2/3 for subsamples of n rows."""
    name, regime, _ = _NOISE[kind]
    of = pooled(kind)
    result = sympy.expand(sympy.limit(of.formula.expression, t, sympy.oo))
    equal = sympy.expand(result.subs(m, n))
    steps = (
        *of.steps,
        Step("sympy's limit of H^(2)", sympy.limit(sympy.harmonic(t, 2), t, sympy.oo)),
        Step("so that v tends to", result),
        *((Step("and for a budget of one batch, m = n, to", equal),) if result.has(m) else ()),
    )
    check = tends_to_formula(
        "v_t", inflation, _pooled_cases(kind, 64), "the same sizes, 64 generations"
    )
    formula = Formula("inflation_limit", result)
    return _derivation(f"Limit of the inflation under {name}", regime, steps, formula, check)


_NOISE: dict[str, tuple[str, str, Any]] = {
    "accumulate": ("accumulate", "accumulate", sympy.Integer(0)),
    "subsample": (
        "accumulate-subsample",
        "budget m <= n without replacement",
        1 / m - 1 / (n * t),
    ),
    "repeats": (
        "accumulate-subsample with replacement",
        "budget m with replacement",
        1 / m,
    ),
}


def _pooled_cases(kind: str, generations: int = 8) -> list[Case]:
    if kind == "accumulate":
        return [Case(Workflow.accumulate(n_), {}, generations=generations) for n_ in (1, 3, 10)]
    return [
        Case(
            Workflow.accumulate_subsample(n_, m_, kind == "repeats"),
            {"n": n_, "m": m_},
            generations=generations,
        )
        for n_, m_ in ((4, 4), (5, 3), (10, 2))
    ]


def _is_next_square(part: Any) -> bool:
    return bool(part == sympy.harmonic(t + 1, 2))


def _unfold_square(part: Any) -> Any:
    """H_(t+1)^(2) by its definition."""
    return sympy.harmonic(t, 2) + 1 / (t + 1) ** 2


@cache
def kept(kind: str) -> Derivation:
    """Anchored and fresh: geometric, to the limit."""
    anchored = kind == "anchored"
    b = 1 - w if kind == "weighted" else SYNTHETIC
    old = sympy.Symbol("A")
    moved = next_error(b, 1 / n + old, anchored)
    solution = geometric(sympy.diff(moved, old), moved.subs(old, 0), 1 / real)
    scaled = solution.times(real)
    result = scaled.form
    equal = sympy.powsimp(sympy.simplify(result.subs(scaled.where).subs(real, n)))
    steps = (
        *((shared_covariance(b),) if anchored else ()),
        Step(
            "Real rows weigh 1 - b, synthetic rows b, a batch has K = 1/n + A, the next error is",
            moved,
        ),
        Step(
            "From B_1 = 1/N geometrically to the fixed point; proved by induction; in units of 1/N",
            equation("v", result),
            (*solution.zeros, result / real - solution.form),
        ),
        Step("Batches of equal size, N = n", equal),
        Step("For q < 1 the limit is", scaled.limit),
    )
    listed, over = kept_cases(kind)
    check = equal_to_recursion(inflation, listed, over)
    name = NAMES[kind]
    formula = Formula("inflation", result, scaled.where)
    return _derivation(f"Inflation under {name}", name, steps, formula, check)


@cache
def best_weight() -> Derivation:
    """The weight of fresh real rows that minimises lim v_t, and the golden ratio."""
    value = sympy.factor(_weighted_limit())
    slope = sympy.factor(sympy.diff(value, w))
    (best,) = sympy.solve(sympy.numer(sympy.together(slope)), w)
    bend = 2 * (3 * k * (1 - w) ** 2 + k + 2 * w**3) / (w**3 * (2 - w) ** 3)
    golden = sympy.simplify(best.subs(k, 1))
    steps = (
        *kept("weighted").steps,
        Step("The limit in units of one fit to N rows, k = N / n", value, (value.subs(w, 1) - 1,)),
        Step("Its slope in w", slope, (slope.subs(w, best),)),
        Step("has one positive root, by sympy's solve", sympy.Eq(w, best, evaluate=False)),
        Step(
            "which is a minimum, since the second derivative is positive for w < 2",
            bend,
            (bend - sympy.diff(value, w, 2),),
        ),
        Step(
            "V(w*) = w*: at its minimum the limit is the weight itself",
            sympy.Eq(sympy.Function("V")(best), best, evaluate=False),
            (value.subs(w, best) - best,),
        ),
        Step(
            "With as many real rows as synthetic ones, k = 1: the golden ratio minus 1",
            golden,
            (golden - (sympy.GoldenRatio - 1).rewrite(sympy.sqrt),),
        ),
    )
    formula = Formula("best_weight", best)
    title = "Best weight of fresh real rows"
    return _derivation(title, "fresh, t -> infinity", steps, formula, _best_weight_check(value))


def _weighted_limit() -> Any:
    """lim v_t of fresh with a weight, in w and k."""
    bound, _ = kept("weighted").formula.expression.as_independent(t, as_Add=True)
    return bound.subs(real, k * n)


def _best_weight_check(value: Any) -> Check:
    """Weights a thousandth to either side are worse, by the limits that theory.inflation gives."""

    def compare(formula: Formula) -> None:
        from theory.inflation import inflation as curve

        for real_rows, rows in ((4, 4), (12, 3), (3, 12)):
            best = formula.value(k=real_rows / rows)
            limits = []
            for weight in (best - 1e-3, best, best + 1e-3):
                found = curve(Workflow.fresh(real_rows, rows, weight), 1).limit
                assert found is not None
                limits.append(found)
            if not (limits[1] < min(limits[0], limits[2]) and abs(limits[1] - best) < 1e-12):
                raise DerivationError(f"best_weight {best} is not best: {limits}")

    return Check(
        "equal to its own limit in theory.inflation, less than a thousandth to either side, for "
        "(N, n) in (4, 4), (12, 3), (3, 12)",
        compare,
    )
