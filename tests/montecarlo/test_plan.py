"""The plan's bound on the rank of a fit, against exact ranks.

Rows are generic points of the hull of the rows that their model was fitted to, with coordinates in
the integers modulo a large prime, where ranks are exact.  A coincidence lowers a rank with
probability of order 1/p = 5e-10 a fit.
"""

import random
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from montecarlo.gaussian.plan import plan, ranks
from theory.gaussian import GaussianChain
from theory.workflow import Workflow

PRIME = 2**31 - 1
GENERATIONS = 5

Row = list[int]


def rank_of(rows: list[Row]) -> int:
    """Dimension of the hull of the rows, by elimination modulo the prime."""
    left = [[(a - b) % PRIME for a, b in zip(row, rows[0], strict=True)] for row in rows[1:]]
    rank = 0
    for column in range(len(rows[0])):
        pivot = next((i for i in range(rank, len(left)) if left[i][column]), None)
        if pivot is None:
            continue
        left[rank], left[pivot] = left[pivot], left[rank]
        inverse = pow(left[rank][column], -1, PRIME)
        for i in range(rank + 1, len(left)):
            factor = left[i][column] * inverse % PRIME
            left[i] = [(a - factor * b) % PRIME for a, b in zip(left[i], left[rank], strict=True)]
        rank += 1
    return rank


def point_of_hull(rows: list[Row], rng: random.Random) -> Row:
    shares = [rng.randrange(PRIME) for _ in rows[1:]]
    shares.append(1 - sum(shares))
    columns = zip(*rows, strict=True)
    return [sum(s * x for s, x in zip(shares, column, strict=True)) % PRIME for column in columns]


def exact_ranks(workflow: Workflow, dim: int) -> Iterator[int]:
    rng, numpy_rng = random.Random(1), np.random.default_rng(1)
    batches: list[list[Row]] = []
    for t in range(1, GENERATIONS + 1):
        real = workflow.real_rows(t)
        if real:
            batches.append([[rng.randrange(PRIME) for _ in range(dim)] for _ in range(real)])
        seen = workflow.draw(t, numpy_rng)
        training = [batches[batch][row] for batch, row in seen.tolist()]
        yield rank_of(training)
        size = workflow.synthetic_rows(t)
        batches.append([point_of_hull(training, rng) for _ in range(size)])


def last_two(t: int) -> np.ndarray:
    row = np.zeros(t)
    row[-2:] = 1.0
    return row / row.sum()


sizes = st.integers(1, 8)
schedules = st.lists(sizes, min_size=1, max_size=4).map(tuple)
reached = st.one_of(
    st.builds(Workflow.replace, schedules),
    st.builds(Workflow.accumulate, schedules),
    st.builds(Workflow.sliding_window, schedules, st.integers(1, 4)),
    st.builds(Workflow.anchored, sizes, schedules),
    st.builds(Workflow.fresh, sizes, schedules),
)
bounded = st.one_of(
    st.builds(Workflow.accumulate_subsample, schedules, sizes, st.booleans()),
    st.builds(Workflow.custom, schedules, st.just(last_two)),
)


@settings(max_examples=150)
@given(workflow=reached, dim=st.integers(1, 5))
def test_the_rank_of_a_fit_is_known(workflow: Workflow, dim: int) -> None:
    assert ranks(workflow, dim, GENERATIONS) == list(exact_ranks(workflow, dim))


@settings(max_examples=100)
@given(workflow=bounded, dim=st.integers(1, 5))
def test_the_rank_of_a_fit_is_bounded(workflow: Workflow, dim: int) -> None:
    bounds = ranks(workflow, dim, GENERATIONS)
    exact = exact_ranks(workflow, dim)
    assert all(rank <= bound for rank, bound in zip(exact, bounds, strict=True))


@pytest.mark.parametrize("weight", [0.3, 1.0])
def test_weights_do_not_lower_the_bound_below_the_rank(weight: float) -> None:
    """Rows of weight zero may be counted: the bound stays a bound."""
    workflow = Workflow.fresh(2, 3, weight=weight)
    bounds = plan(GaussianChain(5, ddof=0), workflow, GENERATIONS).rank[1:]
    seen = 1 if weight == 1.0 else 2
    assert bounds[0] == 1
    assert (bounds[1:] >= seen).all()
