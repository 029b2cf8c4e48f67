"""The recipes that ship: read, counted, and run on tiny models of the same architecture."""

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra lm is not installed")

from transformers import AutoModelForCausalLM  # noqa: E402

from lm.config import Model  # noqa: E402
from lm.folder import chains, read_json  # noqa: E402
from lm.model import architecture, parameters, random_model  # noqa: E402
from lm.reading import read_recipe, recipe_names  # noqa: E402
from lm.tokenizer import Coder  # noqa: E402
from tests.lm import tiny  # noqa: E402

COUNTS = {
    "tinystories-gpt2-9m": 8_890_880,
    "tinystories-llama-12m": 12_488_960,
    "tinystories-llama-42m": 41_755_136,
    "tinystories-llama-126m": 125_553_408,
}
PUBLISHED = [name for name in recipe_names() if name.startswith(("tiny", "help"))]
SMALL: dict[str, Any] = {"hidden": 32, "layers": 2, "heads": 2, "intermediate": 48, "context": 64}


def eight_thousand() -> Coder:
    """A coder of 8,000 entries, without the text to train one."""
    made = Coder.trained(["a"], 300)
    made.tokenizer.add_tokens([f"<{number}>" for number in range(8000 - len(made))])
    assert len(made) == 8000
    return made


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_are_the_published_number(name: str) -> None:
    spec = read_recipe(name).model
    with torch.device("meta"):
        made = AutoModelForCausalLM.from_config(architecture(spec, eight_thousand()))
    assert parameters(made) == COUNTS[name]
    assert f"{COUNTS[name]:,}" in read_recipe(name).title


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_code_path_of_a_published_recipe_runs(name: str, tmp_path: Path) -> None:
    """Its own settings, but for sizes and for where model and rows come from."""
    source = tmp_path / "rows.jsonl"
    if name.startswith("help"):
        tiny.write_jsonl(source, 40)
    else:
        texts = [{"text": response} for _, response in tiny.conversations(40)]
        source.write_text("\n".join(map(json.dumps, texts)) + "\n", encoding="utf-8")
    changes: dict[str, Any] = {
        "workflows": ["accumulate"], "generations": 1, "seeds": [0],
        "data": {"source": str(source), "held_out_split": None, "held_out": 8, "rows": 12,
                 "max_tokens": 48},
        "training": {"batch_rows": 8, "micro_batch_rows": 4},
        "sampling": {"batch_rows": 16, "most_attempts": 1},
    }  # fmt: skip
    if name.startswith("help"):
        # A random model does not know the form of a conversation, so every row has to do.
        changes["sampling"] |= {"accept": "any"}
        changes["model"] = {"path": str(tiny_gemma(tmp_path))}
    else:
        changes["model"] = SMALL | {"vocabulary": 280}
    wanted = read_recipe(name, changes=changes)
    folder = tiny.done(wanted, tmp_path / "run")
    (metrics,) = chains(folder)["accumulate"][0][1:]
    assert metrics["real_fraction"] == 1
    facts = read_json(folder / "accumulate" / "seed-0" / "generation-01" / "manifest.json")
    assert facts["parameters"] < 100_000
    assert facts["sampling"]["temperature"] == (0.3 if name.endswith("cold") else 1.0)


def tiny_gemma(tmp_path: Path) -> Path:
    """A folder with a Gemma 2 and its tokenizer, as from_pretrained finds them."""
    coder = Coder.trained([f"user: {p}\nassistant: {r}" for p, r in tiny.conversations(60)], 280)
    folder = tmp_path / "gemma"
    made = random_model(Model(architecture="gemma2", **SMALL), coder, 0)
    made.save_pretrained(str(folder))
    coder.save(folder)
    return folder


def test_a_tokenizer_larger_than_the_model_is_refused(tmp_path: Path) -> None:
    folder = tiny_gemma(tmp_path)
    Coder.trained(["all words are new here " * 9] * 3, 300).save(folder)
    coder = Coder.trained([r for _, r in tiny.conversations(60)], 290)
    coder.tokenizer.add_tokens(["<one>", "<two>"])
    coder.save(folder)
    source = tiny.write_jsonl(tmp_path / "rows.jsonl")
    wanted = tiny.recipe(source, model={"path": str(folder)})
    with pytest.raises(ValueError, match=r"tokenizer has \d+ entries, the model embeddings for"):
        tiny.done(wanted, tmp_path / "run")


def test_rows_longer_than_the_context_are_refused(tmp_path: Path) -> None:
    source = tiny.write_jsonl(tmp_path / "rows.jsonl")
    wanted = tiny.recipe(
        source, model={"path": str(tiny_gemma(tmp_path)), "context": 500},
        data={"max_tokens": 400},
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"at most the model's context of 64, got 400"):
        tiny.done(wanted, tmp_path / "run")


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_reads(name: str) -> None:
    assert read_recipe(name).title
