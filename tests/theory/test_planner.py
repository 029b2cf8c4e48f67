"""The planner: drifts against every workflow, long runs against recursions, certificates."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.gaussian import GaussianChain, curves
from theory.inflation import inflation
from theory.phases import Fate
from theory.planner import Keep, Pipeline, Prices, Verifier, inverse, plan, verified
from theory.planner.changes import changes, cost
from theory.planner.drift import drift, real_only
from theory.planner.outlook import long_run_spread, outlook
from theory.regression.subsample import subsample_growth

WITH_TWINS = [
    Pipeline(100, 70, Keep.LATEST),
    Pipeline(100, 70, Keep.EVERYTHING),
    Pipeline(100, 70, Keep.EVERYTHING, budget=40),
    Pipeline(100, 70, Keep.EVERYTHING, budget=200),
    Pipeline(100, 70, Keep.LAST, window=3),
    Pipeline(100, 70, Keep.LATEST, keep_real=True),
    Pipeline(100, 70, Keep.LATEST, real_per_round=100),
    Pipeline(100, 70, Keep.LATEST, real_per_round=100, weight=0.3),
]


@pytest.mark.parametrize("pipeline", WITH_TWINS, ids=str)
def test_inflation_is_that_of_the_workflow(pipeline):
    """The recursion over noises against the one over slots: 9 rounds of sums, some 1e-14."""
    known = inflation(pipeline.workflow, 9)
    assert drift(pipeline, 9).inflation == pytest.approx(known.values, rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("tau", [1.0, 0.7])
@pytest.mark.parametrize("pipeline", WITH_TWINS, ids=str)
def test_finite_drift_is_a_fitted_gaussian_s(pipeline, tau):
    known = curves(GaussianChain(1, 0, temperature=tau), pipeline.workflow, 9)
    found = drift(replace(pipeline, temperature=tau), 9, finite=True)
    assert found.error == pytest.approx(known.mean_error.values, rel=1e-13, abs=1e-15)
    assert found.spread == pytest.approx(known.trace_ratio.values, rel=1e-13)


def literal(pipeline, rounds):
    """E e_t^2 in fractions, from coefficients of every batch's noise: every row alike."""
    models = []  # coefficients by noise; a batch's noise has variance 1 / rows
    found = []
    for t in range(1, rounds + 1):
        rows = []
        for s in range(1, t + 1):
            kept = pipeline.keep_real or s > t - (pipeline.window or 1)
            size = pipeline.real if s == 1 else pipeline.real_per_round
            if kept and size:
                rows.append(({("real", s): Fraction(1)}, size))
        for s in range(max(1, t - pipeline.rounds_kept(t)), t):
            rows.append((models[s - 1] | {("model", s): Fraction(1)}, pipeline.synthetic))
        total = sum(size for _, size in rows)
        model = {}
        for noises, size in rows:
            for noise, factor in noises.items():
                model[noise] = model.get(noise, 0) + factor * Fraction(size, total)
        models.append(model)

        def rows_of(noise):
            if noise[0] == "model":
                return pipeline.synthetic
            return pipeline.real if noise[1] == 1 else pipeline.real_per_round

        found.append(sum(factor**2 / rows_of(noise) for noise, factor in model.items()))
    return found


@pytest.mark.parametrize(
    "pipeline",
    [
        Pipeline(10, 7, Keep.EVERYTHING, real_per_round=3),
        Pipeline(10, 7, Keep.LAST, window=3, real_per_round=2),
        Pipeline(10, 7, Keep.LAST, window=2, keep_real=True),
        Pipeline(10, 7, Keep.LATEST, keep_real=True, real_per_round=4),
    ],
    ids=str,
)
def test_drifts_without_a_workflow_of_their_own(pipeline):
    """Against coefficients in fractions, written from the description."""
    expected = [float(x) for x in literal(pipeline, 6)]
    assert drift(pipeline, 6).error[1:] == pytest.approx(expected, rel=1e-13)


