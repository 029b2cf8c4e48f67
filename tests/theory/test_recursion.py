"""The recursion of batch means: exact against the oracles, and the properties it should have."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.batch_covariance import gaussian_moments
from tests.oracles.enumeration import enumerated_moments
from tests.strategies import GENERATIONS, KINDS, Case, cases, chain_cases, schedules, temperatures
from theory import recursion
from theory.recursion import Feature, Fit, fits, fitted_trace, location_scale, unit_modulus
from theory.workflow import Workflow

Moments = list[tuple[Any, Any]]

P0 = (Fraction(3, 7), Fraction(4, 7))  # sum of squares (5/7)^2
NORM = Fraction(5, 7)
ONE = Fraction(1)


def moments(
    workflow: Workflow,
    generations: int = GENERATIONS,
    ddof: int = 0,
    tau: Fraction = ONE,
    number: recursion.Number = Fraction,
) -> Moments:
    """(mean error, trace ratio) of the fits 1..generations."""
    seen = fits(workflow, generations, location_scale(ddof, number(tau), number), number)
    return [(fit.mean_square, fitted_trace(fit, ddof)) for fit in seen]


def mean_errors(workflow: Workflow, generations: int = GENERATIONS, ddof: int = 0) -> list[Any]:
    return [error for error, _ in moments(workflow, generations, ddof)]


# --- the oracles --------------------------------------------------------------------------------


@given(chain_cases(), temperatures())
@settings(max_examples=250)
def test_moments_are_those_of_the_oracle_as_fractions(
    ddof_and_case: tuple[int, Case], tau: Fraction
) -> None:
    ddof, case = ddof_and_case
    oracle = gaussian_moments(generations=GENERATIONS, ddof=ddof, tau=tau, **case.oracle)
    assert moments(case.workflow, GENERATIONS, ddof, tau) == oracle[1:]


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize(
    ("kind", "n", "options"),
    [
        ("accumulate_subsample", (3, 2, 3), {}),
        ("accumulate_subsample", (2, 3), {"budget": 3}),
        ("accumulate_subsample", (2, 1), {"budget": 3, "replacement": True}),
        ("sliding_window", (3, 4, 2), {"window": 2}),
        ("fresh", (9, 2, 3), {"n_real": 4}),
    ],
)
def test_moments_are_the_average_over_every_training_set(
    kind: str, n: tuple[int, ...], options: Any, ddof: int
) -> None:
    """Row by row over every subsample there is: no sampling formula on the right."""
    workflow = Workflow.parse(kind, n=n, **options)
    oracle = enumerated_moments(kind, n, 3, ddof=ddof, tau=Fraction(3, 4), **options)
    assert moments(workflow, 3, ddof, Fraction(3, 4)) == oracle[1:]


@given(chain_cases(), temperatures())
def test_floats_are_the_fractions(ddof_and_case: tuple[int, Case], tau: Fraction) -> None:
    """To 1e-12: some 10 T^2 roundings. The trace is a difference of Q and B, both of order 1."""
    ddof, case = ddof_and_case
    exact = np.array(moments(case.workflow, GENERATIONS, ddof, tau), dtype=np.float64)
    quick = np.array(moments(case.workflow, GENERATIONS, ddof, tau, number=float))
    np.testing.assert_allclose(quick[:, 0], exact[:, 0], rtol=1e-12)
    scale = exact.sum(axis=1, keepdims=True)[:, 0]
    assert (abs(quick[:, 1] - exact[:, 1]) <= 1e-12 * scale).all()


# --- custom weights -----------------------------------------------------------------------------


def as_custom(workflow: Workflow) -> Workflow:
    """The same pooled workflow as a function that returns its weights, exactly."""

    def weights(t: int) -> list[Fraction]:
        rows = [workflow.batch_rows(b) if w else 0 for b, w in enumerate(workflow.weights(t))]
        return [Fraction(n, sum(rows)) for n in rows]

    return Workflow.custom(workflow.schedule, weights)


@given(cases(kinds=["replace", "accumulate", "sliding_window"], smallest=2), st.integers(0, 1))
def test_custom_is_the_built_in_workflow_of_the_same_weights(case: Case, ddof: int) -> None:
    workflow = case.workflow
    assert moments(as_custom(workflow), 9, ddof) == moments(workflow, 9, ddof)


def test_custom_anchored_is_anchored() -> None:
    workflow = Workflow.anchored(6, (6, 2, 3))
    assert moments(as_custom(workflow), 9, 1) == moments(workflow, 9, 1)


def scattered(t: int) -> list[Fraction]:
    """Weights without any pattern from one generation to the next."""
    parts = [(7 * t + 5 * b * b) % 11 for b in range(t)]
    parts[-1] += 1
    return [Fraction(part, sum(parts)) for part in parts]


def halves(t: int) -> list[Fraction]:
    """Half on the last batch: every row is the last one halved, plus one entry."""
    return (
        [ONE]
        if t == 1
        else [Fraction(1, 2 ** (t - 1)), *(Fraction(1, 2**k) for k in range(t - 1, 0, -1))]
    )


def float_moments(workflow: Workflow, generations: int) -> np.ndarray[Any, Any]:
    return np.array(moments(workflow, generations, number=float, tau=Fraction(3, 4)))


@pytest.mark.parametrize("weights", [scattered, halves])
@pytest.mark.parametrize("few", [-1, 0, 3])
def test_updates_and_products_give_the_same_fractions(
    weights: Any, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row as a product, the first as an update, and a mixture."""
    workflow, generations = Workflow.custom((5, 3, 4), weights), 13
    oracle = gaussian_moments("custom", (5, 3, 4), generations, tau=Fraction(3, 4), custom=weights)
    monkeypatch.setattr(recursion, "_FEW", few)
    assert moments(workflow, generations, tau=Fraction(3, 4)) == oracle[1:]


