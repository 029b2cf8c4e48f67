"""The helpers of the Gaussian kernels against numpy, in plain Python; the kernels without numba.

The bounds are those of backward-stable sums: p eps for a sum of p products, times their size.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chi2

from montecarlo import blocks
from montecarlo.gaussian import rows as kernels
from tests.montecarlo.small_runs import FAMILIES

Array = NDArray[np.float64]

ROOT = Path(__file__).parents[2]
EPS = float(np.finfo(np.float64).eps)

dims = st.integers(1, 6)
seeds = st.integers(0, 2**32 - 1)  # of the shapes' contents, for properties that always hold


def plain(kernel: Any) -> Callable[..., Any]:
    """Return the Python function behind a kernel, which it is itself when numba is off."""
    function: Callable[..., Any] = getattr(kernel, "py_func", kernel)
    return function


def lower(matrix: Array) -> Array:
    return np.asarray(np.tril(matrix))


def factor_of(dim: int, rank: int, seed: int) -> Array:
    """Return a lower triangle whose columns from ``rank`` on are zero."""
    factor = lower(np.random.default_rng(seed).standard_normal((dim, dim)))
    factor[np.diag_indices(dim)] = 0.5 + np.abs(np.diag(factor))
    factor[:, rank:] = 0.0
    return factor


def close(result: Array, expected: Array, operations: int, size: float) -> bool:
    return bool(np.abs(result - expected).max() <= operations * EPS * size)


# --- statistics of rows -----------------------------------------------------------------------


@given(dim=dims, rows=st.integers(1, 13), seed=seeds)
def test_scatter_is_the_mean_of_outer_products(dim: int, rows: int, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((15, dim))
    out = np.full((dim, dim), np.nan)
    plain(kernels.scatter)(x, rows, out)
    expected = x[:rows].T @ x[:rows] / rows
    assert close(lower(out), lower(expected), rows + 4, float((x[:rows] ** 2).sum()))


@given(dim=dims, rows=st.integers(1, 13), seed=seeds)
def test_centre_subtracts_the_mean_of_the_rows_asked_for(dim: int, rows: int, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((15, dim)) + 3
    before, mean = x.copy(), np.full(dim, np.nan)
    plain(kernels.centre)(x, rows, mean)
    size = float(np.abs(before).sum())
    assert close(mean, before[:rows].mean(axis=0), rows + 2, size)
    assert close(x[:rows], before[:rows] - before[:rows].mean(axis=0), rows + 2, size)
    np.testing.assert_array_equal(x[rows:], before[rows:])


def test_rows_of_a_table_are_the_rows_the_stream_names() -> None:
    table = np.arange(14.0).reshape(7, 2)
    out = np.zeros((30, 2))
    plain(kernels.draw_rows)(blocks.generator(1, 1, 0), table, 25, out)
    stream = blocks.generator(1, 1, 0)
    expected = [table[int(stream.random() * 7)] for _ in range(25)]
    np.testing.assert_array_equal(out[:25], expected)
    np.testing.assert_array_equal(out[25:], 0.0)


def test_rows_without_a_table_are_the_normals_of_the_stream_in_order() -> None:
    out = np.zeros((30, 3))
    plain(kernels.draw_rows)(blocks.generator(1, 1, 0), np.empty((0, 3)), 25, out)
    expected = blocks.generator(1, 1, 0).standard_normal((25, 3))
    np.testing.assert_array_equal(out[:25], expected)
    np.testing.assert_array_equal(out[25:], 0.0)


# --- factors ----------------------------------------------------------------------------------


def factored(a: Array, scale: float, rank: int, mean: Array | None = None) -> Array:
    """Return the kernel's Cholesky factor, written over old contents."""
    out = np.full_like(a, 7.0)
    about = np.zeros(len(a)) if mean is None else mean
    plain(kernels.cholesky)(lower(a), scale, rank, False, about, out)
    return lower(out)


