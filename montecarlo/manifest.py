"""What a checkpoint is of: everything that decides its numbers, as plain JSON.

Besides the experiment and the seed that is the code: versions, the commit of a checkout, and a
hash of the sources, which also sees edits that are not committed. The processor belongs to the
versions, because compiled code and LAPACK choose their instructions, and so their last bits, by it.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from loopbound import version
from theory.commandline import plain
from theory.workflow import Workflow

Manifest = dict[str, Any]

FORMAT = 1  # of a checkpoint's files
SOURCES = Path(__file__).resolve().parents[1]
CODE = ("versions", "commit", "sources")  # the keys that are not about the experiment


def manifest(experiment: Mapping[str, Any], seed: int, block_size: int) -> Manifest:
    """The manifest of an experiment: a mapping of JSON values, or of such mappings by section."""
    return {
        **experiment,
        "seed": seed,
        "block": block_size,
        "format": FORMAT,
        "versions": versions(),
        "commit": commit(SOURCES),
        "sources": sources(),
    }


def described(spec: Any, hashed: Mapping[str, npt.ArrayLike | None]) -> dict[str, Any]:
    """The fields of a frozen spec; of those named in `hashed` the hash of that array instead."""
    found = {field.name: _plain(getattr(spec, field.name)) for field in fields(spec)}
    return found | {name: digest(array) for name, array in hashed.items()}


def described_workflow(workflow: Workflow, generations: int) -> dict[str, Any]:
    """The workflow's fields, of custom weights the hash of so many fits'."""
    custom = workflow.slot_weights(generations) if workflow.custom_weights else None
    return described(workflow, {"custom_weights": custom})


def _plain(value: Any) -> Any:
    """A spec's own spec is described, too; a workflow is, its function of weights left out."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Workflow):
        return described(value, {"custom_weights": None})
    return described(value, {}) if is_dataclass(value) else plain(value)


def digest(array: npt.ArrayLike | None) -> str | None:
    """Hash of an array of float64 and its shape; None of None.

    Example:
        >>> digest([1.0, 2.0])
        'f2942cc692d15d57'
    """
    if array is None:
        return None
    values = np.ascontiguousarray(array, dtype="<f8")
    return hashlib.sha256(repr(values.shape).encode() + values.tobytes()).hexdigest()[:16]


def versions() -> dict[str, str]:
    """Versions that the last bits of a number can depend on."""
    from llvmlite.binding import get_host_cpu_name

    packages = {name: metadata.version(name) for name in ("numpy", "scipy", "numba")}
    return {
        "loopbound": version(),
        "python": platform.python_version(),
        **packages,
        "system": platform.system(),
        "processor": get_host_cpu_name(),
    }


def sources() -> str:
    """Hash of the sources of montecarlo and theory."""
    found = hashlib.sha256()
    for folder in ("montecarlo", "theory"):
        for path in sorted((SOURCES / folder).rglob("*.py")):
            found.update(f"{path.relative_to(SOURCES).as_posix()}\n".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def commit(folder: Path) -> str | None:
    """Commit of the git checkout whose top is `folder`, None if it is none; git is not needed."""
    place = folder / ".git"
    try:
        if place.is_file():  # a linked work tree
            place = folder / place.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        head = (place / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref:"):
            return head
        name = head.removeprefix("ref:").strip()
        shared = place / "commondir"
        common = place / shared.read_text(encoding="utf-8").strip() if shared.is_file() else place
        if (common / name).is_file():
            return (common / name).read_text(encoding="utf-8").strip()
        for line in (common / "packed-refs").read_text(encoding="utf-8").splitlines():
            if line.endswith(f" {name}"):
                return line.split()[0]
    except (OSError, UnicodeDecodeError):
        return None
    return None


def differences(stored: Manifest, wanted: Manifest) -> list[str]:
    """Every entry in which two manifests differ, as in "seed 1, not 2"; the experiment first."""
    old, new = _flat(stored), _flat(wanted)
    return [
        f"{name} {_short(old.get(name))}, not {_short(new.get(name))}"
        for name in dict.fromkeys([*new, *old])
        if name not in old or name not in new or old[name] != new[name]
    ]


def _flat(entries: Manifest) -> dict[str, Any]:
    """Entries of sections under "section name"."""
    found: dict[str, Any] = {}
    for key, value in entries.items():
        inside = value if isinstance(value, dict) else {"": value}
        found |= {f"{key} {name}".strip(): entry for name, entry in inside.items()}
    return found


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
