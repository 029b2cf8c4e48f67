"""The published loss curves: cross-entropy on real text, generation by generation.

They lie next to the code (`lm/published`, with a README of provenance); those of our own runs, or
of anybody, come from a CSV with the same columns: `theory.growth.tables.read_losses`.
"""

from __future__ import annotations

from pathlib import Path

from theory.growth.losscurve import LossCurve
from theory.growth.tables import read_losses

PUBLISHED = Path(__file__).parent / "published"
FINETUNING = "finetuning_helpsteer2"
PRETRAINING = "pretraining_tinystories"
TABLE = "pretraining_table2"


def published(name: str) -> list[LossCurve]:
    """The published curves of one file, `FINETUNING`, `PRETRAINING` or `TABLE`, in its order.

    Example:
        >>> [curve.name for curve in published(PRETRAINING)][:2]
        ['GPT-2-9M, replace', 'Llama-2-12M, replace']
    """
    return read_losses(PUBLISHED / f"{name}.csv")
