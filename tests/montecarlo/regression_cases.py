"""Workflows and chains that the tests of the regression engines share."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from theory.regression import RegressionChain
from theory.workflow import Workflow

Array = NDArray[np.float64]
Sizes = int | tuple[int, ...]

COVARIANCE = ((2.0, 0.5, 0.1), (0.5, 1.0, -0.3), (0.1, -0.3, 0.7))


def half_on_the_last(t: int) -> list[float]:
    """Half of the weight on the last batch, the rest in equal parts on the earlier ones."""
    return [1.0] if t == 1 else [0.5 / (t - 1)] * (t - 1) + [0.5]


def never_the_second(t: int) -> list[float]:
    """Batches weigh the same, but synthetic batch 1 is thrown away."""
    kept = [b for b in range(t) if b != 1]
    return [1 / len(kept) if b in kept else 0.0 for b in range(t)]


def workflows(n: Sizes) -> dict[str, Workflow]:
    """Every kind without subsampling; `n` sizes the synthetic batches, its first entry the real."""
    first = n[0] if isinstance(n, tuple) else n
    return {
        "replace": Workflow.replace(n),
        "accumulate": Workflow.accumulate(n),
        "window-1": Workflow.sliding_window(n, 1),
        "window-2": Workflow.sliding_window(n, 2),
        "anchored": Workflow.anchored(first, n),
        "fresh": Workflow.fresh(first, n),
        "fresh-weighted": Workflow.fresh(first, n, weight=0.3),
        "fresh-real-only": Workflow.fresh(first, n, weight=1.0),
        "custom": Workflow.custom(n, half_on_the_last),
        "custom-zeros": Workflow.custom(n, never_the_second),
    }


def subsamples(n: Sizes) -> dict[str, Workflow]:
    """Draws of fewer rows than the real batch has, of more, of all, and with replacement."""
    first = n[0] if isinstance(n, tuple) else n
    draw: Callable[..., Workflow] = Workflow.accumulate_subsample
    return {
        "subsample": draw(n),
        "subsample-few": draw(n, max(first - 2, 1)),
        "subsample-many": draw(n, first + 2),
        "subsample-everything": draw(n, 1000),
        "subsample-with-replacement": draw(n, first + 2, replacement=True),
    }


NOISE = (0.5, 1.0, 0.7)
"""A schedule: real rows, batch 1, batches 2, 3, ..."""

FITS: dict[str, dict[str, object]] = {
    "least-squares": {},
    "ridge": {"ridge": 0.3},
    "ridge-fixed": {"ridge": 0.3, "penalty": "fixed"},
    "ridge-schedule": {"ridge": (0.0, 0.3, 0.0)},
}


def chain(dim: int, design: str, fit: str, weights_norm: float = 1.5) -> RegressionChain:
    """A chain with everything that can vary, of a covariance that is not the identity."""
    covariance = COVARIANCE if dim == 3 else np.diag(np.linspace(0.5, 2.0, dim))
    return RegressionChain(
        dim,
        NOISE,
        design,
        weights_norm=weights_norm,
        covariance=covariance,
        **FITS[fit],  # type: ignore[arg-type]
    )


def table(rows: int, dim: int) -> Array:
    """A skewed, correlated design."""
    return np.asarray(np.random.default_rng(5).gamma(2.0, size=(rows, dim)) @ (np.eye(dim) + 0.2))


def small() -> Iterator[tuple[int, int, str, str]]:
    """Dimension, rows, design and fit: more rows than features, and fewer where they are drawn."""
    for design in ("fresh", "reused", "table"):
        for fit in FITS:
            yield 3, 9, design, fit
            if design != "table":
                yield 8, 2, design, fit
