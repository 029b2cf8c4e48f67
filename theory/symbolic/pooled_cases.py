"""Runs of the recursion that the formulas of pooled.py are checked against."""

from __future__ import annotations

from fractions import Fraction

from theory.symbolic.checks import Case
from theory.workflow import Workflow

_HALF = Fraction(1, 2)


def cases(
    name: str, *, ddof: int | None = None, warm: bool = False, generations: int = 7
) -> tuple[tuple[Case, ...], str]:
    """The runs of a way to draw, at one ddof or both, at temperature 1 or also colder."""
    divisors = (0, 1) if ddof is None else (ddof,)
    cold = (Fraction(1),) if warm else (Fraction(1), _HALF)
    few = generations > 7
    sizes = _SIZES[name][1:3] if few else _SIZES[name]
    listed = [
        Case(
            _workflow(name, n, m),
            {"n": n, "m": m, "delta": divisor, "tau": tau},
            divisor,
            tau,
            generations,
        )
        for n, m in sizes
        for divisor in divisors
        for tau in cold
    ]
    shown = [f"{n}" if name == "accumulate" else f"{n} with m={m}" for n, m in sizes]
    over = f"n = {', '.join(shown)}"
    over += "" if ddof is not None else ", ddof in 0, 1"
    return tuple(listed), over + ("" if warm else ", temperature in 1, 1/2")


_SIZES = {
    "accumulate": ((2, 2), (3, 3), (10, 10), (100, 100)),
    "accumulate-subsample": ((5, 3), (4, 4), (10, 2), (10, 10)),
    "accumulate-subsample with replacement": ((5, 3), (4, 4), (3, 8), (10, 10)),
}


def _workflow(name: str, n: int, m: int) -> Workflow:
    if name == "accumulate":
        return Workflow.accumulate(n)
    return Workflow.accumulate_subsample(n, m, replacement="with" in name)
