"""How Sphinx makes the pages: docstrings as they are written, a page a theorem, formulas as MathML.

The theorems are derived, proved and checked while the pages are made (`theory.symbolic`), into
docs/theorems, which git ignores. Nothing in a page is fetched from a network.
"""

from __future__ import annotations

import re
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

project = "loopbound"
copyright = "the loopbound developers"  # noqa: A001
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
default_role = "code"
smartquotes = False

html_theme = "furo"
html_title = "loopbound"
html_math_renderer = "mathml"
html_show_sphinx = False

# Of the extra lm: signatures and docstrings are shown without it.
autodoc_mock_imports = ["torch", "transformers", "accelerate", "peft", "tokenizers", "tqdm"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
python_maximum_signature_line_length = 88

_SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises|Example|Examples):$")
_COLUMNS = re.compile(r"^ *\S+( \S+)*\s{2,}\S")


def as_restructured_text(lines: list[str]) -> list[str]:
    """A docstring of plain sentences: formulas and columns stand as they are, no sign is markup."""
    found: list[str] = []
    inside = False
    for blank, group in groupby(lines, lambda line: not line.strip()):
        paragraph = list(group)
        if blank:
            found += paragraph
            continue
        first = paragraph[0]
        indented = first.startswith(" ")
        inside = bool(_SECTION.match(first)) or (inside and indented)
        if any(line.lstrip().startswith(">>>") for line in paragraph):
            found += paragraph
        elif not inside and (indented or sum(map(bool, map(_COLUMNS.match, paragraph))) > 1):
            found += [".. code-block:: text", "", *(f"    {line}" for line in paragraph)]
        else:
            found += map(_plain, paragraph)
    return found


def _plain(line: str) -> str:
    """The line with every sign of reStructuredText outside backticks made an ordinary one."""
    parts = re.split(r"(`[^`]*`)", line)
    return "".join(
        part if i % 2 else re.sub(r"([*|\\]|(?<=\w)_(?=\W|$))", r"\\\1", part)
        for i, part in enumerate(parts)
    )


def _rewrite(
    app: Any, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    lines[:] = as_restructured_text(lines)


_INDEX = """# Theorems

Each is derived with sympy, step by step, and checked against the recursion in exact fractions or
against quadrature while these pages are made.

```{toctree}
:maxdepth: 3

"""


def _toctree(title: str, names: list[str]) -> str:
    return "\n".join(["", title, "", "```{toctree}", ":maxdepth: 1", "", *names, "```", ""])


def write_theorems(app: Any) -> None:
    """docs/theorems: an index, a page for every family, and one for every derivation."""
    from sphinx.util.display import status_iterator

    from theory.symbolic.catalogue import CATALOGUE, derivations
    from theory.symbolic.printing import as_markdown

    folder = HERE / "theorems"
    folder.mkdir(exist_ok=True)
    pages: dict[str, str] = {"index": _INDEX}
    for family, workflow in status_iterator(CATALOGUE, "deriving... ", length=len(CATALOGUE)):
        names = []
        for number, derivation in enumerate(derivations(family, workflow), 1):
            names.append(f"{family}-{workflow}-{number:02}")
            pages[names[-1]] = as_markdown(derivation)
        if family not in pages:
            pages[family] = f"# {family.capitalize()}\n"
            pages["index"] += f"{family}\n"
        pages[family] += _toctree(f"## {workflow}", names)
    pages["index"] += "```\n"
    for old in folder.glob("*.md"):
        if old.stem not in pages:
            old.unlink()
    for page, content in pages.items():
        path = folder / f"{page}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")


def _mathml(display: str) -> Any:
    from docutils.nodes import SkipNode
    from latex2mathml.converter import convert

    def visit(writer: Any, node: Any) -> None:
        writer.body.append(convert(node.astext(), display=display))
        raise SkipNode

    return visit


def setup(app: Any) -> None:
    """What Sphinx calls first."""
    app.connect("builder-inited", write_theorems)
    app.connect("autodoc-process-docstring", _rewrite, priority=1)
    app.add_html_math_renderer("mathml", (_mathml("inline"), None), (_mathml("block"), None))
