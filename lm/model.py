"""A causal language model: of given sizes with random weights, or from a folder or the hub."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    Gemma2Config,
    GPT2Config,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedModel,
)

from lm.config import Lora, Model, Precision
from lm.tokenizer import Coder


def architecture(model: Model, coder: Coder) -> PreTrainedConfig:
    """The configuration of the sizes that a recipe gives."""
    shared: dict[str, Any] = {
        "vocab_size": len(coder),
        "bos_token_id": coder.start,
        "eos_token_id": coder.end,
        "pad_token_id": coder.pad,
    }
    if model.architecture == "gpt2":
        return GPT2Config(
            n_positions=model.context, n_embd=model.hidden, n_layer=model.layers,
            n_head=model.heads, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, **shared,
        )  # fmt: skip
    shared |= {
        "hidden_size": model.hidden,
        "intermediate_size": model.intermediate,
        "num_hidden_layers": model.layers,
        "num_attention_heads": model.heads,
        "num_key_value_heads": model.key_value_heads or model.heads,
        "max_position_embeddings": model.context,
    }
    if model.architecture == "llama":
        return LlamaConfig(tie_word_embeddings=model.tied, **shared)
    head = model.hidden // model.heads
    return Gemma2Config(head_dim=head, query_pre_attn_scalar=head, **shared)


def parameters(model: torch.nn.Module) -> int:
    """Number of weights, shared ones once."""
    return sum(weight.numel() for weight in model.parameters())


def random_model(model: Model, coder: Coder, seed: int) -> PreTrainedModel:
    """A model with random weights that the seed decides; the global generator is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made: PreTrainedModel = AutoModelForCausalLM.from_config(
            architecture(model, coder), attn_implementation=attention(model.architecture)
        )
    return made


def attention(kind: str) -> str:
    """Gemma 2 caps its attention logits, which only the plain implementation does."""
    return "eager" if kind == "gemma2" else "sdpa"


def loaded_model(path: str, precision: Precision = "float32") -> PreTrainedModel:
    """The model of a folder or hub id.

    Raises:
        ValueError: there is none.
    """
    if path.startswith((".", "/", "~")) and not Path(path).expanduser().is_dir():
        raise ValueError(f"model.path: no folder {path!r}")
    dtype = torch.bfloat16 if precision == "bf16-weights" else torch.float32
    folder = Path(path).expanduser()
    place = str(folder) if folder.is_dir() else path
    try:
        kind = AutoConfig.from_pretrained(place).model_type
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            place, dtype=dtype, attn_implementation=attention(kind)
        )
    except (OSError, ValueError, KeyError) as problem:
        told = str(problem).strip().splitlines()
        raise ValueError(
            f"model.path {path!r} is neither a folder with a causal model nor one that the hub "
            f"gives: {told[0] if told else type(problem).__name__}"
        ) from None
    return model


def check_fits(model: PreTrainedModel, coder: Coder, max_tokens: int) -> None:
    """Refuse a tokenizer or rows that the model has no place for.

    Raises:
        ValueError: more entries than embeddings, or rows longer than the context.
    """
    embeddings = model.get_input_embeddings().num_embeddings
    largest = max(len(coder) - 1, coder.start, coder.end, coder.pad)
    if largest >= embeddings:
        raise ValueError(
            f"the tokenizer has {largest + 1} entries, the model embeddings for {embeddings}"
        )
    context = getattr(model.config, "max_position_embeddings", None)
    if context is not None and max_tokens > context:
        raise ValueError(
            f"data.max_tokens must be at most the model's context of {context}, got {max_tokens}"
        )


def with_adapters(model: PreTrainedModel, lora: Lora, seed: int) -> Any:
    """The model with low-rank adapters on its linear layers; only they are trained."""
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=lora.rank or 0,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        # peft asks transformers by a name that transformers 5.23 calls deprecated.
        warnings.filterwarnings("ignore", r"`is_gradient_checkpointing`", FutureWarning)
        torch.manual_seed(seed)
        return get_peft_model(model, config)


def loaded_adapters(base: PreTrainedModel, folder: Path) -> Any:
    """The base with the adapters of a folder, to be trained further."""
    from peft import PeftModel

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`is_gradient_checkpointing`", FutureWarning)
        return PeftModel.from_pretrained(base, str(folder), is_trainable=True)
