"""Ancestries by brute force: every subsample and every choice of parents, weighed one by one.

No law of pairs and no counting argument: a history is a list of rows, each with its parent and the
fit that wrote it, and the answer is the plain average over all histories.  Their number explodes;
keep to two or three rows a batch and three generations.  Also the cycle law of permutations, by
writing all permutations down.
"""

import math
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, permutations, product
from typing import Unpack

from tests.oracles.training_sets import Fit, Options, training_sets

Row = tuple[int | None, int]
"""Number of the parent row (None for a real row) and the fit that wrote the row."""


def enumerated_ancestries(
    kind: str, n: tuple[int, ...], generations: int, **options: Unpack[Options]
) -> list[tuple[dict[tuple[int, ...], Fraction], dict[tuple[bool, tuple[int, ...]], Fraction]]]:
    """Return (law of a row, law of two picks) for t = 0..T, steps counted for each fit apart.

    Keys as in :mod:`tests.oracles.kde_lineage` with label t - 1 for fit t: steps (s_1, .., s_T).
    """
    fits = training_sets(kind, n, generations, **options)
    still = (0,) * max(generations, 1)
    laws: list[tuple[dict, dict]] = [({still: Fraction(1)}, {(True, still): Fraction(1)})]
    laws += [({}, {}) for _ in fits]

    def follow(t: int, rows: list[Row], batches: list[list[int]], probability: Fraction) -> None:
        if t > generations:
            return
        fit = fits[t - 1]
        for size in fit.new_real:
            rows, batches = _with_batch(rows, batches, [(None, 0)] * size)
        draws = list(_training_weights(fit, batches))
        for weights in draws:
            share = probability / len(draws)
            _record(laws[t], rows, weights, share, len(still))
            if t == generations:
                continue
            for parents in product(weights, repeat=fit.synthetic_rows):
                chance = math.prod((weights[p] for p in parents), start=share)
                new = [(parent, t) for parent in parents]
                follow(t + 1, *_with_batch(rows, batches, new), chance)

    follow(1, [], [], Fraction(1))
    return laws


def _with_batch(
    rows: list[Row], batches: list[list[int]], new: list[Row]
) -> tuple[list[Row], list[list[int]]]:
    return [*rows, *new], [*batches, list(range(len(rows), len(rows) + len(new)))]


def _training_weights(fit: Fit, batches: list[list[int]]) -> Iterator[dict[int, Fraction]]:
    """Yield the weight of every row in each equally likely training set."""
    if fit.budget is None:
        yield {row: fit.weights[b] / fit.sizes[b] for b in fit.sizes for row in batches[b]}
        return
    pool = [row for b in fit.sizes for row in batches[b]]
    draws = product(pool, repeat=fit.budget) if fit.replacement else combinations(pool, fit.budget)
    for draw in draws:
        yield {row: Fraction(count, fit.budget) for row, count in Counter(draw).items()}


def _record(
    law: tuple[dict, dict],
    rows: list[Row],
    weights: dict[int, Fraction],
    probability: Fraction,
    labels: int,
) -> None:
    one, two = law
    lines = {row: list(_line(rows, row)) for row in weights}
    for i, u in weights.items():
        steps = _counts([fit for _, fit in lines[i]], labels)
        one[steps] = one.get(steps, 0) + probability * u
        for j, v in weights.items():
            shared = {row for row, _ in lines[i]} & {row for row, _ in lines[j]}
            alone = [fit for row, fit in lines[i] + lines[j] if row not in shared]
            key = (not shared, _counts(alone, labels))
            two[key] = two.get(key, 0) + probability * u * v


def _line(rows: list[Row], row: int | None) -> Iterator[tuple[int, int]]:
    """Yield a row and its ancestors, each with the fit that wrote it (0: real)."""
    while row is not None:
        parent, fit = rows[row]
        yield row, fit
        row = parent


def _counts(fits: list[int], labels: int) -> tuple[int, ...]:
    return tuple(fits.count(t) for t in range(1, labels + 1))


def cycle_law(size: int) -> dict[int, Fraction]:
    """Return P(number of cycles = c) of a uniform permutation of ``size`` things, by listing."""
    counts = Counter(_cycles(order) for order in permutations(range(size)))
    return {c: Fraction(count, math.factorial(size)) for c, count in counts.items()}


def _cycles(order: tuple[int, ...]) -> int:
    seen: set[int] = set()
    cycles = 0
    for start in range(len(order)):
        cycles += start not in seen
        while start not in seen:
            seen.add(start)
            start = order[start]
    return cycles
