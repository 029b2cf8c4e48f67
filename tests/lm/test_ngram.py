"""The n-gram model, by counting with dictionaries, and its chains against exact theory."""

import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from lm.ngram import Mode, NgramModel, Text, documentation_words, run, table
from lm.ngram.free import Free, free
from lm.ngram.held import FIELDS, Held, held
from lm.ngram.model import Alphabet
from lm.ngram.prediction import prediction
from lm.ngram.words import numbered
from theory.workflow import Workflow


def made(rows=40, letters=5, seed=1):
    rng = np.random.Generator(np.random.SFC64(seed))
    return [
        (rng.zipf(1.7, size=rng.integers(1, 8)) % letters).tolist() for _ in range(rows)
    ]  # fmt: skip


def counted(rows, order, end):
    """context (with None before the row) -> Counter of what follows."""
    found = defaultdict(Counter)
    for row in rows:
        padded = [None] * (order - 1) + list(row) + [end]
        for i in range(order - 1, len(padded)):
            found[tuple(padded[i - order + 1 : i])][padded[i]] += 1
    return found


# --- the model ----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_entropy_and_loss_agree_with_dictionaries(order):
    rows, other = made(), made(20, 6, seed=2)
    alphabet = Alphabet(order, 6)
    model = NgramModel.fit([Text.of(rows, alphabet)], [np.ones(len(rows))], 0.0)
    by_hand = counted(rows, order, 6)
    total = sum(n for c in by_hand.values() for n in c.values())
    entropy = math.fsum(
        -n / total * math.log(n / sum(c.values())) for c in by_hand.values() for n in c.values()
    )
    assert model.entropy == pytest.approx(entropy, rel=1e-12)
    losses = [
        -math.log((by_hand[c][w] + 0.3) / (sum(by_hand[c].values()) + 0.3 * 7)) * n
        for c, after in counted(other, order, 6).items()
        for w, n in after.items()
    ]
    events = sum(len(row) + 1 for row in other)
    found = model.cross_entropy(Text.of(other, alphabet), 0.3)
    assert found == pytest.approx(math.fsum(losses) / events, rel=1e-12)
    assert model.vocabulary_left == len({token for row in rows for token in row})


def test_weights_of_rows_are_repeats():
    rows, alphabet = made(), Alphabet(2, 5)
    weights = np.arange(40) % 3
    repeated = [row for row, w in zip(rows, weights, strict=True) for _ in range(w)]
    one = NgramModel.fit([Text.of(rows, alphabet)], [weights], 0.0)
    same = NgramModel.fit([Text.of(repeated, alphabet)], [np.ones(len(repeated))], 0.0)
    np.testing.assert_array_equal(one.pairs, same.pairs)
    np.testing.assert_array_equal(one.weights, same.weights)


def test_a_model_of_long_memory_writes_the_rows_it_saw():
    rows = [[0, 1, 2, 0], [3, 1, 2, 4], [2]]
    model = NgramModel.fit([Text.of(rows, Alphabet(6, 5))], [np.ones(3)], 0.0)
    rng = np.random.Generator(np.random.SFC64(0))
    wrote = {tuple(row.tolist()) for row in model.write(200, 9, rng)}
    assert wrote == {tuple(row) for row in rows}
    assert {len(row) for row in model.write(50, 2, rng)} == {1, 2}


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_what_follows_a_context_is_drawn_by_its_chance(alpha):
    """Chi-square at 1e-6; with 20,000 draws it would see a chance that is off by 0.03."""
    from scipy.stats import chisquare

    rows, alphabet, draws = made(), Alphabet(2, 7), 20_000
    model = NgramModel.fit([Text.of(rows, alphabet)], [np.ones(40)], alpha)
    rng = np.random.Generator(np.random.SFC64(9))
    after = counted(rows, 2, 7)[(0,)]
    assert 0 < len(after) < 8
    chance = np.array([(after[w] + alpha) / (sum(after.values()) + 8 * alpha) for w in range(8)])
    found = np.bincount(model.draw(np.zeros(draws, dtype=np.int64), rng), minlength=8)
    assert not found[chance == 0].any()
    assert chisquare(found[chance > 0], draws * chance[chance > 0]).pvalue > 1e-6


def test_bad_tokens_and_orders_are_quoted():
    with pytest.raises(ValueError, match=r"tokens must be 0..4, got 7"):
        Text.of([[1, 7]], Alphabet(2, 5))
    with pytest.raises(ValueError, match=r"tokens must be 0..4, got 5"):
        Text.of([[1, 5]], Alphabet(2, 5))
    with pytest.raises(ValueError, match=r"tokens must be 0..4, got -1"):
        Text.of([[-1]], Alphabet(2, 5))
    with pytest.raises(ValueError, match="order must be lower for 50000 tokens, got order=5"):
        Alphabet(5, 50_000)


