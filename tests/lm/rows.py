"""Short real rows for tests, and the tables of a recipe for them."""

import json
from pathlib import Path

WORDS = "a model reads its own words and writes them down again until no word is left".split()

TINY = """\
[data]
rows = 24
held_out = 12
max_tokens = 48
[model]
vocabulary = 280
hidden = 32
layers = 1
heads = 2
intermediate = 48
context = 64
[training]
batch_rows = 8
micro_batch_rows = 8
"""
# A recipe of seconds, but for its workflows and generations.


def conversations(rows: int) -> list[tuple[str, str]]:
    """Short prompts and responses, all different."""
    return [
        (f"{WORDS[i % 15]} {i}", " ".join(WORDS[(i * k) % 15] for k in range(1, 3 + i % 4)))
        for i in range(rows)
    ]


def write_jsonl(path: Path, rows: int = 60) -> Path:
    """A table of prompts and responses."""
    lines = [json.dumps({"prompt": p, "response": r}) for p, r in conversations(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
