"""The report as one HTML page that needs nothing else: no network, no other file.

It is whole without its script, which sorts the tables and filters the claims.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from theory.commandline import replacing
from validation import report
from validation.calibrated import Verdict, thresholds, violation
from validation.check import Finding
from validation.pictures import pictures

TEMPLATE = "report.html.j2"
SIGNS = {
    Verdict.DISAGREES: "\N{BALLOT X}",
    Verdict.UNDERPOWERED: "?",
    Verdict.AGREES: "\N{CHECK MARK}",
    Verdict.NOT_CLAIMED: "\N{EN DASH}",
}
"""A sign a verdict, in the order in which a reader wants to see them."""
MOST_DECIMALS = 8  # a number with more is written as a power of ten


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
    tests = report.single_tests(findings)
    number = report.counts(findings)
    return environment.get_template(TEMPLATE).render(
        facts=facts,
        headline=headline(findings),
        disagreeing=[_row(f) for f in worst_first if f.verdict is Verdict.DISAGREES],
        underpowered=[_row(f) for f in worst_first if f.verdict is Verdict.UNDERPOWERED],
        worst=_row(worst_first[0]) if claimed else None,
        weakest=_row(max(claimed, key=_resolved)) if claimed else None,
        groups=_grouped(claimed, _truth_and_workflow),
        rows=[_row(finding) for finding in claimed],
        counts={v.value: number[v] for v in SIGNS if number[v] and v is not Verdict.NOT_CLAIMED},
        pictures=pictures(findings),
        tables=_tables(findings),
        tests=tests,
        fail=thresholds(max(1, tests)).fail,
        detectable=thresholds(max(1, tests)).detectable,
        signs={verdict.value: sign for verdict, sign in SIGNS.items()},
        ranks={verdict.value: rank for rank, verdict in enumerate(SIGNS)},
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


def rounded(value: float, std_error: float) -> str:
    """A number to the decimals that show two digits of its standard error.

    Example:
        >>> rounded(0.161257, 0.000132), rounded(1234.5678, 40.0), rounded(1.51435e-9, 2.5e-10)
        ('0.16126', '1,235', '1.51e-09')
    """
    if not 0 < std_error < math.inf:
        return f"{value:.6g}"
    decimals = 1 - math.floor(math.log10(std_error))
    if decimals <= MOST_DECIMALS or value == 0:
        return f"{value:,.{max(0, min(decimals, MOST_DECIMALS))}f}"
    digits = decimals + math.floor(math.log10(abs(value)))
    return f"{value:.{digits}e}" if 0 <= digits < 6 else f"{value:.6g}"


def _violation(finding: Finding) -> float:
    """Standard errors by which the claim fails at its worst generation; negative on a safe side."""
    return float(violation(finding.kind, finding.judgement.z)[finding.judgement.worst - 1])


def _resolved(finding: Finding) -> float:
    """Relative discrepancy that the weakest test of the claim would have seen."""
    return float(finding.judgement.detectable.max())


def _row(finding: Finding) -> dict[str, Any]:
    """One claim, in the numbers that the tables show; percentages are relative discrepancies."""
    judgement, slack = finding.judgement, finding.slack
    t = judgement.worst
    theory, simulation = float(finding.expected[t - 1]), float(finding.mean[t - 1])
    error = float(finding.std_error[t - 1])
    return {
        "name": finding.name,
        "workflow": finding.experiment.label,
        "field": finding.field,
        "verdict": finding.verdict.value,
        "kind": finding.kind.value,
        "z": float(judgement.z[t - 1]),
        "violation": _violation(finding),
        "t": t,
        "theory": theory,
        "shown_theory": rounded(theory, error),
        "simulation": simulation,
        "shown_simulation": f"{rounded(simulation, error)} ± {rounded(error, error)}",
        "resolved": 100 * _resolved(finding),
        "replicates": finding.replicates,
        "needed": finding.needed,
        "slack": None if slack is None else (float(slack.min()), float(slack.max())),
    }


def _truth_and_workflow(finding: Finding) -> str:
    table = finding.experiment.table
    return finding.experiment.workflow.kind.value if table is None else f"{table.name} (real data)"


def _grouped(findings: Iterable[Finding], key: Callable[[Finding], str]) -> list[dict[str, Any]]:
    """Claims counted by key, in order of appearance, with their worst and their weakest."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(key(finding), []).append(finding)
    return [_group(name, group) for name, group in found.items()]


def _group(name: str, findings: Sequence[Finding]) -> dict[str, Any]:
    number = report.counts(findings)
    return {
        "name": name,
        "claims": len(findings),
        "counts": {v.value: number[v] for v in SIGNS if number[v]},
        "violation": max(_violation(finding) for finding in findings),
        "resolved": 100 * max(_resolved(finding) for finding in findings),
        "runs": sum({id(f.experiment): f.replicates for f in findings}.values()),
    }


def _tables(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Real tables: what is claimed of them, and the fields shown for reference."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.experiment.table is not None:
            found.setdefault(finding.experiment.table.name, []).append(finding)
    tables = []
    for name, group in found.items():
        table = group[0].experiment.table
        assert table is not None
        rows, columns = table.rows.shape
        claims = [_row(f) for f in group if f.verdict is not Verdict.NOT_CLAIMED]
        reference = [_row(f) for f in group if f.verdict is Verdict.NOT_CLAIMED]
        tables.append({"name": name, "rows": rows, "columns": columns,
                       "claims": claims, "reference": reference})  # fmt: skip
    return tables
