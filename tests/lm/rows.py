"""Short real rows for tests."""

import json
from pathlib import Path

WORDS = "a model reads its own words and writes them down again until no word is left".split()


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
