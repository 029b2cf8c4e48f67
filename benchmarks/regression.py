"""The work of the linear-regression engines that is timed, and its lines of the table."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks import draws, regression_twins
from benchmarks.measure import Row, compared
from benchmarks.workloads import BLOCK, DIM, GENERATIONS, LONG, stream, wait_for_two_cores
from montecarlo.regression import estimate, simulate
from theory.regression import RegressionChain
from theory.workflow import Workflow

Array = NDArray[np.float64]

ERROR = ("excess_test_error",)
SOLVERS = {
    "normal equations": regression_twins.normal_equations,
    "lstsq": regression_twins.lstsq,
}
FRESH = {"replace": Workflow.replace, "accumulate": Workflow.accumulate}
RUNS = 8 * BLOCK  # of an engine on fresh designs
DESIGNS = 32 * BLOCK  # runs, each with one design
FEW = 32  # rows of a subsample, and of its pool's batches
MANY = 16 * BLOCK  # runs for a variance: 2 % of it is its standard error


def engine(
    design: str,
    workflow: Workflow,
    generations: int,
    method: str,
    replicates: int,
    threads: int = 1,
) -> None:
    estimate(
        RegressionChain(DIM, design=design), workflow, generations, seed=1, replicates=replicates,
        fields=ERROR, method=method, threads=threads,
    )  # fmt: skip


# --- one design for every batch ------------------------------------------------------------------


def reused_engine(generations: int, threads: int = 1) -> None:
    engine("reused", Workflow.accumulate(1000), generations, "statistics", DESIGNS, threads)


def reused_loop(generations: int, solver: str, replicates: int = 2) -> None:
    regression_twins.reused_loop(stream(), replicates, generations, 1000, DIM, SOLVERS[solver])


def reused_variates(generations: int) -> None:
    """Once a run the direction of w* and the factor of the design, then the labels of its rows."""
    of_a_run = DIM + DIM * (DIM - 1) // 2
    draws.normals_and_chi_squares(stream(), DESIGNS, of_a_run, DIM, 1000 + 1)
    draws.normals(stream(), DESIGNS * generations * DIM)


# --- new rows in every batch ---------------------------------------------------------------------


def fresh_engine(name: str, n: int, threads: int = 1) -> None:
    engine("fresh", FRESH[name](n), GENERATIONS, "statistics", RUNS, threads)


def fresh_numpy(name: str, n: int, replicates: int = BLOCK // 4) -> None:
    """So many runs side by side as are fastest."""
    keep = name == "accumulate"
    regression_twins.fresh_vectorised(stream(), replicates, GENERATIONS, n, DIM, keep)


def fresh_variates(n: int, labels: int) -> None:
    """The factor of the design of every batch, and the labels of its rows."""
    normals = DIM * (DIM - 1) // 2 + labels
    draws.normals_and_chi_squares(stream(), RUNS * GENERATIONS, normals, DIM, n + 1)


def rows_engine(n: int) -> None:
    engine("fresh", Workflow.replace(n), GENERATIONS, "rows", BLOCK)


def rows_variates(n: int) -> None:
    draws.normals(stream(), BLOCK * GENERATIONS * n * (DIM + 1))


def averaged_engine(name: str, n: int) -> None:
    engine("fresh", FRESH[name](n), GENERATIONS, "rao-blackwell", RUNS)


# --- accumulate-subsample ------------------------------------------------------------------------


def subsample_engine(method: str) -> None:
    engine("fresh", Workflow.accumulate_subsample(FEW), GENERATIONS, method, BLOCK)


def subsample_variates(labels: int) -> None:
    """New rows, with labels or not, and the numbers of those drawn, from the second fit on."""
    draws.normals(stream(), BLOCK * GENERATIONS * FEW * (DIM + labels))
    draws.uniforms(stream(), BLOCK * (GENERATIONS - 1) * FEW)


# --- the table -----------------------------------------------------------------------------------


def rows() -> list[Row]:
    return one_design() + new_rows() + single_rows() + without_label_noise()


def one_design() -> list[Row]:
    found = []
    for generations, least in ((GENERATIONS, None), (20, 1000), (LONG, 1000)):
        what = f"regression, d=10 n=1000 T={generations} accumulate, one design"
        fast = (partial(reused_engine, generations), DESIGNS * generations)
        runs = 1 if generations == LONG else 4
        for solver in SOLVERS:
            slow = (partial(reused_loop, generations, solver, runs), runs * generations)
            found.append(
                compared(f"{what}: literal loop, {solver} / engine", slow, fast, least=least)
            )
        floor = (partial(reused_variates, generations), DESIGNS * generations)
        found.append(compared(f"{what}: engine / its variates only", fast, floor))
    return found


def new_rows() -> list[Row]:
    found, fits = [], RUNS * GENERATIONS
    for n, least in ((1000, 10), (100, None)):
        for name in FRESH:
            what = f"regression, d=10 n={n} {name}, new rows"
            fast = (partial(fresh_engine, name, n), fits)
            twin = (partial(fresh_numpy, name, n), BLOCK // 4 * GENERATIONS)
            floor = (partial(fresh_variates, n, DIM), fits)
            found.append(compared(f"{what}: vectorised NumPy / engine", twin, fast, least=least))
            found.append(compared(f"{what}: engine / its variates only", fast, floor))
    what, two = (
        "regression, d=10 n=1000 accumulate, new rows",
        partial(fresh_engine, "accumulate", 1000),
    )
    one = (two, fits)
    found.append(
        compared(
            f"{what}: 1 thread / 2 threads", one, (partial(two, 2), fits), before=wait_for_two_cores
        )
    )
    literal = (partial(rows_engine, 100), BLOCK * GENERATIONS)
    floor = (partial(rows_variates, 100), BLOCK * GENERATIONS)
    what = "regression, d=10 n=100 replace, row by row"
    found.append(compared(f"{what}: engine / its normals only", literal, floor))
    return found


def single_rows() -> list[Row]:
    what, fits = f"regression, d=10 n=m={FEW} accumulate-subsample", BLOCK * GENERATIONS
    return [
        compared(
            f"{what}, {method}: engine / its variates only",
            (partial(subsample_engine, method), fits),
            (partial(subsample_variates, labels), fits),
        )
        for method, labels in (("rows", 1), ("rao-blackwell", 0))
    ]


def without_label_noise() -> list[Row]:
    """How many fewer runs a mean takes without label noise, and what one of those runs takes."""
    budget = Workflow.accumulate_subsample(FEW)
    found = fewer_runs(f"n=m={FEW} accumulate-subsample", budget, "rows")
    found.append(
        compared(
            f"regression, d=10 n=m={FEW} accumulate-subsample: rao-blackwell / rows, a run",
            (partial(subsample_engine, "rao-blackwell"), BLOCK * GENERATIONS),
            (partial(subsample_engine, "rows"), BLOCK * GENERATIONS),
        )
    )
    for name, workflow in FRESH.items():
        fits, what = RUNS * GENERATIONS, f"regression, d=10 n=100 {name}, new rows"
        slow, fast = (
            (partial(averaged_engine, name, 100), fits),
            (partial(fresh_engine, name, 100), fits),
        )
        found += fewer_runs(f"n=100 {name}, new rows", workflow(100), "statistics")
        found.append(compared(f"{what}: rao-blackwell / statistics, a run", slow, fast))
        floor = (partial(fresh_variates, 100, 0), fits)
        found.append(compared(f"{what}, rao-blackwell: engine / its variates only", slow, floor))
    return found


def fewer_runs(what: str, workflow: Workflow, method: str) -> list[Row]:
    """Runs for a mean with 1 % standard error, at the first fit and the last one."""
    labelled, averaged = (many_runs(workflow, name) for name in (method, "rao-blackwell"))
    found = []
    for t in (1, GENERATIONS):
        ratio, error = variance_ratio(labelled[:, t], averaged[:, t])
        mean = averaged[:, t].mean()
        needed = [
            float(np.var(runs[:, t], ddof=1)) / (0.01 * mean) ** 2 for runs in (labelled, averaged)
        ]
        measured = f"{needed[0]:.0f} -> {needed[1]:.1f} runs (ratio +- {error:.1f})"
        quantity = f"regression, d=10 {what}, fit {t}: runs for 1 %, {method} / rao-blackwell"
        found.append(Row(quantity, measured, ratio, ">= 20 x", ratio >= 20))
    return found


def many_runs(workflow: Workflow, method: str) -> Array:
    """Errors of many runs, axes (replicate, generation)."""
    return simulate(
        RegressionChain(DIM), workflow, GENERATIONS, seed=1, replicates=MANY, fields=ERROR,
        method=method,
    ).excess_test_error  # fmt: skip


def variance_ratio(slow: Array, fast: Array) -> tuple[float, float]:
    """Ratio of the variances of two samples, and its standard error (the delta method)."""
    variances, relative = [], []
    for sample in (slow, fast):
        squares = (sample - sample.mean()) ** 2
        variances.append(float(squares.sum() / (len(squares) - 1)))
        relative.append(float(squares.std() / np.sqrt(len(squares)) / variances[-1]))
    ratio = variances[0] / variances[1]
    return ratio, ratio * float(np.hypot(*relative))
