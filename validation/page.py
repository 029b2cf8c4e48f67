"""The report as one HTML page that needs nothing else: no network, no script, no other file."""

from __future__ import annotations

import base64
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from theory.commandline import replacing
from validation import report
from validation.calibrated import Verdict, thresholds
from validation.check import Finding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paper_figures.catalogue import FigureModule

TEMPLATE = "report.html.j2"
SIGNS = {
    Verdict.AGREES: "\N{CHECK MARK}",
    Verdict.DISAGREES: "\N{BALLOT X}",
    Verdict.UNDERPOWERED: "?",
    Verdict.NOT_CLAIMED: "\N{EN DASH}",
}
NOT_DRAWN = "This figure could not be drawn"


@dataclass(frozen=True)
class Picture:
    """A figure of the page: an image in the page itself, or the reason why there is none."""

    title: str
    caption: str
    alt: str
    source: str | None


def write(path: Path, findings: Sequence[Finding], facts: dict[str, Any]) -> None:
    """Write the page to `path` in one step.

    Args:
        path: an .html file.
        findings: the tested claims.
        facts: as in the JSON: complete, experiments, seed, resolve, perturb, versions, command...

    Raises:
        OSError: the file cannot be written.
    """
    text = render(findings, facts)
    with replacing(path) as file:
        file.write(text)


def render(findings: Sequence[Finding], facts: dict[str, Any]) -> str:
    """The page as text: a well-formed document, every claim in it by name."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("validation", "."), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    claimed = [f for f in findings if f.verdict is not Verdict.NOT_CLAIMED]
    worst_first = sorted(claimed, key=_violation, reverse=True)
    gaussian = [f for f in findings if f.experiment.table is None]
    tests = report.single_tests(findings)
    return environment.get_template(TEMPLATE).render(
        facts=facts,
        headline=headline(findings),
        disagreeing=[_row(f) for f in worst_first if f.verdict is Verdict.DISAGREES],
        underpowered=[_row(f) for f in worst_first if f.verdict is Verdict.UNDERPOWERED],
        worst=_row(worst_first[0]) if claimed else None,
        weakest=_weakest(claimed),
        pictures=pictures(findings),
        groups=_grouped(gaussian, lambda f: f.experiment.workflow.kind.value),
        tables=_tables(findings),
        tests=tests,
        fail=thresholds(max(1, tests)).fail,
        detectable=thresholds(max(1, tests)).detectable,
        signs={verdict.value: SIGNS[verdict] for verdict in Verdict},
        platform=f"{platform.system()} {platform.machine()}",
    )


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


# --- rows ---------------------------------------------------------------------------------------


def _violation(finding: Finding) -> float:
    """Standard errors by which the claim fails at its worst generation; negative on a safe side."""
    z = float(finding.judgement.z[finding.judgement.worst - 1])
    return abs(z) if finding.slack is None else -z


def _row(finding: Finding) -> dict[str, Any]:
    """One claim, in the numbers that the table shows; percentages are relative discrepancies."""
    judgement, slack = finding.judgement, finding.slack
    t = judgement.worst
    return {
        "name": finding.name,
        "verdict": finding.verdict.value,
        "kind": finding.kind.value,
        "source": finding.source,
        "z": float(judgement.z[t - 1]),
        "t": t,
        "theory": float(finding.expected[t - 1]),
        "simulation": float(finding.mean[t - 1]),
        "std_error": float(finding.std_error[t - 1]),
        "resolved": 100 * float(judgement.detectable.max()),
        "replicates": finding.replicates,
        "needed": finding.needed,
        "slack": None if slack is None else (float(slack.min()), float(slack.max())),
    }


def _weakest(claimed: Sequence[Finding]) -> dict[str, Any] | None:
    if not claimed:
        return None
    return _row(max(claimed, key=lambda f: float(f.judgement.detectable.max())))


def _grouped(findings: Iterable[Finding], key: Callable[[Finding], str]) -> list[dict[str, Any]]:
    """Claims by key, in order of appearance, with the sums that a folded group shows."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(key(finding), []).append(finding)
    return [_group(name, group) for name, group in found.items()]


def _group(name: str, findings: Sequence[Finding]) -> dict[str, Any]:
    number = report.counts(findings)
    return {
        "name": name,
        "rows": [_row(finding) for finding in findings],
        "counts": [(v.value, number[v]) for v in Verdict if number[v]],
        "worst": max(_violation(finding) for finding in findings),
        "resolved": 100 * max(float(f.judgement.detectable.max()) for f in findings),
        "runs": sum({id(f.experiment): f.replicates for f in findings}.values()),
    }


def _tables(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Real tables: what is claimed of them, and the fields shown for reference."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.experiment.table is not None:
            found.setdefault(finding.experiment.table.name, []).append(finding)
    tables = []
    for name, group in found.items():
        table = group[0].experiment.table
        assert table is not None
        claims = [f for f in group if f.verdict is not Verdict.NOT_CLAIMED]
        reference = [f for f in group if f.verdict is Verdict.NOT_CLAIMED]
        rows, columns = table.rows.shape
        tables.append(
            {
                "name": name, "rows": rows, "columns": columns,
                "claims": _group(name, claims) if claims else None,
                "reference": [_row(finding) for finding in reference],
            }
        )  # fmt: skip
    return tables


# --- figures ------------------------------------------------------------------------------------


def pictures(findings: Sequence[Finding]) -> list[Picture]:
    """The tests at a glance, then the figures of the papers, from committed data."""
    from paper_figures.catalogue import FIGURES

    drawn = [_tests_at_a_glance(findings)]
    for module in FIGURES.values():
        try:
            source = _embedded(partial(_drawn, module), module.TITLE)
        except Exception as problem:  # the verdicts do not depend on a figure
            drawn.append(Picture(module.TITLE, f"{NOT_DRAWN}: {problem}", "", None))
            continue
        drawn.append(Picture(module.TITLE, module.CAPTION, module.ALT, source))
    return drawn


def _drawn(module: FigureModule) -> Figure:
    return module.draw(module.data())


def _tests_at_a_glance(findings: Sequence[Finding]) -> Picture:
    z = report.exact_z(findings)
    title = "Every test against exact theory"
    if not len(z):
        return Picture(title, f"{NOT_DRAWN}: no exact value was tested.", "", None)
    fail = thresholds(report.single_tests(findings)).fail
    caption = (
        "Left: z of every test of an exact value against the normal quantiles that it should "
        "follow if theory and simulation agree; beyond the dashed lines a test fails. Right: for "
        "every claim, the relative discrepancy that its weakest test would have seen."
    )
    alt = (
        f"Two panels. Quantiles of z for {len(z)} tests, the largest |z| being "
        f"{np.abs(z).max():.1f} where {fail:.1f} fails; and a histogram of the discrepancy that "
        f"each claim resolves, in per cent."
    )
    return Picture(title, caption, alt, _embedded(lambda: report.draw(findings), title))


def _embedded(draw: Callable[[], Figure], title: str) -> str:
    """The figure as an SVG inside a data URI."""
    from paper_figures import render as files
    from paper_figures import style

    with style.publication():
        content = files.image(draw(), "svg", title)
    return f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}"
