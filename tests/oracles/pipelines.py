"""Training pipelines by brute force: every batch's noise followed, every round computed.

A model is a mean; an error is a vector of coefficients on independent noises, one of each batch of
rows. Errors are mean squares in units of the variance of one row, for rounds 1, 2, ...
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def followed(
    real: int,
    synthetic: int,
    rounds: int,
    *,
    window: int = 1,
    arriving: int = 0,
    kept: bool = False,
    weight: float | None = None,
) -> Array:
    """Errors of rounds 1..rounds: the last `window` rounds' rows, and `kept` or `arriving` ones.

    `weight` is that of the real rows together from round 2 on; None counts every row alike.
    """
    size = 1 + 2 * rounds
    models = np.zeros((rounds + 1, size))
    batches = np.zeros((rounds + 1, size))  # what model t writes
    for t in range(1, rounds + 1):
        parts = []  # (rows, coefficients, real)
        for s in {1, *range(1 if kept and arriving else max(1, t - window + 1), t + 1)}:
            rows = real if s == 1 else arriving
            if rows and (kept or s > t - window):
                noise = np.zeros(size)
                noise[s] = rows**-0.5
                parts.append((rows, noise, True))
        parts += [(synthetic, batches[s], False) for s in range(max(1, t - window), t)]
        total = {kind: sum(n for n, _, k in parts if k is kind) for kind in (True, False)}
        share = total[True] / (total[True] + total[False])
        if weight is not None and t > 1:
            share = weight
        for rows, noise, is_real in parts:
            models[t] += (share if is_real else 1 - share) * rows / total[is_real] * noise
        batches[t] = models[t]
        batches[t, rounds + t] = synthetic**-0.5
    return np.asarray((models[1:] ** 2).sum(axis=1))


def subsampled(real: int, synthetic: int, budget: int, rounds: int) -> tuple[float, float]:
    """Bounds on the error in the long run with everything kept and `budget` rows drawn.

    The last round's error, and what all later batches could still add.
    """
    rows, pool = real, 1 / real
    for _ in range(rounds):
        draw = max(0.0, 1 / budget - 1 / rows)
        pool += (synthetic / (rows + synthetic)) ** 2 * (draw + 1 / synthetic)
        rows += synthetic
    last = pool + max(0.0, 1 / budget - 1 / rows)
    rest = (1 / budget + 1 / synthetic) * synthetic / rows + 1 / rows
    return last, last + rest


def widened(window_exponent: float, real_exponent: float, rounds: int) -> Array:
    """Drift of rounds 1..rounds: windows of t^a rounds, weight t^-b on exact real rows."""
    models = np.zeros((rounds + 1, rounds + 1))
    sums = np.zeros((rounds + 2, rounds + 1))  # of batches 1..s
    for t in range(1, rounds + 1):
        if t > 1:
            back = min(t - 1, int(np.ceil(t**window_exponent - 1e-9)))
            share = 1 - t**-real_exponent
            models[t] = share / back * (sums[t - 1] - sums[t - 1 - back])
        batch = models[t].copy()
        batch[t] = 1.0
        sums[t] = sums[t - 1] + batch
    return np.asarray((models[1:] ** 2).sum(axis=1))


def judged(
    bias: float, singular_value: float, half_width: float, rows: int, rounds: int, points: int
) -> Array:
    """E (u_t - d)^2 of rounds 1..rounds, `rows` accepted labels a round, on a grid of labels.

    A label of model u is kept within half_width of 0; the truth is d = bias. The law of the sum of
    a round's labels is a power of a discrete Fourier transform.
    """
    x = np.linspace(-half_width, half_width, points)
    weights = np.ones(points)
    weights[[0, -1]] = 0.5
    size = rows * (points - 1) + 1
    means = np.linspace(-half_width, half_width, size)

    def step(u: Array) -> Array:
        density = np.exp(-((x - u[:, None]) ** 2) / 2) * weights
        density /= density.sum(axis=1, keepdims=True)
        found = np.fft.irfft(np.fft.rfft(density, 2 * size, axis=1) ** rows, 2 * size, axis=1)
        return np.asarray(found[:, :size])

    z = np.linspace(-7, 7, 141)
    law = np.exp(-(z**2) / 2)
    law /= law.sum()
    u = bias + z / singular_value
    errors = [float(law @ (u - bias) ** 2)]
    law = step(u).T @ law
    again = step(means).T
    for _ in range(rounds - 1):
        errors.append(float(law @ (means - bias) ** 2))
        law = again @ law
    return np.array(errors)
