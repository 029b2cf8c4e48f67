"""What the README shows runs, and shows what it says."""

import contextlib
import importlib
import io
import re
import shlex
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    """`python -m` lines of the README; two that need a user's file or minutes are left out."""
    lines = [line.split("#")[0].strip() for block in blocks("sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("python -m") and "table.csv" not in line]


@pytest.mark.parametrize("line", commands())
def test_the_commands_run(line, capsys):
    _, _, folder, *argv = shlex.split(line)
    if folder == "validation":
        argv += ["--resolve", "0.1"]
    assert importlib.import_module(f"{folder}.__main__").main(argv) == 0
    assert capsys.readouterr().out


def test_the_python_example_prints_what_it_says():
    (code,) = blocks("python")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "README.md", "exec"), {})
    said = [
        line.split("#")[1].split()[0] for line in code.splitlines() if line.startswith("print(")
    ]
    for printed, expected in zip(out.getvalue().splitlines(), said, strict=True):
        if expected[0].isdigit():
            assert float(printed) == pytest.approx(float(expected), rel=1e-12)
        else:
            assert printed == expected


def test_the_fates_are_those_that_theory_computes():
    """The numbers of the table of workflows, recomputed."""
    from theory.gaussian import GaussianChain, curves
    from theory.workflow import Workflow

    n = 100
    computed = [
        Workflow.replace(n), Workflow.accumulate(n), Workflow.accumulate_subsample(n),
        Workflow.accumulate_subsample(n, replacement=True), Workflow.sliding_window(n, 5),
        Workflow.anchored(n, n), Workflow.fresh(n, n),
    ]  # fmt: skip
    rows = [line.split("|") for line in README.splitlines() if re.match(r"\| (`|\.\.\.)", line)]
    for workflow, row in zip(computed, rows[: len(computed)], strict=True):
        for ddof, cell in ((0, row[4]), (1, row[5])):
            found = curves(GaussianChain(1, ddof), workflow, 1000)
            shown = [float(x) for x in cell.split(",")]
            assert found.mean_error[1000] == pytest.approx(shown[0], rel=0.02, abs=6e-4)
            assert found.trace_ratio[1000] == pytest.approx(shown[1], abs=6e-4)
