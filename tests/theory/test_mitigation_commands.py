"""The mitigations on both command lines: same spec, same numbers; bad input in one line."""

import json

import pytest

from montecarlo.__main__ import main as simulate
from montecarlo.verification import estimate
from theory.__main__ import main
from theory.mitigations.answers import ANSWERS
from theory.mitigations.commandline import ROOMS
from theory.verification import VerifiedChain, curves
from theory.workflow import Workflow

Output = pytest.CaptureFixture[str]

FLOW = ["--workflow", "replace", "--n", "8", "--generations", "3"]
GIVEN = {
    "labels": ["--wrong", "0.3", "--keep-wrong", "0.2", "--dim", "4", "--rows", "30"],
    "curation": ["--reference", "0.6,0.4", "--rewards", "0,1", "--generations", "3"],
    "curated-rows": [
        "--reference",
        "0.6,0.4",
        "--rewards",
        "0,1",
        "--workflow",
        "anchored",
        "--n",
        "7",
        "--n-real",
        "9",
        "--generations",
        "3",
    ],
    "editing": ["--rows", "12", "--dim", "2", "--edits", "3"],
    "truncation": ["--cut", "0.1", "--rows", "9", "--generations", "3"],
    "weights": ["--weight", "0.5", "--real", "9", "--synthetic", "9", "--generations", "3"],
    "ensembles": ["--generators", "2", "--generations", "3"],
    "spread": ["--radius", "1", "--rows", "20", "--generations", "3"],
    "curated-normal": ["--centre", "1", "--width", "1.5", "--generations", "2"],
    "random-editing": ["--rows", "12", "--dim", "2", "--edits", "3", "--share", "0.4"],
    "regrowth": ["--rows", "5", "--generations", "3"],
    "fixed-real": ["--real", "9", "--synthetic", "3", "--push", "0.2", "--generations", "3"],
    "stability": ["--share", "0.5", "--real", "9", "--synthetic", "9", "--generations", "3"],
}


def test_verification_prints_its_engines_numbers(capsys: Output):
    options = [*FLOW, "--radius", "0.8", "--slack", "0.2", "--centre", "0.1,-0.2",
               "--singular-values", "3,4", "--format", "json"]  # fmt: skip
    chain = VerifiedChain((3.0, 4.0), 0.8, (0.1, -0.2), slack=0.2)
    assert main(["verification", *options]) == 0
    exact = json.loads(capsys.readouterr().out)
    known = curves(chain, Workflow.replace(8), 3)
    for name in known.fields:
        assert [row[name] for row in exact["rows"]] == known[name].values.tolist()
    assert simulate(["verification", *options, "--seed", "3", "--replicates", "50"]) == 0
    drawn = json.loads(capsys.readouterr().out)
    runs = estimate(chain, Workflow.replace(8), 3, seed=3, replicates=50)
    for name, sample in runs.values.items():
        assert [row[name] for row in drawn["rows"]] == sample.mean.tolist()


def test_what_has_no_law_is_left_to_the_simulation(capsys: Output):
    window = ["verification", "--workflow", "sliding-window", "--window", "2", "--radius", "1"]
    assert main([*window, "--generations", "3"]) == 2
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "several earlier ones; python -m montecarlo verification simulates it" in line
    assert simulate([*window, "--generations", "3", "--replicates", "20"]) == 0
    rows = ["curated-rows", *GIVEN["curated-rows"]]
    assert main(rows) == 0
    assert "expected_weight: asymptotic (limit of many rows" in capsys.readouterr().out
    assert simulate([*rows, "--replicates", "20"]) == 0
    assert "finitely many rows have no law that theory knows" in capsys.readouterr().out


def test_the_table_says_the_phase_and_phases_draws_it(capsys: Output, tmp_path):
    assert main(["verification", *FLOW, "--radius", "1", "--centre", "0.25"]) == 0
    assert "1.12 standard errors of the real fit: reversal" in capsys.readouterr().out
    picture = tmp_path / "phases.png"
    assert main(["phases", "--points", "12", "--n", "9", "--plot", str(picture)]) == 0
    assert picture.stat().st_size > 1000
    assert "break_even_bias" in capsys.readouterr().out


