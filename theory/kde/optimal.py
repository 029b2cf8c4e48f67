"""Bandwidths that minimise the exact mean integrated squared error: greedy, or for a horizon.

Given h_1..h_{t-1} the error of generation t is a function of h_t alone,

    MISE_t(h) = b_t R(K)^d / h^d + C int r^(d-1) [kappa^2 (B_t - b_t) - 2 kappa S c_t] dr + R(f_0),

in the notation of `theory.kde.error`, kappa = Khat(h r): B_t, b_t and c_t do not depend on h_t.
*Greedy* minimises it at every t, as somebody would who never expects a successor. For a *horizon* T
all of h_1..h_T minimise MISE_T together: early fits then serve the last one, not themselves.

The minimum is found on a fixed grid of frequencies to about 1e-6 relative in h (the error is flat
there, so that its own value is exact to about 1e-12); errors are reported by `theory.kde.error`.
A greedy minimum is global within a factor of 200 of Scott's bandwidth or of the last fit's, if that
is wider; a minimum over a horizon is local, started from the greedy schedule, and never worse than
it. What greedy bandwidths do for ever is derived in `theory.kde.decay`.

Observed, not proved. Normal truth, n = 20 and 100, T = 10, every workflow but custom; Laplace and
two normals, n = 100, T = 6, under replace, accumulate and anchored: the best schedule for a horizon
does not smooth before its last fit (h_1..h_{T-1} go to the lower end of the search), because the
last kernel can do all the smoothing and earlier ones add to the bias. A uniform truth under
accumulate is an exception: its edges are served by 0.13 and 0.17 at fits 4 and 5 of 6, by 1 %. For
a normal truth the error at T is 55 % below Scott's under replace, 17 to 20 % under accumulate.
Greedy has more error there than Scott from the second to the tenth generation on under replace and
accumulate, as each fit serves itself and smooths too much for the next; for other truths Scott's
rule is so far off that greedy wins.

Source: loopbound theory, section 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from theory.quadrature import ORDER, clenshaw_curtis
from theory.recursion import Feature, Fit, fits, unit_modulus
from theory.workflow import UnsupportedWorkflow, Workflow, whole_number

if TYPE_CHECKING:
    from theory.kde.chain import KdeChain

FloatArray = npt.NDArray[np.float64]

LONGEST_HORIZON = 30  # generations: the search evaluates the recursion thousands of times
REACH = 200.0  # factor around a first guess that is searched
WIDEST = 2.0**10  # bandwidth in widths of the truth: the lowest panel of frequencies ends there
_COARSE = 96  # bandwidths tried before the search


@dataclass(frozen=True, eq=False)
class Grid:
    """Frequencies with weights: C r^(d-1) dr; and the truth's power S there, axis (frequency,)."""

    r: FloatArray
    weights: FloatArray
    power: FloatArray


def frequency_grid(chain: KdeChain, narrow: float) -> Grid:
    """Composite Clenshaw-Curtis nodes up to where the truth's power and kernels vanish.

    `narrow` is the bandwidth of a Gaussian kernel that is to have vanished; 2^10 units at most.
    The unit is (int f_0^2)^(1/d), one over the truth's width; below one unit panels shrink by
    factors of two, above it they are two units wide.
    """
    from theory.kde.error import radial_constant

    truth, dim = chain.truth, chain.dim
    unit = truth.square_integral ** (1 / dim)
    octaves = 2.0 ** np.arange(3, 11)
    vanished = (truth.envelope(unit * octaves) ** 2 < 1e-17) & (unit * octaves * narrow > 6)
    last = octaves[int(np.argmax(vanished))] if vanished.any() else octaves[-1]
    edges = unit * np.array([0, *2.0 ** np.arange(-8, 1), *np.arange(2, last + 1, 2)])
    nodes, shares = clenshaw_curtis(ORDER)
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    r = (middle[:, None] + half[:, None] * nodes).ravel()
    weights = (half[:, None] * shares).ravel() * radial_constant(dim) * r ** (dim - 1)
    return Grid(r, weights, truth.power(r))


def one_fit_error(
    chain: KdeChain, grid: Grid, h: FloatArray, square: FloatArray, mean: FloatArray, floor: float
) -> FloatArray:
    """MISE minus the integral of f_0^2 for bandwidths h, axis (bandwidth,).

    `square` is B, `mean` is c, axis (frequency,), and `floor` is b.
    """
    kappa = chain.shape.transform(np.outer(h, grid.r))
    rough = floor * (chain.shape.roughness / h) ** chain.dim
    first = kappa**2 @ (grid.weights * (square - floor))
    return np.asarray(rough + first - 2 * kappa @ (grid.weights * grid.power * mean))


