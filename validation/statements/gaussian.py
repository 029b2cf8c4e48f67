"""Statements on the Gaussian chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.gaussian import GaussianChain, curves, survival
from theory.inflation import inflation
from theory.workflow import Workflow, WorkflowKind
from validation.statements.lines import Line, draw_lines
from validation.statements.statement import Standing, Statement, shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KAZDAN = ("Kazdan et al.", "2410.16713")
GERSTGRASSER = ("Gerstgrasser et al.", "2404.01413")
SHUMAILOV = ("Shumailov et al.", "2305.17493")
DEY = ("Dey and Donoho", "2410.22812")
SECTION = "theory.gaussian (loopbound theory, sections 1 and 2)"


def subsample() -> Statement:
    """Accumulate-subsample: what its theory says, and where it is not safe."""
    rows, last = 5, 1000
    workflow = Workflow.accumulate_subsample(rows)
    spread = {
        (ddof, heat): curves(GaussianChain(1, ddof, heat), workflow, last).trace_ratio
        for ddof, heat in ((0, 1.0), (1, 1.0), (0, 0.5))
    }
    v = inflation(workflow, last)
    at = (1, 2, 10, 100, 1000)
    limit = v.limit or 0.0

    def draw() -> Figure:
        return draw_lines(
            [
                Line(name, curve.values, workflow.kind)
                for name, curve in zip(
                    ("maximum likelihood", "unbiased", "temperature 0.5"),
                    spread.values(),
                    strict=True,
                )
            ],  # fmt: skip
            "E variance, units of the truth's",
            logarithmic=True,
        )

    return Statement(
        key="subsample",
        title="Accumulate-subsample: bounded for maximum likelihood, not for every estimator",
        papers=(KAZDAN,),
        published="Training on a fixed budget drawn from all data so far is seen, by experiment, "
        "to level off between replace and accumulate. No theory is given.",
        standing=Standing.OPEN,
        exact=f"The excess risk tends to {shown(limit)} (pi squared over 2, minus 2) times "
        f"generation 1's as rows grow. At {rows} rows the variance of maximum likelihood stays at "
        f"{shown(float(spread[0, 1.0][last]))} of the truth's, but the unbiased covariance grows "
        f"without bound (like t to the power 1/m: {shown(float(spread[1, 1.0][last]))} at "
        f"generation {last:,}), and at temperature one half the spread dies out.",
        caption=f"n = m = {rows} rows, one dimension: inflation v, and E variance by estimator",
        columns=("generation", "v", "maximum likelihood", "unbiased", "temperature 0.5"),
        body=[(f"{t:,}", float(v[t]), *(float(c[t]) for c in spread.values())) for t in at],
        formula=r"\lim_{t \to \infty} v_t = \frac{\pi^2}{2} - 2",
        source=SECTION,
        command=f"python -m theory gaussian --workflow accumulate-subsample --n {rows} --dim 1 "
        f"--generations {last}",
        alt="E variance against generation: level for maximum likelihood, rising without bound "
        "for the unbiased covariance, falling to zero at temperature one half.",
        draw=draw,
    )


def wasserstein() -> Statement:
    """Replace: whether the Wasserstein distance diverges is a matter of the estimator."""
    rows, last = 10, 1000
    likely, unbiased = (
        curves(GaussianChain(1, ddof), Workflow.replace(rows), last).wasserstein for ddof in (0, 1)
    )
    at = (1, 10, 100, 1000)

    def draw() -> Figure:
        return draw_lines(
            [
                Line("maximum likelihood", likely.values, WorkflowKind.REPLACE),
                Line("unbiased", unbiased.values, WorkflowKind.REPLACE),
            ],
            "E W2 squared, units of the variance",
            logarithmic=True,
        )

    return Statement(
        key="wasserstein",
        title="Under replace the Wasserstein distance diverges for one estimator only",
        papers=(SHUMAILOV,),
        published="Refitted to its own samples for ever, a Gaussian ends infinitely far from the "
        "truth in expected squared Wasserstein distance.",
        standing=Standing.CONDITION,
        exact=f"True of the unbiased covariance ({shown(float(unbiased[last]))} at generation "
        f"{last:,}, growing like t/n). With maximum likelihood the distance tends to "
        f"{shown(likely.limit or 0.0)} times the truth's variance: the mean wanders by one "
        f"variance before the spread is gone, and stops.",
        caption=f"One dimension, n = {rows}: E squared W2 distance in units of the variance",
        columns=("generation", "maximum likelihood", "unbiased"),
        body=[(f"{t:,}", float(likely[t]), float(unbiased[t])) for t in at]
        + [("limit", likely.limit, unbiased.limit)],
        formula=r"E\,W_2^2 \to 2 \operatorname{tr}\Sigma_0 \quad (\text{maximum likelihood})",
        source=SECTION,
        command=f"python -m theory gaussian --workflow replace --n {rows} --dim 1 --ddof 0 "
        f"--fields wasserstein --generations {last}",
        alt="Squared Wasserstein distance against generation: level at 2 for maximum likelihood, "
        "growing for the unbiased covariance.",
        draw=draw,
    )


def three_meanings() -> Statement:
    """Replace with the unbiased covariance: its mean never moves, and every run collapses."""
    rows, last, share = 10, 200, 0.1
    chain, workflow = GaussianChain(1, 1), Workflow.replace(rows)
    known = curves(chain, workflow, last)
    alive = survival(chain, workflow, last, threshold=share)
    at = (1, 10, 50, 100, 200)
    return Statement(
        key="meanings",
        title="The mean spread can stay for ever while every run collapses",
        papers=(SHUMAILOV, GERSTGRASSER),
        published="Collapse is that the fitted covariance vanishes; whether it does is often read "
        "off its expectation.",
        standing=Standing.CONDITION,
        exact=f"Three meanings disagree. With the unbiased covariance the expected variance is "
        f"exactly {shown(float(known.trace_ratio[last]))} at every generation, the expected "
        f"error grows without bound, and the standard deviation is still above {share:g} of the "
        f"truth's with probability {shown(float(alive[last]))} at generation {last}: the "
        f"mean is carried by rare runs.",
        caption=f"Replace, unbiased, n = {rows}, one dimension",
        columns=("generation", "E variance", "E error of the mean", f"P(sigma > {share:g})"),
        body=[
            (f"{t:,}", float(known.trace_ratio[t]), float(known.mean_error[t]), float(alive[t]))
            for t in at
        ],
        source=SECTION,
        command=f"python -m theory survival --workflow replace --n {rows} --ddof 1 "
        f"--threshold {share:g} --generations {last}",
    )


def low_temperature() -> Statement:
    """Accumulate: not safe below temperature one."""
    rows, last = 100, 10_000
    heats = (1.0, 0.9, 0.5)
    ratios = [
        curves(GaussianChain(1, 0, heat), Workflow.accumulate(rows), last).trace_ratio
        for heat in heats
    ]
    at = (1, 10, 100, 1000, 10_000)
    return Statement(
        key="temperature",
        title="Accumulating is not safe when models sample below temperature one",
        papers=(GERSTGRASSER,),
        published="Keeping all data, real and synthetic, avoids collapse.",
        standing=Standing.CONDITION,
        exact=f"True at temperature one: {shown(float(ratios[0][last]))} of the variance is left "
        f"at generation {last:,}. At a temperature tau below one it falls like t to the power "
        f"tau - 1 for ever: {shown(float(ratios[1][last]))} is left at 0.9, "
        f"{shown(float(ratios[2][last]))} at 0.5.",
        caption=f"Accumulate, maximum likelihood, n = {rows}: E variance by sampling temperature",
        columns=("generation", *(f"temperature {heat:g}" for heat in heats)),
        body=[(f"{t:,}", *(float(ratio[t]) for ratio in ratios)) for t in at],
        formula=r"E\,\Sigma_t \sim t^{-(1 - \tau)}",
        source=SECTION,
        command=f"python -m theory gaussian --workflow accumulate --n {rows} --dim 1 --ddof 0 "
        f"--temperature 0.9 --fields trace_ratio --generations {last}",
    )


def limits_do_not_commute() -> Statement:
    """A window: linear inflation as rows grow, geometric collapse at any fixed number of them."""
    rows, window, last = 10, 2, 400
    workflow = Workflow.sliding_window(rows, window)
    ratio = curves(GaussianChain(1, 1), workflow, last).trace_ratio
    v = inflation(workflow, last)
    at = (1, 51, 100, 200, 400)
    return Statement(
        key="limits",
        title="Large samples first or many generations first: two different fates",
        papers=(DEY,),
        published="To leading order in the rows a batch the excess risk is that of one fit times a "
        "factor that depends on the workflow alone.",
        standing=Standing.CONDITION,
        exact=f"The factor holds as n grows at fixed t; the limits do not commute. Under a window "
        f"of {window} it grows by {shown(float(v[last] - v[last - 1]))} a generation, which says "
        f"nothing of a collapse; at n = {rows} the variance of the unbiased estimator shrinks "
        f"geometrically, to {shown(float(ratio[51]))} of the truth's at generation 51 and "
        f"{shown(float(ratio[last]))} at {last}.",
        caption=f"Sliding window of {window} batches, n = {rows}, unbiased, one dimension",
        columns=("generation", "v (n to infinity)", "E variance"),
        body=[(f"{t:,}", float(v[t]), float(ratio[t])) for t in at],
        formula=r"v_t \sim \frac{4}{(w + 1)^2}\,t",
        source=SECTION,
        command=f"python -m theory gaussian --workflow sliding-window --window {window} "
        f"--n {rows} --dim 1 --ddof 1 --fields trace_ratio --generations {last}",
    )
