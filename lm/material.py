"""What all chains of a run share: the split text, the tokenizer, the base, made once and kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator

from lm.batches import Rows, all_equal, steps_of
from lm.config import Recipe, Training
from lm.corpus import ORDER, Corpus, base_texts, prompt_of, read_corpus, stream
from lm.evaluate import HeldOut, held_out
from lm.finetune import Fit, fit
from lm.folder import (
    LOSSES,
    code_manifest,
    locked,
    read_json,
    save_json,
    save_losses,
    settle,
    whole,
)
from lm.model import check_fits, loaded_model, random_model
from lm.progress import Bars
from lm.tokenizer import Coder, TokenRow
from montecarlo.durable import MANIFEST

BASE_SEED = 0  # of the base's weights and rows: one base for all seeds, as for a published model


@dataclass(frozen=True)
class Material:
    """What all chains of a run share.

    Attributes:
        recipe: the experiment.
        corpus: the split text.
        coder: tokenizer.
        base: model that fits start from, on the CPU; None where every fit starts from random.
        train: token rows of the training rows that are not too long.
        texts: their texts.
        held_out: what models are measured on.
        manifest: what decides the numbers, but for workflow and seed.
    """

    recipe: Recipe
    corpus: Corpus
    coder: Coder
    base: Any
    train: list[TokenRow]
    texts: list[str]
    held_out: HeldOut
    manifest: dict[str, Any]

    @property
    def rows(self) -> int:
        """Rows of the real batch."""
        return self.recipe.data.rows or len(self.train)

    def weighted(
        self, tokens: Sequence[TokenRow], weights: npt.NDArray[np.float64] | None = None
    ) -> Rows:
        """Rows with what the recipe's loss leaves out of each; None: all weigh the same."""
        prompts = np.zeros(len(tokens), dtype=np.int64)
        if self.recipe.training.loss == "response":
            texts = [self.coder.decoded(row) for row in tokens]
            lengths = self.coder.prompt_lengths(texts, tokens, self.recipe.data.form)
            prompts = np.array(lengths, dtype=np.int64)
        return Rows(tokens, prompts, np.ones(len(tokens)) if weights is None else weights)


def prepare(recipe: Recipe, run: Path, accelerator: Accelerator, bars: Bars) -> Material:
    """Text, tokenizer and base of a run, made once and kept in its folder.

    The base is trained on as many threads as a chain: on a core that others use too, a second
    thread makes a small model slower, and its last bits would depend on how many chains run.

    Raises:
        ValueError: they do not fit together, or the folder is of another run.
        OSError: something cannot be read or written.
    """
    shared = run / "shared"
    manifest = _shared_manifest(recipe, accelerator)
    if accelerator.is_main_process:
        with locked(run):
            if not shared.is_dir():
                _make_shared(recipe, shared, manifest, accelerator, bars)
    accelerator.wait_for_everyone()
    settle(shared, manifest)
    corpus = _load_corpus(shared)
    coder = Coder.loaded(str(shared / "tokenizer"))
    if coder is None:
        raise ValueError(f"{str(shared)!r} has lost its tokenizer: remove it")
    base = None
    if recipe.training.mode != "scratch":
        path = str(shared / "model") if (shared / "model").is_dir() else recipe.model.path
        base = (
            loaded_model(path, recipe.training.precision) if path else _random_base(recipe, coder)
        )
        check_fits(base, coder, recipe.data.max_tokens)
    return _material(recipe, corpus, coder, base, accelerator)


def _shared_manifest(recipe: Recipe, accelerator: Accelerator) -> dict[str, Any]:
    described = recipe.described()
    about = {name: described[name] for name in ("data", "model", "base", "training", "lora")}
    about["data"].pop("rows")
    return about | code_manifest(accelerator.device.type, torch.get_num_threads())


