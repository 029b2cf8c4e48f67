"""The claims of verified regression: which chain, which workflow, and by which engine.

Ten directions average the chi-square scatter of one, so that a run says more about its mean. The
numbers of the reference are of one direction, and are tested so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from montecarlo.verification import estimate
from theory.curve import Curve, Kind
from theory.verification import FIELDS, VerifiedChain, available, curves, phase_error
from theory.workflow import Workflow
from validation.asymptotic import Grid
from validation.experiment import OnTruth

TWINS: dict[str, str] = {name: name for name in FIELDS} | {
    "verifier_error_upper": "verifier_error",
    "unfiltered_error": "squared_error",  # of the chain without a verifier
}
"""Theory field -> simulated field."""

ERRORS = ("squared_error", "verifier_error")
_REFERENCE = {  # d, L, mu^2, rows of the reference's one-round numbers
    "d0": (0.0, 1.0, 20, 50),
    "d0.3": (0.3, 1.0, 20, 50),
    "d0.5": (0.5, 1.5, 20, 200),
    "d1": (1.0, 2.0, 50, 1000),
}


class VerifiedExperiment(OnTruth[VerifiedChain]):
    """One simulation of a verified chain and the claims that it tests."""

    family, twins = "verification", TWINS
    curves, estimate = staticmethod(curves), staticmethod(estimate)

    @property
    def facts(self) -> dict[str, Any]:
        """Directions, the verifier and the engine."""
        return {
            "dim": self.chain.dim, "half_width": self.chain.half_width,
            "counts": self.chain.counts, "method": self.method,
        }  # fmt: skip


def biased(half_width: float = 1.0, counts: str = "accepted") -> VerifiedChain:
    """Ten directions of two kinds, seen by a verifier that is off in five of them."""
    values = (math.sqrt(20), 3.0) * 5
    centres = (-0.3, -0.3, 0.0, 0.0, 0.2) * 2
    return VerifiedChain(values, half_width * 0.75, centres, 1.0, half_width * 0.25, counts)


def experiments() -> Iterator[VerifiedExperiment]:
    """The reference's numbers, every solved workflow, both engines and both ways of counting."""
    for truth, (d, half_width, rows, n) in _REFERENCE.items():
        chain = VerifiedChain((math.sqrt(rows),), half_width, -d)
        flow = Workflow.replace(n)
        yield VerifiedExperiment("replace", truth, chain, flow, 2, ("squared_error",))
    for half_width in (
        0.3,
        0.5,
        1.0,
        1.5,
        2.0,
        3.0,
    ):  # rho(L), with next to no error of the real fit
        still, one = VerifiedChain((1e6,), half_width), Workflow.replace(1)
        yield VerifiedExperiment(
            "contraction", f"L{half_width:g}", still, one, 2, ("squared_error",), "rows"
        )
    steady = VerifiedChain((math.sqrt(30),), 1.0)
    long = Workflow.replace(30)
    yield VerifiedExperiment("replace-long", "d0", steady, long, 8, ("verifier_error",))
    for label, workflow in _workflows().items():
        for method in ("statistics", "rows"):
            more = ("acceptance",) if method == "rows" else ()
            yield VerifiedExperiment(
                label, "biased", biased(), workflow, 4, (*ERRORS, *more), method
            )
    bound, counted = ("verifier_error_upper",), biased(0.5, "generated")
    yield VerifiedExperiment("replace-bound", "biased", biased(), long, 6, bound)
    yield VerifiedExperiment("replace", "generated", counted, Workflow.replace(6), 4, available(
        counted, Workflow.replace(6))[:2] + ("acceptance",), "rows")  # fmt: skip
    for label in ("replace", "accumulate"):
        free, flow = biased().unfiltered(), _workflows()[label]
        yield VerifiedExperiment(label, "unfiltered", free, flow, 4, ("unfiltered_error",))


def _workflows() -> dict[str, Workflow]:
    return {
        "replace": Workflow.replace((1, 10, 8)),
        "accumulate": Workflow.accumulate(12),
        "anchored": Workflow.anchored(1, 10),
        "fresh": Workflow.fresh(1, 10),
    }


def grids() -> Iterator[Grid]:
    """What holds to leading order."""
    yield phases()
    yield _steady()


def _steady() -> Grid:
    """n times the distance from an unbiased verifier tends to n times its bound."""
    generations = 5

    def at(rows: int) -> VerifiedExperiment:
        chain = VerifiedChain((math.sqrt(rows),) * 10, 1.0)
        flow = Workflow.replace(rows)
        return VerifiedExperiment("steady", "d0", chain, flow, generations, ("verifier_error",))

    def limit() -> Curve:
        bound = at(1).record()["verifier_error_upper"]  # linear in 1/rows: at one row, the slope
        return Curve(bound.values / 10, Kind.ASYMPTOTIC, bound.source)

    return Grid(
        stem="verification/steady/d0", field="verifier_error", at=at,
        unit=lambda rows: 10 / rows, sizes=(30, 120), limit=limit,
    )  # fmt: skip


def phases() -> Grid:
    """mu^2 times the error tends to the phases' curve, for c = d^2 mu^2 = 1.5 and n = mu^4."""
    half_width, c, generations = 1.5, 1.5, 4

    def at(size: int) -> VerifiedExperiment:
        mu, d = math.sqrt(size), math.sqrt(c / size)
        chain = VerifiedChain((mu,) * 10, half_width, d)
        flow = Workflow.replace(size**2)
        return VerifiedExperiment("phases", "c1.5", chain, flow, generations, ("squared_error",))

    return Grid(
        stem="verification/phases/c1.5",
        field="phase_error",
        at=at,
        unit=lambda size: 10 / size,
        sizes=(40, 160),
        limit=lambda: phase_error(math.sqrt(c), 1.0, half_width, generations),
    )
