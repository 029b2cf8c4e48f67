"""The planner's inverse answers, each simulated at the answer and just beside it.

`long_run` is what theory says of the criterion there; `within` and `beyond` are the claim itself,
that it is at most what was asked for at the answer and at least that beside it. Sizes are small, so
that one step aside is a matter of several per cent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from montecarlo import pipeline as simulated
from montecarlo.estimate import Estimate, Estimates
from montecarlo.verification import estimate as verified_estimate
from theory.curve import Curve, Kind
from theory.planner import inverse, verified
from theory.planner.drift import drift
from theory.planner.pipeline import Keep, Pipeline, Verifier
from theory.recursion import fits, unit_row_noise
from theory.tables import RealTable
from theory.verification import VerifiedChain
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]


class Sampler(Protocol):
    """A simulation that gives one field over rounds."""

    def __call__(self, *, seed: int, replicates: int, threads: int | None) -> Estimate:
        """The criterion over rounds, from so many runs."""


@dataclass(frozen=True, eq=False)
class InverseExperiment:
    """One side of an inverse answer, simulated; see `Experiment`. Its one generation is the end.

    Attributes:
        question: names the claim: a word or two.
        side: 'at' the answer, or 'below' or 'above' it.
        value: where it is simulated.
        criterion: what theory says of the criterion there.
        threshold: what was asked for; None where the criterion itself is the claim.
        sample: gives the criterion, its last entry.
        workflow: for the records.
        kind: status of the criterion.
        source: of it.
    """

    question: str
    side: str
    value: float
    criterion: float
    threshold: float | None
    sample: Sampler
    workflow: Workflow
    kind: Kind = Kind.EXACT
    source: str = "loopbound theory, section 3"

    claimed = True
    table: RealTable | None = None
    generations = 1

    @property
    def name(self) -> str:
        """planner/question/side."""
        return f"planner/{self.question}/{self.side}"

    @property
    def label(self) -> str:
        """The question."""
        return self.question

    @property
    def fields(self) -> tuple[str, ...]:
        """The criterion, and the side of the threshold that it is on."""
        bound = () if self.threshold is None else ("within" if self.side == "at" else "beyond",)
        return ("long_run", *bound)

    @property
    def facts(self) -> dict[str, Any]:
        """Where it is simulated."""
        return {"value": self.value, "threshold": self.threshold}

    def theory(self) -> dict[str, Curve]:
        """The curves under test, by field, of axis (0, 1)."""
        found = {"long_run": Curve(np.array([0.0, self.criterion]), self.kind, self.source)}
        if self.threshold is not None:
            kind = Kind.UPPER if self.side == "at" else Kind.LOWER
            bound = Curve(np.array([0.0, self.threshold]), kind, self.source)
            found[self.fields[1]] = bound
        return found

    def simulate(
        self, *, seed: int, replicates: int, threads: int | None, checkpoint: Path | None
    ) -> Estimates:
        """The criterion; nothing is kept in a checkpoint, the runs are drawn again."""
        last = self.sample(seed=seed, replicates=replicates, threads=threads)
        ends = [np.array([0.0, float(x[-1])]) for x in (last.mean, last.std)]
        return Estimates({"long_run": Estimate(last.count, *ends)})

    def twin(self, field: str) -> str:
        """The criterion, for all."""
        return "long_run"

    def run_std(self, field: str, curve: Curve) -> FloatArray | None:
        """The sample's."""
        return None

    def order(self, found: Estimates, curve: Curve) -> None:
        """No grid."""


def of_pipeline(
    question: str, side: str, value: float, pipeline: Pipeline, rounds: int, threshold: float | None
) -> InverseExperiment:
    """The error of a pipeline after so many rounds, in fits to the real rows of now."""

    def sample(*, seed: int, replicates: int, threads: int | None) -> Estimate:
        found = simulated.estimate(
            pipeline, rounds, seed=seed, replicates=replicates, threads=threads
        )
        return _scaled(found["error"], pipeline.real)

    return InverseExperiment(
        question, side, value, float(drift(pipeline, rounds).inflation[-1]), threshold, sample,
        _workflow(pipeline),
    )  # fmt: skip


def _scaled(one: Estimate, factor: float) -> Estimate:
    return Estimate(one.count, factor * one.mean, factor * one.std)


