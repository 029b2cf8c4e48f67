"""Who trains on what: the bookkeeping shared by the exact and the literal oracles.

A chain alternates between *fits*.  Before fit t some real batches may arrive; the fit then uses a
weighted set of batches, or rows drawn from it; afterwards the fitted model writes one synthetic
batch.  Batches are numbered in order of creation, batch 0 being the first real one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypedDict

CustomWeights = Callable[[int], Sequence[Fraction]]


class Options(TypedDict, total=False):
    """What a workflow may need besides its batch sizes; ``training_sets`` says which needs what."""

    n_real: int | None
    window: int | None
    budget: int | None
    replacement: bool
    weight: Fraction | None
    custom: CustomWeights | None


@dataclass(frozen=True)
class Fit:
    """One generation: real rows arrive, a training set is formed, a synthetic batch is written."""

    new_real: tuple[int, ...]
    """Sizes of the real batches that arrive before this fit."""
    sizes: dict[int, int]
    """Rows of every batch in the pool, by batch number."""
    weights: dict[int, Fraction]
    """Total weight of every batch in the pool; they sum to one and none is zero."""
    budget: int | None
    """Rows drawn from the pool, or None when the fit uses every row."""
    replacement: bool
    """Whether the drawn rows are drawn with replacement."""
    synthetic_rows: int
    """Rows written by the fitted model."""

    @property
    def pool_rows(self) -> int:
        """Rows in the pool."""
        return sum(self.sizes.values())

    @property
    def trained_rows(self) -> int:
        """Rows that enter the fit, a row drawn twice counting twice."""
        return self.pool_rows if self.budget is None else self.budget

    @property
    def rows_weigh_the_same(self) -> bool:
        """Whether every row of the pool has the same weight."""
        return all(self.weights[b] == Fraction(self.sizes[b], self.pool_rows) for b in self.sizes)

    def unbiased_factor(self, ddof: int) -> Fraction:
        """Return M / (M - ddof), which turns a plug-in covariance into the fitted one.

        M counts rows trained on, so it has no meaning for unequal weights unless ddof is 0.
        """
        if ddof and not self.rows_weigh_the_same:
            raise ValueError(f"rows of unequal weight need ddof=0, got ddof={ddof}")
        if self.trained_rows <= ddof:
            raise ValueError(f"{self.trained_rows} rows cannot be fitted with ddof={ddof}")
        return Fraction(self.trained_rows, self.trained_rows - ddof)


def training_sets(
    kind: str,
    n: tuple[int, ...],
    generations: int,
    *,
    n_real: int | None = None,
    window: int | None = None,
    budget: int | None = None,
    replacement: bool = False,
    weight: Fraction | None = None,
    custom: CustomWeights | None = None,
) -> list[Fit]:
    """Return the fits t = 1..generations of a workflow (entry 0 of the list is t = 1).

    Parameters
    ----------
    kind
        ``replace`` (last batch), ``accumulate`` (all batches), ``accumulate_subsample`` (``budget``
        rows of all batches; None means n_1), ``sliding_window`` (last ``window`` batches),
        ``anchored`` (batch 0 for ever and the last synthetic batch), ``fresh`` (the last synthetic
        batch and ``n_real`` new real rows, pooled or with total weight ``weight`` on the real
        ones), ``custom`` (``custom(t)`` weighs the batches 0..t-1).
    n
        Batch sizes n_0, n_1, ...; the last one repeats.  Under ``anchored`` and ``fresh`` batch 0
        has ``n_real`` rows and entry 0 of ``n`` is unused.
    """
    draw = None
    if kind == "accumulate_subsample":
        draw = _entry(n, 1) if budget is None else budget
    sizes: list[int] = []
    fits = []
    for t in range(1, generations + 1):
        new_real = _new_real(kind, n, t, n_real)
        sizes.extend(new_real)
        weights = _batch_weights(kind, t, sizes, window, weight, custom)
        pool = {batch: sizes[batch] for batch in weights}
        whole_pool = draw is None or (draw >= sum(pool.values()) and not replacement)
        fits.append(
            Fit(new_real, pool, weights, None if whole_pool else draw, replacement, _entry(n, t))
        )
        sizes.append(_entry(n, t))
    return fits


def _entry(n: tuple[int, ...], index: int) -> int:
    return n[min(index, len(n) - 1)]


def _new_real(kind: str, n: tuple[int, ...], t: int, n_real: int | None) -> tuple[int, ...]:
    """Return the sizes of the real batches that arrive before fit t."""
    if kind not in ("anchored", "fresh"):
        return (_entry(n, 0),) if t == 1 else ()
    if n_real is None:
        raise ValueError(f"{kind} needs n_real")
    return (n_real,) if t == 1 or kind == "fresh" else ()


def _batch_weights(
    kind: str,
    t: int,
    sizes: list[int],
    window: int | None,
    weight: Fraction | None,
    custom: CustomWeights | None,
) -> dict[int, Fraction]:
    """Return the weight of every batch that fit t uses, ``sizes`` being the batches so far."""
    last = len(sizes) - 1
    match kind:
        case "replace":
            return _by_rows(sizes, [last])
        case "accumulate" | "accumulate_subsample":
            return _by_rows(sizes, range(last + 1))
        case "sliding_window" if window is not None:
            return _by_rows(sizes, range(max(0, last + 1 - window), last + 1))
        case "anchored":
            return _by_rows(sizes, sorted({0, last}))
        case "fresh" if t == 1:
            return _by_rows(sizes, [0])
        case "fresh" if weight is not None:
            return _without_zeros({last - 1: 1 - weight, last: weight})
        case "fresh":
            return _by_rows(sizes, [last - 1, last])
        case "custom" if custom is not None:
            return _without_zeros(dict(enumerate(custom(t))))
    raise ValueError(f"unknown workflow {kind!r}, or an option it needs is missing")


def _by_rows(sizes: list[int], batches: Sequence[int]) -> dict[int, Fraction]:
    rows = sum(sizes[batch] for batch in batches)
    return {batch: Fraction(sizes[batch], rows) for batch in batches}


def _without_zeros(weights: dict[int, Fraction]) -> dict[int, Fraction]:
    if sum(weights.values()) != 1:
        raise ValueError(f"weights must sum to one, got {weights}")
    return {batch: Fraction(weight) for batch, weight in weights.items() if weight}
