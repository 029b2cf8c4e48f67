"""A training pipeline as a team would describe it: rows, what is kept, how it is trained on.

Round 1 trains on the real rows of now. Every later round t trains on rows that earlier models
wrote, and on what real rows it has; then its model writes `synthetic` rows for the rounds to come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from theory.phases import window
from theory.workflow import Workflow, whole_number

LONGEST = 1_000
"""Rounds of the longest horizon."""

MOST_ROWS = 10**15


class Keep(Enum):
    """Which rounds' rows a training set may use: every one, the last few, or the latest."""

    EVERYTHING = "everything"
    LAST = "last"
    LATEST = "latest"


def number(name: str, value: Any, least: float, most: float, *, open_below: bool = False) -> float:
    """`value` as a float in [least, most], or (least, most]; else a ValueError that quotes it."""
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if fits and least <= value <= most and not (open_below and value == least):
        return float(value)
    if math.isinf(most):
        told = f"{'>' if open_below else '>='} {least:g}"
    else:
        told = f"in {'(' if open_below else '['}{least:g}, {most:g}]"
    raise ValueError(f"{name} must be a number {told}, got {value!r}")


@dataclass(frozen=True)
class Verifier:
    """A judge that lets a synthetic label pass if it is close to what the judge expects.

    Attributes:
        bias: how far its expectation is from the truth, in standard deviations of label noise.
        width: how far a label may be from its expectation, in the same unit: less is stricter.
    """

    bias: float
    width: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "bias", number("verifier_bias", self.bias, 0, 6))
        width = number("verifier_width", self.width, 0, 10, open_below=True)
        object.__setattr__(self, "width", width)


@dataclass(frozen=True)
class Prices:
    """What a row costs: by default in units of one new real row.

    Attributes:
        real: to obtain a real row.
        generated: to have a model write a row.
        verified: to have a verifier judge a row.
        trained: to train on a row once.
        stored: to keep a row for one round.
    """

    real: float = 1.0
    generated: float = 0.01
    verified: float = 0.01
    trained: float = 0.001
    stored: float = 0.0001

    def __post_init__(self) -> None:
        for name in ("real", "generated", "verified", "trained", "stored"):
            price = number(f"price_{name}", getattr(self, name), 0, 1e12)
            object.__setattr__(self, name, price)


