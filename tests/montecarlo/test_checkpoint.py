"""Checkpoints: a killed run goes on to the same bits, and nothing foreign is ever trusted."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from montecarlo import blocks, durable
from montecarlo import checkpoint as on_disk
from montecarlo import manifest as described
from montecarlo.__main__ import main
from montecarlo.checkpoint import Running, resumed
from montecarlo.estimate import Estimates, Interrupted, Moments
from montecarlo.gaussian import estimate
from theory.gaussian import GaussianChain
from theory.workflow import Workflow

ROOT = Path(__file__).parents[2]
BLOCK = blocks.size_of(20)  # that many numbers, or fewer, are drawn by every run below
TABLE = np.random.default_rng(3).gamma(2.0, size=(20, 2))
CHAIN = GaussianChain(2, ddof=0)
FIELDS = ("mean_error", "log_det_ratio")
GIVEN: dict[str, Any] = {
    "chain": CHAIN,
    "workflow": Workflow.replace(4),
    "generations": 3,
    "seed": 1,
    "replicates": 4 * BLOCK + 100,
    "fields": FIELDS,
    "threads": 1,
}


def go(folder: Path | None = None, **changed: Any) -> Estimates:
    given = GIVEN | {"checkpoint": folder} | changed
    return estimate(given.pop("chain"), given.pop("workflow"), given.pop("generations"), **given)


def same(found: Estimates, expected: Estimates) -> None:
    """Bit by bit."""
    assert found.values.keys() == expected.values.keys()
    for name, values in expected.values.items():
        assert found[name].count == values.count
        np.testing.assert_array_equal(found[name].mean, values.mean)
        np.testing.assert_array_equal(found[name].std, values.std)


def count(folder: Path) -> int:
    """Replicates in the state on disk."""
    if not (folder / "state.npz").exists():
        return 0
    with np.load(folder / "state.npz") as state:
        return int(state["count"])


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Blocks whose streams are asked for."""
    asked: list[int] = []
    generator = blocks.generator

    def noted(seed: int, family: int, block: int) -> np.random.Generator:
        asked.append(block)
        return generator(seed, family, block)

    monkeypatch.setattr(blocks, "generator", noted)
    return asked


@pytest.fixture
def every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state on disk after every block."""
    monkeypatch.setattr(on_disk, "EVERY", 0.0)
    monkeypatch.setattr(on_disk, "COST", np.inf)


def stop_in_block(
    monkeypatch: pytest.MonkeyPatch, block: int, problem: type[BaseException]
) -> None:
    engine = import_module("montecarlo.gaussian.simulate")  # the package shows the function
    kernel = engine.batches_block

    def stops(stream: np.random.Generator, *rest: Any) -> None:
        sequence = stream.bit_generator.seed_seq
        assert isinstance(sequence, np.random.SeedSequence)
        if sequence.spawn_key[1] == block:
            raise problem
        kernel(stream, *rest)

    monkeypatch.setattr(engine, "batches_block", stops)


# --- kill -9 ----------------------------------------------------------------------------------

KILLED = """
import sys
from pathlib import Path
import numpy as np
from montecarlo import checkpoint
from montecarlo.gaussian import estimate
from theory.gaussian import GaussianChain
from theory.workflow import Workflow

checkpoint.EVERY, checkpoint.COST = 0.0, np.inf  # after every block: most kills meet a write

def go(replicates, threads, folder):
    return estimate(GaussianChain(2), Workflow.accumulate(30), 4, seed=5, replicates=replicates,
                    fields=["trace_ratio"], threads=threads, checkpoint=folder)

