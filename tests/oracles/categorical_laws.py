"""The categorical chain exactly: every count vector of every batch, weighed by its probability.

A batch is a vector of counts, one for each category; given the fitted probabilities it is
multinomial, a subsample of the pool is multivariate hypergeometric (multinomial with replacement),
and a fit is a weighted average of counts.  All of it is enumerated in fractions, so that the law of
the fitted probabilities is a finite table from which any curve is read off.

Only counts that later fits need are kept, and batches whose rows weigh the same in every later fit
are added up: nothing else is merged.  The tables explode; a dozen rows in all with three
categories, or thirty with two.  Merging categories is exact (the chain of "this category or
another" is a categorical chain), so K = 2 gives the law of one category among many.
"""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from typing import Unpack

from tests.oracles.training_sets import Fit, Options, training_sets

Counts = tuple[int, ...]
Probabilities = tuple[Fraction, ...]
Law = dict[Probabilities, Fraction]
"""Fitted probabilities and the chance of each."""
State = tuple[tuple[tuple[int, ...], Counts], ...]
"""Groups of batches and the counts of each group."""


def fitted_laws(
    kind: str,
    n: tuple[int, ...],
    generations: int,
    probabilities: Probabilities,
    **options: Unpack[Options],
) -> list[Law]:
    """Return the law of the fitted probabilities, t = 0..generations; entry 0 is the truth.

    ``kind``, ``n`` and ``options`` are those of
    :func:`tests.oracles.training_sets.training_sets`; ``probabilities`` sum to one as fractions.
    """
    if sum(probabilities) != 1:
        raise ValueError(f"probabilities must sum to one, got {probabilities}")
    fits = training_sets(kind, n, generations, **options)
    laws: list[Law] = [{tuple(probabilities): Fraction(1)}]
    states: dict[State, Fraction] = {(): Fraction(1)}
    born = 0
    for t, fit in enumerate(fits, start=1):
        for size in fit.new_real:
            arrivals = multinomial(size, tuple(probabilities))
            states = _collect(
                ((*state, ((born,), counts)), p * q)
                for state, p in states.items()
                for counts, q in arrivals.items()
            )
            born += 1
        fitted = [
            (state, p * q, share)
            for state, p in states.items()
            for share, q in _fits(fit, state).items()
        ]
        laws.append(_collect((share, p) for _, p, share in fitted))
        if t == generations:
            break
        later = fits[t:]
        states = _collect(
            (_merged((*state, ((born,), counts)), later), p * q)
            for state, p, share in fitted
            for counts, q in multinomial(fit.synthetic_rows, share).items()
        )
        born += 1
    return laws


def _collect(terms: Iterator) -> dict:
    table: dict = {}
    for key, p in terms:
        table[key] = table.get(key, 0) + p
    return table


def _merged(state: State, later: list[Fit]) -> State:
    """Return the groups with those added up whose rows weigh the same in all later fits."""
    groups: dict[tuple[Fraction, ...], tuple[tuple[int, ...], Counts]] = {}
    for members, counts in state:
        weights = tuple(_row_weight(fit, members[0]) for fit in later)
        if not any(weights):
            continue
        if weights in groups:
            others, sums = groups[weights]
            members = (*others, *members)
            counts = tuple(a + b for a, b in zip(sums, counts, strict=True))
        groups[weights] = (members, counts)
    return tuple(groups.values())


def _row_weight(fit: Fit, batch: int) -> Fraction:
    return fit.weights[batch] / fit.sizes[batch] if batch in fit.weights else Fraction(0)


def _fits(fit: Fit, state: State) -> Law:
    """Return the law of the fitted probabilities given the counts."""
    used = [(_row_weight(fit, members[0]), counts) for members, counts in state]
    if fit.budget is None:
        share = tuple(
            sum(w * c for w, c in zip([w for w, _ in used], column, strict=True))
            for column in zip(*[counts for _, counts in used], strict=True)
        )
        return {share: Fraction(1)}
    pool = tuple(map(sum, zip(*[counts for w, counts in used if w], strict=True)))
    if fit.replacement:
        drawn = multinomial(fit.budget, tuple(Fraction(c, fit.pool_rows) for c in pool))
    else:
        drawn = hypergeometric(fit.budget, pool)
    return {tuple(Fraction(c, fit.budget) for c in counts): p for counts, p in drawn.items()}


@cache
def multinomial(rows: int, probabilities: Probabilities) -> dict[Counts, Fraction]:
    """Return the law of the counts of ``rows`` independent draws; impossible counts are absent."""
    law = {}
    for counts in compositions(rows, len(probabilities)):
        chance = Fraction(math.factorial(rows))
        for count, p in zip(counts, probabilities, strict=True):
            chance *= p**count / math.factorial(count)
        if chance:
            law[counts] = chance
    return law


@cache
def hypergeometric(rows: int, pool: Counts) -> dict[Counts, Fraction]:
    """Return the law of the counts of ``rows`` rows drawn without replacement from ``pool``."""
    every = math.comb(sum(pool), rows)
    law = {}
    for counts in compositions(rows, len(pool)):
        ways = math.prod(math.comb(size, count) for size, count in zip(pool, counts, strict=True))
        if ways:
            law[counts] = Fraction(ways, every)
    return law


def compositions(total: int, parts: int) -> Iterator[Counts]:
    """Yield every vector of ``parts`` counts >= 0 with this sum."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in compositions(total - first, parts - 1):
            yield (first, *rest)


# --- curves read off a law -----------------------------------------------------------------------


def mean(law: Law, value: Callable[[Probabilities], Fraction]) -> Fraction:
    """Return the expectation of a function of the fitted probabilities."""
    return sum((chance * value(p) for p, chance in law.items()), Fraction(0))


def heterozygosity(law: Law) -> Fraction:
    """Return E(1 - sum p^2)."""
    return mean(law, lambda p: 1 - sum(x * x for x in p))


def squared_error(law: Law, truth: Probabilities) -> Fraction:
    """Return E sum (p - p_0)^2."""
    return mean(
        law, lambda p: sum(((x - y) ** 2 for x, y in zip(p, truth, strict=True)), Fraction(0))
    )


def survivors(law: Law) -> Fraction:
    """Return the expected number of categories with positive probability."""
    return mean(law, lambda p: Fraction(sum(x > 0 for x in p)))


def extinct(law: Law) -> list[Fraction]:
    """Return P(p_i = 0) for every category i."""
    size = len(next(iter(law)))
    return [sum((c for p, c in law.items() if p[i] == 0), Fraction(0)) for i in range(size)]


def one_left(law: Law) -> Fraction:
    """Return P(one category has probability one)."""
    return sum((c for p, c in law.items() if max(p) == 1), Fraction(0))


def entropy(law: Law) -> float:
    """Return E(-sum p log p) in nats."""
    return math.fsum(-float(c) * float(x) * math.log(x) for p, c in law.items() for x in p if x > 0)
