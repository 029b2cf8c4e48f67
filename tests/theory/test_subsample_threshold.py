"""docs/subsample_threshold.md: what is bounded given the designs is infinite over them, d >= 2."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.integrate import quad

from tests.oracles import regression_moments as moments
from tests.oracles.regression_conditional import Experiment, affine_models
from tests.oracles.regression_subsample import errors_given_designs
from theory.curve import Kind
from theory.inflation import inflation
from theory.regression import RegressionChain, curves, infinite_mean_from
from theory.regression.moments import noise_gain
from theory.workflow import Workflow

CLOSE = Fraction(1, 10**9)  # distance of the bad rows from a hyperplane


def start_of(dim, n, budget=None, *, replacement=False, **chain):
    flow = Workflow.accumulate_subsample(n, budget, replacement)
    return infinite_mean_from(RegressionChain(dim, **chain), flow)


# --- given the designs: the threshold -------------------------------------------------------------


@pytest.mark.parametrize("dim", [1, 2, 3, 10, 100])
def test_the_row_gain_is_below_one_from_twice_the_dimension_and_one_and_never_one(dim):
    """1 - c = f / ((m + 2)(m - d - 1)), f = m (m - 2d - 1) + 2: >= 2 there, <= 2 - m < 0 below."""
    for rows in range(dim + 2, 4 * dim + 9):
        sign = rows * (rows - 2 * dim - 1) + 2
        share = Fraction(sign, (rows + 2) * (rows - dim - 1))
        assert share == 1 - moments.row_amplification(dim, rows)
        assert sign >= 2 if rows >= 2 * dim + 1 else sign <= 2 - rows < 0


# --- over the designs: theorem 4 ------------------------------------------------------------------


def squares_along_the_path(dim, budget, n, returns, close):
    """|coefficient of y_0's noise|^2 at t0, t0 + 1, ...: F with y_0, E with y_1, F with y_2, ...

    F, y_0, y_2, ... are integer rows whose first coordinate is multiplied by `close`.
    """
    first = -(-(2 * budget - 1) // n)
    last = first + 2 * (returns - 1)
    odd = 2 * np.random.default_rng(4).integers(-30, 30, (n * last, dim)) + 1
    x = odd.astype(object) * Fraction(1)
    others = [range(budget - 1), range(budget - 1, 2 * budget - 2)]
    new = [n * first - 1, *(n * (first + k - 1) for k in range(1, last - first + 1))]
    x[[*others[0], *new[::2]], 0] *= close
    drawn = [range(min(budget, n * t)) for t in range(1, first)]
    drawn += [(*others[k % 2], y) for k, y in enumerate(new)]
    training = tuple([((i // n, i % n), Fraction(1, len(rows))) for i in rows] for rows in drawn)
    designs = tuple(x.reshape(last, n, dim))
    models = affine_models(Experiment(designs, tuple(range(last)), training))
    return [np.sum(noise[:, new[0]] ** 2) for _, noise in models[first:]]


@pytest.mark.parametrize(
    ("dim", "budget", "n"), [(2, 4, 7), (2, 4, 3), (2, 5, 9), (2, 8, 6), (3, 5, 4), (3, 7, 13)]
)
def test_returns_to_a_bad_set_outgrow_its_rarity_where_the_mean_is_said_to_be_infinite(
    dim, budget, n
):
    """In fractions: k visits give close^(-2k), that many bad rows have chance close^(m-d+k)."""
    start, first = start_of(dim, n, budget), -(-(2 * budget - 1) // n)
    returns = (start - first) // 2 + 2
    near, nearer = (
        squares_along_the_path(dim, budget, n, returns, close) for close in (CLOSE, CLOSE / 10)
    )
    for visits in range(1, returns + 1):
        at = 2 * (visits - 1)
        growth = math.log10(nearer[at] / near[at])
        assert growth == pytest.approx(2 * visits, abs=1e-5), "corrections are of order CLOSE"
        assert (growth > budget - dim + visits - 0.5) == (first + at >= start)


def test_in_one_dimension_a_return_adds_nothing():
    near, nearer = (squares_along_the_path(1, 5, 4, 6, close) for close in (CLOSE, CLOSE / 10))
    growth = [math.log10(b / a) for a, b in zip(near[::2], nearer[::2], strict=True)]
    assert growth == pytest.approx([2] * 6, abs=1e-5)
    assert start_of(1, 4, 5) is None


@pytest.mark.parametrize(
    ("n", "bad", "growth"),
    [(7, (0, 1, 2, 3, 14), [2, 2, 4]), (4, (0, 1, 2, 4, 12), [0, 2, 2, 4])],
)
def test_given_a_bad_design_the_error_over_all_draws_grows_like_the_path(n, bad, growth):
    """d = 2, m = 4, every draw enumerated; so bad a design has chance close^4."""

    def errors(close):
        x = np.random.default_rng(1).standard_normal((n * len(growth), 2))
        x[list(bad), 0] *= close
        designs = list(x.reshape(len(growth), n, 2))
        designs.append(np.zeros((0, 2)))  # what the last model writes is read by none
        return errors_given_designs(
            "accumulate_subsample", (n,), len(growth), designs=designs, budget=4
        )[1:]

    ratios = np.array(errors(1e-7)) / errors(1e-6)
    np.testing.assert_allclose(np.log10(ratios), growth, atol=0.05)
    assert start_of(2, n, 4) == len(growth)


def test_a_visit_to_a_bad_set_multiplies_the_mean_square_by_the_root_of_its_badness():
    """d = 2, Gram matrix diag(1/a, 1) + y y': a^(-1/2) E (K_y e_2)_1^2 -> L, off by O(a^(-1/2)).

    With y = (u / sqrt(a), s) it is the mean over s of the integral over u of
    u^2 s^2 / (1 + u^2 + s^2)^2 phi(u / sqrt(a)), and phi(0) - phi(v) <= phi(0) min(1, v^2 / 2).
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    peak = 1 / math.sqrt(2 * math.pi)
    limit = peak * weights @ (nodes**2 * math.pi / 2 / np.sqrt(1 + nodes**2))
    for a in (1e2, 1e4, 1e6):

        def moved(log_u, a=a):
            y = np.stack([math.exp(log_u) / math.sqrt(a) + 0 * nodes, nodes], axis=1)
            gram = np.diag([1 / a, 1]) + y[:, :, None] * y[:, None]
            row = np.linalg.solve(gram, y[..., None])[:, 0, 0] * nodes
            return 2 * y[0, 0] * peak * math.exp(-(y[0, 0] ** 2) / 2) * (weights @ row**2)

        mean = quad(moved, -12, math.log(9 * math.sqrt(a)), epsrel=1e-8, limit=200)[0]
        gap = limit - mean / math.sqrt(a)
        assert 0 < gap < 2 * math.sqrt(2) * peak / math.sqrt(a)


