"""Regression claims about limits, along a grid: the leading order, and a ridge on the last fit.

What extrapolation leaves of the second order (see asymptotic.py) is known from long runs where
theory has no law of finite size. Relative to the limit, with d features, the error of a ridge at
once is off by (0.61 - 0.07 / d) / d, after two fakes by (0.183 + 0.00 / d) / d, and the best
penalty by (-0.07 + 0.05 / d) / d, each last digit uncertain by three: at most 0.07 % stays at the
sizes below.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo.estimate import Estimate, Estimates
from montecarlo.regression import simulate
from theory.curve import Curve, Kind
from theory.inflation import inflation
from theory.regression import RegressionChain
from theory.regression.ridge import LastRidge
from theory.tables import RealTable
from theory.workflow import Workflow
from validation.asymptotic import Grid
from validation.experiment import by_name
from validation.regression import ERROR, RegressionExperiment

FloatArray = npt.NDArray[np.float64]

_CHUNK = 65_536  # runs in memory at once


def grids() -> Iterator[Grid]:
    """The leading order as d/n -> 0; a ridge after none and after two fakes; the best one."""
    families: dict[str, Callable[[int], Workflow]] = {
        "accumulate-subsample": Workflow.accumulate_subsample,
        "sliding-window": lambda n: Workflow.sliding_window(n, 2),
        "anchored": lambda n: Workflow.anchored(n, n),
        "fresh-weighted": lambda n: Workflow.fresh(n, n, weight=0.3),
    }
    for label, family in families.items():
        yield _leading_order(label, family)
    yield _last_ridge(_Last(2, 0.5), 0.2, fakes=0, sizes=(12, 36))
    yield _last_ridge(_Last(2, 1.0, 6, 2.0), 0.5, fakes=2, sizes=(8, 24))
    yield _best_ridge(_Last(4, 1.0, 8, 2.0), sizes=(32, 64))


def _leading_order(label: str, family: Callable[[int], Workflow]) -> Grid:
    chain, generations = RegressionChain(1), 3
    return Grid(
        stem=f"regression/fresh/{label}/leading-order/dim1",
        field="inflation",
        at=lambda n: RegressionExperiment(label, chain, family(n), generations),
        unit=lambda n: 1 / (n - 2),
        sizes=(40, 160),
        limit=lambda: inflation(family(40), generations),
    )


# --- a ridge on the last fit ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Last:
    """Least squares on `first` d rows, then a ridge on `rows` d; eigenvalues 1 and 4, |w*| = 1."""

    rows: int
    noise: float
    first: int = 8
    first_noise: float = 1.0

    def chain(self, dim: int, fakes: int, ridge: float) -> RegressionChain:
        """With that penalty after so many fits of least squares."""
        noise = (*[self.first_noise] * fakes, self.noise)
        ridges = (*[0.0] * fakes, ridge)
        return RegressionChain(dim, noise, ridge=ridges, covariance=np.diag(spectrum(dim)))

    def workflow(self, dim: int, fakes: int) -> Workflow:
        """Replace, with the rows of each fit."""
        return Workflow.replace((*[self.first * dim] * fakes, self.rows * dim))

    def limit(self) -> LastRidge:
        """The deterministic equivalents, with the limit d / (n_0 - d) of d / (n_0 - d - 1).

        One more row in n_0 makes it that, and nothing else depends on d.
        """
        signal = np.full(2, 0.5)
        return LastRidge(
            spectrum(2), signal, self.rows * 2, self.noise, self.first * 2 + 1, self.first_noise
        )


def spectrum(dim: int) -> FloatArray:
    """Eigenvalues 1 and 4, half and half."""
    return np.tile([1.0, 4.0], dim // 2)


def _last_ridge(last: _Last, ridge: float, fakes: int, sizes: tuple[int, int]) -> Grid:
    """The error of every fit: d / (n_0 - d - 1) a fake, then that of the ridge."""

    def at(n: int) -> RegressionExperiment:
        dim = n // last.rows
        return RegressionExperiment(
            "replace", last.chain(dim, fakes, ridge), last.workflow(dim, fakes), fakes + 1
        )

    def limit() -> Curve:
        known = last.limit()
        fake = last.first_noise**2 / (last.first - 1)
        errors = [*fake * np.arange(fakes + 1), known.error(ridge, fakes + 1)]
        return Curve(np.array(errors), Kind.ASYMPTOTIC, known.curve(ridge, 1).source)

    after = f"after{fakes}" if fakes else "first"
    return Grid(
        stem=f"regression/fresh/replace/ridge{ridge:g}-{after}/proportional",
        field="excess_test_error",
        at=at,
        unit=lambda n: 1.0,
        sizes=sizes,
        limit=limit,
    )


# --- the best penalty ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class BestRidge:
    """Where the simulated error of the last fit is least, k = 1..T fakes before it; `Experiment`.

    The error is simulated at the penalty of the limit and `step` to either side of its logarithm,
    on the same designs: the noise that they share leaves the difference. The least of the parabola
    through the three mean errors, one step of Newton's method, is the estimate; the curve's third
    derivative moves it by step^2 / 6 times its ratio to the second, which is below 0.01 %. Axis
    `generation` of the arrays is k; entry 0 is not tested, because without fakes the best penalty
    is d noise^2 / (n |w*|^2) for every design and at every size.

    Attributes:
        last: the experiment.
        dim: features.
        generations: T.
        step: see there.
    """

    last: _Last
    dim: int
    generations: int
    step: float = 0.02

    claimed = True
    table: RealTable | None = None
    label = "replace"
    fields = ("best_ridge",)

    @property
    def name(self) -> str:
        """Of the experiment."""
        return by_name(f"regression/fresh/best-ridge/dim{self.dim}", self.workflow)

    @property
    def workflow(self) -> Workflow:
        """With all fakes."""
        return self.last.workflow(self.dim, self.generations)

    @property
    def facts(self) -> dict[str, Any]:
        """Those of the error at the penalty of the limit."""
        best = self.theory()["best_ridge"].values[-1]
        chain = self.last.chain(self.dim, self.generations, best)
        return RegressionExperiment("replace", chain, self.workflow, self.generations + 1).facts

    def theory(self) -> dict[str, Curve]:
        """The penalty of the limit, by k."""
        return {"best_ridge": best_penalties(self.last.limit(), self.generations)}

    def simulate(
        self, *, seed: int, replicates: int, threads: int | None, checkpoint: Path | None
    ) -> Estimates:
        """The estimate by k; nothing is kept in a checkpoint, the runs are drawn again."""
        centre = self.theory()["best_ridge"].values
        found = [(centre[0], 0.0)]
        for k in range(1, self.generations + 1):
            mean, covariance = self._errors(centre[k], k, seed, replicates, threads)
            found.append(_least(centre[k], self.step, mean, covariance))
        mean, std = np.array(found).T
        return Estimates({"best_ridge": Estimate(replicates, mean, std)})

    def _errors(
        self, centre: float, fakes: int, seed: int, replicates: int, threads: int | None
    ) -> tuple[FloatArray, FloatArray]:
        """Mean and covariance of one run's errors at the three penalties."""
        workflow = self.last.workflow(self.dim, fakes)
        total, square = np.zeros(3), np.zeros((3, 3))
        for part, start in enumerate(range(0, replicates, _CHUNK)):
            runs = np.array([
                simulate(
                    self.last.chain(self.dim, fakes, centre * math.exp(side * self.step)),
                    workflow, fakes + 1, seed=seed + part * 2**40, threads=threads,
                    replicates=min(_CHUNK, replicates - start), method="rao-blackwell",
                    fields=ERROR,
                ).excess_test_error[:, -1]
                for side in (-1, 0, 1)
            ])  # fmt: skip
            if not part:
                origin = runs.mean(axis=1)  # shifted, the sums of squares lose no digits
            runs -= origin[:, None]
            total += runs.sum(axis=1)
            square += runs @ runs.T
        mean = total / replicates
        return origin + mean, square / replicates - np.outer(mean, mean)

    def twin(self, field: str) -> str:
        """The field itself."""
        return field

    def run_std(self, field: str, curve: Curve) -> None:
        """The sample's."""

    def order(self, found: Estimates, curve: Curve) -> None:
        """No grid of its own."""


