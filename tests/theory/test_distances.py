"""Laws of distances in nodes, against the sums over every pair that they stand for."""

import numpy as np
import pytest

from theory import distances, spectrum
from theory.distances import law_of, pairs, squared_distances
from theory.mixture import GaussianMixture
from theory.spectrum import mixture_power, sphere_average


def rows(count: int, dim: int) -> np.ndarray:
    return np.random.default_rng(count).gamma(2.0, size=(count, dim))


@pytest.mark.parametrize("dim", [1, 2, 3, 5])
def test_averages_over_pairs(dim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """1e-13 is some hundred roundings of weights that sum to one; pairs come in blocks."""
    monkeypatch.setattr(distances, "_BLOCK", 100)
    points, weights = rows(37, dim), np.random.default_rng(1).dirichlet(np.ones(37))
    table = np.sqrt(squared_distances(points, points))
    assert table == pytest.approx(np.linalg.norm(points[:, None] - points, axis=2), abs=1e-13)
    law = law_of(pairs(points, weights), float(table.max()), reach=25.0)
    assert float(law.weights.sum()) == pytest.approx(1, abs=1e-13)
    for r in (0.0, 0.7, 10.0, 25.0):
        every = weights @ sphere_average(r * table, dim) @ weights
        assert law.weights @ sphere_average(r * law.nodes, dim) == pytest.approx(every, abs=1e-13)


def test_beyond_the_reach_a_law_is_wrong() -> None:
    """So that the test above could fail: nodes resolve no more than they are asked for."""
    law = law_of([(np.array([0.9]), np.ones(1))], 1.0, reach=10.0)
    assert abs(law.weights @ np.cos(100 * law.nodes) - np.cos(90)) > 1e-3


@pytest.mark.parametrize("dim", [2, 5])
def test_many_components_of_one_variance(dim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of rows, smoothed: the power and the square by pairs, 1e-12 of the largest value."""
    truth = GaussianMixture.from_rows(rows(60, dim), 0.4)
    r = np.linspace(0, 15, 40)
    found = truth.power(r)
    with monkeypatch.context() as patched:
        patched.setattr(spectrum, "MANY", 10**9)
        assert found == pytest.approx(mixture_power(truth, r), abs=1e-12)
    gaps = squared_distances(truth.centres, truth.centres)
    square = np.exp(-gaps / (4 * 0.16)).mean() / (4 * np.pi * 0.16) ** (dim / 2)
    assert truth.square_integral == pytest.approx(square, rel=1e-12)
