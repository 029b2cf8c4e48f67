"""What the mean of the estimate says of the likelihood: int f_0 log(f_0 / E f_t), in nats.

    E NLL_t >= -int f_0 log E f_t    (Jensen: -log is convex),

with equality as rows -> infinity. The difference from the entropy is the divergence of the truth
from the mean density. It is quadrature, whose error is estimated with it:

- normal, uniform and Laplace truths under Gaussian kernels: E f_t in closed form, integrated;
- mixtures in the plane, and any truth on the line under any kernel: a lattice, E f_t by its Fourier
  transform (`lattice`);
- mixtures in more dimensions: a rule of points about each component (`cubature`);
- swiss rolls: nodes of the curve and of the noise (`blurred`).

Source: loopbound theory, section 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from theory.datasets import SwissRoll
from theory.kde import blurred
from theory.kde.chain import KdeChain
from theory.kde.cubature import MOST_COMPONENTS, by_cubature, too_many
from theory.kde.lattice import by_transform, fits_on_a_lattice, on_a_lattice
from theory.kde.lineage import Mixing, mixing_laws
from theory.kde.mean_density import smoothed
from theory.quadrature import integrate
from theory.truths import GaussianMixture, Laplace, Normal, Uniform
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]

_TAIL = 40.0  # scales of a Laplace law: e^-40 of the mass is left out
_DEVIATIONS = 9.0  # standard deviations of a Gaussian: e^-40 again
WIDEST_ROLL = 0.5  # noise of a swiss roll whose arms are apart


@dataclass(frozen=True, eq=False)
class Divergences:
    """Divergences and their error in nats, axis (generation,), entry 0 the truth's 0."""

    values: FloatArray
    errors: FloatArray


def why_not(chain: KdeChain) -> str | None:
    """The reason that the divergence is not computed; None if it is."""
    truth = chain.truth
    if isinstance(truth, SwissRoll) and truth.noise > WIDEST_ROLL:
        return f"known for swiss rolls with noise up to {WIDEST_ROLL}, where arms are apart"
    if isinstance(truth, GaussianMixture) and chain.dim > 2:
        components = len(truth.weights)
        return too_many(components) if components > MOST_COMPONENTS else None
    return None


def divergences(chain: KdeChain, workflow: Workflow, h: FloatArray) -> Divergences:
    """int f_0 log(f_0 / E f_t), h the bandwidths, index 0 unused.

    Example:
        >>> from theory.truths import StudentT
        >>> chain, workflow = KdeChain(StudentT(3), 0.4, "uniform"), Workflow.replace(100)
        >>> found = divergences(chain, workflow, chain.bandwidths(workflow, 2))
        >>> found.values.round(6), bool((found.errors < 1e-9).all())
        (array([0.      , 0.000322, 0.001202]), True)
    """
    values, errors = _found(chain, workflow, h)
    return Divergences(np.concatenate([[0.0], values]), np.concatenate([[0.0], errors]))


def _found(chain: KdeChain, workflow: Workflow, h: FloatArray) -> tuple[FloatArray, FloatArray]:
    truth = chain.truth
    if isinstance(truth, SwissRoll):
        return _on_a_roll(truth, workflow, h)
    if chain.kernel != "gaussian" or (chain.dim == 1 and isinstance(truth, GaussianMixture)):
        return by_transform(chain, workflow, h)
    laws = mixing_laws(workflow, h**2)[1:]
    match truth:
        case GaussianMixture():
            on = fits_on_a_lattice(truth, laws)
            return on_a_lattice(truth, laws) if on else by_cubature(truth, laws)
        case Uniform():
            return _on_an_interval(truth, laws)
        case Normal() | Laplace():
            return _on_a_line(truth, laws)
    return by_transform(chain, workflow, h)


def _on_a_roll(
    truth: SwissRoll, workflow: Workflow, h: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Bounds on the likelihood less the first, which is the entropy by the same nodes."""
    law = blurred.added(workflow, h, range(len(h)))
    rough = blurred.nll_lower(SwissRoll, truth.noise, law)
    fine = blurred.nll_lower(SwissRoll, truth.noise, law, finer=True)
    values = fine[1:] - fine[0]
    return values, abs(values - (rough[1:] - rough[0]))


def _shortfall(before: FloatArray, after: FloatArray) -> FloatArray:
    """f_0 log(f_0 / after), 0 where f_0 is."""
    safe = np.where(before > 0, before, 1.0)
    return np.where(before > 0, -before * np.log1p((after - before) / safe), 0.0)


def _on_a_line(truth: Normal | Laplace, laws: list[Mixing]) -> tuple[FloatArray, FloatArray]:
    """Truths without edges, on the line or by their radius."""
    dim = truth.dim
    centred: Normal | Laplace
    match truth:
        case Normal():
            edges = truth.scale * np.linspace(0, _DEVIATIONS + 2 * math.sqrt(dim), 9)
            area = 2 * math.pi ** (dim / 2) / math.gamma(dim / 2)
            centred = Normal(dim, 0.0, truth.scale)
        case Laplace():
            edges, area, centred = truth.scale * np.linspace(0, _TAIL, 17), 2.0, truth

    def integrands(r: FloatArray) -> FloatArray:
        x = np.zeros((len(r), dim))
        x[:, 0] = r
        before = centred.pdf(x)
        rows = [_shortfall(before, smoothed(centred, x, law)) for law in laws]
        weight = r ** (dim - 1) if dim > 1 else 1.0
        return np.asarray(np.array(rows) * weight * area)

    found = integrate(integrands, edges)
    return found.values, found.errors


def _on_an_interval(truth: Uniform, laws: list[Mixing]) -> tuple[FloatArray, FloatArray]:
    """-log(width E f_t) averaged over the interval; twice its left half."""

    def integrands(x: FloatArray) -> FloatArray:
        return np.array([-np.log(truth.width * smoothed(truth, x, law)) for law in laws])

    edges = truth.low + truth.width * np.array([0, *(2.0 ** np.arange(-8, 0))])
    found = integrate(integrands, edges)
    return found.values * 2 / truth.width, found.errors * 2 / truth.width
