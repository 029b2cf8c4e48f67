"""Statements on linear regression."""

from __future__ import annotations

import math

from theory.regression import RegressionChain, curves, infinite_mean_from, subsample_growth
from theory.workflow import Workflow
from validation.statements.gaussian import GERSTGRASSER, KAZDAN
from validation.statements.statement import Cell, Standing, Statement, shown


def pi_squared_over_six() -> Statement:
    """Accumulate: the published constant is attained for one design only."""
    rows, noise = 100, 1.0
    body: list[tuple[Cell, ...]] = []
    for dim in (1, 10, 50, 90):
        found: list[float] = []
        for design in ("reused", "fresh"):
            known = curves(RegressionChain(dim, noise, design=design), Workflow.accumulate(rows), 1)
            error = known.excess_test_error
            assert error.limit is not None
            found.append(error.limit / float(error[1]))
        body.append((f"{dim}", dim / rows, *found, math.pi**2 / 6))
    least, most = (float(str(body[i][3])) for i in (-1, 0))
    return Statement(
        key="pi-squared",
        title="Pi squared over six is the value for one design, a strict bound for new data",
        papers=(GERSTGRASSER,),
        published="Under accumulate the test error of regression stays below pi squared over six "
        "(1.645) times that of the first fit.",
        standing=Standing.BOUND,
        exact=f"Attained in the limit if every generation labels the same rows. If each draws new "
        f"rows it is strictly smaller: between {shown(least)} and {shown(most)} times the first "
        f"fit's error for the numbers of features below; the closer they come to the rows, the "
        f"less accumulating costs.",
        caption=f"Limit of the excess test error over generation 1's, n = {rows} rows a batch",
        columns=("features", "features / rows", "same rows", "new rows", "published bound"),
        body=body,
        formula=r"\frac{1 - \phi}{\phi}\,(\psi(1) - \psi(1 - \phi)) < \frac{\pi^2}{6}, "
        r"\quad \phi = d/n",
        source="theory.regression (loopbound theory, section 4)",
        command=f"python -m theory regression --workflow accumulate --n {rows} --dim 50 "
        f"--design fresh --generations 50",
    )


def subsample() -> Statement:
    """Accumulate-subsample: bounded given the designs, infinite in the mean over them."""
    body: list[tuple[Cell, ...]] = []
    for dim, budget in ((1, 3), (10, 20), (10, 21), (10, 32), (20, 32), (20, 64)):
        chain, workflow = RegressionChain(dim), Workflow.accumulate_subsample(32, budget=budget)
        growth, start = subsample_growth(dim, budget), infinite_mean_from(chain, workflow)
        fate = "bounded" if growth < 1 else f"grows like t^{shown(growth - 1)}"
        mean = "bounded" if start is None else f"infinite from generation {start}"
        body.append((f"d = {dim}, m = {budget}", growth, fate, mean))
    return Statement(
        key="regression-subsample",
        title="A budget of 2d + 1 rows keeps almost every run bounded, and no mean",
        papers=(KAZDAN,),
        published="Regression on a fixed budget of all data so far levels off, by experiment; "
        "loopbound's own theory reference argued, without a proof, that the mean error is bounded "
        "if and only if the budget m is at least 2d + 1 rows.",
        standing=Standing.CONDITION,
        exact="Proved given the rows that were drawn: c below one, which is m at least 2d + 1, "
        "keeps the error bounded for almost every design. Over all designs the mean error is "
        "infinite from some generation on, whatever the budget, in two or more dimensions: rare "
        "draws pick the same rows again and again. What a run sees has quantiles, not a mean.",
        caption="New rows each batch, n = 32, budget m without replacement",
        columns=("features, budget", "c", "given the designs", "mean over designs"),
        body=body,
        formula=r"c = \frac{(m - 2)(d + 2)}{(m + 2)(m - d - 1)}",
        source="theory.regression.subsample_growth and infinite_mean_from "
        "(docs/subsample_threshold.md, theorems 1 and 4)",
        command="python -m theory derive regression accumulate-subsample",
    )