def best_bandwidth(
    chain: KdeChain, grid: Grid, square: FloatArray, mean: FloatArray, floor: float, guess: float
) -> float:
    """The h that minimises `one_fit_error` within a factor of 200 of the guess."""
    from scipy.optimize import minimize_scalar

    def error(log_h: float) -> float:
        return float(one_fit_error(chain, grid, np.exp([log_h]), square, mean, floor)[0])

    tried = math.log(guess) + np.linspace(-math.log(REACH), math.log(REACH), _COARSE)
    at = int(np.argmin(one_fit_error(chain, grid, np.exp(tried), square, mean, floor)))
    low, high = tried[max(at - 1, 0)], tried[min(at + 1, _COARSE - 1)]
    found = minimize_scalar(error, bounds=(low, high), method="bounded", options={"xatol": 1e-9})
    return math.exp(found.x)


def first_guess(chain: KdeChain, rows: int) -> float:
    """Scott's bandwidth in units of the truth's width."""
    width = chain.truth.square_integral ** (-1 / chain.dim)
    return float(width * math.pow(rows, -1 / (chain.dim + 4)))


def optimal_bandwidths(
    chain: KdeChain, workflow: Workflow, generations: int, *, horizon: int | None = None
) -> FloatArray:
    """h_t that minimise the exact MISE, axis (generation,), index 0 unused (0).

    Args:
        chain: its bandwidth is not looked at.
        workflow: any.
        generations: T.
        horizon: None is greedy; else h_1..h_horizon minimise the error of that generation, and
            the last one repeats.

    Raises:
        UnsupportedWorkflow: a horizon above 30; bandwidths beyond 1,024 widths of the truth.

    Example:
        >>> from theory.kde.chain import KdeChain
        >>> from theory.truths import Normal
        >>> chain = KdeChain(Normal(), 1.0)
        >>> optimal_bandwidths(chain, Workflow.replace(100), 3).round(3)
        array([0.   , 0.445, 0.431, 0.429])
    """
    if horizon is not None and whole_number("horizon", horizon) > LONGEST_HORIZON:
        raise UnsupportedWorkflow(
            f"optimal bandwidths take a horizon of at most {LONGEST_HORIZON}, got {horizon}"
        )
    greedy = _greedy(chain, workflow, horizon or generations)
    found = greedy if horizon is None else _for_horizon(chain, workflow, greedy)
    steps = np.minimum(np.arange(generations), len(found) - 1)
    return np.concatenate([[0.0], found[steps]])


def _greedy(chain: KdeChain, workflow: Workflow, generations: int) -> FloatArray:
    """Each generation's own optimum: the recursion asks for h_t once it has fit t."""
    grid = frequency_grid(chain, first_guess(chain, workflow.train_size(generations)) / 2)
    # The last frequency is infinity, where S = kappa = 0: it carries the floor b_t.
    root = np.append(np.sqrt(np.maximum(grid.power, 1e-300)), 0.0)
    width = chain.truth.square_integral ** (-1 / chain.dim)
    found: list[float] = []
    plain = unit_modulus(root, lambda t: _damping(chain, grid, found[t - 1]))

    def choose(fit: Fit) -> None:
        guess = max([first_guess(chain, fit.train_size), *found[-1:]])
        square, floor = fit.mean_square[:-1], float(fit.mean_square[-1])
        mean = fit.mean[:-1] / root[:-1]
        found.append(best_bandwidth(chain, grid, square, mean, floor, guess))
        if found[-1] > WIDEST * width:
            raise UnsupportedWorkflow(
                f"optimal bandwidths grow without bound here: beyond {WIDEST * width:.4g} at "
                f"generation {len(found)}, got {generations} generations"
            )

    def synthetic(rows: int, t: int, fit: Fit) -> tuple[FloatArray, FloatArray]:
        choose(fit)
        return plain.synthetic(rows, t, fit)

    feature = Feature(plain.real, synthetic, plain.mean, plain.kappa)
    choose(fits(workflow, generations, feature)[-1])
    return np.array(found)


def _damping(chain: KdeChain, grid: Grid, h: float) -> FloatArray:
    return np.append(chain.shape.transform(h * grid.r), 0.0)


def _for_horizon(chain: KdeChain, workflow: Workflow, start: FloatArray) -> FloatArray:
    """The whole schedule for the error of its last generation, by L-BFGS on log h."""
    from scipy.optimize import minimize

    grid = frequency_grid(chain, float(start.min()) / 2)
    root = np.append(np.sqrt(np.maximum(grid.power, 1e-300)), 0.0)

    def error(log_h: FloatArray) -> float:
        h = np.exp(log_h)
        feature = unit_modulus(root, lambda t: _damping(chain, grid, float(h[t - 1])))
        last = fits(workflow, len(h), feature)[-1]
        square, floor = last.mean_square[:-1], float(last.mean_square[-1])
        mean = last.mean[:-1] / root[:-1]
        return float(one_fit_error(chain, grid, h[-1:], square, mean, floor)[0])

    bounds = [(math.log(h / REACH), math.log(h * REACH)) for h in start]
    found = minimize(error, np.log(start), method="L-BFGS-B", bounds=bounds, tol=1e-13)
    return np.asarray(np.exp(found.x)) if found.fun <= error(np.log(start)) else start
