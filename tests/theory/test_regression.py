"""theory.regression against oracles that share nothing with it, and the reference's numbers."""

import math
from fractions import Fraction

import numpy as np
import pytest

from tests.oracles import regression_moments as moments
from tests.oracles import regression_quadrature as quadrature
from tests.oracles.regression_literal import simulate
from theory.curve import Kind
from theory.inflation import inflation
from theory.regression import (
    FIELDS,
    RegressionChain,
    available,
    curves,
    subsample_growth,
)
from theory.regression.moments import (
    mixing_gain,
    noise_gain,
    noise_gain_square,
    noise_gain_variance,
)
from theory.workflow import UnsupportedWorkflow, Workflow

EXACT = 1e-12  # sums of some tens of positive terms: a few hundred roundings
Z_LIMIT = 6.1  # two-sided 1e-9 a comparison, fewer than a thousand comparisons


def error(chain, workflow, generations, **given):
    return curves(chain, workflow, generations, **given).excess_test_error


# --- moments -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "dim"), [(5, 3), (12, 1), (40, 31), (3, 5), (1, 9)])
def test_the_gain_of_label_noise_is_the_oracles(rows, dim):
    assert noise_gain(rows, dim) == pytest.approx(
        float(moments.mean_inverse_trace(dim, rows)), rel=EXACT
    )


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_the_gain_is_infinite_within_one_row_of_the_dimension(offset):
    assert noise_gain(7 + offset, 7) == math.inf


@pytest.mark.parametrize(("rows", "dim"), [(5, 1), (9, 3), (24, 20), (100, 10)])
def test_the_second_moment_is_the_oracles(rows, dim):
    found = moments.inverse_moments(dim, rows)
    expected = 2 * found.trace_of_square + found.square_of_trace
    assert noise_gain_square(rows, dim) == pytest.approx(float(expected), rel=EXACT)
    assert noise_gain_square(dim + 3, dim) == math.inf


@pytest.mark.parametrize(("rows", "dim"), [(5, 1), (9, 3), (24, 20), (3, 9), (1, 5)])
def test_the_variance_over_designs_is_the_oracles(rows, dim):
    """Fewer rows than features: the Gram matrix of the rows, Wishart of the other shape."""
    few, many = sorted((rows, dim))
    found = moments.inverse_moments(few, many)
    expected = found.square_of_trace - found.trace**2
    assert noise_gain_variance(rows, dim) == pytest.approx(float(expected), rel=1e-11)
    assert noise_gain_variance(dim + 3, dim) == noise_gain_variance(dim, dim + 3) == math.inf


@pytest.mark.parametrize(("kept", "new", "dim"), [(3, 4, 2), (1, 30, 5), (12, 12, 10)])
def test_the_share_inherited_beside_real_rows_is_the_oracles(kept, new, dim):
    expected = moments.pooled_contraction(dim, kept, new)
    assert mixing_gain(kept, new, dim) == pytest.approx(float(expected), rel=EXACT)


# --- fresh designs -------------------------------------------------------------------------------

SCHEDULES = [((8,), (1.0,)), ((9, 7, 12), (0.5, 2.0, 1.0)), ((6, 20), (1.5,))]


@pytest.mark.parametrize(("n", "noise"), SCHEDULES)
@pytest.mark.parametrize("name", ["replace", "accumulate"])
def test_schedules_of_rows_and_noise(name, n, noise):
    chain = RegressionChain(3, noise, covariance=np.diag([1.0, 2.0, 5.0]))
    found = error(chain, getattr(Workflow, name)(n), 7)
    fractions = [Fraction(value) for value in noise]
    expected = getattr(moments, f"{name}_errors")(3, n, fractions, 7)
    np.testing.assert_allclose(found.values, np.array(expected, float), rtol=EXACT)
    assert found.kind is Kind.EXACT


def test_new_real_rows_beside_the_last_models():
    chain = RegressionChain(4, (0.5, 2.0))
    found = error(chain, Workflow.fresh(7, 5), 9)
    expected = moments.fresh_errors(4, 7, 5, (Fraction(1, 2), Fraction(2)), 9)
    np.testing.assert_allclose(found.values, np.array(expected, float), rtol=EXACT)
    assert error(chain, Workflow.fresh(7, 5), 400)[400] == pytest.approx(found.limit, rel=EXACT)


