"""Who trains on what: hand-worked examples, and properties of every workflow."""

import re
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from fractions import Fraction
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from tests.oracles.training_sets import training_sets
from tests.strategies import GENERATIONS, Case, cases
from theory.workflow import UnsupportedWorkflow, Workflow, WorkflowKind, whole_number

FALSE_FAIL = 1e-6  # of each chi-square test, over seeds


def halves(t: int) -> list[float]:
    """Half of the weight on the last batch, half on the first."""
    return [1.0] if t == 1 else [0.5] + [0.0] * (t - 2) + [0.5]


# name: (workflow, pool sizes, training sizes, real fractions, weights), for fits 1, 2, 3 and 4
BY_HAND: dict[str, tuple[Workflow, list[int], list[int], list[str], list[str]]] = {
    "replace": (
        Workflow.replace((5, 3, 4)),
        [5, 3, 4, 4], [5, 3, 4, 4], ["1", "0", "0", "0"],
        ["1", "0 1", "0 0 1", "0 0 0 1"],
    ),
    "accumulate": (
        Workflow.accumulate((5, 3, 4)),
        [5, 8, 12, 16], [5, 8, 12, 16], ["1", "5/8", "5/12", "5/16"],
        ["1", "5/8 3/8", "5/12 3/12 4/12", "5/16 3/16 4/16 4/16"],
    ),
    "the budget defaults to the size of synthetic batch one": (
        Workflow.accumulate_subsample((5, 3, 4)),
        [5, 8, 12, 16], [3, 3, 3, 3], ["1", "5/8", "5/12", "5/16"],
        ["1", "5/8 3/8", "5/12 3/12 4/12", "5/16 3/16 4/16 4/16"],
    ),
    "a budget above the pool takes the pool": (
        Workflow.accumulate_subsample((5, 3, 4), 7),
        [5, 8, 12, 16], [5, 7, 7, 7], ["1", "5/8", "5/12", "5/16"],
        ["1", "5/8 3/8", "5/12 3/12 4/12", "5/16 3/16 4/16 4/16"],
    ),
    "a budget with replacement may exceed the pool": (
        Workflow.accumulate_subsample((5, 3, 4), 7, True),
        [5, 8, 12, 16], [7, 7, 7, 7], ["1", "5/8", "5/12", "5/16"],
        ["1", "5/8 3/8", "5/12 3/12 4/12", "5/16 3/16 4/16 4/16"],
    ),
    "the real batch leaves a window": (
        Workflow.sliding_window((5, 3, 4), 2),
        [5, 8, 7, 8], [5, 8, 7, 8], ["1", "5/8", "0", "0"],
        ["1", "5/8 3/8", "0 3/7 4/7", "0 0 4/8 4/8"],
    ),
    "anchored ignores entry 0": (
        Workflow.anchored(6, (9, 2, 3)),
        [6, 8, 9, 9], [6, 8, 9, 9], ["1", "6/8", "6/9", "6/9"],
        ["1", "6/8 2/8", "6/9 0 3/9", "6/9 0 0 3/9"],
    ),
    "fresh numbers a generation's real batch before its synthetic one": (
        Workflow.fresh(6, (9, 2, 3)),
        [6, 8, 9, 9], [6, 8, 9, 9], ["1", "6/8", "6/9", "6/9"],
        ["1", "0 2/8 6/8", "0 0 0 3/9 6/9", "0 0 0 0 0 3/9 6/9"],
    ),
    "weighted fresh gives the real rows their share from generation two on": (
        Workflow.fresh(6, (9, 2, 3), 0.25),
        [6, 8, 9, 9], [6, 8, 9, 9], ["1", "1/4", "1/4", "1/4"],
        ["1", "0 3/4 1/4", "0 0 0 3/4 1/4", "0 0 0 0 0 3/4 1/4"],
    ),
    "custom sees the batches of positive weight": (
        Workflow.custom((5, 3, 4), halves),
        [5, 8, 9, 9], [5, 8, 9, 9], ["1", "1/2", "1/2", "1/2"],
        ["1", "1/2 1/2", "1/2 0 1/2", "1/2 0 0 1/2"],
    ),
}  # fmt: skip