def _make_shared(
    recipe: Recipe, shared: Path, manifest: dict[str, Any], accelerator: Accelerator, bars: Bars
) -> None:
    """Split the text, train or copy the tokenizer, train the base if the recipe has one."""
    corpus = read_corpus(recipe.data)
    extra = base_texts(recipe.base.source, recipe.data) if recipe.base.source else []
    coder = Coder.loaded(recipe.model.path) if recipe.model.path else None
    if coder is None:
        coder = Coder.trained([*extra, *corpus.train], recipe.model.vocabulary)
        coder.check_round_trip([*corpus.train, *corpus.held_out])
    with whole(shared) as part:
        lines = [json.dumps({"train": corpus.train, "held_out": corpus.held_out})]
        (part / "corpus.json").write_text(lines[0], encoding="utf-8")
        save_json(part / "digest.json", {"digest": corpus.digest})
        coder.save(part / "tokenizer")
        if extra:
            model, done = _trained_base(recipe, coder, extra, accelerator, bars)
            save_model(model, part / "model")
            save_losses(part / LOSSES, done.losses)
        save_json(part / MANIFEST, manifest)


def _random_base(recipe: Recipe, coder: Coder) -> Any:
    return random_model(recipe.model, coder, BASE_SEED)


def _trained_base(
    recipe: Recipe, coder: Coder, texts: Sequence[str], accelerator: Accelerator, bars: Bars
) -> tuple[Any, Fit]:
    base = recipe.base
    path = recipe.model.path
    model = loaded_model(path) if path else _random_base(recipe, coder)
    check_fits(model, coder, base.max_tokens)
    rows = all_equal(coder.rows(texts, base.max_tokens, "cut"))
    training = Training(
        epochs=base.epochs, batch_rows=base.batch_rows, micro_batch_rows=base.batch_rows,
        learning_rate=base.learning_rate, schedule="cosine",
        precision=recipe.training.precision, checkpointing=recipe.training.checkpointing,
    )  # fmt: skip
    steps = steps_of(len(rows), base.batch_rows, base.epochs)
    total = round(sum(map(len, rows.tokens)) * base.epochs)
    with bars.tokens("base: fit", total) as told:
        return fit(
            model, rows, training, coder, steps=steps, rng=stream(ORDER, BASE_SEED),
            accelerator=accelerator, progress=told,
        )  # fmt: skip


def _load_corpus(shared: Path) -> Corpus:
    found = read_json(shared / "corpus.json")
    digest = read_json(shared / "digest.json")["digest"]
    return Corpus(tuple(found["train"]), tuple(found["held_out"]), digest)


def _material(
    recipe: Recipe, corpus: Corpus, coder: Coder, base: Any, accelerator: Accelerator
) -> Material:
    train, texts = _short_enough(recipe, coder, corpus.train, "train on")
    real, real_texts = _short_enough(recipe, coder, corpus.held_out, "hold out")
    prompts, prompt_bytes = [0] * len(real), [0] * len(real)
    if recipe.training.loss == "response":
        form = recipe.data.form
        prompts = coder.prompt_lengths(real_texts, real, form)
        prompt_bytes = [len(prompt_of(text, form).encode()) for text in real_texts]
    described = recipe.described()
    for name in ("workflows", "seeds", "title", "generations", "mitigation"):
        del described[name]
    code = code_manifest(accelerator.device.type, torch.get_num_threads())
    manifest = {
        **described, "digest": corpus.digest, "processes": accelerator.num_processes, **code,
    }  # fmt: skip
    measured = held_out(real, real_texts, prompts, prompt_bytes)
    return Material(recipe, corpus, coder, base, train, texts, measured, manifest)


def _short_enough(
    recipe: Recipe, coder: Coder, texts: Sequence[str], purpose: str
) -> tuple[list[TokenRow], list[str]]:
    """Token rows that are not too long, and their texts."""
    longest, cut = recipe.data.max_tokens, recipe.data.longer == "cut"
    rows = coder.rows(texts, longest, "cut")
    kept = [i for i, row in enumerate(rows) if cut or row[-1] == coder.end]
    if not kept:
        raise ValueError(
            f"no row to {purpose}: all {len(texts):,} have more than data.max_tokens = {longest} "
            "tokens"
        )
    short = [texts[i] if rows[i][-1] == coder.end else coder.decoded(rows[i]) for i in kept]
    return [rows[i] for i in kept], short


def save_model(model: Any, folder: Path) -> None:
    """Weights, for `loaded_model`.

    Raises:
        OSError: they cannot be written.
    """
    from safetensors import SafetensorError

    try:
        model.save_pretrained(str(folder))
    except SafetensorError as problem:
        raise OSError(f"cannot write the weights: {problem}") from None
