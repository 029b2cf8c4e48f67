"""Blocks of replicates: the unit of random streams, threads and interruptions.

Block b of a run draws from its own stream, a function of (seed, family, b) alone, and blocks are
handed back in order. So a result does not depend on threads, and what was finished before an
interruption is the beginning of what would have been finished without it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from tqdm import tqdm

from theory.workflow import whole_number

BLOCK = 1024  # runs of the smallest block
_DOUBLINGS = 4  # to the largest
_ENOUGH = 2**20  # random numbers, some 20 ms: a block that draws so many is worth its overhead

Result = TypeVar("Result")


def generator(seed: int, family: int, block: int) -> np.random.Generator:
    """The random stream of one block."""
    sequence = np.random.SeedSequence(seed, spawn_key=(family, block))
    return np.random.Generator(np.random.SFC64(sequence))


def size_of(draws: int) -> int:
    """Runs of a block, when a run draws about so many random numbers.

    Short runs come in large blocks, which would otherwise cost more to begin than to simulate.
    """
    worth = _ENOUGH // (BLOCK * draws)
    return BLOCK << min(max(worth.bit_length() - 1, 0), _DOUBLINGS)


def checked(seed: int, replicates: int, threads: int | None) -> tuple[int, int, int]:
    """Seed, replicates and threads, None being one a core; each in its range.

    Raises:
        ValueError: replicates or threads < 1, or a negative seed.
    """
    seed = whole_number("seed", seed, minimum=0)
    replicates = whole_number("replicates", replicates)
    threads = whole_number("threads", (os.cpu_count() or 1) if threads is None else threads)
    return seed, replicates, threads


def run(
    job: Callable[[np.random.Generator, int], Result],
    *,
    family: int,
    seed: int,
    replicates: int,
    threads: int | None = None,
    label: str = "",
    start: int = 0,
    block_size: int = BLOCK,
) -> Iterator[Result]:
    """Results of `job(stream, size)` over blocks of `block_size` replicates, in block order.

    At most two blocks a thread are under way, so memory does not grow with replicates. A progress
    bar of two blocks or more appears on stderr after two seconds. The job should release the
    interpreter lock. A run that goes on begins with block `start`.

    Raises:
        ValueError: replicates or threads < 1, or a negative seed.
    """
    seed, replicates, workers = checked(seed, replicates, threads)
    whole, rest = divmod(replicates, block_size)
    sizes = [block_size] * whole + [rest] * (rest > 0)
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(workers)
    bar = tqdm(
        total=replicates, initial=min(start * block_size, replicates), desc=label, unit=" runs",
        disable=len(sizes) < 2, unit_scale=True, delay=2, leave=False, file=sys.stderr,
        dynamic_ncols=True, mininterval=0.1 if sys.stderr.isatty() else 2.0,
    )  # fmt: skip
    with _ctrl_c_between_blocks() as check, _closing(pool, bar):
        for block in range(start, min(start + 2 * workers, len(sizes))):
            pending.append(pool.submit(job, generator(seed, family, block), sizes[block]))
        for block in range(start, len(sizes)):
            done = pending.popleft().result()
            check()
            following = block + 2 * workers
            if following < len(sizes):
                stream = generator(seed, family, following)
                pending.append(pool.submit(job, stream, sizes[following]))
            bar.update(sizes[block])
            yield done
        check()


@contextmanager
def _closing(pool: ThreadPoolExecutor, bar: tqdm[Any]) -> Iterator[None]:
    try:
        yield
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        bar.close()


@contextmanager
def _ctrl_c_between_blocks() -> Iterator[Callable[[], None]]:
    """Gives a check that raises KeyboardInterrupt if Ctrl-C was pressed since.

    Raised anywhere, it may leave a lock of the thread pool taken, and the pool waits for ever. A
    second Ctrl-C is raised at once. Off the main thread, or where somebody else handles the signal,
    nothing changes.
    """
    handler = signal.default_int_handler
    main = threading.current_thread() is threading.main_thread()
    pressed = threading.Event()

    def note(number: int, frame: Any) -> None:
        if pressed.is_set():
            handler(number, frame)
        pressed.set()

    def check() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    if not main or signal.getsignal(signal.SIGINT) is not handler:
        yield check
        return
    signal.signal(signal.SIGINT, note)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, handler)
