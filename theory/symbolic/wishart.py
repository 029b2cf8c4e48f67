"""Moments of the Wishart law from its definition, by Isserlis' pairings.

W = X'X with k rows of X ~ N(0, Sigma). A product of entries of W is a product of Gaussians, and
its expectation is the sum over all ways to pair them (Isserlis 1918, Wick). A pair needs the same
row of X, and gives the entry of Sigma at its two columns. So, summing over rows, each pairing
gives k to the number of loops that it forms with the two legs of every factor W; summing over
columns, a trace of Sigma^l for every loop of length l that it forms with the traces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import permutations
from typing import Any

import sympy
from sympy.combinatorics import Permutation

k = sympy.Symbol("k", positive=True)
Pairing = tuple[tuple[int, int], ...]


def pairings(legs: tuple[int, ...]) -> Iterator[Pairing]:
    """All (2p - 1)!! ways to pair 2p legs."""
    if not legs:
        yield ()
        return
    first, *rest = legs
    for position, partner in enumerate(rest):
        left = tuple(rest[:position] + rest[position + 1 :])
        for others in pairings(left):
            yield ((first, partner), *others)


def loops(one: Sequence[tuple[int, int]], two: Sequence[tuple[int, int]]) -> list[int]:
    """Lengths of the loops of two pairings of the same legs, counted in pairs of `one`."""
    along = {a: b for pair in one for a, b in (pair, pair[::-1])}
    across = {a: b for pair in two for a, b in (pair, pair[::-1])}
    left, lengths = set(along), []
    while left:
        leg, length = min(left), 0
        while leg in left:
            partner = along[leg]
            left -= {leg, partner}
            leg, length = across[partner], length + 1
        lengths.append(length)
    return lengths


@cache
def trace_moment(cycle: tuple[int, ...]) -> Any:
    """E prod_c tr W^c over the entries c of `cycle`, in k and the letters s_l = tr Sigma^l.

    Leg 2j is the left and 2j + 1 the right index of factor j; a trace of W^c joins the right leg
    of each of its factors to the left leg of the next.
    """
    factors = sum(cycle)
    rows = [(2 * j, 2 * j + 1) for j in range(factors)]
    columns, start = [], 0
    for length in cycle:
        columns += [(2 * (start + j) + 1, 2 * (start + (j + 1) % length)) for j in range(length)]
        start += length
    total = sympy.Integer(0)
    for pairing in pairings(tuple(range(2 * factors))):
        traces = [sympy.Symbol(f"s_{length}") for length in loops(pairing, columns)]
        total += k ** len(loops(rows, pairing)) * sympy.prod(traces)
    return sympy.expand(total)


@cache
def entry_moment(entries: tuple[tuple[int, int], ...]) -> Any:
    """E prod W_ij over the entries (i, j) for Sigma = I: a polynomial in k."""
    columns = [index for entry in entries for index in entry]
    rows = [(2 * j, 2 * j + 1) for j in range(len(entries))]
    total = sympy.Integer(0)
    for pairing in pairings(tuple(range(len(columns)))):
        if all(columns[a] == columns[b] for a, b in pairing):
            total += k ** len(loops(rows, pairing))
    return sympy.expand(total)


@cache
def determinant_moment(dim: int) -> Any:
    """E det W for Sigma = I, by Leibniz' formula: a polynomial in k."""
    total = sympy.Integer(0)
    for order in permutations(range(dim)):
        sign = Permutation(list(order)).signature()
        total += sign * entry_moment(tuple(enumerate(order)))
    return sympy.factor(total)


@cache
def inverse_moment(dim: int) -> Any:
    """E (W^-1)_11 for Sigma = I, in k.

    The density of Wishart_d(k) is that of k - 2 times det W / E det W, so E_k W^-1 is the mean
    adjugate over the mean determinant, both at k - 2; the adjugate's corner is a determinant.
    """
    ratio = determinant_moment(dim - 1) / determinant_moment(dim)
    return sympy.cancel(ratio.subs(k, k - 2))


def by_monomials(dof: int, variances: Sequence[Any]) -> tuple[Any, Any]:
    """E tr W^2 and E (tr W)^2 by expanding in the entries of X: no pairing, for small sizes."""
    dim = len(variances)
    rows = sympy.Matrix(dof, dim, lambda a, b: sympy.Symbol(f"z_{a}_{b}"))
    scatter = rows.T * rows
    return (
        _expected((scatter * scatter).trace(), rows, variances),
        _expected(scatter.trace() ** 2, rows, variances),
    )


def _expected(polynomial: Any, rows: Any, variances: Sequence[Any]) -> Any:
    """Expectation over independent z ~ N(0, variance of its column): E z^(2j) = (2j-1)!! v^j."""
    total = sympy.Integer(0)
    terms = sympy.Poly(sympy.expand(polynomial), *rows).terms()
    dim = len(variances)
    for powers, coefficient in terms:
        if all(power % 2 == 0 for power in powers):
            for position, power in enumerate(powers):
                coefficient *= sympy.factorial2(power - 1) * variances[position % dim] ** (
                    power // 2
                )
            total += coefficient
    return sympy.sympify(total)
