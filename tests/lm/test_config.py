"""Recipes: what is not understood is refused in one line that names the key and the value."""

from pathlib import Path
from typing import Any

import pytest

from lm.config import Recipe, WorkflowChoice
from lm.reading import merged, read_recipe, recipe_from, recipe_names

NAN = float("nan")
VERIFIED: dict[str, Any] = {"verify": "perplexity"}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"generatons": 3}, r"unknown key generatons = 3: choose from title, engine"),
    ({"data": {"row": 3}}, r"unknown key data.row = 3"),
    ({"data": 3}, r"data must be a table, got 3"),
    ({"generations": 0}, r"generations must be a whole number >= 1, got 0"),
    ({"generations": True}, r"generations must be a whole number, got True"),
    ({"seeds": [0, 0]}, r"seeds must be some, each once, got \[0, 0\]"),
    ({"seeds": [-1]}, r"seeds must be a whole number >= 0, got -1"),
    ({"workflows": ["replce"]}, r"unknown workflow 'replce': choose from replace"),
    ({"workflows": [{"window": 2}]}, r"workflows needs a name, got \{'window': 2\}"),
    ({"workflows": [{"name": "replace", "window": 2}]}, r"replace takes no window"),
    ({"data": {"longer": "split"}}, r"data.longer must be one of drop, cut, got 'split'"),
    ({"data": {"rows": 1}}, r"data.rows must be a whole number >= 2, got 1"),
    ({"data": {"max_tokens": 999}}, r"at most model.context=256, got 999"),
    ({"model": {"hidden": 30}}, r"model.hidden must be a multiple of heads=4, got 30"),
    ({"model": {"key_value_heads": 3}}, r"must divide heads=4, got 3"),
    ({"model": {"architecture": "rnn"}}, r"one of llama, gpt2, gemma2, got 'rnn'"),
    ({"training": {"mode": "again"}}, r"one of restart, continue, scratch, got 'again'"),
    ({"training": {"epochs": 0}}, r"training.epochs must be > 0 and finite, got 0.0"),
    ({"training": {"warmup": 1}}, r"training.warmup must be in \[0, 1\), got 1.0"),
    ({"training": {"learning_rate": "x"}}, r"learning_rate must be a number, got 'x'"),
    ({"training": {"clip": -1}}, r"training.clip must be > 0"),
    ({"training": {"mode": "scratch"}, "lora": {"rank": 2}}, r"from random: no lora.rank"),
    ({"sampling": {"temperature": 0}}, r"sampling.temperature must be > 0"),
    ({"sampling": {"top_p": 0}}, r"sampling.top_p must be in \(0, 1\], got 0.0"),
    ({"sampling": {"accept": "all"}}, r"one of any, user-assistant, got 'all'"),
    ({"mitigation": {"keeping": 1}}, r"unknown key mitigation.keeping = 1: choose from verify"),
    ({"mitigation": {"verify": "taste"}}, r"one of perplexity, classifier, rouge, got 'taste'"),
    ({"mitigation": VERIFIED | {"keep": 0.0}}, r"mitigation.keep must be in \(0, 1\], got 0.0"),
    ({"mitigation": VERIFIED | {"keep": 1.1}}, r"mitigation.keep must be in \(0, 1\], got 1.1"),
    (
        {"mitigation": VERIFIED | {"keep_growth": -1}},
        r"keep_growth must be >= 0 and finite, got -1.0",
    ),
    (
        {"mitigation": VERIFIED | {"least_score": NAN}},
        r"least_score must be finite, got nan",
    ),
    (
        {"mitigation": VERIFIED | {"verifier_share": 0}},
        r"share must be in \(0, 1\], got 0.0",
    ),
    (
        {"mitigation": VERIFIED | {"edit": 0.9}},
        r"one of verify, curate and edit: each",
    ),
    ({"mitigation": {"keep": 0.5}}, r"mitigation.keep goes with verify, got 0.5 without it"),
    ({"mitigation": {"top_k": 5}}, r"mitigation.top_k goes with edit, got 5 without it"),
    ({"mitigation": {"edit": 0.9, "verifier_share": 0.5}}, r"got 0.5 without one"),
    ({"mitigation": {"curate": 0, "reward": "length"}}, r"curate must be a whole number >= 1"),
    ({"mitigation": {"curate": 2}}, r"needs a reward, got curate=2 alone"),
    ({"mitigation": {"curate": 2, "reward": "beauty"}}, r"unknown reward 'beauty': choose from"),
    (
        {"mitigation": {"curate": 2, "reward": "length", "reward_scale": NAN}},
        r"scale must be finite, got nan",
    ),
    ({"mitigation": {"edit": 1.5}}, r"mitigation.edit must be in \(0, 1\], got 1.5"),
    ({"mitigation": {"edit": 0.9, "top_k": 0}}, r"top_k must be a whole number >= 1, got 0"),
    ({"mitigation": {"objective": "focal"}}, r"gamma goes with loss truncated or focal, got gamma"),
    ({"mitigation": {"objective": "truncated", "gamma": 1}}, r"gamma must be in \(0, 1\), got 1.0"),
    ({"mitigation": {"objective": "truncated", "gamma": 0}}, r"gamma must be in \(0, 1\), got 0.0"),
    ({"mitigation": {"objective": "focal", "gamma": 0}}, r"gamma must be > 0 and finite, got 0.0"),
    ({"mitigation": {"ensemble": 0}}, r"ensemble must be a whole number >= 1, got 0"),
    ({"mitigation": {"real_weight": 0}}, r"mitigation.real_weight must be in \(0, 1\], got 0.0"),
    ({"mitigation": {"real_weight": 0.5}}, r"replace trains on one kind of rows, got 0.5"),
    (
        {
            "mitigation": {"real_weight": 0.5},
            "workflows": [{"name": "fresh", "n_real": 9, "weight": 0.1}],
        },
        r"weight-0.1 has a weight of its own, got 0.5",
    ),
    ({"mitigation": {"ensemble": 2}, "training": {"mode": "continue"}}, r"restart or scratch, got"),
    ({"mitigation": {"verify": "rouge"}}, r"prompts must be real or all-real, got 'empty'"),
    ({"mitigation": {"edit": 0.9}, "engine": "ngram"}, r"for networks, got 'edit-0.9-top-k-8'"),
]


