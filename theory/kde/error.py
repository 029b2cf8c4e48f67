"""Mean integrated squared error of every generation, by quadrature over frequencies.

At radius r let S be the average of |phi_0|^2 over |w| = r, kappa_t = Khat(h_t r), B_t and
c_t sqrt(S) the mean square and the mean of a fit by `theory.recursion` with unit-modulus features.
B_t is affine in |phi_0|^2 and kappa is radial, so that the average over directions goes into S:

    variance_t = C int r^(d-1) kappa_t^2 (B_t - S c_t^2) dr        of the estimate, integrated
    bias_t     = C int r^(d-1) S (1 - kappa_t c_t)^2 dr            of its mean, squared, integrated
    MISE_t     = variance_t + bias_t,    C = 2 / (2^d pi^(d/2) Gamma(d/2))

Both integrands are non-negative: nothing cancels. As r -> infinity B_t tends to b_t, its value at
S = kappa = 0, so that the tails are those of b_t kappa_t^2 and S, whose integrals over all
frequencies are known (b_t times the kernel's roughness over h^d, and the integral of f_0^2), plus a
rest. Every coefficient of B_t and c_t as polynomials in S and kappa is non-negative, hence the
recursion at decreasing envelopes of S and kappa bounds that rest. The cut-off is where the bound is
negligible, or where two octaves of frequencies in a row moved nothing: the bound ignores that a
uniform kernel's transform oscillates. What is reported as error is the smaller of the two, plus
that of the panels.

The standard deviation of one run's error is not computed: it takes the covariance of |phi_t|^2
between every two frequencies, fourth moments of the recursion that do not close on its second ones.

Source: loopbound theory, section 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from theory.kde.chain import KdeChain
from theory.quadrature import integrate
from theory.recursion import Feature, fits, unit_modulus
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]
Means = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]

RELATIVE = 1e-10  # of each integral, for a panel
CUT = 1e-10  # of the error, for what lies beyond the cut-off
OCTAVES = 70  # frequencies, by factors of two, over which the tail is bounded
FIRST = 4  # octaves above the starting frequency that every chain takes
MOST_WORK = 3 * 10**7  # generations times frequencies, a few seconds
_TABLE = 2**22  # entries of the Gram matrix over frequencies held at a time
_VANISHED = 1e-18  # share of the density's or the kernel's square that has no tail left


@dataclass(frozen=True, eq=False)
class Errors:
    """Integrated squared errors of fits 1..T with what the quadrature may be off by.

    Attributes:
        variance: integrated variance of the estimate, axis (generation,), entry t - 1 is fit t.
        bias: integrated squared bias, axis (generation,).
        variance_error: estimated absolute error of `variance`, with what the cut-off leaves out.
        bias_error: of `bias`.
        cutoff: highest frequency.
    """

    variance: FloatArray
    bias: FloatArray
    variance_error: FloatArray
    bias_error: FloatArray
    cutoff: float


def radial_constant(dim: int) -> float:
    """(2 pi)^-d times the area of the unit sphere: of an integral over r with r^(d-1)."""
    return 2 / (math.pow(4 * math.pi, dim / 2) * math.gamma(dim / 2))


def kernel_square(chain: KdeChain, h: FloatArray) -> FloatArray:
    """Integral of the squared kernel of bandwidth h."""
    return np.asarray((chain.shape.roughness / h) ** chain.dim)


def training_means(
    workflow: Workflow, power: FloatArray, kappa: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """(B_t, c_t) of fits 1..T at frequencies with that power S, axes (generation, frequency).

    `kappa` has axes (generation, frequency), its row t - 1 of fit t.
    """
    generations, count = kappa.shape
    held = workflow.slots(generations) ** 2
    step = max(1, min(count, _TABLE // held))
    b, c = np.empty_like(kappa), np.empty_like(kappa)
    for start in range(0, count, step):
        part = slice(start, start + step)
        root = np.sqrt(power[part])
        root = np.where(root > 0, root, 1e-150)
        seen = fits(workflow, generations, _character(root, kappa[:, part]))
        b[:, part] = np.array([fit.mean_square for fit in seen]).reshape(generations, -1)
        c[:, part] = np.array([fit.mean / root for fit in seen]).reshape(generations, -1)
    return b, c


def _character(root: FloatArray, kappa: FloatArray) -> Feature:
    """exp(i w x) at some frequencies, where the truth's transform has modulus `root`."""
    return unit_modulus(root, lambda t: kappa[t - 1])


