"""Text that every Python has: docstrings of its standard library, and topics of its manual.

Nothing is imported or downloaded: sources are parsed, and `pydoc_data.topics` is a dictionary of
strings. What is found depends on the version of Python; a run's manifest has both the version and
the hash of its rows.
"""

from __future__ import annotations

import ast
import sysconfig
from collections.abc import Iterator
from pathlib import Path

# Tests of the library, and what others have installed beside it.
NOT_LIBRARY = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}
# Beginning of a row and what ends its prompt; the space after that belongs to the response.
FORMS = {
    "user-assistant": ("user: ", "\nassistant:"),
    "article-summary": ("Article: ", "\n\nSummary:"),
}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def conversation(prompt: str, response: str, form: str = "user-assistant") -> str:
    r"""One row of text with a question and its answer, in one of `FORMS`.

    Example:
        >>> conversation("Who?", "Nobody.")
        'user: Who?\nassistant: Nobody.'
    """
    begin, marker = FORMS[form]
    return f"{begin}{prompt}{marker} {response}"


def docstrings(library: Path | None = None) -> list[tuple[str, str]]:
    """Pairs (signature, docstring) of modules, classes and functions; each docstring once.

    Args:
        library: folder of the sources; None: the library of the Python that runs.
    """
    folder = Path(sysconfig.get_path("stdlib")) if library is None else library
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.py"), key=lambda p: p.relative_to(folder).parts):
        place = path.relative_to(folder)
        if NOT_LIBRARY.isdisjoint(place.parts):
            for signature, text in _documented(path, place):
                found.setdefault(text, signature)
    return [(signature, text) for text, signature in found.items()]


def topics() -> list[tuple[str, str]]:
    """Pairs (topic, paragraph) of the manual that `help()` prints; each paragraph once."""
    from pydoc_data.topics import topics as manual

    found: dict[str, str] = {}
    for topic, text in sorted(manual.items()):
        for paragraph in text.split("\n\n"):
            if paragraph.strip():
                found.setdefault(paragraph.strip("\n"), topic)
    return [(topic, paragraph) for paragraph, topic in found.items()]


def _documented(path: Path, place: Path) -> Iterator[tuple[str, str]]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):  # the library has templates and files in odd encodings
        return
    module = ".".join(place.with_suffix("").parts).removesuffix(".__init__")
    text = _docstring(tree)
    if text:
        yield f"module {module}", text
    yield from _members(tree, module)


def _members(node: ast.AST, within: str) -> Iterator[tuple[str, str]]:
    for child in getattr(node, "body", ()):
        if not isinstance(child, Definition):
            continue
        name = f"{within}.{child.name}"
        text = _docstring(child)
        if text:
            yield _signature(child, name), text
        if isinstance(child, ast.ClassDef):
            yield from _members(child, name)


def _signature(node: Definition, name: str) -> str:
    """Name and the names of the arguments."""
    if isinstance(node, ast.ClassDef):
        return f"class {name}"
    every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    names = [argument.arg for argument in every if argument.arg not in ("self", "cls")]
    return f"{name}({', '.join(names)})"


def _docstring(node: Definition | ast.Module) -> str:
    """The cleaned docstring without blanks at the ends of lines; "" where there is none."""
    text = ast.get_docstring(node) or ""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()