LONG = [
    dict(keep="latest", keep_real=True),
    dict(keep="last", window=4, keep_real=True, weight=0.2),
    dict(keep="last", window=5, real_per_round=30),
    dict(keep="last", window=2, real_per_round=30, weight=0.15),
    dict(keep="latest", real_per_round=30, budget=50),
    dict(keep="last", window=5, keep_real=True, budget=90, temperature=0.8),
    dict(keep="last", window=3, real_per_round=20, temperature=1.1),
]


@pytest.mark.parametrize("options", LONG, ids=str)
def test_the_long_run_is_where_the_recursion_goes(options):
    """The memory of the slowest is 0.97 a round at most: 1e-13 of it is left after 1,000."""
    pipeline = Pipeline(100, 70, **options)
    seen = drift(pipeline, 1000)
    assert outlook(pipeline).limit == pytest.approx(seen.inflation[-1], rel=1e-9)
    assert long_run_spread(pipeline) == pytest.approx(seen.spread[-1], rel=1e-9)


@pytest.mark.parametrize("options", [dict(), dict(window=4), dict(window=4, budget=60)], ids=str)
def test_slopes_are_those_of_the_recursion(options):
    pipeline = Pipeline(100, 70, "last" if options else "latest", **options)
    last = drift(pipeline, 400).inflation
    assert outlook(pipeline).slope == pytest.approx(last[-1] - last[-2], rel=1e-9)


def test_fates():
    kinds = {
        Fate.LINEAR: Pipeline(10, 10, "latest"),
        Fate.BOUNDED: Pipeline(10, 10, "everything"),
        Fate.FALLS: Pipeline(10, 10, "everything", real_per_round=1),
        Fate.LOGARITHMIC: Pipeline(10, 10, "last", window_exponent=0.5),
        Fate.POWER: Pipeline(10, 10, "latest", keep_real=True, real_exponent=0.5),
    }
    assert {fate: outlook(one).fate for fate, one in kinds.items()} == {f: f for f in kinds}
    assert outlook(Pipeline(10, 10, "last", window_exponent=0.6)).bounded


# --- inverse questions ---------------------------------------------------------------------------

loops = st.builds(
    lambda real, rows, tolerance: Pipeline(real, rows, Keep.LATEST, tolerance=tolerance),
    st.integers(1, 10**6), st.integers(1, 10**6), st.floats(1.01, 50),
)  # fmt: skip


@given(loops)
@settings(deadline=None)
def test_real_rows_are_enough_and_one_less_is_not(loop):
    answer = inverse.least_real_rows(loop)
    r, bound = int(answer.value), Fraction(loop.tolerance)

    def settles(rows):
        return Fraction(loop.real * (loop.synthetic + rows), rows * (2 * loop.synthetic + rows))

    assert settles(r) <= bound
    assert r == 1 or settles(r - 1) > bound


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_best_weight_is_the_root_of_the_derivative(real, rows):
    """w* solves w^2 + k w - k = 0; the value there is w* itself."""
    answer, k = inverse.best_weight(real, rows), real / rows
    w = answer.value
    assert w * w + k * w - k == pytest.approx(0, abs=1e-12 * (k + 1))
    assert answer.at == pytest.approx(w, rel=1e-9)
    assert all(beside >= answer.at * (1 - 1e-12) for _, beside in answer.beside)


def test_weights_that_reach_the_tolerance_exactly():
    for options in (dict(keep_real=True), dict(real_per_round=600)):
        answer = inverse.least_weight(Pipeline(1000, 1000, "latest", tolerance=1.3, **options))
        assert answer.at == pytest.approx(1.3, rel=1e-12)
        assert answer.beside[0][1] > 1.3
    few = Pipeline(1000, 1000, "latest", real_per_round=100, tolerance=1.01)
    assert inverse.least_weight(few) is None


@pytest.mark.parametrize("dim", [1, 2, 6, 40, 1000])
def test_the_regression_budget_is_where_growth_is_one(dim):
    answer = inverse.least_regression_budget(dim)
    assert subsample_growth(dim, 2 * dim + 1) < 1 <= subsample_growth(dim, 2 * dim)
    assert answer.value == 2 * dim + 1
    assert answer.at < 1 <= answer.beside[0][1]


