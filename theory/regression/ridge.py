"""Ridge on the last fit after generations of least squares: any spectrum, proportional limit.

k synthetic generations are ordinary least squares on n_0 new rows each (noise s_0); the last fit is
a ridge on n new rows labelled by model k (noise s). Rows are N(0, Sigma). With kappa the effective
penalty, the root of

    kappa - lambda = kappa df_1(kappa) / n,      df_j = tr Sigma^j (Sigma + kappa)^-j,

the error splits into

    bias       kappa^2 w' Sigma (Sigma + kappa)^-2 w / (1 - df_2/n)
    variance   s^2 df_2 / (n - df_2)
    synthetic  k s_0^2 [df_2 + kappa^2 tr (Sigma + kappa)^-2 df_2 / (n - df_2)] / (n_0 - d - 1)

as n, d -> infinity at a fixed ratio (deterministic equivalents). The last line takes E of the
inverse Wishart for the weights' error after k generations, which is exact.

Source: Dohmatob et al., Model Collapse Demystified, 2402.07712; loopbound theory, section 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from theory.curve import Curve, Kind
from theory.workflow import whole_number

FloatArray = npt.NDArray[np.float64]

_SOURCE = "2402.07712; loopbound theory, section 4 (proportional limit)"


@dataclass(frozen=True, eq=False)
class LastRidge:
    """The experiment: least squares k times, then one ridge.

    Attributes:
        spectrum: eigenvalues of Sigma > 0, axis (feature,).
        signal: squared coordinates of w* in its eigenvectors, axis (feature,); |w*|^2 / d each for
            a uniform direction.
        rows: n of the last fit.
        noise: s > 0 of its labels.
        first_rows: n_0 of each earlier fit, at least d + 2.
        first_noise: s_0 > 0 of their labels.

    Raises:
        ValueError: quoting the value that is out of range.

    Example:
        >>> chain = LastRidge(np.ones(50), np.full(50, 1 / 50), rows=100, noise=0.5,
        ...                   first_rows=200, first_noise=0.5)
        >>> chain.curve(0.25, generations=3).values.round(4)
        array([0.    , 0.1936, 0.2393, 0.285 ])
        >>> round(chain.best_ridge(3), 4)
        0.2052
    """

    spectrum: npt.ArrayLike
    signal: npt.ArrayLike
    rows: int
    noise: float
    first_rows: int
    first_noise: float

    def __post_init__(self) -> None:
        for name in ("spectrum", "signal"):
            vector = np.asarray(getattr(self, name), dtype=np.float64)
            least = np.finfo(np.float64).tiny if name == "spectrum" else 0.0
            if vector.ndim != 1 or not len(vector) or not (vector >= least).all():
                sign = "positive" if name == "spectrum" else "non-negative"
                raise ValueError(f"{name} must be a vector of {sign} numbers, got {vector!r}")
            object.__setattr__(self, name, vector)
        if len(self._signal) != self.dim:
            raise ValueError(f"signal must have {self.dim} entries, got {len(self._signal)}")
        whole_number("rows", self.rows)
        whole_number("first_rows", self.first_rows, minimum=self.dim + 2)
        for name in ("noise", "first_noise"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)!r}")

    @property
    def dim(self) -> int:
        """Features d."""
        return len(self._spectrum)

    @property
    def _spectrum(self) -> FloatArray:
        return np.asarray(self.spectrum, dtype=np.float64)

    @property
    def _signal(self) -> FloatArray:
        return np.asarray(self.signal, dtype=np.float64)

    def effective_ridge(self, ridge: float) -> float:
        """kappa: the penalty that random rows turn lambda into; 0 for lambda = 0 and n > d."""
        from scipy.optimize import brentq

        if not 0 <= ridge < math.inf:
            raise ValueError(f"ridge must be a finite number >= 0, got {ridge!r}")
        if ridge == 0 and self.rows >= self.dim:
            return 0.0

        def gap(kappa: float) -> float:
            return kappa - ridge - kappa * self._freedom(kappa, 1) / self.rows

        top = ridge + float(self._spectrum.sum()) / self.rows
        bottom = ridge if ridge > 0 else 1e-12 * top
        while gap(bottom) > 0:
            bottom /= 2
        return float(brentq(gap, bottom, 2 * top, xtol=1e-300, rtol=1e-14))

    def _freedom(self, kappa: float, power: int) -> float:
        """df_j = tr Sigma^j (Sigma + kappa)^-j."""
        return float(((self._spectrum / (self._spectrum + kappa)) ** power).sum())

    def parts(self, ridge: float) -> tuple[float, float, float]:
        """(bias, variance, what one synthetic generation adds) at penalty lambda.

        Infinite at lambda = 0 with n = d, where least squares has no finite error.
        """
        n, kappa = self.rows, self.effective_ridge(ridge)
        second = self._freedom(kappa, 2)
        if second >= n:
            return math.inf, math.inf, math.inf
        shrunk = (kappa / (self._spectrum + kappa)) ** 2
        bias = float(shrunk @ (self._spectrum * self._signal)) / (1 - second / n)
        noisy = second / (n - second)
        synthetic = (second + float(shrunk.sum()) * noisy) * self.first_noise**2
        return bias, self.noise**2 * noisy, synthetic / (self.first_rows - self.dim - 1)

    def error(self, ridge: float, generation: int) -> float:
        """Excess test error of a ridge fitted at this generation, after generation - 1 fakes."""
        bias, variance, synthetic = self.parts(ridge)
        return bias + variance + (whole_number("generation", generation) - 1) * synthetic

    def curve(self, ridge: float, generations: int) -> Curve:
        """Excess test error if the ridge is at generation t, t = 1..T; kind ASYMPTOTIC."""
        bias, variance, synthetic = self.parts(ridge)
        steps = np.arange(whole_number("generations", generations))
        return Curve(np.append(0.0, bias + variance + steps * synthetic), Kind.ASYMPTOTIC, _SOURCE)

    def best_ridge(self, generation: int) -> float:
        """lambda of least error at this generation: it grows with the fakes before it."""
        from scipy.optimize import minimize_scalar

        top = float(self._spectrum.max())
        low, high = np.log(1e-12 * top), np.log(1e6 * top)

        def objective(log_ridge: float) -> float:
            return self.error(math.exp(log_ridge), generation)

        grid = np.linspace(low, high, 121)
        best = int(np.argmin([objective(x) for x in grid]))
        bounds = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        found = minimize_scalar(
            objective, bounds=bounds, method="bounded", options={"xatol": 1e-10}
        )
        return math.exp(float(found.x))


def power_law_rates(decay: float, source: float) -> tuple[float, float]:
    """(exponent of the error, exponent of lambda) in n for power-law spectra, best lambda.

    Eigenvalues j^-decay, signal_j = j^-(1 + decay (2 source - 1)) (w* of source smoothness), fakes
    on n_0 rows in proportion to d, both far more than n: what k of them add to a label is noise of
    variance k s_0^2 d / (n_0 - d - 1), like its own. df_2 ~ kappa^(-1/decay) and bias ~
    kappa^(2 source) balance at kappa ~ n^(-decay / (1 + 2 source decay)), so error ~
    n^(-2 source decay / (1 + 2 source decay)); the number of fakes moves the constant and lambda,
    and not the rate.

    Raises:
        ValueError: decay <= 1, or a source outside (0, 1], where a ridge saturates.

    Source: Caponnetto and de Vito (2007); loopbound theory, section 4.

    Example:
        >>> power_law_rates(decay=2.0, source=0.5)
        (-0.6666666666666666, -0.6666666666666666)
    """
    if not 1 < decay < math.inf:
        raise ValueError(f"decay must be > 1, got {decay!r}")
    if not 0 < source <= 1:
        raise ValueError(f"source must be in (0, 1], got {source!r}")
    width = 1 + 2 * source * decay
    return -2 * source * decay / width, -decay / width