def test_too_few_real_rows_a_generation_do_not_stop_the_drift():
    """Fewer than d + 1 may let the mean error grow geometrically; d + 1 never do."""
    assert mixing_gain(11, 1, 10) > 1
    assert mixing_gain(15, 1, 10) < 1
    grows = error(RegressionChain(10), Workflow.fresh(1, 11), 30)
    assert grows.limit == math.inf
    assert grows[30] > 100 * grows[3]
    assert all(mixing_gain(n, 11, 10) < 1 for n in range(1, 500))


@pytest.mark.parametrize(("n", "dim"), [(12, 10), (100, 10), (1000, 3)])
def test_accumulate_tends_to_the_digamma_limit(n, dim):
    """The tail beyond T generations is d / (n T) to within 1/T of itself."""
    chain, steps = RegressionChain(dim), 4000
    found = error(chain, Workflow.accumulate(n), steps)
    assert found.limit - found[steps] == pytest.approx(dim / (n * steps), rel=2e-2)
    phi = (dim + 1) / n
    assert found.limit / found[1] == pytest.approx(
        float(moments.accumulate_limit_ratio(phi)), rel=1e-10
    )


def test_a_limit_does_not_depend_on_where_the_schedule_settles():
    """Two spellings of the same rows; the second's head is longer than its changes."""
    one, two = (
        error(RegressionChain(3, noise), Workflow.accumulate(n), 1).limit
        for n, noise in (((9, 4, 8), 1.0), ((9, 4, 8), (1.0,) * 5))
    )
    assert one == pytest.approx(two, rel=EXACT)


@pytest.mark.parametrize(("phi", "ratio"), [(0.1, 1.5994), (0.5, 2 * math.log(2)), (0.9, 1.0941)])
def test_proportional_limits_of_accumulate(phi, ratio):
    """n = 10^6 rows: (d + 1)/n is d/n to 2e-6; the references print four digits."""
    n = 1_000_000
    found = error(RegressionChain(int(phi * n)), Workflow.accumulate(n), 1)
    assert found.limit / found[1] == pytest.approx(ratio, abs=1e-4)


def test_synthetic_sets_that_grow_make_replace_logarithmic():
    n, steps = 50, 200
    found = error(RegressionChain(5), Workflow.replace([n * i for i in range(1, steps + 1)]), steps)
    expected = sum(5 / (i * n - 6) for i in range(1, steps + 1))
    assert found[steps] == pytest.approx(expected, rel=EXACT)
    # sum over 100 < i <= 200 of 1/(i - a) is log 2 to within (a + 1/2)/100 of it
    assert found[200] - found[100] == pytest.approx(5 / n * math.log(2), rel=(6 / n + 0.5) / 100)


# --- few rows ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("design", "name"), [
    ("fresh", "replace"), ("fresh", "accumulate"), ("reused", "replace"), ("reused", "accumulate"),
])  # fmt: skip
def test_least_norm_fits(design, name):
    """Ten features, four rows a batch: accumulate passes d between generations two and three."""
    chain = RegressionChain(10, design=design, weights_norm=math.sqrt(3))
    found = error(chain, getattr(Workflow, name)(4), 6)
    expected = moments.minimum_norm_errors(10, 4, Fraction(3), 6, workflow=name, design=design)
    np.testing.assert_allclose(found.values, np.array(expected, float), rtol=EXACT)


def test_the_damage_at_the_interpolation_threshold_is_permanent():
    """Three rows a batch in eight features: nine rows at generation three have no mean inverse."""
    found = error(RegressionChain(8), Workflow.accumulate(3), 50)
    assert np.isfinite(found.values[:3]).all()
    assert (found.values[3:] == math.inf).all()
    assert found.limit == math.inf
    beside = error(RegressionChain(12), Workflow.accumulate(5), 50)
    assert np.diff(beside.values).argmax() == 1, "generation two, next to d / n = 2.4"
    assert beside[50] > beside[1], "and the error never recovers"