def test_windows_and_budgets_are_the_least():
    loop = Pipeline(1000, 1000, "latest", tolerance=1.7)
    answer = inverse.least_window(loop)
    assert answer.at <= 1.7 < answer.beside[0][1]
    kept = inverse.least_budget(Pipeline(1000, 1000, "everything", tolerance=2.0))
    assert kept.at <= 2.0 < kept.beside[0][1]
    assert inverse.least_budget(Pipeline(1000, 1000, "everything", tolerance=1.6)) is None


def test_window_exponents_agree_with_the_map():
    """Just above the answer it is bounded, and below it grows."""
    for b in (0.2, 0.5, 0.8, 3.0):
        answer = inverse.least_window_exponent(b)
        above = Pipeline(
            10, 10, "last", window_exponent=answer.value + 0.01, keep_real=True, real_exponent=b
        )
        below = replace(above, window_exponent=answer.beside[0][0])
        assert outlook(above).bounded
        assert outlook(below).growth.exponent == pytest.approx(answer.beside[0][1])
        assert not outlook(below).bounded


JUDGED = Pipeline(300, 600, "latest", verifier=Verifier(0.1, 1.0), parameters=3)


def test_the_best_round_is_the_least_of_many():
    """Of 30 rounds, which its certificate leaves out beyond the first 16."""
    answer, long = verified.best_round(JUDGED), verified.errors(JUDGED, 31).values[1:]
    assert answer.value == 1 + np.argmin(long) == 2
    assert answer.at == pytest.approx(long.min(), rel=1e-9)


def test_no_bias_has_no_best_round_and_a_judge_far_off_is_not_asked():
    assert verified.best_round(replace(JUDGED, verifier=Verifier(0.0, 1.0))).value == math.inf
    assert verified.best_round(replace(JUDGED, verifier=Verifier(1.0, 1.0))).value == 1


def test_the_least_strict_verifier_reaches_the_tolerance():
    answer = verified.widest(JUDGED, 0.05)
    assert answer.at == pytest.approx(1.5, rel=1e-4)
    assert answer.at <= 1.5 < answer.beside[0][1]
    assert verified.widest(JUDGED, 1.0) is None


# --- plans ---------------------------------------------------------------------------------------

pipelines = st.fixed_dictionaries(
    {"real": st.integers(20, 10**6), "synthetic": st.integers(20, 10**6),
     "keep": st.sampled_from(["everything", "latest", "last"])},
    optional={
        "window": st.integers(1, 20), "real_per_round": st.integers(0, 1000),
        "keep_real": st.booleans(), "budget": st.integers(2, 1000), "weight": st.floats(0.01, 1),
        "temperature": st.floats(0.5, 1.5), "parameters": st.integers(1, 9),
        "horizon": st.integers(2, 30), "tolerance": st.floats(1.01, 5),
        "window_exponent": st.floats(0, 1), "real_exponent": st.floats(0.1, 3),
    },
)  # fmt: skip


@given(pipelines)
@settings(deadline=None, max_examples=60)
def test_what_is_a_pipeline_has_a_plan(options):
    """Refused, or planned: with numbers, and with changes that are what they say."""
    try:
        pipeline = Pipeline(**options)
    except ValueError:
        return
    found = plan(pipeline)
    assert np.isfinite(found.error).all()
    assert all(one.source and one.text.endswith(".") for one in found.statements)
    for one in found.changes:
        assert math.isfinite(one.extra_cost)
        if one.within and one.bounded and one.limit is not None:
            assert one.limit <= pipeline.tolerance * (1 + 1e-6)
    if found.safe:
        assert found.error.max() <= pipeline.tolerance * (1 + 1e-9)


def test_a_starved_regression_is_not_called_safe():
    loop = Pipeline(2000, 2000, "everything", budget=60, parameters=40, tolerance=1000)
    assert not plan(loop).safe
    assert plan(loop).statements[0].topic == "regression_budget"
    assert plan(replace(loop, budget=81)).safe


