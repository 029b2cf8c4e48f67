"""One of K candidates wins, with probability softmax(reward): the Bradley-Terry model of K.

Source: 2407.09499; loopbound mitigations, section 3.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def winners(
    rewards: npt.NDArray[np.float64], uniforms: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """The candidate that wins in each row: where the cumulative softmax passes the uniform.

    Args:
        rewards: axes (row, candidate); -inf never wins where another is finite.
        uniforms: in [0, 1), axis (row,).

    Raises:
        ValueError: a reward that is NaN or +inf, or a row of -inf only; quoted with its row.

    Example:
        >>> winners(np.log([[1.0, 3.0], [1.0, 3.0]]), np.array([0.24, 0.26])).tolist()
        [0, 1]
    """
    bad = np.isnan(rewards) | np.isposinf(rewards)
    if bad.any():
        row, candidate = (int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"a reward must be a number, got {rewards[row, candidate]} for candidate "
            f"{candidate + 1} of row {row + 1}"
        )
    highest = rewards.max(axis=1, keepdims=True)
    if np.isneginf(highest).any():
        row = int(np.flatnonzero(np.isneginf(highest[:, 0]))[0])
        raise ValueError(f"every candidate of row {row + 1} has the reward -inf")
    mass = np.exp(rewards - highest).cumsum(axis=1)
    level = np.minimum(uniforms * mass[:, -1], np.nextafter(mass[:, -1], 0))
    return np.asarray((mass <= level[:, None]).sum(axis=1), dtype=np.int64)
