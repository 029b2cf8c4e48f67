"""Held-out cross-entropy: how well a model predicts real text that no fit saw."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from lm.batches import Rows, groups, padded
from lm.finetune import spare_padding, token_losses
from lm.memory import enough_memory
from lm.tokenizer import Coder


@dataclass(frozen=True)
class HeldOut:
    """Real rows that no fit sees.

    Attributes:
        rows: their tokens; prompts that the loss leaves out are left out here too.
        bytes: UTF-8 bytes of the text that the counted tokens spell.
    """

    rows: Rows
    bytes: int


@dataclass(frozen=True)
class Evaluation:
    """Cross-entropy on held-out text.

    Attributes:
        cross_entropy: nats a token, the end of a row being one of its tokens.
        bits_per_byte: the same sum in bits, over the bytes of the text: tokenizers compare.
        tokens: tokens that count.
        nats: of each row, axis (row,).
    """

    cross_entropy: float
    bits_per_byte: float
    tokens: int
    nats: npt.NDArray[np.float64]


def held_out(
    tokens: list[Any], texts: list[str], prompts: list[int], prompt_bytes: list[int]
) -> HeldOut:
    """Rows to evaluate on; prompts of length 0 count whole."""
    counted = sum(len(text.encode()) for text in texts) - sum(prompt_bytes)
    return HeldOut(Rows(tokens, np.array(prompts, dtype=np.int64), np.ones(len(tokens))), counted)


def evaluate(model: Any, real: HeldOut, coder: Coder, *, batch_rows: int) -> Evaluation:
    """Cross-entropy of the model, in the precision of its weights.

    Args:
        model: on its device.
        real: what to predict.
        coder: start and pad token.
        batch_rows: rows at once in memory; those that a fit holds have room here too.

    Raises:
        ValueError: there is too little memory.
    """
    with enough_memory("evaluate", f"lower training.micro_batch_rows = {batch_rows}"):
        nats, counted = row_losses(model, real.rows, coder, batch_rows=batch_rows)
    total, tokens = math.fsum(nats), int(counted.sum())
    return Evaluation(total / tokens, total / math.log(2) / max(1, real.bytes), tokens, nats)


@torch.inference_mode()
def row_losses(
    model: Any, rows: Rows, coder: Coder, *, batch_rows: int = 64
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """(nats, tokens that count) of each row, axes (row,); the weights of the rows change nothing.

    Args:
        model: on its device.
        rows: tokens and the prompts that are left out.
        coder: start and pad token.
        batch_rows: rows at once in memory.
    """
    model.eval()
    nats = np.zeros(len(rows))
    spare = spare_padding(model.device)
    for group in groups(rows, np.arange(len(rows)), batch_rows, spare=spare):
        batch = padded(rows, group, coder.start, coder.pad)
        losses, weights = token_losses(model, batch, model.device)
        nats[group] = (losses * (weights > 0)).double().sum(dim=1).cpu().numpy()
    return nats, np.array([len(row) for row in rows.tokens]) - rows.prompts
