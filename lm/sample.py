"""Rows that a model writes: exact samples, each token decided by a uniform of its own.

Token j of attempt i of generation t is the one at which the cumulative softmax, in float64,
passes the uniform at address (seed, t, i, j). So no two rows share noise, and a row depends on
neither the batch it was written in nor the others: rows agree across batch sizes except where a
uniform lies within the logits' rounding error of a boundary.

Attempts are numbered; the rows kept are the first that pass the acceptance rule, in that order.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from lm.config import Sampling
from lm.corpus import TOKENS, accepted, stream
from lm.memory import enough_memory
from lm.tokenizer import Coder, TokenRow

STRETCH = 8  # tokens between two looks at which rows have ended
BLOCK = 64  # tokens whose weights are added up before the token drawn is looked for among them
Progress = Callable[[int, int], None]  # told of so many more tokens, and rows kept


@dataclass(frozen=True)
class Written:
    """A synthetic batch.

    Attributes:
        rows: tokens of each row kept.
        texts: their texts.
        numbers: of the attempt that each of them was.
        attempts: rows written until the last one that was kept.
        finished: share of the rows kept that the model ended itself.
        tokens: tokens written, those of rejected rows too.
        seconds: wall time.
    """

    rows: list[TokenRow]
    texts: list[str]
    numbers: list[int]
    attempts: int
    finished: float
    tokens: int
    seconds: float


class InverseCumulative(LogitsProcessor):
    """Leaves one token a row: where the cumulative softmax passes the row's uniform.

    Args:
        uniforms: in [0, 1), axes (row, position), positions from the first new token.
        prompt: tokens before that one.
    """

    def __init__(self, uniforms: torch.Tensor, prompt: int) -> None:
        self.uniforms, self.prompt = uniforms, prompt

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """The scores with inf in the place of the token drawn, axes (row, token)."""
        tokens = drawn(scores, self.uniforms[:, input_ids.shape[1] - self.prompt])
        return scores.scatter_(1, tokens[:, None], math.inf)


def drawn(scores: torch.Tensor, uniforms: torch.Tensor) -> torch.Tensor:
    """Token of each row: the first whose cumulative softmax exceeds the row's uniform.

    The weights exp(score - largest) and their sums over blocks of tokens have the precision of the
    scores, cumulative sums are float64. First the block is found whose cumulative sum exceeds the
    uniform, then the token in it: all weights are read once.

    Args:
        scores: logits, axes (row, token); -inf for impossible tokens, which are never drawn.
        uniforms: in [0, 1), float64, axis (row,).

    Returns:
        Tokens, axis (row,).
    """
    rows, tokens = scores.shape
    weights = scores.new_zeros(rows, -(-tokens // BLOCK), BLOCK)
    flat = weights.view(rows, -1)[:, :tokens]
    torch.sub(scores, scores.amax(1, keepdim=True), out=flat).exp_()
    mass = weights.sum(2).double().cumsum_(1)
    level = uniforms * mass[:, -1]
    block = _passed(mass, level)
    before = torch.where(block > 0, mass.gather(1, (block - 1).clamp_(min=0)[:, None])[:, 0], 0.0)
    inside = weights[torch.arange(rows, device=scores.device), block].double().cumsum_(1)
    return block * BLOCK + _passed(inside, level - before)


def _passed(mass: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """The first entry of each row of increasing sums above the row's level."""
    # A level that rounding brings to the last sum stays below it, and one below 0 at 0.
    most = torch.nextafter(mass[:, -1], mass.new_zeros(()))
    level = torch.minimum(level.clamp(min=0.0), most)
    return torch.searchsorted(mass, level[:, None], right=True).squeeze(1)


def write(
    model: Any,
    coder: Coder,
    rows: int,
    *,
    max_tokens: int,
    sampling: Sampling,
    prompts: Sequence[TokenRow],
    seed: int,
    generation: int,
    accelerator: Accelerator,
    progress: Progress,
    begin: int = 0,
    every: int = 1,
) -> Written:
    """A batch of so many accepted rows.

    Args:
        model: in evaluation mode, on its device.
        coder: its tokenizer.
        rows: rows wanted.
        max_tokens: longest row, its prompt and its end included.
        sampling: how.
        prompts: beginnings of rows; attempt i has the one of number i modulo how many there are.
        seed: of the noise.
        generation: of the noise.
        accelerator: its processes share the attempts out, and each returns the whole batch.
        progress: told of tokens and rows.
        begin: number of the first attempt.
        every: steps of the numbers, where several models write a batch.

    Raises:
        ValueError: too few rows pass the acceptance rule, or there is too little memory.
    """
    started = time.monotonic()
    kept: list[tuple[TokenRow, str, int]] = []
    attempts = tokens = 0
    while len(kept) < rows:
        missing = rows - len(kept)
        ratio = len(kept) / attempts if attempts else 1.0
        wanted = missing if ratio == 1 else math.ceil(1.05 * missing / max(ratio, 0.05)) + 8
        wanted = min(wanted, rows * sampling.most_attempts - attempts)
        if wanted <= 0:
            raise ValueError(
                f"{len(kept)} of {attempts:,} rows pass the acceptance rule "
                f"{sampling.accept!r}, and {rows:,} are wanted: train longer, or raise "
                f"sampling.most_attempts = {sampling.most_attempts}"
            )
        numbers = range(begin + every * attempts, begin + every * (attempts + wanted), every)
        mine = _attempted(
            model, coder, numbers[accelerator.process_index :: accelerator.num_processes],
            max_tokens, sampling, prompts, seed, generation, progress,
        )  # fmt: skip
        found = dict(gather_object(mine)) if accelerator.num_processes > 1 else dict(mine)
        for number in numbers:
            row = found[number]
            attempts += 1
            tokens += len(row)
            text = coder.decoded(row)
            if sampling.accept == "any" or accepted(text):
                kept.append((row, text, number))
                progress(0, 1)
                if len(kept) == rows:
                    break
    finished = sum(row[-1] == coder.end for row, _, _ in kept) / rows
    made = [row for row, _, _ in kept]
    texts, places = [text for _, text, _ in kept], [number for _, _, number in kept]
    if sampling.through_text:
        made = coder.rows(texts, max_tokens, "cut")
    return Written(made, texts, places, attempts, finished, tokens, time.monotonic() - started)


