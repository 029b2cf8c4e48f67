"""What is made in other processes is what this one would make, and no process is left over."""

import multiprocessing
import os
import signal
import subprocess
import sys
from functools import partial

import pytest

from validation import exhibits
from validation.formulas import derived_or_reason
from validation.pictures import of_paper
from validation.statements.catalogue import written

FEW = [
    partial(derived_or_reason, "inflation"), partial(of_paper, "lm_finetuning"),
    partial(written, 8),
]  # fmt: skip

WAITING = """
import multiprocessing, signal, sys, time
from functools import partial
from validation import exhibits
from validation.formulas import derived_or_reason
from validation.statements.catalogue import written

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job is born deaf to it
exhibits._tasks = lambda families: [partial(derived_or_reason, "inflation"), partial(written, 8)]
with exhibits.ahead([]) as awaited:
    try:
        print(len(multiprocessing.active_children()), flush=True)
        time.sleep(300)
    except KeyboardInterrupt:
        print(len(awaited().statements), flush=True)
"""


@pytest.fixture
def few(monkeypatch):
    """A formula, a figure and a statement; what this process makes of them."""
    monkeypatch.setattr(exhibits, "_tasks", lambda families: FEW)
    return exhibits.made_now([])


def children():
    return {child.pid for child in multiprocessing.active_children()}


def test_tasks_are_the_families_asked_for_and_all_the_rest():
    tasks = exhibits._tasks(["kde", "data", "gaussian"])
    derived = [task.args[0] for task in tasks if task.func is derived_or_reason]
    assert derived == ["gaussian", "kde"]
    assert {task.func for task in tasks} == {derived_or_reason, of_paper, written}


def test_other_processes_make_what_this_one_makes(few):
    before = children()
    with exhibits.ahead([]) as awaited:
        assert children() > before
        found = awaited()
    assert found == few
    assert set(found.formulas) == {"inflation"}
    assert [len(found.figures), len(found.statements)] == [1, 1]
    assert found.figures[0].source is not None
    assert children() == before


def test_what_a_killed_process_owes_is_made_here(few):
    with exhibits.ahead([]) as awaited:
        for child in multiprocessing.active_children():
            child.kill()
        assert awaited() == few


def test_an_exception_leaves_no_process(monkeypatch):
    monkeypatch.setattr(exhibits, "_tasks", lambda families: FEW)
    before = children()
    with pytest.raises(ArithmeticError, match="no page"), exhibits.ahead([]):
        raise ArithmeticError("no page")
    assert children() == before


@pytest.fixture
def waiting():
    """A process that made its exhibits ahead, and waits; its children hold its streams open."""
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    with process:
        try:
            assert int(process.stdout.readline()) >= 1
            yield process
        finally:
            process.kill()


def test_ctrl_c_is_for_the_first_process_alone(waiting):
    """A terminal sends it to all of them, here while they start."""
    os.killpg(waiting.pid, signal.SIGINT)
    out, err = waiting.communicate(timeout=120)
    assert (out, err, waiting.returncode) == ("1\n", "", 0)


def test_the_others_end_with_a_killed_process(waiting):
    """Their end closes the streams, which they share with it."""
    waiting.kill()
    out, _ = waiting.communicate(timeout=120)
    assert (out, waiting.returncode) == ("", -signal.SIGKILL)
