"""python -m theory derive: options and output. Imports no sympy until it is asked to derive."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from theory.commandline import check_files, replacing

EXAMPLES = """\
examples:
  python -m theory derive gaussian accumulate
  python -m theory derive gaussian accumulate-subsample --field growth_exponent
  python -m theory derive regression accumulate --field limit_ratio
  python -m theory derive inflation fresh --format latex --output fresh.tex
  python -m theory derive kde replace --field mise
  python -m theory derive categorical --list
  python -m theory derive verification replace --field contraction
  python -m theory derive mitigations editing
"""


def add_derive(families: Any) -> None:
    """The subcommand derive."""
    parser = families.add_parser(
        "derive", help="closed forms step by step, proved and checked", epilog=EXAMPLES
    )
    parser.add_argument(
        "family",
        nargs="?",
        metavar="FAMILY",
        help="gaussian, inflation, regression, kde, categorical, verification, mitigations",
    )
    parser.add_argument(
        "workflow", nargs="?", metavar="WORKFLOW", help="as accumulate; of mitigations, as editing"
    )
    parser.add_argument(
        "--list", action="store_true", help="what can be derived, of FAMILY if given"
    )
    parser.add_argument("--field", metavar="NAME", help="one quantity (default: all)")
    parser.add_argument(
        "--format",
        choices=("text", "latex", "markdown", "json"),
        default="text",
        help="default text",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write there, not to stdout")
    parser.set_defaults(act=derive, plot=None)


def derive(options: argparse.Namespace) -> int:
    """Print the derivations asked for, or the list of all; returns the exit status."""
    check_files(options)
    if options.list:
        if options.workflow is not None or options.field is not None:
            raise ValueError("--list takes no WORKFLOW or --field")
        return _write(_listed(options.family, options.format), options.output)
    if options.family is None or options.workflow is None:
        raise ValueError("derive needs FAMILY and WORKFLOW; --list names them")
    from theory.symbolic import printing
    from theory.symbolic.catalogue import derivations

    found = derivations(options.family, options.workflow)
    if options.field is not None:
        names = dict.fromkeys(derivation.formula.name for derivation in found)
        if options.field not in names:
            raise ValueError(
                f"nothing derived for field {options.field!r} of {options.family} under "
                f"{options.workflow}: choose from {', '.join(names)}"
            )
        found = tuple(one for one in found if one.formula.name == options.field)
    if options.format == "json":
        data = {"family": options.family, "workflow": options.workflow}
        text = _json({**data, "derivations": [printing.as_data(one) for one in found]})
    elif options.format == "markdown":
        text = "\n".join(printing.as_markdown(one) for one in found)
    elif options.format == "latex":
        text = "\n\n".join(printing.as_latex(one) for one in found)
    else:
        encoding = "utf-8" if options.output is not None else sys.stdout.encoding or "ascii"
        unicode = encoding.lower().startswith("utf")
        text = "\n\n".join(printing.as_text(one, unicode=unicode) for one in found)
    return _write(text, options.output)


def _listed(family: str | None, form: str) -> str:
    """Every derivation, of a family or of all: family, workflow, field and title.

    They are derived to be named, which takes seconds: a bar on stderr says how far it is.
    """
    if form not in ("text", "json"):
        raise ValueError(f"--list has no {form}: use --format text or json")
    from tabulate import tabulate
    from tqdm import tqdm

    from theory.symbolic.catalogue import CATALOGUE, derivations, known_family

    if family is not None:
        known_family(family)
    wanted = [key for key in CATALOGUE if family in (None, key[0])]
    columns = ("family", "workflow", "field", "title")
    rows = [
        (*key, derivation.formula.name, derivation.title)
        for key in tqdm(wanted, desc="deriving", unit="workflow", leave=False, disable=None)
        for derivation in derivations(*key)
    ]
    if form == "json":
        return _json([dict(zip(columns, row, strict=True)) for row in rows])
    return f"{tabulate(rows, columns)}\n"


def _json(data: Any) -> str:
    return json.dumps(data, indent=2) + "\n"


def _write(text: str, output: Path | None) -> int:
    if output is None:
        sys.stdout.write(text)
        return 0
    with replacing(output) as file:
        file.write(text)
    print(f"wrote {output}", file=sys.stderr)
    return 0
