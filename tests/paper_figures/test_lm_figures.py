"""The figures of language models: published values, fitted lines, and our runs when there are."""

import hashlib
import json
import shutil

import numpy as np
import pytest

from lm.losscurve import FINETUNING, PRETRAINING, published
from paper_figures import (
    dataset,
    lm_against_theory,
    lm_finetuning,
    lm_learning_curves,
    lm_pretraining,
    lm_verification,
    losses,
    style,
    value_of_synthetic,
)
from theory.growth import Shape, fit
from theory.inflation import inflation
from theory.workflow import Workflow


@pytest.mark.parametrize(
    "module",
    [
        lm_against_theory,
        lm_finetuning,
        lm_learning_curves,
        lm_pretraining,
        lm_verification,
        value_of_synthetic,
    ],
)
def test_committed_points_are_those_of_their_files(module):
    assert list(dataset.read(module.NAME, module.settings()).points) == module.recompute()


def test_every_published_curve_is_drawn_with_its_fit():
    found = {(s.panel, s.label): s for s in lm_against_theory.data() if s.quantity == losses.THEORY}
    curves = [*published(PRETRAINING), *published(FINETUNING)]
    assert set(found) == {(c.model, c.label) for c in curves}
    for curve in curves:
        line = found[curve.model, curve.label]
        at, mean, _ = line.measured
        np.testing.assert_array_equal(at, curve.generations)
        np.testing.assert_array_equal(mean, curve.mean)
        a, b = fit(curve, Shape.INFLATION).coefficients
        v = inflation(curve.workflow, int(at[-1])).values
        np.testing.assert_allclose(line.theory.values, a + b * v, rtol=1e-12)


def test_the_caption_is_right_about_the_signs():
    """b < 0 in panels b and e, b and c > 0 for the subsamples."""
    for curve in published(PRETRAINING):
        _, b, *c = fit(curve, Shape.PASSES).coefficients if curve.label != "replace" else (0, 0)
        if curve.label == "accumulate":
            assert b < 0
        if curve.label == "accumulate-subsample":
            assert min(b, *c) > 0
    said = lm_against_theory.caption(lm_against_theory.data())
    assert "between 0.081 % and 97 % of the variance" in said
    assert "leave 0.018 to 0.43 %" in said


def test_a_line_begins_with_what_its_formula_gives_at_zero():
    t, flow = np.arange(1, 8), Workflow.replace(100)
    made = losses.LossCurve("m", "replace", flow, t, [2 + 0.5 * np.log(t)])
    assert losses._line(fit(made, Shape.LOGARITHM), 7)[0] == -np.inf
    made = losses.LossCurve("m", "replace", flow, t, [2 + 0.5 * np.sqrt(t)])
    assert losses._line(fit(made, Shape.POWER), 7)[0] == pytest.approx(2, abs=1e-5)
    made = losses.LossCurve("m", "replace", flow, t, [2 - 0.5 * 0.5**t])
    assert losses._line(fit(made, Shape.CONTRACTION), 7)[0] == pytest.approx(1.5, abs=1e-6)


def test_our_runs_join_when_their_file_is_there(tmp_path, monkeypatch):
    """With bars of the seeds, another manifest, and a row of panels of their own."""
    monkeypatch.setattr(dataset, "FOLDER", tmp_path)
    before = lm_finetuning.settings()
    lines = [
        f"tiny,{flow},{t},{2 + slope * t + 0.01 * s},{s}"
        for flow, slope in (("replace", 0.2), ("accumulate", 0.02), ("accumulate-subsample", 0.04))
        for t in range(1, 7)
        for s in range(3)
    ]
    (tmp_path / "lm_finetuning_ours.csv").write_text(
        "\n".join(["model,workflow,generation,test_cross_entropy,seed", *lines]), encoding="utf-8"
    )
    assert lm_finetuning.settings() != before
    points = lm_finetuning.recompute()
    own = [p for p in points if p.panel == "tiny"]
    assert len(own) == 18
    assert own[0].std_error == pytest.approx(0.01 / np.sqrt(3))
    series = lm_finetuning.data(points)
    assert "Ours: tiny (3 seeds, bars of 2 standard errors)." in lm_finetuning.caption(series)
    with style.publication():
        assert len(lm_finetuning.draw(series).axes) == 4


