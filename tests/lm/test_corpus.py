"""Real text: sources, their split, and the round trip through tokens."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lm.config import Data
from lm.corpus import accepted, prompt_of, read_corpus
from lm.stdlib import conversation, docstrings, topics
from tests.lm import rows as made

tokenizers = pytest.importorskip("tokenizers", reason="the extra lm is not installed")

from lm.tokenizer import Coder  # noqa: E402


@pytest.fixture(scope="module")
def coder() -> Coder:
    return Coder.trained([conversation(*pair) for pair in made.conversations(60)], 300)


# --- sources -------------------------------------------------------------------------------------


def small(source: Path, **changes: Any) -> Data:
    return Data(source=str(source), **({"held_out": 2} | changes))


def test_the_same_rows_from_every_kind_of_file(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    texts = [f"line {i}\nof two, é" for i in range(9)]
    (tmp_path / "a.txt").write_text("\n\n".join(texts) + "\n", encoding="utf-8")
    lines = [json.dumps({"text": text}) for text in texts]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    parquet.write_table(pyarrow.table({"text": texts}), tmp_path / "a.parquet")
    found = [read_corpus(small(tmp_path / f"a.{kind}")) for kind in ("txt", "jsonl", "parquet")]
    assert found[0] == found[1] == found[2]
    assert sorted(found[0].train + found[0].held_out) == texts
    assert len(found[0].held_out) == 2


def test_one_changed_letter_changes_the_hash(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one\n\ntwo\n\nthree\n\nfour", encoding="utf-8")
    before = read_corpus(small(path)).digest
    path.write_text("one\n\ntwo\n\nthree\n\nfouR", encoding="utf-8")
    assert read_corpus(small(path)).digest != before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "", "has no text"),
        ("a.txt", "\n \n\n", "has no text"),
        ("a.txt", "one", "must leave rows to train on, got 2 of the 1 rows"),
        ("a.jsonl", "", "has no text"),
        ("a.jsonl", "{", "is no jsonl"),
        ("a.jsonl", '{"other": "x"}', "must have columns text, or prompt and response, got other"),
        ("a.jsonl", '{"text": 3}', "must be text"),
        ("a.parquet", "no parquet", "is no parquet"),
    ],
)
def test_a_file_without_rows_is_refused(
    name: str, content: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        read_corpus(small(path))
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone.txt"):
        read_corpus(small(tmp_path / "gone.txt"))


# --- the library ---------------------------------------------------------------------------------


def test_docstrings_are_parsed_once_each_and_without_tests(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        '"""Module a."""\nclass C:\n    """Class C."""\n    def f(self, x, *, y=1):\n'
        '        """Method f.  \n\n        More.\n        """\ndef g():\n    """Class C."""\n'
    )
    (tmp_path / "broken.py").write_text("def (")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "b.py").write_text('"""A test."""')
    assert docstrings(tmp_path) == [
        ("module a", "Module a."), ("class a.C", "Class C."), ("a.C.f(x, y)", "Method f.\n\nMore."),
    ]  # fmt: skip


def test_topics_are_paragraphs_once_each_and_held_out_by_topic() -> None:
    paragraphs = [paragraph for _, paragraph in topics()]
    assert len(set(paragraphs)) == len(paragraphs) > 1000
    found = read_corpus(Data(source="stdlib-topics", held_out=100))
    topic_of = {paragraph: topic for topic, paragraph in topics()}
    train = {topic_of[text] for text in found.train}
    assert train.isdisjoint({topic_of[text] for text in found.held_out})


def test_conversations_keep_the_letters_of_their_prefix() -> None:
    """The released code strips the characters of "user: " instead of the prefix."""
    text = conversation("user resources: user", "assistant answers")
    assert text == "user: user resources: user\nassistant: assistant answers"
    assert accepted(text)
    assert prompt_of(text) == "user: user resources: user\nassistant:"
    assert prompt_of("no marker") == ""


# --- tokens --------------------------------------------------------------------------------------


@given(st.text(max_size=60))
def test_any_text_survives_the_round_trip(text: str) -> None:
    coder = Coder.trained(["some words to begin with"], 270)
    coder.check_round_trip([text])
    assert coder.decoded(coder.encoded([text])[0]) == text


def test_text_that_looks_like_an_end_is_text(coder: Coder) -> None:
    (ids,) = coder.encoded(["a <|end|> b <|pad|>"])
    assert coder.end not in ids
    assert coder.pad not in ids
    assert coder.decoded(ids) == "a <|end|> b <|pad|>"


def test_a_tokenizer_that_changes_text_is_refused(coder: Coder) -> None:
    from tokenizers.normalizers import Lowercase

    other = Coder.trained(["some words"], 270)
    other.tokenizer.backend_tokenizer.normalizer = Lowercase()
    with pytest.raises(ValueError, match=r"does not give back .* 'Words' comes back as 'words'"):
        other.check_round_trip(["some Words"])


def test_rows_end_unless_they_are_cut(coder: Coder) -> None:
    texts = ["user: a", "user: a much longer text than fits"]
    lengths = [len(ids) for ids in coder.encoded(texts)]
    dropped = coder.rows(texts, lengths[0] + 1, "drop")
    assert [len(row) for row in dropped] == [lengths[0] + 1]
    assert dropped[0][-1] == coder.end
    cut = coder.rows(texts, lengths[0] + 1, "cut")
    assert [len(row) for row in cut] == [lengths[0] + 1] * 2
    assert cut[1][-1] != coder.end


def test_prompts_are_the_tokens_before_the_response(coder: Coder) -> None:
    texts = [conversation("a model", "reads words"), "no response here"]
    rows = coder.rows(texts, 64, "drop")
    lengths = coder.prompt_lengths(texts, rows)
    assert coder.decoded(rows[0][: lengths[0]]) == "user: a model\nassistant:"
    assert coder.decoded(rows[0][lengths[0] :]) == " reads words"
    assert lengths[1] == 0


def test_a_saved_coder_is_the_same(coder: Coder, tmp_path: Path) -> None:
    coder.save(tmp_path)
    again = Coder.loaded(str(tmp_path))
    assert again is not None
    assert (again.start, again.end, again.pad, len(again)) == (
        coder.start, coder.end, coder.pad, len(coder),
    )  # fmt: skip
    texts = ["user: a\nassistant:  b ,\t. <|end|>"]
    assert again.encoded(texts) == coder.encoded(texts)
    assert again.decoded(again.encoded(texts)[0]) == texts[0]
