"""The chain: fit, measure, write, again. `Workflow` decides who trains on what.

Everything random has an address: the split (none), real rows (seed), random weights, the order of
rows, a budget's rows and dropout (seed, generation), the noise of a token (seed, generation,
attempt, position), what an edit draws (seed, generation, row), who wins (seed, generation), rows of
an ensemble's members (seed, generation, member). Workflow and mitigation are no part of an address:
the chains of one seed share their noise, so that their differences have less of it, and the first
model of generation 1 is the same for all.
"""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from lm.batches import Rows, steps_of
from lm.config import WorkflowChoice
from lm.corpus import SUBSAMPLE, real_order, stream
from lm.finetune import Fit
from lm.fits import Fits
from lm.folder import (
    LOSSES,
    METRICS,
    Metrics,
    current_commit,
    finished,
    generation_folder,
    load_rows,
    locked,
    read_json,
    save_json,
    save_losses,
    save_rows,
    settle,
    whole,
)
from lm.material import Material, save_model
from lm.mitigation.choice import Mitigation
from lm.model import parameters
from lm.progress import Bars
from lm.sample import Written
from lm.textstats import statistics
from lm.tokenizer import TokenRow
from lm.writer import Writer
from montecarlo.durable import MANIFEST
from theory.workflow import Workflow, WorkflowKind

CONTROL = Mitigation()


