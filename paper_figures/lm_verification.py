"""Text that a verifier has selected, beside the control: our runs of `stdlib-verified`.

Every round a language model is trained on rows that the last one wrote: 200 rows as they come, or
the best 200 of 800. Three verifiers keep what a model finds most probable that knows 5 %, 30 % or
all of the real training rows; a fourth keeps what a classifier takes for real. Rows, steps, weights
at the start and noise are the same, so differences are paired by seed. No law covers a network
under selection: lines join what was measured.

The runs are data/lm_verification_ours.csv, as `python -m lm show FOLDER --format csv` has them,
with their settings and versions in the .json of that name. By hand: `python -m lm run
stdlib-verified`, and again with `--verify classifier --keep 0.25`, one thread each.

Source: after 2510.16657; loopbound mitigations, section 1, has the same for linear regression.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from paper_figures import captions, dataset, style
from paper_figures.losses import LOSS
from paper_figures.series import Point, Series, panel
from theory.curve import Curve, Kind
from theory.workflow import WorkflowKind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "lm_verification"
TITLE = "Verified text: the likeliest rows speed collapse, those that pass for real slow it"
ALT = (
    "Three panels over eight generations. Cross-entropy on held-out real text: without a "
    "verifier it rises from 3.7 to 4.7, where a classifier chooses to 4.4, where the most "
    "probable rows are kept to between 6.5 and 7.3. Differences to no verifier: with verifiers "
    "that know 30 or 100 % of the real rows they are a little below zero for a round or two and"
    " far above it later; with the classifier first above and from the fourth generation on "
    "below. What verifiers think of the candidates: they become ever more probable to the "
    "verifier that chose among their ancestors."
)
CONTROL, CLASSIFIER = "no verifier", "classifier"
LOSSES, GAIN, SURPRISE = "cross-entropy", "difference to no verifier", "candidates"
SCORE = "candidate_score"
LINEAR = 0.1  # nats a token: the scale of differences is logarithmic beyond
FILE = dataset.FOLDER / f"{NAME}_ours.csv"

Runs = dict[str, dict[int, dict[int, dict[str, float]]]]  # verifier, seed, generation, field


def settings() -> dict[str, Any]:
    """What the committed points must have been read from."""
    return {FILE.name: hashlib.sha256(FILE.read_bytes()).hexdigest()}


def recompute(*, quick: bool = False) -> list[Point]:
    """The points again, from our runs: means over the seeds and their standard errors."""
    found, made = _runs(), []
    for name, seeds in found.items():
        last = min(max(chain) for chain in seeds.values())
        for t in range(1, last + 1):
            own = {seed: chain[t] for seed, chain in seeds.items()}
            made.append(_point(LOSSES, LOSS, name, t, [one[LOSS] for one in own.values()]))
            if name != CONTROL:
                gain = [one[LOSS] - found[CONTROL][seed][t][LOSS] for seed, one in own.items()]
                made.append(_point(GAIN, LOSS, name, t, gain))
            if name not in (CONTROL, CLASSIFIER):
                surprise = [-one[SCORE] for one in own.values()]
                made.append(_point(SURPRISE, SCORE, name, t, surprise))
    return made


def _runs() -> Runs:
    """Every generation of every chain; the label of a chain says which verifier it has."""
    found: Runs = {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if int(row["generation"]):
                fields = {LOSS: float(row["cross_entropy"])}
                if row[SCORE]:
                    fields[SCORE] = float(row[SCORE])
                chain = found.setdefault(name_of(row["workflow"]), {})
                chain.setdefault(int(row["seed"]), {})[int(row["generation"])] = fields
    return {name: found[name] for name in sorted(found, key=_knows)}


def name_of(label: str) -> str:
    """What a chain is called.

    Example:
        >>> name_of("replace-verify-perplexity-keep-0.25-share-0.05"), name_of("replace")
        ('knows 5%', 'no verifier')
    """
    if "verify" not in label:
        return CONTROL
    if "classifier" in label:
        return CLASSIFIER
    share = re.search(r"-share-([\d.]+)", label)
    return f"knows {100 * float(share[1] if share else 1):g}%"


def _knows(name: str) -> float:
    """Sorts the control first and the classifier last."""
    ends = {CONTROL: 0.0, CLASSIFIER: 101.0}
    return ends[name] if name in ends else float(name.split()[1].rstrip("%"))


def _point(panel: str, quantity: str, name: str, t: int, values: Sequence[float]) -> Point:
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return Point(panel, quantity, name, None, None, t, float(np.mean(values)), error, len(values))


def data(points: Sequence[Point] | None = None) -> list[Series]:
    """A line a chain and panel through what was measured."""
    if points is None:
        points = dataset.read(NAME, settings()).points
    found: dict[tuple[Any, ...], list[Point]] = {}
    for point in points:
        found.setdefault(point.key, []).append(point)
    made = []
    for (place, quantity, name, dim, n), own in found.items():
        means = [own[0].simulation, *(p.simulation for p in own)]
        curve = Curve(np.array(means), Kind.PUBLISHED, "measured: no law covers it")
        made.append(
            Series(place, quantity, name, WorkflowKind.REPLACE, dim, n, curve, tuple(own),
                   tuple(p.generation for p in own))
        )  # fmt: skip
    return made


def caption(series: Sequence[Series]) -> str:
    """What lines and bars are, and what they say."""
    said = "; ".join(map(sentence, panel(series, GAIN)))
    return (
        f"A model of 71,000 weights on the topics of Python's manual, trained from random weights "
        f"every generation under replace; generation 1 is the fit to 200 real rows. Without a "
        f"verifier the next fit sees 200 rows that the model wrote, with one the best 200 of 800: "
        f"those that a model finds most probable which was fitted to 5, 30 or 100 % of the 1,760 "
        f"real training rows, or that a classifier, fitted each round to all of these against the "
        f"other candidates, takes for real. a: cross-entropy on held-out real text. b: minus that "
        f"of the control of the same seed, linear within ±{LINEAR:g}: {said}. c: -log probability "
        f"a token that the verifier gives to what the model writes, before selection. Means of "
        f"{captions.runs(series)} a line, bars of {style.BARS:g} standard errors; nothing here is "
        f"theory."
    )


def sentence(line: Series) -> str:
    """The difference after one round, where it is least, and the last one.

    The least of several noisy differences is biased downwards: it describes these runs.
    """
    at, mean, error = line.measured
    best = 1 + int(np.argmin(mean[1:]))
    knows = f"a verifier that {line.label.replace('%', ' %')}"
    return (
        f"{'the classifier' if line.label == CLASSIFIER else knows} changes it by {mean[1]:+.3f} ± "
        f"{error[1]:.3f} at generation {at[1]:g} (least at {at[best]:g}: {mean[best]:+.3f}) and by "
        f"{mean[-1]:+.2f} ± {error[-1]:.2f} at generation {at[-1]:g}"
    )


# --- drawing ------------------------------------------------------------------------------------


def draw(series: Sequence[Series]) -> Figure:
    """The figure: losses, their differences to the control, and what verifiers think."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(style.WIDTH, 2.8))
    titles = {
        LOSSES: ("a  held-out real text", "cross-entropy (nats a token)"),
        GAIN: ("b  minus no verifier", "difference (nats a token)"),
        SURPRISE: ("c  candidates, to the verifier", "−log probability (nats a token)"),
    }
    ends = [
        _panel(place, panel(series, name), *words)
        for place, (name, words) in zip(axes, titles.items(), strict=True)
    ]
    axes[1].axhline(0, color=style.GREY, linewidth=0.7, zorder=1)
    axes[1].set_yscale("symlog", linthresh=LINEAR)
    style.plain_ticks(axes[1].yaxis, (-0.2, -0.1, 0, 0.1, 0.3, 1, 3))
    style.settle(figure)
    for place, labels in zip(axes, ends, strict=True):
        style.end_labels(place, labels, at=place.get_xlim()[1])
    return figure