def _workflow(pipeline: Pipeline) -> Workflow:
    """Its own, or the nearest to name it by."""
    return pipeline.workflow or Workflow.replace((pipeline.real, pipeline.synthetic))


def experiments() -> Iterator[InverseExperiment]:
    """Every inverse answer, at it and beside it."""
    yield from _real_rows()
    yield from _window()
    yield from _window_exponent()
    yield from _best_weight()
    yield from _least_weight()
    yield from _budget()
    yield from _regression_budget()
    yield from _best_round()
    yield from _widest()


def _sides(
    question: str, answer: inverse.Answer, at: Callable[[float], Pipeline], rounds: int
) -> Iterator[InverseExperiment]:
    """At the answer, and at the one value beside it that its certificate names."""
    threshold = answer.threshold
    yield of_pipeline(question, "at", answer.value, at(answer.value), rounds, threshold)
    (value, _), *_ = answer.beside
    yield of_pipeline(question, "below", value, at(value), rounds, threshold)


def _real_rows() -> Iterator[InverseExperiment]:
    """New real rows among the latest, and among three rounds'."""
    for question, loop in (
        ("real-rows", Pipeline(20, 20, Keep.LATEST, tolerance=1.5)),
        ("real-rows-window", Pipeline(20, 20, Keep.LAST, window=2, tolerance=1.5)),
    ):
        answer = inverse.least_real_rows(loop)
        assert answer is not None

        def bringing(rows: float, loop: Pipeline = loop) -> Pipeline:
            return replace(loop, real_per_round=int(rows))

        yield from _sides(question, answer, bringing, 8)


def _window() -> Iterator[InverseExperiment]:
    """Rounds to keep so that ten rounds stay within 1.95 times."""
    loop = Pipeline(10, 10, Keep.LATEST, horizon=10, tolerance=1.95)
    answer = inverse.least_window(loop)
    assert answer is not None
    yield from _sides(
        "window", answer, lambda w: replace(loop, keep=Keep.LAST, window=int(w)), loop.horizon
    )


def _window_exponent() -> Iterator[InverseExperiment]:
    """Real rows of weight t^(-1/2): the drift at t^a, where it stays and where it grows.

    A power of t is not seen at one t: what is tested are the drifts from which it follows.
    """
    answer = inverse.least_window_exponent(0.5)
    for side, a in (("at", answer.value), ("below", answer.beside[0][0])):
        loop = Pipeline(10, 10, Keep.LAST, window_exponent=a, keep_real=True, real_exponent=0.5)
        yield of_pipeline("window-exponent", side, a, loop, 16, None)


def _best_weight() -> Iterator[InverseExperiment]:
    """The error at 0.3 and 1.6 times the best weight, less the error there: positive."""
    rows = 10
    answer = inverse.best_weight(rows, rows)
    loop = Pipeline(rows, rows, Keep.LATEST, real_per_round=rows, weight=answer.value)
    least = float(drift(loop, 6).inflation[-1])
    for side, factor in (("below", 0.3), ("above", 1.6)):
        beside = replace(loop, weight=factor * answer.value)

        def sample(
            *, seed: int, replicates: int, threads: int | None, beside: Pipeline = beside
        ) -> Estimate:
            found = simulated.estimate(
                beside, 6, seed=seed, replicates=replicates, threads=threads, against=loop
            )
            return _scaled(found["difference"], rows)

        gap = float(drift(beside, 6).inflation[-1]) - least
        assert beside.weight is not None
        yield InverseExperiment(
            "best-weight", side, beside.weight, gap, None, sample, _workflow(beside)
        )


def _least_weight() -> Iterator[InverseExperiment]:
    """The weight on the same real rows, and on new ones, for ever; and a tenth below it."""
    for question, loop in (
        ("weight-kept", Pipeline(20, 20, Keep.LATEST, keep_real=True, tolerance=1.2)),
        ("weight-new", Pipeline(20, 20, Keep.LATEST, real_per_round=20, tolerance=1.5)),
    ):
        answer = inverse.least_weight(loop)
        assert answer is not None
        for side, weight in (("at", answer.value), ("below", 0.9 * answer.value)):
            one = replace(loop, weight=weight)
            yield of_pipeline(question, side, weight, one, 8, _beside(loop.tolerance, side))


