"""What a derivation is: steps that sympy took, the formula they end in, and the check of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import sympy

from theory.symbolic.letters import MEANING, t

Number = int | float | Fraction

_DIGITS = 60  # inside special functions, which are steep: 40 remain at a million generations


class DerivationError(ArithmeticError):
    """A step does not follow, or a formula is not what it should equal. Never seen by a user."""


@dataclass(frozen=True)
class Formula:
    r"""A closed form: an expression in the letters of letters.py, in no unit unless stated.

    Attributes:
        name: the quantity, the name of the curve's field where it has one.
        expression: a sympy expression.
        where: abbreviations in the expression, each with what it stands for, in terms of letters.
        first: the first generation it holds for.
        given: values of letters, where the formula belongs to one curve.

    Example:
        >>> from theory.symbolic.letters import n, t
        >>> half = Formula("half", (1 - 1 / n) ** t).of(n=2)
        >>> half.at(t=3), half.value(t=3), half.latex
        (Fraction(1, 8), 0.125, '\\left(1 - \\frac{1}{n}\\right)^{t}')
    """

    name: str
    expression: Any
    where: tuple[tuple[Any, Any], ...] = ()
    first: int = 1
    given: Mapping[str, Fraction] = field(default_factory=dict)

    @property
    def letters(self) -> tuple[str, ...]:
        """Names of the letters that need a value, abbreviations resolved."""
        free = sympy.sympify(self.expression).free_symbols
        for short, full in self.where:
            free = (free | full.free_symbols) if short in free else free
        free -= {short for short, _ in self.where}
        return tuple(sorted(symbol.name for symbol in free))

    @property
    def latex(self) -> str:
        """The expression and its abbreviations, without surrounding math delimiters."""
        parts = [latex(self.expression)]
        parts += [f"{latex(short)} = {latex(full)}" for short, full in self.where]
        return r",\quad ".join(parts)

    def __str__(self) -> str:
        parts = [str(self.expression)]
        parts += [f"{short} = {full}" for short, full in self.where]
        parts += [f"{name} = {float(value):.6g}" for name, value in self.given.items()]
        return ", ".join(parts)

    def of(self, **values: Number) -> Formula:
        """The same formula with values for some letters; a float counts as the dyadic it is."""
        exact = {name: Fraction(value) for name, value in values.items()}
        return replace(self, given={**self.given, **exact})

    def at(self, **values: Number) -> Any:
        """The exact value: a Fraction if it is rational, else a sympy number.

        Raises:
            ValueError: a letter without a value, or a generation before the first.
        """
        numbers, expression = self._resolved(values)
        shifted = expression.replace(
            sympy.polygamma, lambda order, at: _shifted(order, at, numbers)
        )
        exact = sympy.expand(sympy.expand_func(shifted.subs(numbers).doit()))
        if exact.is_Rational:
            return Fraction(int(exact.p), int(exact.q))
        return exact

    def exactly(self, **values: Number) -> Any:
        """The value to 40 digits, as a sympy number; quick at a million generations too."""
        numbers, expression = self._resolved(values)
        floats = {symbol: sympy.Float(number, _DIGITS) for symbol, number in numbers.items()}

        def approximated(part: Any) -> Any:
            arguments = [argument.subs(floats) for argument in part.args]
            if part.func is sympy.harmonic:
                at, *orders = arguments
                if not orders:
                    return sympy.digamma(at + 1) + sympy.EulerGamma
                (order,) = orders
                return sympy.zeta(order) - sympy.zeta(order, at + 1)
            return part.func(*arguments)

        special = (sympy.gamma, sympy.polygamma, sympy.harmonic)
        expression = expression.replace(lambda part: part.func in special, approximated)
        return sympy.re(expression.subs(numbers).doit().evalf(40))

    def value(self, **values: Number) -> float:
        """The value as a float."""
        return float(self.exactly(**values))

    def _resolved(self, values: Mapping[str, Number]) -> tuple[dict[Any, Any], Any]:
        """Exact values of the letters, and the expression without abbreviations."""
        known = {**self.given, **{name: Fraction(value) for name, value in values.items()}}
        missing = [name for name in self.letters if name not in known]
        if missing:
            raise ValueError(f"{self.name} needs a value for {', '.join(missing)}")
        if known.get("t", self.first) < self.first:
            raise ValueError(f"{self.name} holds from t={self.first} on, got t={known['t']}")
        numbers = {
            symbol: sympy.Rational(known[symbol.name].numerator, known[symbol.name].denominator)
            for symbol in MEANING
            if symbol.name in known
        }
        short = [(letter, full.subs(numbers)) for letter, full in self.where]
        return numbers, sympy.sympify(self.expression).subs(short)


@dataclass(frozen=True)
class Step:
    """One line of a derivation.

    Attributes:
        text: what is done, in words.
        expression: what comes out, or None.
        zeros: expressions that must be identically zero for the step to hold; `verify` makes
            sympy show it.
    """

    text: str
    expression: Any = None
    zeros: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Check:
    """A comparison of a formula with something that does not know it.

    Attributes:
        statement: what has been found equal to what, over which values.
        compare: raises DerivationError if the formula is something else.
    """

    statement: str
    compare: Callable[[Formula], None]


@dataclass(frozen=True)
class Derivation:
    """A closed form with the way to it.

    Attributes:
        title: what is derived.
        regime: where it holds.
        steps: from the definition to the formula.
        formula: the result.
        checks: comparisons with what does not know the formula; the last line of every printout.
        source: the paper or the section.
    """

    title: str
    regime: str
    steps: tuple[Step, ...]
    formula: Formula
    checks: tuple[Check, ...]
    source: str

    def verify(self) -> tuple[str, ...]:
        """Prove every step and run every check; returns what has been checked.

        Raises:
            DerivationError: naming the step or the check that fails.
        """
        if not self.checks:
            raise DerivationError(f"{self.title}: nothing to check it with")
        for step in self.steps:
            for zero in step.zeros:
                if not vanishes(zero):
                    raise DerivationError(f"{self.title}: not zero in {step.text!r}: {zero}")
        for check in self.checks:
            check.compare(self.formula)
        return tuple(check.statement for check in self.checks)


def _shifted(order: Any, at: Any, numbers: Mapping[Any, Any]) -> Any:
    """psi at a rational as its value in (0, 1] plus fractions, by psi(x + 1) = psi(x) + 1/x.

    sympy evaluates some of these values by Gauss's theorem, in trigonometric functions whose
    differences it does not see to be rational.
    """
    at = at.subs(numbers)
    if order != 0 or not at.is_Rational:
        return sympy.polygamma(order, at)
    whole = sympy.ceiling(at) - 1
    base, sign = at - whole, sympy.sign(whole)
    between = range(whole) if whole > 0 else range(whole, 0)
    return sympy.polygamma(0, base) + sign * sum(1 / (base + j) for j in between)


def latex(expression: Any) -> str:
    """LaTeX, with psi for digamma and H_t, H_t^{(2)} for harmonic sums, which sympy spells out."""

    def letter(index: Any, *order: Any) -> Any:
        raised = "".join(rf"^{{({sympy.latex(one)})}}" for one in order)
        return sympy.Symbol(rf"H_{{{sympy.latex(index)}}}{raised}")

    return str(sympy.latex(with_psi(expression).replace(sympy.harmonic, letter)))


def with_psi(expression: Any) -> Any:
    """psi(x) for digamma, which sympy spells out: for print only."""
    psi = sympy.Function("psi")

    def letter(order: Any, at: Any) -> Any:
        return psi(at) if order == 0 else sympy.polygamma(order, at)

    return sympy.sympify(expression).replace(sympy.polygamma, letter)


def vanishes(expression: Any) -> bool:
    """True if sympy shows that the expression is identically zero."""
    expression = sympy.sympify(expression)
    return expression == 0 or any(attempt(expression) == 0 for attempt in _ATTEMPTS)


_ATTEMPTS: tuple[Callable[[Any], Any], ...] = (
    sympy.cancel,
    sympy.gammasimp,
    sympy.combsimp,
    sympy.powsimp,
    lambda expression: sympy.cancel(sympy.expand_func(expression)),
    sympy.simplify,
)


def equation(name: str, expression: Any, at: Any = t) -> Any:
    """`name_t = expression`, for print."""
    left = sympy.Symbol(f"{name}_{at}" if at is not None else name)
    return sympy.Eq(left, expression, evaluate=False)
