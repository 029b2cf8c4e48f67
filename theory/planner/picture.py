"""A plan as a picture: the error with what would hold it, and the share of real rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.planner.drift import drift
from theory.planner.plan import Plan

TITLES = ("error, times the first model's", "share of real rows in training")


def draw(error: Any, share: Any, found: Plan) -> None:
    """Onto two axes over rounds: the error beside real data only, and the share of real rows."""
    horizon = found.pipeline.horizon
    t = np.arange(1, horizon + 1)
    error.plot(t, found.error[1:], color="C3", label="this pipeline")
    error.plot(t, found.real_only[1:], color="0.4", linestyle="--", label="real data only")
    error.axhline(found.pipeline.tolerance, color="0.6", linestyle=":", label="tolerated")
    if found.changes and found.changes[0].pipeline.verifier is None:
        best = drift(found.changes[0].pipeline, horizon)
        error.plot(t, best.inflation[1:], color="C0", label="best single change")
        share.plot(t, best.real_share[1:], color="C0")
    share.plot(t, found.real_share[1:], color="C3")
    share.set_ylim(0, 1.05)
    error.set_ylim(bottom=0)
    for axes in (error, share):
        axes.set_xlabel("round")
    error.legend(frameon=False, fontsize="small")
