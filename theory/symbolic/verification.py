"""Verified regression: the contraction, the published bound, phases and break-even."""

from __future__ import annotations

from functools import cache
from typing import Any

import sympy

from theory.symbolic.checks import near
from theory.symbolic.derivation import Derivation, Formula, Step, equation
from theory.symbolic.kept import geometric
from theory.symbolic.letters import c, half_width, n, real, rho
from theory.verification import phases, truncated
from theory.verification.rounds import steady_second_moment

SOURCE = "Yi et al. 2510.16657; loopbound mitigations, section 1"
ROUND = "one direction, units of the label noise"
LEADING = "infinitely many rows a round, a verifier off by a small multiple of the real fit's error"

_WIDTHS = (0.3, 0.5, 1.0, 1.5, 2.0, 3.0)
_RHOS = {truncated.contraction(width): width for width in _WIDTHS}


def _density(x: Any) -> Any:
    return sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi)


@cache
def contraction() -> Derivation:
    """rho(L), the variance of an accepted variate about the verifier and the slope of tau there."""
    x, u = sympy.symbols("x u", real=True)
    primitive = sympy.erf(x / sympy.sqrt(2)) / 2 - x * _density(x)
    share = sympy.erf(half_width / sympy.sqrt(2))
    square = (primitive - primitive.subs(x, -x)).subs(x, half_width)
    result = 1 - 2 * half_width * _density(half_width) / share
    slope = _density(x - u).diff(u) - (x - u) * _density(x - u)
    steps = (
        Step(
            "x^2 phi(x) has the primitive Phi(x) - x phi(x)",
            primitive,
            (primitive.diff(x) - x**2 * _density(x),),
        ),
        Step(
            "Over -L..L, divided by the acceptance 2 Phi(L) - 1",
            result,
            (square / share - result, sympy.erf(x / sympy.sqrt(2)).diff(x) / 2 - _density(x)),
        ),
        Step(
            "d phi(x - u)/du = (x - u) phi(x - u), so d tau/du = E W (W - u) - E W E (W - u), the "
            "variance of W: at u = 0 it is rho, too",
            None,
            (slope,),
        ),
    )
    return Derivation(
        "Contraction of a verified round", ROUND, steps, Formula("contraction", result),
        (near("quadrature of the truncated density", lambda **at: truncated.contraction(at["L"]),
              [{"L": width} for width in _WIDTHS]),),
        SOURCE,
    )  # fmt: skip


def _error(rho: float, n: int, N: int, t: int) -> float:  # noqa: N803
    """The bound of theory.verification for mu^2 = N and an unbiased verifier."""
    from theory.verification import VerifiedChain, curves
    from theory.workflow import Workflow

    chain = VerifiedChain((float(N) ** 0.5,), _RHOS[rho])
    return float(curves(chain, Workflow.replace(n), t).verifier_error_upper[t])


@cache
def bound() -> Derivation:
    """E |theta_t - theta_c|^2 at most, one direction, an unbiased verifier."""
    old, tau = sympy.symbols("B tau")
    solution = geometric(rho**2, rho / n, 1 / real)
    steps = (
        Step(
            "u' = tau(u) + noise of variance m_2(u)/n, and E u'^2 = E tau(u)^2 + E m_2(u)/n; "
            "tau(0) = 0 with slope at most rho and m_2 at most rho give B' = rho^2 B + rho/n",
            rho**2 * old + rho / n,
            (sympy.expand((rho * tau) ** 2 - rho**2 * tau**2),),
        ),
        Step(
            "From B_1 = 1/N geometrically; proved by induction",
            equation("B", solution.form),
            solution.zeros,
        ),
    )
    settings = [
        {"rho": value, "n": 12, "N": 9, "t": at} for value in list(_RHOS)[2:4] for at in (1, 2, 5)
    ]
    return Derivation(
        "Published bound on the distance from the verifier",
        f"{ROUND}, replace, unbiased verifier, N = mu^2 real rows; an upper bound",
        steps,
        Formula("verifier_error_upper", solution.form, solution.where),
        (near("the recursion of theory.verification", _error, settings),),
        SOURCE,
    )


