"""python -m theory: what it prints is what the curves say, and bad input is one line."""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from theory import regression as regressions
from theory.__main__ import main
from theory.gaussian import FIELDS, GaussianChain, available, curves, survival
from theory.gaussian.command import USUAL
from theory.inflation import inflation
from theory.regression import RegressionChain, error_quantile
from theory.workflow import Workflow

Output = pytest.CaptureFixture[str]

GAUSSIAN = "gaussian --workflow accumulate --n 12,5 --dim 2 --ddof 0 --temperature 0.5".split()
CHAIN, WORKFLOW = GaussianChain(2, 0, 0.5), Workflow.accumulate((12, 5))


def printed(capsys: Output, arguments: list[str]) -> str:
    """stdout of a run that must succeed in silence."""
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def columns_of_table(text: str) -> dict[str, list[str]]:
    """The printed table, by column."""
    lines = text.split("\n\n")[0].splitlines()
    cells = [line.split() for line in (lines[0], *lines[2:])]
    return {name: list(column) for name, *column in zip(*cells, strict=True)}


# --- formats ------------------------------------------------------------------------------------


def test_csv_has_every_generation_in_full_precision(capsys: Output) -> None:
    text = printed(capsys, [*GAUSSIAN, "--generations", "40", "--format", "csv"])
    rows = list(csv.DictReader(io.StringIO(text)))
    found = curves(CHAIN, WORKFLOW, 40)
    shown = [name for name in USUAL if name in found.fields]
    assert list(rows[0]) == ["generation", *shown]
    assert [int(row["generation"]) for row in rows] == list(range(41))
    for name in shown:
        assert [float(row[name]) for row in rows] == found[name].values.tolist()


def test_json_has_the_values_and_what_they_claim(capsys: Output) -> None:
    arguments = [*GAUSSIAN, "--generations", "5", "--format", "json", "--fields", "all"]
    answer = json.loads(printed(capsys, arguments))
    found = curves(CHAIN, WORKFLOW, 5)
    assert list(answer["claims"]) == list(found.fields)
    for name in found.fields:
        assert [row[name] for row in answer["rows"]] == found[name].values.tolist()
        claim = answer["claims"][name]
        assert (claim["kind"], claim["source"]) == (found[name].kind.value, found[name].source)
        assert claim["limit"] == found[name].limit
    assert str(WORKFLOW) in answer["title"]


def test_json_writes_infinities_as_words(capsys: Output) -> None:
    text = printed(
        capsys,
        "gaussian --workflow replace --n 3 --generations 2 --format json "
        "--fields excess_nll,mean_error".split(),
    )
    answer = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert [row["excess_nll"] for row in answer["rows"]] == [0, "inf", "inf"]
    assert answer["claims"]["mean_error"]["limit"] == "inf"


def test_the_table_shows_six_digits_and_the_claims(capsys: Output) -> None:
    text = printed(capsys, [*GAUSSIAN, "--generations", "4"])
    table, found = columns_of_table(text), curves(CHAIN, WORKFLOW, 4)
    assert table["generation"] == ["0", "1", "2", "3", "4"]
    for name in list(table)[1:]:
        np.testing.assert_allclose([float(x) for x in table[name]], found[name], rtol=5e-6)
        assert f"{name}: {found[name].kind.value} ({found[name].source})" in text
    assert "not known for this chain and workflow: spread_ratio, wasserstein" in text
    assert f"limit {found.trace_ratio.limit:.6g}" in text


def test_a_long_table_is_a_sample_and_says_so(capsys: Output) -> None:
    text = printed(capsys, [*GAUSSIAN, "--generations", "345", "--fields", "mean_error"])
    shown = columns_of_table(text)["generation"]
    assert [shown[0], shown[1], shown[-1]] == ["0", "1", "345"]
    assert len(shown) < 25
    assert f"{len(shown)} of 346 generations shown" in text


def test_fields_are_those_asked_for_in_that_order(capsys: Output) -> None:
    arguments = [*GAUSSIAN, "--fields", "log_det_ratio,mean_error", "--format", "csv"]
    assert printed(capsys, arguments).splitlines()[0] == "generation,log_det_ratio,mean_error"


def test_all_fields_are_the_available_ones(capsys: Output) -> None:
    arguments = "gaussian --workflow fresh --n 9 --n-real 5 --fields all --format csv".split()
    known = available(GaussianChain(1), Workflow.fresh(5, 9))
    assert printed(capsys, arguments).splitlines()[0] == ",".join(["generation", *known])
    assert set(known) < set(FIELDS)


