"""python -m lm against: what theory explains of measured losses, as a table and in sentences."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lm.losscurve import FINETUNING, PRETRAINING, TABLE, published
from theory.commandline import Table, add_output_options, check_files, panels, write
from theory.growth import Comparison, Verdict, compare
from theory.growth.tables import COLUMNS, read_losses
from theory.growth.words import formula, sentence

HELP = "what theory explains of measured losses: fits of a + b v_t and of other shapes"
EXAMPLES = f"""\
examples:
  python -m lm against
  python -m lm against losses.csv --format csv
  python -m lm against losses.csv --plot losses.png

Without FILE: the published curves. FILE is a CSV with the columns {", ".join(COLUMNS)}
(nats a token on held-out real text; generation 1 is the fit to real data) and, where
they are known, seed, n, n_real, window and budget.
"""

_COLUMNS = (
    "model", "workflow", "points", "seeds", "verdict", "a", "b", "b_error", "left", "rms", "lag",
    "preferred", "gain", "lowest",
)  # fmt: skip


def add_against(commands: Any) -> None:
    """The command `against` among those of python -m lm."""
    parser = commands.add_parser("against", help=HELP, description=HELP, epilog=EXAMPLES)
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a CSV of losses")
    add_output_options(parser)
    parser.set_defaults(act=against)


def against(options: argparse.Namespace) -> int:
    """Do what the options say; returns the exit status."""
    check_files(options)
    found = comparisons(options.file)
    if options.plot is not None:
        _plot(options.plot, [one for one in found if one.verdict is not Verdict.UNTESTED])
    write(table(found), options)
    return 0


def comparisons(path: Path | None = None) -> list[Comparison]:
    """Every curve of a file against theory; None for all published ones.

    Raises:
        ValueError, OSError: as `read_losses`; a curve of one generation.
    """
    if path is not None:
        return [compare(curve) for curve in read_losses(path)]
    return [compare(c) for name in (FINETUNING, PRETRAINING, TABLE) for c in published(name)]


def table(found: Sequence[Comparison]) -> Table:
    """One row a curve; under it what the numbers say, in sentences.

    Example:
        >>> curve = published(PRETRAINING)[0]
        >>> print(table([compare(curve)]).notes[0])
        GPT-2-9M, replace: v_t explains most of it, all but 0.08 %; 1.89 + 0.0945 t^0.969 fits \
better (AICc lower by 3.9)
    """
    rows = [_row(one) for one in found]
    notes = [sentence(one) for one in found if one.verdict is not Verdict.UNTESTED]
    notes += _slopes([one for one in found if one.verdict is not Verdict.UNTESTED])
    if any(one.verdict is Verdict.UNTESTED for one in found):
        notes.append("untested: fewer than five generations; a line through them says nothing")
    notes += [
        "a, b: loss = a + b v_t in nats a token; left: share of the variance that it leaves",
        "h: expected number of models between a training row and the truth",
        "preferred: the shape of the lowest AICc, by the gain over a + b v_t; it counts residuals "
        "as independent, and lag is the correlation of neighbouring ones",
        "lowest: the generation of the lowest loss",
    ]
    return Table(_COLUMNS, rows, {"quantity": "test_cross_entropy"}, tuple(notes))


def _row(found: Comparison) -> tuple[Any, ...]:
    theory, best, curve = found.theory, found.best, found.curve
    tested = found.verdict is not Verdict.UNTESTED
    measured = (theory.slope_error, theory.left, theory.rms, theory.lag_correlation)
    return (
        curve.model, curve.label, len(curve.generations), curve.seeds, found.verdict.value,
        *theory.coefficients, *(measured if tested else (None,) * len(measured)),
        formula(best) if tested else None, theory.aicc - best.aicc if tested else None,
        found.lowest,
    )  # fmt: skip


def _slopes(found: Sequence[Comparison]) -> list[str]:
    """Theory has one b for all workflows of a model: what the curves have."""
    models = dict.fromkeys(one.curve.model for one in found)
    several = {m: [one for one in found if one.curve.model == m] for m in models}
    return [
        f"{model}: theory has one b for all workflows; fitted are "
        + ", ".join(f"{one.theory.slope:.3g} ({one.curve.label})" for one in own)
        for model, own in several.items()
        if len(own) > 1
    ]


def _plot(path: Path, title_of: Sequence[Comparison]) -> None:
    """Losses as points, a + b v_t as a line in its band, the preferred shape dashed."""
    names = [one.curve.name for one in title_of]
    if not names:
        raise ValueError("--plot: no curve has five generations, nothing to draw")
    with panels(path, "Losses against a + b v", names) as axes:
        for place, one in zip(axes, title_of, strict=True):
            t = np.linspace(1, one.curve.generations[-1], 200)
            place.fill_between(t, *one.theory.band(t), alpha=0.25, linewidth=0)
            place.plot(t, one.theory.value(t), label="a + b v")
            if one.best is not one.theory:
                place.plot(t, one.best.value(t), "--", label=formula(one.best))
            place.errorbar(
                one.curve.generations, one.curve.mean, one.curve.std_error, fmt="k.", capsize=2
            )
            place.set_ylabel("nats a token")
            place.legend(fontsize="x-small")