def _looks(lines: Sequence[Series]) -> dict[str, tuple[str, str]]:
    """Colour and marker by name: the more a verifier knows, the darker."""
    named = [line.label for line in lines if line.label not in (CONTROL, CLASSIFIER)]
    shades = style.shades(WorkflowKind.REPLACE, len(named))
    found = dict(zip(named, zip(shades, style.MARKERS[1:], strict=False), strict=True))
    other = style.COLOURS[WorkflowKind.ACCUMULATE]
    return found | {
        CONTROL: (style.INK, style.MARKERS[0]), CLASSIFIER: (other, style.MARKERS[-1]),
    }  # fmt: skip


def _panel(axes: Axes, lines: Sequence[Series], title: str, ylabel: str) -> style.Ends:
    """Measured means joined by lines."""
    looks = _looks(lines)
    ends: style.Ends = []
    for line in lines:
        at, mean, error = line.measured
        colour, marker = looks[line.label]
        axes.plot(at, mean, color=colour, linewidth=1.0, zorder=2)
        style.errorbars(axes, at, mean, error, colour=colour, marker=marker)
        ends.append((float(mean[-1]), line.label, colour))
    last = int(lines[0].points[-1].generation)
    axes.set(title=title, xlabel="generation", ylabel=ylabel, xlim=(0.7, last + 0.3))
    axes.grid(axis="y")
    style.plain_ticks(axes.xaxis, range(2, last + 1, 2))
    style.plain_ticks(axes.yaxis)
    return ends
