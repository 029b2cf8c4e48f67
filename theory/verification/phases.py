"""Does verification help, and for how long? Phases, best round and break-even.

Leading order for many rows a round and a verifier that is off by a small multiple of the start's
standard error (`phase`, `phase_error`, `best_round`, `rows_to_gain`); exact for one diagram
(`phase_diagram`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from theory.curve import Curve, Kind
from theory.verification.means import Rule, mean_of, one
from theory.verification.rounds import real_fit
from theory.verification.truncated import accepted, contraction
from theory.workflow import whole_number

FloatArray = npt.NDArray[np.float64]

DEGREE = 40  # of the polynomials in u that a diagram is made of
_ORDER = 9  # nodes of a batch's mean, given each of them
_SOURCE = "Yi et al. 2510.16657; loopbound mitigations, section 1"


class Phase(Enum):
    """What rounds of verification do to the error, at leading order.

    ALWAYS: every round is better than the start. REVERSAL: early gain, later loss. HARM: the first
    round is already worse.
    """

    ALWAYS = "always"
    REVERSAL = "reversal"
    HARM = "harm"


def phase(standardised_bias: float, half_width: float) -> Phase:
    """The phase of a verifier off by d mu standard errors of the start. Asymptotic.

    With c = (d mu)^2: always better if c < 1, reversal up to (1 + rho)/(1 - rho), harm above.

    Example:
        >>> [phase(x, 1.0).value for x in (0.5, 1.2, 2.0)]
        ['always', 'reversal', 'harm']
    """
    c, rho = standardised_bias**2, contraction(half_width)
    if c <= 1:
        return Phase.ALWAYS
    return Phase.REVERSAL if c * (1 - rho) < 1 + rho else Phase.HARM


def phase_error(bias: float, singular_value: float, half_width: float, generations: int) -> Curve:
    """E (u_t - d)^2 of one direction over generations, n = infinity and d small. Asymptotic.

    After k = t - 1 rounds (1 - rho^k)^2 d^2 + rho^(2k)/mu^2 (noise variances).
    """
    k = np.arange(whole_number("generations", generations))
    power = contraction(half_width) ** k
    values = (1 - power) ** 2 * bias**2 + power**2 / singular_value**2
    return Curve(np.append(0.0, values), Kind.ASYMPTOTIC, _SOURCE, limit=bias**2)


def best_round(standardised_bias: float, half_width: float) -> float:
    """k* = ln[c/(c + 1)]/ln rho, c = (d mu)^2: where leading order is least; inf for no bias.

    Example:
        >>> round(best_round(0.5, 1.0), 4)
        1.3042
    """
    c = standardised_bias**2
    return math.inf if c == 0 else math.log(c / (c + 1)) / math.log(contraction(half_width))


def rows_to_gain(singular_value: float, half_width: float) -> float:
    """n_1 = mu^2 m2/(1 - m2^2), above which one round of an unbiased verifier gains. Asymptotic.

    Example:
        >>> round(rows_to_gain(20**0.5, 1.0), 3)
        6.362
    """
    m2 = contraction(half_width)
    return singular_value**2 * m2 / (1 - m2**2)


def first_round_expansion(
    bias: float, singular_value: float, half_width: float, rows: int
) -> float:
    """E (u - d)^2 after one round, to order 1/mu^2: m2/n + m1^2 + (m1 m3 + m2^2)/mu^2 at u = d.

    Asymptotic in mu. Secondary accounts print m1^2 inside the fraction, which simulation refutes.

    Example:
        >>> round(first_round_expansion(0.3, 20**0.5, 1.0, 50), 5)
        0.0554
    """
    one_row = accepted(bias, half_width)
    m1, m2, m3 = float(one_row.mean) - bias, float(one_row.variance), float(one_row.third)
    return m2 / rows + m1**2 + (m1 * m3 + m2**2) / singular_value**2


@dataclass(frozen=True, eq=False)
class PhaseDiagram:
    """How much one direction gains from rounds of verification. Exact.

    Attributes:
        standardised_biases: |d| mu of the verifier, axis (bias,).
        half_widths: L, axis (half width,).
        ratios: error after the rounds divided by the real fit's, axes (half width, bias).
        rounds: of verification.
        rows: accepted a round.
        singular_value: mu.
    """

    standardised_biases: FloatArray
    half_widths: FloatArray
    ratios: FloatArray
    rounds: int
    rows: int
    singular_value: float

    @property
    def break_even(self) -> FloatArray:
        """|d| mu from which on the rounds lose, axis (half width,); 0 where an unbiased one does.

        Between two biases of the diagram by linear interpolation; inf where all of them gain.
        """
        found = np.full(len(self.half_widths), math.inf)
        for i, ratios in enumerate(self.ratios):
            loses = np.flatnonzero(ratios >= 1)
            if len(loses):
                j = int(loses[0])
                x, y = (
                    self.standardised_biases[max(j - 1, 0) : j + 1],
                    ratios[max(j - 1, 0) : j + 1],
                )
                found[i] = np.interp(1.0, y, x) if j else 0.0
        return found


def phase_diagram(
    standardised_biases: npt.ArrayLike,
    half_widths: npt.ArrayLike,
    *,
    singular_value: float,
    rows: int,
    rounds: int = 1,
) -> PhaseDiagram:
    """E (u_{k+1} - d)^2 mu^2 over a grid of biases and half-widths, k = rounds. Exact.

    E[u_k | u_1] and E[u_k^2 | u_1] are polynomials in u_1 to rounding, one pair a half-width; the
    biases only say where the real fit is. Good to rounding for one round, to 1e-4 of the ratio for
    more at half-widths up to 4, see tests.

    Raises:
        ValueError: a bias that is negative, a half-width or singular value that is not finite and
            > 0, rows < 1 or rounds < 1.
    """
    biases = _axis("standardised_biases", standardised_biases, 0.0)
    widths = _axis("half_widths", half_widths, math.ulp(0.0))
    if not 0 < singular_value < math.inf:
        raise ValueError(f"singular_value must be finite and > 0, got {singular_value!r}")
    whole_number("rows", rows)
    whole_number("rounds", rounds)
    from numpy.polynomial import chebyshev

    starts = [real_fit(x / singular_value, singular_value) for x in biases]
    reach = max(float(np.abs(start.nodes).max()) for start in starts)
    x = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
    to_coefficients = np.linalg.inv(chebyshev.chebvander(x, DEGREE))
    table = (
        np.array([s.weights[0] @ chebyshev.chebvander(s.nodes[0] / reach, DEGREE) for s in starts])
        @ to_coefficients
    )  # axes (bias, node)
    ratios = []
    for width in widths:
        first, second = _moments(reach * x, float(width), rows, rounds)
        d = biases / singular_value
        ratios.append((table @ second - 2 * d * (table @ first) + d**2) * singular_value**2)
    return PhaseDiagram(biases, widths, np.array(ratios), rounds, rows, float(singular_value))


def _moments(
    u: FloatArray, half_width: float, rows: int, rounds: int
) -> tuple[FloatArray, FloatArray]:
    """E[u_k] and E[u_k^2] after k rounds given each u, axis (node,)."""
    if rounds == 1:
        found = accepted(u, half_width)
        return found.mean, found.mean**2 + found.variance / rows
    from numpy.polynomial import chebyshev

    degree = 2 * _ORDER
    x = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    basis = np.linalg.inv(chebyshev.chebvander(x, degree))
    inside = accepted(half_width * x, half_width)
    first, second = inside.mean, inside.mean**2 + inside.variance / rows
    given = np.concatenate([u, half_width * x])
    rule: Rule = mean_of(one(given, half_width, _ORDER), rows)
    step = chebyshev.chebvander(np.clip(rule.nodes / half_width, -1, 1), degree)
    operator = (rule.weights[:, :, None] * step).sum(axis=1) @ basis
    for _ in range(rounds - 2):
        first, second = operator[len(u) :] @ first, operator[len(u) :] @ second
    return operator[: len(u)] @ first, operator[: len(u)] @ second


def _axis(name: str, given: npt.ArrayLike, least: float) -> FloatArray:
    values = np.atleast_1d(np.asarray(given, dtype=np.float64))
    bad = values[~((values >= least) & (values < math.inf))]
    if values.ndim != 1 or not len(values) or len(bad):
        told = float(bad[0]) if len(bad) else values.shape
        raise ValueError(
            f"{name} must be finite numbers {'>= 0' if least == 0 else '> 0'}, got {told!r}"
        )
    return values
