"""The chain: every mode, who trains on what, and what an interruption leaves."""

import importlib
import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra lm is not installed")

import lm.chain  # noqa: E402
from lm.chain import Chain  # noqa: E402
from lm.config import Recipe  # noqa: E402
from lm.folder import chains, finished, generation_folder, load_rows, read_json  # noqa: E402
from lm.material import prepare  # noqa: E402
from lm.memory import enough_memory  # noqa: E402
from lm.progress import Bars  # noqa: E402
from lm.run import Machine, accelerator_for, run  # noqa: E402
from tests.lm import tiny  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_jsonl(tmp_path_factory.mktemp("data") / "rows.jsonl")


def chain(wanted: Recipe, folder: Path) -> Chain:
    """The first chain of a recipe, not begun."""
    accelerator = accelerator_for(tiny.ON, 1)
    material = prepare(wanted, folder, accelerator, Bars(shown=False))
    seed = wanted.seeds[0]
    return Chain(material, wanted.workflows[0], seed, folder, accelerator, Bars(shown=False))


# --- modes ---------------------------------------------------------------------------------------

FRESH = {"name": "fresh", "n_real": 12, "weight": 0.3}
MODES: list[dict[str, Any]] = [
    {"training": {"mode": "scratch"}},
    {"training": {"mode": "restart"}, "base": {"source": "BASE"}},
    {"training": {"mode": "continue", "loss": "response"}, "sampling": {"prompts": "real"}},
    {"training": {"mode": "continue"}, "lora": {"rank": 2}},
    {"training": {"mode": "restart", "step_matched": True}, "workflows": ["accumulate"]},
    {"sampling": {"prompts": "first-token", "temperature": 0.7, "top_k": 20, "top_p": 0.9}},
    {"sampling": {"through_text": True}, "training": {"precision": "bf16", "schedule": "cosine"}},
    {"training": {"checkpointing": True, "precision": "bf16-weights"}, "data": {"longer": "cut"}},
    {
        "model": {"architecture": "gpt2"},
        "workflows": [{"name": "fresh", "n_real": 12, "weight": 0.3}],
    },
    {"model": {"architecture": "gemma2"}, "workflows": [{"name": "anchored", "n_real": 12}]},
]


@pytest.mark.parametrize("changes", MODES, ids=lambda c: "-".join(sorted(c)))
def test_every_mode_gives_finite_metrics_and_resumes_to_the_same(
    changes: dict[str, Any], source: Path, tmp_path: Path
) -> None:
    """The second generation is removed and made again from what is on disk."""
    if "base" in changes:
        changes = changes | {"base": {"source": str(source), "max_tokens": 48}}
    wanted = tiny.recipe(source, **changes)
    folder = tiny.done(wanted, tmp_path / "run")
    (label,) = chains(folder)
    place = folder / label / "seed-0"
    before = tiny.contents(place, 2)
    metrics = json.loads(before["generation-02/metrics.json"])
    assert all(np.isfinite(value) for value in metrics.values())
    assert 0 < metrics["cross_entropy"] < 2 * np.log(280)
    os.rename(generation_folder(place, 2), tmp_path / "gone")
    assert finished(place) == 1
    tiny.done(wanted, folder)
    assert tiny.contents(place, 2) == before


def test_continuing_and_restarting_differ_from_generation_two_on(
    source: Path, tmp_path: Path
) -> None:
    found = {}
    for mode in ("restart", "continue"):
        folder = tiny.done(tiny.recipe(source, training={"mode": mode}), tmp_path / mode)
        found[mode] = [metrics["cross_entropy"] for metrics in chains(folder)["replace"][0]]
    assert found["restart"][:2] == found["continue"][:2]
    assert found["restart"][2] != found["continue"][2]


def test_step_matched_fits_take_as_many_steps_as_the_first(source: Path, tmp_path: Path) -> None:
    steps = {}
    for matched in (False, True):
        wanted = tiny.recipe(
            source, workflows=["accumulate"], training={"step_matched": matched, "epochs": 1.0}
        )
        folder = tiny.done(wanted, tmp_path / str(matched))
        steps[matched] = [m["steps"] for m in chains(folder)["accumulate"][0][1:]]
    assert steps == {False: [3, 6], True: [3, 3]}


