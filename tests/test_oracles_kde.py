"""The kernel density oracles agree among themselves and with section 5 of the theory reference.

Ancestries are compared as fractions, integrals to the rounding of a few hundred sums.  Simulated
means are compared by z-scores: each comparison fails falsely with probability 1e-9 (normal
approximation), fewer than a thousand are made, so the file fails falsely less than once in 1e6; it
misses a discrepancy of 9.1 standard errors with probability 1e-3.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from tests.oracles import kde_fourier, kde_literal, kde_quadrature
from tests.oracles.batch_covariance import gaussian_moments
from tests.oracles.kde_data_sets import (
    circles_entropy,
    circles_overlap,
    curve_overlap,
    moons_overlap,
    swiss_roll_overlap,
)
from tests.oracles.kde_enumeration import cycle_law, enumerated_ancestries
from tests.oracles.kde_lineage import ancestries
from tests.oracles.kde_mise import (
    augmentation_mise,
    cloud_moments,
    density_overlap,
    extra_variances,
    mean_densities,
    mean_density_errors,
    mise,
    mixture_overlap,
    normal_excess_nll_lower,
    normal_overlap,
    panel_rule,
)
from tests.oracles.training_sets import Options

Array = NDArray[np.float64]
Case = tuple[str, tuple[int, ...], Options]

Z_LIMIT = float(norm.isf(1e-9 / 2))
ROUNDING = 1e-13
"""A few hundred terms of order one, each with a relative error of a few eps = 2e-16."""
NORMAL = normal_overlap()


def half_on_the_last(t: int) -> list[Fraction]:
    return [Fraction(1)] if t == 1 else [Fraction(1, 2 * (t - 1))] * (t - 1) + [Fraction(1, 2)]


CASES: list[Case] = [
    ("replace", (3, 2), {}),
    ("accumulate", (2,), {}),
    ("accumulate", (1, 3, 2), {}),
    ("accumulate_subsample", (2,), {}),
    ("accumulate_subsample", (3, 2), {}),
    ("accumulate_subsample", (3, 1), {"budget": 2}),
    ("accumulate_subsample", (2, 1), {"budget": 2, "replacement": True}),
    ("sliding_window", (2,), {"window": 2}),
    ("anchored", (9, 2), {"n_real": 2}),
    ("fresh", (9, 2), {"n_real": 1}),
    ("fresh", (9, 2), {"n_real": 2, "weight": Fraction(3, 5)}),
    ("custom", (2,), {"custom": half_on_the_last}),
]


def assert_means(samples: Array, exact: Array) -> None:
    error = samples.std(axis=0, ddof=1) / math.sqrt(len(samples))
    z = (samples.mean(axis=0) - exact)[1:] / error[1:]
    assert np.abs(z).max() < Z_LIMIT, z


# --- ancestors ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "n", "options"), CASES)
def test_listing_every_history_confirms_the_ancestries(
    kind: str, n: tuple[int, ...], options: Options
) -> None:
    """Equal as fractions, steps told apart by generation."""
    listed = enumerated_ancestries(kind, n, 3, **options)
    counted = ancestries(kind, n, 3, labels=[0, 1, 2], **options)
    assert [(law.row, law.pair) for law in counted] == listed


@pytest.mark.parametrize(("kind", "n", "options"), CASES)
def test_laws_of_ancestors_are_laws(kind: str, n: tuple[int, ...], options: Options) -> None:
    for law in ancestries(kind, n, 5, **options):
        assert sum(law.row.values()) == sum(law.pair.values()) == 1


def test_convolutions_under_accumulate_are_cycles_of_a_permutation() -> None:
    """Equal batches, the fit's own kernel counted: Stirling weights, mean H_t."""
    laws = ancestries("accumulate", (3,), 6)
    for t in range(1, 7):
        cycles = cycle_law(t)
        assert {steps[0] + 1: p for steps, p in laws[t].row.items()} == cycles
        harmonic = sum(Fraction(1, k) for k in range(1, t + 1))
        assert sum(count * p for count, p in cycles.items()) == harmonic


def test_subsampling_leaves_the_law_of_one_row() -> None:
    accumulate = ancestries("accumulate", (4, 3, 5), 5, labels=range(5))
    subsample = ancestries("accumulate_subsample", (4, 3, 5), 5, labels=range(5), budget=2)
    assert [law.row for law in accumulate] == [law.row for law in subsample]