def _attempted(
    model: Any,
    coder: Coder,
    numbers: Sequence[int],
    max_tokens: int,
    sampling: Sampling,
    prompts: Sequence[TokenRow],
    seed: int,
    generation: int,
    progress: Progress,
) -> list[tuple[int, TokenRow]]:
    """Attempts and their rows. Prompts of one length go together: nothing is padded."""
    lengths = [len(prompts[number % len(prompts)]) for number in numbers]
    found = []
    for length in sorted(set(lengths)):
        group = [number for number, size in zip(numbers, lengths, strict=True) if size == length]
        for at in range(0, len(group), sampling.batch_rows):
            part = group[at : at + sampling.batch_rows]
            begun = np.array([prompts[number % len(prompts)] for number in part], dtype=np.int64)
            uniforms = np.array(
                [
                    stream(TOKENS, seed, generation, number).random(max_tokens - length)
                    for number in part
                ]
            )
            with enough_memory("sample", f"lower sampling.batch_rows = {sampling.batch_rows}"):
                rows = continued(model, coder, begun, uniforms, sampling)
            for number, row in zip(part, rows, strict=True):
                found.append((number, row))
                progress(len(row), 0)
    return found


@torch.inference_mode()
def continued(
    model: Any, coder: Coder, prompts: Any, uniforms: Any, sampling: Sampling
) -> list[TokenRow]:
    """Rows that begin with the prompts, each token decided by its uniform.

    Every `STRETCH` tokens the rows that have ended leave, so that they cost no more.

    Args:
        model: in evaluation mode.
        coder: start, end and pad token.
        prompts: tokens after the start token, axes (row, position).
        uniforms: axes (row, new token); a row gets at most so many.
        sampling: temperature, top_k and top_p.
    """
    begun = np.concatenate([np.full((len(prompts), 1), coder.start), prompts], axis=1)
    tokens = torch.from_numpy(begun.astype(np.int64)).to(model.device)
    noise = torch.from_numpy(uniforms).to(model.device)
    first, most = tokens.shape[1], uniforms.shape[1]
    warpers = _warpers(sampling)
    found: list[TokenRow | None] = [None] * len(prompts)
    places = np.arange(len(prompts))
    cache = None
    while len(places):
        written = tokens.shape[1] - first
        config = GenerationConfig(
            do_sample=False, num_beams=1, max_new_tokens=min(STRETCH, most - written),
            use_cache=True, return_dict_in_generate=True,
            bos_token_id=coder.start, eos_token_id=coder.end, pad_token_id=coder.pad,
        )  # fmt: skip
        done = model.generate(
            tokens, attention_mask=torch.ones_like(tokens), generation_config=config,
            logits_processor=[*warpers, InverseCumulative(noise, first)], past_key_values=cache,
        )  # fmt: skip
        tokens, cache = done.sequences, done.past_key_values
        ended = (tokens[:, first:] == coder.end).any(dim=1)
        if tokens.shape[1] - first == most:
            ended = torch.ones_like(ended)
        rows = tokens[ended, 1:].cpu().numpy()
        for place, row in zip(places[ended.cpu().numpy()], rows, strict=True):
            found[place] = _ended(row, coder, first - 1)
        left = torch.nonzero(~ended).squeeze(1)
        places, tokens, noise = places[left.cpu().numpy()], tokens[left], noise[left]
        if len(places):
            cache.batch_select_indices(left)
    return [row for row in found if row is not None]


def _warpers(sampling: Sampling) -> list[LogitsProcessor]:
    """What changes the law of the next token, before it is drawn."""
    found: list[LogitsProcessor] = []
    if sampling.temperature != 1:
        found.append(TemperatureLogitsWarper(sampling.temperature))
    if sampling.top_k is not None:
        found.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        found.append(TopPLogitsWarper(sampling.top_p))
    return found


def _ended(row: Any, coder: Coder, prompt: int) -> TokenRow:
    """The row up to its first end token after the prompt."""
    ends = np.flatnonzero(row[prompt:] == coder.end)
    found: TokenRow = row[: prompt + int(ends[0]) + 1 if len(ends) else len(row)].astype(np.int32)
    return found
