"""One small run of every kernel path: ``python -m tests.montecarlo.small_runs FAMILY [FILE.npz]``.

Run in a fresh process where numba is configured differently (NUMBA_DISABLE_JIT, NUMBA_BOUNDSCHECK),
and before the tests, without a file, so that not every worker compiles the same kernels. Without
the compiler np.empty is filled with NaN or the smallest whole number: what is read before it is
written shows.
"""

import sys
from typing import Any

import numba
import numpy as np
import numpy.ma  # before np.empty is another: it copies its docstring
from numpy.typing import NDArray

from montecarlo import categorical, kde, regression, verification
from montecarlo.gaussian import simulate
from montecarlo.kde.fields import OF_TWO_CHAINS
from tests.montecarlo import regression_cases as cases
from theory.categorical import CategoricalChain, zipf
from theory.datasets import SwissRoll
from theory.gaussian import GaussianChain
from theory.kde import KdeChain, Power, Scott
from theory.mixture import GaussianMixture
from theory.truths import Laplace, Normal, StudentT, Uniform
from theory.verification import VerifiedChain
from theory.workflow import Workflow

Array = NDArray[np.float64]

WORKFLOWS = {
    "replace": Workflow.replace((9, 8, 10)),
    "accumulate": Workflow.accumulate((9, 8, 10)),
    "subsample": Workflow.accumulate_subsample((9, 8, 10), 8),
    "subsample_everything": Workflow.accumulate_subsample((9, 8, 10), 100),
    "subsample_with_replacement": Workflow.accumulate_subsample((9, 8, 10), 20, replacement=True),
    "sliding_window": Workflow.sliding_window((9, 8, 10), 2),
    "anchored": Workflow.anchored(9, (1, 8, 10)),
    "fresh": Workflow.fresh(9, (1, 8, 10)),
    "fresh_weighted": Workflow.fresh(9, (1, 8, 10), weight=0.3),
    "custom": Workflow.custom((9, 8, 10), lambda t: np.arange(1.0, t + 1) * 2 / (t * (t + 1))),
    "singular": Workflow.replace(2),
}


KDE_CHAINS = {
    "normal": KdeChain(Normal(1, 0.5, 2.0), 0.4),
    "plane": KdeChain(
        GaussianMixture((0.3, 0.7), ((-2, 1), (1, 3)), ((0.5, 0.2), (0.2, 1.0))), Scott()
    ),
    "mixture-laplace": KdeChain(
        GaussianMixture((0.3, 0.2, 0.5), (-2, 0, 3), (0.2, 1, 2)), (0.5, 0.5, 0.3), "laplace"
    ),
    "uniform-epanechnikov": KdeChain(Uniform(-1, 2), 0.7, "epanechnikov"),
    "laplace-triangular": KdeChain(Laplace(0.7), Power(0.5, 0.2), "triangular"),
    "swiss-roll": KdeChain(SwissRoll(0.3), 1.5),
    "student-uniform": KdeChain(StudentT(5.0, 0.5), 0.9, "uniform"),
}
"""Every truth, every kernel, and bandwidths that change or stay."""


def gaussian() -> dict[str, Array]:
    """In dimensions 1 and 3, and on a table."""
    found = {}
    rows = np.random.default_rng(5).gamma(2.0, size=(20, 3)) + 7.0
    for name, workflow in WORKFLOWS.items():
        truths = {"1": (GaussianChain(1, ddof=0, temperature=0.9), None)}
        truths["3"] = (GaussianChain(3, ddof=0), None)
        truths["table"] = (GaussianChain.from_data(rows, ddof=0), rows)
        for label, (chain, data) in truths.items():
            for method in ("auto", "rows"):
                runs = simulate(
                    chain, workflow, 4, seed=2, replicates=3, data=data, method=method, threads=1
                )
                for field, values in runs.values.items():
                    found[f"{name}-{label}-{method}-{field}"] = values
    return found


