"""The HTML report: one well-formed file that asks for nothing and names every claim."""

import base64
import re
import xml.etree.ElementTree as ET

import pytest

from montecarlo.estimate import Interrupted
from validation import __main__ as command
from validation import claims, gaussian, page, report
from validation.__main__ import main
from validation.calibrated import FALSE_FAIL, FALSE_PASS, Verdict
from validation.check import check
from validation.data import bundled

FACTS = {
    "complete": True, "command": "python -m validation --all", "seed": 3, "resolve": 0.5,
    "perturb": 0.0, "false_fail": FALSE_FAIL, "false_pass": FALSE_PASS, "tested": 4,
    "experiments": 4, "versions": {"loopbound": "0.0", "numpy": "0.1"}, "commit": "abc123",
}  # fmt: skip


@pytest.fixture(scope="module")
def findings():
    """Exact values, bounds, a real table and its reference fields, one claim without power."""
    (wine,) = (table for table in bundled() if table.name == "wine")
    exact = claims.select("gaussian/replace/ddof0/dim1/n2", list(gaussian.experiments()))[:1]
    bounds = claims.select("gaussian/accumulate/ddof0/dim3/n12", list(gaussian.experiments()))
    real = gaussian.on_table(wine)
    chosen = [*exact, *bounds, real[0], real[-1]]
    return [f for group in check(chosen, replicates=2000, resolve=0.5) for f in group]


@pytest.fixture(scope="module")
def html(findings):
    return page.render(findings, FACTS)


@pytest.fixture(scope="module")
def tree(html):
    """Raises if the page is not well-formed."""
    return ET.fromstring(html.replace("<!DOCTYPE html>", ""))


@pytest.fixture
def no_pictures(monkeypatch):
    """Pages without figures, which take most of the time."""
    monkeypatch.setattr(page, "pictures", lambda findings: [])


def text(tree):
    return " ".join("".join(tree.itertext()).split())


def test_the_answer_comes_first(tree, findings):
    first = tree.find(".//p")
    assert first.get("class") == "answer"
    assert first.text == page.headline(findings)


def test_it_names_every_claim_once_in_a_table_with_its_verdict(tree, findings):
    rows = {}
    for row in tree.iter("tr"):
        name = row.find("th/code")
        if name is not None:
            assert name.text not in rows
            rows[name.text] = text(row)
    assert set(rows) == {finding.name for finding in findings}
    for finding in findings:
        assert finding.verdict.value in rows[finding.name]
        assert page.SIGNS[finding.verdict] in rows[finding.name]  # not by colour alone
    assert {Verdict.NOT_CLAIMED, Verdict.AGREES} <= {finding.verdict for finding in findings}


def test_nothing_is_fetched(html, tree):
    assert re.findall(r"(?:src|href)\s*=\s*[\"'](?!data:)", html) == []
    assert "@import" not in html
    assert re.findall(r"url\(", html) == []
    assert [e.tag for e in tree.iter() if e.tag in ("script", "link", "iframe", "object")] == []


def test_every_figure_is_in_the_page_and_described(tree):
    images = list(tree.iter("img"))
    assert len(images) == 3
    for image in images:
        assert len(image.get("alt")) > 80
        head, _, content = image.get("src").partition(",")
        assert head == "data:image/svg+xml;base64"
        assert ET.fromstring(base64.b64decode(content)).tag.endswith("svg")


def test_it_can_be_read_on_a_phone(tree):
    metas = {m.get("name"): m.get("content") for m in tree.iter("meta")}
    assert "width=device-width" in metas["viewport"]
    wide = [*tree.iter("table"), *tree.iter("img")]
    scrolled = [e for box in tree.iter("div") if box.get("class") == "scroll" for e in box]
    assert len(wide) > 3
    assert [e for e in wide if e not in scrolled] == []
    assert all(box.get("tabindex") == "0" and box.get("aria-label") for box in tree.iter("div"))


def test_it_says_how_to_reproduce_it(tree):
    assert tree.find(".//pre").text == FACTS["command"]
    words = text(tree)
    assert "abc123" in words
    assert "loopbound0.0" in words.replace(" ", "")


