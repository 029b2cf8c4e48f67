"""The kernel-density claims: which truth, bandwidth and kernel under which workflow.

Few rows a batch make a run cheap and an effect of 1/n large. The moments of the cloud are averages
over coordinates, so many coordinates make their tails light.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from montecarlo.kde import estimate
from theory.datasets import SwissRoll, blobs, circles
from theory.kde import KdeChain, Power, Scott
from theory.kde.curves import FIELDS, curves
from theory.mixture import GaussianMixture
from theory.tables import RealTable
from theory.truths import Laplace, Normal, StudentT, Uniform
from theory.workflow import Workflow
from validation.data import standardised
from validation.experiment import OnTruth, by_name
from validation.gaussian import every_other_batch

TWINS: dict[str, str] = {name: name for name in FIELDS} | {"excess_nll_lower": "excess_nll"}
"""Theory field -> simulated field."""

MISE = ("mise",)
CLOUD = ("extra_variance", "cloud_variance", "cloud_mean_error")


@dataclass(frozen=True, eq=False)
class KdeExperiment(OnTruth[KdeChain]):
    """One simulation of a kernel-density chain and the claims that it tests.

    A table's rows, standardised and smoothed, are the truth.
    """

    generations: int = 3
    fields: tuple[str, ...] = MISE

    family, twins = "kde", TWINS
    curves, estimate = staticmethod(curves), staticmethod(estimate)

    @property
    def name(self) -> str:
        """kde/truth/workflow/dimension/size."""
        stem = f"kde/{self.truth}/{self.label}/dim{self.chain.dim}"
        return by_name(stem, self.workflow)

    @property
    def facts(self) -> dict[str, Any]:
        """Dimension, truth, bandwidth and kernel."""
        chain = self.chain
        return {
            "dim": chain.dim, "truth": type(chain.truth).__name__,
            "bandwidth": str(chain.bandwidth), "kernel": chain.kernel,
        }  # fmt: skip


def _workflows(n: int) -> dict[str, Workflow]:
    return {
        "replace": Workflow.replace(n),
        "accumulate": Workflow.accumulate(n),
        "accumulate-subsample": Workflow.accumulate_subsample(n),
        "with-replacement": Workflow.accumulate_subsample(n, replacement=True),
        "sliding-window": Workflow.sliding_window(n, 2),
        "anchored": Workflow.anchored(n, n),
        "fresh": Workflow.fresh(n, n),
        "fresh-weighted": Workflow.fresh(n, n, weight=0.3),
        "custom": Workflow.custom(n, every_other_batch),
    }


MIXTURE = GaussianMixture((0.4, 0.6), (-1.5, 1.0), (0.25, 0.6))


def experiments() -> Iterator[KdeExperiment]:
    """Every workflow, truth and kernel; moments in many dimensions; the mean density; a bound.

    Narrow kernels make an integrated squared error the sum of many parts, which varies little.
    """
    for label, workflow in _workflows(8).items():
        yield KdeExperiment(label, "normal-0.2", KdeChain(Normal(), 0.2), workflow)
        yield KdeExperiment(label, "normal-0.8", KdeChain(Normal(8), 0.8), workflow, fields=CLOUD)
    yield from _truths()
    yield from _in_space()
    yield from _mean_density()


def _truths() -> Iterator[KdeExperiment]:
    """Each truth with another kernel and another rule of bandwidths."""
    for name, chain, label in (
        ("mixture-epanechnikov-power", KdeChain(MIXTURE, Power(0.6, 0.4), "epanechnikov"),
         "accumulate"),
        ("uniform-triangular-schedule", KdeChain(Uniform(-1, 2), (0.5, 0.3), "triangular"),
         "replace"),
        ("laplace-laplace", KdeChain(Laplace(), 0.3, "laplace"), "accumulate"),
        ("student-gaussian-scott", KdeChain(StudentT(5.0), Scott(0.4)), "accumulate-subsample"),
        ("mixture-uniform", KdeChain(MIXTURE, 0.5, "uniform"), "anchored"),
    ):  # fmt: skip
        yield KdeExperiment(label, name, chain, _workflows(8)[label])


def _in_space() -> Iterator[KdeExperiment]:
    """Squared errors of the data sets, by pairs of rows; narrow kernels again."""
    for name, truth, h, label in (
        ("blobs", blobs(), 0.4, "accumulate"),
        ("circles", circles(0.2), 0.1, "replace"),
        ("swiss-roll", SwissRoll(0.5), 1.5, "accumulate"),
    ):
        yield KdeExperiment(label, name, KdeChain(truth, h), _workflows(8)[label], 2)


def _mean_density() -> Iterator[KdeExperiment]:
    """Smoothing that is seen beside the noise of the rows; what runs differ by; Jensen's bound."""
    for label in ("replace", "accumulate", "fresh"):
        chain, workflow = KdeChain(Normal(), 1.0), _workflows(40)[label]
        yield KdeExperiment(label, "normal-1", chain, workflow, 2, ("mean_density_error",))
    chain, workflow = KdeChain(Normal(), 0.2), _workflows(8)["accumulate"]
    yield KdeExperiment(
        "accumulate", "normal-0.2-runs", chain, workflow, 3, ("integrated_variance",)
    )
    for label in ("replace", "accumulate"):
        chain, workflow = KdeChain(Normal(), 1.0), _workflows(40)[label]
        yield KdeExperiment(label, "normal-1-bound", chain, workflow, 2, ("excess_nll_lower",))


def on_table(
    table: RealTable, workflows: Sequence[tuple[str, Workflow]] = ()
) -> list[KdeExperiment]:
    """A real table as the truth: its rows, columns standardised, smoothed by N(0, 1/4 I).

    In all columns together: the moments of the training rows, and the integrated squared error, at
    bandwidths that are narrower in few dimensions, where it varies most from run to run. Not
    tested: the variance that the kernels add, a difference of large numbers where a column is
    skewed, which would take millions of runs; the mean density's error, simulated on a line only;
    the bound on the likelihood, which is far from it at so few rows. Default workflows: replace and
    accumulate of 8 rows.

    Raises:
        ValueError: a column whose entries are all the same.
    """
    flat = np.flatnonzero(np.ptp(table.rows, axis=0) == 0)
    if len(flat):
        column = int(flat[0])
        raise ValueError(
            f"--data: column {column + 1} of {table.name!r} must vary, got {table.rows[0, column]} "
            f"in every row"
        )
    chosen = list(workflows) or [
        (label, _workflows(8)[label]) for label in ("replace", "accumulate")
    ]
    rows, truth = standardised(table.rows), f"data/{table.name}"
    whole = KdeChain.from_rows(rows, 0.5, 0.5)
    narrow = KdeChain.from_rows(rows, 0.5, min(0.1 + 0.06 * rows.shape[1], 0.5))
    found = [
        KdeExperiment(label, f"{truth}/moments", whole, flow, 2, CLOUD[1:], table=table)
        for label, flow in chosen
    ]
    return found + [
        KdeExperiment(label, f"{truth}/error", narrow, flow, 2, MISE, table=table)
        for label, flow in chosen
    ]