@given(dim=dims, scale=st.floats(0.01, 100), seed=seeds)
def test_cholesky_of_full_rank_is_numpys(dim: int, scale: float, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((dim + 8, dim))
    a = x.T @ x
    out = factored(a, scale, dim)
    expected = np.linalg.cholesky(scale * a)
    condition = float(np.linalg.cond(a))
    assert close(out, expected, 10 * dim * dim, condition * float(np.abs(expected).max()))


@given(dim=st.integers(2, 6), rank=st.integers(0, 5), seed=seeds)
def test_cholesky_with_a_known_rank_keeps_that_many_columns(dim: int, rank: int, seed: int) -> None:
    """Whatever rounding left in the later pivots: the columns beyond the rank are exactly zero."""
    rank = min(rank, dim)
    factor = factor_of(dim, rank, seed)
    out = factored(factor @ factor.T, 1.0, rank)
    np.testing.assert_array_equal(out[:, rank:], 0.0)
    condition = np.linalg.cond(factor[:rank, :rank]) ** 2 if rank else 1.0
    size = condition * float(np.abs(factor).max())
    assert close(out, factor, 10 * dim * dim, size)


def test_cholesky_skips_a_null_pivot_in_the_middle() -> None:
    """Column 1 is twice column 0, exactly: pivot 1 is null, column 2 is not."""
    basis = np.array([[1.0, 2.0, 0.5], [0.0, 0.0, 3.0]])
    out = factored(basis.T @ basis, 1.0, 3)
    np.testing.assert_array_equal(out, [[1, 0, 0], [2, 0, 0], [0.5, 0, 3]])


def test_cholesky_of_zero_is_zero() -> None:
    np.testing.assert_array_equal(factored(np.zeros((3, 3)), 1.0, 3), 0.0)


@given(exponent=st.integers(-300, 300))
def test_cholesky_does_not_depend_on_the_unit(exponent: int) -> None:
    """A direction is null relative to its own variance and to the mean, not absolutely."""
    a, mean = np.array([[4.0, 0.0], [2.0, 3.0]]), np.array([5.0, -7.0])
    out = factored(a * 4.0**exponent, 1.0, 2, mean * 2.0**exponent)
    np.testing.assert_array_equal(out / 2.0**exponent, [[2, 0], [1, np.sqrt(2)]])


@given(value=st.floats(1e-100, 1e100), rows=st.integers(1, 50), scale=st.floats(1, 2))
def test_equal_rows_have_no_spread(value: float, rows: int, scale: float) -> None:
    """The mean of equal rows is off by its rounding, which is not a variance."""
    x, mean, a = np.full((rows, 1), value), np.empty(1), np.empty((1, 1))
    plain(kernels.centre)(x, rows, mean)
    plain(kernels.scatter)(x, rows, a)
    np.testing.assert_array_equal(factored(a, scale, 1, mean), 0.0)


@given(
    dim=dims, width=st.integers(0, 6), rank=st.integers(1, 6), scale=st.floats(0.1, 1), seed=seeds
)
def test_lower_product_multiplies_lower_triangles(
    dim: int, width: int, rank: int, scale: float, seed: int
) -> None:
    """Of the product only the columns that can differ from zero are written."""
    width, rank = min(width, dim), min(rank, dim)
    a, b = factor_of(dim, width, seed), factor_of(dim, rank, seed + 1)
    out = np.full((dim, dim), 7.0)
    plain(kernels.lower_product)(a, width, b, rank, scale, out)
    size = float(np.abs(a).sum() * np.abs(b).sum())
    assert close(lower(out)[:, :rank], (scale * a @ b)[:, :rank], dim + 2, size)
    np.testing.assert_array_equal(out[:, rank:], 7.0)


@given(dim=dims, rank=st.integers(0, 6), seed=seeds)
def test_gram_undoes_the_factor(dim: int, rank: int, seed: int) -> None:
    factor = factor_of(dim, min(rank, dim), seed)
    out = np.full((dim, dim), 7.0)
    plain(kernels.gram)(factor, min(rank, dim), out)
    assert close(lower(out), lower(factor @ factor.T), dim + 2, float((factor**2).sum()))


# --- batches together -------------------------------------------------------------------------


def moments(x: Array) -> tuple[Array, Array]:
    return x.mean(axis=0), np.atleast_2d(np.cov(x, rowvar=False, ddof=0))


@given(dim=dims, seed=seeds, many=st.integers(2, 9), few=st.integers(2, 9))
def test_put_merges_two_batches_as_one(dim: int, seed: int, many: int, few: int) -> None:
    x = np.random.default_rng(seed).standard_normal((many + few, dim))
    slot_mean, slot_scatter = moments(x[:many])
    mean, new = moments(x[many:])
    plain(kernels.put)(slot_mean, slot_scatter, mean, lower(new), few / (many + few))
    together = moments(x)
    size = float((x**2).sum())
    assert close(slot_mean, together[0], 8, float(np.abs(x).sum()))
    assert close(lower(slot_scatter), lower(together[1]), 16, size)


@given(dim=dims, seed=seeds)
def test_put_with_share_one_overwrites_exactly(dim: int, seed: int) -> None:
    """What the slot held leaves no trace, not even a rounding."""
    mean, new = moments(np.random.default_rng(seed).standard_normal((9, dim)))
    slot_mean, slot_scatter = np.ones(dim), np.ones((dim, dim)) * 1e300
    plain(kernels.put)(slot_mean, slot_scatter, mean, lower(new), 1.0)
    np.testing.assert_array_equal(slot_mean, mean)
    np.testing.assert_array_equal(lower(slot_scatter), lower(new))


@given(dim=dims, seed=seeds, slots=st.integers(1, 5))
def test_pool_is_the_weighted_average_of_rows(dim: int, seed: int, slots: int) -> None:
    """Slots of weight zero are not looked at, whatever they hold."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((slots, 7, dim)) + rng.standard_normal((slots, 1, dim))
    weights = rng.dirichlet(np.ones(slots))
    means, scatters = map(np.array, zip(*map(moments, x), strict=True))
    blind = np.r_[weights, 0.0]
    means = np.concatenate([means, np.full((1, dim), np.nan)])
    scatters = np.concatenate([lower(scatters), np.full((1, dim, dim), np.nan)])
    mean, out = np.empty(dim), np.empty((dim, dim))
    plain(kernels.pool)(blind, means, scatters, mean, out)
    rows, shares = x.reshape(-1, dim), np.repeat(weights / 7, 7)
    expected = np.average(rows, axis=0, weights=shares)
    covariance = np.atleast_2d(np.cov(rows, rowvar=False, ddof=0, aweights=shares))
    assert close(mean, expected, slots + 9, float(np.abs(x).sum()))
    assert close(lower(out), lower(covariance), slots + 16, float((x**2).sum()))


# --- draws ------------------------------------------------------------------------------------


@pytest.mark.parametrize("replacement", [False, True])
def test_choose_copies_the_rows_it_draws(replacement: bool) -> None:
    """And says how many different ones there are, whatever it was used for before."""
    x, stream = np.arange(10.0)[:, None] * [1.0, 10.0], blocks.generator(1, 1, 0)
    stamps = np.zeros(10, dtype=np.int64)
    for stamp in range(1, 200):
        out = np.full((4, 2), np.nan)
        different = plain(kernels.choose)(stream, x, 8, 4, replacement, stamps, stamp, out)
        np.testing.assert_array_equal(out[:, 1], 10 * out[:, 0])
        assert (out[:, 0] < 8).all()
        assert different == len(set(out[:, 0]))
        assert different == 4 or replacement
        assert sorted(x[:, 0]) == list(range(10)), "the pool still holds every row once"
        np.testing.assert_array_equal(x[8:, 0], [8, 9])


def test_choosing_everything_uses_no_variate() -> None:
    stream, x, out = blocks.generator(1, 1, 0), np.arange(5.0)[:, None], np.empty((5, 1))
    stamps = np.zeros(5, dtype=np.int64)
    assert plain(kernels.choose)(stream, x, 5, 5, False, stamps, 1, out) == 5
    np.testing.assert_array_equal(out, x)
    assert stream.random() == blocks.generator(1, 1, 0).random()


@pytest.mark.parametrize("replacement", [False, True])
def test_choose_is_uniform_over_samples(replacement: bool) -> None:
    """Chi-square over ordered pairs drawn from 5 rows, from a pool that stays shuffled.

    Fails falsely with probability 1e-6.  With 40,000 draws, pair probabilities that are wrong by
    6 % (root mean square) have a noncentrality of 144 and are missed with probability below 1e-3.
    """
    stream, x, out = blocks.generator(7, 1, 0), np.arange(5.0)[:, None], np.empty((2, 1))
    counts, stamps = np.zeros((5, 5)), np.zeros(5, dtype=np.int64)
    for stamp in range(1, 40_001):
        kernels.choose(stream, x, 5, 2, replacement, stamps, stamp, out)
        counts[int(out[0, 0]), int(out[1, 0])] += 1
    possible = np.ones((5, 5), dtype=bool) if replacement else ~np.eye(5, dtype=bool)
    assert (counts[~possible] == 0).all()
    expected = 40_000 / possible.sum()
    statistic = ((counts[possible] - expected) ** 2 / expected).sum()
    assert statistic < chi2.isf(1e-6, possible.sum() - 1)


# --- the kernels in another numba -------------------------------------------------------------


def elsewhere(path: Path, family: str, **environment: str) -> dict[str, Array]:
    """Return the results of small_runs.py in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.montecarlo.small_runs", family, str(path)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,  # ten times what a busy machine takes
    )
    assert done.returncode == 0, done.stderr
    with np.load(path) as found:
        return dict(found)