def test_bias_and_variance_add_up():
    for chain, flow in (
        (RegressionChain(10, weights_norm=2.0), Workflow.replace(4)),
        (RegressionChain(3), Workflow.fresh(8, 8)),
    ):
        found = curves(chain, flow, 5)
        total = found.bias.values + found.variance.values
        np.testing.assert_array_equal(total, found.excess_test_error.values)
    assert (curves(RegressionChain(3), Workflow.accumulate(9), 5).bias.values == 0).all()


# --- reused designs ------------------------------------------------------------------------------


@pytest.mark.parametrize("workflow", [
    Workflow.replace(20), Workflow.accumulate(20), Workflow.sliding_window(20, 3),
    Workflow.anchored(20, 20), Workflow.fresh(20, 20), Workflow.fresh(20, 20, weight=0.3),
    Workflow.custom(20, lambda t: np.arange(1, t + 1) / (t * (t + 1) / 2)),
], ids=str)  # fmt: skip
def test_a_reused_design_inflates_one_fit(workflow):
    chain = RegressionChain(4, 0.7, "reused")
    found, v = error(chain, workflow, 8), inflation(workflow, 8)
    np.testing.assert_allclose(found.values, 0.49 * 4 / 15 * v.values, rtol=EXACT)
    mean, variance = moments.reused_error_moments(4, 20, Fraction(v[8]).limit_denominator(10**9))
    assert found[8] == pytest.approx(0.49 * float(mean), rel=1e-8)
    assert found.std[8] == pytest.approx(0.49 * float(variance) ** 0.5, rel=1e-8)


@pytest.mark.parametrize("dim", [3, 9])
def test_one_run_without_label_noise_scatters_as_over_designs(dim):
    """Least squares and least norm, and new rows under replace; by 20,000 sampled designs.

    The variance of a run is tested at 6.1 standard errors, with its sampled fourth moment: 1e-9
    falsely, and an error of 12 % would be missed with probability 1e-3.
    """
    rng, rows = np.random.default_rng(5), {3: 14, 9: 3}[dim]
    x = rng.standard_normal((20_000, 2, rows, dim))
    gains = (np.linalg.pinv(x) ** 2).sum((2, 3))
    reused = curves(RegressionChain(dim, 0.7, "reused"), Workflow.accumulate(rows), 4)
    one = 0.49 * gains[:, 0] * inflation(Workflow.accumulate(rows), 4)[4]
    cases = [(one, reused.std_over_designs[4])]
    if dim == 3:
        fresh = curves(RegressionChain(dim, (0.7, 1.3)), Workflow.replace(rows), 2)
        cases.append((0.49 * gains[:, 0] + 1.69 * gains[:, 1], fresh.std_over_designs[2]))
    for sample, std in cases:
        squares = (sample - sample.mean()) ** 2
        z = (squares.mean() - std**2) / (squares.std() / 20_000**0.5)
        assert abs(z) < Z_LIMIT


def test_where_no_spread_over_designs_is_known_there_is_none():
    for chain, flow in (
        (RegressionChain(3), Workflow.accumulate(14)),
        (RegressionChain(3), Workflow.replace(6)),
        (RegressionChain(3, design="reused"), Workflow.replace(6)),
        (RegressionChain(3, design="reused"), Workflow.accumulate_subsample(14)),
    ):
        assert curves(chain, flow, 3).std_over_designs is None


def test_a_reused_design_never_passes_pi_squared_over_six():
    chain, flow = RegressionChain(4, 0.7, "reused"), Workflow.accumulate(20)
    found = error(chain, flow, 500)
    assert found.limit == pytest.approx(0.49 * 4 / 15 * math.pi**2 / 6, rel=EXACT)
    assert (np.diff(found.values) > 0).all()
    assert found[500] < found.limit


