"""python -m montecarlo: tables that hold the estimates, and bad input in one line."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

import montecarlo.__main__ as command
from montecarlo import regression
from montecarlo.__main__ import main
from montecarlo.estimate import Estimates, Interrupted
from montecarlo.gaussian import estimate
from montecarlo.kde import FIELDS
from montecarlo.kde import estimate as estimate_density
from theory.gaussian import GaussianChain
from theory.kde import KdeChain
from theory.regression import RegressionChain
from theory.truths import Normal
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


# --- regression ---------------------------------------------------------------------------------

LINEAR = (
    "regression --workflow accumulate --n 9 --dim 2 --generations 3 --replicates 50 --seed 4"
).split()


def rows_of(argv: list[str], capsys: Output) -> list[dict[str, str]]:
    assert main([*argv, "--format", "csv"]) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def assert_shown(rows: list[dict[str, str]], expected: Estimates) -> None:
    for t, row in enumerate(rows):
        for name, found in expected.values.items():
            assert float(row[name]) == found.mean[t]
            assert float(row[f"{name}_se"]) == found.std_error[t]


def test_every_regression_option_reaches_the_chain(capsys: Output) -> None:
    options = (
        "--noise 0.5,1 --design reused --ridge 0,0.3 --penalty fixed --weights-norm 2 "
        "--eigenvalues 1,3 --method rao-blackwell"
    )
    chain = RegressionChain(
        2, (0.5, 1.0), "reused", (0.0, 0.3), "fixed", 2.0, covariance=[[1.0, 0.0], [0.0, 3.0]]
    )
    expected = regression.estimate(
        chain, Workflow.accumulate(9), 3, seed=4, replicates=50, method="rao-blackwell"
    )
    assert_shown(rows_of([*LINEAR, *options.split()], capsys), expected)


@pytest.mark.parametrize("fields", [[], ["--fields", "all"], ["--fields", "excess_test_error"]])
def test_the_regression_chain_has_a_field_without_options(
    fields: list[str], capsys: Output
) -> None:
    expected = regression.estimate(
        RegressionChain(2), Workflow.accumulate(9), 3, seed=4, replicates=50
    )
    assert_shown(rows_of([*LINEAR, *fields], capsys), expected)


@pytest.mark.parametrize("suffix", ["csv", "npy"])
def test_a_table_is_a_design_with_its_rows_a_batch(
    suffix: str, tmp_path: Path, capsys: Output
) -> None:
    rows, path = np.random.default_rng(1).standard_normal((12, 3)), tmp_path / f"t.{suffix}"
    if suffix == "npy":
        np.save(path, rows)
    else:
        np.savetxt(path, rows, "%.17g", ",", header="a,b,c", comments="")
    expected = regression.estimate(
        RegressionChain.from_design(rows), Workflow.replace(12), 2, seed=0, replicates=50,
        design=rows,
    )  # fmt: skip
    argv = "regression --workflow replace --generations 2 --replicates 50 --design".split()
    assert_shown(rows_of([*argv, str(path)], capsys), expected)


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        (["--noise", "0"], "noise must be > 0, got 0.0"),
        (["--noise", "a"], "'a'"),
        (["--ridge", "-1"], "got -1.0"),
        (["--weights-norm", "-1"], "got -1.0"),
        (["--penalty", "none"], "'none'"),
        (["--dim", "0"], "got 0"),
        (["--eigenvalues", "1,2,3"], "dim=2"),
        (["--fields", "bias"], "field 'bias' needs method 'rao-blackwell'"),
        (["--fields", "risk"], "unknown field 'risk'"),
        (["--design", "old"], "--design must be fresh, reused or a file that ends in .csv"),
        (["--design", "gone.csv"], "--design: no such file 'gone.csv'"),
        (["--design", "reused", "--n", "9,8"], "a reused design gives every batch the same rows"),
    ],
)
def test_bad_regression_input_is_one_line_and_exit_status_two(
    change: list[str], fragment: str, capsys: Output
) -> None:
    assert main([*LINEAR, *change]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert fragment in captured.err


def test_a_design_decides_the_dimension_and_the_rows(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "t.npy"
    np.save(path, np.random.default_rng(1).standard_normal((12, 3)))
    argv = ["regression", "--workflow", "replace", "--design", str(path)]
    for change, told in (
        (["--dim", "3"], "--dim is that of the design"),
        (["--eigenvalues", "1,2,3"], "--eigenvalues is that of the design"),
        (["--n", "7"], "design must have n=7 rows and 3 columns, got shape (12, 3)"),
    ):
        assert main([*argv, *change]) == 2
        assert told in capsys.readouterr().err


# --- kernel density ------------------------------------------------------------------------------

DENSITY = "kde --truth normal --bandwidth 0.4 --workflow accumulate --n 6 --generations 2".split()


def test_a_density_chain_is_simulated_as_asked(capsys: Output) -> None:
    spec, workflow = KdeChain(Normal(), 0.4), Workflow.accumulate(6)
    argv = [*DENSITY, "--replicates", "20", "--seed", "3", "--format", "csv"]
    for named, fields in (("mise,nll", ["mise", "nll"]), ("all", list(FIELDS))):
        assert main([*argv, "--fields", named]) == 0
        rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
        expected = estimate_density(spec, workflow, 2, seed=3, replicates=20, fields=fields)
        for t, row in enumerate(rows):
            for name in fields:
                assert float(row[name]) == expected[name].mean[t]


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (["--bandwidth", "0"], "got 0.0"),
        (["--truth", "cauchy"], "'cauchy'"),
        (["--kernel", "cosine"], "'cosine'"),
        (["--truth", "student:1.5", "--fields", "extra_variance"], "StudentT(df=1.5"),
        (["--fields", "loss"], "'loss'"),
    ],
)
def test_a_density_chain_that_cannot_be_is_refused_in_a_line(
    extra: list[str], told: str, capsys: Output
) -> None:
    assert main([*DENSITY, *extra]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert told in captured.err
    assert len(captured.err.splitlines()) == 1


def test_a_density_chain_goes_on_from_its_checkpoint(tmp_path: Path, capsys: Output) -> None:
    argv = [*DENSITY, "--format", "csv", "--replicates"]
    outputs = []
    for runs, folder in (("500", None), ("200", tmp_path), ("500", tmp_path)):
        kept = [] if folder is None else ["--checkpoint", str(folder)]
        assert main([*argv, runs, *kept]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[2] == outputs[0] != outputs[1]
