r"""Real text: rows of any source, split once into rows to train on and rows held out.

A row is one text. Where a source has prompts and responses, a row is a conversation,
"user: ...\nassistant: ...". The split is the same for every seed and workflow; which of the
training rows are real batch 0 depends on the seed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lm.config import Data
from lm.stdlib import FORMS, conversation, docstrings, topics
from montecarlo.blocks import generator

FAMILY = 5  # of this room's random streams, in every spawn key
# What a stream decides.
SPLIT, ROWS, ORDER, SUBSAMPLE, TOKENS, WEIGHTS, VERIFIER, CURATE, EDIT, MEMBERS = range(1, 11)
SUFFIXES = (".txt", ".jsonl", ".parquet")

Grouped = list[tuple[str, str]]  # (group, text): a group is held out as a whole


@dataclass(frozen=True)
class Corpus:
    """Rows of a source.

    Attributes:
        train: rows to train on, in the order of the source.
        held_out: rows that no fit sees.
        digest: hash of both.
    """

    train: tuple[str, ...]
    held_out: tuple[str, ...]
    digest: str


def stream(purpose: int, seed: int, *address: int) -> np.random.Generator:
    """The random stream of one purpose at one address, such as a generation and a row.

    Streams at different addresses share nothing: the address is part of the spawn key, each entry
    in 32 bits of its own.
    """
    block = purpose
    for entry in address:
        if not 0 <= entry < 2**32:
            raise ValueError(f"an address must be in [0, 2^32), got {entry}")
        block = (block << 32) | entry
    return generator(seed, FAMILY, block)


def accepted(text: str) -> bool:
    r"""True of a conversation: it starts with "user: " and has exactly one "assistant: ".

    Example:
        >>> accepted("user: a\nassistant: b"), accepted("user: a"), accepted("a\nassistant: b")
        (True, False, False)
    """
    return text.startswith("user: ") and text.count("assistant: ") == 1


def prompt_of(text: str, form: str = "user-assistant") -> str:
    r"""The text up to the response, its marker included; "" where there is no response.

    Example:
        >>> prompt_of("user: a\nassistant: b")
        'user: a\nassistant:'
    """
    before, marker, _ = text.partition(FORMS[form][1])
    return before + marker if marker else ""


def read_corpus(data: Data) -> Corpus:
    """Rows of a source and their split.

    Raises:
        ValueError: no such source, no text in it, or too few rows to hold some out.
        OSError: it cannot be read.
    """
    rows = _grouped(data.source, data, data.split)
    own = data.source.startswith("stdlib-") or data.source.endswith(SUFFIXES)
    if own and data.held_out_split is not None:
        raise ValueError(
            f"data.held_out_split must be none where the source has no splits, got "
            f"{data.held_out_split!r} with {data.source!r}"
        )
    if data.held_out_split is not None:
        train = [text for _, text in rows]
        others = [text for _, text in _grouped(data.source, data, data.held_out_split)]
        held_out = others[: data.held_out]
    else:
        train, held_out = _split(rows, data)
    found = hashlib.sha256()
    for text in (*train, "\0", *held_out):
        found.update(len(text).to_bytes(8, "little") + text.encode("utf-8", "surrogatepass"))
    return Corpus(tuple(train), tuple(held_out), found.hexdigest()[:16])


def base_texts(source: str, data: Data) -> list[str]:
    """Every row of a source, for a base model."""
    return [text for _, text in _grouped(source, data, data.split)]


def _split(rows: Grouped, data: Data) -> tuple[list[str], list[str]]:
    """Whole groups at random, until enough rows are held out."""
    groups: dict[str, int] = {}
    for group, _ in rows:
        groups[group] = groups.get(group, 0) + 1
    names = list(groups)
    chosen: set[str] = set()
    count = 0
    for index in stream(SPLIT, 0).permutation(len(names)):
        if count >= data.held_out:
            break
        chosen.add(names[index])
        count += groups[names[index]]
    train = [text for group, text in rows if group not in chosen]
    held_out = [text for group, text in rows if group in chosen]
    if len(train) < 2 or count < data.held_out:
        raise ValueError(
            f"data.held_out must leave rows to train on, got {data.held_out} of the {len(rows)} "
            f"rows of {data.source!r}"
        )
    return train, held_out


# --- sources -------------------------------------------------------------------------------------


def _grouped(source: str, data: Data, split: str) -> Grouped:
    """Rows of a source with their groups; every row a group of its own but for topics."""
    if source == "stdlib-topics":
        return topics()
    if source == "stdlib-questions":
        return [(topic, conversation(topic, paragraph)) for topic, paragraph in topics()]
    if source == "stdlib-docstrings":
        texts = [conversation(*pair) for pair in docstrings()]
        # A docstring that quotes the format would not pass the rule that samples have to pass.
        texts = [text for text in texts if accepted(text)]
    elif source.endswith(SUFFIXES):
        texts = _file(Path(source), data)
    else:
        texts = _hub(source, data, split)
    texts = [text for text in texts if text.strip()]
    if not texts:
        raise ValueError(f"data.source {source!r} has no text")
    return [(str(number), text) for number, text in enumerate(texts)]


def _file(path: Path, data: Data) -> list[str]:
    """Paragraphs of a .txt, or rows of a .jsonl or .parquet."""
    if not path.is_file():
        raise FileNotFoundError(2, "No such file", str(path))
    if path.stat().st_size == 0:
        raise ValueError(f"data.source {str(path)!r} has no text")
    if path.suffix == ".txt":
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as problem:
            raise ValueError(f"data.source {str(path)!r} is not UTF-8: {problem}") from None
        return [part.strip("\n") for part in text.replace("\r\n", "\n").split("\n\n")]
    return _texts(_table(path), str(path), data)


def _table(path: Path) -> Any:
    """Columns of a .jsonl or .parquet by name."""
    from pyarrow import ArrowException, json, parquet

    try:
        table = parquet.read_table(path) if path.suffix == ".parquet" else json.read_json(path)
    except (ArrowException, ValueError) as problem:
        raise ValueError(f"data.source {str(path)!r} is no {path.suffix[1:]}: {problem}") from None
    return {name: table.column(name).to_pylist() for name in table.column_names}


def _hub(source: str, data: Data, split: str) -> list[str]:
    """Rows of a data set that `datasets` finds: a folder of its own, the cache or the hub."""
    from datasets import load_dataset

    if source.startswith((".", "/", "~")) and not Path(source).expanduser().is_dir():
        raise FileNotFoundError(2, "No such file", source)
    try:
        table = load_dataset(source, split=split)
    except Exception as problem:  # it raises errors of five libraries
        told = str(problem).splitlines()
        raise ValueError(
            f"data.source {source!r} is no {', '.join(SUFFIXES)} file, and datasets cannot load "
            f"it: {type(problem).__name__}: {told[0] if told else ''}"
        ) from None
    return _texts({name: table[name] for name in table.column_names}, source, data)


def _texts(table: Any, source: str, data: Data) -> list[str]:
    """Texts of a table: its column `text`, or prompts and responses in the form of the data."""
    names = data.columns or next(
        (names for names in (("prompt", "response"), ("text",)) if set(names) <= set(table)), ()
    )
    if not names or set(names) - set(table):
        wanted = "text, or prompt and response" if not data.columns else " and ".join(names)
        raise ValueError(
            f"data.source {source!r} must have columns {wanted}, got {', '.join(table) or 'none'}"
        )
    chosen = [table[name] for name in names]
    whole = [row for row in zip(*chosen, strict=True) if None not in row]
    for row in whole:
        if not all(isinstance(cell, str) for cell in row):
            raise ValueError(f"data.source {source!r}: {names} must be text, got {row!r}"[:200])
    if len(names) == 1:
        return [row[0] for row in whole]
    return [conversation(prompt, response, data.form) for prompt, response in whole]


# --- real batches --------------------------------------------------------------------------------


def real_order(rows: int, seed: int) -> list[int]:
    """Training rows in the order in which a seed takes them for real batches."""
    return [int(row) for row in stream(ROWS, seed).permutation(rows)]