# --- from which generation ------------------------------------------------------------------------


@pytest.mark.parametrize(("found", "start"), [
    (start_of(10, 32), 44), (start_of(2, 7, 4), 3), (start_of(10, 32, 12), 3),
    (start_of(2, (3, 1, 1, 5), 4), 6),  # pools 3, 4, 5, 10: 7 rows at t0 = 4
    (start_of(2, (3, 1), 4), 7),  # 3, 4, 5, 6, 7
    (start_of(1, 32), None), (start_of(1, 32, 2), 1), (start_of(10, 32, 11), 1),
    (start_of(10, 32, 8), None), (start_of(10, (4, 4, 9), 11), 3),
    (start_of(3, 20, replacement=True), 1), (start_of(10, (4, 9), replacement=True), 2),
    (start_of(3, 20, design="reused"), 5), (start_of(10, 32, design="reused"), 3),
    (start_of(10, 11, 30, design="reused"), 1), (start_of(10, 8, 30, design="reused"), None),
    (start_of(10, 32, ridge=0.1), None), (start_of(10, 32, ridge=0.1, replacement=True), None),
    (infinite_mean_from(RegressionChain(10), Workflow.accumulate(32)), None),
])  # fmt: skip
def test_the_mean_over_designs_is_infinite_from(found, start):
    assert found == start


@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("n", [2, (5, 1, 4), (9, 30)])
def test_the_generation_is_the_first_whose_pool_is_large_enough(n, replacement):
    flow = Workflow.accumulate_subsample(n, 9, replacement)
    rows, later = (3, 0) if replacement else (17, 2 * (9 - 5))
    first = next(t for t in range(1, 99) if flow.pool_size(t) >= rows)
    assert infinite_mean_from(RegressionChain(4), flow) == first + later


def test_where_rows_are_drawn_again_the_leading_order_stays_and_says_so():
    chain, flow = RegressionChain(2, 0.5), Workflow.accumulate_subsample(8, 5)
    start, found = infinite_mean_from(chain, flow), curves(chain, flow, 40)
    v, unit = inflation(flow, 40), noise_gain(8, 2) / 4
    assert start == 2 + 2 * 2
    for curve in (found.excess_test_error, found.variance):
        assert curve.kind is Kind.ASYMPTOTIC
        np.testing.assert_allclose(curve.values, unit * v.values, rtol=1e-12)
        assert f"over all infinite from generation {start} on" in curve.source
    assert found.excess_test_error.limit == pytest.approx(unit * v.limit, rel=1e-12)
    assert "infinite" not in found.bias.source


@pytest.mark.parametrize("replacement", [False, True])
def test_where_a_fit_is_to_blame_the_values_are_infinite_from_there_on(replacement):
    chain = RegressionChain(3, design="fresh" if replacement else "reused")
    flow = Workflow.accumulate_subsample(20, 15, replacement)
    start, found = infinite_mean_from(chain, flow), curves(chain, flow, 9).excess_test_error
    assert start == (1 if replacement else 4)
    assert np.isfinite(found.values[:start]).all()
    assert np.isinf(found.values[start:]).all()
    assert "infinite" not in found.source
