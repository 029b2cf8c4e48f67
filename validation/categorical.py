"""The categorical claims: which workflow, which truth, and by which engine.

Ten categories of unequal probability spread the squared error over nine directions, so that a run
says more about its mean than with two. One category left is rare among ten: that claim has two
categories and three rows a batch, where it happens in every second run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from montecarlo.categorical import estimate
from theory.categorical import FIELDS, CategoricalChain, available, curves, uniform, zipf
from theory.workflow import Workflow
from validation.experiment import OnTruth
from validation.gaussian import every_other_batch

TWINS: dict[str, str] = {name: name for name in FIELDS} | {"survivors_lower": "survivors"}
"""Theory field -> simulated field."""

MOMENTS = ("squared_error", "heterozygosity")
SPECTRUM = ("survivors", "entropy")
COLLAPSE = ("collapse_probability", "collapse_time")


class CategoricalExperiment(OnTruth[CategoricalChain]):
    """One simulation of a categorical chain and the claims that it tests."""

    family, twins = "categorical", TWINS
    curves, estimate = staticmethod(curves), staticmethod(estimate)

    @property
    def facts(self) -> dict[str, Any]:
        """Number of categories, the truth's name and the engine."""
        return {
            "categories": self.chain.categories, "truth": self.truth, "method": self.method,
        }  # fmt: skip


def _workflows(n: int) -> dict[str, Workflow]:
    return {
        "replace": Workflow.replace(n),
        "accumulate": Workflow.accumulate(n),
        "accumulate-subsample": Workflow.accumulate_subsample(n),
        "accumulate-subsample-replacement": Workflow.accumulate_subsample(n, replacement=True),
        "sliding-window": Workflow.sliding_window(n, 2),
        "anchored": Workflow.anchored(n, n),
        "fresh": Workflow.fresh(n, n),
        "fresh-weighted": Workflow.fresh(n, n, weight=0.3),
        "custom": Workflow.custom(n, every_other_batch),
    }


def experiments() -> Iterator[CategoricalExperiment]:
    """Every constructor and every field that theory has there; both engines; words of a text."""
    ten, two = zipf(10), CategoricalChain((0.8, 0.2))
    for label, workflow in _workflows(10).items():
        fields = tuple(f for f in MOMENTS + SPECTRUM if f in available(ten, workflow, 3))
        yield CategoricalExperiment(label, "zipf10", ten, workflow, 3, fields)
    for label, workflow in _workflows(3).items():
        if label != "custom":
            fields = tuple(f for f in COLLAPSE if f in available(two, workflow, 3))
            yield CategoricalExperiment(label, "two", two, workflow, 3, fields)
    for label in ("replace", "accumulate", "fresh"):
        workflow = _workflows(8)[label]
        yield CategoricalExperiment(label, "zipf10", ten, workflow, 2, MOMENTS + SPECTRUM, "rows")
    for label, workflow in _schedules().items():
        fields = tuple(f for f in MOMENTS + SPECTRUM if f in available(ten, workflow, 4))
        yield CategoricalExperiment(label, "zipf10", ten, workflow, 4, fields)
    few, time = Workflow.replace(4), ("collapse_time",)
    yield CategoricalExperiment("replace-long", "uniform5", uniform(5), few, 30, time)
    long, bound = Workflow.replace(10), ("survivors_lower",)
    yield CategoricalExperiment("replace-long", "uniform10", uniform(10), long, 10, SPECTRUM)
    yield CategoricalExperiment("replace-bound", "uniform10", uniform(10), long, 5, bound)
    yield from _words()


def _schedules() -> dict[str, Workflow]:
    """Batches of unequal size, a budget between two pools, and a long window."""
    sizes = (9, 6, 12)
    return {
        "replace-schedule": Workflow.replace(sizes),
        "accumulate-schedule": Workflow.accumulate(sizes),
        "accumulate-subsample-budget11": Workflow.accumulate_subsample(sizes, budget=11),
        "sliding-window-3": Workflow.sliding_window(sizes, 3),
        "anchored-schedule": Workflow.anchored(9, sizes),
    }


def _words() -> Iterator[CategoricalExperiment]:
    """A real text: the help that comes with Python, whose words follow no formula."""
    from pydoc_data.topics import topics

    yield from on_words(re.findall(r"[a-z]+", " ".join(topics.values()).lower()), "words")


def on_words(
    words: Iterable[str], name: str, workflows: Sequence[tuple[str, Workflow]] = ()
) -> list[CategoricalExperiment]:
    """The words of a text as categories, by their frequency; default replace of 50 rows.

    Every field that theory has for the workflow: squared error, heterozygosity, survivors, entropy.

    Raises:
        ValueError: no words.
    """
    chain = CategoricalChain.from_text(words)
    chosen = list(workflows) or [("replace", _workflows(50)["replace"])]
    every = MOMENTS + SPECTRUM
    return [
        CategoricalExperiment(
            label, name, chain, flow, 2, tuple(f for f in every if f in available(chain, flow, 2))
        )
        for label, flow in chosen
    ]
