"""Token editing, simulated: labels of a fixed table, rewritten by the fit round by round."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from montecarlo import streaming
from montecarlo.estimate import Estimates
from montecarlo.vectorised import SideBySide
from theory.editing import EditedChain, RandomEdits
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]

FAMILY = 9  # these families' places in every spawn key
RANDOM = 17
FIELDS = ("test_error",)


def estimate(
    chain: EditedChain,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """E |w - w*|^2: index 0 the truth, 1 the fit to real labels, t after t - 1 edits.

    Labels are noise around w* = 0, which loses nothing; a fit is a product with (X'X)^-1 X', to
    which an edit adds its own rows' part.

    Raises:
        ValueError: a value out of range, quoted.

    Example:
        >>> from theory.editing import cosine_design, disjoint
        >>> chain = EditedChain(cosine_design(20, 2), disjoint(20, 2))
        >>> estimate(chain, seed=1, replicates=500).test_error.mean.shape
        (4,)
    """
    rounds = len(chain.masks)
    design = chain.design
    fit = np.linalg.pinv(design)

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.zeros((rounds + 2, 1, runs))
        labels = chain.noise * rng.standard_normal((len(design), runs))
        weights = fit @ labels
        found[1, 0] = (weights**2).sum(axis=0)
        for t, rows in enumerate(chain.masks, start=2):
            mask = list(rows)
            written = design[mask] @ weights
            written += chain.noise * rng.standard_normal(written.shape)
            weights += fit[:, mask] @ (written - labels[mask])
            labels[mask] = written
            found[t, 0] = (weights**2).sum(axis=0)
        return found

    draws = len(design) + sum(map(len, chain.masks))
    task = SideBySide(
        FAMILY, "editing", chain, Workflow.replace(len(design)), rounds + 1, FIELDS, draws, block,
        hashed=("design",),
    )  # fmt: skip
    return streaming.estimates(task, seed, replicates, threads, checkpoint)


def random(
    chain: RandomEdits,
    *,
    seed: int,
    replicates: int,
    threads: int | None = None,
    checkpoint: Path | None = None,
) -> Estimates:
    """The same with a mask of its own in every run and round: each row, or not, by chance.

    Example:
        >>> from theory.editing import cosine_design
        >>> chain = RandomEdits(cosine_design(20, 2), 0.5, 2)
        >>> random(chain, seed=1, replicates=500).test_error.mean.shape
        (4,)
    """
    design = chain.design
    fit = np.linalg.pinv(design)

    def block(rng: np.random.Generator, runs: int) -> FloatArray:
        found = np.zeros((chain.rounds + 2, 1, runs))
        labels = chain.noise * rng.standard_normal((runs, len(design)))
        for t in range(1, chain.rounds + 2):
            weights = labels @ fit.T
            found[t, 0] = (weights**2).sum(axis=1)
            edited = rng.random(labels.shape) < chain.share
            written = weights @ design.T + chain.noise * rng.standard_normal(labels.shape)
            labels = np.where(edited, written, labels)
        return found

    draws = len(design) * (2 * chain.rounds + 1)
    flow = Workflow.replace(len(design))
    task = SideBySide(
        RANDOM, "random editing", chain, flow, chain.rounds + 1, FIELDS, draws, block,
        hashed=("design",),
    )  # fmt: skip
    return streaming.estimates(task, seed, replicates, threads, checkpoint)
