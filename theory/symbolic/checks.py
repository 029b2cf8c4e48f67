"""Checks of a formula against theory.recursion, in exact fractions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

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