def _beside(tolerance: float, side: str) -> float:
    """The threshold, with room for what rounding and the last rounds leave at the answer itself.

    At a weight that was solved for, the error is the tolerance: the bound is tested 2 % above it.
    """
    return 1.02 * tolerance if side == "at" else tolerance


def _budget() -> Iterator[InverseExperiment]:
    """Rows to train on of everything that is kept, and one row less, after twelve rounds.

    A draw sees the spread between models, too: O(1/m) beyond the leading order that was inverted,
    and exact for the mean that is simulated.
    """
    loop, rounds = Pipeline(3, 3, Keep.EVERYTHING, tolerance=3.4), 12
    answer = inverse.least_budget(loop)
    assert answer is not None
    exact = replace(unit_row_noise(), row_variance=None)
    for side, budget in (("at", int(answer.value)), ("below", int(answer.value) - 1)):
        one = replace(loop, budget=budget)
        assert one.workflow is not None
        error = loop.real * fits(one.workflow, rounds, exact)[-1].mean_square
        found = of_pipeline("budget", side, budget, one, rounds, loop.tolerance)
        yield replace(found, criterion=error)


def _regression_budget() -> Iterator[InverseExperiment]:
    """m = 2 d + 1 of d = 6: what a fit makes of unrelated models' labels, against one."""
    dim = 6
    answer = inverse.least_regression_budget(dim)
    assert answer.threshold is not None
    for side, rows, value in (
        ("at", int(answer.value), answer.at), ("below", *_pair(answer)),
    ):  # fmt: skip

        def sample(
            *, seed: int, replicates: int, threads: int | None, rows: int = rows
        ) -> Estimate:
            found = simulated.mixing(dim, rows, seed=seed, replicates=replicates, threads=threads)
            return found["mixing"]

        flow = Workflow.accumulate_subsample(rows)
        yield InverseExperiment(
            "regression-budget", side, rows, value, answer.threshold, sample, flow,
            source=answer.source,
        )  # fmt: skip


def _pair(answer: inverse.Answer) -> tuple[int, float]:
    value, criterion = answer.beside[0]
    return int(value), criterion


_JUDGED = Pipeline(20, 40, Keep.LATEST, verifier=Verifier(0.15, 1.0), parameters=1, tolerance=1.5)


def _best_round() -> Iterator[InverseExperiment]:
    """The error at the best round, and one round before and after it."""
    answer = verified.best_round(_JUDGED)
    assert answer is not None
    (before, error_before), (after, error_after) = answer.beside
    yield _judged("best-round", "at", _JUDGED, int(answer.value), answer.at, None)
    yield _judged("best-round", "below", _JUDGED, int(before), error_before, None)
    yield _judged("best-round", "above", _JUDGED, int(after), error_after, None)


def _widest() -> Iterator[InverseExperiment]:
    """The least strict verifier, and one a tenth wider, after four rounds."""
    loop = replace(_JUDGED, synthetic=10, tolerance=1.2)
    answer = verified.widest(loop, 0.15)
    assert answer is not None
    for side, factor in (("at", 1.0), ("above", 1.1)):
        width = factor * answer.value
        one = replace(loop, verifier=Verifier(0.15, width))
        error = float(verified.errors(one, 5)[5])
        threshold = _beside(loop.tolerance, side)
        yield _judged("verifier-width", side, one, 5, error, threshold)


def _judged(
    question: str, side: str, loop: Pipeline, rounds: int, error: float, threshold: float | None
) -> InverseExperiment:
    """Verified regression in `_DIRECTIONS` directions at a round, in real fits' errors."""
    judge, _, real, rows = verified.require(loop)
    chain = VerifiedChain((math.sqrt(real),) * _DIRECTIONS, judge.width, judge.bias)
    flow = Workflow.replace(rows)

    def sample(*, seed: int, replicates: int, threads: int | None) -> Estimate:
        found = verified_estimate(
            chain, flow, rounds, seed=seed, replicates=replicates,
            fields=("squared_error",), threads=threads,
        )  # fmt: skip
        return _scaled(found["squared_error"], real / _DIRECTIONS)

    value = judge.width if question == "verifier-width" else float(rounds)
    return InverseExperiment(
        question, side, value, error, threshold, sample, flow, source=verified.SOURCE
    )


_DIRECTIONS = 10  # average the scatter of one
