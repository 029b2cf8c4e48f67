"""A figure as five files: NAME.png, .svg and .pdf to look at, .csv and .json to compute with."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper_figures.dataset import Dataset
from paper_figures.series import COLUMNS, Series
from theory.commandline import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paper_figures.catalogue import FigureModule

IMAGES = ("png", "svg", "pdf")
_UNDATED: dict[str, dict[str, Any]] = {
    "png": {},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "ModDate": None},
}


def image(figure: Figure, suffix: str, title: str) -> bytes:
    """The figure in one format, the same bytes every time: no date, no random id."""
    out = io.BytesIO()
    figure.savefig(out, format=suffix, metadata={"Title": title, **_UNDATED[suffix]})
    return out.getvalue()


def table(series: Sequence[Series]) -> bytes:
    """The data of the figure as tidy CSV: one row a generation of a line, empty = no point."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in series:
        writer.writerows(["" if cell is None else cell for cell in row] for row in line.rows())
    return out.getvalue().encode()


def write(module: FigureModule, points: Dataset, folder: Path) -> list[Path]:
    """Draw the figure and write its files; nothing is written before all of them are made.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    from paper_figures import style

    series = module.data(points.points)
    with style.publication():
        figure = module.draw(series)
        made = {suffix: image(figure, suffix, module.TITLE) for suffix in IMAGES}
    made["csv"] = table(series)
    made["json"] = _manifest(module, points, made).encode()
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for suffix, content in made.items():
        path = folder / f"{module.NAME}.{suffix}"
        with replacing(path, "wb") as file:
            file.write(content)
        written.append(path)
    return written


def _manifest(module: FigureModule, points: Dataset, made: dict[str, bytes]) -> str:
    """What the files are of and what they were made with."""
    import matplotlib

    files = {
        f"{module.NAME}.{suffix}": hashlib.sha256(content).hexdigest()
        for suffix, content in made.items()
    }
    manifest = {
        "figure": module.NAME,
        "title": module.TITLE,
        "caption": module.CAPTION,
        "alt": module.ALT,
        "columns": COLUMNS,
        "files": files,
        "matplotlib": matplotlib.__version__,
        "points": points.manifest,
    }
    return json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
