"""python -m lm against: the table, the sentences, and what a user can get wrong."""

import csv
import io
import json

import pytest

from lm.against_commandline import add_against, comparisons, table
from theory.commandline import Parser, answer


def run(argv):
    parser = Parser(prog="python -m lm")
    add_against(parser.add_subparsers(required=True))
    return answer(parser, ["against", *argv], lambda options: options.act(options))


def test_the_published_curves_are_the_default(capsys):
    assert run([]) == 0
    said = capsys.readouterr().out
    assert "GPT-2-9M, replace: v_t explains most of it, all but 0.081 %" in said
    assert "with passes, 1.75 + 0.0644 v + 0.0928 h, all but 0.018 %" in said
    assert "the loss falls until generation 3" in said
    assert "GPT-2-9M: theory has one b for all workflows; fitted are 0.0832 (replace)" in said


def test_every_format_has_every_curve(capsys, tmp_path):
    assert run(["--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert len(rows) == 9 + 11
    assert {row["verdict"] for row in rows} == {"not", "partly", "mostly", "untested"}
    assert all(row["left"] == "" for row in rows if row["verdict"] == "untested")
    assert run(["--format", "json", "--output", str(tmp_path / "a.json")]) == 0
    found = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert found["rows"][3]["b"] == pytest.approx(0.0832483, abs=1e-6)


def test_a_file_of_ones_own_and_its_picture(capsys, tmp_path):
    path = tmp_path / "own.csv"
    lines = [f"m,replace,{t},{1 + 0.1 * t},{s}" for t in range(1, 7) for s in "ab"]
    path.write_text(
        "\n".join(["model,workflow,generation,test_cross_entropy,seed", *lines]), encoding="utf-8"
    )
    assert run([str(path), "--plot", str(tmp_path / "own.png")]) == 0
    assert "m, replace: v_t explains it" in capsys.readouterr().out
    assert (tmp_path / "own.png").stat().st_size > 1000
    (found,) = comparisons(path)
    assert table([found]).rows[0][:4] == ("m", "replace", 6, 2)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["gone.csv"], "No such file or directory: "),
        (["bad.csv"], "has no column 'model'"),
        (["short.csv"], "inflation takes 2 generations, got 1 of m, replace"),
        (["--plot", "a.txt"], "--plot must end in .png, .svg, .pdf, got 'a.txt'"),
        (["--output", "no/a.csv"], "the folder of 'no/a.csv' does not exist"),
    ],
)
def test_errors_are_one_line_and_exit_status_two(argv, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    short = "model,workflow,generation,test_cross_entropy\nm,replace,1,1\n"
    (tmp_path / "short.csv").write_text(short, encoding="utf-8")
    assert run(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1
