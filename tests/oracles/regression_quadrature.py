"""The regression chain in d = 1 by integration over chi-square laws, where no closed form is known.

With one feature x ~ N(0, 1) a batch b enters least squares through G = sum x^2, chi-square with as
many degrees of freedom as it has rows, and its own fit theta_b = w_b + xi / sqrt(G), where w_b
wrote the labels and xi is standard normal (all labels have unit noise).  A fit to several batches
is their mean weighted by G times the weight of a row.  Errors are E (w_t - w*)^2, entry t of each
list, entry 0 the truth.
"""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tests.oracles.chi_square import chi_square_rule

Array = NDArray[np.float64]


def fresh_weighted_errors(n_real: int, n: int, weight: float, generations: int) -> list[float]:
    """Return errors when ``n`` synthetic rows share a fit with ``n_real`` new real rows.

    ``weight`` is the total weight of the real rows.  n_real, n >= 3.  w_t - w* = [q S (w_{t-1} -
    w*) + q sqrt(S) xi + p sqrt(R) xi'] / (q S + p R), with p and q the weight of one row.
    """
    (r, r_weights), (s, s_weights) = chi_square_rule(n_real, pole=1), chi_square_rule(n, pole=1)
    real, synthetic = weight / n_real * r[:, None], (1 - weight) / n * s
    total = real + synthetic
    keep = r_weights @ (synthetic / total) ** 2 @ s_weights
    squares = weight / n_real * real + (1 - weight) / n * synthetic
    added = r_weights @ (squares / total**2) @ s_weights
    errors = [0.0, float(r_weights @ (1 / r))]
    for _ in range(2, generations + 1):
        errors.append(float(keep * errors[-1] + added))
    return errors[: generations + 1]


def anchored_errors(n_real: int, n: int, generations: int) -> list[float]:
    """Return errors when the real batch is kept for ever beside the last synthetic one.

    Given R, the G of the real batch, let eta_t = w_t - w_1.  The real batch pulls to w_1, so eta_t
    = (S eta_{t-1} + sqrt(S) xi) / (R + S) with a new S, independent of w_1 - w*.
    """
    (r, r_weights), (s, s_weights) = chi_square_rule(n_real, pole=1), chi_square_rule(n)
    total = r[:, None] + s
    keep, added = (s / total) ** 2 @ s_weights, (s / total**2) @ s_weights
    moved, errors = np.zeros_like(r), [0.0]
    for t in range(1, generations + 1):
        if t > 1:
            moved = keep * moved + added
        errors.append(float(r_weights @ (1 / r + moved)))
    return errors


def two_batch_window_errors(n: int, generations: int) -> list[float]:
    """Return errors of fits to the last two batches of ``n`` rows, fresh design.

    Errors depend on the past through theta_{b-1}, w_b and h = G_{b-1} only.  Hold, as functions of
    h, S = E[w_b^2 | h], T = E[w_b theta_{b-1} | h] and U = E[theta_{b-1}^2 | h] (w* = 0); then
    w_{b+1} = (g theta_b + h theta_{b-1}) / (g + h) with a new g = G_b.
    """
    g, weights = chi_square_rule(n, pole=1)
    new, old = g[:, None], g[None, :]
    total = new + old
    # The real batch has no batch before it: w_1 = theta_0.
    square = product = own = 1 / g
    errors = [0.0, float(weights @ square)]
    for _ in range(2, generations + 1):
        theta = square + 1 / new
        next_square = (new**2 * theta + 2 * new * old * product + old**2 * own) / total**2
        next_product = (new * theta + old * product) / total
        own = float(weights @ square) + 1 / g
        square, product = next_square @ weights, next_product @ weights
        errors.append(float(weights @ square))
    return errors[: generations + 1]


def subsample_second_error(n: int) -> float:
    """Return the error at t = 2 of accumulate-subsample with n_0 = n_1 = budget = ``n`` >= 3.

    k of the n rows drawn are new, hypergeometric.  A: G of the n - k real rows drawn, B: of the k
    new ones, C: of the k real rows left out.  w_1 = (a + c)/(A + C) and w_2 = (a + b + B w_1)/(A +
    B), with a ~ N(0, A), b ~ N(0, B), c ~ N(0, C).
    """
    total = 0.0
    for new in range(n + 1):
        share = Fraction(math.comb(n, new) * math.comb(n, n - new), math.comb(2 * n, n))
        total += float(share) * _second_error(n - new, new)
    return total


def _second_error(kept: int, new: int) -> float:
    """Return E w_2^2 for ``new`` synthetic rows; the law of C is that of B."""
    a, a_weights = _rule(kept)
    b, b_weights = _rule(new)
    a, b, c = a[:, None, None], b[:, None], b
    first, second = a + c, a + b
    of_a = (1 + b / first) / second
    of_c = b / first / second
    square = of_a**2 * a + of_c**2 * c + b / second**2
    return float(a_weights @ (square @ b_weights) @ b_weights)


def _rule(rows: int) -> tuple[Array, Array]:
    """Return a rule for the chi-square law of ``rows``; no rows have the sum zero."""
    return chi_square_rule(rows) if rows else (np.zeros(1), np.ones(1))


def ridge_replace_errors(
    n: int, penalty: float, truth: float, generations: int, *, design: str
) -> list[float]:
    """Return errors of ridge, replace: w_t = f w_{t-1} + sqrt(G)/(G + n lambda) xi, f = G/(G + n
    lambda).

    A reused design keeps its f; a fresh one draws a new f each time.
    """
    g, weights = chi_square_rule(n)
    shrink, added = g / (g + n * penalty), g / (g + n * penalty) ** 2
    mean, square = np.full_like(g, truth), np.full_like(g, truth**2)
    errors = [0.0]
    for _ in range(generations):
        if design == "fresh":
            mean, square = np.full_like(g, weights @ mean), np.full_like(g, weights @ square)
        mean, square = shrink * mean, shrink**2 * square + added
        errors.append(float(weights @ (square - 2 * truth * mean)) + truth**2)
    return errors


def ridge_reused_accumulate_errors(
    n: int, penalty: float, truth: float, generations: int, *, fixed: bool
) -> list[float]:
    """Return errors of ridge on all batches of one reused design.

    Given G, w_t = F_t (mean of theta_0..theta_{t-1}), theta_s = w_s + xi_s / sqrt(G), so w_t is a
    vector of coefficients of (w*, xi_0, ..., xi_{T-1}).  F_t = G/(G + n lambda), and lambda is
    divided by t when the total penalty is ``fixed``.
    """
    g, weights = chi_square_rule(n)
    models = np.zeros((generations + 1, generations + 1, len(g)))
    labels = np.zeros((generations, generations + 1, len(g)))
    models[0, 0] = 1.0
    for t in range(1, generations + 1):
        labels[t - 1] = models[t - 1]
        labels[t - 1, t] += 1 / np.sqrt(g)
        strength = n * penalty / (t if fixed else 1)
        models[t] = g / (g + strength) * labels[:t].mean(axis=0)
    bias = (truth * (models[:, 0] - 1)) ** 2
    return [float(error) for error in (bias + (models[:, 1:] ** 2).sum(axis=1)) @ weights]
