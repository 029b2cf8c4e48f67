"""Sampling: exact, addressed noise, and what does not matter to it."""

import math
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra lm is not installed")

from scipy.stats import chi2  # noqa: E402

import lm.sample  # noqa: E402
from lm.config import Model, Sampling  # noqa: E402
from lm.corpus import TOKENS, accepted, stream  # noqa: E402
from lm.model import random_model  # noqa: E402
from lm.run import accelerator_for  # noqa: E402
from lm.sample import continued, drawn, write  # noqa: E402
from lm.tokenizer import Coder  # noqa: E402
from tests.lm import tiny  # noqa: E402

FALSE_FAIL = 1e-6  # of each statistical test
ARCHITECTURES = ("llama", "gpt2", "gemma2")


@pytest.fixture(scope="module")
def coder() -> Coder:
    return Coder.trained([f"user: {p}\nassistant: {r}" for p, r in tiny.conversations(60)], 280)


def model(coder: Coder, architecture: Any = "llama", sharpness: float = 6.0) -> Any:
    """A random model whose next token is far from uniform."""
    spec = Model(
        architecture=architecture, hidden=32, layers=2, heads=2, intermediate=48, context=64
    )
    made = random_model(spec, coder, 1).eval()
    made.get_input_embeddings().weight.data *= sharpness
    return made


def written(model: Any, coder: Coder, rows: int, sampling: Sampling, **changes: Any) -> Any:
    options: dict[str, Any] = {
        "max_tokens": 24, "prompts": [np.zeros(0, dtype=np.int32)], "seed": 0, "generation": 1,
        "accelerator": accelerator_for(tiny.ON, 1), "progress": lambda tokens, rows: None,
    }  # fmt: skip
    return write(model, coder, rows, sampling=sampling, **(options | changes))


# --- exactness -----------------------------------------------------------------------------------


def chi_square(counts: Any, shares: Any) -> tuple[float, float]:
    """Statistic and its limit, with the cells of fewer than ten expected draws merged."""
    expected = shares * counts.sum()
    small = expected < 10
    seen = np.append(counts[~small], counts[small].sum())
    mean = np.append(expected[~small], expected[small].sum())
    keep = mean > 0
    statistic = float(((seen - mean)[keep] ** 2 / mean[keep]).sum())
    return statistic, float(chi2.isf(FALSE_FAIL, keep.sum() - 1))


@pytest.mark.parametrize(
    "sampling",
    [Sampling(), Sampling(temperature=0.5), Sampling(top_k=5), Sampling(top_p=0.6)],
    ids=["plain", "cold", "top-k", "top-p"],
)
def test_tokens_follow_the_softmax(coder: Coder, sampling: Sampling) -> None:
    """20,000 first tokens against the model's own shares, worked out here by hand.

    False-fail 1e-6. A law with half of its mass changed by 8 % of itself has a noncentrality of
    64 and fails with probability above 0.9 at up to 20 cells.
    """
    made, draws = model(coder), 20_000
    scores = made(torch.tensor([[coder.start]])).logits[0, -1].detach().double().numpy()
    shares = np.exp(scores / sampling.temperature - (scores / sampling.temperature).max())
    shares /= shares.sum()
    order = np.argsort(-shares, kind="stable")
    if sampling.top_k is not None:
        shares[order[sampling.top_k :]] = 0
    if sampling.top_p < 1:
        reached = np.cumsum(shares[order]) - shares[order]
        shares[order[reached >= sampling.top_p]] = 0
    shares /= shares.sum()
    uniforms = np.random.Generator(np.random.SFC64(7)).random((draws, 1))
    rows = continued(made, coder, np.zeros((draws, 0)), uniforms, sampling)
    counts = np.bincount([row[0] for row in rows], minlength=len(shares))
    assert counts[shares == 0].sum() == 0
    statistic, limit = chi_square(counts, shares)
    assert statistic < limit


def test_the_chi_square_sees_a_wrong_temperature(coder: Coder) -> None:
    """The test above fails where it should: tokens at temperature 0.8 against the plain law."""
    made, draws = model(coder), 20_000
    shares = torch.softmax(made(torch.tensor([[coder.start]])).logits[0, -1].double(), -1)
    uniforms = np.random.Generator(np.random.SFC64(7)).random((draws, 1))
    rows = continued(made, coder, np.zeros((draws, 0)), uniforms, Sampling(temperature=0.8))
    counts = np.bincount([row[0] for row in rows], minlength=len(shares))
    statistic, limit = chi_square(counts, shares.detach().numpy())
    assert statistic > limit


