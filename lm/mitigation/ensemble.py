"""Several models a generation: what each trains on, and how well the rows they write together fit.

Source: 2305.09235; loopbound mitigations, section 7: seeds alone add little spread between models.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lm.batches import Rows
from lm.corpus import MEMBERS, stream
from lm.mitigation.choice import Mitigation


def rows_of_members(rows: Rows, mitigation: Mitigation, seed: int, generation: int) -> list[Rows]:
    """The rows of each model of a generation; the rows themselves where there is no ensemble.

    Raises:
        ValueError: more disjoint parts than rows.
    """
    models = mitigation.ensemble or 1
    if mitigation.ensemble is None or mitigation.members == "seeds":
        return [rows] * models
    if mitigation.members == "parts":
        if models > len(rows):
            raise ValueError(
                f"mitigation.ensemble must be at most the {len(rows):,} rows of a fit for disjoint "
                f"parts, got {models}"
            )
        order = stream(MEMBERS, seed, generation).permutation(len(rows))
        return [_chosen(rows, np.sort(order[member::models])) for member in range(models)]
    return [
        _chosen(rows, stream(MEMBERS, seed, generation, member).integers(len(rows), size=len(rows)))
        for member in range(models)
    ]


def mixture_nats(nats: npt.NDArray[np.float64]) -> float:
    """-log likelihood of rows under the mixture that writes each of them with one of the models.

    Args:
        nats: -log likelihood of every row under every model, axes (model, row).

    Example:
        >>> mixture_nats(np.log([[2.0, 2.0], [2.0, 2.0]])).__round__(6)
        1.386294
    """
    return float(-np.logaddexp.reduce(-nats, axis=0).sum() + nats.shape[1] * math.log(len(nats)))


def _chosen(rows: Rows, chosen: Sequence[int] | npt.NDArray[np.int64]) -> Rows:
    tokens = [rows.tokens[row] for row in chosen]
    return Rows(tokens, rows.prompts[chosen], rows.weights[chosen])
