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


def curated_counts(
    p: float, reward: float, real: int, rows: int, rounds: int, fresh: bool
) -> list[float]:
    """E of the second category's share, two draws a winner, by the law of both batches' counts.

    The real rows stay, or are new every round.
    """
    better = math.exp(reward) / (1 + math.exp(reward))

    def binomial(n: int, chance: float) -> list[float]:
        return [math.comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(n + 1)]

    states = {(k, 0, 0): chance for k, chance in enumerate(binomial(real, p))}
    found = []
    for _ in range(rounds + 1):
        share = {s: (s[0] + s[1]) / (real + s[2]) for s in states}
        found.append(sum(chance * share[s] for s, chance in states.items()))
        after: dict[tuple[int, int, int], float] = {}
        for (kept, _, _), x, chance in zip(states, share.values(), states.values(), strict=True):
            wins = x * x + 2 * better * x * (1 - x)
            new = binomial(real, p) if fresh else [float(k == kept) for k in range(real + 1)]
            for (k, a), (j, b) in product(enumerate(new), enumerate(binomial(rows, wins))):
                after[k, j, rows] = after.get((k, j, rows), 0.0) + chance * a * b
        states = after
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


def weighted_window(n: int, m: int, weight: Fraction, window: int, rounds: int) -> list[Fraction]:
    """E (S_t - 1)^2 by the covariances of every batch's variance with every other.

    A batch that S wrote has variance S q, q of mean 1 and E q^2 = (m + 1)/(m - 1), so that
    E (S q)^2 = E S^2 (m + 1)/(m - 1) and E (S q)(x) = E S x.
    """
    squares = Fraction(m + 1, m - 1)
    second: list[list[Fraction]] = []  # E B_i B_j of all batches so far
    found = []
    for t in range(rounds):
        last = range(max(t - window, 0), t)
        real, rest = (weight, 1 - weight) if t else (Fraction(1), Fraction(0))
        share = rest / len(last) if t else Fraction(0)
        fit = real**2 * Fraction(n + 1, n - 1) + 2 * real * rest
        fit += share**2 * sum((second[i][j] for i in last for j in last), Fraction(0))
        found.append(fit - 1)
        across = [real + share * sum((second[i][j] for i in last), Fraction(0)) for j in range(t)]
        for row, value in zip(second, across, strict=True):
            row.append(value)
        second.append([*across, fit * squares])
    return found


def disturbance(real: int, synthetic: int, rounds: int) -> list[Fraction]:
    """The expected distance to the real mean by pooling: each of N + n rows weighs the same."""
    found = [Fraction(1)]
    for _ in range(rounds):
        rows = [Fraction(0)] * real + [found[-1]] * synthetic
        found.append(sum(rows) / len(rows))
    return found


def swapped_row(real: int, synthetic: int, share: Fraction, fits: int) -> list[Fraction]:
    """E D_t^2 by the coefficient of every draw: two versions of one row, then m a chain a round."""
    kept = [Fraction(1, real), Fraction(-1, real)]  # of both versions, in the real means
    difference = list(kept)
    found = [sum(c**2 for c in difference)]
    for _ in range(fits - 1):
        old = [(1 - share) * c for c in difference]
        old[0] += share * kept[0]
        old[1] += share * kept[1]
        new = [
            (1 - share) * Fraction(sign, synthetic) for sign in (1, -1) for _ in range(synthetic)
        ]
        difference = old + new
        found.append(sum(c**2 for c in difference))
    return found


def refitted_tails(
    rows: int, cut: float, fits: int, runs: int, rng: np.random.Generator
) -> dict[str, Array]:
    """Variance and squared mean of each fit, axes (fit, run): draw, leave out, fit again."""
    found = np.empty((2, fits, runs))
    for run in range(runs):
        mean, spread = 0.0, 1.0
        for t in range(fits):
            kept: list[float] = []
            while len(kept) < rows:
                row = mean + spread * rng.standard_normal()
                if t == 0 or abs(row - mean) >= cut * spread:
                    kept.append(row)
            mean = math.fsum(kept) / rows
            spread = math.sqrt(math.fsum((x - mean) ** 2 for x in kept) / rows)
            found[:, t, run] = spread**2, mean**2
    return {"trace_ratio": found[0], "mean_error": found[1]}


def generators(
    kind: str, real: int, each: int, many: int, fits: int, runs: int, rng: np.random.Generator
) -> dict[str, Array]:
    """mean_error, set_error and spread of each fit, axes (fit, run), every row written."""
    found = np.zeros((3, fits, runs))
    for run in range(runs):
        rows = rng.standard_normal(real)
        found[0, 0, run] = rows.mean() ** 2
        for t in range(1, fits):
            sets = []
            for _ in range(many):
                centre = rows.mean()
                if kind == "bootstrap":
                    centre = rows[rng.integers(len(rows), size=len(rows))].mean()
                elif kind == "posterior":
                    centre += rng.standard_normal() / math.sqrt(len(rows))
                sets.append(centre + rng.standard_normal(each))
            means = [one.mean() for one in sets]
            rows = np.concatenate(sets)
            found[:, t, run] = rows.mean() ** 2, means[0] ** 2, np.var(means, ddof=1)
    return dict(zip(("mean_error", "set_error", "spread"), found, strict=True))


def verified_spread(radius: float, centre: float, rounds: int) -> tuple[Array, Array]:
    """Mean and variance of the normal law refitted to what is accepted of it, from N(0, 1)."""
    x, w = np.polynomial.legendre.leggauss(200)
    x, w = centre + radius * x, radius * w
    found = [(0.0, 1.0)]
    for _ in range(rounds):
        mean, variance = found[-1]
        density = w * np.exp(-((x - mean) ** 2) / (2 * variance))
        density /= density.sum()
        mean = float(density @ x)
        found.append((mean, float(density @ (x - mean) ** 2)))
    return np.array(found)[:, 0], np.array(found)[:, 1]
