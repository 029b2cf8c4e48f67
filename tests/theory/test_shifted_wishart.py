"""E log det G, E tr G^-1 and E eta' G^-1 eta of G = a I + W + b eta eta', at any dimension."""

import numpy as np
import pytest

from tests.oracles import wishart
from theory.gaussian.shifted_wishart import expectations


def at(dim: int, dof: int, a: float, b: float) -> np.ndarray:
    return np.array(expectations(dim, dof, np.array([a]), np.array([b])))[:, 0]


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("dof", [0, 1, 2, 3, 9, 40])
@pytest.mark.parametrize(("a", "b"), [(1.0, 0.5), (3.0, 0.0), (40.0, 0.9), (7.5, 1.0)])
def test_expectations_are_the_integrated_ones(dim: int, dof: int, a: float, b: float) -> None:
    oracle = wishart.expectations(dim, a, b, dof)
    exact = [oracle.log_det, oracle.trace_inverse, oracle.quadratic_inverse]
    np.testing.assert_allclose(at(dim, dof, a, b), exact, rtol=1e-11)


@pytest.mark.parametrize(("dim", "dof"), [(6, 3), (9, 30), (12, 11), (30, 40), (50, 9)])
@pytest.mark.parametrize("a", [1.0, 20.0])
def test_one_more_row_is_one_more_degree_of_freedom(dim: int, dof: int, a: float) -> None:
    """With b = 1, W + eta eta' is a Wishart matrix of dof + 1 rows; its rows are exchangeable."""
    joined, whole = at(dim, dof, a, 1.0), at(dim, dof + 1, a, 0.0)
    np.testing.assert_allclose(joined[:2], whole[:2], rtol=1e-11)
    assert joined[2] == pytest.approx((dim - a * whole[1]) / (dof + 1), rel=1e-10)


@pytest.mark.parametrize(("dim", "dof", "b"), [(7, 4, 0.5), (10, 25, 0.8)])
def test_expectations_agree_with_sampled_matrices(dim: int, dof: int, b: float) -> None:
    """z below 6.1: false-fail rate 1e-9 each; 20,000 matrices resolve about 1 % of the inverse."""
    sampled = wishart.monte_carlo(dim, 5.0, b, dof, replicates=20_000, seed=35)
    for found, (mean, error) in zip(at(dim, dof, 5.0, b), sampled.values(), strict=True):
        assert abs(mean - found) < 6.1 * error


def test_vectors_of_shifts_are_their_entries() -> None:
    a, b = np.array([1.0, 5.0, 9.0]), np.array([0.9, 0.5, 0.0])
    found = np.array(expectations(3, 4, a, b)).T
    for row, shift, share in zip(found, a, b, strict=True):
        np.testing.assert_array_equal(row, at(3, 4, shift, share))
