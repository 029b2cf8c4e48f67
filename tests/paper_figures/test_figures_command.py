"""python -m paper_figures: five files a figure, and one clear line for what cannot be drawn."""

import csv
import hashlib
import json
import shutil
from types import SimpleNamespace

import pytest
from PIL import Image

from paper_figures import __main__ as command
from paper_figures import catalogue, dataset
from paper_figures.__main__ import main
from paper_figures.series import COLUMNS, Point, Series
from theory.curve import Curve, Kind
from theory.workflow import WorkflowKind

POINT = Point("a", "mean_error", "replace", 1, 10, 1, 0.1, 0.01, 100)


def tiny(name, draw=None):
    """A figure that takes no time."""

    def drawn(series):
        from matplotlib import pyplot

        figure, axes = pyplot.subplots()
        axes.plot(series[0].theory.values)
        return figure

    def data(points=None):
        curve = Curve([0.0, 0.1, 0.2], Kind.EXACT, "by hand")
        line = Series("a", "mean_error", "replace", WorkflowKind.REPLACE, 1, 10, curve)
        return [Series(**{**line.__dict__, "points": tuple(points or ())})]

    return SimpleNamespace(
        NAME=name, TITLE=f"the {name}", ALT="a", caption=lambda series: "c", data=data,
        draw=draw or drawn, settings=lambda: {"seed": 1}, recompute=lambda *, quick=False: [POINT],
    )  # fmt: skip


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Two tiny figures with committed points in place of the real ones."""
    figures = {name: tiny(name) for name in ("first", "second")}
    monkeypatch.setattr(command, "FIGURES", figures)
    folder = tmp_path / "data"
    folder.mkdir()
    for module in figures.values():
        dataset.save(dataset.assemble(module.NAME, [POINT], settings=module.settings()), folder)
    return SimpleNamespace(
        figures=figures, data=folder, out=tmp_path / "out",
        argv=["--data", str(folder), "--output", str(tmp_path / "out")],
    )  # fmt: skip


def test_a_real_figure_is_five_files_that_vouch_for_each_other(tmp_path, capsys):
    assert main(["universal_inflation", "--output", str(tmp_path / "new" / "folder")]) == 0
    folder = tmp_path / "new" / "folder"
    files = {path.suffix: path for path in folder.iterdir()}
    assert capsys.readouterr().out.split() == [
        str(folder / f"universal_inflation.{s}") for s in ("png", "svg", "pdf", "csv", "json")
    ]
    assert set(files) == {".png", ".svg", ".pdf", ".csv", ".json"}
    assert files[".png"].read_bytes().startswith(b"\x89PNG")
    assert files[".svg"].read_text(encoding="utf-8").startswith("<?xml")
    pdf = files[".pdf"].read_bytes()
    assert pdf.startswith(b"%PDF")
    assert b"/Type3" not in pdf  # type 42: text stays text
    assert b"CreationDate" not in pdf
    manifest = json.loads(files[".json"].read_text(encoding="utf-8"))
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert manifest["points"]["settings"]["seed"]
    with files[".csv"].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert all(row["theory"] for row in rows)
    measured = [row for row in rows if row["simulation"]]
    assert measured
    assert all(float(row["std_error"]) > 0 for row in measured)


def test_a_thumbnail_is_small_in_proportion_and_says_of_which_points(small):
    path = small.out.parent / "tiny.png"
    assert main(["first", *small.argv, "--thumbnail", str(path)]) == 0
    whole = small.out / "first.png"
    with Image.open(path) as tiny, Image.open(whole) as full:
        assert tiny.mode == "P"
        assert tiny.width < full.width
        # Either side is a whole number of pixels.
        assert abs(tiny.height - tiny.width * full.height / full.width) <= 1
        manifest = json.loads((small.data / "first.json").read_text())
        assert tiny.info["Points"] == manifest["sha256"]
        assert tiny.info["Title"] == "the first"
    assert path.stat().st_size < whole.stat().st_size


def test_all_draws_every_figure(small):
    assert main(["--all", *small.argv]) == 0
    names = {path.name for path in small.out.iterdir()}
    assert names == {
        f"{n}.{s}" for n in small.figures for s in ("png", "svg", "pdf", "csv", "json")
    }


def test_list_names_every_figure(capsys):
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(catalogue.FIGURES)


def test_a_failing_figure_does_not_stop_the_others(small, capsys):
    def broken(series):
        raise ValueError("no\nline to draw")

    small.figures["first"] = tiny("first", broken)
    assert main(["--all", *small.argv]) == 1
    assert capsys.readouterr().err == (
        "python -m paper_figures: first failed: ValueError: no line to draw\n"
    )
    assert {path.stem for path in small.out.iterdir()} == {"second"}


def test_changed_data_are_refused_and_named(small, capsys):
    path = small.data / "first.csv"
    path.write_text(path.read_text().replace("0.1,", "0.11,"))
    assert main(["--all", *small.argv]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert repr(str(path)) in err
    assert "python -m paper_figures first --recompute" in err
    assert {p.stem for p in small.out.iterdir()} == {"second"}


def test_the_committed_data_are_refused_when_changed(tmp_path, capsys):
    name = "universal_inflation"
    for suffix in ("csv", "json"):
        shutil.copy(dataset.FOLDER / f"{name}.{suffix}", tmp_path)
    with (tmp_path / f"{name}.csv").open("a") as file:
        file.write("\n")
    out = tmp_path / "out"
    assert main([name, "--data", str(tmp_path), "--output", str(out)]) == 2
    assert repr(str(tmp_path / f"{name}.csv")) in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("break_it", "fragment"),
    [
        (lambda folder: (folder / "first.csv").unlink(), "first.csv' is missing"),
        (lambda folder: (folder / "first.json").write_text("{"), "is not a manifest"),
        (lambda folder: (folder / "first.json").write_text("[]"), "is not a manifest"),
        (lambda folder: (folder / "first.json").write_text("{}"), "is not a manifest"),
    ],
)
def test_missing_or_unreadable_data_are_one_line(small, break_it, fragment, capsys):
    break_it(small.data)
    assert main(["first", *small.argv]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert fragment in err


def test_points_of_other_settings_are_refused(small, capsys):
    small.figures["first"].settings = lambda: {"seed": 2}
    assert main(["first", *small.argv]) == 2
    assert "other settings" in capsys.readouterr().err


def test_recompute_keeps_the_points_and_quick_does_not(small):
    other = Point(**{**POINT.__dict__, "simulation": 0.5})
    small.figures["first"].recompute = lambda *, quick=False: [other]
    assert main(["first", "--recompute", "--quick", *small.argv]) == 0
    assert dataset.read("first", {"seed": 1}, small.data).points == (POINT,)
    assert json.loads((small.out / "first.json").read_text())["points"]["quick"] is True
    assert main(["--recompute", *small.argv]) == 0
    assert dataset.read("first", {"seed": 1}, small.data).points == (other,)
    assert dataset.read("second", {"seed": 1}, small.data).points == (POINT,)


def test_ctrl_c_is_130_and_writes_nothing_of_that_figure(small, capsys):
    def stopped(*, quick=False):
        raise KeyboardInterrupt

    small.figures["second"].recompute = stopped
    assert main(["--recompute", *small.argv]) == 130
    assert {path.stem for path in small.out.iterdir()} == {"first"}
    assert "stopped in second" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "fragment"),
    [
        ([], f"nothing to draw: name a figure ({', '.join(catalogue.FIGURES)}) or --all"),
        (["fig1"], "unknown figure 'fig1': choose from gaussian_overview"),
        (["gaussian_overview", "--all"], "not both"),
        (["--all", "--quick"], "--quick goes with --recompute"),
        (["--al"], "unrecognized arguments: --al"),
        (["--all", "--output", "FILE/x"], "--output must be a folder"),
        (["--recompute", "--data", "FILE"], "--data must be a folder"),
        (["--all", "--thumbnail", "a.png"], "--thumbnail goes with the name of one figure"),
        (["gaussian_overview", "--thumbnail", "a.jpg"], "must end in .png, got 'a.jpg'"),
        (["gaussian_overview", "--thumbnail", "no/a.png"], "'no/a.png' does not exist"),
        (["gaussian_overview", "--thumbnail", "FOLDER/a.png"], "got the folder"),
    ],
)
def test_bad_input_is_one_line_and_exit_status_two(argv, fragment, tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    (tmp_path / "a.png").mkdir()
    paths = {"FILE": str(tmp_path / "taken"), "FOLDER": str(tmp_path)}
    for word, path in paths.items():
        argv = [part.replace(word, path) for part in argv]
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert fragment in captured.err


def test_a_folder_that_refuses_a_file_is_one_line(small, monkeypatch, capsys):
    def refused(**options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("theory.commandline.tempfile.mkstemp", refused)
    assert main(["first", *small.argv]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "No space left on device" in err
    assert list(small.out.iterdir()) == []


def test_a_missing_font_is_one_line_before_anything_is_drawn(small, monkeypatch, capsys):
    monkeypatch.setattr("paper_figures.style.FONT", "No Such Sans")
    assert main(["--all", *small.argv]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "font 'No Such Sans' is missing" in err
    assert not small.out.exists()


def test_a_folder_without_permission_is_one_line(small, monkeypatch, capsys):
    """Root may write anywhere, so the answer of the system is put in its mouth."""
    monkeypatch.setattr("paper_figures.__main__.os.access", lambda path, mode: False)
    assert main(["--all", *small.argv]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "--output: cannot write in the folder" in err
    assert not small.out.exists()
