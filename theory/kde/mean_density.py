"""The mean of the estimate over runs, E f_t(x), and what it says of the likelihood.

With Gaussian kernels E f_t is f_0 convolved with a mixture of N(0, s I) whose law of s `lineage`
gives, for any number of rows: exact up to rounding where f_0 convolved with a Gaussian is known.

    E NLL_t >= -int f_0 log E f_t    (Jensen: -log is convex),

with equality as rows -> infinity. The difference from the entropy is int f_0 log(f_0 / E f_t).

Source: loopbound theory, section 5.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from theory.kde.chain import KdeChain
from theory.kde.lineage import Mixing, mixing_laws
from theory.quadrature import integrate
from theory.truths import GaussianMixture, Laplace, Normal, Truth, Uniform
from theory.workflow import UnsupportedWorkflow, Workflow, whole_number

FloatArray = npt.NDArray[np.float64]

_TAIL = 40.0  # scales of a Laplace law: e^-40 of the mass is left out
_DEVIATIONS = 9.0  # standard deviations of a Gaussian: e^-40 again
_GRID = 2**23  # points of a grid in the plane, at most
_VISIBLE = 1e-13  # of the largest density: below it a transformed grid is rounding


def why_unknown(chain: KdeChain) -> str | None:
    """The reason that E f_t has no formula in x; None if it has one."""
    if chain.kernel != "gaussian":
        return "known for the gaussian kernel"
    if not isinstance(chain.truth, Normal | GaussianMixture | Uniform | Laplace):
        return "known for normal, Gaussian mixture, uniform and Laplace truths"
    return None


def why_no_likelihood(chain: KdeChain) -> str | None:
    """The reason that the divergence of E f_t is not computed; None if it is."""
    if isinstance(chain.truth, GaussianMixture) and chain.dim > 2:
        return "known for mixtures in one and two dimensions"
    return why_unknown(chain)


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


def divergences(chain: KdeChain, workflow: Workflow, h: FloatArray) -> FloatArray:
    """int f_0 log(f_0 / E f_t) in nats, axis (generation,), entry 0 the truth's 0."""
    laws = mixing_laws(workflow, h**2)[1:]
    truth = chain.truth
    if isinstance(truth, GaussianMixture):
        found = _on_a_lattice(truth, laws)
    elif isinstance(truth, Uniform):
        found = _on_an_interval(truth, laws)
    else:
        found = _on_a_line(truth, laws)
    return np.concatenate([[0.0], found])


def _shortfall(before: FloatArray, after: FloatArray) -> FloatArray:
    """f_0 log(f_0 / after), 0 where f_0 is."""
    safe = np.where(before > 0, before, 1.0)
    return np.where(before > 0, -before * np.log1p((after - before) / safe), 0.0)


def _on_a_line(truth: Truth, laws: list[Mixing]) -> FloatArray:
    """Truths without edges, on the line or by their radius."""
    dim = truth.dim
    centred: Truth
    match truth:
        case Normal():
            edges = truth.scale * np.linspace(0, _DEVIATIONS + 2 * math.sqrt(dim), 9)
            area = 2 * math.pi ** (dim / 2) / math.gamma(dim / 2)
            centred = Normal(dim, 0.0, truth.scale)
        case Laplace():
            edges, area, centred = truth.scale * np.linspace(0, _TAIL, 17), 2.0, truth
        case _:
            raise AssertionError(truth)

    def integrands(r: FloatArray) -> FloatArray:
        x = np.zeros((len(r), dim))
        x[:, 0] = r
        before = centred.pdf(x)
        rows = [_shortfall(before, smoothed(centred, x, law)) for law in laws]
        weight = r ** (dim - 1) if dim > 1 else 1.0
        return np.asarray(np.array(rows) * weight * area)

    return integrate(integrands, edges).values


def _on_an_interval(truth: Uniform, laws: list[Mixing]) -> FloatArray:
    """-log(width E f_t) averaged over the interval; twice its left half."""

    def integrands(x: FloatArray) -> FloatArray:
        return np.array([-np.log(truth.width * smoothed(truth, x, law)) for law in laws])

    edges = truth.low + truth.width * np.array([0, *(2.0 ** np.arange(-8, 0))])
    return integrate(integrands, edges).values * 2 / truth.width


def _on_a_lattice(truth: GaussianMixture, laws: list[Mixing]) -> FloatArray:
    """The trapezoid rule on a lattice, E f_t by the discrete Fourier transform.

    The step is a quarter of the smallest standard deviation, as for the entropy; around the
    truth's box lie 6.5 standard deviations of the widest estimate, and the truth has decayed by
    e^-40 at the box's sides: what comes round the lattice is negligible.
    """
    from scipy import fft

    deviations = np.sqrt(np.linalg.eigvalsh(truth.matrices))
    step, reach = deviations.min() / 4, _DEVIATIONS * deviations.max()
    margin = 6.5 * math.sqrt(max(float(law.weights @ law.nodes) for law in laws))
    low = truth.centres.min(axis=0) - reach
    sides = truth.centres.max(axis=0) + reach - low
    shape = [fft.next_fast_len(math.ceil((side + margin) / step), real=True) for side in sides]
    if math.prod(shape) > _GRID:
        raise UnsupportedWorkflow(
            f"excess_nll_lower needs a lattice of {' x '.join(map(str, shape))} points, more than "
            f"{_GRID}: take fewer generations or smaller bandwidths"
        )
    # Outside its box the truth has no mass to speak of: no density is taken there.
    box = [min(count, math.ceil(side / step)) for side, count in zip(sides, shape, strict=True)]
    axes = [start + step * np.arange(count) for start, count in zip(low, box, strict=True)]
    lattice = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, truth.dim)
    before = np.zeros(shape)
    before[tuple(map(slice, box))] = truth.pdf(lattice).reshape(box)
    transform = fft.rfftn(before)
    frequencies = [2 * math.pi * fft.fftfreq(count, step) for count in shape]
    frequencies[-1] = 2 * math.pi * fft.rfftfreq(shape[-1], step)
    radius = sum(np.meshgrid(*(w**2 for w in frequencies), indexing="ij"))
    seen = before > _VISIBLE * before.max()
    total = []
    for law in laws:
        damping = np.zeros_like(transform.real)
        for s, weight in zip(law.nodes, law.weights, strict=True):
            damping += weight * np.exp(-radius * s / 2)
        after = fft.irfftn(transform * damping, s=shape)
        missed = _shortfall(before[seen], np.maximum(after[seen], 1e-300))
        total.append(float(missed.sum()) * step**truth.dim)
    return np.array(total)
