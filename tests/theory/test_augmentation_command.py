"""python -m theory augmentation, and the bandwidths at which synthetic rows hurt."""

import json
from pathlib import Path

import pytest

from theory.__main__ import main
from theory.kde import KdeChain, augmentation, hurting_bandwidths, tuned_bandwidth
from theory.kde.optimal import optimal_bandwidths
from theory.truths import Laplace, Normal
from theory.workflow import Workflow

RUN = ["augmentation", "--n-real", "100"]


@pytest.mark.parametrize("truth", [Normal(), Laplace()])
@pytest.mark.parametrize("g", [0.3, 0.7])
def test_rows_help_on_one_side_of_each_edge(truth: Normal | Laplace, g: float) -> None:
    asked = {"real": 60, "fitted_on": 40, "generator_bandwidth": g}
    for low, high in hurting_bandwidths(KdeChain(truth, 1.0), **asked):
        inside, outside = (
            augmentation(KdeChain(truth, low * factor), **asked) for factor in (1.001, 0.999)
        )
        assert inside.any_row_hurts
        assert outside.best_share > 0
        assert augmentation(KdeChain(truth, high * 0.999), **asked).any_row_hurts


def test_the_tuned_bandwidth_is_that_of_the_first_fit() -> None:
    chain = KdeChain(Laplace(), 1.0)
    first = optimal_bandwidths(chain, Workflow.replace(50), 1)[1]
    assert tuned_bandwidth(chain, 50) == pytest.approx(first, rel=1e-5)


def test_the_answer_is_a_sentence_with_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--bandwidth", "0.2", "--generator-bandwidth", "0.7"]) == 0
    told = capsys.readouterr().out
    assert "315 rows minimise the error at bandwidth 0.2: 12.62% below none" in told
    assert "hurts at bandwidths 0.2622 to 13.36" in told
    assert main(RUN) == 0
    assert "no number of synthetic rows helps once the bandwidth" in capsys.readouterr().out
    assert main([*RUN, "--bandwidth", "0.6"]) == 0
    assert "any number of synthetic rows hurts at bandwidth 0.6" in capsys.readouterr().out


def test_json_holds_whole_rows_and_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--bandwidth", "0.2", "--generator-bandwidth", "scott", "--fitted-on", "40"]
    assert main([*RUN, *arguments, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["generator_bandwidth"] == pytest.approx(40**-0.2)
    assert [row["synthetic_rows"] for row in told["rows"]][:2] == [0, 10]
    assert told["rows"][0]["of_real_rows_alone"] == 1


def test_plot(tmp_path: Path) -> None:
    assert main([*RUN, "--bandwidth", "0.3", "--plot", str(tmp_path / "rows.png")]) == 0
    assert (tmp_path / "rows.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bandwidth", "scott"], "--bandwidth must be a number or optimal here, got 'scott'"),
        (["--bandwidth", "0"], "bandwidth must be a finite number > 0, got 0.0"),
        (["--generator-bandwidth", "1,2"], "silverman or optimal, got '1,2'"),
        (["--generator-bandwidth", "nan"], "must be a finite number > 0, got nan"),
        (["--fitted-on", "200"], "--fitted-on must be at most --n-real 100, got 200"),
        (["--fitted-on", "0"], "--fitted-on must be a whole number >= 1, got 0"),
        (["--truth", "cauchy"], "got 'cauchy'"),
        (["--truth", "swiss-roll", "--noise", "0"], "have no density"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RUN, *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
