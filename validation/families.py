"""The families of the page: each quantity's definition, curve and claims."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from validation import report
from validation.calibrated import Verdict, thresholds
from validation.charts import of_quantity
from validation.check import Finding
from validation.formulas import mathml
from validation.quantities import FAMILIES, QUANTITIES
from validation.rows import group, row


def family_of(finding: Finding) -> str:
    """The first part of a claim's name."""
    return finding.name.split("/", 1)[0]


def commands(findings: Iterable[Finding], facts: dict[str, Any]) -> dict[str, str]:
    """Name of a claim -> the command that simulates its experiment again, to the bit.

    An experiment takes its own seed: the run's plus its place in the run. Named alone it comes
    first, unless experiments before it have names that go on from its own. A run on the user's
    table is repeated as a whole.
    """
    if facts["data"] is not None:
        return {finding.name: facts["command"] for finding in findings}
    found: dict[str, str] = {}
    names: list[str] = []
    for experiment, members in _experiments(findings):
        names.append(experiment)
        place = sum(f"{name}/".startswith(f"{experiment}/") for name in names) - 1
        first = members[0]
        options = ["--seed", str(first.seed - place), "--replicates", str(first.replicates)]
        options += ["--resolve", f"{facts['resolve']:g}"]
        options += ["--perturb", f"{facts['perturb']:g}"] if facts["perturb"] else []
        command = shlex.join(["python", "-m", "validation", experiment, *options])
        found |= {finding.name: command for finding in members}
    return found


def _experiments(findings: Iterable[Finding]) -> Iterator[tuple[str, list[Finding]]]:
    """(name, findings) of every experiment, in order."""
    found: dict[int, list[Finding]] = {}
    for finding in findings:
        found.setdefault(id(finding.experiment), []).append(finding)
    for members in found.values():
        yield members[0].experiment.name, members


def family_pages(findings: Sequence[Finding], facts: dict[str, Any]) -> list[dict[str, Any]]:
    """One page a family that was tested, in the order of the claims."""
    again = commands(findings, facts)
    fail = thresholds(max(1, report.single_tests(findings))).fail
    pages = []
    for name, (title, about) in FAMILIES.items():
        own = [finding for finding in findings if family_of(finding) == name]
        claimed = [finding for finding in own if finding.verdict is not Verdict.NOT_CLAIMED]
        if not claimed:
            continue
        pages.append({
            "name": name,
            "title": title,
            "about": about,
            "group": group(name, claimed),
            "command": _whole(name, facts),
            "quantities": list(_quantities(name, claimed, again, fail)),
        })  # fmt: skip
    return pages


def _whole(family: str, facts: dict[str, Any]) -> str:
    """The command that tests the family."""
    if facts["data"] is not None:
        return str(facts["command"])
    return f"python -m validation {family} --resolve {facts['resolve']:g} --verbose"


def _quantities(
    family: str, findings: Sequence[Finding], again: dict[str, str], fail: float
) -> Iterator[dict[str, Any]]:
    """What the page shows of each quantity."""
    by_field: dict[str, list[Finding]] = {}
    for finding in findings:
        by_field.setdefault(finding.field, []).append(finding)
    for field, members in by_field.items():
        quantity = QUANTITIES[family, field]
        yield {
            "id": f"{family}-{field}",
            "field": field,
            "title": quantity.title,
            "unit": quantity.unit,
            "definition": mathml(quantity.definition),
            "laws": [(where, mathml(latex)) for where, latex in quantity.laws],
            "sources": sorted({finding.source for finding in members}),
            "picture": None if family == "planner"  # it has one of its own
            else of_quantity(quantity.title, quantity.unit, members, fail),
            "group": group(field, members),
            "rows": [{**row(finding), "command": again[finding.name]} for finding in members],
        }  # fmt: skip
