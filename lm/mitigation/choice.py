"""Mitigation: what a chain does against collapse, frozen and checked.

An option that belongs to a mitigation which is not chosen is refused, so that none is ignored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from theory.workflow import share, whole_number

Verifier: TypeAlias = Literal["perplexity", "classifier", "rouge"]
Objective: TypeAlias = Literal["cross-entropy", "truncated", "focal"]
EditFrom: TypeAlias = Literal["real", "last"]
Members: TypeAlias = Literal["bootstrap", "parts", "seeds"]
REWARDS = ("perplexity", "classifier", "rouge", "length")
WORDS = ".json"  # how the name of a table of words and their rewards ends

_BELONGS = {
    "keep": "verify", "keep_growth": "verify", "least_score": "verify",
    "reward": "curate", "reward_scale": "curate",
    "top_k": "edit", "edit_from": "edit",
    "members": "ensemble",
}  # fmt: skip
_DEFAULTS = {
    "keep": 0.125, "keep_growth": 0.0, "reward_scale": 1.0, "top_k": 8, "edit_from": "real",
    "members": "bootstrap",
}  # fmt: skip


@dataclass(frozen=True)
class Mitigation:
    """What a chain does against collapse; nothing is chosen by default.

    Attributes:
        verify: what scores the candidates; rows / keep of them are written, the best are kept.
        keep: share of the candidates that is kept, in (0, 1]; default 0.125.
        keep_growth: batch t keeps the share keep (1 + keep_growth (t - 1)), at most 1; default 0.
        least_score: candidates below it are rejected, however few are left.
        verifier_share: share of the real training rows that perplexity and classifier learn from;
            default 1.
        curate: candidates a row, one of which wins with probability softmax(reward).
        reward: perplexity, classifier, rouge, length, or a .json of words and their rewards.
        reward_scale: factor on the rewards; default 1.
        edit: tokens of real rows with at least this probability are drawn again.
        top_k: from so many most probable tokens; default 8.
        edit_from: what is edited: the real batch each generation, or the batch before; default
            real.
        objective: what a fit minimises.
        gamma: truncated: tokens of a larger probability are left out, in (0, 1); focal: the
            exponent g of (1 - p)^g times cross-entropy, > 0.
        real_weight: total weight of the real rows of a fit that has both kinds, in (0, 1].
        ensemble: models a generation; each writes a row in turn.
        members: trained on bootstraps of the rows, on disjoint parts, or on all in another order;
            default bootstrap.

    Example:
        >>> Mitigation(verify="perplexity").label
        'verify-perplexity-keep-0.125'
        >>> Mitigation(verify="perplexity", keep=1.5)
        Traceback (most recent call last):
        ValueError: mitigation.keep must be in (0, 1], got 1.5
    """

    verify: Verifier | None = None
    keep: float | None = None
    keep_growth: float | None = None
    least_score: float | None = None
    verifier_share: float | None = None
    curate: int | None = None
    reward: str | None = None
    reward_scale: float | None = None
    edit: float | None = None
    top_k: int | None = None
    edit_from: EditFrom | None = None
    objective: Objective = "cross-entropy"
    gamma: float | None = None
    real_weight: float | None = None
    ensemble: int | None = None
    members: Members | None = None

    def __post_init__(self) -> None:
        self._check_together()
        for name, owner in _BELONGS.items():
            if getattr(self, owner) is not None and getattr(self, name) is None:
                object.__setattr__(self, name, _DEFAULTS.get(name))
        if self.learns and self.verifier_share is None:
            object.__setattr__(self, "verifier_share", 1.0)
        self._check_values()

    def _check_together(self) -> None:
        """Refuse options without their mitigation, and mitigations that exclude each other."""
        for name, owner in _BELONGS.items():
            if getattr(self, name) is not None and getattr(self, owner) is None:
                told = getattr(self, name)
                raise ValueError(f"mitigation.{name} goes with {owner}, got {told!r} without it")
        if self.verifier_share is not None and not self.learns:
            raise ValueError(
                "mitigation.verifier_share goes with a verifier or reward perplexity or "
                f"classifier, got {self.verifier_share!r} without one"
            )
        chosen = [n for n in ("verify", "curate", "edit") if getattr(self, n) is not None]
        if len(chosen) > 1:
            raise ValueError(
                f"mitigation takes one of verify, curate and edit: each makes the batch, got "
                f"{' and '.join(chosen)}"
            )
        if self.curate is not None and self.reward is None:
            raise ValueError(f"mitigation.curate needs a reward, got curate={self.curate} alone")
        if (self.gamma is None) != (self.objective == "cross-entropy"):
            raise ValueError(
                f"mitigation.gamma goes with loss truncated or focal, got gamma={self.gamma} and "
                f"{self.objective!r}"
            )

    def _check_values(self) -> None:
        for name in ("keep", "verifier_share", "real_weight", "edit"):
            if getattr(self, name) is not None:
                share(f"mitigation.{name}", getattr(self, name))
        for name in ("curate", "top_k", "ensemble"):
            if getattr(self, name) is not None:
                whole_number(f"mitigation.{name}", getattr(self, name))
        for name in ("least_score", "reward_scale"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueError(f"mitigation.{name} must be finite, got {value!r}")
        growth = self.keep_growth
        if growth is not None and not 0 <= growth < math.inf:
            raise ValueError(f"mitigation.keep_growth must be >= 0 and finite, got {growth!r}")
        if self.reward is not None and self.reward not in REWARDS and not self.words:
            raise ValueError(
                f"unknown reward {self.reward!r}: choose from {', '.join(REWARDS)}, or a "
                f"{WORDS} of words and their rewards"
            )
        gamma = self.gamma
        if gamma is not None:
            if self.objective == "truncated" and not 0 < gamma < 1:
                raise ValueError(f"mitigation.gamma must be in (0, 1), got {gamma!r}")
            if not 0 < gamma < math.inf:
                raise ValueError(f"mitigation.gamma must be > 0 and finite, got {gamma!r}")

    @property
    def words(self) -> bool:
        """True where the reward is a table of words."""
        return self.reward is not None and self.reward.endswith(WORDS)

    @property
    def scorer(self) -> str | None:
        """What scores the candidates; None where none are."""
        return self.verify or self.reward

    @property
    def learns(self) -> bool:
        """True where what scores the candidates has to learn from real rows."""
        return self.scorer in ("perplexity", "classifier")

    @property
    def nothing(self) -> bool:
        """True of a control, such as `Mitigation()`."""
        return not self.label

    @property
    def label(self) -> str:
        """Its part of the name of a folder and of a curve; empty for a control."""
        shown = {
            "verify": self.verify, "keep": self.keep, "keep-growth": self.keep_growth or None,
            "least": self.least_score, "curate": self.curate, "reward": self._short_reward,
            "scale": None if self.reward_scale == 1 else self.reward_scale,
            "share": None if self.verifier_share == 1 else self.verifier_share,
            "edit": self.edit, "top-k": self.top_k,
            "from": None if self.edit_from == "real" else self.edit_from,
            "loss": None if self.objective == "cross-entropy" else self.objective,
            "gamma": self.gamma, "real-weight": self.real_weight, "ensemble": self.ensemble,
            "of": self.members,
        }  # fmt: skip
        return "-".join(f"{name}-{value}" for name, value in shown.items() if value is not None)

    @property
    def _short_reward(self) -> str | None:
        """The reward without the folders of its file."""
        return None if self.reward is None else self.reward.replace("\\", "/").rsplit("/", 1)[-1]

    def candidates(self, rows: int, generation: int) -> int:
        """Candidates that are written for a batch of so many rows.

        Example:
            >>> Mitigation(verify="rouge", keep_growth=0.1).candidates(100, 3)  # keeps 0.15
            667
            >>> Mitigation(curate=4, reward="length").candidates(100, 1)
            400
        """
        if self.keep is not None:
            kept = min(1.0, self.keep * (1 + (self.keep_growth or 0.0) * (generation - 1)))
            return math.ceil(round(rows / kept, 6))
        return rows * (self.curate or 1)