def integrated_errors(chain: KdeChain, workflow: Workflow, h: FloatArray) -> Errors:
    """Integrated variance and squared bias of fits 1..T, h of length T the bandwidths."""
    return integrated(chain, h, partial(training_means, workflow))


def integrated(chain: KdeChain, h: FloatArray, means: Means) -> Errors:
    """The same of fits whose bandwidths are h and whose (B, c) are `means(power, kappa)`."""
    count, dim = len(h), chain.dim
    truth, kernel = chain.truth, chain.shape
    constant = radial_constant(dim)
    floor = means(np.zeros(1), np.zeros((count, 1)))[0][:, 0]
    start = min(1 / h.max(), truth.square_integral ** (1 / dim))
    tails = _tails(chain, means, h, floor, start)

    def integrands(r: FloatArray) -> FloatArray:
        power, kappa = truth.power(r), kernel.transform(np.outer(h, r))
        b, c = means(power, kappa)
        spread = np.maximum(b - power * c**2, 0)
        parts = (kappa**2 * spread, power * (1 - kappa * c) ** 2, kappa**2, power[None])
        return np.concatenate(parts) * (constant * r ** (dim - 1))

    most = max(MOST_WORK // count, 10**4)
    edges = [0.0, start / 256, *(start * 2.0 ** np.arange(-7, FIRST + 1))]
    found = integrate(integrands, edges, relative=RELATIVE, most_nodes=most)
    values, errors, used = found.values, found.errors, found.nodes
    steps: list[FloatArray] = []
    now = _completed(chain, h, floor, values, start * 2.0**FIRST)
    for octave in range(FIRST, OCTAVES):
        cutoff = start * 2.0**octave
        left = np.minimum(tails[octave], np.sum(steps[-2:], axis=0) if len(steps) > 1 else np.inf)
        if (left <= CUT * now.sum(axis=0)).all() or 2 * used > most:
            break
        panel = [cutoff, 2 * cutoff]
        more = integrate(integrands, panel, scale=values, relative=RELATIVE, most_nodes=most)
        values, errors, used = values + more.values, errors + more.errors, used + more.nodes
        before, now = now, _completed(chain, h, floor, values, 2 * cutoff)
        steps.append(abs(now - before))
    own = errors[: 2 * count].reshape(2, count)
    off = own + left
    return Errors(now[0], now[1], off[0], off[1], cutoff)


def _tails(
    chain: KdeChain, means: Means, h: FloatArray, floor: FloatArray, start: float
) -> FloatArray:
    """Bounds on the rests of (variance, bias) beyond start 2^j, axes (octave, part, generation)."""
    dim = chain.dim
    r = start * 2.0 ** np.arange(OCTAVES)
    power = chain.truth.envelope(r) ** 2
    kappa = chain.shape.envelope(np.outer(h, r))
    b, c = means(power, kappa)
    # In logs: a shell's volume overflows in many dimensions, where the kernel has long vanished.
    with np.errstate(divide="ignore", over="ignore"):
        shell = math.log(radial_constant(dim) / dim) + dim * np.log(2 * r)
        spread = np.log(np.maximum(b - floor[:, None], power * c**2))
        rest = np.exp(2 * np.log(kappa) + spread + shell)
        bias_rest = np.exp(np.log(np.minimum(3 * kappa * c, 1)) + np.log(power) + shell)
    both = np.stack([rest, bias_rest])[..., ::-1]
    return np.moveaxis(np.cumsum(both, axis=-1)[..., ::-1], -1, 0)


def _completed(
    chain: KdeChain, h: FloatArray, floor: FloatArray, values: FloatArray, cutoff: float
) -> FloatArray:
    """(variance, bias) with the parts beyond the cut-off that are known, axes (part, generation).

    A part whose square has vanished there has no tail but rounding.
    """
    count = len(h)
    parts = values[: 2 * count].reshape(2, count).copy()
    left = chain.shape.envelope(h * cutoff) ** 2 > _VANISHED
    parts[0] += np.where(left, floor * (kernel_square(chain, h) - values[2 * count : -1]), 0)
    if chain.truth.envelope(np.array([cutoff]))[0] ** 2 > _VANISHED:
        parts[1] += chain.truth.square_integral - values[-1]
    return parts
