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
THUMBNAIL_DPI = 125  # 900 pixels across
THUMBNAIL_BYTES = 60_000  # at most
# (dots per inch, colours), tried until one is small enough: a page of small panels takes the later.
_SIZES = ((THUMBNAIL_DPI, 256), (THUMBNAIL_DPI, 64), (100, 64), (85, 32))
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


def thumbnail(figure: Figure, title: str, points: Dataset) -> bytes:
    """The figure as a PNG of at most `THUMBNAIL_BYTES` that says of which points it is.

    Raises:
        ValueError: it takes more even at the smallest size.
    """
    for dpi, colours in _SIZES:
        made = _small(figure, title, points, dpi, colours)
        if len(made) <= THUMBNAIL_BYTES:
            return made
    raise ValueError(f"{title!r} takes {len(made):,} bytes as a thumbnail of {dpi} dots per inch")


def _small(figure: Figure, title: str, points: Dataset, dpi: int, colours: int) -> bytes:
    """A palette takes a third of the bytes of the true colours.

    Maximal coverage keeps every hue: the median cut would turn the blues of thin lines green.
    """
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    whole, small = io.BytesIO(), io.BytesIO()
    figure.savefig(whole, format="png", dpi=dpi)
    about = PngInfo()
    about.add_text("Title", title)
    about.add_text("Points", points.manifest["sha256"])
    picture = (
        Image.open(whole)
        .convert("RGB")
        .quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )
    picture.save(small, format="png", optimize=True, pnginfo=about)
    return small.getvalue()


def table(series: Sequence[Series]) -> bytes:
    """The data of the figure as tidy CSV: one row a generation of a line, empty = no point."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in series:
        writer.writerows(["" if cell is None else cell for cell in row] for row in line.rows())
    return out.getvalue().encode()


def write(
    module: FigureModule, points: Dataset, folder: Path, small: Path | None = None
) -> list[Path]:
    """Draw the figure and write its files; nothing is written before all of them are made.

    Args:
        module: the figure.
        points: its points.
        folder: of the files, made if it does not exist.
        small: also a `thumbnail`, into this .png file.

    Returns:
        The files written.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    from paper_figures import style

    series = module.data(points.points)
    with style.publication():
        figure = module.draw(series)
        made = {suffix: image(figure, suffix, module.TITLE) for suffix in IMAGES}
        tiny = b"" if small is None else thumbnail(figure, module.TITLE, points)
    made["csv"] = table(series)
    made["json"] = _manifest(module, points, module.caption(series), made).encode()
    folder.mkdir(parents=True, exist_ok=True)
    contents = {folder / f"{module.NAME}.{suffix}": content for suffix, content in made.items()}
    if small is not None:
        contents[small] = tiny
    for path, content in contents.items():
        with replacing(path, "wb") as file:
            file.write(content)
    return list(contents)


def _manifest(module: FigureModule, points: Dataset, caption: str, made: dict[str, bytes]) -> str:
    """What the files are of and what they were made with."""
    import matplotlib

    files = {
        f"{module.NAME}.{suffix}": hashlib.sha256(content).hexdigest()
        for suffix, content in made.items()
    }
    manifest = {
        "figure": module.NAME,
        "title": module.TITLE,
        "caption": caption,
        "alt": module.ALT,
        "columns": COLUMNS,
        "files": files,
        "matplotlib": matplotlib.__version__,
        "points": points.manifest,
    }
    return json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
