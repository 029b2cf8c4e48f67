"""A ridge on the last fit: the printed law by other means, its best penalty, its exponents."""

import math

import numpy as np
import pytest

from tests.oracles.regression_ridge import printed_ridge_parts
from theory.curve import Kind
from theory.regression.ridge import LastRidge, power_law_rates


def isotropic(rows, *, dim=60, noise=0.5, first_rows=200, first_noise=0.8, scale=1.0):
    signal = np.full(dim, 1 / dim)
    return LastRidge(np.full(dim, scale), signal, rows, noise, first_rows, first_noise)


@pytest.mark.parametrize("rows", [30, 60, 90, 600])
@pytest.mark.parametrize("ridge", [1e-3, 0.2, 5.0])
def test_one_eigenvalue_makes_a_quadratic_equation(rows, ridge):
    """kappa^2 + kappa (1 - d/n - lambda) = lambda; few dozens of roundings, square roots of them.

    The positive root is taken without cancellation.
    """
    dim, chain = 60, isotropic(rows)
    b = 1 - dim / rows - ridge
    root = math.sqrt(b * b + 4 * ridge)
    kappa = 2 * ridge / (b + root) if b > 0 else (root - b) / 2
    assert chain.effective_ridge(ridge) == pytest.approx(kappa, rel=1e-12)
    second = dim / (1 + kappa) ** 2
    gain = second / (rows - second)
    bias = kappa**2 / (1 + kappa) ** 2 / (1 - second / rows)
    lost = dim * (kappa / (1 + kappa)) ** 2
    synthetic = 0.64 * (second + lost * gain) / (200 - dim - 1)
    assert chain.parts(ridge) == pytest.approx((bias, 0.25 * gain, synthetic), rel=1e-10)
    for t in (1, 2, 5):
        whole = bias + 0.25 * gain + (t - 1) * synthetic
        assert chain.error(ridge, t) == pytest.approx(whole, rel=1e-10)
        assert chain.curve(ridge, 5)[t] == chain.error(ridge, t)
    assert chain.curve(ridge, 5).kind is Kind.ASYMPTOTIC


@pytest.mark.parametrize(("rows", "ridge"), [(120, 0.2), (48, 0.1), (300, 2.0)])
def test_it_is_the_printed_law(rows, ridge):
    """Which tests/test_oracles_regression.py has within 1.5 % of simulated fits in 80 features.

    Both find a root to 1e-14 of the penalty or better, of one equation in two forms.
    """
    spectrum = np.linspace(0.3, 2.5, 80) ** 2
    truth = np.linspace(1.5, 0.5, 80) / math.sqrt(80)
    known = LastRidge(spectrum, truth**2, rows, 1.0, 160, 1.3).parts(ridge)
    printed = printed_ridge_parts(spectrum, truth, rows, ridge, 1.3**2 / (160 - 80 - 1))
    assert known == pytest.approx(printed, rel=1e-10)


def test_without_a_penalty_it_is_least_squares_or_least_norm():
    bias, variance, synthetic = isotropic(90).parts(0.0)
    assert bias == 0
    assert variance == pytest.approx(0.25 * 60 / (90 - 60), rel=1e-12)
    assert synthetic == pytest.approx(0.64 * (60 + 0) / (200 - 61), rel=1e-12)
    bias, variance, _ = isotropic(30).parts(0.0)
    assert bias == pytest.approx(1 - 30 / 60, rel=1e-9)
    assert variance == pytest.approx(0.25 * 30 / (60 - 30), rel=1e-9)
    assert isotropic(60).parts(0.0) == (math.inf, math.inf, math.inf)


@pytest.mark.parametrize("spectrum", [np.ones(60), np.tile([0.3, 1.0, 4.0], 20)])
@pytest.mark.parametrize("rows", [30, 100])
def test_the_first_best_ridge_is_that_of_bayes(spectrum, rows):
    """w* of uniform direction, |w*|^2 / d a coordinate: noise^2 / (n |w*|^2 / d) for any Sigma.

    A minimum is found to the root of the rounding of its value, 1e-7 or so.
    """
    chain = LastRidge(spectrum, np.full(60, 0.02), rows, 0.7, 200, 1.0)
    assert chain.best_ridge(1) == pytest.approx(0.49 / (rows * 0.02), rel=1e-6)


