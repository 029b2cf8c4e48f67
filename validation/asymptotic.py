"""Claims about a limit: simulated at two sizes and extrapolated at the stated rate.

An asymptotic value v is approached like v + a/n + b/n^2. Two sizes n and r n give (Richardson)

    (r x(r n) - x(n)) / (r - 1) = v - b/(r n^2):

v if the gap shrinks at that rate, and off by much of the gap if it shrinks at another. The sizes
are such that the second order, known exactly for the error of the mean and, under replace and
accumulate, for the likelihood, is below a tenth of what is resolved. The wider apart they are, the
smaller the weights and the fewer the runs: 2.6 times fewer for r = 4 than for r = 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from montecarlo.estimate import Estimate, Estimates
from theory.curve import Curve
from theory.gaussian import GaussianChain
from theory.inflation import inflation
from theory.workflow import Workflow
from validation.experiment import Experiment, by_name
from validation.gaussian import GaussianExperiment

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grid:
    """Simulations at two sizes, and the claim that they tend to a limit; see `Experiment`.

    Attributes:
        stem: names the claim.
        field: what the limit is of.
        at: size -> the experiment, whose only field is a risk.
        unit: size -> what the risk is divided by before it tends to the limit.
        sizes: n and r n.
        limit: gives the limit, a curve over generations.
    """

    stem: str
    field: str
    at: Callable[[int], Experiment]
    unit: Callable[[int], float]
    sizes: tuple[int, int]
    limit: Callable[[], Curve]

    claimed = True
    table = None

    @property
    def name(self) -> str:
        """stem/sizes."""
        return by_name(self.stem, self.sizes)

    @property
    def fields(self) -> tuple[str, ...]:
        """The one that tends to the limit."""
        return (self.field,)

    @property
    def label(self) -> str:
        """That of its experiments."""
        return self.at(self.sizes[-1]).label

    @property
    def workflow(self) -> Workflow:
        """The workflow at the largest size."""
        return self.at(self.sizes[-1]).workflow

    @property
    def generations(self) -> int:
        """Fits a run."""
        return self.at(self.sizes[-1]).generations

    @property
    def facts(self) -> dict[str, Any]:
        """Those at the largest size."""
        return self.at(self.sizes[-1]).facts

    def theory(self) -> dict[str, Curve]:
        """The limit."""
        return {self.field: self.limit()}

    def twin(self, field: str) -> str:
        """Extrapolated, the field itself."""
        return field

    def run_std(self, field: str, curve: Curve) -> None:
        """That of the extrapolation is the sample's."""

    def simulate(
        self, *, seed: int, replicates: int, threads: int | None, checkpoint: Path | None
    ) -> Estimates:
        """The extrapolated risk, and beside it the one of each size, under the size's name."""
        found: dict[str, Estimate] = {}
        for k, n in enumerate(self.sizes):
            experiment = self.at(n)
            risk = experiment.simulate(
                seed=seed + k * 2**33, replicates=replicates, threads=threads,
                checkpoint=None if checkpoint is None else checkpoint / f"n{n}",
            )[experiment.twin(experiment.fields[0])]  # fmt: skip
            unit = self.unit(n)
            found[str(n)] = Estimate(replicates, risk.mean / unit, risk.std / unit)
        found[self.field] = self.extrapolated(*found.values())
        return Estimates(found)

    def extrapolated(self, near: Estimate, far: Estimate) -> Estimate:
        """The limit from both sizes; its `std` is that of one run at each."""
        small, large = self.sizes
        less, more = -small / (large - small), large / (large - small)
        mean = less * near.mean + more * far.mean
        return Estimate(near.count, mean, np.hypot(less * near.std, more * far.std))

    def order(self, found: Estimates, curve: Curve) -> FloatArray:
        """Observed p in gap = O(n^-p), axis (generation - 1,)."""
        near, far = (np.abs(found[str(n)].mean[1:] - curve.values[1:]) for n in self.sizes)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(near / far) / np.log(self.sizes[1] / self.sizes[0]))


def inflation_grids() -> Iterator[Grid]:
    """Every constructor by the error of the mean; the likelihood where batches stay whole.

    Not draws with replacement: their second order would take batches that are slow to draw.
    """
    families: dict[str, Callable[[int], Workflow]] = {
        "replace": Workflow.replace,
        "accumulate": Workflow.accumulate,
        "accumulate-subsample": Workflow.accumulate_subsample,
        "sliding-window": lambda n: Workflow.sliding_window(n, 2),
        "anchored": lambda n: Workflow.anchored(n, n),
        "fresh": lambda n: Workflow.fresh(n, n),
        "fresh-weighted": lambda n: Workflow.fresh(n, n, weight=0.3),
    }
    for label, family in families.items():
        subsampled = label == "accumulate-subsample"
        yield _inflation(label, family, "mean_error", (8, 32) if subsampled else (20, 80))
        if not subsampled:
            yield _inflation(label, family, "excess_nll", (320, 1280))


def _inflation(
    label: str, family: Callable[[int], Workflow], risk: str, sizes: tuple[int, int]
) -> Grid:
    """n x a Gaussian's excess risk tends to v_t: one parameter for the mean, two for the NLL."""
    chain, generations = GaussianChain(1, 0), 3
    return Grid(
        stem=f"inflation/{label}/{risk}/dim1",
        field="inflation",
        at=lambda n: GaussianExperiment(label, chain, family(n), generations, (risk,)),
        unit=lambda n: 1 / n,
        sizes=sizes,
        limit=lambda: inflation(family(sizes[0]), generations),
    )
