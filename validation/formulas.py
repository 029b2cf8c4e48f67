"""Formulas of the page as MathML, which browsers show without a script or a font from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from latex2mathml.converter import convert

from validation.quantities import QUANTITIES

_NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'


@dataclass(frozen=True)
class Shown:
    """A formula of the page.

    Attributes:
        title: what it gives.
        regime: where it holds.
        mathml: a <math> element.
        letters: (letter, meaning) of those in it that need one.
    """

    title: str
    regime: str
    mathml: str
    letters: tuple[tuple[str, str], ...] = ()


def mathml(latex: str, display: str = "block") -> str:
    """The formula as an element of an HTML page, which needs no namespace.

    Example:
        >>> mathml("x", "inline")
        '<math display="inline"><mrow><mi>x</mi></mrow></math>'
    """
    found: str = convert(latex, display=display)
    return found.replace(_NAMESPACE, "")


Formulas = tuple[dict[str, list[Shown]], str]  # of a family by field, and why there are none


@cache
def derived(family: str) -> dict[str, list[Shown]]:
    """Field -> the closed forms that theory.symbolic derives for it, derived now, and its limits.

    Each step that sympy took is proved by `python -m theory derive` and by `make docs`.
    """
    from theory.symbolic.catalogue import CATALOGUE, derivations
    from theory.symbolic.letters import MEANING

    found: dict[str, list[Shown]] = {}
    fields = [field for of, field in QUANTITIES if of == family]
    for known, workflow in CATALOGUE:
        if known != family:
            continue
        for one in derivations(family, workflow):
            name = one.formula.name
            field = next((f for f in fields if name in (f, f"{f}_limit", f"{f}_slope")), None)
            if field is None:
                continue
            letters = tuple(
                (str(key), meaning)
                for key, meaning in MEANING.items()
                if str(key) in one.formula.letters
            )
            shown = Shown(one.title, one.regime, mathml(one.formula.latex), letters)
            found.setdefault(field, []).append(shown)
    return found


def derived_or_reason(family: str) -> Formulas:
    """What is derived, or nothing and why: the verdicts do not depend on a formula."""
    try:
        return derived(family), ""
    except Exception as problem:
        return {}, f"The closed forms could not be derived: {problem}"