def test_workflows_of_a_seed_share_generation_one(source: Path, tmp_path: Path) -> None:
    names = ["replace", "accumulate", "accumulate-subsample"]
    folder = tiny.done(tiny.recipe(source, workflows=names), tmp_path)
    first = [tiny.contents(folder / name / "seed-0", 1) for name in names]
    assert first[0] == first[1] == first[2]
    last = {(folder / n / "seed-0" / "generation-02" / "metrics.json").read_bytes() for n in names}
    assert len(last) == 3


def test_chains_at_once_give_what_one_after_the_other_gives(source: Path, tmp_path: Path) -> None:
    wanted = tiny.recipe(source, workflows=["replace", "accumulate"], generations=1)
    run(wanted, tmp_path / "one", tiny.ON)
    run(wanted, tmp_path / "two", Machine(jobs=2, threads=1, cpu=True, progress=False))
    for name in ("replace", "accumulate"):
        one, two = (tiny.contents(tmp_path / n / name / "seed-0", 1) for n in ("one", "two"))
        assert one == two


SEVERAL = """
import sys
from pathlib import Path
from tests.lm import tiny
tiny.done(tiny.recipe(Path(sys.argv[1]), sampling={"prompts": "real"}), Path(sys.argv[2]))
"""


def test_two_processes_give_what_one_gives(source: Path, tmp_path: Path) -> None:
    """As `accelerate launch` starts them, on the CPU: losses to the rounding of their sums.

    A step's gradient is added up in another order. AdamW's first steps are near a sign of it, so
    a weight whose gradient is about 0 moves by the learning rate either way: 1e-3 of the loss.
    """
    (tmp_path / "several.py").write_text(SEVERAL, encoding="utf-8")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    done = subprocess.run(
        [*launch, str(tmp_path / "several.py"), str(source), str(tmp_path / "two")], cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    wanted = tiny.recipe(source, sampling={"prompts": "real"})
    tiny.done(wanted, tmp_path / "one")
    manifest = read_json(tmp_path / "two" / "replace" / "seed-0" / "manifest.json")
    assert manifest["processes"] == 2
    one, two = (chains(tmp_path / name)["replace"][0] for name in ("one", "two"))
    assert one[1]["cross_entropy"] == pytest.approx(two[1]["cross_entropy"], rel=1e-3)
    assert one[1]["train_tokens"] == two[1]["train_tokens"]


# --- who trains on what --------------------------------------------------------------------------


def test_training_sets_are_what_the_workflow_draws(source: Path, tmp_path: Path) -> None:
    """Every row of every fit is a row of the batch that the workflow names."""
    wanted = tiny.recipe(source, workflows=["accumulate-subsample"], generations=3)
    made = chain(wanted, tmp_path)
    made.run()
    batches = [load_rows(generation_folder(made.folder, t))[0] for t in range(3)]
    rows, real_fraction = made._training_set(3)
    known = [{row.tobytes() for row in batch} for batch in batches]
    counts = [sum(row.tobytes() in batch for row in rows.tokens) for batch in known]
    assert len(rows) == 24
    assert sum(counts) >= 24
    assert all(counts)
    assert counts[0] >= round(24 * real_fraction) > 0


def test_fresh_real_rows_are_new_each_generation(source: Path, tmp_path: Path) -> None:
    wanted = tiny.recipe(source, workflows=[{"name": "fresh", "n_real": 10, "n": 6}], generations=3)
    made = chain(wanted, tmp_path)
    made.written += [[made.material.train[0]] * 6] * 2
    seen: list[bytes] = []
    for t in range(1, 4):
        chosen = made._real(t)
        assert len(chosen) == 10
        seen += [made.material.texts[row].encode() for row in chosen]
        rows, share = made._training_set(t)
        assert len(rows) == made.workflow.train_size(t)
        assert share == pytest.approx(made.workflow.real_fraction(t), abs=1e-15)
    assert len(set(seen)) == 30


def test_weights_of_a_fit_are_those_of_the_workflow(source: Path, tmp_path: Path) -> None:
    wanted = tiny.recipe(
        source, workflows=[{"name": "fresh", "n_real": 10, "n": 6, "weight": 0.25}]
    )
    made = chain(wanted, tmp_path)
    made.written.append([made.material.train[0]] * 6)
    rows, share = made._training_set(2)
    assert share == pytest.approx(0.25, abs=1e-12)
    assert rows.weights.sum() == pytest.approx(16, abs=1e-12)


def test_real_rows_differ_between_seeds_and_no_row_is_held_out(
    source: Path, tmp_path: Path
) -> None:
    wanted = tiny.recipe(source, generations=1, seeds=[0, 1])
    folder = tiny.done(wanted, tmp_path)
    shared = read_json(folder / "shared" / "corpus.json")
    batches = [
        set(load_rows(folder / "replace" / f"seed-{s}" / "generation-00")[1]) for s in (0, 1)
    ]
    assert batches[0] != batches[1]
    for batch in batches:
        assert batch <= set(shared["train"])
        assert batch.isdisjoint(shared["held_out"])


# --- interruptions -------------------------------------------------------------------------------

PLACES = {
    "training": ("lm.finetune", "_step", 8),
    "sampling": ("lm.sample", "continued", 4),
    "writing": ("lm.chain", "save_losses", 2),
}
KILLED = """
import importlib, os, signal, sys
from pathlib import Path
from tests.lm import tiny
module, name, calls, source, folder = sys.argv[1:]
place = importlib.import_module(module)
called, left = getattr(place, name), [int(calls)]
def killing(*arguments, **options):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return called(*arguments, **options)
setattr(place, name, killing)
tiny.done(tiny.recipe(Path(source)), Path(folder))
"""


@pytest.mark.parametrize("place", PLACES)
def test_a_killed_run_goes_on_to_the_same_numbers(place: str, source: Path, tmp_path: Path) -> None:
    """kill -9 inside generation 2; then the same call again, on the CPU, bit by bit."""
    arguments = [*map(str, PLACES[place]), str(source), str(tmp_path / "killed")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], cwd=ROOT, env=environment, capture_output=True
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    killed = tmp_path / "killed" / "replace" / "seed-0"
    assert finished(killed) == 1
    wanted = tiny.recipe(source)
    tiny.done(wanted, tmp_path / "killed")
    whole = tiny.done(wanted, tmp_path / "whole") / "replace" / "seed-0"
    assert tiny.contents(killed, 2) == tiny.contents(whole, 2)
    assert [path.name for path in killed.glob("*.part")] == []


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("restart", r"\[Errno 27\] File too large: '.*generation-02'"),
        ("continue", r"cannot write the weights: .*File too large"),
    ],
)
def test_a_file_that_cannot_be_written_keeps_the_generations_before(
    mode: str, told: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system refuses the rows, or the weights, of generation 2; a full disk does the same."""
    saved, limits = lm.chain.save_rows, resource.getrlimit(resource.RLIMIT_FSIZE)
    most = {"restart": 100, "continue": 20_000}[mode]

    def limited(folder: Path, *arguments: Any) -> None:
        if folder.name.startswith("generation-02"):
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
        saved(folder, *arguments)

    wanted = tiny.recipe(source, training={"mode": mode})
    with monkeypatch.context() as patch:
        patch.setattr(lm.chain, "save_rows", limited)
        try:
            with pytest.raises(OSError, match=told):
                tiny.done(wanted, tmp_path / "run")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    place = tmp_path / "run" / "replace" / "seed-0"
    assert finished(place) == 1
    assert list(place.glob("*.part")) == []
    tiny.done(wanted, tmp_path / "run")
    whole = tiny.done(wanted, tmp_path / "whole") / "replace" / "seed-0"
    assert tiny.contents(place, 2) == tiny.contents(whole, 2)


GPU = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 1 GiB.")
CPU = RuntimeError("[enforce fail at alloc_cpu.cpp:124] data. DefaultCPUAllocator: can't allocate")


@pytest.mark.parametrize(
    ("module", "name", "problem", "told"),
    [
        (
            "lm.finetune",
            "token_losses",
            GPU,
            "to train: lower training.micro_batch_rows = 4, or set",
        ),
        (
            "lm.finetune",
            "token_losses",
            CPU,
            "to train: lower training.micro_batch_rows = 4, or set",
        ),
        ("lm.evaluate", "token_losses", GPU, "to evaluate: lower training.micro_batch_rows = 4"),
        ("lm.sample", "continued", GPU, "to sample: lower sampling.batch_rows = 16"),
    ],
)
def test_too_little_memory_keeps_the_generations_before(
    module: str, name: str, problem: Exception, told: str, source: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What torch raises in generation 2, where a GPU is too small."""
    place, kept = importlib.import_module(module), tmp_path / "replace" / "seed-0"
    called = getattr(place, name)

    def full(*arguments: Any) -> Any:
        if finished(kept) == 1:
            raise problem
        return called(*arguments)

    monkeypatch.setattr(place, name, full)
    with pytest.raises(ValueError, match=f"^too little memory {told}") as caught:
        tiny.done(tiny.recipe(source), tmp_path)
    assert "\n" not in str(caught.value)
    assert finished(kept) == 1
    monkeypatch.undo()
    tiny.done(tiny.recipe(source), tmp_path)
    assert finished(kept) == 2


def test_an_error_that_is_not_of_memory_is_not_called_so() -> None:
    with pytest.raises(RuntimeError, match="shapes"), enough_memory("train", "lower it"):
        raise RuntimeError("shapes do not match")


def test_another_recipe_does_not_go_on_in_the_same_folder(source: Path, tmp_path: Path) -> None:
    tiny.done(tiny.recipe(source, generations=1), tmp_path)
    other = tiny.recipe(source, generations=1, sampling={"temperature": 0.5})
    with pytest.raises(ValueError, match=r"temperature 1.0, not 0.5.* remove it"):
        tiny.done(other, tmp_path)


def test_more_generations_and_seeds_go_on_in_the_same_folder(source: Path, tmp_path: Path) -> None:
    tiny.done(tiny.recipe(source, generations=1), tmp_path)
    before = tiny.contents(tmp_path / "replace" / "seed-0", 1)
    tiny.done(tiny.recipe(source, generations=2, seeds=[0, 1]), tmp_path)
    after = tiny.contents(tmp_path / "replace" / "seed-0", 2)
    assert before.items() <= after.items()
    assert sorted(chains(tmp_path)["replace"]) == [0, 1]


def test_a_folder_in_use_is_refused(source: Path, tmp_path: Path) -> None:
    from lm.folder import locked

    with locked(tmp_path / "run"), pytest.raises(ValueError, match="in use by another run"):
        tiny.done(tiny.recipe(source), tmp_path / "run")


# --- what cannot go on ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": {"rows": 1000}}, r"takes 1,000 real rows, and the training rows .* are 48"),
        ({"data": {"max_tokens": 3}}, r"no row to train on: all 48 have more .* = 3"),
        (
            {"sampling": {"accept": "user-assistant", "most_attempts": 1, "temperature": 5.0}},
            r"of 24 rows pass the acceptance rule 'user-assistant', and 24 are wanted",
        ),
        ({"model": {"path": "nowhere/at/all"}}, r"model.path 'nowhere/at/all' is neither a folder"),
        ({"model": {"path": "./nowhere"}}, r"no folder './nowhere'"),
        (
            {"training": {"learning_rate": 1e30}},
            r"loss is nan at step \d+: lower the",
        ),
    ],
)
def test_what_cannot_go_on_says_so_in_one_line(
    changes: dict[str, Any], message: str, source: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ValueError, match=message):
        tiny.done(tiny.recipe(source, **changes), tmp_path)
