"""The training loop: its loss, its order, and what only decides memory and speed."""

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra lm is not installed")

from torch.nn import functional  # noqa: E402

import lm.crossentropy  # noqa: E402
from lm.batches import (  # noqa: E402
    Rows,
    all_equal,
    cuts,
    order,
    padded,
    rows_seen,
    steps_of,
)
from lm.config import Lora, Model, Training  # noqa: E402
from lm.crossentropy import cross_entropies  # noqa: E402
from lm.evaluate import evaluate, held_out  # noqa: E402
from lm.finetune import fit  # noqa: E402
from lm.model import random_model, with_adapters  # noqa: E402
from lm.run import accelerator_for  # noqa: E402
from lm.tokenizer import Coder  # noqa: E402
from tests.lm import tiny  # noqa: E402

EPS = float(np.finfo(np.float32).eps)
TEXTS = [f"user: {p}\nassistant: {r}" for p, r in tiny.conversations(21)]


@pytest.fixture(scope="module")
def coder() -> Coder:
    return Coder.trained(TEXTS, 280)


def model(coder: Coder, architecture: Any = "llama") -> Any:
    spec = Model(
        architecture=architecture, hidden=32, layers=2, heads=2, intermediate=48, context=64
    )
    return random_model(spec, coder, 3)


def fitted(coder: Coder, rows: Rows, training: Training, made: Any = None) -> tuple[Any, Any]:
    steps = steps_of(len(rows), training.batch_rows, training.epochs)
    return fit(
        model(coder) if made is None else made, rows, training, coder, steps=steps,
        rng=np.random.Generator(np.random.SFC64(5)), accelerator=accelerator_for(tiny.ON, 1),
        progress=lambda tokens: None,
    )  # fmt: skip


def real(coder: Coder) -> Rows:
    return all_equal(coder.rows(TEXTS, 64, "drop"))


def weights(model: Any) -> Any:
    return torch.cat([w.detach().flatten() for w in model.parameters()])


# --- the loss ------------------------------------------------------------------------------------


def test_the_loss_is_the_mean_over_the_tokens_of_a_step(coder: Coder) -> None:
    """Row by row, without padding, against a step of all rows in padded micro-batches."""
    rows, made = real(coder), model(coder)
    nats, tokens = 0.0, 0
    for row in rows.tokens:
        inputs = torch.tensor([[coder.start, *row[:-1]]])
        logits = made(input_ids=inputs).logits[0].detach().double()
        nats += float(functional.cross_entropy(logits, torch.tensor(row).long(), reduction="sum"))
        tokens += len(row)
    _, done = fitted(coder, rows, Training(batch_rows=21, micro_batch_rows=5))
    # Logits of a few units, each rounded in sums of 32 terms: some 32 eps a token at most.
    assert done.losses[0] == pytest.approx(nats / tokens, abs=64 * EPS * 8)
    assert done.tokens == tokens


def test_the_loss_leaves_prompts_out_and_weighs_rows(coder: Coder) -> None:
    rows, made = real(coder), model(coder)
    prompts = np.array(coder.prompt_lengths(TEXTS, rows.tokens))
    assert (prompts > 0).all()
    shares = np.linspace(0.5, 1.5, len(rows))
    total = mass = 0.0
    for row, prompt, share in zip(rows.tokens, prompts, shares, strict=True):
        inputs = torch.tensor([[coder.start, *row[:-1]]])
        logits = made(input_ids=inputs).logits[0].detach().double()[prompt:]
        target = torch.tensor(row[prompt:]).long()
        total += share * float(functional.cross_entropy(logits, target, reduction="sum"))
        mass += share * len(target)
    weighted = Rows(rows.tokens, prompts, shares)
    _, done = fitted(coder, weighted, Training(batch_rows=21, micro_batch_rows=4))
    assert done.losses[0] == pytest.approx(total / mass, abs=64 * EPS * 8)