def floats(text: str) -> list[float]:
    return [float(Fraction(part)) for part in text.split()]


# --- bookkeeping --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BY_HAND)
def test_fits_see_what_they_see_by_hand(name: str) -> None:
    workflow, pools, trained, real, weights = BY_HAND[name]
    fits = range(1, 5)
    assert [workflow.pool_size(t) for t in fits] == pools
    assert [workflow.train_size(t) for t in fits] == trained
    fraction = [workflow.real_fraction(t) for t in fits]
    np.testing.assert_allclose(fraction, floats(" ".join(real)), rtol=1e-15)
    for t, row in zip(fits, weights, strict=True):
        np.testing.assert_allclose(workflow.weights(t), floats(row), rtol=1e-15)
        assert len(workflow.weights(t)) == workflow.batches(t)


def test_batches_have_the_rows_of_the_schedule() -> None:
    assert [Workflow.replace((5, 3, 4)).batch_rows(b) for b in range(5)] == [5, 3, 4, 4, 4]
    assert [Workflow.anchored(6, (9, 2, 3)).batch_rows(b) for b in range(4)] == [6, 2, 3, 3]
    fresh = Workflow.fresh(6, (9, 2, 3))
    assert [fresh.batch_rows(b) for b in range(7)] == [6, 2, 6, 3, 6, 3, 6]
    assert [fresh.real_rows(t) for t in (1, 2, 3)] == [6, 6, 6]
    assert [Workflow.anchored(6, 2).real_rows(t) for t in (1, 2, 3)] == [6, 0, 0]
    assert [fresh.synthetic_rows(t) for t in (1, 2, 3)] == [2, 3, 3]


@given(cases())
def test_training_sets_are_those_of_the_oracle(case: Case) -> None:
    """Numbering, pool, weights and rows trained on, for every workflow and schedule."""
    workflow = case.workflow
    for t, fit in enumerate(training_sets(generations=GENERATIONS, **case.oracle), start=1):
        row = np.zeros(workflow.batches(t))
        row[list(fit.weights)] = [float(w) for w in fit.weights.values()]
        np.testing.assert_allclose(workflow.weights(t), row, rtol=1e-14)
        assert workflow.weights(t).sum() == pytest.approx(1, rel=1e-14)
        assert all(workflow.batch_rows(b) == rows for b, rows in fit.sizes.items())
        assert workflow.synthetic_rows(t) == fit.synthetic_rows
        assert workflow.real_rows(t) == sum(fit.new_real)
        if workflow.weight != 1:  # the oracle drops batches of weight 0
            assert workflow.pool_size(t) == fit.pool_rows
            assert workflow.train_size(t) == fit.trained_rows


@given(cases())
def test_slots_hold_what_the_weights_say(case: Case) -> None:
    """Summing the batches' weights by slot gives `slot_weights`; a slot holds one live batch."""
    workflow = case.workflow
    count = workflow.slots(GENERATIONS)
    table = workflow.slot_weights(GENERATIONS)
    assert table.shape == (GENERATIONS + 1, count)
    owner: list[int] = []
    for t in range(1, GENERATIONS + 1):
        owner += [0] * bool(workflow.real_rows(t))
        weights = workflow.weights(t)
        held = np.zeros(count)
        np.add.at(held, owner, weights)
        np.testing.assert_allclose(table[t], held, rtol=1e-14, atol=1e-16)
        if not workflow.merges:
            live = [slot for slot, weight in zip(owner, weights, strict=True) if weight > 0]
            assert len(set(live)) == len(live)
        if t < GENERATIONS:
            owner.append(workflow.slot(t, count))


@given(cases())
def test_row_weighted_means_that_all_rows_of_a_fit_weigh_the_same(case: Case) -> None:
    fits = training_sets(generations=GENERATIONS, **case.oracle)
    if case.workflow.weight is None:
        assert case.workflow.row_weighted(GENERATIONS) == all(f.rows_weigh_the_same for f in fits)
    else:
        assert not case.workflow.row_weighted(GENERATIONS)


# --- draws --------------------------------------------------------------------------------------


