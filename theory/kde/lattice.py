"""int f_0 log(f_0 / E f_t) on a lattice, E f_t by the discrete Fourier transform.

The trapezoid rule on a smooth integrand that vanishes at the ends errs less than any power of its
step. The error that is reported is what a step twice as large changes.

Source: loopbound theory, section 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from theory.kde.chain import KdeChain
from theory.kde.lineage import Mixing, added_variance, descend
from theory.truths import GaussianMixture, Laplace, StudentT, Truth, Uniform
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]

_DEVIATIONS = 9.0  # standard deviations of a Gaussian: e^-40 is left out
_GRID = 2**23  # points of a lattice in the plane, at most
_LINE = 2**18  # points on the line, at most
_VISIBLE = 1e-13  # of the largest density: below it a transformed grid is rounding
_FAR = 4000.0  # scales of Student's t: what lies beyond adds the square of (h / 4000)^2
_LOST = 1e-12  # of f_0
_BAND = 1e-17  # a transform that is smaller is left out
FINER = 4  # times the band of the truth's transform, as its logarithm has more
_ROUNDING = 1e-12  # of a sum over the lattice


def fits_on_a_lattice(truth: GaussianMixture, laws: list[Mixing]) -> bool:
    """Whether a mixture in one or two dimensions needs no more than 2^23 points."""
    return truth.dim <= 2 and math.prod(_shape(truth, laws)[0]) <= _GRID


def _shape(truth: GaussianMixture, laws: list[Mixing]) -> tuple[list[int], FloatArray, float]:
    """Points along each side; the truth's own box, axes ([low, side], feature); the step."""
    from scipy import fft

    deviations = np.sqrt(np.linalg.eigvalsh(truth.matrices))
    step, reach = deviations.min() / 4, _DEVIATIONS * deviations.max()
    margin = 6.5 * math.sqrt(max(float(law.weights @ law.nodes) for law in laws))
    low = truth.centres.min(axis=0) - reach
    sides = truth.centres.max(axis=0) + reach - low
    counts = [2 * math.ceil((side + margin) / step / 2) for side in sides]
    shape = [2 * fft.next_fast_len(count // 2, real=True) for count in counts]
    return shape, np.stack([low, sides]), float(step)


def on_a_lattice(truth: GaussianMixture, laws: list[Mixing]) -> tuple[FloatArray, FloatArray]:
    """Divergences and errors, axis (generation,), of a mixture under Gaussian kernels.

    The step is a quarter of the smallest standard deviation, as for the entropy; around the
    truth's box lie 6.5 standard deviations of the widest estimate, and the truth has decayed by
    e^-40 at the box's sides: what comes round the lattice is negligible.
    """
    from scipy import fft

    shape, (low, sides), step = _shape(truth, laws)
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
    every_other = tuple(slice(None, None, 2) for _ in shape)
    total = []
    for law in laws:
        damping = np.zeros_like(transform.real)
        for s, weight in zip(law.nodes, law.weights, strict=True):
            damping += weight * np.exp(-radius * s / 2)
        after = fft.irfftn(transform * damping, s=shape)
        missed = np.zeros_like(before)
        missed[seen] = _missed(before[seen], after[seen])
        coarse = float(missed[every_other].sum()) * 2**truth.dim
        total.append((float(missed.sum()) * step**truth.dim, coarse * step**truth.dim))
    return _with_errors(total)


def _missed(before: FloatArray, after: FloatArray) -> FloatArray:
    """f_0 log(f_0 / after); a density that rounding has all but lost counts as one."""
    return np.asarray(-before * np.log1p(np.maximum(after / before, _LOST) - 1))


def _with_errors(pairs: Sequence[tuple[float, float]]) -> tuple[FloatArray, FloatArray]:
    fine, coarse = np.array(pairs).T
    return fine, np.maximum(abs(fine - coarse), _ROUNDING)


def by_transform(
    chain: KdeChain, workflow: Workflow, h: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Divergences and errors, axis (generation,), of any truth on the line and any kernel.

    E f_t has the transform of the truth times that of the noise that kernels add, which `descend`
    gives at every frequency of a lattice. A transform that decays fast makes the error rounding;
    edges and kinks of a truth leave one of the square of the step.
    """
    step, half = _extent(chain, workflow, h)
    count = min(2 ** math.ceil(math.log2(max(2 * half / step, 64))), _LINE)
    fine = _on_points(chain, workflow, h, half, count)
    coarse = _on_points(chain, workflow, h, half, count // 2)
    return _with_errors(list(zip(fine, coarse, strict=True)))


def _extent(chain: KdeChain, workflow: Workflow, h: FloatArray) -> tuple[float, float]:
    """The step that the truth's transform asks for, and half of the lattice's length."""
    truth, kernel = chain.truth, chain.shape
    variance = float(added_variance(workflow, kernel.variance * h**2).max())
    noise = _DEVIATIONS * math.sqrt(variance) + 30 * float(h.max())
    w = truth.square_integral * 2.0 ** np.arange(0, 20, 0.25)
    gone = truth.envelope(w) < _BAND
    step = math.pi / w[int(np.argmax(gone))] / FINER if gone.any() else 0.0
    return max(step, 1e-9 * noise), _reach(truth, noise) + noise / 2


def _reach(truth: Truth, noise: float) -> float:
    """How far from its mean the truth is looked at."""
    match truth:
        case Uniform():
            return truth.width / 2
        case Laplace():
            return 32 * truth.scale
        case StudentT():
            return max(_FAR * truth.scale, 10 * noise)
        case GaussianMixture():
            far = float(abs(truth.centres - truth.mean).max())
            return far + _DEVIATIONS * math.sqrt(float(truth.variances.max()))
    return _DEVIATIONS * math.sqrt(float(truth.variance[0]))


def _on_points(
    chain: KdeChain, workflow: Workflow, h: FloatArray, half: float, count: int
) -> list[float]:
    """The divergences on a lattice of so many points."""
    from scipy import fft

    truth, kernel = chain.truth, chain.shape
    step, middle = 2 * half / count, float(truth.mean[0])
    x = middle + step * np.arange(-(count // 2), count // 2)
    if isinstance(truth, Uniform):  # midpoints of cells that fill the interval
        step = truth.width / (2 * math.ceil(truth.width / (2 * step)))
        x = middle + step * (np.arange(-(count // 2), count // 2) + 0.5)
    before = truth.pdf(x)
    w = 2 * math.pi * fft.rfftfreq(count, step)
    start = truth.characteristic(w).conj() * np.exp(1j * w * x[0]) / step
    # Where no edge rings, the change is transformed: less of it than of f_0 comes round.
    smooth = float(not isinstance(truth, Uniform | Laplace))
    heavy = isinstance(truth, StudentT)
    seen = before > _VISIBLE * before.max()

    def fitted(t: int, training: FloatArray) -> FloatArray:
        return np.asarray(kernel.transform(h[t] * w) * training)

    found = []
    for law in descend(workflow, len(h) - 1, np.ones_like(w), fitted, _average):
        change = fft.irfft(start * (law - smooth), n=count) + (smooth - 1) * before
        missed = _missed(before[seen], before[seen] + change[seen])
        if heavy:  # int of the change is 0: what is beyond the lattice is of second order
            missed = missed + change[seen]
        found.append(float(missed.sum()) * step)
    return found


def _average(parts: Sequence[tuple[float, FloatArray]]) -> FloatArray:
    return np.asarray(sum(weight * value for weight, value in parts))