def test_the_default_is_ten_generations_of_a_hundred_rows(capsys: Output) -> None:
    arguments = "gaussian --workflow replace --fields mean_error --format csv".split()
    rows = printed(capsys, arguments).splitlines()
    assert len(rows) == 12
    assert float(rows[-1].split(",")[1]) == pytest.approx(0.1, rel=1e-14)


@pytest.mark.parametrize(
    ("options", "workflow"),
    [
        ("replace --n 9", Workflow.replace(9)),
        ("accumulate_subsample --n 9", Workflow.accumulate_subsample(9)),
        ("accumulate-subsample --n 9,5 --budget 7 --with-replacement",
         Workflow.accumulate_subsample((9, 5), 7, True)),
        ("sliding-window --n 9 --window 2", Workflow.sliding_window(9, 2)),
        ("anchored --n 9 --n-real 4", Workflow.anchored(4, 9)),
        ("fresh --n 9 --n-real 4 --weight 0.25", Workflow.fresh(4, 9, 0.25)),
    ],
)  # fmt: skip
def test_inflation_takes_every_workflow(capsys: Output, options: str, workflow: Workflow) -> None:
    arguments = f"inflation --workflow {options} --generations 7 --format csv".split()
    rows = list(csv.DictReader(io.StringIO(printed(capsys, arguments))))
    assert [float(row["inflation"]) for row in rows] == inflation(workflow, 7).values.tolist()


def test_eigenvalues_set_dimension_and_covariance(capsys: Output) -> None:
    arguments = (
        "gaussian --workflow replace --n 9 --eigenvalues 2,0.5 --fields covariance_error "
        "--generations 3 --format csv"
    ).split()
    values = [float(line.split(",")[1]) for line in printed(capsys, arguments).splitlines()[1:]]
    chain = GaussianChain(2, covariance=np.diag([2.0, 0.5]))
    assert values == curves(chain, Workflow.replace(9), 3).covariance_error.values.tolist()


def test_survival_is_the_curve(capsys: Output) -> None:
    arguments = (
        "survival --workflow replace --n 9 --threshold 0.5 --ddof 0 --temperature 0.5 "
        "--generations 4 --format csv"
    ).split()
    values = [float(line.split(",")[1]) for line in printed(capsys, arguments).splitlines()[1:]]
    chain = GaussianChain(1, 0, 0.5)
    expected = survival(chain, Workflow.replace(9), 4, threshold=0.5)
    assert values == expected.values.tolist()


# --- --until ------------------------------------------------------------------------------------


def test_until_names_the_generation_that_passes(capsys: Output) -> None:
    """t / 100 is above 0.905 from generation 91 on: beyond the first horizon searched."""
    line = printed(capsys, "gaussian --workflow replace --n 100 --until 0.905".split())
    assert line.startswith("mean_error passes 0.905 at generation 91 (0.91, exact;")
    assert line.count("\n") == 1


def test_until_looks_as_far_as_it_must(capsys: Output) -> None:
    line = printed(capsys, "gaussian --workflow replace --n 10 --until 1000.45".split())
    assert line.startswith("mean_error passes 1000.45 at generation 10005 (")


def test_until_says_never_when_the_curve_settles_before(capsys: Output) -> None:
    chain = "gaussian --workflow accumulate --n 100 --ddof 0 --until".split()
    limit = curves(GaussianChain(1, ddof=0), Workflow.accumulate(100), 1).mean_error.limit
    line = printed(capsys, [*chain, "0.5"])
    assert line.startswith("mean_error never passes 0.5")
    assert f"limit {limit:.6g} (exact;" in line


def test_until_says_not_yet_when_nothing_is_known_beyond(capsys: Output) -> None:
    arguments = "gaussian --workflow sliding-window --window 2 --until 0.5 --generations 10".split()
    value = curves(GaussianChain(1), Workflow.sliding_window(100, 2), 10).mean_error[10]
    line = printed(capsys, arguments)
    assert line.startswith(f"mean_error has not passed 0.5 by generation 10 ({value:.6g}, exact;")


def test_until_takes_a_field_that_shrinks(capsys: Output) -> None:
    chain = "gaussian --workflow replace --n 10 --ddof 0 --fields trace_ratio --until".split()
    assert printed(capsys, [*chain, "0.5"]).startswith("trace_ratio passes 0.5 at generation 7 (")


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("--n 10 --until 0.3", "mean_error passes 0.3 at generation 4 (0.4,"),
        ("--n 7 --fields trace_ratio --until 1", "trace_ratio never passes 1"),
    ],
)
def test_reaching_a_threshold_is_not_passing_it_by_rounding(
    capsys: Output, arguments: str, answer: str
) -> None:
    """t / n at 0.3 is 0.30000000000000004 in floats; the unbiased trace is 1 for ever."""
    line = printed(capsys, ["gaussian", "--workflow", "replace", *arguments.split()])
    assert line.startswith(answer)


