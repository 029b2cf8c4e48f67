"""What becomes of a pipeline in the long run: bounded, logarithmic, a power or linear.

To leading order in the rows, at temperature tau and with s the weight that real rows keep:

    everything            bounded: the limit of accumulate, or of its subsample
    window w, no real     linear: (2/(w+1))^2 q a round; below temperature 1 the noise dies out
                          with the diversity, above it both explode
    window w, real kept   1/n_0 + F,  F = q (1-s)^2 / (s (w + 1 - s))
    window w, real new    F plus the noise of the last w rounds of real rows
    windows t^a, weight t^-b on the real rows: docs/workflow_map.md

in units of the variance of one row, q = 1/n plus 1/m - 1/N where m of N rows are drawn. F is exact
for the linear recursion: the autocovariance of the batches' errors is one number g at all lags
1..w, so that g = c (G + (w-1) g) and G = c w g + q with c = (1-s)/w.

Source: loopbound theory, section 3; docs/workflow_map.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from theory.curve import Kind
from theory.inflation import inflation
from theory.phases import Fate, Growth, inflation_growth
from theory.planner.pipeline import Keep, Pipeline
from theory.workflow import Workflow

SECTION = "loopbound theory, section 3"
MAP = "docs/workflow_map.md, theorem"


@dataclass(frozen=True)
class Outlook:
    """The long run of the error, in units of one fit to the real rows of now.

    Attributes:
        growth: order of the error in t; its `fate` is the word.
        limit: what it tends to; inf where it grows, None where it stays bounded at a level not
            known in closed form.
        slope: what a round adds where growth is linear; else None.
        because: why, for a reader.
        kind: status of the statement.
        source: of it.
        explodes: growth is faster than any power: exponential.
    """

    growth: Growth
    limit: float | None
    slope: float | None
    because: str
    kind: Kind = Kind.ASYMPTOTIC
    source: str = SECTION
    explodes: bool = False

    @property
    def fate(self) -> Fate:
        """The growth in a word."""
        return self.growth.fate

    @property
    def word(self) -> str:
        """The fate, or 'exponential'."""
        return "exponential" if self.explodes else self.fate.value

    @property
    def bounded(self) -> bool:
        """Whether the error stays below some level for ever."""
        return self.fate in (Fate.BOUNDED, Fate.FALLS)


BOUNDED, LINEAR = Growth(0.0), Growth(1.0)


def outlook(pipeline: Pipeline) -> Outlook:
    """The long run of a pipeline without a verifier; asymptotic: leading order in the rows.

    Example:
        >>> outlook(Pipeline(100, 100, Keep.LATEST)).slope
        1.0
        >>> round(outlook(Pipeline(100, 100, Keep.LATEST, keep_real=True)).limit, 12)
        1.333333333333
    """
    if pipeline.window_exponent is not None or pipeline.real_exponent is not None:
        return _powers(pipeline)
    if pipeline.keep is Keep.EVERYTHING:
        return _everything(pipeline)
    if pipeline.real_for_ever:
        return _held(pipeline)
    window, q = pipeline.window or 1, _step_noise(pipeline)
    if pipeline.temperature < 1:
        because = "each round writes less noise than the one before, as its diversity dies out"
        return Outlook(BOUNDED, None, None, because)
    if pipeline.temperature > 1:
        because = "sampling is hotter than the data, and no real row is left to cool it"
        return Outlook(LINEAR, math.inf, None, because, explodes=True)
    return Outlook(
        LINEAR, math.inf, pipeline.real * (2 / (window + 1)) ** 2 * q,
        f"after round {window} no real row is left in training, and nothing pulls the model back",
    )  # fmt: skip


def long_run_share(pipeline: Pipeline) -> float:
    """Weight that real rows keep in the long run; 0 where it vanishes, 1 where they prevail."""
    if pipeline.real_exponent is not None or not pipeline.real_for_ever:
        return 0.0
    if pipeline.weight is not None:
        return pipeline.weight
    arrives, written = pipeline.real_per_round, pipeline.synthetic
    if pipeline.keep is Keep.EVERYTHING:
        return arrives / (arrives + written)
    if pipeline.window_exponent is not None:
        return 0.0 if pipeline.window_exponent else pipeline.real / (pipeline.real + written)
    if pipeline.keep_real:
        window = pipeline.window or 1
        return 1.0 if arrives else pipeline.real / (pipeline.real + window * written)
    return arrives / (arrives + written)


def long_run_spread(pipeline: Pipeline) -> float:
    """Diversity of what the model writes in the long run, in units of the truth's.

    s/(1 - (1-s) tau) with a weight s on real rows; without them it vanishes below temperature 1
    and explodes above. Asymptotic in the rows: section 2.

    Example:
        >>> long_run_spread(Pipeline(100, 100, Keep.LATEST, keep_real=True, temperature=0.5))
        0.6666666666666666
    """
    share, tau = long_run_share(pipeline), pipeline.temperature
    if tau == 1:
        return 1.0
    if (1 - share) * tau >= 1:
        return math.inf
    return share / (1 - (1 - share) * tau)


def _powers(pipeline: Pipeline) -> Outlook:
    """Windows t^a and weights t^-b on real rows kept for ever: v = 1 + F, or F without any."""
    a = 1.0 if pipeline.keep is Keep.EVERYTHING else (pipeline.window_exponent or 0.0)
    b = math.inf
    if pipeline.real_exponent is not None:
        b = pipeline.real_exponent
    elif pipeline.weight is not None:
        b = 0.0
    elif pipeline.keep_real:
        b = a  # rows count alike: n_0 of n_0 + n t^a
    if a + b == 0 or (a, b) == (1, 0):
        growth = Growth(0.0)
    else:
        growth = inflation_growth(a, b)
        growth = growth if growth.exponent > 0 or growth.logarithmic else BOUNDED
    settles = growth.fate is Fate.BOUNDED
    weighs = "no weight" if b == math.inf else "a constant weight" if b == 0 else f"weight t^-{b:g}"
    kept = "every round" if a == 1 else "a fixed number of rounds" if a == 0 else f"t^{a:g} rounds"
    told = "enough is remembered" if settles else "too little is remembered"
    told += f": {kept} kept, and {weighs} on real rows at round t"
    limit = None if settles else math.inf
    if settles and b < a:
        limit = 1.0  # F falls to 0
    return Outlook(growth, limit, None, told, source=MAP)


def _everything(pipeline: Pipeline) -> Outlook:
    n, arrives, budget = pipeline.synthetic, pipeline.real_per_round, pipeline.budget
    if arrives or pipeline.weight is not None:
        drawn = 0.0 if budget is None else pipeline.real / budget
        if arrives:
            growth = BOUNDED if budget else Growth(-_fall(pipeline))
            because = "new real rows go on to be learned from, and every row is kept"
            return Outlook(growth, drawn, None, because, source=MAP)
        because = "the first real rows keep their weight, and synthetic noise averages out"
        return Outlook(BOUNDED, 1.0, None, because, source=MAP)
    sizes = (pipeline.real, n)
    if budget is None:
        workflow = Workflow.accumulate(sizes)
    else:
        workflow = Workflow.accumulate_subsample(sizes, budget)
    limit = inflation(workflow, 1).limit if pipeline.temperature == 1 else None
    because = "every row is kept, so that each new batch weighs less than the one before"
    return Outlook(BOUNDED, limit, None, because)


def _fall(pipeline: Pipeline) -> float:
    """Exponent at which the error falls where a weight s of everything is real: min(2 s, 1)."""
    return min(2 * long_run_share(pipeline), 1.0)


def _step_noise(pipeline: Pipeline) -> float:
    """q: noise that a model's batch has beyond the pool it came from (variances of a row)."""
    spread = long_run_spread(pipeline) if pipeline.real_for_ever else 1.0
    return spread * (pipeline.temperature / pipeline.synthetic + _draw(pipeline))