@pytest.mark.parametrize("several", [0, 1])
def test_long_runs_of_custom_weights_agree_on_every_path(
    several: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Floats by updates, by products and by the inverse; accumulate is one change a row.

    1e-12 relative: T = 300 updates of a relative error of a few eps each.
    """
    accumulate = Workflow.accumulate(7)
    weights = {t: accumulate.weights(t) for t in range(1, 301)}
    custom = Workflow.custom(7, weights.__getitem__)
    built_in = float_moments(accumulate, 300)
    np.testing.assert_allclose(float_moments(custom, 300), built_in, rtol=1e-12)
    monkeypatch.setattr(recursion, "_FEW", 0)
    monkeypatch.setattr(recursion, "_SEVERAL", several)
    np.testing.assert_allclose(float_moments(custom, 300), built_in, rtol=1e-12)


@pytest.mark.parametrize("damping", [0.9, 0.0, 1e-200])
def test_any_damping_agrees_with_exact_fractions_on_every_path(
    damping: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel may wipe a frequency out at one generation: nothing is divided by its zero."""
    workflow = Workflow.custom((5, 3, 4), scattered)

    def found(number: Any) -> list[list[float]]:
        kappa = [number(3) / 4, number(damping), number(1)]
        feature = unit_modulus(number(1) / 2, lambda t: kappa[t % 3], number)
        return [
            [float(fit.mean_square), float(fit.row_square), float(fit.mean)]
            for fit in fits(workflow, 40, feature, number)
        ]

    exact = found(Fraction)
    for several in (0, 1):
        monkeypatch.setattr(recursion, "_SEVERAL", several)
        np.testing.assert_allclose(found(float), exact, rtol=1e-12)


def test_custom_at_many_frequencies_is_custom_at_each() -> None:
    """Two paths of the same sums: some ten roundings a generation."""
    root, kappa = np.array([0.5, 0.0, 0.9]), np.array([[0.3, 1.0, -0.2], [0.9, 0.0, 0.5]])
    workflow = Workflow.custom((5, 3), halves)
    together = fits(workflow, 6, unit_modulus(root, lambda t: kappa[t % 2]))
    for i, one in enumerate(root):
        alone = fits(workflow, 6, unit_modulus(float(one), lambda t, i=i: kappa[t % 2, i]))
        for many, single in zip(together, alone, strict=True):
            found = (many.mean_square[i], many.row_square[i], many.mean[i], many.train_size)
            known = (single.mean_square, single.row_square, single.mean, single.train_size)
            assert found == pytest.approx(known, rel=1e-13)


# --- where workflows coincide -------------------------------------------------------------------


@given(schedules(smallest=2), st.integers(0, 1))
def test_workflows_coincide_at_generation_one(n: tuple[int, ...], ddof: int) -> None:
    """Without a budget below n_0, and without replacement, fit 1 is the fit to the real rows."""
    first = {
        tuple(moments(workflow, 1, ddof))
        for workflow in (
            Workflow.replace(n),
            Workflow.accumulate(n),
            Workflow.accumulate_subsample(n, budget=n[0]),
            Workflow.accumulate_subsample(n, budget=n[0] + 3),
            Workflow.sliding_window(n, 3),
            Workflow.anchored(n[0], n),
            Workflow.fresh(n[0], n),
        )
    }
    unbiased = Fraction(n[0], n[0] - ddof) * (1 - Fraction(1, n[0]))
    assert first == {((Fraction(1, n[0]), unbiased),)}


@given(schedules(smallest=3), st.integers(2, 9))
def test_a_small_budget_is_all_that_counts_at_generation_one(
    n: tuple[int, ...], budget: int
) -> None:
    """B_1 = 1/m without replacement for m <= n_0, and more with replacement."""
    budget = min(budget, n[0] - 1)
    [(error, _)] = moments(Workflow.accumulate_subsample(n, budget), 1)
    [(repeated, _)] = moments(Workflow.accumulate_subsample(n, budget, True), 1)
    assert error == Fraction(1, budget) < repeated


@given(schedules(smallest=2), st.integers(0, 1), temperatures())
def test_accumulate_is_a_window_or_a_budget_that_no_pool_outgrows(
    n: tuple[int, ...], ddof: int, tau: Fraction
) -> None:
    accumulate = Workflow.accumulate(n)
    pool = accumulate.pool_size(GENERATIONS)
    expected = moments(accumulate, GENERATIONS, ddof, tau)
    for workflow in (
        Workflow.sliding_window(n, GENERATIONS),
        Workflow.sliding_window(n, 10 * GENERATIONS),
        Workflow.accumulate_subsample(n, pool),
        Workflow.accumulate_subsample(n, 10 * pool),
    ):
        assert moments(workflow, GENERATIONS, ddof, tau) == expected
    short = Workflow.sliding_window(n, GENERATIONS - 1)
    assert moments(short, GENERATIONS, ddof, tau)[:-1] == expected[:-1]
    assert moments(short, GENERATIONS, ddof, tau)[-1] != expected[-1]


@given(schedules(smallest=2), st.integers(0, 1), temperatures())
def test_replace_is_a_window_of_one(n: tuple[int, ...], ddof: int, tau: Fraction) -> None:
    window = Workflow.sliding_window(n, 1)
    assert moments(window, GENERATIONS, ddof, tau) == moments(
        Workflow.replace(n), GENERATIONS, ddof, tau
    )


# --- which workflow is better -------------------------------------------------------------------


@given(schedules(smallest=2), st.integers(0, 1))
def test_accumulating_is_never_worse_than_replacing(n: tuple[int, ...], ddof: int) -> None:
    accumulate = mean_errors(Workflow.accumulate(n), ddof=ddof)
    replace = mean_errors(Workflow.replace(n), ddof=ddof)
    assert all(a <= r for a, r in zip(accumulate, replace, strict=True))


@given(schedules(smallest=2), st.integers(0, 40), st.integers(0, 1))
@settings(max_examples=150)
def test_subsampling_lies_between_accumulating_and_replacing(
    n: tuple[int, ...], above: int, ddof: int
) -> None:
    """Without replacement, tau = 1 and a budget of at least every batch."""
    accumulate = mean_errors(Workflow.accumulate(n), ddof=ddof)
    subsample = mean_errors(Workflow.accumulate_subsample(n, max(n) + above), ddof=ddof)
    replace = mean_errors(Workflow.replace(n), ddof=ddof)
    ordered = zip(accumulate, subsample, replace, strict=True)
    assert all(a <= s <= r for a, s, r in ordered)


@pytest.mark.parametrize("ddof", [0, 1])
def test_a_budget_below_a_batch_can_be_worse_than_replacing(ddof: int) -> None:
    n = (5, 29, 13, 22)
    subsample = mean_errors(Workflow.accumulate_subsample(n, 11), 2, ddof)
    replace = mean_errors(Workflow.replace(n), 2, ddof)
    assert subsample[0] == replace[0]
    assert subsample[1] > replace[1]


def test_a_large_budget_with_replacement_can_be_better_than_accumulating() -> None:
    accumulate = mean_errors(Workflow.accumulate(4), 3, 1)
    subsample = mean_errors(Workflow.accumulate_subsample(4, 53, True), 3, 1)
    better = [s < a for s, a in zip(subsample, accumulate, strict=True)]
    assert better == [False, False, True]


@given(cases())
def test_maximum_likelihood_shares_out_the_variance(case: Case) -> None:
    """Mean error + trace ratio = 1 for ddof 0 and tau 1, because Q = 1 for ever."""
    assert all(error + trace == 1 for error, trace in moments(case.workflow))


def test_budget_n_has_its_closed_form() -> None:
    """P_1 = 1 - 1/n, P_{t+1} = P_t (1 - (g_t + h_t)/(n (t+1)^2)), trace ratio g_t P_t, ddof 0."""
    n, product = 5, 1 - Fraction(1, 5)
    for t, found in enumerate(moments(Workflow.accumulate_subsample(n), 12), start=1):
        g, h = Fraction((n - 1) * t, n * t - 1), Fraction(n * (t - 1), n * t - 1)
        assert found == (1 - g * product, g * product)
        product *= 1 - (g + h) / (n * (t + 1) ** 2)


def test_unbiased_subsampling_grows_like_a_power_of_the_budget() -> None:
    """E tr Sigma for m = n = 5: 1.05, 1.57, 2.48 at t = 10, 100, 1000."""
    traces = [
        trace for _, trace in moments(Workflow.accumulate_subsample(5), 1000, 1, number=float)
    ]
    assert [round(traces[t - 1], 2) for t in (10, 100, 1000)] == [1.05, 1.57, 2.48]


# --- features of modulus one: categories --------------------------------------------------------


def categories(number: recursion.Number = Fraction) -> Feature:
    """The one-hot vector of a category under P0; its mean enters by its length |p_0|."""
    return unit_modulus(NORM if number is Fraction else np.float64(5 / 7), lambda t: 1, number)


@given(cases())
def test_categories_drift_as_any_other_mean(case: Case) -> None:
    """E|p_t - p_0|^2 = (1 - |p_0|^2) x the mean error of maximum likelihood at tau 1.

    A one-hot vector is a row of trace 1 - |p_0|^2 whose fitted law has the fitted trace. So the
    expected square of the fitted frequencies is |p_0|^2 + (1 - |p_0|^2) B.
    """
    seen = fits(case.workflow, GENERATIONS, categories(), Fraction)
    for fit, error in zip(seen, mean_errors(case.workflow), strict=True):
        assert fit.mean_square == NORM**2 + (1 - NORM**2) * error
        assert fit.row_square == 1
        assert fit.mean == NORM


def enumerated_squares(n: int, generations: int) -> list[Fraction]:
    """E sum p_t^2 under replace with two categories, over every count there is."""
    law = {P0[0]: ONE}
    squares = []
    for _ in range(generations):
        after: dict[Fraction, Fraction] = {}
        for p, mass in law.items():
            for k in range(n + 1):
                chance = math.comb(n, k) * p**k * (1 - p) ** (n - k)
                after[Fraction(k, n)] = after.get(Fraction(k, n), Fraction(0)) + mass * chance
        law = after
        squares.append(sum((mass * (p**2 + (1 - p) ** 2) for p, mass in law.items()), Fraction(0)))
    return squares


def heterozygosities(workflow: Workflow, generations: int) -> list[Fraction]:
    """E(1 - sum p_t^2) over its true value, fits 1..generations."""
    seen = fits(workflow, generations, categories(), Fraction)
    return [(1 - fit.mean_square) / (1 - NORM**2) for fit in seen]


def test_replaced_categories_are_wright_fishers() -> None:
    seen = fits(Workflow.replace(6), 4, categories(), Fraction)
    assert [fit.mean_square for fit in seen] == enumerated_squares(6, 4)


def test_heterozygosity_shrinks_geometrically_under_replace_and_settles_under_accumulate() -> None:
    n, left = 6, ONE
    replace = heterozygosities(Workflow.replace(n), 8)
    accumulate = heterozygosities(Workflow.accumulate(n), 8)
    for t in range(1, 9):
        left *= 1 - Fraction(1, n * t * t)
        assert replace[t - 1] == (1 - Fraction(1, n)) ** t
        assert accumulate[t - 1] == left


def test_anchored_categories_have_the_printed_squares() -> None:
    """N = 30 kept, n = 20, p = (.5, .3, .2): .40067 .40546 .40619 .40630, and the closed form."""
    real, rows, start = 30, 20, 0.38
    feature = unit_modulus(np.float64(math.sqrt(start)), lambda t: 1)
    squares = [fit.mean_square for fit in fits(Workflow.anchored(real, rows), 4, feature)]
    assert [round(float(x), 5) for x in squares] == [0.40067, 0.40546, 0.40619, 0.40630]
    alpha = rows / (real + rows)
    beta = alpha * ((1 + 1 / real) * alpha - 1 / real)
    for m, square in enumerate(squares):
        noise = (1 + 2 * alpha - (1 - 1 / real) * alpha * beta**m) / real
        kept = (1 - 1 / real) * start * (1 + alpha + alpha / real * beta**m)
        assert square == pytest.approx((noise + kept) / (1 + (1 + 1 / real) * alpha), rel=1e-13)


# --- features of modulus one: characters --------------------------------------------------------


def mise(workflow: Workflow, generations: int, bandwidth: float) -> list[float]:
    """Mean integrated squared error of the Gaussian-kernel chain with truth N(0, 1).

    (1/2 pi) int kappa^2 B - 2 kappa phi_0 E phi_train + phi_0^2 dw, by the trapezoidal rule, which
    converges faster than any power for these integrands.
    """
    w, step = np.linspace(-24, 24, 961, retstep=True)
    truth, kappa = np.exp(-(w**2) / 2), np.exp(-((bandwidth * w) ** 2) / 2)
    seen = fits(workflow, generations, unit_modulus(truth, lambda t: kappa))
    errors = [kappa**2 * fit.mean_square - 2 * kappa * truth * fit.mean + truth**2 for fit in seen]
    return [float(step * error.sum() / (2 * math.pi)) for error in errors]


@pytest.mark.parametrize(
    ("workflow", "printed"),
    [
        (Workflow.replace(100),
         {1: 0.00555, 2: 0.01089, 3: 0.01641, 4: 0.02203, 5: 0.02765, 6: 0.03321}),
        (Workflow.replace(20), {1: 0.02329, 2: 0.0388, 8: 0.1004}),
        (Workflow.accumulate(20), {1: 0.02329, 2: 0.02461, 8: 0.02422}),
        (Workflow.accumulate_subsample(20), {1: 0.02329, 2: 0.03562, 8: 0.04581}),
    ],
    ids=str,
)  # fmt: skip
def test_kernel_density_has_the_printed_errors(
    workflow: Workflow, printed: dict[int, float]
) -> None:
    """Five decimals are printed, four of .0388 and .1004."""
    errors = mise(workflow, max(printed), 0.4)
    for t, value in printed.items():
        assert errors[t - 1] == pytest.approx(
            value, abs=5.1e-5 if value in (0.0388, 0.1004) else 5.1e-6
        )


@given(cases(kinds=[kind for kind in KINDS if not kind.startswith("custom")]))
def test_moving_the_data_turns_the_mean_and_changes_no_square(case: Case) -> None:
    """x + c multiplies every character by a phase; new real batches must follow."""
    mean, phase = np.array([0.8, 0.3]), np.exp(1j * np.array([0.7, 2.9]))
    kappa = np.array([0.9, 0.5])

    def moved(factor: Any) -> list[Fit]:
        return fits(case.workflow, GENERATIONS, unit_modulus(mean * factor, lambda t: kappa))

    for still, turned in zip(moved(1), moved(phase), strict=True):
        np.testing.assert_allclose(turned.mean_square, still.mean_square, rtol=1e-12)
        np.testing.assert_allclose(turned.mean, still.mean * phase, rtol=1e-12)


@given(cases())
def test_one_frequency_is_an_entry_of_many(case: Case) -> None:
    def at(mean: Any, kappa: Any) -> list[Fit]:
        return fits(case.workflow, GENERATIONS, unit_modulus(mean, lambda t: kappa))

    if case.kind == "custom":
        return
    together = at(np.array([0.8, 0.3]), np.array([0.9, 0.5]))
    alone = at(np.float64(0.3), 0.5)
    for many, one in zip(together, alone, strict=True):
        np.testing.assert_allclose(many.mean_square[1], one.mean_square, rtol=1e-13)
        np.testing.assert_allclose(many.mean[1], one.mean, rtol=1e-13)


@pytest.mark.parametrize(
    "workflow",
    [
        Workflow.replace(20),
        Workflow.accumulate((20, 7)),
        Workflow.accumulate_subsample(20),
        Workflow.anchored(9, 20),
        Workflow.fresh(9, 20, 0.5),
    ],
    ids=str,
)
def test_mean_density_is_a_product_of_dampings(workflow: Workflow) -> None:
    """E phi_train = phi_0 (W kappa)-products: m_new = kappa w'm, and 1 for a real batch."""
    mean, damping, generations = 0.6, 0.7, 5
    seen = fits(workflow, generations, unit_modulus(np.float64(mean), lambda t: damping))
    batches: list[float] = []
    for t, fit in enumerate(seen, start=1):
        batches += [mean] * bool(workflow.real_rows(t))
        expected = float(workflow.weights(t) @ batches)
        assert fit.mean == pytest.approx(expected, rel=1e-13)
        batches.append(damping * expected)
