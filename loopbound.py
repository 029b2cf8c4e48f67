"""The command `loopbound`: `loopbound theory ...` is `python -m theory ...`, and so on."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path

FOLDERS = {
    "theory": "exact curves: what a chain of models does in expectation",
    "montecarlo": "the same chains simulated, with standard errors",
    "validation": "theory against Monte Carlo: agrees, disagrees or underpowered",
    "paper_figures": "the figures of the papers, drawn again",
    "lm": "the same experiment on language models (extra: lm)",
}


def version() -> str:
    """Version of the installed distribution, or "0+unknown" where it is not installed."""
    try:
        return metadata.version("loopbound")
    except metadata.PackageNotFoundError:
        return "0+unknown"


def installed() -> dict[str, str]:
    """The folders that have a command line here, each with one line on what it does."""
    return {name: FOLDERS[name] for name in FOLDERS if _has_command_line(name)}


def _has_command_line(name: str) -> bool:
    spec = find_spec(name)
    places = (spec and spec.submodule_search_locations) or []
    return any(Path(place, "__main__.py").is_file() for place in places)


def main(argv: list[str] | None = None) -> int:
    """Exit status of the folder's command line; 2 for a folder that is not there."""
    folders = installed()
    about = "\n".join(f"  {name:15}{line}" for name, line in folders.items())
    parser = argparse.ArgumentParser(
        prog="loopbound",
        description="How far does a model drift when it is trained on data that models made?",
        epilog=f"folders:\n{about}\n\nexample:\n  loopbound theory --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"loopbound {version()}")
    parser.add_argument("folder", help="one of the folders below")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="what the folder takes")
    options = parser.parse_args(argv)
    if options.folder not in folders:
        known = ", ".join(folders) or "none"
        parser.exit(2, f"loopbound: no folder {options.folder!r}; installed: {known}\n")
    return int(import_module(f"{options.folder}.__main__").main(options.arguments))


if __name__ == "__main__":
    sys.exit(main())