@pytest.mark.parametrize("cached", [1, 150, 10**6], ids=["a row", "three rows", "all"])
def test_the_loss_and_its_gradient_are_those_of_torch(
    cached: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one pass, some rows at a time, against torch's own in float64.

    Logits of up to 4 and 50 terms: a loss errs by some 50 eps, a gradient by a few.
    """
    monkeypatch.setattr(lm.crossentropy, "CACHED", cached)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        logits, targets = torch.randn(8, 50), torch.randint(0, 50, (8,))
    weights = torch.tensor([1.0, 0.0, 0.5, 2.0, 1.0, 1.0, 0.0, 1.0])
    ours = logits.clone().requires_grad_()
    (3 * (cross_entropies(ours, targets) * weights).sum()).backward()
    plain = logits.double().requires_grad_()
    each = functional.cross_entropy(plain, targets, reduction="none")
    (3 * (each * weights).sum()).backward()
    total = float((cross_entropies(logits, targets) * weights).sum())
    assert total == pytest.approx(float((each * weights).sum().detach()), abs=50 * 8 * 4 * EPS)
    assert float((ours.grad - plain.grad).abs().max()) < 3 * 2 * 16 * EPS


def test_evaluation_is_the_same_sum_in_nats_and_bits(coder: Coder) -> None:
    rows, made = real(coder), model(coder)
    _, done = fitted(coder, rows, Training(batch_rows=21, micro_batch_rows=21))
    held = held_out(list(rows.tokens), TEXTS, [0] * 21, [0] * 21)
    found = evaluate(made, held, coder, batch_rows=4)
    assert found.cross_entropy == pytest.approx(done.losses[0], abs=64 * EPS * 8)
    size = sum(len(text.encode()) for text in TEXTS)
    assert found.bits_per_byte == pytest.approx(
        found.cross_entropy * found.tokens / np.log(2) / size, rel=1e-12
    )


# --- what only decides memory and speed ----------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [{"micro_batch_rows": 3}, {"micro_batch_rows": 21}, {"checkpointing": True}],
    ids=["small", "large", "checkpointing"],
)
def test_micro_batches_and_checkpointing_change_rounding_only(
    other: dict[str, Any], coder: Coder
) -> None:
    """AdamW's first steps are a sign of the gradient: near 0 it doubles rounding, so the loss of
    the third step is compared, which moves by the learning rate times that."""
    common = {"batch_rows": 10, "epochs": 1.0, "learning_rate": 1e-3}
    _, one = fitted(coder, real(coder), Training(**common, micro_batch_rows=10))
    _, two = fitted(coder, real(coder), Training(**(common | other)))
    assert len(one.losses) == 3
    np.testing.assert_allclose(one.losses[0], two.losses[0], atol=64 * EPS * 8)
    np.testing.assert_allclose(one.losses, two.losses, atol=1e-3 * 1e-1)


def test_a_fit_is_the_same_again_and_learns(coder: Coder) -> None:
    training = Training(batch_rows=7, epochs=12, learning_rate=3e-3)
    one, done = fitted(coder, real(coder), training)
    two, again = fitted(coder, real(coder), training)
    assert (done.losses == again.losses).all()
    assert torch.equal(weights(one), weights(two))
    assert done.losses[-3:].mean() < done.losses[:3].mean() - 1


def test_a_bare_loop_gives_the_same_weights(coder: Coder) -> None:
    """The same batches, written out with nothing of ours but their order."""
    training = Training(batch_rows=7, micro_batch_rows=7, warmup=0.0, weight_decay=0.1)
    rows, made = real(coder), model(coder)
    optimizer = torch.optim.AdamW(made.parameters(), lr=1e-3, weight_decay=0.1)
    for chosen in order(21, 7, 3, 1.0, np.random.Generator(np.random.SFC64(5))):
        lengths = np.array([len(rows.tokens[row]) for row in chosen])
        batch = padded(rows, chosen[np.argsort(lengths, kind="stable")], coder.start, coder.pad)
        targets = torch.from_numpy(batch.targets)
        targets[torch.from_numpy(batch.weights) == 0] = -100
        logits = made(input_ids=torch.from_numpy(batch.inputs)).logits
        functional.cross_entropy(logits.flatten(0, 1), targets.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(made.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    ours, _ = fitted(coder, rows, training)
    # A weight moves by 1e-3 a step; a gradient near 0 may round to the other sign, elsewhere the
    # steps agree to rounding.
    gap = (weights(ours) - weights(made)).abs()
    assert float(gap.median()) < 16 * EPS
    assert float(gap.max()) < 3 * 2e-3


def test_adapters_leave_the_base_alone(coder: Coder) -> None:
    made = model(coder)
    before = {name: weight.clone() for name, weight in made.named_parameters()}
    adapted = with_adapters(made, Lora(rank=2), 0)
    after, _ = fitted(coder, real(coder), Training(batch_rows=7, learning_rate=1e-2), adapted)
    trained = {name for name, weight in after.named_parameters() if weight.requires_grad}
    assert trained
    assert all("lora_" in name for name in trained)
    for name, weight in after.named_parameters():
        if "lora_" not in name:
            plain = name.removeprefix("base_model.model.").replace(".base_layer", "")
            assert torch.equal(weight, before[plain]), name
    assert any(
        float(w.detach().abs().max()) > 0 for n, w in after.named_parameters() if "lora_B" in n
    )


# --- the order -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "size", "epochs"), [(10, 3, 1.0), (10, 3, 2.5), (4, 8, 1.0)])
def test_every_row_is_seen_once_an_epoch(rows: int, size: int, epochs: float) -> None:
    steps = steps_of(rows, size, epochs)
    plan = order(rows, size, steps, epochs, np.random.Generator(np.random.SFC64(0)))
    flat = np.concatenate(plan)
    assert len(plan) == steps
    assert len(flat) == rows_seen(rows, size, steps, epochs) == round(rows * epochs)
    counts = np.bincount(flat, minlength=rows)
    assert set(counts) <= {int(epochs), int(np.ceil(epochs))}


@pytest.mark.parametrize("size", [1, 3, 32])
@pytest.mark.parametrize("spare", [0, 5, 20, 10**6])
def test_cuts_keep_every_row_at_the_least_cost(size: int, spare: int) -> None:
    """Against every way to cut 12 rows: 2,048 of them."""
    rng = np.random.Generator(np.random.SFC64(1))
    for _ in range(5):
        lengths = sorted(rng.integers(1, 30, 12).tolist())

        def cost(marks: tuple[int, ...], lengths: list[int] = lengths) -> float:
            groups = [lengths[a:b] for a, b in pairwise((0, *marks, 12))]
            if max(map(len, groups)) > size:
                return np.inf
            return sum(spare + len(group) * group[-1] - sum(group) for group in groups)

        every = [marks for k in range(12) for marks in combinations(range(1, 12), k)]
        found = cuts(lengths, size, spare)
        assert [begin for begin, _ in found] == [0, *(end for _, end in found[:-1])]
        assert found[-1][1] == 12
        assert cost(tuple(begin for begin, _ in found[1:])) == min(map(cost, every))


def test_steps_that_are_given_are_full() -> None:
    plan = order(100, 8, 5, 1.0, np.random.Generator(np.random.SFC64(0)))
    assert [len(chosen) for chosen in plan] == [8] * 5
    assert len(np.unique(np.concatenate(plan))) == 40