def test_the_words_of_the_documentation():
    rows, words = documentation_words(500)
    assert len(words) == 500
    assert words[-1] == "<other>"
    assert {"the", "python", "."} <= set(words)
    assert len(rows) > 1000
    assert max(map(max, rows)) == 499
    assert numbered([["b", "a", "b"]], 5) == ([[0, 1, 0]], ["b", "a", "<other>"])
    with pytest.raises(ValueError, match="vocabulary must be >= 2, got 1"):
        documentation_words(1)


# --- contexts held: exact theory ----------------------------------------------------------------

ROWS = 36  # of the 40 that are not held out
HELD_FLOWS = [
    Workflow.replace(ROWS),
    Workflow.accumulate(ROWS),
    Workflow.accumulate_subsample(ROWS),
    Workflow.accumulate_subsample(ROWS, 2 * ROWS, replacement=True),
    Workflow.anchored(ROWS, 2 * ROWS),
    Workflow.fresh(ROWS, ROWS),
    Workflow.fresh(ROWS, ROWS, weight=0.25),
    Workflow.sliding_window((ROWS, 2 * ROWS, ROWS), 2),
    Workflow.custom(ROWS, lambda t: np.full(t, 1 / t) if t < 3 else np.eye(t)[0] / 2 + 0.5 / t),
]


@pytest.mark.parametrize(
    ("flow", "order"), [(flow, 1 + i % 3) for i, flow in enumerate(HELD_FLOWS)], ids=str
)
def test_held_contexts_follow_exact_theory(flow, order):
    """|z| within its limit: a false fail in 9 x 1e-6; what it would see is tested below."""
    found = run(made(), flow, 5, mode=Mode.HELD, vocabulary=5, order=order, replicates=300, seed=4)
    farthest, limit = found.farthest
    assert 0 < farthest <= limit < 6.5
    exact = {name for name, one in found.fields.items() if one.theory is not None}
    spectral = set() if flow.custom_weights or (order == 1) else {"survivors", "entropy"}
    assert exact == {"squared_error", "heterozygosity"} | spectral


def test_the_check_sees_another_workflow_and_ten_per_cent():
    """The simulation of replace on the theory of a window of two; and 10 % more squared error."""
    flow = Workflow.replace(ROWS)
    found = run(made(), flow, 5, mode=Mode.HELD, vocabulary=5, replicates=400, seed=4)
    one, limit = found.fields["squared_error"], found.farthest[1]
    text = Text.of([r for i, r in enumerate(made()) if i % 10 != 9], Alphabet(2, 5))
    other, _ = prediction(Held(text, text, 50, 0.1), Workflow.sliding_window(ROWS, 2), 5)
    for wrong in (other["squared_error"].values, 1.1 * one.theory.values):
        z = (one.mean - wrong)[1:] / one.std_error[1:]
        assert np.abs(z).max() > limit


def test_prediction_begins_at_the_truth_and_keeps_accumulated_words():
    text = Text.of(made(), Alphabet(2, 5))
    real = Held(text, text, 10**6, 0.1)
    found, absent = prediction(real, Workflow.accumulate(40), 4)
    truth = {name: found[name][0] for name in found}
    assert truth["squared_error"] == 0
    assert truth["entropy"] == pytest.approx(real.truth.entropy, rel=1e-12)
    assert truth["survivors"] == len(real.shares)
    np.testing.assert_allclose(found["survivors"][1:], found["survivors"][1], rtol=1e-12)
    assert set(absent) == {"cross_entropy", "vocabulary_left"}
    assert real.covered == 1.0


def test_a_chain_does_not_depend_on_how_many_there_are():
    text = Text.of(made(), Alphabet(2, 5))
    real = Held(text, text, 50, 0.1)
    few = held(real, HELD_FLOWS[0].replace(40), 3, seed=5, replicates=2)
    many = held(real, HELD_FLOWS[0].replace(40), 3, seed=5, replicates=4)
    assert tuple(few) == FIELDS
    for name in FIELDS:
        np.testing.assert_array_equal(few[name], many[name][:2])
    assert not np.array_equal(many["entropy"][0], many["entropy"][1])


# --- free-running text --------------------------------------------------------------------------


