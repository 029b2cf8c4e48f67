"""Pictures of the report in fewer bytes: the same coordinates, marks and styles."""

import re
import xml.etree.ElementTree as ET
from urllib.parse import unquote

import numpy as np
import pytest

from paper_figures import style
from paper_figures.render import image
from validation.compact import as_uri, compact, relative

SVG = "{http://www.w3.org/2000/svg}"
ROUNDED = 0.005 + 1e-9  # points: half of the last decimal


@pytest.fixture(scope="module")
def drawing():
    """An SVG with lines, bars, markers, filled and dashed paths, an image and text."""
    from matplotlib import pyplot

    with style.publication():
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(6, 3))
        t = np.arange(1, 40)
        for scale in (1.0, 1.5):
            style.errorbars(left, t, scale * np.log(t), 0.1 + 0 * t, colour="#0072b2", marker="s")
            left.plot(t, scale * np.log(t), "--", color="#d55e00")
        left.fill_between(t, 0, 0.2 * t, alpha=0.2)
        left.set(xlabel="a < b & c", title="d")
        right.imshow(np.arange(12).reshape(3, 4))
        return image(figure, "svg", "lines & 'marks'")


def points(path):
    """Absolute coordinates of path data, axes (point, 2), whether steps or not."""
    found, here, begin = [np.zeros((0, 2))], np.zeros(2), np.zeros(2)
    for command, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", path or ""):  # a space has none
        pairs = np.array(re.findall(r"-?\d*\.?\d+", rest), dtype=float).reshape(-1, 2)
        if command.islower() and command != "z":
            pairs = pairs + here
        here = begin if command == "z" else pairs[-1]
        begin = pairs[-1] if command in "Mm" else begin
        found.append(pairs)
    return np.concatenate(found)


def test_every_point_of_every_path_is_where_it_was(drawing):
    """Joined paths included: their points are compared as one set of all."""
    before, after = ET.fromstring(drawing), compact(ET.fromstring(drawing))
    was, now = (
        np.concatenate([points(path.get("d")) for path in root.iter(f"{SVG}path")])
        for root in (before, after)
    )
    assert was.shape == now.shape
    assert len(was) > 500
    np.testing.assert_allclose(now, was, atol=ROUNDED)


def test_rounding_does_not_pile_up():
    steps = np.cumsum(np.full((1000, 2), 0.3349), axis=0)
    path = "M 0 0 " + " ".join(f"L {x} {y}" for x, y in steps)
    np.testing.assert_allclose(points(relative(path))[1:], steps, atol=ROUNDED)


def test_marks_and_letters_point_at_what_they_pointed_at(drawing):
    def used(root, link):
        shapes = {e.get("id"): e for e in root.iter(f"{SVG}path") if e.get("id")}
        return [points(shapes[use.get(link)[1:]].get("d")) for use in root.iter(f"{SVG}use")]

    before, after = ET.fromstring(drawing), compact(ET.fromstring(drawing))
    was = used(before, "{http://www.w3.org/1999/xlink}href")
    now = used(after, "href")
    assert len(was) == len(now) > 150
    for one, other in zip(was, now, strict=True):
        np.testing.assert_allclose(other, one, atol=ROUNDED)


def test_styles_are_those_they_were(drawing):
    """As (element, style) pairs; joined strokes share one."""
    before, after = ET.fromstring(drawing), compact(ET.fromstring(drawing))
    rules = dict(re.findall(r"\.(s\d+){([^}]*)}", after.find(f"{SVG}style").text))

    def said(style):
        return style.replace(" ", "").rstrip(";")

    was = {(e.tag, said(e.get("style"))) for e in before.iter() if e.get("style")}
    now = {(e.tag, said(rules[e.get("class")])) for e in after.iter() if e.get("class")}
    assert was == now


def test_only_strokes_are_joined():
    given = (
        '<svg xmlns="http://www.w3.org/2000/svg">'
        + '<path d="M 0 0 L 1 1" style="fill: none; stroke: #000000"/>' * 3
        + '<path d="M 0 0 L 1 1" style="fill: none; stroke: #000000; stroke-opacity: 0.5"/>' * 2
        + '<path d="M 0 0 L 1 1 z" style="fill: #000000"/>' * 2
        + "</svg>"
    )
    paths = [path.get("d") for path in compact(ET.fromstring(given)).iter(f"{SVG}path")]
    assert paths == ["M0 0l1 1" * 3, *["M0 0l1 1"] * 2, *["M0 0l1 1z"] * 2]


def test_a_path_of_another_program_is_refused():
    with pytest.raises(ValueError, match="got A1 2"):
        relative("M 0 0A1 2")


def test_it_fits_between_double_quotes_and_takes_less_than_half(drawing):
    uri = as_uri(drawing)
    assert re.findall(r'["<&#\n]', uri) == []
    assert "lines & 'marks'" in ET.fromstring(unquote(uri.partition(",")[2])).findtext(
        f"{SVG}title"
    )
    outside = re.sub(rb"data:image/png;base64,[^\"]*", b"", drawing)
    assert len(re.sub(r"data:image/png;base64,[^']*", "", uri)) < len(outside) / 2