def test_until_answers_in_json_and_csv(capsys: Output) -> None:
    question = "gaussian --workflow replace --n 100 --until 0.055 --format".split()
    [answer] = json.loads(printed(capsys, [*question, "json"]))["rows"]
    assert answer["value"] == pytest.approx(0.06, rel=1e-14)
    assert (answer["generation"], answer["kind"]) == (6, "exact")
    [row] = csv.DictReader(io.StringIO(printed(capsys, [*question, "csv"])))
    assert (row["generation"], row["field"]) == ("6", "mean_error")


def test_until_never_has_no_generation(capsys: Output) -> None:
    arguments = "gaussian --workflow accumulate --ddof 0 --until 0.5 --format json".split()
    [answer] = json.loads(printed(capsys, arguments))["rows"]
    assert answer["generation"] is None
    assert answer["value"] is None
    assert answer["searched"] is None


# --- files --------------------------------------------------------------------------------------

MAGIC = {"png": b"\x89PNG\r\n", "svg": b"<?xml", "pdf": b"%PDF-"}


@pytest.mark.parametrize("suffix", MAGIC)
@pytest.mark.parametrize(
    "arguments",
    [
        "gaussian --workflow replace --n 3 --fields excess_nll,mean_error,trace_ratio,spread_ratio",
        "gaussian --workflow replace --n 9 --until 0.3",
        "survival --workflow replace --n 9 --threshold 0.5",
        "inflation --workflow accumulate --n 9 --generations 40",
    ],
)
def test_plots_are_files_of_their_suffix(
    capsys: Output, tmp_path: Path, arguments: str, suffix: str
) -> None:
    """Infinite values and limits included."""
    path = tmp_path / f"curve.{suffix}"
    assert main([*arguments.split(), "--plot", str(path)]) == 0
    assert path.read_bytes().startswith(MAGIC[suffix])
    assert list(tmp_path.iterdir()) == [path]
    out, err = capsys.readouterr()
    assert out
    assert err == f"wrote {path}\n"


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_output_holds_what_stdout_would(capsys: Output, tmp_path: Path, form: str) -> None:
    path = tmp_path / "curves"
    path.write_text("what was there before")
    expected = printed(capsys, [*GAUSSIAN, "--format", form])
    assert main([*GAUSSIAN, "--format", form, "--output", str(path)]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"wrote {path}\n")
    assert path.read_text(encoding="utf-8") == expected
    assert list(tmp_path.iterdir()) == [path]


# --- bad input ----------------------------------------------------------------------------------

