"""One table of everything that is aimed at: ``python -m benchmarks.ratios [word ...]``.

Words select lines by their beginning (rows, statistics, subsample, regression, kde, categorical,
verification, lm, memory, theory, import, command); none selects all, which takes ten minutes or so.
Nothing is asserted: the machine may be busy.
"""

import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec

from benchmarks import categorical, kde, regression, verification, workloads
from benchmarks.measure import (
    ROOT,
    Row,
    compared,
    limited,
    script,
    seconds,
    table,
    typical,
)

GENERATIONS = 10_000


def rows() -> list[Row]:
    fits = 4 * workloads.BLOCK * workloads.GENERATIONS
    one, two = (workloads.engine, fits), (partial(workloads.engine, threads=2), fits)
    with_svd = (
        partial(workloads.engine, replicates=workloads.BLOCK, fields=workloads.EVERY_FIELD),
        fits // 4,
    )
    literal = (workloads.literal_loop, 100 * workloads.GENERATIONS)
    vectorised = (workloads.vectorised, workloads.BLOCK * workloads.GENERATIONS)
    floor = (workloads.variates, fits)
    idle = workloads.wait_for_two_cores
    small = 8 * workloads.BLOCK * workloads.LONG
    small_engine = (workloads.engine_small, small)
    what = "rows, d=10 n=100"
    return [
        compared(f"{what}: literal loop / engine, 2 threads", literal, two, least=20, before=idle),
        compared(f"{what}: literal loop / engine, 1 thread", literal, one),
        compared(f"{what}: 1 thread / 2 threads", one, two, least=1.7, before=idle),
        compared(
            "(the machine now: its normals only, 1 thread / 2 threads)",
            floor,
            (workloads.variates_in_threads, fits),
        ),
        compared(f"{what}: vectorised NumPy / engine, 1 thread", vectorised, one),
        compared(f"{what}: engine, 1 thread / its normals only", one, floor),
        compared(f"{what}: with wasserstein (svd) / without", with_svd, one),
        compared(
            "rows, d=1 n=2: vectorised NumPy / engine, 1 thread",
            (workloads.vectorised_small, small),
            small_engine,
        ),
        compared(
            "rows, d=1 n=2: engine, 1 thread / its normals only",
            small_engine,
            (workloads.variates_small, small),
        ),
    ]


LINE_SETS = {"all fields": workloads.LINE_FIELDS, "two fields": workloads.LEAN}
SPACE_SETS = {
    "all fields": workloads.EVERY_FIELD,
    "no wasserstein": workloads.FIELDS,
    "two fields": workloads.LEAN,
}


def statistics() -> list[Row]:
    found = []
    for n, least in ((100, 300), (1000, 1000)):
        for label, fields in LINE_SETS.items():
            found += on_a_line(n, fields, f"statistics, d=1 n={n}, {label}", least)
    for generations in (20, 100):
        for label, fields in SPACE_SETS.items():
            found += against_every_row(generations, fields, label)
    for name in workloads.SPACE:
        for label, fields in SPACE_SETS.items():
            found += in_space(name, fields, f"statistics, d=10 n=1000 {name}, {label}")
    return found


def on_a_line(n: int, fields: tuple[str, ...], what: str, least: float) -> list[Row]:
    fits = workloads.LINE_RUNS * workloads.LONG
    engine = (partial(workloads.line_engine, n, fields), fits)
    two = (partial(workloads.line_engine, n, fields, threads=2), fits)
    literal = (partial(workloads.line_loop, n, fields), 20 * workloads.LONG)
    vectorised = (partial(workloads.line_numpy, n, fields), fits)
    floor = (partial(workloads.line_variates, n), fits)
    idle = workloads.wait_for_two_cores
    return [
        compared(f"{what}: engine / its variates only", engine, floor, pairs=11, most=1.5),
        compared(f"{what}: vectorised NumPy / engine", vectorised, engine, pairs=11, least=1),
        compared(f"{what}: literal loop / engine, 1 thread", literal, engine, pairs=11),
        compared(
            f"{what}: literal loop / engine, 2 threads", literal, two, least=least, before=idle
        ),
    ]


def against_every_row(generations: int, fields: tuple[str, ...], label: str) -> list[Row]:
    workload = ("accumulate", 1000, generations, fields)
    replicates = 2 * workloads.BLOCK
    fits = replicates * generations
    one = partial(workloads.space_engine, *workload, replicates=replicates)
    literal = (partial(workloads.accumulate_loop, *workload[1:]), 2 * generations)
    what = f"statistics, d=10 n=1000 T={generations} accumulate, {label}: literal loop / engine"
    idle = workloads.wait_for_two_cores
    return [
        compared(f"{what}, 1 thread", literal, (one, fits)),
        compared(
            f"{what}, 2 threads", literal, (partial(one, threads=2), fits), least=500, before=idle
        ),
    ]


def in_space(name: str, fields: tuple[str, ...], what: str) -> list[Row]:
    workload = (name, 1000, workloads.GENERATIONS, fields)
    fits = workloads.SPACE_RUNS * workloads.GENERATIONS
    engine = (partial(workloads.space_engine, *workload), fits)
    vectorised = (partial(workloads.space_numpy, *workload), fits)
    floor = (partial(workloads.space_variates, *workload[1:3]), fits)
    return [
        compared(f"{what}: vectorised NumPy / engine", vectorised, engine, pairs=7, least=1.3),
        compared(f"{what}: engine / its variates only", engine, floor, pairs=7),
    ]