def test_a_token_is_where_the_cumulative_softmax_passes_the_uniform() -> None:
    scores = torch.log(torch.tensor([[0.25, 0.5, 0.25]], dtype=torch.float64)).repeat(5, 1)
    uniforms = torch.tensor([0.0, 0.24, 0.26, 0.74, 0.76], dtype=torch.float64)
    assert drawn(scores, uniforms).tolist() == [0, 0, 1, 1, 2]


@pytest.mark.parametrize("tokens", [1, 63, 64, 65, 200])
def test_a_token_found_block_by_block_is_the_one_found_at_once(tokens: int) -> None:
    """Uniforms within 1e-5 of a boundary are left out: weights are float32."""
    rng = np.random.Generator(np.random.SFC64(tokens))
    scores, uniforms = 3 * rng.standard_normal((500, tokens)), rng.random(500)
    mass = np.cumsum(np.exp(scores), axis=1)
    mass /= mass[:, -1:]
    wanted = (mass <= uniforms[:, None]).sum(axis=1)
    clear = abs(mass - uniforms[:, None]).min(axis=1) > 1e-5
    assert clear.mean() > 0.95
    given = torch.from_numpy(scores).float(), torch.from_numpy(uniforms)
    found = drawn(*given).numpy()
    assert (found[clear] == wanted[clear]).all()
    assert found.max() < tokens


def test_impossible_tokens_are_never_drawn() -> None:
    scores = torch.tensor([[-math.inf, 0.0, -math.inf, 0.0, -math.inf]]).repeat(4, 1)
    below_one = 1 - 2.0**-53
    uniforms = torch.tensor([0.0, 0.5 - 2**-54, 0.5, below_one], dtype=torch.float64)
    assert drawn(scores, uniforms).tolist() == [1, 1, 3, 3]


# --- noise ---------------------------------------------------------------------------------------


def test_no_two_rows_share_noise() -> None:
    addresses = [(s, g, r) for s in (0, 1) for g in (0, 1, 2) for r in (0, 1, 2, 2**20)]
    first = [stream(TOKENS, *address).random(4).tobytes() for address in addresses]
    assert len(set(first)) == len(addresses)


@pytest.mark.parametrize("address", [(-1,), (2**32,)])
def test_an_address_out_of_range_is_refused(address: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="an address must be in"):
        stream(TOKENS, 0, *address)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_rows_do_not_depend_on_the_batch(architecture: str, coder: Coder) -> None:
    """In float32 logits agree to some 1e-6 across batch sizes, so that one of the 700 tokens
    differs with probability 1e-3 at most; the numbers are fixed, so is the outcome."""
    made = model(coder, architecture)
    rows = [written(made, coder, 30, Sampling(batch_rows=size)).rows for size in (30, 7, 1)]
    for other in rows[1:]:
        assert [row.tolist() for row in rows[0]] == [row.tolist() for row in other]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_rows_that_leave_early_do_not_change_the_others(
    architecture: str, coder: Coder, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = model(coder, architecture)
    monkeypatch.setattr(lm.sample, "STRETCH", 5)
    short = written(made, coder, 60, Sampling())
    monkeypatch.setattr(lm.sample, "STRETCH", 1000)
    whole = written(made, coder, 60, Sampling())
    assert [row.tolist() for row in short.rows] == [row.tolist() for row in whole.rows]
    assert len({len(row) for row in short.rows}) > 2


def test_prompts_begin_rows_in_turn_and_longest_rows_stop(coder: Coder) -> None:
    prompts = [np.array([5, 6, 7], dtype=np.int32), np.array([9], dtype=np.int32)]
    found = written(model(coder), coder, 6, Sampling(), prompts=prompts)
    for number, row in enumerate(found.rows):
        prompt = prompts[number % 2]
        assert row[: len(prompt)].tolist() == prompt.tolist()
        assert len(row) <= 24
        assert coder.end not in row[:-1]


# --- acceptance ----------------------------------------------------------------------------------


def test_rows_kept_are_the_first_accepted_attempts(
    coder: Coder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that about half of the rows pass; the yield counts to the last row kept."""
    made = model(coder)
    every = written(made, coder, 60, Sampling())

    def rule(text: str) -> bool:
        return len(text) % 2 == 0

    monkeypatch.setattr(lm.sample, "accepted", rule)
    found = written(made, coder, 12, Sampling(accept="user-assistant"))
    passing = [number for number, text in enumerate(every.texts) if rule(text)]
    assert found.texts == [every.texts[number] for number in passing[:12]]
    assert found.attempts == passing[11] + 1


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("user: a\nassistant: b", True),
        ("user: ", False),
        (" user: a\nassistant: b", False),
        ("user: a\nassistant: b\nassistant: c", False),
        ("USER: a\nassistant: b", False),
    ],
)
def test_the_rule_is_the_published_one(text: str, verdict: bool) -> None:
    assert accepted(text) is verdict