class Chain:
    """One workflow, mitigation and seed, in a folder of its own.

    Args:
        material: what it shares with others.
        choice: the workflow.
        seed: of everything random.
        run: folder of the run.
        accelerator: where it runs.
        bars: progress.
        mitigation: what it does against collapse; the control does nothing.
    """

    def __init__(
        self,
        material: Material,
        choice: WorkflowChoice,
        seed: int,
        run: Path,
        accelerator: Accelerator,
        bars: Bars,
        mitigation: Mitigation = CONTROL,
    ) -> None:
        self.material, self.seed, self.mitigation = material, seed, mitigation
        self.workflow: Workflow = choice.workflow(material.rows)
        name = "-".join(filter(None, (choice.label, mitigation.label)))
        self.label = f"{name} seed {seed}"
        self.folder = run / name / f"seed-{seed}"
        self.manifest = {
            "workflow": str(self.workflow), "choice": asdict(choice),
            "mitigation": asdict(mitigation), "batch": material.rows, "seed": seed,
            **material.manifest,
        }  # fmt: skip
        self.accelerator, self.bars = accelerator, bars
        self.fits = Fits(material, mitigation, seed, self.folder, accelerator, bars)
        self.order = real_order(len(material.train), seed)
        first = self.workflow.real_rows(1)
        self.writer = Writer(material, mitigation, seed, run, self.order, first, accelerator)
        self.written: list[list[TokenRow]] = [[]]  # synthetic batches, by generation

    def run(self) -> list[Metrics]:
        """Metrics of every generation from 0, those that are on disk already not made again.

        Raises:
            ValueError: what the user can mend, in one line; finished generations are kept.
            OSError: a folder cannot be written.
        """
        generations = self.material.recipe.generations
        self._check_rows(generations)
        if self.accelerator.is_main_process:
            with locked(self.folder):
                settle(self.folder, self.manifest)
                return self._run(generations)
        return self._run(generations)

    def _run(self, generations: int) -> list[Metrics]:
        done = min(finished(self.folder), generations)
        for generation in range(1, done + 1):
            self.written.append(load_rows(generation_folder(self.folder, generation))[0])
        if done < 0:
            self._begin()
        for generation in range(max(done, 0) + 1, generations + 1):
            self._generation(generation)
        return [
            read_json(generation_folder(self.folder, t) / METRICS) for t in range(generations + 1)
        ]

    def _check_rows(self, generations: int) -> None:
        """Refuse a workflow that wants more real rows than there are."""
        fresh = self.workflow.kind is WorkflowKind.FRESH
        wanted = sum(self.workflow.real_rows(t) for t in range(1, generations + 1))
        have = len(self.material.train)
        if wanted > have:
            told = f" over {generations} generations" if fresh else ""
            raise ValueError(
                f"{self.workflow} takes {wanted:,} real rows{told}, and the training rows of at "
                f"most {self.material.recipe.data.max_tokens} tokens are {have:,}"
            )

    # --- batches -------------------------------------------------------------------------------

    def _real(self, generation: int) -> list[int]:
        """Training rows of the real batch that arrives before that fit."""
        begin = sum(self.workflow.real_rows(t) for t in range(1, generation))
        return self.order[begin : begin + self.workflow.real_rows(generation)]

    def _batch(self, batch: int) -> tuple[list[TokenRow], bool]:
        """Rows of a batch in order of creation, and whether it is real."""
        fresh = self.workflow.kind is WorkflowKind.FRESH
        if batch == 0 or (fresh and batch % 2 == 0):
            rows = self._real(batch // 2 + 1 if fresh else 1)
            return [self.material.train[row] for row in rows], True
        return self.written[(batch + 1) // 2 if fresh else batch], False

    def _training_set(self, generation: int) -> tuple[Rows, float]:
        """Rows of a fit with their weights, and the share of their weight on real rows."""
        pairs = self.workflow.draw(generation, stream(SUBSAMPLE, self.seed, generation))
        shares = self.workflow.weights(generation)
        batches = {int(b): self._batch(int(b)) for b in np.unique(pairs[:, 0])}
        tokens = [batches[int(b)][0][int(row)] for b, row in pairs]
        weights = np.ones(len(pairs))
        if not self.workflow.row_weighted(generation):
            sizes = {b: len(rows) for b, (rows, _) in batches.items()}
            weights = np.array([shares[int(b)] / sizes[int(b)] for b, _ in pairs])
            weights *= len(pairs) / weights.sum()
        real = np.array([batches[int(b)][1] for b, _ in pairs])
        share = self.mitigation.real_weight
        if share is not None and real.any() and not real.all():
            for kind, weight in ((real, share), (~real, 1 - share)):
                weights[kind] *= weight * len(pairs) / weights[kind].sum()
        fraction = float(weights[real].sum() / weights.sum())
        return self.material.weighted(tokens, weights), fraction

    # --- a generation --------------------------------------------------------------------------

    def _begin(self) -> None:
        """Generation 0: the real batch and, where there is one, the base's cross-entropy."""
        if not self.accelerator.is_main_process:
            return
        chosen = self._real(1)
        rows = [self.material.train[row] for row in chosen]
        metrics = {"real_fraction": 1.0, **self._statistics(rows), **self.fits.measured_base()}
        with whole(generation_folder(self.folder, 0)) as part:
            save_rows(part, rows, [self.material.texts[row] for row in chosen])
            save_json(part / MANIFEST, {**self.manifest, "commit": current_commit()})
            save_json(part / METRICS, metrics)

    def _generation(self, generation: int) -> None:
        begin = time.monotonic()
        _forget_peak()
        models, done, metrics = self._fit(generation)
        rows = self.workflow.synthetic_rows(generation)
        told = f"{self.label} batch {generation}/{self.material.recipe.generations}"
        with self.bars.rows(told, self.mitigation.candidates(rows, generation)) as progress:
            batch, found = self.writer.batch(
                models, rows, generation, self._edited_rows(generation), progress
            )
        metrics = {
            **metrics, **found, "yield": rows / batch.attempts,
            "finished": batch.finished, **self._statistics(batch.rows),
        }  # fmt: skip
        costs = _costs(models[0], done, batch, begin)
        facts = {**self.manifest, "commit": current_commit(), **costs}
        if self.accelerator.is_main_process:
            self._save(generation, models[0], done, batch, metrics, facts)
        self.written.append(batch.rows)
        self.accelerator.wait_for_everyone()

    def _edited_rows(self, generation: int) -> list[TokenRow]:
        """Rows that an edit begins with: the real batch, or the batch before."""
        if self.mitigation.edit_from == "last" and generation > 1:
            return self.written[generation - 1]
        return [self.material.train[row] for row in self._real(1)]

    def _fit(self, generation: int) -> tuple[list[Any], Fit, Metrics]:
        """The models of a generation, what their fits did, and the numbers that a rerun gives."""
        recipe = self.material.recipe
        rows, real_fraction = self._training_set(generation)
        matched = recipe.training.step_matched
        first = self.workflow.train_size(1) if matched else len(rows)
        steps = steps_of(first, recipe.training.batch_rows, recipe.training.epochs)
        told = f"{self.label} fit {generation}/{recipe.generations}"
        models, done = self.fits.models(generation, rows, steps, told)
        metrics: Metrics = {
            **self.fits.measured(models),
            "real_fraction": real_fraction,
            "train_rows": len(rows),
            "train_tokens": done.tokens,
            "steps": steps,
            "train_cross_entropy": float(np.mean(done.losses[-max(1, steps // 4) :])),
        }
        if self.mitigation.ensemble is not None:
            metrics |= {"models": len(models)}
        return models, done, metrics

    def _save(
        self,
        generation: int,
        model: Any,
        done: Fit,
        batch: Written,
        metrics: Metrics,
        facts: dict[str, Any],
    ) -> None:
        with whole(generation_folder(self.folder, generation)) as part:
            save_rows(part, batch.rows, batch.texts)
            save_losses(part / LOSSES, done.losses)
            if self.material.recipe.training.mode == "continue":
                save_model(model, part / "model")
            save_json(part / MANIFEST, facts)
            save_json(part / METRICS, metrics)

    def _statistics(self, rows: list[TokenRow]) -> Metrics:
        """What the rows look like beside the real ones; the end of a row is no word of it."""
        end = self.material.coder.end
        real = [self.material.train[row] for row in self._real(1)]
        batches = [[row[row != end] for row in batch] for batch in (rows, real)]
        found = asdict(statistics(batches[0], batches[1]))
        del found["real_fraction"]
        return found


def _forget_peak() -> None:
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _costs(model: Any, done: Fit, batch: Written, begin: float) -> dict[str, Any]:
    """What a generation took; a process's peak on the CPU, the generation's on a GPU."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return {
        "parameters": parameters(model),
        "seconds": time.monotonic() - begin,
        "train_tokens_per_second": done.tokens / max(done.seconds, 1e-9),
        "written_tokens_per_second": batch.tokens / max(batch.seconds, 1e-9),
        "peak_memory_bytes": peak,
        "peak_gpu_memory_bytes": (
            torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None
        ),
    }
