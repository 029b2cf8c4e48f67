"""Blocks: their streams, their order, and what is left of them when a run stops."""

import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from montecarlo import blocks
from montecarlo.blocks import BLOCK, generator, run, size_of
from montecarlo.estimate import Interrupted
from montecarlo.gaussian import estimate, simulate
from theory.gaussian import GaussianChain
from theory.workflow import Workflow

Array = NDArray[np.float64]

ROOT = Path(__file__).parents[2]
CHAIN = GaussianChain(2, ddof=0)
SHORT = size_of(50)  # runs of a block in all chains below that are simulated
WORKFLOWS = [
    Workflow.replace(5),
    Workflow.sliding_window(4, 2),
    Workflow.accumulate_subsample(5),
    Workflow.accumulate_subsample(5, 9, replacement=True),
]


def block_of(stream: np.random.Generator) -> int:
    sequence = stream.bit_generator.seed_seq
    assert isinstance(sequence, np.random.SeedSequence)
    return int(sequence.spawn_key[1])


def first_uniform(stream: np.random.Generator, size: int) -> tuple[int, int, float]:
    return block_of(stream), size, stream.random()


# --- streams ----------------------------------------------------------------------------------


def test_a_stream_is_a_function_of_seed_family_and_block() -> None:
    """Spelled out, because published numbers depend on it."""
    for seed, family, block in [(0, 1, 0), (5, 2, 17), (2**100, 1, 3)]:
        sequence = np.random.SeedSequence(seed, spawn_key=(family, block))
        expected = np.random.Generator(np.random.SFC64(sequence)).random(5)
        np.testing.assert_array_equal(generator(seed, family, block).random(5), expected)


def test_streams_differ_in_every_argument() -> None:
    keys = [(s, f, b) for s in range(4) for f in range(4) for b in range(20)]
    assert len({generator(*key).random() for key in keys}) == len(keys)


def test_blocks_of_a_run_are_drawn_differently() -> None:
    runs = simulate(CHAIN, Workflow.replace(5), 1, seed=1, replicates=3 * SHORT)
    assert len(np.unique(runs.trace_ratio[:, 1])) == 3 * SHORT


def test_a_seed_may_be_a_numpy_integer() -> None:
    plain = simulate(CHAIN, Workflow.replace(5), 2, seed=7, replicates=3)
    wide = simulate(CHAIN, Workflow.replace(5), 2, seed=np.int64(7), replicates=np.int32(3))
    np.testing.assert_array_equal(plain.trace_ratio, wide.trace_ratio)


# --- order and threads ------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 3, 50])
def test_results_come_in_block_order(threads: int) -> None:
    """Even where early blocks take longest."""

    def slow_start(stream: np.random.Generator, size: int) -> tuple[int, int, float]:
        time.sleep(0.02 * (block_of(stream) < 3))
        return first_uniform(stream, size)

    replicates = 6 * BLOCK + 5
    found = list(run(slow_start, family=4, seed=2, replicates=replicates, threads=threads))
    assert [block for block, _, _ in found] == list(range(7))
    assert [size for _, size, _ in found] == [BLOCK] * 6 + [5]
    assert [value for _, _, value in found] == [generator(2, 4, b).random() for b in range(7)]


@pytest.mark.parametrize(
    ("replicates", "sizes"),
    [(1, [1]), (BLOCK - 1, [BLOCK - 1]), (BLOCK, [BLOCK]), (BLOCK + 1, [BLOCK, 1])],
)
def test_the_last_block_takes_what_is_left(replicates: int, sizes: list[int]) -> None:
    found = run(first_uniform, family=1, seed=1, replicates=replicates, threads=2)
    assert [size for _, size, _ in found] == sizes


