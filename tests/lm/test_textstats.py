"""Text statistics, by a second way and at their edges."""

import math
from collections import Counter

import numpy as np
import pytest

from lm.textstats import RARE, statistics


def distinct(rows, n):
    grams = [tuple(row[i : i + n]) for row in rows for i in range(len(row) - n + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0


def rare(rows, real):
    counts = Counter(token for row in real for token in row)
    total = sum(counts.values())
    most = 1
    for c in sorted(set(counts.values())):
        if sum(n for n in counts.values() if n <= c) <= RARE * total:
            most = c
    tokens = [token for row in rows for token in row]
    return sum(0 < counts[token] <= most for token in tokens) / len(tokens)


def made(seed, rows=60, spread=1.5):
    rng = np.random.Generator(np.random.SFC64(seed))
    return [
        (rng.zipf(spread, size=rng.integers(0, 9)) % 97).tolist() for _ in range(rows)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_statistics_agree_with_counting_by_hand(seed):
    real, rows = made(seed, 400), made(seed + 100)
    rows += real[:7]
    found = statistics([np.array(row, dtype=np.int32) for row in rows], real)
    tokens = [token for row in rows for token in row]
    counts = Counter(tokens)
    assert (found.rows, found.tokens) == (67, len(tokens))
    assert (found.distinct_1, found.distinct_2, found.distinct_3) == pytest.approx(
        [distinct(rows, n) for n in (1, 2, 3)], rel=1e-15
    )
    different = {tuple(row) for row in rows}
    assert found.duplicated_rows == pytest.approx(1 - len(different) / 67, rel=1e-15)
    assert found.mean_length == pytest.approx(len(tokens) / 67, rel=1e-15)
    assert found.longest == max(map(len, rows))
    assert found.vocabulary == len(counts)
    assert found.unigram_entropy == pytest.approx(
        math.fsum(-n / len(tokens) * math.log(n / len(tokens)) for n in counts.values()), rel=1e-12
    )
    assert found.rare_mass == pytest.approx(rare(rows, real), rel=1e-15)
    assert found.rare_mass > 0
    known = {tuple(row) for row in real}
    assert found.copied_rows == pytest.approx(
        np.mean([tuple(row) in known for row in rows]), rel=1e-15
    )


def test_the_real_batch_holds_at_most_the_rare_share_of_itself():
    real = made(1, 3000)
    assert 0 < statistics(real, real).rare_mass <= RARE
    assert statistics([[5, 6]], [[5, 5, 6]]).rare_mass == 0.5  # even one of a kind is too much
    assert statistics([[7, 8]], [[5, 5, 6]]).rare_mass == 0.0  # never seen is not rare


def test_rows_do_not_run_into_each_other():
    assert statistics([[1, 2], [3, 4]], [[1]]).distinct_2 == 1.0
    assert statistics([[1, 2], [1, 2]], [[1]]).distinct_2 == 0.5
    # 12 then 3 is not 1 then 23, as a row or as a pair
    assert statistics([[12, 3], [1, 23], [1, 2, 3]], [[123]]).duplicated_rows == 0.0


def test_empty_rows_count_as_rows():
    found = statistics([[], [], [1]], [[], [1]], real_fraction=0.25)
    assert (found.rows, found.tokens, found.distinct_2) == (3, 1, 0.0)
    assert found.duplicated_rows == pytest.approx(1 / 3)
    assert (found.copied_rows, found.real_fraction) == (1.0, 0.25)
    nothing = statistics([[]], [[]])
    assert (nothing.unigram_entropy, nothing.rare_mass, nothing.vocabulary) == (0.0, 0.0, 0)


@pytest.mark.parametrize(
    ("rows", "real", "said"),
    [
        ([], [[1]], "rows must hold at least one row, got none"),
        ([[1]], [], "real must hold at least one row, got none"),
        ([[1, -2]], [[1]], "got -2 in rows"),
        ([[1]], [[1, 2.5]], "got 2.5 in real"),
    ],
)
def test_what_is_no_text_is_refused(rows, real, said):
    with pytest.raises(ValueError, match=said):
        statistics(rows, real)