@pytest.mark.parametrize("tau", [0.8, 1.2])
@pytest.mark.parametrize("window", [1, 3])
def test_temperature_without_real_rows(tau, window):
    """Below 1 the error stops growing as the noise dies out; above it grows ever faster."""
    loop = Pipeline(50, 50, "last", window=window, temperature=tau)
    seen, found = np.diff(drift(loop, 200).inflation), outlook(loop)
    if tau < 1:
        assert found.bounded
        assert seen[-1] < 1e-6 < seen[20]
    else:
        assert found.word == "exponential"
        ratios = seen[100:] / seen[99:-1]
        assert ratios.min() > 1.05
    assert plan(loop).statements[0].text.startswith("It collapses. Sampling at temperature")


def test_diversity_is_tolerated_by_the_same_factor_and_on_the_way():
    """Spread settles at s/(1 - (1 - s) tau): 0.5/(1 - 0.4) = 0.833 here, 0.111 with few rows."""
    held = Pipeline(100, 100, "latest", keep_real=True, temperature=0.8, tolerance=1.5)
    assert plan(held).safe
    few = Pipeline(5000, 20_000, "latest", real_per_round=500, temperature=0.8)
    found = plan(few)
    assert found.crossed is None
    assert not found.safe
    assert found.statements[0].topic == "diversity"
    for one in found.changes:
        spread = drift(one.pipeline, 400).spread[1:]
        within = 1 / 1.5 <= min(spread) and max(spread) <= 1.5
        assert within or not one.within
    cooled = next(one for one in found.changes if one.action == "sample at temperature 1")
    assert not cooled.within  # 5.06 times in the end: the real rows are too few


def test_what_rises_before_it_falls_is_looked_for_beyond_the_horizon():
    """The error peaks at 1.402 in round 8, far above where it settles."""
    rows = dict(real_per_round=500, temperature=0.8)
    loop = Pipeline(5000, 20_000, "latest", horizon=3, tolerance=1.35, **rows)
    assert outlook(loop).limit < 0.6
    assert plan(loop).crossed == 5
    assert plan(replace(loop, tolerance=1.41)).crossed is None


def test_lost_diversity_is_said_first():
    found = plan(Pipeline(100, 100, "everything", temperature=0.7, tolerance=10))
    assert found.statements[0].topic == "diversity"
    assert not found.safe


def test_changes_are_ranked_by_what_they_hold_and_by_cost():
    free = Pipeline(1000, 1000, "latest", prices=Prices(real=0, trained=1, stored=1))
    for loop in (Pipeline(1000, 1000, "latest"), free):
        ranks = [(not c.bounded, not c.within, c.extra_cost) for c in changes(loop)]
        assert ranks == sorted(ranks)
    assert "new real rows" in changes(free)[0].action
    assert changes(Pipeline(1000, 1000, "latest"))[0].pipeline.keep_real


def test_a_change_says_what_it_gives_up():
    """A verifier far off: what holds the pipeline without it drops it, and says so."""
    judged = replace(JUDGED, verifier=Verifier(1.0, 3.0))
    for one in changes(judged):
        assert one.action.startswith("drop the verifier, and ") == (one.pipeline.verifier is None)


def test_a_budget_too_small_is_given_up_or_raised():
    drawn, whole = changes(Pipeline(3000, 3000, "everything", budget=900, tolerance=2.0))
    assert drawn.action == f"train on {drawn.answer.value:,} of the rows kept, drawn at random"
    assert whole.action == "train on every row that is kept"
    assert whole.limit == pytest.approx(math.pi**2 / 6)
    assert whole.limit < drawn.limit <= 2


def test_costs_count_every_price():
    one = Pipeline(100, 50, "latest", real_per_round=10, horizon=2)
    assert cost(one) == pytest.approx(0.5 + 10 / 2 + 0.001 * 80 + 0.0001 * 80)


def test_real_only_uses_every_real_row():
    assert real_only(Pipeline(10, 10, "latest", real_per_round=5), 3)[1:] == pytest.approx(
        [1 / 10, 1 / 15, 1 / 20]
    )