def linear() -> dict[str, Array]:
    """More rows than features and fewer, fresh, reused and given designs, every fit and engine."""
    found = {}
    for dim, n, design, fit in cases.small():
        spec = cases.chain(dim, "fresh" if design == "fresh" else "reused", fit)
        given = cases.table(n, dim) if design == "table" else None
        for name, workflow in (cases.workflows(n) | cases.subsamples(n)).items():
            for method in regression.METHODS[1 if workflow.budget is None else 2 :]:
                runs = regression.simulate(
                    spec, workflow, 3, seed=2, replicates=2, design=given, method=method, threads=1
                )
                for field, values in runs.values.items():
                    found[f"{dim}-{n}-{design}-{fit}-{name}-{method}-{field}"] = values
    return found


def counted() -> dict[str, Array]:
    """Few categories, one of them empty, and more categories than rows."""
    found = {}
    for label, chain in (("4", CategoricalChain((0.5, 0.0, 0.3, 0.2))), ("zipf", zipf(40))):
        for name, workflow in WORKFLOWS.items():
            for method in categorical.METHODS[1 if workflow.budget is None else 2 :]:
                runs = categorical.simulate(
                    chain, workflow, 4, seed=2, replicates=3, method=method, threads=1
                )
                for field, values in runs.values.items():
                    found[f"{label}-{name}-{method}-{field}"] = values
    return found


def density() -> dict[str, Array]:
    """Every field that the truth has; test points near and far."""
    found = {}
    for name, workflow in WORKFLOWS.items():
        for label, chain in KDE_CHAINS.items():
            points = np.linspace([-9.0] * chain.dim, 9, 7)
            fields = ["cloud_mean_error", "cloud_variance", "nll"]
            fields += ["mise", *OF_TWO_CHAINS] if chain.dim == 1 else []
            runs = kde.simulate(
                chain, workflow, 3, seed=2, replicates=1, fields=fields, points=points, threads=1
            )
            for field, values in runs.values.items():
                found[f"{name}-{label}-{field}"] = values
    return found


def verified() -> dict[str, Array]:
    """Few rows and many, rows counted before and after verification, no verifier."""
    found = {}
    chains = {
        "accepted": VerifiedChain((3.0, 4.0), 0.9, (0.3, -0.2)),
        "generated": VerifiedChain((3.0, 4.0), 0.9, (0.3, -0.2), counts="generated"),
        "wide": VerifiedChain((3.0,), 2.0, 0.1),
        "free": VerifiedChain((3.0,), np.inf),
    }
    for name in ("replace", "accumulate", "sliding_window", "anchored", "fresh"):
        for label, chain in chains.items():
            for method in verification.METHODS[2 if label == "generated" else 1 :]:
                runs = verification.simulate(
                    chain, WORKFLOWS[name], 4, seed=2, replicates=3, method=method, threads=1
                )
                for field, values in runs.values.items():
                    found[f"{name}-{label}-{method}-{field}"] = values
    many = verification.simulate(chains["accepted"], Workflow.replace(30), 3, seed=2, replicates=3)
    return found | {f"many-{field}": values for field, values in many.values.items()}


FAMILIES = {
    "gaussian": gaussian,
    "regression": linear,
    "categorical": counted,
    "kde": density,
    "verification": verified,
}
"""Each returns every field of every workflow, by name."""


def poisoned(shape: Any, dtype: Any = float) -> NDArray[Any]:
    """An array of no meaning, for np.empty."""
    kind = np.dtype(dtype)
    fill = np.iinfo(kind).min if kind.kind == "i" else False if kind.kind == "b" else np.nan
    return np.full(shape, fill, kind)


if __name__ == "__main__":
    if numba.config.DISABLE_JIT:
        np.empty = poisoned
    found = FAMILIES[sys.argv[1]]()
    if len(sys.argv) > 2:
        np.savez(sys.argv[2], **found)
