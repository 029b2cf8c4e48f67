"""Free-running text: the model writes its own contexts, row by row, as a language model does.

No law of this chain is known; `lm.against` fits a + b v_t to its loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lm.ngram.held import FAMILY
from lm.ngram.model import NgramModel, Rows, Text
from lm.textstats import TextStatistics, statistics
from montecarlo.blocks import generator
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]

FIELDS = ("entropy", "cross_entropy", "vocabulary_left")


@dataclass(frozen=True, eq=False)
class Free:
    """A text to begin with.

    Attributes:
        text: the real rows, in the order in which batches take them.
        rows: the same rows, as token ids.
        held_out: real rows that no batch has.
        smoothing: alpha of the cross-entropy.
        alpha: of the model that writes; 0 is maximum likelihood.
    """

    text: Text
    rows: Rows
    held_out: Text
    smoothing: float
    alpha: float = 0.0

    @property
    def longest(self) -> int:
        """Tokens of the longest real row, after which a written one is cut."""
        return max(len(row) for row in self.rows)

    def first(self, workflow: Workflow, generations: int) -> int:
        """Real rows that so many generations take.

        Raises:
            ValueError: more than there are; quotes both.
        """
        taken = sum(workflow.real_rows(t) for t in range(1, generations + 1))
        if taken > len(self.rows):
            raise ValueError(
                f"{workflow} takes {taken} real rows in {generations} generations, got a text of "
                f"{len(self.rows)}"
            )
        return taken


def free(
    real: Free, workflow: Workflow, generations: int, *, seed: int, replicates: int
) -> tuple[dict[str, FloatArray], list[TextStatistics]]:
    """(fields, axes (replicate, generation - 1); statistics of what replicate 0 wrote, by fit).

    Every replicate begins with the same real rows; replicate r has the stream (seed, family, r).
    entropy is that of the fitted model over its own contexts, cross_entropy is of held-out real
    text (both nats a token), vocabulary_left counts the tokens that the fit has seen.

    Raises:
        ValueError: generations or replicates < 1, a negative seed, or too few real rows.
    """
    whole_number("generations", generations)
    whole_number("seed", seed, minimum=0)
    real.first(workflow, generations)
    found = np.empty((whole_number("replicates", replicates), generations, len(FIELDS)))
    kept: list[TextStatistics] = []
    batch = real.rows[: workflow.real_rows(1)]
    for r in range(replicates):
        stream = generator(seed, FAMILY, r)
        for t, (model, wrote) in enumerate(_fits(real, workflow, generations, stream), 1):
            loss = model.cross_entropy(real.held_out, real.smoothing)
            found[r, t - 1] = model.entropy, loss, model.vocabulary_left
            if r == 0:
                kept.append(statistics(wrote, batch, real_fraction=workflow.real_fraction(t)))
    return dict(zip(FIELDS, np.moveaxis(found, 2, 0), strict=True)), kept


def _fits(
    real: Free, workflow: Workflow, generations: int, rng: np.random.Generator
) -> Iterator[tuple[NgramModel, Rows]]:
    """(model, the rows that it writes) of fits 1..generations."""
    alphabet = real.text.alphabet
    batches: list[Text] = []
    taken = 0
    for t in range(1, generations + 1):
        arriving = workflow.real_rows(t)
        if arriving:
            batches.append(Text.of(real.rows[taken : taken + arriving], alphabet))
            taken += arriving
        model = NgramModel.fit(batches, _row_weights(workflow, t, batches, rng), real.alpha)
        wrote = model.write(workflow.synthetic_rows(t), real.longest, rng)
        yield model, wrote
        batches.append(Text.of(wrote, alphabet))


def _row_weights(
    workflow: Workflow, t: int, batches: Sequence[Text], rng: np.random.Generator
) -> list[FloatArray]:
    """How often each row of each batch counts at fit t: by the rows drawn, and their weights."""
    drawn = workflow.draw(t, rng)
    weights = workflow.weights(t)
    found = []
    for b, batch in enumerate(batches):
        times = np.bincount(drawn[drawn[:, 0] == b, 1], minlength=batch.rows)
        row = workflow.pool_size(t) * weights[b] / batch.rows
        found.append(times * row)
    return found
