"""The HTML report: one well-formed file that asks for nothing and names every claim."""

import re
import xml.etree.ElementTree as ET
from contextlib import nullcontext
from importlib.resources import files
from urllib.parse import unquote

import numpy as np
import pytest

from montecarlo.estimate import Interrupted
from paper_figures.catalogue import FIGURES
from validation import __main__ as command
from validation import (
    claims,
    exhibits,
    families,
    formulas,
    gaussian,
    page,
    pictures,
    report,
    rows,
)
from validation.__main__ import main
from validation.calibrated import FALSE_FAIL, FALSE_PASS, Verdict
from validation.check import check
from validation.data import bundled
from validation.exhibits import Exhibits
from validation.quantities import FAMILIES

FACTS = {
    "complete": True, "command": "python -m validation --all", "seed": 3, "resolve": 0.5,
    "perturb": 0.0, "false_fail": FALSE_FAIL, "false_pass": FALSE_PASS, "tested": 4,
    "experiments": 4, "versions": {"loopbound": "0.0", "numpy": "0.1"}, "commit": "abc123",
    "data": None, "language_models": None,
}  # fmt: skip

# All are made alike; the page on language models shows the last one, too.
SOME = ("gaussian_overview", "universal_inflation", "lm_verification")
SOME_FIGURES = {name: FIGURES[name] for name in SOME}


@pytest.fixture(scope="module")
def findings():
    """Exact values, bounds, a real table and its reference fields, one claim without power."""
    (wine,) = (table for table in bundled() if table.name == "wine")
    exact = claims.select(["gaussian/replace/ddof0/dim1/n2"], list(gaussian.experiments()))[:1]
    bounds = claims.select(["gaussian/accumulate/ddof0/dim3/n12"], list(gaussian.experiments()))
    real = gaussian.on_table(wine)
    chosen = [*exact, *bounds, real[0], real[-1]]
    return [f for group in check(chosen, replicates=2000, resolve=0.5) for f in group]


