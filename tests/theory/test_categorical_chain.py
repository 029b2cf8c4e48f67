"""The categorical spec: what it holds, and what it refuses by value."""

import math
from pathlib import Path

import numpy as np
import pytest

from theory.categorical import CategoricalChain, uniform, zipf
from theory.tables import read_words


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((0.5, 0.4), "sum to 1 to within 1e-09, got sum 0.9"),
        ((0.5, 0.5 + 2e-9), "sum to 1"),
        ((1.5, -0.5), r"in \[0, 1\], got 1.5"),
        ((0.5, math.nan), r"in \[0, 1\], got nan"),
        ((math.inf,), r"in \[0, 1\], got inf"),
        ((), r"at least one number, got \(\)"),
        ([[0.5, 0.5]], "list of at least one number"),
        (("a", "b"), "must be numbers, got"),
        (0.5, "list of at least one number, got 0.5"),
    ],
)
def test_bad_probabilities_are_quoted(given, message):
    with pytest.raises(ValueError, match=message):
        CategoricalChain(given)


def test_probabilities_within_the_tolerance_are_made_to_sum_to_one():
    chain = CategoricalChain((0.5, 0.5 + 5e-10))
    assert math.fsum(chain.probabilities) == pytest.approx(1, abs=2**-52)
    assert chain.array[1] / chain.array[0] == pytest.approx(1 + 1e-9, rel=1e-15)


def test_chains_compare_and_hash_by_value():
    assert CategoricalChain([0.25, 0.75]) == CategoricalChain(np.array([0.25, 0.75]))
    assert len({zipf(5), zipf(5), uniform(5)}) == 2


def test_a_truth_knows_its_own_values():
    chain = CategoricalChain((0.5, 0.0, 0.25, 0.25))
    assert chain.categories == 4
    assert chain.survivors == 3
    assert chain.heterozygosity == 0.625
    assert chain.entropy == pytest.approx(1.5 * math.log(2), rel=1e-15)


def test_zipf_falls_like_a_power_of_the_rank():
    p = zipf(1000, 1.1).array
    assert p[0] / p[99] == pytest.approx(100**1.1, rel=1e-13)
    assert zipf(7, 0) == uniform(7)
    for exponent in (-1, math.nan, math.inf, True, "1"):
        with pytest.raises(ValueError, match="exponent must be a finite number >= 0"):
            zipf(10, exponent)
    for size in (0, 2.5):
        with pytest.raises(ValueError, match="categories must be a whole number >= 1"):
            uniform(size)


def test_words_are_counted_most_frequent_first():
    chain = CategoricalChain.from_text(["b", "a", "b", "c", "b", "a"])
    assert chain.array.tolist() == pytest.approx([1 / 2, 1 / 3, 1 / 6], rel=1e-15)
    with pytest.raises(ValueError, match="got an empty text"):
        CategoricalChain.from_text([])
    with pytest.raises(ValueError, match="got the text 'to be': split it"):
        CategoricalChain.from_text("to be")


@pytest.mark.parametrize(
    ("counts", "message"),
    [([], "at least one"), ([0, 0], "2 zeros"), ([1, -1], "got -1.0"), ([1, math.nan], "got nan")],
)
def test_bad_counts_are_quoted(counts, message):
    with pytest.raises(ValueError, match=message):
        CategoricalChain.from_counts(counts)


def test_a_text_is_read_as_lower_case_words(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("It's the café: THE café, 42 times_over.\n", encoding="utf-8")
    assert read_words(path) == ["it's", "the", "café", "the", "café", "42", "times", "over"]
    path.write_text(" \n-- ...\n", encoding="utf-8")
    with pytest.raises(ValueError, match="--text: no words in '.*a.txt'"):
        read_words(path)
    path.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ValueError, match="not UTF-8"):
        read_words(path)
    with pytest.raises(ValueError, match="no such file"):
        read_words(tmp_path / "gone.txt")
