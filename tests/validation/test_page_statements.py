"""The pages of published statements: their numbers against what theory.md and the papers print."""

import csv
import functools
import importlib
import json
import math
import shlex
from importlib.resources import files

import pytest

from validation.statements import catalogue, gaussian, kde, language
from validation.statements.catalogue import STATEMENTS
from validation.statements.statement import Standing, Statement, as_page, shown


@functools.cache
def made(build):
    return build()


@pytest.fixture(scope="module")
def statements():
    return {made(build).key: made(build) for build in STATEMENTS}


def columns(statement):
    """Column -> its cells, top down."""
    return dict(zip(statement.columns, zip(*statement.body, strict=True), strict=True))


def test_each_has_a_page_of_its_own(statements):
    assert len(statements) == len(STATEMENTS) > 10
    for one in statements.values():
        page = as_page(one)
        assert page["failed"] == ""
        assert all(len(cells) == len(page["columns"]) for cells in page["cells"])
        assert one.papers
        if one.draw is not None:
            assert page["picture"].source is not None
            assert len(page["picture"].alt) > 60


def test_subsample(statements):
    found = columns(statements["subsample"])
    assert found["v"][:3] == pytest.approx([1, 1.75, 2.6493], abs=1e-4)
    assert found["unbiased"][2:] == pytest.approx([1.05, 1.57, 2.48], abs=6e-3)
    assert "2.935" in statements["subsample"].exact


def test_pi_squared_over_six(statements):
    found = columns(statements["pi-squared"])
    bound = math.pi**2 / 6
    assert found["same rows"] == pytest.approx([bound] * 4)
    assert all(value < bound for value in found["new rows"])


def test_wasserstein(statements):
    found = columns(statements["wasserstein"])
    assert found["maximum likelihood"][-1] == pytest.approx(2)
    assert found["unbiased"][-1] == math.inf


def test_kde_replace(statements):
    found = columns(statements["kde-replace"])
    assert found["replace, h = 0.4 / t"] == pytest.approx([0.0233, 1.095, 5.271, 12.400], abs=5e-4)


def test_blobs(statements):
    """The reference: 4.75, 3.92, 4.07 with the same centres, about 1.5e3 with others at h = 0.1."""
    found = columns(statements["blobs"])
    assert found["same centres"] == pytest.approx([4.75, 3.92, 4.07], abs=0.3)
    assert 200 < found["other centres"][0] < 5000
    limits = found["same centres, exact limit"]
    assert limits[0] < found["same centres"][0] - 0.3  # 1,000 rows are few at h = 0.1
    assert limits[1:] == pytest.approx(found["same centres"][1:], abs=0.15)


def test_a_literal_loss_is_that_of_one_row():
    train, test = kde.np.zeros((1, 2)), kde.np.array([[3.0, 4.0]])
    assert kde._loss(train, test, 0.5) == pytest.approx(25 / 0.5 + math.log(2 * math.pi * 0.25))


def test_steps_follow_from_rows(statements):
    assert "in 34 of 34 cells" in statements["steps"].exact
    assert "2 to 16 steps" in statements["steps"].exact
    folder = files("validation").joinpath("published")
    about = json.loads(folder.joinpath("value_of_synthetic_grid.json").read_text(encoding="utf-8"))
    rows = list(csv.reader(folder.joinpath(language.GRID).read_text("utf-8").splitlines()))
    assert rows[0] == about["columns"]
    assert len(rows) == 1 + len(language.published_grid())


def test_temperature_and_limits(statements):
    found = columns(statements["limits"])
    assert found["E variance"][1] == pytest.approx(0.547, abs=5e-4)
    assert found["E variance"][-1] == pytest.approx(0.0088, abs=5e-5)
    hot = columns(statements["temperature"])["temperature 0.5"]
    assert hot[-1] / hot[-2] == pytest.approx(10**-0.5, rel=1e-2)


def test_diffusion_time(statements):
    found = columns(statements["diffusion"])
    assert found["exact"][:2] == pytest.approx([17.4956, 187.426], abs=5e-4)
    gaps = found["too late by"]
    third = math.log(10) / 3
    assert [gaps[1] - gaps[0], gaps[2] - gaps[1]] == pytest.approx([third] * 2, abs=0.05)


@pytest.mark.parametrize("build", STATEMENTS, ids=lambda b: f"{b.__module__[-8:]}-{b.__name__}")
def test_the_command_runs(build, capsys):
    one = made(build)
    program, option, module, *argv = shlex.split(one.command)
    assert program == "python"
    if option == "-c":
        exec(compile(module, one.key, "exec"), {})
    else:
        folder, *argv = [module, *argv]
        assert importlib.import_module(f"{folder}.__main__").main(argv) == 0
    assert capsys.readouterr().out


def test_one_that_fails_says_why_and_hides_no_other(monkeypatch):
    def broken():
        raise ValueError("no <centres>")

    broken.__module__ = "validation.statements.gaussian"
    monkeypatch.setattr(catalogue, "STATEMENTS", (broken, gaussian.low_temperature))
    first, second = map(catalogue.written.__wrapped__, range(2))
    assert first["failed"] == "no <centres>"
    assert second["failed"] == ""


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"odd: 2 columns, got \(1,\)"):
        Statement("odd", "", (), "", Standing.OPEN, "", "", ("a", "b"), [(1,)], "", "")


def test_numbers_are_shown_without_powers_of_ten():
    assert [shown(v) for v in (0.0, 12345.6, 0.03527, -2.5)] == ["0", "12,346", "0.03527", "−2.5"]
