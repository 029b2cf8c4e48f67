"""Texts to token rows and back: a byte-level BPE of the real rows, or the model's own tokenizer.

A token row is a numpy array of ints: the tokens of a text, and the end token if the row is
finished. The token that a model is started with is not part of a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from lm.corpus import prompt_of

TokenRow = npt.NDArray[np.int32]
END, PAD = "<|end|>", "<|pad|>"


@dataclass(frozen=True)
class Coder:
    """A tokenizer with the three tokens that rows need.

    Attributes:
        tokenizer: of transformers, with a fast backend.
        start: token that a sequence starts with.
        end: token that finishes a row.
        pad: token that fills a batch.
    """

    tokenizer: PreTrainedTokenizerFast
    start: int
    end: int
    pad: int

    @classmethod
    def of(cls, tokenizer: Any, name: str) -> Self:
        """The coder of a tokenizer; a start or pad token it lacks is its end token.

        Raises:
            ValueError: it has no fast backend, or no end token.
        """
        if getattr(tokenizer, "backend_tokenizer", None) is None:
            raise ValueError(f"the tokenizer of {name!r} has no fast form")
        if tokenizer.eos_token_id is None:
            raise ValueError(f"the tokenizer of {name!r} has no end token")
        # Text that looks like a special token is text: nobody writes a row's end into its middle.
        tokenizer.backend_tokenizer.encode_special_tokens = True
        end = tokenizer.eos_token_id
        start, pad = tokenizer.bos_token_id, tokenizer.pad_token_id
        return cls(tokenizer, end if start is None else start, end, end if pad is None else pad)

    @classmethod
    def trained(cls, texts: Iterable[str], vocabulary: int) -> Self:
        """A byte-level BPE of the texts with at most so many entries.

        Any text survives the round trip: there is no normalisation, and every byte is an entry.
        """
        bpe = Tokenizer(models.BPE())
        bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        bpe.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=[END, PAD],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        bpe.train_from_iterator(texts, trainer)
        wrapped = PreTrainedTokenizerFast(
            tokenizer_object=bpe,
            bos_token=END,
            eos_token=END,
            pad_token=PAD,
            clean_up_tokenization_spaces=False,
        )
        return cls.of(wrapped, "trained")

    @classmethod
    def loaded(cls, path: str) -> Self | None:
        """The tokenizer of a folder or hub id; None where there is none."""
        try:
            tokenizer = AutoTokenizer.from_pretrained(path, clean_up_tokenization_spaces=False)
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return cls.of(tokenizer, path)

    def save(self, folder: Path) -> None:
        """Write it, for `loaded`."""
        self.tokenizer.save_pretrained(str(folder))

    def __len__(self) -> int:
        return len(self.tokenizer)

    def encoded(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of each text, without start or end."""
        backend = self.tokenizer.backend_tokenizer
        return [found.ids for found in backend.encode_batch(list(texts), add_special_tokens=False)]

    def decoded(self, row: Sequence[int] | TokenRow) -> str:
        """Text of a row, without special tokens."""
        ids = [int(token) for token in row]
        text: str = self.tokenizer.backend_tokenizer.decode(ids, skip_special_tokens=True)
        return text

    def check_round_trip(self, texts: Sequence[str]) -> None:
        """Refuse a tokenizer that changes a text.

        Raises:
            ValueError: decode(encode(text)) is not the text.
        """
        for text, ids in zip(texts, self.encoded(texts), strict=True):
            back = self.decoded(ids)
            if back != text:
                at = next(
                    (i for i, (a, b) in enumerate(zip(text, back, strict=False)) if a != b), 0
                )
                raise ValueError(
                    "the tokenizer does not give back what it is given: "
                    f"{text[at : at + 30]!r} comes back as {back[at : at + 30]!r}"
                )

    def rows(
        self, texts: Sequence[str], max_tokens: int, longer: Literal["drop", "cut"]
    ) -> list[TokenRow]:
        """Finished token rows; longer ones dropped, or cut and left unfinished."""
        found = []
        for ids in self.encoded(texts):
            if len(ids) < max_tokens:
                found.append(np.array([*ids, self.end], dtype=np.int32))
            elif longer == "cut":
                found.append(np.array(ids[:max_tokens], dtype=np.int32))
        return found

    def prompt_lengths(
        self, texts: Sequence[str], rows: Sequence[TokenRow], form: str = "user-assistant"
    ) -> list[int]:
        """Tokens of each row that belong to its prompt, 0 where it has no response.

        The longest common beginning of the row and of its prompt alone: a token that reaches over
        the boundary belongs to the response.
        """
        found = []
        prompts = self.encoded([prompt_of(text, form) for text in texts])
        for ids, row in zip(prompts, rows, strict=True):
            shared = min(len(ids), len(row) - 1)
            same = np.asarray(ids[:shared], dtype=np.int32) == row[:shared]
            found.append(int(shared if same.all() else np.argmin(same)))
        return found
