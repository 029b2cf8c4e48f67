"""The Gaussian chain where real rows stay or keep coming: anchored and fresh.

Maximum likelihood at temperature 1, where Q stays 1 and the mean error B closes on itself.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import sympy

from theory.symbolic.checks import Case, equal_to_recursion, mean_error, trace_ratio
from theory.symbolic.derivation import Derivation, Formula, Step, equation
from theory.symbolic.letters import n, real, t, w
from theory.symbolic.recurrence import induction, solved
from theory.workflow import Workflow

SOURCE = "loopbound theory, section 1"
ANCHORED = "anchored, N real rows kept and n synthetic rows, ddof 0, temperature 1"
FRESH = "fresh, N new real rows of total weight w and n synthetic rows, ddof 0, temperature 1"
POOLED = "fresh, N new real rows and n synthetic rows pooled, ddof 0, temperature 1"
SYNTHETIC = n / (real + n)
RATIO = sympy.Symbol("q", positive=True)

_SIZES = ((3, 2), (1, 4), (10, 10))
_OVER = "(N, n) in (3, 2), (1, 4), (10, 10)"
ANCHORED_CASES = tuple(Case(Workflow.anchored(N, n_), {"N": N, "n": n_}) for N, n_ in _SIZES)
FRESH_CASES = tuple(
    Case(Workflow.fresh(N, n_, float(share)), {"N": N, "n": n_, "w": share})
    for N, n_ in _SIZES
    for share in (Fraction(1, 4), Fraction(1, 2), Fraction(7, 8))
)
POOLED_CASES = tuple(Case(Workflow.fresh(N, n_), {"N": N, "n": n_}) for N, n_ in _SIZES)


def kept_cases(kind: str) -> tuple[tuple[Case, ...], str]:
    """Runs of the recursion, and what they are in words."""
    if kind == "weighted":
        return FRESH_CASES, f"{_OVER}, w in 1/4, 1/2, 7/8"
    return (ANCHORED_CASES if kind == "anchored" else POOLED_CASES), _OVER


def shared_covariance(weight: Any) -> Step:
    """The covariance x of a synthetic batch with the real one: 1/N for ever."""
    added, first = (1 - weight) / real, 1 / real
    found = solved(weight, added, first)
    return Step(
        "The covariance x of the last batch with the real one: x' = a / N + b x, a = N / (N + n), "
        "b = n / (N + n), from x = 1/N; sympy's rsolve gives",
        first,
        (found - first, *induction(first, weight, added, first)),
    )


def next_error(b: Any, batch: Any, anchored: bool) -> Any:
    """The error of weights 1 - b on real rows and b on a batch with K = `batch`.

    Anchored rows have covariance 1/N with the batch, fresh rows none.
    """
    cross = 2 * b * (1 - b) / real if anchored else 0
    return (1 - b) ** 2 / real + cross + b**2 * batch


class Geometric(NamedTuple):
    """x_t = limit + rest q^(t-1), and what must vanish for it to solve its recurrence."""

    limit: Any
    rest: Any
    ratio: Any
    zeros: tuple[Any, ...]

    @property
    def form(self) -> Any:
        """The expression in q."""
        return self.limit + self.rest * RATIO ** (t - 1)

    @property
    def where(self) -> tuple[tuple[Any, Any], ...]:
        """What q is."""
        return ((RATIO, self.ratio),)

    def times(self, unit: Any) -> Geometric:
        """The same in another unit."""
        limit, rest = (sympy.factor(unit * part) for part in (self.limit, self.rest))
        return self._replace(limit=limit, rest=rest)


def geometric(ratio: Any, added: Any, start: Any) -> Geometric:
    """The solution of x' = ratio x + added, x_1 = start, proved for letters in their place."""
    constant, first = sympy.symbols("c x_1")
    fixed = constant / (1 - RATIO)
    form = fixed + (first - fixed) * RATIO ** (t - 1)
    limit = sympy.factor(fixed.subs({constant: added, RATIO: ratio}))
    zeros = (*induction(form, RATIO, constant, first), limit - ratio * limit - added)
    return Geometric(limit, sympy.factor(start - limit), sympy.factor(ratio), zeros)


@cache
def mean(kind: str) -> Derivation:
    """E |mu_t - mu_0|^2 / tr Sigma_0: geometric, to its limit."""
    anchored = kind == "anchored"
    b = 1 - w if kind == "weighted" else SYNTHETIC
    old = sympy.Symbol("A")
    batch = (1 - old) / n + old
    moved = next_error(b, batch, anchored)
    factor = sympy.diff(moved, old)
    solution = geometric(factor, moved.subs(old, 0), 1 / real)
    steps = (
        *((shared_covariance(b),) if anchored else ()),
        Step("A batch written by a fit of error A has K = (1 - A) / n + A, since Q stays 1", batch),
        Step(
            "Real rows weigh 1 - b and synthetic rows b; the next error is",
            moved,
            (sympy.diff(factor, old),),
        ),
        Step(
            "From B_1 = 1/N geometrically to the fixed point; proved by induction",
            equation("B", solution.form),
            solution.zeros,
        ),
    )
    listed, over = kept_cases(kind)
    return Derivation(
        f"Mean error under {NAMES[kind]}",
        REGIMES[kind],
        steps,
        Formula("mean_error", solution.form, solution.where),
        (equal_to_recursion(mean_error, listed, over),),
        SOURCE,
    )


@cache
def trace(kind: str) -> Derivation:
    """E tr Sigma_t / tr Sigma_0 = 1 - mean error."""
    error = mean(kind)
    result = 1 - error.formula.expression
    step = Step("Q stays 1 and S = Q - B", equation("S", result))
    listed, over = kept_cases(kind)
    return Derivation(
        f"Mean trace under {NAMES[kind]}",
        REGIMES[kind],
        (*error.steps, step),
        Formula("trace_ratio", result, error.formula.where),
        (equal_to_recursion(trace_ratio, listed, over),),
        SOURCE,
    )


NAMES = {
    "anchored": "anchored",
    "weighted": "fresh with a weight",
    "pooled": "fresh",
}
REGIMES = {"anchored": ANCHORED, "weighted": FRESH, "pooled": POOLED}