def _draw(pipeline: Pipeline) -> float:
    """1/m - 1/N in the long run, 0 without a budget."""
    window = pipeline.window or 1
    rows = window * (pipeline.synthetic + pipeline.real_per_round)
    if pipeline.keep_real:
        rows += pipeline.real
    if pipeline.budget is None or pipeline.budget >= rows:
        return 0.0
    return 1 / pipeline.budget - 1 / rows


def _held(pipeline: Pipeline) -> Outlook:
    """A window with real rows in it for ever."""
    share, window = long_run_share(pipeline), pipeline.window or 1
    because = "real rows hold the model: what a round adds, the next ones partly forget"
    if math.isinf(long_run_spread(pipeline)):
        because = "sampling is too hot for so few real rows"
        fast = (1 - share) * pipeline.temperature > 1
        return Outlook(LINEAR, math.inf, None, because, explodes=fast)
    q, own = _step_noise(pipeline), long_run_spread(pipeline) * _draw(pipeline)
    if pipeline.keep_real and pipeline.real_per_round:
        if share == 1:
            return Outlook(Growth(-1.0), 0.0, None, "real rows pile up and prevail")
        level = 0.0
    elif pipeline.keep_real:
        level = 1 / pipeline.real
    else:
        level = renewed_noise(share, window) / pipeline.real_per_round
    error = level + q * (1 - share) ** 2 / (share * (window + 1 - share)) + own
    return Outlook(BOUNDED, pipeline.real * error, None, because)


def renewed_noise(share: float, window: int) -> float:
    """Error that the last w rounds of new real rows leave in a model, in units of one round's.

    With X_k = E e_t a_{t-k} the autocovariances of the error solve w + 1 linear equations. For
    w = 1 it is s^2/(1 - (1-s)^2).

    Example:
        >>> renewed_noise(0.5, 1)
        0.3333333333333333
    """
    c, d = (1 - share) / window, share / window
    if window == 1:
        return d**2 / (1 - c**2)
    crossed = d * np.cumsum((1 + c) ** np.arange(window))  # d (X_0 + ... + X_k)
    lags = np.arange(window + 1)
    system = np.eye(window + 1)
    for j in range(1, window + 1):
        np.subtract.at(system, (lags, np.abs(lags - j)), c)
    right = np.append(crossed[::-1], 0.0) * d
    return float(np.linalg.solve(system, right)[0])
