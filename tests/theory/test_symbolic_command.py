"""python -m theory derive, and --formula: what is printed, and what is refused."""

import io
import json
import sys
from pathlib import Path

import pytest

from theory.__main__ import main

Output = pytest.CaptureFixture[str]


def printed(capsys: Output, line: str) -> str:
    assert main(line.split()) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys: Output, line: str) -> str:
    """The one line of a run with exit status 2."""
    assert main(line.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def test_text_has_steps_latex_and_what_was_checked(capsys: Output) -> None:
    text = printed(capsys, "derive gaussian accumulate --field trace_ratio_limit")
    assert r"LaTeX: \frac{\sin{\left(\pi a \right)}}{\pi a},\quad a = \frac{1}{\sqrt{n}}" in text
    assert "1. A pool of n t rows" in text
    assert "Checked: the limit of the mean trace in exact fractions" in text
    assert "trace_ratio =" not in text


def test_regression_is_a_family(capsys: Output) -> None:
    text = printed(capsys, "derive regression accumulate --field limit_ratio")
    assert r"\psi{\left(1 - a \right)}" in text
    assert "a: " not in text
    assert "Checked: the limit of the ratio to generation 1 in exact fractions" in text


def test_json_has_every_derivation(capsys: Output) -> None:
    data = json.loads(printed(capsys, "derive inflation accumulate_subsample --format json"))
    assert [one["field"] for one in data["derivations"]] == ["inflation", "inflation_limit"] * 2
    first = data["derivations"][0]
    assert first["formula"]["sympy"] == "(2 + n/m)*harmonic(t, 2) - 2"
    assert first["formula"]["latex"] == r"H_{t}^{(2)} \left(2 + \frac{n}{m}\right) - 2"
    assert sum(step["identities_proved"] for step in first["steps"]) >= 3
    assert first["checked"][0].startswith("equal to the recursion in exact fractions for n, m in")


def test_latex_goes_to_a_file(capsys: Output, tmp_path: Path) -> None:
    target = tmp_path / "fresh.tex"
    line = f"derive inflation fresh --field best_weight --format latex --output {target}"
    assert main(line.split()) == 0
    assert capsys.readouterr().err == f"wrote {target}\n"
    text = target.read_text(encoding="utf-8")
    assert text.startswith(r"\paragraph{Best weight of fresh real rows.}")
    assert r"\[ \frac{\sqrt{k} \sqrt{k + 4}}{2} - \frac{k}{2} \]" in text
    outside = [line for line in text.splitlines() if r"\[" not in line and line.strip()]
    assert not [line for line in outside if "_" in line.replace(r"\_", "")]


def test_a_terminal_without_unicode_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert main(["derive", "inflation", "accumulate"]) == 0
    sys.stdout.flush()
    assert b"pi" in written.getvalue()


def test_markdown_is_a_page_of_headings_steps_and_formulas(capsys: Output) -> None:
    text = printed(capsys, "derive inflation accumulate --field inflation --format markdown")
    assert text.startswith("# Inflation under accumulate\n")
    assert "\n$$\nH_{t}^{(2)}\n$$\n" in text
    assert "\n2. Adding a batch with K = 1/n + B" in text
    assert r"H\^(2)" in text
    assert "- checked: equal to the recursion in exact fractions" in text


def test_the_list_names_every_workflow(capsys: Output) -> None:
    rows = json.loads(printed(capsys, "derive --list --format json"))
    assert {"family": "gaussian", "workflow": "accumulate", "field": "mean_error",
            "title": "Mean error of maximum likelihood under accumulate"} in rows  # fmt: skip
    text = printed(capsys, "derive inflation --list")
    assert len(text.splitlines()) == sum(row["family"] == "inflation" for row in rows) + 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "derive poisson accumulate",
            "unknown family 'poisson': choose from categorical, gaussian, inflation, kde",
        ),
        ("derive gaussian no-such", "nothing derived for gaussian under 'no-such': choose from"),
        ("derive gaussian", "derive needs FAMILY and WORKFLOW"),
        ("derive inflation accumulate --field x", "field 'x' of inflation under accumulate"),
        ("derive --list --field x", "--list takes no WORKFLOW or --field"),
        ("derive gaussian replace --list", "--list takes no WORKFLOW or --field"),
        (
            "derive poisson --list",
            "unknown family 'poisson': choose from categorical, gaussian, inflation, kde",
        ),
        ("derive --list --format latex", "--list has no latex: use --format text or json"),
        ("derive inflation accumulate --output no/such/x", "the folder of 'no/such/x'"),
        ("inflation --workflow replace --formula --format csv", "--formula has no place in csv"),
    ],
)
def test_bad_input_is_one_line(capsys: Output, line: str, message: str) -> None:
    assert message in refused(capsys, line)


def test_a_table_carries_formulas_when_asked(capsys: Output) -> None:
    line = "gaussian --workflow accumulate --ddof 0 --n 5 --generations 2"
    assert "Gamma" not in printed(capsys, line)
    text = printed(capsys, f"{line} --formula")
    assert r"trace_ratio = \frac{\Gamma\left(- a + t + 1\right)" in text
    assert "excess_nll: no closed form derived" in text
    data = json.loads(printed(capsys, f"{line} --formula --format json"))
    assert data["claims"]["trace_ratio"]["formula"].startswith(r"\frac{\Gamma")
    assert data["claims"]["excess_nll"]["formula"] is None
    assert (
        "formula"
        not in json.loads(printed(capsys, f"{line} --format json"))["claims"]["trace_ratio"]
    )
