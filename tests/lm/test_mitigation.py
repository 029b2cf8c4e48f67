"""Mitigations on text: scores, choices, edits and losses by hand; each mode once, end to end."""

import itertools
import json
import math
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra lm is not installed")

from lm.batches import Rows  # noqa: E402
from lm.config import Model, Recipe  # noqa: E402
from lm.corpus import stream  # noqa: E402
from lm.evaluate import evaluate, held_out, row_losses  # noqa: E402
from lm.folder import chains, finished, generation_folder, load_rows, read_json  # noqa: E402
from lm.mitigation.choice import Mitigation  # noqa: E402
from lm.mitigation.curate import winners  # noqa: E402
from lm.mitigation.edit import edited  # noqa: E402
from lm.mitigation.ensemble import mixture_nats, rows_of_members  # noqa: E402
from lm.mitigation.objective import focal, token_loss, truncated  # noqa: E402
from lm.mitigation.reference import places  # noqa: E402
from lm.mitigation.rouge import common, rouge_1, rouge_l  # noqa: E402
from lm.mitigation.scores import Candidates, by_classifier, by_perplexity, by_words  # noqa: E402
from lm.mitigation.verify import best  # noqa: E402
from lm.model import random_model  # noqa: E402
from lm.reading import merged, read_recipe  # noqa: E402
from lm.results import METRICS  # noqa: E402
from lm.tokenizer import Coder  # noqa: E402
from tests.lm import tiny  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SPEC = Model(hidden=32, layers=1, heads=2, intermediate=48, context=64, vocabulary=280)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_jsonl(tmp_path_factory.mktemp("data") / "rows.jsonl")


@pytest.fixture(scope="module")
def coder() -> Coder:
    return Coder.trained([f"{p} {r}" for p, r in tiny.conversations(60)], 280)


@pytest.fixture(scope="module")
def model(coder: Coder) -> Any:
    return random_model(SPEC, coder, 1).eval()


@pytest.fixture(scope="module")
def rows(coder: Coder) -> list[Any]:
    return coder.rows([f"{p} {r}" for p, r in tiny.conversations(9)], 40, "drop")


def candidates(tokens: list[Any], prompt: int = 0) -> Candidates:
    return Candidates(tokens, np.full(len(tokens), prompt), [""] * len(tokens), [])


def token_nats(model: Any, coder: Coder, row: Any) -> list[float]:
    """-log probability of each token of a row, one row at a time."""
    inputs = torch.tensor([[coder.start, *row[:-1].tolist()]])
    with torch.no_grad():
        logits = model(input_ids=inputs).logits[0].double()
    return [
        float(-torch.log_softmax(logits[i], 0)[int(token)]) for i, token in enumerate(row.tolist())
    ]


# --- what scores ---------------------------------------------------------------------------------


def test_perplexity_is_the_mean_of_the_tokens_that_were_written(model, coder, rows) -> None:
    """Against one row at a time in double precision: rounding of some 40 float32 terms."""
    for prompt in (0, 2):
        found = by_perplexity(candidates(rows, prompt), model, coder)
        exact = [-np.mean(token_nats(model, coder, row)[prompt:]) for row in rows]
        np.testing.assert_allclose(found, exact, rtol=1e-5)


def test_row_losses_add_up_to_the_held_out_loss(model, coder, rows) -> None:
    real = held_out(rows, ["x"] * len(rows), [0] * len(rows), [0] * len(rows))
    nats, counted = row_losses(model, real.rows, coder, batch_rows=4)
    found = evaluate(model, real, coder, batch_rows=4)
    assert nats.sum() / counted.sum() == pytest.approx(found.cross_entropy, rel=1e-6)
    assert counted.tolist() == [len(row) for row in rows]


def test_a_classifier_tells_rows_of_other_tokens_from_real_ones() -> None:
    """Candidates of even place are copies of real rows, the others of tokens that no row has."""
    stream = np.random.default_rng(5)
    real = [stream.integers(0, 50, 12) for _ in range(40)]
    fake = [stream.integers(50, 100, 12) for _ in range(20)]
    mixed = [row for pair in zip(real[:20], fake, strict=True) for row in pair]
    order = stream.permutation(40)
    found = by_classifier(candidates([mixed[i] for i in order]), real)
    good = found[order % 2 == 0]
    assert good.min() > found[order % 2 == 1].max()
    again = by_classifier(candidates([mixed[i] for i in order]), real)
    np.testing.assert_array_equal(found, again)
    with pytest.raises(ValueError, match="at least 2 candidates, got 1"):
        by_classifier(candidates(mixed[:1]), real)


