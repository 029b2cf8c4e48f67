"""How long until one category is left, and when each one is lost; replace."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from theory.categorical.binomial import Transition, mixture, table
from theory.categorical.chain import CategoricalChain
from theory.categorical.spectrum import MOST_ROWS
from theory.curve import Kind
from theory.workflow import UnsupportedWorkflow, Workflow, WorkflowKind, whole_number

FloatArray = npt.NDArray[np.float64]

_SOURCE = "loopbound theory, section 6"
_ERROR = "O(ln(n)/n) relative"
_TOGETHER = 1024  # categories whose laws are held at a time


@dataclass(frozen=True)
class CollapseTime:
    """Expected number of fits until one category is left, t = 1 the fit to real rows.

    Attributes:
        mean: fits.
        kind: what it is to that expectation.
        source: what proves it.
    """

    mean: float
    kind: Kind
    source: str


def collapse_time(chain: CategoricalChain, workflow: Workflow) -> CollapseTime:
    """Expected fits until one category is left, replace. Exact; 0 for one category.

    The sum over t >= 0 of P(more than one is left). A category that holds x of the rows has a
    probability x of ending up alone, so the sum is 1 plus that over categories of E g(x_1), where

        g(x) = x + E[g(x') | x] inside, g(0) = g(1) = 0,

    is solved over the n - 1 shares at a cost of n^2: 0.1 s at n = 1,000.

    Raises:
        UnsupportedWorkflow: not replace, or n above 10,000.

    Source: loopbound theory, section 6.

    Example:
        >>> round(collapse_time(CategoricalChain((0.7, 0.3)), Workflow.replace(20)).mean, 4)
        23.0246
    """
    _require("collapse_time", workflow)
    if chain.survivors == 1:
        return CollapseTime(0.0, Kind.EXACT, _SOURCE)
    shares, sizes = chain.array[chain.array > 0], workflow.schedule
    waiting = _waiting(sizes[-1])
    for t in range(len(sizes) - 1, 0, -1):
        held = np.arange(sizes[t - 1] + 1) / sizes[t - 1]
        held[-1] = 0.0
        waiting = held + Transition(sizes[t - 1], sizes[t]).backward(waiting)
    first = mixture(sizes[0], shares, np.ones(len(shares)))
    return CollapseTime(float(1 + first @ waiting), Kind.EXACT, _SOURCE)


def _waiting(rows: int) -> FloatArray:
    """g at the shares 0, 1/n, ..., 1."""
    from scipy.linalg import solve_banded

    if rows == 1:
        return np.zeros(2)
    step = Transition(rows, rows)
    reach = max(
        max(
            band.first + len(band.law) - 1 - band.low, band.low + band.law.shape[1] - 1 - band.first
        )
        for band in step.bands
    )
    matrix = np.zeros((2 * reach + 1, rows + 1))
    for band in step.bands:
        row = band.first + np.arange(len(band.law))[:, None]
        column = band.low + np.arange(band.law.shape[1])[None, :]
        inside = (row > 0) & (row < rows) & (column > 0) & (column < rows)
        place = np.broadcast_to(column, inside.shape)[inside]
        matrix[(reach + row - column)[inside], place] = -band.law[inside]
    matrix[reach] += 1.0
    held = np.arange(rows + 1) / rows
    held[-1] = 0.0
    return np.asarray(solve_banded((reach, reach), matrix, held))


def diffusion_collapse_time(chain: CategoricalChain, workflow: Workflow) -> CollapseTime:
    """-2 n sum (1 - p) log(1 - p) (fits), replace: the diffusion limit n -> infinity. Asymptotic.

    The exact time is below it by ln(n) / 3 + O(1) fits, whatever the probabilities. It costs
    nothing at any n.

    Why a third: g of `collapse_time` has g'' = -2 n / (1 - x) in the limit. The third and fourth
    moments of a step add h = -x (1/3 - x/6) / (n (1 - x)) to x (1 - x) g'' / (2 n) + x = 0, so the
    correction has g_1'' = (2/3 - x/3) / (1 - x)^2: near 1 it is -ln(1 - x) / 3. The chain ends it
    where 1 - x is of order 1/n, at g_1(1) = 0: that takes x ln(n) / 3 off, and shares sum to 1.
    A matched expansion, not a proof; exact times agree to four digits at n = 6,400.

    Raises:
        UnsupportedWorkflow: not replace, or batches of unequal size.

    Source: Kimura and Ohta, Genetics 61 (1969), for two categories; loopbound theory, section 6.

    Example:
        >>> chain = CategoricalChain((0.7, 0.3))
        >>> round(diffusion_collapse_time(chain, Workflow.replace(20)).mean, 4)
        24.4346
    """
    if workflow.until(10**9) is not WorkflowKind.REPLACE or len(workflow.schedule) > 1:
        raise UnsupportedWorkflow(
            f"diffusion_collapse_time under {workflow}: known for replace, batches of one size"
        )
    rest = 1 - chain.array
    rest = rest[rest > 0]
    mean = 2 * workflow.schedule[0] * math.fsum(rest * -np.log(rest))
    return CollapseTime(mean, Kind.ASYMPTOTIC, f"{_SOURCE}, diffusion limit, error {_ERROR}")


def extinction(chain: CategoricalChain, workflow: Workflow, generations: int) -> FloatArray:
    """P(category is lost by fit t), axes (category, generation), replace. Exact.

    To an absolute error of some 1e-15 a generation; a probability below 1e-18 may be 0. Column 0 is
    1 for categories of probability zero.

    Raises:
        ValueError: generations < 1.
        UnsupportedWorkflow: not replace, or n above 10,000.

    Source: loopbound theory, section 6.

    Example:
        >>> extinction(CategoricalChain((0.9, 0.1)), Workflow.replace(10), 2).round(6)
        array([[0.00000e+00, 0.00000e+00, 4.00000e-06],
               [0.00000e+00, 3.48678e-01, 5.06253e-01]])
    """
    whole_number("generations", generations)
    _require("extinction", workflow)
    distinct, where = np.unique(chain.array, return_inverse=True)
    sizes = workflow.schedule[:generations]
    lost = np.zeros((len(distinct), generations + 1))
    lost[:, 0] = distinct == 0
    steps = [Transition(*pair) for pair in itertools.pairwise(sizes)]
    later = _lost(sizes[-1], generations + 1 - len(sizes))
    for start in range(0, len(distinct), _TOGETHER):
        some = slice(start, start + _TOGETHER)
        law = table(sizes[0], distinct[some])
        for t, step in enumerate(steps, 1):
            lost[some, t] = law[:, 0]
            law = step.forward(law)
        lost[some, len(sizes) :] = law @ later
    return np.asarray(np.clip(lost, 0.0, 1.0)[where])


def _lost(rows: int, generations: int) -> FloatArray:
    """P(a category is lost k fits later), axes (count now, k), k = 0, ..., generations - 1."""
    found = np.zeros((rows + 1, generations))
    found[0] = 1.0
    step = Transition(rows, rows) if generations > 1 else None
    for k in range(1, generations):
        assert step is not None
        found[:, k] = step.backward(found[:, k - 1])
    return found


def why_no_time(workflow: Workflow) -> str | None:
    """The reason that times of collapse are not known exactly; None if they are."""
    if workflow.until(10**9) is not WorkflowKind.REPLACE:
        return "known for replace only"
    if max(workflow.schedule) > MOST_ROWS:
        return f"exact up to n = {MOST_ROWS:,} rows; diffusion_collapse_time is the limit"
    return None


def _require(name: str, workflow: Workflow) -> None:
    reason = why_no_time(workflow)
    if reason is not None:
        raise UnsupportedWorkflow(f"{name} under {workflow}: {reason}")
