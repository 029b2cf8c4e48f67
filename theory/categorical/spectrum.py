"""The expected spectrum: how many categories hold each share of the model, under any law of counts.

A category by itself is a chain on its own counts: rows in it, rows not in it. Its law is linear in
where it starts, and every category moves alike, so one measure does for all of them,

    spectrum_t(x) = sum over categories of P(share of the category in fit t = x),

and expectations of sums over categories are integrals of it: survivors of 1{x > 0}, entropy of
-x log x, and the probability that one category is left of 1{x = 1}, as at most one can hold all.
Under replace the chain is Wright and Fisher's.

Source: loopbound theory, section 6.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from theory.categorical import two_batches, urn
from theory.categorical.binomial import Transition, mixture
from theory.workflow import Workflow, WorkflowKind

FloatArray = npt.NDArray[np.float64]

MOST_ROWS = 10_000  # rows a batch under replace: 80 MB of bands, ten seconds for 1,000 fits
MOST_WORK = 5 * 10**8  # probabilities worked out elsewhere: about a minute


class Spectrum(NamedTuple):
    """Expected numbers of categories by share; equal shapes.

    Attributes:
        shares: x, in [0, 1]; 0 and 1 are exact.
        number: expected number of categories of share x.
    """

    shares: FloatArray
    number: FloatArray

    def expected(self) -> tuple[float, float, float]:
        """(survivors, entropy in nats, probability that one category is left)."""
        x, number = self.shares, self.number
        inside = (x > 0) & (x < 1)
        log = np.log(x, out=np.zeros_like(x), where=inside)
        return (
            float(number[x > 0].sum()),
            float(0.0 - (number * x * log).sum()),
            float(number[x == 1].sum()),
        )


def spectra(shares: FloatArray, workflow: Workflow, generations: int) -> Iterator[Spectrum]:
    """The spectrum of fits 1..generations, from the categories' true shares, all positive.

    Absolute errors grow by some 1e-15 a generation, times the number of categories.
    """
    kind = workflow.until(generations)
    if kind is WorkflowKind.REPLACE:
        found = _replaced(shares, workflow, generations)
    elif kind in (WorkflowKind.ACCUMULATE, WorkflowKind.ACCUMULATE_SUBSAMPLE):
        found = urn.spectra(shares, workflow, generations)
    else:
        found = two_batches.spectra(shares, workflow, generations)
    for x, number in found:
        yield Spectrum(x, number)


def _replaced(
    shares: FloatArray, workflow: Workflow, generations: int
) -> Iterator[tuple[FloatArray, FloatArray]]:
    rows = workflow.real_rows(1)
    number = mixture(rows, shares, np.ones(len(shares)))
    step: Transition | None = None
    for t in range(1, generations + 1):
        yield np.arange(rows + 1) / rows, number
        if t < generations:
            following = workflow.synthetic_rows(t)
            if step is None or (step.counted, step.rows) != (rows, following):
                step = Transition(rows, following)
            number, rows = step.forward(number), following


def why_absent(workflow: Workflow, generations: int, horizon: int) -> str | None:
    """The reason that no spectrum is known over `generations` fits; None if one is.

    `horizon` is that of the kind: what a window or a budget comes to.
    """
    kind = workflow.until(horizon)
    if kind is WorkflowKind.CUSTOM or (
        kind is WorkflowKind.SLIDING_WINDOW and workflow.window != 2
    ):
        return (
            "more than two batches do not merge into one count; known for replace, accumulate, "
            "accumulate-subsample, anchored, fresh and a window of 2: montecarlo simulates the rest"
        )
    if kind is WorkflowKind.REPLACE:
        most = max(workflow.real_rows(1), *workflow.schedule)
        if most > MOST_ROWS:
            return f"exact up to n = {MOST_ROWS:,} rows, got {most:,}: montecarlo simulates it"
        return None
    if kind in (WorkflowKind.ACCUMULATE, WorkflowKind.ACCUMULATE_SUBSAMPLE):
        work = urn.work(workflow, generations)
    else:
        work = two_batches.work(workflow, generations)
    if work > MOST_WORK:
        return (
            f"the exact law takes {work:.1e} probabilities over {generations} generations, more "
            f"than {MOST_WORK:.0e}: take smaller batches, or montecarlo"
        )
    return None