@pytest.fixture(scope="module")
def html(findings):
    """With some figures of the papers: all would take a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("paper_figures.catalogue.FIGURES", SOME_FIGURES)
        return page.render(findings, FACTS)


@pytest.fixture(scope="module")
def tree(html):
    """Raises if the page is not well-formed."""
    return ET.fromstring(html.replace("<!DOCTYPE html>", ""))


@pytest.fixture
def no_pictures(monkeypatch):
    """Pages without figures and formulas, which take most of the time."""

    def bare(names):
        return Exhibits(dict.fromkeys(names, ({}, "")), [], [])

    monkeypatch.setattr(page, "made_now", bare)
    monkeypatch.setattr(exhibits, "ahead", lambda names: nullcontext(lambda: bare(names)))
    none = pictures.Picture("a quantity", "", "", None)
    monkeypatch.setattr(families, "of_quantity", lambda *given: none)


def text(tree):
    return " ".join("".join(tree.itertext()).split())


def test_the_answer_comes_first(tree, findings):
    first = tree.find(".//p")
    assert first.get("class") == "answer"
    assert first.text == page.headline(findings)


def table_of_claims(tree):
    (table,) = (t for t in tree.iter("table") if t.get("id") == "every-claim")
    return table


def claim_rows(tree):
    """Claim -> its row in the table of claims."""
    found = table_of_claims(tree).findall("tbody/tr")
    named = {"".join(row.find("th/code").itertext()): row for row in found}
    assert len(named) == len(found)
    return named


def test_it_names_every_claim_once_in_a_table_with_its_verdict(tree, findings):
    shown = claim_rows(tree)
    claimed = [f for f in findings if f.verdict is not Verdict.NOT_CLAIMED]
    assert set(shown) == {finding.name for finding in claimed}
    for finding in claimed:
        assert finding.verdict.value in text(shown[finding.name])
        assert rows.SIGNS[finding.verdict] in text(shown[finding.name])  # not by colour alone
    assert {Verdict.NOT_CLAIMED, Verdict.AGREES} <= {finding.verdict for finding in findings}


def test_real_data_show_claims_and_reference_fields_with_both_numbers(tree, findings):
    shown = [row for table in tree.iter("table") if (table.findtext("caption") or "").startswith(
             "wine: ") for row in table.findall("tbody/tr")]  # fmt: skip
    real = [f for f in findings if f.experiment.table is not None]
    assert len(shown) == len(real) > 4
    for row, finding in zip(shown, real, strict=True):
        assert text(row).startswith(f"{finding.experiment.label}{finding.field}")
        at = finding.judgement.worst - 1
        theory, simulation = (float(row[i].get("data-value")) for i in (4, 5))
        assert (theory, simulation) == (finding.expected[at], finding.mean[at])


def test_nothing_is_fetched(html, tree):
    """No address, no script or style of another file, and a policy that refuses any."""
    links = re.findall(r'<a href="https://arxiv.org/abs/[0-9.]+" rel="external noreferrer">', html)
    assert len(links) > 5  # followed only by a reader who clicks
    # A name, and places in the same image.
    inside = ["xmlns='http://www.w3.org/2000/svg'", "url(%23", "href='%23"]
    rest = re.sub("|".join(map(re.escape, {*links, *inside})), "<a>", html)
    assert re.findall(r"(?:src|href)\s*=\s*[\"'](?!data:|#)", rest) == []
    assert re.findall(r"https?:|@import|url\(", rest) == []
    assert [e.tag for e in tree.iter() if e.tag in ("link", "iframe", "object")] == []
    (script,) = tree.iter("script")
    assert script.attrib == {}
    assert re.findall(r"\b(fetch|XMLHttpRequest|import|WebSocket|eval)\b", script.text) == []
    policies = [m.get("content") for m in tree.iter("meta") if m.get("http-equiv")]
    assert [p.startswith("default-src 'none';") for p in policies] == [True]


def test_links_go_to_sections_of_the_page(tree):
    places = {e.get("id") for e in tree.iter() if e.get("id")}
    links = [a.get("href")[1:] for a in tree.iter("a") if a.get("href").startswith("#")]
    assert {"claims", "figures", "real-data"} <= set(links) <= places


def test_tables_are_sorted_by_a_script_in_the_page_and_are_whole_without_it(tree):
    (script,) = tree.iter("script")
    assert (
        files("validation").joinpath("report.js").read_text(encoding="utf-8").strip() in script.text
    )
    assert '"aria-sort"' in script.text
    tables = [t for t in tree.iter("table") if "sortable" in t.get("class", "")]
    assert table_of_claims(tree) in tables
    assert len(tables) > 3
    for table in tables:
        (head,) = table.findall("thead/tr")
        for row in table.findall("tbody/tr"):
            assert len(row) == len(head)
    assert list(tree.iter("button")) == []  # made by the script: without it none is dead


def test_numbers_are_sorted_in_full_precision(tree, findings):
    """A cell's data-value is the number, not the rounded text; z sorts by what it refutes."""
    heads = [text(head) for head in table_of_claims(tree).find("thead/tr")]
    shown = claim_rows(tree)
    for finding in findings:
        if finding.verdict is Verdict.NOT_CLAIMED:
            continue
        at = finding.judgement.worst - 1
        values = [cell.get("data-value") for cell in shown[finding.name]]
        cells = dict(zip(heads, values, strict=True))
        assert float(cells["simulation"]) == finding.mean[at]
        assert float(cells["resolves %"]) == 100 * finding.judgement.detectable.max()
        z = finding.judgement.z[at]
        assert float(cells["worst z"]) == {"upper": -z, "lower": -z}.get(finding.kind.value, abs(z))
        assert cells["claim"] is None


