"""A run: every workflow, mitigation and seed of a recipe, one after the other or several at once.

On a GPU, or started by `accelerate launch`, chains run one after the other on all devices. On a
CPU, small models gain little from a second thread: each chain gets a process of its own and one
thread, as many at once as there are cores.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from tqdm import tqdm
from transformers.utils import logging

from lm.chain import Chain
from lm.config import Recipe, WorkflowChoice
from lm.material import Material, prepare
from lm.mitigation.choice import Mitigation
from lm.mitigation.reference import make_reference
from lm.mitigation.scores import read_words
from lm.progress import Bars
from theory.workflow import whole_number


@dataclass(frozen=True)
class Machine:
    """How much of the machine a run takes; results depend on `threads` in their last bits only.

    Attributes:
        jobs: chains at once, each in a process of its own if more than one.
        threads: of each.
        cpu: stay off the GPU.
        progress: show bars.
    """

    jobs: int
    threads: int
    cpu: bool = False
    progress: bool = True


def machine(jobs: int | None, threads: int | None, chains: int, *, cpu: bool = False) -> Machine:
    """What is asked for, and else what suits: a GPU one job, a CPU one core a job.

    Raises:
        ValueError: jobs or threads < 1.
    """
    for name, value in (("--jobs", jobs), ("--threads", threads)):
        if value is not None:
            whole_number(name, value)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    alone = "LOCAL_RANK" in os.environ or (torch.cuda.is_available() and not cpu)
    if jobs is None:
        jobs = 1 if alone else max(1, min(cores or 1, chains))
    if threads is None:
        threads = max(1, (cores or 1) // jobs)
    return Machine(jobs, threads, cpu)


def run(recipe: Recipe, folder: Path, on: Machine) -> None:
    """Make every generation that is not in the folder yet.

    Raises:
        ValueError: what the user can mend, in one line; finished generations are kept.
        OSError: something cannot be read or written.
        KeyboardInterrupt: stopped; the same call goes on from the last finished generation.
    """
    accelerator = accelerator_for(on, on.threads)
    bars = Bars(shown=on.progress and accelerator.is_main_process)
    material = prepare(recipe, folder, accelerator, bars)
    for one in recipe.mitigation:
        if one.words:  # a bad table stops the run before any chain
            read_words(Path(one.reward or ""))
    judged = [one for one in recipe.mitigation if one.scorer == "perplexity"]
    for share in sorted({one.verifier_share or 1.0 for one in judged}):
        make_reference(material, folder, share, accelerator, bars)
    wanted = recipe.chains
    if on.jobs > 1 and len(wanted) > 1:
        # The longest first, so that they do not end alone.
        wanted.sort(key=lambda chain: -_cost(chain[0], chain[1], material.rows, recipe.generations))
        _at_once(recipe, folder, on, wanted)
        return
    for choice, mitigation, seed in wanted:
        Chain(material, choice, seed, folder, accelerator, bars, mitigation).run()


def accelerator_for(on: Machine, threads: int) -> Accelerator:
    """Devices and processes; the precision of a fit is the recipe's, see `lm.finetune`."""
    torch.set_num_threads(threads)
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return Accelerator(mixed_precision="no", cpu=on.cpu)


def _cost(choice: WorkflowChoice, mitigation: Mitigation, rows: int, generations: int) -> int:
    """Rows that a chain trains on and writes."""
    workflow = choice.workflow(rows)
    fits = range(1, generations + 1)
    written = sum(mitigation.candidates(workflow.synthetic_rows(t), t) for t in fits)
    return written + (mitigation.ensemble or 1) * sum(map(workflow.train_size, fits))


# --- several chains at once ----------------------------------------------------------------------

_material: Material | None = None  # of a worker, made once
_line = 0


def _at_once(
    recipe: Recipe,
    folder: Path,
    on: Machine,
    wanted: list[tuple[WorkflowChoice, Mitigation, int]],
) -> None:
    context = multiprocessing.get_context("spawn")
    lines = context.Queue()
    for line in range(on.jobs):
        lines.put(line)
    pool = ProcessPoolExecutor(on.jobs, context, _begin_worker, (lines,))
    try:
        done = [pool.submit(_work, recipe, folder, on, *chain) for chain in wanted]
        for future in as_completed(done):
            future.result()
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin_worker(lines: multiprocessing.Queue[int]) -> None:
    """A worker leaves Ctrl-C to its parent, and does not outlive it."""
    global _line
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A bar's own lock is one between processes, which a worker that is stopped would leave behind.
    tqdm.set_lock(threading.RLock())
    _line = lines.get()
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _work(
    recipe: Recipe, folder: Path, on: Machine, choice: WorkflowChoice, mitigation: Mitigation,
    seed: int,
) -> None:  # fmt: skip
    global _material
    accelerator = accelerator_for(on, on.threads)
    bars = Bars(shown=on.progress, line=_line)
    if _material is None:
        _material = prepare(recipe, folder, accelerator, bars)
    Chain(_material, choice, seed, folder, accelerator, bars, mitigation).run()
