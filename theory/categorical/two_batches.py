"""A category's rows in two batches that stay apart: anchored, fresh and a window of two.

With a and b rows of the category in the older and in the newer batch a fit has the share x(a, b),
the next batch is Binomial(n, x(a, b)), and the pair of counts moves on by the workflow:

    anchored    (a, b) -> (a, c)         window of two    (a, b) -> (b, c)
    fresh       (a, b) -> (a', c), a' ~ Binomial(n_real, p) of its own, so that every p is a chain.

Source: loopbound theory, section 6.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from theory.categorical.binomial import mixture, table
from theory.workflow import Workflow, WorkflowKind

FloatArray = npt.NDArray[np.float64]


def spectra(
    shares: FloatArray, workflow: Workflow, generations: int
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """(shares of fit t, expected number of categories of that share) for fits 1..generations."""
    older = workflow.real_rows(1)
    first = mixture(older, shares, np.ones(len(shares)))
    yield np.arange(older + 1) / older, first
    if generations == 1:
        return
    newer = workflow.synthetic_rows(1)
    start = table(newer, np.arange(older + 1) / older)
    if workflow.kind is WorkflowKind.FRESH:
        yield from _fresh(shares, workflow, generations, start)
        return
    number = first[:, None] * start
    for t in range(2, generations + 1):
        x = _shares(workflow, older, newer)
        yield x, number
        if t < generations:
            rows = workflow.synthetic_rows(t)
            if workflow.kind is WorkflowKind.ANCHORED:
                number = np.einsum("ab,abc->ac", number, table(rows, x))
            else:
                number = np.einsum("ab,abc->bc", number, table(rows, x))
                older = newer
            newer = rows


def _fresh(
    shares: FloatArray, workflow: Workflow, generations: int, start: FloatArray
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """From fit 2 on: real rows are drawn anew, so categories of unequal share move apart."""
    distinct, many = np.unique(shares, return_counts=True)
    real, newer = workflow.real_rows(2), workflow.synthetic_rows(1)
    arriving = table(real, distinct)
    written = arriving @ start
    for t in range(2, generations + 1):
        x = _shares(workflow, real, newer)
        yield x, np.einsum("p,pa,pb->ab", many.astype(np.float64), arriving, written)
        if t < generations:
            newer = workflow.synthetic_rows(t)
            law = table(newer, x)
            written = np.array([
                np.tensordot(np.outer(a, b), law, 2)
                for a, b in zip(arriving, written, strict=True)
            ])  # fmt: skip


def _shares(workflow: Workflow, older: int, newer: int) -> FloatArray:
    """x(a, b), axes (count in the older batch, count in the newer)."""
    a, b = np.arange(older + 1)[:, None], np.arange(newer + 1)[None, :]
    if workflow.weight is None:
        return np.asarray((a + b) / (older + newer))
    x = workflow.weight * a / older + (1 - workflow.weight) * b / newer
    x[-1, -1] = 1.0
    return np.asarray(x)


def work(workflow: Workflow, generations: int) -> float:
    """Numbers that so many fits take, roughly; more than fit into memory count as infinite."""
    real, most = workflow.real_rows(1), max(workflow.schedule)
    one = float((max(real, most) + 1) * (most + 1) ** 2)
    return one * generations if one <= 2e7 else float("inf")
