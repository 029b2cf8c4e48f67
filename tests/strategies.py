"""Hypothesis strategies for workflows and chains: specs of deterministic properties, never seeds.

A `Case` is one workflow in two languages: ours, and the arguments of the oracles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from tests.oracles.training_sets import Options
from theory.gaussian import GaussianChain
from theory.workflow import Workflow

GENERATIONS = 6
"""Fits that the custom weights drawn here are defined for."""

UNWEIGHTED = (
    "replace",
    "accumulate",
    "accumulate_subsample",
    "sliding_window",
    "anchored",
    "fresh",
    "custom_pooled",
)
WEIGHTED = ("fresh_weighted", "custom")
KINDS = UNWEIGHTED + WEIGHTED


@dataclass(frozen=True)
class Case:
    """A workflow, and the same one as arguments of `tests.oracles.training_sets`."""

    workflow: Workflow
    kind: str
    n: tuple[int, ...]
    options: Options

    @property
    def oracle(self) -> dict[str, Any]:
        """Keyword arguments of every oracle that takes a workflow."""
        return {"kind": self.kind, "n": self.n, **self.options}


def schedules(smallest: int = 1, largest: int = 9) -> st.SearchStrategy[tuple[int, ...]]:
    """Rows of the first batches; the last entry repeats."""
    return st.lists(st.integers(smallest, largest), min_size=1, max_size=4).map(tuple)


def temperatures() -> st.SearchStrategy[Fraction]:
    """Dyadic numbers in (0, 1], so that a float holds them exactly."""
    return st.one_of(st.just(Fraction(1)), st.integers(1, 63).map(lambda k: Fraction(k, 64)))


@st.composite
def weight_rows(draw: st.DrawFn, n: tuple[int, ...], pooled: bool) -> list[list[Fraction]]:
    """Row-stochastic weights of fits 1..GENERATIONS; with `pooled` every row weighs the same."""
    rows = []
    for t in range(1, GENERATIONS + 1):
        share = st.integers(0, 1 if pooled else 4)
        parts = draw(st.lists(share, min_size=t, max_size=t).filter(any))
        if pooled:
            parts = [part * n[min(b, len(n) - 1)] for b, part in enumerate(parts)]
        rows.append([Fraction(part, sum(parts)) for part in parts])
    return rows


@st.composite
def cases(draw: st.DrawFn, *, kinds: Sequence[str] = KINDS, smallest: int = 1) -> Case:
    """Workflows of those kinds; every training set has at least `smallest` rows."""
    kind, n = draw(st.sampled_from(kinds)), draw(schedules(smallest))
    few = st.integers(smallest, 9)
    match kind:
        case "replace":
            return Case(Workflow.replace(n), kind, n, {})
        case "accumulate":
            return Case(Workflow.accumulate(n), kind, n, {})
        case "accumulate_subsample":
            budget = draw(st.none() | st.integers(smallest, 40))
            again = draw(st.booleans())
            workflow = Workflow.accumulate_subsample(n, budget, again)
            return Case(workflow, kind, n, {"budget": budget, "replacement": again})
        case "sliding_window":
            window = draw(st.integers(1, GENERATIONS + 1))
            return Case(Workflow.sliding_window(n, window), kind, n, {"window": window})
        case "anchored":
            real = draw(few)
            return Case(Workflow.anchored(real, n), kind, n, {"n_real": real})
        case "fresh":
            real = draw(few)
            return Case(Workflow.fresh(real, n), kind, n, {"n_real": real})
        case "fresh_weighted":
            real, share = draw(few), draw(temperatures())
            workflow = Workflow.fresh(real, n, float(share))
            return Case(workflow, "fresh", n, {"n_real": real, "weight": share})
    rows = draw(weight_rows(n, kind == "custom_pooled"))

    def weights(t: int) -> list[Fraction]:
        return rows[t - 1]

    return Case(Workflow.custom(n, weights), "custom", n, {"custom": weights})


@st.composite
def chain_cases(draw: st.DrawFn) -> tuple[int, Case]:
    """A ddof and a workflow that it is defined for."""
    ddof = draw(st.sampled_from([0, 1]))
    return ddof, draw(cases(kinds=UNWEIGHTED if ddof else KINDS, smallest=1 + ddof))


@st.composite
def covariances(draw: st.DrawFn, dim: int) -> list[list[float]]:
    """Positive-definite matrices L L' with a lower triangular L of moderate entries."""
    entry = st.integers(-8, 8).map(lambda k: k / 8)
    root = [
        [draw(entry) if j < i else 0.25 + abs(draw(entry)) if j == i else 0.0 for j in range(dim)]
        for i in range(dim)
    ]
    return [[sum(x * y for x, y in zip(a, b, strict=True)) for a in root] for b in root]


@st.composite
def chains(draw: st.DrawFn, *, dims: Sequence[int] = (1, 2, 3), ddof: int | None = None) -> Any:
    """Gaussian chains of those dimensions."""
    dim = draw(st.sampled_from(dims))
    return GaussianChain(
        dim,
        draw(st.sampled_from([0, 1])) if ddof is None else ddof,
        float(draw(temperatures())),
        draw(st.none() | covariances(dim)),
    )