@pytest.mark.parametrize("generation", [1, 2, 5])
def test_the_best_ridge_is_the_least_error_and_grows_with_the_fakes(generation):
    chain = LastRidge(np.tile([0.3, 1.0, 4.0], 20), np.linspace(0, 0.04, 60), 100, 0.7, 200, 1.0)
    best = chain.best_ridge(generation)
    least = chain.error(best, generation)
    for factor in (0.1, 0.5, 0.98, 1.02, 2.0, 10.0):
        assert chain.error(factor * best, generation) > least
    assert chain.best_ridge(generation + 1) > best


@pytest.mark.parametrize(("decay", "source"), [(2.0, 0.5), (3.0, 0.25), (2.5, 0.75)])
def test_power_laws_have_their_exponents(decay, source):
    """Local exponents between n = 200 and 800, within 5 % of the limit.

    Twice the largest gap there is: corrections are small powers of n. A tenth off fails, and so do
    the exponents of another case.
    """
    rates = power_law_rates(decay, source)
    j = np.arange(1, 8001.0)
    errors, ridges = [], []
    for n in (200, 800):
        chain = LastRidge(j**-decay, j ** -(1 + decay * (2 * source - 1)), n, 0.5, 2 * len(j), 0.5)
        ridges.append(chain.best_ridge(1))
        errors.append(chain.error(ridges[-1], 1))
    for values, rate in zip((errors, ridges), rates, strict=True):
        assert math.log(values[1] / values[0]) / math.log(4) == pytest.approx(rate, rel=0.05)


def test_fakes_are_label_noise_for_a_ridge_on_few_rows():
    """k fakes add k s_0^2 d/(n_0 - d - 1) to the noise of a label, to about df_1 / d here.

    So they move the constant of a power law and not its rate.
    """
    dim, n, k = 8000, 50, 3
    j = np.arange(1, dim + 1.0)
    with_fakes = LastRidge(j**-2.0, 1 / j, n, 0.5, 2 * dim + 1, 0.5)
    alone = LastRidge(j**-2.0, 1 / j, n, math.sqrt(0.25 + k * 0.25), 2 * dim + 1, 0.5)
    for ridge in (0.01, 0.1):
        assert with_fakes.error(ridge, k + 1) == pytest.approx(
            alone.error(ridge, 1), rel=k * n / dim
        )


@pytest.mark.parametrize(("given", "message"), [
    ({"spectrum": [1.0, 0.0]}, "spectrum must be a vector of positive numbers"),
    ({"spectrum": [1.0, math.nan]}, "spectrum must be a vector of positive numbers"),
    ({"signal": [1.0]}, "signal must have 2 entries, got 1"),
    ({"signal": [1.0, -1.0]}, "signal must be a vector of non-negative numbers"),
    ({"rows": 0}, "rows must be a whole number >= 1, got 0"),
    ({"first_rows": 3}, "first_rows must be a whole number >= 4, got 3"),
    ({"noise": 0.0}, "noise must be > 0, got 0.0"),
    ({"first_noise": -1.0}, "first_noise must be > 0, got -1.0"),
])  # fmt: skip
def test_an_experiment_out_of_range_is_refused_by_value(given, message):
    valid = {
        "spectrum": [1.0, 2.0], "signal": [0.5, 0.5], "rows": 5, "noise": 1.0, "first_rows": 5,
        "first_noise": 1.0,
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        LastRidge(**{**valid, **given})


@pytest.mark.parametrize(("ask", "message"), [
    (lambda: isotropic(90).error(-0.1, 1), "ridge must be a finite number >= 0, got -0.1"),
    (lambda: isotropic(90).error(0.1, 0), "generation must be a whole number >= 1, got 0"),
    (lambda: power_law_rates(1.0, 0.5), "decay must be > 1, got 1.0"),
    (lambda: power_law_rates(2.0, 1.5), r"source must be in \(0, 1\], got 1.5"),
])  # fmt: skip
def test_questions_out_of_range_are_refused_by_value(ask, message):
    with pytest.raises(ValueError, match=message):
        ask()
