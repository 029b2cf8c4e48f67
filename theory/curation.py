"""Curation by reward: each kept row is the Bradley-Terry winner of K draws of the model.

On a finite support, with infinitely many rows: p' = (p_ref + weight p H_p)/(1 + weight), where
H_p(x) = E[K e^r(x)/(e^r(x) + the sum of e^r over K - 1 others)]. Source: Ferbach et al. 2407.09499;
loopbound mitigations, section 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from theory.categorical import CategoricalChain
from theory.curve import Curve, Kind
from theory.record import Record
from theory.workflow import UnsupportedWorkflow, whole_number

FloatArray = npt.NDArray[np.float64]

LARGEST = 350  # reward: beyond, squares of e^r are no numbers
MOST = 200_000  # ways to draw the K - 1 others that are enumerated
_SOURCE = "loopbound mitigations, section 3"
_PUBLISHED = "Ferbach et al. 2407.09499; loopbound mitigations, section 3"


@dataclass(frozen=True)
class CuratedChain:
    """A categorical model that is trained on winners, mixed with the true law or not.

    Attributes:
        reference: p_ref, the true probabilities; the model of generation 0.
        rewards: r of each category, finite, within -350..350.
        draws: K, of which one wins; math.inf for the limit, where H_p = e^r/E_p e^r.
        weight: of the winners against the reference; math.inf trains on winners only.

    Raises:
        ValueError: quoting the value that is out of range.

    Example:
        >>> CuratedChain((0.6, 0.4), (0.0, 1.0), draws=0)
        Traceback (most recent call last):
        ValueError: draws must be a whole number >= 1, got 0
        >>> CuratedChain((0.6, 0.4), (0.0, float("nan")), draws=2)
        Traceback (most recent call last):
        ValueError: rewards must be finite, got nan
    """

    reference: Sequence[float]
    rewards: Sequence[float]
    draws: float = 2
    weight: float = math.inf

    def __post_init__(self) -> None:
        reference = CategoricalChain(self.reference).probabilities
        rewards = tuple(float(r) for r in self.rewards)
        for r in rewards:
            if not math.isfinite(r):
                raise ValueError(f"rewards must be finite, got {r!r}")
            if abs(r) > LARGEST:
                raise ValueError(f"rewards must be within -{LARGEST}..{LARGEST}, got {r!r}")
        if len(rewards) != len(tuple(self.reference)):
            raise ValueError(f"rewards must be {len(tuple(self.reference))} numbers, got {rewards}")
        if self.draws != math.inf:
            whole_number("draws", self.draws)
        if not self.weight > 0:
            raise ValueError(f"weight must be > 0, got {self.weight!r}")
        object.__setattr__(self, "reference", reference)
        object.__setattr__(self, "rewards", rewards)

    @property
    def share(self) -> float:
        """Of the training set that are winners: weight/(1 + weight)."""
        return 1.0 if self.weight == math.inf else self.weight / (1 + self.weight)


def step(chain: CuratedChain, p: FloatArray) -> FloatArray:
    """The next probabilities, axis (category,). Exact.

    Renormalised, because the finite-K map multiplies what a sum misses of one by K.

    Raises:
        UnsupportedWorkflow: more than MOST ways to draw K - 1 rows.
    """
    found = chain.share * winners(chain, p) + (1 - chain.share) * np.array(chain.reference)
    return np.asarray(found / found.sum())


def winners(chain: CuratedChain, p: FloatArray) -> FloatArray:
    """Probabilities of a winner of K draws of a model, axis (category,). Exact.

    Raises:
        UnsupportedWorkflow: more than MOST ways to draw K - 1 rows.

    Example:
        >>> chain = CuratedChain((0.5, 0.5), (0.0, 1.0), math.inf)
        >>> winners(chain, np.array([0.5, 0.5])).round(3).tolist()
        [0.269, 0.731]
    """
    found = p * _advantage(chain, p)
    return np.asarray(found / found.sum())


def curves(chain: CuratedChain, generations: int) -> Record:
    """What curation does to the model, generations 0..T, T rounds after the reference.

    probability_i of category i, expected_weight E_t e^r, divergence KL(p_t || p_ref): exact. Where
    proved also expected_weight_lower (winners only: one step from the value before; mixed: from the
    reference, for every t) and divergence_upper (mixed, weight < 1/(K - 1)).

    Example:
        >>> known = curves(CuratedChain((0.6, 0.3, 0.1), (0, 0.5, 1), math.inf, 1.0), 200)
        >>> [float(known[f"probability_{i}"][200].round(6)) for i in range(3)]
        [0.428969, 0.297434, 0.273597]
    """
    path = [np.array(chain.reference)]
    for _ in range(whole_number("generations", generations)):
        path.append(step(chain, path[-1]))
    p = np.array(path)
    e = np.exp(np.array(chain.rewards))
    mean, variance = p @ e, p @ e**2 - (p @ e) ** 2
    fixed = fixed_point(chain)
    found = {
        f"probability_{i}": Curve(p[:, i], Kind.EXACT, _SOURCE, limit=float(fixed[i]))
        for i in range(len(e))
    }
    found["expected_weight"] = Curve(mean, Kind.EXACT, _SOURCE, limit=float(fixed @ e))
    found["divergence"] = Curve(divergences(p), Kind.EXACT, _SOURCE)
    found["expected_weight_lower"] = Curve(
        _weight_lower(chain, mean, variance, float(e[p[0] > 0].max())), Kind.LOWER, _PUBLISHED
    )
    others = chain.draws - 1
    if others > 0 and chain.weight * others < 1:
        bound = -math.log(1 - chain.weight * others)
        values = np.append(0.0, np.full(generations, bound))
        found["divergence_upper"] = Curve(values, Kind.UPPER, _PUBLISHED)
    return Record(found)


def divergences(p: FloatArray) -> FloatArray:
    """KL(p_t || p_0) in nats of probabilities of axes (generation, category)."""
    ratio = np.where(p > 0, p / np.where(p[0] > 0, p[0], 1.0), 1.0)
    return np.asarray((p * np.log(ratio)).sum(axis=1))


def stationary(chain: CuratedChain) -> Record:
    """probability_i and expected_weight in the long run, index 0 of the reference, 1 for ever.

    Exact; see `fixed_point`.

    Example:
        >>> known = stationary(CuratedChain((0.6, 0.3, 0.1), (0, 0.5, 1), 4, 0.2))
        >>> [float(known[f"probability_{i}"][1].round(6)) for i in range(3)]
        [0.576461, 0.309827, 0.113712]
    """
    path = np.array([np.array(chain.reference), fixed_point(chain)])
    found = {f"probability_{i}": path[:, i] for i in range(path.shape[1])}
    found["expected_weight"] = path @ np.exp(np.array(chain.rewards))
    return Record({name: Curve(values, Kind.EXACT, _SOURCE) for name, values in found.items()})


def _weight_lower(
    chain: CuratedChain, mean: FloatArray, variance: FloatArray, highest: float
) -> FloatArray:
    """The published lower bounds on E_t e^r."""
    share = 1.0 if chain.draws == math.inf else (chain.draws - 1) / chain.draws
    if chain.weight == math.inf:
        return np.append(mean[0], mean[:-1] + share * variance[:-1] / highest)
    gain = chain.weight / (1 + chain.weight) ** 3 * share * variance[0] / highest
    return np.append(mean[0], np.full(len(mean) - 1, mean[0] + gain))


def fixed_point(chain: CuratedChain) -> FloatArray:
    """Probabilities in the long run, axis (category,). Exact.

    Winners only: the reference among the categories of highest reward. Mixed and K infinite:
    p_ref/(1 + weight - weight e^r/Z), Z the root above weight e^r*/(1 + weight) that makes it sum
    to one. Else by iteration, to 1e-14.
    """
    reference, r = np.array(chain.reference), np.array(chain.rewards)
    if chain.draws == 1:
        return reference
    if chain.weight == math.inf:
        top = np.where(r == r[reference > 0].max(), reference, 0.0)
        return np.asarray(top / top.sum())
    if chain.draws == math.inf:
        from scipy.optimize import brentq

        e = np.exp(r - r[reference > 0].max())
        low = chain.share * (1 + 1e-15)

        def miss(z: float) -> float:
            return float((reference / (1 + chain.weight - chain.weight * e / z)).sum() - 1)

        z = brentq(miss, low, 1.0 + 1e-12, xtol=1e-16, rtol=1e-15)
        found = reference / (1 + chain.weight - chain.weight * e / z)
        return np.asarray(found / found.sum())
    p = reference
    for _ in range(100_000):
        after = step(chain, p)
        if float(np.abs(after - p).max()) < 1e-15:
            break
        p = after
    return p


def _advantage(chain: CuratedChain, p: FloatArray) -> FloatArray:
    """H_p, axis (category,)."""
    e = np.exp(np.array(chain.rewards) - max(chain.rewards))
    if chain.draws == math.inf:
        return np.asarray(e / (p @ e))
    others = int(chain.draws) - 1
    ways = math.comb(others + len(p) - 1, len(p) - 1)
    if ways > MOST:
        raise UnsupportedWorkflow(
            f"{ways:,} ways to draw {others} of {len(p)} categories: exact up to {MOST:,}; Monte "
            f"Carlo draws them"
        )
    from scipy.special import gammaln, xlogy

    counts = _compositions(others, len(p))
    chance = np.exp(
        gammaln(others + 1) - gammaln(counts + 1).sum(axis=1) + xlogy(counts, p).sum(axis=1)
    )
    rivals = counts @ e
    return np.asarray(chance @ (chain.draws * e / (e + rivals[:, None])))


def _compositions(total: int, parts: int) -> FloatArray:
    """Every vector of counts >= 0 with this sum, axes (way, part)."""
    bars = np.array(list(combinations(range(total + parts - 1), parts - 1)), dtype=np.float64)
    bars = bars.reshape(-1, parts - 1)
    edges = np.column_stack([np.full(len(bars), -1.0), bars, np.full(len(bars), total + parts - 1)])
    return np.diff(edges, axis=1) - 1
