"""Synthetic batches: rows that the models of a generation write, and which of them are kept.

Without a mitigation a batch is the first rows that one model writes. A verifier or a reward has
more rows written, at the same addresses, so that the control's rows are among the candidates.
Editing writes nothing: it draws some tokens of earlier rows again.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from lm.corpus import CURATE, EDIT, prompt_of, stream
from lm.folder import Metrics
from lm.material import Material
from lm.mitigation import scores
from lm.mitigation.choice import Mitigation
from lm.mitigation.curate import winners
from lm.mitigation.edit import edited
from lm.mitigation.reference import loaded_reference, places
from lm.mitigation.scores import Candidates, Scores
from lm.mitigation.verify import best
from lm.sample import Progress, Written, write
from lm.tokenizer import TokenRow


class Writer:
    """Writes the batches of one chain.

    Args:
        material: what chains share.
        mitigation: what is kept, or written at all.
        seed: of the noise.
        run: folder of the run, which has the verifier's model.
        order: training rows in the order in which the chain takes them.
        real: how many of them are real batch 0.
        accelerator: where it runs.
    """

    def __init__(
        self,
        material: Material,
        mitigation: Mitigation,
        seed: int,
        run: Path,
        order: Sequence[int],
        real: int,
        accelerator: Accelerator,
    ) -> None:
        self.material, self.mitigation, self.seed, self.run = material, mitigation, seed, run
        self.accelerator = accelerator
        everything = material.recipe.sampling.prompts == "all-real"
        self.prompted = list(order if everything else order[:real])
        self.words = scores.read_words(Path(mitigation.reward or "")) if mitigation.words else {}
        self._reference: Any = None

    def batch(
        self,
        models: Sequence[Any],
        rows: int,
        generation: int,
        before: Sequence[TokenRow],
        progress: Progress,
    ) -> tuple[Written, Metrics]:
        """The batch of a generation, and what the mitigation did.

        Args:
            models: one, or the members of an ensemble, in evaluation mode on their device.
            rows: rows of the batch.
            generation: of the noise.
            before: rows that an edit begins with.
            progress: told of tokens and rows.

        Raises:
            ValueError: too few rows are accepted, or a reward is no number.
        """
        if self.mitigation.edit is not None:
            return self._edited(models, rows, generation, before, progress)
        wanted = self.mitigation.candidates(rows, generation)
        batch = self._written(models, wanted, generation, progress)
        if self.mitigation.scorer is None:
            return batch, {}
        scored = self._scores(batch)
        chosen = self._chosen(scored, rows, generation)
        finite = scored[np.isfinite(scored)]
        metrics = {
            "candidates": wanted,
            "acceptance": rows / wanted,
            "candidate_score": float(finite.mean()) if len(finite) else -np.inf,
            "kept_score": float(scored[chosen].mean()),
        }
        return _kept(batch, chosen, self.material.coder.end), metrics

    def prompts(self) -> list[TokenRow]:
        """Beginnings of the rows that are written."""
        material, how = self.material, self.material.recipe.sampling.prompts
        if how == "empty":
            return [np.zeros(0, dtype=np.int32)]
        rows = [material.train[row] for row in self.prompted]
        if how == "first-token":
            return [row[:1] for row in rows]
        texts = [material.texts[row] for row in self.prompted]
        lengths = material.coder.prompt_lengths(texts, rows, material.recipe.data.form)
        if not any(lengths):
            raise ValueError(f"sampling.prompts {how!r} needs prompts, and the real rows have none")
        return [row[:length] for row, length in zip(rows, lengths, strict=True)]

    # --- writing -------------------------------------------------------------------------------

    def _written(
        self, models: Sequence[Any], wanted: int, generation: int, progress: Progress
    ) -> Written:
        """Rows that the models write in turn, in the order of their attempts."""
        recipe, prompts = self.material.recipe, self.prompts()
        if recipe.sampling.top_k == 1 and wanted > len(prompts):
            raise ValueError(
                f"sampling.top_k = 1 writes one row a prompt: {wanted:,} candidates need as many "
                f"prompts, and {recipe.sampling.prompts!r} gives {len(prompts):,}"
            )
        parts = [
            write(
                model, self.material.coder, len(range(member, wanted, len(models))),
                max_tokens=recipe.data.max_tokens, sampling=recipe.sampling, prompts=prompts,
                seed=self.seed, generation=generation, accelerator=self.accelerator,
                progress=progress, begin=member, every=len(models),
            )
            for member, model in enumerate(models) if member < wanted
        ]  # fmt: skip
        return parts[0] if len(parts) == 1 else _together(parts)

    def _edited(
        self, models: Sequence[Any], rows: int, generation: int, before: Sequence[TokenRow],
        progress: Progress,
    ) -> tuple[Written, Metrics]:  # fmt: skip
        """The first rows of `before`, their certain tokens drawn again by the models in turn."""
        begin, recipe, coder = time.monotonic(), self.material.recipe, self.material.coder
        if rows > len(before):
            raise ValueError(
                f"mitigation.edit makes a batch of the {len(before):,} rows before it, and batch "
                f"{generation} has {rows:,}"
            )
        noise = [
            stream(EDIT, self.seed, generation, row).random(len(before[row])) for row in range(rows)
        ]
        made: list[TokenRow] = [before[row] for row in range(rows)]
        tokens = certain = changed = 0
        for member, model in enumerate(models):
            own = slice(member, rows, len(models))
            found = edited(
                model, coder, made[own], noise[own], threshold=self.mitigation.edit or 1.0,
                top_k=self.mitigation.top_k or 1, batch_rows=recipe.sampling.batch_rows,
            )  # fmt: skip
            made[own] = found.rows
            tokens, certain = tokens + found.tokens, certain + found.certain
            changed += found.changed
        progress(tokens, rows)
        texts = [coder.decoded(row) for row in made]
        ended = sum(row[-1] == coder.end for row in made) / rows
        if recipe.sampling.through_text:
            made = coder.rows(texts, recipe.data.max_tokens, "cut")
        seconds = time.monotonic() - begin
        metrics = {"edited": certain / max(tokens, 1), "changed": changed / max(tokens, 1)}
        return Written(made, texts, list(range(rows)), rows, ended, tokens, seconds), metrics

    # --- choosing ------------------------------------------------------------------------------

    def _chosen(self, scored: Scores, rows: int, generation: int) -> npt.NDArray[np.int64]:
        """Places of the candidates that are kept, the same on every process."""
        if self.mitigation.verify is not None:
            least = self.mitigation.least_score
            found = best(scored, rows, least=least, batch=generation)
        else:  # candidate j of row i is attempt i + j rows
            rewards = (self.mitigation.reward_scale or 1.0) * scored.reshape(-1, rows).T
            found = winners(rewards, stream(CURATE, self.seed, generation).random(rows))
            found = found * rows + np.arange(rows)
        if self.accelerator.num_processes > 1:
            (found,) = broadcast_object_list([found])
        return found

    def _scores(self, batch: Written) -> Scores:
        material, candidates = self.material, self._candidates(batch)
        longest = material.recipe.data.max_tokens
        score: dict[str | None, Callable[[], Scores]] = {
            "perplexity": lambda: scores.by_perplexity(
                candidates, self._model(), material.coder
            ),
            "classifier": lambda: scores.by_classifier(candidates, self._real()),
            "rouge": lambda: scores.by_rouge(candidates),
            "length": lambda: scores.by_length(candidates, longest),
        }  # fmt: skip
        words: Callable[[], Scores] = lambda: scores.by_words(candidates, self.words)  # noqa: E731
        return score.get(self.mitigation.scorer, words)()

    def _candidates(self, batch: Written) -> Candidates:
        material, prompts = self.material, self.prompts()
        rows = [self.prompted[number % len(prompts)] for number in batch.numbers]
        given = [len(prompts[number % len(prompts)]) for number in batch.numbers]
        lengths = np.minimum(given, [len(row) for row in batch.rows])
        texts = [
            material.coder.decoded(row[at:]) for row, at in zip(batch.rows, lengths, strict=True)
        ]
        references = []
        if self.mitigation.scorer == "rouge":
            form = material.recipe.data.form
            whole = [material.texts[row] for row in rows]
            references = [text[len(prompt_of(text, form)) :] for text in whole]
        return Candidates(batch.rows, lengths.astype(np.int64), texts, references)

    def _model(self) -> Any:
        """The verifier's model, loaded once."""
        if self._reference is None:
            share = self.mitigation.verifier_share or 1.0
            self._reference = loaded_reference(
                self.material, self.run, share, self.accelerator.device
            )
        return self._reference

    def _real(self) -> list[TokenRow]:
        """Real rows that a classifier knows, without what is given to the rows it judges."""
        material = self.material
        known = places(material, self.mitigation.verifier_share or 1.0)
        rows = [material.train[row] for row in known]
        how = material.recipe.sampling.prompts
        if how == "empty":
            return rows
        if how == "first-token":
            return [row[1:] for row in rows]
        texts = [material.texts[row] for row in known]
        lengths = material.coder.prompt_lengths(texts, rows, material.recipe.data.form)
        return [row[at:] for row, at in zip(rows, lengths, strict=True)]


def _kept(batch: Written, chosen: npt.NDArray[np.int64], end: int) -> Written:
    """The batch with those of its rows only."""
    rows = [batch.rows[place] for place in chosen]
    return dataclasses.replace(
        batch, rows=rows, texts=[batch.texts[place] for place in chosen],
        numbers=[batch.numbers[place] for place in chosen],
        finished=sum(row[-1] == end for row in rows) / len(rows),
    )  # fmt: skip


def _together(parts: Sequence[Written]) -> Written:
    """One batch, its rows in the order of their numbers."""
    every = sorted(
        (number, place, member)
        for member, part in enumerate(parts)
        for place, number in enumerate(part.numbers)
    )
    sizes = [len(part.rows) for part in parts]
    return Written(
        [parts[member].rows[place] for _, place, member in every],
        [parts[member].texts[place] for _, place, member in every],
        [number for number, _, _ in every],
        sum(part.attempts for part in parts),
        float(np.average([part.finished for part in parts], weights=sizes)),
        sum(part.tokens for part in parts),
        sum(part.seconds for part in parts),
    )
