"""The work of the kernel-density engine that is timed, and its lines of the table."""

from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KernelDensity

from benchmarks import draws, kde_twins
from benchmarks.measure import Row, compared, limited, typical
from benchmarks.workloads import BLOCK, LONG, stream, wait_for_two_cores
from montecarlo.kde import estimate, log_density
from theory.kde import KdeChain, curves
from theory.truths import Normal
from theory.workflow import Workflow

Array = NDArray[np.float64]

N, POINTS, BANDWIDTH = 1000, 500, 0.4
CHAIN = KdeChain(Normal(), BANDWIDTH)
RUNS = 4  # of accumulate with test points: a fifth of a second each
FITS = (17, 50, 84)  # of the loop, whose cost is linear in t: their mean is that of 1..100


def points(dim: int = 1) -> Array:
    return stream().standard_normal((POINTS, dim))


# --- accumulate, n = 1,000, T = 100, 500 test points ---------------------------------------------


def likelihood_engine(threads: int = 1, replicates: int = RUNS) -> None:
    estimate(
        CHAIN, Workflow.accumulate(N), LONG, seed=1, replicates=replicates, fields=("nll",),
        points=points(), threads=threads,
    )  # fmt: skip


def refits() -> None:
    for t in FITS:
        kde_twins.refit(stream().standard_normal((t * N, 1)), points(), BANDWIDTH, N, 1)


# --- log densities: N rows at POINTS points ------------------------------------------------------


@cache
def sample(dim: int) -> tuple[Array, Array]:
    """Rows and points: neither's drawing is timed."""
    return stream().standard_normal((N, dim)), points(dim)


@cache
def fitted(dim: int, bandwidth: float) -> KernelDensity:
    """The competitor; nor is its fit."""
    return KernelDensity(bandwidth=bandwidth).fit(sample(dim)[0])


def densities(dim: int, bandwidth: float) -> None:
    log_density(*sample(dim), bandwidth)


def score_samples(dim: int, bandwidth: float) -> None:
    fitted(dim, bandwidth).score_samples(sample(dim)[1])


# --- replace, n = 100, T = 100, moments only -----------------------------------------------------


def moments_engine(field: str = "cloud_variance", replicates: int = BLOCK) -> None:
    estimate(
        CHAIN, Workflow.replace(100), LONG, seed=1, replicates=replicates, fields=(field,),
        threads=1,
    )  # fmt: skip


def moments_numpy(replicates: int = BLOCK // 4) -> None:
    kde_twins.replace_vectorised(stream(), replicates, LONG, 100, BANDWIDTH)


def moments_variates() -> None:
    draws.normals(stream(), BLOCK * LONG * 100)
    draws.uniforms(stream(), BLOCK * (LONG - 1) * 100)


# --- exact errors, T = 100 -----------------------------------------------------------------------


def exact_errors() -> None:
    for flow in (
        Workflow.replace(100),
        Workflow.accumulate(100),
        Workflow.accumulate_subsample(100),
    ):
        _ = curves(CHAIN, flow, LONG).mise


# --- the table -----------------------------------------------------------------------------------


def rows() -> list[Row]:
    what = f"kde, d=1 n={N} T={LONG} accumulate, {POINTS} points"
    loop, fits = (refits, len(FITS)), RUNS * LONG
    one, two = (likelihood_engine, fits), (partial(likelihood_engine, 2), fits)
    found = [
        compared(f"{what}: scikit-learn loop / engine, 1 thread", loop, one, pairs=3, least=300),
        compared(f"{what}: 1 thread / 2 threads", one, two, before=wait_for_two_cores),
    ]
    for dim, bandwidth in ((1, BANDWIDTH), (2, BANDWIDTH), (3, 0.1), (1, 0.01)):
        pairs = N * POINTS
        slow = (partial(score_samples, dim, bandwidth), pairs)
        fast = (partial(densities, dim, bandwidth), pairs)
        least = 20 if bandwidth == BANDWIDTH else None
        name = f"kde, log density (a pair), d={dim} h={bandwidth:g}: score_samples / log_density"
        found.append(compared(name, slow, fast, pairs=11, least=least))
    what, fits = f"kde, d=1 n=100 T={LONG} replace", BLOCK * LONG
    engine = (moments_engine, fits)
    vectorised = (moments_numpy, BLOCK // 4 * LONG)
    found += [
        compared(f"{what}, moments: vectorised NumPy / engine", vectorised, engine),
        compared(f"{what}, moments: engine / its variates only", engine, (moments_variates, fits)),
        compared(f"{what}: with mise / moments", (partial(moments_engine, "mise"), fits), engine),
    ]
    what = f"kde, d=1 n=100 T={LONG}: exact mise of three workflows"
    return [*found, limited(what, typical(exact_errors, 5), "s", 1)]