def test_free_text_of_long_memory_is_the_bootstrap_of_rows():
    """Every row has its own first token, so rows are categories: E survivors of Wright and Fisher.

    5 standard errors of 200 chains, false-fail 6e-7 a generation; it would see 0.6 of a row.
    """
    from theory.categorical import curves, uniform

    rows = [[i, 12, 12] for i in range(12)]
    real = Free(Text.of(rows, Alphabet(4, 13)), rows, Text.of(rows, Alphabet(4, 13)), 0.1)
    found, _ = free(real, Workflow.replace(12), 4, seed=2, replicates=200)
    left = found["vocabulary_left"] - 1
    assert (left[:, 0] == 12).all()
    known = curves(uniform(12), Workflow.replace(12), 3).survivors
    error = left.std(axis=0, ddof=1) / math.sqrt(200)
    assert (np.abs(left.mean(axis=0) - known.values)[1:] <= 5 * error[1:]).all()


def test_accumulated_free_text_keeps_its_words_and_replaced_text_loses_them():
    kept = run(made(80), Workflow.accumulate(50), 4, mode=Mode.FREE, vocabulary=5, replicates=3)
    assert (kept.fields["vocabulary_left"].mean == kept.fields["vocabulary_left"].mean[0]).all()
    lost = run(
        made(200, 90), Workflow.replace(150), 6, mode=Mode.FREE, vocabulary=90, replicates=3
    )  # fmt: skip
    assert lost.fields["vocabulary_left"].mean[-1] < lost.fields["vocabulary_left"].mean[0]
    assert [one.real_fraction for one in kept.text] == [1, 1 / 2, 1 / 3, 1 / 4]
    assert [one.rows for one in kept.text] == [50] * 4
    assert kept.farthest == (0.0, 0.0)


@pytest.mark.parametrize(
    "flow",
    [
        Workflow.fresh(20, 30),
        Workflow.fresh(20, 30, weight=0.4),
        Workflow.anchored(20, 30),
        Workflow.accumulate_subsample((20, 30), 25),
        Workflow.sliding_window((20, 10), 2),
    ],
    ids=str,
)
def test_every_workflow_runs_free(flow):
    found = run(made(200), flow, 4, mode=Mode.FREE, vocabulary=5, replicates=2)
    assert found.losses.shape == (2, 4)
    assert np.isfinite(found.losses).all()
    assert found.loss_curve.workflow is flow


def test_accumulate_dips_first_only_where_the_first_fit_is_smoothed_too_much():
    """No optimizer takes a step here: more rows weaken the smoothing.

    The fall is 0.10 and the spread of one chain 0.006: half the fall is eight spreads away.
    """
    rows, words = documentation_words()
    losses = {
        smoothing: run(
            rows, Workflow.accumulate(400), 4, mode=Mode.FREE, vocabulary=len(words),
            replicates=2, smoothing=smoothing,
        ).losses.mean(axis=0)
        for smoothing in (0.001, 0.1)
    }  # fmt: skip
    assert (np.diff(losses[0.001]) > 0).all()
    assert losses[0.1].argmin() > 0
    assert losses[0.1][1] < losses[0.1][0] - 0.05


def test_fresh_rows_run_out():
    with pytest.raises(
        ValueError, match=r"takes 200 real rows in 4 generations, got a text of 180"
    ):
        run(made(200), Workflow.fresh(50, 50), 4, mode=Mode.FREE, vocabulary=5)


# --- what a user gets ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"smoothing": 0.0}, "smoothing must be finite and > 0, got 0.0"),
        ({"alpha": -1.0}, "alpha must be finite and >= 0, got -1.0"),
        ({"alpha": 0.1}, "alpha must be 0 where contexts are held, got 0.1"),
        ({"replicates": 1}, "replicates must be a whole number >= 2, got 1"),
        ({"vocabulary": 3}, "tokens must be 0..2, got 4"),
        ({"workflow": Workflow.replace(37)}, "needs 37 real rows and one held out, got 40"),
        ({"workflow": Workflow.replace((10, 15))}, "multiples of the text's 10 rows .* got 15"),
    ],
)
def test_bad_values_are_quoted(options, said):
    given = {"workflow": Workflow.replace(36), "vocabulary": 5, **options}
    flow = given.pop("workflow")
    with pytest.raises(ValueError, match=said):
        run(made(), flow, 2, mode=Mode.HELD, **given)


def test_the_table_has_theory_beside_simulation():
    found = run(made(), Workflow.replace(36), 3, mode=Mode.HELD, vocabulary=5, replicates=20)
    shown = table(found)
    assert shown.columns[:4] == (
        "generation", "squared_error", "squared_error_simulated", "squared_error_error",
    )  # fmt: skip
    assert [row[0] for row in shown.rows] == [0, 1, 2, 3]
    assert any("agrees (limit" in note for note in shown.notes)
    assert shown.facts["sha256"] == found.facts["sha256"]
    one = run(made(), Workflow.replace(36), 3, mode=Mode.FREE, vocabulary=5, replicates=2)
    assert [row[0] for row in table(one).rows] == [1, 2, 3]
