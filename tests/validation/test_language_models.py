"""The report's page of language models, from prepared folders."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from lm.__main__ import main as lm
from lm.results import loss_curves
from paper_figures import lm_verification
from theory.growth.tables import read_losses
from theory.inflation import inflation
from theory.workflow import Workflow
from validation import page
from validation.__main__ import main
from validation.exhibits import Exhibits
from validation.language_models import language_page, runs_in

A, B = 3.0, 0.25  # of the prepared losses: a + b v, exactly
FITS = 5


def prepare(folder: Path, *, seeds: int = 2, mode: str = "scratch") -> Path:
    """A run of two workflows whose mean losses lie on the line."""
    for name in ("replace", "accumulate"):
        values = A + B * inflation(Workflow.parse(name, n=10), FITS).values
        for seed in range(seeds):
            chain = folder / name / f"seed-{seed}"
            apart = 0.01 * (seed - (seeds - 1) / 2)
            for t in range(FITS + 1):
                place = chain / f"generation-{t:02d}"
                place.mkdir(parents=True)
                loss = {} if t == 0 else {"cross_entropy": float(values[t] + apart)}
                (place / "metrics.json").write_text(json.dumps(loss), encoding="utf-8")
            manifest = {"choice": {"name": name}, "batch": 10, "training": {"mode": mode}}
            (chain / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def ngram(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "ngram"
    arguments = ["run", "ngram", "--quick", "--rows", "60", "--generations", "5"]
    arguments += ["--set", "settings.vocabulary=40", "--set", "settings.replicates=4"]
    assert lm([*arguments, "--folder", str(folder), "--output", str(folder.parent / "t.txt")]) == 0
    return folder


def rendered(folder: Path | None) -> ET.Element:
    """The whole page without claims, as a tree: it is well-formed."""
    facts = {
        "complete": True, "command": "c", "seed": 0, "resolve": 0.5, "perturb": 0.0,
        "false_fail": 1e-6, "false_pass": 1e-2, "tested": 0, "experiments": 0, "versions": {},
        "commit": None, "data": None, "language_models": folder,
    }  # fmt: skip
    return ET.fromstring(
        page.render([], facts, lambda: Exhibits({}, [], [])).replace("<!DOCTYPE html>", "")
    )


def section(tree: ET.Element, name: str) -> ET.Element:
    (found,) = (one for one in tree.iter("section") if one.get("id") == name)
    return found


def text(tree: ET.Element) -> str:
    return " ".join("".join(tree.itertext()).split())


def test_the_fit_of_a_line_is_the_line(tmp_path: Path) -> None:
    prepare(tmp_path / "small")
    (run,) = runs_in(tmp_path)
    assert [curve.label for curve in run.curves] == ["accumulate", "replace"]
    (shown,) = language_page(tmp_path)["runs"]
    for fit in shown["fits"]:
        np.testing.assert_allclose([fit["a"], fit["b"]], [A, B], rtol=1e-9)
        assert fit["verdict"] == "explained"
        assert fit["seeds"] == 2
    assert len(shown["generations"]) == 2 * FITS
    assert max(abs(row["residual"]) for row in shown["generations"]) < 1e-12
    errors = [row["error"] for row in shown["generations"]]
    np.testing.assert_allclose(errors, 0.01 / 2, rtol=1e-9)  # of two seeds 0.01 apart


@pytest.mark.parametrize(("mode", "model"), [("scratch", "GPT-2-9M"), ("restart", "Gemma-2-2B")])
def test_published_curves_of_the_same_regime_stand_beside(
    mode: str, model: str, tmp_path: Path
) -> None:
    prepare(tmp_path / "small", mode=mode)
    (run,) = runs_in(tmp_path)
    assert {curve.model for curve in run.beside} == {model}


def test_the_page_has_a_figure_and_every_generation(tmp_path: Path) -> None:
    prepare(tmp_path / "small", seeds=1)
    own = section(rendered(tmp_path), "language-small")
    (image,) = own.iter("img")
    assert image.get("src", "").startswith("data:image/svg+xml")
    assert "replace from 3.25 to 4.25 at generation 5" in image.get("alt", "")
    fits, generations = own.iter("table")
    assert len(fits.findall("tbody/tr")) == 2
    assert len(generations.findall("tbody/tr")) == 2 * FITS
    assert "could not be drawn" not in text(own)


def test_an_ngram_shows_exact_theory(ngram: Path) -> None:
    own = section(rendered(ngram.parent), "language-ngram")
    assert "standard errors apart" in text(own)
    assert "could not be drawn" not in text(own)
    curves = read_losses(ngram / "losses.csv")
    assert len(curves) == 6
    assert {curve.seeds for curve in curves} == {4}
    assert [curve.name for curve in loss_curves(ngram)] == [curve.name for curve in curves]


@pytest.mark.parametrize("folder", [None, "empty"])
def test_without_runs_it_says_how_to_make_them(folder: str | None, tmp_path: Path) -> None:
    own = section(
        rendered(tmp_path / folder if folder else None), "language-models"
    )  # fmt: skip
    assert "No run is shown" in text(own)
    assert "python -m lm run stdlib-finetune --quick" in text(own)


def test_a_damaged_run_costs_its_page_and_no_more(tmp_path: Path) -> None:
    prepare(tmp_path / "small")
    damaged = tmp_path / "small" / "replace" / "seed-0" / "generation-02" / "metrics.json"
    damaged.write_text("{", encoding="utf-8")
    own = section(rendered(tmp_path), "language-models")
    assert "The runs could not be read" in text(own)
    assert "metrics.json" in text(own)


def test_a_single_fit_is_not_shown(tmp_path: Path) -> None:
    prepare(tmp_path / "small")
    for later in (tmp_path / "small").glob("*/*/generation-02/metrics.json"):
        later.unlink()
    assert runs_in(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--language-models", "gone", "--report", "page.html"], "no folder 'gone'"),
        (["--language-models", "gone"], "--language-models goes with --report FILE, got 'gone'"),
    ],
)
def test_a_folder_that_is_not_there_is_refused(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gaussian/replace", *options]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_ngram_takes_one_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", "ngram", "--quick", "--seeds", "0,1", "--folder", str(tmp_path / "runs")]
    assert lm(arguments) == 2
    assert "ngram takes one seed, got [0, 1]" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


def test_show_names_the_files_of_an_ngram(ngram: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert lm(["show", str(ngram)]) == 2
    assert "python -m lm against reads" in capsys.readouterr().err


def test_verified_text_stands_beside_its_control_from_committed_runs() -> None:
    """A sentence and a line of the table each, computed from the runs and not written by hand."""
    own = section(rendered(None), "language-verification")
    assert "could not be" not in text(own)
    assert len(list(own.iter("img"))) == 1
    points = [p for p in lm_verification.recompute() if p.panel == lm_verification.GAIN]
    names = dict.fromkeys(p.label for p in points)
    assert len(list(own.iter("li"))) == len(names)
    rows = [row for table in own.iter("table") for row in table.findall("tbody/tr")]
    shown = [(row.find("th").text, row.findall("td")[2].get("data-value")) for row in rows]
    assert shown == [(p.label, str(p.simulation)) for p in points]
    assert {p.replicates for p in points} == {3}


def test_verified_runs_that_were_changed_are_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lm_verification, "settings", dict)
    own = section(rendered(None), "language-verification")
    assert "The committed runs could not be read" in text(own)
    assert not list(own.iter("li"))