def test_a_budget_that_takes_all_is_accumulate() -> None:
    accumulate = ancestries("accumulate", (4, 3), 4)
    assert accumulate == ancestries("accumulate_subsample", (4, 3), 4, budget=13)
    assert accumulate == ancestries("sliding_window", (4, 3), 4, window=4)


@pytest.mark.parametrize(("kind", "n", "options"), CASES)
def test_without_steps_a_cloud_moves_like_a_resampled_population(
    kind: str, n: tuple[int, ...], options: Options
) -> None:
    """Rows copied without noise keep their square: E mean^2 = P(two picks have met).

    The Gaussian chain with ddof 0 has the same first two moments, by another derivation.
    """
    met = [1 - law.apart for law in ancestries(kind, n, 4, **options)]
    assert met == [error for error, _ in gaussian_moments(kind, n, 4, **options)]


# --- the printed numbers of section 5 -----------------------------------------------------------


def test_printed_mise_under_replace() -> None:
    values = mise("replace", (100,), [0.4] * 6, overlap=NORMAL)
    printed = [0.00555, 0.01089, 0.01641, 0.02203, 0.02765, 0.03321]
    assert values[1:] == pytest.approx(printed, abs=5.1e-6)


@pytest.mark.parametrize(
    ("kind", "printed"),
    [
        ("replace", (0.02329, 0.0388, 0.1004)),
        ("accumulate", (0.02329, 0.02461, 0.02422)),
        ("accumulate_subsample", (0.02329, 0.03562, 0.04581)),
    ],
)
def test_printed_mise_of_three_workflows(kind: str, printed: tuple[float, ...]) -> None:
    values = mise(kind, (20,), [0.4] * 8, overlap=NORMAL)
    assert values[1] == pytest.approx(printed[0], abs=5e-6)
    # .0388 and .1004 have four digits.
    assert values[2] == pytest.approx(printed[1], abs=5e-6)
    assert values[8] == pytest.approx(printed[2], abs=5e-6)


SHRINKING = [0.4 / t for t in range(1, 61)]


