"""python -m theory plan --fit FILE: what measured losses follow, and where they go."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from theory.commandline import Table, panels, write, write_out
from theory.growth.comparison import Comparison, compare
from theory.growth.losscurve import LossCurve
from theory.growth.tables import names_workflows, read_losses, read_measured
from theory.planner.fit import LEVEL, forecasts, told
from theory.planner.named import pipeline_of
from theory.planner.pipeline import LONGEST


def answer_fits(options: argparse.Namespace, given: dict[str, Any]) -> int:
    """The curves of --fit FILE: sentences and a row for each shape."""
    found = [compare(curve) for curve in _curves(options.fit, given)]
    horizons = [_until(one, given) for one in found]
    said = [told(one, horizon) for one, horizon in zip(found, horizons, strict=True)]
    table = Table(_COLUMNS, _rows(found, horizons), {"told": said, "level": LEVEL}, _NOTES)
    if options.format == "table":
        sentences = "\n".join(textwrap.fill(one, 100, subsequent_indent="  ") for one in said)
        write_out(f"{sentences}\n\n{table.as_text()}", options)
    else:
        write(table, options)
    if options.plot is not None:
        _plot_fits(options.plot, found, horizons)
    return 0


_COLUMNS = (
    "model", "workflow", "shape", "formula", "b", "b_error", "behind", "generation", "forecast",
    "lower", "upper",
)  # fmt: skip
_NOTES = (
    "shape: inflation is theory's a + b v_t, asymptotic (loopbound theory, section 3); the others "
    "have no theory",
    "behind: AICc above the best shape's; 2 and less is no difference",
    f"lower, upper: {LEVEL:.0%} band of the fitted line, by least squares, if the shape is right",
)


def _rows(found: list[Comparison], horizons: list[int]) -> list[tuple[Any, ...]]:
    """One for each curve and shape, the best shape of a curve first."""
    return [
        (one.curve.model, one.curve.label, line.shape.value, line.formula, line.slope,
         line.slope_error, line.behind, horizon, line.value, line.lower, line.upper)
        for one, horizon in zip(found, horizons, strict=True)
        for line in forecasts(one, horizon)
    ]  # fmt: skip


def _curves(path: Path, given: dict[str, Any]) -> list[LossCurve]:
    """The curves of a file, whose workflow is in it or is the pipeline's."""
    if names_workflows(path):
        if given.keys() - {"horizon"}:
            key = sorted(given.keys() - {"horizon"})[0]
            raise ValueError(f"{str(path)!r} names its workflows: leave out {key}={given[key]!r}")
        return read_losses(path)
    if "keep" not in given:
        raise ValueError(
            f"{str(path)!r} has no column 'workflow': say --keep everything, last or latest, "
            f"and --real and --synthetic where they differ"
        )
    pipeline = pipeline_of({"real": 100, "synthetic": 100, **given})
    if pipeline.workflow is None:
        raise ValueError(
            "--fit takes a pipeline that is a plain workflow: rounds kept, with the same real "
            "rows for ever or as many new ones a round as at first"
        )
    return read_measured(path, pipeline.workflow)


def _until(found: Comparison, given: dict[str, Any]) -> int:
    """The generation of the forecast: the horizon asked for, or twice as far as measured."""
    last = int(found.curve.generations[-1])
    horizon = given.get("horizon", 2 * last)
    if horizon > LONGEST or horizon < 1:
        raise ValueError(f"horizon must be in 1..{LONGEST} generations, got {horizon}")
    return int(horizon)


def _plot_fits(path: Path, found: list[Comparison], horizons: list[int]) -> None:
    """Losses as points, the shapes as lines to the horizon, the best one in its band."""
    with panels(path, "Measured losses and forecasts", [one.curve.name for one in found]) as shown:
        for panel, one, horizon in zip(shown, found, horizons, strict=True):
            t = np.linspace(1, max(horizon, 2), 200)
            for i, line in enumerate(forecasts(one, horizon)):
                fitted = one.fits[line.shape]
                style = "-" if i == 0 else "--"
                (drawn,) = panel.plot(t, fitted.value(t), style, label=line.shape.value)
                if i == 0 and fitted.freedom > 0:
                    panel.fill_between(t, *fitted.band(t), color=drawn.get_color(), alpha=0.2)
            panel.plot(one.curve.generations, one.curve.mean, "k.", label="measured")
            panel.set_ylabel("loss")
            panel.legend(frameon=False, fontsize="x-small")