@pytest.mark.parametrize("start", [0, 1, 5, 6, 7])
def test_a_run_that_goes_on_is_the_end_of_the_whole(
    start: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And so is its progress bar."""
    bars: list[dict[str, Any]] = []

    class Bar(blocks.tqdm):  # type: ignore[type-arg]
        def __init__(self, **options: Any) -> None:
            bars.append(options)
            super().__init__(**options)

    monkeypatch.setattr(blocks, "tqdm", Bar)
    given: dict[str, Any] = {"family": 4, "seed": 2, "replicates": 6 * BLOCK + 5}
    whole = list(run(first_uniform, **given))
    assert list(run(first_uniform, **given, threads=2, start=start)) == whole[start:]
    assert bars[-1]["initial"] == min(start * BLOCK, 6 * BLOCK + 5)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
def test_runs_do_not_depend_on_threads(workflow: Workflow) -> None:
    replicates = 2 * SHORT + 300
    alone = simulate(CHAIN, workflow, 4, seed=3, replicates=replicates, threads=1)
    means = estimate(CHAIN, workflow, 4, seed=3, replicates=replicates, threads=1)
    for threads in (2, 3, None):
        runs = simulate(CHAIN, workflow, 4, seed=3, replicates=replicates, threads=threads)
        other = estimate(CHAIN, workflow, 4, seed=3, replicates=replicates, threads=threads)
        for name, values in alone.values.items():
            np.testing.assert_array_equal(runs[name], values)
            np.testing.assert_array_equal(other[name].mean, means[name].mean)
            np.testing.assert_array_equal(other[name].std, means[name].std)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
def test_fewer_replicates_are_the_beginning_of_more(workflow: Workflow) -> None:
    """A replicate depends on those before it in its block, not on how many follow."""
    few = simulate(CHAIN, workflow, 4, seed=3, replicates=SHORT + 500)
    many = simulate(CHAIN, workflow, 4, seed=3, replicates=2 * SHORT)
    for name, values in many.values.items():
        np.testing.assert_array_equal(few[name], values[: SHORT + 500])


def test_memory_is_bounded_by_two_blocks_a_thread() -> None:
    """No block starts before all but 2 x threads of those before it were taken."""
    lock, started = threading.Lock(), [0]

    def count(stream: np.random.Generator, size: int) -> int:
        with lock:
            started[0] += 1
        return block_of(stream)

    for taken in run(count, family=1, seed=1, replicates=30 * BLOCK, threads=3):
        time.sleep(0.002)
        assert started[0] <= taken + 1 + 2 * 3


# --- stopping ---------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
def test_an_exception_in_a_job_is_the_callers(threads: int) -> None:
    """What was finished before it is handed over first, and no further block starts."""
    started = []

    def fails(stream: np.random.Generator, size: int) -> int:
        started.append(block_of(stream))
        if block_of(stream) == 2:
            raise OverflowError("in block 2")
        return block_of(stream)

    running = run(fails, family=1, seed=1, replicates=50 * BLOCK, threads=threads)
    assert [next(running), next(running)] == [0, 1]
    with pytest.raises(OverflowError, match="in block 2"):
        next(running)
    assert len(started) <= 2 + 2 * threads
    assert list(running) == []


def test_a_run_that_is_not_wanted_any_more_stops() -> None:
    started = []

    def count(stream: np.random.Generator, size: int) -> int:
        started.append(block_of(stream))
        return 0

    running = run(count, family=1, seed=1, replicates=50 * BLOCK, threads=2)
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert len(started) <= 1 + 2 * 2
    assert threading.active_count() <= before_threads() + 1


def before_threads() -> int:
    """Threads that are not a pool's (tqdm keeps a monitor)."""
    return sum(not thread.name.startswith("ThreadPoolExecutor") for thread in threading.enumerate())


@pytest.fixture
def ctrl_c_in_block(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make the kernels raise KeyboardInterrupt when they reach a block."""

    engine = import_module("montecarlo.gaussian.simulate")  # the package shows the function

    def arm(block: int) -> None:
        for name in ("batches_block", "subsample_block", "univariate_block"):
            kernel = getattr(engine, name)

            def interrupted(stream: Any, *rest: Any, kernel: Any = kernel) -> None:
                if block_of(stream) == block:
                    raise KeyboardInterrupt
                kernel(stream, *rest)

            monkeypatch.setattr(engine, name, interrupted)

    return arm


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("workflow", WORKFLOWS[1:3], ids=str)
def test_interrupted_runs_are_the_beginning_of_the_whole(
    workflow: Workflow, threads: int, ctrl_c_in_block: Callable[[int], None]
) -> None:
    whole = simulate(CHAIN, workflow, 3, seed=3, replicates=6 * SHORT)
    ctrl_c_in_block(3)
    with pytest.raises(Interrupted, match=f"after {3 * SHORT} finished replicates") as stop:
        simulate(CHAIN, workflow, 3, seed=3, replicates=6 * SHORT, threads=threads)
    assert isinstance(stop.value, KeyboardInterrupt)
    assert stop.value.finished is not None
    assert stop.value.finished.values.keys() == whole.values.keys()
    for name, values in whole.values.items():
        np.testing.assert_array_equal(stop.value.finished[name], values[: 3 * SHORT])


@pytest.mark.parametrize("threads", [1, 3])
def test_interrupted_estimates_are_those_of_the_finished_blocks(
    threads: int, ctrl_c_in_block: Callable[[int], None]
) -> None:
    workflow = Workflow.accumulate(5)
    short = estimate(CHAIN, workflow, 3, seed=3, replicates=3 * SHORT)
    ctrl_c_in_block(3)
    with pytest.raises(Interrupted, match=f"after {3 * SHORT} finished replicates") as stop:
        estimate(CHAIN, workflow, 3, seed=3, replicates=6 * SHORT, threads=threads)
    finished = stop.value.finished
    assert finished is not None
    for name, values in short.values.items():
        assert finished[name].count == 3 * SHORT
        np.testing.assert_array_equal(finished[name].mean, values.mean)
        np.testing.assert_array_equal(finished[name].std, values.std)


@pytest.mark.parametrize("function", [simulate, estimate])
def test_nothing_finished_is_none(
    function: Callable[..., object], ctrl_c_in_block: Callable[[int], None]
) -> None:
    ctrl_c_in_block(0)
    with pytest.raises(Interrupted, match="after 0 finished replicates") as stop:
        function(CHAIN, Workflow.replace(5), 3, seed=3, replicates=3 * SHORT)
    assert stop.value.finished is None


ENDLESS = """
import signal
import sys
import numpy as np
from montecarlo.estimate import Interrupted
from montecarlo.gaussian import simulate
from theory.gaussian import GaussianChain
from theory.workflow import Workflow

def go(replicates):
    return simulate(GaussianChain(1), Workflow.replace(300), 3, seed=3, replicates=replicates,
                    fields=["trace_ratio"], method="rows")

go(1)
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job is born deaf to it
try:
    print("running", flush=True)
    go(10**8)
except Interrupted as stop:
    np.save(sys.argv[1], stop.finished.trace_ratio)
    print(stop, flush=True)
"""


def test_ctrl_c_leaves_the_finished_blocks(tmp_path: Path) -> None:
    """A real SIGINT, in the middle of a run of hours."""
    path = tmp_path / "finished.npy"
    command = [sys.executable, "-c", ENDLESS, str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        said, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    finished = np.load(path)
    count = len(finished)
    assert said == f"interrupted after {count} finished replicates\n"
    assert count > 0
    assert count % BLOCK == 0
    again = simulate(
        GaussianChain(1), Workflow.replace(300), 3, seed=3, replicates=count,
        fields=["trace_ratio"], method="rows",
    )  # fmt: skip
    np.testing.assert_array_equal(finished, again.trace_ratio)


@pytest.fixture
def listening() -> Iterator[None]:
    """SIGINT is heard, also where the tests run as a background job."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("listening")
def test_ctrl_c_waits_for_the_end_of_a_block() -> None:
    """The signal comes while the main thread may hold a lock of the pool: 100 times, no hang.

    The clock is started by the first block, so the signal cannot come before the run has begun.
    """
    for _ in range(100):
        timer = threading.Timer(0.01, signal.raise_signal, [signal.SIGINT])

        def job(stream: np.random.Generator, size: int, timer: threading.Timer = timer) -> int:
            if block_of(stream) == 0:
                timer.start()
            return size

        finished = []
        with pytest.raises(KeyboardInterrupt):
            finished.extend(blocks.run(job, family=9, seed=1, replicates=10**9, threads=2))
        timer.join()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize("function", [simulate, estimate])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("replicates", 0),
        ("replicates", -3),
        ("replicates", 1e6),
        ("replicates", True),
        ("threads", 0),
        ("threads", 1.5),
        ("seed", -1),
        ("seed", 0.5),
        ("seed", None),
        ("seed", "7"),
    ],
)
def test_values_out_of_range_are_refused_and_quoted(
    function: Callable[..., object], name: str, value: object
) -> None:
    given = {"seed": 1, "replicates": 10, "threads": 1} | {name: value}
    with pytest.raises(ValueError, match=rf"^{name} must be a whole number >= \d, got {value!r}$"):
        function(CHAIN, Workflow.replace(5), 2, **given)


