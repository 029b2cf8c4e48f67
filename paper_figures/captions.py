"""What a caption says of the points, counted from them: a caption states no number by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paper_figures.series import FloatArray, Series
from paper_figures.style import BARS


def runs(series: Sequence[Series]) -> str:
    """How many runs are behind every point: "6,144 runs", or "500 to 20,000 runs"."""
    counts = {point.replicates for line in series for point in line.points}
    fewest, most = min(counts), max(counts)
    return f"{fewest:,} runs" if fewest == most else f"{fewest:,} to {most:,} runs"


def agreement(series: Sequence[Series]) -> str:
    """How far the points with an error bar are from their lines, in one sentence."""
    found = [deviations for line in series if len(deviations := _deviations(line))]
    z = np.abs(np.concatenate(found))
    return (
        f"Of {len(z)} points on {len(found)} lines {100 * np.mean(z <= BARS):.0f} % lie within "
        f"{BARS:g} standard errors of theirs, the farthest at {z.max():.1f}; points on one line "
        f"share their runs and err together."
    )


def _deviations(line: Series) -> FloatArray:
    """(simulation - theory) / standard error, axis (point,), of the points that have an error."""
    at, mean, error = line.measured
    known = error > 0
    gap: FloatArray = (mean - line.theory.values[at.astype(int)])[known]
    return gap / error[known]
