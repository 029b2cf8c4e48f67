"""The divergence of the truth from the mean density: other integrals, and errors that hold."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from theory.datasets import SwissRoll, blobs
from theory.kde import KdeChain, Scott, curves
from theory.kde.cubature import by_cubature, shared_variances
from theory.kde.divergence import divergences
from theory.kde.lattice import by_transform, on_a_lattice
from theory.kde.lineage import Mixing, mixing_laws
from theory.truths import GaussianMixture, Laplace, Normal, StudentT, Truth, Uniform
from theory.workflow import UnsupportedWorkflow, Workflow

MIXTURE = GaussianMixture((0.4, 0.6), (-1.5, 1.0), (0.25, 0.6))
DENSITIES = {
    "gaussian": stats.norm(),
    "uniform": stats.uniform(-1, 2),
    "epanechnikov": stats.beta(2, 2, -1, 2),
    "triangular": stats.triang(0.5, -1, 2),
    "laplace": stats.laplace(),
}


def on_the_line(truth: Truth, kernel: str, h: float) -> float:
    """int f_0 log(f_0 / (f_0 * K_h)) by nested Gauss-Legendre panels, in the space of points."""
    u, w = np.polynomial.legendre.leggauss(40)
    cut = {"gaussian": 9.0, "laplace": 38.0}.get(kernel, 1.0)
    edges = h * np.array([-cut, -cut / 4, -cut / 16, 0, cut / 16, cut / 4, cut])
    steps = np.concatenate([(a + b) / 2 + (b - a) / 2 * u for a, b in pairwise(edges)])
    shares = np.concatenate([(b - a) / 2 * w for a, b in pairwise(edges)])
    shares = shares * DENSITIES[kernel].pdf(steps / h) / h

    def integrand(x: float) -> float:
        before = float(truth.pdf([x])[0])
        return before * math.log(before / float(shares @ truth.pdf(x - steps)))

    far = 300.0 if isinstance(truth, StudentT) else 9.0
    parts = [-far, -9.0, -3.0, 0.0, 3.0, 9.0, far]
    return math.fsum(
        integrate.quad(integrand, a, b, epsabs=1e-11, limit=200)[0] for a, b in pairwise(parts)
    )


@pytest.mark.parametrize("kernel", DENSITIES)
def test_one_fit_of_every_kernel(kernel: str) -> None:
    """Smooth truths: what is left out beyond 300 adds some 1e-12; the panels err by 1e-9."""
    for truth in (Normal(1, 0.3), MIXTURE, StudentT(5.0)):
        chain, workflow = KdeChain(truth, 0.5, kernel), Workflow.replace(7)
        found = divergences(chain, workflow, chain.bandwidths(workflow, 1))
        assert found.values[1] == pytest.approx(on_the_line(truth, kernel, 0.5), abs=2e-9)
        assert found.errors[1] < 1e-10


@pytest.mark.parametrize("truth", [Normal(), Uniform(-1, 2), Laplace(0.7)], ids=str)
@pytest.mark.parametrize("h", [0.1, 3.0])
def test_transforms_against_closed_convolutions(truth: Truth, h: float) -> None:
    """Edges and kinks leave an error that the step shows: the estimate holds and is small."""
    chain, workflow = KdeChain(truth, h), Workflow.accumulate((9, 5))
    bandwidths = chain.bandwidths(workflow, 5)
    closed = divergences(chain, workflow, bandwidths)
    values, errors = by_transform(chain, workflow, bandwidths)
    assert (abs(values - closed.values[1:]) <= errors + closed.errors[1:]).all()
    assert errors.max() < 1e-6


def test_a_uniform_truth_under_its_own_kernel_by_hand() -> None:
    """f_1 is 1 inside and falls to 1/2 over h at each edge: 2 h int_{1/2}^1 -log u du twice."""
    chain, workflow = KdeChain(Uniform(), 0.25, "uniform"), Workflow.replace(7)
    found = divergences(chain, workflow, chain.bandwidths(workflow, 1))
    exact = 4 * 0.25 * (1 - math.log(2)) / 2
    assert abs(found.values[1] - exact) <= found.errors[1] < 1e-7


@pytest.mark.parametrize("df", [0.5, 1.0, 200.0])
def test_tails_of_any_weight(df: float) -> None:
    """To leading order in h a smooth truth loses h^4/8 int f_0''^2 / f_0."""
    truth, h = StudentT(df), 0.02
    x = np.concatenate([[0.0], np.geomspace(1e-4, 1e4, 40_001)])
    ratio = (df + 1) / df * ((df + 2) * x**2 / df - 1) / (1 + x**2 / df) ** 2
    exact = h**4 / 4 * float(integrate.trapezoid(truth.pdf(x) * ratio**2, x))
    chain, workflow = KdeChain(truth, h), Workflow.replace(7)
    found = divergences(chain, workflow, chain.bandwidths(workflow, 1))
    assert found.values[1] == pytest.approx(exact, rel=0.01)


SLANTED = GaussianMixture((0.3, 0.7), ((-2, 1), (1, 3)), ((0.5, 0.2), (0.2, 1.0)))


@pytest.mark.parametrize("truth", [blobs(), SLANTED], ids=["blobs", "slanted"])
def test_cubature_against_the_lattice(truth: GaussianMixture) -> None:
    """Estimated errors are three standard errors: what they claim holds, and is below 1e-3."""
    h = np.array([0.0, 0.5, 0.4, 0.3, 0.6])
    laws = mixing_laws(Workflow.accumulate(9), h**2)[1:]
    exact, off = on_a_lattice(truth, laws)
    values, errors = by_cubature(truth, laws)
    assert (abs(values - exact) <= errors + off).all()
    assert (errors < 1e-3).all()


def test_cubature_in_space_where_coordinates_part() -> None:
    """Under replace one Gaussian is added: the divergence is the sum of those of coordinates."""
    workflow, h = Workflow.replace(9), 0.4
    line = GaussianMixture((0.4, 0.6), (-1.5, 1.0), 0.25)
    space = GaussianMixture((0.4, 0.6), ((-1.5, 0, 0), (1.0, 0, 0)), 0.25)
    first = curves(KdeChain(line, h), workflow, 3).excess_nll_lower.values
    other = curves(KdeChain(Normal(1, 0.0, 0.5), h), workflow, 3).excess_nll_lower.values
    record = curves(KdeChain(space, h), workflow, 3)
    off = record.error_of("excess_nll_lower")
    assert (abs(record.excess_nll_lower.values - first - 2 * other) <= off).all()
    assert off.max() < 1e-3
    assert "Jensen, quadrature within 1e-" in record.excess_nll_lower.source


def test_many_variances_share_nodes() -> None:
    """Sixteen nodes over a factor of four: 1e-9 of the density at every distance."""
    s = np.linspace(0.1, 40, 300)
    nodes, weights = shared_variances([Mixing(s, np.full(300, 1 / 300))], 0.25)
    assert len(nodes) < 100
    for square in (0.0, 1.0, 30.0):

        def density(v: np.ndarray, square: float = square) -> np.ndarray:
            return np.exp(-square / (2 * (0.25 + v))) / (0.25 + v) ** 1.5

        exact = float(density(s).mean())
        assert float(weights[0] @ density(nodes)) == pytest.approx(exact, abs=1e-9)


def test_a_table_of_too_many_rows_lacks_the_bound_alone() -> None:
    rows = np.zeros((2_001, 3)) + np.arange(3)
    record = curves(KdeChain.from_rows(rows, 0.5, 0.5), Workflow.replace(9), 1)
    assert "mise" in record.fields
    with pytest.raises(UnsupportedWorkflow, match="2000 components in space, got 2001"):
        _ = record.excess_nll_lower
    with pytest.raises(UnsupportedWorkflow, match="got 2001: take fewer rows"):
        by_cubature(record.chain.truth, mixing_laws(record.workflow, np.array([0.0, 0.25]))[1:])


def test_a_swiss_roll_where_plane_and_height_part() -> None:
    """Under replace: the plane on a lattice, the height on a line."""
    noise, h = 0.5, 0.6
    before, after = SwissRoll(noise), SwissRoll(math.hypot(noise, h))
    axis = np.arange(-18, 18, 0.2)
    plane = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    p = before.plane_pdf(plane)
    q = np.maximum(after.plane_pdf(plane[p > 1e-14]), 1e-300)
    p = p[p > 1e-14]
    y = np.arange(-5, 26, 0.01)
    a, b = before.height_pdf(y), after.height_pdf(y)
    seen = a > 1e-14
    height = float((a[seen] * np.log(a[seen] / b[seen])).sum()) * 0.01
    exact = float((p * np.log(p / q)).sum()) * 0.04 + height
    record = curves(KdeChain(before, h), Workflow.replace(9), 1)
    off = record.error_of("excess_nll_lower")[1]
    assert abs(record.excess_nll_lower[1] - exact) <= off < 1e-4
    wide = curves(KdeChain(SwissRoll(0.6), h), Workflow.replace(9), 1)
    with pytest.raises(UnsupportedWorkflow, match="noise up to 0.5, where arms are apart"):
        _ = wide.excess_nll_lower


def test_a_table_in_space_by_scott() -> None:
    """Bandwidths that change: a bound that grows, with an error below a tenth of it."""
    rows = np.random.default_rng(3).standard_normal((60, 4))
    record = curves(KdeChain.from_rows(rows, 0.5, Scott()), Workflow.accumulate(50), 4)
    values, off = record.excess_nll_lower.values, record.error_of("excess_nll_lower")
    assert (np.diff(values) > 0).all()
    assert (off[1:] < values[1:] / 10).all()
