"""The claims of the small rooms: labels, curation, editing, truncation, weights, ensembles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo import curation as curated
from montecarlo import editing as edited
from montecarlo import labels as labelled
from montecarlo import truncation as truncated
from montecarlo import weighting as weighted
from montecarlo.estimate import Estimates
from theory import curation, editing, labels, truncation, weighting
from theory.curve import Curve, Kind
from theory.record import Record
from theory.tables import RealTable
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]
Simulation = Callable[..., Estimates]
"""Takes seed, replicates, threads and checkpoint by keyword."""

TWINS = {
    "expected_weight_lower": "expected_weight",
    "test_error_published": "test_error",
}
"""Theory field -> simulated field, where the names differ."""


@dataclass(frozen=True, eq=False)
class Mitigated:
    """One simulation of a small room and the claims that it tests; see `Experiment`.

    Attributes:
        room: names the mitigation in the claims' names.
        truth: names the spec in them.
        workflow: who trains on what.
        generations: fits a run.
        fields: theory fields tested.
        known: gives the curves.
        run: the simulation.
    """

    room: str
    truth: str
    workflow: Workflow
    generations: int
    fields: tuple[str, ...]
    known: Callable[[], Record]
    run: Simulation

    claimed = True
    table: RealTable | None = None

    @property
    def name(self) -> str:
        """mitigations/room/spec."""
        return f"mitigations/{self.room}/{self.truth}"

    @property
    def facts(self) -> dict[str, Any]:
        """The room, the spec's name and the rows a batch."""
        return {"room": self.room, "truth": self.truth}

    @property
    def label(self) -> str:
        """The room's name."""
        return self.room

    def theory(self) -> dict[str, Curve]:
        """The curves under test, by field."""
        known = self.known()
        return {name: known[name] for name in self.fields}

    def simulate(
        self, *, seed: int, replicates: int, threads: int | None, checkpoint: Path | None
    ) -> Estimates:
        """The simulated fields, each once."""
        return self.run(seed=seed, replicates=replicates, threads=threads, checkpoint=checkpoint)

    def twin(self, field: str) -> str:
        """The simulated field that a theory field is compared with."""
        return TWINS.get(field, field)

    def run_std(self, field: str, curve: Curve) -> FloatArray | None:
        """Of an exact value where theory knows it."""
        return curve.std if curve.kind is Kind.EXACT else None

    def order(self, found: Estimates, curve: Curve) -> None:
        """No grid."""


def experiments() -> Iterator[Mitigated]:
    """Every exact result and every bound of the small rooms."""
    yield from _labels()
    yield from _curation()
    yield from _editing()
    yield from _truncation()
    yield from _weights()


def _labels() -> Iterator[Mitigated]:
    for wrong in (0.3, 0.6, 0.74, 0.76, 0.9):
        yield _label(f"reference-p{wrong}", labels.VerifiedLabels(50, 1.0, 10_000, wrong, 0.9, 0.3))
    few = labels.VerifiedLabels(3, 1.2, 12, 0.4, 0.8, 0.2)
    for method in labelled.METHODS:
        yield _label(f"few-{method}", few, method)


def _label(truth: str, spec: labels.VerifiedLabels, method: str = "statistics") -> Mitigated:
    def run(**given: Any) -> Estimates:
        return labelled.estimate(spec, method=method, **given)

    flow = Workflow.replace(spec.rows)
    return Mitigated("labels", truth, flow, 1, ("accuracy",), lambda: labels.curves(spec), run)


def _curation() -> Iterator[Mitigated]:
    """Equal shares scatter least; the reference's own only where rare categories are not asked."""
    rewards, means = (0.0, 0.5, 1.0), ("expected_weight", "expected_weight_lower")
    shares = ("probability_0", "probability_1", "probability_2")
    even, reference = (0.4, 0.35, 0.25), (0.6, 0.3, 0.1)
    for truth, chain, generations, fields in (
        ("winners-k2", curation.CuratedChain(even, rewards, 2), 3, (*shares[1:], *means)),
        ("winners-k4", curation.CuratedChain(even, rewards, 4), 1, (*shares[1:], *means)),
        (
            "mixed-k4",
            curation.CuratedChain(reference, rewards, 4, 0.2),
            3,
            ("probability_0", *means),
        ),
    ):
        yield _curated(truth, chain, generations, fields)


