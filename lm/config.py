"""Recipe: everything that decides the numbers of a language-model run, frozen and checked.

`lm.reading` makes one from a TOML file with a table for each of the dataclasses below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from lm.mitigation.choice import Mitigation
from theory.workflow import Workflow, WorkflowKind, share, whole_number

Architecture = Literal["llama", "gpt2", "gemma2"]
Mode = Literal["restart", "continue", "scratch"]
Loss = Literal["all", "response"]
Prompts = Literal["empty", "first-token", "real", "all-real"]
Form = Literal["user-assistant", "article-summary"]
Accept = Literal["any", "user-assistant"]
Precision = Literal["float32", "bf16", "bf16-weights"]
Schedule = Literal["constant", "cosine"]


@dataclass(frozen=True)
class Data:
    """Real text.

    Attributes:
        source: stdlib-docstrings, stdlib-topics, stdlib-questions (the topics as conversations), a
            file (.txt, .jsonl, .parquet) or a hub id.
        rows: real rows of a batch; None for all that are left beside the held-out rows.
        held_out: rows held out, at least.
        max_tokens: longest row in tokens, its end included.
        longer: longer rows are dropped, or cut.
        columns: columns of a table: (text,) or (prompt, response); empty: whichever is there.
        form: how a row with prompt and response reads, as `lm.stdlib.FORMS` has it.
        split: split of a hub data set.
        held_out_split: split that the held-out rows come from; None: the same as the others.
    """

    source: str = "stdlib-docstrings"
    rows: int | None = None
    held_out: int = 200
    max_tokens: int = 128
    longer: Literal["drop", "cut"] = "drop"
    columns: tuple[str, ...] = ()
    form: Form = "user-assistant"
    split: str = "train"
    held_out_split: str | None = None

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError(f"data.source must name a source, got {self.source!r}")
        if self.rows is not None:
            whole_number("data.rows", self.rows, 2)
        whole_number("data.held_out", self.held_out)
        whole_number("data.max_tokens", self.max_tokens, 2)
        if len(self.columns) > 2:
            raise ValueError(f"data.columns must be at most two, got {self.columns!r}")


@dataclass(frozen=True)
class Model:
    """A causal model: a folder or hub id, or the sizes of a new one.

    Attributes:
        path: folder or hub id; None builds one of `architecture` with random weights.
        vocabulary: entries of the tokenizer that is trained where there is none.
        hidden, layers, heads: width, blocks, attention heads.
        key_value_heads: heads of keys and values; None: as many as heads.
        intermediate: width of the feed-forward layers (gpt2: always four times hidden).
        context: longest sequence in tokens.
        tied: input and output embeddings are one (gpt2 and gemma2: always).
    """

    path: str | None = None
    architecture: Architecture = "llama"
    vocabulary: int = 2000
    hidden: int = 64
    layers: int = 2
    heads: int = 4
    key_value_heads: int | None = None
    intermediate: int = 192
    context: int = 256
    tied: bool = True

    def __post_init__(self) -> None:
        if self.path is not None and not self.path:
            raise ValueError(f"model.path must name a model, got {self.path!r}")
        whole_number("model.vocabulary", self.vocabulary, 260)  # 256 bytes and the special tokens
        for name in ("hidden", "layers", "heads", "intermediate"):
            whole_number(f"model.{name}", getattr(self, name))
        whole_number("model.context", self.context, 2)
        if self.hidden % self.heads:
            raise ValueError(
                f"model.hidden must be a multiple of heads={self.heads}, got {self.hidden}"
            )
        if self.key_value_heads is not None:
            whole_number("model.key_value_heads", self.key_value_heads)
            if self.heads % self.key_value_heads:
                raise ValueError(
                    f"model.key_value_heads must divide heads={self.heads}, "
                    f"got {self.key_value_heads}"
                )


@dataclass(frozen=True)
class Lora:
    """Low-rank adapters on every linear layer; rank None trains all weights."""

    rank: int | None = None
    alpha: float = 16.0
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.rank is not None:
            whole_number("lora.rank", self.rank)
        _positive("lora.alpha", self.alpha)
        _below_one("lora.dropout", self.dropout)


@dataclass(frozen=True)
class Base:
    """Text that the base is trained on once, before generation 1; source None: it is not.

    Attributes:
        source: as in Data.
        max_tokens: longest row; longer ones are cut.
        epochs, batch_rows, learning_rate: of that training.
    """

    source: str | None = None
    max_tokens: int = 128
    epochs: float = 1.0
    batch_rows: int = 32
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        whole_number("base.max_tokens", self.max_tokens, 2)
        whole_number("base.batch_rows", self.batch_rows)
        _positive("base.epochs", self.epochs)
        _positive("base.learning_rate", self.learning_rate)


@dataclass(frozen=True)
class Training:
    """One fit.

    Attributes:
        mode: weights before a fit: of the base, of the last fit, or random.
        epochs: passes over the rows of the fit; steps = ceil(epochs x rows / batch_rows).
        step_matched: every fit takes as many steps as the fit to the real batch does, so that more
            rows do not mean more steps.
        batch_rows: rows an optimizer step, over all processes.
        micro_batch_rows: rows at once in memory; gradients accumulate over them.
        learning_rate, warmup, schedule: linear from 0 over that share of the steps, then constant
            or a cosine down to 0.
        weight_decay, clip: AdamW's decay; largest norm of the gradient, None for any.
        loss: on all tokens, or on those of the response.
        precision: bf16 computes in bfloat16 with float32 weights, bf16-weights keeps them in
            bfloat16 too.
        checkpointing: recompute activations in the backward pass, to save memory.
    """

    mode: Mode = "restart"
    epochs: float = 1.0
    step_matched: bool = False
    batch_rows: int = 32
    micro_batch_rows: int = 32
    learning_rate: float = 1e-3
    warmup: float = 0.05
    schedule: Schedule = "constant"
    weight_decay: float = 0.0
    clip: float | None = 1.0
    loss: Loss = "all"
    precision: Precision = "float32"
    checkpointing: bool = False

    def __post_init__(self) -> None:
        whole_number("training.batch_rows", self.batch_rows)
        whole_number("training.micro_batch_rows", self.micro_batch_rows)
        _positive("training.epochs", self.epochs)
        _positive("training.learning_rate", self.learning_rate)
        _below_one("training.warmup", self.warmup)
        if self.weight_decay < 0:
            raise ValueError(f"training.weight_decay must be >= 0, got {self.weight_decay}")
        if self.clip is not None:
            _positive("training.clip", self.clip)


@dataclass(frozen=True)
class Sampling:
    """How a batch is written.

    Attributes:
        prompts: nothing, the first token of a real row, or a real row's prompt; all-real has the
            prompts of every training row, those of the real batch first.
        temperature, top_k, top_p: of the next token; top_k None and top_p 1 leave it alone.
        accept: any row; or those that start with "user: " and have exactly one "assistant: ".
        most_attempts: attempts a row that is wanted, before the model is given up.
        batch_rows: rows at once in memory.
        through_text: a row is decoded and encoded again before it is trained on.
    """

    prompts: Prompts = "empty"
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0
    accept: Accept = "any"
    most_attempts: int = 20
    batch_rows: int = 256
    through_text: bool = False

    def __post_init__(self) -> None:
        _positive("sampling.temperature", self.temperature)
        if self.top_k is not None:
            whole_number("sampling.top_k", self.top_k)
        share("sampling.top_p", self.top_p)
        whole_number("sampling.most_attempts", self.most_attempts)
        whole_number("sampling.batch_rows", self.batch_rows)


@dataclass(frozen=True)
class WorkflowChoice:
    """A workflow by name; its batches have `data.rows` rows unless it says otherwise.

    Example:
        >>> WorkflowChoice("accumulate-subsample", budget=50).workflow(100).train_size(3)
        50
    """

    name: str
    n: tuple[int, ...] = ()
    n_real: int | None = None
    window: int | None = None
    budget: int | None = None
    replacement: bool = False
    weight: float | None = None

    def __post_init__(self) -> None:
        self.workflow(2)

    def workflow(self, rows: int) -> Workflow:
        """The workflow whose real batch has so many rows."""
        return Workflow.parse(
            self.name, n=self.n or (rows,), n_real=self.n_real, window=self.window,
            budget=self.budget, replacement=self.replacement, weight=self.weight,
        )  # fmt: skip

    @property
    def label(self) -> str:
        """Name of its folder and of its curve.

        Example:
            >>> WorkflowChoice("sliding_window", window=3).label
            'sliding-window-window-3'
        """
        parts = [self.name.replace("_", "-")]
        for option in fields(self)[1:]:
            value = getattr(self, option.name)
            if value not in (None, (), False):
                shown = "-".join(map(str, value)) if isinstance(value, tuple) else value
                name = option.name.replace("_", "-")
                parts.append(name if value is True else f"{name}-{shown}")
        return "-".join(parts)


THREE = tuple(map(WorkflowChoice, ("replace", "accumulate", "accumulate-subsample")))


@dataclass(frozen=True)
class Recipe:
    """One experiment: what is trained on what, how, and how often.

    Attributes:
        title: one line for people.
        engine: transformers, or ngram for `lm.ngram`.
        mitigation: chains with each of them run beside the control, the chain without any.
        settings: tables of an engine other than transformers; unused by transformers.
    """

    title: str = ""
    engine: Literal["transformers", "ngram"] = "transformers"
    workflows: tuple[WorkflowChoice, ...] = THREE
    generations: int = 4
    seeds: tuple[int, ...] = (0,)
    data: Data = field(default_factory=Data)
    model: Model = field(default_factory=Model)
    base: Base = field(default_factory=Base)
    lora: Lora = field(default_factory=Lora)
    training: Training = field(default_factory=Training)
    sampling: Sampling = field(default_factory=Sampling)
    mitigation: tuple[Mitigation, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        whole_number("generations", self.generations)
        for name in ("workflows", "seeds"):
            found = getattr(self, name)
            if not found or len(set(found)) < len(found):
                raise ValueError(f"{name} must be some, each once, got {list(found)!r}")
        for seed in self.seeds:
            whole_number("seeds", seed, 0)
        if self.model.path is None and self.data.max_tokens > self.model.context:
            raise ValueError(
                f"data.max_tokens must be at most model.context={self.model.context}, "
                f"got {self.data.max_tokens}"
            )
        if self.training.mode == "scratch" and (self.base.source or self.lora.rank):
            told = "base.source" if self.base.source else "lora.rank"
            raise ValueError(f"training.mode 'scratch' trains all weights from random: no {told}")
        for one in self.mitigation:
            self._check_mitigation(one)

    def _check_mitigation(self, one: Mitigation) -> None:
        """Refuse a mitigation that nothing in the rest of the recipe can go with."""
        if self.engine == "ngram":
            raise ValueError(f"mitigation is for networks, got {one.label!r} with engine 'ngram'")
        if one.scorer == "rouge" and self.sampling.prompts not in ("real", "all-real"):
            raise ValueError(
                "mitigation by rouge compares with the response to a real prompt: sampling.prompts "
                f"must be real or all-real, got {self.sampling.prompts!r}"
            )
        if one.ensemble is not None and self.training.mode == "continue":
            raise ValueError(
                "mitigation.ensemble begins with new models every generation: training.mode must "
                f"be restart or scratch, got 'continue' with ensemble={one.ensemble}"
            )
        for choice in self.workflows:
            flow = choice.workflow(2)
            without = flow.kind is WorkflowKind.REPLACE or choice.window == 1
            if one.real_weight is not None and (without or choice.weight is not None):
                why = "has a weight of its own" if choice.weight else "trains on one kind of rows"
                raise ValueError(
                    f"mitigation.real_weight needs real rows beside synthetic ones, and "
                    f"{choice.label} {why}, got {one.real_weight}"
                )

    @property
    def chains(self) -> list[tuple[WorkflowChoice, Mitigation, int]]:
        """Workflow, mitigation and seed of every chain; the controls of a seed come first."""
        several = dict.fromkeys((Mitigation(), *self.mitigation))
        return [
            (choice, one, seed)
            for seed in self.seeds for one in several for choice in self.workflows
        ]  # fmt: skip

    def described(self) -> dict[str, Any]:
        """Its tables as plain values, in order."""
        return asdict(self)


def _positive(name: str, value: float) -> None:
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} must be > 0 and finite, got {value!r}")


def _below_one(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be in [0, 1), got {value!r}")
