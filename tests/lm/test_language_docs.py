"""Every command that the documentation shows is understood, up to where training would begin."""

import re
import shlex
from pathlib import Path

import pytest

from lm.__main__ import EXAMPLES, build_parser
from lm.reading import read_recipe
from lm.recipe_commandline import changes_of
from lm.value_commandline import EXAMPLES as VALUE_EXAMPLES

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "language_models.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^ *(?:python|accelerate launch.*?) -m lm (.*)$", re.MULTILINE)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def commands() -> list[str]:
    shown = ["\n".join(blocks("sh")), EXAMPLES, VALUE_EXAMPLES]
    shown.append((ROOT / "README.md").read_text(encoding="utf-8"))
    found = dict.fromkeys(line for text in shown for line in COMMAND.findall(text))
    assert len(found) > 20
    return list(found)


@pytest.fixture
def own_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = blocks("toml")
    (tmp_path / "my-recipe.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("own_recipe")
@pytest.mark.parametrize("command", commands())
def test_a_command_is_understood(command: str) -> None:
    options = build_parser().parse_args(shlex.split(command))
    if options.command in ("run", "value"):
        assert read_recipe(options.recipe, quick=options.quick, changes=changes_of(options)).title


def test_every_setting_of_the_table_is_one() -> None:
    lines = re.findall(r"^\| .*? \| (`--.*) \|$", PAGE, re.MULTILINE)
    assert len(lines) == 10
    for line in lines:
        first, *others = re.findall(r"`(.*?)`", line)
        begin, _, _ = first.rpartition("=" if "=" in first else " ")
        spellings = [first, *(begin + first[len(begin)] + other for other in others)]
        for spelling in spellings:
            given = ["run", "stdlib-finetune", *shlex.split(spelling)]
            options = build_parser().parse_args(given)
            assert read_recipe(options.recipe, changes=changes_of(options)).title


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for the training itself."""
    module = pytest.importorskip("lm.run", reason="the extra lm is not installed")
    called = []
    monkeypatch.setattr(module, "run", lambda *given: called.append(given))
    (source,) = blocks("python")
    exec(compile(source, "language_models.md", "exec"), {})  # noqa: S102
    ((recipe, folder, machine),) = called
    assert (recipe.generations, folder.name, machine.jobs >= 1) == (2, "mine", True)
