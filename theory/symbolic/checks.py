"""Checks of a formula against theory.recursion, in exact fractions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from theory.recursion import Feature, Fit, fits, fitted_trace, location_scale, unit_row_noise
from theory.symbolic.derivation import Check, DerivationError, Formula
from theory.workflow import Workflow


@dataclass(frozen=True)
class Case:
    """One run of the recursion, and the same parameters as letters of the formula."""

    workflow: Workflow
    letters: dict[str, Any]
    ddof: int = 0
    temperature: Fraction = Fraction(1)
    generations: int = field(default=7)

    def fits(self, feature: Feature | None = None) -> list[Fit]:
        """The fits of a Gaussian chain in Fractions, or those of another feature."""
        chosen = feature or location_scale(self.ddof, self.temperature, Fraction)
        return fits(self.workflow, self.generations, chosen, Fraction)


Quantity = Callable[[Case], list[Fraction]]


def mean_error(case: Case) -> list[Fraction]:
    """E |mu_t - mu_0|^2 / tr Sigma_0 at t = 1..T."""
    return [_fraction(fit.mean_square) for fit in case.fits()]


def trace_ratio(case: Case) -> list[Fraction]:
    """E tr Sigma_t / tr Sigma_0 at t = 1..T."""
    return [_fraction(fitted_trace(fit, case.ddof)) for fit in case.fits()]


def inflation(case: Case) -> list[Fraction]:
    """v_t at t = 1..T."""
    unit = case.workflow.real_rows(1)
    return [_fraction(unit * fit.mean_square) for fit in case.fits(unit_row_noise(Fraction))]


def rational(value: Any) -> Fraction:
    """A sympy rational as a Fraction."""
    return Fraction(int(value.p), int(value.q))


def _fraction(value: Any) -> Fraction:
    """A Fraction out of what numpy made of it."""
    exact = np.asarray(value).item()
    if not isinstance(exact, Fraction | int):
        raise DerivationError(f"the recursion left exact arithmetic: {exact!r}")
    return Fraction(exact)


def equal_to_recursion(quantity: Quantity, cases: Iterable[Case], over: str) -> Check:
    """The check that a formula equals the recursion at every generation of every case.

    `over` says in words what the cases are.
    """
    listed = tuple(cases)
    most = max(case.generations for case in listed)

    def compare(formula: Formula) -> None:
        for case in listed:
            for t, expected in enumerate(quantity(case), 1):
                found = formula.at(t=t, **case.letters)
                if found != expected:
                    raise DerivationError(
                        f"{formula.name} is {found} but the recursion gives {expected} at t={t} "
                        f"of {case.workflow}, {case.letters}"
                    )

    return Check(f"equal to the recursion in exact fractions for {over}, t <= {most}", compare)


def near(what: str, reference: Callable[..., float], cases: Iterable[dict[str, Any]]) -> Check:
    """The check that a formula agrees to 1e-12, relative to its size or to 1, with `reference`.

    For numbers that no fraction holds. 1e-12 is 4,500 roundings of a float.
    """
    listed = tuple(cases)

    def compare(formula: Formula) -> None:
        for case in listed:
            found, expected = formula.value(**case), reference(**case)
            if abs(found - expected) > 1e-12 * max(1.0, abs(expected)):
                raise DerivationError(
                    f"{formula.name} is {found!r} but {what} gives {expected!r} at {case}"
                )

    return Check(f"equal to {what} to 1e-12 at {len(listed)} settings", compare)


def tends_to_formula(
    what: str, sequence: Callable[[Case], list[Fraction]], cases: Iterable[Case], over: str
) -> Check:
    """The check that a sequence of the recursion tends to a formula without t.

    Two levels of Richardson's extrapolation remove 1/t and 1/t^2 from what separates the sequence
    from its limit, so the rest falls eightfold as t doubles. From a wrong limit it stays the
    same distance. Each case needs 64 generations.
    """
    listed = tuple(cases)

    def compare(formula: Formula) -> None:
        for case in listed:
            limit = formula.exactly(**case.letters)
            values = sequence(case)
            far, near_by = (abs(_extrapolated(values, t) - limit) for t in (8, 16))
            if not 5 * near_by < far:
                raise DerivationError(
                    f"{formula.name}: {what} does not tend to {limit} at the rate 1/t^3: off by "
                    f"{float(far):.3g}, then {float(near_by):.3g} for {case.workflow}"
                )

    statement = f"the limit of {what} in exact fractions, extrapolated at the rate 1/t^3, for"
    return Check(f"{statement} {over}", compare)


def _extrapolated(values: list[Fraction], t: int) -> Any:
    """The limit but for O(1/t^3), from generations t, 2 t and 4 t."""
    once, twice = (2 * values[2 * at - 1] - values[at - 1] for at in (t, 2 * t))
    value = (4 * twice - once) / 3
    return sympy.Rational(value.numerator, value.denominator)


def log_slope(case: Case) -> list[Fraction]:
    """t (S_{t+1} / S_t - 1) at t = 1..T-1, the slope of log S over log t but for O(1/t)."""
    return log_slope_of(trace_ratio(case))


def log_slope_of(values: list[Fraction]) -> list[Fraction]:
    """t (x_{t+1} / x_t - 1) of x_1, x_2, ..."""
    pairs = zip(values[:-1], values[1:], strict=True)
    return [t * (after / before - 1) for t, (before, after) in enumerate(pairs, 1)]