# --- the progress bar -------------------------------------------------------------------------

SLEEPING = """
import sys, time
from montecarlo.blocks import BLOCK, run

blocks, seconds = int(sys.argv[1]), float(sys.argv[2])
job = lambda stream, size: time.sleep(seconds)
list(run(job, family=1, seed=1, replicates=blocks * BLOCK, threads=1, label="a label"))
"""


def on_a_terminal(blocks: int, seconds: float) -> str:
    """What a run of that many sleeping blocks writes to a stderr that is a terminal."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    command = [sys.executable, "-c", SLEEPING, str(blocks), str(seconds)]
    try:
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, check=False)
        os.write(theirs, b"|")
        written = b""
        while not written.endswith(b"|"):
            written += os.read(ours, 65536)
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 0, written
    assert done.stdout == b""
    return written[:-1].decode()


def test_short_runs_write_nothing_to_stderr() -> None:
    assert on_a_terminal(3, 0.01) == ""
    command = [sys.executable, "-c", SLEEPING, "3", "0.01"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_long_runs_show_their_progress_and_clear_it() -> None:
    """The bar comes after two seconds; at the end its line is blank again."""
    written = on_a_terminal(7, 0.5)
    assert "a label" in written
    assert "7.17k" in written, "the total, in runs"
    assert written.rstrip("\r\n").split("\r")[-1].strip() == ""


def test_a_single_block_has_no_progress_to_show() -> None:
    assert on_a_terminal(1, 2.5) == ""


def test_a_block_has_fewer_of_the_longer_runs() -> None:
    """Spelled out, because published numbers depend on it."""
    sizes = {1: 16384, 64: 16384, 65: 8192, 128: 8192, 512: 2048, 513: 1024, 10**12: 1024}
    assert {draws: size_of(draws) for draws in sizes} == sizes
