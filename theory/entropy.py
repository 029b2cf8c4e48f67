"""Entropy of a Gaussian mixture in nats, by quadrature in one and two dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from theory.mixture import GaussianMixture

REACH = 9.0  # standard deviations beyond the outermost component: e^-40 of the mass is left out
STEP = 0.25  # of the smallest standard deviation
MOST_POINTS = 10**7


def mixture_entropy(mixture: GaussianMixture) -> float | None:
    """-E log f_0 in nats; None in three dimensions and more, or on a grid above 10^7 points.

    The trapezoid rule on -f log f, which is smooth on the scale of the narrowest component and
    vanishes at the ends: its error falls faster than any power of the step. At a quarter of the
    smallest standard deviation halving the step moves nothing above 1e-9 in the tests.
    """
    if mixture.dim > 2:
        return None
    deviations = np.sqrt(np.linalg.eigvalsh(mixture.matrices))
    reach, step = REACH * deviations.max(), STEP * deviations.min()
    low, high = mixture.centres.min(axis=0) - reach, mixture.centres.max(axis=0) + reach
    counts = np.ceil((high - low) / step).astype(int) + 1
    if np.prod(counts.astype(float)) > MOST_POINTS:
        return None
    axes = [np.linspace(a, b, n) for a, b, n in zip(low, high, counts, strict=True)]
    cell = float(np.prod([axis[1] - axis[0] for axis in axes]))
    rest = np.array([[]]) if mixture.dim == 1 else axes[1][:, None]
    total = 0.0
    for first in np.array_split(axes[0], max(1, len(axes[0]) * len(rest) // 2**16)):
        lattice = np.hstack([np.repeat(first, len(rest))[:, None], np.tile(rest, (len(first), 1))])
        log = mixture.log_pdf(lattice)
        total -= float((np.exp(log) * log).sum())
    return total * cell
