"""Findings as tables, JSON and a plot."""

from __future__ import annotations

import math
import platform
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from paper_figures import style
from paper_figures.render import image
from theory.commandline import Table, replacing
from validation.calibrated import FALSE_FAIL, FALSE_PASS, Verdict, thresholds
from validation.check import Finding

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]


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
    tests = single_tests(findings)
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
    table = experiment.table
    return {
        "name": finding.name,
        "field": finding.field,
        "kind": finding.kind.value,
        "source": finding.source,
        "verdict": finding.verdict.value,
        "workflow": str(experiment.workflow),
        **experiment.facts,
        "table": None if table is None else table.name,
        "seed": finding.seed,
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


def commit() -> str | None:
    """The commit of this checkout, with -dirty if it was changed; None outside one."""
    here = Path(__file__)

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here.parent), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
        return done.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", here.name)  # an installed copy is nobody's checkout
        return git("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        return None


def single_tests(findings: Iterable[Finding]) -> int:
    """Number of single tests behind the verdicts, which share the false-fail rate."""
    return sum(len(f.mean) for f in findings if f.verdict is not Verdict.NOT_CLAIMED)


def exact_z(findings: Iterable[Finding]) -> FloatArray:
    """z of every test of a claimed exact value, sorted."""
    z = [f.judgement.z for f in _exact(findings)]
    found: FloatArray = np.sort(np.concatenate(z)) if z else np.zeros(0)
    return found[np.isfinite(found)]


def _exact(findings: Iterable[Finding]) -> list[Finding]:
    return [f for f in findings if f.slack is None and f.verdict is not Verdict.NOT_CLAIMED]


def draw(findings: Sequence[Finding]) -> Figure:
    """z of every exact test against the normal quantiles it should follow, and the power."""
    from matplotlib import pyplot
    from scipy.special import ndtri

    z = exact_z(findings)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(style.WIDTH, 3.1))
    if len(z):
        quantiles = ndtri((np.arange(len(z)) + 0.5) / len(z))
        fail = thresholds(single_tests(findings)).fail
        left.axline((0, 0), slope=1, color=style.GREY, linewidth=0.9)
        left.plot(quantiles, z, "o", color=style.INK, markersize=2.4)
        for edge in (-fail, fail):
            left.axhline(edge, color=style.GREY, linestyle="--", linewidth=0.9)
        left.annotate(f"fails beyond {fail:.2f}", (quantiles[0], fail), (0, -9),
                      textcoords="offset points", fontsize=style.SMALL)  # fmt: skip
    left.set(
        xlabel="standard normal quantile", ylabel="z, standard errors",
        title=f"a  theory against simulation, {len(z):,} tests",
    )  # fmt: skip
    exact = _exact(findings)
    power = [100 * f.judgement.detectable.max() for f in exact]
    right.hist(power, bins=20, color=style.INK)
    right.margins(y=0.15)  # room for the label
    if exact:
        asked = 100 * exact[0].judgement.resolve
        right.axvline(asked, color=style.GREY, linestyle="--", linewidth=0.9)
        right.annotate(f"{asked:g} % asked for", (asked, 1), (-3, -8), ha="right",
                       xycoords=("data", "axes fraction"), textcoords="offset points",
                       fontsize=style.SMALL)  # fmt: skip
    right.set(
        xlabel="relative discrepancy resolved, %", ylabel="claims",
        title=f"b  power of {len(power):,} claims",
    )  # fmt: skip
    return figure


def plot(path: Path, findings: Sequence[Finding]) -> None:
    """`draw`, into a .png, .svg or .pdf file."""
    with style.publication(), replacing(path, "wb") as file:
        file.write(image(draw(findings), path.suffix[1:], "theory against simulation"))
