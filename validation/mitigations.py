"""The claims of the small rooms: a mitigation each, with every number of the reference."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from montecarlo import curated_normal as tilted
from montecarlo import curated_rows as counted
from montecarlo import curation as curated
from montecarlo import editing as edited
from montecarlo import ensembles as several
from montecarlo import labels as labelled
from montecarlo import stability as disturbed
from montecarlo import truncation as truncated
from montecarlo import weighting as weighted
from montecarlo.estimate import Estimate, Estimates
from montecarlo.verification import spread as narrowed
from theory import (
    curated_normal,
    curated_rows,
    curation,
    editing,
    ensembles,
    labels,
    stability,
    truncation,
    weighting,
)
from theory.record import Record
from theory.verification import VerifiedSpread, spread_curves
from theory.workflow import Workflow
from validation.asymptotic import Grid
from validation.experiment import Compared, Curves

Simulation = Callable[..., Estimates]
"""Takes seed, replicates, threads and checkpoint by keyword."""

TWINS = {
    "expected_weight_lower": "expected_weight",
    "divergence_upper": "divergence",
    "test_error_published": "test_error",
    "test_error_lower": "test_error",
    "distance_upper": "distance",
}
"""Theory field -> simulated field, where the names differ."""


@dataclass(frozen=True, eq=False)
class Mitigated(Compared):
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

    twins = TWINS

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

    def record(self) -> Curves:
        """All that theory knows."""
        return self.known()

    def simulate(
        self, *, seed: int, replicates: int, threads: int | None, checkpoint: Path | None
    ) -> Estimates:
        """The simulated fields, each once."""
        return self.run(seed=seed, replicates=replicates, threads=threads, checkpoint=checkpoint)


def experiments() -> Iterator[Mitigated]:
    """Every exact result and every bound of the small rooms."""
    yield from _labels()
    yield from _curation()
    yield from _normal()
    yield from _editing()
    yield from _truncation()
    yield from _weights()
    yield from _stability()
    yield from _ensembles()


def grids() -> Iterator[Grid]:
    """What holds as rows, or draws a winner, grow."""
    yield from (_narrowed("variance"), _narrowed("verifier_error"))
    yield from (_many_labels(0.3), _many_labels(0.9))
    yield _curated_rows("anchored", 4, lambda rows: Workflow.anchored(rows, rows))
    yield _curated_rows("accumulate", math.inf, Workflow.accumulate)
    yield _many_edits()
    linear = curated_normal.CuratedNormal(1.0, 1.0, slope=0.5)
    yield Grid(
        stem="mitigations/curation/normal-linear", field="mean",
        at=lambda draws: _tilted("linear", linear, 1, ("mean",), draws),
        unit=lambda draws: 1.0, sizes=(8, 32),
        limit=lambda: curated_normal.curves(linear, 1).mean,
    )  # fmt: skip


def _many_edits() -> Grid:
    """A table rewritten row by row, from end to end, as it grows: 2 e - 1 real fits."""

    def at(rows: int) -> Mitigated:
        chain = editing.EditedChain(editing.cosine_design(rows, 2), editing.disjoint(rows, rows))

        def run(**given: Any) -> Estimates:
            error = edited.estimate(chain, **given).test_error
            ends = [1, -1]
            return Estimates(
                {"test_error": Estimate(error.count, error.mean[ends], error.std[ends])}
            )

        return Mitigated(
            "editing", "row-by-row", Workflow.replace(rows), 1, ("test_error",),
            lambda: editing.curves(chain), run,
        )  # fmt: skip

    return Grid(
        stem="mitigations/editing/row-by-row", field="test_error", at=at,
        unit=lambda rows: 2 / rows, sizes=(50, 200), limit=editing.many_edits_curve,
    )  # fmt: skip


def _narrowed(field: str) -> Grid:
    """A spread that a verifier narrows, and a mean that it draws near, over three fits."""

    def at(rows: int) -> Mitigated:
        chain = VerifiedSpread(1.2, 1.0, rows)

        def run(**given: Any) -> Estimates:
            return narrowed.estimate(chain, 3, **given)

        return Mitigated(
            "spread", "radius1.2", Workflow.replace(rows), 3, (field,),
            lambda: spread_curves(chain, 3), run,
        )  # fmt: skip

    return Grid(
        stem=f"mitigations/spread/radius1.2/{field}",
        field=field,
        at=at,
        unit=lambda rows: 1.0,
        sizes=(80, 320),
        limit=lambda: spread_curves(VerifiedSpread(1.2, 1.0), 3)[field],
    )


def _many_labels(wrong: float) -> Grid:
    """Below and above the share of wrong labels from which many rows are learned inside out."""
    return Grid(
        stem=f"mitigations/labels/limit-p{wrong}",
        field="accuracy_limit",
        at=lambda rows: _label("grid", _reference_labels(rows, wrong)),
        unit=lambda rows: 1.0,
        sizes=(400_000, 1_600_000),  # runs scatter like 1/rows, what is left falls like 1/rows^2
        limit=lambda: labels.curves(_reference_labels(1, wrong)).accuracy_limit,
    )


def _reference_labels(rows: int, wrong: float) -> labels.VerifiedLabels:
    return labels.VerifiedLabels(50, 1.0, rows, wrong, 0.9, 0.3)


def _labels() -> Iterator[Mitigated]:
    for wrong in (0.3, 0.6, 0.74, 0.76, 0.9):
        yield _label(f"reference-p{wrong}", _reference_labels(10_000, wrong))
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
    even, reference, inf = (0.4, 0.35, 0.25), (0.6, 0.3, 0.1), math.inf
    for truth, chain, generations, fields in (
        ("winners-k2", curation.CuratedChain(even, rewards, 2), 3, (*shares[1:], *means)),
        ("winners-k4", curation.CuratedChain(even, rewards, 4), 1, (*shares[1:], *means)),
        ("mixed-k4", curation.CuratedChain(reference, rewards, 4, 0.2), 3, (shares[0], *means)),
        ("mixed-kinf", curation.CuratedChain(even, rewards, inf, 1.0), 3, (*shares[1:], *means)),
    ):
        yield _curated(truth, chain, generations, fields)
    for draws, weight in ((inf, 0.2), (inf, 1.0), (4, 0.2), (4, 0.3), (inf, 5.0)):
        yield _for_ever(curation.CuratedChain(reference, rewards, draws, weight), shares)
    yield _diverging(curation.CuratedChain(reference, rewards, 4, 0.2), 2)


def _curated(
    truth: str, chain: curation.CuratedChain, generations: int, fields: tuple[str, ...]
) -> Mitigated:
    def run(**given: Any) -> Estimates:
        return curated.estimate(chain, generations, **given)

    return Mitigated(
        "curation", truth, Workflow.replace(1), generations, fields,
        lambda: curation.curves(chain, generations), run,
    )  # fmt: skip


def _for_ever(chain: curation.CuratedChain, fields: tuple[str, ...]) -> Mitigated:
    def run(**given: Any) -> Estimates:
        return curated.stationary(chain, **given)

    return Mitigated(
        "curation", f"for-ever-k{chain.draws:g}-lambda{chain.weight:g}", Workflow.replace(1), 1,
        fields, lambda: curation.stationary(chain), run,
    )  # fmt: skip


def _diverging(chain: curation.CuratedChain, generations: int) -> Mitigated:
    """The divergence of a few rows, on average at least the model's."""

    def run(**given: Any) -> Estimates:
        return curated.divergence(chain, generations, **given)

    return Mitigated(
        "curation", f"divergence-k{chain.draws:g}-lambda{chain.weight:g}", Workflow.replace(1),
        generations, ("divergence_upper",), lambda: curation.curves(chain, generations), run,
    )  # fmt: skip


