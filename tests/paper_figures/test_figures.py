"""What the figures show: exact lines, points that lie on them, one colour a workflow."""

import itertools
import math
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from paper_figures import (
    captions,
    dataset,
    gaussian_overview,
    render,
    style,
    universal_inflation,
)
from paper_figures.catalogue import FIGURES, PUBLISHED
from paper_figures.measure import FEWEST, QUICK, measure
from paper_figures.series import Cell, Point, Series, panel
from theory.curve import Curve, Kind
from theory.gaussian import GaussianChain, curves
from theory.inflation import inflation
from theory.workflow import Workflow, WorkflowKind


@cache
def series_of(name):
    """The series of a figure with its committed points: three tests look at each."""
    return FIGURES[name].data()


@pytest.fixture(scope="module")
def overview():
    return series_of("gaussian_overview")


@pytest.fixture(scope="module")
def universal():
    return series_of("universal_inflation")


def points(series):
    """Every Monte Carlo point of an exact line as (line, generation, z)."""
    found = []
    for line in (s for s in series if s.theory.kind is Kind.EXACT):
        at, mean, error = line.measured
        for t, m, e in zip(at.astype(int), mean, error, strict=True):
            if e > 0:
                found.append((line, t, (m - line.theory[t]) / e))
    return found


# --- lines --------------------------------------------------------------------------------------


def test_lines_of_the_overview_are_the_exact_curves(overview):
    made = {
        "replace": Workflow.replace,
        "accumulate": Workflow.accumulate,
        "accumulate-subsample": Workflow.accumulate_subsample,
    }
    lines = panel(overview, "d=10") + panel(overview, "variance")
    assert len(lines) == 3 * 5 * 2 + 2 * 2
    for line in lines:
        exact = curves(GaussianChain(line.dim, 0), made[line.label](line.n), 100)[line.quantity]
        np.testing.assert_array_equal(line.theory.values, exact.values)
        assert line.theory.limit == exact.limit


def test_lines_of_the_inflation_are_v_and_the_exact_chain(universal):
    flows = {
        "accumulate-subsample, with replacement": lambda n: Workflow.accumulate_subsample(
            n, replacement=True
        ),
        "accumulate-subsample": Workflow.accumulate_subsample,
        "accumulate": Workflow.accumulate,
        "anchored": lambda n: Workflow.anchored(n, n),
        "fresh": lambda n: Workflow.fresh(n, n),
        "replace": Workflow.replace,
        **{f"sliding-window {w}": lambda n, w=w: Workflow.sliding_window(n, w) for w in (2, 3, 5)},
    }
    assert {line.label for line in universal} == set(flows)
    for line in universal:
        last = len(line.theory) - 1
        if line.quantity == "v":
            exact = inflation(flows[line.label](1000), last).values
        else:
            flow = flows[line.label](line.n)
            exact = line.n * curves(GaussianChain(1, 0), flow, last).mean_error.values
        np.testing.assert_allclose(line.theory.values, exact, rtol=1e-12)


def test_the_limits_written_in_the_figure_are_those_of_theory(universal):
    shown = {
        label: float(text.split("=")[1]) for label, text in universal_inflation._LIMITS.items()
    }
    limits = {s.label: s.theory.limit for s in panel(universal, "bounded", "v")}
    assert shown.keys() == limits.keys()
    for label, limit in limits.items():
        assert shown[label] == pytest.approx(limit, abs=5e-4)


def test_the_gaps_that_the_caption_states(universal):
    """11 % below v at t = 50 under replace; the gap falls as 1/n."""
    by_n = {s.n: s.theory[-1] for s in panel(universal, "rate") if s.label == "replace"}
    assert 1 - by_n[256] / 10 == pytest.approx((1 - by_n[128] / 10) / 2, rel=0.05)
    (chain,) = (s for s in panel(universal, "growing", "n x mean_error") if s.label == "replace")
    assert round(100 * (1 - chain.theory[50] / 50)) == 11
    assert "by 11 % at t = 50 under replace" in universal_inflation.caption(universal)


