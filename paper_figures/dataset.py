"""The committed Monte Carlo points: a CSV a figure, each with a manifest that vouches for it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import platform
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from loopbound import version
from paper_figures.series import Point
from theory.commandline import replacing

FOLDER = Path(__file__).parent / "data"
COLUMNS = tuple(field.name for field in fields(Point))


class BadData(ValueError):  # noqa: N818 (it is what it says)
    """Points that are missing, changed or of other settings: says which file, and what to run."""


@dataclass(frozen=True)
class Dataset:
    """Points and what they are of.

    Attributes:
        points: the Monte Carlo means.
        manifest: figure, settings, seed, replicates, versions and the sha256 of the CSV.
    """

    points: tuple[Point, ...]
    manifest: dict[str, Any]


def versions() -> dict[str, str]:
    """What the points were computed with."""
    import numba

    return {
        "loopbound": version(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
    }


def assemble(
    name: str, points: Sequence[Point], *, settings: dict[str, Any], quick: bool = False
) -> Dataset:
    """Points that were just computed, with their manifest."""
    manifest = {
        "figure": name,
        "quick": quick,
        "settings": settings,
        "replicates": sorted({point.replicates for point in points} - {0}),
        "versions": versions(),
        "sha256": _digest(_as_csv(points)),
    }
    return Dataset(tuple(points), manifest)


def save(dataset: Dataset, folder: Path = FOLDER) -> None:
    """NAME.csv and NAME.json of the points, each in one step; the manifest comes last."""
    name = dataset.manifest["figure"]
    with replacing(folder / f"{name}.csv", "wb") as file:
        file.write(_as_csv(dataset.points))
    with replacing(folder / f"{name}.json") as file:
        file.write(json.dumps(dataset.manifest, indent=1) + "\n")


def read(name: str, settings: dict[str, Any], folder: Path = FOLDER) -> Dataset:
    """The points of a figure.

    Raises:
        BadData: no points, an unreadable manifest, points that the manifest does not vouch
            for, or points of other settings; quotes the file.
    """
    table, manifest_path = folder / f"{name}.csv", folder / f"{name}.json"
    again = f"run: python -m paper_figures {name} --recompute"
    for path in (table, manifest_path):
        if not path.is_file():
            raise BadData(f"{name}: no data, {str(path)!r} is missing; {again}")
    try:
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        said, given = manifest["sha256"], manifest["settings"]
    except (ValueError, KeyError, TypeError) as problem:
        raise BadData(
            f"{name}: {str(manifest_path)!r} is not a manifest ({problem!r}); {again}"
        ) from None
    content = table.read_bytes()
    if _digest(content) != said:
        raise BadData(
            f"{name}: {str(table)!r} is not what its manifest vouches for (sha256 "
            f"{_digest(content)[:12]}..., manifest {str(said)[:12]}...); {again}"
        )
    if given != json.loads(json.dumps(settings)):
        raise BadData(f"{name}: {str(table)!r} was computed with other settings; {again}")
    reader = csv.DictReader(io.StringIO(content.decode("utf-8")))
    return Dataset(tuple(_point(row) for row in reader), manifest)


def _point(row: dict[str, str]) -> Point:
    error = row["std_error"]
    dim, n = (int(row[name]) if row[name] else None for name in ("dim", "n"))
    return Point(
        row["panel"], row["quantity"], row["label"], dim, n,
        int(row["generation"]), float(row["simulation"]), float(error) if error else None,
        int(row["replicates"]),
    )  # fmt: skip


def _as_csv(points: Sequence[Point]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(["" if cell is None else cell for cell in astuple(p)] for p in points)
    return out.getvalue().encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