def frequency_integral(n: int, bandwidths: list[float], cut: float) -> list[float]:
    """Return section 5's integral under replace, |w| <= cut, by Simpson's rule of 2,000 a unit."""
    w = np.linspace(0, cut, int(200 * cut) // 2 * 2 + 1)
    rule = np.ones_like(w)
    rule[1:-1:2], rule[2:-1:2] = 4, 2
    rule *= (w[1] - w[0]) / (3 * math.pi)
    truth = np.exp(-(w**2) / 2)
    square, mean = 1 / n + (1 - 1 / n) * truth**2, truth
    values = [0.0]
    for h in bandwidths:
        kappa = np.exp(-((h * w) ** 2) / 2)
        values.append(float(rule @ (kappa**2 * square - 2 * kappa * truth * mean + truth**2)))
        square, mean = 1 / n + (1 - 1 / n) * kappa**2 * square, kappa * mean
    return values


def test_printed_mise_of_a_shrinking_bandwidth_was_cut_off() -> None:
    """n = 20, h = .4/t: 1.095, 5.27, 12.40 at t = 10, 30, 60; the reference has 1.09, 4.89, 9.60.

    Two integrals, one in x and one in w, agree on the former; the latter is the integral in w cut
    at |w| = 60, where the transform of the kernel, exp(-(.4 w/t)^2/2), is not small yet.
    """
    exact = mise("replace", (20,), SHRINKING, overlap=NORMAL)
    assert frequency_integral(20, SHRINKING, 1200.0) == pytest.approx(exact, rel=1e-9)
    assert exact[1] == pytest.approx(0.0233, abs=5e-5)
    assert exact[10] == pytest.approx(1.095, abs=5e-4)
    assert exact[30] == pytest.approx(5.271, abs=5e-4)
    assert exact[60] == pytest.approx(12.400, abs=5e-4)
    cut = frequency_integral(20, SHRINKING, 60.0)
    assert [round(cut[t], 2) for t in (10, 30, 60)] == [1.09, 4.89, 9.60]


def test_simulation_tells_the_two_apart() -> None:
    """150 runs have a standard error of 2.4 % at t = 60; the printed value is 23 % off."""
    runs = kde_literal.simulate("replace", (20,), SHRINKING, seed=3, replicates=150)
    errors = runs["squared_error"]
    assert_means(errors, np.array(mise("replace", (20,), SHRINKING, overlap=NORMAL)))
    assert errors[:, 60].mean() - 9.60 > Z_LIMIT * errors[:, 60].std(ddof=1) / math.sqrt(150)


def test_extra_variance_under_accumulate_is_harmonic() -> None:
    extra = extra_variances("accumulate", (7,), [0.4] * 9)
    harmonic = np.cumsum([0.0] + [1 / k for k in range(1, 10)])
    assert extra == pytest.approx(list(0.16 * harmonic), rel=ROUNDING)
    assert extra_variances("replace", (7,), [0.4] * 9) == pytest.approx(
        [0.16 * t for t in range(10)], rel=ROUNDING
    )


def test_printed_recursions_of_the_cloud() -> None:
    """V and M under replace and accumulate, any bandwidths; equal batches."""
    n, variance, bandwidths = 6, 1.7, [0.5, 0.3, 0.9, 0.2, 0.4]
    for kind in ("replace", "accumulate"):
        moments = cloud_moments(kind, (n,), bandwidths, variance=variance)
        spread, square = (1 - 1 / n) * variance, variance / n
        for t, h in enumerate(bandwidths, start=1):
            assert moments[t] == pytest.approx((spread, square), rel=ROUNDING)
            if kind == "replace":
                square += (spread + h * h) / n
                spread = (1 - 1 / n) * (spread + h * h)
            else:
                square += (spread + h * h) / (n * (t + 1) ** 2)
                added = h * h / (t + 1) * (1 - 1 / (n * (t + 1)))
                spread = spread * (1 - 1 / (n * (t + 1) ** 2)) + added


def test_printed_product_of_the_mean_density() -> None:
    """phi_0 kappa_t prod_{k<t} (N_k + n_k kappa_k)/(N_k + n_k), read in x at unequal batches."""
    n, bandwidths = (4, 7, 2, 5), [0.5, 0.3, 0.9, 0.2]
    law = ancestries("accumulate", n, 4, labels=range(4))[4].row
    w = np.linspace(0, 4, 9)
    kappas = [np.exp(-((h * w) ** 2) / 2) for h in bandwidths]
    pool, product = 0, kappas[-1]
    for size, after, kappa in zip(n, n[1:], kappas, strict=False):
        pool += size
        product = product * (pool + after * kappa) / (pool + after)
    counted = sum(
        float(p) * math.prod(k**s for k, s in zip(kappas, steps, strict=True))
        for steps, p in law.items()
    )
    assert counted * kappas[-1] == pytest.approx(product, rel=ROUNDING)


# --- curves -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "n", "options"), CASES)
def test_the_literal_procedure_has_the_exact_means(
    kind: str, n: tuple[int, ...], options: Options
) -> None:
    """Squared error, variance and squared mean of the rows; bandwidths that change."""
    bandwidths = [0.6, 0.3, 0.8]
    runs = kde_literal.simulate(kind, n, bandwidths, seed=5, replicates=500, dim=2, **options)
    exact = mise(kind, n, bandwidths, overlap=normal_overlap(2), dim=2, **options)
    assert_means(runs["squared_error"], np.array(exact))
    moments = np.array(cloud_moments(kind, n, bandwidths, **options))
    assert_means(runs["mean_square"], moments[:, 1])
    alive = moments[:, 0] > 0
    alive[0] = True
    assert_means(runs["variance"][:, alive], moments[alive, 0])


@pytest.mark.parametrize("kernel", ["epanechnikov", "uniform", "triangular", "laplace"])
@pytest.mark.parametrize(
    ("kind", "options"),
    [("replace", {}), ("accumulate_subsample", {"budget": 3}), ("anchored", {"n_real": 4})],
)
def test_the_literal_procedure_with_other_kernels(kernel: str, kind: str, options: Options) -> None:
    exact = kde_quadrature.mise(kind, (4,), [0.9, 0.6], kernel=kernel, **options)
    runs = kde_literal.simulate(
        kind, (4,), [0.9, 0.6], seed=6, replicates=200, kernel=kernel, **options
    )
    assert_means(runs["squared_error"], np.array(exact))


@pytest.mark.parametrize(
    ("kernel", "roughness"),
    [("epanechnikov", 3 / 5), ("uniform", 1 / 2), ("triangular", 2 / 3), ("laplace", 1 / 4)],
)
def test_one_generation_has_the_textbook_mise(kernel: str, roughness: float) -> None:
    """R(K)/(nh) + (1 - 1/n) int (K_h * f)^2 - 2 int (K_h * f) f + int f^2, K_h * f on a grid."""
    h, n = 0.8, 10
    u, weights = panel_rule(np.array(kde_quadrature.EDGES[kernel]), 40)
    weights = weights * kde_quadrature.DENSITIES[kernel](u)
    x, rule = panel_rule(np.linspace(-40, 40, 161), 10)
    truth = np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)
    smooth = np.exp(-((x[:, None] - h * u) ** 2) / 2) @ weights / math.sqrt(2 * math.pi)
    value = roughness / (n * h) + rule @ ((1 - 1 / n) * smooth**2 - 2 * smooth * truth + truth**2)
    found = kde_quadrature.mise("replace", (n,), [h], kernel=kernel)
    assert found[1] == pytest.approx(value, rel=1e-11)


