"""The pictures of the findings: every test at a glance, and a quantity's claims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from validation import report
from validation.calibrated import thresholds
from validation.check import Finding
from validation.pictures import NOT_DRAWN, Picture, embedded, embedded_or_reason

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def tests_at_a_glance(findings: Sequence[Finding]) -> Picture:
    """The z of every test against normal quantiles, and what each claim resolves."""
    z = report.exact_z(findings)
    title = "Every test against exact theory"
    if not len(z):
        return Picture(title, f"{NOT_DRAWN}: no exact value was tested.", "", None)
    fail = thresholds(report.single_tests(findings)).fail
    caption = (
        "Left: z of every test of an exact value against the normal quantiles that it should "
        "follow if theory and simulation agree; beyond the dashed lines a test fails. Generations "
        "of one run are correlated, so the points wander together. Right: for every claim, the "
        "relative discrepancy that its weakest test would have seen."
    )
    alt = (
        f"Two panels. Quantiles of z for {len(z)} tests, the largest |z| being "
        f"{np.abs(z).max():.1f} where {fail:.1f} fails; and a histogram of the discrepancy that "
        f"each claim resolves, in per cent."
    )
    return Picture(title, caption, alt, embedded(lambda: report.draw(findings), title))


# --- a quantity ---------------------------------------------------------------------------------

_HEIGHT, _LEGEND_ROW = 2.3, 0.16  # inches, of the panels and of a row of the legend
_LEGEND_COLUMNS = 3


def of_quantity(title: str, unit: str, findings: Sequence[Finding], fail: float) -> Picture:
    """A quantity's claims: a curve a workflow, and how far every simulated mean is from theory."""
    shown = _one_a_workflow(findings)
    bound = findings[0].slack is not None
    number = f"{len(findings)} claim{'s' if len(findings) > 1 else ''}"
    settings = "; ".join(f"{f.experiment.label}: {f.experiment.name}" for f in shown)
    worst = max(float(np.abs(f.judgement.z).max()) for f in findings)
    right = (
        "the bound divided by the estimate" if bound else "simulation minus theory, standard errors"
    )
    caption = (
        f"Left: lines are theory{' (a bound)' if bound else ''}, points Monte Carlo means with two "
        f"standard errors, one setting a workflow ({settings}). Right: {right}, {number}; "
        + (
            "above 1 an upper bound holds, below 1 a lower one."
            if bound
            else "a dashed line fails."
        )
    )
    ends = ", ".join(
        f"{f.experiment.label} {f.expected[-1]:.3g} at generation {len(f.expected)}" for f in shown
    )
    alt = (
        f"{title} against generation for {len(shown)} workflows, theory and simulation: {ends}. "
        f"Beside it {right} for {number}" + ("." if bound else f", at most {worst:.1f} away.")
    )
    return embedded_or_reason(
        lambda: _draw_quantity(unit, findings, shown, fail), title, caption, alt
    )


def _one_a_workflow(findings: Sequence[Finding]) -> list[Finding]:
    """The claim of the most generations of each workflow, the first of them."""
    found: dict[str, Finding] = {}
    for finding in findings:
        label = finding.experiment.label
        if label not in found or len(finding.expected) > len(found[label].expected):
            found[label] = finding
    return list(found.values())


def _draw_quantity(
    unit: str, findings: Sequence[Finding], shown: Sequence[Finding], fail: float
) -> Figure:
    from matplotlib import pyplot
    from matplotlib.ticker import FixedLocator, MaxNLocator

    from paper_figures import style

    rows = -(-len(shown) // _LEGEND_COLUMNS)
    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(style.WIDTH, _HEIGHT + _LEGEND_ROW * rows)
    )
    drawn: dict[str, int] = {}
    for finding in shown:
        kind = finding.experiment.workflow.kind
        marker = style.MARKERS[drawn.setdefault(kind.value, 0) % len(style.MARKERS)]
        drawn[kind.value] += 1
        t, colour = np.arange(1, len(finding.expected) + 1), style.COLOURS[kind]
        left.plot(t, finding.expected, "-", color=colour)
        style.errorbars(left, t, finding.mean, finding.std_error, colour=colour, marker=marker,
                        label=finding.experiment.label)  # fmt: skip
    values = np.concatenate([finding.mean for finding in shown])
    if values.min() > 0 and values.max() > 50 * values.min():
        left.set_yscale("log")
        style.plain_ticks(left.yaxis)
    field = findings[0].field
    label = field if unit == "no unit" else f"{field}\n({unit})"
    left.set(xlabel="generation", ylabel=label, title="a  theory and simulation")
    _draw_gaps(right, findings, fail)
    last = max(len(finding.expected) for finding in shown)
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True) if last > 1 else FixedLocator([1]))
        axes.margins(x=0.08)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center",
                  ncols=_LEGEND_COLUMNS)  # fmt: skip
    return figure


def _draw_gaps(axes: Axes, findings: Sequence[Finding], fail: float) -> None:
    """z of every claim by generation, in the workflow's colour; of a bound what it leaves."""
    from paper_figures import style

    bound = findings[0].slack is not None
    for finding in findings:
        gap = finding.judgement.z if finding.slack is None else finding.slack
        colour = style.COLOURS[finding.experiment.workflow.kind]
        axes.plot(np.arange(1, len(gap) + 1), gap, "o", color=colour, markersize=2.6, alpha=0.8)
    style.reference(axes, 1.0 if bound else 0.0)
    if not bound:
        for edge in (-fail, fail):
            axes.axhline(edge, color=style.GREY, linestyle="--", linewidth=0.9)
    axes.set(xlabel="generation", title="b  every claim",
             ylabel="bound / estimate" if bound else "z, standard errors")  # fmt: skip