def _curated(
    truth: str, chain: curation.CuratedChain, generations: int, fields: tuple[str, ...]
) -> Mitigated:
    def run(**given: Any) -> Estimates:
        return curated.estimate(chain, generations, **given)

    return Mitigated(
        "curation", truth, Workflow.replace(1), generations, fields,
        lambda: curation.curves(chain, generations), run,
    )  # fmt: skip


def _editing() -> Iterator[Mitigated]:
    tall = editing.cosine_design(400, 10)
    for truth, chain in (
        (
            "half-once",
            editing.EditedChain(editing.cosine_design(40, 10), editing.disjoint(40, 1, 0.5)),
        ),
        ("theorem-1", editing.EditedChain(tall, editing.disjoint(400, 20))),
        ("again", editing.EditedChain(editing.cosine_design(24, 8), [range(0, 12)] * 4, 0.7)),
    ):
        yield _edited(truth, chain)


def _edited(truth: str, chain: editing.EditedChain) -> Mitigated:
    def run(**given: Any) -> Estimates:
        return edited.estimate(chain, **given)

    flow, generations = Workflow.replace(len(chain.design)), len(chain.masks) + 1
    return Mitigated(
        "editing", truth, flow, generations, ("test_error",), lambda: editing.curves(chain), run
    )


def _truncation() -> Iterator[Mitigated]:
    """Few rows, so that a variance departs from the truth by more than it scatters."""
    for truth, cut in (("collapses", 0.05), ("balance", truncation.balance(10)), ("explodes", 0.3)):
        yield _truncated(truth, truncation.TruncatedChain(10, cut), ("mean_error",))
    both = ("trace_ratio", "mean_error")
    yield _truncated("two-rows", truncation.TruncatedChain(2, 0.2), both)

    def grown(**given: Any) -> Estimates:
        return truncated.regrowth(8, 4, **given)

    yield Mitigated(
        "regrowth", "n8", Workflow.accumulate(8), 4, ("mean_error",),
        lambda: truncation.regrowth(8, 4), grown,
    )  # fmt: skip


def _truncated(truth: str, chain: truncation.TruncatedChain, fields: tuple[str, ...]) -> Mitigated:
    def run(**given: Any) -> Estimates:
        return truncated.estimate(chain, 3, **given)

    return Mitigated(
        "truncation", truth, Workflow.replace(chain.rows), 3, fields,
        lambda: truncation.curves(chain, 3), run,
    )  # fmt: skip


def _weights() -> Iterator[Mitigated]:
    spec = weighting.WeightedCovariance(20, 20, 0.5)

    def blended(**given: Any) -> Estimates:
        return weighted.estimate(spec, 4, **given)

    def probed(**given: Any) -> Estimates:
        return weighted.stability(8, 6, 0.4, 4, **given)

    yield Mitigated(
        "weights", "covariance", Workflow.fresh(20, 20, weight=0.5), 4, ("variance_error",),
        lambda: weighting.curves(spec, 4), blended,
    )  # fmt: skip
    yield Mitigated(
        "stability", "share0.4", Workflow.anchored(8, 6), 4, ("squared_difference",),
        lambda: weighting.stability(8, 6, 0.4, 4), probed,
    )  # fmt: skip
    for truth, many in (
        ("one", weighting.Ensemble(4, 4)),
        ("two", weighting.Ensemble(4, 4, 2)),
        ("four", weighting.Ensemble(2, 5, 4)),
    ):
        yield _ensemble(truth, many)


def _ensemble(truth: str, spec: weighting.Ensemble) -> Mitigated:
    def run(**given: Any) -> Estimates:
        return weighted.ensemble(spec, 3, **given)

    return Mitigated(
        "ensembles", truth, Workflow.replace(spec.synthetic), 3, ("mean_error", "coverage"),
        lambda: weighting.ensemble_curves(spec, 3), run,
    )  # fmt: skip
