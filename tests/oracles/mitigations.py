"""The small mitigations from their statements: brute force, fractions and plain sums."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def tournament(p: list[float], rewards: list[float], draws: int) -> list[float]:
    """Law of the Bradley-Terry winner of `draws` rows of p, over every ordered draw."""
    found = [0.0] * len(p)
    for rows in product(range(len(p)), repeat=draws):
        chance = math.prod(p[i] for i in rows)
        total = sum(math.exp(rewards[i]) for i in rows)
        for i in rows:
            found[i] += chance * math.exp(rewards[i]) / total
    return found


def label_accuracy(
    dim: int, distance: float, rows: int, wrong: float, keep: tuple[float, float], seed: int
) -> tuple[float, float]:
    """(mean, standard error) of the accuracy over 200,000 classifiers, by their kept counts' law.

    The sum over all counts is explicit; the classifier's direction is drawn.
    """
    rng = np.random.default_rng(seed)
    chances = {}
    good, bad = (1 - wrong) * keep[0], wrong * keep[1]
    for right in range(rows + 1):
        for miss in range(rows + 1 - right):
            rest = rows - right - miss
            ways = math.factorial(rows) / (
                math.factorial(right) * math.factorial(miss) * math.factorial(rest)
            )
            chances[right, miss] = ways * good**right * bad**miss * (1 - good - bad) ** rest
    mean = variance = 0.0
    runs = 200_000
    noise = rng.standard_normal((runs, dim))
    for (right, miss), chance in chances.items():
        kept = right + miss
        if kept == 0:
            mean += 0.5 * chance
            continue
        weights = noise * math.sqrt(kept)
        weights[:, 0] += distance * (right - miss)
        along = weights[:, 0] / np.sqrt((weights**2).sum(axis=1))
        scores = np.array([0.5 * (1 + math.erf(distance * a / math.sqrt(2))) for a in along[:4000]])
        mean += chance * float(scores.mean())
        variance += chance**2 * float(scores.var()) / len(scores)
    return mean, math.sqrt(variance)


def edited_error(design: Array, masks: list[list[int]], noise: float) -> list[float]:
    """Test errors as sums of squares of the map from every noise that was drawn to the weights."""
    rows = len(design)
    fit = np.linalg.solve(design.T @ design, design.T)
    labels = np.hstack([np.eye(rows), np.zeros((rows, rows * len(masks)))])
    found = [noise**2 * float(((fit @ labels) ** 2).sum())]
    for k, mask in enumerate(masks):
        weights = fit @ labels
        for row in mask:
            labels[row] = design[row] @ weights
            labels[row, rows * (k + 1) + row] += 1.0
        found.append(noise**2 * float(((fit @ labels) ** 2).sum()))
    return found


def regrown(rows: int, stages: int) -> list[Fraction]:
    """Variance of the mean by its weights: fit t averages t N rows, (t - 1) N of them rewritten."""
    found = [Fraction(1, rows)]
    for t in range(2, stages + 1):
        old = Fraction(t - 1, t)
        rewritten = found[-1] + Fraction(1, (t - 1) * rows)
        found.append(old**2 * rewritten + Fraction(1, t) ** 2 * Fraction(1, rows))
    return found


def weighted_variance(n: int, m: int, weight: Fraction, rounds: int) -> list[Fraction]:
    """E (S_t - 1)^2 from the second moment of S: E S^2 of a chi-square mean is (k + 2)/k."""
    square = Fraction(n + 1, n - 1)
    found = [square - 1]
    for _ in range(rounds - 1):
        real, drawn = Fraction(n + 1, n - 1), square * Fraction(m + 1, m - 1)
        square = weight**2 * real + 2 * weight * (1 - weight) + (1 - weight) ** 2 * drawn
        found.append(square - 1)
    return found
