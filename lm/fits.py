"""The fits of one chain: where each begins, the models that it gives, and how well they predict."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from lm.batches import Rows, rows_seen
from lm.corpus import ORDER, WEIGHTS, stream
from lm.evaluate import evaluate
from lm.finetune import Fit, fit
from lm.folder import Metrics, generation_folder
from lm.material import Material
from lm.memory import enough_memory
from lm.mitigation.choice import Mitigation
from lm.mitigation.ensemble import mixture_nats, rows_of_members
from lm.mitigation.objective import token_loss
from lm.model import loaded_adapters, loaded_model, random_model, with_adapters
from lm.progress import Bars


class Fits:
    """Makes and measures the models of one chain.

    Args:
        material: what chains share.
        mitigation: how many models a generation has, and what they minimise.
        seed: of weights, order and dropout.
        folder: of the chain, which has the weights that mode continue begins with.
        accelerator: where it runs.
        bars: progress.
    """

    def __init__(
        self,
        material: Material,
        mitigation: Mitigation,
        seed: int,
        folder: Path,
        accelerator: Accelerator,
        bars: Bars,
    ) -> None:
        self.material, self.mitigation, self.seed = material, mitigation, seed
        self.folder, self.accelerator, self.bars = folder, accelerator, bars
        self._last: Any = None  # model of the last fit, for mode continue

    def models(self, generation: int, rows: Rows, steps: int, told: str) -> tuple[list[Any], Fit]:
        """The models of a generation, and what all of their fits did.

        Every member of an ensemble takes as many steps as the one model of the control.
        """
        members = rows_of_members(rows, self.mitigation, self.seed, generation)
        fits = [self.one(generation, own, steps, told, k) for k, own in enumerate(members)]
        models = [model for model, _ in fits]
        if self.material.recipe.training.mode == "continue":
            self._last = models[0]
        done = Fit(
            np.mean([one.losses for _, one in fits], axis=0),
            sum(one.tokens for _, one in fits), sum(one.seconds for _, one in fits),
        )  # fmt: skip
        return models, done

    def one(
        self, generation: int, rows: Rows, steps: int, told: str, member: int = 0
    ) -> tuple[Any, Fit]:
        """One model; the first of an ensemble has the control's weights and order."""
        training = self.material.recipe.training
        seen = rows_seen(len(rows), training.batch_rows, steps, training.epochs)
        expected = round(sum(map(len, rows.tokens)) * seen / len(rows))
        address = (self.seed, generation, member) if member else (self.seed, generation)
        seed = int(stream(WEIGHTS, *address).integers(2**31))
        model = self._start(generation, seed)
        torch.manual_seed(seed)  # dropout
        with self.bars.tokens(told, expected) as progress:
            return fit(
                model, rows, training, self.material.coder, steps=steps,
                rng=stream(ORDER, *address), accelerator=self.accelerator,
                progress=progress, objective=token_loss(self.mitigation),
            )  # fmt: skip

    def measured(self, models: list[Any]) -> Metrics:
        """Held-out cross-entropy: of the model, or the mean over an ensemble and its mixture's."""
        real, coder = self.material.held_out, self.material.coder
        at_once = self.material.recipe.training.micro_batch_rows
        found = [evaluate(model, real, coder, batch_rows=at_once) for model in models]
        measured = {
            "cross_entropy": float(np.mean([one.cross_entropy for one in found])),
            "bits_per_byte": float(np.mean([one.bits_per_byte for one in found])),
        }
        if self.mitigation.ensemble is not None:
            nats = np.array([one.nats for one in found])
            measured["mixture_cross_entropy"] = mixture_nats(nats) / found[0].tokens
        return measured

    def measured_base(self) -> Metrics:
        """Held-out cross-entropy before any fit; nothing where every fit starts from random."""
        base = self.material.base
        if base is None:
            return {}
        found = self.measured([placed(base, self.accelerator)])
        base.to("cpu")
        return {name: found[name] for name in ("cross_entropy", "bits_per_byte")}

    def _start(self, generation: int, seed: int) -> Any:
        """The model before a fit, on the device."""
        if self.material.recipe.training.mode == "continue" and generation > 1:
            model = self._last if self._last is not None else self._kept(generation - 1)
            return placed(model, self.accelerator)
        return first_model(self.material, seed, self.accelerator)

    def _kept(self, generation: int) -> Any:
        """The model of a fit that an interrupted run has kept."""
        recipe, folder = self.material.recipe, generation_folder(self.folder, generation) / "model"
        if recipe.lora.rank is None:
            return loaded_model(str(folder), recipe.training.precision)
        return loaded_adapters(copy.deepcopy(self.material.base), folder)


def first_model(material: Material, seed: int, accelerator: Accelerator) -> Any:
    """The model that a fit to real rows begins with, on the device: random, or the base's."""
    recipe = material.recipe
    if recipe.training.mode == "scratch":
        model: Any = random_model(recipe.model, material.coder, seed)
    else:
        model = copy.deepcopy(material.base)
        if recipe.lora.rank is not None:
            model = with_adapters(model, recipe.lora, seed)
    if recipe.training.precision == "bf16-weights":
        model = model.to(torch.bfloat16)
    return placed(model, accelerator)


def placed(model: Any, accelerator: Accelerator) -> Any:
    """The model on the device.

    Raises:
        ValueError: there is too little memory.
    """
    remedy = "take a smaller one, or training.precision = 'bf16-weights'"
    with enough_memory("hold the model", remedy):
        return model.to(accelerator.device)
