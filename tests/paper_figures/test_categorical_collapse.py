"""categorical_collapse: lines against formulas written out here, and what the caption says."""

import math
import re

import numpy as np
import pytest

from paper_figures import categorical_collapse as figure
from paper_figures.series import panel
from theory.categorical import collapse_time, uniform
from theory.curve import Kind
from theory.workflow import Workflow


@pytest.fixture(scope="module")
def series():
    return figure.data()


def one(series, name, quantity, label, n):
    (found,) = (s for s in panel(series, name, quantity) if (s.label, s.n) == (label, n))
    return found


@pytest.mark.parametrize("n", figure.TIME_ROWS)
@pytest.mark.parametrize(("label", "categories"), figure.TRUTHS.items())
def test_the_times_are_those_of_a_run_without_end(series, label, categories, n):
    """What is left after 20 n fits is below 1e-6 of the time.

    Two categories left have a heterozygosity of 2 (n-1)/n^2 or more, so they are left at t with
    probability (1-1/n)^t n^2 / (2 (n-1)) at most. From t = 20 n on that sums up to e^-20 n^2 / 2,
    and the time is n or more.
    """
    exact = one(series, "time", "collapse_time", label, n).theory
    assert exact[-1] == pytest.approx(exact.limit, rel=1e-6)
    assert exact.limit == collapse_time(uniform(categories), Workflow.replace(n)).mean
    rest = 1 - 1 / categories
    limit = one(series, "time", figure.DIFFUSION, label, n).theory
    assert limit.kind is Kind.ASYMPTOTIC
    assert limit[-1] == pytest.approx(-2 * n * categories * rest * math.log(rest), rel=1e-12)
    assert exact[-1] < limit[-1]


def test_real_rows_that_stay_lose_words_once(series):
    p = 1 / np.arange(1, figure.WORDS + 1)
    kept = (1 - (1 - p / p.sum()) ** figure.N).sum()
    for label in ("accumulate", "anchored"):
        line = one(series, "words", "survivors", label, figure.N).theory
        assert line.values[1:] == pytest.approx(kept, rel=1e-12)
        assert line.limit == line[1]


def test_the_caption_states_the_gap_to_the_limit(series):
    said = re.search(r"(\d+) % at n = 4 and ([\d.]+) % at n = 128", figure.caption(series))
    gaps = {
        n: 100 * (1 - one(series, "time", "collapse_time", "10 categories", n).theory[-1]
                  / one(series, "time", figure.DIFFUSION, "10 categories", n).theory[-1])
        for n in (4, 128)
    }  # fmt: skip
    assert int(said[1]) == round(gaps[4])
    assert float(said[2]) == round(gaps[128], 1)
