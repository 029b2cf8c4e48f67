"""Losses of a token that count certain tokens less: truncated cross-entropy, focal loss.

A step's mean stays over all of its tokens, as cross-entropy has it, those left out included.

Source: truncated cross-entropy 2509.08972; focal loss 1708.02002.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch

from lm.mitigation.choice import Mitigation

TokenLoss = Callable[[torch.Tensor], torch.Tensor]


def token_loss(mitigation: Mitigation) -> TokenLoss:
    """What a fit minimises, as a function of the cross-entropies of tokens."""
    gamma = mitigation.gamma
    if gamma is None:
        return cross_entropy
    return partial(truncated if mitigation.objective == "truncated" else focal, gamma=gamma)


def cross_entropy(losses: torch.Tensor) -> torch.Tensor:
    """The cross-entropies themselves."""
    return losses


def truncated(losses: torch.Tensor, gamma: float) -> torch.Tensor:
    """0 for a token that the model gives a probability > gamma; that choice has no gradient.

    Example:
        >>> truncated(-torch.log(torch.tensor([0.95, 0.5])), 0.9).tolist()
        [0.0, 0.6931471824645996]
    """
    return torch.where(losses.detach() >= -math.log(gamma), losses, torch.zeros_like(losses))


def focal(losses: torch.Tensor, gamma: float) -> torch.Tensor:
    """(1 - p)^gamma times the cross-entropy -log p, the factor with its gradient.

    Example:
        >>> focal(-torch.log(torch.tensor([0.5])), 2.0).item().__round__(6)
        0.173287
    """
    missing = (-torch.expm1(-losses)).clamp_min(torch.finfo(losses.dtype).tiny)
    return missing**gamma * losses
