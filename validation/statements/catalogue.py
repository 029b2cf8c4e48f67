"""The statements, in the order of the report."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from validation.statements import categorical, gaussian, kde, language, regression
from validation.statements.statement import Statement, as_page

STATEMENTS: tuple[Callable[[], Statement], ...] = (
    gaussian.subsample,
    regression.pi_squared_over_six,
    gaussian.wasserstein,
    kde.no_schedule_saves_replace,
    kde.blobs,
    language.steps,
    regression.subsample,
    gaussian.three_meanings,
    gaussian.low_temperature,
    gaussian.limits_do_not_commute,
    categorical.diffusion_time,
)


@cache
def written(number: int) -> dict[str, Any]:
    """The page of the statement at that place, each number computed now; if it fails, why."""
    build = STATEMENTS[number]
    try:
        return as_page(build())
    except Exception as problem:  # the verdicts do not depend on a statement
        name = f"{build.__module__.rsplit('.', 1)[-1]}-{build.__name__}"
        title = name.replace("_", " ")
        return {"id": f"statement-{name}", "title": title, "judgement": "", "failed": str(problem)}
