"""New rows for every batch: replace, accumulate, and new real rows beside the last model's.

The error e_t of a fit, in coordinates where Sigma is the identity, with G the Gram matrix of its
rows and u = G^+ Z'eps its label noise:

    replace      e_t = P e_{t-1} - (I - P) w* + u       P the projection on the rows, I for n >= d
    accumulate   e_t = e_{t-1} + u of the new batch     earlier labels are fitted already
    fresh        e_t = G^-1 A e_{t-1} + u               A the Gram matrix of the model's rows

The new design has a rotation-free law and is independent of the past, so each step multiplies
E |e|^2 by a number and adds one: `moments`.

Source: loopbound theory, section 4.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from theory.curve import Kind
from theory.regression.chain import RegressionChain
from theory.regression.moments import (
    kept_share,
    mixing_gain,
    noise_gain,
    noise_gain_square,
    noise_gain_variance,
)
from theory.regression.parts import Parts
from theory.workflow import Workflow, WorkflowKind

FloatArray = npt.NDArray[np.float64]


def is_exact(workflow: Workflow, kind: WorkflowKind) -> bool:
    """Whether the law of E |e_t|^2 is known: replace, accumulate, unweighted fresh."""
    if kind is WorkflowKind.FRESH:
        return workflow.weight is None
    return kind in (WorkflowKind.REPLACE, WorkflowKind.ACCUMULATE)


def parts(chain: RegressionChain, workflow: Workflow, generations: int) -> Parts:
    """Exact: any Sigma where every fit has d + 2 rows, isotropic for fewer."""
    match workflow.until(generations):
        case WorkflowKind.REPLACE:
            return _replace(chain, workflow, generations)
        case WorkflowKind.ACCUMULATE:
            return _accumulate(chain, workflow, generations)
    return _fresh(chain, workflow, generations)


def _replace(chain: RegressionChain, workflow: Workflow, generations: int) -> Parts:
    """|w_t|^2 keeps a share of itself and gains noise; its mean keeps the same share."""
    dim, signal = chain.dim, chain.signal
    sizes = [_batch_rows(workflow, s) for s in range(generations)]
    kept, variance = [1.0], [0.0]
    for s, rows in enumerate(sizes):
        share = kept_share(rows, dim)
        kept.append(kept[-1] * share)
        variance.append(share * variance[-1] + chain.label_noise(s) ** 2 * noise_gain(rows, dim))
    std = over_designs = None
    if min(sizes) >= dim + 4:
        std = _replace_std(chain, sizes, np.array(variance))
        own = [chain.label_noise(s) ** 4 * noise_gain_variance(n, dim) for s, n in enumerate(sizes)]
        over_designs = np.sqrt(np.append(0.0, np.cumsum(own)))
    bias, limit = signal * (1 - np.array(kept)), _replace_limit(chain, workflow)
    return Parts(bias, np.array(variance), std=std, over_designs=over_designs, limit=limit)


def _replace_std(chain: RegressionChain, sizes: list[int], mean: FloatArray) -> FloatArray:
    """Of |u_1 + ... + u_t|^2 for independent u of rotation-free law.

    E |a + b|^4 = E |a|^4 + E |b|^4 + (2 + 4/d) E |a|^2 E |b|^2.
    """
    fourth = [0.0]
    for s, rows in enumerate(sizes):
        own = chain.label_noise(s) ** 4 * noise_gain_square(rows, chain.dim)
        cross = (2 + 4 / chain.dim) * mean[s] * (mean[s + 1] - mean[s])
        fourth.append(fourth[-1] + own + cross)
    std: FloatArray = np.sqrt(np.maximum(np.array(fourth) - mean**2, 0.0))
    return std


def _replace_limit(chain: RegressionChain, workflow: Workflow) -> float:
    rows, dim = workflow.schedule[-1], chain.dim
    share = kept_share(rows, dim)
    if share == 1:
        return math.inf
    square = chain.label_noise(10**9) ** 2
    signal = chain.signal
    return float(signal + square * noise_gain(rows, dim) / (1 - share))


def _batch_rows(workflow: Workflow, s: int) -> int:
    return workflow.real_rows(1) if s == 0 else workflow.synthetic_rows(s)


def _accumulate(chain: RegressionChain, workflow: Workflow, generations: int) -> Parts:
    """Increments are uncorrelated; those of a batch are its share of one fit to all rows so far."""
    dim, signal = chain.dim, chain.signal
    lost = signal * (1 - kept_share(workflow.real_rows(1), dim))
    added = []
    for s in range(generations):
        total = workflow.pool_size(s + 1)
        share = _batch_rows(workflow, s) / total
        added.append(chain.label_noise(s) ** 2 * share * noise_gain(total, dim))
    variance = np.append(0.0, np.cumsum(added))
    bias = np.append(0.0, np.full(generations, lost))
    return Parts(bias, variance, limit=_accumulate_limit(chain, workflow, lost))


def _accumulate_limit(chain: RegressionChain, workflow: Workflow, lost: float) -> float:
    """The schedule's head, then sum over x, x + 1, ... of d/(x (x n - c)) by digamma values."""
    from scipy.special import psi

    dim, c, n = chain.dim, chain.dim + 1, workflow.schedule[-1]
    last = len(chain.noise) if isinstance(chain.noise, tuple) else 1
    head = max(last, len(workflow.schedule), -(-(dim + 2) // n))
    before = _accumulate_head(chain, workflow, head)
    x = workflow.pool_size(head + 1) / n
    tail = chain.label_noise(head) ** 2 * dim / c * float(psi(x) - psi(x - c / n))
    return float(lost + before + tail)


def _accumulate_head(chain: RegressionChain, workflow: Workflow, head: int) -> float:
    total = 0.0
    for s in range(head):
        rows = workflow.pool_size(s + 1)
        share = _batch_rows(workflow, s) / rows
        total += chain.label_noise(s) ** 2 * share * noise_gain(rows, chain.dim)
    return total


def _fresh(chain: RegressionChain, workflow: Workflow, generations: int) -> Parts:
    """Bias and variance move by the same factor; labels of both kinds add their noise.

    The factor is below 1 from d + 1 new real rows on. With fewer it can pass 1, and the mean error
    diverges although every generation brings real data: d = 10, 1 real row, 11 synthetic ones.
    """
    dim, real = chain.dim, workflow.real_rows(1)
    lost = chain.signal * (1 - kept_share(real, dim))
    bias, variance = [0.0, lost], [0.0, chain.label_noise(0) ** 2 * noise_gain(real, dim)]
    for t in range(2, generations + 1):
        gain, added = _fresh_step(chain, workflow, t)
        bias.append(gain * bias[-1] if bias[-1] else 0.0)
        variance.append(gain * variance[-1] + added)
    gain, added = _fresh_step(chain, workflow, 10**9)
    bounded = gain < 1 and math.isfinite(variance[1])
    limit = added / (1 - gain) if bounded else math.inf
    return Parts(np.array(bias), np.array(variance), kind=Kind.EXACT, limit=limit)


def _fresh_step(chain: RegressionChain, workflow: Workflow, t: int) -> tuple[float, float]:
    """(factor on E |e|^2, what label noise adds) of fit t >= 2."""
    real, rows = workflow.real_rows(t), workflow.synthetic_rows(t - 1)
    total = real + rows
    own = real * chain.label_noise(0) ** 2 + rows * chain.label_noise(t - 1) ** 2
    return mixing_gain(rows, real, chain.dim), own / total * noise_gain(total, chain.dim)
