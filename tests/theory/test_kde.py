"""Kernel-density curves against closed sums, a literal recursion and published vectors."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from theory.kde import (
    FIELDS,
    KdeChain,
    Optimal,
    Power,
    Scott,
    Silverman,
    available,
    curves,
)
from theory.kde.kernels import KERNELS
from theory.truths import GaussianMixture, Laplace, Normal, StudentT, Truth, Uniform
from theory.workflow import UnsupportedWorkflow, Workflow

FloatArray = npt.NDArray[np.float64]

MIXTURE = GaussianMixture((0.3, 0.7), (-2.0, 1.5), (0.25, 1.0))
PLANE = GaussianMixture((0.5, 0.5), ((0.0, 0.0), (2.0, 1.0)), ((1.0, 0.3), (0.3, 0.5)))


def mise(truth: Truth, bandwidth: Any, workflow: Workflow, generations: int) -> FloatArray:
    return curves(KdeChain(truth, bandwidth), workflow, generations).mise.values


# --- vectors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("workflow", "at", "expected"),
    [
        (Workflow.replace(100), (1, 2, 3), (0.00555, 0.01089, 0.01641)),
        (Workflow.replace(100), (4, 5, 6), (0.02203, 0.02765, 0.03321)),
        (Workflow.replace(20), (1, 2, 8), (0.02329, 0.0388, 0.1004)),
        (Workflow.accumulate(20), (1, 2, 8), (0.02329, 0.02461, 0.02422)),
        (Workflow.accumulate_subsample(20), (1, 2, 8), (0.02329, 0.03562, 0.04581)),
    ],
    ids=str,
)  # fmt: skip
def test_vectors_of_the_theory(
    workflow: Workflow, at: tuple[int, ...], expected: tuple[float, ...]
) -> None:
    found = mise(Normal(), 0.4, workflow, 8)[list(at)]
    assert found == pytest.approx(expected, abs=0.6e-5)  # printed to five digits


def test_a_vanishing_bandwidth_does_not_save_replace() -> None:
    """The reference prints 4.89 and 9.60 at t = 30, 60: its integral stops at frequency 60."""
    found = mise(Normal(), Power(0.4, 1.0), Workflow.replace(20), 60)
    one = GaussianMixture((1.0,), (0.0,), 1.0)
    for t, printed in ((1, 0.0233), (10, 1.0950), (30, 5.2709), (60, 12.3998)):
        expected = replace_in_closed_form(one, 20, [0.4 / k for k in range(1, t + 1)])
        assert found[t] == pytest.approx(expected, rel=1e-9)
        assert found[t] == pytest.approx(printed, abs=0.6e-4)


# --- closed sums and a literal recursion ----------------------------------------------------------


def gaussian_pairs(truth: GaussianMixture, added: float) -> float:
    """int f g, g = f convolved with N(0, added I): closed."""
    total = 0.0
    for w, m, c in zip(truth.shares, truth.centres, truth.matrices, strict=True):
        for v, n, e in zip(truth.shares, truth.centres, truth.matrices, strict=True):
            matrix = c + e + added * np.eye(truth.dim)
            z = m - n
            height = (2 * math.pi) ** (-truth.dim / 2) / math.sqrt(np.linalg.det(matrix))
            total += w * v * height * math.exp(-z @ np.linalg.solve(matrix, z) / 2)
    return total


def replace_in_closed_form(truth: GaussianMixture, n: int, h: list[float]) -> float:
    """MISE of the last fit under replace, a sum of Gaussian integrals.

    B_t = sum_{j<t} (1/n)(1-1/n)^j (kappa_{t-1}..kappa_{t-j})^2 + (1-1/n)^t (...)^2 |phi_0|^2.
    """
    t, d = len(h), truth.dim
    squares = np.array(h[::-1]) ** 2
    total = 0.0
    for j in range(t):
        spread = 2 * squares[: j + 1].sum()
        total += (1 - 1 / n) ** j / n * (2 * math.pi * spread) ** (-d / 2)
    everything = squares.sum()
    total += (1 - 1 / n) ** t * gaussian_pairs(truth, 2 * everything)
    return total - 2 * gaussian_pairs(truth, everything) + gaussian_pairs(truth, 0.0)


@pytest.mark.parametrize(
    "truth",
    [
        GaussianMixture((1.0,), (0.0,), 1.0),
        MIXTURE,
        PLANE,
        GaussianMixture((0.5, 0.5), ((0.0,) * 5, (1.0,) * 5), (0.5, 1.0)),
    ],
    ids=["normal", "mixture", "tilted plane", "five dimensions"],
)
def test_replace_is_a_sum_of_gaussian_integrals(truth: GaussianMixture) -> None:
    h = [0.5, 0.3, 0.4, 0.25]
    found = mise(truth, h, Workflow.replace(30), 4)
    for t in range(1, 5):
        expected = replace_in_closed_form(truth, 30, h[:t])
        # The closed sum cancels: a few roundings of the integral of the squared density.
        rounding = 20 * np.finfo(float).eps * truth.square_integral
        assert found[t] == pytest.approx(expected, rel=1e-8, abs=rounding)


def literal(
    truth: Truth,
    kernel: Callable[[FloatArray], FloatArray],
    weights: Callable[[int], list[float]],
    n: int,
    h: list[float],
    w: FloatArray,
) -> FloatArray:
    """MISE by the trapezoid rule over w >= 0 on the whole matrix K, from the definition."""
    phi = truth.characteristic(w)
    k = np.zeros((len(h), len(h), len(w)))
    m = np.zeros((len(h), len(w)), dtype=complex)
    k[0, 0], m[0] = 1 / n + (1 - 1 / n) * abs(phi) ** 2, phi
    found = []
    for t in range(1, len(h) + 1):
        share = np.array(weights(t))
        row = np.einsum("b,bcw->cw", share, k[:t, :t])
        square, mean, kappa = share @ row, share @ m[:t], kernel(h[t - 1] * w)
        integrand = kappa**2 * square - 2 * kappa * (phi.conj() * mean).real + abs(phi) ** 2
        found.append(float(np.trapezoid(integrand, w)) / math.pi)
        if t < len(h):
            k[t, :t] = k[:t, t] = kappa * row
            k[t, t] = 1 / n + (1 - 1 / n) * kappa**2 * square
            m[t] = kappa * mean
    return np.array(found)


def pooled(t: int) -> list[float]:
    return [1 / t] * t


def last_two(t: int) -> list[float]:
    return [0.0] * (t - 2) + [0.5, 0.5] if t > 1 else [1.0]


def first_and_last(t: int) -> list[float]:
    return [0.5] + [0.0] * (t - 2) + [0.5] if t > 1 else [1.0]


@pytest.mark.parametrize(
    ("workflow", "weights"),
    [
        (Workflow.accumulate(15), pooled),
        (Workflow.sliding_window(15, 2), last_two),
        (Workflow.anchored(15, 15), first_and_last),
        (Workflow.custom(15, last_two), last_two),
    ],
    ids=["accumulate", "window", "anchored", "custom"],
)
@pytest.mark.parametrize("truth", [MIXTURE, Laplace(0.8)], ids=["mixture", "laplace"])
def test_pooling_workflows_against_the_literal_recursion(
    workflow: Workflow, weights: Callable[[int], list[float]], truth: Truth
) -> None:
    h = [0.5, 0.3, 0.4, 0.45]
    w = np.linspace(0, 60, 60_001)
    expected = literal(truth, KERNELS["gaussian"].transform, weights, 15, h, w)
    # Laplace leaves out the integral of |phi|^2 / pi beyond 60: about 1 / (3 pi 0.8^4 60^3).
    missing = 1 / (3 * math.pi * 0.8**4 * 60**3) if isinstance(truth, Laplace) else 0.0
    found = mise(truth, h, workflow, 4)[1:]
    assert found - missing == pytest.approx(expected, rel=1e-8, abs=1e-3 * missing)


@pytest.mark.parametrize("kernel", KERNELS)
def test_one_fit_to_a_uniform_truth_in_the_space_of_points(kernel: str) -> None:
    """Variance R(K)/(nh) - int (E f)^2 / n and squared bias by the trapezoid rule on x."""
    n, h, truth = 50, 0.1, Uniform()
    density = {
        "gaussian": lambda u: np.exp(-(u**2) / 2) / math.sqrt(2 * math.pi),
        "epanechnikov": lambda u: 0.75 * np.maximum(1 - u**2, 0),
        "uniform": lambda u: 0.5 * (abs(u) <= 1),
        "triangular": lambda u: np.maximum(1 - abs(u), 0),
        "laplace": lambda u: np.exp(-abs(u)) / 2,
    }[kernel]
    from scipy.integrate import quad

    def mean(x: float) -> float:
        low, high = (x - 1) / h, x / h
        if kernel not in ("gaussian", "laplace"):
            low, high = max(low, -1.0), min(high, 1.0)
        inner = [0.0] if low < 0 < high else None
        return quad(density, low, high, points=inner, epsabs=1e-13)[0] if low < high else 0.0

    nodes, shares = np.polynomial.legendre.leggauss(12)
    reach = 1.0 if kernel not in ("gaussian", "laplace") else 40.0 * h / h
    outer = np.concatenate([[-h], np.linspace(0, 1, 11)])
    if reach > 1:
        outer = np.concatenate([-h * np.array([40, 20, 10, 6, 3, 1.5, 0.7]), np.linspace(0, 1, 31)])
    edges = np.unique(np.concatenate([outer, 1 - outer, [0.5]]).round(12))
    square = bias = 0.0
    for a, b in zip(edges[:-1], edges[1:], strict=True):
        x = (a + b) / 2 + (b - a) / 2 * nodes
        values = np.array([mean(v) for v in x])
        inside = 1.0 if 0 <= (a + b) / 2 <= 1 else 0.0
        square += (b - a) / 2 * float(shares @ values**2)
        bias += (b - a) / 2 * float(shares @ (values - inside) ** 2)
    expected = KERNELS[kernel].roughness / (n * h) - square / n + bias
    record = curves(KdeChain(truth, h, kernel), Workflow.accumulate(n), 1)
    assert record.mean_density_error[1] == pytest.approx(bias, rel=1e-7)
    assert record.mise[1] == pytest.approx(expected, rel=1e-8)
    assert abs(record.mise[1] - expected) <= record.error_of("mise")[1] + 1e-9 * expected


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernels_have_the_stated_moments_and_envelope(kernel: str) -> None:
    found = KERNELS[kernel]
    u = np.linspace(0, 300, 300_001)
    transform, envelope = found.transform(u), found.envelope(u)
    assert (np.diff(envelope) <= 1e-16).all()
    assert (abs(transform) <= envelope * (1 + 1e-12) + 1e-16).all()
    small = 1e-2
    series = 1 - found.variance * small**2 / 2 + found.fourth_moment * small**4 / 24
    assert found.transform(np.array([small]))[0] == pytest.approx(series, abs=1e-10)
    square = np.trapezoid(transform**2, u) / math.pi
    tail = {"uniform": 1 / (2 * math.pi * 300)}.get(kernel, 0.0)
    assert square + tail == pytest.approx(found.roughness, rel=2e-6)


# --- properties -----------------------------------------------------------------------------------

WORKFLOWS = (
    Workflow.replace(12),
    Workflow.accumulate((12, 5, 9)),
    Workflow.accumulate_subsample(12, 7),
    Workflow.accumulate_subsample(12, 7, replacement=True),
    Workflow.sliding_window(12, 2),
    Workflow.anchored(12, 6),
    Workflow.fresh(12, 6),
    Workflow.fresh(12, 6, weight=0.3),
)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
def test_every_field_is_finite_and_errors_add_up(workflow: Workflow) -> None:
    record = curves(KdeChain(Normal(), 0.4), workflow, 6)
    assert record.fields == FIELDS
    for field in FIELDS:
        assert np.isfinite(record[field].values).all()
    total = record.integrated_variance.values + record.mean_density_error.values
    assert record.mise.values == pytest.approx(total, rel=1e-14)
    assert (record.error_of("mise")[1:] <= 1e-8 * record.mise.values[1:]).all()


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
def test_units_scale(workflow: Workflow) -> None:
    """Rows times 3 and bandwidths times 3: errors over 3, variances times 9."""
    one = curves(KdeChain(Laplace(), 0.4), workflow, 4)
    three = curves(KdeChain(Laplace(3.0), 1.2), workflow, 4)
    assert 3 * three.mise.values == pytest.approx(one.mise.values, rel=1e-8)
    for field in ("extra_variance", "cloud_variance", "cloud_mean_error"):
        assert three[field].values == pytest.approx(9 * one[field].values, rel=1e-12)
    assert three.excess_nll_lower.values == pytest.approx(one.excess_nll_lower.values, abs=1e-9)


def test_accumulate_and_its_subsample_share_one_mean_density() -> None:
    chain = KdeChain(Normal(), (0.5, 0.3, 0.2))
    whole = curves(chain, Workflow.accumulate(20), 6)
    some = curves(chain, Workflow.accumulate_subsample(20, 5), 6)
    assert some.mean_density_error.values == pytest.approx(whole.mean_density_error.values)
    assert (some.mise.values[1:] > whole.mise.values[1:]).all()


def test_budget_at_least_the_pool_is_accumulate() -> None:
    chain = KdeChain(Normal(), 0.4)
    whole = curves(chain, Workflow.accumulate(20), 5).mise.values
    budget = curves(chain, Workflow.accumulate_subsample(20, 100), 5).mise.values
    assert budget == pytest.approx(whole, rel=1e-13)


def test_normal_in_any_dimension_is_the_mixture_of_one() -> None:
    for dim in (1, 2, 3, 4):
        plain = mise(Normal(dim), 0.5, Workflow.accumulate(9), 3)
        same = GaussianMixture((1.0,), ((0.0,) * dim,), 1.0)
        assert mise(same, 0.5, Workflow.accumulate(9), 3) == pytest.approx(plain, rel=1e-10)


def test_cloud_moments_by_their_own_recursions() -> None:
    n, h2, v, m = 20, 0.16, 1 - 1 / 20, 1 / 20
    kept = curves(KdeChain(Normal(), 0.4), Workflow.accumulate(n), 6)
    for t in range(1, 7):
        assert kept.cloud_variance[t] == pytest.approx(v, rel=1e-13)
        assert kept.cloud_mean_error[t] == pytest.approx(m, rel=1e-13)
        m += (v + h2) / (n * (t + 1) ** 2)
        v = v * (1 - 1 / (n * (t + 1) ** 2)) + h2 / (t + 1) * (1 - 1 / (n * (t + 1)))
    last = curves(KdeChain(Laplace(), 0.4, "uniform"), Workflow.replace(n), 6)
    h2, v, m = 0.16 / 3, 2 * (1 - 1 / n), 2 / n
    for t in range(1, 7):
        assert last.cloud_variance[t] == pytest.approx(v, rel=1e-13)
        assert last.cloud_mean_error[t] == pytest.approx(m, rel=1e-13)
        m, v = m + (v + h2) / n, (1 - 1 / n) * (v + h2)


def test_rules_of_thumb_look_at_the_rows_trained_on() -> None:
    chain = KdeChain(Normal(2), Scott())
    assert chain.bandwidths(Workflow.accumulate(50), 3)[1:] == pytest.approx(
        [(50 * t) ** (-1 / 6) for t in (1, 2, 3)]
    )
    quick = KdeChain(Normal(), Silverman(2.0)).bandwidths(Workflow.replace(50), 2)
    assert quick[1:] == pytest.approx([2 * (50 * 3 / 4) ** -0.2] * 2)
    power = KdeChain(Normal(), Power(0.4, 0.5)).bandwidths(Workflow.replace(50), 4)
    assert power[4] == pytest.approx(0.2)


def test_likelihood_bound_of_a_normal_truth_is_closed() -> None:
    """E f_t = N(0, 1 + sum h^2): the divergence of two normals."""
    for dim in (1, 3):
        found = curves(KdeChain(Normal(dim), 0.4), Workflow.replace(20), 8).excess_nll_lower
        spread = 1 + 0.16 * np.arange(9)
        assert found.values == pytest.approx(dim / 2 * (np.log(spread) + 1 / spread - 1), abs=1e-12)


def test_likelihood_bound_of_a_mixture_is_that_of_its_parts() -> None:
    """A lattice with Fourier transforms against radial quadrature."""
    workflow = Workflow.accumulate(20)
    for dim in (1, 2):
        plain = curves(KdeChain(Normal(dim), 0.4), workflow, 6).excess_nll_lower.values
        one = GaussianMixture((1.0,), ((0.0,) * dim,), 1.0)
        same = curves(KdeChain(one, 0.4), workflow, 6).excess_nll_lower.values
        assert same == pytest.approx(plain, abs=1e-10)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: KdeChain(Normal(), 0), "bandwidth must be a finite number > 0, got 0"),
        (lambda: KdeChain(Normal(), -0.1), "bandwidth must be a finite number > 0, got -0.1"),
        (lambda: KdeChain(Normal(), math.nan), "bandwidth must be a finite number > 0, got nan"),
        (lambda: KdeChain(Normal(), (0.1, 0)), "bandwidth must be a finite number > 0, got 0"),
        (lambda: KdeChain(Normal(), ()), "at least one entry, got ()"),
        (lambda: KdeChain(Normal(), "scott"), "got 'scott'"),
        (lambda: KdeChain(Normal(), 0.1, "cosine"), "got 'cosine'"),
        (lambda: KdeChain(Normal(2), 0.1, "laplace"), "gaussian for dim > 1, got 'laplace'"),
        (lambda: KdeChain("normal", 0.1), "truth must be a spec of theory.truths, got 'normal'"),  # type: ignore[arg-type]
        (lambda: Power(0.1, math.inf), "exponent must be a finite number, got inf"),
        (lambda: Scott(0), "scale must be a finite number > 0, got 0"),
        (lambda: Optimal(0), "horizon must be a whole number >= 1, got 0"),
        (
            lambda: curves(KdeChain(Normal(), 0.1), Workflow.replace(9), 0),
            "generations must be a whole number >= 1, got 0",
        ),
    ],
)
def test_bad_input_is_refused_with_the_value(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        make()
    assert message in str(refused.value)


def test_a_truth_whose_square_is_not_integrable_is_refused() -> None:
    class Spike(Normal):
        @property
        def square_integral(self) -> float:
            return math.inf

    with pytest.raises(ValueError, match="square-integrable density, got .*Spike.* square inf"):
        KdeChain(Spike(), 0.1)


def test_what_is_not_known_says_what_is() -> None:
    record = curves(KdeChain(StudentT(2), 0.4), Workflow.replace(9), 2)
    assert set(FIELDS) - set(record.fields) == {"cloud_variance", "cloud_mean_error"}
    assert available(record.chain, record.workflow) == record.fields
    with pytest.raises(UnsupportedWorkflow, match="no variance; known here: mise"):
        _ = record.cloud_variance
    with pytest.raises(ValueError, match="no quadrature error of 'cloud_variance': choose from"):
        record.error_of("cloud_variance")


def test_thirty_dimensions_do_not_overflow() -> None:
    """The first fit to a normal truth in closed form, where a shell's volume has no number."""
    n, dim, h = 8, 30, 0.5
    square = (4 * math.pi * h**2) ** (-dim / 2)
    pairs = (4 * math.pi * (1 + h**2)) ** (-dim / 2)
    cross = (2 * math.pi * (2 + h**2)) ** (-dim / 2)
    expected = square / n + (1 - 1 / n) * pairs - 2 * cross + (4 * math.pi) ** (-dim / 2)
    found = curves(KdeChain(Normal(dim), h), Workflow.replace(n), 1).mise
    assert found[1] == pytest.approx(expected, rel=1e-9)
