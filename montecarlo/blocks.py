"""Blocks of replicates: the unit of random streams, threads and interruptions.

Block b of a run draws from its own stream, a function of (seed, family, b) alone, and blocks are
handed back in order. So a result does not depend on threads, and what was finished before an
interruption is the beginning of what would have been finished without it.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from theory.workflow import whole_number

BLOCK = 1024

Result = TypeVar("Result")


def generator(seed: int, family: int, block: int) -> np.random.Generator:
    """The random stream of one block."""
    sequence = np.random.SeedSequence(seed, spawn_key=(family, block))
    return np.random.Generator(np.random.SFC64(sequence))


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
) -> Iterator[Result]:
    """Results of `job(stream, size)` over blocks of at most BLOCK replicates, in block order.

    At most two blocks a thread are under way, so memory does not grow with replicates. A progress
    bar appears on stderr after two seconds. The job should release the interpreter lock. A run
    that goes on begins with block `start`.

    Raises:
        ValueError: replicates or threads < 1, or a negative seed.
    """
    seed, replicates, workers = checked(seed, replicates, threads)
    sizes = [BLOCK] * (replicates // BLOCK) + [replicates % BLOCK] * (replicates % BLOCK > 0)
    pending: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(workers)
    bar = tqdm(
        total=replicates, initial=min(start * BLOCK, replicates), desc=label, unit=" runs",
        unit_scale=True, delay=2, leave=False, file=sys.stderr, dynamic_ncols=True,
        mininterval=0.1 if sys.stderr.isatty() else 2.0,
    )  # fmt: skip
    try:
        for block in range(start, min(start + 2 * workers, len(sizes))):
            pending.append(pool.submit(job, generator(seed, family, block), sizes[block]))
        for block in range(start, len(sizes)):
            done = pending.popleft().result()
            following = block + 2 * workers
            if following < len(sizes):
                stream = generator(seed, family, following)
                pending.append(pool.submit(job, stream, sizes[following]))
            bar.update(sizes[block])
            yield done
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        bar.close()
