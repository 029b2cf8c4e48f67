"""Truncated refits: a Gaussian model refitted only to rows that it finds unlikely, and regrowth.

The Gaussian analogue of a cross-entropy that counts a token only if the model gives it probability
<= gamma: keep |x - mean| >= a standard deviations. Source: Ren et al. 2509.08972; loopbound
mitigations, section 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory.curve import Curve, Kind
from theory.record import Record
from theory.workflow import whole_number

_SOURCE = "loopbound mitigations, section 5"


@dataclass(frozen=True)
class TruncatedChain:
    """A Gaussian in one dimension, refitted by maximum likelihood to n rows of its tails.

    Attributes:
        rows: kept a round, n >= 2.
        cut: a >= 0: rows within a standard deviations of the model's mean are left out.

    Raises:
        ValueError: quoting the value that is out of range.
    """

    rows: int
    cut: float

    def __post_init__(self) -> None:
        whole_number("rows", self.rows, minimum=2)
        if not 0 <= self.cut < math.inf:
            raise ValueError(f"cut must be finite and >= 0, got {self.cut!r}")


def tail_variance(cut: float) -> float:
    """eta(a) = Var(X | |X| >= a) = 1 + a phi(a)/(1 - Phi(a)) of a standard normal. Exact.

    Example:
        >>> round(tail_variance(0.0), 3), round(tail_variance(1.0), 3)
        (1.0, 2.525)
    """
    from scipy.special import erfcx

    return 1 + cut * math.sqrt(2 / math.pi) / float(erfcx(cut / math.sqrt(2)))


def curves(chain: TruncatedChain, generations: int) -> Record:
    """Spread and centre of fits 1..T, the first to n real rows, the others to n rows of the tails.

    trace_ratio: E sigma_t^2 = (1 - 1/n)^t eta^(t-1). mean_error: E mu_t^2 = [1 + eta (1 - 1/n) +
    eta (eta) (1 - 1/n)^2 ...]/n, the sum of eta E sigma_s^2 over earlier fits s. Both exact, in
    units of the true variance: it delays the collapse or turns it into an explosion.

    Example:
        >>> curves(TruncatedChain(20, 0.0), 2).trace_ratio.values.tolist()
        [1.0, 0.95, 0.9025]
    """
    n, eta = chain.rows, tail_variance(chain.cut)
    t = np.arange(whole_number("generations", generations) + 1)
    spread = np.where(t == 0, 1.0, (1 - 1 / n) ** t * eta ** np.maximum(t - 1, 0))
    step = np.append(0.0, np.where(t[:-1] == 0, 1.0, eta) * spread[:-1] / n)
    factor = (1 - 1 / n) * eta
    limit = 0.0 if factor < 1 else math.inf if factor > 1 else float(spread[-1])
    drift = np.cumsum(step)
    return Record(
        {
            "trace_ratio": Curve(spread, Kind.EXACT, _SOURCE, limit=limit),
            "mean_error": Curve(drift, Kind.EXACT, _SOURCE),
        }
    )


def balance(rows: int) -> float:
    """The cut at which the mean variance neither shrinks nor grows: eta(a) (1 - 1/n) = 1. Exact.

    About sqrt(pi/2)/n = 1.25/n.

    Example:
        >>> round(balance(1000) * 1000, 3)
        1.253
    """
    from scipy.optimize import brentq

    whole_number("rows", rows, minimum=2)
    return float(brentq(lambda a: tail_variance(a) * (1 - 1 / rows) - 1, 0.0, 3.0, xtol=1e-15))


@dataclass(frozen=True)
class Regrowth:
    """Regenerate and grow: fit t has (t - 1) N rows of model t - 1 and N new real ones.

    Attributes:
        rows: new real rows a stage, N.

    Raises:
        ValueError: quoting the value that is out of range.
    """

    rows: int

    def __post_init__(self) -> None:
        whole_number("rows", self.rows)


def regrowth_curves(spec: Regrowth, generations: int) -> Record:
    """mean_error: V_i = (i + 2)/(2 (i + 1) N) for stage i = t - 1, in units of the true variance.

    From V_i = [i^2 (V_{i-1} + 1/(i N)) + 1/N]/(i + 1)^2. Exact; it falls to half a fit to N rows.

    Example:
        >>> regrowth_curves(Regrowth(10), 3).mean_error.values.round(6).tolist()
        [0.0, 0.1, 0.075, 0.066667]
    """
    stage = np.arange(whole_number("generations", generations))
    values = np.append(0.0, (stage + 2) / (2 * (stage + 1) * spec.rows))
    std = np.sqrt(2.0) * values
    limit = 1 / (2 * spec.rows)
    return Record({"mean_error": Curve(values, Kind.EXACT, _SOURCE, std, limit)})
