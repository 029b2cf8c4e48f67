"""Truths against plain quadrature of their own density."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, special, stats

from theory.kde.error import radial_constant
from theory.quadrature import clenshaw_curtis
from theory.quadrature import integrate as adaptive
from theory.spectrum import _by_inverse_laplace, gaussian_sphere_average, sphere_average
from theory.truths import GaussianMixture, Laplace, Normal, StudentT, Truth, Uniform
from theory.workflow import UnsupportedWorkflow

TWO = GaussianMixture((0.3, 0.7), (-2.0, 1.5), (0.25, 1.0))
LINE: dict[str, Truth] = {
    "normal": Normal(1, 0.5, 1.3),
    "uniform": Uniform(-1.0, 2.0),
    "laplace": Laplace(0.7),
    "student 1": StudentT(1),
    "student 3": StudentT(3, 1.4),
    "student 55.5": StudentT(55.5),
    "mixture": TWO,
}
CENTRES = ((-2.0, 0.0), (1.0, 1.0), (0.0, -1.5))
PLANE = GaussianMixture((0.2, 0.5, 0.3), CENTRES, (0.3, 0.5, 0.9))
TILTED = GaussianMixture(
    (0.4, 0.6), CENTRES[:2], (((1.0, 0.4), (0.4, 0.5)), ((0.3, 0.0), (0.0, 0.8)))
)
SPACE = GaussianMixture((0.4, 0.6), ((0.0, 0.0, 0.0), (1.0, 2.0, -1.0)), np.diag((1.0, 0.3, 0.6)))


def over_the_line(function: Any, truth: Truth, **options: Any) -> float:
    ends = (truth.low, truth.high) if isinstance(truth, Uniform) else (-np.inf, np.inf)
    return float(integrate.quad(function, *ends, epsabs=1e-11, limit=400, **options)[0])


@pytest.mark.parametrize("truth", LINE.values(), ids=LINE)
def test_density_integrates_to_one_and_its_square_to_the_stated_value(truth: Truth) -> None:
    assert over_the_line(lambda x: truth.pdf([x])[0], truth) == pytest.approx(1, abs=1e-9)
    square = over_the_line(lambda x: truth.pdf([x])[0] ** 2, truth)
    assert truth.square_integral == pytest.approx(square, abs=1e-9)


@pytest.mark.parametrize("truth", LINE.values(), ids=LINE)
def test_characteristic_function_is_the_transform_of_the_density(truth: Truth) -> None:
    for w in (0.3, 1.0, 2.5):
        if isinstance(truth, StudentT):
            half = integrate.quad(
                lambda x: truth.pdf([x])[0], 0, np.inf, weight="cos", wvar=w, epsabs=1e-10
            )
            expected = 2 * half[0] + 0j
        else:
            grid = np.linspace(-40, 40, 400_001)
            if isinstance(truth, Uniform):
                grid = np.linspace(truth.low, truth.high, 400_001)
            values = truth.pdf(grid) * np.exp(1j * w * grid)
            expected = complex(integrate.trapezoid(values, grid))
        assert complex(truth.characteristic([w])[0]) == pytest.approx(expected, abs=2e-8)


@pytest.mark.parametrize("truth", LINE.values(), ids=LINE)
def test_entropy_and_variance(truth: Truth) -> None:
    def surprise(x: float) -> float:
        p = float(truth.pdf([x])[0])
        return -p * math.log(p) if p > 0 else 0.0

    assert truth.entropy == pytest.approx(over_the_line(surprise, truth), abs=1e-8)
    if np.isfinite(truth.variance).all():
        mean = float(truth.mean[0])
        spread = over_the_line(lambda x: (x - mean) ** 2 * truth.pdf([x])[0], truth)
        assert float(truth.variance[0]) == pytest.approx(spread, rel=1e-7)


@pytest.mark.parametrize(
    "truth", [*LINE.values(), PLANE, TILTED, SPACE, Normal(5)], ids=lambda t: type(t).__name__
)
def test_power_has_the_square_integral_of_the_density(truth: Truth) -> None:
    """Plancherel: both sides come from different formulas."""
    constant, dim = radial_constant(truth.dim), truth.dim
    slow = isinstance(truth, Uniform | Laplace)
    edges = np.array([0.0, *(2.0 ** np.arange(-6, 20 if slow else 10))])
    if dim == 3:
        edges = np.array([0.0, 1.0, 2.0, 4.0, 10.0])
    found = adaptive(lambda r: (constant * r ** (dim - 1) * truth.power(r))[None], edges)
    left_out = 4 / (3.0 * edges[-1]) if isinstance(truth, Uniform) else 0.0
    assert found.values[0] == pytest.approx(truth.square_integral, rel=1e-9, abs=left_out)


@pytest.mark.parametrize("truth", [*LINE.values(), PLANE, TILTED], ids=lambda t: type(t).__name__)
def test_envelope_bounds_the_power_and_does_not_increase(truth: Truth) -> None:
    r = np.geomspace(1e-8, 60, 4000)
    envelope = truth.envelope(r)
    assert (np.diff(envelope) <= 1e-12).all()
    assert (truth.power(r) <= envelope**2 * (1 + 1e-12) + 1e-15).all()


@pytest.mark.parametrize("truth", [PLANE, TILTED])
def test_power_in_the_plane_is_an_average_over_directions(truth: GaussianMixture) -> None:
    angles = 2 * math.pi * np.arange(2000) / 2000
    for r in (0.2, 1.0, 3.0):
        w = r * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        expected = (abs(truth.characteristic(w)) ** 2).mean()
        assert truth.power([r])[0] == pytest.approx(expected, rel=1e-12, abs=1e-16)


@pytest.mark.parametrize("dim", [1, 2, 3, 4, 7])
def test_sphere_average_is_a_hypergeometric_function(dim: int) -> None:
    x = np.array([0.0, 1e-3, 0.19, 0.21, 1.0, 5.0])
    expected = special.hyp0f1(dim / 2, -(x**2) / 4)
    assert sphere_average(x, dim) == pytest.approx(expected, abs=1e-13)


def test_square_integral_and_entropy_of_a_mixture_in_the_plane() -> None:
    axis = np.linspace(-9, 9, 145)
    lattice = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    cell = (axis[1] - axis[0]) ** 2
    for mixture in (PLANE, TILTED):
        density = np.zeros(len(lattice))
        for weight, mean, matrix in zip(
            mixture.weights, mixture.means, mixture.matrices, strict=True
        ):
            density += weight * stats.multivariate_normal(mean, matrix).pdf(lattice)
        assert mixture.pdf(lattice) == pytest.approx(density, rel=1e-10, abs=1e-300)
        assert mixture.square_integral == pytest.approx((density**2).sum() * cell, rel=1e-10)
        log = np.log(np.maximum(density, 1e-300))
        assert mixture.entropy == pytest.approx(-(density * log).sum() * cell, rel=1e-9)
    assert SPACE.entropy is None


def test_mixture_of_rows_is_the_rows_smoothed() -> None:
    rows = np.array([[0.0, 1.0], [2.0, -1.0], [2.0, 0.5]])
    truth = GaussianMixture.from_rows(rows, 0.5)
    assert truth.mean == pytest.approx(rows.mean(axis=0))
    assert truth.variance == pytest.approx(rows.var(axis=0) + 0.25)
    assert truth.widened(0.75) == GaussianMixture.from_rows(rows, 1.0)


def test_any_dimension_where_covariances_are_isotropic_only() -> None:
    far = GaussianMixture((0.5, 0.5), ((0.0,) * 4, (1.0,) * 4), 1.0)
    r = np.array([0.5, 2.0])
    expected = np.exp(-(r**2)) * (1 + special.hyp0f1(2, -(r**2) * 4 / 4)) / 2
    assert far.power(r) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("distance", [0.0, 2.0, 6.0, 11.0])
def test_inverse_laplace_transform_agrees_with_angles_in_space(distance: float) -> None:
    eigenvalues, r = np.array([0.6, 1.0, 2.0]), np.linspace(0, 12, 40)
    shift = distance * np.array([0.6, 0.64, 0.48])
    expected = gaussian_sphere_average(eigenvalues, shift, r)
    assert _by_inverse_laplace(eigenvalues, shift, r) == pytest.approx(expected, abs=2e-11)


def test_tilted_mixtures_in_four_dimensions() -> None:
    """Plancherel; and means too far apart are refused."""
    spread = np.diag((1.0, 0.4, 0.6, 2.0))
    near = GaussianMixture((0.4, 0.6), ((0.0,) * 4, (1.0,) * 4), spread)
    constant = radial_constant(4)
    found = adaptive(lambda r: (constant * r**3 * near.power(r))[None], [0, 1, 3, 9])
    assert found.values[0] == pytest.approx(near.square_integral, rel=1e-8)
    far = GaussianMixture((0.4, 0.6), ((0.0,) * 4, (9.0,) * 4), spread)
    with pytest.raises(UnsupportedWorkflow, match="within 13.6 of each other, got 18"):
        far.power(np.array([1.0]))


def test_clenshaw_curtis_is_exact_for_polynomials_of_its_order() -> None:
    nodes, weights = clenshaw_curtis(32)
    for power in range(0, 33, 2):
        assert weights @ nodes**power == pytest.approx(2 / (power + 1), rel=1e-13)


def test_adaptive_quadrature_reports_an_error_that_covers_the_true_one() -> None:
    found = adaptive(lambda x: np.array([np.sqrt(x), np.cos(40 * x)]), [0.0, 1.0])
    exact = np.array([2 / 3, math.sin(40) / 40])
    assert (abs(found.values - exact) <= found.errors).all()
    assert (found.errors < 1e-8).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normal(0), "dim must be a whole number >= 1, got 0"),
        (lambda: Normal(1, 0.0, -1.0), "scale must be a finite number > 0, got -1.0"),
        (lambda: Normal(1, math.nan), "location must be a finite number, got nan"),
        (lambda: Uniform(1.0, 1.0), "high must be > low, got low=1.0 and high=1.0"),
        (lambda: Laplace(0.0), "scale must be a finite number > 0, got 0.0"),
        (lambda: StudentT(math.inf), "df must be a finite number > 0, got inf"),
        (lambda: StudentT(500), "df must be at most 200, got 500"),
        (lambda: GaussianMixture((0.5, 0.6), (0, 1), 1.0), "sum to 1 within 1e-9, got 1.1"),
        (lambda: GaussianMixture((1.5, -0.5), (0, 1), 1.0), "numbers > 0, got (1.5, -0.5)"),
        (lambda: GaussianMixture((1.0,), (math.nan,), 1.0), "means must be finite, got nan"),
        (lambda: GaussianMixture((1.0,), (0.0,), 0.0), "finite and > 0, got 0.0"),
        (lambda: GaussianMixture((1.0,), (0.0, 1.0), 1.0), "means must be 1 rows"),
        (lambda: GaussianMixture.from_rows([1.0], 0.0), "bandwidth of the truth must be"),
        (lambda: GaussianMixture.from_rows([], 1.0), "rows must be a table of numbers"),
        (lambda: Normal(2).pdf([0.0, 1.0, 2.0]), "axes (point, 2 features), got shape (3,)"),
    ],
)
def test_bad_input_is_refused_with_the_value(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        make()
    assert message in str(refused.value)
