"""Token editing: tokens that a model finds certain are drawn again, all others stay.

One forward pass on the original text: a token is drawn given the tokens before it as they were,
not as they have become. The end of a row stays, and none is drawn.

Source: 2412.14689; loopbound mitigations, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from lm.batches import all_equal, padded
from lm.sample import drawn
from lm.tokenizer import Coder, TokenRow


@dataclass(frozen=True)
class Edited:
    """Rows after an edit.

    Attributes:
        rows: as many as before, of the same lengths.
        tokens: tokens that could have been drawn again.
        certain: tokens that were.
        changed: tokens that are others now.
    """

    rows: list[TokenRow]
    tokens: int
    certain: int
    changed: int


@torch.inference_mode()
def edited(
    model: Any,
    coder: Coder,
    rows: Sequence[TokenRow],
    uniforms: Sequence[npt.NDArray[np.float64]],
    *,
    threshold: float,
    top_k: int,
    batch_rows: int,
) -> Edited:
    """The rows with every token of at least that probability drawn again.

    Args:
        model: in evaluation mode, on its device.
        coder: its tokenizer.
        rows: tokens of each row.
        uniforms: of each row, axis (position,): the one at a token decides what replaces it.
        threshold: P(token | tokens before) at and above which a token is drawn again.
        top_k: from so many most probable tokens, by their probabilities.
        batch_rows: rows at once in memory.
    """
    whole = all_equal(rows)
    order = np.argsort([len(row) for row in rows], kind="stable")
    found = [row.copy() for row in rows]
    tokens = certain = changed = 0
    for at in range(0, len(order), batch_rows):
        chosen = order[at : at + batch_rows]
        batch = padded(whole, chosen, coder.start, coder.pad)
        inputs, targets = (
            torch.from_numpy(part).to(model.device) for part in (batch.inputs, batch.targets)
        )
        can = torch.from_numpy(batch.weights > 0).to(model.device) & (targets != coder.end)
        logits = model(input_ids=inputs, use_cache=False).logits[can].double()
        now = targets[can]
        sure = logits.softmax(-1).gather(1, now[:, None])[:, 0] >= threshold
        noise = np.zeros(batch.targets.shape)
        for place, row in enumerate(chosen):
            noise[place, : len(rows[row])] = uniforms[row][: len(rows[row])]
        level = torch.from_numpy(noise).to(model.device)[can][sure]
        new = now.clone()
        new[sure] = _drawn_again(logits[sure], level, coder, top_k)
        tokens, certain = tokens + len(now), certain + int(sure.sum())
        changed += int((new != now).sum())
        targets[can] = new
        for row, ids in zip(chosen, targets.cpu().numpy(), strict=True):
            found[row][:] = ids[: len(rows[row])]
    return Edited(found, tokens, certain, changed)


def _drawn_again(
    logits: torch.Tensor, uniforms: torch.Tensor, coder: Coder, top_k: int
) -> torch.Tensor:
    """A token of the most probable ones for each row of logits, never an end."""
    allowed = logits.clone()
    allowed[:, [coder.end, coder.pad, coder.start]] = -torch.inf
    scores, tokens = allowed.topk(min(top_k, logits.shape[1]), dim=1)
    if not len(scores):
        return tokens[:, :1].flatten()
    return tokens.gather(1, drawn(scores, uniforms)[:, None])[:, 0]