def _least(
    centre: float, step: float, mean: FloatArray, covariance: FloatArray
) -> tuple[float, float]:
    """(least of the parabola through three errors, its standard deviation for one run)."""
    slope = np.array([-1.0, 0.0, 1.0]) / (2 * step)
    bend = np.array([1.0, -2.0, 1.0]) / step**2
    curvature = float(bend @ mean)
    move = -float(slope @ mean) / curvature
    each = -(slope + move * bend) / curvature  # derivative of the move in the three errors
    best = centre * math.exp(move)
    return best, best * math.sqrt(float(each @ covariance @ each))


def best_penalties(last: LastRidge, fakes: int) -> Curve:
    """The best penalty by k, the fakes before the ridge: entries 0..fakes."""
    values = [last.best_ridge(k + 1) for k in range(fakes + 1)]
    return Curve(np.array(values), Kind.ASYMPTOTIC, last.curve(0.1, 1).source)


def _best_ridge(last: _Last, sizes: tuple[int, int]) -> Grid:
    return Grid(
        stem="regression/fresh/replace/best-ridge/proportional",
        field="best_ridge",
        at=lambda n: BestRidge(last, n // last.rows, 1),
        unit=lambda n: 1.0,
        sizes=sizes,
        limit=lambda: best_penalties(last.limit(), 1),
    )