def longest_common(a: str, b: str) -> int:
    """By trying every subsequence of the shorter."""
    short, other = sorted((a, b), key=len)
    for size in range(len(short), 0, -1):
        for chosen in itertools.combinations(short, size):
            rest = iter(other)
            if all(letter in rest for letter in chosen):
                return size
    return 0


def test_the_longest_common_subsequence_is_that_of_all_subsequences() -> None:
    stream = np.random.default_rng(2)
    for _ in range(60):
        a, b = ("".join(stream.choice(list("abc"), stream.integers(0, 8))) for _ in range(2))
        assert common(a, b) == longest_common(a, b)


@pytest.mark.parametrize(
    ("text", "reference", "one", "longest"),
    [
        ("the cat sat", "The cat sat.", 1.0, 1.0),
        ("sat cat the", "the cat sat", 1.0, 1 / 3),
        ("the the the", "the cat", 2 / 5, 2 / 5),
        ("a b c d", "x b y d z w", 4 / 10, 4 / 10),
        ("", "the cat", 0.0, 0.0),
        ("!!", "?", 0.0, 0.0),
    ],
)
def test_rouge_by_hand(text: str, reference: str, one: float, longest: float) -> None:
    assert rouge_1(text, reference) == pytest.approx(one, abs=1e-15)
    assert rouge_l(text, reference) == pytest.approx(longest, abs=1e-15)


def test_a_table_of_words_gives_the_mean_of_its_rewards() -> None:
    table = {"good": 2.0, "bad": -1.0}
    made = Candidates([], np.zeros(0), ["Good, good bad day", "", "none here"], [])
    assert by_words(made, table).tolist() == [3 / 4, 0.0, 0.0]


# --- what is chosen ------------------------------------------------------------------------------


def test_the_best_are_kept_in_order_and_too_few_stop() -> None:
    scores = np.array([3.0, -np.inf, 5.0, np.nan, 5.0, 4.0])
    assert best(scores, 3).tolist() == [2, 4, 5]
    assert best(scores, 1).tolist() == [2]
    assert best(scores, 3, least=4.0).tolist() == [2, 4, 5]
    with pytest.raises(ValueError, match="accepts 3 of the 6 candidates of batch 7, and 4 rows"):
        best(scores, 4, least=4.0, batch=7)
    with pytest.raises(ValueError, match="accepts 0 of the 2 .* the highest score is no number"):
        best(np.full(2, np.nan), 1)


