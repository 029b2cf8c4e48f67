"""A pipeline whose synthetic labels pass a verifier: its errors, best round and strictness.

The model is a linear regression with rows of length one, shared evenly among d directions: the
real fit has standard error (n_0/d)^(-1/2) in each, and n/d accepted rows a direction are trained
on each round. The verifier's bias and width are in standard deviations of label noise.

Each round pulls the model towards the verifier by rho < 1 at least, so that the error settles at
the square of the verifier's bias and a steady scatter, and may first be lower.

Source: 2510.16657; loopbound mitigations, section 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from theory.curve import Curve, Kind
from theory.planner.inverse import Answer
from theory.planner.pipeline import Pipeline, Verifier
from theory.verification import VerifiedChain, contraction, curves
from theory.verification.rounds import steady_second_moment
from theory.verification.truncated import accepted
from theory.workflow import Workflow

SOURCE = "2510.16657; loopbound mitigations, section 1"
_ROUNDS = 16  # computed for the best one
_NARROWEST, _WIDEST = 0.05, 4.0  # verifiers among which the least strict is sought
_TIGHT = 1e-6  # relative width at which it is known


def require(pipeline: Pipeline) -> tuple[Verifier, int, int, int]:
    """(verifier, dimension, real rows and synthetic rows a direction), or a ValueError."""
    verifier, dim = pipeline.verifier, pipeline.parameters
    if verifier is None or dim is None:
        raise ValueError("a verifier is solved for linear regression: give parameters too")
    for name in ("real", "synthetic"):
        if getattr(pipeline, name) < 2 * dim:
            raise ValueError(
                f"{name}={getattr(pipeline, name)} gives less than two rows for each of "
                f"parameters={dim}: give at least {2 * dim} rows with a verifier"
            )
    return verifier, dim, pipeline.real // dim, pipeline.synthetic // dim


def errors(pipeline: Pipeline, rounds: int) -> Curve:
    """Square error in units of the real fit's, axis (round,). Exact; round 1 is the real fit."""
    verifier, _, real, rows = require(pipeline)
    chain = VerifiedChain((math.sqrt(real),), verifier.width, verifier.bias)
    found = curves(chain, Workflow.replace(rows), rounds).squared_error
    limit = None if found.limit is None else real * found.limit
    return Curve(real * found.values, Kind.EXACT, SOURCE, limit=limit)


def settles(real: int, rows: int, verifier: Verifier) -> float:
    """Error in the long run in units of the real fit's, rows a direction. Exact."""
    return real * (steady_second_moment(verifier.width, rows) + verifier.bias**2)


def acceptance(verifier: Verifier) -> float:
    """Share of true labels that pass."""
    return float(np.exp(accepted(verifier.bias, verifier.width).log_share))


def best_round(pipeline: Pipeline, rounds: int = _ROUNDS) -> Answer | None:
    """The round whose model has the least error: 1 is the real fit, inf is for ever.

    From round 2 on the model is within L of the verifier, and one round brings two models closer
    by rho at least: after K verified rounds the law is within 2 L rho^(K-1) of the steady one in
    Wasserstein distance, and no later error is below limit - 4 L (L + |d|) rho^(K-1). That excludes
    a later minimum; None where it does not within the rounds computed. Inf for no bias, where
    leading order falls for ever.

    Example:
        >>> from theory.planner.pipeline import Keep
        >>> loop = Pipeline(300, 600, Keep.LATEST, verifier=Verifier(0.05, 1.0), parameters=3)
        >>> best_round(loop).value
        2
    """
    verifier, _, real, _ = require(pipeline)
    curve = errors(pipeline, rounds + 1)
    values, limit, reach = curve.values, curve.limit, verifier.width
    assert limit is not None
    question, told = "best round to stop at", "error (fits to the real rows)"
    k = 1 + int(np.argmin(values[1:]))
    slack = 4 * real * reach * (reach + verifier.bias) * contraction(reach) ** (rounds - 1)
    if values[k] < limit - slack:
        beside = tuple((float(j), float(values[j])) for j in (k - 1, k + 1) if 1 <= j <= rounds + 1)
        return Answer(question, k, told, float(values[k]), beside, None, Kind.EXACT, SOURCE)
    if verifier.bias == 0 and limit < values[1]:
        last = ((float(rounds + 1), float(values[-1])),)
        return Answer(question, math.inf, told, limit, last, None, Kind.ASYMPTOTIC, SOURCE)
    return None


def widest(pipeline: Pipeline, bias: float = 0.0) -> Answer | None:
    """The least strict verifier of that bias that keeps the long-run error within the tolerance.

    The exact steady state grows with the width; found to 1e-6 of it, checked on both sides.
    None where the bias alone is too much; inf never, because without verification it is linear.
    """
    assert pipeline.parameters is not None
    real = pipeline.real // pipeline.parameters
    rows = pipeline.synthetic // pipeline.parameters

    @cache
    def error(width: float) -> float:
        return settles(real, rows, Verifier(bias, width))

    spare = rows * (pipeline.tolerance / real - bias**2)
    if spare <= 0 or error(_NARROWEST) > pipeline.tolerance:
        return None
    low, high = _around(error, pipeline.tolerance, leading_width(spare))
    if high > low:
        low = largest(error, pipeline.tolerance, low, high)
    beside = ((1.01 * low, error(1.01 * low)),)
    return Answer(
        "least strict verifier (width)", low, "error in the long run (fits to the real rows)",
        error(low), beside, pipeline.tolerance, Kind.EXACT, SOURCE,
    )  # fmt: skip


def leading_width(spare: float) -> float:
    """L at which rho(L)/(1 - rho(L)^2), n times the steady scatter to leading order, is `spare`.

    Example:
        >>> rho = contraction(leading_width(0.5))
        >>> round(rho / (1 - rho**2), 4)
        0.5
    """
    wanted = 2 * spare / (1 + math.sqrt(1 + 4 * spare**2))
    if contraction(_WIDEST) <= wanted:
        return _WIDEST
    if contraction(_NARROWEST) >= wanted:
        return _NARROWEST
    return largest(contraction, wanted, _NARROWEST, _WIDEST)


def _around(
    criterion: Callable[[float], float], threshold: float, guess: float
) -> tuple[float, float]:
    """Widths beside the guess with the threshold between; both the widest one where all hold."""
    step, low, high = 1.01, guess, guess
    while criterion(low) > threshold:
        low, high = max(low / step, _NARROWEST), low
        step **= 2
    while criterion(high) <= threshold:
        if high == _WIDEST:
            return high, high
        low, high = high, min(high * step, _WIDEST)
        step **= 2
    return low, high


def largest(
    criterion: Callable[[float], float], threshold: float, low: float, high: float
) -> float:
    """The largest number whose criterion, which grows, is at most the threshold, to 1e-6 of it.

    The criterion is at most the threshold at `low` and above it at `high`, and stays so: false
    position on its logarithm, an end that stays counts half (Illinois).

    Example:
        >>> round(largest(lambda x: x**3, 8.0, 0.1, 9.0), 4)
        2.0
    """
    below, above = (math.log(criterion(x) / threshold) for x in (low, high))
    while high - low > _TIGHT * high:
        middle = low + (high - low) * below / (below - above)
        step = _TIGHT * high / 4
        middle = min(max(middle, low + step), high - step)
        gap = math.log(criterion(middle) / threshold)
        if gap <= 0:
            low, below, above = middle, gap, above / 2
        else:
            high, above, below = middle, gap, below / 2
    return low