@pytest.mark.parametrize("kernel", ["epanechnikov", "uniform", "triangular", "laplace"])
@pytest.mark.parametrize(
    ("kind", "options"), [("accumulate_subsample", {"budget": 3}), ("fresh", {"n_real": 4})]
)
def test_frequencies_confirm_the_quadrature_in_x(kernel: str, kind: str, options: Options) -> None:
    """Uniform kernel: what is cut at |w| = 4,000 is about 1/(h w)^2 / 2 pi = 1e-8 / n."""
    in_x = kde_quadrature.mise(kind, (4,), [0.9, 0.6], kernel=kernel, **options)
    in_w = kde_fourier.mise(
        kind, (4,), [0.9, 0.6], kernel=kernel, square=lambda w: np.exp(-(w**2)),
        square_integral=NORMAL(0.0), **options,
    )  # fmt: skip
    assert in_w == pytest.approx(in_x, rel=1e-8 if kernel == "uniform" else 1e-11)


@pytest.mark.parametrize(
    ("density", "square", "edges", "square_integral"),
    [
        (lambda x: np.full_like(x, 0.5), lambda w: np.sinc(w / math.pi) ** 2,
         np.linspace(-1, 1, 9), 0.5),
        (lambda x: np.exp(-np.abs(x)) / 2, lambda w: (1 + w**2) ** -2.0,
         np.concatenate([-np.geomspace(40, 0.4, 24), [0], np.geomspace(0.4, 40, 24)]), 0.25),
    ],
    ids=["uniform", "laplace"],
)  # fmt: skip
def test_frequencies_confirm_other_truths(density, square, edges, square_integral) -> None:
    bandwidths = [0.4, 0.5, 0.3, 0.6]
    overlap = density_overlap(density, *panel_rule(edges, 12))
    assert overlap(0.0) == pytest.approx(square_integral, rel=1e-13)
    in_x = mise("accumulate", (5, 3), bandwidths, overlap=overlap)
    in_w = kde_fourier.mise(
        "accumulate", (5, 3), bandwidths, kernel="gaussian", square=square,
        square_integral=square_integral, cut=60.0,
    )  # fmt: skip
    assert in_w == pytest.approx(in_x, rel=1e-10)


def test_circles_are_curves() -> None:
    """Bessel functions against 400 nodes on each circle, which resolve noise of 0.1."""
    angles = np.arange(400) * 2 * math.pi / 400
    unit = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    nodes = np.concatenate([unit, 0.8 * unit])
    by_nodes = curve_overlap(nodes, np.full(800, 1 / 800), 0.1)
    exact = circles_overlap((1.0, 0.8), 0.1)
    for v in (0.0, 0.1, 2.0):
        assert by_nodes(v) == pytest.approx(exact(v), rel=1e-11)


def moons(rows: int, generator: np.random.Generator) -> Array:
    angle, lower = math.pi * generator.random(rows), generator.random(rows) < 0.5
    across, up = np.cos(angle), np.sin(angle)
    return np.where(lower[:, None], np.stack([1 - across, 0.5 - up], 1), np.stack([across, up], 1))


def swiss_roll(rows: int, generator: np.random.Generator) -> Array:
    t = 1.5 * math.pi * (1 + 2 * generator.random(rows))
    return np.stack([t * np.cos(t), 21 * generator.random(rows), t * np.sin(t)], axis=1)


