"""The categorical chain over every history there is: all counts of all batches, in fractions.

A state is the counts of every batch so far.  A fit is the weighted mean of their shares, or that of
a draw from the pooled counts; a batch of n rows is multinomial.  Nothing is said of one category by
itself, and nothing is truncated.  Histories explode: keep to a few rows, categories, generations.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from typing import Unpack

from tests.oracles.training_sets import Fit, Options, training_sets

Counts = tuple[int, ...]
Shares = tuple[Fraction, ...]
States = dict[tuple[Counts, ...], Fraction]


def enumerated(
    kind: str,
    n: tuple[int, ...],
    generations: int,
    truth: Shares,
    **options: Unpack[Options],
) -> list[dict[str, float]]:
    """Return the expected fields of fits t = 1..generations."""
    states: States = {(): Fraction(1)}
    found = []
    for fit in training_sets(kind, n, generations, **options):
        for rows in fit.new_real:
            states = {
                (*state, counts): chance * share
                for state, chance in states.items()
                for counts, share in multinomial(rows, truth)
            }
        fields: dict[str, float] = defaultdict(float)
        written: dict[tuple[Counts, ...], Fraction] = defaultdict(Fraction)
        for state, chance in states.items():
            for shares, drawn in fitted(fit, state):
                for name, value in measured(shares, truth).items():
                    fields[name] += float(chance * drawn) * value
                for counts, share in multinomial(fit.synthetic_rows, shares):
                    written[(*state, counts)] += chance * drawn * share
        states = dict(written)
        found.append(dict(fields))
    return found


def fitted(fit: Fit, state: tuple[Counts, ...]) -> Iterator[tuple[Shares, Fraction]]:
    """Every model that the fit can give, with its probability."""
    if fit.budget is None:
        yield tuple(
            sum((w * Fraction(state[b][i], fit.sizes[b]) for b, w in fit.weights.items()),
                start=Fraction(0))
            for i in range(len(state[0]))
        ), Fraction(1)  # fmt: skip
        return
    pooled = tuple(sum(state[b][i] for b in fit.sizes) for i in range(len(state[0])))
    total, budget = sum(pooled), fit.budget
    for counts in compositions(budget, len(pooled)):
        if fit.replacement:
            chance = Fraction(1, total**budget) * arrangements(counts)
            for c, size in zip(counts, pooled, strict=True):
                chance *= size**c
        else:
            ways = math.prod(math.comb(s, c) for s, c in zip(pooled, counts, strict=True))
            chance = Fraction(ways, math.comb(total, budget))
        if chance:
            yield tuple(Fraction(c, budget) for c in counts), chance


def multinomial(rows: int, shares: Shares) -> Iterator[tuple[Counts, Fraction]]:
    """Every way to draw so many rows, with its probability."""
    for counts in compositions(rows, len(shares)):
        chance = Fraction(arrangements(counts))
        for c, share in zip(counts, shares, strict=True):
            chance *= share**c
        if chance:
            yield counts, chance


def compositions(total: int, parts: int) -> Iterator[Counts]:
    """Every way to write a total as an ordered sum."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in compositions(total - first, parts - 1):
            yield (first, *rest)


def arrangements(counts: Counts) -> int:
    """Orders of rows with those counts."""
    return math.factorial(sum(counts)) // math.prod(map(math.factorial, counts))


def measured(shares: Shares, truth: Shares) -> dict[str, float]:
    """Return the fields of one model."""
    alive = [float(p) for p in shares if p]
    return {
        "squared_error": float(sum((p - q) ** 2 for p, q in zip(shares, truth, strict=True))),
        "heterozygosity": float(1 - sum(p**2 for p in shares)),
        "survivors": len(alive),
        "entropy": -sum(p * math.log(p) for p in alive),
        "collapse_probability": float(len(alive) == 1),
    }
