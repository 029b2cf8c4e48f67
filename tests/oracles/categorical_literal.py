"""The categorical chain exactly as one would run it: rows with labels, counted and drawn again."""

from typing import Unpack

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.oracles.training_sets import Fit, Options, training_sets

Array = NDArray[np.float64]


def simulate(
    kind: str,
    n: tuple[int, ...],
    generations: int,
    probabilities: Array,
    *,
    seed: int,
    replicates: int,
    **options: Unpack[Options],
) -> dict[str, Array]:
    """Return arrays (replicate, generation 0..T).

    squared_error sum (p_t - p_0)^2, heterozygosity 1 - sum p_t^2, survivors (categories of positive
    probability), entropy in nats, one_left (1 if one category has all, else 0).
    """
    fits = training_sets(kind, n, generations, **options)
    generator = np.random.default_rng(seed)
    runs = [_one_run(fits, np.asarray(probabilities), generator) for _ in range(replicates)]
    fitted = np.array(runs)
    with np.errstate(divide="ignore", invalid="ignore"):
        surprise = np.where(fitted > 0, -fitted * np.log(fitted), 0.0)
    return {
        "squared_error": ((fitted - probabilities) ** 2).sum(axis=2),
        "heterozygosity": 1 - (fitted**2).sum(axis=2),
        "survivors": (fitted > 0).sum(axis=2).astype(float),
        "entropy": surprise.sum(axis=2),
        "one_left": ((fitted > 0).sum(axis=2) == 1).astype(float),
    }


def _one_run(fits: list[Fit], truth: Array, generator: Generator) -> list[Array]:
    """Return the probabilities of generations 0, 1, ... of one run."""
    batches: list[NDArray[np.int64]] = []
    models = [truth]
    for fit in fits:
        batches += [generator.choice(len(truth), size=size, p=truth) for size in fit.new_real]
        pool = np.concatenate([batches[b] for b in fit.sizes])
        weights = np.concatenate(
            [np.full(size, float(fit.weights[b]) / size) for b, size in fit.sizes.items()]
        )
        if fit.budget is not None:
            pool = pool[generator.choice(len(pool), size=fit.budget, replace=fit.replacement)]
            weights = np.full(fit.budget, 1 / fit.budget)
        model = np.bincount(pool, weights=weights, minlength=len(truth))
        models.append(model)
        labels = generator.choice(len(truth), size=fit.synthetic_rows, p=model / model.sum())
        batches.append(labels)
    return models


def collapse_times(n: int, probabilities: Array, *, seed: int, replicates: int) -> Array:
    """Return the number of fits until one category is left, replace with n rows, for each run."""
    generator = np.random.default_rng(seed)
    times = np.zeros(replicates)
    for run in range(replicates):
        model = np.asarray(probabilities)
        while model.max() < 1:
            labels = generator.choice(len(model), size=n, p=model)
            model = np.bincount(labels, minlength=len(model)) / n
            times[run] += 1
    return times
