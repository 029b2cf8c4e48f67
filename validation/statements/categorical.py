"""Statements on categories."""

from __future__ import annotations

import math

from theory.categorical import collapse_time, diffusion_collapse_time, uniform
from theory.workflow import Workflow
from validation.statements.statement import Cell, Standing, Statement, shown


def diffusion_time() -> Statement:
    """The diffusion limit of the time to collapse: late by ln(n) / 3 fits."""
    categories = 10
    body: list[tuple[Cell, ...]] = []
    for rows in (10, 100, 1000):
        chain, workflow = uniform(categories), Workflow.replace(rows)
        exact, limit = (
            law(chain, workflow).mean for law in (collapse_time, diffusion_collapse_time)
        )
        body.append((f"{rows:,}", exact, limit, limit - exact, math.log(rows) / 3))
    first, last = float(str(body[0][1])), float(str(body[0][2]))
    return Statement(
        key="diffusion",
        title="The diffusion limit of the time to collapse is late by ln(n) / 3",
        papers=(("Kimura and Ohta, population genetics", ""), ("Suresh et al.", "2412.17646")),
        published="The time until one category is left is taken from the diffusion limit of "
        "population genetics, proportional to the rows a batch.",
        standing=Standing.BOUND,
        exact=f"The exact expected time is shorter: {shown(first)} fits where the limit says "
        f"{shown(last)}, ten categories and ten rows. The gap grows like a third of the logarithm "
        f"of the rows, whatever the probabilities.",
        caption=f"Replace, {categories} equal categories: expected fits until one is left",
        columns=("rows a batch", "exact", "diffusion limit", "too late by", "ln(n) / 3"),
        body=body,
        formula=r"-2 n \sum_i (1 - p_i) \log(1 - p_i) - \frac{\log n}{3} + O(1)",
        source="theory.categorical (loopbound theory, section 6; the gap is new)",
        command=f"python -m theory categorical --workflow replace --n 100 --uniform {categories} "
        f"--fields collapse_time",
    )
