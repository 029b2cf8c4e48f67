"""Who descends from whom: ancestors of one row and of two rows of a chain that resamples its rows.

A synthetic row of a kernel density chain is a training row, its *parent*, plus kernel noise; a
synthetic row of a categorical chain is a copy of its parent.  Follow the parents back to a real
row.  The displacement of a row from its real ancestor is a sum of independent kernel noises, one
for each step; two rows either meet in a common ancestor or descend from two real rows, which are
independent draws of the truth.  The law of both facts is a matter of counting, needs no transform
and no truth, and is computed here in fractions:

*One row*: how many steps its line makes with each bandwidth.

*Two rows*: whether they are *apart* (two real ancestors) or have met, and how many steps the two
lines make together after they part.

Derivation.  Let P_bc be the law for a row of batch b and another row of batch c.  Real rows are
apart and make no step.  Two independent picks of the training set of fit t name one row (of batch
b, twice) or two rows.  A new row compared with an old row of batch c: its parent is a pick of the
pool (a uniform subsample does not change that), which is the old row itself with probability
w_c/n_c; one step more.  Two new rows: two independent picks of one training set, two steps more.
A training set of m rows drawn from the pool: both picks take one of the m draws with probability
1/m; two draws without replacement are two different rows of the pool, with replacement two
independent picks of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar, Unpack

from tests.oracles.training_sets import Fit, Options, training_sets

Key = TypeVar("Key")
Steps = tuple[int, ...]
"""Number of steps made with each bandwidth, by label."""
RowLaw = dict[Steps, Fraction]
PairLaw = dict[tuple[bool, Steps], Fraction]
"""Keys: whether the two rows are apart, and the steps of both lines since they parted."""


@dataclass(frozen=True)
class Ancestry:
    """The law of one pick of the training set and of two independent picks of it."""

    row: RowLaw
    pair: PairLaw

    @property
    def apart(self) -> Fraction:
        """P(two independent picks descend from two real rows).

        The heterozygosity 1 - sum p_t^2 of a categorical fit is this times that of the truth.
        """
        return sum((p for (apart, _), p in self.pair.items() if apart), Fraction(0))


def ancestries(
    kind: str,
    n: tuple[int, ...],
    generations: int,
    *,
    labels: Sequence[int] | None = None,
    **options: Unpack[Options],
) -> list[Ancestry]:
    """Return the laws for the training sets of fits t = 0..generations; entry 0 is the truth.

    ``kind``, ``n`` and ``options`` are those of
    :func:`tests.oracles.training_sets.training_sets`.  Rows written by fit t make their step with
    bandwidth ``labels[t - 1]`` (0, 1, ...); None: all bandwidths are one, and steps are (count,).
    """
    labels = [0] * generations if labels is None else labels
    still = (0,) * (max(labels, default=0) + 1)
    together: PairLaw = {(False, still): Fraction(1)}
    apart: PairLaw = {(True, still): Fraction(1)}
    rows: list[RowLaw] = []
    pairs: list[list[PairLaw]] = []
    laws = [Ancestry({still: Fraction(1)}, apart)]
    for t, fit in enumerate(training_sets(kind, n, generations, **options), start=1):
        for _ in fit.new_real:
            border = [{(True, steps): p for steps, p in row.items()} for row in rows]
            _append(rows, pairs, {still: Fraction(1)}, border, apart)
        law = Ancestry(_mix((w, rows[b]) for b, w in fit.weights.items()), {})
        law.pair.update(_training_pair(fit, pairs, together))
        laws.append(law)
        label = labels[t - 1]
        border = [
            _shift_pair(_parent_and(c, fit, pairs, together), label, 1) for c in range(len(rows))
        ]
        within = _shift_pair(law.pair, label, 2)
        _append(rows, pairs, _shift_row(law.row, label), border, within)
    return laws


def _append(
    rows: list[RowLaw],
    pairs: list[list[PairLaw]],
    row: RowLaw,
    border: list[PairLaw],
    within: PairLaw,
) -> None:
    """Append a batch: the law of a row, of a row and an older row, of two rows of the batch."""
    rows.append(row)
    for line, law in zip(pairs, border, strict=True):
        line.append(law)
    pairs.append([*border, within])


def _parent_and(c: int, fit: Fit, pairs: list[list[PairLaw]], together: PairLaw) -> PairLaw:
    """Return the law of a pick of the pool and one given row of batch c."""
    terms = [(w, pairs[b][c]) for b, w in fit.weights.items() if b != c]
    if c in fit.weights:
        itself = Fraction(1, fit.sizes[c])
        terms += [
            (fit.weights[c] * itself, together),
            (fit.weights[c] * (1 - itself), pairs[c][c]),
        ]
    return _mix(terms)


def _training_pair(fit: Fit, pairs: list[list[PairLaw]], together: PairLaw) -> PairLaw:
    """Return the law of two independent picks of the training set."""
    if fit.budget is None:
        return _pool_pair(fit, pairs, together)
    once = Fraction(1, fit.budget)
    other = _pool_pair(fit, pairs, together) if fit.replacement else _two_different_rows(fit, pairs)
    return _mix([(once, together), (1 - once, other)])


def _pool_pair(fit: Fit, pairs: list[list[PairLaw]], together: PairLaw) -> PairLaw:
    """Return the law of two independent picks of the pool."""
    terms = []
    for b, w in fit.weights.items():
        itself = Fraction(1, fit.sizes[b])
        terms += [(w * w * itself, together), (w * w * (1 - itself), pairs[b][b])]
        terms += [(w * v, pairs[b][c]) for c, v in fit.weights.items() if c != b]
    return _mix(terms)


def _two_different_rows(fit: Fit, pairs: list[list[PairLaw]]) -> PairLaw:
    """Return the law of two different rows of the pool, all rows alike."""
    ordered = fit.pool_rows * (fit.pool_rows - 1)
    return _mix(
        (Fraction(size * (other - (b == c)), ordered), pairs[b][c])
        for b, size in fit.sizes.items()
        for c, other in fit.sizes.items()
    )


def _mix(terms: Iterable[tuple[Fraction, dict[Key, Fraction]]]) -> dict[Key, Fraction]:
    mixed: dict[Key, Fraction] = {}
    for weight, law in terms:
        if weight:
            for key, p in law.items():
                mixed[key] = mixed.get(key, Fraction(0)) + weight * p
    return mixed


def _shift_row(law: RowLaw, label: int) -> RowLaw:
    return {_step(steps, label, 1): p for steps, p in law.items()}


def _shift_pair(law: PairLaw, label: int, count: int) -> PairLaw:
    return {(apart, _step(steps, label, count)): p for (apart, steps), p in law.items()}


def _step(steps: Steps, label: int, count: int) -> Steps:
    return (*steps[:label], steps[label] + count, *steps[label + 1 :])
