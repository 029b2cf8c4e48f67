"""python -m montecarlo: tables that hold the estimates, and bad input in one line."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

import montecarlo.__main__ as command
from montecarlo.__main__ import main
from montecarlo.estimate import Interrupted
from montecarlo.gaussian import estimate
from theory.gaussian import GaussianChain
from theory.workflow import Workflow

QUICK = "gaussian --workflow replace --n 6 --dim 2 --generations 3 --replicates 50 --seed 4".split()
Output = pytest.CaptureFixture[str]


def test_every_format_holds_the_estimates(capsys: Output) -> None:
    expected = estimate(GaussianChain(2), Workflow.replace(6), 3, seed=4, replicates=50)
    assert main([*QUICK, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert main([*QUICK, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["replicates"] == 50
    for t, (row, item) in enumerate(zip(rows, found["rows"], strict=True)):
        for name in command.DEFAULT_FIELDS:
            assert float(row[name]) == item[name] == expected[name].mean[t]
            assert float(row[f"{name}_se"]) == expected[name].std_error[t]
    assert main(QUICK) == 0
    assert "50 runs, seed 4" in capsys.readouterr().out


def test_all_fields_are_shown_on_request(capsys: Output) -> None:
    assert main([*QUICK, "--fields", "all", "--format", "csv"]) == 0
    header = capsys.readouterr().out.splitlines()[0].split(",")
    assert {"wasserstein", "precision_ratio", "determinant_ratio"} <= set(header)


def test_threads_do_not_show_in_the_result(capsys: Output) -> None:
    outputs = []
    for threads in ("1", "2"):
        assert main([*QUICK, "--replicates", "3000", "--threads", threads]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize(("suffix", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_plots_are_written(suffix: str, magic: bytes, tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / f"runs.{suffix}"
    assert main([*QUICK, "--plot", str(path)]) == 0
    assert path.read_bytes().startswith(magic)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_ctrl_c_prints_what_is_finished(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    finished = estimate(GaussianChain(1), Workflow.replace(6), 2, seed=1, replicates=30)
    stops = iter([Interrupted(finished, 30), Interrupted(None, 0)])

    def interrupted(*_: object, **__: object) -> None:
        raise next(stops)

    monkeypatch.setattr(command, "estimate", interrupted)
    assert main([*QUICK, "--fields", "all"]) == 130
    captured = capsys.readouterr()
    assert "30 runs" in captured.out
    assert "interrupted after 30" in captured.err
    assert main(QUICK) == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "before a block was finished" in captured.err


def test_singular_fits_are_infinite_in_every_format(capsys: Output) -> None:
    argv = "gaussian --workflow accumulate --n 2 --dim 3 --generations 1 --replicates 5".split()
    assert main([*argv, "--format", "json"]) == 0
    row = json.loads(capsys.readouterr().out)["rows"][1]
    assert row["log_det_ratio"] == "-inf"
    assert row["excess_nll"] == "inf"
    assert np.isfinite(row["mean_error"])


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        (["--replicates", "0"], "got 0"),
        (["--seed", "-1"], "got -1"),
        (["--threads", "0"], "got 0"),
        (["--fields", "kl"], "unknown field 'kl'"),
        (["--n", "1"], "got n=1"),
        (["--dim", "0"], "got 0"),
        (["--generations", "0"], "got 0"),
        (["--temperature", "2"], "got 2.0"),
        (["--workflow", "renew"], "unknown workflow 'renew'"),
        (["--eigenvalues", "1,-2"], "-2"),
        (["--plot", "runs.gif"], "'runs.gif'"),
        (["--output", "missing/runs.csv"], "'missing/runs.csv'"),
    ],
)
def test_bad_input_is_one_line_and_exit_status_two(
    change: list[str], fragment: str, capsys: Output
) -> None:
    assert main([*QUICK, *change]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert fragment in captured.err
