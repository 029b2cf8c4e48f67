"""What makes a pipeline collapse whatever its noise does: lost diversity, a starved regression."""

from __future__ import annotations

import math

import numpy as np

from theory.curve import FloatArray
from theory.planner.outlook import long_run_spread
from theory.planner.pipeline import Keep, Pipeline


def starved(pipeline: Pipeline) -> bool:
    """Whether a linear regression of so many parameters diverges on its budget: m < 2 d + 1."""
    budget, dim = pipeline.budget, pipeline.parameters
    pooled = pipeline.keep is Keep.EVERYTHING and not pipeline.real_per_round
    return pooled and budget is not None and dim is not None and budget < 2 * dim + 1


def loses_diversity(pipeline: Pipeline) -> bool:
    """Whether the spread of the model's rows vanishes or explodes in the long run."""
    return not 0 < long_run_spread(pipeline) < math.inf


def off_in_diversity(pipeline: Pipeline, spread: FloatArray | None = None) -> bool:
    """Whether that spread leaves the truth's by more than the tolerated factor, up or down.

    With `spread`, of axis (round,), also on the way.
    """
    ever = long_run_spread(pipeline)
    seen = np.array([ever]) if spread is None else np.append(spread, ever)
    return bool((seen < 1 / pipeline.tolerance).any() or (seen > pipeline.tolerance).any())


def collapses(pipeline: Pipeline) -> bool:
    """Whether it collapses, however little noise it has."""
    return starved(pipeline) or loses_diversity(pipeline)


def alarming(pipeline: Pipeline, spread: FloatArray) -> bool:
    """Whether any of it is beyond what is tolerated, with the spread of axis (round,)."""
    return starved(pipeline) or off_in_diversity(pipeline, spread)
