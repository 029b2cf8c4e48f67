"""One design for every batch: parameter noise with the weights of the universal inflation.

Fitted to batch b alone the weights are X^+ y_b, and a fit to several batches is their weighted
mean, whatever X is: each batch adds X^+ eps_b to the weights that wrote it. So the error vector is
(sum over batches of path weights) X^+ eps, of covariance b_t X^+ X^+' given X, where
b_t is the recursion's mean square with noise_s^2 a batch, times E tr over designs.

Source: loopbound theory, sections 1 and 4.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from theory.inflation import inflation
from theory.recursion import Feature, Fit, fits
from theory.regression.chain import RegressionChain
from theory.regression.moments import (
    kept_share,
    noise_gain,
    noise_gain_square,
    noise_gain_variance,
)
from theory.regression.parts import Parts
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]


def parts(chain: RegressionChain, workflow: Workflow, generations: int) -> Parts:
    """Exact over designs with rows N(0, Sigma): any Sigma for n >= d + 2, isotropic for fewer."""
    rows, dim = workflow.real_rows(1), chain.dim
    square = label_noise(chain, workflow, generations)
    gain = noise_gain(rows, dim)
    variance = square * gain if np.isfinite(gain) else np.where(square > 0, np.inf, 0.0)
    lost = chain.signal * (1 - kept_share(rows, dim))
    bias = np.append(0.0, np.full(generations, lost))
    std = None
    if rows >= dim + 4:
        std = square * np.sqrt(noise_gain_square(rows, dim) - gain**2)
    spread = noise_gain_variance(rows, dim)
    known = np.isfinite(spread) and (rows > dim or chain.isotropic)
    over_designs = square * np.sqrt(spread) if known else None
    limit = inflation(workflow, 1).limit if isinstance(chain.noise, float) else None
    if limit is not None and isinstance(chain.noise, float):
        limit = lost + chain.noise**2 * gain * limit
    return Parts(bias, variance, std=std, over_designs=over_designs, limit=limit)


def label_noise(chain: RegressionChain, workflow: Workflow, generations: int) -> FloatArray:
    """b_t: n_0 times the mean square of the label noise that fit t averages, axis (generation,).

    noise^2 v_t where every batch has the same noise.
    """
    unit = workflow.real_rows(1)

    def real(rows: int) -> tuple[float, float]:
        square = chain.label_noise(0) ** 2
        return square / rows, square

    def synthetic(rows: int, t: int, fit: Fit) -> tuple[float, float]:
        square = chain.label_noise(t) ** 2
        return square / rows + fit.mean_square, square + fit.mean_square

    spread = chain.label_noise(0) ** 2
    feature = Feature(real, synthetic, row_variance=spread)
    seen = fits(workflow, generations, feature)
    return np.array([0.0] + [unit * fit.mean_square for fit in seen])
