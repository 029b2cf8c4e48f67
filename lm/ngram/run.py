"""One n-gram chain, theory beside simulation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from lm.ngram.free import Free, free
from lm.ngram.held import Held, held
from lm.ngram.model import Alphabet, Rows, Text
from lm.ngram.prediction import prediction
from lm.textstats import TextStatistics
from theory.commandline import Table, sample_generations
from theory.curve import Curve
from theory.growth.losscurve import LossCurve
from theory.workflow import Workflow, whole_number

FloatArray = npt.NDArray[np.float64]

LARGEST = 50  # events of a context whose spectrum is worked out
HELD_OUT = 10  # every so-manieth row
FALSE_FAIL = 1e-6  # of all the tests of one run together, where theory is exact


class Mode(Enum):
    """Who writes the contexts: the real text, or the model."""

    HELD = "held"
    FREE = "free"


@dataclass(frozen=True, eq=False)
class Measured:
    """One quantity over generations, from 0 (held: the truth) or from 1 (free).

    Attributes:
        generations: t of each entry.
        mean: over the replicates.
        std_error: of the mean; 0 for what does not vary.
        theory: the exact curve; None where there is none.
        why_no_theory: the reason; empty where there is one.
    """

    generations: npt.NDArray[np.int64]
    mean: FloatArray
    std_error: FloatArray
    theory: Curve | None
    why_no_theory: str

    @property
    def z(self) -> FloatArray:
        """(simulation - theory) / standard error of the fits that vary, axis (fit,)."""
        if self.theory is None:
            return np.zeros(0)
        gap = self.mean - self.theory.values[self.generations]
        varies = self.std_error > 0
        return np.asarray(gap[varies] / self.std_error[varies])


@dataclass(frozen=True, eq=False)
class NgramRun:
    """A chain that was run.

    Attributes:
        mode: who writes the contexts.
        workflow: who trains on what.
        replicates: independent chains.
        facts: what text, model and seed, in plain values.
        fields: quantities by name.
        losses: cross-entropy of held-out text, axes (replicate, generation - 1).
        text: statistics of what replicate 0 wrote, by generation from 1; empty in held mode.
    """

    mode: Mode
    workflow: Workflow
    replicates: int
    facts: dict[str, Any]
    fields: dict[str, Measured]
    losses: FloatArray
    text: tuple[TextStatistics, ...]

    @property
    def loss_curve(self) -> LossCurve:
        """The losses for `theory.growth`."""
        t = np.arange(1, self.losses.shape[1] + 1)
        name = f"{self.facts['order']}-gram, contexts {self.mode.value}"
        return LossCurve(name, self.workflow.kind.value, self.workflow, t, self.losses)

    @property
    def farthest(self) -> tuple[float, float]:
        """(largest |z| of what theory gives exactly, what it may be).

        With R replicates Student's quantile at FALSE_FAIL over the number of tests, two-sided: if
        theory is right the first exceeds the second in one of a million runs. 0 without a test.
        """
        from scipy.special import stdtrit

        z = np.concatenate([np.abs(one.z) for one in self.fields.values()])
        if not len(z):
            return 0.0, 0.0
        limit = stdtrit(self.replicates - 1, 1 - FALSE_FAIL / (2 * len(z)))
        return float(z.max()), float(limit)


def run(
    rows: Rows,
    workflow: Workflow,
    generations: int,
    *,
    mode: Mode,
    vocabulary: int,
    order: int = 2,
    seed: int = 0,
    replicates: int = 30,
    smoothing: float = 0.1,
    alpha: float = 0.0,
    largest: int = LARGEST,
) -> NgramRun:
    """The chain of an n-gram model on rows of token ids, simulated, with theory where it is exact.

    Every tenth row is held out; of the others batch 0 takes the first ones. Held contexts: those
    of that batch are the text, and its n-gram model the truth from which batch 0 is drawn, too.
    Free: batch 0 is the real rows themselves.

    Args:
        rows: real rows.
        workflow: who trains on what; sizes are rows. Held: multiples of the real rows' number.
        generations: fits, T.
        mode: who writes the contexts.
        vocabulary: ids are below.
        order: 1 for a model of single tokens, 2 for pairs, and so on.
        seed: of the run.
        replicates: independent chains, at least 2.
        smoothing: alpha of the held-out cross-entropy.
        alpha: of the model that writes; free mode only.
        largest: held mode: contexts with more events are left out of survivors and entropy.

    Raises:
        ValueError: a value out of range, quoted; too few rows; alpha with held contexts.
    """
    whole_number("replicates", replicates, minimum=2)
    for name, value, least in (("smoothing", smoothing, "> 0"), ("alpha", alpha, ">= 0")):
        if not (0 <= value < np.inf and (value or least == ">= 0")):
            raise ValueError(f"{name} must be finite and {least}, got {value!r}")
    alphabet = Alphabet(order, vocabulary)
    kept: Rows = [row for i, row in enumerate(rows) if i % HELD_OUT != HELD_OUT - 1]
    first = workflow.real_rows(1)
    if len(rows) < HELD_OUT or first > len(kept):
        raise ValueError(f"{workflow} needs {first} real rows and one held out, got {len(rows)}")
    held_out = Text.of(rows[HELD_OUT - 1 :: HELD_OUT], alphabet)
    facts = {
        "order": order, "vocabulary": vocabulary, "rows": first, "held_out_rows": held_out.rows,
        "generations": generations, "seed": seed, "smoothing": smoothing, "alpha": alpha,
        "sha256": _digest(rows),
    }  # fmt: skip
    if mode is Mode.HELD:
        if alpha:
            raise ValueError(f"alpha must be 0 where contexts are held, got {alpha!r}")
        text = Text.of(kept[:first], alphabet)
        real = Held(text, held_out, largest, smoothing)
        return _held(real, workflow, generations, seed, replicates, facts)
    started = Free(Text.of(kept, alphabet), kept, held_out, smoothing, alpha)
    found, wrote = free(started, workflow, generations, seed=seed, replicates=replicates)
    absent = dict.fromkeys(found, "no law is known of a model that writes its own contexts")
    fields = {name: _measured(runs, 1, None, absent[name]) for name, runs in found.items()}
    return NgramRun(
        mode, workflow, replicates, facts, fields, found["cross_entropy"], tuple(wrote)
    )  # fmt: skip


def _held(
    real: Held,
    workflow: Workflow,
    generations: int,
    seed: int,
    replicates: int,
    facts: dict[str, Any],
) -> NgramRun:
    found = held(real, workflow, generations, seed=seed, replicates=replicates)
    known, absent = prediction(real, workflow, generations)
    facts |= {
        "events": int(real.rows.sum()), "contexts": len(real.rows), "pairs": len(real.shares),
        "entropy_of_truth": real.truth.entropy, "largest": real.largest, "covered": real.covered,
    }  # fmt: skip
    fields = {
        name: _measured(runs, 0, known.get(name), absent.get(name, ""))
        for name, runs in found.items()
    }
    losses = found["cross_entropy"][:, 1:]
    return NgramRun(Mode.HELD, workflow, replicates, facts, fields, losses, ())


def _measured(runs: FloatArray, first: int, theory: Curve | None, why: str) -> Measured:
    error = runs.std(axis=0, ddof=1) / np.sqrt(len(runs))
    spread = np.ptp(runs, axis=0) > 0
    t = np.arange(first, first + runs.shape[1])
    return Measured(t, runs.mean(axis=0), np.where(spread, error, 0.0), theory, why)


def _digest(rows: Rows) -> str:
    """sha256 of the rows, row after row, as 64-bit numbers with a -1 behind each."""
    whole = hashlib.sha256()
    for row in rows:
        whole.update(np.append(np.asarray(row, dtype=np.int64), -1).astype("<i8").tobytes())
    return whole.hexdigest()


def table(found: NgramRun) -> Table:
    """One row a generation; for a field with theory its value, the simulation and the error."""
    columns, cells = ["generation"], []
    last = found.losses.shape[1]
    for name, one in found.fields.items():
        columns += [name] * (one.theory is not None)
        columns += [f"{name}_simulated", f"{name}_error"]
    begin = min(int(one.generations[0]) for one in found.fields.values())
    for t in range(begin, last + 1):
        row: list[Any] = [t]
        for one in found.fields.values():
            at = t - int(one.generations[0])
            if one.theory is not None:
                row.append(float(one.theory[t]))
            row += [float(one.mean[at]), float(one.std_error[at])] if at >= 0 else [None, None]
        cells.append(tuple(row))
    shown = [t - begin for t in sample_generations(last) if t >= begin]
    return Table(tuple(columns), cells, _facts(found), _notes(found), shown)


def _facts(found: NgramRun) -> dict[str, Any]:
    farthest, limit = found.farthest
    tested = {"farthest": farthest, "limit": limit} if limit else {}
    return {
        "mode": found.mode.value,
        "workflow": str(found.workflow),
        "replicates": found.replicates,
        **found.facts,
        **tested,
    }


def _notes(found: NgramRun) -> tuple[str, ...]:
    facts = found.facts
    notes = [
        f"{facts['order']}-gram, contexts {found.mode.value}, {found.workflow}, "
        f"{found.replicates} chains; cross_entropy: {facts['held_out_rows']} real rows held out, "
        f"add-{facts['smoothing']:g}, nats a token"
    ]
    if found.mode is Mode.HELD:
        farthest, limit = found.farthest
        notes += [
            f"truth: {facts['contexts']:,} contexts, {facts['events']:,} events, entropy "
            f"{facts['entropy_of_truth']:.4g}; survivors and entropy are of contexts with at most "
            f"{facts['largest']} events, {100 * facts['covered']:.0f} % of them",
            f"simulation and exact theory: farthest {farthest:.2f} standard errors, "
            f"{'agrees' if farthest <= limit else 'DISAGREES'} (limit {limit:.2f}, exceeded by "
            f"chance in {FALSE_FAIL:g} of runs)",
        ]
    reasons = {one.why_no_theory for one in found.fields.values() if one.why_no_theory}
    return (*notes, *sorted(f"no theory where none is shown: {why}" for why in reasons))
