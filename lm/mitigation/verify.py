"""The best share of the candidates is kept; a verifier that accepts too few stops the chain.

Source: 2510.16657, with a score in the place of a distance; 2406.07515.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def best(
    scores: npt.NDArray[np.float64], rows: int, *, least: float | None = None, batch: int = 1
) -> npt.NDArray[np.int64]:
    """Places of the candidates of the highest scores, in the order they were written.

    Args:
        scores: higher is better, axis (candidate,); of equal ones the earlier is better.
        rows: how many are kept.
        least: candidates below it are rejected; those whose score is no finite number always are.
        batch: number of the batch, for the message.

    Raises:
        ValueError: fewer are accepted than are wanted.

    Example:
        >>> best(np.array([0.1, 0.9, 0.5, 0.9]), 3).tolist()
        [1, 2, 3]
    """
    finite = np.isfinite(scores)
    accepted = np.flatnonzero(finite if least is None else finite & (scores >= least))
    if len(accepted) < rows:
        highest = f"{scores[finite].max():.4g}" if finite.any() else "no number"
        raise ValueError(
            f"the verifier accepts {len(accepted):,} of the {len(scores):,} candidates of batch "
            f"{batch}, and {rows:,} rows are wanted: mitigation.least_score is {least}, and the "
            f"highest score is {highest}"
        )
    order = accepted[np.argsort(-scores[accepted], kind="stable")]
    return np.sort(order[:rows])
