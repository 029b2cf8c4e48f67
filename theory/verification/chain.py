"""The verified chain's specification: a linear regression whose labels a verifier must accept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from theory.workflow import UnsupportedWorkflow, Workflow, WorkflowKind, whole_number

FloatArray = npt.NDArray[np.float64]

COUNTS = ("accepted", "generated")
FARTHEST = 6.0  # standard deviations from the truth to the edge of what is accepted: 1e-9 of rows

_POOLED = (
    WorkflowKind.REPLACE,
    WorkflowKind.ACCUMULATE,
    WorkflowKind.SLIDING_WINDOW,
    WorkflowKind.ANCHORED,
    WorkflowKind.FRESH,
)


@dataclass(frozen=True)
class VerifiedChain:
    """Least squares on labels y = x'theta* + noise, refitted to labels that a verifier accepts.

    Everything happens along the orthonormal directions v_j of the real design. The real fit has
    v_j'(theta_1 - theta*) ~ N(0, noise^2/mu_j^2). A synthetic batch repeats every v_j; the verifier
    keeps a row (v_j, y) iff |y - v_j'theta_c| <= radius + slack.

    Attributes:
        singular_values: mu_j of the real design, each > 0: mu_j^2 counts as rows of direction j.
        radius: of the verifier's ball around theta_c, > 0; inf verifies nothing.
        centre: v_j'(theta_c - theta*), the verifier's bias, one a direction or one for all.
        noise: standard deviation sigma of a label, > 0.
        slack: sigma_c, what the verifier allows for noise, >= 0.
        counts: a workflow's rows a batch are rows 'accepted' in each direction, or rows 'generated'
            in each, of which the accepted ones are trained on; a direction without any keeps its
            weight.

    Raises:
        ValueError: quoting the value that is out of range.

    Example:
        >>> chain = VerifiedChain((4.0, 5.0), radius=1.0, centre=0.3)
        >>> chain.half_width, chain.centres
        (1.0, (0.3, 0.3))
        >>> VerifiedChain((4.0,), radius=0.0)
        Traceback (most recent call last):
        ValueError: radius must be > 0, got 0.0
    """

    singular_values: Sequence[float]
    radius: float
    centre: float | Sequence[float] = 0.0
    noise: float = 1.0
    slack: float = 0.0
    counts: str = "accepted"

    def __post_init__(self) -> None:
        values = _finite("singular_values", self.singular_values)
        for value in values:
            if not value > 0:
                raise ValueError(f"singular_values must be > 0, got {value!r}")
        object.__setattr__(self, "singular_values", values)
        if not (_is_number(self.radius) and self.radius > 0):
            raise ValueError(f"radius must be > 0, got {self.radius!r}")
        if not (_is_number(self.noise) and 0 < self.noise < math.inf):
            raise ValueError(f"noise must be finite and > 0, got {self.noise!r}")
        if not (_is_number(self.slack) and 0 <= self.slack < math.inf):
            raise ValueError(f"slack must be finite and >= 0, got {self.slack!r}")
        if self.counts not in COUNTS:
            raise ValueError(f"counts must be one of {', '.join(COUNTS)}, got {self.counts!r}")
        for name in ("radius", "noise", "slack"):
            object.__setattr__(self, name, float(getattr(self, name)))
        centre = [self.centre] if _is_number(self.centre) else self.centre
        found = _finite("centre", centre)
        if len(found) not in (1, len(values)):
            raise ValueError(f"centre must have 1 or {len(values)} entries, got {self.centre!r}")
        object.__setattr__(self, "centre", found[0] if len(set(found)) == 1 else found)

    @property
    def dim(self) -> int:
        """Directions p."""
        return len(self.singular_values)

    @property
    def half_width(self) -> float:
        """L = (radius + slack)/noise of what is accepted (standard deviations of the noise)."""
        return (self.radius + self.slack) / self.noise

    @property
    def centres(self) -> tuple[float, ...]:
        """The verifier's bias in each direction."""
        given = self.centre
        return (float(given),) * self.dim if isinstance(given, int | float) else tuple(given)

    @property
    def biases(self) -> FloatArray:
        """d_j = v_j'(theta* - theta_c)/noise, axis (direction,)."""
        return -np.array(self.centres) / self.noise

    def unfiltered(self) -> Self:
        """The same chain without a verifier."""
        return replace(self, radius=math.inf)

    def require(self, workflow: Workflow, generations: int) -> None:
        """Refuse what no engine simulates.

        Raises:
            ValueError: generations < 1, or a verifier that rejects everything: true labels of some
                direction are more than 6 standard deviations off what it accepts.
            UnsupportedWorkflow: subsampled, weighted or custom training sets.
        """
        whole_number("generations", generations)
        if workflow.kind not in _POOLED or workflow.weight is not None:
            raise UnsupportedWorkflow(
                f"verified regression under {workflow}: only whole batches are pooled; known are "
                f"{', '.join(kind.value for kind in _POOLED)} (unweighted)"
            )
        farthest = float(np.abs(self.biases).max()) - self.half_width
        if farthest > FARTHEST:
            raise ValueError(
                f"the verifier rejects everything: true labels are {farthest:.3g} standard "
                f"deviations outside what it accepts, with centre={self.centre!r}, "
                f"radius={self.radius!r}"
            )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _finite(name: str, given: Any) -> tuple[float, ...]:
    """Finite numbers, at least one."""
    try:
        values = tuple(float(value) for value in given)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers, got {given!r}") from None
    if not values:
        raise ValueError(f"{name} must have at least one entry, got {given!r}")
    for value in values:
        if not math.isfinite(value):
            raise ValueError(f"{name} must be finite, got {value!r}")
    return values