def test_winners_follow_the_softmax_of_their_rewards() -> None:
    """At uniforms on a grid of 10,000 midpoints the shares are exact to one point of it."""
    rewards = np.array([0.3, -1.0, 2.0])
    grid = (np.arange(10_000) + 0.5) / 10_000
    found = winners(np.tile(rewards, (10_000, 1)), grid)
    exact = np.exp(rewards) / np.exp(rewards).sum()
    np.testing.assert_allclose(np.bincount(found) / 10_000, exact, atol=1.01e-4)
    huge = winners(np.array([[1e6, 0.0], [-np.inf, 0.0]]), np.array([0.999999, 0.0]))
    assert huge.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("rewards", "message"),
    [
        ([[0.0, math.nan]], "a reward must be a number, got nan for candidate 2 of row 1"),
        ([[0.0, 1.0], [math.inf, 0.0]], "got inf for candidate 1 of row 2"),
        ([[-math.inf, -math.inf]], "every candidate of row 1 has the reward -inf"),
    ],
)
def test_rewards_that_are_no_numbers_are_refused(rewards: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        winners(np.array(rewards), np.zeros(len(rewards)))


# --- editing -------------------------------------------------------------------------------------


def test_an_edit_draws_the_certain_tokens_again_and_no_other(model, coder, rows) -> None:
    """Every token by hand, from one forward pass on the row as it was."""
    threshold, top_k = 0.004, 3
    noise = [stream(99, 0, i).random(len(row)) for i, row in enumerate(rows)]
    before = [row.copy() for row in rows]
    found = edited(
        model, coder, rows, noise, threshold=threshold, top_k=top_k, batch_rows=4
    )  # fmt: skip
    certain = changed = 0
    for row, uniforms, new in zip(rows, noise, found.rows, strict=True):
        inputs = torch.tensor([[coder.start, *row[:-1].tolist()]])
        with torch.no_grad():
            logits = model(input_ids=inputs).logits[0].double()
        expected = row.copy()
        for at, token in enumerate(row.tolist()[:-1]):  # the end stays
            if float(torch.softmax(logits[at], 0)[token]) < threshold:
                continue
            certain += 1
            allowed = logits[at].clone()
            allowed[[coder.end, coder.pad, coder.start]] = -math.inf
            likely = allowed.argsort(descending=True)[:top_k]
            mass = torch.softmax(allowed[likely], 0).cumsum(0)
            expected[at] = int(likely[int((mass <= uniforms[at]).sum())])
        changed += int((expected != row).sum())
        assert new.tolist() == expected.tolist()
    assert 0 < found.changed == changed <= found.certain == certain < found.tokens
    assert found.tokens == sum(len(row) - 1 for row in rows)
    assert all((a == b).all() for a, b in zip(before, rows, strict=True))


def test_an_edit_that_nothing_is_certain_enough_for_changes_nothing(model, coder, rows) -> None:
    noise = [np.zeros(len(row)) for row in rows]
    found = edited(model, coder, rows, noise, threshold=1.0, top_k=8, batch_rows=16)
    assert (found.certain, found.changed) == (0, 0)
    assert all((a == b).all() for a, b in zip(found.rows, rows, strict=True))


# --- losses --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["truncated", "focal"])
@pytest.mark.parametrize("gamma", [0.3, 0.9])
def test_gradients_are_those_of_the_formula(kind: str, gamma: float) -> None:
    """d/dlogits of -1[p <= gamma] log p and of -(1 - p)^gamma log p, written out."""
    logits = torch.randn(50, 4, dtype=torch.float64, generator=torch.manual_seed(3))
    logits.requires_grad_()
    targets = torch.arange(50) % 4
    losses = torch.nn.functional.cross_entropy(3 * logits, targets, reduction="none")
    chosen = token_loss(Mitigation(objective=kind, gamma=gamma))
    chosen(losses).sum().backward()
    q = torch.softmax(3 * logits.detach(), 1)
    p = q.gather(1, targets[:, None])
    onehot = torch.nn.functional.one_hot(targets, 4)
    if kind == "truncated":
        outer = -(p <= gamma).double() / p
        assert 0 < int((p > gamma).sum()) < 50
    else:
        outer = gamma * (1 - p) ** (gamma - 1) * p.log() - (1 - p) ** gamma / p
    exact = outer * p * (onehot - q) * 3
    torch.testing.assert_close(logits.grad, exact, rtol=1e-10, atol=1e-13)


def test_losses_of_tokens_by_hand() -> None:
    losses = -torch.log(torch.tensor([1.0, 0.91, 0.9, 0.2], dtype=torch.float64))
    assert truncated(losses, 0.9).tolist() == [0.0, 0.0, losses[2].item(), losses[3].item()]
    exact = [0.0, *(0.09**2 * losses[1:2]).tolist(), *(0.8**2 * losses[3:]).tolist()]
    assert focal(losses, 2.0)[[0, 1, 3]].tolist() == pytest.approx(exact, rel=1e-12)
    certain = torch.zeros(1, requires_grad=True)
    focal(certain, 0.5).sum().backward()
    assert torch.isfinite(certain.grad).all()


# --- ensembles -----------------------------------------------------------------------------------


def test_members_have_the_rows_that_are_said(rows) -> None:
    whole = Rows(rows, np.arange(len(rows)), np.linspace(1, 2, len(rows)))
    parts = rows_of_members(whole, Mitigation(ensemble=2, members="parts"), 0, 1)
    assert sorted(p for part in parts for p in part.prompts.tolist()) == list(range(len(rows)))
    assert abs(len(parts[0]) - len(parts[1])) <= 1
    for part in parts:
        for tokens, prompt, weight in zip(part.tokens, part.prompts, part.weights, strict=True):
            assert tokens is rows[prompt]
            assert weight == whole.weights[prompt]
    drawn = rows_of_members(whole, Mitigation(ensemble=3), 0, 1)
    assert [len(one) for one in drawn] == [len(rows)] * 3
    assert len({tuple(one.prompts.tolist()) for one in drawn}) == 3
    assert rows_of_members(whole, Mitigation(), 0, 1) == [whole]
    with pytest.raises(ValueError, match="at most the 9 rows of a fit for disjoint parts, got 10"):
        rows_of_members(whole, Mitigation(ensemble=10, members="parts"), 0, 1)


def test_the_likelihood_of_a_mixture_is_the_mean_of_likelihoods() -> None:
    likelihoods = np.array([[0.2, 0.5], [0.4, 0.1]])
    exact = -math.log(0.3) - math.log(0.3)
    assert mixture_nats(-np.log(likelihoods)) == pytest.approx(exact, rel=1e-14)


# --- end to end ----------------------------------------------------------------------------------

SMALL: dict[str, Any] = {
    "data": {"max_tokens": 24, "longer": "cut", "rows": 16},
    "model": {"layers": 1},
    "training": {"epochs": 1.0},
    "sampling": {"batch_rows": 128},
}
ADAPTED = {"lora": {"rank": 2}, "base": {"source": "BASE", "max_tokens": 24}}
MODES: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "restart": (
        [
            {"verify": "perplexity", "keep": 0.5, "verifier_share": 0.5},
            {"verify": "classifier", "keep": 0.25, "ensemble": 2, "members": "parts"},
            {"curate": 3, "reward": "length", "reward_scale": 10.0},
            {"curate": 2, "reward": "perplexity"},
            {"edit": 0.001, "edit_from": "last"},
            {"objective": "focal", "gamma": 2.0},
            {"objective": "truncated", "gamma": 0.004},
        ],
        {},
    ),
    "prompts": (
        [{"verify": "rouge", "keep": 0.5, "keep_growth": 0.5}],
        {"sampling": {"prompts": "real"}, "training": {"loss": "response"}},
    ),
    "adapters": ([{"curate": 2, "reward": "classifier"}], ADAPTED),
    "continue": (
        [{"edit": 0.001, "top_k": 2}],
        {"training": {"mode": "continue"}, "sampling": {"through_text": True}},
    ),
    "scratch": ([{"ensemble": 2}], {"training": {"mode": "scratch"}}),
    "weighted": ([{"real_weight": 0.9}], {"workflows": ["accumulate"]}),
}


