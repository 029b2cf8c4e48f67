"""Claims about a limit: simulated along a grid of batch sizes and extrapolated at the stated rate.

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

import numpy as np
import numpy.typing as npt

from montecarlo.estimate import Estimate
from theory.curve import Curve
from theory.gaussian import GaussianChain
from theory.inflation import inflation
from theory.workflow import Workflow

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grid:
    """Simulations at two batch sizes, and the claim that they tend to the inflation v_t.

    Attributes:
        label: names the workflow in the claim's name.
        chain: model and estimator.
        family: rows a batch -> workflow.
        sizes: rows a batch, n and r n.
        generations: fits a run.
        twin: the simulated field, an excess risk: times n over its leading constant it tends to v.
    """

    label: str
    chain: GaussianChain
    family: Callable[[int], Workflow]
    sizes: tuple[int, int]
    generations: int
    twin: str

    @property
    def name(self) -> str:
        """inflation/workflow/risk/dimension/sizes, the stem of the claim's name."""
        rows = "-".join(map(str, self.sizes))
        return f"inflation/{self.label}/{self.twin}/dim{self.chain.dim}/n{rows}"

    @property
    def workflow(self) -> Workflow:
        """The workflow at the largest size."""
        return self.family(self.sizes[-1])

    @property
    def table(self) -> None:
        """No table: the truth is Gaussian."""

    @property
    def tests(self) -> int:
        """Single tests that the claim makes: one a generation."""
        return self.generations

    def theory(self) -> Curve:
        """The inflation v_t, the same at every size."""
        return inflation(self.workflow, self.generations)

    def claim_names(self) -> list[str]:
        """The claim's name."""
        return [f"{self.name}/inflation"]

    def extrapolated(self, found: list[Estimate]) -> tuple[FloatArray, FloatArray]:
        """(limit, standard deviation of its error times sqrt(runs)), axes (generation - 1,)."""
        small, large = self.sizes
        weights = (-small / (large - small), large / (large - small))
        scale = [weight * n / self._constant for weight, n in zip(weights, self.sizes, strict=True)]
        value = sum(s * sample.mean[1:] for s, sample in zip(scale, found, strict=True))
        variance = sum((s * sample.std[1:]) ** 2 for s, sample in zip(scale, found, strict=True))
        return np.asarray(value), np.sqrt(variance)

    def order(self, found: list[Estimate], limit: Curve) -> FloatArray:
        """Observed p in gap = O(n^-p), axis (generation - 1,)."""
        v = limit.values[1:]
        gaps = [
            np.abs(n / self._constant * sample.mean[1:] - v)
            for n, sample in zip(self.sizes, found, strict=True)
        ]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.sizes[1] / self.sizes[0]
            return np.asarray(np.log(gaps[0] / gaps[1]) / np.log(ratio))

    @property
    def _constant(self) -> float:
        """n x the risk of one fit, n -> infinity: 1 for the mean, half the parameters for NLL."""
        dim = self.chain.dim
        return 1.0 if self.twin == "mean_error" else (dim + dim * (dim + 1) / 2) / 2


def grids() -> Iterator[Grid]:
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
    chain = GaussianChain(1, 0)
    for label, family in families.items():
        subsampled = label == "accumulate-subsample"
        sizes = (10, 40) if subsampled else (20, 80)
        yield Grid(label, chain, family, sizes, 3, "mean_error")
        if not subsampled:
            yield Grid(label, chain, family, (320, 1280), 3, "excess_nll")