class Untouchable:
    """A generator that must not be used."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the generator's {name} was used")


def all_rows(workflow: Workflow, t: int) -> list[tuple[int, int]]:
    """Every row of every batch with weight, in order of creation."""
    seen = np.flatnonzero(workflow.weights(t) > 0)
    return [(int(b), row) for b in seen for row in range(workflow.batch_rows(int(b)))]


@pytest.mark.parametrize("name", [name for name in BY_HAND if "budget" not in name])
@pytest.mark.parametrize("t", [1, 2, 3, 4])
def test_without_a_budget_a_draw_is_every_row_in_order(name: str, t: int) -> None:
    workflow = BY_HAND[name][0]
    drawn = workflow.draw(t, Untouchable())  # type: ignore[arg-type]
    assert list(map(tuple, drawn.tolist())) == all_rows(workflow, t)


def test_a_budget_of_at_least_the_pool_draws_every_row() -> None:
    workflow = Workflow.accumulate_subsample((5, 3, 4), 12)
    for t in (1, 2, 3):
        drawn = workflow.draw(t, Untouchable())  # type: ignore[arg-type]
        assert list(map(tuple, drawn.tolist())) == all_rows(workflow, t)


@given(cases(kinds=["accumulate_subsample"]), st.integers(1, GENERATIONS))
def test_drawn_rows_exist_and_repeat_only_with_replacement(case: Case, t: int) -> None:
    workflow = case.workflow
    drawn = workflow.draw(t, np.random.default_rng(1))
    assert drawn.shape == (workflow.train_size(t), 2)
    assert np.issubdtype(drawn.dtype, np.integer)
    rows = list(map(tuple, drawn.tolist()))
    assert set(rows) <= set(all_rows(workflow, t))
    assert workflow.replacement or len(set(rows)) == len(rows)


@pytest.mark.parametrize("replacement", [False, True])
def test_every_training_set_is_equally_likely(replacement: bool) -> None:
    """Chi-square over all sets (all pairs with replacement) of 2 of the 5 rows at t = 2.

    False-fail rate 1e-6. With 4,000 draws a row that is drawn 1.5 times as often as the others is
    missed with probability below 1e-3.
    """
    workflow, draws = Workflow.accumulate_subsample((3, 2), 2, replacement), 4000
    pool = all_rows(workflow, 2)
    sets = [frozenset(s) for s in combinations(pool, 2)]
    probability = {s: Fraction(1, len(sets)) for s in sets}
    if replacement:
        probability = {}
        for pair in product(pool, repeat=2):
            key = frozenset(pair)
            probability[key] = probability.get(key, Fraction(0)) + Fraction(1, 25)
    rng = np.random.default_rng(11)
    seen = dict.fromkeys(probability, 0)
    for _ in range(draws):
        seen[frozenset(map(tuple, workflow.draw(2, rng).tolist()))] += 1
    expected = {s: draws * float(p) for s, p in probability.items()}
    statistic = sum((seen[s] - expected[s]) ** 2 / expected[s] for s in expected)
    assert statistic < chi2.isf(FALSE_FAIL, len(expected) - 1)


def test_every_row_is_drawn_as_often_as_any_other() -> None:
    """12 of 30 rows of six batches. False-fail rate 1e-6; detects 15 % more on one batch.

    Counts of m of N rows have covariance R f (1 - f) N / (N - 1) (I - J / N), f = m / N.
    """
    workflow, draws = Workflow.accumulate_subsample(5, 12), 3000
    rng = np.random.default_rng(12)
    counts = np.zeros((6, 5))
    for _ in range(draws):
        np.add.at(counts, tuple(workflow.draw(6, rng).T), 1)
    f = 12 / 30
    statistic = ((counts - draws * f) ** 2).sum() / (draws * f * (1 - f) * 30 / 29)
    assert statistic < chi2.isf(FALSE_FAIL, 29)


def test_a_draw_depends_on_the_generator_given_and_on_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workflow = Workflow.accumulate_subsample(50, 20)
    streams = [np.random.default_rng(seed) for seed in (3, 3, 4)]
    monkeypatch.setattr(np.random, "default_rng", Untouchable())
    first, same, other = (workflow.draw(4, rng) for rng in streams)
    assert (first == same).all()
    assert (first != other).any()
    assert (workflow.draw(4, streams[0]) != first).any()  # afresh each time


# --- names --------------------------------------------------------------------------------------

SPELLED: dict[str, tuple[dict[str, Any], Workflow]] = {
    "replace": ({"n": 5}, Workflow.replace(5)),
    "accumulate": ({"n": (5, 9)}, Workflow.accumulate((5, 9))),
    "accumulate-subsample": (
        {"n": 5, "budget": 3, "replacement": True},
        Workflow.accumulate_subsample(5, 3, True),
    ),
    "sliding-window": ({"n": 5, "window": 3}, Workflow.sliding_window(5, 3)),
    "anchored": ({"n": 5, "n_real": 8}, Workflow.anchored(8, 5)),
    "fresh": ({"n": 5, "n_real": 8, "weight": 0.3}, Workflow.fresh(8, 5, 0.3)),
}


@pytest.mark.parametrize("name", SPELLED)
def test_parse_reads_hyphens_and_underscores_alike(name: str) -> None:
    options, workflow = SPELLED[name]
    assert Workflow.parse(name, **options) == workflow
    assert Workflow.parse(name.replace("-", "_"), **options) == workflow


def test_parse_fills_in_the_same_defaults() -> None:
    assert Workflow.parse("accumulate-subsample", n=(5, 7)).budget == 7
    assert Workflow.parse("fresh", n=5, n_real=8) == Workflow.fresh(8, 5)


OPTIONS = {"n_real": 8, "window": 3, "budget": 4, "replacement": True, "weight": 0.5}
UNUSED = [
    (name, option)
    for name, (options, _) in SPELLED.items()
    for option in OPTIONS
    if option not in options
]


@pytest.mark.parametrize(("name", "option"), UNUSED)
def test_parse_refuses_an_option_it_would_not_use(name: str, option: str) -> None:
    given_options = {**SPELLED[name][0], option: OPTIONS[option]}
    quoted = re.escape(f"{name} takes no {option}, got {option}={OPTIONS[option]}")
    with pytest.raises(ValueError, match=quoted):
        Workflow.parse(name, **given_options)


def test_a_schedule_ends_where_it_starts_to_repeat() -> None:
    assert Workflow.replace((4, 7, 7, 7)) == Workflow.replace((4, 7))
    assert Workflow.replace((7, 7)) == Workflow.replace(7) == Workflow.replace(np.int64(7))
    assert Workflow.replace([4, 7]) == Workflow.replace((4, 7))
    assert Workflow.replace((7, 4, 7)).schedule == (7, 4, 7)


def test_equal_workflows_have_equal_hashes() -> None:
    assert Workflow.accumulate_subsample(5) == Workflow.accumulate_subsample((5,), 5)
    assert len({Workflow.accumulate(5), Workflow.accumulate((5, 5)), Workflow.replace(5)}) == 2
    assert Workflow.sliding_window(5, 1) != Workflow.replace(5)
    assert Workflow.custom(5, halves) == Workflow.custom(5, halves)
    assert hash(Workflow.custom(5, halves)) == hash(Workflow.custom(5, halves))


def test_workflows_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Workflow.replace(5).budget = 3  # type: ignore[misc]


def test_a_workflow_reads_as_its_options() -> None:
    texts = {
        Workflow.replace(5): "replace (n=5)",
        Workflow.accumulate((5, 9, 14)): "accumulate (n=5,9,14,...)",
        Workflow.accumulate_subsample(5, 3, True): "accumulate-subsample "
        "(n=5, budget=3, with replacement)",
        Workflow.sliding_window(5, 3): "sliding-window (n=5, window=3)",
        Workflow.fresh(8, 5, 0.3): "fresh (n=5, n_real=8, weight=0.3)",
        Workflow.custom(5, halves): "custom (n=5)",
    }
    assert {str(workflow): workflow for workflow in texts} == {v: k for k, v in texts.items()}


def test_every_kind_has_a_constructor_of_its_name() -> None:
    for kind in WorkflowKind:
        assert callable(getattr(Workflow, kind.value.replace("-", "_")))


# --- bad input ----------------------------------------------------------------------------------

BAD: list[tuple[Callable[[], Any], str]] = [
    (lambda: Workflow.replace(0), "n must be a whole number >= 1, got 0"),
    (lambda: Workflow.replace(-3), "got -3"),
    (lambda: Workflow.replace(2.5), "got 2.5"),  # type: ignore[arg-type]
    (lambda: Workflow.replace(5.0), "got 5.0"),  # type: ignore[arg-type]
    (lambda: Workflow.replace(True), "got True"),
    (lambda: Workflow.replace("12"), "got '12'"),  # type: ignore[arg-type]
    (lambda: Workflow.replace(None), "got None"),  # type: ignore[arg-type]
    (lambda: Workflow.replace(()), "n must have at least one entry, got ()"),
    (lambda: Workflow.accumulate((5, 0)), "got 0"),
    (lambda: Workflow.accumulate((5, 1.5)), "got 1.5"),  # type: ignore[arg-type]
    (lambda: Workflow.accumulate_subsample(5, 0), "budget must be a whole number >= 1, got 0"),
    (lambda: Workflow.accumulate_subsample(5, 2.5), "got 2.5"),  # type: ignore[arg-type]
    (lambda: Workflow.sliding_window(5, 0), "window must be a whole number >= 1, got 0"),
    (lambda: Workflow.sliding_window(5, None), "got None"),  # type: ignore[arg-type]
    (lambda: Workflow.anchored(0, 5), "n_real must be a whole number >= 1, got 0"),
    (lambda: Workflow.anchored(5, 0), "n must be a whole number >= 1, got 0"),
    (lambda: Workflow.fresh(-1, 5), "n_real must be a whole number >= 1, got -1"),
    (lambda: Workflow.fresh(5, 5, 0.0), "weight must be in (0, 1], got 0.0"),
    (lambda: Workflow.fresh(5, 5, 1.5), "weight must be in (0, 1], got 1.5"),
    (lambda: Workflow.fresh(5, 5, float("nan")), "weight must be in (0, 1], got nan"),
    (lambda: Workflow.custom(5, [1.0]), "weights must be a function"),  # type: ignore[arg-type]
    (lambda: Workflow.custom(5, lambda t: [1.0]).weights(2), "shape (2,), got shape (1,)"),
    (lambda: Workflow.custom(5, lambda t: [0.4] * t).weights(2), "got sum 0.8"),
    (lambda: Workflow.custom(5, lambda t: [1.5, -0.5]).pool_size(2), "minimum -0.5"),
    (lambda: Workflow.custom(5, lambda t: [float("nan")]).weights(1), "got sum nan"),
    (lambda: Workflow.replace(5).pool_size(0), "t must be a whole number >= 1, got 0"),
    (lambda: Workflow.replace(5).train_size(-1), "got -1"),
    (lambda: Workflow.replace(5).weights(0), "got 0"),
    (lambda: Workflow.accumulate(5).real_fraction(0), "got 0"),
    (lambda: Workflow.replace(5).real_fraction(1.5), "got 1.5"),  # type: ignore[arg-type]
    (lambda: Workflow.replace(5).draw(0, np.random.default_rng(0)), "got 0"),
    (lambda: Workflow.parse("recycle", n=5), "unknown workflow 'recycle': choose from replace"),
    (lambda: Workflow.parse("custom", n=5), "unknown workflow 'custom'"),
    (lambda: Workflow.parse("sliding-window", n=5), "sliding-window needs window"),
    (lambda: Workflow.parse("anchored", n=5), "anchored needs n_real"),
    (lambda: Workflow.parse("fresh", n=5, weight=0.5), "fresh needs n_real"),
    (lambda: Workflow.parse("fresh", n=5, n_real=5, weight=2), "weight must be in (0, 1], got 2"),
    (lambda: Workflow.parse("replace", n=(5, -1)), "got -1"),
    (lambda: whole_number("dim", 0), "dim must be a whole number >= 1, got 0"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "fragment"), BAD, ids=[fragment for _, fragment in BAD])
def test_bad_input_is_a_value_error_that_quotes_it(call: Callable[[], Any], fragment: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fragment)):
        call()


def test_unsupported_workflow_is_a_value_error_and_an_attribute_error() -> None:
    assert issubclass(UnsupportedWorkflow, ValueError)
    assert issubclass(UnsupportedWorkflow, AttributeError)