def test_claims_can_be_filtered_by_verdict_and_by_text(tree, findings):
    (bar,) = (e for e in tree.iter("div") if e.get("class") == "filter")
    assert bar.get("hidden") == "hidden"  # until the script runs
    assert bar.get("data-table") == "every-claim"
    assert bar.find("label/input").get("type") == "search"
    assert len(bar.findall("output")) == 1
    number = report.counts(findings)
    options = {o.get("value"): text(o) for o in bar.iter("option")}
    assert options.pop("") == "all"
    assert options == {v.value: f"{v.value} ({number[v]})" for v in Verdict
                       if number[v] and v is not Verdict.NOT_CLAIMED}  # fmt: skip
    verdicts = {name: row.get("data-verdict") for name, row in claim_rows(tree).items()}
    assert verdicts == {f.name: f.verdict.value for f in findings if f.name in verdicts}


LIGHT, DARK = 0, 1
PAIRS = [("ink", "paper"), ("soft", "paper"), ("ink", "wash"), ("soft", "wash"),
         ("good", "good-wash"), ("bad", "bad-wash"), ("ink", "bad-wash"),
         ("weak", "weak-wash")]  # fmt: skip


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_text_has_a_contrast_of_four_and_a_half_in_the_light_and_in_the_dark(tree, scheme):
    """WCAG 2.2, 1.4.3; the outline of what has the focus 3, 1.4.11."""
    blocks = re.findall(r":root \{(.*?)\}", tree.findtext("head/style"), re.DOTALL)
    assert len(blocks) == 2
    colour = {}
    for name, value in re.findall(r"--([a-z-]+): #([0-9a-f]+);", blocks[scheme]):
        digits = value if len(value) == 6 else "".join(2 * c for c in value)
        channels = np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)]) / 255
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        colour[name] = np.dot([0.2126, 0.7152, 0.0722], linear)

    def contrast(a, b):
        low, high = sorted((colour[a], colour[b]))
        return (high + 0.05) / (low + 0.05)

    assert min(contrast(*pair) for pair in PAIRS) >= 4.5
    assert contrast("focus", "paper") >= 3


def test_every_figure_is_in_the_page_and_described(tree):
    images = list(tree.iter("img"))
    quantities = [s for s in tree.iter("section") if s.get("class") == "quantity"]
    assert len(images) >= 1 + len(SOME_FIGURES) + len(quantities) + 2
    for image in images:
        assert len(image.get("alt")) > 80
        head, _, content = image.get("src").partition(",")
        assert head == "data:image/svg+xml"
        assert ET.fromstring(unquote(content)).tag.endswith("svg")


def test_it_can_be_read_on_a_phone(tree):
    metas = {m.get("name"): m.get("content") for m in tree.iter("meta")}
    assert "width=device-width" in metas["viewport"]
    wide = [*tree.iter("table"), *tree.iter("img")]
    boxes = {"scroll", "scroll tall", "formula"}
    scrolled = [e for box in tree.iter("div") if "scroll" in box.get("class") for e in box]
    assert len(wide) > 3
    assert [e for e in wide if e not in scrolled] == []
    wide_boxes = [box for box in tree.iter("div") if box.get("class") in boxes]
    assert {box.get("class") for box in wide_boxes} == boxes
    assert all(box.get("tabindex") == "0" and box.get("aria-label") for box in wide_boxes)


def test_it_says_how_to_reproduce_it(tree):
    (method,) = (s for s in tree.iter("section") if s.get("id") == "method")
    assert method.find(".//pre").text == FACTS["command"]
    words = text(tree)
    assert "abc123" in words
    assert "loopbound0.0" in words.replace(" ", "")


def test_bounds_show_their_slack_and_exact_values_none(tree, findings):
    cells = {name: text(row[-1]) for name, row in claim_rows(tree).items()}
    for finding in findings:
        if finding.name in cells:
            assert bool(cells[finding.name]) == (finding.slack is not None)
    assert any(cells.values())
    assert not all(cells.values())