def test_a_step_matched_grid_of_ours_is_a_panel(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "FOLDER", tmp_path)
    shutil.copy(value_of_synthetic.GRID, tmp_path / "grid.csv")
    rows = (tmp_path / "grid.csv").read_text(encoding="utf-8").splitlines()
    own = [rows[0] + ",panel,std_error,seeds", *(row + ",ours,0.01,3" for row in rows[1:])]
    (tmp_path / "value_of_synthetic_ours.csv").write_text("\n".join(own), encoding="utf-8")
    series = value_of_synthetic.data(value_of_synthetic.recompute())
    assert len(series) == 2 * (len(rows) - 1)
    said = value_of_synthetic.caption(series)
    assert f"{len(rows) - 1} published cells" in said
    assert f"Ours: {len(rows) - 1} cells of a small model on docstrings, 3 runs each" in said
    with style.publication():
        shown = [axes.get_visible() for axes in value_of_synthetic.draw(series).axes]
    assert shown == [True, True, True, False]


def test_our_grid_is_the_one_that_its_manifest_vouches_for():
    path = dataset.FOLDER / "value_of_synthetic_ours.csv"
    manifest = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == manifest["sha256"]
    assert manifest["command"].startswith("python -m lm value --quick")
    assert manifest["run"]["data"]["source"] == "stdlib-docstrings"


def test_differences_to_no_verifier_are_paired_by_seed():
    """From the committed runs, by hand: the first fit is the same, every seed counts once."""
    runs = lm_verification._runs()
    control = runs[lm_verification.CONTROL]
    for line in lm_verification.data():
        if line.panel == lm_verification.GAIN:
            own = runs[line.label]
            pairs = [[one[t][losses.LOSS] - control[s][t][losses.LOSS] for s, one in own.items()]
                     for t in range(1, 9)]  # fmt: skip
            at, mean, error = line.measured
            assert at.tolist() == list(range(1, 9))
            np.testing.assert_allclose(mean, np.mean(pairs, axis=1), atol=1e-14)
            spread = np.std(pairs, axis=1, ddof=1) / np.sqrt(3)
            np.testing.assert_allclose(error, spread, atol=1e-14)
            assert mean[0] == error[0] == 0
            assert f"{mean[1]:+.3f} ± {error[1]:.3f} at generation 2" in lm_verification.sentence(
                line
            )


# --- inside the fits ----------------------------------------------------------------------------

LEARNING = """\
model,workflow,seed,generation,step,train_cross_entropy,test_cross_entropy
tiny-quick,replace,0,1,2,5.0,
tiny-quick,replace,0,1,4,4.0,4.25
tiny-quick,replace,1,1,2,6.0,
tiny-quick,replace,1,1,4,4.5,4.75
tiny-quick,replace,0,2,4,4.125,5.5
"""


@pytest.fixture
def learning(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "FOLDER", tmp_path)
    path = tmp_path / "lm_learning_curves_ours.csv"
    path.write_text(LEARNING, encoding="utf-8")
    return path


def test_learning_curves_are_means_over_seeds_beside_the_loss_of_fit_one(learning):
    points = lm_learning_curves.recompute()
    found = {(p.quantity, p.generation): (p.simulation, p.std_error, p.replicates) for p in points}
    assert found["train_cross_entropy, fit 1", 2] == (5.5, 0.5, 2)
    assert found["test_cross_entropy, fit 1", 4] == (4.5, 0.25, 2)
    assert found["train_cross_entropy, fit 2", 4] == (4.125, None, 1)
    assert len(found) == 5
    series = lm_learning_curves.data(points)
    assert {s.theory[0] for s in series} == {4.5}
    said = lm_learning_curves.caption(series)
    assert "tiny-quick (the small form of its recipe), 1 or 2 seeds" in said
    assert "to fit 2" in said
    with style.publication():
        assert len(lm_learning_curves.draw(series).axes) == 1


@pytest.mark.parametrize(
    ("before", "after", "fragment"),
    [("5.0,", "five,", "line 2 of"), ("step,", "steps,", "line 2 of"), (LEARNING, None, "missing")],
)
def test_damaged_learning_curves_are_one_line(learning, before, after, fragment):
    if after is None:
        learning.unlink()
    else:
        learning.write_text(LEARNING.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(dataset.BadData, match=fragment) as problem:
        lm_learning_curves.recompute()
    assert "python -m lm show FOLDER --learning-curves" in str(problem.value)
