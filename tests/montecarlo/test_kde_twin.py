"""Kernel-density chains against their plain-Python twin, path by path, on the same stream.

Rows differ by rounding only, a few eps of their size a generation. A log density moves by
|y - x| / h^2 times that: with |y - x| / h below 60 and h above 0.2, by less than 2000 eps. So
fields must agree to 1e-12 of 1 + their size.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from montecarlo import blocks
from montecarlo.kde import fields_of, simulate
from montecarlo.kde.measure import measures
from montecarlo.kde.simulate import FAMILY
from tests.montecarlo import kde_twin as twin
from tests.montecarlo.small_runs import KDE_CHAINS, WORKFLOWS
from theory.kde import KdeChain
from theory.workflow import Workflow

Array = NDArray[np.float64]

SEED = 3
REPLICATES = 3
GENERATIONS = 5
TOLERANCE = 1e-12
POINTS = np.linspace(-4, 9, 23)
CHAINS = list(KDE_CHAINS)


def spectrum_of(spec: KdeChain, workflow: Workflow) -> tuple[Array, Array]:
    every = np.ones(GENERATIONS + 1, dtype=bool)
    by = measures(spec, spec.bandwidths(workflow, GENERATIONS), ("mise",), np.zeros((0, 1)), every)
    return by.nodes, by.frequency_weights


def close(found: float, expected: float) -> bool:
    return found == expected or abs(found - expected) <= TOLERANCE * (1 + abs(expected))


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_kernel_is_its_twin(workflow: str, chain: str) -> None:
    flow, spec = WORKFLOWS[workflow], KDE_CHAINS[chain]
    points = np.stack([POINTS, POINTS[::-1] / 2, POINTS][: spec.dim], axis=1)
    fields = ["cloud_mean_error", "cloud_variance", "nll"]
    fields += [name for name in fields_of(spec) if name == "mise"]
    fields += ["extra_variance"] if np.isfinite(spec.truth.variance).all() else []
    runs = simulate(
        spec, flow, GENERATIONS, seed=SEED, replicates=REPLICATES, fields=fields, points=points
    )
    stream = blocks.generator(SEED, FAMILY, 0)
    for replicate in range(REPLICATES):
        for t, fit in enumerate(twin.chain(spec, flow, GENERATIONS, stream), 1):
            expected = twin.cloud(spec, fit)
            expected["nll"] = -float(twin.log_density(spec, fit, points).mean())
            if spec.dim > 1 and "mise" in fields:
                expected["mise"] = twin.squared_error(spec, fit)
            elif spec.dim == 1:
                w, weights = spectrum_of(spec, flow)
                square = abs(twin.difference(spec, fit, w)) ** 2
                kappa = spec.shape.transform(fit.bandwidth * w) ** 2
                truth = abs(spec.truth.characteristic(w)) ** 2
                own = twin.own_square(fit)
                expected["mise"] = float(
                    weights @ (square - own * kappa - truth)
                    + own * spec.shape.roughness / fit.bandwidth
                    + spec.truth.square_integral
                )
            for field in fields:
                found = runs[field][replicate, t]
                assert close(found, expected[field]), (field, replicate, t)


@pytest.mark.parametrize("workflow", ["accumulate", "subsample", "sliding_window"])
def test_mean_density_error_is_the_product_of_two_chains(workflow: str) -> None:
    """The other fields are those of the first chain."""
    flow, spec = WORKFLOWS[workflow], KDE_CHAINS["normal"]
    fields = ("mean_density_error", "integrated_variance", "cloud_variance")
    runs = simulate(spec, flow, GENERATIONS, seed=SEED, replicates=REPLICATES, fields=fields)
    stream, (w, weights) = blocks.generator(SEED, FAMILY, 0), spectrum_of(spec, flow)
    for replicate in range(REPLICATES):
        one, other = (twin.chain(spec, flow, GENERATIONS, stream) for _ in range(2))
        for t in range(1, GENERATIONS + 1):
            left, right = (twin.difference(spec, fits[t - 1], w) for fits in (one, other))
            expected = float(weights @ (left * right.conj()).real)
            assert close(runs.mean_density_error[replicate, t], expected)
            # Gaussian kernels: what lies beyond the last frequency weighs less than 1e-7
            half = float(weights @ abs(left - right) ** 2) / 2
            assert abs(runs.integrated_variance[replicate, t] - half) < 1e-7 * half
            variance = twin.cloud(spec, one[t - 1])["cloud_variance"]
            assert close(runs.cloud_variance[replicate, t], variance)
