"""Measured losses as curves: the published ones, and anybody's CSV."""

import numpy as np
import pytest

from lm.losscurve import (
    FINETUNING,
    PRETRAINING,
    PUBLISHED,
    TABLE,
    published,
)
from theory.growth.losscurve import LossCurve
from theory.growth.tables import read_losses
from theory.workflow import Workflow

HEADER = "model,workflow,generation,test_cross_entropy"


def written(tmp_path, *lines, header=HEADER):
    path = tmp_path / "losses.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_the_published_curves_are_all_there():
    found = {c.name: len(c.generations) for n in (FINETUNING, PRETRAINING) for c in published(n)}
    assert found == {
        "Gemma-2-2B, replace": 20,
        "Gemma-2-2B, accumulate": 20,
        "Gemma-2-2B, accumulate-subsample": 20,
        "GPT-2-9M, replace": 50,
        "Llama-2-12M, replace": 50,
        "GPT-2-9M, accumulate-subsample": 44,
        "Llama-2-12M, accumulate-subsample": 45,
        "GPT-2-9M, accumulate": 13,
        "Llama-2-12M, accumulate": 16,
    }
    said = (PUBLISHED / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in PUBLISHED.glob("*.csv")} == {
        line.split("`")[1] for line in said.splitlines() if line.startswith("| `")
    }


def test_the_first_fit_of_the_table_is_generation_one_of_every_workflow():
    found = {curve.name: curve for curve in published(TABLE)}
    assert len(found) == 11
    cold = found["GPT-2-9M at temperature 0.3, replace"]
    assert cold.generations.tolist() == [1, 4, 10]
    assert cold.mean.tolist() == [1.82, 5.82, 9.85]
    growing = found["GPT-2-9M, replace-growing"].workflow
    assert [growing.batch_rows(b) for b in range(4)] == [100, 200, 300, 400]


def test_seeds_become_rows_and_sizes_the_workflow(tmp_path):
    path = written(
        tmp_path, "m,anchored,2,1.5,a,10,30", "m,anchored,1,1.0,a,10,30",
        "m,anchored,1,1.2,b,10,30", "m,anchored,2,1.9,b,10,30", header=HEADER + ",seed,n,n_real",
    )  # fmt: skip
    (curve,) = read_losses(path)
    assert curve.workflow == Workflow.anchored(30, 10)
    np.testing.assert_array_equal(curve.losses, [[1.0, 1.5], [1.2, 1.9]])
    np.testing.assert_allclose(curve.std_error, [0.1, 0.2])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["m,replace,1,low"], r"line 2: could not convert string to float: 'low'"),
        (["m,replace,one,1"], "line 2: .*'one'"),
        (["m,replace,1,"], "line 2 has no test_cross_entropy"),
        (["m,replace,1"], "line 2 has no test_cross_entropy"),
        (["m,replaces,1,1"], "unknown workflow 'replaces'"),
        (["m,replace,1,1", "m,replace,1,2"], "generation 1 of m, replace has two losses"),
        (["m,replace,0,1"], "generations must increase from 1 on"),
        (["m,replace,1,inf"], "line 2: a loss must be finite, got inf"),
        ([], "no losses"),
        (["m,sliding-window,1,1"], "needs window"),
    ],
)
def test_bad_files_are_quoted(tmp_path, lines, said):
    with pytest.raises(ValueError, match=said) as problem:
        read_losses(written(tmp_path, *lines))
    assert "losses.csv" in str(problem.value)


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(ValueError, match="no column 'generation'"):
        read_losses(written(tmp_path, "m,replace,1", header="model,workflow,test_cross_entropy"))


def test_seeds_of_unequal_length_are_refused(tmp_path):
    path = written(
        tmp_path, "m,replace,1,1,a", "m,replace,1,1,b", "m,replace,2,1,b", header=HEADER + ",seed"
    )
    with pytest.raises(ValueError, match="the seeds of m, replace must have the same generations"):
        read_losses(path)


@pytest.mark.parametrize("losses", [[1.0, 2.0], [[1.0]], [[]], np.zeros((0, 2))])
def test_losses_have_an_axis_of_seeds(losses):
    with pytest.raises(ValueError, match="losses must have axes"):
        LossCurve("m", "replace", Workflow.replace(1), [1, 2], losses)