@pytest.mark.parametrize("workflow", [
    Workflow.replace(9), Workflow.accumulate(9), Workflow.anchored(9, 9),
    Workflow.fresh(9, 9, weight=0.3),
], ids=str)  # fmt: skip
def test_given_the_design_least_squares_have_its_trace_times_the_inflation(workflow):
    """sigma^2 tr (Sigma (X'X)^-1) v_t for a Sigma that is not the design's own."""
    x = np.random.default_rng(3).standard_normal((9, 2)) @ [[1.0, 0.5], [0.0, 0.3]]
    sigma = np.array([[2.0, 0.6], [0.6, 0.5]])
    chain = RegressionChain(2, 0.7, "reused", covariance=sigma)
    found = curves(chain, workflow, 6, design=x)
    trace = np.trace(sigma @ np.linalg.inv(x.T @ x))
    expected = 0.49 * trace * inflation(workflow, 6).values
    np.testing.assert_allclose(found.excess_test_error.values, expected, rtol=1e-11)
    np.testing.assert_allclose(found.bias.values, 0, atol=1e-25)


@pytest.mark.parametrize("penalty", ["scaled", "fixed"])
@pytest.mark.parametrize("name", ["replace", "accumulate"])
def test_a_ridge_shrinks_the_mean_by_the_oracles_factors(penalty, name):
    """Without noise to speak of, the bias of one feature is (1 - factor)^2."""
    x = np.array([[1.0], [-2.0], [0.5], [1.5]])
    chain = RegressionChain(1, 1e-9, "reused", 0.4, penalty)
    found = curves(chain, getattr(Workflow, name)(4), 6, design=x).bias
    key = "accumulate_fixed" if (penalty, name) == ("fixed", "accumulate") else name
    s = Fraction(float((x**2).mean()))
    factors = moments.ridge_factors(s, Fraction(0.4), 6, workflow=key)
    expected = [float((1 - factor) ** 2) for factor in factors]
    np.testing.assert_allclose(found.values, expected, rtol=1e-11, atol=1e-15)
    if key == "accumulate_fixed":
        assert np.ptp(found.values[1:]) < 1e-14, "the same penalty on the sum stays where it is"


def test_a_scaled_penalty_collapses_like_the_gamma_law():
    """Factor Gamma(t + f) / (t! Gamma(f)) along an eigenvector: to zero for every f < 1."""
    s, ridge = 2.0, 1.0
    x = np.sqrt(s) * np.array([[1.0], [-1.0]])
    chain = RegressionChain(1, 1e-9, "reused", ridge)
    found = curves(chain, Workflow.accumulate(2), 300, design=x).bias
    f, t = s / (s + ridge), np.arange(1, 301)
    factor = np.exp([math.lgamma(k + f) - math.lgamma(k + 1) - math.lgamma(f) for k in t])
    np.testing.assert_allclose(np.sqrt(found.values[1:]), 1 - factor, rtol=1e-11)
    # Gamma(t + f)/t! = t^(f-1) (1 + f (f-1)/(2 t) + O(t^-2))
    assert factor[-1] * math.gamma(f) * 300 ** (1 - f) == pytest.approx(1, abs=1 / 300)


CONDITIONAL = [
    ("replace", (9,), {}), ("accumulate", (9,), {}), ("sliding_window", (9,), {"window": 2}),
    ("anchored", (9,), {"n_real": 9}), ("fresh", (9,), {"n_real": 9}),
]  # fmt: skip


@pytest.mark.parametrize("ridge", [0.2, (0.0, 0.2, 0.0)])
@pytest.mark.parametrize("penalty", ["scaled", "fixed"])
@pytest.mark.parametrize(("kind", "n", "options"), CONDITIONAL)
def test_given_a_design_the_curves_are_the_simulated_means(kind, n, options, penalty, ridge):
    """Literal refits on one design with a general Sigma; z-tests, false-fail 1e-9 each."""
    rng = np.random.default_rng(8)
    x, sigma = rng.standard_normal((9, 2)) * [1, 0.4], np.array([[2.0, 0.6], [0.6, 0.5]])
    chain = RegressionChain(2, (0.5, 1.0), "reused", ridge, penalty, 1.5, sigma)
    if kind == "accumulate":
        flow = Workflow.accumulate(9)
    else:
        given = {"n": 9, **options}
        flow = Workflow.parse(kind, **given)
    found = curves(chain, flow, 4, design=x)
    runs = by_hand(chain, flow, x, rng, 20_000)
    z = (runs.mean(0) - found.excess_test_error.values[1:]) / (runs.std(0) / 20_000**0.5)
    assert np.abs(z).max() < Z_LIMIT


