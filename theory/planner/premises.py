"""Where a plan is weak: which premise may fail, and what to measure."""

from __future__ import annotations

from dataclasses import dataclass

from theory.curve import FloatArray
from theory.planner.drift import drift
from theory.planner.pipeline import Pipeline

_SPARSE = 0.1  # parameters per row from which leading order is off by that much
_OFF = 0.05  # relative difference from the exact Gaussian that is told


@dataclass(frozen=True)
class Premise:
    """One assumption, as far as it matters here.

    Attributes:
        topic: a word.
        text: what may be wrong.
        measure: what would tell.
    """

    topic: str
    text: str
    measure: str


def premises(pipeline: Pipeline, error: FloatArray) -> tuple[Premise, ...]:
    """The weak points, those of this pipeline first; the last one always holds."""
    found = [*_rows(pipeline), *_finite(pipeline, error)]
    if pipeline.temperature != 1:
        found.append(
            Premise(
                "temperature",
                f"temperature {pipeline.temperature:g} biases every round; the error above counts "
                f"noise alone, not what is lost with the diversity",
                "the variance (or the distinct rows) of each round's output against real data",
            )
        )
    if pipeline.verifier is not None:
        found.append(
            Premise(
                "verifier",
                "the verifier's numbers are for linear regression with rows spread evenly over "
                "its directions, and hold if its bias is known",
                "the verifier's error on real labels it has never seen: that is its bias",
            )
        )
    found.append(
        Premise(
            "misspecification",
            "theory assumes a model that could learn the truth; one that cannot repeats the same "
            "distortion each round, which no number of rows averages out",
            "the loss on held-out real data for two or three rounds, then plan --fit FILE",
        )
    )
    return tuple(found)


def _rows(pipeline: Pipeline) -> list[Premise]:
    """Parameters against rows."""
    if pipeline.parameters is None:
        return [
            Premise(
                "parameters",
                "without parameters the answers are multiples of the first model's error, for "
                "rows far more than parameters",
                "how the loss falls with real rows: halving them adds parameters / (2 rows) nats",
            )
        ]
    least = min(pipeline.real, pipeline.synthetic, pipeline.budget or pipeline.real)
    ratio = pipeline.parameters / least
    if ratio <= _SPARSE:
        return []
    return [
        Premise(
            "few rows",
            f"{pipeline.parameters:,} parameters on {least:,} rows: the leading order in the rows "
            f"is off by some {min(ratio, 1):.0%} or more",
            "the same plan simulated: python -m montecarlo regression",
        )
    ]


def _finite(pipeline: Pipeline, error: FloatArray) -> list[Premise]:
    """The leading order against the exact law of one fitted Gaussian."""
    if pipeline.verifier is not None:
        return []
    exact = float(drift(pipeline, pipeline.horizon, finite=True).inflation[-1])
    off = exact / float(error[-1]) - 1
    if abs(off) <= _OFF:
        return []
    return [
        Premise(
            "finite rows",
            f"so few rows that the leading order is off: for a fitted Gaussian the exact error at "
            f"round {pipeline.horizon} differs by {off:+.0%}, as its spread has shrunk",
            "the spread of each round's output; python -m theory gaussian is exact there",
        )
    ]
