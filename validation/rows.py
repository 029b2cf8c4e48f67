"""Claims as rows of the page's tables: the numbers that are shown and those that are sorted by."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from validation import report
from validation.calibrated import Verdict, violation
from validation.check import Finding

SIGNS = {
    Verdict.DISAGREES: "\N{BALLOT X}",
    Verdict.UNDERPOWERED: "?",
    Verdict.AGREES: "\N{CHECK MARK}",
    Verdict.NOT_CLAIMED: "\N{EN DASH}",
}
"""A sign a verdict, in the order in which a reader wants to see them."""
MOST_DECIMALS = 8  # a number with more is written as a power of ten


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


def violation_of(finding: Finding) -> float:
    """Standard errors by which the claim fails at its worst generation; negative on a safe side."""
    return float(violation(finding.kind, finding.judgement.z)[finding.judgement.worst - 1])


def resolved_by(finding: Finding) -> float:
    """Relative discrepancy that the weakest test of the claim would have seen."""
    return float(finding.judgement.detectable.max())


def row(finding: Finding) -> dict[str, Any]:
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
        "violation": violation_of(finding),
        "t": t,
        "theory": theory,
        "shown_theory": rounded(theory, error),
        "simulation": simulation,
        "shown_simulation": f"{rounded(simulation, error)} ± {rounded(error, error)}",
        "resolved": 100 * resolved_by(finding),
        "replicates": finding.replicates,
        "needed": finding.needed,
        "slack": None if slack is None else (float(slack.min()), float(slack.max())),
    }


def truth_and_workflow(finding: Finding) -> str:
    """The workflow, or the real table that stands behind the claim."""
    table = finding.experiment.table
    return finding.experiment.workflow.kind.value if table is None else f"{table.name} (real data)"


def grouped(findings: Iterable[Finding], key: Callable[[Finding], str]) -> list[dict[str, Any]]:
    """Claims counted by key, in order of appearance, with their worst and their weakest."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(key(finding), []).append(finding)
    return [group(name, members) for name, members in found.items()]


def group(name: str, findings: Sequence[Finding]) -> dict[str, Any]:
    """Claims counted, with the worst and the weakest of them."""
    number = report.counts(findings)
    return {
        "name": name,
        "claims": len(findings),
        "counts": {v.value: number[v] for v in SIGNS if number[v]},
        "violation": max(violation_of(finding) for finding in findings),
        "resolved": 100 * max(resolved_by(finding) for finding in findings),
        "runs": sum({id(f.experiment): f.replicates for f in findings}.values()),
    }


def tables(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Real tables: what is claimed of them, and the fields shown for reference."""
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.experiment.table is not None:
            found.setdefault(finding.experiment.table.name, []).append(finding)
    shown = []
    for name, members in found.items():
        table = members[0].experiment.table
        assert table is not None
        rows, columns = table.rows.shape
        claims = [row(f) for f in members if f.verdict is not Verdict.NOT_CLAIMED]
        reference = [row(f) for f in members if f.verdict is Verdict.NOT_CLAIMED]
        shown.append({"name": name, "rows": rows, "columns": columns,
                       "claims": claims, "reference": reference})  # fmt: skip
    return shown
