"""What may import what: agreement is evidence only between codes that do not see each other."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"theory", "montecarlo", "lm", "validation", "paper_figures", "benchmarks", "loopbound"}


def sources(folder: str) -> list[Path]:
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, f"no sources under {folder}"
    return found


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(module, name) of every import at any depth; the name is '' for `import module`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            yield from ((node.module or "", alias.name) for alias in node.names)


def imported(path: Path) -> set[tuple[str, str]]:
    return set(imports(ast.parse(path.read_text(encoding="utf-8"))))


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute chain, '' for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def calls(path: Path) -> set[str]:
    """Dotted names of everything called."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {dotted(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def under(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _module(path: Path) -> str:
    """Dotted name of a source file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


# --- what an import costs -----------------------------------------------------------------------

HEAVY = ("numba", "torch", "matplotlib", "sympy", "transformers", "scipy.stats", "scipy.integrate")


@pytest.mark.parametrize("module", ["theory", "theory.gaussian", "theory.inflation", "theory.kde"])
def test_importing_theory_pulls_in_nothing_heavy(module: str) -> None:
    """In a fresh interpreter, without what the tests have imported."""
    script = f"import sys, {module}\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert module in loaded
    assert [name for name in loaded if under(name, *HEAVY)] == []


# --- theory: no random number, no file ----------------------------------------------------------

GENERATORS = {"default_rng", "Generator", "RandomState", "seed", "SeedSequence", "SFC64", "PCG64"}
WRITERS = {"open", "mkstemp", "write_text", "write_bytes", "read_text", "read_bytes", "savefig"}
WRITERS |= {"load", "read_csv", "read_table"}
WRITES = {"commandline.py", "tables.py", "__main__.py"}


@pytest.mark.parametrize("path", sources("theory"), ids=lambda p: str(p.relative_to(ROOT)))
def test_theory_makes_no_random_number_and_touches_no_file(path: Path) -> None:
    """`Workflow.draw` may name the type of a generator, not make one."""
    made = {name for name in calls(path) if name.rpartition(".")[2] in GENERATORS}
    made |= {name for name in calls(path) if ".random." in name and not name.startswith("rng.")}
    assert made == set()
    for module, _ in imported(path):
        assert not under(module, "random", "secrets", "numpy.random", "numba", "torch", *OURS) or (
            under(module, "theory") or (module == "loopbound" and path.name == "__main__.py")
        )
        assert not under(module, "sympy") or "symbolic" in path.parts
        assert not under(module, "matplotlib") or path.name in ("__main__.py", "commandline.py")
    if path.name not in WRITES:
        assert {name for name in calls(path) if name.rpartition(".")[2] in WRITERS} == set()


# --- montecarlo: specs, never a formula ---------------------------------------------------------

SPECS = {
    "theory.gaussian": {"GaussianChain", "FIELDS"},
    "theory.categorical": {"CategoricalChain"},
    "theory.regression": {"RegressionChain"},
    "theory.regression.chain": {"checked_design"},
    "theory.kde": {"KdeChain"},
    "theory.verification": {"VerifiedChain"},
    "theory.verification.spread": {"VerifiedSpread"},
    "theory.labels": {"VerifiedLabels"},
    "theory.curation": {"CuratedChain"},
    "theory.curated_normal": {"CuratedNormal"},
    "theory.curated_rows": {"CuratedRows"},
    "theory.editing": {"EditedChain", "RandomEdits"},
    "theory.truncation": {"Regrowth", "TruncatedChain"},
    "theory.weighting": {"WeightedCovariance"},
    "theory.stability": {"FixedReal", "Probe"},
    "theory.ensembles": {"Ensemble"},
    "theory.kde.commandline": {"add_kde_options", "kde_chain_from"},
    "theory.datasets": {"SwissRoll"},
    "theory.planner.pipeline": {"Pipeline"},
    "theory.mixture": {"GaussianMixture"},
    "theory.truths": {"Laplace", "Normal", "StudentT", "Truth", "Uniform"},
}


@pytest.mark.parametrize("path", sources("montecarlo"), ids=lambda p: str(p.relative_to(ROOT)))
def test_montecarlo_takes_specs_from_theory_and_never_a_formula(path: Path) -> None:
    for module, name in imported(path):
        if not under(module, "theory"):
            assert not under(module, *(OURS - {"montecarlo", "loopbound"})), module
            continue
        assert name, f"import {module}: name what is taken"
        if module in SPECS:
            assert name in SPECS[module], name
        else:
            assert module == "theory.workflow" or module.endswith(".commandline"), module
        assert name != "*"


# --- lm: what needs no torch does not load it ----------------------------------------------------

LM_WITHOUT_TORCH = ("lm.losscurve", "lm.ngram", "lm.textstats", "lm.config")
LM_WITHOUT_TORCH += ("lm.mitigation.choice",)
LM_TAKES = {"theory.workflow", "theory.inflation", "theory.categorical", "theory.curve"}
LM_TAKES |= {"theory.growth", "theory.commandline", "montecarlo.blocks"}


@pytest.mark.parametrize("module", [*LM_WITHOUT_TORCH, "lm.results", "lm.against_commandline"])
def test_the_light_part_of_lm_pulls_in_nothing_heavy(module: str) -> None:
    """In a fresh interpreter: an n-gram chain takes seconds, and so should its start."""
    script = f"import sys, {module}\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert module in loaded
    assert [name for name in loaded if under(name, *HEAVY)] == []


@pytest.mark.parametrize(
    "path",
    [path for path in sources("lm") if under(_module(path), *LM_WITHOUT_TORCH)],
    ids=lambda p: p.name,
)
def test_the_light_part_of_lm_takes_workflows_streams_and_exact_chains(path: Path) -> None:
    allowed = (*LM_TAKES, *LM_WITHOUT_TORCH, "lm.results")
    for module, _ in imported(path):
        assert not under(module, *OURS) or under(module, *allowed)


@pytest.mark.parametrize("path", sources("lm"), ids=lambda p: str(p.relative_to(ROOT)))
def test_lm_takes_no_simulation_and_no_formula_of_another_family(path: Path) -> None:
    """Workflows and exact chains of theory; streams, manifests and files of montecarlo."""
    for module, _ in imported(path):
        allowed = ("lm", "loopbound", "montecarlo.manifest", "montecarlo.durable", *LM_TAKES)
        assert not under(module, *OURS) or under(module, *allowed), module


# --- paper_figures: theory and montecarlo, never a verdict ---------------------------------------


@pytest.mark.parametrize("path", sources("paper_figures"), ids=lambda p: p.name)
def test_figures_take_from_theory_and_montecarlo_only(path: Path) -> None:
    for module, _ in imported(path):
        assert not under(module, *OURS) or under(
            module, "theory", "montecarlo", "paper_figures", "loopbound", *LM_WITHOUT_TORCH
        )


def test_drawing_committed_data_needs_no_numba() -> None:
    """numba takes a second to import, and only --recompute and a new manifest need it."""
    script = (
        "import sys\nfrom paper_figures.catalogue import FIGURES\n"
        "FIGURES['universal_inflation'].data()\nprint(*sys.modules, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert "paper_figures.dataset" in loaded
    assert [name for name in loaded if under(name, "numba", "matplotlib", "montecarlo")] == []


# --- validation: everything that needs no torch --------------------------------------------------


@pytest.mark.parametrize("path", sources("validation"), ids=lambda p: str(p.relative_to(ROOT)))
def test_validation_takes_of_lm_what_needs_no_torch(path: Path) -> None:
    for module, _ in imported(path):
        assert not under(module, "lm") or under(module, *LM_WITHOUT_TORCH, "lm.results")
        assert not under(module, "torch", "transformers", "accelerate", "tests", "benchmarks")


# --- oracles: nothing of ours -------------------------------------------------------------------


@pytest.mark.parametrize("path", sources("tests/oracles"), ids=lambda p: p.name)
def test_oracles_see_nothing_of_ours(path: Path) -> None:
    for module, _ in imported(path):
        assert not under(module, *OURS)
        assert not under(module, "tests") or under(module, "tests.oracles")


# --- the tree -----------------------------------------------------------------------------------

MACHINE_PATHS = ["/" + folder + "/" for folder in ("work", "tmp")] + ["/" + "root"]


def test_no_tracked_file_names_a_path_of_some_machine() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" in content:
            continue
        text = content.decode("utf-8", errors="replace")
        found += [f"{name}: {machine}" for machine in MACHINE_PATHS if machine in text]
    assert found == []
