"""What the page shows whatever was found: the papers' figures, statements and closed forms.

None of it needs a finding, and all of it takes a minute of one core: `ahead` makes it in other
processes while the simulations run.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from validation.formulas import Formulas, derived_or_reason
from validation.pictures import Picture, of_paper
from validation.plans import CASES, answered
from validation.quantities import FAMILIES
from validation.statements.catalogue import STATEMENTS, written

MOST_PROCESSES = 4  # each starts for some seconds of a core, and holds some 200 MB

Task = Callable[[], Any]


@dataclass(frozen=True)
class Exhibits:
    """The parts of the page that no finding changes.

    Attributes:
        formulas: of each family that was tested.
        figures: of the papers, in the order of their catalogue.
        statements: pages of the published statements, in the order of theirs.
        plans: the planner's cases, where it was tested.
    """

    formulas: Mapping[str, Formulas]
    figures: Sequence[Picture]
    statements: Sequence[dict[str, Any]]
    plans: Sequence[dict[str, Any]] = ()


def made_now(families: Iterable[str]) -> Exhibits:
    """The exhibits of these families, made in this process."""
    tasks = _tasks(families)
    return _arranged(tasks, [task() for task in tasks])


@contextmanager
def ahead(families: Iterable[str]) -> Iterator[Callable[[], Exhibits]]:
    """Begin the exhibits in other processes; yields a function that waits for them.

    What another process does not deliver is made in this one. The processes leave Ctrl-C to this
    one and end with the block, at once if it ends by an exception, and also if this one is killed.
    """
    tasks = _tasks(families)
    context = multiprocessing.get_context("spawn")  # no copy of threads, as fork would make
    lifeline, end = context.Pipe(duplex=False)
    workers = min(MOST_PROCESSES, os.cpu_count() or 1)
    pool = ProcessPoolExecutor(workers, context, _begin, (lifeline,))
    try:
        with _ctrl_c_held():
            futures = [pool.submit(task) for task in tasks]
        yield lambda: _arranged(tasks, list(map(_delivered, futures, tasks)))
    except BaseException:
        end.close()  # nobody will ask for what is being made
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        end.close()
        lifeline.close()


def _tasks(families: Iterable[str]) -> list[partial[Any]]:
    """A task an exhibit; those that take longest begin first."""
    from paper_figures.catalogue import FIGURES

    asked = set(families)
    return [
        *(partial(derived_or_reason, family) for family in FAMILIES if family in asked),
        *(partial(of_paper, name) for name in FIGURES),
        *(partial(written, number) for number in range(len(STATEMENTS))),
        *(partial(answered, number) for number in range(len(CASES)) if "planner" in asked),
    ]


def _arranged(tasks: Sequence[partial[Any]], made: Sequence[Any]) -> Exhibits:
    def of(maker: Callable[..., Any]) -> dict[Any, Any]:
        return {
            task.args[0]: one for task, one in zip(tasks, made, strict=True) if task.func is maker
        }

    figures, statements, plans = (list(of(one).values()) for one in (of_paper, written, answered))
    return Exhibits(of(derived_or_reason), figures, statements, plans)


def _delivered(future: Future[Any], task: Task) -> Any:
    """What the other process made, or what this one makes if that process came to grief."""
    try:
        return future.result()
    except Exception:  # a task raises nothing itself: the process was killed, or never began
        return task()


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Ctrl-C waits; a process that begins here inherits that, so it is this one's to answer."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(lifeline: Connection) -> None:
    """In the new process: leave Ctrl-C to the first one, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    """Wait until the other end is closed, which a killed process does too, and stop."""
    lifeline.poll(None)
    os._exit(0)
