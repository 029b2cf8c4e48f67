"""Training and sampling of a small Llama: our loop, and what one would write without it."""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch.nn import functional
from transformers import GenerationConfig

from lm.batches import Rows, all_equal, micro_batches, order
from lm.config import Model, Sampling, Training
from lm.finetune import fit
from lm.model import parameters, random_model
from lm.reading import read_recipe
from lm.sample import continued
from lm.tokenizer import Coder

ROWS, LONGEST, VOCABULARY = 256, 64, 8000
STEPS, BATCH = 8, 32
NEW = 32  # tokens sampled a row
TRAINING = Training(batch_rows=BATCH, micro_batch_rows=BATCH, warmup=0.0)
SPEC = Model(hidden=128, layers=4, heads=4, intermediate=352, context=128, vocabulary=VOCABULARY)


@cache
def coder(entries: int = VOCABULARY) -> Coder:
    """A tokenizer of so many entries; what they spell does not matter here."""
    made = Coder.trained(["a"], 300)
    made.tokenizer.add_tokens([f"<{number}>" for number in range(entries - len(made))])
    return made


@cache
def rows() -> Rows:
    """Rows of equal length, so that both loops see the same padding: none."""
    tokens = np.random.Generator(np.random.SFC64(0)).integers(2, VOCABULARY, (ROWS, LONGEST))
    return all_equal([row.astype(np.int32) for row in tokens])


def model() -> Any:
    return random_model(SPEC, coder(), 0)


def plan() -> Any:
    return np.random.Generator(np.random.SFC64(1))


def ours() -> None:
    """Our loop, from a model and rows to trained weights."""
    fit(
        model(), rows(), TRAINING, coder(), steps=STEPS, rng=plan(),
        accelerator=Accelerator(cpu=True), progress=lambda tokens: None,
    )  # fmt: skip


def bare() -> None:
    """PyTorch over the same batches, made beforehand."""
    made = model().train()
    optimizer = torch.optim.AdamW(made.parameters(), lr=TRAINING.learning_rate, weight_decay=0.0)
    for inputs, targets in batches():
        logits = made(input_ids=inputs, use_cache=False).logits
        functional.cross_entropy(logits.flatten(0, 1), targets.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(made.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)


@cache
def batches() -> list[tuple[torch.Tensor, torch.Tensor]]:
    chosen = order(ROWS, BATCH, STEPS, 1.0, plan())
    return [
        (torch.from_numpy(batch.inputs), torch.from_numpy(batch.targets))
        for rows_of_step in chosen
        for batch in micro_batches(rows(), rows_of_step, BATCH, coder().start, coder().pad, spare=0)
    ]


@cache
def writer() -> Any:
    """A model that never ends a row: both write the same number of tokens."""
    made = random_model(SPEC.__class__(**(SPEC.__dict__ | {"tied": False})), coder(), 0).eval()
    made.lm_head.weight.data[coder().end] = 0.0
    return made


def inverted() -> None:
    """Our sampler, each token by a uniform of its own; rows never leave early here."""
    uniforms = np.random.Generator(np.random.SFC64(2)).random((ROWS, NEW)) * 0.9 + 0.1
    continued(writer(), coder(), np.zeros((ROWS, 0)), uniforms, Sampling())


@torch.inference_mode()
def generated() -> None:
    """transformers' own sampling."""
    tokens = torch.full((ROWS, 1), coder().start)
    config = GenerationConfig(
        do_sample=True, top_k=0, max_new_tokens=NEW, min_new_tokens=None, eos_token_id=None,
        pad_token_id=coder().pad, bos_token_id=coder().start,
    )  # fmt: skip
    writer().generate(tokens, attention_mask=torch.ones_like(tokens), generation_config=config)


# --- tokens a second of the model of stdlib-finetune ----------------------------------------------

AT_ONCE = 256  # rows an optimizer step, and rows written together
FULL = Training(batch_rows=AT_ONCE, micro_batch_rows=BATCH, warmup=0.0)


def rates(threads: int) -> tuple[float, float, float, float]:
    """Tokens a second: trained, matrix products of training alone, sampled, and theirs alone.

    Rows are as long as those of the recipe. A product is that of a micro-batch and a feed-forward
    layer; a token takes 6 flops a weight where it is trained on, and 2 where it is written.
    """
    torch.set_num_threads(threads)
    spec = read_recipe("stdlib-finetune").model
    own_coder = coder(spec.vocabulary)
    made = random_model(spec, own_coder, 0)
    rng = np.random.Generator(np.random.SFC64(3))
    lengths = (
        np.exp(rng.normal(np.log(43), 0.42, 2 * AT_ONCE)).clip(8, 95).astype(int)
    )  # as its rows
    own = all_equal([rng.integers(2, spec.vocabulary, n).astype(np.int32) for n in lengths])
    uniforms = rng.random((AT_ONCE, 48))

    def train() -> int:
        _, done = fit(
            made, own, FULL, own_coder, steps=2, rng=plan(), accelerator=Accelerator(cpu=True),
            progress=lambda tokens: None,
        )  # fmt: skip
        return done.tokens

    def sample() -> int:
        return sum(
            map(len, continued(made, own_coder, np.zeros((AT_ONCE, 0)), uniforms, Sampling()))
        )

    rows, layer = torch.randn(BATCH * 24, spec.hidden), torch.randn(spec.hidden, spec.intermediate)

    def multiply() -> int:
        for _ in range(400):
            torch.mm(rows, layer)
        return 2 * 400 * rows.shape[0] * layer.numel()

    flops = fastest(multiply) / parameters(made)
    return fastest(train), flops / 6, fastest(sample), flops / 2


def fastest(work: Callable[[], int], times: int = 3) -> float:
    """Most of what it counts in a second."""
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        done = work()
        found.append(done / (time.perf_counter() - begin))
    return max(found)
