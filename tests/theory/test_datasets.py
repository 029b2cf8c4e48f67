"""Data sets as populations: the curves' own integrals, and nodes that are dense enough."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import special

from theory import datasets
from theory.datasets import SwissRoll, blobs, circles, moons
from theory.kde import KdeChain, curves
from theory.quadrature import integrate
from theory.workflow import UnsupportedWorkflow, Workflow


def test_circles_have_bessel_transforms() -> None:
    truth, r = circles(0.05, 0.8), np.array([0.0, 0.3, 1.0, 10.0, 60.0])
    expected = (special.j0(r) + special.j0(0.8 * r)) / 2 * np.exp(-((0.05 * r) ** 2) / 2)
    assert truth.characteristic(np.stack([r * 0.6, r * 0.8], axis=1)) == pytest.approx(
        expected, abs=1e-13
    )
    assert truth.power(r) == pytest.approx(expected**2, abs=1e-12)


@pytest.mark.parametrize("make", [circles, moons])
def test_twice_as_many_nodes_change_nothing(make: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(make)
    x = np.array([[1.0, 0.02], [0.0, 0.5], [-0.98, 0.1], [0.4, -0.3], [2.0, 0.45]])
    few = make(0.1)
    monkeypatch.setattr(datasets, "PERIODIC", 3.0)
    monkeypatch.setattr(datasets, "PANEL", 5.0)
    many = make(0.1)
    assert len(many.weights) > 1.5 * len(few.weights)
    assert few.pdf(x) == pytest.approx(many.pdf(x), abs=1e-12)
    r = np.array([0.5, 5.0, 20.0])
    assert few.power(r) == pytest.approx(many.power(r), abs=1e-12)
    assert few.square_integral == pytest.approx(many.square_integral, rel=1e-12)


def test_moons_are_two_half_circles() -> None:
    truth = moons(0.2)
    assert truth.mean == pytest.approx([0.5, 0.25], abs=1e-13)
    # x: cos and 1 - cos of a uniform angle, each with variance 1/2 and means 0 and 1.
    assert truth.variance[0] == pytest.approx(0.5 + 0.25 + 0.04, rel=1e-12)


def test_entropies_of_the_published_settings() -> None:
    """Blobs apart: log 3 and a normal's. The reference prints .291 and .783, by sampling."""
    assert blobs().entropy == pytest.approx(math.log(3) + 1 + math.log(2 * math.pi), abs=1e-6)
    assert moons().entropy == pytest.approx(0.2892, abs=1e-4)
    assert circles().entropy == pytest.approx(0.7812, abs=1e-4)


def test_errors_in_the_plane_against_a_lattice() -> None:
    """One fit to moons: variance and squared bias from the density on a lattice."""
    truth, h, n = moons(0.2), 0.3, 50
    first, second = np.arange(-3.5, 4.5, 0.05), np.arange(-3.5, 4.0, 0.05)
    lattice = np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1).reshape(-1, 2)
    mean = truth.widened(h**2).pdf(lattice)
    cell = 0.05**2
    bias = float(((mean - truth.pdf(lattice)) ** 2).sum()) * cell
    variance = 1 / (4 * math.pi * h**2 * n) - float((mean**2).sum()) * cell / n
    found = curves(KdeChain(truth, h), Workflow.replace(n), 1)
    assert found.mean_density_error[1] == pytest.approx(bias, rel=1e-8)
    assert found.integrated_variance[1] == pytest.approx(variance, rel=1e-8)


def test_swiss_roll_is_a_density_with_those_moments() -> None:
    truth = SwissRoll(1.0)
    axis = np.arange(-22, 22, 0.4)
    heights = np.arange(-6, 27.1, 0.5)
    plane = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    at_ten = truth.pdf(np.insert(plane, 1, 10.5, axis=1))
    column = truth.pdf(np.stack([np.full_like(heights, 8.0), heights, 0 * heights], axis=1))
    middle = truth.pdf([[8.0, 10.5, 0.0]])[0]
    mass = float(at_ten.sum()) * 0.4**2 * float(column.sum()) * 0.5 / middle
    assert mass == pytest.approx(1, abs=1e-9)
    square = float((at_ten**2).sum()) * 0.4**2 * float((column**2).sum()) * 0.5 / middle**2
    assert truth.square_integral == pytest.approx(square, rel=1e-8)
    mean = float(plane[:, 0] @ at_ten) / float(at_ten.sum())
    assert truth.mean == pytest.approx([mean, 10.5, truth.mean[2]])
    spread = float((plane[:, 0] - mean) ** 2 @ at_ten) / float(at_ten.sum())
    assert truth.variance[0] == pytest.approx(spread)
    step = 1e-3
    slope = truth.characteristic([[step, 0, 0], [0, step, 0]]).imag / step
    assert slope == pytest.approx(truth.mean[:2], abs=1e-3)


def test_neighbours_on_an_arm_carry_the_square_of_a_thin_roll() -> None:
    thin, thick = SwissRoll(0.5), SwissRoll(0.5 + 1e-9)
    assert thin.square_integral == pytest.approx(thick.square_integral, rel=1e-7)


def test_the_power_of_a_thin_roll_carries_its_square() -> None:
    """C int r^2 S dr is the integral of the squared density; series of other reaches agree."""
    truth = SwissRoll(0.2)
    found = integrate(lambda r: (r**2 * truth.power(r))[None], np.linspace(0, 31, 40))
    assert found.values[0] / (2 * math.pi**2) == pytest.approx(truth.square_integral, rel=1e-11)
    r = np.linspace(0, 7.9, 30)
    alone = truth.power(r)
    assert truth.power(np.append(r, 30.0))[:-1] == pytest.approx(alone, abs=1e-13)


def test_the_power_is_an_average_over_directions() -> None:
    """By 10,000 directions of Fibonacci's sphere, near the origin where these resolve it."""
    truth, r, count = SwissRoll(1.0), np.array([0.1, 0.5]), 10_000
    top = 1 - (2 * np.arange(count) + 1) / count
    angle = math.pi * (1 + math.sqrt(5)) * np.arange(count)
    ring = np.sqrt(1 - top**2)
    units = np.stack([ring * np.cos(angle), top, ring * np.sin(angle)], axis=1)
    averages = [float((abs(truth.characteristic(k * units)) ** 2).mean()) for k in r]
    assert truth.power(r) == pytest.approx(averages, rel=1e-5)


def test_a_swiss_roll_says_what_it_cannot() -> None:
    truth = SwissRoll(0.01)
    with pytest.raises(UnsupportedWorkflow, match="known up to the frequency 135, got 512"):
        truth.power([500.0])
    assert truth.power([700.0]) == 0
    with pytest.raises(ValueError, match="noise of a swiss roll.* at least 0.001, got 1e-05"):
        KdeChain(SwissRoll(1e-5), 0.5)


@pytest.mark.parametrize("make", [circles, moons, SwissRoll])
def test_without_noise_there_is_no_density(make: Callable[[float], object]) -> None:
    with pytest.raises(ValueError, match="without it the points lie on a .* and have no density"):
        make(0.0)


@pytest.mark.parametrize("noise", [0.0, -1.0, math.nan, math.inf])
def test_noise_must_be_positive(noise: float) -> None:
    for make in (circles, moons, SwissRoll):
        with pytest.raises(ValueError, match=f"noise must be a finite number > 0, got {noise}"):
            make(noise)


def test_factor_must_be_a_share() -> None:
    with pytest.raises(ValueError, match="factor must be in .0, 1., got 1.2"):
        circles(0.1, 1.2)
