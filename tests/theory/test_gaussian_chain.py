"""The Gaussian chain's specification refuses what has no meaning, and compares by value."""

import math
import re
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest

from theory.gaussian import GaussianChain, curves
from theory.workflow import UnsupportedWorkflow, Workflow

NAN = math.nan


def last(t: int) -> list[float]:
    return [0.0] * (t - 1) + [1.0]


def three_to_one(t: int) -> list[float]:
    return [1.0] if t == 1 else [0.75] + [0.0] * (t - 2) + [0.25]


def late_last(t: int) -> list[float]:
    """The real batch, until fit 10 looks at the last batch only."""
    return last(t) if t == 10 else [1.0] + [0.0] * (t - 1)


BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: GaussianChain(0), "dim must be a whole number >= 1, got 0"),
    (lambda: GaussianChain(1.5), "got 1.5"),  # type: ignore[arg-type]
    (lambda: GaussianChain(1, ddof=2), "ddof must be 0 or 1, got 2"),
    (lambda: GaussianChain(1, ddof=-1), "got -1"),
    (lambda: GaussianChain(1, temperature=0.0), "temperature must be in (0, 1], got 0.0"),
    (lambda: GaussianChain(1, temperature=1.5), "got 1.5"),
    (lambda: GaussianChain(1, temperature=NAN), "got nan"),
    (lambda: GaussianChain(2, covariance=np.eye(3)), "shape (2, 2), got shape (3, 3)"),
    (lambda: GaussianChain(1, covariance=[[NAN]]), "covariance must be finite, got [[nan]]"),
    (lambda: GaussianChain(2, covariance=[[1, 0.5], [0, 1]]), "must be symmetric, got [[1, 0.5]"),
    (lambda: GaussianChain(2, covariance=[[1, 1], [1, 1]]), "positive definite"),
    (lambda: GaussianChain(1, covariance=[[-2.0]]), "smallest eigenvalue -2"),
    (lambda: GaussianChain(1, covariance=[[0.0]]), "smallest eigenvalue 0"),
    (lambda: GaussianChain.from_data([1.0, 2.0]), "got shape (2,)"),
    (lambda: GaussianChain.from_data([[1.0, 2.0]]), "got shape (1, 2)"),
    (lambda: GaussianChain.from_data([[1.0], [NAN]]), "finite table"),
    (lambda: GaussianChain.from_data([[1.0, 5.0], [2.0, 5.0]]), "column 1 is always 5"),
    (lambda: curves(GaussianChain(1), Workflow.replace(9), 0), "generations must be .* got 0"),
    (lambda: curves(GaussianChain(1), Workflow.replace(9), 2.0), "got 2.0"),  # type: ignore[arg-type]
    (lambda: curves(GaussianChain(1), Workflow.replace(1), 3), "n must be >= 2 for ddof=1"),
    (lambda: curves(GaussianChain(1), Workflow.replace((9, 9, 1)), 3), "got n=1"),
    (lambda: curves(GaussianChain(1), Workflow.accumulate((1, 9)), 3), "got n=1"),
    (lambda: curves(GaussianChain(1), Workflow.anchored(1, 9), 3), "n_real must be >= 2"),
    (lambda: curves(GaussianChain(1), Workflow.accumulate_subsample(9, 1), 3), "budget must be >="),
    (lambda: curves(GaussianChain(1), Workflow.custom((9, 1), last), 3), "got n=1"),
    (lambda: curves(GaussianChain(1), Workflow.custom((9, 1), late_last), 12), "got n=1"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "fragment"), BAD, ids=[fragment for _, fragment in BAD])
def test_bad_input_is_a_value_error_that_quotes_it(call: Callable[[], Any], fragment: str) -> None:
    pattern = ".*".join(re.escape(part) for part in fragment.split(".*"))
    with pytest.raises(ValueError, match=pattern):
        call()


@pytest.mark.parametrize(
    "workflow", [Workflow.fresh(5, 5, 0.5), Workflow.custom(5, three_to_one)], ids=str
)
def test_unequal_weights_need_maximum_likelihood(workflow: Workflow) -> None:
    with pytest.raises(UnsupportedWorkflow, match=re.escape(f"got {workflow}: use ddof=0")):
        curves(GaussianChain(1), workflow, 3)
    assert len(curves(GaussianChain(1, ddof=0), workflow, 3).mean_error) == 4


def test_custom_weights_that_are_equal_by_row_may_be_unbiased() -> None:
    unbiased = curves(GaussianChain(1), Workflow.custom(5, last), 6)
    replace = curves(GaussianChain(1), Workflow.replace(5), 6)
    np.testing.assert_allclose(unbiased.mean_error, replace.mean_error, rtol=1e-14)


def test_generations_that_are_not_reached_are_not_refused() -> None:
    """The third batch has one row; the first two fits do not see it."""
    chain, workflow = GaussianChain(1), Workflow.replace((9, 9, 1))
    assert len(curves(chain, workflow, 2).mean_error) == 3


def test_chains_compare_and_hash_by_value() -> None:
    sigma = [[2.0, 0.5], [0.5, 1.0]]
    chain = GaussianChain(2, covariance=sigma)
    assert chain == GaussianChain(2, covariance=np.array(sigma))
    assert len({chain, GaussianChain(2, covariance=np.array(sigma)), GaussianChain(2)}) == 2
    assert chain != GaussianChain(2, ddof=0, covariance=sigma)
    np.testing.assert_array_equal(chain.matrix, sigma)
    np.testing.assert_array_equal(GaussianChain(3).matrix, np.eye(3))


def test_chains_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        GaussianChain(2).dim = 3  # type: ignore[misc]
    given = np.eye(2)
    chain = GaussianChain(2, covariance=given)
    given[0, 0] = chain.matrix[0, 0] = 7.0
    assert chain.matrix[0, 0] == 1.0


def test_data_give_their_own_covariance() -> None:
    """Maximum likelihood: the table is the whole truth."""
    rows = np.array([[1.0, 2.0], [3.0, 1.0], [2.0, 7.0], [0.0, 0.0]])
    chain = GaussianChain.from_data(rows, ddof=0, temperature=0.5)
    np.testing.assert_allclose(chain.matrix, np.cov(rows.T, ddof=0), rtol=1e-14)
    assert (chain.dim, chain.ddof, chain.temperature) == (2, 0, 0.5)
    single = GaussianChain.from_data([[1.0], [3.0]])
    assert single == GaussianChain(1, covariance=[[1.0]])