# --- captions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in FIGURES if FIGURES[n] not in PUBLISHED])
def test_captions_state_the_runs_of_the_manifest_and_no_others(name):
    module = FIGURES[name]
    committed = dataset.read(name, module.settings())
    said = module.caption(series_of(name))
    counts = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) runs", said)]
    several = {n for n in committed.manifest["replicates"] if n > 1}
    single = {len(gaussian_overview._RUNS)} if 1 in committed.manifest["replicates"] else set()
    assert several
    lowest = re.findall(r"([\d,]+) to [\d,]+ runs", said)
    assert {int(n.replace(",", "")) for n in lowest} <= several
    assert len(several) > 1 or not lowest
    assert set(counts) == several | single


def test_captions_follow_the_points(overview):
    """Half the runs: the caption says so, and nothing in it was written by hand."""
    halved = [
        replace(line, points=tuple(
            replace(p, replicates=p.replicates // 2) if p.replicates > 1 else p
            for p in line.points
        ))
        for line in overview
    ]  # fmt: skip
    before, after = gaussian_overview.caption(overview), gaussian_overview.caption(halved)
    whole, half = (
        {int(n.replace(",", "")) for n in re.findall(r"([\d,]+) runs", said)} - {6}
        for said in (before, after)
    )
    assert half == {n // 2 for n in whole}


def test_agreement_counts_the_points_with_an_error_bar():
    def line(deviations):
        points = [
            Point("a", "mean_error", "replace", 1, 10, t, 0.5 + 0.1 * z, error, runs)
            for t, (z, error, runs) in enumerate(deviations)
        ]
        curve = Curve(np.full(3, 0.5), Kind.EXACT, "by hand")
        return Series(
            "a", "mean_error", "replace", WorkflowKind.REPLACE, 1, 10, curve, tuple(points)
        )

    several = line([(-3.0, 0.1, 500), (1.9, 0.1, 2000), (0.0, 0.1, 500)])
    single = line([(9.0, None, 1)])
    assert captions.agreement([several, single]).startswith(
        "Of 3 points on 1 lines 67 % lie within 2 standard errors of theirs, the farthest at 3.0;"
    )
    assert captions.runs([several]) == "500 to 2,000 runs"


# --- points -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("gaussian_overview", 408),
        ("universal_inflation", 93),
        ("regression_error", 307),
        ("categorical_collapse", 106),
        ("kde_mise", 63),
        ("real_fraction", 8),
        ("workflow_map", 45),
        ("bound_slack", 198),
        ("subsample_map", 60),
        ("gaussian_grid", 750),
        ("regression_grid", 190),
        ("verification_phases", 36),
    ],
)
def test_points_lie_on_the_lines(name, count):
    """Within five standard errors: a false fail in 2,140 x 5.7e-7 = 0.1 % of recomputations, and
    in 0.5 % more for 100 points of 24 runs, whose standard error is estimated (Student's t)."""
    found = points(series_of(name))
    assert len(found) == count
    assert [(line.panel, line.label, line.n, t, z) for line, t, z in found if abs(z) > 5] == []


def test_points_refute_the_line_of_another_workflow(overview):
    """The check above can fail: the points of replace on the line of accumulate."""
    own = [s for s in panel(overview, "d=10", "trace_ratio") if s.n == 100]
    replace, accumulate = own[0], own[1]
    at, mean, error = replace.measured
    z = (mean - accumulate.theory.values[at.astype(int)]) / error
    assert np.abs(z).max() > 5


def test_a_single_run_follows_the_law_of_its_workflow():
    """E variance of replace, ddof 0, is (1 - 1/n)^t; 5 standard errors, false-fail 2e-6."""
    n, runs = 5, 1500
    stream = np.random.Generator(np.random.SFC64(7))
    found = np.array(
        [gaussian_overview.one_run(Workflow.replace(n), 3, stream) for _ in range(runs)]
    )
    variance = found[:, :, 1]
    error = variance.std(axis=0, ddof=1) / math.sqrt(runs)
    z = (variance.mean(axis=0) - (1 - 1 / n) ** np.arange(1, 4)) / error
    assert np.abs(z).max() < 5
    assert np.abs(variance.mean(axis=0) - 1).max() > 5 * error.max()