def small(source: Path, **changes: Any) -> Recipe:
    """A recipe of a second a chain."""
    if "base" in changes:
        changes["base"] |= {"source": str(source)}
    return tiny.recipe(source, **merged(SMALL, changes))


@pytest.fixture(scope="module")
def restarted(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the first mode."""
    wanted = small(source, mitigation=MODES["restart"][0])
    return tiny.done(wanted, tmp_path_factory.mktemp("restarted"))


@pytest.mark.parametrize("name", MODES)
def test_every_mode_runs_beside_its_control_and_resumes_to_the_same(
    name: str, source: Path, restarted: Path, tmp_path: Path
) -> None:
    """Equal rows and steps, generation 1 from the same first model; generation 2 made again."""
    chosen, changes = MODES[name]
    wanted = small(source, mitigation=chosen, **changes)
    folder = restarted if name == "restart" else tiny.done(wanted, tmp_path / "run")
    found = chains(folder)
    (choice,) = wanted.workflows
    control = found.pop(choice.label)[0]
    assert set(found) == {f"{choice.label}-{one.label}" for one in wanted.mitigation}
    before = {}
    for one in wanted.mitigation:
        label = f"{choice.label}-{one.label}"
        treated = found[label][0]
        for plain, other in zip(control[1:], treated[1:], strict=True):
            assert (plain["rows"], plain["steps"]) == (other["rows"], other["steps"])
            assert plain["train_rows"] == other["train_rows"]
            assert all(np.isfinite(value) for value in other.values())
        first_fit = one.objective != "cross-entropy" or one.ensemble is not None
        assert (control[1]["cross_entropy"] == treated[1]["cross_entropy"]) is not first_fit
        assert control[2]["cross_entropy"] != treated[2]["cross_entropy"]
        assert set(treated[2]) <= set(METRICS)
        share = one.real_weight or control[2]["real_fraction"]
        assert treated[2]["real_fraction"] == pytest.approx(share, abs=1e-12)
        place = folder / label / "seed-0"
        before[place] = tiny.contents(place, 2)
        os.rename(generation_folder(place, 2), tmp_path / label)
    tiny.done(wanted, folder)
    assert {place: tiny.contents(place, 2) for place in before} == before


def test_the_controls_rows_are_among_the_candidates(source: Path, tmp_path: Path) -> None:
    """All of them are kept at keep = 1, and the best quarter is a part of what was written."""
    whole = small(source, generations=1, mitigation={"verify": "classifier", "keep": 1.0})
    folder = tiny.done(whole, tmp_path)
    quarter = {"verify": "classifier", "keep": 0.25}
    tiny.done(small(source, generations=1, mitigation=quarter), tmp_path)
    batches = {
        path.name: [row.tobytes() for row in load_rows(path / "seed-0" / "generation-01")[0]]
        for path in folder.glob("replace*")
    }
    assert batches["replace"] == batches["replace-verify-classifier-keep-1.0"]
    best_of = batches["replace-verify-classifier-keep-0.25"]
    assert len(best_of) == 16
    assert 0 < len(set(best_of) & set(batches["replace"])) < 16
    metrics = chains(folder)["replace-verify-classifier-keep-0.25"][0][1]
    assert (metrics["candidates"], metrics["acceptance"], metrics["yield"]) == (64, 0.25, 0.25)
    assert metrics["kept_score"] > metrics["candidate_score"]


def test_a_reward_for_length_makes_longer_rows(source: Path, tmp_path: Path) -> None:
    """A scale of 1,000 makes the longest of four win always."""
    chosen = {"curate": 4, "reward": "length", "reward_scale": 1000.0}
    folder = tiny.done(small(source, generations=1, mitigation=chosen), tmp_path)
    control, treated = (seeds[0][1] for seeds in chains(folder).values())
    assert treated["mean_length"] > control["mean_length"]
    assert treated["acceptance"] == 0.25


def test_a_verifier_of_a_larger_share_knows_more_of_the_same_rows() -> None:
    material = SimpleNamespace(train=range(40))
    known = [places(material, share) for share in (0.01, 0.25, 1.0)]  # type: ignore[arg-type]
    assert [len(own) for own in known] == [2, 10, 40]
    assert set(known[0]) < set(known[1]) < set(known[2]) == set(range(40))


KILLED = """
import os, signal, sys
from pathlib import Path
import lm.sample
from tests.lm import test_mitigation, tiny
called, left = lm.sample.continued, [int(sys.argv[3])]
def killing(*arguments, **options):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return called(*arguments, **options)
lm.sample.continued = killing
chosen = test_mitigation.MODES["restart"][0][0]
tiny.done(test_mitigation.small(Path(sys.argv[1]), mitigation=chosen), Path(sys.argv[2]))
"""


def test_a_killed_verified_run_goes_on_to_the_same_numbers(
    source: Path, restarted: Path, tmp_path: Path
) -> None:
    """kill -9 while the second batch of candidates is written: every batch is one call."""
    arguments = [str(source), str(tmp_path), "4"]
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], cwd=ROOT, capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    wanted = small(source, mitigation=MODES["restart"][0][0])
    name = f"replace-{wanted.mitigation[0].label}"
    killed = tmp_path / name / "seed-0"
    assert finished(killed) == 1
    tiny.done(wanted, tmp_path)
    assert tiny.contents(killed, 2) == tiny.contents(restarted / name / "seed-0", 2)
    assert read_json(restarted / "verifier-share-0.5" / "metrics.json")["rows"] == 24


def test_a_verifier_that_rejects_everything_keeps_the_rounds_before(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batch 1 is accepted, batch 2 is not."""
    import lm.mitigation.scores

    scored, calls = lm.mitigation.scores.by_rouge, []

    def harder(given: Candidates) -> Any:
        calls.append(len(given.tokens))
        return scored(given) - (len(calls) - 1)

    monkeypatch.setattr(lm.mitigation.scores, "by_rouge", harder)
    chosen = {"verify": "rouge", "keep": 0.5, "least_score": 0.0}
    wanted = small(source, mitigation=chosen, sampling={"prompts": "real"})
    with pytest.raises(ValueError, match=r"accepts 0 of the 32 candidates of batch 2, and 16 rows"):
        tiny.done(wanted, tmp_path)
    assert calls == [32, 32]
    assert finished(tmp_path / "replace" / "seed-0") == 2
    assert finished(tmp_path / f"replace-{wanted.mitigation[0].label}" / "seed-0") == 1


def test_greedy_rows_need_a_prompt_each(source: Path, tmp_path: Path) -> None:
    chosen = {"verify": "rouge", "keep": 0.5}
    greedy = {"prompts": "all-real", "top_k": 1}
    wanted = small(source, generations=1, mitigation=chosen, sampling=greedy)
    folder = tiny.done(wanted, tmp_path / "enough")
    assert chains(folder)["replace-verify-rouge-keep-0.5"][0][1]["candidates"] == 32
    wanted = small(source, mitigation=chosen, sampling=greedy | {"prompts": "real"})
    with pytest.raises(ValueError, match="one row a prompt: 32 candidates .* 'real' gives 16"):
        tiny.done(wanted, tmp_path / "few")


def test_a_table_of_rewards_is_read_and_checked(source: Path, tmp_path: Path) -> None:
    table = tmp_path / "words.json"
    table.write_text(json.dumps({"words": 5, "a": -5}), encoding="utf-8")
    chosen = {"curate": 2, "reward": str(table)}
    folder = tiny.done(small(source, generations=1, mitigation=chosen), tmp_path / "run")
    assert "replace-curate-2-reward-words.json" in chains(folder)
    table.write_text('{"words": NaN}', encoding="utf-8")
    with pytest.raises(ValueError, match="reward of 'words' must be a finite number, got nan"):
        tiny.done(small(source, generations=1, mitigation=chosen), tmp_path / "other")


def test_a_mitigation_finds_the_control_of_an_earlier_run(source: Path, tmp_path: Path) -> None:
    """The control of an earlier run in the same folder is not made again."""
    tiny.done(small(source, generations=1), tmp_path)
    made = (tmp_path / "replace" / "seed-0" / "generation-01" / "metrics.json").stat().st_mtime_ns
    tiny.done(small(source, generations=1, mitigation={"edit": 0.5}), tmp_path)
    again = (tmp_path / "replace" / "seed-0" / "generation-01" / "metrics.json").stat().st_mtime_ns
    assert made == again
    assert len(chains(tmp_path)) == 2


# --- the published recipe ------------------------------------------------------------------------


def articles(path: Path, rows: int = 40) -> Path:
    """Rows in the schema of XSUM."""
    found = [
        {"document": f"{p}\n\n{i}", "summary": f"{r} again", "id": str(i)}
        for i, (p, r) in enumerate(tiny.conversations(rows))
    ]
    path.write_text("\n".join(map(json.dumps, found)) + "\n", encoding="utf-8")
    return path


def test_the_code_path_of_xsum_runs(tmp_path: Path) -> None:
    """Its own settings, but for sizes and for where the model and the rows come from."""
    source = articles(tmp_path / "rows.jsonl")
    folder = tmp_path / "llama"
    texts = source.read_text(encoding="utf-8").splitlines()
    made = Coder.trained(texts, 280)
    random_model(Model(**(asdict(SPEC) | {"context": 64})), made, 0).save_pretrained(str(folder))
    made.save(folder)
    changes = {
        "workflows": [{"name": "replace", "n": [4, 4, 5]}], "generations": 2, "seeds": [0],
        "data": {"source": str(source), "held_out_split": None, "held_out": 6, "rows": 4,
                 "max_tokens": 48},
        "model": {"path": str(folder)},
        "training": {"batch_rows": 4, "micro_batch_rows": 2},
        "mitigation": {"keep": 0.2, "keep_growth": 0.25},
    }  # fmt: skip
    wanted = read_recipe("xsum-smollm2", changes=changes)
    run = tiny.done(wanted, tmp_path / "run")
    (batch,) = run.glob("replace-*-verify-rouge-keep-0.2-keep-growth-0.25/seed-0")
    metrics = read_json(batch / "generation-02" / "metrics.json")
    assert (metrics["candidates"], metrics["rows"], metrics["train_rows"]) == (20, 5, 4)
    real = {row["document"]: row["summary"] for row in map(json.loads, texts)}
    rows = load_rows(generation_folder(batch, 2))[1]
    assert len(set(rows)) == 5  # greedy, an article each
    for text in rows:
        article = text.removeprefix("Article: ").rpartition("\n\nSummary:")[0]
        assert article in real
    first = load_rows(generation_folder(batch, 0))[1][0]
    article, _, summary = first.removeprefix("Article: ").rpartition("\n\nSummary: ")
    assert real[article] == summary


def test_a_published_round_writes_as_many_candidates_every_time() -> None:
    wanted = read_recipe("xsum-smollm2")
    (choice,), (one,) = wanted.workflows, wanted.mitigation
    flow = choice.workflow(wanted.data.rows)
    rounds = range(1, wanted.generations + 1)
    assert {one.candidates(flow.synthetic_rows(t), t) for t in rounds} == {160_000}
    assert flow.synthetic_rows(2) / 160_000 == pytest.approx(0.125 * 1.1)
