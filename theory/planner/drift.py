"""How far a pipeline drifts, round by round: the recursion of section 1 for any pipeline.

A model's error e_t is the mean error of the rows it is trained on: real rows err by noise alone,
rows that model s wrote by e_s and noise of their own. So e_t is a sum of independent noises, and
E |e_t|^2 the sum of squares of their coefficients. A training budget of m of N rows adds the noise
of the draw.

To leading order in the rows every row has the noise of a real one (at temperature tau, of the
model's spread): the universal v_t of section 3. For a Gaussian fitted by maximum likelihood the
spread that the fits lose is counted, too, and the same recursion is exact.

Cost: O(T^2) time and memory for T rounds.

Source: loopbound theory, sections 1 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.curve import FloatArray
from theory.planner.pipeline import LONGEST, Pipeline
from theory.workflow import whole_number


@dataclass(frozen=True, eq=False)
class Drift:
    """One pipeline over rounds 0..T, arrays of axis (round,); index 0 is the truth.

    Attributes:
        real: rows of the unit of `inflation`: one fit to the real rows of now.
        error: E |e_t|^2 in units of the variance of one row, for each parameter.
        spread: E variance of what model t writes at temperature 1, in units of the truth's.
        real_share: weight of real rows in training set t.
        trained: rows in training set t.
        kept: rows that are kept for it.
    """

    real: int
    error: FloatArray
    spread: FloatArray
    real_share: FloatArray
    trained: FloatArray
    kept: FloatArray

    @property
    def inflation(self) -> FloatArray:
        """Error in units of one fit to the real rows of now, axis (round,)."""
        return self.real * self.error


def drift(pipeline: Pipeline, rounds: int, *, finite: bool = False) -> Drift:
    """The drift over so many rounds: to leading order in the rows, or for a finite Gaussian.

    Args:
        pipeline: who trains on what; a verifier is ignored, see `verified`.
        rounds: T.
        finite: count the spread that fits lose: exact for a Gaussian fitted by maximum likelihood
            with real rows of any law, and without `weight` or not alike.

    Raises:
        ValueError: rounds < 1.

    Example:
        >>> from theory.planner.pipeline import Keep
        >>> drift(Pipeline(100, 100, Keep.EVERYTHING), 3).inflation.round(4).tolist()
        [0.0, 1.0, 1.25, 1.3611]
    """
    whole_number("rounds", rounds)
    arrivals = rounds if pipeline.real_per_round else 1
    written = np.zeros((rounds + 1, arrivals + rounds + 1))  # sums of models' batch means
    squares, error = np.zeros(rounds + 1), np.zeros(rounds + 1)  # squares: sums over batches
    spread = np.ones(rounds + 1)
    share, trained, kept = np.ones(rounds + 1), np.zeros(rounds + 1), np.zeros(rounds + 1)
    for t in range(1, rounds + 1):
        own_share, back = pipeline.real_weight(t), pipeline.rounds_kept(t)
        row = _real_part(pipeline, t, written.shape[1])
        square, oldest = own_share, t - 1 - back
        if back:
            part = (1 - own_share) / back
            row += part * (written[t - 1] - written[oldest])
            square += part * (squares[t - 1] - squares[oldest])
        pool = float(row @ row)
        rows = pipeline.real_rows(t) + pipeline.synthetic * back
        noise = _draw_noise(pipeline.budget, rows, square, pool, finite=finite)
        error[t] = pool + noise
        spread[t] = square - error[t] if finite else square
        own = pipeline.temperature * spread[t]
        written[t] = written[t - 1] + row
        written[t, arrivals + t] = np.sqrt(noise + own / pipeline.synthetic)
        squares[t] = squares[t - 1] + (own + error[t] if finite else own)
        share[t], kept[t] = own_share, rows
        trained[t] = rows if pipeline.budget is None else min(pipeline.budget, rows)
    return Drift(pipeline.real, error, spread, share, trained, kept)


def _real_part(pipeline: Pipeline, t: int, columns: int) -> FloatArray:
    """Coefficients of the real batches' noises, every row alike; batch 0, then round 2's, ..."""
    row = np.zeros(columns)
    batches, rows = pipeline.real_batches(t), pipeline.real_rows(t)
    if not rows:
        return row
    each = pipeline.real_weight(t) / rows
    row[batches.start - 1 : batches.stop - 1] = each * np.sqrt(pipeline.real_per_round)
    if 1 in batches:
        row[0] = each * np.sqrt(pipeline.real)
    return row


def _draw_noise(
    budget: int | None, rows: int, square: float, pool: float, *, finite: bool
) -> float:
    """Variance of the mean of the rows drawn, given the pool."""
    if budget is None or budget >= rows:
        return 0.0
    if finite:
        return (square - pool) * (rows - budget) / (budget * (rows - 1))
    return square * (1 / budget - 1 / rows)


def rounds_to_peak(pipeline: Pipeline) -> int:
    """Rounds among which the greatest error is to be looked for.

    With every row alike and no new real ones the error only rises, to its limit. What falls in the
    end may rise first: that is looked for up to `LONGEST` rounds.
    """
    alike = pipeline.weight is None and pipeline.real_exponent is None
    rises = alike and pipeline.window_exponent is None and not pipeline.real_per_round
    return pipeline.horizon if rises else LONGEST


def real_only(pipeline: Pipeline, rounds: int) -> FloatArray:
    """The same error for a model trained on every real row so far and on nothing else.

    Example:
        >>> from theory.planner.pipeline import Keep
        >>> real_only(Pipeline(100, 900, Keep.LATEST, real_per_round=100), 2).tolist()
        [0.0, 0.01, 0.005]
    """
    t = np.arange(1, whole_number("rounds", rounds) + 1)
    return np.append(0.0, 1 / (pipeline.real + pipeline.real_per_round * (t - 1.0)))