go(1, 1, None)
print("running", flush=True)
threads, replicates = int(sys.argv[1]), int(sys.argv[2])
found = go(replicates, threads, Path(sys.argv[3]) if len(sys.argv) > 4 else None).trace_ratio
np.savez(sys.argv[-1], mean=found.mean, std=found.std)
"""


def child(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", KILLED, *map(str, arguments)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=-1, stderr=-1, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    return process


def test_runs_killed_at_random_moments_give_the_bits_of_one_that_was_not(tmp_path: Path) -> None:
    """Every round with another number of threads, on a busy machine more rounds.

    The killed rounds ask for a run of hours, so none is done before its kill, however fast.
    """
    folder, moments = tmp_path / "kept", np.random.default_rng(11)
    reached = [0]
    for attempt in range(60):
        if attempt >= 7 and len(set(reached)) > 2:
            break
        with child(1 + attempt % 3, 10**8, folder, tmp_path / "none.npz") as process:
            time.sleep(moments.uniform(0, 0.5))
            process.send_signal(signal.SIGKILL)
            process.communicate()
        assert process.returncode == -signal.SIGKILL
        reached.append(count(folder))
    assert reached == sorted(reached), "no kill lost what was finished"
    assert len(set(reached)) > 2, "some rounds went on from the blocks of those before"
    replicates = reached[-1] + 20 * BLOCK + 37
    with child(2, replicates, folder, tmp_path / "found.npz") as process:
        error = process.communicate()[1]
    assert process.returncode == 0, error
    assert f"resuming {folder} at {reached[-1]:,} of {replicates:,} runs\n" in error
    with child(3, replicates, tmp_path / "undisturbed.npz") as process:
        error = process.communicate()[1]
    assert process.returncode == 0, error
    assert "resuming" not in error
    with (
        np.load(tmp_path / "found.npz") as found,
        np.load(tmp_path / "undisturbed.npz") as expected,
    ):
        np.testing.assert_array_equal(found["mean"], expected["mean"])
        np.testing.assert_array_equal(found["std"], expected["std"])


class PowerCut(BaseException):
    """Nothing reaches the disk any more."""


def cut_power(monkeypatch: pytest.MonkeyPatch, after: int, torn: bool) -> list[int]:
    """Let `after` calls that make files durable through; the file in hand may be half there."""
    calls = [0]

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            calls[0] += 1
            if calls[0] > after:
                if torn and real is fsync and os.path.isfile(f"/dev/fd/{arguments[0]}"):
                    os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
                raise PowerCut
            return real(*arguments)

        return call

    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", dying(os.fsync))
    monkeypatch.setattr(os, "replace", dying(os.replace))
    return calls


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.usefixtures("every_block")
def test_a_power_cut_between_any_two_writes_leaves_the_old_or_the_new(
    torn: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = go()
    with monkeypatch.context() as patch:
        calls = cut_power(patch, 10**6, torn)
        same(go(tmp_path / "whole"), expected)
    assert calls[0] == 3 * (1 + 4), "file, name and folder; of the manifest and of four states"
    for after in range(calls[0]):
        folder = tmp_path / str(after)
        with monkeypatch.context() as patch:
            cut_power(patch, after, torn)
            with pytest.raises(PowerCut):
                go(folder)
        assert count(folder) == BLOCK * max(0, (after - 2) // 3)
        same(go(folder), expected)
        assert {path.name for path in folder.iterdir()} == {"manifest.json", "state.npz", "lock"}


# --- going on ---------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 3])
def test_ctrl_c_keeps_what_is_finished(
    threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though no half second has passed since the last state."""
    expected, three = go(), go(replicates=3 * BLOCK)
    with monkeypatch.context() as patch:
        stop_in_block(patch, 3, KeyboardInterrupt)
        with pytest.raises(Interrupted, match=f"after {3 * BLOCK} finished") as stop:
            go(tmp_path / "kept", threads=threads)
    assert isinstance(stop.value.finished, Estimates)
    same(stop.value.finished, three)
    assert count(tmp_path / "kept") == 3 * BLOCK
    same(go(tmp_path / "kept"), expected)


