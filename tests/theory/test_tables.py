"""Reading a user's table: three formats, and one clear line for what cannot be used."""

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from theory.tables import read_table

ROWS = np.array([[1.0, 2.5], [3.0, -4.0], [5.5, 6.0]])


def test_the_three_formats_hold_the_same_table(tmp_path):
    np.save(tmp_path / "t.npy", ROWS)
    np.savetxt(tmp_path / "t.csv", ROWS, delimiter=",", header="a,b", comments="")
    parquet.write_table(pa.table({"a": ROWS[:, 0], "b": ROWS[:, 1]}), tmp_path / "t.parquet")
    for suffix in ("npy", "csv", "parquet"):
        table = read_table(tmp_path / f"t.{suffix}")
        assert table.name == "t"
        np.testing.assert_array_equal(table.rows, ROWS)


def test_whole_numbers_and_truth_values_are_numbers(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,true\n2,false\n")
    np.testing.assert_array_equal(read_table(path).rows, [[1, 1], [2, 0]])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "", "empty file"),
        ("t.csv", "a,b\n", "no rows"),
        ("t.csv", "a,b\n1,red\n", "column 'b' .* is string, not numbers .first value 'red'"),
        ("t.csv", "a,b\n1,2\n3,nan\n", "nan in row 2, column 'b'"),
        ("t.csv", "a,b\n1,2\n3,\n", "nan in row 2, column 'b'"),
        ("t.csv", "a,b\n1,2\ninf,4\n", "inf in row 2, column 'a'"),
        ("t.csv", "a,b\n1,2\n3\n", "cannot read .*Expected 2 columns, got 1"),
        ("t.npy", "no array", "is not a .npy table"),
        ("t.parquet", "no table", "cannot read"),
        ("t.txt", "1 2", "must end in .csv, .npy, .parquet"),
    ],
)
def test_unusable_files_are_refused_in_words(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_table(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="no such file .*gone.csv"):
        read_table(tmp_path / "gone.csv")


def test_text_arrays_and_arrays_of_another_shape_are_refused(tmp_path):
    np.save(tmp_path / "text.npy", np.array([["a", "b"]]))
    with pytest.raises(ValueError, match="not numbers"):
        read_table(tmp_path / "text.npy")
    np.save(tmp_path / "line.npy", np.arange(3.0))
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        read_table(tmp_path / "line.npy")
