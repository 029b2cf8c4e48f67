"""Who trains on what: the one description of a workflow that every engine reads.

A chain alternates two steps. *Fit* t = 1, 2, ... trains model t on rows from earlier batches;
then model t writes synthetic batch t. Batch 0 is real. A `Workflow` says which batches a fit
sees, with which weights, and how many rows each batch has. It knows nothing of the model.

    replace               the last batch only
    accumulate            every batch so far
    accumulate_subsample  a budget of rows drawn uniformly from every batch so far
    sliding_window        the last `window` batches (the real one leaves as any other)
    anchored              the real batch, kept for ever, and the last synthetic batch
    fresh                 newly drawn real rows each generation, and the last synthetic batch
    custom                any row-stochastic weights over the batches so far

Engines that keep running statistics do not want T weights a generation. Apart from `custom`,
every workflow needs only a few *slots*: a new batch overwrites its slot or merges into it, and a
fit weighs the slots by their `mass` (rows, unless the workflow is weighted).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Weights = Callable[[int], npt.ArrayLike]


class UnsupportedWorkflow(ValueError, AttributeError):  # noqa: N818 (a public name users catch)
    """A quantity is asked for where no result is known: says which, where, and what does work."""


class WorkflowKind(Enum):
    """The seven constructors of `Workflow`, by their command-line names."""

    REPLACE = "replace"
    ACCUMULATE = "accumulate"
    ACCUMULATE_SUBSAMPLE = "accumulate-subsample"
    SLIDING_WINDOW = "sliding-window"
    ANCHORED = "anchored"
    FRESH = "fresh"
    CUSTOM = "custom"


FOREVER = 10**9  # generations: a window or a budget is outgrown by then
_POOLING = (WorkflowKind.ACCUMULATE, WorkflowKind.ACCUMULATE_SUBSAMPLE)
_WITH_REAL_SLOT = (WorkflowKind.ANCHORED, WorkflowKind.FRESH)


def whole_number(name: str, value: object, minimum: int = 1) -> int:
    """`value` as an int of at least `minimum`, or a ValueError that quotes it."""
    if isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= minimum:
        return int(value)
    raise ValueError(f"{name} must be a whole number >= {minimum}, got {value!r}")


def share(name: str, value: object) -> float:
    """`value` as a float in (0, 1], or a ValueError that quotes it."""
    if isinstance(value, int | float | np.number) and 0 < value <= 1:
        return float(value)
    raise ValueError(f"{name} must be in (0, 1], got {value!r}")


def _schedule(n: int | Sequence[int]) -> tuple[int, ...]:
    """Rows per batch as a tuple whose last value repeats."""
    if isinstance(n, tuple | list):
        if not n:
            raise ValueError(f"n must have at least one entry, got {n!r}")
        entries = tuple(whole_number("n", value) for value in n)
        while len(entries) > 1 and entries[-1] == entries[-2]:
            entries = entries[:-1]
        return entries
    return (whole_number("n", n),)


@dataclass(frozen=True)
class Workflow:
    """How training sets are formed, generation by generation. Use the constructors.

    n is the number of rows a batch: an int, or a schedule n_0, n_1, ... whose last value repeats
    (batch s has n_s rows). For `anchored` and `fresh` the real batch has n_real rows, entry s
    sizes synthetic batch s and entry 0 is unused.

    Example:
        >>> workflow = Workflow.accumulate(100)
        >>> workflow.pool_size(3), workflow.real_fraction(3)
        (300, 0.3333333333333333)
        >>> Workflow.accumulate_subsample(100).train_size(3)
        100
    """

    kind: WorkflowKind
    schedule: tuple[int, ...]
    budget: int | None = None
    replacement: bool = False
    window: int | None = None
    n_real: int | None = None
    weight: float | None = None
    custom_weights: Weights | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schedule", _schedule(self.schedule))
        for name in ("budget", "window", "n_real"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole_number(name, getattr(self, name)))
        if self.weight is not None:
            object.__setattr__(self, "weight", share("weight", self.weight))
        if self.kind is WorkflowKind.CUSTOM and not callable(self.custom_weights):
            raise ValueError(
                f"weights must be a function of the generation, got {self.custom_weights!r}"
            )

    @classmethod
    def replace(cls, n: int | Sequence[int]) -> Self:
        """Train on the last batch only."""
        return cls(WorkflowKind.REPLACE, _schedule(n))

    @classmethod
    def accumulate(cls, n: int | Sequence[int]) -> Self:
        """Train on every batch so far, real and synthetic."""
        return cls(WorkflowKind.ACCUMULATE, _schedule(n))

    @classmethod
    def accumulate_subsample(
        cls, n: int | Sequence[int], budget: int | None = None, replacement: bool = False
    ) -> Self:
        """Pool every batch, train on `budget` rows drawn uniformly, afresh each generation.

        The budget defaults to the size of synthetic batch 1. Without replacement a budget of at
        least the pool trains on all of it.
        """
        schedule = _schedule(n)
        rows = schedule[min(1, len(schedule) - 1)] if budget is None else budget
        kind = WorkflowKind.ACCUMULATE_SUBSAMPLE
        return cls(kind, schedule, budget=rows, replacement=bool(replacement))

    @classmethod
    def sliding_window(cls, n: int | Sequence[int], window: int) -> Self:
        """Train on the last `window` batches; the real batch counts as one and leaves."""
        whole_number("window", window)
        return cls(WorkflowKind.SLIDING_WINDOW, _schedule(n), window=window)

    @classmethod
    def anchored(cls, n_real: int, n: int | Sequence[int]) -> Self:
        """Train on `n_real` real rows, the same for ever, and the last synthetic batch."""
        whole_number("n_real", n_real)
        return cls(WorkflowKind.ANCHORED, _schedule(n), n_real=n_real)

    @classmethod
    def fresh(cls, n_real: int, n: int | Sequence[int], weight: float | None = None) -> Self:
        """Train on `n_real` newly drawn real rows and the last synthetic batch.

        Generation 1 trains on real rows only. `weight` in (0, 1] is the total weight of the real
        rows from generation 2 on; None pools the rows. A weighted fit needs ddof = 0.
        """
        whole_number("n_real", n_real)
        return cls(WorkflowKind.FRESH, _schedule(n), n_real=n_real, weight=weight)

    @classmethod
    def custom(cls, n: int | Sequence[int], weights: Weights) -> Self:
        """Train with `weights(t)`, a row of t non-negative numbers that sum to one.

        Entry b is the total weight of batch b at fit t; batch b has n_b rows. For T generations
        theory needs 8 T^2 bytes and time T^2 where each row is the last one rescaled plus a few
        changes, T^3 / 3 flops otherwise.
        """
        return cls(WorkflowKind.CUSTOM, _schedule(n), custom_weights=weights)

    @classmethod
    def parse(
        cls,
        name: str,
        *,
        n: int | Sequence[int],
        n_real: int | None = None,
        window: int | None = None,
        budget: int | None = None,
        replacement: bool = False,
        weight: float | None = None,
    ) -> Self:
        """The workflow of that name, '-' and '_' alike; refuses options it would not use."""
        try:
            kind = WorkflowKind(name.replace("_", "-"))
        except ValueError:
            kind = WorkflowKind.CUSTOM
        if kind is WorkflowKind.CUSTOM:
            names = ", ".join(k.value for k in WorkflowKind if k is not WorkflowKind.CUSTOM)
            raise ValueError(f"unknown workflow {name!r}: choose from {names}")
        given = {"n_real": n_real, "window": window, "budget": budget, "weight": weight}
        given["replacement"] = replacement or None
        used = {
            WorkflowKind.ACCUMULATE_SUBSAMPLE: {"budget", "replacement"},
            WorkflowKind.SLIDING_WINDOW: {"window"},
            WorkflowKind.ANCHORED: {"n_real"},
            WorkflowKind.FRESH: {"n_real", "weight"},
        }.get(kind, set())
        for option, value in given.items():
            if value is not None and option not in used:
                raise ValueError(f"{kind.value} takes no {option}, got {option}={value!r}")
        options = {option: value for option, value in given.items() if value is not None}
        for option in used & {"window", "n_real"} - options.keys():
            raise ValueError(f"{kind.value} needs {option}, got none")
        constructor: Callable[..., Self] = getattr(cls, kind.name.lower())
        return constructor(n=n, **options)

    def __str__(self) -> str:
        rows = ",".join(map(str, self.schedule)) + (",..." if len(self.schedule) > 1 else "")
        parts = [f"n={rows}"]
        for name in ("n_real", "window", "budget", "weight"):
            if getattr(self, name) is not None:
                parts.append(f"{name}={getattr(self, name)}")
        if self.replacement:
            parts.append("with replacement")
        return f"{self.kind.value} ({', '.join(parts)})"

    # --- batches -------------------------------------------------------------------------------

    def synthetic_rows(self, t: int) -> int:
        """Rows of synthetic batch t >= 1, drawn from model t."""
        return self.schedule[min(whole_number("t", t), len(self.schedule) - 1)]

    def real_rows(self, t: int) -> int:
        """Rows of the real batch that arrives just before fit t; 0 where none does."""
        first = self.n_real if self.n_real is not None else self.schedule[0]
        return first if whole_number("t", t) == 1 or self.kind is WorkflowKind.FRESH else 0

    def _rows_before(self, t: int) -> int:
        """n_0 + ... + n_{t-1} of the schedule."""
        tail = max(t - len(self.schedule), 0) * self.schedule[-1]
        return sum(self.schedule[:t]) + tail

    def batches(self, t: int) -> int:
        """Batches that exist at fit t: t, or 2 t - 1 where real rows arrive each generation."""
        return 2 * t - 1 if self.kind is WorkflowKind.FRESH else t

    def batch_rows(self, batch: int) -> int:
        """Rows of a batch, counted in order of creation from the real batch 0."""
        if batch == 0:
            return self.real_rows(1)
        if self.kind is not WorkflowKind.FRESH:
            return self.synthetic_rows(batch)
        return self.synthetic_rows((batch + 1) // 2) if batch % 2 else self.real_rows(2)

    def _pool(self, t: int) -> list[int]:
        """Batches fit t draws on, in order of creation (`custom`: those of positive weight)."""
        last = self.batches(t) - 1
        match self.kind:
            case WorkflowKind.REPLACE:
                return [last]
            case WorkflowKind.SLIDING_WINDOW:
                return list(range(max(0, t - (self.window or 1)), t))
            case WorkflowKind.ANCHORED:
                return [0] if t == 1 else [0, last]
            case WorkflowKind.FRESH:
                return [0] if t == 1 else [last - 1, last]
            case WorkflowKind.CUSTOM:
                return [int(b) for b in np.flatnonzero(self.custom_row(t) > 0)]
        return list(range(t))

    def until(self, generations: int) -> WorkflowKind:
        """The kind it coincides with over so many generations.

        A window of one batch is replace; a window, or a budget drawn without replacement, that no
        pool outgrows is accumulate.
        """
        if self.window == 1:
            return WorkflowKind.REPLACE
        grows = (self.window or 0) >= generations
        if self.budget is not None and not self.replacement:
            grows = self.budget >= self.pool_size(generations)
        return WorkflowKind.ACCUMULATE if grows else self.kind

    # --- what a fit sees -----------------------------------------------------------------------

    def pool_size(self, t: int) -> int:
        """Rows fit t may draw on."""
        whole_number("t", t)
        if self.kind in _POOLING:
            return self._rows_before(t)
        if self.kind is WorkflowKind.SLIDING_WINDOW:
            return self._rows_before(t) - self._rows_before(max(0, t - (self.window or 1)))
        if self.kind is WorkflowKind.CUSTOM:
            return self.rows_seen(self.custom_row(t))
        return sum(self.batch_rows(b) for b in self._pool(t))

    def rows_seen(self, row: npt.NDArray[Any]) -> int:
        """Rows of the batches that a `custom` row of weights does not leave out."""
        return int(np.take(self.schedule, np.flatnonzero(row > 0), mode="clip").sum())

    def train_size(self, t: int) -> int:
        """Rows fit t trains on, repeats counted."""
        return self.sample_size(self.pool_size(t))

    def sample_size(self, pool: int) -> int:
        """Rows a fit takes from a pool of so many, repeats counted."""
        if self.budget is None:
            return pool
        return self.budget if self.replacement else min(self.budget, pool)

    def weights(self, t: int) -> npt.NDArray[np.float64]:
        """Expected weight of each batch at fit t, axis (batch,), in order of creation."""
        whole_number("t", t)
        if self.kind is WorkflowKind.CUSTOM:
            return self.custom_row(t).astype(np.float64)
        row = np.zeros(self.batches(t))
        pool = self._pool(t)
        if self.weight is not None and t > 1:
            row[pool] = 1 - self.weight, self.weight
        else:
            row[pool] = [self.batch_rows(b) for b in pool]
        normalised: npt.NDArray[np.float64] = row / row.sum()
        return normalised

    def real_fraction(self, t: int) -> float:
        """Expected weight on real rows at fit t."""
        if self.kind in _POOLING:
            return self.schedule[0] / self._rows_before(whole_number("t", t))
        row = self.weights(t)
        real = slice(0, None, 2) if self.kind is WorkflowKind.FRESH else slice(0, 1)
        return float(row[real].sum())

    def draw(self, t: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """One training set of fit t as pairs, axes (row, [batch, row in batch]).

        Only `accumulate_subsample` uses the generator; elsewhere the set is every row of the
        batches in the pool, in order. A row of batch b carries weight `weights(t)[b] / n_b`.
        """
        pool = self._pool(whole_number("t", t))
        sizes = np.array([self.batch_rows(b) for b in pool], dtype=np.int64)
        starts = np.cumsum(sizes) - sizes
        total = int(sizes.sum())
        flat = np.arange(total)
        if self.budget is not None and (self.replacement or self.budget < total):
            flat = rng.choice(total, size=self.budget, replace=self.replacement)
        owner = np.searchsorted(starts, flat, side="right") - 1
        return np.stack([np.asarray(pool, dtype=np.int64)[owner], flat - starts[owner]], axis=1)

    def custom_row(self, t: int) -> npt.NDArray[Any]:
        """The checked weights of a `custom` workflow at fit t, axis (batch,), in their own type."""
        assert self.custom_weights is not None, "only custom workflows have custom weights"
        row = np.asarray(self.custom_weights(t))
        if row.shape != (t,):
            raise ValueError(f"weights({t}) must have shape ({t},), got shape {row.shape}")
        total = row.sum()
        if not (row >= 0).all() or not abs(total - 1) <= 1e-9:
            raise ValueError(
                f"weights({t}) must be >= 0 and sum to 1, got sum {total} and minimum {row.min()}"
            )
        return row

    def row_weighted(self, generations: int) -> bool:
        """True if every row a fit sees has the same weight, for all fits up to `generations`."""
        if self.kind is not WorkflowKind.CUSTOM:
            return self.weight is None
        return all(self._equal_row_weights(t) for t in range(1, generations + 1))

    def _equal_row_weights(self, t: int) -> bool:
        row = self.custom_row(t).astype(np.float64)
        seen = np.flatnonzero(row > 0)
        per_row = row[seen] / [self.batch_rows(int(b)) for b in seen]
        return bool(np.ptp(per_row) <= 1e-9 * per_row.max())

    # --- slots: the few running statistics that replace T batches ------------------------------

    @property
    def merges(self) -> bool:
        """True if a synthetic batch joins the rows of its slot instead of overwriting them."""
        return self.kind in _POOLING

    def slots(self, generations: int) -> int:
        """Slots needed for that many fits."""
        match self.kind:
            case WorkflowKind.SLIDING_WINDOW:
                return min(self.window or 1, generations)
            case WorkflowKind.CUSTOM:
                return generations
        return 2 if self.kind in _WITH_REAL_SLOT else 1

    def slot(self, t: int, slots: int) -> int:
        """Slot of synthetic batch t; real batches always go to slot 0."""
        if self.kind in _WITH_REAL_SLOT:
            return 1
        return t if self.kind is WorkflowKind.CUSTOM else t % slots

    def mass(self, rows: int, real: bool) -> float:
        """Unnormalised weight a batch keeps while it stays in its slot (not for `custom`)."""
        if self.weight is None:
            return rows
        return self.weight if real else 1 - self.weight

    def slot_weights(self, generations: int) -> npt.NDArray[np.float64]:
        """Weight of each slot at each fit, axes (generation, slot); row 0 is unused."""
        slots = self.slots(generations)
        table = np.zeros((generations + 1, slots))
        held = np.zeros(slots)
        for t in range(1, generations + 1):
            if self.kind is WorkflowKind.CUSTOM:
                table[t, :t] = self.custom_row(t)
                continue
            if self.real_rows(t):
                held[0] = self.mass(self.real_rows(t), real=True)
            table[t] = held / held.sum()
            arriving = self.mass(self.synthetic_rows(t), real=False)
            slot = self.slot(t, slots)
            held[slot] = arriving + (held[slot] if self.merges else 0)
        return table