REPLACE = "gaussian --workflow replace"
BAD: list[tuple[str, str]] = [
    (f"{REPLACE} --n 1", "n=1"),
    (f"{REPLACE} --n 9,9,1", "n=1"),
    (f"{REPLACE} --n 0", "got 0"),
    (f"{REPLACE} --n -5", "got -5"),
    (f"{REPLACE} --n 5,x", "'5,x'"),
    (f"{REPLACE} --n 5,", "'5,'"),
    (f"{REPLACE} --n 2.5", "'2.5'"),
    (f"{REPLACE} --dim 0", "got 0"),
    (f"{REPLACE} --dim two", "'two'"),
    (f"{REPLACE} --dim 3 --eigenvalues 1,2", "(1.0, 2.0)"),
    (f"{REPLACE} --eigenvalues 1,-2", "smallest eigenvalue -2"),
    (f"{REPLACE} --eigenvalues 1,nan", "nan"),
    (f"{REPLACE} --generations 0", "got 0"),
    (f"{REPLACE} --generations -3", "got -3"),
    (f"{REPLACE} --generations 1e3", "'1e3'"),
    (f"{REPLACE} --ddof 2", "got 2"),
    (f"{REPLACE} --temperature 0", "got 0.0"),
    (f"{REPLACE} --temperature 1.5", "got 1.5"),
    (f"{REPLACE} --temperature nan", "got nan"),
    (f"{REPLACE} --window 3", "window=3"),
    (f"{REPLACE} --budget 0", "budget=0"),
    (f"{REPLACE} --fields loss", "'loss'"),
    (f"{REPLACE} --fields mean_error,loss", "'loss'"),
    (f"{REPLACE} --dim 2 --fields wasserstein", "wasserstein of dim=2"),
    (f"{REPLACE} --until nan", "got nan"),
    (f"{REPLACE} --until soon", "'soon'"),
    (f"{REPLACE} --until 1 --generations 0", "got 0"),
    (f"{REPLACE} --until 1 --fields mean_error,trace_ratio", "mean_error,trace_ratio"),
    (f"{REPLACE} --until 1 --fields all", "all"),
    (f"{REPLACE} --format xml", "'xml'"),
    (f"{REPLACE} --plot curve.gif", "'curve.gif'"),
    (f"{REPLACE} --plot curve", "'curve'"),
    ("survival --workflow replace --threshold 0.5 --plot curve.gif", "'curve.gif'"),
    ("inflation --workflow replace --plot curve.gif", "'curve.gif'"),
    (f"{REPLACE} --loud", "--loud"),
    ("gaussian --workflow recycle", "'recycle'"),
    ("gaussian --workflow custom", "'custom'"),
    ("gaussian", "--workflow"),
    ("gaussian --workflow sliding-window --window 0", "got 0"),
    ("gaussian --workflow sliding-window", "window"),
    ("gaussian --workflow accumulate-subsample --budget 0", "got 0"),
    ("gaussian --workflow accumulate-subsample --budget 1", "budget=1"),
    ("gaussian --workflow anchored --n-real 0", "got 0"),
    ("gaussian --workflow fresh --n-real 5 --weight 0", "got 0.0"),
    ("gaussian --workflow fresh --n-real 5 --weight 1.5", "got 1.5"),
    ("gaussian --workflow fresh --n-real 5 --weight 0.5 --ddof 1", "weight=0.5"),
    ("survival --workflow replace --threshold 0", "got 0.0"),
    ("survival --workflow replace --threshold -1", "got -1.0"),
    ("survival --workflow replace", "--threshold"),
    ("survival --workflow accumulate --threshold 0.5", "accumulate (n=100)"),
    ("inflation --workflow replace --generations 0", "got 0"),
    ("inflation --workflow replace --ddof 0", "--ddof"),
    ("regret --workflow replace", "'regret'"),
    ("", "QUANTITY"),
]


def assert_one_line(capsys: Output, arguments: list[str], quoted: str) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert err.startswith("python -m theory")
    assert quoted in err


@pytest.mark.parametrize(("arguments", "quoted"), BAD)
def test_bad_input_is_one_line_that_quotes_it(capsys: Output, arguments: str, quoted: str) -> None:
    assert_one_line(capsys, arguments.split(), quoted)


@pytest.mark.parametrize("option", ["--output", "--plot"])
@pytest.mark.parametrize(
    "arguments",
    [f"{REPLACE} --n 9", f"{REPLACE} --n 9 --until 0.3", "inflation --workflow replace"],
)
def test_a_missing_folder_is_one_line_and_leaves_no_file(
    capsys: Output, tmp_path: Path, arguments: str, option: str
) -> None:
    path = tmp_path / "missing" / "curve.png"
    assert_one_line(capsys, [*arguments.split(), option, str(path)], str(path))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_a_file_is_one_line_and_stays(
    capsys: Output, tmp_path: Path
) -> None:
    assert_one_line(capsys, [*GAUSSIAN, "--output", str(tmp_path)], str(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["gaussian", "--help"], ["survival", "--help"]]
)
def test_help_and_version_succeed(capsys: Output, arguments: list[str]) -> None:
    text = printed(capsys, arguments)
    assert "loopbound" in text if "--version" in arguments else "usage: python -m theory" in text


def test_infinite_thresholds_are_answered(capsys: Output) -> None:
    """The unbiased mean error has the limit infinity and never passes it."""
    line = printed(capsys, f"{REPLACE} --until {math.inf}".split())
    assert line.startswith("mean_error never passes inf")


def arguments_of(example: str) -> list[Any]:
    return example.removeprefix("python -m theory ").split()


