"""An SVG of matplotlib in less than half of its bytes, so that a report opens on a phone.

Nothing that is seen goes: coordinates are rounded to 0.01 points, a pixel being 0.75, styles that
recur are written once, and what only names or wraps elements is left out.
"""

from __future__ import annotations

import re
from urllib.parse import quote
from xml.etree import ElementTree

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_PATH = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_NUMBERS = {"M": 2, "L": 2, "Q": 4, "C": 6, "z": 0}  # of the commands that matplotlib writes
# Of a URL's characters those that an attribute in double quotes and a data URI both take.
_AS_THEY_ARE = " '=/:;,.()!*-_>?@$+[]{}"


def as_uri(content: bytes) -> str:
    """The drawing as a data URI, which needs no escape inside double quotes.

    Example:
        >>> as_uri(b'<svg xmlns="http://www.w3.org/2000/svg"><g id="a"><path d="M 1 2"/></g></svg>')
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'>%3Cpath d='M1 2' />%3C/svg>"
    """
    ElementTree.register_namespace("", _SVG[1:-1])
    text = ElementTree.tostring(compact(ElementTree.fromstring(content)), encoding="unicode")
    return f"data:image/svg+xml,{quote(text.replace(chr(34), chr(39)), safe=_AS_THEY_ARE)}"


def compact(root: ElementTree.Element) -> ElementTree.Element:
    """The drawing, changed in place: the same to the eye in fewer and shorter elements."""
    for about in root.findall(f"{_SVG}metadata"):
        root.remove(about)
    names: dict[str, str] = {}
    styles: dict[str, str] = {}
    for element in root.iter():
        _shorten(element, names, styles)
    for element in root.iter():
        if (name := element.attrib.pop("id", None)) in names:
            element.set("id", names[name])
    # A stroke that nothing fills and nothing shines through looks the same joined to another.
    _unwrap(root, {
        name for style, name in styles.items() if "fill:none" in style and "opacity" not in style
    })  # fmt: skip
    if styles:
        rules = ElementTree.Element(f"{_SVG}style")
        rules.text = "".join(f".{name}{{{style}}}" for style, name in styles.items())
        root.insert(0, rules)
    return root


def _shorten(
    element: ElementTree.Element, names: dict[str, str], styles: dict[str, str]
) -> None:  # fmt: skip
    """Shorter attributes; what is referred to is noted in `names`, what is styled in `styles`."""
    element.tail = None
    if not (element.text or "").strip():
        element.text = None
    given = element.attrib
    for key in {"x", "y", "transform"} & given.keys():
        # The factors of a scale have few digits, all of which count.
        place = r"translate\([^)]*\)" if key == "transform" else r".+"
        given[key] = re.sub(place, lambda found: _NUMBER.sub(_rounded, found[0]), given[key])
    if "d" in given:
        given["d"] = relative(given["d"])
    if (link := given.pop(_LINK, None)) is not None:
        given["href"] = f"#{_name(link[1:], names)}" if link.startswith("#") else link
    if (clip := given.get("clip-path", "")).startswith("url(#"):
        given["clip-path"] = f"url(#{_name(clip[5:-1], names)})"
    if (style := given.pop("style", None)) is not None:
        style = style.replace(": ", ":").replace("; ", ";")
        given["class"] = styles.setdefault(style, f"s{len(styles)}")


def _name(name: str, names: dict[str, str]) -> str:
    return names.setdefault(name, f"i{len(names)}")


def _rounded(found: re.Match[str]) -> str:
    return _hundredths(round(100 * float(found[0])))


def _hundredths(value: int) -> str:
    """Example: 1250 is 12.5, -30 is -.3."""
    text = f"{value / 100:.2f}".rstrip("0").rstrip(".")
    return re.sub(r"^(-?)0\.", r"\1.", text)


def relative(path: str) -> str:
    """The path data in steps from point to point, which are shorter; rounding does not pile up.

    Example:
        >>> relative("M 100.004 200 L 101 202.5 z")
        'M100 200l1 2.5z'
    """
    x = y = begin_x = begin_y = 0
    found = []
    for command, rest in _PATH.findall(path):
        numbers = [round(100 * float(one)) for one in rest.split()]
        if len(numbers) != _NUMBERS.get(command):
            raise ValueError(f"commands of matplotlib's paths are {_NUMBERS}, got {command}{rest}")
        if command == "z":
            x, y = begin_x, begin_y
        elif command == "M":
            begin_x, begin_y = numbers
            x = y = 0
        steps = [number - (y if i % 2 else x) for i, number in enumerate(numbers)]
        letter = command if command == "M" else command.lower()
        found.append(letter + " ".join(map(_hundredths, steps)).replace(" -", "-"))
        if numbers:
            x, y = numbers[-2:]
    return "".join(found)


def _unwrap(parent: ElementTree.Element, strokes: set[str]) -> None:
    """Groups that say nothing give way to what is in them; strokes alike become one path."""
    for child in parent:
        _unwrap(child, strokes)
    inside: list[ElementTree.Element] = []
    for child in parent:
        if child.tag == f"{_SVG}g" and not child.attrib:
            inside += list(child)
        elif child.tag != f"{_SVG}defs" or len(child):
            inside.append(child)
    parent[:] = []
    for child in inside:
        before = parent[-1] if len(parent) else None
        if before is not None and _pen(before) == _pen(child) and child.get("class") in strokes:
            before.set("d", before.get("d", "") + child.get("d", ""))
        else:
            parent.append(child)


def _pen(element: ElementTree.Element) -> tuple[object, ...]:
    """What is the same in two paths that can be drawn as one; other elements are alone."""
    if element.tag != f"{_SVG}path" or "d" not in element.attrib:
        return (id(element),)
    return tuple(sorted((key, value) for key, value in element.items() if key != "d"))
