"""python -m lm: what a person types, and what comes back."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lm.__main__ import build_parser, main
from lm.reading import read_recipe
from lm.recipe_commandline import changes_of
from tests.lm.rows import TINY, write_jsonl
from theory.__main__ import build_parser as theory_parser
from theory.commandline import workflow_from
from theory.growth.tables import read_losses

ROOT = Path(__file__).resolve().parents[2]
torch = pytest.importorskip("torch", reason="the extra lm is not installed")


@pytest.fixture
def recipe(tmp_path: Path) -> list[str]:
    (tmp_path / "tiny.toml").write_text(
        'workflows = ["replace"]\ngenerations = 1\n' + TINY, encoding="utf-8"
    )
    source = write_jsonl(tmp_path / "rows.jsonl")
    return [
        "run", str(tmp_path / "tiny.toml"), "--data", str(source), "--jobs", "1", "--threads", "1",
        "--cpu", "--folder", str(tmp_path / "run"),
    ]  # fmt: skip


def refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """The one line on stderr of a command that ends with status 2."""
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("python -m lm")
    assert said.err.count("\n") == 1
    return said.err


def test_a_run_prints_a_table_and_show_prints_it_again(
    recipe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plot = tmp_path / "drift.png"
    assert main([*recipe, "--plot", str(plot)]) == 0
    first = capsys.readouterr().out
    assert "cross_entropy" in first
    assert plot.stat().st_size > 1000
    assert main(["show", str(tmp_path / "run"), "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["workflow"], row["seed"], row["generation"]) for row in rows] == [
        ("replace", "0", "0"), ("replace", "0", "1"),
    ]  # fmt: skip
    assert f"{float(rows[1]['cross_entropy']):.6g}" in first
    assert main(["show", str(tmp_path / "run"), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][1]["real_fraction"] == 1
    losses = tmp_path / "losses.csv"
    arguments = ["show", str(tmp_path / "run"), "--losses", "--format", "csv"]
    assert main([*arguments, "--output", str(losses)]) == 0
    (curve,) = read_losses(losses)
    assert curve.losses.tolist() == [[float(rows[1]["cross_entropy"])]]
    arguments = ["show", str(tmp_path / "run"), "--learning-curves", "--format", "csv"]
    capsys.readouterr()
    assert main(arguments) == 0
    steps = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [int(row["step"]) for row in steps] == list(range(1, int(rows[1]["steps"]) + 1))
    assert [row["test_cross_entropy"] for row in steps] == [
        *[""] * (len(steps) - 1), rows[1]["cross_entropy"],
    ]  # fmt: skip
    assert "not both" in refused(capsys, [*arguments, "--losses"])


def test_losses_of_any_workflow_are_read_back_with_it(
    recipe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two seeds, of which one has a fit more: what both have, with every size of the workflow."""
    flows = [
        {"name": "replace", "n": [12, 18]},
        {"name": "accumulate-subsample", "budget": 9, "replacement": True},
        {"name": "fresh", "n_real": 8, "n": 10, "weight": 0.25},
    ]
    given = ["--set", f"workflows={json.dumps(flows)}"]
    assert main([*recipe, *given, "--seeds", "0,1"]) == 0
    assert main([*recipe, *given, "--generations", "2"]) == 0
    capsys.readouterr()
    table = tmp_path / "losses.csv"
    show = ["show", str(tmp_path / "run"), "--losses"]
    assert main([*show, "--format", "csv", "--output", str(table)]) == 0
    assert [(str(one.workflow), one.losses.shape) for one in read_losses(table)] == [
        ("accumulate-subsample (n=24, budget=9, with replacement)", (2, 1)),
        ("fresh (n=10, n_real=8, weight=0.25)", (2, 1)),
        ("replace (n=12,18,...)", (2, 1)),
    ]
    capsys.readouterr()
    assert "no --fields, got 'steps'" in refused(capsys, [*show, "--fields", "steps"])
    plot = tmp_path / "losses.png"
    assert main([*show, "--plot", str(plot)]) == 0
    assert plot.stat().st_size > 1000


@pytest.mark.parametrize(
    ("given", "theirs"),
    [
        ("replace,n=12,18,24", "replace --n 12,18,24"),
        ("sliding-window,n=20,10,window=2", "sliding-window --n 20,10 --window 2"),
        (
            "accumulate-subsample,replacement=true,n=9",
            "accumulate-subsample --with-replacement --n 9",
        ),
        ("fresh,n-real=8,n=6,12,weight=0.5", "fresh --n-real 8 --n 6,12 --weight 0.5"),
    ],
)
def test_a_workflow_has_the_sizes_that_theory_takes(given: str, theirs: str) -> None:
    options = build_parser().parse_args(["run", "stdlib-finetune", "--workflow", given])
    (choice,) = read_recipe(options.recipe, changes=changes_of(options)).workflows
    wanted = theory_parser().parse_args(["gaussian", "--workflow", *theirs.split()])
    assert choice.workflow(100) == workflow_from(wanted)


def test_losses_of_an_ngram_are_those_it_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ngram.json").write_text("{}", encoding="utf-8")
    kept = "model,workflow,seed,generation,test_cross_entropy\nbigram,replace,0,1,2.5\n"
    (tmp_path / "losses.csv").write_text(kept, encoding="utf-8")
    show = ["show", str(tmp_path), "--losses"]
    assert main([*show, "--format", "csv"]) == 0
    assert capsys.readouterr().out == kept
    assert "draws no n-gram's run" in refused(capsys, [*show, "--plot", "losses.png"])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--workflow", "replce"], "unknown workflow 'replce'"),
        (["--workflow", "sliding-window,window"], "must be NAME,KEY=VALUE,..."),
        (["--workflow", "sliding-window,window=2,3"], "n alone a schedule, as in n=5,9,14"),
        (["--workflow", "replace,n=12,none"], "workflows.n must be a whole number, got None"),
        (["--set", "training.epochs"], "--set must be KEY=VALUE, got 'training.epochs'"),
        (["--set", "training.epoch=3"], "unknown key training.epoch = 3"),
        (["--temperature", "-1"], "sampling.temperature must be > 0 and finite, got -1.0"),
        (["--rows", "10000"], "takes 10,000 real rows"),
        (["--data", "gone.txt"], "No such file: 'gone.txt'"),
        (["--model", "./gone"], "no folder './gone'"),
        (["--plot", "drift.xyz"], "--plot must end in .png"),
        (["--mode", "again"], "training.mode must be one of restart, continue, scratch"),
        (["--jobs", "0"], "--jobs must be a whole number >= 1, got 0"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    recipe: list[str], more: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in refused(capsys, recipe + more)


def test_an_unknown_field_is_refused_before_the_run(
    recipe: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*recipe, "--folder", str(tmp_path / "run"), "--fields", "loss"]
    assert "no field 'loss': choose from" in refused(capsys, arguments)
    assert not (tmp_path / "run").exists()


def test_a_folder_without_a_run_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "holds no run" in refused(capsys, ["show", str(tmp_path)])


def test_the_list_names_every_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    said = capsys.readouterr().out
    assert "stdlib-finetune" in said
    assert max(map(len, said.splitlines())) <= 130


@pytest.mark.parametrize("module", ["lm", "lm.config", "lm.__main__", "lm.folder"])
def test_importing_is_light(module: str) -> None:
    script = f"import sys, {module}\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    heavy = {"torch", "transformers", "accelerate", "datasets", "numba", "matplotlib"}
    assert heavy.isdisjoint(done.stdout.split())