def by_hand(chain, flow, x, rng, replicates):
    """All runs at once: labels drawn, weighted ridge solved; errors, axes (run, generation)."""
    n, d = x.shape
    truth = rng.standard_normal((replicates, d))
    truth *= chain.weights_norm / np.linalg.norm(truth, axis=1, keepdims=True)
    fits, labels, weights = [], [], truth
    for t in range(1, 5):
        if flow.real_rows(t):
            labels.append(truth @ x.T + chain.label_noise(0) * rng.standard_normal((replicates, n)))
        y = np.tensordot(flow.weights(t), np.array(labels), 1)
        scale = n / flow.train_size(t) if chain.penalty == "fixed" else 1.0
        gram = x.T @ x / n + chain.ridge_at(t) * scale * np.eye(d)
        weights = np.linalg.solve(gram, x.T @ y.T / n).T
        fits.append(((weights - truth) @ chain.matrix * (weights - truth)).sum(1))
        labels.append(weights @ x.T + chain.label_noise(t) * rng.standard_normal((replicates, n)))
    return np.array(fits).T


def test_on_its_own_rows_a_design_has_the_plain_error():
    """Sigma = X'X/n: sigma^2 d v_t / n, and by simulation its spread is that of chi-square."""
    x = np.random.default_rng(2).standard_normal((30, 3)) @ np.diag([1, 5, 0.1])
    chain = RegressionChain.from_design(x, noise=2.0)
    found = error(chain, Workflow.accumulate(30), 5, design=x)
    v = inflation(Workflow.accumulate(30), 5).values
    np.testing.assert_allclose(found.values, 4 * 3 * v / 30, rtol=1e-11)
    np.testing.assert_allclose(found.std, 4 * np.sqrt(2 * 3) * v / 30, rtol=1e-11)


def test_a_schedule_of_one_penalty_is_the_number():
    assert RegressionChain(2, ridge=[0.2, 0.2]) == RegressionChain(2, ridge=0.2)
    assert RegressionChain(2, ridge=(0, 0)) == RegressionChain(2)
    chain = RegressionChain(2, ridge=(0, 0, 0.2))
    assert [chain.ridge_at(t) for t in (1, 2, 3, 9)] == [0, 0, 0.2, 0.2]
    assert chain.penalised
    assert not RegressionChain(2).penalised


# --- bounds and the leading order ----------------------------------------------------------------


@pytest.mark.parametrize("dim", [1, 10])
@pytest.mark.parametrize("extra", [2, 5, 100])
def test_the_bounds_hold_and_the_first_stays_below_twice_generation_one(dim, extra):
    flow = Workflow.accumulate(dim + extra)
    found = curves(RegressionChain(dim, 3.0), flow, 2000)
    for name in ("published_upper", "schedule_upper"):
        bound = found[name]
        assert bound.kind is Kind.UPPER
        assert (bound.values[1:] >= found.excess_test_error.values[1:]).all()
    assert found.schedule_upper[1] <= 2 * found.excess_test_error[1]


@pytest.mark.parametrize("n", [(12, 1), (12, 1, 1, 1, 500), (12, 10_000), (1000, 1)])
def test_the_schedule_bound_holds_for_any_schedule(n):
    found = curves(RegressionChain(10), Workflow.accumulate(n), 3000)
    assert (found.schedule_upper.values >= found.excess_test_error.values).all()


def test_the_schedule_bound_is_nearly_reached_by_batches_of_one_row():
    found = curves(RegressionChain(10), Workflow.accumulate((200, 1)), 200_000)
    assert found.excess_test_error[200_000] / found.schedule_upper[1] > 0.99


def test_the_leading_order_is_labelled_and_approached():
    """d = 1 by quadrature: the relative gap shrinks about as fast as d/n."""
    gaps = []
    for n in (20, 40):
        chain = RegressionChain(1)
        found = error(chain, Workflow.anchored(n, n), 3)
        assert found.kind is Kind.ASYMPTOTIC
        gaps.append(abs(found[3] / quadrature.anchored_errors(n, n, 3)[3] - 1))
    assert 1.6 < gaps[0] / gaps[1] < 2.6


