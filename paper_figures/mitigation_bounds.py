"""What papers on the ways out of drift bound or state, beside the exact values of `theory`.

Recursions of probabilities or covariances, without a workflow to simulate: lines only. Validation
claims the exact values against Monte Carlo.

Source: 2407.09499, 2412.14689, 2310.00429, 2502.18865, each as its part of `theory` quotes it.
"""

from __future__ import annotations

from dataclasses import dataclass

from paper_figures.series import FloatArray
from theory import curation, editing, stability
from theory.curation import CuratedChain
from theory.editing import EditedChain, cosine_design, disjoint
from theory.record import Record
from theory.stability import FixedReal, Probe
from theory.workflow import WorkflowKind

REWARDED = ((0.6, 0.3, 0.1), (0.0, 0.5, 1.0))  # reference and rewards of three categories
WEIGHTS = (0.1, 0.3, 0.9)  # of winners of two draws, against one of the reference
TABLE = (400, 10)  # rows and features of an edited table
EDITED = (0.25, 0.5, 1.0)  # share of its rows that is edited in all, each row once
RATIOS = ((10, 1), (10, 2), (10, 4))  # real and synthetic rows
PUSH = 0.1  # L eps/alpha: how far the likelihood is from quadratic
SHARES = (0.1, 0.5, 0.9)  # of the real mean in a fit


@dataclass(frozen=True, eq=False)
class Line:
    """Exact values and their bound, axis (generation,), from generation 1 on.

    Attributes:
        label: which chain of the panel.
        exact: the exact values.
        bound: what the paper prints.
    """

    label: str
    exact: FloatArray
    bound: FloatArray


@dataclass(frozen=True, eq=False)
class Statement:
    """A panel: one printed statement.

    Attributes:
        title: what is bounded, in a few words.
        source: arXiv number.
        upper: True if the bound is above.
        kind: of the training sets; it selects the colour.
        lines: of the panel.
        ticks: of the y axis.
        log: whether it is a log scale.
    """

    title: str
    source: str
    upper: bool
    kind: WorkflowKind
    lines: tuple[Line, ...]
    ticks: tuple[float, ...]
    log: bool = False


def statements(generations: int) -> tuple[Statement, ...]:
    """The panels, over generations 1..T."""
    return (
        Statement(
            "KL, curation", "2407.09499", True, WorkflowKind.FRESH,
            tuple(_line(f"λ = {w:g}", found, "divergence", "divergence_upper")
                  for w, found in _curated(generations)), (1, 10, 100, 1000),
            log=True,
        ),
        Statement(
            "reward, curation", "2407.09499", False, WorkflowKind.FRESH,
            tuple(_gain(f"λ = {w:g}", found) for w, found in _curated(generations)), (1, 5, 10),
        ),
        Statement(
            "twice one fit, edits", "2412.14689", True, WorkflowKind.CUSTOM,
            tuple(_line(f"{share:.0%} edited".replace("%", " %"), _edited(share, generations),
                        "test_error", "test_error_published") for share in EDITED),
            (0.5, 1, 1.5, 2),
        ),
        Statement(
            "rate, fixed real set", "2310.00429", True, WorkflowKind.ANCHORED,
            tuple(_line(f"λ = {written / real:g}",
                        stability.curves(FixedReal(real, written, PUSH), generations),
                        "distance", "distance_upper") for real, written in RATIOS),
            (1, 100, 10_000, 1_000_000), log=True,
        ),
        Statement(
            "shape, stability", "2502.18865", True, WorkflowKind.ANCHORED,
            tuple(_line(f"{share:.0%} real".replace("%", " %"),
                        stability.probe_curves(Probe(100, 100, share), generations),
                        "exact_shape", "published_shape") for share in SHARES),
            (1, 1.2, 1.4, 1.6, 1.8),
        ),
    )  # fmt: skip


def _curated(generations: int) -> list[tuple[float, Record]]:
    return [(w, curation.curves(CuratedChain(*REWARDED, 2, w), generations)) for w in WEIGHTS]


def _edited(share: float, generations: int) -> Record:
    """The fit to real labels and `generations` - 1 edits, disjoint and of one size."""
    rows, dim = TABLE
    masks = disjoint(rows, generations - 1, share)
    return editing.curves(EditedChain(cosine_design(rows, dim), masks))


def _line(label: str, found: Record, exact: str, bound: str) -> Line:
    return Line(label, found[exact].values[1:], found[bound].values[1:])


def _gain(label: str, found: Record) -> Line:
    """The mean of e^r above that of the reference."""
    exact, bound = (found[name].values for name in ("expected_weight", "expected_weight_lower"))
    return Line(label, exact[1:] - exact[0], bound[1:] - exact[0])
