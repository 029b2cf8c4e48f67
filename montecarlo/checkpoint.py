"""Checkpoints: where a run of blocks stands, on disk, so that a killed run goes on.

Blocks are merged in block order and the stream of a block does not depend on the others. So the
merged moments of the first whole blocks are all there is to keep, in a file whose size does not
grow with replicates, and going on from them gives the bits that an undisturbed run gives. The last
block of a run may be a partial one: it is simulated again, so a checkpoint also serves longer runs.

    manifest.json   what it is of, see `montecarlo.manifest`; written once, before the first state
    state.npz       count, mean, squares; then the SHA-256 of the manifest and of these bytes
    lock            held while a run uses the folder; the system drops it when the process dies

Each file is the old or the new one, whole: see `montecarlo.durable`.
"""

from __future__ import annotations

import hashlib
import io
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from montecarlo.durable import LOCK, MANIFEST, PART, locked, replace, settled
from montecarlo.estimate import Moments
from montecarlo.manifest import Manifest

EVERY = 0.5  # seconds between two states, at least
COST = 0.05  # share of the time that writing them may take, where a disk is slow
STATE = "state.npz"


class Running:
    """Moments merged block by block, and kept in a folder if there is one.

    Args:
        block_size: runs a block.
        folder: where they are kept, None for nowhere.
        manifest: bytes of its manifest.
        total: what it holds.

    Attributes:
        total: moments so far, None before the first block.
    """

    def __init__(
        self,
        block_size: int,
        folder: Path | None = None,
        manifest: bytes = b"",
        total: Moments | None = None,
    ) -> None:
        self.total = total
        self._block_size = block_size
        self._folder, self._manifest = folder, manifest
        self._whole = self._kept = total
        self._due = time.monotonic() + EVERY

    @property
    def blocks(self) -> int:
        """Blocks merged; a run goes on with the block of this number."""
        return 0 if self.total is None else -(-self.total.count // self._block_size)

    def add(self, part: Moments) -> None:
        """Merge the next block; keep the state now and then."""
        self.total = part if self.total is None else self.total.merge(part)
        if self.total.count % self._block_size == 0:
            self._whole = self.total
        if time.monotonic() >= self._due:
            self.save()

    def save(self) -> None:
        """Keep the state of the whole blocks, if it is not kept already."""
        if self._folder is None or self._whole is None or self._whole is self._kept:
            return
        whole, begin = self._whole, time.monotonic()
        replace(self._folder / STATE, _sealed(whole, self._manifest))
        self._kept, end = whole, time.monotonic()
        self._due = end + max(EVERY, (end - begin) / COST)


@contextmanager
def resumed(folder: Path, wanted: Manifest, replicates: int) -> Iterator[Running]:
    """The run that a folder holds, or a new one; what is finished is kept however this ends.

    Args:
        folder: made if it does not exist.
        wanted: manifest of the run that is about to go on.
        replicates: runs asked for; a whole number of blocks of them may be there already.

    Raises:
        ValueError: the folder is something else, in use, damaged, of another run, or beyond
            `replicates`.
        OSError: it cannot be read or written.
    """
    _require_checkpoint(folder)
    folder.mkdir(parents=True, exist_ok=True)
    what = f"checkpoint {str(folder)!r}"
    with locked(folder, what):
        for name in (MANIFEST, STATE):  # left by a process that was killed as it wrote
            (folder / (name + PART)).unlink(missing_ok=True)
        manifest = settled(folder, wanted, what)
        total = _state(folder, manifest)
        if total is not None and total.count > replicates:
            raise ValueError(
                f"checkpoint {str(folder)!r} is at {total.count:,} runs, beyond the "
                f"{replicates:,} asked for"
            )
        if total is not None and replicates - total.count >= wanted["block"]:
            clear = "\r\x1b[K" if sys.stderr.isatty() else ""  # a line of progress may be there
            line = f"resuming {folder} at {total.count:,} of {replicates:,} runs"
            print(f"{clear}{line}", file=sys.stderr, flush=True)
        running = Running(wanted["block"], folder, manifest, total)
        try:
            yield running
        finally:
            running.save()


def _require_checkpoint(folder: Path) -> None:
    """Refuse what is neither a checkpoint, nor empty, nor about to be made."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ValueError(f"checkpoint must be a folder, got the file {str(folder)!r}")
    ours = {MANIFEST, STATE, LOCK, MANIFEST + PART, STATE + PART}
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    if names - ours:
        raise ValueError(
            f"checkpoint must be a folder of its own, but {str(folder)!r} holds "
            f"{min(names - ours)!r}"
        )
    if STATE in names and MANIFEST not in names:
        raise ValueError(f"checkpoint {str(folder)!r} has lost its {MANIFEST}: remove it")


def _state(folder: Path, manifest: bytes) -> Moments | None:
    """The moments on disk, None if there are none yet."""
    path = folder / STATE
    if not path.exists():
        return None
    content = path.read_bytes()
    arrays = content[: -hashlib.sha256().digest_size]
    if content != arrays + hashlib.sha256(manifest + arrays).digest():
        raise ValueError(f"checkpoint {str(folder)!r} has a damaged {STATE}: remove it")
    with np.load(io.BytesIO(arrays), allow_pickle=False) as found:
        return Moments(int(found["count"]), found["mean"], found["squares"])


def _sealed(moments: Moments, manifest: bytes) -> bytes:
    """Moments as .npz, which readers of that format open, and behind them their hash."""
    file = io.BytesIO()
    np.savez(file, count=moments.count, mean=moments.mean, squares=moments.squares)
    arrays = file.getvalue()
    return arrays + hashlib.sha256(manifest + arrays).digest()
