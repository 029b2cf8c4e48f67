"""What outlives its process: files that are whole or absent, folders that one run has at a time.

A file is written aside, flushed to disk and renamed, so a kill or a full disk leaves the old one or
the new one.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from montecarlo.manifest import CODE, Manifest, differences

if sys.platform != "win32":
    import fcntl

MANIFEST, LOCK, PART = "manifest.json", "lock", ".part"
_NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK)  # a file system that has none


def replace(path: Path, content: bytes) -> None:
    """Put content in the place of a file, on disk before its name is.

    Raises:
        OSError: it cannot be written; what was there is still there.
    """
    part = path.with_name(path.name + PART)
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    flush(path.parent)


def flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    if sys.platform == "win32" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """One run a folder, where the file system has locks; the system drops it with the process.

    Args:
        folder: it exists.
        what: how the error calls it.

    Raises:
        ValueError: another run has it.
    """
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if sys.platform != "win32":
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(f"{what} is in use by another run") from None
            except OSError as problem:
                if problem.errno not in _NO_LOCKS:
                    raise
        yield
    finally:
        os.close(handle)


def settled(folder: Path, wanted: Manifest, what: str, remedy: str = "") -> bytes:
    """Bytes of the folder's manifest: written if it has none, else known to be of the same run.

    Args:
        folder: it exists.
        wanted: manifest of the run that is about to go on.
        what: how the errors call the folder.
        remedy: end of the error where the experiment differs, and not the code alone.

    Raises:
        ValueError: it is damaged, of another run, or of other code.
        OSError: it cannot be read or written.
    """
    path = folder / MANIFEST
    if not path.exists():
        replace(path, (json.dumps(wanted, indent=2) + "\n").encode())
    content = path.read_bytes()
    try:
        stored = json.loads(content)
    except ValueError:
        stored = None
    if not isinstance(stored, dict):
        raise ValueError(f"{what} has a damaged {MANIFEST}: remove it")
    found = differences(stored, json.loads(json.dumps(wanted)))
    if found:
        if all(difference.startswith(CODE) for difference in found):
            remedy = ": remove it to start afresh, or go on with that code"
        raise ValueError(f"{what} is of {'; of '.join(found)}{remedy}")
    return content