def subsample() -> list[Row]:
    fits = workloads.BLOCK * workloads.LONG
    engine = (workloads.engine_subsample, fits)
    loop = (workloads.subsample_loop, 50 * workloads.LONG)
    what = "subsample, d=1 n=100 T=100"
    return [
        compared(f"{what}: NumPy twin / engine, 1 thread", loop, engine, least=5),
        compared(
            f"{what}: all runs at once / engine, 1 thread",
            (workloads.subsample_vectorised, fits),
            engine,
            pairs=3,
        ),
        compared(
            f"{what}: engine, 1 thread / its variates only",
            engine,
            (workloads.variates_subsample, fits),
        ),
    ]


PEAK = """
import resource, sys
from montecarlo.gaussian import estimate
from theory.gaussian import GaussianChain
from theory.workflow import Workflow

estimate(
    GaussianChain(1), Workflow.replace(2), 100, seed=1, replicates=int(sys.argv[1]),
    method=sys.argv[2],
)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def memory() -> list[Row]:
    found = []
    for method in ("rows", "statistics"):
        start = time.perf_counter()
        peak = float(script(PEAK, "1000000", method))
        took = time.perf_counter() - start
        what = f"memory: 10^6 runs of 100 generations, {method}"
        found.append(limited(what, peak, "MB", 500, f" ({took:.1f} s)"))
    return found


def theory() -> list[Row]:
    found = []
    for name, workflow in workloads.WORKFLOWS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the inverses of replace overflow to their infinities
            took = seconds(partial(workloads.theory, workflow, GENERATIONS))
        note = ""
        if workflow.custom_weights is not None:
            own = seconds(partial(workloads.rows_of_weights, workflow, GENERATIONS))
            note = f" (weights themselves {own:.2g} s)"
            if name == "custom, dense":
                speed = GENERATIONS**3 / 3 / (took - own) / 1e9
                note = f" (weights themselves {own:.2g} s, rest {speed:.0f} GFlop/s)"
        found.append(limited(f"theory: {name}, T = 10,000, all fields", took, "s", 5, note))
    return found


IMPORT = """
import time
start = time.perf_counter()
import {name}
print(time.perf_counter() - start)
"""


def imports() -> list[Row]:
    limits = {"theory": 0.3, "theory.gaussian": 0.3}
    found = []
    for name, most in limits.items():
        took = sorted(float(script(IMPORT.format(name=name))) for _ in range(5))[2]
        found.append(limited(f"import {name}", took, "s", most))
    return found


COMMAND = "theory gaussian --workflow accumulate --n 100 --dim 10 --generations 50"


def command() -> list[Row]:
    def call() -> None:
        arguments = [sys.executable, "-m", *COMMAND.split()]
        subprocess.run(arguments, cwd=ROOT, check=True, capture_output=True)

    call()
    return [limited(f"command: {COMMAND}", typical(call, 5), "s", 1)]


def lm() -> list[Row]:
    from benchmarks import language  # needs the extra lm

    tokens = language.STEPS * language.BATCH * language.LONGEST
    bare, ours = (language.bare, tokens), (language.ours, tokens)
    new = language.ROWS * language.NEW
    plain, inverted = (language.generated, new), (language.inverted, new)
    return [
        compared("lm, a token: bare PyTorch / our loop", bare, ours, least=1 / 1.05),
        compared("lm, a token: plain generate / our sampler", plain, inverted, least=1 / 1.1),
        *tokens_a_second("one process of two threads", 1, 2),
        *tokens_a_second("two processes of one thread", 2, 1),
    ]


RATES = """
import sys
from benchmarks.language import rates
print(*rates(int(sys.argv[1])))
"""


def tokens_a_second(how: str, processes: int, threads: int) -> list[Row]:
    """Sums over processes that run at once, as the chains of a run do."""
    environment = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    with ThreadPoolExecutor() as pool:
        said = pool.map(lambda _: script(RATES, str(threads), **environment), range(processes))
        each = [[float(word) for word in one.split()] for one in said]
    trained, most_trained, written, most_written = map(sum, zip(*each, strict=True))
    what = f"lm, 1.1 million weights, {how}"
    return [
        Row(
            f"{what}: {name} / its matrix products alone", f"{rate:,.0f} tokens/s of {most:,.0f}",
            rate / most, ">= 15,000 tokens/s", rate >= 15_000,
        )
        for name, rate, most in (
            ("trained", trained, most_trained), ("sampled", written, most_written)
        )
    ]  # fmt: skip


GROUPS: dict[str, Callable[[], list[Row]]] = {
    "rows": rows,
    "statistics": statistics,
    "subsample": subsample,
    "regression": regression.rows,
    "kde": kde.rows,
    "categorical": categorical.rows,
    "verification": verification.rows,
    "lm": lm,
    "memory": memory,
    "theory": theory,
    "import": imports,
    "command": command,
}


def main(words: list[str]) -> None:
    unknown = [word for word in words if word not in GROUPS]
    if unknown:
        raise SystemExit(f"unknown group {unknown[0]!r}: choose from {', '.join(GROUPS)}")
    found: list[Row] = []
    for name in words or [name for name in GROUPS if name != "lm" or find_spec("torch")]:
        print(f"{name} ...", file=sys.stderr, flush=True)
        found += GROUPS[name]()
    print(table(found))


if __name__ == "__main__":
    main(sys.argv[1:])