def _curated_rows(truth: str, draws: float, at: Callable[[int], Workflow]) -> Grid:
    """Finitely many rows, as they grow in the same proportion."""
    generations = 3

    def spec(rows: int) -> curated_rows.CuratedRows:
        return curated_rows.CuratedRows((0.4, 0.35, 0.25), (0.0, 0.5, 1.0), draws, at(rows))

    def experiment(rows: int) -> Mitigated:
        def run(**given: Any) -> Estimates:
            return counted.estimate(spec(rows), generations, **given)

        return Mitigated(
            "curation", f"rows-{truth}", at(rows), generations, ("expected_weight",),
            lambda: curated_rows.curves(spec(rows), generations), run,
        )  # fmt: skip

    return Grid(
        stem=f"mitigations/curation/rows-{truth}", field="expected_weight", at=experiment,
        unit=lambda rows: 1.0, sizes=(15, 60),
        limit=lambda: curated_rows.curves(spec(1), generations).expected_weight,
    )  # fmt: skip


def _normal() -> Iterator[Mitigated]:
    chain = curated_normal.CuratedNormal(1.0, 0.5, 0.3, 2.0, 1.5)
    yield _tilted("quadratic", chain, 2, ("mean", "second_moment"))


def _tilted(
    truth: str,
    chain: curated_normal.CuratedNormal,
    generations: int,
    fields: tuple[str, ...],
    draws: float = math.inf,
) -> Mitigated:
    def run(**given: Any) -> Estimates:
        return tilted.estimate(chain, generations, draws=draws, **given)

    return Mitigated(
        "curation", f"normal-{truth}", Workflow.replace(1), generations, fields,
        lambda: curated_normal.curves(chain, generations), run,
    )  # fmt: skip


def _editing() -> Iterator[Mitigated]:
    design = editing.cosine_design
    half = editing.EditedChain(design(40, 10), editing.disjoint(40, 1, 0.5))
    yield _edited("half-once", half, ("test_error",))
    alone = editing.EditedChain(design(12, 1), editing.disjoint(12, 1, 0.5))
    yield _edited("one-edit", alone, ("test_error",))  # 2 - (1 - f)^2 of the first, whatever T
    refuted = editing.EditedChain(design(400, 10), editing.disjoint(400, 20))
    yield _edited("theorem-1", refuted, ("test_error", "test_error_lower"))
    again = editing.EditedChain(design(24, 8), [range(0, 12)] * 4, 0.7)
    yield _edited("again", again, ("test_error",))
    random = editing.RandomEdits(design(30, 15), 0.3, 4, 0.7)

    def run(**given: Any) -> Estimates:
        return edited.random(random, **given)

    yield Mitigated(
        "editing", "random", Workflow.replace(30), 5, ("test_error",),
        lambda: editing.random_curves(random), run,
    )  # fmt: skip