@pytest.mark.parametrize(
    ("draw", "overlap", "v"),
    [(moons, moons_overlap(0.1), 0.05), (swiss_roll, swiss_roll_overlap(0.3), 1.0)],
    ids=["moons", "swiss roll"],
)
def test_overlaps_of_data_sets_are_means_over_pairs_of_rows(draw, overlap, v: float) -> None:
    """40,000 independent pairs; noise^2 is 0.01 and 0.09: the gap's variance is 2 noise^2 + v."""
    generator = np.random.default_rng(7)
    gaps = ((draw(40_000, generator) - draw(40_000, generator)) ** 2).sum(axis=1)
    dim = draw(1, generator).shape[1]
    total = v + (0.02 if dim == 2 else 0.18)
    density = np.exp(-gaps / (2 * total)) * (2 * math.pi * total) ** (-dim / 2)
    error = density.std(ddof=1) / math.sqrt(len(density))
    assert abs(density.mean() - overlap(v)) < Z_LIMIT * error


def test_entropy_of_circles() -> None:
    """0.7812 nats at noise .05; the settings of the published experiments print .783.

    One wide circle looks straight: log(2 pi) + log(2 pi e noise^2)/2, to noise^2/8 and higher.
    """
    assert circles_entropy((1.0, 0.8), 0.05) == pytest.approx(0.78121, abs=5e-6)
    straight = math.log(2 * math.pi) + math.log(2 * math.pi * math.e * 0.01**2) / 2
    assert circles_entropy((1.0,), 0.01) == pytest.approx(straight, abs=1e-4)


def test_mean_density_error_and_lower_bound_are_integrals_of_the_mean_density() -> None:
    bandwidths = [0.6, 0.3, 0.8, 0.5]
    x, rule = panel_rule(np.linspace(-12, 12, 49), 12)

    def smoothed(v: float) -> Array:
        return np.exp(-(x**2) / (2 * (1 + v))) / math.sqrt(2 * math.pi * (1 + v))

    case = ("accumulate", (4, 2), bandwidths)
    densities = mean_densities(*case, smoothed=smoothed)
    squares = [float(rule @ (density - densities[0]) ** 2) for density in densities]
    assert mean_density_errors(*case, overlap=NORMAL) == pytest.approx(squares, abs=ROUNDING)
    bound = normal_excess_nll_lower("replace", (4,), bandwidths)
    for t in range(1, 5):
        v = 1 + sum(h * h for h in bandwidths[:t])
        assert bound[t] == pytest.approx((math.log(v) + 1 / v - 1) / 2, rel=1e-10)


def test_overlaps_of_one_truth_agree() -> None:
    """N(0, 1) as itself, as a density on a rule, and as a mixture of two halves of it."""
    x, rule = panel_rule(np.linspace(-12, 12, 49), 12)
    by_rule = density_overlap(lambda y: np.exp(-(y**2) / 2) / math.sqrt(2 * math.pi), x, rule)
    mixed = mixture_overlap(np.full(2, 0.5), np.zeros((2, 1)), np.ones((2, 1, 1)))
    for v in (0.0, 0.1, 2.0):
        assert by_rule(v) == pytest.approx(NORMAL(v), rel=1e-12)
        assert mixed(v) == pytest.approx(NORMAL(v), rel=1e-12)


def test_augmentation_with_all_real_rows_is_accumulate() -> None:
    """Then the pool of R real and S synthetic rows is the second pool of a chain n = (R, S)."""
    chain = mise("accumulate", (7, 4), [0.5, 0.3], overlap=NORMAL)
    assert augmentation_mise(7, 7, 4, (0.5, 0.3), overlap=NORMAL) == pytest.approx(
        chain[2], rel=ROUNDING
    )


def test_augmentation_by_hand() -> None:
    """2,000 literal pools: 6 real rows, a generator of 3 of them, 8 synthetic rows."""
    generator = np.random.default_rng(8)
    errors = np.zeros((2000, 2))
    for run in range(len(errors)):
        real = generator.standard_normal((6, 1))
        parents = real[generator.integers(3, size=8)]
        pool = np.concatenate([real, parents + 0.7 * generator.standard_normal((8, 1))])
        errors[run, 1] = kde_literal.integrated_squared_error(
            pool, np.full(14, 1 / 14), 0.4, "gaussian"
        )
    assert_means(errors, np.array([0.0, augmentation_mise(6, 3, 8, (0.7, 0.4), overlap=NORMAL)]))
