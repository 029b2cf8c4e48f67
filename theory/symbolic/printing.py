"""A derivation as text, LaTeX, Markdown and plain data. Printing runs the checks."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

import sympy

from theory.symbolic.derivation import Derivation, latex, with_psi
from theory.symbolic.letters import MEANING


def as_text(derivation: Derivation, *, unicode: bool = True) -> str:
    """Numbered steps, formulas in two dimensions, the result in LaTeX, what was checked."""
    checked = derivation.verify()
    title = derivation.title
    lines = [title, "=" * len(title), f"regime: {derivation.regime}"]
    lines += [f"source: {derivation.source}", ""]
    for number, step in enumerate(derivation.steps, 1):
        lines += wrap(step.text, 96, initial_indent=f"{number}. ", subsequent_indent="   ")
        if step.expression is not None:
            lines += ["", _indented(step.expression, unicode)]
        lines.append("")
    formula = derivation.formula
    lines += [f"Result: {formula.name} =", "", _indented(formula.expression, unicode), ""]
    for short, full in formula.where:
        lines += [_indented(sympy.Eq(short, full, evaluate=False), unicode), ""]
    lines += [f"   {letter}: {meaning}" for letter, meaning in _letters(derivation)]
    lines += ["", f"LaTeX: {formula.latex}", ""]
    lines.append(f"Proved: {_proved(derivation)}.")
    lines += [f"Checked: {statement}." for statement in checked]
    return "\n".join(lines) + "\n"


def as_latex(derivation: Derivation) -> str:
    """A fragment for a document with amsmath."""
    checked = derivation.verify()
    lines = [rf"\paragraph{{{_prose(derivation.title)}.}}"]
    lines += [_prose(f"Regime: {derivation.regime}. Source: {derivation.source}.")]
    lines.append(r"\begin{enumerate}")
    for step in derivation.steps:
        lines.append(rf"  \item {_prose(step.text)}")
        if step.expression is not None:
            lines.append(rf"    \[ {latex(step.expression)} \]")
    lines += [r"\end{enumerate}", _prose(f"Result ({derivation.formula.name}):")]
    lines.append(rf"\[ {derivation.formula.latex} \]")
    lines += [_prose(f"Checked: {statement}.") for statement in checked]
    return "\n".join(lines) + "\n"


def as_markdown(derivation: Derivation) -> str:
    """A page: regime and source, numbered steps, the result, its letters, what was checked."""
    checked = derivation.verify()
    formula = derivation.formula
    lines = [f"# {derivation.title}", "", f"Regime: {_marked(derivation.regime)}.", ""]
    lines += [f"Source: {_marked(derivation.source)}.", "", "## Derivation", ""]
    for number, step in enumerate(derivation.steps, 1):
        lines += [f"{number}. {_marked(step.text)}", ""]
        if step.expression is not None:
            lines += ["   $$", f"   {latex(step.expression)}", "   $$", ""]
    lines += ["## Result", "", f"`{formula.name}` is", "", "$$", formula.latex, "$$", ""]
    lines += [f"- `{letter}`: {_marked(meaning)}" for letter, meaning in _letters(derivation)]
    lines += ["", "## Proof", "", f"- {_proved(derivation)}"]
    lines += [f"- checked: {_marked(statement)}" for statement in checked]
    return "\n".join(lines) + "\n"


def as_data(derivation: Derivation) -> dict[str, Any]:
    """What JSON can hold: expressions as sympy's text and as LaTeX."""
    checked = derivation.verify()
    formula = derivation.formula
    return {
        "title": derivation.title,
        "regime": derivation.regime,
        "source": derivation.source,
        "field": formula.name,
        "formula": _expression(formula.expression),
        "where": {str(short): _expression(full) for short, full in formula.where},
        "letters": dict(_letters(derivation)),
        "first_generation": formula.first,
        "steps": [
            {
                "text": step.text,
                "expression": None if step.expression is None else _expression(step.expression),
                "identities_proved": len(step.zeros),
            }
            for step in derivation.steps
        ],
        "checked": list(checked),
    }


def _proved(derivation: Derivation) -> str:
    proved = sum(len(step.zeros) for step in derivation.steps)
    return f"{proved} identities between the steps, each reduced to 0 by sympy"


def _expression(expression: Any) -> dict[str, str]:
    return {"sympy": str(expression), "latex": latex(expression)}


def _letters(derivation: Derivation) -> list[tuple[str, str]]:
    """Letters of the result with their meaning."""
    names = derivation.formula.letters
    return [(str(key), meaning) for key, meaning in MEANING.items() if str(key) in names]


def _indented(expression: Any, unicode: bool) -> str:
    pretty: str = sympy.pretty(with_psi(expression), wrap_line=False, use_unicode=unicode)
    return "\n".join(f"     {line}".rstrip() for line in pretty.splitlines())


_ESCAPES = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"$\sim$",
    "<": r"$<$",
    ">": r"$>$",
    "|": r"$|$",
    **{sign: f"\\{sign}" for sign in "_%#&${}"},
}


def _marked(text: str) -> str:
    """Prose with every sign that Markdown would take for its own escaped."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>#|$~^" else sign for sign in text)


def _prose(text: str) -> str:
    return "".join(_ESCAPES.get(sign, sign) for sign in text)
