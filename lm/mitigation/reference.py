"""The verifier's model: fitted once to a share of the real training rows, the same for all seeds.

A share decides how much the verifier knows of real text that a chain does not: its rows are drawn
from all training rows, a larger share has those of a smaller one. It is trained as a first fit is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from lm.batches import steps_of
from lm.corpus import ORDER, VERIFIER, WEIGHTS, stream
from lm.evaluate import evaluate
from lm.finetune import fit
from lm.fits import first_model
from lm.folder import LOSSES, METRICS, locked, save_json, save_losses, settle, whole
from lm.material import Material, save_model
from lm.model import loaded_model
from lm.progress import Bars
from montecarlo.durable import MANIFEST

SEED = 0  # of its rows and of its weights: one verifier for all seeds
WHAT = "verifier-share"


def places(material: Material, share: float) -> list[int]:
    """Training rows of a verifier, at least two."""
    order = stream(VERIFIER, SEED).permutation(len(material.train))
    return [int(row) for row in order[: max(2, round(share * len(order)))]]


def reference_folder(run: Path, share: float) -> Path:
    """Where a run keeps its verifier of that share."""
    return run / f"{WHAT}-{share}"


def make_reference(
    material: Material, run: Path, share: float, accelerator: Accelerator, bars: Bars
) -> None:
    """Fit the verifier's model into the folder of the run, unless it is there.

    Raises:
        ValueError: a folder of other rows or code, or a loss that is no number.
        OSError: it cannot be written.
    """
    folder = reference_folder(run, share)
    manifest = {"verifier_share": share, **material.manifest}
    if accelerator.is_main_process:
        with locked(run):
            if not folder.is_dir():
                _make(material, folder, share, manifest, accelerator, bars)
    accelerator.wait_for_everyone()
    settle(folder, manifest)


def _make(
    material: Material, folder: Path, share: float, manifest: dict[str, Any],
    accelerator: Accelerator, bars: Bars,
) -> None:  # fmt: skip
    recipe, coder = material.recipe, material.coder
    rows = material.weighted([material.train[row] for row in places(material, share)])
    seed = int(stream(WEIGHTS, SEED).integers(2**31))
    model = first_model(material, seed, accelerator)
    torch.manual_seed(seed)  # dropout
    steps = steps_of(len(rows), recipe.training.batch_rows, recipe.training.epochs)
    total = round(sum(map(len, rows.tokens)) * recipe.training.epochs)
    with bars.tokens(f"{WHAT} {share}: fit", total) as told:
        model, done = fit(
            model, rows, recipe.training, coder, steps=steps,
            rng=stream(ORDER, SEED), accelerator=accelerator, progress=told,
        )  # fmt: skip
    at_once = recipe.training.micro_batch_rows
    found = evaluate(model, material.held_out, coder, batch_rows=at_once)
    if recipe.lora.rank is not None:
        model = model.merge_and_unload()
    with whole(folder) as part:
        save_model(model, part / "model")
        save_losses(part / LOSSES, done.losses)
        save_json(
            part / METRICS,
            {"rows": len(rows), "steps": steps, "cross_entropy": found.cross_entropy},
        )
        save_json(part / MANIFEST, manifest)


def loaded_reference(material: Material, run: Path, share: float, device: torch.device) -> Any:
    """The verifier's model on that device, to score with.

    Raises:
        ValueError: there is none.
    """
    place = str((reference_folder(run, share) / "model").resolve())
    return loaded_model(place, material.recipe.training.precision).to(device).eval()