def test_every_room_has_an_answer():
    assert list(ANSWERS) == list(ROOMS)
    assert set(GIVEN) == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_answers_on_both_sides(room, capsys: Output):
    """Means within 6 standard errors of 4,000 runs where both know a field; 2e-9 each falsely."""
    assert main([room, *GIVEN[room], "--format", "json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    exact, claims = answer["rows"], answer["claims"]
    arguments = [room, *GIVEN[room], "--replicates", "4000", "--format", "json"]
    assert simulate(arguments) == 0
    drawn = json.loads(capsys.readouterr().out)["rows"]
    both = [name for name in drawn[0] if name in claims and claims[name]["kind"] == "exact"]
    assert both or room in ("spread", "curated-rows")  # which are known for many rows only
    for known, found in zip(exact, drawn, strict=True):
        for name in both:
            error = found[f"{name}_se"]
            assert abs(known[name] - found[name]) <= 6 * error + 1e-12


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_takes_a_checkpoint(room, capsys: Output, tmp_path):
    """Again from the same folder, and without one: the same output."""
    arguments = [room, *GIVEN[room], "--replicates", "20"]
    kept = ["--checkpoint", str(tmp_path / room)]
    outputs = []
    for given in (kept, kept, []):
        assert simulate([*arguments, *given]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] == outputs[2]


@pytest.mark.parametrize("command", [main, simulate])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verification", *FLOW, "--radius", "0"], "radius must be > 0, got 0.0"),
        (["verification", *FLOW, "--radius", "1", "--centre", "9"], "rejects everything"),
        (["verification", *FLOW, "--radius", "x"], "'x'"),
        (["verification", *FLOW, "--radius", "1", "--noise", "0"], "noise must be finite and > 0"),
        (["curation", "--reference", ".5,.5", "--rewards", "0,nan"], "rewards must be finite"),
        (["curation", "--reference", ".5,.5", "--rewards", "0,800"], "within -350..350, got 800.0"),
        (["curation", "--reference", ".5,.5", "--rewards", "0,1", "--draws", "0"], "got 0"),
        (["labels", "--wrong", "1.5", "--keep-wrong", "0"], "wrong must be in [0, 1], got 1.5"),
        (["truncation", "--cut", "-1"], "cut must be finite and >= 0, got -1.0"),
        (["weights", "--weight", "0"], "weight must be in (0, 1], got 0.0"),
        (["ensembles", "--generators", "0"], "generators must be a whole number >= 1, got 0"),
        (["editing", "--share", "2"], "share must be in (0, 1], got 2.0"),
        (["spread", "--radius", "0"], "radius must be finite and > 0, got 0.0"),
        (["spread", "--radius", "1", "--centre", "8"], "rejects everything"),
        (["curation", "--reference", ".5,.5", "--rewards", "0,1", "--draws", "two"], "'two'"),
        (["curated-normal", "--width", "0"], "width must be > 0, got 0.0"),
        (["curated-rows", "--reference", ".5,.5", "--rewards", "0,nan", *FLOW], "got nan"),
        (
            [
                "curated-rows",
                "--reference",
                ".5,.5",
                "--rewards",
                "0,1",
                "--workflow",
                "accumulate-subsample",
            ],
            "only whole batches are curated",
        ),
        (["random-editing", "--share", "0"], "share must be in (0, 1], got 0.0"),
        (["regrowth", "--rows", "0"], "rows must be a whole number >= 1, got 0"),
        (["fixed-real", "--push", "-1"], "push must be finite and >= 0, got -1.0"),
        (["stability", "--share", "1"], "share must be in (0, 1), got 1.0"),
        (["ensembles", "--kind", "luck"], "kind must be one of seeds, bootstrap, posterior"),
        (["labels", "--wrong", ".1", "--keep-wrong", "0", "--generations", "3"], "--generations"),
        (["truncation", "--cut", "1", "--generations", "0"], "generations must be a whole number"),
    ],
)
def test_bad_input_is_one_line_that_quotes_it(command, arguments, message, capsys: Output):
    assert command(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err
