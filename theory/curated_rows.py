"""Curation by reward with finitely many rows: shares of categories among real rows and winners.

Fit t counts the rows that a workflow gives it; then model t draws K rows for each row that it
writes, and the Bradley-Terry winner is kept. What a category's share is on average has no closed
form: a winner's law is not linear in the shares, which scatter. Theory gives what they tend to as
every batch grows in the same proportion; `montecarlo.curated_rows` gives the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from theory.curation import CuratedChain, divergences, winners
from theory.curve import Curve, Kind
from theory.record import Record
from theory.workflow import UnsupportedWorkflow, Workflow, WorkflowKind, whole_number

_SOURCE = "limit of many rows, off by O(1/n); loopbound mitigations, section 3"


@dataclass(frozen=True)
class CuratedRows:
    """A categorical model that is fitted to batches of real rows and of winners.

    Attributes:
        reference: p_ref, the true probabilities.
        rewards: r of each category, finite.
        draws: K, of which one wins; math.inf accepts a row with probability e^r over its greatest.
        workflow: who trains on what; any that keeps batches whole.

    Raises:
        ValueError: quoting the value that is out of range.
        UnsupportedWorkflow: a subsample, which takes single rows.

    Example:
        >>> CuratedRows((0.6, 0.4), (0.0, 1.0), 0, Workflow.replace(5))
        Traceback (most recent call last):
        ValueError: draws must be a whole number >= 1, got 0
    """

    reference: Sequence[float]
    rewards: Sequence[float]
    draws: float
    workflow: Workflow

    def __post_init__(self) -> None:
        chain = CuratedChain(self.reference, self.rewards, self.draws)
        if self.workflow.budget is not None:
            raise UnsupportedWorkflow(
                f"curation of {self.workflow}: only whole batches are curated"
            )
        object.__setattr__(self, "reference", chain.reference)
        object.__setattr__(self, "rewards", chain.rewards)

    @property
    def chain(self) -> CuratedChain:
        """The same on infinitely many rows, winners only."""
        return CuratedChain(self.reference, self.rewards, self.draws)


def curves(spec: CuratedRows, generations: int) -> Record:
    """What the shares tend to as all batches grow in the same proportion, fits 0..T.

    probability_i of category i, expected_weight E_t e^r, divergence KL(p_t || p_ref): asymptotic,
    off by O(1/n). Index 0 is the truth, 1 the fit to real rows. Under `anchored` and `fresh` fit
    t + 1 is round t of a `CuratedChain` whose weight is the winners' over the real rows'.

    Example:
        >>> spec = CuratedRows((0.6, 0.3, 0.1), (0, 0.5, 1), 4, Workflow.anchored(50, 10))
        >>> known = curves(spec, 200)
        >>> [float(known[f"probability_{i}"][200].round(6)) for i in range(3)]
        [0.576461, 0.309827, 0.113712]
        >>> known.probability_0.kind
        <Kind.ASYMPTOTIC: 'asymptotic'>
    """
    chain, reference = spec.chain, np.array(spec.reference)
    path, batches = [reference], []
    for t in range(1, whole_number("generations", generations) + 1):
        if t > 1:
            batches.append(winners(chain, path[-1]))
        if t == 1 or spec.workflow.kind is WorkflowKind.FRESH:
            batches.append(reference)
        path.append(spec.workflow.weights(t) @ np.array(batches))
    p = np.array(path)
    values = {f"probability_{i}": p[:, i] for i in range(p.shape[1])}
    values["expected_weight"] = p @ np.exp(np.array(spec.rewards))
    values["divergence"] = divergences(p)
    return Record({name: Curve(x, Kind.ASYMPTOTIC, _SOURCE) for name, x in values.items()})
