"""Extinction, collapse and survival of categories under replace, from chains solved as such.

*One category* among the rest is a chain on 0..n: X_1 ~ Bin(n, p), X_{t+1} ~ Bin(n, X_t/n).

*Time to one category.*  T = number of fits until one is left.  At most one category can fill the
sample, so P(T <= t) = sum_i P(X_i(t) = n), and with sum_i p_i = 1

    E T = sum_{t >= 0} sum_i (p_i - P(X_i(t) = n)) = 1 + sum_i E u(X_i(1)),
    u(j) = sum_{s >= 0} (j/n - P_j(X_s = n)),   u(0) = u(n) = 0,   u(j) = j/n + E u(X_1 | X_0 = j),

linear equations for 0 < j < n.  The same time from the chain of all count vectors, without that
argument, by :func:`collapse_time_by_counts`.

*Survival.*  A category whose counts are Poisson is a branching process with Poisson(1) offspring.
"""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tests.oracles.categorical_laws import Probabilities, compositions, multinomial

Array = NDArray[np.float64]


def binomial_row(n: int, p: Fraction) -> list[Fraction]:
    """Return P(Bin(n, p) = k), k = 0..n."""
    return [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]


def category_laws(n: int, generations: int, p: Fraction) -> list[list[Fraction]]:
    """Return the law of the count of one category at fits t = 1..generations, entry t - 1."""
    rows = [binomial_row(n, Fraction(j, n)) for j in range(n + 1)]
    law = binomial_row(n, p)
    laws = [law]
    for _ in range(generations - 1):
        law = [sum(law[j] * rows[j][k] for j in range(n + 1)) for k in range(n + 1)]
        laws.append(law)
    return laws


def category_laws_float(n: int, generations: int, p: float) -> Array:
    """Return the same in floating point, axes (generation t = 1..T, count 0..n)."""
    rows = np.array([_binomial_float(n, j / n) for j in range(n + 1)])
    laws = [_binomial_float(n, p)]
    for _ in range(generations - 1):
        laws.append(laws[-1] @ rows)
    return np.array(laws)


def _binomial_float(n: int, p: float) -> Array:
    if p in (0.0, 1.0):
        return np.eye(n + 1)[int(p) * n]
    logs = [
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        + k * math.log(p) + (n - k) * math.log1p(-p)
        for k in range(n + 1)
    ]  # fmt: skip
    return np.exp(logs)


def collapse_time(n: int, probabilities: Probabilities) -> Fraction:
    """Return the expected number of fits until one category is left, two or more at the start."""
    rows = [binomial_row(n, Fraction(j, n)) for j in range(n + 1)]
    inner = range(1, n)
    matrix = [[Fraction(j == k) - rows[j][k] for k in inner] for j in inner]
    u = [Fraction(0), *_solve(matrix, [Fraction(j, n) for j in inner]), Fraction(0)]
    starts = [binomial_row(n, p) for p in probabilities]
    return 1 + sum(
        (chance * u[j] for start in starts for j, chance in enumerate(start)), Fraction(0)
    )


def collapse_time_float(n: int, probabilities: Array) -> float:
    """Return the same in floating point, for n in the hundreds."""
    rows = np.array([_binomial_float(n, j / n) for j in range(n + 1)])
    u = np.zeros(n + 1)
    u[1:-1] = np.linalg.solve(np.eye(n - 1) - rows[1:-1, 1:-1], np.arange(1, n) / n)
    return float(1 + sum(_binomial_float(n, p) @ u for p in probabilities))


def collapse_time_by_counts(n: int, probabilities: Probabilities) -> Fraction:
    """Return the same from the absorbing chain of all count vectors: tiny n and K."""
    states = [c for c in compositions(n, len(probabilities)) if max(c) < n]
    moves = [multinomial(n, tuple(Fraction(x, n) for x in c)) for c in states]
    matrix = [
        [Fraction(i == j) - move.get(other, 0) for j, other in enumerate(states)]
        for i, move in enumerate(moves)
    ]
    times = dict(zip(states, _solve(matrix, [Fraction(1)] * len(states)), strict=True))
    first = multinomial(n, probabilities)
    return 1 + sum((chance * times.get(c, 0) for c, chance in first.items()), Fraction(0))


def _solve(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """Return the solution by Gauss-Jordan elimination; a diagonally dominant matrix, no pivots."""
    table = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    size = len(table)
    for i in range(size):
        pivot = table[i][i]
        table[i] = [x / pivot for x in table[i]]
        for j in range(size):
            if j != i and table[j][i]:
                factor = table[j][i]
                table[j] = [x - factor * y for x, y in zip(table[j], table[i], strict=True)]
    return [row[-1] for row in table]


def survival_factors(generations: int) -> list[float]:
    """Return g_1, .., g_T: the chance that one row of fit 1 has descendants at fit t, Poisson."""
    factors = [1.0]
    for _ in range(generations - 1):
        factors.append(-math.expm1(-factors[-1]))
    return factors


def poisson_survival(mean: float, generations: int, *, largest: int) -> list[float]:
    """Return P(count > 0) at fits 1..T: Poisson(``mean``) first, then Poisson(last count).

    By the chain of counts up to ``largest``; what goes beyond is counted as surviving for ever.
    """
    counts = np.arange(largest + 1)
    factorials = np.array([math.lgamma(k + 1) for k in counts])

    def law(rate: float) -> Array:
        if rate == 0:
            return np.eye(largest + 1)[0]
        return np.exp(counts * math.log(rate) - rate - factorials)

    rows = np.array([law(float(j)) for j in counts])
    current = law(mean)
    survival = []
    for _ in range(generations):
        survival.append(float(1 - current[0]))
        current = current @ rows
    return survival
