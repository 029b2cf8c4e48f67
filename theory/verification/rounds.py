"""The exact law of one direction, round by round, as a quadrature rule.

u = v'(theta - theta_c)/noise is the model's distance from the verifier's centre. The real fit is
normal about d with variance 1/mu^2. Given u a batch's mean y is that of accepted variates
(`means`), and the next fit weighs it with what the workflow keeps:

    replace      u' = y
    accumulate   u' = (N u + n y)/(N + n),  N = mu^2 + rows so far
    fresh        u' = (mu^2 r + n y)/(mu^2 + n),  r a new real fit
    anchored     u' = (mu^2 u_1 + n y)/(mu^2 + n), so given u_1 it is a chain of its own

A law is carried as a Gauss rule: positive weights that sum to one, exact for polynomials of degree
2 ORDER - 1, so that after every round the error is that of replacing a smooth function by one. How
large it is says a second run with more nodes, see `theory.verification.curves`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from theory.verification.means import Rule, compressed, mean_of, means_between, one
from theory.verification.truncated import accepted
from theory.workflow import Workflow, WorkflowKind

FloatArray = npt.NDArray[np.float64]

ORDER = 10  # nodes of a law; twice as many change no curve by 1e-9 of it, see tests
SOLVED = (
    WorkflowKind.REPLACE,
    WorkflowKind.ACCUMULATE,
    WorkflowKind.ANCHORED,
    WorkflowKind.FRESH,
)

_STEP = 0.5  # standard deviations: aliasing of the trapezoidal rule is exp(-2 pi^2/step^2) = 5e-35
_REACH = 9.5  # standard deviations: what is left out weighs 1e-21
_NEGLIGIBLE = 1e-18  # probability of a number of accepted rows that is left out


def real_fit(distance: float, singular_value: float) -> Rule:
    """The law of u after the fit to real rows, N(d, 1/mu^2), as one rule.

    The trapezoidal rule: of a smooth function against a normal density it converges faster than any
    power, and faster than Gauss and Hermite's where the function has a pole off the real axis.
    """
    z = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
    weights = np.exp(-(z**2) / 2)
    return Rule(distance + z[None] / singular_value, weights[None] / weights.sum())


def laws(
    distance: float,
    singular_value: float,
    half_width: float,
    workflow: Workflow,
    generations: int,
    *,
    generated: bool = False,
    order: int = ORDER,
) -> Iterator[Rule]:
    """Laws of u after fits 1..generations, each a rule of axes (1, node).

    Args:
        distance: d = v'(theta* - theta_c)/noise.
        singular_value: mu.
        half_width: L, finite.
        workflow: of a kind in SOLVED; entry s of its schedule sizes round s.
        generations: fits, the real one among them.
        generated: rows are counted before verification (replace only).
        order: nodes of a law.
    """
    real = real_fit(distance, singular_value)
    yield real
    mass = singular_value**2
    anchored = workflow.kind is WorkflowKind.ANCHORED
    # Anchored: one law for each value of the real fit; elsewhere one law.
    state = Rule(real.nodes.T, np.ones_like(real.nodes.T)) if anchored else real
    for t in range(1, generations):
        rows = workflow.synthetic_rows(t)
        pairs = _written(state, half_width, rows, generated, order)
        points = _next(workflow.kind, state.nodes, pairs.nodes, real, mass, rows)
        weights = state.weights[:, :, None] * pairs.weights
        if workflow.kind is WorkflowKind.FRESH:
            weights = weights[..., None] * real.weights[0]
        lead = len(state.nodes)
        state = compressed(points.reshape(lead, -1), weights.reshape(lead, -1), order)
        if workflow.kind is WorkflowKind.ACCUMULATE:
            mass += rows
        if anchored:
            yield Rule(state.nodes.reshape(1, -1), (real.weights.T * state.weights).reshape(1, -1))
        else:
            yield state


def _written(state: Rule, half_width: float, rows: int, generated: bool, order: int) -> Rule:
    """Laws of a batch's mean given each node of the state, axes (law, node of u, node of y)."""
    u = state.nodes.ravel()
    single = one(u, half_width, order)
    if generated:
        rule = _of_generated(u, single, np.exp(accepted(u, half_width).log_share), rows)
    else:
        rule = mean_of(single, rows)
    shape = (*state.nodes.shape, -1)
    return Rule(rule.nodes.reshape(shape), rule.weights.reshape(shape))


def _of_generated(u: FloatArray, single: Rule, share: FloatArray, rows: int) -> Rule:
    """Laws of the mean of the accepted among `rows` rows; u itself where there is none."""
    chances = binomial(rows, share)
    seen = np.flatnonzero((chances[:, 1:] > _NEGLIGIBLE).any(axis=0)) + 1
    nodes, weights = [u[:, None]], [chances[:, :1]]
    if len(seen):
        least, most = int(seen[0]), int(seen[-1])
        for count, mean in enumerate(means_between(single, least, most), start=least):
            nodes.append(mean.nodes)
            weights.append(mean.weights * chances[:, count : count + 1])
    found = np.concatenate(weights, axis=1)
    return Rule(np.concatenate(nodes, axis=1), found / found.sum(axis=1, keepdims=True))


def binomial(rows: int, share: FloatArray) -> FloatArray:
    """P(count) of the accepted among `rows` rows, axes (law, count 0..rows)."""
    from scipy.special import gammaln, xlog1py, xlogy

    count = np.arange(rows + 1)
    ways = gammaln(rows + 1) - gammaln(count + 1) - gammaln(rows - count + 1)
    p = share[:, None]
    return np.asarray(np.exp(ways + xlogy(count, p) + xlog1py(rows - count, -p)))


def _next(
    kind: WorkflowKind, u: FloatArray, y: FloatArray, real: Rule, mass: float, rows: int
) -> FloatArray:
    """The next fit for u of axes (law, node) and y of axes (law, node, node of y)."""
    share = rows / (mass + rows)
    match kind:
        case WorkflowKind.REPLACE:
            return y
        case WorkflowKind.ACCUMULATE:
            return np.asarray((1 - share) * u[:, :, None] + share * y)
        case WorkflowKind.ANCHORED:
            return np.asarray((1 - share) * real.nodes.T[:, :, None] + share * y)
        case _:
            return np.asarray((1 - share) * real.nodes[0] + share * y[..., None])


def steady_second_moment(half_width: float, rows: int, *, degree: int = 64) -> float:
    """E u^2 in the long run under replace with batches of one size: the chain forgets its start.

    The stationary law of the Markov operator on polynomials of that degree in Chebyshev points.
    """
    from numpy.polynomial import chebyshev

    x = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    rule = mean_of(one(half_width * x, half_width, ORDER), rows)
    table = chebyshev.chebvander(np.clip(rule.nodes / half_width, -1, 1), degree)
    moments = (rule.weights[:, :, None] * table).sum(axis=1)
    operator = np.linalg.solve(chebyshev.chebvander(x, degree), moments)  # T_k -> E T_k, in T_j
    # E T_k of the stationary law is a left eigenvector of eigenvalue one, with E T_0 = 1.
    rest = np.eye(degree) - operator[1:, 1:].T
    known = np.linalg.solve(rest, operator[0, 1:])
    return half_width**2 * (1 + float(known[1])) / 2 if math.isfinite(half_width) else math.inf