@pytest.mark.parametrize(("tables", "message"), WRONG, ids=[message[:30] for _, message in WRONG])
def test_what_is_not_understood_is_refused(tables: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        recipe_from(tables)
    assert "\n" not in str(caught.value)


def test_the_defaults_are_a_recipe_and_describe_themselves() -> None:
    described = recipe_from({}).described()
    assert Recipe() == recipe_from({})
    assert recipe_from(described) == Recipe()


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_that_ships_survives_its_description(name: str) -> None:
    recipe = read_recipe(name)
    assert recipe_from(recipe.described()) == recipe


@pytest.mark.parametrize("name", ["stdlib-finetune", "stdlib-pretrain", "ngram"])
def test_quick_forms_are_smaller(name: str) -> None:
    full, quick = read_recipe(name), read_recipe(name, quick=True)
    assert quick.generations < full.generations
    assert quick.workflows == full.workflows


def test_an_extension_changes_only_what_it_says(tmp_path: Path) -> None:
    cold, warm = read_recipe("tinystories-gpt2-9m-cold"), read_recipe("tinystories-gpt2-9m")
    one, other = cold.described(), warm.described()
    assert one.pop("title") != other.pop("title")
    assert (one["sampling"].pop("temperature"), other["sampling"].pop("temperature")) == (0.3, 1.0)
    assert one == other


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("generations =", "it is not TOML"),
        ('extends = "none"', "extends must name a recipe that ships, got 'none'"),
        ("[data]\nsource = 3", "data.source must be a string, got 3"),
    ],
)
def test_a_bad_file_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        read_recipe(str(path))
    assert str(path) in str(caught.value)


def test_an_unknown_recipe_names_the_known() -> None:
    with pytest.raises(ValueError, match=r"'nothing': there is none: .* stdlib-finetune"):
        read_recipe("nothing")


def test_a_recipe_without_a_quick_form_says_so() -> None:
    with pytest.raises(ValueError, match="it has no quick form"):
        read_recipe("helpsteer2-gemma2-2b", quick=True)


def test_labels_of_different_workflows_differ() -> None:
    choices = [
        WorkflowChoice("replace"), WorkflowChoice("replace", n=(10, 20)),
        WorkflowChoice("accumulate_subsample"), WorkflowChoice("accumulate-subsample", budget=9),
        WorkflowChoice("accumulate-subsample", replacement=True),
    ]  # fmt: skip
    assert len({choice.label for choice in choices}) == len(choices)


def test_changes_leave_the_tables_they_change_alone() -> None:
    tables = {"a": {"b": 1}}
    assert merged(tables, {"a": {"b": 2}}) == {"a": {"b": 2}}
    assert tables == {"a": {"b": 1}}