def _edited(truth: str, chain: editing.EditedChain, fields: tuple[str, ...]) -> Mitigated:
    def run(**given: Any) -> Estimates:
        return edited.estimate(chain, **given)

    flow, generations = Workflow.replace(len(chain.design)), len(chain.masks) + 1
    return Mitigated(
        "editing", truth, flow, generations, fields, lambda: editing.curves(chain), run
    )


def _truncation() -> Iterator[Mitigated]:
    """Few rows, so that a variance departs from the truth by more than it scatters."""
    for truth, cut in (("collapses", 0.05), ("balance", truncation.balance(10)), ("explodes", 0.3)):
        yield _truncated(truth, truncation.TruncatedChain(10, cut), ("mean_error",))
    both = ("trace_ratio", "mean_error")
    yield _truncated("two-rows", truncation.TruncatedChain(2, 0.2), both)
    grown = truncation.Regrowth(2)

    def regrown(**given: Any) -> Estimates:
        return truncated.regrowth(grown, 4, **given)

    yield Mitigated(
        "regrowth", "n2", Workflow.accumulate(2), 4, ("mean_error",),
        lambda: truncation.regrowth_curves(grown, 4), regrown,
    )  # fmt: skip


def _truncated(truth: str, chain: truncation.TruncatedChain, fields: tuple[str, ...]) -> Mitigated:
    def run(**given: Any) -> Estimates:
        return truncated.estimate(chain, 3, **given)

    return Mitigated(
        "truncation", truth, Workflow.replace(chain.rows), 3, fields,
        lambda: truncation.curves(chain, 3), run,
    )  # fmt: skip


def _weights() -> Iterator[Mitigated]:
    for truth, spec, generations in (
        ("covariance", weighting.WeightedCovariance(20, 20, 0.5), 8),
        ("window3", weighting.WeightedCovariance(20, 20, 0.4, 3), 4),
    ):
        yield _weighted(truth, spec, generations)


def _weighted(truth: str, spec: weighting.WeightedCovariance, generations: int) -> Mitigated:
    def run(**given: Any) -> Estimates:
        return weighted.estimate(spec, generations, **given)

    return Mitigated(
        "weights", truth, Workflow.fresh(spec.real, spec.synthetic, weight=spec.weight),
        generations, ("variance_error",), lambda: weighting.curves(spec, generations), run,
    )  # fmt: skip


def _stability() -> Iterator[Mitigated]:
    for truth, spec, fields in (
        ("one-for-one", stability.FixedReal(30, 30), ("distance",)),
        ("published", stability.FixedReal(60, 18, 0.25), ("distance", "distance_upper")),
    ):
        yield _fixed(truth, spec, fields)
    probe = stability.Probe(8, 6, 0.4)

    def probed(**given: Any) -> Estimates:
        return disturbed.probe(probe, 4, **given)

    yield Mitigated(
        "stability", "share0.4", Workflow.anchored(8, 6), 4, ("squared_difference",),
        lambda: stability.probe_curves(probe, 4), probed,
    )  # fmt: skip


def _fixed(truth: str, spec: stability.FixedReal, fields: tuple[str, ...]) -> Mitigated:
    def run(**given: Any) -> Estimates:
        return disturbed.estimate(spec, 3, **given)

    flow = Workflow.anchored(spec.real, spec.synthetic)
    return Mitigated("fixed-real", truth, flow, 3, fields, lambda: stability.curves(spec, 3), run)


def _ensembles() -> Iterator[Mitigated]:
    errors, more = ("mean_error", "coverage"), ("mean_error", "set_error", "spread")
    for truth, spec, fits, fields in (
        ("two", ensembles.Ensemble(4, 4, 2), 3, errors),
        ("four", ensembles.Ensemble(2, 5, 4), 3, errors),
        *(
            (f"reference-{ratio}", ensembles.Ensemble(2, 2 * ratio), 2, ("coverage",))
            for ratio in (1, 2, 5, 10)
        ),
        *((kind, ensembles.Ensemble(4, 3, 3, kind), 3, more) for kind in ensembles.KINDS),
    ):
        yield _ensemble(truth, spec, fits, fields)


def _ensemble(
    truth: str, spec: ensembles.Ensemble, fits: int, fields: tuple[str, ...]
) -> Mitigated:
    def run(**given: Any) -> Estimates:
        return several.estimate(spec, fits, **given)

    return Mitigated(
        "ensembles", truth, Workflow.replace(spec.synthetic), fits, fields,
        lambda: ensembles.curves(spec, fits), run,
    )  # fmt: skip