def test_ctrl_c_right_after_resuming_has_the_blocks_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = go(tmp_path / "kept", replicates=2 * BLOCK)
    stop_in_block(monkeypatch, 2, KeyboardInterrupt)
    with pytest.raises(Interrupted, match=f"after {2 * BLOCK} finished") as stop:
        go(tmp_path / "kept")
    assert isinstance(stop.value.finished, Estimates)
    same(stop.value.finished, two)


def test_a_run_that_fails_keeps_what_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stop_in_block(patch, 2, MemoryError)
        with pytest.raises(MemoryError):
            go(tmp_path / "kept")
    assert count(tmp_path / "kept") == 2 * BLOCK
    same(go(tmp_path / "kept"), go())


@pytest.mark.parametrize("replicates", [1, BLOCK - 1, BLOCK, 2 * BLOCK, 2 * BLOCK + 1])
def test_a_longer_run_goes_on_from_the_whole_blocks_of_a_shorter(
    replicates: int, tmp_path: Path, simulated: list[int]
) -> None:
    short, expected = go(replicates=replicates), go()
    same(go(tmp_path, replicates=replicates), short)
    simulated.clear()
    same(go(tmp_path), expected)
    assert simulated == list(range(replicates // BLOCK, 5))


def test_a_finished_run_simulates_its_partial_block_only(
    tmp_path: Path, simulated: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    first = go(tmp_path)
    simulated.clear()
    same(go(tmp_path), first)
    assert simulated == [4]
    go(tmp_path / "whole", replicates=4 * BLOCK)
    simulated.clear()
    go(tmp_path / "whole", replicates=4 * BLOCK)
    assert simulated == []
    assert capsys.readouterr().err == "", "nothing is resumed"


def test_infinite_moments_are_kept(tmp_path: Path) -> None:
    singular = {"workflow": Workflow.replace(2), "fields": ("excess_nll", "log_det_ratio")}
    expected = go(**singular)
    assert np.isinf(expected.excess_nll.mean[1:]).all()
    go(tmp_path, replicates=3 * BLOCK, **singular)
    same(go(tmp_path, **singular), expected)


@pytest.mark.usefixtures("every_block")
def test_the_state_does_not_grow_with_replicates(tmp_path: Path) -> None:
    sizes = set()
    for replicates in (BLOCK, 8 * BLOCK):
        go(tmp_path, replicates=replicates)
        sizes.add((tmp_path / "state.npz").stat().st_size)
    assert len(sizes) == 1


def test_states_are_written_now_and_then(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """At least EVERY seconds apart, and where the disk is slow COST of the time at most."""
    now, written, slow = [0.0], [], [0.0]
    monkeypatch.setattr(on_disk.time, "monotonic", lambda: now[0])

    def write(path: Path, content: bytes) -> None:
        written.append(now[0])
        now[0] += slow[0]

    monkeypatch.setattr(on_disk, "replace", write)
    running = Running(BLOCK, tmp_path, b"")
    part = Moments(BLOCK, np.zeros(2), np.zeros(2))
    for _ in range(20):
        now[0] += 0.125
        running.add(part)
    assert written == [0.5, 1.0, 1.5, 2.0, 2.5]
    slow[0] = 1.0
    for _ in range(400):
        now[0] += 0.125
        running.add(part)
    assert written[5:] == [3.0, 24.0, 45.0]


# --- what is refused --------------------------------------------------------------------------

OTHERS: list[tuple[dict[str, Any], str]] = [
    ({"seed": 2}, "seed 1, not 2"),
    ({"generations": 4}, "generations 3, not 4"),
    ({"workflow": Workflow.replace(5)}, "workflow schedule [4], not [5]"),
    ({"workflow": Workflow.accumulate(4)}, 'workflow kind "replace", not "accumulate"'),
    ({"workflow": Workflow.sliding_window(4, 2)}, "workflow window null, not 2"),
    ({"workflow": Workflow.anchored(3, 4)}, "workflow n_real null, not 3"),
    ({"workflow": Workflow.fresh(3, 4, weight=0.5)}, "workflow weight null, not 0.5"),
    ({"workflow": Workflow.accumulate_subsample(4, 7)}, "workflow budget null, not 7"),
    (
        {"workflow": Workflow.accumulate_subsample(4, replacement=True)},
        "workflow replacement false, not true",
    ),
    ({"chain": GaussianChain(1, ddof=0)}, "chain dim 2, not 1"),
    ({"chain": GaussianChain(2, ddof=1)}, "chain ddof 0, not 1"),
    ({"chain": GaussianChain(2, 0, 0.5)}, "chain temperature 1.0, not 0.5"),
    ({"chain": GaussianChain(2, 0, 1.0, [[2, 1], [1, 2]])}, "chain covariance "),
    ({"fields": FIELDS[::-1]}, '["mean_error", "log_det_ratio"], not ["log_det_ratio", "mean_err'),
    ({"fields": FIELDS[:1]}, 'fields ["mean_error", "log_det_ratio"], not ["mean_error"]'),
    ({"chain": GaussianChain.from_data(TABLE, ddof=0), "data": TABLE}, "data null, not "),
]


@pytest.mark.parametrize(("change", "told"), OTHERS, ids=[told for _, told in OTHERS])
def test_a_checkpoint_of_another_run_is_refused(
    change: dict[str, Any], told: str, tmp_path: Path
) -> None:
    go(tmp_path, replicates=BLOCK)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match=r"^checkpoint '.*' is of ") as problem:
        go(tmp_path, **change)
    assert str(tmp_path) in str(problem.value)
    assert told in str(problem.value)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_weights_and_tables_are_told_apart_by_their_values(tmp_path: Path) -> None:
    def last(t: int) -> NDArray[np.float64]:
        return np.eye(t)[-1]

    def mixed(t: int) -> NDArray[np.float64]:
        return np.full(t, 1 / t) if t == 3 else np.eye(t)[-1]

    go(tmp_path / "weights", workflow=Workflow.custom(4, last))
    go(tmp_path / "weights", workflow=Workflow.custom(4, lambda t: last(t)))
    with pytest.raises(ValueError, match=r"is of workflow custom_weights \"\w+\", not \"\w+\"$"):
        go(tmp_path / "weights", workflow=Workflow.custom(4, mixed))
    chain = GaussianChain.from_data(TABLE, ddof=0)
    go(tmp_path / "data", chain=chain, data=TABLE)
    go(tmp_path / "data", chain=chain, data=TABLE.tolist())
    with pytest.raises(ValueError, match=r"is of data \"\w+\", not \"\w+\"; of coordinates "):
        go(tmp_path / "data", chain=chain, data=TABLE[::-1])


def test_the_engine_counts_and_not_how_it_was_asked_for(tmp_path: Path) -> None:
    expected = go(tmp_path / "one")
    same(go(tmp_path / "one", method="statistics"), expected)
    with pytest.raises(ValueError, match='is of method "statistics", not "rows"$'):
        go(tmp_path / "one", method="rows")
    subsample = Workflow.accumulate_subsample(4)
    expected = go(tmp_path / "two", workflow=subsample)
    same(go(tmp_path / "two", workflow=subsample, method="rows"), expected)


@pytest.mark.parametrize(
    "name", ["loopbound", "python", "numpy", "scipy", "numba", "system", "processor"]
)
def test_other_versions_are_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path, replicates=BLOCK)
    now = described.versions()
    monkeypatch.setattr(described, "versions", lambda: now | {name: "9.9"})
    told = f'is of versions {name} "{now[name]}", not "9.9": remove it to start afresh'
    with pytest.raises(ValueError, match=r"^checkpoint ") as problem:
        go(tmp_path)
    assert told in str(problem.value)


@pytest.mark.parametrize("name", ["commit", "sources"])
def test_other_code_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(described, name, lambda *_: "abc")
    go(tmp_path, replicates=BLOCK)
    monkeypatch.setattr(described, name, lambda *_: None)
    told = rf'is of {name} "abc", not null: remove it to start afresh, or go on with that code$'
    with pytest.raises(ValueError, match=told):
        go(tmp_path)


def test_all_differences_are_told_and_code_is_no_way_out_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path, replicates=BLOCK)
    monkeypatch.setattr(described, "sources", lambda: "abc")
    with pytest.raises(ValueError, match=r'is of seed 1, not 3; of sources "\w+", not "abc"$'):
        go(tmp_path, seed=3)


def test_a_key_that_one_manifest_lacks_is_a_difference() -> None:
    assert described.differences({"a": 1}, {"a": 1, "b": None}) == ["b null, not null"]
    assert described.differences({"a": {"b": 1}}, {"a": {}}) == ["a b 1, not null"]
    assert described.differences({"a": {"b": [1]}}, {"a": {"b": [1]}}) == []


def test_a_shorter_run_than_the_checkpoint_is_refused(tmp_path: Path) -> None:
    go(tmp_path)
    with pytest.raises(ValueError, match="is at 65,536 runs, beyond the 65,535 asked for$"):
        go(tmp_path, replicates=4 * BLOCK - 1)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "one byte": lambda content: content[:1],
    "truncated": lambda content: content[: len(content) // 2],
    "without its end": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    **{
        f"flipped bit at {share}": lambda content, share=share: (  # type: ignore[misc]
            content[: (at := int(share * len(content)))]
            + bytes([content[at] ^ 1])
            + content[at + 1 :]
        )
        for share in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999)
    },
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_state_is_refused(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    go(tmp_path)
    path = tmp_path / "state.npz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"has a damaged state.npz: remove it$"):
        go(tmp_path)


def test_a_state_belongs_to_its_manifest(tmp_path: Path) -> None:
    """A state copied from another checkpoint, or under a manifest that was edited."""
    go(tmp_path / "one")
    go(tmp_path / "two", seed=2)
    (tmp_path / "one" / "state.npz").write_bytes((tmp_path / "two" / "state.npz").read_bytes())
    with pytest.raises(ValueError, match=r"has a damaged state.npz"):
        go(tmp_path / "one")
    manifest = tmp_path / "two" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"seed": 2', '"seed": 1'))
    with pytest.raises(ValueError, match=r"has a damaged state.npz"):
        go(tmp_path / "two")


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe{}"])
def test_a_damaged_manifest_is_refused(content: bytes, tmp_path: Path) -> None:
    go(tmp_path)
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"has a damaged manifest.json: remove it$"):
        go(tmp_path)


def test_a_state_without_a_manifest_is_refused(tmp_path: Path) -> None:
    go(tmp_path)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(ValueError, match=r"has lost its manifest.json: remove it$"):
        go(tmp_path)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("dear reader")
    with pytest.raises(ValueError, match=r"folder of its own, but '.*' holds 'thesis.tex'$"):
        go(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_two_runs_do_not_share_a_checkpoint(tmp_path: Path) -> None:
    go(tmp_path, replicates=BLOCK)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    with (
        resumed(tmp_path, manifest, BLOCK),
        pytest.raises(ValueError, match=r"is in use by another run$"),
    ):
        go(tmp_path)
    go(tmp_path)


def test_a_file_system_without_locks_does_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOSYS, "no locks here")

    monkeypatch.setattr(durable.fcntl, "flock", no_locks)
    same(go(tmp_path), go())


def test_what_a_killed_process_left_half_written_is_removed(tmp_path: Path) -> None:
    go(tmp_path, replicates=BLOCK)
    for name in ("manifest.json.part", "state.npz.part"):
        (tmp_path / name).write_bytes(b"half")
    same(go(tmp_path), go())
    assert {path.name for path in tmp_path.iterdir()} == {"manifest.json", "state.npz", "lock"}


@pytest.mark.parametrize("change", [{"threads": 0}, {"seed": -1}, {"replicates": 0}])
def test_bad_values_make_no_folder(change: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be a whole number"):
        go(tmp_path / "kept", **change)
    assert not (tmp_path / "kept").exists()


# --- the command ------------------------------------------------------------------------------

QUICK = "gaussian --workflow replace --n 6 --generations 2 --format csv --seed 4".split()


def test_the_command_resumes_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "some" / "where"
    assert main([*QUICK, "--replicates", "50000"]) == 0
    expected = capsys.readouterr().out
    assert main([*QUICK, "--replicates", "40000", "--checkpoint", str(folder)]) == 0
    assert capsys.readouterr().err == ""
    assert main([*QUICK, "--replicates", "50000", "--checkpoint", str(folder)]) == 0
    captured = capsys.readouterr()
    assert captured.out == expected
    assert captured.err == f"resuming {folder} at 32,768 of 50,000 runs\n"


def test_what_is_refused_is_one_line_and_exit_status_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    main([*QUICK, "--replicates", "16384", "--checkpoint", str(tmp_path / "kept")])
    capsys.readouterr()
    for folder, change, told in [
        (file, [], f"checkpoint must be a folder, got the file '{file}'"),
        (file / "below", [], f"'{file / 'below'}'"),
        (tmp_path / "kept", ["--seed", "5"], f"checkpoint '{tmp_path / 'kept'}' is of seed 4, not"),
        (tmp_path / "kept", ["--replicates", "1"], "is at 16,384 runs, beyond the 1 asked for"),
    ]:
        assert main([*QUICK, "--checkpoint", str(folder), *change]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        assert told in captured.err


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unwritable for root")
def test_an_unwritable_folder_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(0o500)
    for folder in (tmp_path, tmp_path / "kept"):
        assert main([*QUICK, "--checkpoint", str(folder)]) == 2
        error = capsys.readouterr().err
        assert error.startswith("python -m montecarlo: error: Permission denied: ")
        assert error.count("\n") == 1


def test_a_full_disk_is_one_line_and_leaves_the_last_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = [*QUICK, "--checkpoint", str(tmp_path / "kept"), "--replicates"]
    assert main([*argv, "16384"]) == 0

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert main([*argv, "99999"]) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("No space left on device")
    assert main([*argv, "99999"]) == 0
    assert "at 16,384 of 99,999 runs" in capsys.readouterr().err


# --- the commit of a checkout -----------------------------------------------------------------

HASH = "0123456789abcdef0123456789abcdef01234567"


def test_the_commit_is_that_of_git() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("git does not say")
    assert described.commit(ROOT) == done.stdout.strip()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({".git/HEAD": HASH}, HASH),
        ({".git/HEAD": "ref: refs/heads/a/b\n", ".git/refs/heads/a/b": HASH + "\n"}, HASH),
        (
            {
                ".git/HEAD": "ref: refs/heads/main\n",
                ".git/packed-refs": f"# pack-refs\n{HASH[::-1]} refs/heads/x/main\n"
                f"{HASH} refs/heads/main\n",
            },
            HASH,
        ),
        (
            {
                ".git": "gitdir: place/worktrees/x\n",
                "place/worktrees/x/HEAD": "ref: refs/heads/x\n",
                "place/worktrees/x/commondir": "../..\n",
                "place/refs/heads/x": HASH,
            },
            HASH,
        ),
        ({".git/HEAD": "ref: refs/heads/unborn\n"}, None),
        ({".git": "gitdir: nowhere\n"}, None),
        ({}, None),
    ],
)
def test_the_commit_is_read_without_git(
    files: dict[str, str], expected: str | None, tmp_path: Path
) -> None:
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assert described.commit(tmp_path) == expected
