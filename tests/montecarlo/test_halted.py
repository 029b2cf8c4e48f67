"""A chain that cannot go on keeps the fits before: gathered, printed, never half-written."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from montecarlo import streaming
from montecarlo.__main__ import main
from montecarlo.checkpoint import STATE
from montecarlo.estimate import Estimates, Halted, Runs
from montecarlo.vectorised import SideBySide
from montecarlo.verification import estimate, simulate, spread
from theory.verification import VerifiedChain, VerifiedSpread, curves
from theory.workflow import Workflow

Output = pytest.CaptureFixture[str]

FAR = VerifiedChain((0.01,), 0.1)
"""Its real fit misses by a hundred standard deviations of a label: no label of its passes."""
COMMAND = [
    "verification", "--workflow", "replace", "--n", "3", "--generations", "4", "--radius", "0.1",
    "--singular-values", "0.01", "--replicates", "2000", "--method", "rows",
]  # fmt: skip


@dataclass(frozen=True)
class Spec:
    """One that says nothing."""


def stops_in(block: int) -> SideBySide:
    """Four generations a run, but two in that block: a block's first number tells which it is."""
    first = [float(np.random.Generator(np.random.SFC64(s)).random()) for s in
             (np.random.SeedSequence(1, spawn_key=(99, b)) for b in range(4))]  # fmt: skip

    def drawn(rng: np.random.Generator, runs: int) -> np.ndarray:
        values = rng.random((runs, 5, 1)).transpose(1, 2, 0)
        return values[:3] if values[0, 0, 0] == first[block] else values

    return SideBySide(99, "stops", Spec(), Workflow.replace(1), 4, ("x",), 2**20, drawn,
                      halts="there is no more")  # fmt: skip


@pytest.mark.parametrize("threads", [1, 3])
def test_the_fits_before_are_those_of_the_runs_so_far(threads, tmp_path: Path):
    """Three blocks of 1,024: as many fits as all of their runs have, and the blocks before kept."""
    task = stops_in(2)
    whole = streaming.all_runs(stops_in(3), 1, 3 * 1024, threads)
    with pytest.raises(Halted, match="after fit 2 there is no more") as stop:
        streaming.estimates(task, 1, 5_000, threads, tmp_path / "kept")
    assert isinstance(stop.value.finished, Estimates)
    found = stop.value.finished.x
    assert (found.count, len(found.mean), stop.value.generation) == (3 * 1024, 3, 2)
    np.testing.assert_allclose(found.mean, whole.x.mean(axis=0)[:3], rtol=1e-12)
    np.testing.assert_allclose(found.std, whole.x.std(axis=0, ddof=1)[:3], rtol=1e-12)
    with np.load(tmp_path / "kept" / STATE) as state:
        assert state["count"] == 2 * 1024
    with pytest.raises(Halted) as again:
        streaming.estimates(task, 1, 5_000, threads, tmp_path / "kept")
    assert isinstance(again.value.finished, Estimates)
    np.testing.assert_array_equal(again.value.finished.x.mean, found.mean)
    with pytest.raises(Halted) as runs:
        streaming.all_runs(task, 1, 5_000, threads)
    assert isinstance(runs.value.finished, Runs)
    np.testing.assert_array_equal(runs.value.finished.x, whole.x[:, :3])


def test_a_verifier_that_rejects_everything_leaves_the_real_fit():
    """Its error within 5.5 standard errors (4e-8 falsely) of the exact one."""
    flow = Workflow.replace(3)
    with pytest.raises(Halted, match="rejects everything: 10,000,000 labels in a row") as stop:
        estimate(FAR, flow, 4, seed=2, replicates=2_000, method="rows")
    assert isinstance(stop.value.finished, Estimates)
    found = stop.value.finished.squared_error
    known = curves(FAR, flow, 1).squared_error
    assert len(found.mean) == 2
    assert abs(found.mean[1] - known[1]) < 5.5 * found.std_error[1] < 0.2 * known[1]
    with pytest.raises(Halted) as stop:
        simulate(FAR, flow, 4, seed=2, replicates=5, method="rows")
    assert isinstance(stop.value.finished, Runs)
    assert stop.value.finished.squared_error.shape == (5, 2)
    with pytest.raises(Halted, match="after fit 1 the verifier rejects everything") as stop:
        spread.estimate(VerifiedSpread(0.01, 3.5, 3), 4, seed=1, replicates=200)
    assert isinstance(stop.value.finished, Estimates)
    assert stop.value.finished.variance.mean.shape == (2,)


def test_the_command_prints_the_fits_before_and_says_why_it_stopped(capsys: Output, tmp_path: Path):
    path = tmp_path / "kept.json"
    assert main([*COMMAND, "--format", "json", "--output", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    line, wrote = err.splitlines()
    assert line.endswith("with centre=0.0, radius=0.1; kept: fits up to 1 of 2,000 runs")
    assert wrote == f"wrote {path}"
    found = json.loads(path.read_text())
    assert [row["generation"] for row in found["rows"]] == [0, 1]
    assert found["replicates"] == 2_000
    assert all(np.isfinite(row["squared_error_se"]) for row in found["rows"])
    assert main(COMMAND) == 2
    assert "2,000 runs, seed 0" in capsys.readouterr().out
