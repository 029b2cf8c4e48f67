"""python -m theory kde: answers, and one line for what a user can get wrong."""

import json
from pathlib import Path

import pytest

from theory.__main__ import main

KDE = ["kde", "--workflow", "replace", "--n", "100"]


def test_curves_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*KDE, "--bandwidth", "0.4", "--generations", "6", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [round(row["mise"], 5) for row in told["rows"]][1:3] == [0.00555, 0.01089]
    assert told["claims"]["mise"]["kind"] == "exact"


def test_table_says_what_becomes_of_the_schedule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*KDE, "--bandwidth", "power:0.4,1", "--truth", "laplace"]) == 0
    told = capsys.readouterr().out
    assert "for ever: mean density stays; at fixed rows: not safe (the cloud dies" in told
    assert main([*KDE, "--bandwidth", "optimal", "--generations", "2"]) == 0
    assert "for ever: bandwidth grows at least geometrically (exact)" in capsys.readouterr().out


def test_until(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*KDE, "--bandwidth", "0.4", "--until", "0.03"]) == 0
    assert capsys.readouterr().out.startswith("mise passes 0.03 at generation 6 (0.0332076")


@pytest.mark.parametrize(
    "truth",
    [["normal", "--dim", "3"], ["student:3"], ["uniform"], ["blobs"], ["moons", "--noise", "0.5"],
     ["student:0.5"]],
)  # fmt: skip
@pytest.mark.parametrize("rule", ["scott", "silverman", "0.5,0.4", "optimal:2"])
def test_every_truth_and_rule(
    truth: list[str], rule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*KDE, "--truth", *truth, "--bandwidth", rule, "--generations", "2"]) == 0
    assert "generation" in capsys.readouterr().out


def test_a_file_is_smoothed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a,b\n1,2\n3,4\n0,1\n")
    arguments = [*KDE, "--truth", str(file), "--bandwidth", "0.4", "--generations", "2"]
    assert main([*arguments, "--smoothing", "0.5"]) == 0
    capsys.readouterr()
    assert main(arguments) == 2
    assert "needs --smoothing" in capsys.readouterr().err
    file.write_text("a,b\n1,nan\n2,3\n")
    assert main([*arguments, "--smoothing", "0.5"]) == 2
    assert "nan in row 1, column 'b'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bandwidth", "0"], "bandwidth must be a finite number > 0, got 0.0"),
        (["--bandwidth", "nan"], "bandwidth must be a finite number > 0, got nan"),
        (["--bandwidth", "wide"], "got 'wide'"),
        (["--bandwidth", "power:1"], "got 'power:1'"),
        (["--bandwidth", "scott:2"], "got 'scott:2'"),
        (["--bandwidth", "optimal:0"], "horizon must be a whole number >= 1, got 0"),
        (["--bandwidth", "optimal:31"], "at most 30, got 31"),
        (["--bandwidth", "1", "--truth", "cauchy"], "got 'cauchy'"),
        (["--bandwidth", "1", "--truth", "student:x"], "got 'student:x'"),
        (["--bandwidth", "1", "--truth", "laplace", "--dim", "2"], "takes no --dim, got 2"),
        (["--bandwidth", "1", "--noise", "0.1"], "normal takes no --noise, got 0.1"),
        (["--bandwidth", "1", "--smoothing", "0.1"], "takes no --smoothing, got 0.1"),
        (["--bandwidth", "1", "--truth", "gone.csv", "--smoothing", "1"], "no such file 'gone"),
        (["--bandwidth", "1", "--truth", "moons", "--noise", "0"], "noise must be a finite number"),
        (["--bandwidth", "1", "--kernel", "box"], "got 'box'"),
        (["--bandwidth", "1", "--kernel", "uniform", "--dim", "2"], "gaussian for dim > 1"),
        (["--bandwidth", "1", "--truth", "swiss-roll", "--noise", "0"], "have no density"),
        ([], "--bandwidth"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*KDE, *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert message in told.err
    assert told.err.count("\n") == 1


def test_a_swiss_roll_has_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*KDE, "--truth", "swiss-roll", "--bandwidth", "0.5"]) == 0
    told = capsys.readouterr().out
    assert "not known" not in told
    assert "mise" in told


def test_a_schedule_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*KDE, "--bandwidth", "optimal", "--generations", "3"]) == 0
    assert "bandwidths by fit: 0.4455, 0.431, 0.4294" in capsys.readouterr().out


def test_the_closed_form_stands_beside_the_values(capsys: pytest.CaptureFixture[str]) -> None:
    fields = ["--fields", "mise,integrated_variance", "--generations", "2", "--formula"]
    assert main([*KDE, "--bandwidth", "0.4", *fields]) == 0
    told = capsys.readouterr().out
    assert "integrated_variance: no closed form derived" in told
    assert r"mise = \left(4 \pi\right)^{- \frac{d}{2}}" in told
