"""The MISE of any generation for any kernel, d = 1: the ancestries again, but in frequencies.

A row law is the transform sum p prod kappa(h w)^steps of the displacement from the real ancestor,
so by Parseval (pi) MISE_t is the integral over w > 0 of

    kappa(h_t w)^2 [P(two picks apart, steps) prod kappa^steps |phi_0|^2 + P(met, steps) prod
    kappa^steps] - 2 kappa(h_t w) [row law] |phi_0|^2 + |phi_0|^2.

Two terms decay slowest and are known: both picks one row, R(K)/h_t, and int f_0^2.  The rest is cut
at ``cut`` and summed by Gauss-Legendre panels.
"""

import math
from collections.abc import Callable, Sequence
from typing import Unpack

import numpy as np
from numpy.typing import NDArray
from scipy.special import spherical_jn

from tests.oracles.kde_lineage import Steps
from tests.oracles.kde_mise import fits, panel_rule
from tests.oracles.training_sets import Options

Array = NDArray[np.float64]
Transform = Callable[[Array], Array]

TRANSFORMS: dict[str, Transform] = {
    "gaussian": lambda u: np.exp(-(u**2) / 2),
    "epanechnikov": lambda u: 3 * spherical_jn(1, u) / u,
    "uniform": lambda u: spherical_jn(0, u),
    "triangular": lambda u: spherical_jn(0, u / 2) ** 2,
    "laplace": lambda u: 1 / (1 + u**2),
}
"""At u > 0."""
ROUGHNESS = {
    "gaussian": 1 / (2 * math.sqrt(math.pi)),
    "epanechnikov": 3 / 5,
    "uniform": 1 / 2,
    "triangular": 2 / 3,
    "laplace": 1 / 4,
}
"""int K^2."""


def mise(
    kind: str,
    n: tuple[int, ...],
    bandwidths: Sequence[float],
    *,
    kernel: str,
    square: Transform,
    square_integral: float,
    cut: float = 4000.0,
    **options: Unpack[Options],
) -> list[float]:
    """Return E int (fhat_t - f_0)^2, t = 0..T.

    ``square`` is |phi_0|^2, ``square_integral`` int f_0^2.  The two slowest terms left decay like
    kappa^3 and kappa |phi_0|^2: cut so that what is beyond does not matter.
    """
    laws, distinct = fits(kind, n, bandwidths, **options)
    edges = np.concatenate([np.arange(0, 60, 0.5), np.arange(60, cut + 2, 2.0)])
    w, rule = panel_rule(edges, 12)
    transform, truth = TRANSFORMS[kernel], square(w)
    powers = [transform(h * w) for h in distinct]
    values = [0.0]
    for law, h in zip(laws[1:], bandwidths, strict=True):
        kappa = transform(h * w)
        total = np.zeros_like(w)
        one_row = 0.0
        for (apart, steps), p in law.pair.items():
            if not apart and not any(steps):
                one_row = float(p)
            else:
                total += float(p) * kappa**2 * _product(powers, steps) * (truth if apart else 1.0)
        for steps, p in law.row.items():
            total -= 2 * float(p) * kappa * _product(powers, steps) * truth
        known = one_row * ROUGHNESS[kernel] / h + square_integral
        values.append(float(rule @ total) / math.pi + known)
    return values


def _product(powers: list[Array], steps: Steps) -> Array:
    return np.prod([power**count for power, count in zip(powers, steps, strict=True)], axis=0)
