"""The planner's page: the documented cases answered, and both sides of every inverse answer."""

import re
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from theory.__main__ import build_parser
from theory.planner.commandline import given_of
from theory.planner.named import pipeline_of
from validation import exhibits, page, planner, plans
from validation.calibrated import FALSE_FAIL, FALSE_PASS
from validation.check import check
from validation.exhibits import Exhibits

DOCUMENT = (Path(__file__).parents[2] / "docs" / "planning.md").read_text(encoding="utf-8")
FACTS = {
    "complete": True, "command": "python -m validation planner", "seed": 3, "resolve": 0.5,
    "perturb": 0.0, "false_fail": FALSE_FAIL, "false_pass": FALSE_PASS, "tested": 4,
    "experiments": 4, "versions": {"loopbound": "0.0"}, "commit": "abc123", "data": None,
    "language_models": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def cases():
    return [plans.answered(number) for number in range(len(plans.CASES))]


@pytest.fixture(scope="module")
def findings():
    chosen = [one for one in planner.experiments() if one.question in ("window", "best-weight")]
    return [f for group in check(chosen, replicates=2000, resolve=0.5) for f in group]


@pytest.fixture(scope="module")
def section(cases, findings):
    """The planner's section of a whole page, which must be well-formed."""
    shown = Exhibits({"planner": ({}, "")}, [], [], cases)
    html = page.render(findings, FACTS, lambda: shown).replace("<!DOCTYPE html>", "")
    (found,) = (one for one in ET.fromstring(html).iter("section") if one.get("id") == "planner")
    return found


def text(element):
    return " ".join("".join(element.itertext()).split())


@pytest.mark.parametrize("case", plans.CASES, ids=lambda case: case.title)
def test_a_case_is_the_document_s(case):
    assert f"## {case.title}\n" in DOCUMENT
    assert f"python -m theory plan {case.options}\n" in DOCUMENT
    options = build_parser().parse_args(["plan", *shlex.split(case.options)])
    assert pipeline_of(given_of(options)) == case.pipeline


def test_every_documented_pipeline_has_a_case():
    commands = re.findall(r"^python -m theory plan (--real .*)$", DOCUMENT, re.MULTILINE)
    assert commands == [case.options for case in plans.CASES]


def test_cases_are_answered_in_another_process_where_the_planner_is_tested():
    assert [t.args for t in exhibits._tasks(["planner"]) if t.func is plans.answered] == [
        (number,) for number in range(len(plans.CASES))
    ]
    assert all(task.func is not plans.answered for task in exhibits._tasks(["gaussian"]))


def test_every_sentence_is_shown_with_status_and_source(section, cases):
    shown = text(section)
    for case in cases:
        assert case["in_short"] in shown
        assert case["statements"]
        for said, kind, source in case["statements"]:
            assert f"{said} {kind}; {source}" in shown
        for one in case["changes"]:
            assert f"{one['kind']}; {one['source']}" in shown
        for said, measure in case["premises"]:
            assert f"{said}. Measure {measure}." in shown


def test_pictures_say_what_they_show(section, cases):
    images = list(section.iter("img"))
    assert len(images) == len(cases) + 1
    assert all(len(one.get("alt")) > 100 for one in images)
    assert "from 1 to 23" in cases[0]["picture"].alt
    assert [one.get("src") for one in images[:3]] == [case["picture"].source for case in cases]


def test_both_sides_are_beside_each_other(section, findings):
    rows = plans.sides(findings)
    assert [one["side"] for one in rows] == ["at the answer", "below", "below", "above"]
    (table,) = (t for t in section.iter("table") if "verdicts" in text(t.find("thead"))
                and "question" in text(t.find("thead")))  # fmt: skip
    for one, shown in zip(rows, table.findall("tbody/tr"), strict=True):
        cells = [text(cell) for cell in shown]
        assert cells[0] == one["question"]
        assert cells[2:6] == [one["value"], one["asked"], one["theory"], one["simulation"]]
        assert all(verdict in cells[6] for verdict in one["verdicts"])


def test_every_question_has_words():
    assert {one.question for one in planner.experiments()} == set(plans.QUESTIONS)


def test_a_ratio_is_below_one_at_the_answer_and_above_beside_it(findings):
    alt = plans.of_sides(findings).alt
    at, below = map(
        float, re.findall(r"fewest rounds to keep, for ten rounds, \w+: ([\d.]+\d)", alt)
    )
    assert at < 1 < below