def test_the_examples_of_the_help_run(
    capsys: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savetxt(
        "table.csv", np.random.default_rng(1).normal(size=(9, 2)), delimiter=",", header="a,b"
    )
    examples = [
        line.strip() for line in printed(capsys, ["--help"]).splitlines() if "-m theory " in line
    ]
    examples = [line for line in examples if line.startswith("python -m theory ")]
    assert len(examples) >= 3
    for example in examples:
        assert main(arguments_of(example)) == 0


# --- regression ----------------------------------------------------------------------------------


def test_regression_prints_the_curves_of_python(capsys: Output) -> None:
    text = printed(
        capsys,
        "regression --workflow accumulate --n 30 --dim 10 --noise 0.5,2 --format json".split(),
    )
    found = json.loads(text)
    expected = regressions.curves(RegressionChain(10, (0.5, 2.0)), Workflow.accumulate(30), 10)
    for row in found["rows"]:
        assert row["excess_test_error"] == expected.excess_test_error[row["generation"]]
    assert found["claims"]["excess_test_error"]["kind"] == "exact"


def test_a_design_of_ones_own_brings_its_rows_and_its_error(capsys: Output, tmp_path: Path) -> None:
    """Nine rows, two features, noise 1: 2 v_t / 9 without a ridge."""
    path = tmp_path / "x.npy"
    np.save(path, np.random.default_rng(1).normal(size=(9, 2)))
    line = f"regression --workflow replace --design {path} --format csv --generations 2"
    last = printed(capsys, line.split()).splitlines()[-1].split(",")
    assert float(last[1]) == pytest.approx(2 * 2 / 9, rel=1e-12)
    ridge = (
        printed(capsys, f"{line} --ridge 0.5 --penalty fixed".split()).splitlines()[-1].split(",")
    )
    assert float(ridge[2]) > 0, "a ridge has a bias"
    late = printed(capsys, f"{line} --ridge 0,0.5".split()).splitlines()
    assert float(late[-2].split(",")[2]) == 0 < float(late[-1].split(",")[2])


def test_regression_says_when_and_why_not(capsys: Output) -> None:
    until = printed(capsys, "regression --workflow replace --n 100 --dim 10 --until 0.5".split())
    assert until.startswith("excess_test_error passes 0.5 at generation 5 ")
    singular = printed(capsys, "regression --workflow replace --n 11 --dim 10".split())
    assert "take dim + 2 rows or more" in singular


def test_quantiles_stand_beside_a_mean_that_is_infinite(capsys: Output) -> None:
    line = "regression --workflow replace --n 11 --dim 10 --generations 2 --quantile 0.5,0.9"
    rows = [row.split(",") for row in printed(capsys, f"{line} --format csv".split()).splitlines()]
    chain, workflow = RegressionChain(10), Workflow.replace(11)
    for p in (0.5, 0.9):
        column = rows[0].index(f"quantile_{p:g}")
        curve = error_quantile(chain, workflow, 2, probability=p)
        assert [float(row[column]) for row in rows[1:]] == list(curve.values)


def test_regression_says_from_when_the_mean_over_designs_is_infinite(capsys: Output) -> None:
    line = "regression --workflow accumulate-subsample --n 32"
    sentence = "over all designs the mean is infinite from generation 44 on: "
    assert sentence in printed(capsys, f"{line} --dim 10".split())
    for options in ("--dim 10 --until 1", "--dim 10 --format json"):
        assert "over all infinite from generation 44 on" in printed(
            capsys, f"{line} {options}".split()
        )
    for options in ("--dim 1", "--dim 10 --generations 1", "--dim 10 --with-replacement"):
        assert "over all" not in printed(capsys, f"{line} {options}".split())


@pytest.mark.parametrize(("options", "message"), [
    ("--noise 0", "noise must be > 0, got 0.0"),
    ("--noise x", "must be numbers separated by commas, got 'x'"),
    ("--ridge -1", "ridge must be a finite number >= 0, got -1.0"),
    ("--ridge 0.1", "pass design=X (--design FILE)"),
    ("--ridge 0,x", "must be numbers separated by commas, got '0,x'"),
    ("--penalty half", "invalid choice: 'half'"),
    ("--design old.txt", "--design must be fresh, reused or a file that ends in .csv"),
    ("--design reused --n 5,6", "a reused design gives every batch the same rows"),
    ("--dim 3 --eigenvalues 1,2", "eigenvalues must be 3 numbers for dim=3, got (1.0, 2.0)"),
    ("--fields bais", "unknown field 'bais'"),
    ("--until 3 --quantile 0.5", "--until looks at one field, got --quantile 0.5 beside it"),
    ("--quantile 1", "probability must be between 0 and 1, got 1.0"),
    ("--dim 3 --n 2 --quantile 0.5", "for fits on at least dim rows"),
])  # fmt: skip
def test_bad_regression_input_is_one_line(capsys: Output, options: str, message: str) -> None:
    assert main(["regression", "--workflow", "replace", *options.split()]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