@dataclass(frozen=True)
class Pipeline:
    """Who trains on what, round after round, and how much drift is tolerated.

    Attributes:
        real: real rows that round 1 trains on.
        synthetic: rows that a model writes each round.
        keep: everything, the last `window` rounds, or the latest round only.
        window: rounds kept with keep = last.
        real_per_round: new real rows each round from round 2 on.
        keep_real: real rows stay for ever, whatever is dropped of the others.
        budget: rows trained on, drawn from what is kept; None for all of it.
        weight: total weight of the real rows from round 2 on; None weighs every row alike.
        temperature: of sampling, as the share of the variance that a model's rows have.
        verifier: of synthetic rows, None for none.
        parameters: effective number of parameters, None if unknown.
        horizon: rounds looked ahead, at most 1,000.
        tolerance: tolerated error, as a multiple of that of one fit to the real rows of now; the
            diversity of the model's rows may leave the truth's by the same factor.
        window_exponent: instead of `window`, the last t^a rounds at round t.
        real_exponent: instead of `weight`, t^-b on the real rows at round t.
        prices: by which changes are ranked.

    Raises:
        ValueError: a value out of range, or two that contradict each other; says which, and what
            would be consistent.

    Example:
        >>> Pipeline(real=1000, synthetic=1000, keep="latest").horizon
        12
        >>> Pipeline(real=1000, synthetic=1000, keep="last")
        Traceback (most recent call last):
        ValueError: keep=last needs window, the number of rounds kept, got none
    """

    real: int
    synthetic: int
    keep: Keep
    window: int | None = None
    real_per_round: int = 0
    keep_real: bool = False
    budget: int | None = None
    weight: float | None = None
    temperature: float = 1.0
    verifier: Verifier | None = None
    parameters: int | None = None
    horizon: int = 12
    tolerance: float = 1.5
    window_exponent: float | None = None
    real_exponent: float | None = None
    prices: Prices = field(default_factory=Prices)

    def __post_init__(self) -> None:
        self._check_values()
        self._check_window()
        self._check_powers()
        self._check_real_rows()
        self._check_verifier()

    def _check_values(self) -> None:
        names = [keep.value for keep in Keep]
        if not isinstance(self.keep, Keep) and self.keep not in names:
            raise ValueError(f"keep must be one of {', '.join(names)}, got {self.keep!r}")
        object.__setattr__(self, "keep", Keep(self.keep))
        least = {"real_per_round": 0}
        for name in ("real", "synthetic", "real_per_round", "window", "budget", "parameters"):
            value = getattr(self, name)
            if value is not None or name in ("real", "synthetic", "real_per_round"):
                rows = whole_number(name, value, least.get(name, 1))
                if rows > MOST_ROWS:
                    raise ValueError(f"{name} must be at most 1e15, got {value!r}")
                object.__setattr__(self, name, rows)
        if whole_number("horizon", self.horizon, 2) > LONGEST:
            raise ValueError(f"horizon must be at most {LONGEST} rounds, got {self.horizon!r}")
        if not isinstance(self.keep_real, bool):
            raise ValueError(f"keep_real must be true or false, got {self.keep_real!r}")
        for name, least_of, most in (
            ("weight", 0, 1), ("temperature", 0, 2), ("tolerance", 1, 1e6),
            ("real_exponent", 0, 10),
        ):  # fmt: skip
            value = getattr(self, name)
            if value is not None:
                value = number(name, value, least_of, most, open_below=True)
                object.__setattr__(self, name, value)
        if self.window_exponent is not None:
            a = number("window_exponent", self.window_exponent, 0, 1)
            object.__setattr__(self, "window_exponent", a)

    def _check_window(self) -> None:
        if self.keep is not Keep.LAST:
            for name in ("window", "window_exponent"):
                if getattr(self, name) is not None:
                    raise ValueError(
                        f"{name}={getattr(self, name)} goes with keep=last, got "
                        f"keep={self.keep.value}"
                    )
        elif self.window is None and self.window_exponent is None:
            raise ValueError("keep=last needs window, the number of rounds kept, got none")
        elif self.window is not None and self.window_exponent is not None:
            raise ValueError(
                f"window={self.window} and window_exponent={self.window_exponent:g}: give one"
            )

    def _check_powers(self) -> None:
        powers = [n for n in ("window_exponent", "real_exponent") if getattr(self, n) is not None]
        if powers and self.real_per_round:
            raise ValueError(
                f"{powers[0]}={getattr(self, powers[0]):g} is solved without new real rows, got "
                f"real_per_round={self.real_per_round}: set one of them to none"
            )
        if powers and self.temperature != 1:
            raise ValueError(
                f"{powers[0]}={getattr(self, powers[0]):g} is solved at temperature 1, got "
                f"temperature={self.temperature:g}: leave out one of them"
            )

    def _check_real_rows(self) -> None:
        if self.keep is Keep.EVERYTHING:
            object.__setattr__(self, "keep_real", True)
        stay = self.keep_real or self.real_per_round > 0
        for name in ("weight", "real_exponent"):
            value = getattr(self, name)
            if value is not None and not stay:
                raise ValueError(
                    f"{name}={value:g} weighs real rows, but none are trained on after "
                    f"round {self.window or 1}: add keep_real, real_per_round >= 1 or "
                    f"keep=everything"
                )
        if self.weight is not None and self.real_exponent is not None:
            raise ValueError(
                f"weight={self.weight:g} and real_exponent={self.real_exponent:g}: give one"
            )
        if self.budget is not None and (self.weight or self.real_exponent):
            raise ValueError(
                f"budget={self.budget} draws every row alike, so it takes no weight: leave out "
                f"the budget, or the weight"
            )
        if self.budget is not None and self.parameters is not None:
            self._enough("budget", self.budget)
        if self.parameters is not None:
            self._enough("real", self.real)

    def _enough(self, name: str, rows: int) -> None:
        assert self.parameters is not None
        if rows <= self.parameters + 1:
            raise ValueError(
                f"{name}={rows} rows do not determine parameters={self.parameters}: give at "
                f"least {self.parameters + 2} rows, or a smaller effective number of parameters"
            )

    def _check_verifier(self) -> None:
        if self.verifier is None:
            return
        names = ("budget", "weight", "real_exponent", "keep_real", "real_per_round")
        others = [f"{name}={getattr(self, name)}" for name in names if getattr(self, name)]
        if self.keep is not Keep.LATEST:
            others = [f"keep={self.keep.value}"]
        if others:
            raise ValueError(
                f"a verifier is solved for keep=latest with neither real rows after round 1 nor "
                f"weight or budget, got {', '.join(others)}: leave that out, or verifier_bias and "
                f"verifier_width"
            )
        if self.temperature != 1:
            raise ValueError(
                f"a verifier is solved at temperature 1, got temperature={self.temperature:g}"
            )

    # --- what a round sees -----------------------------------------------------------------

    def rounds_kept(self, t: int) -> int:
        """Rounds whose synthetic rows training set t may use, as many as there are."""
        if self.keep is Keep.LATEST:
            return min(1, t - 1)
        if self.keep is Keep.EVERYTHING:
            return t - 1
        if self.window_exponent is not None:
            return min(window(self.window_exponent, t), t - 1)
        assert self.window is not None
        return min(self.window, t - 1)

    def real_batches(self, t: int) -> range:
        """Rounds whose real rows training set t may use; round 1's are those of now.

        Rows that are not kept for ever leave as the synthetic ones do; those that arrive just
        before fit t count as its own round's.
        """
        back = t
        if not self.keep_real:
            back = self.window or 1
            if self.window_exponent is not None:
                back = window(self.window_exponent, t)
        oldest = max(1, t - back + 1)
        return range(oldest, t + 1) if self.real_per_round else range(oldest, 2)

    def real_rows(self, t: int) -> int:
        """Real rows that training set t may use."""
        batches = self.real_batches(t)
        later = len(batches) - (1 in batches)
        return self.real * (1 in batches) + self.real_per_round * later

    def real_weight(self, t: int) -> float:
        """Total weight of the real rows in training set t."""
        written, real = self.synthetic * self.rounds_kept(t), self.real_rows(t)
        if t == 1:
            return 1.0
        if self.real_exponent is not None:
            return math.pow(t, -self.real_exponent)
        if self.weight is not None and written:
            return self.weight
        return real / (real + written)

    @property
    def real_for_ever(self) -> bool:
        """Whether every training set has real rows."""
        return self.keep_real or self.real_per_round > 0

    @property
    def workflow(self) -> Workflow | None:
        """The same as a `Workflow`, None where that has no such constructor."""
        arrives, sizes = self.real_per_round > 0, (self.real, self.synthetic)
        if self.real_exponent is not None or self.window_exponent is not None:
            return None
        if self.keep is Keep.EVERYTHING and not arrives and self.weight is None:
            if self.budget is None:
                return Workflow.accumulate(sizes)
            return Workflow.accumulate_subsample(sizes, self.budget)
        if self.budget is not None or self.keep is Keep.EVERYTHING:
            return None
        if self.keep is Keep.LAST and self.window != 1:
            assert self.window is not None
            plain = not self.keep_real and not arrives
            return Workflow.sliding_window(sizes, self.window) if plain else None
        if self.keep_real and not arrives and self.weight is None:
            return Workflow.anchored(self.real, self.synthetic)
        if arrives and not self.keep_real and self.real == self.real_per_round:
            return Workflow.fresh(self.real, self.synthetic, self.weight)
        return Workflow.replace(sizes) if not self.real_for_ever else None
