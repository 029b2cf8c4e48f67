"""What fits are measured by: quadrature nodes, test points, and the truth's values there.

In one dimension the integrated squared error is an integral over frequencies. Equally spaced nodes
give it exactly but for what lies beyond the last one, and for densities that a period 2 pi / step
of the line would bring together. Both weigh less than 1e-7 of the error for a Gaussian kernel, and
less than 1e-4 for any other. In more dimensions it is a sum over pairs of rows (`pairs`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from montecarlo.kde.fields import OF_TWO_CHAINS
from montecarlo.kde.pairs import NONE, Components, components
from theory.kde import KdeChain
from theory.truths import Laplace, StudentT, Truth, Uniform
from theory.workflow import UnsupportedWorkflow

FloatArray = npt.NDArray[np.float64]

ON_A_LINE = (*OF_TWO_CHAINS, "excess_nll")
POINTS = 500  # test points, unless given
_DENSITY = 1e-7  # that a truth may have outside the interval that is looked at
_MOST = 2**17  # frequencies
# h w of the last frequency. What is cut off has four factors of the transform, or two of the
# truth's beside one: u^-4 of the uniform kernel's 1 / u, u^-8 of the others'.
_CUT = {"gaussian": 6.0, "uniform": 40.0, "epanechnikov": 20.0, "triangular": 20.0, "laplace": 20.0}


class Measures(NamedTuple):
    """What fits are measured by.

    Attributes:
        centre: the truth's mean, axis (feature,).
        extra: h_t^2 times the kernel's variance less the truth's variance, axis (generation,).
        nodes: frequencies, equally spaced, axis (frequency,); empty if none are needed.
        frequency_weights: of the integral over all frequencies divided by 2 pi.
        kappa: transform of the kernel of fit t, axes (generation, frequency).
        truth: transform of the truth about its centre, axes ([re, im], frequency).
        truth_square: integral of its squared density.
        roughness: of the kernel of fit t, axis (generation,).
        points: test points, then nodes of the excess, axes (feature, point).
        point_weights: axes ([nll, excess_nll], point).
        offsets: of the two: 0 and minus the entropy by the same nodes.
        shown: whether fit t is measured at the points, axis (generation,).
        components: the truth as a mixture, for the squared error in more dimensions.
    """

    centre: FloatArray
    extra: FloatArray
    nodes: FloatArray
    frequency_weights: FloatArray
    kappa: FloatArray
    truth: FloatArray
    truth_square: float
    roughness: FloatArray
    points: FloatArray
    point_weights: FloatArray
    offsets: FloatArray
    shown: npt.NDArray[np.bool_]
    components: Components


def measures(
    chain: KdeChain,
    bandwidth: FloatArray,
    fields: Sequence[str],
    points: FloatArray,
    shown: npt.NDArray[np.bool_],
) -> Measures:
    """What the fields need, for fits of those bandwidths; points have axes (point, feature).

    Raises:
        UnsupportedWorkflow: a field that the truth or the dimension does not have.
    """
    truth, kernel = chain.truth, chain.shape
    for name in fields:
        reason = why_absent(chain, name)
        if reason is not None:
            raise UnsupportedWorkflow(f"field {name!r} {reason}")
    spectral = chain.dim == 1 and bool({"mise", *OF_TWO_CHAINS} & set(fields))
    space = chain.dim > 1 and "mise" in fields
    parts = components(truth, float(bandwidth[1:].min())) if space else None
    nodes, weights = _frequencies(chain, bandwidth) if spectral else np.zeros((2, 0))
    phi = truth.characteristic(nodes[:, None]) if spectral else np.zeros(0, np.complex128)
    phi = phi * np.exp(-1j * nodes * truth.mean[0])
    h = np.where(bandwidth > 0, bandwidth, 1.0)
    tests = points.T if "nll" in fields else np.zeros((chain.dim, 0))
    inside, share = _line(truth, h) if "excess_nll" in fields else np.zeros((2, 0))
    entropy = -float(share @ np.log(truth.pdf(inside[:, None]))) if len(inside) else 0.0
    place = np.zeros((2, tests.shape[1] + len(inside)))
    place[0, : tests.shape[1]], place[1, tests.shape[1] :] = 1 / max(tests.shape[1], 1), share
    variance = float(truth.variance.mean())
    return Measures(
        centre=np.array(truth.mean, dtype=np.float64),
        extra=bandwidth**2 * kernel.variance - (variance if math.isfinite(variance) else 0.0),
        nodes=nodes,
        frequency_weights=weights,
        kappa=kernel.transform(bandwidth[:, None] * nodes),
        truth=np.array([phi.real, phi.imag]),
        truth_square=float(truth.square_integral),
        roughness=kernel.roughness / h,
        points=np.ascontiguousarray(np.hstack([tests, np.tile(inside, (chain.dim, 1))])),
        point_weights=place,
        offsets=np.array([0.0, -entropy]),
        shown=shown,
        components=parts or NONE,
    )


def why_absent(chain: KdeChain, field: str) -> str | None:
    """The reason that a chain does not have a field; None if it does."""
    truth = chain.truth
    if chain.dim > 1 and field in ON_A_LINE:
        return f"is simulated in one dimension only, got dim={chain.dim}"
    if chain.dim > 1 and field == "mise" and components(truth, 1.0) is None:
        return f"is simulated for covariances that are multiples of the identity, got {truth!r}"
    if not np.isfinite(truth.variance).all() and field == "extra_variance":
        return f"needs a truth of finite variance, got {truth!r}"
    if isinstance(truth, StudentT) and field == "excess_nll":
        return f"needs a truth with light tails, got {truth!r}: take 'nll' on points"
    return None


def _reach(truth: Truth, density: float) -> tuple[float, float]:
    """An interval about the mean that the density is below `density` outside of."""
    if isinstance(truth, Uniform):
        return truth.low, truth.high
    centre, radius = float(truth.mean[0]), 1e-3
    around = np.linspace(1, 2, 33)[:, None]
    while max(truth.pdf(centre + s * radius * around).max() for s in (-1, 1)) > density or (
        radius < 4 * _width(truth)
    ):
        radius *= 1.25
    return centre - radius, centre + radius


def _width(truth: Truth) -> float:
    """One standard deviation, or the width of a normal density of the same square integral."""
    deviation = math.sqrt(float(truth.variance[0]))
    return deviation if math.isfinite(deviation) else 0.3 / truth.square_integral


def _frequencies(chain: KdeChain, bandwidth: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Midpoints of equal steps over w > 0, and their weights; every node stands for -w as well."""
    low, high = _reach(chain.truth, _DENSITY)
    drift = 6 * math.sqrt(float((bandwidth**2).sum()) * chain.shape.variance)
    step = 2 * math.pi / (high - low + drift)
    cut = _CUT[chain.kernel] / float(bandwidth[1:].min())
    count = 8 * max(math.ceil(cut / step / 8), 2)
    if count > _MOST:
        raise UnsupportedWorkflow(
            f"'mise' would take {count:,} frequencies for a bandwidth of {bandwidth[1:].min():g} "
            f"and a truth that reaches from {low:.3g} to {high:.3g}; at most {_MOST:,}"
        )
    return step * np.arange(0.5, count, dtype=np.float64), np.full(count, step / math.pi)


def _line(truth: Truth, bandwidth: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Midpoints of equal steps where the truth has mass, and its mass there: they sum to one."""
    low, high = _reach(truth, 1e-14)
    step = min(float(bandwidth[1:].min()) / 4, 0.05 / truth.square_integral)
    if isinstance(truth, Uniform):  # nothing vanishes at the ends
        step = min(step, (high - low) / 256)
    count = min(math.ceil((high - low) / step), 4096)
    count += count % 2 if isinstance(truth, Laplace) else 0  # its kink lies between two steps
    x = low + (np.arange(count) + 0.5) * (high - low) / count
    mass = truth.pdf(x[:, None])
    share: FloatArray = mass / mass.sum()
    return x, share
