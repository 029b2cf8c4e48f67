"""The grid of real and synthetic rows: resumable, and its whole-batch cell is generation 1."""

import csv
import io
import json
from pathlib import Path

import pytest

from lm.__main__ import main
from tests.lm.rows import TINY, write_jsonl

torch = pytest.importorskip("torch", reason="the extra lm is not installed")


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    (tmp_path / "tiny.toml").write_text("generations = 2\n" + TINY, encoding="utf-8")
    source = write_jsonl(tmp_path / "rows.jsonl")
    return [
        "value", str(tmp_path / "tiny.toml"), "--data", str(source), "--threads", "1", "--cpu",
        "--folder", str(tmp_path / "run"), "--format", "csv",
    ]  # fmt: skip


def test_the_grid_resumes_and_its_whole_real_cell_is_generation_one(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = ["--real", "12,24", "--synthetic", "0,24"]
    plot = tmp_path / "grid.png"
    assert main([*command, *sizes, "--plot", str(plot)]) == 0
    first = capsys.readouterr().out
    assert plot.stat().st_size > 1000
    rows = {
        (row["panel"], int(row["real_rows"]), int(row["synthetic_rows"])): row
        for row in csv.DictReader(io.StringIO(first))
    }
    assert len(rows) == 8
    one = tmp_path / "run" / "replace" / "seed-0" / "generation-01" / "metrics.json"
    for panel in ("ours", "ours, equal steps"):
        loss = float(rows[panel, 24, 0]["test_cross_entropy"])
        assert loss == json.loads(one.read_text(encoding="utf-8"))["cross_entropy"]
        steps = [int(rows[panel, r, s]["optimizer_steps"]) for r in (12, 24) for s in (0, 24)]
        assert steps == ([2, 5, 3, 6] if panel == "ours" else [3] * 4)
    gone, *kept = sorted((tmp_path / "run" / "cells").glob("*-real-*.json"))
    gone.unlink()
    before = [path.stat().st_mtime_ns for path in kept]
    assert main([*command, *sizes]) == 0
    assert capsys.readouterr().out == first
    assert [path.stat().st_mtime_ns for path in kept] == before


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--real", "25"], "--real must be at most the 24 rows a batch, got 25"),
        (["--synthetic", "-1"], "--synthetic must be a whole number >= 0, got -1"),
        (["--plot", "grid.xyz"], "--plot must end in .png"),
        (["--step-matched"], "unrecognized arguments: --step-matched"),
        (["--set", "data.rows=none"], "a recipe of a network with data.rows"),
    ],
)
def test_what_does_not_fit_is_refused(
    more: list[str], message: str, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, *more]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_its_help_lists_what_it_takes_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["value", "--help"]) == 0
    said = capsys.readouterr().out
    assert "--real" in said
    for other in ("--workflow", "--generations", "--step-matched", "--jobs", "--fields"):
        assert other not in said