@cache
def steady() -> Derivation:
    """What the bound tends to, and the steady state to leading order in n."""
    limit = rho / (n * (1 - rho**2))
    steps = (Step("The fixed point of B' = rho^2 B + rho/n", limit,
                  (rho**2 * limit + rho / n - limit,)),)  # fmt: skip

    def extrapolated(rho: float, n: int) -> float:
        """n times the exact steady state, for n infinite: error 1/n removed four times, over n."""
        values = [
            size * steady_second_moment(_RHOS[rho], size) for size in (200, 400, 800, 1600, 3200)
        ]
        for order in range(1, 5):
            values = [
                (2**order * after - before) / (2**order - 1)
                for before, after in zip(values, values[1:], strict=False)
            ]
        return values[0] / n

    return Derivation(
        "Steady state",
        f"{ROUND}, replace; asymptotic in n, and an upper bound for every n",
        steps,
        Formula("verifier_error_upper_limit", limit),
        (near("the exact steady state, extrapolated in n", extrapolated,
              [{"rho": value, "n": 30} for value in list(_RHOS)[:4]]),),
        SOURCE,
    )  # fmt: skip


def _leading(power: Any) -> Any:
    """mu^2 times the error after the rounds that leave `power` = rho^k of a distance."""
    return (1 - power) ** 2 * c + power**2


@cache
def best_round() -> Derivation:
    """k* = ln[c/(c + 1)]/ln rho."""
    power = sympy.Symbol("x", positive=True)
    least = c / (c + 1)
    result = sympy.log(least) / sympy.log(rho)
    steps = (
        Step("Error over the real fit's after k rounds, x = rho^k", _leading(power)),
        Step(
            "Least where its slope is zero",
            least,
            (_leading(power).diff(power).subs(power, least),),
        ),
        Step("k = ln x/ln rho", result, (rho**result - least,)),
    )

    def known(rho: float, c: float) -> float:
        return phases.best_round(c**0.5, _RHOS[rho])

    return Derivation(
        "Best round", LEADING, steps, Formula("best_round", result),
        (near("theory.verification", known,
              [{"rho": value, "c": 1.5} for value in _RHOS]),),
        SOURCE,
    )  # fmt: skip


@cache
def harm() -> Derivation:
    """c from which on the first round hurts."""
    edge = (1 + rho) / (1 - rho)
    steps = (
        Step("The first round leaves x = rho; it breaks even where the error is the real fit's",
             edge, (_leading(rho).subs(c, edge) - 1,)),
        Step("For ever, x = 0: at c = 1", None, (_leading(0).subs(c, 1) - 1,)),
    )  # fmt: skip

    def switched(rho: float) -> float:
        """By bisection of what theory.verification calls harm."""
        low, high = 1.0, 1e3
        while high - low > 1e-14 * high:
            middle = (low + high) / 2
            found = phases.phase(middle**0.5, _RHOS[rho])
            low, high = (low, middle) if found is phases.Phase.HARM else (middle, high)
        return low

    return Derivation(
        "Bias from which on the first round hurts", LEADING, steps, Formula("harm", edge),
        (near("the phases of theory.verification", switched,
              [{"rho": value} for value in list(_RHOS)[:4]]),),
        SOURCE,
    )  # fmt: skip


@cache
def rows_to_gain() -> Derivation:
    """n above which a round of an unbiased verifier gains."""
    edge = real * rho / (1 - rho**2)
    steps = (
        Step("One round leaves rho^2/N of the real fit's 1/N and adds rho/n", edge,
             (sympy.cancel((rho**2 / real + rho / n - 1 / real).subs(n, edge)),)),
    )  # fmt: skip

    def known(N: int, rho: float) -> float:  # noqa: N803
        return phases.rows_to_gain(N**0.5, _RHOS[rho])

    return Derivation(
        "Accepted rows from which on an unbiased verifier gains",
        f"{ROUND}, one round, N = mu^2 real rows; leading order in 1/N",
        steps,
        Formula("rows_to_gain", edge),
        (near("theory.verification", known, [{"N": 20, "rho": value} for value in _RHOS]),),
        SOURCE,
    )
