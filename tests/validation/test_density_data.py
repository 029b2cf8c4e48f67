"""A user's table as the truth of kde, and the words of a text as categories."""

from pathlib import Path

import numpy as np
import pytest

from theory.tables import RealTable
from theory.workflow import Workflow
from validation import kde
from validation.__main__ import main
from validation.categorical import on_words

Output = pytest.CaptureFixture[str]


def test_a_smoothed_table_is_the_truth(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "skewed.npy"
    np.save(path, np.random.default_rng(0).exponential(5, size=(40, 2)))
    assert main(["kde", "--data", str(path), "--resolve", "0.1", "--verbose"]) == 0
    told = capsys.readouterr().out
    for claim in ("moments/replace/dim2/n8/cloud_variance", "error/accumulate/dim2/n8/mise"):
        assert f"kde/data/skewed/{claim}" in told


def test_words_are_counted(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "book.txt"
    path.write_text("to be or not to be that is the question")
    asked = ["--workflow", "anchored", "--n-real", "20", "--n", "10", "--resolve", "0.1"]
    assert main(["categorical", "--data", str(path), *asked, "--verbose"]) == 0
    assert "categorical/data/book/anchored/n10/survivors" in capsys.readouterr().out


def test_a_falsified_table_and_text_are_told(tmp_path: Path, capsys: Output) -> None:
    np.save(tmp_path / "t.npy", np.random.default_rng(0).normal(size=(30, 1)))
    off = ["--resolve", "0.05", "--perturb", "0.1"]
    assert main(["kde", "--data", str(tmp_path / "t.npy"), *off]) == 1
    (tmp_path / "t.txt").write_text("a a a b b c")
    assert main(["categorical", "--data", str(tmp_path / "t.txt"), *off]) == 1


def test_columns_count_alike_whatever_their_unit() -> None:
    rows = np.random.default_rng(0).normal(size=(20, 2))
    plain, scaled = (
        kde.on_table(RealTable("t", table))[0].chain.truth for table in (rows, rows * [1, 1000])
    )
    assert plain.mean == pytest.approx(scaled.mean, abs=1e-12)
    assert plain.variance == pytest.approx([1.25, 1.25])
    assert scaled.variance == pytest.approx([1.25, 1.25])


def test_fields_without_a_law_are_left_out() -> None:
    (one,) = on_words(["a", "b"], "t", [("window", Workflow.sliding_window(4, 1))])
    assert one.fields == ("squared_error", "heterozygosity", "survivors", "entropy")
    sizes = Workflow.custom(4, lambda t: np.eye(t)[-1])
    (other,) = on_words(["a", "b"], "t", [("custom", sizes)])
    assert other.fields == ("squared_error", "heterozygosity")


@pytest.mark.parametrize(
    ("family", "name", "content", "fragment"),
    [
        ("kde", "t.csv", "a,b\n1,2\n3,2\n", "column 2 of 't' must vary, got 2.0 in every row"),
        ("kde", "t.csv", "a\nx\n", "first value 'x'"),
        ("kde", "t.txt", "a b", "--data must end in .csv, .npy, .parquet"),
        ("categorical", "t.txt", " \n", "no words in"),
        ("categorical", "t.txt", None, "no such file"),
    ],
)
def test_bad_files_are_one_line(
    family: str, name: str, content: str | None, fragment: str, tmp_path: Path, capsys: Output
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    assert main([family, "--data", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert fragment in error
    assert error.count("\n") == 1


def test_a_text_stands_alone(capsys: Output) -> None:
    assert main(["categorical", "kde", "--data", "t.txt"]) == 2
    assert "a text for categorical alone, got 'categorical kde'" in capsys.readouterr().err