def test_a_bound_that_holds_is_no_discrepancy(findings, no_pictures):
    bounds = [f for f in findings if f.slack is not None]
    words = text(ET.fromstring(page.render(bounds, FACTS).replace("<!DOCTYPE html>", "")))
    assert "on the safe side of a bound;" in words
    assert (
        "on the safe side"
        not in text(
            ET.fromstring(page.render(findings, FACTS).replace("<!DOCTYPE html>", ""))
        ).split("By family")[0]
    )


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (0.161257, 0.000132, "0.16126"),
        (0.5, 0.02, "0.500"),
        (1234.5678, 40.0, "1,235"),
        (1.51435e-9, 2.5e-10, "1.51e-09"),
        (0.2, 2.5e-10, "0.2"),
        (2 / 3, 0.0, "0.666667"),
        (2 / 3, np.inf, "0.666667"),
        (0.0, 1e-12, "0.00000000"),
    ],
)
def test_numbers_have_the_digits_that_their_error_leaves(value, error, shown):
    assert rows.rounded(value, error) == shown


def test_complete_and_incomplete_are_said(tree, findings, no_pictures):
    assert "This report is complete: 4 of 4 experiments" in text(tree)
    stopped = page.render(findings[:1], {**FACTS, "complete": False, "tested": 1})
    assert "This report is incomplete: the run was stopped after 1 of 4 experiments" in stopped
    assert "report is complete" not in stopped


def test_disagreement_is_above_the_figures_with_both_numbers(no_pictures):
    exact = claims.select(["gaussian/replace/ddof0/dim10/n12"], list(gaussian.experiments()))
    groups = check(exact, replicates=20_000, perturb=0.3)
    found = [f for group in groups for f in group]
    html = page.render(found, {**FACTS, "perturb": 0.3})
    assert "1 claim: none agrees with the simulation, 1 disagrees, none is underpowered." in html
    assert html.index("What disagrees") < html.index("What published statements")
    assert "falsified by 30 %" in html
    at = found[0].judgement.worst - 1
    for value in (found[0].expected[at], found[0].mean[at]):
        assert rows.rounded(value, found[0].std_error[at]) in html


def test_no_finding_is_a_page_too(no_pictures):
    html = page.render([], {**FACTS, "complete": False, "tested": 0})
    assert "No claim was tested." in html
    ET.fromstring(html.replace("<!DOCTYPE html>", ""))


def test_a_formula_that_cannot_be_derived_does_not_hide_the_verdicts(
    monkeypatch, findings, no_pictures
):
    def broken(family):
        raise ArithmeticError("step <3>")

    monkeypatch.setattr(formulas, "derived", broken)
    shown = dict.fromkeys(FAMILIES, formulas.derived_or_reason("gaussian"))
    html = page.render(findings, FACTS, lambda: Exhibits(shown, [], []))
    assert "The closed forms could not be derived: step &lt;3&gt;" in html
    tree = ET.fromstring(html.replace("<!DOCTYPE html>", ""))
    assert len(claim_rows(tree)) == sum(f.verdict is not Verdict.NOT_CLAIMED for f in findings)


def test_a_figure_that_fails_does_not_hide_the_verdicts(monkeypatch, findings):
    def broken():
        raise ValueError("'data.csv' is <gone>")

    monkeypatch.setattr("paper_figures.catalogue.FIGURES", SOME_FIGURES)
    monkeypatch.setattr("paper_figures.gaussian_overview.data", broken)
    html = page.render(findings, FACTS)
    assert f"{pictures.NOT_DRAWN}: &#39;data.csv&#39; is &lt;gone&gt;" in html
    (figures,) = re.findall(r'id="figures".*?</section>', html, re.DOTALL)
    assert figures.count("<img ") == len(SOME)  # the tests at a glance, and the other figures


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
