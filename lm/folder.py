"""Folders of a run: each is whole or absent, says what it is of, and can be read back.

    RUN/shared/                    the split text, the tokenizer and the base, one for all chains
    RUN/replace/seed-0/            one chain
        manifest.json              recipe, seed, versions, sources, data hash
        generation-00/             the real batch
        generation-01/             fit 1 and the batch it wrote
            metrics.json           numbers that a rerun gives again
            manifest.json          wall time, tokens a second, peak memory, commit
            rows.npz  rows.jsonl   the synthetic batch, tokens and texts
            losses.csv             cross-entropy of each optimizer step
            model/                 weights, if a later fit or a person wants them

A folder is written under another name, flushed to disk and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import montecarlo.durable as durable
from loopbound import version
from montecarlo.durable import MANIFEST, PART
from montecarlo.manifest import Manifest, commit
from theory.commandline import plain

ROOT = Path(__file__).resolve().parents[1]
METRICS, ROWS, TEXTS, LOSSES = "metrics.json", "rows.npz", "rows.jsonl", "losses.csv"
PACKAGES = ("numpy", "scikit-learn", "torch", "transformers", "tokenizers", "accelerate", "peft")


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """A folder to write into that takes its name when it is complete, and leaves no trace if not.

    Raises:
        OSError: it cannot be written.
    """
    part = folder.with_name(folder.name + PART)
    shutil.rmtree(part, ignore_errors=True)  # of a process that was killed
    try:
        part.mkdir(parents=True)
        yield part
        for path in [*part.rglob("*"), part]:
            durable.flush(path)
        os.replace(part, folder)
        durable.flush(folder.parent)
    except BaseException as problem:
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(problem, OSError) and problem.errno and not problem.filename:
            raise OSError(problem.errno, problem.strerror, str(folder)) from None
        raise


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One run a folder, which is made if it does not exist.

    Raises:
        ValueError: another run has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with durable.locked(folder, repr(str(folder))):
        yield


# --- what a folder is of -------------------------------------------------------------------------


def code_manifest(device: str, threads: int) -> Manifest:
    """Versions and sources that the last bits of a number depend on."""
    found = {"loopbound": version(), "python": platform.python_version()}
    found |= {name: metadata.version(name) for name in PACKAGES}
    found |= {"system": platform.system(), "processor": platform.machine()}
    found["device"] = device
    if device == "cpu":  # sums are cut differently
        found["threads"] = str(threads)
    return {"versions": found, "sources": sources()}


def sources() -> str:
    """Hash of the sources of lm and of what they take from theory and montecarlo."""
    paths = sorted([*(ROOT / "lm").glob("*.py"), *(ROOT / "lm" / "mitigation").glob("*.py")])
    paths += [ROOT / "theory" / "workflow.py", ROOT / "montecarlo" / "blocks.py"]
    found = hashlib.sha256()
    for path in paths:
        found.update(f"{path.relative_to(ROOT).as_posix()}\n".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def settle(folder: Path, wanted: Mapping[str, Any]) -> None:
    """Write a folder's manifest, or make sure that the one there is of the same run.

    Raises:
        ValueError: it is of another run, or of other code.
    """
    if not (folder / MANIFEST).exists() and any(folder.glob("generation-*")):
        raise ValueError(f"{str(folder)!r} has lost its {MANIFEST}: remove it")
    folder.mkdir(parents=True, exist_ok=True)
    what, remedy = repr(str(folder)), ": remove it, or choose another folder"
    durable.settled(folder, plain(dict(wanted)), what, remedy)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        ValueError: it is none.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{str(path)!r} is damaged: remove its folder")
    return found


def current_commit() -> str | None:
    """Commit of the checkout that runs, None outside of one."""
    return commit(ROOT)


# --- a generation --------------------------------------------------------------------------------


def generation_folder(chain: Path, generation: int) -> Path:
    """Folder of one generation of a chain; generation 0 is the real batch."""
    return chain / f"generation-{generation:02d}"


def finished(chain: Path) -> int:
    """Last generation such that it and all before it are there; -1 for none."""
    generation = -1
    while (generation_folder(chain, generation + 1) / METRICS).is_file():
        generation += 1
    return generation


def save_rows(folder: Path, rows: Sequence[npt.NDArray[np.int32]], texts: Sequence[str]) -> None:
    """Tokens and texts of a batch."""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    flat = np.concatenate(rows) if len(rows) else np.zeros(0, dtype=np.int32)
    np.savez(folder / ROWS, tokens=flat.astype(np.int32), lengths=lengths)
    with open(folder / TEXTS, "w", encoding="utf-8") as file:
        for text in texts:
            file.write(json.dumps({"text": text}) + "\n")


def load_rows(folder: Path) -> tuple[list[npt.NDArray[np.int32]], list[str]]:
    """Tokens and texts of a batch.

    Raises:
        ValueError: they are damaged.
    """
    try:
        with np.load(folder / ROWS, allow_pickle=False) as found:
            flat, ends = found["tokens"], np.cumsum(found["lengths"])
        lines = (folder / TEXTS).read_text(encoding="utf-8").splitlines()
        texts = [str(json.loads(line)["text"]) for line in lines]
    except (OSError, ValueError, KeyError) as problem:
        raise ValueError(f"{str(folder)!r} is damaged, remove it: {problem}") from None
    return np.split(flat, ends[:-1]), texts


def as_json(entries: Mapping[str, Any]) -> bytes:
    """An object of plain values, as a file holds it."""
    return (json.dumps(plain(dict(entries)), indent=2) + "\n").encode()


def save_json(path: Path, entries: Mapping[str, Any]) -> None:
    """An object of plain values, in a folder that is not whole yet."""
    path.write_bytes(as_json(entries))


def save_losses(path: Path, losses: npt.NDArray[np.float64]) -> None:
    """Cross-entropy of each step."""
    lines = ["step,cross_entropy", *(f"{i + 1},{x!r}" for i, x in enumerate(losses.tolist()))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


# --- a run ---------------------------------------------------------------------------------------

Metrics = dict[str, float]


def chains(run: Path) -> dict[str, dict[int, list[Metrics]]]:
    """Metrics of a run as far as it is: workflow label, seed, generation from 0."""
    found: dict[str, dict[int, list[Metrics]]] = {}
    for manifest in sorted(run.glob(f"*/seed-*/{MANIFEST}")):
        chain = manifest.parent
        last = finished(chain)
        if last >= 0:
            seed = int(chain.name.removeprefix("seed-"))
            found.setdefault(chain.parent.name, {})[seed] = [
                read_json(generation_folder(chain, t) / METRICS) for t in range(last + 1)
            ]
    return found
