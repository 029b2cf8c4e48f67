"""The inverse questions: the least of something that keeps the drift within what is tolerated.

Closed forms where there is one; else bisection on the exact limit, which is monotone in what is
asked. Every answer carries its certificate: the criterion at the answer and just beside it, on
either side of what was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from theory.curve import Kind
from theory.inflation import inflation
from theory.planner.alarms import off_in_diversity
from theory.planner.drift import drift
from theory.planner.outlook import MAP, SECTION, outlook
from theory.planner.pipeline import MOST_ROWS, Keep, Pipeline
from theory.workflow import Workflow, whole_number


@dataclass(frozen=True)
class Answer:
    """One inverse question, answered with its certificate.

    Attributes:
        question: in words.
        value: the answer.
        criterion: what is compared with `threshold`.
        at: the criterion at the answer: at most the threshold (or the least, where `threshold` is
            None).
        beside: the criterion next to the answer: (value, criterion) on each side that was checked.
        threshold: what was asked for; None for a minimum.
        kind: status.
        source: of the law that was inverted.
        attained: False where the answer is a limit that is itself just too little.
    """

    question: str
    value: float
    criterion: str
    at: float
    beside: tuple[tuple[float, float], ...]
    threshold: float | None
    kind: Kind = Kind.ASYMPTOTIC
    source: str = SECTION
    attained: bool = True


SETTLES = "error in the long run (fits to the real rows of now)"


def least_real_rows(pipeline: Pipeline) -> Answer | None:
    """New real rows a round that keep the long-run error within the tolerance; None if no number.

    Of the latest round, r real rows among n synthetic ones, every row alike: the limit is
    n_0 (n + r)/(r (2 n + r)), so that r is the root of tol r^2 + (2 n tol - n_0) r - n_0 n, rounded
    up and checked in fractions. Elsewhere by bisection on the limit, which counts as infinite where
    the temperature takes diversity beyond the tolerance.

    Example:
        >>> answer = least_real_rows(Pipeline(1000, 1000, Keep.LATEST))
        >>> answer.value, answer.at <= 1.5 < answer.beside[0][1]
        (388, True)
    """
    base = replace(pipeline, verifier=None)

    def settles(rows: int) -> float:
        after = replace(base, real_per_round=rows)
        limit = None if off_in_diversity(after) else outlook(after).limit
        return math.inf if limit is None else limit

    plain = base.budget is None and base.weight is None and not base.keep_real
    if base.keep is Keep.LATEST and plain and base.temperature == 1:
        rows = _least_for_latest(base)
    else:
        found = least(settles, base.tolerance, MOST_ROWS)
        if found is None:
            return None
        rows = found
    beside = ((float(rows - 1), settles(rows - 1)),) if rows > 1 else ((0.0, settles(0)),)
    question = "fewest new real rows a round"
    return Answer(question, rows, SETTLES, settles(rows), beside, base.tolerance)


def _least_for_latest(pipeline: Pipeline) -> int:
    first, n, bound = pipeline.real, pipeline.synthetic, Fraction(pipeline.tolerance)
    half = 2 * n * bound - first
    root = (-half + _root(half**2 + 4 * bound * first * n)) / (2 * bound)
    rows = max(1, math.ceil(root))

    def enough(r: int) -> bool:
        return first * (n + r) <= bound * r * (2 * n + r)

    while not enough(rows):
        rows += 1
    while rows > 1 and enough(rows - 1):
        rows -= 1
    return rows


def _root(square: Fraction) -> Fraction:
    """The square root, within 2^-40 of it."""
    scale = 2**80
    return Fraction(math.isqrt(math.floor(square * scale)), 2**40)


def least(criterion: Callable[[int], float], threshold: float, most: int) -> int | None:
    """The least whole number >= 1 whose criterion, which falls, is at most the threshold.

    By doubling and bisection; None if `most` is not enough.

    Example:
        >>> least(lambda k: 10 / k, 3.0, 100)
        4
    """
    low, high = 0, 1
    while criterion(high) > threshold:
        if high >= most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if criterion(middle) <= threshold else (middle, high)
    return high


def least_window(pipeline: Pipeline) -> Answer | None:
    """Rounds to keep so that the error stays within the tolerance up to the horizon, if any do.

    Without real rows a window only delays: the error is linear with slope 4/(w+1)^2 fits a round.
    """
    base = replace(
        pipeline, keep=Keep.LAST, window=1, window_exponent=None, verifier=None,
        keep_real=pipeline.keep_real and pipeline.keep is not Keep.EVERYTHING,
    )  # fmt: skip

    def reached(window: int) -> float:
        return float(drift(replace(base, window=window), base.horizon).inflation[1:].max())

    found = least(reached, base.tolerance, base.horizon)
    if found is None:
        return None
    beside = ((float(found - 1), reached(found - 1)),) if found > 1 else ()
    return Answer(
        "fewest rounds to keep", found, f"greatest error up to round {base.horizon}",
        reached(found), beside, base.tolerance,
    )  # fmt: skip


def least_window_exponent(real_exponent: float = math.inf) -> Answer:
    """Exponent a from which windows of t^a rounds keep the error bounded, real rows weighing t^-b.

    Bounded iff a >= b or a > 1/2: from a = b on where b <= 1/2, and beyond 1/2 otherwise, where
    1/2 itself grows like ln t. Proved.

    Example:
        >>> [least_window_exponent(b).value for b in (0.25, 0.5, 2.0)]
        [0.25, 0.5, 0.5]
        >>> least_window_exponent().attained
        False
    """
    if not real_exponent > 0:
        raise ValueError(f"real_exponent must be > 0, got {real_exponent!r}")
    attained = real_exponent <= 0.5
    value = min(real_exponent, 0.5)
    below = min(real_exponent - value / 2, 1 - value)  # exponent of the error at a = value / 2
    if value / 2 + real_exponent > 1:
        below = 1 - value
    return Answer(
        "slowest widening of the window", value, "exponent p of the error t^p", 0.0,
        ((value / 2, below),), 0.0, Kind.EXACT, MAP, attained,
    )  # fmt: skip


def best_weight(real_rows: int, synthetic_rows: int) -> Answer:
    """Weight on r new real rows, beside n of the last model's, of least long-run error.

    V(w) = [w^2 + (1-w)^2 k]/(w (2-w)), k = r/n, in fits to r rows; least at
    w* = (sqrt(k^2 + 4 k) - k)/2, where V = w*.

    Example:
        >>> round(best_weight(100, 100).value, 6)
        0.618034
    """
    k = whole_number("real_rows", real_rows) / whole_number("synthetic_rows", synthetic_rows)
    weight = 2 * k / (math.sqrt(k * k + 4 * k) + k)

    def settles(w: float) -> float:
        return (w**2 + (1 - w) ** 2 * k) / (w * (2 - w))

    sides = (0.9 * weight, min(1.0, 1.1 * weight))
    beside = tuple((w, settles(w)) for w in sides)
    question = "best weight on the new real rows"
    told = "error in the long run (fits to one round's real rows)"
    return Answer(question, weight, told, settles(weight), beside, None)


def least_weight(pipeline: Pipeline) -> Answer | None:
    """Least weight on the real rows that keeps the long-run error within the tolerance, or None.

    With A = n_0/r (0 for the same real rows for ever), B = n_0/n and u = tol, or tol - 1 for the
    same rows: the smaller root of (A + B + u) w^2 - 2 (B + u) w + B. Of the latest round only.
    """
    if pipeline.keep is not Keep.LATEST or not pipeline.real_for_ever or pipeline.budget:
        return None
    if pipeline.temperature != 1:
        return None
    if pipeline.keep_real and pipeline.real_per_round:
        return None
    new = pipeline.real_per_round
    a, b = pipeline.real / new if new else 0.0, pipeline.real / pipeline.synthetic
    u = pipeline.tolerance - (0.0 if new else 1.0)
    square = (b + u) ** 2 - b * (a + b + u)
    if square < 0 or u <= 0:
        return None
    weight = b / (b + u + math.sqrt(square))
    base = replace(pipeline, weight=None, real_exponent=None)

    def settles(w: float) -> float:
        limit = outlook(replace(base, weight=min(w, 1.0))).limit
        return math.inf if limit is None else limit

    return Answer(
        "least weight on the real rows", weight, SETTLES, settles(weight),
        ((0.99 * weight, settles(0.99 * weight)),), pipeline.tolerance,
    )  # fmt: skip


def least_budget(pipeline: Pipeline) -> Answer | None:
    """Rows to train on, of everything kept, so that the limit is within the tolerance, or None.

    The limit of accumulate-subsample is exact by polygamma sums and falls in the budget. With
    `parameters` d it is at least 2 d + 1, see `least_regression_budget`.

    Example:
        >>> answer = least_budget(Pipeline(100, 100, Keep.EVERYTHING, tolerance=2.934803))
        >>> answer.value
        100
    """
    sizes = (pipeline.real, pipeline.synthetic)
    most = pipeline.real + pipeline.synthetic * pipeline.horizon * 1000

    def settles(budget: int) -> float:
        flow = Workflow.accumulate_subsample(sizes, budget)
        limit = inflation(flow, 1).limit
        assert limit is not None
        return limit

    found = least(settles, pipeline.tolerance, most)
    if found is None:
        return None
    if pipeline.parameters is not None:
        found = max(found, 2 * pipeline.parameters + 1)
    beside = ((float(found - 1), settles(found - 1)),) if found > 1 else ()
    question = "smallest training budget with everything kept"
    return Answer(question, found, SETTLES, settles(found), beside, pipeline.tolerance)


def least_regression_budget(dim: int) -> Answer:
    """m = 2 d + 1: rows drawn from all batches that keep a linear regression bounded. Proved.

    c = (m-2)(d+2)/((m+2)(m-d-1)) is the square error that a fit to m rows of unrelated models has,
    in units of theirs. Bounded, given the designs, where c < 1; c < 1 iff m > 2 d.

    Example:
        >>> least_regression_budget(10).value
        21
    """
    from theory.regression.subsample import subsample_growth

    budget = 2 * whole_number("dim", dim) + 1
    return Answer(
        "smallest training budget in linear regression", budget,
        "square error of a fit to unrelated models' rows, in theirs",
        subsample_growth(dim, budget), ((float(budget - 1), subsample_growth(dim, budget - 1)),),
        1.0, Kind.EXACT, "docs/subsample_threshold.md, theorem 1",
    )  # fmt: skip
