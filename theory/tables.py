"""A user's table of numbers, or the words of a text. For command lines; no formula reads a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

SUFFIXES = (".csv", ".npy", ".parquet")


@dataclass(frozen=True, eq=False)
class RealTable:
    """A named table of numbers, axes (row, feature)."""

    name: str
    rows: FloatArray


def read_table(path: Path, option: str = "--data") -> RealTable:
    """The numbers of a .csv (with a header), .npy or .parquet file; errors name the option.

    Raises:
        ValueError: another type, no rows, a text column, a missing or infinite entry: quoted.
        OSError: no such file.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{option} must end in {', '.join(SUFFIXES)}, got {str(path)!r}")
    if not path.is_file():
        raise ValueError(f"{option}: no such file {str(path)!r}")
    if path.stat().st_size == 0:
        raise ValueError(f"{option}: empty file {str(path)!r}")
    rows, columns = (
        _read_npy(path, option) if path.suffix == ".npy" else _read_columns(path, option)
    )
    if rows.ndim != 2 or not rows.size:
        raise ValueError(f"{option}: no table of numbers in {str(path)!r}, got shape {rows.shape}")
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, column = bad[0]
        raise ValueError(
            f"{option}: {rows[row, column]} in row {row + 1}, column {columns[column]!r} of "
            f"{str(path)!r}"
        )
    return RealTable(path.stem, rows)


def read_words(path: Path, option: str = "--text") -> list[str]:
    """The words of a UTF-8 text in order, in lower case: letters and digits, apostrophes within.

    Raises:
        ValueError: no such file, not UTF-8, or no word in it: quoted.
        OSError: it cannot be read.
    """
    if not path.is_file():
        raise ValueError(f"{option}: no such file {str(path)!r}")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise ValueError(f"{option}: {str(path)!r} is not UTF-8 text: {problem}") from None
    words = re.findall(r"[^\W_]+(?:['\u2019][^\W_]+)*", text.lower())
    if not words:
        raise ValueError(f"{option}: no words in {str(path)!r}")
    return words


def _read_npy(path: Path, option: str) -> tuple[FloatArray, list[str]]:
    try:
        loaded = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as problem:
        raise ValueError(f"{option}: {str(path)!r} is not a .npy table: {problem}") from None
    array = np.asarray(loaded)
    if array.dtype.kind not in "iufb":
        raise ValueError(f"{option}: {str(path)!r} holds {array.dtype}, not numbers")
    table = array.astype(np.float64)
    return table, [str(i) for i in range(table.shape[-1] if table.ndim else 0)]


def _read_columns(path: Path, option: str) -> tuple[FloatArray, list[str]]:
    import pyarrow as pa
    from pyarrow import csv, parquet

    try:
        table: Any = csv.read_csv(path) if path.suffix == ".csv" else parquet.read_table(path)
    except pa.ArrowException as problem:
        text = str(problem).splitlines()[0]
        raise ValueError(f"{option}: cannot read {str(path)!r}: {text}") from None
    if not table.num_rows:
        raise ValueError(f"{option}: no rows in {str(path)!r}")
    columns = []
    for name in table.column_names:
        column = table.column(name)
        numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        if not numeric and not pa.types.is_boolean(column.type):
            first = column[0].as_py() if len(column) else None
            raise ValueError(
                f"{option}: column {name!r} of {str(path)!r} is {column.type}, not numbers "
                f"(first value {first!r})"
            )
        columns.append(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
    return np.array(columns, dtype=np.float64).T.reshape(table.num_rows, -1), table.column_names
