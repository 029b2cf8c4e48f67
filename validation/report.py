"""Findings as tables, JSON and a plot."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from theory.commandline import Table, replacing
from validation.calibrated import FALSE_FAIL, FALSE_PASS, Verdict, thresholds
from validation.check import Finding
from validation.claims import Experiment


def counts(findings: Iterable[Finding]) -> dict[Verdict, int]:
    """Number of findings of each verdict."""
    found = [finding.verdict for finding in findings]
    return {verdict: found.count(verdict) for verdict in Verdict}


def exit_status(findings: Sequence[Finding]) -> int:
    """0 if all agree, 1 if any disagrees, 3 if any is underpowered and none disagrees."""
    number = counts(findings)
    if number[Verdict.DISAGREES]:
        return 1
    return 3 if number[Verdict.UNDERPOWERED] else 0


def claim_table(findings: Sequence[Finding], facts: dict[str, Any]) -> Table:
    """One row a claim; the JSON has every generation."""
    columns = ("claim", "kind", "verdict", "worst z", "at", "resolves %", "runs", "bound/estimate")
    body = [_row(finding) for finding in findings]
    records = [record(finding) for finding in findings]
    return Table(columns, body, {**facts, "claims": records}, tuple(summary(findings)))


def _row(finding: Finding) -> tuple[Any, ...]:
    judgement = finding.judgement
    slack = finding.slack
    extent = None if slack is None else f"{slack.min():.3f}..{slack.max():.3f}"
    return (
        finding.name,
        finding.kind.value,
        finding.verdict.value,
        float(round(judgement.z[judgement.worst - 1], 2)),
        f"t={judgement.worst}",
        float(round(100 * judgement.detectable[judgement.weakest - 1], 3)),
        f"{finding.replicates:,}",
        extent,
    )


def experiment_table(groups: Sequence[Sequence[Finding]], facts: dict[str, Any]) -> Table:
    """One row an experiment: verdicts counted, the worst z and the least power."""
    columns = ("experiment", "verdict", "worst |z|", "resolves %", "runs", "fields")
    body = []
    for group in groups:
        exact = [np.abs(f.judgement.z).max() for f in group if f.slack is None]
        least = max(f.judgement.detectable.max() for f in group)
        body.append(
            (
                group[0].experiment.name,
                ", ".join(sorted({finding.verdict.value for finding in group})),
                float(round(max(exact), 2)) if exact else None,
                float(round(100 * least, 3)),
                f"{group[0].replicates:,}",
                ", ".join(finding.field for finding in group),
            )
        )
    findings = [finding for group in groups for finding in group]
    records = [record(finding) for finding in findings]
    notes = (*_standing_out(findings), *summary(findings))
    return Table(columns, body, {**facts, "claims": records}, notes)


def _standing_out(findings: Sequence[Finding]) -> list[str]:
    """A line for each claim that does not agree, with the numbers at its worst generation."""
    lines = []
    for finding in findings:
        t = finding.judgement.worst
        if finding.verdict is Verdict.DISAGREES:
            lines.append(
                f"DISAGREES {finding.name}: at t={t} theory ({finding.kind.value}) "
                f"{finding.expected[t - 1]:.6g}, simulation {finding.mean[t - 1]:.6g} "
                f"+- {finding.std_error[t - 1]:.2g} (z = {finding.judgement.z[t - 1]:.1f})"
            )
        if finding.verdict is Verdict.UNDERPOWERED:
            lines.append(
                f"UNDERPOWERED {finding.name}: resolves "
                f"{100 * finding.judgement.detectable.max():.2g} % with {finding.replicates:,} "
                f"runs ({100 * finding.judgement.resolve:g} % up to t={finding.powered_until}); "
                f"needs about {finding.needed:,.0f}, {duration(finding.seconds_needed)} here"
            )
    return lines


def duration(seconds: float) -> str:
    """Seconds as a person would say them.

    Example:
        >>> duration(3.2), duration(7500), duration(1e9)
        ('4 s', '2.1 h', '31.7 years')
    """
    for size, unit in ((31_557_600, "years"), (86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{math.ceil(seconds)} s"


def summary(findings: Sequence[Finding]) -> list[str]:
    """What the verdicts mean, in a few lines."""
    number = counts(findings)
    claimed = [f for f in findings if f.verdict is not Verdict.NOT_CLAIMED]
    tests = sum(len(finding.mean) for finding in claimed)
    verdicts = ", ".join(f"{number[v]} {v.value}" for v in Verdict if number[v])
    lines = [f"{len(findings)} claims: {verdicts}"] if findings else ["no claim was tested"]
    if claimed:
        least = 100 * max(finding.judgement.detectable.max() for finding in claimed)
        lines.append(
            f"{tests} tests, family-wise false-fail {FALSE_FAIL:g} "
            f"(|z| beyond {thresholds(tests).fail:.2f} fails); each would have seen a discrepancy "
            f"of {least:.2g} % of the departure from no drift (false-pass {FALSE_PASS:g})"
        )
    if number[Verdict.NOT_CLAIMED]:
        lines.append(
            "not claimed: these fields hold for a Gaussian truth; z shows how far the table is "
            "from one"
        )
    return lines


def record(finding: Finding) -> dict[str, Any]:
    """Everything about one claim, for JSON; arrays over generations 1..T."""
    experiment, judgement = finding.experiment, finding.judgement
    chain = experiment.chain
    table = experiment.table if isinstance(experiment, Experiment) else None
    return {
        "name": finding.name,
        "field": finding.field,
        "kind": finding.kind.value,
        "source": finding.source,
        "verdict": finding.verdict.value,
        "workflow": str(experiment.workflow),
        "dim": chain.dim,
        "ddof": chain.ddof,
        "temperature": chain.temperature,
        "table": None if table is None else table.name,
        "replicates": finding.replicates,
        "replicates_needed": finding.needed,
        "std_is_exact": finding.exact_std,
        "theory": finding.expected,
        "simulation": finding.mean,
        "std_error": finding.std_error,
        "z": judgement.z,
        "detectable": judgement.detectable,
        "bound_over_estimate": finding.slack,
        "seconds": finding.seconds,
        "observed_order": finding.order,
    }


def environment() -> dict[str, str]:
    """Versions that the numbers were made with."""
    import numba
    import scipy

    from loopbound import version

    return {
        "loopbound": version(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "numba": numba.__version__,
    }


def plot(path: Path, findings: Sequence[Finding]) -> None:
    """z of every exact test against the normal quantiles it should follow, and the power."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from scipy.special import ndtri

    exact = [f for f in findings if f.slack is None and f.verdict is not Verdict.NOT_CLAIMED]
    z = np.sort(np.concatenate([f.judgement.z for f in exact])) if exact else np.zeros(0)
    z = z[np.isfinite(z)]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 4), layout="constrained")
    if len(z):
        quantiles = ndtri((np.arange(len(z)) + 0.5) / len(z))
        fail = thresholds(len(z)).fail
        left.plot(quantiles, z, "o", markersize=3)
        left.axline((0, 0), slope=1, color="0.5", linewidth=1)
        for edge in (-fail, fail):
            left.axhline(edge, color="C3", linestyle="--", linewidth=1)
    left.set(
        xlabel="standard normal quantile", ylabel="z of the test", title="theory against simulation"
    )
    power = [100 * f.judgement.detectable.max() for f in exact]
    right.hist(power, bins=20, color="C0")
    right.set(xlabel="discrepancy resolved, %", ylabel="claims", title="power")
    with replacing(path, "wb") as file:
        figure.savefig(file, format=path.suffix[1:], dpi=150)
    pyplot.close(figure)