def test_error_bars_rest_on_theory_where_it_knows_them_and_quick_is_quicker():
    flow, chain = Workflow.replace(4), GaussianChain(1, 0)
    cell = Cell("p", "replace", chain, flow, 3, ("mean_error",), (1, 3), 640)
    many, few = measure([cell], seed=1), measure([cell], seed=1, quick=True)
    assert [p.generation for p in many] == [1, 3]
    assert {p.replicates for p in many} == {640}
    assert {p.replicates for p in few} == {max(FEWEST, 640 // QUICK)}
    std = curves(chain, flow, 3).mean_error.std
    assert many[1].std_error == pytest.approx(std[3] / math.sqrt(640), rel=1e-12)


# --- looks --------------------------------------------------------------------------------------


def test_a_figure_is_the_same_bytes_again_without_a_date(universal):
    module, series = FIGURES["universal_inflation"], universal

    def drawn():
        with style.publication():
            return render.image(module.draw(series), "svg", module.TITLE)

    first = drawn()
    assert first == drawn()
    assert b"date" not in first.lower()
    assert module.TITLE.encode() in first


@pytest.fixture(scope="module", params=FIGURES)
def drawn(request):
    """A figure and its name."""
    module = FIGURES[request.param]
    with style.publication():
        figure = module.draw(series_of(request.param))
        figure.draw_without_rendering()
        yield request.param, figure


def is_colour_bar(axes):
    """True for axes outside the grid of panels; its scale runs along its height."""
    return axes.get_subplotspec() is None


def tick_labels(figure, axes, name):
    """What the ticks of an axis say, or those of its neighbour of the same scale, without any.

    The neighbour is the next labelled panel, on the left for y and below for x: where readers look.
    A colour bar has none.
    """

    def row_and_column(other):
        place = other.get_subplotspec()
        return place.rowspan.start, place.colspan.start

    def before(other):
        (row, column), (own_row, own_column) = row_and_column(other), row_and_column(axes)
        inward = own_column - column if name == "y" else row - own_row
        aside = own_row - row if name == "y" else own_column - column
        return inward if aside == 0 and inward >= 0 else None

    panels = [other for other in figure.axes if not is_colour_bar(other)]
    steps = {other: before(other) for other in panels} if axes in panels else {axes: 0}
    for other in sorted((o for o, n in steps.items() if n is not None), key=steps.get):
        axis = getattr(other, f"{name}axis")
        texts = [t.get_text() for t in axis.get_ticklabels() if t.get_text()]
        if texts:
            scale = getattr(axes, f"{name}axis")
            same = (axis.get_scale(), *axis.get_view_interval()) == (
                scale.get_scale(), *scale.get_view_interval(),
            )  # fmt: skip
            return texts if same else []
    return []


def test_ticks_are_plain_decimals_and_colours_those_of_the_workflows(drawn):
    _, figure = drawn
    allowed = {style.INK, style.GREY, *style.COLOURS.values()}
    for kind in style.COLOURS:
        for count in range(3, 12):
            allowed |= set(style.shades(kind, count))
    allowed = {colour.lower() for colour in allowed}
    for axes in figure.axes:
        for name in ("y",) if is_colour_bar(axes) else ("x", "y"):
            labels = tick_labels(figure, axes, name)
            assert labels, f"nobody can read {name} of the panel {axes.get_title()!r}"
            assert all(re.fullmatch(r"−?[\d,.]+", text) for text in labels), labels
        assert {to_hex(line.get_color()) for line in axes.lines} <= allowed


def test_a_panel_without_ticks_needs_a_neighbour_of_its_scale():
    figure = Figure()
    left, right = figure.subplots(1, 2)
    left.set(ylim=(0, 1))
    right.set(ylim=(0, 1))
    right.tick_params(labelleft=False)
    assert "0.2" in tick_labels(figure, right, "y")
    right.set(ylim=(0, 2))
    assert tick_labels(figure, right, "y") == []
    right.set(ylim=(0, 1))
    left.tick_params(labelleft=False)
    assert tick_labels(figure, right, "y") == []


def test_no_text_covers_another(drawn):
    """Titles, axis labels, ticks, labels of curves and legends, at the size of print."""
    name, figure = drawn
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    boxes = {t: Text.get_window_extent(t) for t in shown}  # without the line to the curve
    labels = [t for t in shown if t.get_text().startswith("n = ")]
    assert labels or name != "gaussian_overview"
    covered = [
        (a.get_text(), b.get_text())
        for (a, x), (b, y) in itertools.combinations(boxes.items(), 2)
        if min(x.x1, y.x1) - max(x.x0, y.x0) > 1 and min(x.y1, y.y1) - max(x.y0, y.y0) > 1
    ]
    assert covered == []


def test_the_readme_shows_the_committed_points_unstretched():
    root = Path(__file__).parents[2]
    readme = (root / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Figures")[1].split("\n## ")[0]
    (path,) = re.findall(r"!\[[^\]]{40,}\]\((\S+?)\)", section)
    assert f"python -m paper_figures gaussian_overview --thumbnail {path}" in section
    assert "<img" not in readme  # nobody sets a width and a height
    manifest = dataset.read("gaussian_overview", gaussian_overview.settings()).manifest
    with Image.open(root / path) as picture, style.publication():
        figure = gaussian_overview.draw(gaussian_overview.data())
        width, height = figure.get_size_inches() * render.THUMBNAIL_DPI
        assert picture.size == (round(width), round(height))
        assert picture.info["Points"] == manifest["sha256"]
    assert (root / path).stat().st_size < 120_000


def test_the_gallery_shows_every_thumbnail():
    """A picture in docs/ is in the table of the README beside its command, and is small."""
    root = Path(__file__).parents[2]
    readme = (root / "README.md").read_text(encoding="utf-8")
    made = {path.stem: path for path in (root / "docs").glob("*.png")}
    shown = set(re.findall(r"^\| !\[(\w+)\]\(docs/\1\.png\)", readme, re.MULTILINE))
    assert shown == made.keys() - {"gaussian_overview"}
    for name, path in made.items():
        assert f"| `{name}` |" in readme or f"`python -m paper_figures {name}` |" in readme
        assert path.stat().st_size < 60_000
        with Image.open(path) as picture:
            committed = dataset.read(name, FIGURES[name].settings()).manifest
            assert picture.info["Points"] == committed["sha256"]


CVD = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}  # fmt: skip
TO_XYZ = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]


def linear(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_every_workflow_has_a_colour_that_every_eye_can_tell():
    """CIELAB distance of 16 in four kinds of vision, contrast of 3:1 on white."""
    assert set(style.COLOURS) == set(WorkflowKind)
    colours = [linear(colour) for colour in style.COLOURS.values()]
    for seen in CVD.values():
        seen_as = [lab(np.array(seen) @ colour) for colour in colours]
        pairs = [np.linalg.norm(a - b) for i, a in enumerate(seen_as) for b in seen_as[i + 1 :]]
        assert min(pairs) >= 16
    assert min(1.05 / (np.dot(TO_XYZ[1], colour) + 0.05) for colour in colours) >= 3


def test_labels_are_moved_apart_and_no_further():
    far = style._apart(np.array([0.0, 0.5, 1.0]), np.full(3, 0.1))
    np.testing.assert_allclose(far, [0, 0.5, 1.0])
    near = style._apart(np.array([0.5, 0.5]), np.array([0.1, 0.3]))
    np.testing.assert_allclose(near, [0.4, 0.6])