@pytest.mark.parametrize("dim", [1, 2, 5, 10, 40])
def test_given_the_designs_a_subsample_is_bounded_from_twice_the_dimension_and_one(dim):
    for budget in range(dim + 2, 3 * dim + 4):
        assert (subsample_growth(dim, budget) < 1) == (budget >= 2 * dim + 1)
    assert subsample_growth(dim, dim + 1) == math.inf
    assert subsample_growth(dim, 3 * dim) == pytest.approx(
        float(moments.row_amplification(dim, 3 * dim)), rel=EXACT
    )
    for budget in {dim + 2, 2 * dim, 2 * dim + 1} - set(range(dim + 2)):
        flow = Workflow.accumulate_subsample(4 * dim, budget)
        limit = error(RegressionChain(dim), flow, 9).limit
        assert math.isfinite(limit) == (budget >= 2 * dim + 1)


def test_a_draw_that_can_repeat_too_few_rows_has_an_infinite_mean():
    fresh, reused = RegressionChain(3), RegressionChain(3, design="reused")
    flow = Workflow.accumulate_subsample(20)
    assert np.isfinite(error(fresh, flow, 30).values).all()
    found = error(reused, flow, 30)
    assert np.isfinite(found.values[:5]).all(), "20 rows of 4 copies hold 5 different ones"
    assert (found.values[5:] == math.inf).all()
    repeats = Workflow.accumulate_subsample(20, replacement=True)
    assert (error(fresh, repeats, 3).values[1:] == math.inf).all()


# --- a second look by plain simulation -----------------------------------------------------------


@pytest.mark.parametrize(("kind", "n", "options"), [
    ("replace", (7, 9), {}), ("accumulate", (7, 9), {}), ("fresh", (5,), {"n_real": 7}),
])  # fmt: skip
def test_fresh_designs_by_the_literal_oracle(kind, n, options):
    """The oracle's labels one by one, noise by author; false-fail 1e-9 a comparison."""
    chain = RegressionChain(2, (0.5, 1.0))
    flow = Workflow.parse(kind, n=n, **options)
    found = error(chain, flow, 3)
    runs = simulate(
        kind, n, 3, seed=3, replicates=4000, truth=np.array([1.0, -2.0]), noise=(0.5, 1.0),
        **options,
    )  # fmt: skip
    z = (runs.mean(0)[1:] - found.values[1:]) / (runs.std(0)[1:] / 4000**0.5)
    assert np.abs(z).max() < Z_LIMIT


# --- closed forms --------------------------------------------------------------------------------


@pytest.mark.parametrize(("chain", "workflow"), [
    (RegressionChain(4, 0.5), Workflow.replace(9)),
    (RegressionChain(4, 0.5), Workflow.accumulate(9)),
    (RegressionChain(4, 0.5), Workflow.fresh(9, 9)),
    (RegressionChain(4, 0.5, "reused"), Workflow.accumulate(9)),
    (RegressionChain(9, 0.5, weights_norm=2.0), Workflow.replace(4)),
], ids=str)  # fmt: skip
def test_a_closed_form_is_the_curve(chain, workflow):
    for field in ("excess_test_error", "variance", "bias"):
        curve = curves(chain, workflow, 12)[field]
        assert curve.formula is not None
        for t in (1, 2, 12):
            assert curve.formula.value(t=t) == pytest.approx(curve[t], rel=1e-12)