def test_bounds_show_their_slack_and_exact_values_none(tree, findings):
    cells = {row.find("th/code").text: text(row[-1]) for row in tree.iter("tr")
             if row.find("th/code") is not None and len(row) == 8}  # fmt: skip
    for finding in findings:
        if finding.name in cells:
            assert bool(cells[finding.name]) == (finding.slack is not None)
    assert any(cells.values())
    assert not all(cells.values())


def test_complete_and_incomplete_are_said(tree, findings, no_pictures):
    assert "This report is complete: 4 of 4 experiments" in text(tree)
    stopped = page.render(findings[:1], {**FACTS, "complete": False, "tested": 1})
    assert "This report is incomplete: the run was stopped after 1 of 4 experiments" in stopped
    assert "report is complete" not in stopped


def test_disagreement_is_above_the_figures_with_both_numbers(no_pictures):
    exact = claims.select("gaussian/replace/ddof0/dim10/n12", list(gaussian.experiments()))
    groups = check(exact, replicates=20_000, perturb=0.3)
    found = [f for group in groups for f in group]
    html = page.render(found, {**FACTS, "perturb": 0.3})
    assert "1 claim: none agrees with the simulation, 1 disagrees, none is underpowered." in html
    assert html.index("What disagrees") < html.index('id="figures"')
    assert "falsified by 30 %" in html
    assert f"{found[0].expected[found[0].judgement.worst - 1]:.5g}" in html


def test_no_finding_is_a_page_too(no_pictures):
    html = page.render([], {**FACTS, "complete": False, "tested": 0})
    assert "No claim was tested." in html
    ET.fromstring(html.replace("<!DOCTYPE html>", ""))


def test_a_figure_that_fails_does_not_hide_the_verdicts(monkeypatch, findings):
    def broken():
        raise ValueError("'data.csv' is <gone>")

    monkeypatch.setattr("paper_figures.gaussian_overview.data", broken)
    html = page.render(findings, FACTS)
    assert f"{page.NOT_DRAWN}: &#39;data.csv&#39; is &lt;gone&gt;" in html
    assert html.count("<img ") == 2


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ((1, 0, 0), "1 claim: 1 agrees with the simulation, none disagrees, none is underpowered."),
        ((5, 2, 1), "8 claims: 5 agree with the simulation, 2 disagree, 1 is underpowered."),
        (
            (0, 0, 2),
            "2 claims: none agrees with the simulation, none disagrees, 2 are underpowered.",
        ),
    ],
)
def test_the_headline_counts(numbers, sentence, monkeypatch):
    number = dict.fromkeys(Verdict, 0) | dict(zip(Verdict, numbers, strict=False))
    monkeypatch.setattr(report, "counts", lambda findings: number)
    assert page.headline([None] * sum(numbers)) == sentence


# --- the command line ---------------------------------------------------------------------------


def test_the_command_writes_the_page(tmp_path, capsys, no_pictures):
    path = tmp_path / "found.html"
    argv = ["gaussian/replace/ddof0/dim10/n12", "--resolve", "0.2", "--report", str(path)]
    assert main(argv) == 0
    words = text(ET.fromstring(path.read_text(encoding="utf-8").replace("<!DOCTYPE html>", "")))
    assert "1 claim: 1 agrees with the simulation" in words
    assert " ".join(["python -m validation", *argv]) in words
    assert [p.name for p in tmp_path.iterdir()] == ["found.html"]


def test_ctrl_c_leaves_a_page_that_says_so(monkeypatch, tmp_path, capsys, no_pictures):
    real = command.check

    def interrupted(experiments, **options):
        yield next(real(experiments[:1], **options))
        raise Interrupted(None, 0)

    monkeypatch.setattr(command, "check", interrupted)
    path = tmp_path / "found.html"
    argv = ["gaussian/replace/ddof0/dim10", "--resolve", "0.5", "--report", str(path)]
    assert main(argv) == 130
    assert "This report is incomplete" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "fragment"),
    [
        ("found.pdf", "--report must end in .html"),
        ("no/folder.html", "does not exist"),
        ("taken.html", "must be a file"),
    ],
)
def test_a_page_that_cannot_be_written_is_refused_first(name, fragment, tmp_path, capsys):
    (tmp_path / "taken.html").mkdir()
    assert main(["gaussian", "--report", str(tmp_path / name)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert fragment in err
    assert name in err
