"""The mean of the estimate over runs, E f_t(x).

With Gaussian kernels E f_t is f_0 convolved with a mixture of N(0, s I) whose law of s `lineage`
gives, for any number of rows: exact up to rounding where f_0 convolved with a Gaussian is known.

Source: loopbound theory, section 5.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from theory.kde.chain import KdeChain
from theory.kde.lineage import Mixing, mixing_laws
from theory.truths import GaussianMixture, Laplace, Normal, Truth, Uniform
from theory.workflow import UnsupportedWorkflow, Workflow, whole_number

FloatArray = npt.NDArray[np.float64]


def why_unknown(chain: KdeChain) -> str | None:
    """The reason that E f_t has no formula in x; None if it has one."""
    if chain.kernel != "gaussian":
        return "known for the gaussian kernel"
    if not isinstance(chain.truth, Normal | GaussianMixture | Uniform | Laplace):
        return "known for normal, Gaussian mixture, uniform and Laplace truths"
    return None


def mean_density(
    chain: KdeChain, workflow: Workflow, generation: int, x: npt.ArrayLike
) -> FloatArray:
    """E f_t at points x, axis (point,): the estimate's mean over runs, exact.

    Raises:
        UnsupportedWorkflow: another kernel than the Gaussian, or a truth whose convolution with a
            Gaussian has no closed form.

    Example:
        >>> chain = KdeChain(Normal(), 0.4)
        >>> mean_density(chain, Workflow.replace(100), 3, [0.0]).round(5)
        array([0.32793])
    """
    reason = why_unknown(chain)
    if reason is not None:
        raise UnsupportedWorkflow(f"mean_density of {chain.truth!r}: {reason}")
    h = chain.bandwidths(workflow, whole_number("generation", generation))
    return smoothed(chain.truth, x, mixing_laws(workflow, h**2)[-1])


def smoothed(truth: Truth, x: npt.ArrayLike, law: Mixing) -> FloatArray:
    """Density of the truth convolved with the mixture of N(0, s I), s ~ law, axis (point,)."""
    parts = [
        w * _convolved(truth, x, float(s)) for s, w in zip(law.nodes, law.weights, strict=True)
    ]
    return np.asarray(np.sum(parts, axis=0))


def _convolved(truth: Truth, x: npt.ArrayLike, s: float) -> FloatArray:
    """Density of the truth convolved with N(0, s I)."""
    from scipy import special

    if s <= 0:
        return truth.pdf(x)
    match truth:
        case Normal():
            wider = math.sqrt(truth.scale**2 + s)
            return Normal(truth.dim, truth.location, wider).pdf(x)
        case GaussianMixture():
            return truth.widened(s).pdf(x)
        case Uniform():
            z = np.asarray(x, dtype=np.float64).reshape(-1)
            root = math.sqrt(s)
            # Differences of the smaller tail: no cancellation on either side.
            flip = z > (truth.low + truth.high) / 2
            low = np.where(flip, z - truth.high, truth.low - z) / root
            high = np.where(flip, z - truth.low, truth.high - z) / root
            return np.asarray(special.ndtr(high) - special.ndtr(low)) / truth.width
        case Laplace():
            z = abs(np.asarray(x, dtype=np.float64).reshape(-1))
            return _laplace_convolved(z, truth.scale, s)
    raise AssertionError(truth)


def _laplace_convolved(z: FloatArray, b: float, s: float) -> FloatArray:
    """(1/4b) e^(s/2b^2) [e^(-z/b) erfc((s/b-z)/sqrt(2s)) + e^(z/b) erfc((s/b+z)/sqrt(2s))]."""
    from scipy import special

    near, far = (s / b - z) / math.sqrt(2 * s), (s / b + z) / math.sqrt(2 * s)
    bell = np.exp(-(z**2) / (2 * s))
    outside = np.exp(np.minimum(s / (2 * b**2) - z / b, 0)) * special.erfc(np.minimum(near, 0))
    inside = bell * special.erfcx(np.maximum(near, 0))
    first = np.where(near > 0, inside, outside)
    return np.asarray((first + bell * special.erfcx(far)) / (4 * b))