def test_without_a_derivation_there_is_no_closed_form():
    assert error(RegressionChain(4), Workflow.anchored(9, 9), 3).formula is None
    x = np.random.default_rng(0).standard_normal((9, 4))
    own = error(RegressionChain(4, design="reused"), Workflow.replace(9), 3, design=x)
    assert own.formula is None


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given", "message"), [
    ({"dim": 0}, "dim must be a whole number >= 1, got 0"),
    ({"noise": 0.0}, "noise must be > 0, got 0.0"),
    ({"noise": (1.0, -2.0)}, "noise must be > 0, got -2.0"),
    ({"noise": ()}, "noise must have at least one entry"),
    ({"noise": float("nan")}, "noise must be > 0, got nan"),
    ({"design": "old"}, "design must be 'fresh' or 'reused', got 'old'"),
    ({"penalty": "none"}, "penalty must be 'scaled' or 'fixed', got 'none'"),
    ({"ridge": -0.1}, "ridge must be a finite number >= 0, got -0.1"),
    ({"ridge": (0.0, -0.1)}, "ridge must be a finite number >= 0, got -0.1"),
    ({"ridge": ()}, "ridge must have at least one entry"),
    ({"ridge": (0.0, math.inf)}, "ridge must be a finite number >= 0, got inf"),
    ({"weights_norm": -1}, "weights_norm must be a finite number >= 0, got -1"),
    ({"covariance": np.diag([1.0, -1.0, 1.0])}, "covariance must be positive definite"),
])  # fmt: skip
def test_a_chain_out_of_range_is_refused_by_value(given, message):
    with pytest.raises(ValueError, match=message):
        RegressionChain(**{"dim": 3, **given})


@pytest.mark.parametrize(("x", "message"), [
    (np.ones((5, 2)), "full column rank, got rank 1 with 2 columns and 5 rows"),
    (np.array([[1.0, np.nan], [0.0, 1.0]]), "design must be finite, got nan"),
    (np.eye(3)[:, :1] * np.ones((3, 3)), "full column rank"),
    (np.zeros((0, 2)), "design must be a table"),
    (np.random.default_rng(0).standard_normal((6, 2)), "design has 6 rows .* n must be 6, got n=5"),
    (np.random.default_rng(0).standard_normal((5, 1)), "design must have 2 columns"),
])  # fmt: skip
def test_a_design_that_does_not_fit_is_refused(x, message):
    with pytest.raises(ValueError, match=message):
        curves(RegressionChain(2, design="reused"), Workflow.replace(5), 2, design=x)


def test_what_is_not_known_says_where_it_is():
    flow = Workflow.replace(5)
    with pytest.raises(UnsupportedWorkflow, match="pass design=X"):
        _ = curves(RegressionChain(2, ridge=0.1), flow, 2).bias
    with pytest.raises(UnsupportedWorkflow, match="same rows, got replace"):
        curves(RegressionChain(2, design="reused"), Workflow.replace((5, 6)), 2)
    with pytest.raises(UnsupportedWorkflow, match="isotropic"):
        _ = error(RegressionChain(5, covariance=np.diag([1, 2, 3, 4, 5.0])), Workflow.replace(2), 2)
    with pytest.raises(UnsupportedWorkflow, match="design='reused', got 'fresh'"):
        curves(RegressionChain(1), flow, 2, design=np.ones((5, 1)))
    with pytest.raises(UnsupportedWorkflow, match="at least dim .*infinite from generation 1 on"):
        _ = error(RegressionChain(4), Workflow.accumulate_subsample(9, 5), 3)


def test_available_is_what_does_not_raise():
    for chain in (
        RegressionChain(3),
        RegressionChain(3, design="reused"),
        RegressionChain(3, ridge=1),
    ):
        for flow in (
            Workflow.replace(9), Workflow.accumulate(9), Workflow.accumulate_subsample(9),
            Workflow.sliding_window(9, 2), Workflow.anchored(9, 9), Workflow.fresh(9, 9),
            Workflow.fresh(9, 9, weight=0.2),
        ):  # fmt: skip
            found, given = curves(chain, flow, 5), available(chain, flow, 5)
            for name in FIELDS:
                if name in given:
                    assert len(found[name]) == 6
                else:
                    with pytest.raises(UnsupportedWorkflow):
                        _ = found[name]


def test_a_window_that_nothing_outgrows_has_the_curve_of_accumulate_but_not_its_limit():
    chain = RegressionChain(3)
    window = error(chain, Workflow.sliding_window(9, 5), 5)
    np.testing.assert_array_equal(window.values, error(chain, Workflow.accumulate(9), 5).values)
    assert window.limit is None
