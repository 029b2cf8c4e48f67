"""The training loop: AdamW on the mean cross-entropy of a step's tokens, written out.

The mean of a step is over all its tokens at once, so micro-batches and processes only decide
memory and speed: a step's gradient is the same up to rounding.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator

from lm.batches import MicroBatch, Rows, micro_batches, order
from lm.config import Schedule, Training
from lm.crossentropy import cross_entropies
from lm.memory import enough_memory
from lm.mitigation.objective import TokenLoss, cross_entropy
from lm.tokenizer import Coder

Progress = Callable[[int], None]  # told of so many more tokens


@dataclass(frozen=True)
class Fit:
    """What a fit has done.

    Attributes:
        losses: mean cross-entropy of each step before its update, nats a token, axis (step,).
        tokens: tokens seen, repeats counted, padding not.
        seconds: wall time.
    """

    losses: npt.NDArray[np.float64]
    tokens: int
    seconds: float


def fit(
    model: Any,
    rows: Rows,
    training: Training,
    coder: Coder,
    *,
    steps: int,
    rng: np.random.Generator,
    accelerator: Accelerator,
    progress: Progress,
    objective: TokenLoss = cross_entropy,
) -> tuple[Any, Fit]:
    """The model after so many steps on the rows, on the accelerator's device, and what was done.

    Args:
        model: trained in place.
        rows: with the weights and prompts that the loss needs.
        training: how.
        coder: start and pad token.
        steps: optimizer steps.
        rng: decides the order of the rows, and nothing else does but dropout.
        accelerator: where, and on how many processes.
        progress: told of tokens as they are seen.
        objective: what is minimised of a token's cross-entropy.

    Raises:
        ValueError: the loss is no finite number, or there is too little memory.
    """
    if training.checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    model.train()
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(
        trained, lr=training.learning_rate, weight_decay=training.weight_decay, fused=True
    )
    wrapped, optimizer = accelerator.prepare(model, optimizer)
    begin, seen, losses = time.monotonic(), 0, []
    plan = order(len(rows), training.batch_rows, steps, training.epochs, rng)
    for number, chosen in enumerate(plan):
        rate = training.learning_rate * factor(number, steps, training.warmup, training.schedule)
        for group in optimizer.param_groups:
            group["lr"] = rate
        with enough_memory("train", _lower(training)):
            losses.append(
                _step(wrapped, optimizer, rows, chosen, training, coder, accelerator, objective)
            )
        tokens = sum(len(rows.tokens[row]) for row in chosen)
        seen += tokens
        progress(tokens)
    found = accelerator.reduce(torch.stack(losses), "sum").double().cpu().numpy()
    if not np.isfinite(found).all():
        step = int(np.flatnonzero(~np.isfinite(found))[0]) + 1
        raise ValueError(f"the loss is {found[step - 1]} at step {step}: lower the learning rate")
    fitted = accelerator.unwrap_model(wrapped)
    if training.checkpointing:
        fitted.activation_checkpointing_disable()
    accelerator.free_memory(wrapped, optimizer)
    return fitted.eval(), Fit(found, seen, time.monotonic() - begin)


def _lower(training: Training) -> str:
    """What takes less memory in a fit."""
    if training.checkpointing:
        return f"lower training.micro_batch_rows = {training.micro_batch_rows}"
    return (
        f"lower training.micro_batch_rows = {training.micro_batch_rows}, or set "
        "training.checkpointing = true"
    )


def factor(step: int, steps: int, warmup: float, schedule: Schedule) -> float:
    """Learning rate of a step, counted from 0, over the highest.

    Linear over ceil(warmup x steps) steps, the first of them above 0, then constant or half a
    cosine that ends near 0.

    Example:
        >>> [factor(step, 4, 0.5, "constant") for step in range(4)]
        [0.5, 1.0, 1.0, 1.0]
    """
    rising = math.ceil(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    if schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def _step(
    model: Any,
    optimizer: Any,
    rows: Rows,
    chosen: npt.NDArray[Any],
    training: Training,
    coder: Coder,
    accelerator: Accelerator,
    objective: TokenLoss,
) -> torch.Tensor:
    """One update; this process's part of the step's mean cross-entropy."""
    size, spare = training.micro_batch_rows, spare_padding(accelerator.device)
    whole = list(micro_batches(rows, chosen, size, coder.start, coder.pad, spare=spare))
    total = sum(float(batch.weights.sum()) for batch in whole)
    mine, half = _shared_out(whole, accelerator), training.precision == "bf16"
    loss = torch.zeros((), device=accelerator.device)
    for number, (batch, counts) in enumerate(mine):
        last = number == len(mine) - 1
        with _together(model, accelerator, last):
            with torch.autocast(accelerator.device.type, torch.bfloat16, enabled=half):
                losses, weights = token_losses(model, batch, accelerator.device)
                part = (objective(losses) * weights).sum() * (counts / total)
            # Gradients are averaged over processes, and a step's mean is a sum over them.
            accelerator.backward(part * accelerator.num_processes)
        loss += (losses.detach() * weights).sum() * (counts / total)
    if training.clip is not None:
        accelerator.clip_grad_norm_(model.parameters(), training.clip)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss


def spare_padding(device: torch.device) -> int:
    """Tokens that take as long as a further micro-batch does beside its tokens.

    Measured on a CPU with models of 0.2 to 1 million weights; a GPU is idle while it is told.
    """
    return 64 if device.type == "cpu" else 4096


def token_losses(
    model: Any, batch: MicroBatch, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropies of a micro-batch's tokens in nats, and weights, axes (row, position)."""
    inputs, targets, weights = (
        torch.from_numpy(array).to(device, non_blocking=True)
        for array in (batch.inputs, batch.targets, batch.weights)
    )
    logits = model(input_ids=inputs, use_cache=False).logits
    return cross_entropies(logits.flatten(0, 1), targets.flatten()).view_as(targets), weights


def _shared_out(
    whole: list[MicroBatch], accelerator: Accelerator
) -> list[tuple[MicroBatch, float]]:
    """This process's micro-batches and whether they count: all have as many, some an idle one."""
    processes, mine = accelerator.num_processes, accelerator.process_index
    shares = math.ceil(len(whole) / processes)
    places = range(mine, shares * processes, processes)
    return [(whole[min(at, len(whole) - 1)], float(at < len(whole))) for at in places]


def _together(model: Any, accelerator: Accelerator, last: bool) -> Any:
    """Processes exchange gradients in the last backward pass of a step only."""
    if last or accelerator.num_processes == 1:
        return torch.enable_grad()
    return accelerator.no_sync(model)
