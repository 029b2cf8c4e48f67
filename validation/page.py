"""The report as one HTML page that needs nothing else: no network, no other file.

It is whole without its script, which sorts the tables and filters the claims.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from theory.commandline import replacing
from validation import report
from validation.calibrated import Verdict, thresholds
from validation.charts import tests_at_a_glance
from validation.check import Finding
from validation.exhibits import Exhibits, made_now
from validation.families import family_of, family_pages
from validation.language_models import language_page
from validation.plans import of_sides, sides
from validation.rows import (
    SIGNS,
    grouped,
    resolved_by,
    row,
    tables,
    truth_and_workflow,
    violation_of,
)

TEMPLATE = "report.html.j2"


def write(
    path: Path,
    findings: Sequence[Finding],
    facts: dict[str, Any],
    exhibits: Callable[[], Exhibits] | None = None,
) -> None:
    """Write the page to `path` in one step.

    Args:
        path: an .html file.
        findings: the tested claims.
        facts: as in the JSON: complete, experiments, seed, resolve, versions, command, data...
        exhibits: waits for those of the families of the findings; None makes them now.

    Raises:
        OSError: the file cannot be written.
    """
    text = render(findings, facts, exhibits)
    with replacing(path) as file:
        file.write(text)


def render(
    findings: Sequence[Finding],
    facts: dict[str, Any],
    exhibits: Callable[[], Exhibits] | None = None,
) -> str:
    """The page as text: a well-formed document, every claim in it by name."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("validation", "."), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    claimed = [f for f in findings if f.verdict is not Verdict.NOT_CLAIMED]
    worst_first = sorted(claimed, key=violation_of, reverse=True)
    tests = report.single_tests(findings)
    number = report.counts(findings)
    families = family_pages(findings, facts)
    shown = made_now(map(family_of, findings)) if exhibits is None else exhibits()
    return environment.get_template(TEMPLATE).render(
        facts=facts,
        pages=_pages(families),
        headline=headline(findings),
        disagreeing=[row(f) for f in worst_first if f.verdict is Verdict.DISAGREES],
        underpowered=[row(f) for f in worst_first if f.verdict is Verdict.UNDERPOWERED],
        worst=row(worst_first[0]) if claimed else None,
        weakest=row(max(claimed, key=resolved_by)) if claimed else None,
        groups=grouped(claimed, truth_and_workflow),
        families=families,
        formulas=shown.formulas,
        statements=shown.statements,
        plans=shown.plans,
        sides=sides(findings),
        sides_picture=of_sides(findings),
        language=language_page(facts["language_models"]),
        rows=[row(finding) for finding in claimed],
        counts={v.value: number[v] for v in SIGNS if number[v] and v is not Verdict.NOT_CLAIMED},
        pictures=[tests_at_a_glance(findings), *shown.figures],
        tables=tables(findings),
        tests=tests,
        fail=thresholds(max(1, tests)).fail,
        detectable=thresholds(max(1, tests)).detectable,
        signs={verdict.value: sign for verdict, sign in SIGNS.items()},
        ranks={verdict.value: rank for rank, verdict in enumerate(SIGNS)},
        platform=f"{platform.system()} {platform.machine()}",
    )


def _pages(families: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """What the navigation lists; a statement's own page is reached from theirs."""
    ends = {"statements": "Statements", "language-models": "Language models",
            "claims": "All claims", "figures": "Figures", "real-data": "Real data",
            "method": "Method"}  # fmt: skip
    named = {"summary": "Summary"} | {one["name"]: one["title"] for one in families} | ends
    return [{"id": key, "name": name} for key, name in named.items()]


def headline(findings: Sequence[Finding]) -> str:
    """The answer in one sentence.

    Example:
        >>> headline([])
        'No claim was tested.'
    """
    number = report.counts(findings)
    total = len(findings) - number[Verdict.NOT_CLAIMED]
    if not total:
        return "No claim was tested."
    parts = [
        f"{_many(number[Verdict.AGREES])} {_agree(number[Verdict.AGREES])}",
        f"{_many(number[Verdict.DISAGREES])} disagree{_s(number[Verdict.DISAGREES])}",
        f"{_many(number[Verdict.UNDERPOWERED])} {_is(number[Verdict.UNDERPOWERED])} underpowered",
    ]
    return f"{total} claim{'' if total == 1 else 's'}: {', '.join(parts)}."


def _many(count: int) -> str:
    return str(count) if count else "none"


def _s(count: int) -> str:
    return "" if count > 1 else "s"


def _agree(count: int) -> str:
    return f"agree{_s(count)} with the simulation"


def _is(count: int) -> str:
    return "are" if count > 1 else "is"
