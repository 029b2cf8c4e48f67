"""python -m validation: verdicts as exit status, tables and JSON; bad input in one line."""

import csv
import io
import json

import numpy as np
import pytest

from montecarlo.estimate import Interrupted
from validation import __main__ as command
from validation.__main__ import main

QUICK = "gaussian/replace/ddof0/dim10/n12"


def test_list_names_claims_that_can_be_selected(capsys):
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.split()
    assert f"{QUICK}/determinant_ratio" in lines
    assert any(line.startswith("gaussian/data/wine/") for line in lines)


def test_agreement_is_exit_status_zero(capsys):
    assert main([QUICK]) == 0
    assert "1 claims: 1 agrees" in capsys.readouterr().out


def test_disagreement_is_one_and_shows_both_numbers(capsys):
    assert main([QUICK, "--perturb", "0.02"]) == 1
    out = capsys.readouterr().out
    assert "DISAGREES gaussian/replace/ddof0/dim10/n12/determinant_ratio: at t=" in out


def test_missing_power_is_three_and_says_what_it_takes(capsys):
    assert main(["gaussian/replace/ddof0/dim10/n2", "--replicates", "1000"]) == 3
    out = capsys.readouterr().out
    assert "UNDERPOWERED" in out
    assert "needs about" in out


def test_a_checkpoint_of_another_seed_is_refused(capsys, tmp_path):
    argv = ["gaussian/replace/ddof0/dim10/n2", "--replicates", "1024", "--checkpoint"]
    assert main([*argv, str(tmp_path)]) == 3
    capsys.readouterr()
    assert main([*argv, str(tmp_path), "--seed", "7"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "is of seed 0, not 7" in captured.err


def test_json_holds_every_generation_and_is_complete(capsys, tmp_path):
    path = tmp_path / "found.json"
    assert main([QUICK, "--output", str(path)]) == 0
    found = json.loads(path.read_text())
    (claim,) = found["claims"]
    assert found["complete"] is True
    assert found["versions"].keys() >= {"loopbound", "python", "numpy", "numba"}
    assert claim["verdict"] == "agrees"
    for name in ("theory", "simulation", "std_error", "z", "detectable"):
        assert len(claim[name]) == 2
    assert capsys.readouterr().out
    assert [p.name for p in tmp_path.iterdir()] == ["found.json"]


def test_csv_and_json_go_to_stdout(capsys):
    assert main([QUICK, "--format", "csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["verdict"] == "agrees"
    assert main([QUICK, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["verdict"] == "agrees"


def test_plot_is_written(tmp_path, capsys):
    path = tmp_path / "found.png"
    assert main([QUICK, "--plot", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_file_is_the_truth(tmp_path, capsys):
    rows = np.random.default_rng(0).exponential(size=(40, 3))
    np.save(tmp_path / "skewed.npy", rows)
    status = main(
        ["gaussian", "--data", str(tmp_path / "skewed.npy"), "--resolve", "0.1", "--verbose"]
    )
    out = capsys.readouterr().out
    assert status == 0, out
    assert "gaussian/data/skewed/accumulate/ddof0/dim3/n2/mean_error" in out
    assert "not claimed" in out


def test_a_file_with_a_workflow_of_ones_own(tmp_path, capsys):
    np.save(tmp_path / "t.npy", np.random.default_rng(0).normal(size=(30, 2)))
    options = ["--workflow", "anchored", "--n-real", "3", "--n", "2", "--resolve", "0.2"]
    assert main(["gaussian", "--data", str(tmp_path / "t.npy"), *options]) == 0
    assert "gaussian/data/t/anchored/ddof0/dim2/n2" in capsys.readouterr().out


def test_a_file_is_a_design(tmp_path, capsys):
    """A column of ones and one in thousands: the penalty goes by the table's unit."""
    rows = np.column_stack([np.ones(30), np.random.default_rng(0).exponential(3000, size=30)])
    np.save(tmp_path / "own.npy", rows)
    options = ["--data", str(tmp_path / "own.npy"), "--resolve", "0.1", "--verbose"]
    assert main(["regression", *options]) == 0
    out = capsys.readouterr().out
    for label in ("replace", "accumulate"):
        assert f"regression/data/own/{label}/dim2/n30/statistics/excess_test_error" in out
    assert out.count("/ridge") == 2
    assert "gaussian" not in out


def test_a_file_is_a_truth_and_a_design_with_a_workflow_of_ones_own(tmp_path, capsys):
    np.save(tmp_path / "t.npy", np.random.default_rng(0).normal(size=(30, 2)))
    options = ["--workflow", "sliding-window", "--window", "2", "--resolve", "0.2"]
    assert main(["regression", "gaussian", "--data", str(tmp_path / "t.npy"), *options]) == 0
    out = capsys.readouterr().out
    assert "regression/data/t/sliding-window/dim2/n30/statistics" in out
    assert "gaussian/data/t/sliding-window/ddof0/dim2/n2" in out


def test_a_design_of_ones_own_can_disagree(tmp_path, capsys):
    np.save(tmp_path / "own.npy", np.random.default_rng(0).normal(size=(20, 3)))
    options = ["--data", str(tmp_path / "own.npy"), "--resolve", "0.03", "--perturb", "0.06"]
    assert main(["regression", *options]) == 1
    assert capsys.readouterr().out.count("DISAGREES") == 4


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        ("a,b\n1,2\n2,4\n3,6\n", "full column rank, got rank 1 with 2 columns and 3 rows"),
        ("a,b\n1,2\n", "full column rank, got rank 1 with 2 columns and 1 rows"),
        ("a,b\n1,nan\n2,1\n3,5\n", "nan in row 1, column 'b'"),
        ("a,b\n1,\n2,1\n3,5\n", "nan in row 1, column 'b'"),
        ("a,b\n1,x\n2,y\n3,z\n", "first value 'x'"),
        ("a,b\n", "no rows in"),
        ("", "empty file"),
        (None, "no such file"),
    ],
)
def test_a_table_that_is_no_design_is_refused(content, fragment, tmp_path, capsys):
    path = tmp_path / "t.csv"
    if content is not None:
        path.write_text(content)
    assert main(["regression", "--data", str(path), "--output", str(tmp_path / "o.json")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert fragment in captured.err
    assert not (tmp_path / "o.json").exists()


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        (["--workflow", "replace", "--n", "7"], "n must be 12, got n=7"),
        (["--workflow", "accumulate-subsample"], "montecarlo simulates it"),
        (["--workflow", "anchored"], "n_real"),
        (["--workflow", "shuffle"], "'shuffle'"),
    ],
)
def test_a_workflow_that_does_not_fit_a_design_is_refused(options, fragment, tmp_path, capsys):
    np.save(tmp_path / "t.npy", np.random.default_rng(0).normal(size=(12, 2)))
    assert main(["regression", "--data", str(tmp_path / "t.npy"), *options]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert fragment in captured.err


def test_ctrl_c_delivers_what_is_finished(monkeypatch, capsys, tmp_path):
    """The second experiment is interrupted; the first one's verdict is printed and written."""
    real = command.check

    def interrupted(experiments, **options):
        yield next(real(experiments[:1], **options))
        raise Interrupted(None, 0)

    monkeypatch.setattr(command, "check", interrupted)
    path = tmp_path / "found.json"
    assert main(["gaussian/replace/ddof0/dim10", "--resolve", "0.2", "--output", str(path)]) == 130
    found = json.loads(path.read_text())
    assert found["complete"] is False
    assert {claim["verdict"] for claim in found["claims"]} == {"agrees"}
    assert "stopped after 1 of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "fragment"),
    [
        ([], "nothing to test"),
        (["poisson"], "unknown claims 'poisson'"),
        ([QUICK, "--resolve", "2"], "resolve must be in (0, 1), got 2.0"),
        ([QUICK, "--resolve", "x"], "invalid float value: 'x'"),
        ([QUICK, "--replicates", "0"], "replicates must be a whole number >= 1, got 0"),
        ([QUICK, "--seed", "-1"], "seed must be a whole number >= 0, got -1"),
        ([QUICK, "--threads", "0"], "threads must be a whole number >= 1, got 0"),
        ([QUICK, "--plot", "x.bmp"], "'x.bmp'"),
        (
            [QUICK, "--output", "no/such/folder.json"],
            "the folder of 'no/such/folder.json' does not exist",
        ),
        ([QUICK, "--workflow", "replace"], "--workflow goes with --data"),
        (["--data", "gone.csv"], "no such file 'gone.csv'"),
        (["other", "--data", "gone.csv"], "got 'other'"),
        (["regression", "other", "--data", "gone.csv"], "got 'regression other'"),
        (["regression", "--data", "gone.csv"], "no such file 'gone.csv'"),
    ],
)
def test_bad_input_is_one_line_and_exit_status_two(argv, fragment, capsys):
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert fragment in captured.err


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        ("a,b\n1,2\n3,2\n5,2\n", "column 1 is always 2"),
        ("a,b\n1,2\n3,6\n5,10\n", "must be positive definite"),
        ("a,b\n1,2\n", "at least 2 rows"),
        ("a,b\n1,x\n", "first value 'x'"),
    ],
)
def test_a_table_that_is_no_truth_is_refused(content, fragment, tmp_path, capsys):
    path = tmp_path / "t.csv"
    path.write_text(content)
    assert main(["gaussian", "--data", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert fragment in captured.err
