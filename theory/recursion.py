"""Covariances of batch means: the one recursion behind every family and workflow.

Let psi_b be the mean of a feature over batch b, K_bc = E<psi_b, psi_c> and q_b the expected
average of |feature|^2 over batch b. A fit that weighs the batches by w has, over its pool,

    A = w'Kw,   Q = w'q,   and over the rows it trains on   B = A + s (Q - A),

with s = 0 for the whole pool, (N - m) / (m (N - 1)) for m of N rows drawn without replacement and
1/m for m rows with replacement. If the mean feature of a new row given the fit is kappa times
the training mean, the next batch has K_new,b = kappa (Kw)_b (uniform subsampling is unbiased and
does not enter), mean kappa w'm, and a diagonal that only the family knows: the `Feature`.

Cost for T fits: O(T) for replace, accumulate, subsample, anchored and fresh, O(T w) for a window,
O(T^2) for custom weights whose rows are each the one before rescaled but for a few entries,
T^3 / 3 flops for any others. With `number=Fraction` the same code is exact.

Source: loopbound theory, section 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from theory.workflow import Workflow, WorkflowKind

Number = type[float] | type[Fraction]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Fit:
    """Second moments of one fit, in the units of the feature.

    Attributes:
        train_size: M, rows trained on.
        pool_mean_square: A, E|mean of the pool|^2.
        row_square: Q, expected |feature|^2 of a row of the pool.
        mean_square: B, E|mean of the rows trained on|^2.
        mean: expectation of either mean.
    """

    train_size: int
    pool_mean_square: Any
    row_square: Any
    mean_square: Any
    mean: Any


@dataclass(frozen=True)
class Feature:
    """What a family tells the recursion about its feature.

    Attributes:
        real: rows -> (K_rr, q_r) of a real batch.
        synthetic: (rows, generation, fit) -> (K_ss, q_s) of the batch drawn from that fit.
        mean: expected feature of a real row.
        kappa: generation -> E[feature of a new row | fit] / training mean.
        row_variance: variance of a row about its model, where a subsample is to be seen to leading
            order only; None for the exact Q - A of the pool.
    """

    real: Callable[[int], tuple[Any, Any]]
    synthetic: Callable[[int, int, Fit], tuple[Any, Any]]
    mean: Any = 0
    kappa: Callable[[int], Any] = field(default=lambda t: 1)
    row_variance: Any = None


def location_scale(ddof: int, temperature: Any, number: Number = float) -> Feature:
    """The centred row of a moment-matched location-scale family, in units tr Sigma_0 = 1.

    The fitted trace is S = (Q - B) M / (M - ddof) with M rows trained on; a batch of n rows drawn
    at temperature tau has K = tau S / n + B and q = tau S + B. Only two moments of a real row
    matter, so it is exact for real, non-Gaussian data too.
    """

    def real(rows: int) -> tuple[Any, Any]:
        return number(1) / rows, number(1)

    def synthetic(rows: int, t: int, fit: Fit) -> tuple[Any, Any]:
        trace = temperature * fitted_trace(fit, ddof)
        return trace / rows + fit.mean_square, trace + fit.mean_square

    return Feature(real, synthetic)


def fitted_trace(fit: Fit, ddof: int) -> Any:
    """E tr Sigma_t of a location-scale fit, in units tr Sigma_0."""
    return (fit.row_square - fit.mean_square) * fit.train_size / (fit.train_size - ddof)


def unit_modulus(mean: Array, kappa: Callable[[int], Any], number: Number = float) -> Feature:
    """A feature of modulus one: a one-hot category or a character exp(i w x).

    `mean` is its expectation under the truth (phi_0 at each frequency, or p_0 summed over
    categories as |p_0|), `kappa(t)` the damping of the fitted model (1 without a kernel).
    """

    def real(rows: int) -> tuple[Any, Any]:
        share: Any = number(1) / rows
        return share + (1 - share) * abs(mean) ** 2, number(1)

    def synthetic(rows: int, t: int, fit: Fit) -> tuple[Any, Any]:
        damped = abs(kappa(t)) ** 2 * fit.mean_square
        return number(1) / rows + (1 - number(1) / rows) * damped, number(1)

    return Feature(real, synthetic, mean, kappa)


def unit_row_noise(number: Number = float) -> Feature:
    """A row whose noise has variance one at every generation: the parameter noise of section 3."""

    def real(rows: int) -> tuple[Any, Any]:
        return number(1) / rows, number(1)

    def synthetic(rows: int, t: int, fit: Fit) -> tuple[Any, Any]:
        return number(1) / rows + fit.mean_square, 1 + fit.mean_square

    return Feature(real, synthetic, row_variance=number(1))


def fits(
    workflow: Workflow, generations: int, feature: Feature, number: Number = float
) -> list[Fit]:
    """Second moments of fits 1..generations; entry t - 1 is fit t."""
    if workflow.kind is WorkflowKind.CUSTOM:
        return _custom(workflow, generations, feature, number)
    slots = workflow.slots(generations)
    pool: _Slots | _OneSlot = (
        _OneSlot(workflow, feature, number)
        if slots == 1
        else _Slots(workflow, slots, feature, number)
    )
    seen = []
    for t in range(1, generations + 1):
        if workflow.real_rows(t):
            pool.add_real(workflow.real_rows(t))
        fit = pool.fit(t)
        seen.append(fit)
        if t < generations:
            pool.add_synthetic(t, fit)
    return seen


def _fit(workflow: Workflow, n: int, a: Any, q: Any, mean: Any, feature: Feature) -> Fit:
    """The fit on rows drawn from a pool of n with moments A, Q: B = A + the noise of the draw."""
    m = workflow.sample_size(n)
    one = q / q
    if feature.row_variance is not None:
        spread, share = feature.row_variance, one / m - one / n
    else:
        spread, share = q - a, one * (n - m) / (m * max(n - 1, 1))
    if workflow.replacement:
        share = one / m
    elif m >= n:
        share = 0 * one
    return Fit(m, a, q, a + share * spread, mean)


class _OneSlot:
    """A pool that is a single batch mean: replace, accumulate and its subsamples, in numbers."""

    def __init__(self, workflow: Workflow, feature: Feature, number: Number) -> None:
        self.workflow, self.feature, self.number = workflow, feature, number
        self.mass: Any = number(0)

    def fit(self, t: int) -> Fit:
        size = self.workflow.pool_size(t)
        return _fit(self.workflow, size, self.gram, self.square, self.mean, self.feature)

    def add_real(self, rows: int) -> None:
        diagonal, square = self.feature.real(rows)
        # NumPy's scalars overflow to infinity, where Python's raise.
        self.gram, self.square = diagonal * self._one, square * self._one
        self.mean: Any = self.feature.mean
        self.mass = self.number(self.workflow.mass(rows, real=True))

    def add_synthetic(self, t: int, fit: Fit) -> None:
        rows = self.workflow.synthetic_rows(t)
        diagonal, square = self.feature.synthetic(rows, t, fit)
        kappa = self.feature.kappa(t)
        mean, mass = kappa * fit.mean, self.number(self.workflow.mass(rows, real=False))
        if self.workflow.merges:
            kept, mass = self.mass, self.mass + mass
            own = kept / mass
            other = 1 - own
            diagonal = (own**2 + 2 * own * other * kappa) * self.gram + other**2 * diagonal
            square = own * self.square + other * square
            mean = own * self.mean + other * mean
        self.gram, self.square, self.mean, self.mass = diagonal, square, mean, mass

    @property
    def _one(self) -> Any:
        return self.number(1) if self.number is Fraction else np.float64(1)


class _Slots:
    """Gram matrix of the slot means, with K @ mass kept as a running product."""

    def __init__(self, workflow: Workflow, slots: int, feature: Feature, number: Number) -> None:
        shape = np.shape(feature.mean)
        dtype = object if number is Fraction else np.float64
        self.workflow, self.feature, self.number = workflow, feature, number
        self.gram: Array = np.full((slots, slots, *shape), number(0), dtype=dtype)
        self.product: Array = np.full((slots, *shape), number(0), dtype=dtype)
        self.mass: Array = np.full(slots, number(0), dtype=dtype)
        self.square: Array = np.full((slots, *shape), number(0), dtype=dtype)
        self.mean: Array = np.full(
            (slots, *shape), number(0), dtype=np.result_type(dtype, np.asarray(feature.mean))
        )

    def fit(self, t: int) -> Fit:
        total = self.mass.sum()
        a = np.tensordot(self.mass, self.product, 1) / total**2
        q = np.tensordot(self.mass, self.square, 1) / total
        mean = np.tensordot(self.mass, self.mean, 1) / total
        return _fit(self.workflow, self.workflow.pool_size(t), a, q, mean, self.feature)

    def add_real(self, rows: int) -> None:
        diagonal, square = self.feature.real(rows)
        cross = (np.conj(self.feature.mean) * self.mean).real
        mass = self.number(self.workflow.mass(rows, real=True))
        self._put(0, mass, cross, diagonal, square, self.feature.mean, merge=False)

    def add_synthetic(self, t: int, fit: Fit) -> None:
        rows = self.workflow.synthetic_rows(t)
        diagonal, square = self.feature.synthetic(rows, t, fit)
        kappa = self.feature.kappa(t)
        cross = kappa * self.product / self.mass.sum()
        mass = self.number(self.workflow.mass(rows, real=False))
        slot = self.workflow.slot(t, len(self.mass))
        mean = kappa * fit.mean
        self._put(slot, mass, cross, diagonal, square, mean, merge=self.workflow.merges)

    def _put(
        self,
        slot: int,
        mass: Any,
        cross: Any,
        diagonal: Any,
        square: Any,
        mean: Any,
        *,
        merge: bool,
    ) -> None:
        """Put a batch into a slot: O(slots), because `product` is updated and not recomputed."""
        self.product -= self.gram[:, slot] * self.mass[slot]
        if merge:
            kept, joined = self.mass[slot], self.mass[slot] + mass
            own, other = kept / joined, mass / joined
            column = own * self.gram[:, slot] + other * cross
            diagonal = (
                own**2 * self.gram[slot, slot] + 2 * own * other * cross[slot] + other**2 * diagonal
            )
            self.square[slot] = own * self.square[slot] + other * square
            self.mean[slot] = own * self.mean[slot] + other * mean
            mass = joined
        else:
            column = np.array(cross, dtype=self.gram.dtype)
            self.square[slot], self.mean[slot] = square, mean
        column[slot] = diagonal
        self.gram[:, slot] = self.gram[slot, :] = column
        self.mass[slot] = mass
        self.product += column * mass
        self.product[slot] = np.tensordot(self.mass, column, 1)


_BLOCK = 128  # rows a matrix product
_FEW = 32  # entries by which a row may differ from its predecessor and still be an update
_SEVERAL = 0.01  # share of rows that are no update, above which one inversion is faster
_NEGLIGIBLE = 2.0**-500  # a damping that leaves no trace in any sum, yet can be divided by


def _custom(workflow: Workflow, generations: int, feature: Feature, number: Number) -> list[Fit]:
    """Any row-stochastic weights, through innovations.

    A new batch mean is kappa times its training mean plus noise orthogonal to the past, so
    psi = L eps with L = (I - diag(kappa) W)^-1 unit lower triangular and eps of diagonal
    covariance D: A = |D^(1/2) L' w|^2.
    """
    if np.ndim(feature.mean):
        return _custom_at_frequencies(workflow, generations, feature)
    dtype = object if number is Fraction else np.float64
    rows = [np.asarray(workflow.custom_row(t), dtype) for t in range(1, generations + 1)]
    kappa = [feature.kappa(t) for t in range(1, generations)]
    changes = _changes(rows)
    if number is Fraction or changes.count(None) <= _SEVERAL * generations:
        mixes = _mixes_by_changes(rows, changes, kappa, number(1))
    else:
        mixes = _mixes_by_inverse(rows, kappa)

    noise: Array = np.full(generations, number(0), dtype=dtype)
    square: Array = np.full(generations, number(0), dtype=dtype)
    noise[0], square[0] = feature.real(workflow.real_rows(1))
    seen: list[Fit] = []
    for t, (w, mix) in enumerate(zip(rows, mixes, strict=True), 1):
        a = (mix * mix) @ noise[:t]
        fit = _fit(
            workflow, workflow.rows_seen(w), a, w @ square[:t], mix[0] * feature.mean, feature
        )
        seen.append(fit)
        if t < generations:
            diagonal, square[t] = feature.synthetic(workflow.synthetic_rows(t), t, fit)
            noise[t] = diagonal - abs(kappa[t - 1]) ** 2 * a
    return seen


def _custom_at_frequencies(workflow: Workflow, generations: int, feature: Feature) -> list[Fit]:
    """The same at many frequencies at once, in floats: T^3 / 3 flops and T^2 numbers each."""
    shape = np.shape(feature.mean)
    mixing: Array = np.zeros((generations, generations, *shape))  # L, axes (batch, noise, ...)
    noise: Array = np.zeros((generations, *shape))
    square: Array = np.zeros((generations, *shape))
    mixing[0, 0] = 1.0
    noise[0], square[0] = feature.real(workflow.real_rows(1))
    seen: list[Fit] = []
    for t in range(1, generations + 1):
        w = np.asarray(workflow.custom_row(t), np.float64)
        mix = np.tensordot(w, mixing[:t, :t], 1)
        a = (mix**2 * noise[:t]).sum(axis=0)
        q, mean = np.tensordot(w, square[:t], 1), mix[0] * feature.mean
        fit = _fit(workflow, workflow.rows_seen(w), a, q, mean, feature)
        seen.append(fit)
        if t < generations:
            diagonal, square[t] = feature.synthetic(workflow.synthetic_rows(t), t, fit)
            kappa = feature.kappa(t)
            mixing[t, :t], mixing[t, t] = kappa * mix, 1.0
            noise[t] = diagonal - abs(kappa) ** 2 * a
    return seen


def _changes(rows: list[Array]) -> list[tuple[Any, Array] | None]:
    """For each row alpha and the entries where it is not alpha times the row before.

    None for a row that differs in more than a few entries, and for all once those are several.
    """
    eps = 0 if rows[0].dtype == object else np.finfo(np.float64).eps
    found: list[tuple[Any, Array] | None] = []
    unrelated = 0
    for old, new in zip([rows[0][:0], *rows[:-1]], rows, strict=True):
        if unrelated > _SEVERAL * len(rows):
            return found + [None] * (len(rows) - len(found))
        alpha = new[-2] / old[-1] if len(old) and old[-1] else 0 * new[-1]
        difference = abs(new - alpha * _padded(old, len(new)))
        entries = np.flatnonzero(difference > 16 * eps * new + eps**2)
        found.append((alpha, entries) if len(entries) <= _FEW else None)
        unrelated += found[-1] is None
    return found


def _mixes_by_changes(
    rows: list[Array], changes: list[tuple[Any, Array] | None], kappa: list[Any], one: Any
) -> Iterator[Array]:
    """w L for each row w; O(T) where little of the row before has changed, else O(T^2)."""
    mixing: Array = np.full((len(rows), len(rows)), 0 * one, dtype=rows[0].dtype)
    old = mix = rows[0][:0]
    for t, (w, change) in enumerate(zip(rows, changes, strict=True), 1):
        mixing[t - 1, : t - 1] = kappa[t - 2] * mix if t > 1 else mix
        mixing[t - 1, t - 1] = one
        if change is None:
            mix = w @ mixing[:t, :t]
        else:
            alpha, entries = change
            added = w[entries] - alpha * _padded(old, t)[entries]
            mix = alpha * _padded(mix, t) + added @ mixing[entries, :t]
        old = w
        yield mix


def _mixes_by_inverse(rows: list[Array], kappa: list[Any]) -> Iterator[Array]:
    """w L for each row w, from the inverse of one triangular matrix: T^3 / 3 flops in all.

    The last row stands for a batch after the last fit; a damping of zero is one that cannot be
    told from it.
    """
    from scipy.linalg.lapack import dtrtri

    damping = np.array([*kappa, 1.0])
    damping[abs(damping) < _NEGLIGIBLE] = _NEGLIGIBLE
    size = len(rows) + 1
    mixing: Array = np.zeros((size, size))
    for t, w in enumerate(rows, 1):
        np.multiply(w, -damping[t - 1], out=mixing[t, :t])
    dtrtri(mixing.T, unitdiag=1, overwrite_c=1)
    for t in range(1, size):
        yield mixing[t, :t] / damping[t - 1]


def _padded(row: Array, length: int) -> Array:
    """The row with zeros of its own type appended."""
    padded: Array = np.full(length, 0 * row.sum(), dtype=row.dtype)
    padded[: len(row)] = row
    return padded