@cache
def compiled_here(family: str) -> dict[str, Array]:
    """Two tests compare with it."""
    return FAMILIES[family]()


@pytest.mark.parametrize("family", FAMILIES)
def test_kernels_without_numba_agree(family: str, tmp_path: Path) -> None:
    """Plain Python rounds as the compiled code does, but for fused operations and numpy's svd.

    There new memory is NaN: a kernel that reads it before it writes it is found.
    """
    interpreted = elsewhere(tmp_path / "found.npz", family, NUMBA_DISABLE_JIT="1")
    compiled = compiled_here(family)
    assert compiled.keys() == interpreted.keys()
    for name, values in compiled.items():
        np.testing.assert_allclose(interpreted[name], values, rtol=1e-12, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_kernel_reads_or_writes_out_of_bounds(family: str, tmp_path: Path) -> None:
    """Compiled with every index checked, in a cache of its own, the results are the same bits.

    Without optimisation: two thirds of the time, and it changes none of them.
    """
    cache = str(tmp_path / "cache")
    checked = elsewhere(
        tmp_path / "found.npz", family,
        NUMBA_BOUNDSCHECK="1", NUMBA_OPT="0", NUMBA_CACHE_DIR=cache,
    )  # fmt: skip
    for name, values in compiled_here(family).items():
        np.testing.assert_array_equal(checked[name], values, err_msg=name)
