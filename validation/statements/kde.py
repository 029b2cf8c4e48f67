"""Statements on kernel densities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from theory.datasets import blobs as blobs_truth
from theory.kde import KdeChain, Power, curves, verdict
from theory.truths import Normal
from theory.workflow import Workflow, WorkflowKind
from validation.statements.gaussian import KAZDAN
from validation.statements.lines import Line, draw_lines
from validation.statements.statement import Cell, Standing, Statement, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]

SECTION = "theory.kde (loopbound theory, section 5)"
TRAIN, TEST, CENTRES, BOX = 1000, 500, 3, 10.0
"""Rows, centres and half the side of the box they are uniform in, of the released code."""
DRAWS = 5  # pairs of sets of centres
SEED = 7


def no_schedule_saves_replace() -> Statement:
    """Replace: narrowing kernels save the mean density, not the estimate."""
    rows, start, last = 20, 0.4, 60
    chain, workflow = KdeChain(Normal(), Power(start, 1.0)), Workflow.replace(rows)
    known = curves(chain, workflow, last)
    constant = curves(KdeChain(Normal(), start), workflow, last)
    kept = curves(chain, Workflow.accumulate(rows), last)
    at = (1, 10, 30, 60)

    def draw() -> Figure:
        return draw_lines(
            [
                Line("replace, h = 0.4 / t", known.mise.values, WorkflowKind.REPLACE),
                Line("replace, h = 0.4", constant.mise.values, WorkflowKind.REPLACE),
                Line("accumulate, h = 0.4 / t", kept.mise.values, WorkflowKind.ACCUMULATE),
            ],
            "E integrated squared error",
            logarithmic=True,
        )

    return Statement(
        key="kde-replace",
        title="No bandwidth schedule saves replace at fixed rows a batch",
        papers=(KAZDAN,),
        published="Kernel densities refitted to their own samples spread out; whether bandwidths "
        "that shrink over the generations prevent it is left open.",
        standing=Standing.OPEN,
        exact=f"They prevent it for the mean density: its variance grows by "
        f"{shown(float(known.extra_variance[last]))} in all. But the rows die out by resampling, "
        f"and the error grows from {shown(float(known.mise[1]))} to "
        f"{shown(float(known.mise[last]))} at generation {last}. The verdict: "
        f"{verdict(chain, workflow)}.",
        caption=f"Normal truth, n = {rows}: mean integrated squared error, and the variance that "
        f"the kernels have added to the mean density",
        columns=("generation", "replace, h = 0.4 / t", "replace, h = 0.4",
                 "added variance, h = 0.4 / t", "added variance, h = 0.4"),
        body=[
            (f"{t}", *(float(curve[t]) for curve in (
                known.mise, constant.mise, known.extra_variance, constant.extra_variance)))
            for t in at
        ],
        source=SECTION,
        command=f"python -m theory kde --workflow replace --n {rows} --truth normal "
        f"--bandwidth power:{start},1 --generations {last}",
        alt="Integrated squared error against generation: with shrinking bandwidths replace "
        "rises far above the constant bandwidth.",
        draw=draw,
    )  # fmt: skip


def blobs() -> Statement:
    """The released panels: test rows from other centres than the training rows."""
    body: list[tuple[Cell, ...]] = []
    for h in (0.1, 0.5, 1.0):
        losses = np.median(_losses(h), axis=0)
        body.append((f"{h:g}", *map(float, losses)))
    same, other, least = (float(str(body[0][i])) for i in (1, 2, 3))
    return Statement(
        key="blobs",
        title="The blobs panels test on other blobs than they train on",
        papers=(KAZDAN,),
        published="On the data set blobs the test loss of a kernel density is in the thousands at "
        "the smallest bandwidth.",
        standing=Standing.WRONG,
        exact=f"The released code draws training and test rows in two calls, each with random "
        f"centres of its own. Drawn that way here, the loss is {shown(other)} nats at h = 0.1; "
        f"with the same centres it is {shown(same)}, where {shown(least)} is the least that any "
        f"number of rows would give.",
        caption=f"Test loss (nats) of a first fit to {TRAIN:,} rows on {TEST} test rows, and its "
        f"exact limit as rows grow: medians of {DRAWS} draws of {CENTRES} centres",
        columns=("bandwidth", "same centres", "other centres", "same centres, exact limit"),
        body=body,
        source=f"a literal repetition (seed {SEED}), and theory.kde for the limit",
        command="python -m theory kde --truth blobs --bandwidth 0.1 --workflow replace --n 1000 "
        "--fields excess_nll_lower",
    )


def _losses(h: float) -> FloatArray:
    """Test losses of a first fit, axes (draw, case): same centres, other centres, exact limit."""
    rng = np.random.Generator(np.random.SFC64(SEED))
    found = []
    for _ in range(DRAWS):
        centres, others = rng.uniform(-BOX, BOX, (2, CENTRES, 2))
        train = _rows(rng, centres, TRAIN)
        losses = [_loss(train, _rows(rng, where, TEST), h) for where in (centres, others)]
        truth = blobs_truth(centres.tolist())
        known = curves(KdeChain(truth, h), Workflow.replace(TRAIN), 1)
        assert truth.entropy is not None
        found.append([*losses, truth.entropy + float(known.excess_nll_lower[1])])
    return np.array(found)


def _rows(rng: np.random.Generator, centres: FloatArray, count: int) -> FloatArray:
    chosen = centres[rng.integers(0, len(centres), count)]
    found: FloatArray = chosen + rng.standard_normal((count, 2))
    return found


def _loss(train: FloatArray, test: FloatArray, h: float) -> float:
    """-mean log f(test), f a Gaussian kernel density in the plane."""
    squares = ((test[:, None, :] - train[None, :, :]) ** 2).sum(axis=2)
    logs = logsumexp(-squares / (2 * h * h), axis=1) - math.log(2 * math.pi * h * h * len(train))
    return -float(logs.mean())
