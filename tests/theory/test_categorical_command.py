"""python -m theory categorical and python -m montecarlo categorical: same truth, same numbers."""

import json
from pathlib import Path

import pytest

from montecarlo.__main__ import main as simulate
from montecarlo.categorical import estimate
from theory.__main__ import main
from theory.categorical import CategoricalChain, collapse_time, curves, uniform, zipf
from theory.workflow import Workflow

Output = pytest.CaptureFixture[str]

FLOW = ["--workflow", "replace", "--n", "20", "--generations", "4", "--format", "json"]


def asked(capsys: Output, command, *arguments: str) -> dict:
    assert command(["categorical", *FLOW, *arguments]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "chain"),
    [
        (["--probabilities", "0.5,0.3,0.2"], CategoricalChain((0.5, 0.3, 0.2))),
        (["--uniform", "7"], uniform(7)),
        (["--zipf", "9,1.5"], zipf(9, 1.5)),
    ],
)
def test_both_commands_print_their_engine_s_numbers(arguments, chain, capsys: Output):
    known = curves(chain, Workflow.replace(20), 4)
    exact = asked(capsys, main, *arguments)
    assert list(exact["claims"]) == list(known.fields)
    for name in known.fields:
        assert [row[name] for row in exact["rows"]] == known[name].values.tolist()
    runs = estimate(chain, Workflow.replace(20), 4, seed=3, replicates=50)
    drawn = asked(capsys, simulate, *arguments, "--seed", "3", "--replicates", "50")
    for name, sample in runs.values.items():
        assert [row[name] for row in drawn["rows"]] == sample.mean.tolist()


def test_a_text_is_counted(capsys: Output, tmp_path: Path):
    path = tmp_path / "play.txt"
    path.write_text("To be, or not to be.", encoding="utf-8")
    found = asked(capsys, main, "--text", str(path))
    assert found["title"].startswith("4 words of play.txt, replace")
    chain = CategoricalChain((1 / 3, 1 / 3, 1 / 6, 1 / 6))
    assert found["rows"][0]["entropy"] == pytest.approx(chain.entropy, rel=1e-14)


def test_the_table_says_how_long_until_one_is_left(capsys: Output):
    arguments = ["categorical", *FLOW[:-2], "--uniform", "10", "--fields", "survivors"]
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    mean = collapse_time(uniform(10), Workflow.replace(20)).mean
    assert any(line.startswith(f"fits until one is left: {mean:.6g} (exact") for line in lines)
    assert any("(asymptotic" in line for line in lines)


def test_until_finds_the_generation(capsys: Output):
    arguments = ["categorical", "--workflow", "replace", "--n", "10", "--uniform", "10"]
    assert main([*arguments, "--fields", "collapse_probability", "--until", "0.5"]) == 0
    known = curves(uniform(10), Workflow.replace(10), 60).collapse_probability
    assert f"at generation {known.passes(0.5)} " in capsys.readouterr().out


@pytest.mark.parametrize("command", [main, simulate])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--probabilities", "0.5,0.3"], "got sum 0.8"),
        (["--probabilities", "0.5,nan"], "got nan"),
        (["--probabilities", "0.5,x"], "'0.5,x'"),
        (["--uniform", "0"], "got 0"),
        (["--zipf", "10"], "must be K,S as in 1000,1.1, got '10'"),
        (["--zipf", "10,-1"], "'10,-1': exponent must be a finite number >= 0"),
        (["--uniform", "3", "--zipf", "3,1"], "not allowed with"),
        ([], "--probabilities --uniform --zipf --text is required"),
        (["--text", "gone.txt"], "no such file 'gone.txt'"),
        (["--uniform", "3", "--fields", "wealth"], "unknown field 'wealth'"),
        (["--uniform", "3", "--n", "0"], "n must be a whole number >= 1, got 0"),
    ],
)
def test_bad_input_is_one_line_that_quotes_it(command, arguments, message, capsys: Output):
    assert command(["categorical", *FLOW, *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err


@pytest.mark.parametrize("command", [main, simulate])
def test_an_empty_text_is_refused(command, capsys: Output, tmp_path: Path):
    path = tmp_path / "empty.txt"
    path.touch()
    output = tmp_path / "out.json"
    assert command(["categorical", *FLOW, "--text", str(path), "--output", str(output)]) == 2
    assert f"no words in {str(path)!r}" in capsys.readouterr().err
    assert not output.exists()


def test_one_category_is_one(capsys: Output):
    assert main(["categorical", "--uniform", "1", "--workflow", "replace", "--n", "5"]) == 0
    told = capsys.readouterr().out
    assert "1 equal category, replace" in told
    assert "diffusion limit, error O(ln(n)/n) relative" in told
