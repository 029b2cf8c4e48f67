"""A plan for programs: a row a round, everything else as facts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from theory.commandline import Table
from theory.planner.changes import Change
from theory.planner.inverse import Answer
from theory.planner.pipeline import Pipeline
from theory.planner.plan import Plan
from theory.planner.statements import SENSE, Statement
from theory.planner.words import in_short


def as_table(found: Plan) -> Table:
    """A row a round; everything else as facts."""
    columns = ("round", "error", "real_only", "diversity", "real_share")
    series = (found.error, found.real_only, found.spread, found.real_share)
    rows = [(t, *(float(one[t]) for one in series)) for t in range(1, found.pipeline.horizon + 1)]
    facts = {
        "pipeline": _asked(found.pipeline),
        "in_short": in_short(found),
        "sense": SENSE,
        "fate": found.outlook.word,
        "safe": found.safe,
        "limit": found.outlook.limit,
        "rounds_until_tolerance": found.crossed,
        "statements": list(map(_said, found.statements)),
        "changes": list(map(_changed, found.changes)),
        "answers": [_record(one) for one in found.answers],
        "premises": [asdict(one) for one in found.premises],
    }
    return Table(columns, rows, facts)


def _asked(pipeline: Pipeline) -> dict[str, Any]:
    return {**asdict(pipeline), "keep": pipeline.keep.value}


def _said(one: Statement) -> dict[str, Any]:
    return {
        "topic": one.topic, "text": one.text, "value": one.value, "status": one.kind.value,
        "source": one.source,
    }  # fmt: skip


def _changed(one: Change) -> dict[str, Any]:
    return {
        "action": one.action, "extra_cost": one.extra_cost, "at_horizon": one.at_horizon,
        "limit": one.limit, "bounded": one.bounded, "within_tolerance": one.within,
        "status": one.kind.value, "source": one.source,
        "answer": None if one.answer is None else _record(one.answer),
    }  # fmt: skip


def _record(one: Answer) -> dict[str, Any]:
    return {
        "question": one.question, "value": one.value, "attained": one.attained,
        "criterion": one.criterion, "at": one.at, "threshold": one.threshold,
        "beside": [{"value": x, "criterion": y} for x, y in one.beside],
        "status": one.kind.value, "source": one.source,
    }  # fmt: skip
